"""What is found of keys while rows are joined by them: which rows stand alone, which keys stand twice.

Imports NumPy and core. Nothing here reads: `lossctl.sources.joins.keys` says what to do about what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from lossctl.core.rows.block import Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.query.slicing import Flags

__all__ = ["Audit", "RepeatedKeyError", "Tally"]


class RepeatedKeyError(Exception):
    """Some key stands in more than one row."""


@dataclass(slots=True)
class Tally:
    """Rows of one side.

    Parameters
    ----------
    rows
        How many there are, where they are not numbered without gaps.
    seen
        How often one came out of the join.
    last
        The greatest row number.
    alone, first_alone
        How many have a key that another side has not, and the first of them.
    keyless, first_keyless
        How many have no key, and the first of them.
    """

    rows: int | None = None
    seen: int = 0
    last: int = -1
    alone: int = 0
    first_alone: int = -1
    keyless: int = 0
    first_keyless: int = -1

    @property
    def repeats(self) -> bool:
        """Whether some row must have come out twice: then another side has its key twice."""
        return self.seen > self.last + 1


@dataclass(slots=True)
class Audit:
    """Counts over a full outer join of sides.

    A row that joins one row of each other side comes out once. So rows come out more often than there are rows exactly
    where a key stands twice on another side: no memory of keys is needed to know it.

    Parameters
    ----------
    sides
        One a side.
    matched
        How many rows of the join have a row of every side.
    """

    sides: list[Tally]
    matched: int = field(default=0)

    def add(self, rows: Sequence[Rows], keyless: Flags, passes: Sequence[Flags]) -> Rows:
        """Count rows of the join, and give the places of those to be used, by the row number of the first side.

        Parameters
        ----------
        rows
            Of each side the row numbers, −1 where it has no such row.
        keyless
            Where there is no key.
        passes
            Of each side, whether the filter lets its row through; rows that it does not are neither used nor counted.

        Raises
        ------
        RepeatedKeyError
            As soon as it shows.
        """
        present = [each >= 0 for each in rows]
        every = np.logical_and.reduce(present)
        used = np.logical_and.reduce([every, *passes])
        self.matched += int(np.count_nonzero(every))
        for tally, numbers, here, passed in zip(self.sides, rows, present, passes, strict=True):
            tally.seen += int(np.count_nonzero(here))
            tally.last = max(tally.last, int(numbers.max(initial=-1)))
            if tally.repeats:
                raise RepeatedKeyError
            alone = here & passed & ~used
            tally.keyless, tally.first_keyless = _counted(numbers, alone & keyless, tally.keyless, tally.first_keyless)
            tally.alone, tally.first_alone = _counted(numbers, alone & ~keyless, tally.alone, tally.first_alone)
        places = np.flatnonzero(used)
        numbers = rows[0][places]
        if len(places) and bool((np.diff(numbers) < 0).any()):
            places = places[np.argsort(numbers, kind="stable")]
        return places.astype(np.int64, copy=False)

    def finish(self) -> None:
        """Look once more when all rows are counted, where row numbers have gaps.

        Raises
        ------
        RepeatedKeyError
            Where a key stands twice.
        """
        if any(tally.rows is not None and tally.seen > tally.rows for tally in self.sides):
            raise RepeatedKeyError


def _counted(numbers: Rows, found: Flags, count: int, first: int) -> tuple[int, int]:
    some = numbers[found]
    if not len(some):
        return count, first
    least = int(some.min())
    return count + len(some), least if first < 0 else min(first, least)
