"""Text for a terminal's standard error. Imports the standard library."""

from __future__ import annotations

import unicodedata

__all__ = ["one_line"]

_HIDDEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
"""Unicode categories that move the cursor, hide or reorder text."""


def one_line(text: str) -> str:
    r"""Make a text safe to print on one line: control and formatting characters become escapes.

    Examples
    --------
    >>> one_line("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in _HIDDEN else char
