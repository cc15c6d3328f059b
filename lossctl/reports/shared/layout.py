"""How a table fits a terminal: pure arithmetic on widths. Imports core; rich inside functions.

A table stays one table, and no name and no number is broken. What gives way, in this order: headers of several words
break; prose folds; the columns that are not always shown are left out, those of the highest rank first; the first names
of a row get a line of their own above it. What is wider than the terminal even so runs over it: nothing is cropped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lossctl.core.system.fast_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lossctl.core.results.view import Column

__all__ = ["GAP", "Extent", "Line", "Plan", "arrange", "cells_wide", "folded", "folded_header"]

GAP = 2
"""Blank columns between two columns, and before a line that belongs to the one above."""
_NARROWEST = 24
"""Prose is not folded into less than this."""
_AFTER_SLASH = re.compile(r"/(?=.)")

Line = tuple[tuple[int, int], ...]
"""What stands beside each other: the index of each column, and its width."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a column needs.

    Parameters
    ----------
    natural
        The width of its widest cell or header.
    least
        The width it can be shrunk to: with its header, and where it is prose its cells, broken at spaces.
    rank
        That of `lossctl.core.results.view.Column`.
    is_name
        Whether it is text that is never broken.
    """

    natural: int
    least: int
    rank: int
    is_name: bool

    @classmethod
    def of(cls, column: Column, header: str, cells: Sequence[str]) -> Extent:
        """Measure a column, given its header and cells as they are printed."""
        inside = max(map(cells_wide, cells), default=0) if not _is_ascii(cells) else max(map(len, cells), default=0)
        natural = max(inside, cells_wide(header), 1)
        is_prose = column.wraps and column.justify == "left"
        cell = min(inside, _NARROWEST) if is_prose else inside
        least = max(cell, *map(cells_wide, _words(header)), 1) if column.wraps else natural
        return cls(natural, least, column.rank, column.justify == "left" and not is_prose)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to print a table.

    Parameters
    ----------
    names
        What stands in a line above the rest of the rows it names; empty where a row is one line.
    rest
        The columns that are shown, but `names`.
    left_out
        The columns that are not shown.
    """

    names: Line
    rest: Line
    left_out: tuple[int, ...]

    def strain(self, extents: Sequence[Extent], width: int | None) -> int:
        """Return 0 where each row is a line with the columns of ranks 0 and 1, and more the worse it is.

        Not all of these columns are shown: 1. Names stand in lines of their own: 2. The rest runs over the width: 4.

        Examples
        --------
        >>> extents = (Extent(5, 5, 0, True), Extent(9, 9, 0, False), Extent(9, 9, 1, False))
        >>> [arrange(extents, width).strain(extents, width) for width in (27, 26, 15, 8)]
        [0, 1, 3, 7]
        """
        taken = sum(each + GAP for _, each in self.rest) - (0 if self.names else GAP)
        lacks = any(extents[index].rank == 1 for index in self.left_out)
        return lacks + 2 * bool(self.names) + 4 * (width is not None and taken > width)


def arrange(extents: Sequence[Extent], width: int | None) -> Plan:
    """Choose the columns that are shown, and their widths.

    Parameters
    ----------
    extents
        What each column needs.
    width
        The columns of the terminal; ``None``: without end.

    Examples
    --------
    >>> name, figure, other = Extent(5, 5, 0, True), Extent(9, 9, 0, False), Extent(9, 9, 1, False)
    >>> arrange((name, figure, other), 30).left_out, arrange((name, figure, other), 20).left_out
    ((), (2,))
    >>> arrange((name, figure, other), 14)
    Plan(names=((0, 5),), rest=((1, 9),), left_out=(2,))
    """
    indices = range(len(extents))
    if width is None:
        return Plan((), tuple((index, extents[index].natural) for index in indices), ())
    always = [index for index in indices if extents[index].rank == 0]
    names = _apart(extents, always, width)
    room = width - GAP if names else width
    shown = [index for index in always if index not in names]
    for index in sorted(set(indices) - set(always), key=lambda index: (extents[index].rank, index)):
        if _least(extents, [*shown, index]) > room:
            break
        shown.append(index)
    rest = _fitted(extents, sorted(shown), room)
    return Plan(_names(extents, names, width), rest, tuple(sorted(set(indices) - {*names, *shown})))


def _apart(extents: Sequence[Extent], always: Sequence[int], width: int) -> list[int]:
    """Choose the names that stand in a line of their own: none, or of the first as few as make the rest fit."""
    if _least(extents, always) <= width:
        return []
    first = next((index for index, extent in enumerate(extents) if not extent.is_name), len(extents))
    names = [index for index in always if index < first]
    for count in range(1, len(names)):
        if _least(extents, always[count:]) <= width - GAP:
            return names[:count]
    return names if len(names) < len(always) else names[:-1]  # a column that may be left out holds no line up


def _names(extents: Sequence[Extent], indices: Sequence[int], width: int) -> Line:
    """Line names up under each other where that fits; else each takes what it needs."""
    lined_up = sum(extents[index].natural + GAP for index in indices) - GAP <= width
    return tuple((index, extents[index].natural if lined_up else 0) for index in indices)


def _least(extents: Sequence[Extent], indices: Sequence[int]) -> int:
    return sum(extents[index].least + GAP for index in indices) - GAP


def _fitted(extents: Sequence[Extent], indices: Sequence[int], room: int) -> Line:
    """Take from the widest that may give, one column of the terminal at a time, until all fits or none may give."""
    widths = {index: extents[index].natural for index in indices}
    over = sum(widths.values()) + GAP * (len(widths) - 1) - room
    while over > 0:
        giving = [index for index in indices if widths[index] > extents[index].least]
        if not giving:
            break
        widest = max(giving, key=widths.__getitem__)
        widths[widest] -= 1
        over -= 1
    return tuple(widths.items())


def cells_wide(text: str) -> int:
    """Return the columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def folded(text: str, width: int) -> list[str]:
    """Break a text at spaces, where it is wider than a line; a word that is wider than a line stays whole.

    Examples
    --------
    >>> folded("the mean of the squares", 12), folded("one_long_word a b", 5)
    (['the mean of', 'the squares'], ['one_long_word', 'a b'])
    """
    if cells_wide(text) <= width:
        return [text]
    lines: list[str] = []
    taken = width
    for word in text.split(" "):
        wide = cells_wide(word)
        if lines and taken + 1 + wide <= width:
            lines[-1] += f" {word}"
            taken += 1 + wide
        else:
            lines.append(word)
            taken = wide
    return lines


def folded_header(header: str, width: int) -> list[str]:
    """Break a header at spaces and after slashes.

    Examples
    --------
    >>> folded_header("wins/ties/losses", 10), folded_header("mean |slope|", 20)
    (['wins/ties/', 'losses'], ['mean |slope|'])
    """
    if cells_wide(header) <= width:
        return [header]
    lines: list[str] = []
    for word in _words(header):
        joined = f"{lines[-1]}{'' if lines[-1].endswith('/') else ' '}{word}" if lines else word
        if lines and cells_wide(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def _words(header: str) -> list[str]:
    return _AFTER_SLASH.sub("/ ", header).split(" ")


def _is_ascii(texts: Iterable[str]) -> bool:
    return "".join(texts).isascii()
