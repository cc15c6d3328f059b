"""Long lists, read so that memory holds a few rows of them: DuckDB hands out lists by the hundred thousand.

Their numbers come one after the other, as a column of doubles, whose batches are a megabyte whatever the lists are.
Beside them the other columns come as ever, and both are cut alike. Imports arro3, NumPy and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

import numpy as np

from lossctl.core.block import BLOCK_NUMBERS
from lossctl.core.dataclass import dataclass
from lossctl.core.loss import Array
from lossctl.sources.arrow import UnevenError, to_numbers

__all__ = ["WIDE", "Cut", "Lists"]

WIDE = 32
"""Lists of fewer numbers are read as they are: a hundred thousand rows of them are few megabytes."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Some rows of an Arrow record batch, and the long lists of these rows.

    Parameters
    ----------
    record
        The rows.
    numbers
        What `Lists.query` gives of each row.
    lists
        The columns in it.
    """

    record: Any
    numbers: Array
    lists: Lists

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return int(self.record.num_rows)

    def column(self, name: str) -> Any:
        """Return a column of the record batch."""
        return self.record.column(name)

    def list_column(self, name: str) -> Array:
        """Return a column of lists, ``(n, width)``; a row of NaN where there is no list.

        Raises
        ------
        UnevenError
            Where a list has another length.
        """
        width, start = self.lists.widths[name], self.lists.start_of(name)
        lengths = self.numbers[:, start]
        uneven = np.flatnonzero((lengths != width) & (lengths >= 0.0))
        if uneven.size:
            raise UnevenError(name, int(uneven[0]), int(lengths[uneven[0]]), width)
        return np.ascontiguousarray(self.numbers[:, start + 1 : start + 1 + width])


@dataclass(frozen=True, slots=True)
class Lists:
    """The columns that are read apart.

    Parameters
    ----------
    columns
        By the name of a column, its SQL.
    widths
        How long its lists are.
    """

    columns: Mapping[str, str]
    widths: Mapping[str, int]

    def query(self, relation: str, condition: str) -> str:
        """Return the SQL of the numbers of each row: of each column the length of its list, then what it holds.

        Parameters
        ----------
        relation, condition
            Where to read, and which rows.
        """
        parts = []
        for name, column in self.columns.items():
            none = f"list_resize([]::double[], {self.widths[name]}, 'nan'::double)"
            filled = f"case when len({column}) = {self.widths[name]} then {column}::double[] else {none} end"
            parts.append(f"[coalesce(len({column}), -1)::double] || {filled}")
        return f"select unnest({' || '.join(parts)}) as x from {relation}{condition}"  # noqa: S608 -- quoted before

    def cuts(self, records: Iterable[Any], numbers: Iterable[Any]) -> Iterator[Cut]:
        """Cut record batches into a few rows each, with their lists.

        Parameters
        ----------
        records
            The other columns.
        numbers
            Record batches of what `query` gives.
        """
        width = sum(self.widths[name] + 1 for name in self.columns)
        rows = max(1, BLOCK_NUMBERS // width)
        flat = _Flat(numbers)
        for record in records:
            for start in range(0, record.num_rows, rows):
                some = record.slice(start, min(rows, record.num_rows - start))
                yield Cut(some, flat.take(some.num_rows * width).reshape(-1, width), self)

    def start_of(self, name: str) -> int:
        """Return where the numbers of a column begin in those of a row, with its length."""
        before = takewhile(lambda each: each != name, self.columns)
        return sum(self.widths[each] + 1 for each in before)


class _Flat:
    """Numbers that come in batches, taken so many at a time."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = iter(batches)
        self._left: Array = np.empty(0)

    def take(self, count: int) -> Array:
        """Return the next numbers."""
        taken = np.empty(count)
        at = 0
        while at < count:
            if not len(self._left):
                self._left = to_numbers(next(self._batches).column("x"))
            some = self._left[: count - at]
            taken[at : at + len(some)] = some
            self._left = self._left[len(some) :]
            at += len(some)
        return taken
