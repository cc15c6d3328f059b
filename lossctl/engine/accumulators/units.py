"""Sums by unit: a row, a cluster, a block of rows or, where these are many, a bucket of them.

A unit is told by a number of 64 bits, its identity, which depends on nothing but the row, so that neither order nor
cut nor merge can change what is summed. Resampling needs no more than 4096 units: more are put into as many buckets by
the hash of their identity. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from lossctl.core.errors import DataError
from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.method import Method
from lossctl.core.rows.block import Block, Rows
from lossctl.core.rows.hashing import STEP, finalize
from lossctl.core.rows.runs import starts_of_runs
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.lags import positions_of

__all__ = ["BUCKETS", "Identities", "SeriesTally", "UnitTally", "identities_of", "splitmix64"]

BUCKETS = 4096
"""Enough for quantiles of what is resampled, few enough that the cost does not grow with the rows."""

_SHIFT = np.uint64(64 - 12)

Identities = npt.NDArray[np.uint64]


def splitmix64(seed: int, numbers: Identities) -> Identities:
    """Return the outputs of those numbers, from 0, of the generator splitmix64 started with a seed.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.

    Examples
    --------
    >>> import numpy as np
    >>> splitmix64(1234567, np.array([0, 1], dtype=np.uint64)).tolist()
    [6457827717110365317, 3203168211198807973]
    """
    return finalize((numbers + np.uint64(1)) * np.uint64(STEP) + np.uint64(seed))


def identities_of(block: Block, method: Method, read: Rows | None = None, first: int | None = None) -> Identities:
    """Return the identity of the unit of each row of a block; of each group, where rows stand group by group.

    A row's is what the source says, or its number. In a series, and with blocks, it is the row's position among those
    of the whole or the slice that is compared, or the block of that; of groups, the number of the first row.

    Parameters
    ----------
    block, method
        The rows, and what the units are.
    read, first
        As in `lossctl.engine.accumulators.lags.positions_of`; with no `first`, rows stand where their numbers say.

    Raises
    ------
    DataError
        Where the rows of one group are of two clusters.
    """
    batch = block.batch
    is_placed = method.block is not None or method.is_series
    if is_placed and first is not None and block.starts is None:
        placed = positions_of(block, read, first).astype(np.uint64)
        return placed if method.block is None else placed // np.uint64(method.block)
    if batch.identity is not None and method.block is None:
        found = batch.identity
    elif batch.rows is not None:
        found = batch.rows.astype(np.uint64)
    else:
        found = np.arange(batch.first_row, batch.first_row + len(batch), dtype=np.uint64)
    if block.kept is not None:
        found = found[block.kept]
    if block.starts is not None and len(found):
        least, most = (each.reduceat(found, block.starts) for each in (np.minimum, np.maximum))
        if method.cluster is not None and not np.array_equal(least, most):
            problem = f'a group has rows of several clusters of "{method.cluster}"'
            raise DataError(
                problem, "groups are compared whole: cluster by a column that is the same in all their rows"
            )
        found = least
    return found if method.block is None else found // np.uint64(method.block)


class _Known:
    """Identities and their codes, in sorted runs of which each is at least twice as long as the next.

    So that many new ones cost little more than few: each is sorted anew as often as its run doubles.
    """

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[tuple[Identities, Codes]] = []

    def __len__(self) -> int:
        return sum(len(known) for known, _ in self._runs)

    def codes(self, distinct: Identities) -> Codes:
        """Return the codes of identities; -1 where one is not known."""
        found = np.full(len(distinct), -1, np.int64)
        for known, codes in self._runs:
            places = np.searchsorted(known[:-1], distinct)  # the last stands for all above, and is compared like any
            held = known[places] == distinct
            found[held] = codes[places[held]]
        return found

    def add(self, fresh: Identities) -> Codes:
        """Return new codes to identities that are not known, each once."""
        count = len(self)
        given = np.arange(count, count + len(fresh))
        order = np.argsort(fresh)
        self._runs.append((fresh[order], given[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            runs = self._runs.pop(), self._runs.pop()
            known, codes = (np.concatenate([run[place] for run in runs]) for place in (0, 1))
            order = np.argsort(known, kind="stable")
            self._runs.append((known[order], codes[order]))
        return given

    def in_order(self) -> Identities:
        """Return all identities by their codes."""
        found = np.empty(len(self), np.uint64)
        for known, codes in self._runs:
            found[codes] = known
        return found


@dataclass(slots=True)
class UnitTally:
    """Exact sums by unit, of several columns.

    Parameters
    ----------
    method
        What the units are, the seed of their hashes, and whether many may be put into buckets.
    sums
        By name. The weights have none.
    """

    method: Method
    weights: GroupedSum = field(default_factory=GroupedSum)
    sums: dict[Hashable, GroupedSum] = field(default_factory=dict)
    in_buckets: bool = False
    _known: _Known = field(default_factory=_Known)

    def __len__(self) -> int:
        return BUCKETS if self.in_buckets else len(self._known)

    def codes(self, identities: Identities) -> Codes:
        """Return the code of each unit, by its identity."""
        if not self.in_buckets:
            starts = starts_of_runs(identities)
            runs = identities[starts]
            distinct, places = np.unique(runs, return_inverse=True)  # sorted, they are looked up far sooner
            codes = self._learn(distinct)
            if not self.in_buckets:
                return np.repeat(codes[places], np.diff(starts, append=len(identities)))
        return self._bucket(identities)

    def add_weights(self, weight: Array | None, codes: Codes) -> None:
        """Add weights; ``None``: each is 1."""
        if weight is None and len(self) < len(codes):  # as many whole numbers as there are units do as well
            weight, codes = np.bincount(codes).astype(np.float64), np.arange(int(codes.max(initial=-1)) + 1)
        self.weights.add(np.ones(len(codes)) if weight is None else weight, codes)

    def add(self, name: Hashable, values: Array, codes: Codes) -> None:
        """Add values to the sums of a name."""
        total = self.sums.get(name)
        if total is None:
            total = self.sums[name] = GroupedSum()
        total.add(values, codes)

    def merge(self, other: UnitTally) -> None:
        """Take over the sums of another part."""
        if other.in_buckets and not self.in_buckets:
            self._fold()
        codes = self._learn(other._known.in_order()) if not other.in_buckets else None
        if self.in_buckets and not other.in_buckets:
            codes = other._buckets_of_codes()
        for name, total in [(None, other.weights), *other.sums.items()]:
            mine = self.weights if name is None else self.sums.setdefault(name, GroupedSum())
            mine.merge(total if codes is None else _by(total, codes))

    def floats(self, names: Sequence[Hashable]) -> list[Array]:
        """Return the weights and the sums of some names by unit, correctly rounded, by the hash of the unit."""
        order = slice(None) if self.in_buckets else np.argsort(self._hashes(self._known.in_order()))
        totals = [self.weights, *(self.sums[name] for name in names)]
        return [_padded(total.floats(), len(self))[order] for total in totals]

    def _learn(self, distinct: Identities) -> Codes:
        """Return the codes of different units, new ones too; in buckets, nothing that is of use."""
        if self.in_buckets:
            return np.empty(0, np.int64)
        codes = self._known.codes(distinct)
        fresh = codes < 0
        count = int(np.count_nonzero(fresh))
        if self.method.resamples_units and len(self._known) + count > BUCKETS:
            self._fold()
            return np.empty(0, np.int64)
        if count:
            codes[fresh] = self._known.add(distinct[fresh])
        return codes

    def _fold(self) -> None:
        """Put the units into buckets."""
        codes = self._buckets_of_codes()
        self.weights = _by(self.weights, codes)
        self.sums = {name: _by(total, codes) for name, total in self.sums.items()}
        self._known = _Known()
        self.in_buckets = True

    def _buckets_of_codes(self) -> Codes:
        """Return the bucket of each unit, by its code."""
        return self._bucket(self._known.in_order())

    def _bucket(self, identities: Identities) -> Codes:
        found: Codes = (self._hashes(identities) >> _SHIFT).astype(np.int64)
        return found

    def _hashes(self, identities: Identities) -> Identities:
        return splitmix64(self.method.seed, identities)


class SeriesTally(UnitTally):
    """Exact sums by stretches of a series, each of 1 row or 2, 4, 8 …: as many as it takes for at most 4096 of them.

    Where a stretch begins depends on positions alone, so that neither cut nor merge can change what is summed.
    """

    __slots__ = ("end", "halved")

    def __init__(self, method: Method) -> None:
        super().__init__(method)
        self.end = 0
        self.halved = 0

    def __len__(self) -> int:
        return -(-self.end >> self.halved) if self.end else 0

    def codes(self, identities: Identities) -> Codes:
        """Return the stretch of each row, by its position."""
        self._reach(int(identities.max(initial=0)) + 1 if len(identities) else 0)
        found: Codes = (identities >> np.uint64(self.halved)).astype(np.int64)
        return found

    def merge(self, other: UnitTally) -> None:
        """Take over the sums of another part of the series."""
        if not isinstance(other, SeriesTally):
            raise TypeError("these are no sums of a series")
        self._reach(other.end)
        other.halve(self.halved)
        self.halve(other.halved)
        for name, total in [(None, other.weights), *other.sums.items()]:
            mine = self.weights if name is None else self.sums.setdefault(name, GroupedSum())
            mine.merge(total)

    def floats(self, names: Sequence[Hashable]) -> list[Array]:
        """Return the weights and the sums of some names by stretch, correctly rounded, in their order."""
        return [_padded(each.floats(), len(self)) for each in (self.weights, *(self.sums[name] for name in names))]

    def _reach(self, end: int) -> None:
        """Make stretches so long that they are few up to a position."""
        self.end = max(self.end, end)
        self.halve(max(0, (self.end - 1).bit_length() - BUCKETS.bit_length() + 1) if self.end else 0)

    def halve(self, times: int) -> None:
        """Join neighbours until each stretch is of 2^times rows."""
        if times <= self.halved:
            return
        joined = times - self.halved
        self.weights, *sums = (
            _by(total, np.arange(len(total)) >> joined) for total in (self.weights, *self.sums.values())
        )
        self.sums = dict(zip(self.sums, sums, strict=True))
        self.halved = times


def _by(total: GroupedSum, codes: Codes) -> GroupedSum:
    """Regroup sums whose last codes may have got nothing yet."""
    return total.regrouped(codes[: len(total)])


def _padded(values: Array, length: int) -> Array:
    return values if len(values) == length else np.concatenate([values, np.zeros(length - len(values))])
