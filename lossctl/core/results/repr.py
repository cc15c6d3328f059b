"""How results show themselves in Python: a line or a few in a console, a table in a notebook. Imports core.

What writes tables lives in `lossctl.reports`, which core does not see: it names itself here when it is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lossctl.core.escape import visible
from lossctl.core.results.slices import Slice, slice_text

if TYPE_CHECKING:
    from lossctl.core.results.interval import Interval

__all__ = ["Shown", "figure", "interval", "line", "lines", "shown_by", "tables_by", "whose"]

_MOST_LINES, _MOST_CHARACTERS = 5, 100
"""Of results in a sequence, and of a text from the data."""

_writers: list[Callable[[Any], str]] = []
_tables: dict[type, Callable[[Any], Any]] = {}


def tables_by(writer: Callable[[Any], str]) -> None:
    """Let results be shown as tables by a function that writes one as HTML."""
    _writers[:] = [writer]


def shown_by(one: type, table: Callable[[Any], Any]) -> None:
    """Let a single result be shown as the table that a function makes of it."""
    _tables[one] = table


class Shown:
    """A result that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        table = _tables.get(type(self))
        return _writers[0](self if table is None else table(self)) if _writers else None


def line(result: object, text: str) -> str:
    """Write the ``repr`` of a result from what it says in a line.

    Examples
    --------
    >>> line(1.5, "one and a half")
    '<float one and a half>'
    """
    return f"<{type(result).__name__} {text}>"


def lines(entries: Sequence[object], head: str | None = None) -> str:
    """Write the ``repr`` of a sequence: a line that heads it, else how many entries it has, and the first of them.

    Examples
    --------
    >>> print(lines([7, 8]))
    <list of 2>
      7
      8
    """
    count = len(entries)
    first = [f"  {entries[place]!r}" for place in range(min(count, _MOST_LINES))]
    more = [f"  … {count - _MOST_LINES} more"] if count > _MOST_LINES else []
    return "\n".join([head or line(entries, f"of {count}"), *first, *more])


def whose(model: str, values: Slice) -> str:
    """Say of which model and slice something is: texts from the data, which may hold anything.

    Examples
    --------
    >>> whose("ridge", {"sex": "f"})
    'ridge, sex=f'
    """
    texts = [visible(each) for each in (model, slice_text(values)) if each]
    return ", ".join(text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…" for text in texts)


def figure(value: float | None) -> str:
    """Write a number for a person.

    Examples
    --------
    >>> figure(44.850877), figure(math.nan), figure(None)
    ('44.8509', 'nan', 'none')
    """
    return "none" if value is None else f"{value:.6g}"


def interval(ci: Interval | None) -> str:
    """Write an interval after the value it is of; nothing where there is none."""
    if ci is None or not math.isfinite(ci.level):
        return ""
    return f", {100 * ci.level:g}% CI [{figure(ci.low)}, {figure(ci.high)}]"
