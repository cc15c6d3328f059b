"""Stored baselines: one Parquet file of losses of rows by key, which says in its metadata what it is.

Imports duckdb, arro3, NumPy and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np
import numpy.typing as npt

from lossctl.core.errors import DataError, UsageError, reason_of
from lossctl.core.results.baseline import ABOVE, BELOW, CHECK, METADATA_KEY, NOT_A_NUMBER
from lossctl.core.rows.block import Batch
from lossctl.core.system.atomic_file import replacing
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.sources.duck.arrow_feed import Feed
from lossctl.sources.duck.database import connect, disconnect, glob_escape
from lossctl.sources.duck.sql import quote_name, quote_text
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.parquet import ParquetPiece
from lossctl.sources.files.piece import Piece
from lossctl.sources.joins.fingerprint import Hashes, checksum
from lossctl.sources.joins.keys import named
from lossctl.sources.query.source import Source

__all__ = ["Kept", "StoredPiece", "Summary", "metadata_of", "write_stored"]

_OPTIONS = "format parquet, compression zstd, parquet_version v2, use_tmp_file false"
_TWICE = "a key names one row: name further columns that make it one: -k KEY -k OTHER"


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows to be stored.

    Parameters
    ----------
    batch
        The rows as read, with the texts of their keys.
    judged
        What they are judged by: see `lossctl.sources.joins.fingerprint.Judged`.
    values, usable
        Of each column the losses, and whether a row has one.
    """

    batch: Batch
    judged: Hashes
    values: Sequence[Array]
    usable: Sequence[npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known when all rows have been seen.

    Parameters
    ----------
    n
        How many there are.
    targets
        The order-free hash of keys and what rows are judged by.
    checksums
        Of each column.
    """

    n: int
    targets: str
    checksums: tuple[str, ...]


def write_stored(
    rows: Iterable[Kept],
    source: Source,
    keys: Sequence[str],
    columns: Sequence[str],
    path: str | None,
    document: Callable[[Summary], str],
) -> Summary:
    """Store losses of rows, in the order of their keys.

    Parameters
    ----------
    rows
        In any order.
    source
        Where they come from, to say where a row stands.
    keys
        The columns that together name a row.
    columns
        The names of the columns of losses.
    path
        Where to; written over. ``None``: nowhere, only the summary is wanted.
    document
        Gives the metadata.

    Raises
    ------
    UsageError
        Where a column of the key has the name of another.
    DataError
        Where a key is missing or stands twice, a loss is too large, or the file can't be written.
    """
    _refuse_names(keys, columns)
    sums = _Sums(len(columns))
    with ExitStack() as stack:
        try:
            place = None if path is None else stack.enter_context(replacing(path))
        except OSError as error:
            raise DataError(f"{path} can't be written: {error.strerror}", "choose another path") from error
        connection = connect([] if place is None else [place])
        stack.callback(disconnect, connection)
        reader = _feed(rows, keys, len(columns), sums)
        _keep(connection, reader)
        _refuse_keys(connection, source, keys)
        summary = Summary(sums.n, f"{sums.judged:016x}{_keyed(connection, keys):016x}", sums.checksums())
        if place is not None:
            try:
                with reader.uncancelled():
                    _copy(connection, keys, columns, place, document(summary))
            except duckdb.Error as error:
                cure = "free some space or choose another path"
                raise DataError(f"{path} can't be written: {reason_of(error)}", cure) from error
        return summary


def _keep(connection: duckdb.DuckDBPyConnection, reader: Feed) -> None:
    connection.register("incoming", reader.stream())
    try:
        with reader.uncancelled():
            connection.execute("create temp table kept as select * from incoming")
    except duckdb.Error as error:
        reader.raise_failure()
        raise DataError(f"rows can't be kept: {reason_of(error)}", "set TMPDIR to a folder with room") from error
    except BaseException:
        reader.raise_failure()
        raise


class _Sums:
    """What is added up while rows go by."""

    def __init__(self, columns: int) -> None:
        self.n = 0
        self.judged = 0
        self._checks = [0] * columns

    def add(self, kept: Kept) -> None:
        self.n += len(kept.batch)
        self.judged = (self.judged + int(kept.judged.sum(dtype=np.uint64))) % 2**64
        for place, (values, usable) in enumerate(zip(kept.values, kept.usable, strict=True)):
            found = values[usable]
            if np.isfinite(found).any() and bool(((np.abs(found) >= NOT_A_NUMBER) & np.isfinite(found)).any()):
                raise DataError("a loss is too large to be stored: it is at the end of 64-bit floats", "scale the data")
            self._checks[place] = (self._checks[place] + checksum(found)) % 2**64

    def checksums(self) -> tuple[str, ...]:
        return tuple(f"{each:016x}" for each in self._checks)


def _feed(rows: Iterable[Kept], keys: Sequence[str], columns: int, sums: _Sums) -> Feed:
    fields = {"row": arro.DataType.int64(), "judged": arro.DataType.uint64()}
    fields |= {f"k{number}": arro.DataType.utf8() for number in range(len(keys))}
    fields |= {f"v{number}": arro.DataType.float64() for number in range(columns)}
    fields |= {f"u{number}": arro.DataType.bool() for number in range(columns)}
    schema = arro.Schema([arro.Field(name, kind) for name, kind in fields.items()])
    return Feed(schema, _summed(rows, keys, sums))


def _summed(rows: Iterable[Kept], keys: Sequence[str], sums: _Sums) -> Iterator[list[Any]]:
    for kept in rows:
        if len(kept.batch):
            sums.add(kept)
            yield _arrays(kept, keys)


def _arrays(kept: Kept, keys: Sequence[str]) -> list[Any]:
    batch = kept.batch
    first = batch.first_row
    rows = np.arange(first, first + len(batch)) if batch.rows is None else batch.rows
    numbers = [rows, kept.judged]
    texts = [batch.texts[name].cast(arro.DataType.utf8()) for name in keys]
    arrays = [arro.Array.from_numpy(np.ascontiguousarray(each)) for each in numbers]
    values = [arro.Array.from_numpy(np.ascontiguousarray(each)) for each in (*kept.values, *kept.usable)]
    return [*arrays, *texts, *values]


def _refuse_names(keys: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse names that Parquet readers could not tell apart."""
    seen: set[str] = set()
    for name in (*columns, CHECK, *keys):
        if name.lower() in seen:
            raise UsageError(f"the key is called {name!r}, as a column of the baseline is", "rename the column")
        seen.add(name.lower())


def _refuse_keys(connection: duckdb.DuckDBPyConnection, source: Source, keys: Sequence[str]) -> None:
    own = [f"k{number}" for number in range(len(keys))]
    for name, key in zip(keys, own, strict=True):
        (row,) = _one(connection, f"select min(row) from kept where {key} is null")
        if row is not None:
            raise DataError(f'{source.locate(row)}, column "{name}": the key is missing', "fill it in")
    if not keys:
        return
    listed = ", ".join(own)
    twice = f"select min(row, 2) as rows, {listed} from kept group by {listed} having count(*) > 1"
    found = connection.execute(f"select * from ({twice}) order by rows[1] limit 1").fetchone()
    if found is not None:
        first, second = (source.locate(row) for row in found[0])
        raise DataError(f"{second}: {named(keys, found[1:])} occurs twice (first: {first})", _TWICE)


def _keyed(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> int:
    """Return the sum over rows of a hash of key and what they are judged by: it does not hang on their order."""
    parts = [part for number in range(len(keys)) for part in (f"length(k{number})", "':'", f"k{number}")]
    text = f"concat({', '.join([*parts, quote_text(':'), 'judged'])})"
    (found,) = _one(connection, f"select sum(md5_number_lower({text})) % 18446744073709551616::hugeint from kept")
    return int(found or 0)


def _copy(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[str], columns: Sequence[str], path: str, document: str
) -> None:
    """Write the file: whole numbers as such, for they take a byte where texts take many."""
    chosen = []
    for number, name in enumerate(keys):
        key = f"k{number}"
        (whole,) = _one(
            connection, f"select bool_and(coalesce(try_cast({key} as bigint)::varchar = {key}, false)) from kept"
        )
        chosen.append(f"{f'{key}::bigint' if whole else key} as {quote_name(name)}")
    values = [f"case when u{place} then v{place} end as {quote_name(name)}" for place, name in enumerate(columns)]
    check = f"(judged >> 48)::usmallint as {quote_name(CHECK)}"
    query = f"select {', '.join([*chosen, *values, check])} from kept order by {', '.join(quote_name(k) for k in keys)}"
    metadata = f"kv_metadata {{{METADATA_KEY}: {quote_text(document)}}}"
    connection.execute(f"copy ({query}) to {quote_text(path)} ({_OPTIONS}, {metadata})")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = connection.execute(query).fetchone()
    return found or (None,)


def metadata_of(path: str, connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return what a Parquet file says under our key; ``None``: nothing."""
    query = f"select value from parquet_kv_metadata({quote_text(glob_escape(path))}) where key = ?"
    found = connection.execute(query, [METADATA_KEY.encode()]).fetchall()
    return bytes(found[0][0]).decode(errors="replace") if found else None


class StoredPiece(ParquetPiece):
    """The Parquet file of a stored baseline. Losses that are no finite numbers come as those that stand for them."""

    def __init__(self, name: str, connection: duckdb.DuckDBPyConnection, piece: Piece, losses: Sequence[str]) -> None:
        super().__init__(name, connection, piece.path, list(piece.columns), piece.rows or 0)
        self._losses = frozenset(losses)

    def relation(self, types: Mapping[str, ColumnType]) -> str:
        """Return the relation."""
        inner = super().relation(types)
        chosen = [
            f"{_finite(quote_name(name))} as {quote_name(name)}" if name in self._losses else quote_name(name)
            for name in types
        ]
        return f"(select {', '.join([*chosen, str(self.row_number)])} from {inner})"


def _finite(column: str) -> str:
    """Return the SQL of a number for every double; a null stays one."""
    return (
        f"case when {column} is null then null when isnan({column}) then {NOT_A_NUMBER!r} "
        f"when not isinf({column}) then {column} when {column} > 0 then {ABOVE!r} else {BELOW!r} end"
    )
