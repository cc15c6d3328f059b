r"""Text from the data, made safe to print. Imports the standard library.

A label, a slice or a path may hold anything. Two ways to write it:

- `visible`, for people: what does not print as itself is shown as Python would, ``\n``, ``\x1b``, ``\u202e``: control
  characters, line separators, characters that are invisible or turn the direction of the text, lone surrogates.
  A backslash stays as it is, so a path reads as a path.
- `guarded`, for tables that a machine reads: almost all text stands as it is, and `unguarded` undoes the rest exactly.

Both also break the marks by which CI systems find commands in a log: ``::`` where a line starts (GitHub), and
``##`` anywhere (``##[error]`` of GitHub, ``##vso[`` of Azure, ``##teamcity[`` of TeamCity).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["code_point", "guarded", "is_plain", "terminal", "unguarded", "unmarked", "visible"]

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_LONG = {short: char for char, short in _SHORT.items()} | {"\\\\": "\\"}
_BYTE, _PLANE = 0x100, 0x10000
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that show nothing, by which two labels could look the same."""
_HIDDEN = re.compile(r"[^\x20-\x7e]")
_FORMULA = re.compile(r"[=+\-@＝＋－＠].")
"""What a spreadsheet takes for a formula. A sign alone, such as ``-`` for standard input, is none."""
_COMMAND = re.compile(r"\s*::|.*##", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[nrt\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def is_plain(char: str) -> bool:
    """Return whether a character prints as itself."""
    return (char.isprintable() and char not in _BLANK_LETTERS) or unicodedata.category(char) == "Zs"


def code_point(char: str) -> str:
    r"""Write a character as Python would in a string.

    Examples
    --------
    >>> print(code_point("\x1b"), code_point("\n"), code_point("\u202e"), code_point("\U000e0041"))
    \x1b \n \u202e \U000e0041
    """
    number = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if number < _BYTE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < _PLANE else f"\\U{number:08x}"


def visible(text: str) -> str:
    r"""Show what would not print as itself.

    Examples
    --------
    >>> print(visible("red \x1b[31m\nand \u202eback"))
    red \x1b[31m\nand \u202eback
    """
    return _HIDDEN.sub(_shown, text)


def terminal(text: str) -> str:
    r"""Show what would not print as itself, and break the marks of CI commands: for text printed with no quoting.

    Every ``::`` is broken, not the leading one alone: a table may fold a cell so that a line starts with it.

    Examples
    --------
    >>> print(terminal("::error::no"), terminal("##vso[task]"))
    :\x3aerror:\x3ano #\x23vso[task]
    """
    return unmarked(visible(text))


def unmarked(text: str) -> str:
    """Do the second of what `terminal` does, to text that prints as itself."""
    return _unmarked(text).replace("::", r":\x3a")


def guarded(text: str, also: str = "") -> str:
    r"""Write text so that `unguarded` gives it back, on one line, as no formula and no CI command.

    Text without hazard stands as it is. Text with one starts with an apostrophe, the mark by which spreadsheets
    know text, and what follows is in backslash escapes: ``\n \r \t \\ \xNN \uNNNN \UNNNNNNNN``. A hazard is
    a start that a spreadsheet takes for a formula, a character that does not print as itself, the mark of a
    CI command, or an apostrophe at the start.

    Parameters
    ----------
    text
        The text.
    also
        More characters to escape.

    Examples
    --------
    >>> print(guarded("C:\\new"), guarded("=1+1"), guarded("two\nlines"), guarded("'quoted'"))
    C:\new '=1+1 'two\nlines ''quoted'
    """
    plain = text == visible(text) and not any(char in text for char in also)
    if plain and not (text.startswith("'") or _FORMULA.match(text) or _COMMAND.match(text)):
        return text
    escaped = visible(text.replace("\\", r"\\"))
    for char in also:
        escaped = escaped.replace(char, code_point(char))
    return "'" + _unmarked(escaped)


def unguarded(text: str) -> str:
    r"""Undo `guarded`.

    Examples
    --------
    >>> unguarded(guarded("=a\n\\b")) == "=a\n\\b"
    True
    """
    return _ESCAPE.sub(_unescaped, text[1:]) if text.startswith("'") else text


def _unmarked(text: str) -> str:
    return text.replace("##", r"#\x23")


def _shown(match: re.Match[str]) -> str:
    return _shown_character(match[0])


@lru_cache(2**12)
def _shown_character(char: str) -> str:
    """Show one character: a long text holds the same few over and over."""
    return char if is_plain(char) else code_point(char)


def _unescaped(match: re.Match[str]) -> str:
    escape = match[0]
    number = escape[2:]
    return chr(int(number, 16)) if number else _LONG[escape]
