"""Names that are not there, and the nearest that are. Imports the standard library and core."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lossctl.core.errors import UsageError

__all__ = ["nearest", "unknown_column"]

MOST_LISTED = 20


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Give at most three of the known names that a user may have meant, without regard to case.

    Examples
    --------
    >>> nearest("Predicton", ["target", "prediction", "weight"])
    ['prediction']
    """
    by_lower = {each.lower(): each for each in known}
    return [by_lower[each] for each in get_close_matches(name.lower(), by_lower, 3, 0.6)]


def unknown_column(name: str, columns: Iterable[str], source: str, before: str = "") -> UsageError:
    """Give the error for a column that is not there."""
    listed = list(columns)
    near = nearest(name, listed)
    told = ", ".join(listed[:MOST_LISTED]) + (
        f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    )
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f'{before}{source} has no column "{name}"', f"{meant}the columns are: {told}")
