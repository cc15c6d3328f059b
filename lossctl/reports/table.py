"""The table for people at a terminal. Imports `lossctl.reports.shared`.

No rules and no boxes, so that it also reads well in a log and splits at two blanks. On a terminal it never runs
over the width and never loses a character, see `lossctl.reports.shared.layout`; elsewhere it is as wide as it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.escape import terminal
from lossctl.reports.shared.layout import GAP, Extent, Piece, arrange, cells_wide, fold
from lossctl.reports.shared.numbers import format_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossctl.core.view import Column, Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_STYLES = {"plain": "", "main": "\x1b[1m", "side": "\x1b[2m", "header": "\x1b[4m", "title": "\x1b[1m"}
_RESET = "\x1b[0m"


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
    view = result.view()
    headers = [terminal(column.header) for column in view.columns]
    rows = [[terminal(format_cell(cell, options.significant)) for cell in row] for row in view.rows]
    extents = [
        Extent.of(header, [row[index] for row in rows], folds=column.justify == "left")
        for index, (header, column) in enumerate(zip(headers, view.columns, strict=True))
    ]
    blocks = [
        "\n".join(_piece(view.columns, headers, rows, piece, color=options.color))
        for piece in arrange(extents, options.width)
    ]
    if view.title:
        blocks.insert(0, _prose(view.title, options, "title"))
    if view.notes:
        blocks.append("\n".join(_prose(note, options, "side") for note in view.notes))
    return "\n\n".join(blocks) + "\n"


def _piece(
    columns: Sequence[Column], headers: list[str], rows: list[list[str]], piece: Piece, *, color: bool
) -> list[str]:
    """Give the lines of one table."""
    head: list[str] = ["header"] * len(piece)
    body: list[str] = [columns[index].style for index, _ in piece]
    right = [columns[index].justify == "right" for index, _ in piece]
    lines: list[str] = []
    for number, row in enumerate([headers, *rows]):
        styles = body if number else head
        folded = [fold(row[index], width) for index, width in piece]
        for line in range(max(map(len, folded), default=0)):
            texts = [cell[line] if line < len(cell) else "" for cell in folded]
            placed = [
                _placed(text, width, _STYLES[style] if color else "", right=to_right)
                for text, (_, width), style, to_right in zip(texts, piece, styles, right, strict=True)
            ]
            lines.append((" " * GAP).join(placed).rstrip(" "))
    return lines


def _placed(text: str, width: int, style: str, *, right: bool) -> str:
    blank = " " * max(width - cells_wide(text), 0)
    # blanks at the end stay out of the style, so that a line can lose them
    bare = text.rstrip(" ")
    styled = f"{style}{bare}{_RESET}{text[len(bare) :]}" if style and bare else text
    return blank + styled if right else styled + blank


def _prose(text: str, options: RenderOptions, style: str) -> str:
    shown = terminal(text)
    lines = [shown] if options.width is None else fold(shown, max(options.width, 2))
    return "\n".join(_placed(line, 0, _STYLES[style] if options.color else "", right=False) for line in lines)
