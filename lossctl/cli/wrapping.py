"""Breaks a line for standard error at words. Loaded where that is a terminal. Imports the standard library."""

from __future__ import annotations

import re
from unicodedata import category, east_asian_width

__all__ = ["wrapped"]

_NARROWEST = 20
"""Lines are broken into no less than this."""
_QUOTED = r"""(?<![^\s(\[=:,])(?:'[^']*'|"[^"]*")(?!\w)"""
"""What stands in quotes; an apostrophe inside a word opens none."""
_WORD = rf"(?>{_QUOTED}|\S)++"
_FLAG = r"-{1,2}[A-Za-z][\w-]*"
_VALUE = rf"(?:=| (?!-)){_WORD}"
_FLAGS = rf"(?>{_FLAG}(?>{_VALUE})?)(?> {_FLAG}(?>{_VALUE})?)*+"
_COMMAND = rf"lossctl(?> [a-z]++(?![^\s,;])){{0,2}}(?> {_FLAGS}| [^\s,;./]*+[./][^\s,;]++)*+"
_WHOLE = re.compile(rf"[(\[]?(?:{_COMMAND}|{_FLAGS})\S*|{_WORD}|\s++")
"""A command with its arguments, flags with their values, a word that may hold quotes, or blanks."""


def wrapped(text: str, width: int) -> list[str]:
    """Break a text at blanks into lines of a width; what is longer than a line and can't be broken stays whole.

    A command, a flag with its value and what stands in quotes are broken only where they are longer than a line.

    Examples
    --------
    >>> wrapped("no loss is named: name it with --loss NAME", 36)
    ['no loss is named: name it with', '--loss NAME']
    """
    width = max(width, _NARROWEST)
    lines, line = list[str](), ""
    for piece in _pieces(text, width):
        if line.strip() and _columns(line + piece.rstrip()) > width:
            lines.append(line.rstrip(" "))
            line = piece.lstrip(" ")
        else:
            line += piece
    return [*lines, line.rstrip(" ")]


def _pieces(text: str, width: int) -> list[str]:
    """Return what is not to be broken, and the blanks between; what is longer than a line is taken apart."""
    found = list[str]()
    for match in _WHOLE.finditer(text):
        found += [match[0]] if _columns(match[0]) <= width else re.findall(r" +|[^ ]+", match[0])
    return found


def _columns(text: str) -> int:
    """Return the columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if category(each) in {"Mn", "Me"} else 1 + (east_asian_width(each) in {"W", "F"}) for each in text)
