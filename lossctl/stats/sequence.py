"""Tests that may be looked at as often as a file grows: asymptotic confidence sequences. Imports the standard library.

With S the sum of n differences less their true mean, in standard deviations, exp(λS − λ²n/2) is 1 on average for every
λ, and so is its mean over λ. With λ half normal of variance ρ² that mean is::

    M(n) = 2/√(nρ² + 1) · exp(x²/2) · Φ(x)        x = z·√(nρ²/(nρ² + 1))        z = S/√n

and the chance that it ever reaches 1/α is at most α (Ville). By Φ(x) ≥ 1 − exp(−x²/2)/2 it does not reach that where
x² < 2·ln(1 + √(nρ² + 1)/(2α)), a boundary that can be written down both ways: for each α the z, for each z the least α,
which is the p-value. A look at n rows is therefore a test of one look, at a level that hangs on n.

References
----------
Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory and asymptotic confidence
sequences, Annals of Statistics 52, 2613-2640 (the one-sided sequence is in the appendix). Robbins (1970), Statistical
methods related to the law of the iterated logarithm, Annals of Mathematical Statistics 41, 1397-1409.
"""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["FEWEST", "one_look", "over_looks"]

FEWEST = 100
"""With fewer rows, sums are not yet near enough to normal ones for all later looks."""

_VARIANCE = 7.13e-3
"""ρ²: bounds of 95 % are narrowest at 1000 rows, −2·ln 2α + ln(−2·ln 2α) + 1 over that many for α = 0.05."""

_LEAST = math.ulp(0.0)
_MOST = 1.0 - 2.0**-53


def one_look(level: float, n: float) -> float:
    """Return the one-sided level of one look at n rows, for bounds that hold at all looks with the level given.

    Examples
    --------
    >>> [round(one_look(0.95, n), 5) for n in (100, 1000, 10_000)]
    [0.99982, 0.99727, 0.99868]
    """
    time = n * _VARIANCE
    x = math.sqrt(2.0 * math.log1p(math.sqrt(time + 1.0) / (2.0 * (1.0 - level))))
    return min(1.0 - 0.5 * math.erfc(x / math.sqrt(2.0 * time / (time + 1.0))), _MOST)


def over_looks(p: float, n: float) -> float:
    """Return the p-value that holds at all looks, from that of one look at n rows: the least α that excludes the limit.

    Examples
    --------
    >>> [round(over_looks(p, 1000), 4) for p in (0.6, 0.05, 0.0027)]
    [1.0, 0.6266, 0.0495]
    """
    z = -NormalDist().inv_cdf(min(max(p, _LEAST), _MOST))
    if z <= 0.0:
        return 1.0
    time = n * _VARIANCE
    half = 0.5 * z * z * time / (time + 1.0)
    return min(1.0, max(math.sqrt(time + 1.0) * math.exp(-half) / (-2.0 * math.expm1(-half)), _LEAST))
