"""Exact quantiles of the values of many slices at once, in memory that does not grow with the rows.

A value is told by its key of 64 bits, in the order of doubles (`sketch.keys_of`). A first look counts
values by slice and by as many of their first bits as memory has room for, which tells the bucket of each quantile; a
second counts the values of these buckets alone by the bits that follow, and so on until none are left: two looks, as a
rule. Counts are integers, so that no order, cut or merge of the rows can change them. Imports NumPy and core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lossctl.core.rows.runs import starts_of_runs
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.sketch import Masses, keys_of

__all__ = ["Search", "Sieve", "SieveCounts", "ranks_of"]

Bits = npt.NDArray[np.uint64]

_WIDTH = 64
_SIGN = np.uint64(1 << 63)
_FIRST_BITS = 19
"""The first look takes so many, as `sketch.Histogram`: few beginnings, and few values for the next."""
_FEW = 8
"""So many beginnings are looked at one by one; of more, the right one is sought."""
_ROOM_AT_FIRST, _ROOM_AFTER = 16, 8
"""Beginnings to tell apart for each slice, and then for each bucket that a quantile lies in. Half as many took five
looks in place of two at 100,000 slices of a hundred rows."""
_WAITING = 2**20
"""Values that may wait to be counted."""
_FIRST, _LAST = 0, -1
"""In place of a rank: the least value, and the largest, also where it weighs next to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What a look has found: where the values that are looked for begin.

    Parameters
    ----------
    known
        The beginnings, in order: each is its place among those of the look before, above the bits taken.
    taken
        How many bits of a key the look took.
    firsts
        Of each beginning of the look before, where its own stand in `known`, and the end of the last.
    """

    known: Bits
    taken: int
    firsts: Codes

    @classmethod
    def of(cls, known: Bits, taken: int, before: int) -> Stage:
        """Know where the beginnings stand that follow each of so many before."""
        ids = np.arange(before + 1).astype(np.uint64)
        return cls(known, taken, np.searchsorted(_ids_of(known, taken), ids))

    def find(self, ids: Codes, bits: Bits) -> Codes:
        """Return the place among the beginnings of what has these bits after one of those before; −1: it is none."""
        packed, at = _packed(ids.astype(np.uint64), bits, self.taken), self.firsts[ids]
        most = int(np.diff(self.firsts).max(initial=0))
        if most > _FEW:
            found = np.minimum(np.searchsorted(self.known, packed), len(self.known) - 1)
            return np.where(self.known[found] == packed, found, -1)
        found = np.full(len(ids), -1)
        for _ in range(most):  # there are as many at most as quantiles; a beginning of another is never equal
            np.copyto(found, at, where=self.known[at] == packed)
            at = np.minimum(at + 1, len(self.known) - 1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Sieve:
    """Which values of which slices are looked at: those that begin as what earlier looks have found.

    Parameters
    ----------
    ids
        How many different beginnings there are; before the first look, how many slices.
    width
        How many bits of a key follow them.
    stages
        What each earlier look has found.
    """

    ids: int
    width: int = _WIDTH
    stages: tuple[Stage, ...] = ()

    def pick(self, codes: Codes, values: Array) -> tuple[Bits, Bits, npt.NDArray[np.intp] | None]:
        """Give, of the values that are looked at, which beginning they have, the bits that follow, and their places."""
        rest = keys_of(values).view(np.uint64) ^ _SIGN
        width, places = _WIDTH, None
        for stage in self.stages:
            width -= stage.taken
            found = stage.find(codes, rest >> np.uint64(width))
            hits = np.flatnonzero(found >= 0)
            codes, rest = found[hits], rest[hits] & _mask(width)
            places = hits if places is None else places[hits]
        return codes.astype(np.uint64), rest, places


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
        room = _WIDTH - (sieve.ids - 1).bit_length()
        self.taken = min(sieve.width, room, _WIDTH if sieve.stages else _FIRST_BITS)
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
        while len(self.keys) > self._most:  # a bit makes at most two into one
            self._drop(math.ceil(math.log2(len(self.keys) / self._most)))

    def _drop(self, bits: int) -> None:
        """Take so many bits fewer."""
        if bits == 0:
            return
        self.taken -= bits
        keys = self.keys >> np.uint64(bits)
        starts = starts_of_runs(keys)
        self.keys, self.masses = keys[starts], _sums(self.masses, starts)


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
        """How many beginnings the next look should be able to tell apart: with fewer there would be many looks."""
        return (_ROOM_AFTER if self.sieve.stages else _ROOM_AT_FIRST) * self.sieve.ids

    def advance(self, counts: SieveCounts) -> None:
        """Go on from what a look has counted. Every slice must have a value."""
        counts.settle()
        ids = _ids_of(counts.keys, counts.taken)
        if not self.sieve.stages:
            self._begin(ids, counts.masses)
        firsts = np.searchsorted(ids, self._ids.astype(np.uint64), "left")
        ends = np.searchsorted(ids, self._ids.astype(np.uint64), "right")
        sums = np.append(0, np.cumsum(counts.masses))  # may run over, which differences do not feel
        places = _places(sums, firsts, ends, self._ranks)
        self._ranks = np.where(self._ranks > 0, self._ranks - (sums[places] - sums[firsts]), self._ranks)
        self._prefix = _packed(self._prefix, counts.keys[places] & _mask(counts.taken), counts.taken)
        wanted = np.zeros(len(counts.keys), np.bool_)
        wanted[places] = True
        self._ids = np.cumsum(wanted)[places] - 1
        known, width = counts.keys[wanted], self.sieve.width - counts.taken
        stage = Stage.of(known, counts.taken, self.sieve.ids)
        self.sieve = Sieve(len(known), width, (*self.sieve.stages, stage))

    def values(self) -> Array:
        """Return the quantiles, ``(levels, slices)``."""
        keys = (self._prefix ^ _SIGN).view(np.int64)
        found = (keys ^ ((keys >> np.int64(63)) & np.int64(2**63 - 1))).view(np.float64)
        return found.reshape(len(self.levels), len(self.codes))

    def _begin(self, ids: Bits, masses: Masses) -> None:
        """Find the ranks of the quantiles, from what the values of each slice weigh together."""
        starts = np.searchsorted(ids, self.codes.astype(np.uint64))
        every = starts_of_runs(ids)
        totals = _sums(masses, every)[np.searchsorted(every, starts)]
        self._ids = np.tile(self.codes, len(self.levels))
        self._ranks = np.concatenate([ranks_of(level, totals) for level in self.levels])
        self._prefix = np.zeros(len(self._ids), np.uint64)


def ranks_of(level: float, totals: Masses) -> Masses:
    """Return `lossctl.engine.accumulators.sketch.rank_of` for each total; 0 of the level 0, and −1 of the level 1.

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
    """Return where, from `firsts` up to `ends`, the masses first add up to each rank."""
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


