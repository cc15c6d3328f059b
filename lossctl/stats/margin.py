"""How a difference of two models stands to a limit: one-sided bounds and p-values. Imports core and its own package.

With b and c the losses of baseline and candidate, D the mean of c − b and B that of b, what is held against the limit m
is D; or, of a limit that is a share r of the baseline, D − rB, against 0: nothing is divided, so a baseline near 0 does
no harm. Its standard error is that of the mean of (c − b) − rb, row by row (of the units, of a series with its lags):
see `lossctl.stats.measured`. All is computed for many slices at once; one is a table of length 1.

The t-statistic is corrected for the skewness of the differences: see `lossctl.stats.skewness`.

Where these do not vary, a standard error says nothing, and the p-values are those of flipped signs about the limit;
where no row differs at all, they are those of as many rows without a difference, of a loss whose range is known. Both
hold at any number of looks as they are: 2ⁿ, as long as n signs agree, is a martingale of fair signs, and so is
(1 − share)⁻ⁿ as long as none of n rows differs. All others are made to, where a method is sequential.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lossctl.core.method import Method
from lossctl.core.types import Array, Codes, Mask
from lossctl.stats.difference_columns import noise
from lossctl.stats.differences import POWER, PairedSums, Values
from lossctl.stats.hits import Hits
from lossctl.stats.measured import Measured, measured_alone
from lossctl.stats.sequence import one_look, over_looks
from lossctl.stats.signs import agreeing, none_of
from lossctl.stats.skewness import Skewed
from lossctl.stats.students import t_quantiles, t_tails

__all__ = ["Margin", "Margins", "margin", "margins"]

_HUGE = 1e300
"""Stands for a bound that there is none of: p-values decide."""

_FAR = 1e-3
"""Differences that are equal but for the rounding of their squares lie on one side of a limit so far from them."""


class Margin(NamedTuple):
    """What the data say of D − rB against a limit.

    Parameters
    ----------
    value
        D − rB.
    low, high
        Its one-sided bounds: each holds with the confidence of the level.
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
        where the range of the loss is known, else NaN.
    """

    value: float
    low: float
    high: float
    p_above: float
    p_below: float
    detectable: float
    std_error: float
    freedom: float
    alike: bool
    unchanged: bool
    share: float


class Margins(NamedTuple):
    """The fields of `Margin` of many slices, ``(slices,)`` each; NaN where there is no standard error."""

    value: Array
    low: Array
    high: Array
    p_above: Array
    p_below: Array
    detectable: Array
    std_error: Array
    freedom: Array
    alike: Mask
    unchanged: Mask
    share: Array

    def rows(self) -> list[Margin | None]:
        """Return the margin of each slice; ``None`` where there is no standard error."""
        made = (Margin(*each) for each in zip(*(column.tolist() for column in self), strict=True))
        return [None if math.isnan(each.std_error) else each for each in made]


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
    """Hold the difference of one slice against a limit: see `measured_alone` and `margins`.

    Returns
    -------
    Margin or None
        ``None`` where there is no standard error: of one row, or values that are not finite.
    """
    measured = measured_alone(sums, values, method, share)
    (found,) = margins(measured, limit=limit, share=share, level=level, span=span, sequential=method.sequential).rows()
    return found


@np.errstate(all="ignore")  # of slices without a standard error, nothing is known
def margins(
    of: Measured,
    *,
    limit: float,
    share: float = 0.0,
    level: float = 0.95,
    span: float | None = None,
    sequential: bool = False,
) -> Margins:
    """Hold differences against a limit, by Student's t.

    Parameters
    ----------
    of
        What was measured of each slice, with the share of the baseline taken off.
    limit
        The limit m.
    share
        The share r of the baseline that is taken off.
    level
        The confidence of the bounds.
    span
        The largest difference that a row could have; ``None`` where the loss has no bounds.
    sequential
        Whether the bounds and p-values are to hold at every look at slices that grow.
    """
    known = np.isfinite(of.delta) & np.isfinite(of.baseline) & np.isfinite(of.error)
    size = np.maximum(np.maximum(np.abs(of.delta), np.abs(share * of.baseline)), abs(limit))
    apart = of.value - limit
    lost = of.is_lost & (np.abs(apart) > _FAR * size)
    varies = (of.error > noise(size, np.zeros(len(size)))) & (of.error > noise(apart, of.baseline))
    unchanged = known & of.is_still
    alike = known & ~unchanged & (lost | ~varies)
    nothing = np.full(len(size), math.nan)
    found = Margins(
        value=of.value,
        low=of.value.copy(),
        high=of.value.copy(),
        p_above=nothing.copy(),
        p_below=nothing.copy(),
        detectable=np.zeros(len(size)),
        std_error=np.where(known, 0.0, math.nan),
        freedom=of.freedom.copy(),
        alike=alike,
        unchanged=unchanged,
        share=nothing if span is None else np.abs(limit + share * of.baseline) / span,
    )
    _hold_unchanged(found, of, limit, np.flatnonzero(unchanged))
    _hold_alike(found, of, limit, size, np.flatnonzero(alike))
    varying = np.flatnonzero(known & ~unchanged & ~alike)
    _hold_at_looks(found, of, (limit, share, level), varying, sequential=sequential)
    return found


def _hold_at_looks(
    found: Margins, of: Measured, asked: tuple[float, float, float], varying: Codes, *, sequential: bool
) -> None:
    """Test differences that vary, at one look or at every one of many; limit, share and level are asked."""
    if not sequential:
        _hold_varying(found, of.some(varying), asked, varying)
        return
    limit, share, level = asked
    levels = np.array([one_look(level, each) for each in of.rows[varying].tolist()], dtype=np.float64)
    for each in np.unique(levels).tolist():
        places = varying[levels == each]
        _hold_varying(found, of.some(places), (limit, share, each), places)
    for p_values in (found.p_above, found.p_below):
        given = zip(p_values[varying].tolist(), of.rows[varying].tolist(), strict=True)
        p_values[varying] = [over_looks(*each) for each in given]


def _hold_unchanged(found: Margins, of: Measured, limit: float, places: Codes) -> None:
    """Hold rows of which none differs against a limit: how likely that is where a share of all rows would differ."""
    given = zip(found.share[places].tolist(), of.rows[places].tolist(), strict=True)
    chances = [1.0 if math.isnan(share) else none_of(share, rows) for share, rows in given]
    _put(found, places, np.array(chances, dtype=np.float64), of.value[places] < limit)


def _hold_alike(found: Margins, of: Measured, limit: float, size: Array, places: Codes) -> None:
    """Hold differences that are all equal against a limit: by their signs about it."""
    chances = np.array([agreeing(int(units)) for units in of.units[places].tolist()], dtype=np.float64)
    apart = np.abs(of.value[places] - limit)
    chances[apart <= noise(size[places], np.zeros(len(places)))] = 1.0  # they are as large as the limit
    _put(found, places, chances, of.value[places] < limit)


def _put(found: Margins, places: Codes, chances: Array, below: Mask) -> None:
    """Put in place the chances that differences lie below a limit though they are above it, or the other way round."""
    found.p_above[places] = np.where(below, chances, 1.0)
    found.p_below[places] = np.where(below, 1.0, chances)


def _hold_varying(found: Margins, of: Measured, asked: tuple[float, float, float], places: Codes) -> None:
    """Test differences that vary, at one look: by scores of two values, else by Student's t.

    Limit, share and level are asked.
    """
    limit, _, level = asked
    value, error = of.value, of.error
    skewed = Skewed.of(of.skewness, of.of_units)
    freedom = np.maximum(1.0, of.freedom * skewed.share)
    by_hits, ends = _by_hits(of, asked)
    freedom = np.where(by_hits, of.freedom, freedom)
    different, at = np.unique(freedom, return_inverse=True)
    quantile, power = (t_quantiles(each, different)[at] for each in (level, POWER))
    t = skewed.straight((value - limit) / error)
    small = t_tails(np.abs(t), freedom)
    figures = (
        value - skewed.bent(quantile) * error,
        value - skewed.bent(-quantile) * error,
        np.where(t > 0.0, 1.0 - small, small),
        np.where(t < 0.0, 1.0 - small, small),
    )
    columns = (found.low, found.high, found.p_above, found.p_below)
    for column, figure, scored in zip(columns, figures, ends, strict=True):
        column[places] = np.where(by_hits, scored, figure)
    found.detectable[places] = (quantile + power) * error
    found.std_error[places], found.freedom[places] = error, freedom


def _by_hits(of: Measured, asked: tuple[float, float, float]) -> tuple[Mask, list[Array]]:
    """Return where losses have two values, and their bounds and p-values above and below the limit by their score.

    Not where the limit is no share of what has the larger value.
    """
    limit, share, level = asked
    found = [np.full(len(of.value), math.nan) for _ in range(4)]
    known = np.flatnonzero(~np.isnan(of.hits[0]))
    below, above = Hits(*of.hits[:, known]).tails(limit, share)
    told = ~np.isnan(below)
    places, below, above = known[told], below[told], above[told]
    hits, two_sided = Hits(*of.hits[:, places]), 2.0 * level - 1.0
    if share == 0.0:
        low, high = hits.interval(two_sided)
    else:
        low, high = (of.baseline[places] * (each - share) for each in hits.relative_interval(two_sided))
    by_hits = np.zeros(len(of.value), np.bool_)
    by_hits[places] = True
    for column, each in zip(found, (low, np.minimum(high, _HUGE), above, below), strict=True):
        column[places] = each
    return by_hits, found
