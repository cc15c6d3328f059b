"""Text of any length, cut to what a reader or a service takes. Imports core."""

from __future__ import annotations

from lossctl.core.escape import visible

__all__ = ["clip"]


def clip(text: str, most: int) -> str:
    r"""Show what would not print as itself, and cut what is longer than `most` characters, saying by how much.

    Examples
    --------
    >>> print(clip("a\nb", 10), clip("x" * 100, 20))
    a\nb xxxxxxxx… (92 more)
    """
    if len(text) <= most and len(shown := visible(text)) <= most:
        return shown
    room = most - len(f"… ({len(text)} more)")
    pieces: list[str] = []
    for char in text[:most]:
        piece = visible(char)
        room -= len(piece)
        if room < 0:
            break
        pieces.append(piece)
    return f"{''.join(pieces)}… ({len(text) - len(pieces)} more)"
