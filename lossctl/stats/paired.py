"""From the exact sums of paired losses to a difference, its interval and its p-value. Imports core and its own package.

With w the weight of a row, b the baseline's loss, c the candidate's and d = c − b: D = Σwd/Σw, and its squared standard
error is n/(n−1)·Σw²(d − D)²/(Σw)². The relative change ρ has that of u = d − ρb, divided by the baseline's value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from lossctl.core.exact import ExactSum, sqrt_fraction
from lossctl.core.result import Interval
from lossctl.stats.student import t_quantile, t_tail

__all__ = ["Difference", "PairedSums", "difference"]

POWER = 0.8
"""The share of samples in which a difference called detectable would be found significant."""


@dataclass(frozen=True, slots=True)
class PairedSums:
    """Exact sums over the rows of a pair of models.

    Parameters
    ----------
    n
        How many rows there are.
    weight, weight_square
        Σw and Σw².
    d, d_square, d_weight
        Σwd, Σ(wd)² and Σw²d.
    b_square, b_weight, cross
        Σ(wb)², Σw²b and Σw²db.
    """

    n: int
    weight: Fraction
    weight_square: Fraction
    d: ExactSum
    d_square: ExactSum
    d_weight: ExactSum
    b: ExactSum
    b_square: ExactSum
    b_weight: ExactSum
    cross: ExactSum

    @property
    def is_finite(self) -> bool:
        """Whether every loss was finite."""
        return all(each.is_finite for each in (self.d, self.d_square, self.d_weight, self.b, self.b_square, self.cross))


@dataclass(frozen=True, slots=True)
class Difference:
    """What `difference` finds; the fields are those of `lossctl.core.comparison.Comparison`."""

    delta: float
    delta_ci: Interval | None
    relative: float | None
    relative_ci: Interval | None
    p_value: float | None
    detectable: float | None
    rows_needed: int | None


def difference(sums: PairedSums, baseline: float, candidate: float, level: float) -> Difference:
    """Compare two models by their paired losses.

    Parameters
    ----------
    sums
        Of the losses of rows: where the value is no mean, of what it moves with, row by row.
    baseline, candidate
        The values.
    level
        The coverage of the intervals.
    """
    delta = candidate - baseline if baseline != candidate else 0.0
    relative = delta / baseline if baseline != 0.0 and math.isfinite(baseline) else None
    if not sums.is_finite or sums.n <= 1:
        return Difference(delta, None, relative, None, None, None, None)
    freedom = sums.n - 1
    std_error = _std_error(sums, Fraction(0))
    quantile = t_quantile(0.5 + 0.5 * level, freedom)
    interval = _interval(delta, quantile * std_error, level)
    relative_ci = None
    if relative is not None:
        half = quantile * _std_error(sums, Fraction(relative)) / abs(baseline)
        relative_ci = _interval(relative, half, level)
    if std_error == 0.0:
        return Difference(delta, interval, relative, relative_ci, 1.0 if delta == 0.0 else 0.0, 0.0, None)
    p_value = min(1.0, 2.0 * t_tail(abs(delta) / std_error, freedom))
    detectable = (quantile + t_quantile(POWER, freedom)) * std_error
    needed = math.ceil(sums.n * (detectable / delta) ** 2) if delta != 0.0 else None
    return Difference(delta, interval, relative, relative_ci, p_value, detectable, needed)


def _interval(value: float, half: float, level: float) -> Interval:
    return Interval(level, value - half, value + half, "t")


def _std_error(sums: PairedSums, share: Fraction) -> float:
    """Give the standard error of the mean of u = d − share·b."""
    mean = (sums.d.fraction() - share * sums.b.fraction()) / sums.weight
    square = sums.d_square.fraction() - 2 * share * sums.cross.fraction() + share**2 * sums.b_square.fraction()
    weighted = sums.d_weight.fraction() - share * sums.b_weight.fraction()
    spread = max(square - 2 * mean * weighted + mean**2 * sums.weight_square, Fraction(0))
    return sqrt_fraction(Fraction(sums.n, sums.n - 1) * spread / sums.weight**2)