def _ids_of(packed: Bits, count: int) -> Bits:
    """Return what stands above so many bits."""
    return packed >> np.uint64(count) if count < _WIDTH else np.zeros_like(packed)


def _packed(ids: Bits, bits: Bits, count: int) -> Bits:
    """Put so many bits behind each number."""
    return bits.copy() if count >= _WIDTH else (ids << np.uint64(count)) | bits


def _mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _counted(waiting: Sequence[tuple[Bits, Masses | None]]) -> tuple[Bits, Masses]:
    """Return each key once, in order, with what it weighs; without masses each weighs 1."""
    keys = np.concatenate([each for each, _ in waiting])
    if all(masses is None for _, masses in waiting):
        keys.sort()
        starts = starts_of_runs(keys)
        return keys[starts], np.diff(starts, append=len(keys)).astype(np.int64)
    masses = [np.ones(len(each), np.int64) if mass is None else mass for each, mass in waiting]
    return _summed(keys, np.concatenate(masses))


def _summed(keys: Bits, masses: Masses) -> tuple[Bits, Masses]:
    order = np.argsort(keys, kind="stable")  # of two ordered parts, a merge
    ordered = keys[order]
    starts = starts_of_runs(ordered)
    return ordered[starts], _sums(masses[order], starts)


def _sums(masses: Masses, starts: npt.NDArray[np.intp]) -> Masses:
    """Sum runs of masses that begin at `starts`, the first at 0: sums may run over on the way, which cancels."""
    return np.diff(np.append(0, np.cumsum(masses)[np.append(starts[1:], len(masses)) - 1])) if len(starts) else masses
