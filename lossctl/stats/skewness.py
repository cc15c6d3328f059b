"""One-sided tests of skewed differences: Student's t corrected by the third moment.

Everything is computed for many slices at once, ``(slices,)``; functions such as the logarithm are Python's own, for
NumPy's differ in the last bit from machine to machine. Imports the standard library, NumPy and core.

Where differences are skewed to the right, a sample without the rare large ones has too low a mean, and too small a
standard error with it. Hall's transformation of t takes the skewness out to the first order; and as skewed differences
have long tails, their standard error is known by fewer degrees of freedom: with skewness g, and the kurtosis 3 + 3g²/2
that a gamma distribution of that skewness has, its variance is that of a sample of (n − 1)/(1 + 3g²/4) + 1 normal ones.

References
----------
Johnson (1978), Modified t tests and confidence intervals for asymmetrical populations, Journal of the American
Statistical Association 73, 536-544. Hall (1992), On the removal of skewness by transformation, Journal of the Royal
Statistical Society B 54, 221-228.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["Skewed"]

_FEWEST = 3
"""Fewer differences have no skewness."""


@dataclass(frozen=True, slots=True)
class Skewed:
    """The skewness of differences, and what it does to a test, ``(slices,)`` each.

    Parameters
    ----------
    per_root
        The skewness G, by the root of how many there are.
    share
        By how much it lowers the degrees of freedom.

    Examples
    --------
    >>> t = np.array([-2.0, -2.0])
    >>> both = Skewed.of(np.array([0.0, 1.5]), np.array([30.0, 30.0]))
    >>> both.straight(t).round(4).tolist(), both.bent(both.straight(t)).round(12).tolist()
    ([-2.0, -1.5919], [-2.0, -2.0])
    """

    per_root: Array
    share: Array

    @classmethod
    def of(cls, skewness: Array, units: Array) -> Skewed:
        """Return what a skewness does, of the moments of so many units; nothing where there are too few."""
        known = (units >= _FEWEST) & np.isfinite(skewness)
        n, of_moments = np.where(known, units, float(_FEWEST)), np.where(known, skewness, 0.0)
        g = of_moments * np.sqrt(n * (n - 1.0)) / (n - 2.0)
        return cls(g / np.sqrt(n), 1.0 / (1.0 + 0.75 * g * g))

    def straight(self, t: Array) -> Array:
        """Return the t-statistic with the skewness taken out: it rises with t."""
        a = self.per_root
        cubes = np.array([each**3 for each in t.tolist()], dtype=np.float64)
        found: Array = t + a * t * t / 3.0 + a * a * cubes / 27.0 + a / 6.0
        return found

    def bent(self, t: Array) -> Array:
        """Return the t-statistic that `straight` makes this of."""
        a = self.per_root
        found, skewed = t.copy(), np.flatnonzero(a)
        a = a[skewed]
        roots = np.array([_root(x) for x in (a * (t[skewed] - a / 6.0)).tolist()], dtype=np.float64)
        found[skewed] = 3.0 * roots / a
        return found


def _root(x: float) -> float:
    """Return the cube root of 1 + x, less 1."""
    return math.expm1(math.log1p(x) / 3.0) if x > -0.5 else math.cbrt(1.0 + x) - 1.0  # noqa: PLR2004 -- near 0 with all digits
