"""Two models whose losses of rows have the same two values, such as 0/1 losses: McNemar's test and score intervals.

Only the rows count in which one model is right and the other wrong. Where few rows are, or few of them differ,
Student's t takes their spread from so little that it is far too sure; a score test takes it from the difference that is
tested. Everything is computed for many pairs at once, ``(slices,)``, by operations that round alike on every machine.
Imports NumPy and core.

References
----------
McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages,
Psychometrika 12, 153-157 (here by the binomial distribution). Tango (1998), Equivalence test and confidence interval
for the difference in proportions for the paired-sample design, Statistics in Medicine 17, 891-908. Nam and Blackwelder
(2002), Analysis of the ratio of marginal probabilities in a matched-pair setting, Statistics in Medicine 21, 689-699.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes

__all__ = ["DIFFERENCE", "HITS", "RATIO", "Hits", "mcnemar"]

DIFFERENCE = "tango"
"""What the interval of a difference calls its method."""

RATIO = "nam-blackwelder"
"""What the interval of a relative change calls its method."""

HITS = 6
"""How many fields `Hits` has."""

_STEPS = 60
"""Halvings of [−1, 1], or of all ratios: to the last bits of a double."""

_EXACT = 1000
"""Up to so many rows binomial coefficients are whole numbers of Python."""


_MOST = 1.0 - 2.0**-40
"""A difference of shares that is as near to 1 as matters."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows of two models by which has the larger of two losses, ``(slices,)`` each.

    Parameters
    ----------
    n
        How many rows there are.
    worse, better
        In how many of them the candidate alone has the larger loss, and the baseline alone.
    high
        In how many the baseline has it.
    low
        The smaller loss.
    gap
        By how much the other is larger.
    """

    n: Array
    worse: Array
    better: Array
    high: Array
    low: Array
    gap: Array

    @classmethod
    def of(cls, n: int, worse: int, better: int, high: int, levels: tuple[float, float]) -> Hits:
        """Return those of one pair."""
        low, gap = levels[0], levels[1] - levels[0]
        return cls(*(np.array([each], dtype=np.float64) for each in (n, worse, better, high, low, gap)))

    def some(self, places: Codes) -> Hits:
        """Return those of some pairs."""
        return Hits(*self.stacked()[:, places])

    def stacked(self) -> Array:
        """Return the fields, a row each."""
        return np.stack((self.n, self.worse, self.better, self.high, self.low, self.gap))

    @property
    def p_values(self) -> Array:
        """McNemar's exact p-values."""
        given = zip(self.worse.tolist(), self.better.tolist(), strict=True)
        return np.array([mcnemar(int(worse), int(better)) for worse, better in given])

    def interval(self, level: float) -> tuple[Array, Array]:
        """Return the ends of the score interval of the difference."""
        low, high = (self.gap * self._root(_score, level, upper=upper) for upper in (False, True))
        return low, high

    def relative_interval(self, level: float) -> tuple[Array, Array]:
        """Return the ends of that of the relative change; NaN where the smaller loss is not 0."""
        ends = (_ratio(self._root(_of_ratio, level, upper=upper)) - 1.0 for upper in (False, True))
        low, high = (np.where(self.low == 0.0, each, math.nan) for each in ends)
        return low, high

    def tails(self, limit: float, share: float) -> tuple[Array, Array]:
        """Return P(Z ≥ z) and P(Z ≤ z) for the score z of D − rB against a limit.

        NaN where a share is not that of two probabilities, for the smaller loss is not 0.
        """
        with np.errstate(all="ignore"):
            if share == 0.0:
                scores = _score(self, np.clip(limit / self.gap, -_MOST, _MOST))
            elif limit == 0.0 and share > -1.0:
                scores = _score_of_ratio(self, np.full(len(self.n), 1.0 + share))
                scores = np.where(self.low == 0.0, scores, math.nan)
            else:
                scores = np.full(len(self.n), math.nan)
        by_root = [each / math.sqrt(2.0) for each in scores.tolist()]
        above, below = (np.array([0.5 * math.erfc(s * each) for each in by_root]) for s in (1.0, -1.0))
        return above, below

    @np.errstate(all="ignore")
    def _root(self, score: Callable[[Hits, Array], Array], level: float, *, upper: bool) -> Array:
        """Return by halving where a score, which falls, is the quantile of the normal distribution."""
        wanted = NormalDist().inv_cdf(0.5 + 0.5 * level) * (-1.0 if upper else 1.0)
        low, high = np.full(len(self.n), -1.0), np.ones(len(self.n))
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            above = score(self, middle) > wanted
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        found: Array = high if upper else low
        return found


