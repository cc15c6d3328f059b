"""Names that are not there, and the nearest that are. Imports the standard library and core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches

from lossctl.core.errors import UsageError

__all__ = ["listed", "nearest", "repeated", "unknown_column"]

MOST_LISTED = 20


def nearest(name: str, known: Iterable[str], alike: float = 0.6) -> list[str]:
    """Give at most three of the known names that a user may have meant, without regard to case.

    How much of the two must be alike is given as `difflib` measures it, from 0 to 1.

    Examples
    --------
    >>> nearest("Predicton", ["target", "prediction", "weight"])
    ['prediction']
    """
    by_lower = {each.lower(): each for each in known}
    return [by_lower[each] for each in get_close_matches(name.lower(), by_lower, 3, alike)]


def listed(columns: Iterable[str]) -> str:
    """Name columns in a message, the first of them where there are many; in quotes where spaces would not show.

    Examples
    --------
    >>> listed(["a", " b"])
    'a, " b"'
    """
    names = [_shown(name) for name in columns]
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _shown(name: str) -> str:
    return name if name == name.strip() else f'"{name}"'


def unknown_column(name: str, columns: Iterable[str], where: str) -> UsageError:
    """Give the error for a column that is not there; `where` says of what, such as ``preds.csv`` or ``-t``."""
    names = list(columns)
    near = nearest(name, names)
    meant = f"did you mean {' or '.join(map(_shown, near))}? " if near else ""
    return UsageError(f'{where}: there is no column "{name}"', f"{meant}the columns are: {listed(names)}")


def repeated(columns: Iterable[str]) -> frozenset[str]:
    """Give the names that two columns have; that a column has none is no name.

    Examples
    --------
    >>> repeated(["a", "b", "a", "", ""])
    frozenset({'a'})
    """
    return frozenset(name for name, count in Counter(columns).items() if count > 1 and name)
