"""Exact quantiles of the values of many slices at once, in memory that does not grow with the rows.

A value is told by its key of 64 bits, in the order of doubles (`lossctl.core.sketch.keys_of`). A first look counts
values by slice and by as many of their first bits as memory has room for, which tells the bucket of each quantile; a
second counts the values of these buckets alone by the bits that follow, and so on until none are left: two looks, as a
rule. Counts are integers, so that no order, cut or merge of the rows can change them. Imports NumPy and core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lossctl.core.dataclass import dataclass
from lossctl.core.grouped import Codes
from lossctl.core.loss import Array
from lossctl.core.sketch import Masses, keys_of

__all__ = ["Search", "Sieve", "SieveCounts", "ranks_of"]

Bits = npt.NDArray[np.uint64]

_WIDTH = 64
_SIGN = np.uint64(1 << 63)
_WAITING = 2**20
"""Values that may wait to be counted."""
_FIRST, _LAST = 0, -1
"""In place of a rank: the least value, and the largest, also where it weighs next to nothing."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which values of which slices are looked at: those that begin as what earlier looks have found.

    Parameters
    ----------
    ids
        How many different beginnings there are; before the first look, how many slices.
    width
        How many bits of a key follow them.
    stages
        What each earlier look has found: the beginnings, in order, and how many bits it took of a key. A beginning is
        made of its place among those of the look before, above the bits taken.
    """

    ids: int
    width: int = _WIDTH
    stages: tuple[tuple[Bits, int], ...] = ()

    def pick(self, codes: Codes, values: Array) -> tuple[Bits, Bits, npt.NDArray[np.intp] | None]:
        """Give, of the values that are looked at, which beginning they have, the bits that follow, and their places."""
        ids, rest = codes.astype(np.uint64), keys_of(values).view(np.uint64) ^ _SIGN
        width, places = _WIDTH, None
        for known, taken in self.stages:
            width -= taken
            packed = _packed(ids, rest >> np.uint64(width), taken)
            found = np.minimum(np.searchsorted(known, packed), len(known) - 1)
            hits = np.flatnonzero(known[found] == packed)
            ids, rest = found[hits].astype(np.uint64), rest[hits] & _mask(width)
            places = hits if places is None else places[hits]
        return ids, rest, places


class SieveCounts:
    """How many of the values looked at begin with which bits, or what they weigh.

    Parameters
    ----------
    sieve
        Which are looked at.
    most
        How many different beginnings may be told apart, at least twice as many as the sieve has; of more, fewer bits
        are counted by.
    """

    __slots__ = ("_most", "_waiting", "_waits", "keys", "masses", "sieve", "taken")

    def __init__(self, sieve: Sieve, most: int) -> None:
        if most < 2 * sieve.ids:
            raise ValueError("a look must have room for twice as many beginnings as there are, or it tells nothing new")
        self.sieve = sieve
        self.taken = min(sieve.width, _WIDTH - (sieve.ids - 1).bit_length())
        self.keys: Bits = np.zeros(0, np.uint64)
        self.masses: Masses = np.zeros(0, np.int64)
        self._most = most
        self._waiting: list[tuple[Bits, Masses | None]] = []
        self._waits = 0

    def add(self, codes: Codes, values: Array, masses: Masses | None) -> None:
        """Count values of slices, each as often as its mass says."""
        ids, rest, places = self.sieve.pick(codes, values)
        if len(ids) == 0:
            return
        packed = _packed(ids, rest >> np.uint64(self.sieve.width - self.taken), self.taken)
        self._waiting.append((packed, masses if masses is None or places is None else masses[places]))
        self._waits += len(packed)
        if self._waits > max(_WAITING, len(self.keys)):
            self.settle()

    def merge(self, other: SieveCounts) -> None:
        """Take over what was counted of other rows."""
        other.settle()
        self.settle()
        taken = min(self.taken, other.taken)
        self._drop(self.taken - taken)
        other._drop(other.taken - taken)
        self._waiting.append((other.keys, other.masses))
        self.settle()

    def settle(self) -> None:
        """Count what waits; take fewer bits until beginnings are few enough, which depends on no order."""
        if not self._waiting:
            return
        waiting, self._waiting, self._waits = self._waiting, [], 0
        keys, masses = _counted(waiting)
        if len(self.keys):
            keys, masses = _summed(np.concatenate([self.keys, keys]), np.concatenate([self.masses, masses]))
        self.keys, self.masses = keys, masses
        while len(self.keys) > self._most:
            self._drop(1)

    def _drop(self, bits: int) -> None:
        """Take so many bits fewer."""
        if bits == 0:
            return
        self.taken -= bits
        keys = self.keys >> np.uint64(bits)
        starts = _starts(keys)
        self.keys = keys[starts]
        self.masses = np.add.reduceat(self.masses, starts) if len(starts) else self.masses


@dataclass(slots=True)
class Search:
    """The quantiles that are looked for in slices, and how far they are known.

    Parameters
    ----------
    levels
        Their levels.
    codes
        The slices, ascending.
    sieve
        What the next look is at.
    """

    levels: Sequence[float]
    codes: Codes
    sieve: Sieve
    _ids: Codes = field(init=False)
    _ranks: Masses = field(init=False)
    _prefix: Bits = field(init=False)

    @property
    def is_open(self) -> bool:
        """Whether another look is needed."""
        return self.sieve.width > 0 and len(self.codes) > 0

    @property
    def least_room(self) -> int:
        """How many beginnings the next look must be able to tell apart."""
        return 4 * self.sieve.ids

    def advance(self, counts: SieveCounts) -> None:
        """Go on from what a look has counted. Every slice must have a value."""
        counts.settle()
        ids = (counts.keys >> np.uint64(counts.taken)) if counts.taken < _WIDTH else np.zeros_like(counts.keys)
        if not self.sieve.stages:
            self._begin(ids, counts.masses)
        firsts = np.searchsorted(ids, self._ids.astype(np.uint64), "left")
        ends = np.searchsorted(ids, self._ids.astype(np.uint64), "right")
        sums = np.append(0, np.cumsum(counts.masses))  # may run over, which differences do not feel
        places = _places(sums, firsts, ends, self._ranks)
        self._ranks = np.where(self._ranks > 0, self._ranks - (sums[places] - sums[firsts]), self._ranks)
        found = counts.keys[places]
        self._prefix = _packed(self._prefix, found & _mask(counts.taken), counts.taken)
        known = np.unique(found)
        self._ids = np.searchsorted(known, found)
        width = self.sieve.width - counts.taken
        self.sieve = Sieve(len(known), width, (*self.sieve.stages, (known, counts.taken)))

    def values(self) -> Array:
        """Give the quantiles, ``(levels, slices)``."""
        keys = (self._prefix ^ _SIGN).view(np.int64)
        found = (keys ^ ((keys >> np.int64(63)) & np.int64(2**63 - 1))).view(np.float64)
        return found.reshape(len(self.levels), len(self.codes))

    def _begin(self, ids: Bits, masses: Masses) -> None:
        """Find the ranks of the quantiles, from what the values of each slice weigh together."""
        starts = np.searchsorted(ids, self.codes.astype(np.uint64))
        every = _starts(ids)
        totals = np.add.reduceat(masses, every)[np.searchsorted(every, starts)]
        self._ids = np.tile(self.codes, len(self.levels))
        self._ranks = np.concatenate([ranks_of(level, totals) for level in self.levels])
        self._prefix = np.zeros(len(self._ids), np.uint64)


def ranks_of(level: float, totals: Masses) -> Masses:
    """Give `lossctl.core.sketch.rank_of` for each total; 0 of the level 0, and −1 of the level 1.

    Examples
    --------
    >>> ranks_of(0.07, np.array([100, 3])).tolist(), ranks_of(1.0, np.array([5])).tolist()
    ([7, 1], [-1])
    """
    for end, mark in ((0.0, _FIRST), (1.0, _LAST)):
        if level == end:
            return np.full(len(totals), mark, np.int64)
    share = Fraction(repr(level))
    above, below = share.numerator, share.denominator
    different, of = np.unique(totals, return_inverse=True)
    ranks = [min(max(1, -(-above * total // below)), total) for total in different.tolist()]
    return np.array(ranks, dtype=np.int64)[of]


def _places(sums: Masses, firsts: Codes, ends: Codes, ranks: Masses) -> Codes:
    """Give where, from `firsts` up to `ends`, the masses first add up to each rank."""
    low, high = firsts.copy(), ends - 1
    low[ranks == _LAST] = high[ranks == _LAST]
    high[ranks == _FIRST] = low[ranks == _FIRST]
    before = sums[firsts]
    while (low < high).any():
        middle = (low + high) >> 1
        reached = sums[middle + 1] - before >= ranks
        open_ = low < high
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle + 1, low)
    return low


def _packed(ids: Bits, bits: Bits, count: int) -> Bits:
    """Put so many bits behind each number."""
    return bits.copy() if count >= _WIDTH else (ids << np.uint64(count)) | bits


def _mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _starts(keys: Bits) -> npt.NDArray[np.intp]:
    """Give where each different one of ordered keys begins."""
    return np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.intp)


def _counted(waiting: Sequence[tuple[Bits, Masses | None]]) -> tuple[Bits, Masses]:
    """Give each key once, in order, with what it weighs; without masses each weighs 1."""
    keys = np.concatenate([each for each, _ in waiting])
    if all(masses is None for _, masses in waiting):
        keys.sort()
        starts = _starts(keys)
        return keys[starts], np.diff(starts, append=len(keys)).astype(np.int64)
    masses = [np.ones(len(each), np.int64) if mass is None else mass for each, mass in waiting]
    return _summed(keys, np.concatenate(masses))


def _summed(keys: Bits, masses: Masses) -> tuple[Bits, Masses]:
    order = np.argsort(keys, kind="stable")  # of two ordered parts, a merge
    ordered = keys[order]
    starts = _starts(ordered)
    return ordered[starts], np.add.reduceat(masses[order], starts) if len(starts) else masses
