"""Which values there are, as long as they are no more than two: of losses such as 0/1. Imports NumPy and core.

What is kept is a set, so that neither order nor cut nor merge can change it.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array, Codes

__all__ = ["LevelTallies", "Levels"]


class Levels:
    """The values that were added; ``None`` once there are more than two, or one that is not a number.

    Examples
    --------
    >>> levels = Levels()
    >>> levels.add(np.array([0.0, 1.0, 1.0]))
    >>> levels.values
    (0.0, 1.0)
    >>> levels.add(np.array([0.5]))
    >>> levels.values is None
    True
    """

    __slots__ = ("values",)

    def __init__(self, values: tuple[float, ...] | None = ()) -> None:
        self.values = values

    def add(self, values: Array) -> None:
        """Add values ``(n,)``."""
        if self.values is None or not len(values):
            return
        least, most = float(np.minimum.reduce(values)), float(np.maximum.reduce(values))
        if bool(((values == least) | (values == most)).all()):
            self._join((least, most))
        else:
            self.values = None

    def merge(self, other: Levels) -> None:
        """Take over the values of another part."""
        self._join(other.values)

    def with_those_of(self, other: Levels) -> Levels:
        """Return the values of both."""
        both = Levels(self.values)
        both.merge(other)
        return both

    def _join(self, values: tuple[float, ...] | None) -> None:
        if self.values is None or values is None:
            self.values = None
            return
        found = sorted({*self.values, *values})
        self.values = tuple(found) if len(found) <= 2 else None  # noqa: PLR2004 -- what the class is about


class LevelTallies:
    """A `Levels` for each code.

    Examples
    --------
    >>> levels = LevelTallies()
    >>> levels.add(np.array([0.0, 1.0, 3.0, 0.0, 2.0, 4.0]), np.array([0, 0, 1, 0, 1, 1]))
    >>> levels.of(0).values, levels.of(1).values, levels.of(7).values
    ((0.0, 1.0), None, ())
    """

    __slots__ = ("high", "low", "many")

    def __init__(self) -> None:
        self.low: Array = np.zeros(0)
        self.high: Array = np.zeros(0)
        self.many = np.zeros(0, np.bool_)

    def reserve(self, groups: int) -> None:
        """Make room for so many codes."""
        more = groups - len(self.low)
        if more > 0:
            more = max(more, len(self.low) // 2)
            self.low = np.append(self.low, np.full(more, math.inf))
            self.high = np.append(self.high, np.full(more, -math.inf))
            self.many = np.append(self.many, np.zeros(more, np.bool_))

    def add(self, values: Array, codes: Codes) -> None:
        """Add values ``(n,)`` with their codes."""
        if not codes.size:
            return
        self.reserve(int(np.maximum.reduce(codes)) + 1)
        rows = np.flatnonzero(~self.many[codes])  # most losses are soon known to have more than two
        if rows.size:
            self._join(values[rows], values[rows], codes[rows])

    def merge(self, other: LevelTallies) -> None:
        """Take over the values of another part."""
        self.reserve(len(other.low))
        codes = np.arange(len(other.low), dtype=np.int64)
        self._join(other.low, other.high, codes)
        self.many[: len(codes)] |= other.many

    def pairs(self, other: LevelTallies, codes: int) -> tuple[Array, Array, Codes]:
        """Return the least and the most of both, and those of so many codes that have these two values alone."""
        both = LevelTallies()
        for each in (self, other):
            both.merge(each)
        both.reserve(codes)
        return both.low, both.high, np.flatnonzero(~both.many[:codes] & (both.low < both.high)[:codes])

    def of(self, code: int) -> Levels:
        """Return that of one code."""
        if code < len(self.many) and self.many[code]:
            return Levels(None)
        if code >= len(self.low) or (self.low[code] == math.inf and self.high[code] == -math.inf):
            return Levels()
        return Levels(tuple(sorted({float(self.low[code]), float(self.high[code])})))

    def _join(self, low: Array, high: Array, codes: Codes) -> None:
        """Add two values ``(n,)`` for each code given; what lies between the least and the most is one too many."""
        before = self.low[codes], self.high[codes]
        numbers = ~(np.isnan(low) | np.isnan(high))
        np.minimum.at(self.low, codes[numbers], low[numbers])
        np.maximum.at(self.high, codes[numbers], high[numbers])
        least, most, known = self.low[codes], self.high[codes], numbers
        for values, empty in ((low, math.inf), (high, -math.inf), (before[0], math.inf), (before[1], -math.inf)):
            known &= (values == least) | (values == most) | (values == empty)
        self.many[codes[~known]] = True
