"""What the user named, opened: columns, a stream of batches, and where each row stands.

Imports duckdb, arro3, NumPy and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from threading import Event
from types import TracebackType
from typing import Any, Self

import arro3.core as arro
import duckdb
import numpy as np

from lossctl.core.block import BLOCK_ROWS, Batch, Rows
from lossctl.core.errors import DataError, LossctlError, UsageError
from lossctl.core.loss import Array
from lossctl.sources.arrow import UnevenError, lists_to_numpy, to_mask, to_numbers
from lossctl.sources.names import unknown_column
from lossctl.sources.options import ColumnType
from lossctl.sources.piece import Piece, quote_name
from lossctl.sources.place import Place
from lossctl.sources.typed import TypedPiece
from lossctl.sources.where import Filter, parse_filter

__all__ = ["Source"]

EXAMPLE = 40
"""The most characters of a value shown as an example."""
READABLE = {ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.NUMBERS}


class Source:
    """One or more files of the same columns, or a frame.

    A context manager: closing it stops what still reads and removes a temporary file.

    Attributes
    ----------
    name
        As the user wrote it; ``<stdin>``, ``<frame>``.
    columns
        What each column holds, in file order.
    """

    def __init__(
        self,
        name: str,
        pieces: Sequence[Piece],
        connection: duckdb.DuckDBPyConnection,
        on_close: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.columns: Mapping[str, ColumnType] = _union(pieces)
        self._pieces = pieces
        self._connection = connection
        self._on_close = on_close
        self._starts: list[int] = [0]
        self._widths: dict[str, int] = {}
        self._verified: set[int] = set()
        self._streams: set[_Stream] = set()
        self._consumed = 0
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading and release what is held; may be called again."""
        self.cancel()
        self._connection.close()
        if self._on_close is not None:
            self._on_close()
            self._on_close = None

    def cancel(self) -> None:
        """Make readers in other threads stop, with an error: part of the rows must not pass for all."""
        for stream in tuple(self._streams):
            stream.cancel()

    def progress(self) -> float | None:
        """Give the share of the rows the last `read` has handed out; a guess for text, ``None`` where there is none."""
        if self._finished:
            return 1.0
        likely = [piece.likely_rows for piece in self._pieces]
        if None in likely:
            return None
        total = sum(each or 0.0 for each in likely)
        return min(self._consumed / total, 1.0) if total else None

    def read(
        self, columns: Sequence[str], *, where: str | None = None, batch_rows: int = BLOCK_ROWS
    ) -> Iterator[Batch]:
        """Stream columns as numbers, in file order.

        May be called again, also while an earlier stream is open. Closing the iterator cancels the read.

        Parameters
        ----------
        columns
            The names of number, boolean or list columns.
        where
            An SQL condition; rows for which it is false or null are left out, and keep the others' numbers.
        batch_rows
            The most rows of a batch.

        Raises
        ------
        UsageError
            Where there is no such column, or the filter is none.
        DataError
            Where a value cannot be read; the message says which and what to do.
        """
        condition = None if where is None else parse_filter(where, self._connection)
        wanted = {name: self._wanted(name) for name in columns}
        uses = {} if condition is None else self._resolve(condition)
        _refuse_alike([*wanted, *(name for name in uses if name not in wanted)])
        return self._read(wanted, condition, uses, batch_rows)

    def locate(self, row: int) -> Place:
        """Say where a row stands, counted from 0 over all files. For messages: it may read the file again."""
        index, start = self._piece_of(row)
        return self._pieces[index].place(row - start)

    def raw(self, row: int, column: str) -> str | None:
        """Give a value as it stands in a text file; ``None`` where the source is no text."""
        return self.locate(row).values.get(column)

    def _piece_of(self, row: int) -> tuple[int, int]:
        while self._starts[-1] <= row and len(self._starts) <= len(self._pieces):
            piece = self._pieces[len(self._starts) - 1]
            count = piece.rows
            if count is None:
                with self._connection.cursor() as cursor:
                    query = f"select count(*) from {piece.relation({})}"
                    count = int(cursor.execute(query).fetchall()[0][0])
            self._starts.append(self._starts[-1] + count)
        index = min(bisect_right(self._starts, row) - 1, len(self._pieces) - 1)
        return index, self._starts[index]

    def _wanted(self, name: str) -> ColumnType:
        if name not in self.columns:
            raise unknown_column(name, self.columns, self.name)
        kind = self.columns[name]
        if kind is ColumnType.UNKNOWN:
            return ColumnType.NUMBER
        if kind not in READABLE:
            raise self._not_numbers(name, kind)
        return kind

    def _not_numbers(self, name: str, kind: ColumnType) -> DataError:
        piece = next(each for each in self._pieces if each.columns[name] is kind)
        held = "text" if kind is ColumnType.TEXT else "values"
        if isinstance(piece, TypedPiece):
            held += f" of type {piece.sql_types[name].split('(')[0]}"
        column, relation = quote_name(name), piece.relation({name: kind})
        query = f"select {column}::varchar from {relation} where {column} is not null limit 1"
        with self._connection.cursor() as cursor:
            piece.prepare(cursor)
            found = cursor.execute(query).fetchall()
        example = f' such as "{found[0][0][:EXAMPLE]}"' if found else ""
        problem = f'{piece.name}, column "{name}" holds {held}{example}, not numbers'
        return DataError(problem, "choose another column, or write it as numbers")

    def _resolve(self, condition: Filter) -> dict[str, ColumnType]:
        """Find the columns a filter speaks of, without regard to case as SQL does."""
        found: dict[str, ColumnType] = {}
        for name, guess in condition.uses.items():
            alike = [each for each in self.columns if each.lower() == name.lower()]
            exact = name if name in self.columns else alike[0] if len(alike) == 1 else None
            if exact is None:
                raise unknown_column(name, self.columns, f"--where {condition.text!r}")
            known = self.columns[exact]
            found[exact] = guess if known is ColumnType.UNKNOWN else known
        return found

    def _read(
        self,
        wanted: Mapping[str, ColumnType],
        condition: Filter | None,
        uses: Mapping[str, ColumnType],
        batch_rows: int,
    ) -> Iterator[Batch]:
        first = 0
        self._consumed, self._finished = 0, False
        for index, piece in enumerate(self._pieces):
            with ExitStack() as stack:
                if piece.needs_verifying and index not in self._verified:
                    stack.enter_context(self._verifying(index))
                stream = _Stream(piece, self._connection, wanted, condition, uses, self._widths)
                self._streams.add(stream)
                stack.callback(self._streams.discard, stream)
                stack.callback(stream.close)
                batches = stack.enter_context(closing(stream.batches(first)))
                for batch, read in batches:
                    self._consumed = first + read
                    if len(batch):
                        yield from batch.split(batch_rows)
                if stream.length is not None:
                    first += stream.length
                    if len(self._starts) == index + 1:
                        self._starts.append(first)
        self._finished = True

    @contextmanager
    def _verifying(self, index: int) -> Iterator[None]:
        """Check a compressed file beside the reader; what the reader gave counts only when the check is done."""
        stop = Event()
        with ThreadPoolExecutor(1, thread_name_prefix="lossctl-verify") as pool:
            check: Future[None] = pool.submit(self._pieces[index].verify, stop)
            try:
                yield
                check.result()
                self._verified.add(index)
            finally:
                stop.set()


