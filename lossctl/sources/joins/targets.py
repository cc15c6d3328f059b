"""Predictions joined with targets that stand in other files, as one source. Imports duckdb, NumPy and core."""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from lossctl.core.rows.block import Batch, Rows
from lossctl.core.settings import Unmatched
from lossctl.sources.columns.patterns import Spaces
from lossctl.sources.duck.arrow import to_mask
from lossctl.sources.duck.database import connect
from lossctl.sources.duck.place import Place
from lossctl.sources.duck.sql import quote_name
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece
from lossctl.sources.joins.audit import Audit, RepeatedKeyError, Tally
from lossctl.sources.joins.keys import (
    join_condition,
    key_name,
    key_texts,
    key_values,
    keyless,
    refuse_alone,
    repeated,
    require_keys,
    row_name,
)
from lossctl.sources.query.row_marks import NO_MARKS, Marks
from lossctl.sources.query.source import Source
from lossctl.sources.query.stream import ROW, Request, Stream, numbered, with_texts

if TYPE_CHECKING:
    from threading import Event

    from lossctl.core.errors import LossctlError

__all__ = ["JoinedPiece", "JoinedSource", "join"]

_LEFT, _RIGHT = 0, 1
_KEYLESS = quote_name("no key within lossctl")


def join(
    left: Source,
    right: Source,
    keys: Sequence[str],
    *,
    unmatched: Unmatched = "error",
    ordered: bool = False,
    threads: int | None = None,
) -> JoinedSource:
    """Join the rows of two sources that have the same key.

    Parameters
    ----------
    left
        The predictions: row numbers and places are theirs.
    right
        The targets. Where both have a column of one name, that of `left` keeps it; `JoinedSource.spaces` says
        what that of `right` is called.
    keys
        The columns, of the same names in both, that together say which row belongs to which. Values are compared as
        texts (`lossctl.core.spelling.canonical`), so that 7.0 of a Parquet file is ``7`` of a text file, and ``07`` is
        another key.
    unmatched
        ``error`` refuses rows whose key the other source does not have, ``drop`` leaves them out and counts them.
    ordered
        Whether rows must come in the order of `left`: they are sorted then, out of core.
    threads
        Threads to join with; ``None``: all cores.

    Raises
    ------
    UsageError
        Where a source has no such column.

    Examples
    --------
    >>> from lossctl.sources import open_source
    >>> left = open_source({"id": ["a", "b"], "prediction": [1.5, 2.5]})
    >>> right = open_source({"id": ["b", "a"], "target": [2.0, 1.0]})
    >>> with join(left, right, ["id"]) as joined:
    ...     (batch,) = joined.read(["target", "prediction"])
    >>> batch.columns["target"].tolist(), batch.rows.tolist()
    ([1.0, 2.0], [0, 1])
    """
    require_keys((left, right), keys)
    piece = JoinedPiece(left, right, keys)
    return JoinedSource(piece, connect(piece.paths(), threads), unmatched, ordered=ordered)


