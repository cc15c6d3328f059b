"""Arithmetic with twice the digits of float64, for the few rows where a difference cancels all of one's digits.

A number is the unrounded sum of two float64. Each operation costs ten to thirty plain ones, so that kernels take it
only for rows that lie so near a kink. Numbers must stay within 1e±140 or so, scaled if need be. May import NumPy and
core.

References
----------
Dekker (1971), A floating-point technique for extending the available precision, Numerische Mathematik 18, 224–242.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["Twofold", "difference", "product"]

_SPLITTER = 2.0**27 + 1.0


@dataclass(frozen=True, slots=True)
class Twofold:
    """Numbers of some 32 digits: high + low, where low is at most half of the last bit of high.

    Parameters
    ----------
    high, low
        Of one shape.

    Examples
    --------
    >>> import numpy as np
    >>> third = Twofold.of(np.array([1.0])) / Twofold.of(np.array([3.0]))
    >>> (third * Twofold.of(np.array([3.0])) - Twofold.of(np.array([1.0]))).high.tolist()
    [0.0]
    """

    high: Array
    low: Array

    @classmethod
    def of(cls, values: Array) -> Twofold:
        """Take float64 as they are."""
        return cls(values, np.zeros_like(values))

    @property
    def rounded(self) -> Array:
        """The nearest float64."""
        return np.asarray(self.high + self.low)

    def __neg__(self) -> Twofold:
        return Twofold(-self.high, -self.low)

    def __add__(self, other: Twofold) -> Twofold:
        high = _sum(self.high, other.high)
        low = _sum(self.low, other.low)
        carried = _sum(high.high, high.low + low.high)
        return _sum(carried.high, carried.low + low.low)

    def __sub__(self, other: Twofold) -> Twofold:
        return self + -other

    def __mul__(self, other: Twofold) -> Twofold:
        exact = product(self.high, other.high)
        return _sum(exact.high, exact.low + (self.high * other.low + self.low * other.high))

    def __truediv__(self, other: Twofold) -> Twofold:
        first = self.high / other.high
        rest = self - other * Twofold.of(first)
        return _sum(first, rest.high / other.high)

    def root(self) -> Twofold:
        """Take the square root of numbers that are not below 0."""
        first = np.sqrt(self.high)
        rest = self - product(first, first)
        return _sum(first, rest.high / (2.0 * np.maximum(first, first == 0.0)))

    def size(self) -> Twofold:
        """Return the absolute value."""
        sign = np.where(self.high < 0.0, -1.0, 1.0)
        return Twofold(self.high * sign, self.low * sign)

    def row_sum(self) -> Twofold:
        """Add up each row of an ``(n, K)`` array: its halves to one another until one column is left."""
        high, low = self.high, self.low
        while (columns := high.shape[1]) > 1:
            half = columns // 2
            total = Twofold(high[:, :half], low[:, :half]) + Twofold(high[:, half : 2 * half], low[:, half : 2 * half])
            rest = slice(2 * half, None)
            high, low = np.hstack([total.high, high[:, rest]]), np.hstack([total.low, low[:, rest]])
        return Twofold(high[:, 0], low[:, 0])


def _sum(x: Array, y: Array) -> Twofold:
    """Add two float64 without rounding (Knuth)."""
    total = np.asarray(x + y)
    part = total - x
    return Twofold(total, np.asarray((x - (total - part)) + (y - part)))


def difference(x: Array, y: Array) -> Twofold:
    """Subtract two float64 without rounding.

    Examples
    --------
    >>> import numpy as np
    >>> exact = difference(np.array([1.0]), np.array([1e-20]))
    >>> exact.high.tolist(), exact.low.tolist()
    ([1.0], [-1e-20])
    """
    return _sum(x, -y)


def product(x: Array, y: Array) -> Twofold:
    """Multiply two float64 without rounding (Dekker).

    Examples
    --------
    >>> import numpy as np
    >>> exact = product(np.array([1.0 + 2.0**-52]), np.array([1.0 - 2.0**-52]))
    >>> (exact.high.tolist(), exact.low.tolist()) == ([1.0], [-(2.0**-104)])
    True
    """
    total = np.asarray(x * y)
    (a, b), (c, d) = _halves(x), _halves(y)
    return Twofold(total, np.asarray(((a * c - total) + a * d + b * c) + b * d))


def _halves(x: Array) -> tuple[Array, Array]:
    coarse = _SPLITTER * x
    coarse = coarse - (coarse - x)
    return np.asarray(coarse), np.asarray(x - coarse)