class _Stream:
    """One pass over one piece."""

    def __init__(
        self,
        piece: Piece,
        connection: duckdb.DuckDBPyConnection,
        wanted: Mapping[str, ColumnType],
        condition: Filter | None,
        uses: Mapping[str, ColumnType],
        widths: dict[str, int],
    ) -> None:
        self._piece = piece
        self._cursor = connection.cursor()
        piece.prepare(self._cursor)
        self._wanted = wanted
        self._condition = condition
        self._types = {**uses, **wanted}
        self._widths = widths
        self._cancelled = False
        self.length: int | None = None

    def cancel(self) -> None:
        self._cancelled = True
        with suppress(duckdb.Error):
            self._cursor.interrupt()

    def close(self) -> None:
        self.cancel()
        self._cursor.close()

    def batches(self, first: int) -> Generator[tuple[Batch, int]]:
        """Give each batch, and how many rows of the piece have been read."""
        read = 0
        for record in self._records():
            try:
                batch, read = self._batch(record, first, read)
            except UnevenError as error:
                raise self._uneven(error, record, read) from error
            yield batch, read
        self.length = read if self._piece.rows is None else self._piece.rows

    def _records(self) -> Iterator[Any]:
        """Give the Arrow record batches."""
        try:
            self._find_widths()
            yield from arro.RecordBatchReader.from_arrow(self._cursor.sql(self._query()))
        except LossctlError:
            raise
        except Exception as error:  # the Arrow stream raises no narrower class
            raise self._explain(error) from error

    def _uneven(self, error: UnevenError, record: Any, read: int) -> DataError:
        numbered = self._condition is not None and self._piece.row_number is not None
        row = int(np.asarray(record.column(len(self._wanted)))[error.index]) if numbered else read + error.index
        values = f"{error.length} value" + ("" if error.length == 1 else "s")
        problem = (
            f'{self._piece.place(row)}, column "{error.name}": a list of {values}, where the first has {error.width}'
        )
        return DataError(problem, "write lists of one length")

    def _find_widths(self) -> None:
        """Learn how long the lists of a column are, from the first there is."""
        relation = self._piece.relation(self._types)
        for name, kind in self._wanted.items():
            if kind is ColumnType.NUMBERS and name not in self._widths:
                column = quote_name(name)
                query = f"select len({column}) from {relation} where {column} is not null limit 1"
                found = self._cursor.execute(query).fetchall()
                self._widths[name] = int(found[0][0]) if found else 0

    def _query(self) -> str:
        parts = []
        for number, (name, kind) in enumerate(self._wanted.items()):
            column = quote_name(name)
            lists = kind is ColumnType.NUMBERS
            value = f"{column}::double[]" if lists else f"coalesce({column}::double, 'nan'::double)"
            parts.append(f"{value} as v{number}")
        ending = ""
        if self._condition is not None:
            text = f"(\n{self._condition.text}\n)"
            numbered = self._piece.row_number
            parts.append(f"{numbered} as kept" if numbered else f"coalesce({text}, false) as kept")
            ending = f" where {text}" if numbered else ""
            self._check_condition(text)
        return f"select {', '.join(parts)} from {self._piece.relation(self._types)}{ending}"

    def _check_condition(self, text: str) -> None:
        query = f"select {text} as c from {self._piece.relation(self._types)} where {text}"
        try:
            kind = str(self._cursor.execute(f"describe {query}").fetchall()[0][1])
        except duckdb.Error as error:
            raise self._bad_condition(error) from error
        if kind != "BOOLEAN":
            written = self._condition.text if self._condition else text
            raise UsageError(f"--where {written!r} is {kind}, not true or false", "compare it with something")

    def _batch(self, record: Any, first: int, read: int) -> tuple[Batch, int]:
        columns: dict[str, Array] = {}
        for number, (name, kind) in enumerate(self._wanted.items()):
            column = record.column(number)
            lists = kind is ColumnType.NUMBERS
            columns[name] = lists_to_numpy(column, self._widths[name], name) if lists else to_numbers(column)
        size = int(record.num_rows)
        if self._condition is None:
            return Batch(columns, first + read, size), read + size
        kept = record.column(len(columns))
        if self._piece.row_number:
            rows: Rows = np.asarray(kept).astype(np.int64) + first
            return Batch(columns, int(rows[0]) if size else first, size, rows), int(rows[-1]) + 1 - first
        mask = to_mask(kept)
        rows = np.flatnonzero(mask) + (first + read)
        columns = {name: values[mask] for name, values in columns.items()}
        return Batch(columns, int(rows[0]) if len(rows) else first + read, len(rows), rows), read + size

    def _explain(self, error: Exception) -> LossctlError:
        if self._cancelled:
            return DataError(f"{self._piece.name}: reading was cancelled")
        message = str(error)
        found = self._piece.explain(self._types, self._types.keys() - self._wanted.keys(), message)
        if found is not None:
            return found
        if self._condition is not None and not re.search(r"Failed to read file|IO Error", message):
            return self._bad_condition(error)
        problem = f"{self._piece.name} cannot be read: {_first_line(message)}"
        return DataError(problem, "check that it is whole, or write it again")

    def _bad_condition(self, error: Exception) -> UsageError:
        written = self._condition.text if self._condition else ""
        return UsageError(f"--where {written!r} fails: {_first_line(str(error))}", "mend the condition")


