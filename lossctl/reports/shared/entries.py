"""The entries of a JSON document that differ in a few places alone: their pattern is written once. Imports core."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lossctl.core.results.view import Alike, Repetitive
from lossctl.reports.shared.columns import AT_ONCE, Texts, json_cells, woven_rows, written
from lossctl.reports.shared.machine import json_text

if TYPE_CHECKING:
    from lossctl.core.results.view import Reportable

__all__ = ["alike_of", "entry_texts", "unlike"]


def alike_of(result: Reportable) -> tuple[Repetitive, Sequence[Alike]] | None:
    """Return the entries of a result by what they have in common; ``None`` where it has few, or all differ."""
    if not isinstance(result, Repetitive):
        return None
    found = result.alike()
    return (result, found) if found else None


def entry_texts(parts: Sequence[Alike], indent: int | None = None, margin: str = "") -> list[str]:
    r"""Write each entry as `lossctl.reports.shared.machine.json_text` would, its lines behind a margin.

    Examples
    --------
    >>> some = Alike([0, 2], {"loss": "mse", "at": {"day": "1"}}, {("at", "day"): ["1", "3"]})
    >>> entry_texts([some, Alike([1], {"loss": "mae"}, {})])
    ['{"loss": "mse", "at": {"day": "1"}}', '{"loss": "mae"}', '{"loss": "mse", "at": {"day": "3"}}']
    """
    texts = [""] * sum(len(each.places) for each in parts)
    for each in parts:
        paths, constants = [*each.fields], _around(each, indent, margin)
        for start in range(0, len(each.places), AT_ONCE):
            places = each.places[start : start + AT_ONCE]
            columns = written([each.fields[path] for path in paths], start, json_cells)
            pieces: list[Texts] = [constants[0][1]]
            for number, constant in constants[1:]:
                pieces += [columns[number], constant]
            for place, text in zip(places, woven_rows(pieces, len(places)), strict=True):
                texts[place] = text
    return texts


def unlike(text: str) -> str:
    """Return a text that another does not contain.

    Examples
    --------
    >>> unlike("a * b ** c")
    '***'
    """
    found = "*"
    while found in text:
        found += "*"
    return found


def _around(each: Alike, indent: int | None, margin: str) -> list[tuple[int, str]]:
    """Return what stands between the fields of a pattern, each with the number of the field before it; −1: none."""
    mark = unlike(json_text(each.pattern))
    pattern = each.pattern
    for number, path in enumerate(each.fields):
        pattern = _put(pattern, path, f"{mark}{number}")
    text = json_text(pattern, indent).replace("\n", f"\n{margin}")
    first, *rest = re.split(f'"{re.escape(mark)}([0-9]+)"', text)
    return [(-1, first), *((int(number), constant) for number, constant in zip(rest[::2], rest[1::2], strict=True))]


def _put(pattern: Mapping[str, Any], path: Sequence[str], value: str) -> dict[str, Any]:
    """Return a JSON object with another value at the end of a path."""
    first, *rest = path
    return {**pattern, first: _put(pattern[first], rest, value) if rest else value}
