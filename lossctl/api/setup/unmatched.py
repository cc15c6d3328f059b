"""What results say of files as they were read, and of rows that were matched by a key.

May import core; sources where rows were joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.sources import Source

__all__ = ["key_parts", "left_out", "reading_warnings", "unmatched"]


def key_parts(settings: Settings) -> list[str]:
    """Return what a signature says of keys."""
    parts = [f"key={','.join(settings.key)}"] if settings.key else []
    if settings.targets is not None:
        parts.append(f"targets={settings.targets if isinstance(settings.targets, str) else '<frame>'}")
    return [*parts, "unmatched=drop"] if settings.unmatched == "drop" else parts


def reading_warnings(source: Source) -> list[str]:
    """Warn of what reading found: in files themselves, and rows that joins left out for the other had no such key."""
    if source.spaces is None:
        return source.warnings()
    names = (source.name, source.spaces.file)
    sides = zip(source.alone, names, reversed(names), strict=True)
    own = [unmatched(count, one, other) for count, one, other in sides if count]
    return [*own, *(line for side in _sides(source) for line in reading_warnings(side))]


def left_out(source: Source) -> int:
    """Count the rows of predictions that joins left out."""
    return source.alone[0] + sum(left_out(side) for side in _sides(source)[:1])


def _sides(source: Source) -> tuple[Source, ...]:
    """Return what a source is joined of: a candidate beside a stored baseline may itself be joined with its targets."""
    if source.spaces is None:
        return ()
    from lossctl.sources.joins.targets import JoinedSource

    return source.sides if isinstance(source, JoinedSource) else ()


def unmatched(count: int, one: str, other: str) -> str:
    """Return how many rows of one file were left out.

    Examples
    --------
    >>> unmatched(1, "a.csv", "b.csv")
    'a.csv: 1 row has a key that is not in b.csv, and is left out'
    """
    if count == 1:
        return f"{one}: 1 row has a key that is not in {other}, and is left out"
    return f"{one}: {count} rows have a key that is not in {other}, and are left out"
