"""What stands out in a table at a terminal: styles of columns, and colours of verdicts. Imports the standard library.

Colours are those of the terminal's own palette that can be read on white and on black; yellow and cyan cannot. A colour
never says anything alone: the word is there as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["STYLES", "VERDICTS", "styled"]

_GREEN, _RED, _MAGENTA, _DIM = "32", "1;31", "1;35", "2"

STYLES: Mapping[str, str] = MappingProxyType({"main": "1", "side": _DIM, "header": "4", "title": "1"})
"""Codes of the styles of columns and lines that have one."""
VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("pass", "better"), _GREEN),
        **dict.fromkeys(("fail", "worse"), _RED),
        **dict.fromkeys(("unsure", "inconclusive", "not evaluated"), _MAGENTA),
        **dict.fromkeys(("skipped", "~"), _DIM),
    }
)
"""Codes of the words of verdicts."""


def styled(text: str, code: str) -> str:
    r"""Put a text in a style, and no blank at its end; no code changes nothing.

    Examples
    --------
    >>> styled("fail  ", VERDICTS["fail"]), styled("fail", "")
    ('\x1b[1;31mfail\x1b[0m  ', 'fail')
    """
    body = text.rstrip(" ")
    return f"\x1b[{code}m{body}\x1b[0m{text[len(body) :]}" if code and body else text
