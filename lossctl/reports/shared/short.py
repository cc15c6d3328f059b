"""A table for people without texts that nobody would read to their end. Imports core.

A label may be a megabyte of control characters, each shown as four: a table of such would take seconds to lay out, and
its reader longer. Formats for machines keep them whole.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.reports.shared.clip import clip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lossctl.core.results.view import Cell, Reportable, View

__all__ = ["FOR_PEOPLE", "MOST", "shortened"]

FOR_PEOPLE = frozenset(("table", "markdown", "latex", "html"))
"""Formats that show the table for people."""
MOST = 2000
"""Characters of a text that are shown."""
_LONGEST_ESCAPE = 10
"""Of what a character may be shown as, the longest."""


@dataclass(frozen=True, slots=True)
class _Shortened:
    """A result of which the table for people alone is asked."""

    result: Reportable

    def view(self) -> View:
        """Return the table, its long texts cut."""
        return _shortened(self.result.view())


def shortened(result: Reportable) -> Reportable:
    """Cut what people see of a result."""
    return _Shortened(result)  # type: ignore[return-value]  # formats for people ask for the table and nothing else


def _shortened(view: View) -> View:
    columns = tuple(replace(each, header=_cut(each.header)) for each in view.columns)
    rows = view.rows if all(map(_is_short, zip(*view.rows, strict=True))) else tuple(map(_row, view.rows))
    legend = tuple((_cut(header), _cut(text)) for header, text in view.legend)
    notes = tuple(map(_cut, view.notes))
    narrow = view.narrow and partial(_narrow, view.narrow)
    return replace(view, columns=columns, rows=rows, title=_cut(view.title), notes=notes, legend=legend, narrow=narrow)


def _narrow(made: Callable[[], View]) -> View:
    return _shortened(made())


def _is_short(cells: Sequence[Cell]) -> bool:
    """Return whether no text of a column needs cutting."""
    if not any(issubclass(kind, str) for kind in set(map(type, cells))):
        return True
    return not any(isinstance(each, str) and len(each) * _LONGEST_ESCAPE > MOST for each in cells)


def _row(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(_cut(each) if isinstance(each, str) else each for each in cells)


def _cut(text: str) -> str:
    return text if len(text) * _LONGEST_ESCAPE <= MOST else clip(text, MOST)
