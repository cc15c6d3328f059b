"""Wide rows of Parquet, read so that memory holds few of them, whatever their width.

DuckDB makes vectors of 2,048 rows, of lists too, and holds pages of every column. arro3 reads as many rows as it is
told to. It reads all columns of a file, so a file that is mostly something else is left to DuckDB.
Imports duckdb, arro3, NumPy and core.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np

from lossctl.core.errors import DataError
from lossctl.core.rows.block import BLOCK_NUMBERS, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.sources.duck.arrow import lists_to_numpy, to_numbers
from lossctl.sources.duck.database import glob_escape
from lossctl.sources.duck.sql import quote_text

__all__ = ["Apart", "Cut", "read_apart"]

_VECTOR = 2048
"""The rows of a vector of DuckDB's."""
_MANY = 2**20
"""Numbers of a vector of DuckDB's, all columns together, from which on another reader takes less memory."""
_TOO_MANY = 2**24
"""Numbers from which on it is worth to read columns that nobody asked for."""
_LEAST_ROWS = 64
"""Rows in a batch of many columns, at least: each column of a batch costs as much as a thousand numbers."""
_KIND = "(?:FLOAT|DOUBLE|U?(?:TINY|SMALL|BIG)INT|U?INTEGER)"
_ALIKE = re.compile(rf"{_KIND}|(?:{_KIND}|BOOLEAN)\[\d*\]")
"""The types whose doubles are the same to the bit, whoever makes them."""
_NUMBERS = arro.DataType.float64()
_LISTS = arro.DataType.list(arro.Field("item", _NUMBERS, nullable=True))


