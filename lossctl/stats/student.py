"""Quantiles of Student's t distribution, without SciPy: importing it would cost more than a whole small run.

Imports the standard library.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

__all__ = ["FAR", "SERIES_FROM", "TINY", "log_gammas", "log_one_and", "t_cdf", "t_density", "t_quantile", "t_tail"]

TINY = 1e-300
FAR = 1e150
"""From here on the square of a number overflows."""

SERIES_FROM = 1e4
"""Degrees of freedom from which the expansion about the normal quantile is exact to the last digits, and the
difference of log-gammas in the distribution function is not."""

_GAMMAS_FROM = 50.0
"""From here on the expansion of ln Γ(a + ½) − ln Γ(a) is exact to the last digit, and their difference is not."""


@lru_cache(maxsize=256)
def t_quantile(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t distribution.

    Parameters
    ----------
    probability
        Between 0 and 1, both ends out.
    freedom
        The degrees of freedom, above 0.

    Returns
    -------
    float
        x with P(T ≤ x) = probability.

    References
    ----------
    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.1 (the distribution function, by the continued
    fraction of the incomplete beta function) and 26.7.5 (the expansion for many degrees of freedom).

    Examples
    --------
    >>> round(t_quantile(0.975, 10), 6)
    2.228139
    """
    median = 0.5
    if probability == median:
        return 0.0
    if probability < median:
        return -t_quantile(1.0 - probability, freedom)
    normal = NormalDist().inv_cdf(probability)
    if freedom >= SERIES_FROM:
        return _expansion(normal, freedom)
    tail = 1.0 - probability
    low, high = 0.0, max(1.0, normal)
    while _upper_tail(high, freedom) > tail:
        low, high = high, 2.0 * high
    x = min(max(normal * (1.0 + (normal**2 + 1.0) / (4.0 * freedom)), low), high)
    for _ in range(200):
        gap = _upper_tail(x, freedom) - tail
        low, high = (x, high) if gap > 0.0 else (low, x)
        step = gap / t_density(x, freedom)
        following = x + step if low < x + step < high else 0.5 * (low + high)
        if abs(following - x) <= 1e-15 * x:
            return following
        x = following
    return x


def _expansion(z: float, freedom: float) -> float:
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    fourth = (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0
    return z + (first + (second + (third + fourth / freedom) / freedom) / freedom) / freedom


def t_cdf(x: float, freedom: float) -> float:
    """Return P(T ≤ x) for Student's t distribution.

    Examples
    --------
    >>> round(t_cdf(2.228139, 10), 6)
    0.975
    """
    return 1.0 - _upper_tail(x, freedom) if x >= 0.0 else _upper_tail(-x, freedom)


def t_tail(x: float, freedom: float) -> float:
    """Return P(T > x) for Student's t distribution, for x ≥ 0: with all its digits, however small.

    Examples
    --------
    >>> round(t_tail(2.228139, 10), 6)
    0.025
    """
    if math.isinf(x):
        return 0.0
    return (
        0.5 * math.erfc(_normal_of(x, freedom) / math.sqrt(2.0)) if freedom >= SERIES_FROM else _upper_tail(x, freedom)
    )


def _normal_of(x: float, freedom: float) -> float:
    """Return z with P(Z > z) = P(T > x), for many degrees of freedom (Hill's algorithm 395)."""
    a = freedom - 0.5
    b = 48.0 * a * a
    square = a * log_one_and(x, freedom)
    z = math.sqrt(square)
    last = z * (((4.0 * square + 33.0) * square + 240.0) * square + 855.0) / (10.0 * b * (b + 0.8 * square**2 + 100.0))
    return z + z * (square + 3.0) / b - last


def _upper_tail(x: float, freedom: float) -> float:
    """P(T > x) for x ≥ 0: half the regularized incomplete beta function."""
    a, b = 0.5 * freedom, 0.5
    exponential = math.exp(_log_front(x, freedom))
    if x > FAR:
        return 0.5 * exponential / a
    square = x * x
    front = exponential * math.sqrt(square / (freedom + square))
    ratio = freedom / (freedom + square)
    if ratio < (a + 1.0) / (a + b + 2.0):
        return 0.5 * front * _continued_fraction(ratio, a, b) / a
    return 0.5 * (1.0 - front * _continued_fraction(square / (freedom + square), b, a) / b)


def _log_front(x: float, freedom: float) -> float:
    """Return the logarithm of what stands before the continued fraction, but for a factor x/√(ν + x²)."""
    a = 0.5 * freedom
    return log_gammas(a) - math.lgamma(0.5) - a * log_one_and(x, freedom)


def t_density(x: float, freedom: float) -> float:
    """Return the density of Student's t distribution at x ≥ 0.

    Examples
    --------
    >>> round(t_density(0.0, 10), 6)
    0.389108
    """
    log_density = log_gammas(0.5 * freedom) - 0.5 * math.log(freedom * math.pi)
    return math.exp(log_density - 0.5 * (freedom + 1.0) * math.log1p(x * x / freedom))


def log_one_and(x: float, freedom: float) -> float:
    """Return ln(1 + x²/ν)."""
    return math.log1p(x * x / freedom) if x <= FAR else 2.0 * math.log(x) - math.log(freedom)


def log_gammas(a: float) -> float:
    """Return ln Γ(a + ½) − ln Γ(a)."""
    if a < _GAMMAS_FROM:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    u = 1.0 / (a * a)
    return 0.5 * math.log(a) - (1.0 / 8.0 - u * (1.0 / 192.0 - u * (1.0 / 640.0 - u * 17.0 / 14336.0))) / a


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method for the continued fraction of the incomplete beta function."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > TINY else TINY)
    total = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        for coefficient in (even, odd):
            d = 1.0 + coefficient * d
            d = 1.0 / (d if abs(d) > TINY else TINY)
            c = 1.0 + coefficient / c
            c = c if abs(c) > TINY else TINY
            total *= c * d
        if abs(c * d - 1.0) < 1e-16:  # noqa: PLR2004 -- float64 precision
            break
    return total
