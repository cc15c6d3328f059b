"""One pass over one file or frame: the query, its batches, and what to say when it fails.

Imports duckdb, arro3, NumPy and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import arro3.core as arro
import duckdb
import numpy as np

from lossctl.core.errors import MORE_MEMORY, DataError, LossctlError, UsageError, plain_line
from lossctl.core.rows.block import BLOCK_NUMBERS, Batch, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.sources.duck.arrow import UnevenError, lists_to_numpy, to_mask, to_numbers
from lossctl.sources.duck.sql import quote_name, quote_text
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import NOT_TOLD_APART, Piece
from lossctl.sources.query.row_marks import NO_MARKS, Marks, NoIdentityError, as_text

if TYPE_CHECKING:
    from lossctl.sources.files.wide import Apart, Cut
    from lossctl.sources.query.where import Filter

__all__ = ["ROW", "Request", "Stream", "numbered", "pass_on_interrupt", "records_of", "unreadable", "with_texts"]

_INTERRUPTED = "Query interrupted"
"""What DuckDB says where Ctrl-C reaches it first."""
_OUT_OF_MEMORY = "Out of Memory Error"
_APART = "it is computed on too: give what tells rows apart in a column of its own"

_NUMERIC = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,14})(?:[.][0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
"""A number that starts with no 0 too many, and is far from where doubles stand for several whole numbers."""

FEWER_ROWS = f"write it in row groups of fewer rows, such as 20, or {MORE_MEMORY}"

DUCKDB_ROWS = 131_072
"""The most rows of a record batch of DuckDB's."""
WIDE_ROW = 32
"""Rows of fewer numbers come in such batches: a hundred thousand are few megabytes."""
_LEAST_ROWS = 64
"""Rows in a batch of wide rows, at least: each column of a batch costs as much as a thousand numbers."""

ROW = quote_name("row within lossctl")
"""A name that no column has."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of each piece.

    Parameters
    ----------
    wanted
        The columns to read, and what they hold.
    condition
        The filter; ``None``: every row.
    uses
        The columns of the filter, and what they hold.
    widths
        How long the lists of a column are, learnt from the first list there is.
    labels
        The labels of a column that is read as the places of its values among them.
    group
        The column whose values say which rows belong together; ``None``: rows are read in file order.
    marks
        What is read beside numbers.
    """

    wanted: Mapping[str, ColumnType]
    condition: Filter | None
    uses: Mapping[str, ColumnType]
    widths: dict[str, int]
    labels: Mapping[str, Sequence[str]]
    group: str | None = None
    marks: Marks = NO_MARKS

    @property
    def types(self) -> dict[str, ColumnType]:
        """The columns that are needed, and what they are read as: as text where nothing needs them as a number."""
        texts = [*self.marks.columns, *(() if self.group is None else (self.group,))]
        return {**dict.fromkeys(texts, ColumnType.TEXT), **self.uses, **self.wanted}

    def twofold(self, piece: Piece) -> tuple[str, ...]:
        """Return the columns that are marks, and so texts, where the filter takes them for something else."""
        of_filter = [name for name in self.marks.columns if name in self.uses and name not in self.wanted]
        return tuple(
            name for name in of_filter if self.uses[name] is not ColumnType.TEXT and not piece.keeps_type(name)
        )


