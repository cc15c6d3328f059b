"""Sums by unit: a row, a cluster, a block of rows or, where these are many, a bucket of them.

A unit is told by a number of 64 bits, its identity, which depends on nothing but the row, so that neither order nor
cut nor merge can change what is summed. Resampling needs no more than 4096 units: more are put into as many buckets by
the hash of their identity. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lossctl.core.block import Block
from lossctl.core.errors import DataError
from lossctl.core.grouped import Codes, GroupedSum
from lossctl.core.loss import Array
from lossctl.core.method import Method

__all__ = ["BUCKETS", "Identities", "UnitTally", "identities_of", "splitmix64"]

BUCKETS = 4096
"""Enough for quantiles of what is resampled, few enough that the cost does not grow with the rows."""

_SHIFT = np.uint64(64 - 12)
_STEP = 0x9E3779B97F4A7C15

Identities = npt.NDArray[np.uint64]


def splitmix64(seed: int, numbers: Identities) -> Identities:
    """Give the outputs of those numbers, from 0, of the generator splitmix64 started with a seed.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.

    Examples
    --------
    >>> import numpy as np
    >>> splitmix64(1234567, np.array([0, 1], dtype=np.uint64)).tolist()
    [6457827717110365317, 3203168211198807973]
    """
    z = (numbers + np.uint64(1)) * np.uint64(_STEP) + np.uint64(seed)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Identities = z ^ (z >> np.uint64(31))
    return found


def identities_of(block: Block, method: Method) -> Identities:
    """Give the identity of the unit of each row of a block; of each group, where rows stand group by group.

    A row's is what the source says, or its number; with blocks, that by the rows of one.

    Raises
    ------
    DataError
        Where the rows of one group are of two clusters.
    """
    batch = block.batch
    if batch.identity is not None and method.block is None:
        found = batch.identity
    elif batch.rows is not None:
        found = batch.rows.astype(np.uint64)
    else:
        found = np.arange(batch.first_row, batch.first_row + len(batch), dtype=np.uint64)
    if block.kept is not None:
        found = found[block.kept]
    if block.starts is not None and len(found):
        first, last = (each.reduceat(found, block.starts) for each in (np.minimum, np.maximum))
        if method.cluster is not None and not np.array_equal(first, last):
            problem = f'a group has rows of several clusters of "{method.cluster}"'
            raise DataError(
                problem, "groups are compared whole: cluster by a column that is the same in all their rows"
            )
        found = first
    return found if method.block is None else found // np.uint64(method.block)


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
    _known: Identities = field(default_factory=lambda: np.empty(0, np.uint64))
    _codes: Codes = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return BUCKETS if self.in_buckets else len(self._known)

    def codes(self, identities: Identities) -> Codes:
        """Give the code of each unit, by its identity."""
        if not self.in_buckets:
            starts = np.flatnonzero(np.concatenate([[True], identities[1:] != identities[:-1]]))[: len(identities)]
            runs = identities[starts]
            distinct, places = np.unique(runs, return_inverse=True)
            codes = self._learn(distinct)
            if not self.in_buckets:
                lengths = np.diff(starts, append=len(identities))
                return np.repeat(codes[places], lengths)
        return self._bucket(identities)

    def add_weights(self, weight: Array | None, codes: Codes) -> None:
        """Add weights; ``None``: each is 1."""
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
        codes = self._learn(other._known[np.argsort(other._codes)]) if not other.in_buckets else None
        if self.in_buckets and not other.in_buckets:
            codes = other._buckets_of_codes()
        for name, total in [(None, other.weights), *other.sums.items()]:
            mine = self.weights if name is None else self.sums.setdefault(name, GroupedSum())
            mine.merge(total if codes is None else _by(total, codes))

    def floats(self, names: Sequence[Hashable]) -> list[Array]:
        """Give the weights and the sums of some names by unit, correctly rounded, by the hash of the unit."""
        order = slice(None) if self.in_buckets else self._codes[np.argsort(self._hashes(self._known))]
        totals = [self.weights, *(self.sums[name] for name in names)]
        return [_padded(total.floats(), len(self))[order] for total in totals]

    def _learn(self, distinct: Identities) -> Codes:
        """Give the codes of different units, new ones too; in buckets, nothing that is of use."""
        if self.in_buckets:
            return np.empty(0, np.int64)
        places = np.searchsorted(self._known, distinct)
        held = places < len(self._known)
        held[held] = self._known[places[held]] == distinct[held]
        fresh = distinct[~held]
        if self.method.resamples_units and len(self._known) + len(fresh) > BUCKETS:
            self._fold()
            return np.empty(0, np.int64)
        if len(fresh):
            codes = np.arange(len(self._known), len(self._known) + len(fresh))
            known = np.concatenate([self._known, fresh])
            order = np.argsort(known, kind="stable")
            self._codes = np.concatenate([self._codes, codes])[order]
            self._known = known[order]
        found: Codes = self._codes[np.searchsorted(self._known, distinct)]
        return found

    def _fold(self) -> None:
        """Put the units into buckets."""
        codes = self._buckets_of_codes()
        self.weights = _by(self.weights, codes)
        self.sums = {name: _by(total, codes) for name, total in self.sums.items()}
        self._known, self._codes = np.empty(0, np.uint64), np.empty(0, np.int64)
        self.in_buckets = True

    def _buckets_of_codes(self) -> Codes:
        """Give the bucket of each unit, by its code."""
        found = np.empty(len(self._known), np.int64)
        found[self._codes] = self._bucket(self._known)
        return found

    def _bucket(self, identities: Identities) -> Codes:
        found: Codes = (self._hashes(identities) >> _SHIFT).astype(np.int64)
        return found

    def _hashes(self, identities: Identities) -> Identities:
        return splitmix64(self.method.seed, identities)


def _by(total: GroupedSum, codes: Codes) -> GroupedSum:
    """Regroup sums whose last codes may have got nothing yet."""
    return total.regrouped(codes[: len(total)])


def _padded(values: Array, length: int) -> Array:
    return values if len(values) == length else np.concatenate([values, np.zeros(length - len(values))])
