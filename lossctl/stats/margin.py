"""How a difference of two models stands to a limit: one-sided bounds and p-values. Imports core and its own package.

With b and c the losses of baseline and candidate, D the mean of c − b and B that of b, what is held against the limit m
is D; or, of a limit that is a share r of the baseline, D − rB, against 0: nothing is divided, so a baseline near 0 does
no harm. Its standard error is that of the mean of (c − b) − rb, row by row (of the units, of a series with its lags).

The t-statistic is corrected for the skewness of the differences: see `lossctl.stats.skewness`.

Where these do not vary, a standard error says nothing, and the p-values are those of flipped signs about the limit;
where no row differs at all, they are those of as many rows without a difference, of a loss whose range is known. Both
hold at any number of looks as they are: 2ⁿ, as long as n signs agree, is a martingale of fair signs, and so is
(1 − share)⁻ⁿ as long as none of n rows differs. All others are made to, where a method is sequential.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lossctl.core.dataclass import dataclass
from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.method import Method
from lossctl.stats.paired import POWER, PairedSums, Values
from lossctl.stats.sequence import one_look, over_looks
from lossctl.stats.series import cosine_count, cosine_error, series_error
from lossctl.stats.signs import agreeing, none_of, varies
from lossctl.stats.skewness import Skewed
from lossctl.stats.student import t_quantile, t_tail
from lossctl.stats.units import Ratio

__all__ = ["Margin", "margin", "standing"]

_HUGE = 1e300
"""Stands for a bound that there is none of: p-values decide."""

_FAR = 1e-3
"""Differences that are equal but for the rounding of their squares lie on one side of a limit so far from them."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What the data say of D − rB against a limit.

    Parameters
    ----------
    value
        D − rB.
    low, high
        Its one-sided bounds: each holds with the confidence of the level.
    limit
        What it is held against.
    p_above, p_below
        The p-value of "it lies at or above the limit", and of "at or below".
    detectable
        The smallest distance from the limit that such samples show 80 % of the time; 0 where there is no spread.
    std_error, freedom
        The standard error, and its degrees of freedom.
    alike
        Whether all differences are equal, so that signs decide.
    unchanged
        Whether no row differs. `alike` is false then.
    share
        Of rows without a difference: the least share of rows that would have to differ if the limit were not kept to,
        where the range of the loss is known.
    """

    value: float
    low: float
    high: float
    limit: float
    p_above: float
    p_below: float
    detectable: float
    std_error: float
    freedom: float
    alike: bool = False
    unchanged: bool = False
    share: float | None = None


def margin(
    sums: PairedSums,
    values: Values,
    method: Method,
    *,
    limit: float,
    share: float = 0.0,
    level: float = 0.95,
    span: float | None = None,
) -> Margin | None:
    """Hold a difference against a limit, by Student's t.

    Parameters
    ----------
    sums, values
        Of a pair of models, as `lossctl.stats.paired.difference` takes them.
    method
        What the units are: rows, clusters, blocks, or a series; and whether one look is taken, or many.
    limit
        The limit m.
    share
        The share r of the baseline that is taken off.
    level
        The confidence of the bounds.
    span
        The largest difference that a row could have; ``None`` where the loss has no bounds.

    Returns
    -------
    Margin or None
        ``None`` where there is no standard error: of one row, or values that are not finite.
    """
    if not (math.isfinite(values.delta) and math.isfinite(values.baseline)):
        return None
    value = round_fraction(Fraction(values.delta) - Fraction(share) * Fraction(values.baseline))
    found = _error(sums, value, method, share)
    if found is None or not math.isfinite(found[0]):
        return None
    error, freedom = found
    if values.delta == 0.0 and not sums.d.square.fraction():
        share_of_rows = None if span is None else abs(limit + share * values.baseline) / span
        return _unchanged(value, limit, freedom, standing(sums, method), share_of_rows)
    size = max(abs(values.delta), abs(share * values.baseline), abs(limit))
    lost = share != 0.0 and not method.has_units and sums.is_lost(share) and abs(value - limit) > _FAR * size
    if lost or not (varies(error, size) and varies(error, value - limit, values.baseline)):
        return _alike(value, limit, size, freedom, _units(sums, method))
    rows, varying = standing(sums, method), (value, error, freedom)
    if not method.sequential:
        return _tested(sums, values, method, varying, (limit, share, level))
    told = _tested(sums, values, method, varying, (limit, share, one_look(level, rows)))
    return replace(told, p_above=over_looks(told.p_above, rows), p_below=over_looks(told.p_below, rows))


def _tested(
    sums: PairedSums,
    values: Values,
    method: Method,
    found: tuple[float, float, float],
    asked: tuple[float, float, float],
) -> Margin:
    """Test a difference that varies, at one look: by scores of two values, else by Student's t.

    Of it are found value, standard error and degrees of freedom; limit, share and level are asked.
    """
    (value, error, freedom), (limit, share, level) = found, asked
    by_hits = _by_hits(sums, values, limit, share, level)
    if by_hits is not None:
        low, high, above, below = by_hits
        detectable = (t_quantile(level, freedom) + t_quantile(POWER, freedom)) * error
        return Margin(value, low, high, limit, above, below, detectable, error, freedom)
    skewed = _skewed(sums, value, method, share)
    freedom = max(1.0, freedom * skewed.share)
    quantile, t = t_quantile(level, freedom), skewed.straight((value - limit) / error)
    low, high = value - skewed.bent(quantile) * error, value - skewed.bent(-quantile) * error
    detectable = (quantile + t_quantile(POWER, freedom)) * error
    return Margin(value, low, high, limit, _tail(-t, freedom), _tail(t, freedom), detectable, error, freedom)


def _skewed(sums: PairedSums, value: float, method: Method, share: float) -> Skewed:
    """Return the skewness of what is tested: of rows, or of units; of a series it is not known."""
    if method.is_series:
        return Skewed.of(0.0, 0)
    if sums.units is None:
        return Skewed.of(sums.skewness(share), sums.n)
    units = sums.units
    mean = sums.means(share)[1] if sums.is_linear else value
    u = units.d - share * units.b - mean * units.w
    scale = float(np.abs(u).max())
    squares, cubes = ExactSum(), ExactSum()
    squares.add_squares(u / scale)
    cubes.add((u / scale) ** 3)
    return Skewed.of(cubes.result() * math.sqrt(len(u)) / squares.result() ** 1.5, len(u))


def _by_hits(
    sums: PairedSums, values: Values, limit: float, share: float, level: float
) -> tuple[float, float, float, float] | None:
    """Return one-sided bounds, and p-values above and below the limit, of losses of two values by their score.

    ``None`` where losses have others, or the limit is no share of what has the larger one.
    """
    tails = None if sums.hits is None else sums.hits.tails(limit, share)
    if tails is None or sums.hits is None:
        return None
    below, above = tails
    two_sided = 2.0 * level - 1.0
    if share == 0.0:
        (low,), (high,) = sums.hits.interval(two_sided)
    else:
        ends = (each - share for each in sums.hits.relative_interval(two_sided))
        (low,), (high,) = (values.baseline * each for each in ends)
    return float(low), min(float(high), _HUGE), above, below


def _units(sums: PairedSums, method: Method) -> int:
    """Return how many differences stand for themselves."""
    if method.is_series:
        return max(1, sums.n // (method.lags + 1))
    return len(sums.units) if method.has_units and sums.units is not None else sums.n


def standing(sums: PairedSums, method: Method) -> float:
    """Return how many rows stand for themselves: of different weights, as many of one weight as tell as much."""
    if method.has_units or method.is_series:
        return _units(sums, method)
    total, square = sums.weights
    return float(total**2 / square)


def _unchanged(value: float, limit: float, freedom: float, rows: float, share: float | None) -> Margin:
    """Hold rows of which none differs against a limit: how likely that is where a share of all rows would differ."""
    none = 1.0 if share is None else none_of(share, rows)
    above, below = (none, 1.0) if value < limit else (1.0, none)
    return Margin(value, value, value, limit, above, below, 0.0, 0.0, freedom, unchanged=True, share=share)


def _alike(value: float, limit: float, size: float, freedom: float, units: int) -> Margin:
    """Hold differences that are all equal against a limit: by their signs about it."""
    one = agreeing(units)
    above, below = (one, 1.0) if value < limit else (1.0, one)
    if not varies(abs(value - limit), size):  # they are as large as the limit
        above = below = 1.0
    return Margin(value, value, value, limit, above, below, 0.0, 0.0, freedom, alike=True)


def _tail(z: float, freedom: float) -> float:
    """Give P(T > z)."""
    return t_tail(z, freedom) if z >= 0.0 else 1.0 - t_tail(-z, freedom)


def _error(sums: PairedSums, value: float, method: Method, share: float) -> tuple[float, float] | None:
    """Give the standard error of D − rB and its degrees of freedom; ``None`` where it is not defined."""
    if method.is_series and not method.is_smoothed:
        return _of_series(sums, share)
    if method.has_units:
        return _of_units(sums, value, method, share)
    error = sums.gap_error() if share == 0.0 else _of_rows(sums, share)
    return None if error is None else (error, sums.freedom)


def _of_rows(sums: PairedSums, share: float) -> float | None:
    """Give the error of the mean of d − rb: of the squares as they are, for those that are centred are so for ρ.

    What rounding of squares leaves where they cancel is 1e-8 of a row's loss, less than any limit a person sets.
    """
    return replace(sums, rest=None).rest_error(share)


def _of_units(sums: PairedSums, value: float, method: Method, share: float) -> tuple[float, float] | None:
    units = sums.units
    if units is None or len(units) <= 1 or not units.is_finite:
        return None
    mean = sums.means(share)[1] if sums.is_linear else value
    ratio = Ratio(value, units.d - share * units.b - mean * units.w, units.w, units.w)
    if not method.is_series:
        return ratio.reduced_error, ratio.freedom
    if sums.n <= method.lags + 1:
        return None
    count = cosine_count(sums.n, method.lags + 1)
    return cosine_error(ratio, count), count


def _of_series(sums: PairedSums, share: float) -> tuple[float, float] | None:
    if sums.lags is None or sums.n <= len(sums.lags.products):
        return None
    weight, exact = sums.weights[0], Fraction(share)
    rest = (sums.d.total.fraction() - exact * sums.b.total.fraction()) / weight
    terms = sums.lags.gap(rest) if share == 0.0 else replace(sums.lags, centred=()).rest(exact, rest)
    return series_error(terms, sums.n, weight), sums.n - 1