def _of_ratio(hits: Hits, place: Array) -> Array:
    return _score_of_ratio(hits, _ratio(place))


def _ratio(place: Array) -> Array:
    """Return a ratio from 0 to infinity for each place from −1 to 1."""
    found: Array = (1.0 + place) / (1.0 - place)
    return found


def _score(hits: Hits, gap: Array) -> Array:
    """Return Tango's score of a difference of shares: how far the rows are from it, in its own standard errors."""
    n, worse, better = hits.n, hits.worse, hits.better
    b = (2.0 * n - worse + better) * gap - worse - better
    root = np.sqrt(b * b + 8.0 * n * better * gap * (1.0 - gap))
    share = (root - b) / (4.0 * n)  # of rows in which the baseline alone has the larger loss, where `gap` is true
    found: Array = (worse - better - n * gap) / np.sqrt(n * (2.0 * share + gap * (1.0 - gap)))
    return found


def _score_of_ratio(hits: Hits, ratio: Array) -> Array:
    """Return Nam and Blackwelder's score of a ratio of shares: as `_score`, of what stands to each other as the ratio.

    With a the rows in which the baseline alone has the larger loss, q those of both and S all but those of neither, the
    likeliest a where c/b is the ratio φ solves a quadratic: the others follow from a + (φ − 1)S = φ · (rows of the
    candidate alone) and from what is left of S.
    """
    worse, better = hits.worse, hits.better
    both = hits.high - better
    some = worse + better + both
    shift = (ratio - 1.0) * some
    a = (1.0 + ratio) * some
    b = (1.0 + ratio) * shift * hits.high - (worse + better) * some
    root = np.sqrt(b * b + 4.0 * a * better * shift * some)
    alone = (root - b) / (2.0 * a)
    other = (alone + shift) / ratio
    found: Array = (worse + both - ratio * hits.high) / np.sqrt(ratio * (alone + other))
    return found


@lru_cache(maxsize=4096)
def mcnemar(worse: int, better: int) -> float:
    """Return McNemar's exact p-value: that of so uneven a split of rows that might as well have gone either way.

    Examples
    --------
    >>> mcnemar(4, 0), mcnemar(0, 0), mcnemar(8, 2)
    (0.125, 1.0, 0.109375)
    """
    rows, few = worse + better, min(worse, better)
    if 2 * few == rows:
        return 1.0
    term = total = 1.0
    for step in range(few):  # the chances of fewer, as shares of that of `few`
        term *= (few - step) / (rows - few + 1 + step)
        total += term
        if term < total * 2.0**-60:
            break
    return min(1.0, max(2.0 * _chance(few, rows) * total, math.ulp(0.0)))


def _chance(few: int, rows: int) -> float:
    """Return the chance that a fair coin shows heads so few times (Loader, 2000, for many throws)."""
    if rows <= _EXACT:
        return math.comb(rows, few) / (1 << rows)
    if few == 0:
        return math.ldexp(1.0, -rows)
    rest, half = rows - few, 0.5 * rows
    log = _stirling(rows) - _stirling(few) - _stirling(rest) - _deviance(few, half) - _deviance(rest, half)
    return math.exp(log) * math.sqrt(rows / (2.0 * math.pi * few * rest))


def _stirling(count: int) -> float:
    """Return ln(count!) less Stirling's approximation of it."""
    if count <= 15:  # noqa: PLR2004 -- from 16 on the series is exact
        return math.lgamma(count + 1.0) - (count + 0.5) * math.log(count) + count - 0.5 * math.log(2.0 * math.pi)
    u = 1.0 / (count * count)
    return (1.0 / 12.0 - u * (1.0 / 360.0 - u * (1.0 / 1260.0 - u * (1.0 / 1680.0 - u / 1188.0)))) / count


def _deviance(count: int, mean: float) -> float:
    """Return count·ln(count/mean) + mean − count, with all its digits near the mean."""
    gap = count - mean
    if abs(gap) < 0.1 * (count + mean):
        v = gap / (count + mean)
        total, term = gap * v, 2.0 * count * v
        for power in range(3, 1000, 2):
            term *= v * v
            following = total + term / power
            if following == total:
                break
            total = following
        return total
    return count * math.log(count / mean) + mean - count
