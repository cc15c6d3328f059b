"""A candidate's rows beside what a stored baseline says of the same keys, checked row by row.

Imports duckdb, NumPy and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from lossctl.core.errors import DataError
from lossctl.core.results.baseline import ABOVE, BELOW, CHECK, NOT_A_NUMBER, Baseline
from lossctl.core.rows.block import Batch
from lossctl.core.settings import Unmatched
from lossctl.core.types import Array
from lossctl.sources.columns.patterns import Spaces
from lossctl.sources.duck.database import connect
from lossctl.sources.joins.fingerprint import Judged, checksum, short
from lossctl.sources.joins.keys import named, require_keys
from lossctl.sources.joins.targets import JoinedPiece, JoinedSource
from lossctl.sources.query.row_marks import NO_MARKS, Marks
from lossctl.sources.query.source import Source
from lossctl.sources.query.stream import Request

__all__ = ["AgainstSource", "watched"]

_STALE = "the baseline is of other data: make it anew with lossctl baseline, or give the data it was made of"


class AgainstSource(JoinedSource):
    """The rows of a candidate that a stored baseline has too: all columns of the candidate, and the stored losses.

    Every row is checked to be judged by what the baseline's was, in each pass; and once all are read, that they are all
    those that were stored, with the losses that were stored.

    Parameters
    ----------
    candidate
        The candidate. It is left open.
    kept
        The stored rows, closed with this.
    baseline
        What the file says of itself.
    judged
        What rows are judged by, by the candidate's columns.
    unmatched
        As in `lossctl.sources.joins.targets.join`.
    ordered
        Whether rows must come in the candidate's order.
    threads
        Threads to join with.
    """

    def __init__(
        self,
        candidate: Source,
        kept: Source,
        baseline: Baseline,
        judged: Judged,
        *,
        unmatched: Unmatched = "error",
        ordered: bool = False,
        threads: int | None = None,
    ) -> None:
        require_keys((candidate, kept), baseline.key)
        piece = JoinedPiece(candidate, kept, baseline.key)
        super().__init__(piece, connect(piece.paths(), threads), unmatched, ordered=ordered)
        self.spaces = Spaces(tuple(candidate.columns), {name: name for name in candidate.columns}, kept.name)
        self._baseline, self._judged, self._kept = baseline, judged, kept
        self._asked: Request | None = None
        self._check_column = piece.right_names[CHECK]
        self._names = {piece.right_names[each.name]: each for of in baseline.columns.values() for each in of}

    def columns_of(self, label: str) -> tuple[str, ...]:
        """Return the columns of the parts of a loss."""
        own = self._joined.right_names
        return tuple(own[each.name] for each in self._baseline.columns[label])

    def close(self) -> None:
        """Release what is held, but for the candidate."""
        Source.close(self)
        self._kept.close()

    def read(self, columns: Sequence[str], **options: Any) -> Iterator[Batch]:
        """Stream columns as `lossctl.sources.query.source.Source.read` does, and check each row.

        Raises
        ------
        DataError
            Where a row is judged by something else than the baseline's, is missing, or has another loss than was
            stored.
        """
        return self._closed(super().read(columns, **options))

    def request(
        self,
        columns: Sequence[str],
        where: str | None = None,
        labels: Mapping[str, Sequence[str]] | None = None,
        group: str | None = None,
        marks: Marks = NO_MARKS,
    ) -> Request:
        """Check what is asked for, and ask for what `watched` looks at too."""
        wanted = list(dict.fromkeys([*columns, *self._judged.columns, self._check_column]))
        marks = replace(marks, texts=tuple(dict.fromkeys([*marks.texts, *self._judged.texts])))
        self._asked = super().request(wanted, where, labels, group, marks)
        self.sides[0].settle(where)
        return self._asked

    def settle(self, where: str | None = None) -> None:
        """Check the keys of the rows that were last asked for: the baseline has none but those of its filter."""
        del where
        self._check(self._asked or Request({}, None, {}, {}, {}))

    def _closed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        with closing(batches):  # type: ignore[type-var]  # a generator, and to be closed as one
            yield from self.watched(batches)

    def watched(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Hand on rows that were read as `request` says, and check each; for who reads this beside other sources.

        Raises
        ------
        DataError
            As `read`.
        """
        sums: dict[str, int] = {}
        judged, n = 0, 0
        for batch in batches:
            hashes = self._judged.hashes(batch)
            self._require_same(batch, short(hashes) == batch.columns[self._check_column])
            judged = (judged + int(hashes.sum(dtype=np.uint64))) % 2**64
            n += len(batch)
            for name in batch.columns.keys() & self._names.keys():
                sums[name] = (sums.get(name, 0) + checksum(_decoded(batch.columns[name]))) % 2**64
            yield batch
        if self.unmatched == "error" or n == self._baseline.n:
            self._require_all(n, judged, sums)

    def _require_same(self, batch: Batch, same: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        if same.all():
            return
        index = int(np.flatnonzero(~same)[0])
        row = batch.row_number(index)
        (values,) = self.sides[0].texts([row], self.keys)
        place = f"{self.locate(row)}, {named(self.keys, list(values.values()))}"
        problem = f"{place}: the {self._judged.words} is not what {self._kept.name} was made with"
        raise DataError(problem, _STALE)

    def _require_all(self, n: int, judged: int, sums: Mapping[str, int]) -> None:
        name = self._kept.name
        if n != self._baseline.n:
            problem = f"{self.name} has {n} of the {self._baseline.n} rows of {name}"
            raise DataError(problem, _STALE)
        if f"{judged:016x}" != self._baseline.targets[:16]:
            raise DataError(f"{self.name}: the {self._judged.words}s are not those {name} was made with", _STALE)
        for column, total in sums.items():
            if f"{total:016x}" != self._names[column].checksum:
                problem = f'{name}, column "{self._names[column].name}": these are not the losses that were stored'
                raise DataError(problem, "it was damaged or changed: make it anew with lossctl baseline")


def watched(source: Source, batches: Iterable[Batch]) -> Iterable[Batch]:
    """Hand on the rows of a source that is read beside others; those beside a stored baseline are checked."""
    return source.watched(batches) if isinstance(source, AgainstSource) else batches


def _decoded(values: Array) -> Array:
    """Return the numbers that are there, as they were stored."""
    there = values[~np.isnan(values)]
    known = [there == ABOVE, there == BELOW, there == NOT_A_NUMBER]
    return np.select(known, [np.inf, -np.inf, np.nan], there)
