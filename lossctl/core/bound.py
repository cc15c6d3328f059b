"""Which columns a run takes for what, and what things are called, noted for who tells a person of it.

Imports the standard library. Where nobody asks, nothing is noted. What is noted changes no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["BoundColumns", "note_bound", "note_names", "note_used", "noting_columns"]


class BoundColumns:
    """The columns of a run: what each role was bound to, and which were not used for anything."""

    def __init__(self) -> None:
        self.roles: dict[str, dict[str, None]] = {}
        self._columns: dict[str, None] = {}
        self._used: set[str] = set()
        self.names: set[str] = set()
        """What files, models and losses are called in messages."""

    def add(self, columns: Iterable[str], roles: Mapping[str, str]) -> None:
        """Note the columns of a source, and by role what a person calls those that were bound."""
        self._columns |= dict.fromkeys(columns)
        for role, text in roles.items():
            self.roles.setdefault(role, {})[text] = None

    def use(self, columns: Iterable[str | None]) -> None:
        """Note columns that are used."""
        self._used.update(each for each in columns if each is not None)

    @property
    def unused(self) -> list[str]:
        """The columns that are not used, in the order of the sources.

        Examples
        --------
        >>> with noting_columns() as bound:
        ...     note_bound(["id", "y", "p"], {"target": "y"})
        ...     note_used(["y", "p", None])
        >>> bound.unused
        ['id']
        """
        return [name for name in self._columns if name not in self._used]


_noted: ContextVar[BoundColumns | None] = ContextVar("bound", default=None)


@contextmanager
def noting_columns() -> Iterator[BoundColumns]:
    """Note what is bound inside."""
    token = _noted.set(BoundColumns())
    found = _noted.get()
    assert found is not None  # noqa: S101 -- for the type checker
    try:
        yield found
    finally:
        _noted.reset(token)


def note_bound(columns: Iterable[str], roles: Mapping[str, str]) -> None:
    """Note the columns of a source and what they are bound to, as `BoundColumns.add` does, where somebody asks."""
    if (found := _noted.get()) is not None:
        found.add(columns, roles)


def note_used(columns: Iterable[str | None]) -> None:
    """Note columns that are used, where somebody asks."""
    if (found := _noted.get()) is not None:
        found.use(columns)


def note_names(names: Iterable[str]) -> None:
    """Note what files, models or losses are called, where somebody asks."""
    if (found := _noted.get()) is not None:
        found.names.update(names)
