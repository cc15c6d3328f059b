"""Domains: the values a column may hold. Imports the standard library and NumPy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["BINARY", "NONNEGATIVE", "POSITIVE", "PROBABILITY", "REAL_LINE", "Domain"]


@dataclass(frozen=True, slots=True)
class Domain:
    """An interval of real numbers that a column's values must lie in.

    Parameters
    ----------
    low, high
        The ends; infinite where there is none.
    low_open, high_open
        Whether the end itself is out.
    whole
        Whether only whole numbers are in.
    without_zero
        Whether 0 is out, though the ends lie on either side of it.

    Examples
    --------
    >>> print(PROBABILITY)
    [0, 1]
    >>> print(POSITIVE)
    (0, inf)
    >>> print(BINARY)
    {0, 1}
    >>> print(Domain(without_zero=True))
    (-inf, 0) or (0, inf)
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    without_zero: bool = False

    def contains(self, values: Array) -> npt.NDArray[np.bool_]:
        """Return for each value whether it lies in the domain (a NaN never does)."""
        above = values > self.low if self.low_open else values >= self.low
        below = values < self.high if self.high_open else values <= self.high
        inside: npt.NDArray[np.bool_] = above & below
        if self.without_zero:
            inside &= values != 0.0
        return inside & (values == np.rint(values)) if self.whole else inside

    def contains_all(self, values: Array) -> bool:
        """Return whether every value lies in the domain, without making an array the size of the input."""
        if values.size == 0 or self.is_real_line:
            return True
        low, high = float(values.min()), float(values.max())
        above = low > self.low if self.low_open else low >= self.low
        below = high < self.high if self.high_open else high <= self.high
        if not (above and below) or (self.without_zero and not values.all()):
            return False
        return not self.whole or bool((values == np.rint(values)).all())

    def beyond(self, values: Array) -> float:
        """Return how far the worst of some values lies outside of the ends.

        Examples
        --------
        >>> PROBABILITY.beyond(np.array([0.5, -0.25, 1.125]))
        0.25
        """
        return float(np.fmax.reduce(np.maximum(self.low - values, values - self.high), axis=None, initial=0.0))

    @property
    def is_real_line(self) -> bool:
        """Whether every finite number lies in the domain."""
        return math.isinf(self.low) and math.isinf(self.high) and not self.whole and not self.without_zero

    def __str__(self) -> str:
        if self.whole and math.isfinite(self.high - self.low):
            numbers = range(int(self.low), int(self.high) + 1)
            return "{" + ", ".join(str(number) for number in numbers if number or not self.without_zero) + "}"
        left = "(" if self.low_open or math.isinf(self.low) else "["
        right = ")" if self.high_open or math.isinf(self.high) else "]"
        gap = "0) or (0, " if self.without_zero else ""
        return f"{'whole numbers in ' if self.whole else ''}{left}{self.low:g}, {gap}{self.high:g}{right}"


REAL_LINE = Domain()
NONNEGATIVE = Domain(low=0.0)
POSITIVE = Domain(low=0.0, low_open=True)
PROBABILITY = Domain(low=0.0, high=1.0)
BINARY = Domain(low=0.0, high=1.0, whole=True)
