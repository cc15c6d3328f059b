"""The table for people at a terminal, by rich. Imports `lossctl.reports.shared`; rich inside functions.

No rules and no boxes, so that it also reads well in a log and splits at two blanks. On a terminal it never runs
over the width and never loses a character, see `lossctl.reports.shared.layout`; elsewhere it is as wide as it needs.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lossctl.core.escape import terminal
from lossctl.reports.shared.layout import GAP, Extent, Piece, arrange
from lossctl.reports.shared.numbers import format_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

    from lossctl.core.view import Column, Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_STYLES = {"plain": "", "main": "bold", "side": "dim"}
_ENDLESS = 10**6
"""Columns of the console: wider than any line, for widths are settled before."""
_NARROWEST = 2
"""The width of the widest character."""


def render(result: Reportable, options: RenderOptions) -> str:
    """Write the table.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.core.view import Column, View
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> view = View((Column("loss"), Column("value", "right", "main")), (("mse", 0.25), ("mae", 12.0)))
    >>> print(render(SimpleNamespace(view=lambda: view), RenderOptions()), end="")
    loss     value
    mse   0.250000
    mae    12.0000
    """
    from rich.text import Text

    view = result.view()
    headers = [terminal(column.header) for column in view.columns]
    rows = [[terminal(format_cell(cell, options.significant)) for cell in row] for row in view.rows]
    extents = [
        Extent.of(header, [row[index] for row in rows], folds=column.justify == "left")
        for index, (header, column) in enumerate(zip(headers, view.columns, strict=True))
    ]
    console = _console(color=options.color)
    width = max(options.width or _ENDLESS, _NARROWEST)
    blocks = [_printed(console, _table(view.columns, headers, rows, each)) for each in arrange(extents, options.width)]
    if view.title:
        blocks.insert(0, _printed(console, Text(terminal(view.title), "bold", overflow="fold"), width))
    if view.notes:
        notes = [Text(terminal(note), "dim", overflow="fold") for note in view.notes]
        blocks.append("".join(_printed(console, note, width) for note in notes))
    return "\n".join(blocks)


def _console(*, color: bool) -> Console:
    """Give a console that looks at no environment and no terminal: the same result gives the same bytes."""
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=_ENDLESS,
        color_system="standard" if color else None,
        force_terminal=color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


def _table(columns: Sequence[Column], headers: list[str], rows: list[list[str]], piece: Piece) -> RenderableType:
    """Build one table: the columns of a piece, each of the width it was given."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="underline")
    for index, width in piece:
        column = columns[index]
        table.add_column(
            Text(headers[index]), justify=column.justify, style=_STYLES[column.style], width=width, overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(row[index]) for index, _ in piece))
    return table


def _printed(console: Console, what: RenderableType, width: int | None = None) -> str:
    """Give what the console prints, without the blanks that fill lines up."""
    with console.capture() as capture:
        console.print(what, width=width)
    return "".join(f"{line.rstrip(' ')}\n" for line in capture.get().split("\n")[:-1])
