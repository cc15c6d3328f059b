"""What is kept of single rows: counts by magnitude, for quantiles, and the largest. Imports NumPy and core.

All of it is integers and comparisons, so that no order, cut or merge of the rows can change it. A quantile takes two
looks at the values: a `Histogram` of their first 19 bits tells in which bucket it lies, and `Near` then keeps the
values of that bucket, so that it is exact.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lossctl.core.rows.runs import starts_of_runs
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["Bucket", "Histogram", "Masses", "Near", "keys_of", "masses_of", "rank_of", "unit_of", "value_of"]

Keys = npt.NDArray[np.int64]
Masses = npt.NDArray[np.int64]

_DROPPED = 45
"""Bits that a histogram does not look at: what is left is the sign, the exponent and 7 bits of the significand, so that
the ends of a bucket are less than 0.8 % apart."""
_HALF = 31
"""Masses are summed in two halves of so many bits: those of a block, as doubles, without rounding."""
_MAGNITUDE = np.int64(2**63 - 1)
_NAN = np.array(np.nan).view(np.int64)[()] & _MAGNITUDE
_MASS_BITS = 62
"""All masses together stay below 2^63."""


def keys_of(values: Array) -> Keys:
    """Return integers in the order of doubles: −0 with 0, NaN above all.

    Examples
    --------
    >>> keys = keys_of(np.array([-np.inf, -2.0, -0.0, 0.0, 1.0, np.nan]))
    >>> bool((np.diff(keys) >= 0).all()), int(keys[2])
    (True, 0)
    """
    bits: Keys = (values + 0.0).view(np.int64)  # −0 + 0 is 0
    if bits.min(initial=0) >= 0:
        return bits
    if np.isnan(values).any():  # whose sign says nothing
        bits[np.isnan(values)] = _NAN
    bits ^= (bits >> np.int64(63)) & _MAGNITUDE
    return bits


def value_of(key: int) -> float:
    """Return the double of a key.

    Examples
    --------
    >>> value_of(int(keys_of(np.array([-0.1]))[0]))
    -0.1
    """
    bits = np.int64(key)
    return float((bits ^ ((bits >> np.int64(63)) & _MAGNITUDE)).view(np.float64))


def unit_of(total: Fraction) -> int:
    """Return the exponent of the unit in which weights that sum to `total` are counted as masses."""
    return total.numerator.bit_length() - total.denominator.bit_length() + 1 - _MASS_BITS


def masses_of(weight: Array, unit: int | Masses) -> Masses:
    """Return weights as whole numbers of 2^unit: all of them together are off by less than 2^-63 of their sum a row.

    The unit is one for all of them or one for each.
    """
    return np.rint(np.ldexp(weight, -unit)).astype(np.int64)


def rank_of(level: float, total: int) -> int:
    """Return the rank, from 1 to `total`, of the least value that at least a share `level` of the rows does not exceed.

    The level counts as the decimal number that it is written as.

    Examples
    --------
    >>> rank_of(0.5, 4), rank_of(0.07, 100), rank_of(0.0, 9)
    (2, 7, 1)
    """
    return min(max(1, math.ceil(Fraction(repr(level)) * total)), total)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The values whose keys begin alike, and which of them is looked for.

    Parameters
    ----------
    key
        The first bits of their keys.
    dropped
        How many bits of a key follow.
    rank
        Among them, from 1, the one wanted.
    mass
        How many there are, or what they weigh.
    """

    key: int
    dropped: int
    rank: int
    mass: int

    def members(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Return which keys are in it."""
        found: npt.NDArray[np.bool_] = (keys >> np.int64(self.dropped)) == self.key
        return found


class Histogram:
    """How many values begin with which 19 bits."""

    __slots__ = ("_counts", "_first", "largest", "smallest")

    def __init__(self) -> None:
        self._counts: Masses = np.zeros(0, np.int64)
        self._first = 0
        self.smallest: int | None = None
        self.largest: int | None = None

    @property
    def total(self) -> int:
        """How many values there are, or what they weigh."""
        return int(self._counts.sum())

    def add(self, values: Array, masses: Masses | None = None) -> None:
        """Count every value, as often as its mass says."""
        if len(values) == 0:
            return
        keys = keys_of(values)
        self._reach(int(keys.min()), int(keys.max()))
        buckets = keys >> np.int64(_DROPPED)
        buckets -= self._first
        self._counts += _counted(buckets, masses, len(self._counts))

    def merge(self, other: Histogram) -> None:
        """Take over the values of another part."""
        if other.smallest is None or other.largest is None:
            return
        self._reach(other.smallest, other.largest)
        start = other._first - self._first
        self._counts[start : start + len(other._counts)] += other._counts

    def bucket(self, level: float) -> Bucket:
        """Return the bucket that a quantile lies in; of the least and the largest value, that one alone."""
        if self.smallest is None or self.largest is None:
            raise ValueError("nothing was counted")
        for end, key in ((0.0, self.smallest), (1.0, self.largest)):
            if level == end:
                return Bucket(key, 0, 1, 1)
        rank = rank_of(level, self.total)
        below = np.cumsum(self._counts)
        place = int(np.searchsorted(below, rank))
        mass = int(self._counts[place])
        return Bucket(self._first + place, _DROPPED, rank - int(below[place]) + mass, mass)

    def _reach(self, smallest: int, largest: int) -> None:
        """Make room for keys."""
        self.smallest = smallest if self.smallest is None else min(smallest, self.smallest)
        self.largest = largest if self.largest is None else max(largest, self.largest)
        first, last = self.smallest >> _DROPPED, self.largest >> _DROPPED
        if first >= self._first and last < self._first + len(self._counts):
            return
        if len(self._counts):
            first, last = min(first, self._first), max(last, self._first + len(self._counts) - 1)
        counts = np.zeros(last - first + 1, np.int64)
        if len(self._counts):
            counts[self._first - first : self._first - first + len(self._counts)] = self._counts
        self._counts, self._first = counts, first


class Near:
    """The values of a bucket with their masses: all of them, or, where they are too many, by more of their first bits.

    Parameters
    ----------
    bucket
        Which values to keep.
    most
        How many different ones may be kept: at least 2, or a look would tell nothing new.

    Raises
    ------
    ValueError
        Where they are fewer.
    """

    __slots__ = ("_keys", "_masses", "_most", "_waiting", "_waits", "bucket", "dropped")

    def __init__(self, bucket: Bucket, most: int) -> None:
        if most < 2:  # noqa: PLR2004 -- see above
            raise ValueError("at least 2 values must be kept")
        self.bucket = bucket
        self.dropped = 0
        self._most = most
        self._keys: Keys = np.zeros(0, np.int64)
        self._masses: Masses = np.zeros(0, np.int64)
        self._waiting: list[tuple[Keys, Masses]] = []
        self._waits = 0

    @property
    def kept(self) -> int:
        """How many values are kept."""
        return len(self._keys) + self._waits

    def add(self, keys: Keys, masses: Masses | None = None) -> None:
        """Keep those keys that are in the bucket."""
        found = self.bucket.members(keys)
        mine = keys[found]
        if len(mine) == 0:
            return
        self._waiting.append((mine, np.ones(len(mine), np.int64) if masses is None else masses[found]))
        self._waits += len(mine)
        if self._waits > self._most:
            self._settle()

    def merge(self, other: Near) -> None:
        """Take over the values of another part."""
        other._settle()
        self._waiting.append((other._keys << np.int64(other.dropped), other._masses))
        self._settle(other.dropped)

    def found(self) -> Bucket:
        """Return the value looked for: a bucket of one value, or a narrower one, to look in once more."""
        self._settle()
        below = np.cumsum(self._masses)
        place = int(np.searchsorted(below, self.bucket.rank))
        mass = int(self._masses[place])
        return Bucket(int(self._keys[place]), self.dropped, self.bucket.rank - int(below[place]) + mass, mass)

    def _settle(self, least: int = 0) -> None:
        """Sum the masses of equal keys; drop bits of all until they are few enough, which depends on no order."""
        keys = [self._keys << np.int64(self.dropped), *(each for each, _ in self._waiting)]
        masses = [self._masses, *(each for _, each in self._waiting)]
        self._waiting, self._waits = [], 0
        self.dropped = max(self.dropped, least)
        every, mass = np.concatenate(keys) >> np.int64(self.dropped), np.concatenate(masses)
        while True:
            every, mass = _summed(every, mass)
            if len(every) <= self._most:
                break
            self.dropped += 1
            every = every >> np.int64(1)
        self._keys, self._masses = every, mass


def _counted(buckets: Keys, masses: Masses | None, length: int) -> Masses:
    if masses is None:
        return np.bincount(buckets, minlength=length)
    low, high = masses & np.int64(2**_HALF - 1), masses >> np.int64(_HALF)
    halves = [np.bincount(buckets, each.astype(np.float64), length).astype(np.int64) for each in (low, high)]
    return halves[0] + (halves[1] << np.int64(_HALF))


def _summed(keys: Keys, masses: Masses) -> tuple[Keys, Masses]:
    """Return each key once, in order, with the sum of its masses."""
    if len(keys) == 0:
        return keys, masses
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = starts_of_runs(ordered)
    return ordered[starts], np.add.reduceat(masses[order], starts)
