"""From the exact sums of paired losses to a difference, its interval and its p-value. Imports core and its own package.

With w the weight of a row, b the baseline's loss, c the candidate's and d = c − b: D = Σwd/Σw, and its squared standard
error is Σw²(d − D)²/((Σw)² − Σw²). The relative change ρ has that of d − ρb, divided by the baseline's value. Where
differences do not vary there is no interval, and p is that of flipped signs: see `lossctl.stats.signs`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from lossctl.core.exact.spread import Powers, Spread, error_square, freedom_of, is_lost
from lossctl.core.exact.sum import ExactSum, round_fraction, sqrt_fraction
from lossctl.core.results.interval import Interval
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.stats.hits import DIFFERENCE, RATIO, Hits
from lossctl.stats.series import Lags, series_error
from lossctl.stats.signs import agreeing, varies
from lossctl.stats.student import t_quantile, t_tail
from lossctl.stats.units import Ratio, Units

__all__ = [
    "TELLING",
    "Difference",
    "PairedSums",
    "Values",
    "difference",
    "from_errors",
    "rows_between",
    "rows_needed",
    "unvaried",
]

TELLING = 0.1
"""A row with more than this share of all deviations carries a figure."""

POWER = 0.8
"""The share of samples in which a difference called detectable would be found significant."""


_MOST_SHARE = 1e6
"""More than the square of this as many rows as there are is nothing to plan with."""


@dataclass(frozen=True, slots=True)
class Values:
    """What is compared.

    Parameters
    ----------
    baseline, candidate
        The values of a loss.
    delta
        Candidate less baseline: where both are means, of the exact ones.
    """

    baseline: float
    candidate: float
    delta: float

    @property
    def relative(self) -> float | None:
        """The difference as a share of the baseline's value; ``None`` where that is no more than 0, or infinite.

        A loss that can be negative (a log density) has no zero of its own: a share of it would change with the unit of
        the target, and turn its sign with that of the baseline.
        """
        if self.baseline <= 0.0 or not math.isfinite(self.delta):
            return None
        share = self.delta / self.baseline
        return share if math.isfinite(share) else None


@dataclass(frozen=True, slots=True)
class PairedSums:
    """Exact sums over the rows of a pair of models.

    Parameters
    ----------
    n
        How many rows there are.
    weights
        Σw and Σw².
    b, d
        Of the baseline's losses, and of the candidate's less those.
    cross
        Σw²db.
    centred, rest
        Of d and of d − ρb, each less about its mean: from a second pass, where `needs_centring`.
    units, lags
        The same by unit, and products of rows some way apart, where the method needs them.
    is_linear
        Whether b and c are what values that are no means move with.
    hits
        Where the losses of rows have the same two values: which model has which.
    carried
        The largest share that one row has of Σ|w(d − D)|, where that was looked at: where `may_be_carried`.
    cubes, centred_cubes
        Σ of products of three of w, wb and wd, by how often each stands in them, where skewness counts: without weights
        of b and d alone. And Σ(w(d − D))³, from a second pass.
    """

    n: int
    weights: tuple[Fraction, Fraction]
    b: Spread
    d: Spread
    cross: ExactSum
    centred: Spread | None = None
    rest: Spread | None = None
    units: Units | None = None
    lags: Lags | None = None
    is_linear: bool = False
    hits: Hits | None = None
    carried: float | None = None
    cubes: Mapping[Powers, Fraction] | None = None
    centred_cubes: Mapping[Powers, Fraction] | None = None

    @property
    def freedom(self) -> float:
        """The degrees of freedom of the standard errors, of rows."""
        return freedom_of(self.weights)

    def needs_centring(self, values: Values) -> bool:
        """Return whether squares cancelled, or overflowed where the differences did not."""
        if self.n <= 1 or not (self.d.is_finite and math.isfinite(values.delta)):
            return False
        share = values.relative
        if self._gap()[1]:
            return True
        if share is None or not self.b.is_finite:
            return False
        return not self.cross.is_finite or self._rest(Fraction(share))[1]

    def means(self, share: float) -> tuple[float, float]:
        """Return the means of d and of d − share·b."""
        rest = self.d.total.fraction() - Fraction(share) * self.b.total.fraction()
        return round_fraction(self.d.total.fraction() / self.weights[0]), round_fraction(rest / self.weights[0])

    def gap_ratio(self, values: Values) -> Ratio:
        """Return the difference as a ratio of sums over units."""
        units = self._units()
        mean = self.means(0.0)[0] if self.is_linear else values.delta
        return Ratio(values.delta, units.d - mean * units.w, units.w, units.w)

    def rest_ratio(self, share: float, baseline: float) -> Ratio:
        """Return the relative change as a ratio of sums over units, or what it moves with."""
        units = self._units()
        rest = units.d - share * units.b
        if not self.is_linear:
            return Ratio(share, rest, units.b, units.w)
        return Ratio(share, rest - self.means(share)[1] * units.w, baseline * units.w, units.w)

    def lag_errors(self, values: Values) -> tuple[float | None, float | None]:
        """Return the standard errors of the difference and of the relative change, of a series."""
        if self.lags is None or self.n <= self.lags.horizon or not math.isfinite(values.delta):
            return None, None
        weight = self.weights[0]
        mean = self.d.total.fraction() / weight
        gap = series_error(self.lags.gap(mean), self.n, weight)
        share = values.relative
        if share is None:
            return gap, None
        exact = Fraction(share)
        rest = self.lags.rest(exact, mean - exact * self.b.total.fraction() / weight)
        return gap, series_error(rest, self.n, weight) / abs(values.baseline)

    def _units(self) -> Units:
        if self.units is None:
            raise ValueError("there are no sums by unit")
        return self.units

    def gap_error(self) -> float | None:
        """Return the standard error of the mean of d; ``None`` where it is not defined."""
        if self.n <= 1 or not self.d.is_finite:
            return None
        return sqrt_fraction(self._gap()[0] if self.centred is None else self._of(self.centred))

    def rest_error(self, share: float) -> float | None:
        """Return the standard error of the mean of d − share·b; ``None`` where it is not defined."""
        if self.n <= 1 or not (self.d.is_finite and self.b.is_finite):
            return None
        if self.rest is not None:
            return sqrt_fraction(self._of(self.rest)) if self.rest.is_finite else None
        return sqrt_fraction(self._rest(Fraction(share))[0]) if self.cross.is_finite else None

    def is_lost(self, share: float) -> bool:
        """Return whether the squares of d − share·b cancelled: it varies by little more than their rounding."""
        return self.cross.is_finite and self._rest(Fraction(share))[1]

    def may_be_carried(self, reach: tuple[float, float, float]) -> bool:
        """Return whether one row may have more than a tenth of Σ|w(d − D)|, by the range of d and the largest weight.

        With m the largest of |w(d − D)| that sum is at least Σw²(d − D)²/m.
        """
        if self.n <= 1 or not self.d.is_finite:
            return False
        mean = self.means(0.0)[0]
        most = max(abs(reach[0] - mean), abs(reach[1] - mean)) * reach[2]
        spread = self._squares(self.d.total.fraction(), self.d.square.fraction(), self.d.by_weight)
        return math.isfinite(most) and most > 0.0 and Fraction(most) ** 2 > Fraction(TELLING) * spread

    def carried_by_unit(self) -> float | None:
        """Return the largest share that one unit has of Σ|w(d − D)|, with sums of units."""
        if self.units is None or not self.units.is_finite or not len(self.units):
            return None
        sizes = abs(self.units.d - self.means(0.0)[0] * self.units.w)
        total = math.fsum(sizes)
        return float(sizes.max()) / total if total > 0.0 else None

    def skewness(self, share: float) -> float:
        """Return the skewness of w(d − share·b − m), with m its mean; 0 where it is not known, or they do not vary."""
        if share == 0.0 and self.centred is not None:
            third = (self.centred_cubes or {}).get((0, 0, 3))
            of = self.centred
            square = self._squares(of.total.fraction(), of.square.fraction(), of.by_weight)
        else:
            b, d, r = self.b, self.d, Fraction(share)
            known = self.cubes is not None and b.is_finite and d.is_finite and self.cross.is_finite
            if not known or self.is_lost(share):
                return 0.0
            squares = d.square.fraction() + r**2 * b.square.fraction() - 2 * r * self.cross.fraction()
            total = d.total.fraction() - r * b.total.fraction()
            square = self._squares(total, squares, d.by_weight - r * b.by_weight)
            third = self._third(r, total / self.weights[0])
        if third is None or square <= 0:
            return 0.0
        found = sqrt_fraction(third**2 * self.n / square**3)
        return -found if third < 0 else found

    def _squares(self, total: Fraction, square: Fraction, by_weight: Fraction) -> Fraction:
        mean = total / self.weights[0]
        return square - 2 * mean * by_weight + mean**2 * self.weights[1]

    def _third(self, share: Fraction, mean: Fraction) -> Fraction | None:
        """Return Σ(w(d − share·b − mean))³ by multiplying it out; where no weights differ w is 1."""
        b, d = self.b, self.d
        plain = {
            (1, 0, 2): d.square.fraction(),
            (1, 1, 1): self.cross.fraction(),
            (1, 2, 0): b.square.fraction(),
            (2, 0, 1): d.total.fraction(),
            (2, 1, 0): b.total.fraction(),
            (3, 0, 0): Fraction(self.n),
        }
        found = Fraction(0)
        for (i, j, k), total in (plain | dict(self.cubes or {})).items():
            times = math.factorial(3) // (math.factorial(i) * math.factorial(j) * math.factorial(k))
            found += times * (-mean) ** i * (-share) ** j * total
        return found

    def _of(self, spread: Spread) -> Fraction:
        total, square = spread.total.fraction(), spread.square.fraction()
        return error_square(total, square, spread.by_weight, self.weights)[0]

    def _gap(self) -> tuple[Fraction, bool]:
        total, square = self.d.total.fraction(), self.d.square.fraction()
        return error_square(total, square, self.d.by_weight, self.weights)

    def _rest(self, share: Fraction) -> tuple[Fraction, bool]:
        """Return the squared standard error of the mean of d − share·b, and whether digits cancelled."""
        b, d = self.b, self.d
        most = d.square.fraction() + share**2 * b.square.fraction()
        square = most - 2 * share * self.cross.fraction()
        total = d.total.fraction() - share * b.total.fraction()
        found, _ = error_square(total, square, d.by_weight - share * b.by_weight, self.weights)
        return found, is_lost(found * self.weights[0] ** 2, most)


@dataclass(frozen=True, slots=True)
class Difference:
    """What `difference` finds; the first fields are those of `lossctl.core.results.comparison.Comparison`.

    Parameters
    ----------
    rows_between
        What `rows_needed` may be as far as the interval tells; ``None`` for an end where there is none.
    no_spread
        Whether the differences do not vary.
    listed
        Whether p and intervals are those of all signs there are, not of some drawn at random.
    """

    delta: float
    delta_ci: Interval | None
    relative: float | None
    relative_ci: Interval | None
    p_value: float | None
    detectable: float | None
    rows_needed: int | None
    rows_between: tuple[int | None, int | None] = (None, None)
    no_spread: bool = False
    listed: bool = False


def difference(sums: PairedSums, values: Values, level: float) -> Difference:
    """Compare two models by their paired losses, by Student's t on the differences of rows.

    Parameters
    ----------
    sums
        Of the losses of rows: where the value is no mean, of what it moves with, row by row.
    values
        What is compared.
    level
        The coverage of the intervals.
    """
    gap_error = sums.gap_error() if math.isfinite(values.delta) else None
    share = values.relative
    rest_error = None if share is None or gap_error is None else sums.rest_error(share)
    if rest_error is not None:
        rest_error /= abs(values.baseline)
    found = from_errors(values, (gap_error, rest_error), (sums.n, sums.freedom), level, "t")
    return found if sums.hits is None or found.delta_ci is None else _by_hits(sums, found, sums.hits, level)


def _by_hits(sums: PairedSums, found: Difference, hits: Hits, level: float) -> Difference:
    """Return what was found with the p-value and the intervals of losses of two values."""
    (low,), (high,) = hits.interval(level)
    interval, relative_ci = Interval(level, float(low), float(high), DIFFERENCE), found.relative_ci
    if found.relative is not None and hits.low[0] == 0.0:
        (low,), (high,) = hits.relative_interval(level)
        relative_ci = Interval(level, float(low), float(high), RATIO)
    between = (None, None) if found.detectable is None else rows_between(sums.n, found.detectable, interval)
    (p_value,) = hits.p_values
    return replace(found, delta_ci=interval, relative_ci=relative_ci, p_value=float(p_value), rows_between=between)


def unvaried(values: Values, units: int) -> Difference:
    """Return what differences that do not vary say: p of flipped signs, and no interval.

    Parameters
    ----------
    values
        What is compared.
    units
        How many units there are: rows, clusters or blocks.
    """
    p_value = 1.0 if values.delta == 0.0 else min(1.0, 2.0 * agreeing(units))
    return Difference(values.delta, None, values.relative, None, p_value, None, None, no_spread=True)


def from_errors(
    values: Values,
    errors: tuple[float | None, float | None],
    counts: tuple[int, float],
    level: float,
    label: str,
    units: int | None = None,
) -> Difference:
    """Return what standard errors say of a difference, by Student's t distribution.

    Parameters
    ----------
    values
        What is compared.
    errors
        The standard errors of the difference and of the relative change; ``None`` where they are not defined.
    counts
        The rows, and the degrees of freedom.
    level
        The coverage of the intervals.
    label
        What the intervals call the method.
    units
        How many differences stand for themselves, where that is not the rows.
    """
    delta, relative = values.delta, values.relative
    (std_error, rest_error), (n, freedom) = errors, counts
    if std_error is None:
        return Difference(delta, None, relative, None, None, None, None)
    if not varies(std_error, delta, values.baseline):
        return unvaried(values, n if units is None else units)
    quantile = t_quantile(0.5 + 0.5 * level, freedom)
    relative_ci = None
    if relative is not None and rest_error is not None and varies(rest_error, relative, 1.0):
        relative_ci = _interval(relative, quantile * rest_error, level, label)
    interval = _interval(delta, quantile * std_error, level, label)
    p_value = min(1.0, 2.0 * t_tail(abs(delta) / std_error, freedom))
    detectable = (quantile + t_quantile(POWER, freedom)) * std_error
    needed, between = rows_needed(n, detectable, delta), rows_between(n, detectable, interval)
    return Difference(delta, interval, relative, relative_ci, p_value, detectable, needed, between)


def rows_needed(n: int, detectable: float, delta: float) -> int | None:
    """Return how many rows would show a difference; ``None`` where it is none or would take too many to name."""
    share = detectable / abs(delta) if delta != 0.0 else math.inf
    return math.ceil(n * share**2) if share < _MOST_SHARE else None


def rows_between(n: int, detectable: float, interval: Interval) -> tuple[int | None, int | None]:
    """Return how few and how many rows would show the differences that an interval holds.

    The second is ``None`` where it holds 0, which no number of rows would show.
    """
    far = max(abs(interval.low), abs(interval.high))
    near = 0.0 if interval.low <= 0.0 <= interval.high else min(abs(interval.low), abs(interval.high))
    return rows_needed(n, detectable, far), rows_needed(n, detectable, near)


def _interval(value: float, half: float, level: float, label: str) -> Interval:
    return Interval(level, value - half, value + half, label)
