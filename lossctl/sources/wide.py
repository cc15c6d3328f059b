"""Long lists, read so that memory holds a few rows of them: DuckDB hands out lists by the hundred thousand.

Their numbers come one after the other, as a column of doubles, whose batches are a megabyte whatever the lists are.
Beside them the other columns come as ever, and all are cut alike. Imports arro3, NumPy and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from lossctl.core.block import BLOCK_NUMBERS, Rows
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
    lists
        By the name of a column, the numbers of each row, NaN where it has no list of the right length; and how long
        the list is, −1 where there is none.
    """

    record: Any
    lists: Mapping[str, tuple[Array, Rows]]

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
        numbers, lengths = self.lists[name]
        width = numbers.shape[1]
        uneven = np.flatnonzero((lengths != width) & (lengths >= 0))
        if uneven.size:
            raise UnevenError(name, int(uneven[0]), int(lengths[uneven[0]]), width)
        return numbers


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

    def query(self, name: str, relation: str, condition: str) -> str:
        """Return the SQL of the numbers of a column, each with the length of its list.

        A list of another length, or none, is one number. DuckDB copies no list for this, unless there is such a row.

        Parameters
        ----------
        name
            The column.
        relation, condition
            Where to read, and which rows.
        """
        column = self.columns[name]
        whole = f"case when len({column}) = {self.widths[name]} then {column} else [null] end"
        rows = f"select unnest({whole}) as x, coalesce(len({column}), -1)::bigint as n from {relation}{condition}"  # noqa: S608 -- quoted before
        return f"select coalesce(x::double, 'nan'::double) as x, n from ({rows})"  # noqa: S608 -- the same

    def cuts(self, records: Iterable[Any], numbers: Mapping[str, Iterable[Any]]) -> Iterator[Cut]:
        """Cut record batches into a few rows each, with their lists.

        Parameters
        ----------
        records
            The other columns.
        numbers
            By the name of a column, record batches of what `query` gives.
        """
        rows = max(1, BLOCK_NUMBERS // sum(self.widths[name] for name in self.columns))
        flat = {name: _Flat(batches, self.widths[name]) for name, batches in numbers.items()}
        for record in records:
            for start in range(0, record.num_rows, rows):
                some = record.slice(start, min(rows, record.num_rows - start))
                yield Cut(some, {name: each.take(some.num_rows) for name, each in flat.items()})


class _Flat:
    """Lists whose numbers come in batches, taken so many at a time."""

    def __init__(self, batches: Iterable[Any], width: int) -> None:
        self._width = width
        self._runs = self._divided(batches)
        self._left: Array = np.empty(0)
        self._lengths: Rows = np.empty(0, np.int64)

    def take(self, rows: int) -> tuple[Array, Rows]:
        """Return the numbers of the next rows, and the lengths of their lists."""
        width = self._width
        numbers, lengths = np.empty(rows * width), np.full(rows, width)
        at = 0
        while at < len(numbers):
            if not len(self._left):
                self._left, self._lengths = next(self._runs)
            if self._lengths[0] == width:
                count = min(len(self._left), len(numbers) - at)
                numbers[at : at + count] = self._left[:count]
                at += count
            else:
                row = at // width
                count = min(len(self._left), rows - row)
                lengths[row : row + count] = self._lengths[:count]
                numbers[at : at + count * width] = np.nan
                at += count * width
            self._left, self._lengths = self._left[count:], self._lengths[count:]
        return numbers.reshape(rows, width), lengths

    def _divided(self, batches: Iterable[Any]) -> Iterator[tuple[Array, Rows]]:
        """Divide batches where rows that have a list of the right length and those that have none meet."""
        for batch in batches:
            numbers, lengths = to_numbers(batch.column("x")), np.asarray(batch.column("n"))
            edges = np.flatnonzero(np.diff(lengths == self._width)) + 1
            for start, stop in pairwise((0, *edges.tolist(), len(numbers))):
                yield numbers[start:stop], lengths[start:stop]
