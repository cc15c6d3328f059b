"""Rows group by group: sorted by DuckDB over all files, out of core, and cut between groups.

Imports duckdb, arro3, NumPy and core.
"""

# ruff: noqa: S608 -- the queries joined here quote what goes into them

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np
import numpy.typing as npt

from lossctl.core.errors import DataError, LossctlError
from lossctl.core.rows.block import Batch, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.names import listed
from lossctl.sources.query.row_marks import NoIdentityError
from lossctl.sources.query.stream import Request, Stream, pass_on_interrupt, records_of, unreadable

__all__ = ["Grouped"]


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows in the order of their groups, and which are the first of a group."""

    batch: Batch
    fresh: npt.NDArray[np.bool_]

    def cut(self, start: int, stop: int) -> _Part:
        return _Part(self.batch.cut(start, stop), self.fresh[start:stop])


class Grouped:
    """One pass over all pieces of a source, in the order of groups.

    Attributes
    ----------
    missing
        The number of a row whose group, or identity, is missing, and its column; nothing was given then, or not all.
    """

    def __init__(
        self, streams: Sequence[Stream], starts: Sequence[int], connection: duckdb.DuckDBPyConnection, request: Request
    ) -> None:
        self._streams = streams
        self._starts = starts
        self._request = request
        self._cursor = connection.cursor()
        self._cancelled = False
        for stream in streams:
            stream.prepare(self._cursor)
        self.missing: tuple[int, str] | None = None

    def cancel(self) -> None:
        """Make the reader stop with an error."""
        self._cancelled = True
        with suppress(duckdb.Error):
            self._cursor.interrupt()

    def close(self) -> None:
        """Stop, and give up the cursor."""
        self.cancel()
        self._cursor.close()

    def batches(self) -> Generator[Batch]:
        """Yield batches of whole groups, each as large as Arrow's or as its one group."""
        held: list[_Part] = []  # of a group whose end is not read yet
        for part in self._parts():
            firsts = np.flatnonzero(part.fresh)
            if len(firsts) == 0:
                held.append(part)
                continue
            last = int(firsts[-1])
            if held or last:
                yield _joined([*held, part.cut(0, last)])
            held = [part.cut(last, len(part.fresh))]
        if held:
            yield _joined(held)

    def _parts(self) -> Iterator[_Part]:
        try:
            numbers = self._streams[0].numbers()
            for record in records_of(self._cursor, self._query(), self._request.condition, numbers):
                rows: Rows = np.asarray(record.column("kept")).astype(np.int64)
                if len(rows) and record.column("missing")[0].as_py():
                    self.missing = (int(rows[0]), str(self._request.group))
                    return
                fresh = np.asarray(record.column("fresh"), dtype=np.bool_)
                try:
                    marks = self._request.marks.read(record, None)
                except NoIdentityError as error:
                    self.missing = (int(rows[error.index]), error.column)
                    return
                batch = Batch(
                    self._streams[0].arrays(record), int(rows[0]) if len(rows) else 0, len(rows), rows, **marks
                )
                yield _Part(batch, fresh)
        except LossctlError:
            raise
        except Exception as error:  # the Arrow stream raises no narrower class
            raise self._explain(error) from error

    def _query(self) -> str:
        """Sort by group, then as in the source; mark the first row of each group, and rows without one."""
        queries = (
            stream.query(start, self._request.group) for stream, start in zip(self._streams, self._starts, strict=True)
        )
        ordered = f"select * from ({' union all '.join(queries)}) order by team nulls first, kept"
        numbers = [f"v{number}" for number in range(len(self._request.wanted))]
        own = self._request.marks.names
        chosen = [*numbers, *own, "kept", "team is distinct from lag(team) over () as fresh", "team is null as missing"]
        return f"select {', '.join(chosen)} from ({ordered})"

    def _explain(self, error: Exception) -> LossctlError:
        if self._cancelled:
            return DataError(f"{self._streams[0].name}: reading was cancelled")
        pass_on_interrupt(error)
        for stream in self._streams:
            if found := stream.faulty_data(str(error)):
                return found
        for stream in self._streams:
            if found := stream.faulty_condition(error):
                return found
        return unreadable(listed(stream.name for stream in self._streams), error, where=self._request.condition)


def _joined(parts: Sequence[_Part]) -> Batch:
    batches, fresh = [part.batch for part in parts], np.concatenate([part.fresh for part in parts])
    starts = np.flatnonzero(fresh).astype(np.int64)
    one = batches[0]
    if len(batches) == 1:
        return replace(one, starts=starts)
    return replace(
        one,
        columns={name: np.concatenate([each.columns[name] for each in batches]) for name in one.columns},
        length=len(fresh),
        rows=_concatenated([each.rows for each in batches]),
        starts=starts,
        slices=_concatenated([each.slices for each in batches]),
        identity=_concatenated([each.identity for each in batches]),
        texts={n: arro.ChunkedArray([each.texts[n] for each in batches]).combine_chunks() for n in one.texts},
    )


def _concatenated(arrays: Sequence[Any]) -> Any:
    return None if arrays[0] is None else np.concatenate(arrays)