class Stream:
    """One pass over one piece.

    Attributes
    ----------
    length
        The rows of the piece, once all are read.
    """

    def __init__(self, piece: Piece, connection: duckdb.DuckDBPyConnection, request: Request) -> None:
        self._piece = piece
        self._cursor = connection.cursor()
        piece.prepare(self._cursor)
        self._wanted = request.wanted
        self._condition = request.condition
        self._types = request.types
        self._beside = {*request.uses, *request.marks.columns, *request.labels}
        self._twofold = request.twofold(piece)
        self._marks = request.marks
        self._widths = request.widths
        self._labels = request.labels
        self._cancelled = False
        self._apart: Apart | None = None
        self.length: int | None = None

    @property
    def name(self) -> str:
        """The piece, as the user would name it."""
        return self._piece.name

    def prepare(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make what `query` speaks of known to another cursor."""
        self._piece.prepare(cursor)

    def cancel(self) -> None:
        """Make the reader stop with an error."""
        self._cancelled = True
        with suppress(duckdb.Error):
            self._cursor.interrupt()

    def close(self) -> None:
        """Stop, and give up the cursors."""
        self.cancel()
        self._cursor.close()

    def batches(self, first: int) -> Generator[tuple[Batch, int]]:
        """Yield each batch, and how many rows of the piece have been read."""
        read = 0
        for record in self._records():
            try:
                batch, read = self._batch(record, first, read)
            except UnevenError as error:
                raise error.explained(self._piece.place(self._row(error.index, record, read))) from error
            except NoIdentityError as error:
                place = self._piece.place(self._row(error.index, record, read))
                raise error.explained(place) from error
            yield batch, read
        self.length = read if self._piece.rows is None else self._piece.rows

    def _records(self) -> Iterator[Any]:
        """Yield the Arrow record batches, those of wide rows a few rows each."""
        self.find_widths()
        try:
            self._apart = self._piece.apart(self._cursor, self._numbers_of(self._wanted))
            records = records_of(self._cursor, self.query(), self._condition, self.numbers())
            yield from records if self._apart is None else self._with_wide(self._apart, records)
        except LossctlError:
            raise
        except Exception as error:  # the Arrow stream raises no narrower class
            raise self._explain(error) from error

    def _numbers_of(self, names: Iterable[str]) -> list[str]:
        """Return the columns whose values are computed on as they stand."""
        return [
            name
            for name in names
            if name not in self._labels and self._wanted[name] in {ColumnType.NUMBER, ColumnType.NUMBERS}
        ]

    def _with_wide(self, apart: Apart, records: Iterator[Any]) -> Iterator[Cut]:
        """Yield record batches with the columns that are read apart, until this is cancelled."""
        filtered = self._condition is not None and self._piece.row_number is not None
        for cut in apart.cuts(records, "kept" if filtered else None):
            if self._cancelled:
                raise DataError(f"{self._piece.name}: reading was cancelled")
            yield cut

    def numbers(self) -> int:
        """Return how many numbers a row of the record batches holds."""
        apart = {} if self._apart is None else self._apart.places
        here = [(name, kind) for name, kind in self._wanted.items() if name not in apart]
        return sum(self._widths.get(name, 1) if kind is ColumnType.NUMBERS else 1 for name, kind in here)

    def _row(self, index: int, record: Any, read: int) -> int:
        """Return the number in the piece of a row of a record batch."""
        if self._condition is None:
            return read + index
        kept = record.column("kept")
        return int(kept[index].as_py()) if self._piece.row_number else read + index

    def find_widths(self) -> None:
        """Learn how long the lists of a column are, from the first there is.

        Raises
        ------
        DataError
            Where the piece cannot be read as far as that.
        """
        relation = self._piece.relation(self._types)
        for name, kind in self._wanted.items():
            if kind is ColumnType.NUMBERS and not self._widths.get(name):
                column = quote_name(name)
                query = f"select len({column}) from {relation} where {column} is not null limit 1"
                try:
                    apart = self._piece.apart(self._cursor, [name])
                    found = self._cursor.execute(query).fetchall() if apart is None else [(apart.width(name),)]
                except duckdb.Error as error:
                    raise self._explain(error) from error
                self._widths[name] = int(found[0][0]) if found else 0

    def query(self, start: int | None = None, group: str | None = None) -> str:
        """Return the SQL of the rows.

        Parameters
        ----------
        start
            The number of the first row, where each row is to come with its own.
        group
            A column to give as a text too.
        """
        parts = self.values()
        if group is not None:
            parts.append(f"{self._piece.text(group)} as team")
        text = "" if self._condition is None else f"(\n{self._condition.text}\n)"
        if text:
            self._check_condition(text)
        relation, own = self.relation(), self._piece.row_number
        if start is not None:
            relation = numbered(self._piece, self._types, self._twofold)
            parts.append(f"{own or ROW} + {start} as kept")
        elif text or not parts:
            parts.append(f"{own} as kept" if own else f"coalesce({text or 'true'}, false) as kept")
        filtered = text and (own or start is not None)
        return f"select {', '.join(parts)} from {relation}{f' where {text}' if filtered else ''}"

    def passes(self) -> str:
        """Return the SQL that the filter lets a row through."""
        if self._condition is None:
            return "true"
        text = f"(\n{self._condition.text}\n)"
        self._check_condition(text)
        return f"coalesce({text}, false)"

    def relation(self) -> str:
        """Return the SQL of the relation that is read: without columns that are read apart, which may be thousands."""
        apart = set() if self._apart is None else self._apart.places.keys() - self._beside
        types = {name: kind for name, kind in self._types.items() if name not in apart} if apart else self._types
        return with_texts(self._piece, types, self._twofold, self._piece.relation)

    def values(self, side: str = "") -> list[str]:
        """Return the SQL of each column wanted, under names of our own that start with `side`, and of the marks."""
        parts = []
        for number, (name, kind) in enumerate(self._wanted.items()):
            column = quote_name(name)
            if self._apart is not None and name in self._apart.places:
                continue
            if name in self._labels:
                value = self._code(name, column)
            elif kind is ColumnType.NUMBERS:
                value = f"{column}::double[]"
            else:
                value = f"coalesce({column}::double, 'nan'::double)"
            parts.append(f"{value} as {side}v{number}")
        return [*parts, *self._marks.query(self._piece, self._types, self._twofold)]

    def _code(self, name: str, column: str) -> str:
        """Return the SQL for the place of a label; a missing one is NaN, one that is no label −1.

        A text that is no label, as ``1.0e+00``, is the label that is the same number.
        """
        known = ", ".join(quote_text(label) for label in self._labels[name])
        text = self._piece.label(name)
        found = f"nullif(list_position([{known}], {text}), 0)"
        numbers = [label if _NUMERIC.fullmatch(label) else "null" for label in self._labels[name]]
        if any(each != "null" for each in numbers):
            number = f"case when regexp_full_match({text}, '{_NUMERIC.pattern}') then try_cast({text} as double) end"
            found = f"coalesce({found}, list_position([{', '.join(numbers)}]::double[], {number}))"
        place = f"coalesce({found}, 0)::double - 1"
        return f"case when {column} is null then 'nan'::double else {place} end"

    def _check_condition(self, text: str) -> None:
        from lossctl.sources.query.limits import limited

        query = f"select {text} as c from {self._piece.relation(self._types)} where {text}"
        try:
            with limited(self._cursor, self._condition):  # what is constant in it is computed here
                kind = str(self._cursor.execute(f"describe {query}").fetchall()[0][1])
        except duckdb.Error as error:
            if _out_of_memory(error):
                raise unreadable(self._piece.name, error, where=self._condition) from error
            raise self._bad_condition(error) from error
        if kind != "BOOLEAN":
            from lossctl.sources.duck.condition_faults import kind_of

            written = self._condition.text if self._condition else text
            raise UsageError(f"--where {written!r} is {kind_of(kind)}, not true or false", "compare it with something")

    def arrays(self, record: Any, side: str = "") -> dict[str, Array]:
        """Return the columns wanted of an Arrow record batch, where their names start with `side`."""
        columns: dict[str, Array] = {}
        read = dict(zip(record.column_names, record.columns, strict=True))  # by name each would be looked for among all
        for number, (name, kind) in enumerate(self._wanted.items()):
            lists = kind is ColumnType.NUMBERS
            if self._apart is not None and name in self._apart.places:
                columns[name] = record.apart(name, self._widths[name] if lists else None)
                continue
            column = read[f"{side}v{number}"]
            columns[name] = lists_to_numpy(column, self._widths[name], name) if lists else to_numbers(column)
        return columns

    def _batch(self, record: Any, first: int, read: int) -> tuple[Batch, int]:
        columns = self.arrays(record)
        size = int(record.num_rows)
        if self._condition is None:
            return Batch(columns, first + read, size, **self._marks.read(record, None)), read + size
        kept = record.column("kept")
        if self._piece.row_number:
            rows: Rows = np.asarray(kept).astype(np.int64) + first
            marks = self._marks.read(record, None)
            return Batch(columns, int(rows[0]) if size else first, size, rows, **marks), int(rows[-1]) + 1 - first
        mask = to_mask(kept)
        places = np.flatnonzero(mask)
        rows = places + (first + read)
        columns = {name: values[mask] for name, values in columns.items()}
        marks = self._marks.read(record, places)
        return Batch(columns, int(rows[0]) if len(rows) else first + read, len(rows), rows, **marks), read + size

    def _explain(self, error: Exception) -> LossctlError:
        if self._cancelled:
            return DataError(f"{self._piece.name}: reading was cancelled")
        pass_on_interrupt(error)
        message = str(error)
        if NOT_TOLD_APART in message:  # there is nothing wrong with the file
            return unreadable(self._piece.name, error)
        found = self.faulty_data(message) or self.faulty_condition(error)
        wide = ColumnType.NUMBERS in self._wanted.values() or len(self._wanted) >= WIDE_ROW
        return found or unreadable(
            self._piece.name, error, FEWER_ROWS if wide and self._piece.row_groups else MORE_MEMORY, self._condition
        )

    def faulty_data(self, message: str) -> LossctlError | None:
        """Find what in the piece made DuckDB fail with a message; ``None``: nothing did."""
        return self._piece.explain(self._types, self._types.keys() - self._wanted.keys(), message)

    def faulty_condition(self, error: Exception) -> LossctlError | None:
        """Say that the condition failed, where the piece can be read without; ``None``: it cannot, or there is none."""
        failed = self._condition is not None and not _out_of_memory(error) and self._reads_without_condition()
        return self._bad_condition(error) if failed else None

    def _reads_without_condition(self) -> bool:
        every = ", ".join(f"bit_xor(hash({quote_name(name)}))" for name in self._types)  # a count may not read values
        try:
            self._cursor.execute(f"select {every} from {self._piece.relation(self._types)}").fetchall()
        except duckdb.Error:
            return False
        return True

    def _bad_condition(self, error: Exception) -> UsageError:
        written = self._condition.text if self._condition else ""
        from lossctl.sources.duck.condition_faults import not_computed

        problem, cure = not_computed(plain_line(error))
        return UsageError(f"--where {written!r} fails: {problem}", cure)


def records_of(
    cursor: duckdb.DuckDBPyConnection, query: str, condition: Filter | None, numbers: int = 1
) -> Iterator[Any]:
    """Yield the Arrow record batches of a query; one that holds a condition may take only so long.

    Where a row holds many numbers, a batch has fewer rows, so that memory does not grow with the width.
    """
    rows = DUCKDB_ROWS if numbers < WIDE_ROW else max(_LEAST_ROWS, BLOCK_NUMBERS // numbers)

    def opened() -> Any:
        return _reader(cursor.sql(query), rows)

    if condition is None:
        records = opened()
    else:
        from lossctl.sources.query.limits import in_time

        records = in_time(opened, cursor, condition)
    for record in records:
        for start in range(0, record.num_rows, rows):
            yield record.slice(start, min(rows, record.num_rows - start))


def _reader(relation: duckdb.DuckDBPyRelation, rows: int) -> Any:
    """Open a relation, in batches of so many rows where DuckDB can be told.

    DuckDB takes the number in a method that needs pyarrow, and in a private one that does not. Without either a batch
    has `DUCKDB_ROWS`, and takes more memory.
    """
    if rows < DUCKDB_ROWS:
        with suppress(AttributeError, TypeError):  # a DuckDB that has no such method
            submitted = relation._submit("stream", rows)  # noqa: SLF001 -- the public one needs pyarrow
            return arro.RecordBatchReader.from_arrow_pycapsule(submitted.arrow_capsule())
    return arro.RecordBatchReader.from_arrow(relation)


def numbered(piece: Piece, types: Mapping[str, ColumnType], twofold: Collection[str] = ()) -> str:
    """Return the relation of a piece with a column that numbers rows from 0: its own, or `ROW`; see `with_texts`."""
    relation = with_texts(piece, types, twofold, piece.relation)
    return relation if piece.row_number else f"(select *, row_number() over () - 1 as {ROW} from {relation})"


def with_texts(
    piece: Piece,
    types: Mapping[str, ColumnType],
    twofold: Collection[str],
    relation: Callable[[Mapping[str, ColumnType]], str],
) -> str:
    """Return a relation with some columns twice: as these types, and, named by `as_text`, as the texts they are.

    So what is told apart by its text is so too where a filter takes it for a number: 007 and 7 are two.
    """
    if not twofold:
        return relation(types)
    values = ", ".join(f"{piece.from_text(name, types[name])} as {quote_name(name)}" for name in twofold)
    texts = ", ".join(f"{quote_name(name)} as {quote_name(as_text(name))}" for name in twofold)
    read = {**types, **dict.fromkeys(twofold, ColumnType.TEXT)}
    return f"(select * replace ({values}), {texts} from {relation(read)})"


def pass_on_interrupt(error: Exception) -> None:
    """Raise what the user did: DuckDB turns the interrupt of a query into an error of the file."""
    if _INTERRUPTED in str(error):
        raise KeyboardInterrupt from error


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY in str(error)


def unreadable(name: str, error: Exception, more_memory: str = MORE_MEMORY, where: Filter | None = None) -> DataError:
    """Return the error that a file cannot be read, where nothing better is known.

    Parameters
    ----------
    name, error
        The file, and how it failed.
    more_memory
        The cure where memory ran out.
    where
        The condition that was computed: where memory ran out, it may have taken it.
    """
    pass_on_interrupt(error)
    if _out_of_memory(error):
        by = ""
        if where is not None:
            from lossctl.sources.query.where import LESS

            by, more_memory = f" with --where {where.shown}", f"{LESS} the condition, {more_memory}"
        return DataError(f"{name} cannot be read{by}: memory ran out ({plain_line(error)})", more_memory)
    if NOT_TOLD_APART in str(error):
        return DataError(f"{name}, {plain_line(error)}", _APART)
    problem = f"{name} cannot be read: {plain_line(error)}"
    return DataError(problem, "check that it is whole, or write it again")