def _refuse_alike(names: Sequence[str]) -> None:
    """Refuse names that SQL takes for one."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            problem = f'the columns "{seen[name.lower()]}" and "{name}" differ only in case'
            raise DataError(problem, "rename one of them to use both")
        seen[name.lower()] = name


def _first_line(message: str) -> str:
    line = message.removeprefix("C Data interface error: ").split("\n", 1)[0]
    return re.sub(r"^(\w+ )+Error: ", "", line)


def _union(pieces: Sequence[Piece]) -> dict[str, ColumnType]:
    """Give the columns of the pieces, which must be the same."""
    merged = dict(pieces[0].columns)
    for piece in pieces[1:]:
        for name in (*merged, *piece.columns):
            if name not in piece.columns or name not in merged:
                has, lacks = (pieces[0], piece) if name in merged else (piece, pieces[0])
                problem = f'{lacks.name} has no column "{name}", which {has.name} has'
                raise DataError(problem, "give files of the same columns, or name them apart")
            merged[name] = _merge(merged[name], piece.columns[name], name, pieces[0], piece)
    return merged


def _merge(one: ColumnType, other: ColumnType, name: str, first: Piece, second: Piece) -> ColumnType:
    if one is other or other is ColumnType.UNKNOWN:
        return one
    if one is ColumnType.UNKNOWN:
        return other
    if {one, other} == {ColumnType.NUMBER, ColumnType.BOOLEAN}:
        return ColumnType.NUMBER
    problem = f'column "{name}" holds {one} in {first.name} and {other} in {second.name}'
    raise DataError(problem, "give files whose columns hold the same")
