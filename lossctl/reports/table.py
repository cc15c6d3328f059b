"""The table for people at a terminal, by rich. Imports `lossctl.reports.shared`; rich inside functions.

No rules and no boxes, so that it also reads well in a log and splits at two blanks. On a terminal it never runs
over the width and never loses a character, see `lossctl.reports.shared.layout`; elsewhere it is as wide as it needs.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lossctl.core.escape import terminal, unmarked
from lossctl.reports.shared.columns import Texts, each_line, woven_rows
from lossctl.reports.shared.layout import GAP, Extent, Piece, arrange, cells_wide
from lossctl.reports.shared.numbers import format_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

    from lossctl.core.view import Column, Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_STYLES = {"plain": "", "main": "bold", "side": "dim"}
_CODES = {"plain": "", "main": "1", "side": "2", "header": "4"}
"""Of these styles, as terminals take them."""
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
    view = result.view()
    headers = [terminal(column.header) for column in view.columns]
    cells = [*zip(*view.rows, strict=True)] or [()] * len(headers)
    texts = [each_line(format_cells(each, options.significant), terminal, unmarked) for each in cells]
    extents = [
        Extent.of(header, of, folds=column.justify == "left")
        for header, of, column in zip(headers, texts, view.columns, strict=True)
    ]
    pieces = arrange(extents, options.width)
    if _fits(extents, pieces) and all([*map(str.strip, of)] == [*of] for of in (headers, *texts)):
        lines = [_line(view.columns, [[text] for text in headers], pieces[0], header=True, color=options.color)]
        lines.append(_line(view.columns, texts, pieces[0], header=False, color=options.color))
        blocks = ["".join(lines)]
    else:
        console, rows = _console(color=options.color), [[*row] for row in zip(*texts, strict=True)]
        blocks = [_printed(console, _table(view.columns, headers, rows, each)) for each in pieces]
    if view.title:
        blocks.insert(0, _text(view.title, "bold", options))
    if view.notes:
        blocks.append("".join(_text(note, "dim", options) for note in view.notes))
    return "\n".join(blocks)


def _fits(extents: Sequence[Extent], pieces: Sequence[Piece]) -> bool:
    """Say whether all stands in one table of one line a row; a column of nothing is left to rich, which widens it."""
    return len(pieces) == 1 and all(width >= max(extents[index].natural, 1) for index, width in pieces[0])


def _line(columns: Sequence[Column], texts: Sequence[Sequence[str]], piece: Piece, *, header: bool, color: bool) -> str:
    """Lay out rows that need no folding, as rich would: that takes a millisecond a row, and some tables have 100,000.

    Parameters
    ----------
    columns
        What they are.
    texts
        What stands in each.
    piece
        How wide they are.
    header, color
        Whether they are headers, and whether styles are shown.
    """
    parts: list[Texts] = []
    for index, width in piece:
        column = columns[index]
        code = _CODES["header" if header else column.style] if color else ""
        gap = "" if index == piece[-1][0] else " " * GAP
        start, end = (f"\x1b[{code}m", "\x1b[0m") if code else ("", "")
        parts += [start, _filled(texts[index], width, column.justify), f"{end}{start}{gap}{end}" if gap else end]
    return "".join(f"{line.rstrip(' ')}\n" for line in woven_rows(parts, len(texts[0])))


def _filled(texts: Sequence[str], width: int, justify: str) -> Sequence[str]:
    """Fill texts up with blanks."""
    if "".join(texts).isascii():
        fill = str.rjust if justify == "right" else str.ljust
        return [fill(text, width) for text in texts]
    blanks = [" " * (width - cells_wide(text)) for text in texts]
    pairs = zip(blanks, texts, strict=True) if justify == "right" else zip(texts, blanks, strict=True)
    return [*map("".join, pairs)]


def _text(text: str, style: str, options: RenderOptions) -> str:
    """Write a line of text, folded where it must be."""
    from rich.text import Text

    width = max(options.width or _ENDLESS, _NARROWEST)
    return _printed(_console(color=options.color), Text(terminal(text), style, overflow="fold"), width)


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
