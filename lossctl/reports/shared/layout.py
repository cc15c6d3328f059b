"""How a table fits a terminal: pure arithmetic on widths. Imports the standard library; rich inside functions.

Nothing is ever cropped. What gives way, in this order: headers break at their spaces; text folds; the table is
split into several, one under the other, that repeat the leading text columns. A number is broken only where not
even one column of numbers fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.core.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GAP", "Extent", "Piece", "arrange", "cells_wide"]

GAP = 2
"""Blank columns between two columns."""
_NARROWEST = 2
"""The width of the widest character."""
_HALF, _THIRD = 2, 3
"""A column of text keeps its longest word whole up to half of the width, or a third where half is too much."""

Piece = tuple[tuple[int, int], ...]
"""A table to print: the index of each of its columns, and its width."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a column needs.

    Parameters
    ----------
    natural
        The width of its widest cell or header.
    headed
        The same with the header broken at spaces.
    least
        The same with cells broken at spaces too.
    folds
        Whether it is text, which may be broken.
    """

    natural: int
    headed: int
    least: int
    folds: bool

    @classmethod
    def of(cls, header: str, cells: Sequence[str], *, folds: bool) -> Extent:
        """Measure a column."""
        cells_natural = _widest(cells)
        header_least = max(map(cells_wide, header.split(" ")))
        cells_least = _widest(" ".join(cells).split(" "))
        natural = max(cells_natural, cells_wide(header))
        return cls(natural, max(cells_natural, header_least), max(cells_least, header_least), folds)


def arrange(extents: Sequence[Extent], width: int | None) -> tuple[Piece, ...]:
    """Choose widths, and split into tables where one is too wide.

    Parameters
    ----------
    extents
        What each column needs.
    width
        The columns of the terminal; ``None``: without end.

    Examples
    --------
    >>> name, figure = Extent(5, 5, 5, True), Extent(9, 9, 9, False)
    >>> arrange((name, figure, figure), 30)
    (((0, 5), (1, 9), (2, 9)),)
    >>> arrange((name, figure, figure), 20)
    (((0, 5), (1, 9)), ((0, 5), (2, 9)))
    """
    indices = tuple(range(len(extents)))
    if width is None:
        return (tuple((index, extent.natural) for index, extent in enumerate(extents)),)
    whole = _fitted(extents, indices, width, _HALF) or _fitted(extents, indices, width, _THIRD)
    if whole is not None:
        return (whole,)
    lead = _leading(extents)
    pieces: list[Piece] = []
    rest = indices[len(lead) :]
    while rest:
        taken = 1
        piece = _fitted(extents, lead + rest[:1], width, _HALF) or _fitted(extents, lead + rest[:1], width, _THIRD)
        while piece is not None and taken < len(rest):
            # no words are cut for the sake of one more column
            wider = _fitted(extents, lead + rest[: taken + 1], width, _HALF)
            if wider is None:
                break
            taken, piece = taken + 1, wider
        pieces.append(piece or _squeezed(extents, lead + rest[:1], width))
        rest = rest[taken:]
    return tuple(pieces) or (_squeezed(extents, indices, width),)


def cells_wide(text: str) -> int:
    """Give the columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _widest(texts: Sequence[str]) -> int:
    wide = len if "".join(texts).isascii() else cells_wide
    return max(map(wide, texts), default=0)


def _leading(extents: Sequence[Extent]) -> tuple[int, ...]:
    """Give the columns to repeat: the text before the first number, or the first column of a table of text."""
    first = next((index for index, extent in enumerate(extents) if not extent.folds), len(extents))
    return tuple(range(first if first < len(extents) else 1))


def _fitted(extents: Sequence[Extent], indices: tuple[int, ...], width: int, part: int) -> Piece | None:
    """Give widths that break no number and no word of ordinary length; ``None`` where there are none."""
    chosen = [extents[index] for index in indices]
    natural = [extent.natural for extent in chosen]
    room = width - GAP * (len(indices) - 1)
    if sum(natural) <= room:
        return tuple(zip(indices, natural, strict=True))
    wanted = [min(extent.headed, room) if extent.folds else extent.headed for extent in chosen]
    share = max(room // part, _NARROWEST)
    floors = [min(extent.least, share) if extent.folds else extent.headed for extent in chosen]
    if sum(floors) > room:
        return None
    return tuple(zip(indices, _shrunk(wanted, floors, room), strict=True))


def _squeezed(extents: Sequence[Extent], indices: tuple[int, ...], width: int) -> Piece:
    """Give widths for a terminal too narrow to keep numbers whole."""
    room = max(width - GAP * (len(indices) - 1), _NARROWEST * len(indices))
    wanted = [min(extents[index].headed, room) for index in indices]
    floors = [_NARROWEST if extents[index].folds else min(extents[index].least, room) for index in indices]
    if sum(floors) > room:
        floors = [_NARROWEST] * len(indices)
    return tuple(zip(indices, _shrunk(wanted, floors, room), strict=True))


def _shrunk(wanted: list[int], floors: list[int], room: int) -> list[int]:
    """Take from the widest that may give, one column at a time, until the sum fits."""
    widths = [max(want, floor) for want, floor in zip(wanted, floors, strict=True)]
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda index: (widths[index] > floors[index], widths[index]))
        widths[widest] -= 1
    return widths
