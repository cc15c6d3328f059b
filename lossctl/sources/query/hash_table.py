"""A table from 64-bit numbers to codes, looked up many at once: open addressing over NumPy arrays. Imports NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lossctl.core.rows.block import Rows
from lossctl.core.rows.hashing import STEP

__all__ = ["Table", "WholeTable"]

_SCATTER = np.uint64(STEP)
"""2⁶⁴ over the golden ratio: what it multiplies is scattered over the first bits."""
_FULL = 4
"""A table has at least so many places for each number: most are found at the first."""
_MOST_STEPS = 64
"""Numbers that someone chose so as to share a place are given up after so many steps."""

_NEAR = 2**20
"""Whole numbers from 0 and below this have places of their own: 8 MB of them stay in a cache or near it."""

Numbers = npt.NDArray[np.uint64]


class Table:
    """Codes of numbers.

    Examples
    --------
    >>> table = Table()
    >>> table.add(np.array([7, 2**63], dtype=np.uint64), np.array([0, 1]))
    >>> table.find(np.array([2**63, 5, 7], dtype=np.uint64)).tolist()
    [1, -1, 0]
    """

    def __init__(self) -> None:
        self._bits = 10
        self._numbers: Numbers = np.zeros(1 << self._bits, dtype=np.uint64)
        self._codes: Rows = np.full(1 << self._bits, -1)
        self._count = 0

    def find(self, numbers: Numbers) -> Rows:
        """Return the code of each number; −1 where it has none, or none that is found soon."""
        places = self._places(numbers)
        codes = self._codes[places]
        codes[self._numbers[places] != numbers] = -1
        left = np.flatnonzero((codes < 0) & (self._codes[places] >= 0))
        for step in range(1, _MOST_STEPS):
            if not len(left):
                break
            at = (places[left] + step) & (len(self._codes) - 1)
            found = self._codes[at]
            same = self._numbers[at] == numbers[left]
            codes[left[same]] = found[same]
            left = left[~same & (found >= 0)]
        return codes

    def add(self, numbers: Numbers, codes: Rows) -> None:
        """Take in numbers, all different and none of them known; those that find no place soon are left out."""
        self._count += len(numbers)
        if _FULL * self._count > len(self._codes):
            old = self._codes >= 0
            numbers = np.concatenate([self._numbers[old], numbers])
            codes = np.concatenate([self._codes[old], codes])
            self._bits = max(10, int(_FULL * self._count - 1).bit_length())
            self._numbers = np.zeros(1 << self._bits, dtype=np.uint64)
            self._codes = np.full(1 << self._bits, -1)
        at = self._places(numbers)
        for _ in range(_MOST_STEPS - 1):
            free = self._codes[at] < 0
            taken = at[free]
            self._numbers[taken], self._codes[taken] = numbers[free], codes[free]  # of several the last stays
            left = self._codes[at] != codes
            if not left.any():
                return
            numbers, codes = numbers[left], codes[left]
            at = (at[left] + 1) & (len(self._codes) - 1)

    def _places(self, numbers: Numbers) -> Rows:
        return np.asarray((numbers * _SCATTER) >> np.uint64(64 - self._bits)).astype(np.int64)


class WholeTable:
    """Codes of whole numbers: those from 0 on that are not large are found at once.

    Examples
    --------
    >>> table = WholeTable()
    >>> table.add(np.array([7, -1]), np.array([0, 1]))
    >>> table.find(np.array([5, 7])).tolist(), table.find(np.array([-1, 7])).tolist()
    ([-1, 0], [1, 0])
    """

    def __init__(self) -> None:
        self._all = Table()
        self._near: Rows = np.full(0, -1)

    def find(self, numbers: Rows) -> Rows:
        """Return the code of each number; −1 where it has none, or none that is found soon."""
        if numbers.size and numbers.min() >= 0 and (largest := int(numbers.max())) < _NEAR:
            self._reserve(largest + 1)
            return self._near[numbers]
        return self._all.find(numbers.view(np.uint64))

    def add(self, numbers: Rows, codes: Rows) -> None:
        """Take in numbers, all different; those that are known already keep their codes."""
        unknown = self._all.find(numbers.view(np.uint64)) < 0
        self._all.add(numbers[unknown].view(np.uint64), codes[unknown])
        near = (numbers >= 0) & (numbers < _NEAR)
        if near.any():
            self._reserve(int(numbers[near].max()) + 1)
            self._near[numbers[near]] = codes[near]

    def _reserve(self, count: int) -> None:
        if count > len(self._near):
            grown = np.full(min(_NEAR, max(count, 2 * len(self._near))), -1)
            grown[: len(self._near)] = self._near
            self._near = grown
