"""What results say of rows that were matched by a key. May import core; sources only by type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.sources import Source

__all__ = ["key_parts", "unmatched_rows"]


def key_parts(settings: Settings) -> list[str]:
    """Give what a signature says of keys."""
    parts = [f"key={','.join(settings.key)}"] if settings.key else []
    if settings.targets is not None:
        parts.append(f"targets={settings.targets if isinstance(settings.targets, str) else '<frame>'}")
    return [*parts, "unmatched=drop"] if settings.unmatched == "drop" else parts


def unmatched_rows(source: Source) -> list[str]:
    """Warn of rows that a join left out, for the other file had no such key."""
    if source.spaces is None:
        return []
    names = (source.name, source.spaces.file)
    sides = zip(source.alone, names, reversed(names), strict=True)
    return [unmatched(count, one, other) for count, one, other in sides if count]


def unmatched(count: int, one: str, other: str) -> str:
    """Say how many rows of one file were left out.

    Examples
    --------
    >>> unmatched(1, "a.csv", "b.csv")
    'a.csv: 1 row has a key that is not in b.csv, and is left out'
    """
    if count == 1:
        return f"{one}: 1 row has a key that is not in {other}, and is left out"
    return f"{one}: {count} rows have a key that is not in {other}, and are left out"
