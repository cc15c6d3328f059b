"""Several sources read as one, row by row of the same key: a batch of each, of the same rows.

Imports duckdb, NumPy and core.
"""

# ruff: noqa: S608 -- the queries joined here quote what goes into them

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from lossctl.core.errors import LossctlError
from lossctl.core.rows.block import Batch, Rows
from lossctl.core.settings import Unmatched
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.duck.arrow import UnevenError, to_mask
from lossctl.sources.duck.database import connect, disconnect
from lossctl.sources.files.options import ColumnType
from lossctl.sources.joins.audit import Audit, RepeatedKeyError, Tally
from lossctl.sources.joins.keys import (
    join_condition,
    key_name,
    key_texts,
    keyed,
    keyless,
    missing_key,
    refuse_alone,
    repeated,
    require_keys,
    row_name,
)
from lossctl.sources.names import listed
from lossctl.sources.query.row_marks import NO_MARKS, NoIdentityError
from lossctl.sources.query.source import Source
from lossctl.sources.query.stream import ROW, Request, Stream, pass_on_interrupt, records_of, unreadable

if TYPE_CHECKING:
    from lossctl.sources.query.where import Filter

__all__ = ["Matched", "paired_by_key", "require_unique"]


@dataclass(slots=True)
class Matched:
    """What is known of rows that were matched by a key, once all are read.

    Parameters
    ----------
    alone
        Of each source, how many rows were left out, for some other source does not have their key.
    """

    alone: tuple[int, ...] = ()


def paired_by_key(
    sources: Sequence[Source],
    requests: Sequence[Request],
    keys: Sequence[str],
    *,
    unmatched: Unmatched = "error",
    ordered: bool = False,
    matched: Matched | None = None,
    threads: int | None = None,
) -> Generator[list[Batch]]:
    """Yield a batch of each source, of the rows of the same keys.

    Parameters
    ----------
    sources
        Two or more.
    requests
        What to read of each (`lossctl.sources.query.source.Source.request`); slices and the like of the first alone.
    keys, unmatched, threads
        As in `lossctl.sources.joins.targets.join`. A row that a filter leaves out of one source only is unmatched.
    ordered
        Whether rows must come in the order of the first source: they are sorted then, out of core. Without it rows
        stand in that order within a batch.
    matched
        Is told what was left out, when the last batch has been given.

    Raises
    ------
    UsageError
        Where a source has no such column.
    DataError
        Where a key is missing, stands twice, or, unless such rows are dropped, is not in every source.
    """
    require_keys(sources, keys)
    paths = [path for source in sources for piece in source.pieces for path in piece.paths()]
    connection = connect(paths, threads)
    try:
        with ExitStack() as stack:
            for source in sources:
                stack.enter_context(source.verifying())
            pairs = _Pairs(sources, requests, keys, connection)
            stack.callback(pairs.close)
            audit = pairs.audit()
            if ordered:  # a key that stands twice may make too many rows to be sorted
                for _ in pairs.batches(audit, bare=True):
                    pass
            else:
                yield from pairs.batches(audit)
            refuse_alone(audit, sources, keys, unmatched)
            if matched is not None:
                matched.alone = tuple(tally.alone for tally in audit.sides)
            if ordered:
                yield from pairs.in_order()
    finally:
        disconnect(connection)


def require_unique(source: Source, request: Request, keys: Sequence[str], threads: int | None = None) -> None:
    """Refuse a source that is read alone where its key does not name each row.

    Parameters
    ----------
    source
        One that is not joined: joined ones are audited as they are read.
    request
        What is read of it; a row that its filter leaves out may lack its key.
    keys, threads
        As in `paired_by_key`.

    Raises
    ------
    UsageError
        Where the source has no such column.
    DataError
        Where a key is missing or stands twice.
    """
    require_keys((source,), keys)
    connection = connect([path for piece in source.pieces for path in piece.paths()], threads)
    try:
        with closing(_Pairs((source,), (request,), keys, connection)) as rows:
            rows.require_unique()
    finally:
        disconnect(connection)