@dataclass(frozen=True, slots=True)
class Cut:
    """Some rows of an Arrow record batch, and the same rows of a batch of the columns that are read apart.

    Parameters
    ----------
    record
        The rows, with the other columns.
    batch
        A batch that holds these rows, and perhaps more.
    rows
        Where they stand in it.
    places
        By the name of a column, its place in the batch.
    """

    record: Any
    batch: Any
    rows: Rows
    places: Mapping[str, int]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns of the record batch."""
        return list(self.record.column_names)

    @property
    def columns(self) -> list[Any]:
        """The columns of the record batch."""
        return list(self.record.columns)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return int(self.record.num_rows)

    def column(self, name: str) -> Any:
        """Return a column of the record batch."""
        return self.record.column(name)

    def apart(self, name: str, width: int | None) -> Array:
        """Return a column that is read apart: of numbers, or, where a width is given, of lists.

        Raises
        ------
        UnevenError
            Where a list has another length.
        """
        column = self.batch.column(self.places[name])
        if len(self.rows) < len(column):
            column = column.take(arro.Array.from_numpy(self.rows))
        if width is None:
            return to_numbers(column.cast(_NUMBERS))
        return lists_to_numpy(_lists(column), width, name)


class Apart:
    """Columns of a Parquet file, read a few rows at a time. It reads the file once.

    Attributes
    ----------
    places
        By the name of a column, its place in the file.
    """

    def __init__(self, name: str, path: str, places: Mapping[str, int], rows: int) -> None:
        import arro3.io

        self.places = places
        self._name = name
        with _as_errors():
            self._reader = iter(arro3.io.read_parquet(path, batch_size=rows))

    def width(self, name: str) -> int:
        """Return how long the first list of a column is; 0 where there is none."""
        for batch in self._batches():
            column = _lists(batch.column(self.places[name]))
            for row, length in enumerate(np.diff(np.asarray(arro.list_offsets(column)))):
                if not column.slice(row, 1).null_count:
                    return int(length)
        return 0

    def cuts(self, records: Iterable[Any], kept: str | None) -> Iterator[Cut]:
        """Cut record batches of the other columns where batches of these columns end.

        Parameters
        ----------
        records
            The other columns.
        kept
            Their column of row numbers within the file, ascending, where some rows are left out.
        """
        batches, first, batch, read = self._batches(), 0, None, 0
        for record in records:
            size = record.num_rows
            rows = np.arange(read, read + size) if kept is None else np.asarray(record.column(kept)).astype(np.int64)
            read, start = read + size, 0
            while start < size:
                while batch is None or rows[start] >= first + batch.num_rows:
                    first += 0 if batch is None else batch.num_rows
                    batch = next(batches, None)
                    if batch is None:
                        raise self._damaged(first)
                stop = int(np.searchsorted(rows, first + batch.num_rows))
                yield Cut(record.slice(start, stop - start), batch, rows[start:stop] - first, self.places)
                start = stop

    def _batches(self) -> Iterator[Any]:
        read = 0
        try:
            with _as_errors():
                for batch in self._reader:
                    yield batch
                    read += batch.num_rows
        except OSError as error:
            raise self._damaged(read, error.strerror) from error

    def _damaged(self, rows: int, reason: str | None = None) -> DataError:
        problem = f"{self._name} cannot be read after row {rows}: {reason or 'its data are damaged'}"
        return DataError(problem, "copy it again, or write it again")


def read_apart(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    path: str,
    places: Mapping[str, int],
    types: Mapping[str, str],
    *,
    many: bool,
) -> Apart | None:
    """Open a Parquet file for columns that are read apart; ``None``: it is as well to leave all to DuckDB.

    Parameters
    ----------
    cursor
        Reads what the footer says of sizes.
    name, path
        The file.
    places
        By the name of a column that is wanted, its place in the file.
    types
        The types of columns in SQL.
    many
        Whether so many columns are wanted that each is best read apart, however few numbers there are.
    """
    places = {column: place for column, place in places.items() if _ALIKE.fullmatch(types[column])}
    rows = _rows(cursor, path, list(places), many=many) if places else None
    if rows is None:
        return None
    try:
        return Apart(name, path, places, rows)
    except OSError:  # something in the file is known to DuckDB alone
        return None


def _rows(cursor: duckdb.DuckDBPyConnection, path: str, wanted: list[str], *, many: bool) -> int | None:
    """Return how many rows to read at once; ``None``: DuckDB takes little memory, or far less time."""
    leaves = f"parquet_metadata({quote_text(glob_escape(path))})"
    groups = f"""select row_group_num_rows as r, sum(num_values) as n, count(*) as c, sum(total_uncompressed_size) as s,
        sum(num_values) filter (mine) as mine, sum(total_uncompressed_size) filter (mine) as my_size
        from (select *, split_part(path_in_schema, ', ', 1) in (select unnest(?)) as mine from {leaves})
        where row_group_num_rows > 0 group by row_group_id, row_group_num_rows"""  # noqa: S608 -- quoted before
    query = f"select max(least({_VECTOR}, r) * mine / r), max(n / r), sum(my_size) / sum(s), max(c) from ({groups})"  # noqa: S608 -- the same
    vector, numbers, share, columns = cursor.execute(query, [wanted]).fetchall()[0]
    if vector is None or (vector < _MANY and not many) or (share < 1 / 2 and vector < _TOO_MANY):
        return None
    return max(1, int(max(BLOCK_NUMBERS, _LEAST_ROWS * columns) // max(1, numbers)))


def _lists(column: arro.Array) -> arro.Array:
    """Return a column of any lists as lists of doubles of which a missing one holds nothing."""
    lists = column.cast(_LISTS)
    return lists.take(arro.Array.from_numpy(np.arange(len(lists)))) if lists.null_count else lists


@contextmanager
def _as_errors() -> Iterator[None]:
    """Raise what arro3 raises, an `Exception` or, where it gives up, no more than a `BaseException`, as an error."""
    try:
        yield
    except (LookupError, MemoryError, OSError):
        raise
    except BaseException as error:
        if type(error) is Exception or type(error).__name__ == "PanicException":
            raise OSError(str(error)) from error
        raise
