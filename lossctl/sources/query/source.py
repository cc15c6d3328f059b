"""What the user named, opened: columns, a stream of batches, and where each row stands.

Imports duckdb, arro3, NumPy and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

import duckdb

from lossctl.core.errors import DataError, LossctlError, UsageError
from lossctl.core.rows.block import BLOCK_ROWS, Batch
from lossctl.sources.columns.patterns import Spaces
from lossctl.sources.duck.database import disconnect
from lossctl.sources.duck.place import Place
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece
from lossctl.sources.files.typed import TypedPiece
from lossctl.sources.names import unknown_column, unknown_in_condition
from lossctl.sources.query.background import Beside
from lossctl.sources.query.row_marks import NO_MARKS, Marks, NoIdentityError
from lossctl.sources.query.stream import Request, Stream, unreadable
from lossctl.sources.query.union import refuse_alike, union_of
from lossctl.sources.query.where import Filter, parse_filter

if TYPE_CHECKING:  # what few runs need is imported where they do
    from lossctl.sources.query.groups import Grouped
    from lossctl.sources.query.slicing import Slices

__all__ = ["Source"]

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
    spaces
        Which of them are of the predictions and which of the targets, where these stand in different files.
    alone
        How many rows of these the last read left out, for their key was not in the other.
    matched
        How many rows it joined.
    """

    spaces: Spaces | None = None
    alone: tuple[int, int] = (0, 0)
    matched: int | None = None

    def __init__(
        self,
        name: str,
        pieces: Sequence[Piece],
        connection: duckdb.DuckDBPyConnection,
        on_close: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.columns: Mapping[str, ColumnType] = union_of(pieces)
        self._pieces = pieces
        self._connection = connection
        self._on_close = on_close
        self._starts: list[int] = [0]
        self._widths: dict[str, int] = {}
        self._looked: dict[tuple[str, ...], bool] = {}
        self._verified: set[int] = set()
        self._streams: set[Stream | Grouped] = set()
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
        disconnect(self._connection)
        if self._on_close is not None:
            self._on_close()
            self._on_close = None

    def cancel(self) -> None:
        """Make readers in other threads stop, with an error: part of the rows must not pass for all."""
        for stream in tuple(self._streams):
            stream.cancel()

    @property
    def pieces(self) -> Sequence[Piece]:
        """The files, or the frame."""
        return self._pieces

    def warnings(self) -> list[str]:
        """Return what a reader of a result should know of the files: of many that share it, the first and how many."""
        said = [piece.warning for piece in self._pieces if piece.warning]
        if len(said) > 1:
            return [f"{said[0]} (so in {len(said)} of {len(self._pieces)} files)"]
        return said

    def starts(self) -> list[int]:
        """Return the number of the first row of each piece; reads files whose rows are not known to be counted yet."""
        self._piece_of(sys.maxsize)
        return self._starts[: len(self._pieces)]

    def progress(self) -> float | None:
        """Return the share of rows that the last `read` has handed out; for text a guess, ``None``: there is none."""
        if self._finished:
            return 1.0
        likely = [piece.likely_rows for piece in self._pieces]
        if None in likely:
            return None
        total = sum(each or 0.0 for each in likely)
        return min(self._consumed / total, 1.0) if total else None

    def read(
        self,
        columns: Sequence[str],
        *,
        where: str | None = None,
        labels: Mapping[str, Sequence[str]] | None = None,
        group: str | None = None,
        by: Slices | None = None,
        identity: Sequence[str] = (),
        texts: Sequence[str] = (),
    ) -> Iterator[Batch]:
        """Stream columns as numbers, in file order or group by group.

        May be called again, also while an earlier stream is open. Closing the iterator cancels the read.

        Parameters
        ----------
        columns
            The names of number, boolean or list columns, and of columns of labels.
        labels
            The labels of a column, in order: each of its values is read as its place among them, from 0, and as −1
            where it is none of them.
        where
            An SQL condition; rows for which it is false or null are left out, and keep the others' numbers.
        group
            A column of any type: rows of one value come together, over all files, and no batch ends within a group.
            They are sorted on disk where they do not fit into memory; a single group must.
        by
            Gives each row the code of its slice, in `Batch.slices`, and is told what slices there are. Columns of any
            type; values are told apart as texts, as `lossctl.core.spelling.canonical` writes them. A column of a text
            file that is in `columns`
            too is told apart by its numbers. A missing value is a slice of its own.
        identity
            The columns that together say who each row is (its key, or its cluster), given in `Batch.identity` as a
            number that hangs on the texts alone: `row_marks.mix` of a whole number, else the lower half of
            its MD5 digest, to which `mix` of the columns before is added.
        texts
            Columns of any type, given as Arrow arrays of texts in `Batch.texts`: ``batch.texts["id"].to_pylist()``
            is a list of texts, ``None`` where there is no value.

        Raises
        ------
        UsageError
            Where there is no such column, or the filter is none.
        DataError
            Where a value cannot be read, or the group or the identity of a row is missing; the message says which and
            what to do.
        """
        marks = Marks(by, tuple(identity), tuple(texts))
        request = self.request(columns, where, labels, group, marks)
        return self._read(request) if group is None else self._read_groups(request, group)

    def request(
        self,
        columns: Sequence[str],
        where: str | None = None,
        labels: Mapping[str, Sequence[str]] | None = None,
        group: str | None = None,
        marks: Marks = NO_MARKS,
    ) -> Request:
        """Check what is asked for, as `read` does.

        Raises
        ------
        UsageError
            Where there is no such column, or the filter is none.
        """
        condition = None if where is None else parse_filter(where, self._connection)
        labels = labels or {}
        wanted = {name: ColumnType.TEXT if name in labels else self._wanted(name) for name in columns}
        uses = {} if condition is None else self._resolve(condition)
        for name in marks.columns:
            if name not in self.columns:
                raise unknown_column(name, self.columns, self.name)
        refuse_alike(dict.fromkeys([*wanted, *uses, *([] if group is None else [group]), *marks.columns]))
        return Request(wanted, condition, uses, self._widths, labels, group, marks)

    def keep_order(self) -> None:
        """Hand out rows in file order, as all sources do but those that are joined."""

    def settle(self, where: str | None = None) -> None:
        """Do what must be done before rows of this source, those that a filter lets through, are joined with others."""

    def width(self, column: str) -> int:
        """Return how many numbers a row of a column holds: of a list column what its first list does, 0 without any.

        Raises
        ------
        DataError
            Where the file cannot be read as far as that.
        """
        if self.columns[column] is not ColumnType.NUMBERS:
            return 1
        for piece in self._pieces:
            if not self._widths.get(column):
                stream = Stream(
                    piece, self._connection, Request({column: ColumnType.NUMBERS}, None, {}, self._widths, {})
                )
                with closing(stream):
                    stream.find_widths()
        return self._widths[column]

    def distinct(self, column: str, most: int) -> list[str]:
        """Return the values of a column as texts, in order, where there are at most `most`; else the first of them."""
        from lossctl.sources.query.cells import distinct_of

        found: set[str] = set()
        for piece in self._pieces:
            found.update(distinct_of(piece, self._connection, column, most))
        return sorted(found)[:most]

    def repeats(self, column: str, others: tuple[str, ...]) -> bool:
        """Return whether rows that are equal in other columns differ in one, as far as the first rows tell."""
        from lossctl.sources.query.cells import differ_alone

        return self._look((column, *others), lambda: differ_alone(self._pieces, self._connection, column, others))

    def varies(self, column: str) -> bool:
        """Return whether a column has several values, as far as a look at the first rows tells."""
        from lossctl.sources.query.cells import varies

        return self._look((column,), lambda: varies(self._pieces, self._connection, column))

    def _look(self, columns: tuple[str, ...], at: Callable[[], bool]) -> bool:
        """Look once at columns that nobody asked for: what is wrong with them is no error."""
        if columns not in self._looked:
            try:
                self._looked[columns] = at()
            except LossctlError:
                self._looked[columns] = False
        return self._looked[columns]

    def texts(self, rows: Sequence[int], columns: Sequence[str]) -> list[dict[str, str | None]]:
        """Return the values of some rows, by number, as texts: one pass over the files that hold them.

        Parameters
        ----------
        rows
            Row numbers, counted from 0 over all files, in any order; each of them gives an item of the list.
        columns
            Columns of any type. Values are as in `read` with ``texts``; ``None`` where there is none.

        Raises
        ------
        UsageError
            Where there is no such column.
        """
        from lossctl.sources.query.cells import texts_of

        for name in columns:
            if name not in self.columns:
                raise unknown_column(name, self.columns, self.name)
        found: dict[int, dict[str, str | None]] = {}
        for index in sorted({self._piece_of(row)[0] for row in rows}):
            piece, start = self._pieces[index], self._starts[index]
            mine = [row - start for row in rows if self._piece_of(row)[0] == index]
            found.update({row + start: each for row, each in texts_of(piece, self._connection, mine, columns)})
        return [found[row] for row in rows]

    def locate(self, row: int) -> Place:
        """Return where a row stands, counted from 0 over all files. For messages: it may read the file again."""
        index, start = self._piece_of(row)
        return self._pieces[index].place(row - start)

    def raw(self, row: int, column: str) -> str | None:
        """Return a value as it stands in a text file; ``None`` where the source is no text."""
        return self.locate(row).values.get(column)

    def _piece_of(self, row: int) -> tuple[int, int]:
        while self._starts[-1] <= row and len(self._starts) < len(self._pieces):
            piece = self._pieces[len(self._starts) - 1]
            count = piece.rows
            if count is None:
                with self._connection.cursor() as cursor:
                    query = f"select count(*) from {piece.relation({})}"
                    try:
                        count = int(cursor.execute(query).fetchall()[0][0])
                    except duckdb.Error as error:
                        raise piece.explain({}, (), str(error)) or unreadable(piece.name, error) from error
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
            from lossctl.sources.query.cells import not_numbers

            raise not_numbers(self._pieces, self._connection, name, kind)
        return kind

    def _resolve(self, condition: Filter) -> dict[str, ColumnType]:
        """Find the columns a filter speaks of, without regard to case as SQL does."""
        found: dict[str, ColumnType] = {}
        lower = [each.lower() for each in self.columns]
        unknown = [name for name in condition.uses if name not in self.columns and lower.count(name.lower()) != 1]
        if unknown:
            raise unknown_in_condition(unknown, self.columns, condition.text)
        for name, guess in condition.uses.items():
            exact = name if name in self.columns else [*self.columns][lower.index(name.lower())]
            known = self.columns[exact]
            found[exact] = guess if known is ColumnType.UNKNOWN else known
        return found

    def _read(self, request: Request) -> Iterator[Batch]:
        first = 0
        self._consumed, self._finished = 0, False
        for index, piece in enumerate(self._pieces):
            with ExitStack() as stack:
                if piece.needs_verifying and index not in self._verified:
                    stack.enter_context(self._verifying(index))
                stream = self._stream(piece, request)
                self._streams.add(stream)
                stack.callback(self._streams.discard, stream)
                stack.callback(stream.close)
                batches = stack.enter_context(closing(stream.batches(first)))
                for batch, read in batches:
                    self._consumed = first + read
                    if len(batch):
                        yield from replace(batch, file=index).split(BLOCK_ROWS)
                if stream.length is not None:
                    first += stream.length
                    if len(self._starts) == index + 1:
                        self._starts.append(first)
        self._finished = True

    def _stream(self, piece: Piece, request: Request) -> Stream:
        return Stream(piece, self._connection, request)

    def _read_groups(self, request: Request, group: str) -> Iterator[Batch]:
        if request.uses.get(group) is ColumnType.NUMBER and not isinstance(self._pieces[0], TypedPiece):
            problem = f'--where takes the column "{group}" for numbers, and --group for names'
            raise UsageError(problem, f'write "{group}"::double in the condition')
        from lossctl.sources.query.groups import Grouped

        self._consumed, self._finished = 0, False
        with ExitStack() as stack:
            stack.enter_context(self.verifying())
            starts = self.starts()
            streams = [Stream(piece, self._connection, request) for piece in self._pieces]
            for stream in streams:
                stack.callback(stream.close)
            found = Grouped(streams, starts, self._connection, request)
            self._streams.add(found)
            stack.callback(self._streams.discard, found)
            stack.callback(found.close)
            for batch in stack.enter_context(closing(found.batches())):
                self._consumed += len(batch)
                yield from batch.split(BLOCK_ROWS)
            if found.missing is not None:
                row, column = found.missing
                place = self.locate(row)
                if column != group:
                    raise NoIdentityError(row, column).explained(place)
                cure = f"leave such rows out: --where '{self._pieces[0].has_group(group)}'"
                raise DataError(f'{place}, column "{group}": the group is missing', cure)
        self._finished = True

    @contextmanager
    def verifying(self) -> Iterator[None]:
        """Check compressed files beside the reader, those that have not been."""
        with ExitStack() as stack:
            for index, piece in enumerate(self._pieces):
                if piece.needs_verifying and index not in self._verified:
                    stack.enter_context(self._verifying(index))
            yield

    @contextmanager
    def _verifying(self, index: int) -> Iterator[None]:
        """Check a compressed file beside the reader; what the reader gave counts only when the check is done."""
        stop = Event()
        check = Beside(lambda: self._pieces[index].verify(stop))
        try:
            yield
            check.result()
            self._verified.add(index)
        finally:
            stop.set()
            check.wait()
