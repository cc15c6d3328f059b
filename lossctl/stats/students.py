"""Student's t distribution for many degrees of freedom at once: to the bit what `lossctl.stats.student` gives.

What takes long, the continued fraction, is computed by NumPy, whose four operations are those of Python; functions such
as the logarithm are Python's own, for NumPy's differ in the last bit from machine to machine. Imports NumPy, the
standard library, core and its own package.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from lossctl.core.types import Array, Codes
from lossctl.stats.student import FAR, SERIES_FROM, TINY, log_gammas, log_one_and, t_quantile, t_tail

__all__ = ["t_quantiles", "t_tails"]

_STEPS = 200
_NEAR = 1e-15


class _Freedom(NamedTuple):
    """Degrees of freedom below `SERIES_FROM`, with what is the same at every x, ``(n,)`` each."""

    freedom: Array
    front: Array
    """The logarithm of what stands before the continued fraction, but for what hangs on x."""
    density: Array
    """The logarithm of the density at 0."""

    @classmethod
    def of(cls, freedom: Array) -> _Freedom:
        given = freedom.tolist()
        gammas = np.array([log_gammas(0.5 * each) for each in given], dtype=np.float64)
        roots = np.array([0.5 * math.log(each * math.pi) for each in given], dtype=np.float64)
        return cls(freedom, gammas - math.lgamma(0.5), gammas - roots)

    def some(self, places: Codes) -> _Freedom:
        return _Freedom(*(each[places] for each in self))


def t_tails(x: Array, freedom: Array) -> Array:
    """Return P(T > x) for each x ≥ 0 and its degrees of freedom, as `lossctl.stats.student.t_tail`.

    Examples
    --------
    >>> t_tails(np.array([2.228139, 0.0]), np.array([10.0, 3.0])).round(6).tolist()
    [0.025, 0.5]
    """
    found = np.empty(len(x))
    near = np.isfinite(x) & (freedom < SERIES_FROM)
    found[near] = _upper_tails(x[near], _logs(x[near], freedom[near]), _Freedom.of(freedom[near]))
    found[~near] = [t_tail(*each) for each in zip(x[~near].tolist(), freedom[~near].tolist(), strict=True)]
    return found


def t_quantiles(probability: float, freedom: Array) -> Array:
    """Return the quantile for each of many degrees of freedom, as `lossctl.stats.student.t_quantile`.

    Parameters
    ----------
    probability
        At least ½, and below 1.
    freedom
        The degrees of freedom, above 0; best each once.

    Examples
    --------
    >>> t_quantiles(0.975, np.array([10.0, 20.0])).round(6).tolist()
    [2.228139, 2.085963]
    """
    found = np.zeros(len(freedom))
    if probability > 0.5:  # noqa: PLR2004 -- the median is 0
        far = freedom >= SERIES_FROM
        found[far] = [t_quantile(probability, each) for each in freedom[far].tolist()]
        found[~far] = _searched(probability, _Freedom.of(freedom[~far]))
    return found


def _searched(probability: float, of: _Freedom) -> Array:
    """Return quantiles by Newton's method, kept between bounds by halving."""
    freedom = of.freedom
    normal, tail = NormalDist().inv_cdf(probability), 1.0 - probability
    low, high = np.zeros(len(freedom)), np.full(len(freedom), max(1.0, normal))
    above = np.flatnonzero(_tails_at(high, of) > tail)
    while above.size:
        low[above] = high[above]
        high[above] = 2.0 * low[above]
        above = above[_tails_at(high[above], of.some(above)) > tail]
    x: Array = np.minimum(np.maximum(normal * (1.0 + (normal**2 + 1.0) / (4.0 * freedom)), low), high)
    left = np.arange(len(freedom))
    for _ in range(_STEPS):
        if not left.size:
            break
        at, some = x[left], of.some(left)
        logs = _logs(at, some.freedom)
        gap = _upper_tails(at, logs, some) - tail
        low[left] = np.where(gap > 0.0, at, low[left])
        high[left] = np.where(gap > 0.0, high[left], at)
        following = at + gap / _exponentials(some.density - 0.5 * (some.freedom + 1.0) * logs)
        inside = (low[left] < following) & (following < high[left])
        following = np.where(inside, following, 0.5 * (low[left] + high[left]))
        x[left] = following
        left = left[~(np.abs(following - at) <= _NEAR * at)]
    return x


def _tails_at(x: Array, of: _Freedom) -> Array:
    return _upper_tails(x, _logs(x, of.freedom), of)


def _upper_tails(x: Array, logs: Array, of: _Freedom) -> Array:
    """P(T > x) for x ≥ 0, by ln(1 + x²/ν); see `lossctl.stats.student`."""
    freedom, a = of.freedom, 0.5 * of.freedom
    exponentials = _exponentials(of.front - a * logs)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        square = x * x
        front = exponentials * np.sqrt(square / (freedom + square))
        ratio = freedom / (freedom + square)
        narrow = ratio < (a + 1.0) / (a + 0.5 + 2.0)
        other = square / (freedom + square)
    halves = np.full(len(x), 0.5)
    one, two = np.where(narrow, a, halves), np.where(narrow, halves, a)
    far = x > FAR
    fractions = np.ones(len(x))
    fractions[~far] = _continued_fractions(np.where(narrow, ratio, other)[~far], one[~far], two[~far])
    found: Array = np.where(narrow, 0.5 * front * fractions / a, 0.5 * (1.0 - front * fractions / 0.5))
    tails: Array = np.where(far, 0.5 * exponentials / a, found)
    return tails


def _logs(x: Array, freedom: Array) -> Array:
    """Return ln(1 + x²/ν)."""
    with np.errstate(over="ignore"):
        found = np.array([math.log1p(each) for each in (x * x / freedom).tolist()], dtype=np.float64)
    for place in np.flatnonzero(x > FAR).tolist():
        found[place] = log_one_and(float(x[place]), float(freedom[place]))
    return found


def _exponentials(x: Array) -> Array:
    return np.array([math.exp(each) for each in x.tolist()], dtype=np.float64)


def _continued_fractions(x: Array, a: Array, b: Array) -> Array:
    """Lentz's method for many continued fractions, each for as many steps as it takes."""
    c = np.ones(len(x))
    d = 1.0 / _not_tiny(1.0 - (a + b) * x / (a + 1.0))
    total, found, left = d, np.empty(len(x)), np.arange(len(x))
    for m in range(1, 10_000):
        if not left.size:
            break
        even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        for coefficient in (even, odd):
            d = 1.0 / _not_tiny(1.0 + coefficient * d)
            c = _not_tiny(1.0 + coefficient / c)
            total = total * (c * d)
        going = ~(np.abs(c * d - 1.0) < 1e-16)  # noqa: PLR2004 -- float64 precision
        if not going.all():
            found[left[~going]] = total[~going]
            left, x, a, b = left[going], x[going], a[going], b[going]
            c, d, total = c[going], d[going], total[going]
    found[left] = total
    return found


def _not_tiny(values: Array) -> Array:
    found: Array = np.where(np.abs(values) > TINY, values, TINY)
    return found
