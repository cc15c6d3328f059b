"""Differences by every method: what is computed of the sums of a pair, and what it is called.

Imports core and its own package.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossctl.core.method import Method
from lossctl.core.results.interval import Interval
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.stats.differences import (
    POWER,
    Difference,
    PairedSums,
    Values,
    difference,
    from_errors,
    rows_between,
    rows_needed,
    unvaried,
)
from lossctl.stats.resampling import flipped, lists_signs, studentised
from lossctl.stats.series import cosine_count, cosine_error
from lossctl.stats.signs import varies
from lossctl.stats.student import t_quantile
from lossctl.stats.units import Ratio

__all__ = ["bootstrap_intervals", "compared", "compared_together"]


def bootstrap_intervals(ratios: Sequence[Ratio], method: Method, level: float) -> list[Interval | None]:
    """Return the studentised interval of each ratio, by the same replicates of the same units, at least 2.

    ``None`` of a ratio whose units do not vary.
    """
    varying = [varies(each.std_error, each.value) for each in ratios]
    drawn = [each for each, yes in zip(ratios, varying, strict=True) if yes]
    told = iter(_bootstrapped(drawn, method, level) if drawn else ())
    return [next(told).interval if yes else None for yes in varying]


def compared(sums: PairedSums, values: Values, method: Method, level: float) -> Difference:
    """Compare two models by their paired losses, as `compared_together` does."""
    return compared_together([sums], [values], method, level)[0]


def compared_together(
    sums: Sequence[PairedSums], values: Sequence[Values], method: Method, level: float
) -> list[Difference]:
    """Compare pairs of models by the same replicates, where the method has any.

    Parameters
    ----------
    sums
        Of each pair; with those of its units or lags, where the method needs them.
    values
        What is compared, of each pair.
    method
        How.
    level
        The coverage of the intervals.

    Returns
    -------
    list[Difference]
        One a pair, each as if it had been the only one.
    """
    pairs = list(zip(sums, values, strict=True))
    if method.resamples_units:
        return _resampled(pairs, method, level)
    return [_by_errors(each, of, method, level) for each, of in pairs]


def _by_errors(sums: PairedSums, values: Values, method: Method, level: float) -> Difference:
    """Compare by standard errors, and Student's t."""
    apart = max(1, sums.n // (method.lags + 1))  # rows as far apart as the horizon stand for themselves
    if method.is_series and not method.is_smoothed:
        return from_errors(values, sums.lag_errors(values), (sums.n, sums.n - 1), level, method.label, apart)
    if not method.has_units:
        return difference(sums, values, level)
    ratios = _ratios(sums, values)
    if not ratios or (method.is_series and sums.n <= method.lags + 1):
        return from_errors(values, (None, None), (sums.n, 0), level, method.label)
    if method.is_series:
        count = cosine_count(sums.n, method.lags + 1)
        errors = [*(cosine_error(ratio, count) for ratio in ratios), None]
        return from_errors(values, (errors[0], errors[1]), (sums.n, count), level, method.label, apart)
    errors = [*(ratio.reduced_error for ratio in ratios), None]
    counts = (sums.n, ratios[0].freedom)
    return from_errors(values, (errors[0], errors[1]), counts, level, method.label, len(ratios[0].u))


def _ratios(sums: PairedSums, values: Values) -> list[Ratio]:
    """Return the difference and, where there is one, the relative change; nothing where neither has a spread."""
    units = sums.units
    if units is None or len(units) <= 1 or not (units.is_finite and math.isfinite(values.delta)):
        return []
    ratios = [sums.gap_ratio(values)]
    if values.relative is not None:
        ratios.append(sums.rest_ratio(values.relative, values.baseline))
    return ratios


def _resampled(pairs: Sequence[tuple[PairedSums, Values]], method: Method, level: float) -> list[Difference]:
    """Compare by replicates: those of as many units together."""
    ratios = [_varying(_ratios(sums, values), values) for sums, values in pairs]
    found: list[list[_Told]] = [[] for _ in pairs]
    for units in sorted({len(each[0].u) for each in ratios if each}):
        places = [place for place, each in enumerate(ratios) if each and len(each[0].u) == units]
        told = iter(_TOLD[method.kind]([ratio for place in places for ratio in ratios[place]], method, level))
        for place in places:
            found[place] = [next(told) for _ in ratios[place]]
    return [_difference(sums, values, told) for (sums, values), told in zip(pairs, found, strict=True)]


def _varying(ratios: Sequence[Ratio], values: Values) -> list[Ratio]:
    """Return those whose units vary; nothing where the first, the difference, does not."""
    scales = (values.baseline, 1.0)
    kept = [varies(each.std_error, each.value, scale) for each, scale in zip(ratios, scales, strict=False)]
    return [each for each, varied in zip(ratios, kept, strict=True) if varied] if any(kept[:1]) else []


@dataclass(frozen=True, slots=True)
class _Told:
    """What replicates tell of one ratio; `spread` is what a difference must exceed, and more, to be seen."""

    interval: Interval
    p_value: float
    spread: float
    listed: bool


def _difference(sums: PairedSums, values: Values, told: Sequence[_Told]) -> Difference:
    if not told:
        if _ratios(sums, values) and sums.units is not None:
            return unvaried(values, int(np.count_nonzero(sums.units.w)))  # a bucket may hold none
        return Difference(values.delta, None, values.relative, None, None, None, None)
    gap = told[0]
    relative_ci = told[1].interval if len(told) > 1 else None
    detectable = gap.spread if math.isfinite(gap.spread) else None
    needed = None if detectable is None else rows_needed(sums.n, detectable, values.delta)
    between = (None, None) if detectable is None else rows_between(sums.n, detectable, gap.interval)
    found = (values.delta, gap.interval, values.relative, relative_ci, gap.p_value, detectable, needed)
    return Difference(*found, between, listed=gap.listed)


def _bootstrapped(ratios: Sequence[Ratio], method: Method, level: float) -> list[_Told]:
    """Return θ ± t*·se, with t* so that 1 − level of the replicates lie beyond, and what share lies beyond θ/se."""
    found = []
    few = _few(method, level)
    for ratio, replicates in zip(ratios, studentised(ratios, method.seed, method.resamples), strict=True):
        error = ratio.std_error
        half = math.inf if few < 0 else float(replicates[-1 - few]) * error
        beyond = method.resamples - int(np.searchsorted(replicates, abs(ratio.value) / error, side="left"))
        interval = Interval(level, ratio.value - half, ratio.value + half, method.label)
        found.append(_told(ratio, interval, (1 + beyond) / (method.resamples + 1)))
    return found


def _permuted(ratios: Sequence[Ratio], method: Method, level: float) -> list[_Told]:
    """Return the p-value of flipped signs, and the interval of all figures that it would not reject.

    Where all signs are listed, what was found is among them; else it counts beside those that are drawn.
    """
    found = []
    listed = lists_signs(len(ratios[0].u), method.resamples)
    for ratio, (beyond, lows, highs) in zip(ratios, flipped(ratios, method.seed, method.resamples), strict=True):
        few = math.floor(round((1.0 - level) * len(lows), 6)) if listed else _few(method, level)
        low, high = (-math.inf, math.inf) if few < 0 else (float(lows[few]), float(highs[-1 - few]))
        interval = Interval(level, ratio.value + low, ratio.value + high, method.label)
        p_value = beyond / len(lows) if listed else (1 + beyond) / (len(lows) + 1)
        found.append(_told(ratio, interval, p_value, listed=listed))
    return found


def _few(method: Method, level: float) -> int:
    """Return how many replicates may lie beyond a figure that is just kept: (1 + few)/(B + 1) ≤ 1 − level."""
    return math.floor(round((1.0 - level) * (method.resamples + 1), 6)) - 1


def _told(ratio: Ratio, interval: Interval, p_value: float, *, listed: bool = False) -> _Told:
    """Add what would be detected: half an interval, and what it may be missed by, too."""
    spread = 0.5 * (interval.high - interval.low) + t_quantile(POWER, len(ratio.u) - 1) * ratio.std_error
    return _Told(interval, p_value, spread, listed)


_TOLD = {"bootstrap": _bootstrapped, "permutation": _permuted}
