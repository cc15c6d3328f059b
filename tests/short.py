"""What pytest says of two long values that differ: where they do. Its own report of a megabyte takes a minute."""

from __future__ import annotations

from itertools import compress, count

__all__ = ["MOST_CHARACTERS", "shortly"]

MOST_CHARACTERS = 20_000
"""Of shorter texts pytest may tell all differences."""
_BEFORE, _AFTER = 60, 120


def shortly(left: object, right: object) -> list[str] | None:
    """Return where the texts of two values begin to differ; ``None`` where they are short."""
    texts = [each if isinstance(each, str) else repr(each) for each in (left, right)]
    if max(map(len, texts)) <= MOST_CHARACTERS:
        return None
    shorter = min(map(len, texts))
    at = next(compress(count(), (one != other for one, other in zip(*texts, strict=False))), shorter)
    shown = [text[max(0, at - _BEFORE) : at + _AFTER] for text in texts]
    lengths = " and ".join(str(len(text)) for text in texts)
    return ["two long values are equal", f"texts of {lengths} characters differ from character {at} on:", *shown]