class JoinedPiece(Piece):
    """Two sources as one relation."""

    row_number = ROW

    def __init__(self, left: Source, right: Source, keys: Sequence[str]) -> None:
        self.right_names = {
            name: f"{right.name}:{name}" if name in left.columns and name not in keys else name
            for name in right.columns
        }
        self.owners = {name: (_LEFT, name) for name in left.columns}
        for name, alias in self.right_names.items():
            self.owners.setdefault(alias, (_RIGHT, name))
        self.sources = (left, right)
        self.keys = tuple(keys)
        likely = [piece.likely_rows for piece in left.pieces]
        columns = {name: self.sources[side].columns[own] for name, (side, own) in self.owners.items()}
        super().__init__(left.name, columns, likely_rows=sum(each or 0.0 for each in likely) if all(likely) else None)
        self._texts: list[bool] = key_texts(self.sources, keys)

    def side(self, side: int, types: Mapping[str, ColumnType]) -> str:
        """Return the rows of a source: columns that are asked for, the key, and the row number."""
        own = {self.owners[name][1]: kind for name, kind in types.items() if self.owners[name][0] == side}
        read = {**own, **dict.fromkeys(self.keys, ColumnType.TEXT)}  # what else a key is read as, it is joined as text
        source = self.sources[side]
        queries = []
        for piece, start in zip(source.pieces, source.starts(), strict=True):
            chosen = []
            for name, kind in own.items():
                numbers = name in self.keys and kind is not ColumnType.TEXT
                value = piece.text(name) if kind is ColumnType.TEXT else quote_name(name)
                value = piece.from_text(name, kind) if numbers else value
                chosen.append(f"{value} as {quote_name(name if side == _LEFT else self.right_names[name])}")
            values = key_values(piece, self.keys, self._texts, read)
            chosen += [f"{value} as {key_name(side, number)}" for number, value in enumerate(values)]
            chosen.append(f"{piece.row_number or ROW} + {start} as {row_name(side)}")
            queries.append(f"select {', '.join(chosen)} from {numbered(piece, read)}")
        return f"({' union all '.join(queries)})"

    def relation(self, types: Mapping[str, ColumnType]) -> str:
        """Return the rows that both sources have."""
        return self._joined("", types)

    def outer(self, types: Mapping[str, ColumnType]) -> str:
        """Return the rows that either has, and what an audit needs of them."""
        return self._joined("full", types)

    def _joined(self, how: str, types: Mapping[str, ColumnType]) -> str:
        rows = row_name(_LEFT), row_name(_RIGHT)
        chosen = [*(quote_name(name) for name in types), f"{rows[0]} as {ROW}", *rows]
        chosen.append(f"{keyless(2, len(self.keys))} as {_KEYLESS}")
        sides = f"{self.side(_LEFT, types)} {how} join {self.side(_RIGHT, types)}"
        return f"(select {', '.join(chosen)} from {sides} on {join_condition(1, len(self.keys))})"

    def keeps_type(self, name: str) -> bool:
        """Return whether a column has a type of its own: where it has one in its own file."""
        side, own = self.owners[name]
        return all(piece.keeps_type(own) for piece in self.sources[side].pieces)

    def label(self, name: str) -> str:
        """Return the SQL for a label as a text."""
        return quote_name(name)

    def named(self, column: str) -> str:
        """Name the file that a column is of."""
        return self.sources[self.owners[column][0]].name

    def has_group(self, name: str) -> str:
        """Return the SQL condition that the group of a row is not missing."""
        side, own = self.owners[name]
        return self.sources[side].pieces[0].has_group(own)

    def prepare(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make frames known to a cursor."""
        for source in self.sources:
            for piece in source.pieces:
                piece.prepare(cursor)

    def paths(self) -> list[str]:
        """Return the files to be read."""
        return [path for source in self.sources for piece in source.pieces for path in piece.paths()]

    def place(self, row: int) -> Place:
        """Return where a row of the predictions stands."""
        return self.sources[_LEFT].locate(row)

    def explain(self, types: Mapping[str, ColumnType], filtered: Collection[str], message: str) -> LossctlError | None:
        """Find what is wrong with the data of either source."""
        for side, source in enumerate(self.sources):
            own = {self.owners[name][1]: kind for name, kind in types.items() if self.owners[name][0] == side}
            read = {**dict.fromkeys(self.keys, ColumnType.TEXT), **own}
            for piece in source.pieces:
                if found := piece.explain(read, filtered, message):
                    return found
        return None

    def verify(self, stop: Event) -> None:
        """Check what DuckDB does not."""
        for source in self.sources:
            for piece in source.pieces:
                if piece.needs_verifying:
                    piece.verify(stop)

    @property
    def needs_verifying(self) -> bool:
        """Whether `verify` has anything to do."""
        return any(piece.needs_verifying for source in self.sources for piece in source.pieces)


class _JoinedStream(Stream):
    """One pass over a full outer join, which counts what it leaves out."""

    def __init__(
        self, source: JoinedSource, piece: JoinedPiece, connection: duckdb.DuckDBPyConnection, request: Request
    ) -> None:
        super().__init__(piece, connection, request)
        self._source, self._joined = source, piece
        self._audit = Audit([Tally(), Tally()])

    def batches(self, first: int) -> Generator[tuple[Batch, int]]:
        """Yield each batch, and how many rows of the join have been read."""
        try:
            yield from super().batches(first)
            self._audit.finish()
        except RepeatedKeyError:
            sides = [self._joined.side(side, {}) for side in (_LEFT, _RIGHT)]
            raise repeated(self._cursor, self._joined.sources, sides, self._joined.keys) from None
        refuse_alone(self._audit, self._joined.sources, self._joined.keys, self._source.unmatched)
        self._source.matched = self._audit.matched
        self._source.alone = (self._audit.sides[_LEFT].alone, self._audit.sides[_RIGHT].alone)

    def query(self, start: int | None = None, group: str | None = None) -> str:
        """Return the SQL of the rows: with a `start` of those that match, else of all, for the audit."""
        if start is not None:
            return super().query(start, group)
        rows = [f"coalesce({row_name(side)}, -1)::bigint as row{side}" for side in (_LEFT, _RIGHT)]
        chosen = ", ".join([*self.values(), *rows, f"{_KEYLESS} as keyless", f"{self.passes()} as passes"])
        return f"select {chosen} from {with_texts(self._joined, self._types, self._twofold, self._joined.outer)}"

    def _batch(self, record: Any, first: int, read: int) -> tuple[Batch, int]:
        rows = [np.asarray(record.column(f"row{side}")) for side in (_LEFT, _RIGHT)]
        passes = to_mask(record.column("passes"))
        places = self._audit.add(rows, to_mask(record.column("keyless")), [passes, passes])
        numbers: Rows = rows[_LEFT][places]
        columns = {name: values[places] for name, values in self.arrays(record).items()}
        start = int(numbers[0]) if len(numbers) else first
        marks = self._marks.read(record, places)
        return Batch(columns, start, len(numbers), numbers, **marks), read + int(record.num_rows)

    def _row(self, index: int, record: Any, read: int) -> int:
        del read
        return max(int(record.column("row0")[index].as_py()), 0)


class _OrderedStream(Stream):
    """One pass over the rows that match, in the order of the predictions."""

    def query(self, start: int | None = None, group: str | None = None) -> str:
        """Return the SQL of the rows."""
        return f"{super().query(start or 0, group)} order by kept"

    def _batch(self, record: Any, first: int, read: int) -> tuple[Batch, int]:
        numbers: Rows = np.asarray(record.column("kept")).astype(np.int64)
        start = int(numbers[0]) if len(numbers) else first
        marks = self._marks.read(record, None)
        return Batch(self.arrays(record), start, len(numbers), numbers, **marks), read + len(numbers)

    def _row(self, index: int, record: Any, read: int) -> int:
        del read
        return int(record.column("kept")[index].as_py())


class JoinedSource(Source):
    """What `join` gives.

    Attributes
    ----------
    keys
        The columns it is joined by.
    unmatched
        ``error`` or ``drop``.
    alone
        Of the last read that came to its end: how many rows of the predictions, and how many of the targets, were
        left out for their key was not in the other.
    spaces
        Which columns are of the predictions, and what those of the targets are called here.
    """

    def __init__(
        self,
        piece: JoinedPiece,
        connection: duckdb.DuckDBPyConnection,
        unmatched: Unmatched,
        *,
        ordered: bool,
    ) -> None:
        super().__init__(piece.sources[_LEFT].name, [piece], connection)
        self.keys, self.unmatched = piece.keys, unmatched
        self.alone = (0, 0)
        self.spaces = Spaces(tuple(piece.sources[_LEFT].columns), piece.right_names, piece.sources[_RIGHT].name)
        self._joined, self._ordered = piece, ordered
        self._checked: tuple[str | None] | None = None

    @property
    def sides(self) -> tuple[Source, Source]:
        """The predictions and the targets."""
        return self._joined.sources

    def close(self) -> None:
        """Stop reading and release what is held, of both sources too."""
        super().close()
        for source in self.sides:
            source.close()

    def request(
        self,
        columns: Sequence[str],
        where: str | None = None,
        labels: Mapping[str, Sequence[str]] | None = None,
        group: str | None = None,
        marks: Marks = NO_MARKS,
    ) -> Request:
        """Check what is asked for; how long lists are is asked of their own file, which is not joined for that."""
        found = super().request(columns, where, labels, group, marks)
        for name, kind in found.wanted.items():
            if kind is ColumnType.NUMBERS:
                self._widths[name] = self.width(name)
        return found

    def width(self, column: str) -> int:
        """Return how many numbers a row of a column holds."""
        side, own = self._joined.owners[column]
        return self.sides[side].width(own)

    def distinct(self, column: str, most: int) -> list[str]:
        """Return the values of a column as texts, in order, where there are at most `most`; else the first of them."""
        side, own = self._joined.owners[column]
        return self.sides[side].distinct(own, most)

    def texts(self, rows: Sequence[int], columns: Sequence[str]) -> list[dict[str, str | None]]:
        """Return the values of some rows as texts; only those of columns of the predictions."""
        if all(self._joined.owners.get(name, (_LEFT, name))[0] == _LEFT for name in columns):
            return self.sides[_LEFT].texts(rows, columns)
        return super().texts(rows, columns)

    def locate(self, row: int) -> Place:
        """Return where a row of the predictions stands."""
        return self.sides[_LEFT].locate(row)

    def keep_order(self) -> None:
        """Hand out rows in the order of the predictions from now on."""
        self._ordered = True

    def settle(self, where: str | None = None) -> None:
        """Check all keys, of the rows that a filter lets through."""
        self._check(self.request([], where))

    def _stream(self, piece: Piece, request: Request) -> Stream:
        del piece
        if self._ordered:
            return _OrderedStream(self._joined, self._connection, request)
        return _JoinedStream(self, self._joined, self._connection, request)

    def _read(self, request: Request) -> Iterator[Batch]:
        if not self._ordered:
            yield from super()._read(request)
            return
        self._check(request)
        starts = self.sides[_LEFT].starts()
        for batch in super()._read(request):
            numbers = batch.rows if batch.rows is not None else np.empty(0, np.int64)
            cuts = [0, *np.searchsorted(numbers, starts[1:]).tolist(), len(batch)]
            for file, (start, stop) in enumerate(pairwise(cuts)):
                if stop > start:
                    yield replace(batch.cut(start, stop), file=file, first_row=int(numbers[start]))

    def _read_groups(self, request: Request, group: str) -> Iterator[Batch]:
        self._check(request)
        yield from super()._read_groups(request, group)

    def _check(self, request: Request) -> None:
        """Audit the keys in a pass of its own, before rows are sorted: a key that stands twice may make too many."""
        where = None if request.condition is None else request.condition.text
        if self._checked == (where,):
            return
        bare = replace(request, wanted={}, group=None, marks=NO_MARKS)
        stream = _JoinedStream(self, self._joined, self._connection, bare)
        self._streams.add(stream)
        try:
            with closing(stream):
                for _ in stream.batches(0):
                    pass
        finally:
            self._streams.discard(stream)
        self._checked = (where,)