class _Pairs:
    """The sides of one pass."""

    def __init__(
        self,
        sources: Sequence[Source],
        requests: Sequence[Request],
        keys: Sequence[str],
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._sources, self._keys = sources, keys
        self._texts = key_texts(sources, keys)
        self._cursor = connection.cursor()
        self._connection = connection
        own = dict.fromkeys(keys, ColumnType.TEXT)
        self._requests = [replace(each, uses={**own, **each.uses}) for each in requests]
        self._streams = [
            [Stream(piece, connection, request) for piece in source.pieces]
            for source, request in zip(sources, self._requests, strict=True)
        ]
        for streams in self._streams:
            for stream in streams:
                stream.prepare(self._cursor)
                stream.find_widths()
        for source, request in zip(sources, requests, strict=True):
            source.settle(None if request.condition is None else request.condition.text)

    def close(self) -> None:
        """Close all cursors."""
        for streams in self._streams:
            for stream in streams:
                stream.close()
        self._cursor.close()

    def require_unique(self) -> None:
        """Refuse keys of the first source that are missing or stand twice."""
        from lossctl.sources.query.limits import limited

        side = self._side(0, bare=True)
        own = ", ".join(key_name(0, number) for number in range(len(self._keys)))
        numbers = f"min({row_name(0)}), count(*)"
        missing = f"select {numbers} from {side} where {keyless(1, len(self._keys))} and passes0"
        twice = (
            f"select 1 from {side} where not {keyless(1, len(self._keys))} group by {own} having count(*) > 1 limit 1"
        )
        try:
            with limited(self._cursor, self._condition):
                first, count = self._cursor.execute(missing).fetchall()[0]
                again = not count and self._cursor.execute(twice).fetchall()
            if count:
                raise missing_key(self._sources[0], self._keys, first, count)
            if again:
                raise repeated(self._cursor, self._sources, [side], self._keys)
        except duckdb.Error as error:
            raise self._explain(error) from error

    def audit(self) -> Audit:
        """Begin to count."""
        return Audit([Tally(source.matched) for source in self._sources])

    def _side(self, side: int, *, bare: bool = False) -> str:
        """Return the rows of a source: numbers and marks, the key, the row number, and whether a filter lets it in."""
        source, request = self._sources[side], self._requests[side]
        queries = []
        for piece, stream, start in zip(source.pieces, self._streams[side], source.starts(), strict=True):
            chosen = [] if bare else stream.values(f"s{side}_")
            chosen += [key_name(side, number) for number in range(len(self._keys))]
            chosen.append(f"({piece.row_number or ROW} + {start})::bigint as {row_name(side)}")
            chosen.append(f"{stream.passes()} as passes{side}")
            rows = keyed(piece, side, self._keys, self._texts, request)
            queries.append(f"select {', '.join(chosen)} from {rows}")
        return f"({' union all '.join(queries)})"

    def _joined(self, how: str, *, bare: bool = False) -> str:
        sides = [self._side(side, bare=bare) for side in range(len(self._sources))]
        joined = sides[0]
        for side, relation in enumerate(sides[1:], 1):
            joined += f" {how} join {relation} on {join_condition(side, len(self._keys))}"
        return joined

    def _names(self) -> list[str]:
        """Name what is read of all sides."""
        sides = enumerate(self._requests)
        return [*self._requests[0].marks.names, *(f"s{i}_v{n}" for i, each in sides for n in range(len(each.wanted)))]

    def batches(self, audit: Audit, *, bare: bool = False) -> Iterator[list[Batch]]:
        """Yield the rows that match, as they come, and count the others."""
        sides = range(len(self._sources))
        chosen = [f"coalesce({row_name(side)}, -1) as row{side}" for side in sides]
        chosen += [f"coalesce(passes{side}, true) as passes{side}" for side in sides]
        chosen += [f"{keyless(len(sides), len(self._keys))} as keyless", *([] if bare else self._names())]
        query = f"select {', '.join(chosen)} from {self._joined('full', bare=bare)}"
        try:
            for record in self._records(query):
                rows = [np.asarray(record.column(f"row{side}")) for side in sides]
                passes = [to_mask(record.column(f"passes{side}")) for side in sides]
                places = audit.add(rows, to_mask(record.column("keyless")), passes)
                if len(places) and not bare:
                    yield self._batches(record, rows, places)
            audit.finish()
        except RepeatedKeyError:
            relations = [self._side(side, bare=True) for side in sides]
            raise repeated(self._cursor, self._sources, relations, self._keys) from None

    def in_order(self) -> Iterator[list[Batch]]:
        """Yield the rows that match, in the order of the first source."""
        sides = range(len(self._sources))
        chosen = ", ".join([*(f"{row_name(side)} as row{side}" for side in sides), *self._names()])
        passes = " and ".join(f"passes{side}" for side in sides)
        query = f"select {chosen} from {self._joined('')} where {passes} order by row0"
        starts = self._sources[0].starts()
        for record in self._records(query):
            rows = [np.asarray(record.column(f"row{side}")) for side in sides]
            if not len(rows[0]):
                continue
            batches = self._batches(record, rows, None)
            cuts = [0, *np.searchsorted(rows[0], starts[1:]).tolist(), len(rows[0])]
            for file, (start, stop) in enumerate(pairwise(cuts)):
                if stop > start:
                    yield [replace(batch.cut(start, stop), file=file) for batch in batches]

    @property
    def _condition(self) -> Filter | None:
        return next((each.condition for each in self._requests if each.condition is not None), None)

    def _records(self, query: str) -> Iterator[Any]:
        try:
            numbers = sum(streams[0].numbers() for streams in self._streams)
            yield from records_of(self._cursor, query, self._condition, numbers)
        except LossctlError:
            raise
        except Exception as error:  # the Arrow stream raises no narrower class
            raise self._explain(error) from error

    def _batches(self, record: Any, rows: Sequence[Rows], places: Rows | None) -> list[Batch]:
        """Return the rows at some places of a record batch, a batch for each side."""
        batches = []
        for side, (numbers, streams) in enumerate(zip(rows, self._streams, strict=True)):
            try:
                columns = streams[0].arrays(record, f"s{side}_")
                marks = (self._requests[0].marks if side == 0 else NO_MARKS).read(record, places)
            except UnevenError as error:
                raise error.explained(self._sources[side].locate(int(numbers[error.index]))) from error
            except NoIdentityError as error:
                place = self._sources[side].locate(int(numbers[error.index]))
                raise error.explained(place) from error
            if places is not None:
                columns = {name: values[places] for name, values in columns.items()}
                numbers = numbers[places]  # noqa: PLW2901 -- those of the rows that are given
            batches.append(Batch(columns, int(numbers[0]), len(numbers), numbers, **marks))
        return batches

    def _explain(self, error: Exception) -> LossctlError:
        pass_on_interrupt(error)
        streams = [stream for streams in self._streams for stream in streams]
        for stream in streams:
            if found := stream.faulty_data(str(error)):
                return found
        for stream in streams:
            if found := stream.faulty_condition(error):
                return found
        return unreadable(listed(source.name for source in self._sources), error, where=self._condition)
