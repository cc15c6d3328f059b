"""Names that are not there, and the nearest that are. Imports the standard library and core."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from lossctl.core.errors import UsageError

__all__ = ["listed", "repeated", "unknown_column", "unknown_in_condition"]

MOST_LISTED = 20
_CURLY = "‘’“”„"
"""Quotes that a word processor writes; in SQL they are letters."""


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
    """Return the error for a column that is not there; `where` says of what, such as ``preds.csv`` or ``-t``."""
    from lossctl.core.names import nearest, one_of

    names = list(columns)
    near = nearest(name, names)
    meant = f"did you mean {one_of([*map(_shown, near)])}? " if near else ""
    return UsageError(f'{where}: there is no column "{name}"', f"{meant}the columns are: {listed(names)}")


def unknown_in_condition(unknown: Sequence[str], columns: Iterable[str], condition: str) -> UsageError:
    """Return the error for columns of a condition that are not there: what is compared with may be texts."""
    from lossctl.core.names import nearest

    names, where, text = list(columns), f"--where {condition!r}", condition
    for name in unknown:
        compared = re.compile(rf"""(?P<before>[=<>(,]\s*|\blike\s+)"?{re.escape(name)}"?(?![\w.(])""", re.IGNORECASE)
        if nearest(name, names) or not compared.search(condition):
            return unknown_column(name, names, where)
        quoted = f"'{name.strip(_CURLY)}'"
        text = compared.sub(lambda found, quoted=quoted: f"{found['before']}{quoted}", text)  # type: ignore[misc]  # mypy knows no default
    typed = shlex.quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'
    cure = f"a text stands in single quotes: --where {typed}; the columns are: {listed(names)}"
    return UsageError(f'{where}: there is no column "{unknown[0]}"', cure)


def repeated(columns: Iterable[str]) -> frozenset[str]:
    """Return the names that two columns have; that a column has none is no name.

    Examples
    --------
    >>> repeated(["a", "b", "a", "", ""])
    frozenset({'a'})
    """
    return frozenset(name for name, count in Counter(columns).items() if count > 1 and name)
