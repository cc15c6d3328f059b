"""A check as a GitHub table, failures first, cut to what a step summary takes. Imports core and other reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lossctl.reports import markdown
from lossctl.reports.shared.clip import clip

if TYPE_CHECKING:
    from lossctl.core.results.verdict import Checked
    from lossctl.core.results.view import Cell
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_MOST_BYTES = 900_000
"""GitHub drops a step summary above 1 MiB as a whole."""
_MOST_CHARACTERS = 500
_MOST_NOTES = 100


def render(checked: Checked, options: RenderOptions) -> str:
    """Write the summary, then the table, with as many gates as fit.

    Examples
    --------
    >>> from lossctl.core.results.verdict import Checked, GateResult, Verdict
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> gate = GateResult("mse <= 0.3", Verdict.FAIL, {}, 0.31, 0.3, None, 442, "0.31 > 0.3")
    >>> print(render(Checked((gate,), ("few rows",)), RenderOptions()), end="")
    lossctl check: fail: 1 fail of 1
    <BLANKLINE>
    | verdict | gate | why |
    | :--- | :--- | :--- |
    | fail | mse &lt;= 0.3 | 0.31 &gt; 0.3 |
    <BLANKLINE>
    warning: few rows
    """
    view = checked.view()
    notes = [*view.notes[:-1], *(f"warning: {each}" for each in checked.warnings)]
    left = len(notes) - _MOST_NOTES
    notes = [clip(each, _MOST_CHARACTERS) for each in notes[:_MOST_NOTES]] + (
        [f"{left} more notes"] if left > 0 else []
    )
    rows = [tuple(_cut(cell) for cell in row) for row in view.rows]
    shown = len(rows)
    while True:
        hidden = [f"{len(rows) - shown} more gates"] if shown < len(rows) else []
        title = f"lossctl check: {checked.summary()}"
        table = replace(view, rows=tuple(rows[:shown]), title=title, notes=(*hidden, *notes))
        text = markdown.write(table, options)
        size = len(text.encode())
        if size <= _MOST_BYTES or shown == 0:
            return text
        shown = min(shown - 1, int(0.95 * shown * _MOST_BYTES / size))


def _cut(cell: Cell) -> Cell:
    return clip(cell, _MOST_CHARACTERS) if isinstance(cell, str) else cell
