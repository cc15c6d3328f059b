"""Differences of many slices at once, by Student's t: to the bit what `differences.difference` gives of each.

Every figure is computed to about 106 bits with a bound of its error. Slices of which one figure could round either way,
or is not finite, are named: those are to be asked one by one. Imports NumPy, core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np

from lossctl.core.exact.double_double import (
    Doubles,
    add,
    divide,
    error_squares,
    exactly,
    freedoms,
    is_rounded,
    is_safe,
    multiply,
    root,
)
from lossctl.core.results.interval import Interval
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes, Mask
from lossctl.stats.differences import POWER, rows_between, rows_needed
from lossctl.stats.hits import DIFFERENCE, HITS, RATIO, Hits
from lossctl.stats.signs import NEAR, ROUNDING
from lossctl.stats.students import t_quantiles, t_tails

__all__ = [
    "DifferenceColumns",
    "PairColumns",
    "Rest",
    "ValueColumns",
    "differences_of",
    "error_of",
    "freedom_of",
    "maybe_lost",
    "mean_values",
    "noise",
    "rest_of",
    "scaled",
    "times",
]

_KEPT = 1e8
"""Times what is left of squares, where half of their digits have cancelled: see `lossctl.core.exact.spread.is_lost`."""


@dataclass(frozen=True, slots=True)
class PairColumns:
    """The sums of `lossctl.stats.differences.PairedSums`, and those of the candidate's losses, ``(slices,)`` each.

    Parameters
    ----------
    n
        How many rows there are.
    weights, weight_squares
        Σw and Σw²: of rows without weights one and the same.
    b, b_square, b_heavy
        Σwb, Σ(wb)² and Σw²b, of the baseline.
    c
        Σwc, of the candidate.
    d, d_square, d_heavy
        As of the baseline, of c − b.
    cross
        Σw²db.
    doubtful
        Where a sum is not finite, or not known well enough.
    hits
        Which model has which of two losses in how many rows, and the codes of the slices whose losses are two.
    """

    n: Codes
    weights: Doubles
    weight_squares: Doubles
    b: Doubles
    b_square: Doubles
    b_heavy: Doubles
    c: Doubles
    d: Doubles
    d_square: Doubles
    d_heavy: Doubles
    cross: Doubles
    doubtful: Mask
    hits: tuple[Hits, Codes] | None = None

    def blocks(self, values: ValueColumns, size: int) -> Iterator[tuple[PairColumns, ValueColumns]]:
        """Yield what there is of so many slices after the other, with their values: arrays that a cache holds."""
        for start in range(0, len(self.n), size):
            yield self._between(start, start + size), values.between(start, start + size)

    def _between(self, start: int, end: int) -> PairColumns:
        columns = {each.name: getattr(self, each.name) for each in fields(self)}
        sums = {name: each for name, each in columns.items() if isinstance(each, Doubles)}
        cut = {id(each): Doubles(*(part[start:end] for part in each)) for each in sums.values()}  # one sum stays one
        columns |= {name: cut[id(each)] for name, each in sums.items()}
        columns |= {name: columns[name][start:end] for name in ("n", "doubtful")}
        if self.hits is not None:
            of, codes = self.hits
            kept = np.flatnonzero((start <= codes) & (codes < end))
            columns["hits"] = (of.some(kept), codes[kept] - start) if len(kept) else None
        return PairColumns(**columns)

    def all_hits(self) -> Array:
        """Return the fields of `Hits`, a row each, of all slices; NaN where losses have other values."""
        found = np.full((HITS, len(self.n)), np.nan)
        if self.hits is not None:
            of, codes = self.hits
            found[:, codes] = of.stacked()
        return found


class Rest(NamedTuple):
    """The sums of x = d − sb: Σ(wx)² and what that is where nothing cancels, Σwx, Σw²x, and Σw²(x − m)²."""

    most: Doubles
    square: Doubles
    total: Doubles
    heavy: Doubles
    spread: Doubles


@dataclass(frozen=True, slots=True)
class ValueColumns:
    """What is compared: see `lossctl.stats.differences.Values`. `doubtful`: where it may be wrong in the last bit."""

    baseline: Array
    candidate: Array
    delta: Array
    doubtful: Mask

    def between(self, start: int, end: int) -> ValueColumns:
        """Return what is compared of some slices."""
        return ValueColumns(
            self.baseline[start:end], self.candidate[start:end], self.delta[start:end], self.doubtful[start:end]
        )

    @property
    def relative(self) -> Array:
        """The difference as a share of the baseline's value; NaN where there is none."""
        with np.errstate(all="ignore"):
            share = self.delta / self.baseline
        return np.where((self.baseline > 0.0) & np.isfinite(share), share, np.nan)


@dataclass(frozen=True, slots=True)
class DifferenceColumns:
    """The fields of `lossctl.stats.differences.Difference`; NaN where that has ``None``.

    Parameters
    ----------
    std_error
        The standard error of the difference.
    doubtful
        Where a figure may be wrong in the last bit, or differences must be centred before they are squared.
    hits
        Where the losses of rows have two values, and those of the baseline 0 and another.
    """

    delta: Array
    low: Array
    high: Array
    relative: Array
    relative_low: Array
    relative_high: Array
    p_value: Array
    detectable: Array
    std_error: Array
    doubtful: Mask
    hits: tuple[Mask, Mask]

    @classmethod
    def joined(cls, parts: Sequence[DifferenceColumns]) -> DifferenceColumns:
        """Return what was found of the slices of several, one after the other."""
        names = [each.name for each in fields(cls) if each.name != "hits"]
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        by_hits, by_ratio = (np.concatenate(each) for each in zip(*(part.hits for part in parts), strict=True))
        return cls(**columns, hits=(by_hits, by_ratio))

    def methods(self) -> list[tuple[str, str]]:
        """Return what the intervals of each slice call their methods: of the difference, and of the relative change."""
        by_hits, by_ratio = (each.tolist() for each in self.hits)
        return [
            (DIFFERENCE if one else "t", RATIO if other else "t") for one, other in zip(by_hits, by_ratio, strict=True)
        ]

    def rows_needed(self, n: Codes) -> list[tuple[int | None, int | None, int | None]]:
        """Return how many rows would show each difference, and from how few to how many; n is how many there are."""
        ends = (self.delta, self.low, self.high)
        given = zip(n.tolist(), self.detectable.tolist(), *(each.tolist() for each in ends), strict=True)
        return [_needed(*each) if each[1] > 0.0 else (None, None, None) for each in given]


def _needed(
    n: int, detectable: float, delta: float, low: float, high: float
) -> tuple[int | None, int | None, int | None]:
    fewest, most = rows_between(n, detectable, Interval(0.0, low, high, ""))
    return rows_needed(n, detectable, delta), fewest, most


@np.errstate(all="ignore")  # of slices without rows, nothing is known
def mean_values(sums: PairColumns, *, weighted: bool) -> ValueColumns:
    """Return what is compared where values are means."""
    baseline, candidate = divide(sums.b, sums.weights), divide(sums.c, sums.weights)
    gap = add(sums.c, _negative(sums.b))
    same = (sums.b.high == sums.c.high) & (sums.b.low == sums.c.low) & (sums.b.bound == 0.0) & (sums.c.bound == 0.0)
    if not weighted:  # a weight could let a difference vanish
        same |= (sums.d_square.high == 0.0) & (sums.d_square.bound == 0.0)
    delta = divide(Doubles(*(np.where(same, 0.0, each) for each in gap)), sums.weights)
    doubtful = sums.doubtful.copy()
    for each in (baseline, candidate, delta):
        doubtful |= ~is_rounded(each) | ~np.isfinite(each.high)
    return ValueColumns(baseline.high, candidate.high, delta.high, doubtful)


@np.errstate(all="ignore")  # of slices without rows, or with one, nothing is known
def differences_of(sums: PairColumns, values: ValueColumns, level: float) -> DifferenceColumns:
    """Compare two models on many slices by Student's t on the differences of rows."""
    several, share = sums.n > 1, values.relative
    doubtful = sums.doubtful | values.doubtful
    has_share = ~np.isnan(share)
    gap = _spread(sums, sums.d_square, sums.d, sums.d_heavy)
    rest = rest_of(sums, exactly(np.where(has_share, share, 0.0)))
    lost = has_share & maybe_lost(scaled(sums, rest.spread), rest.most)
    doubtful |= several & (maybe_lost(gap, sums.d_square) | lost)
    std_error, unsure = error_of(sums, gap)
    doubtful |= several & unsure
    rest_error, unsure = error_of(sums, rest.spread)
    doubtful |= several & has_share & unsure
    rest_error = np.where(has_share, rest_error / np.abs(values.baseline), np.nan)
    equal = (std_error == 0.0) & (values.delta == 0.0)  # no row differs
    flat = std_error <= noise(values.delta, values.baseline)
    flat |= has_share & (rest_error <= noise(share, np.ones(len(share))))
    doubtful |= several & flat & ~equal
    std_error, rest_error = (np.where(several, each, np.nan) for each in (std_error, rest_error))
    freedom, unsure = freedom_of(sums)
    doubtful |= several & unsure
    found = _by_errors(values, std_error, rest_error, freedom, level)
    hits = _by_hits(sums, found, np.flatnonzero(std_error > 0.0), level)
    return DifferenceColumns(*found, std_error, doubtful, hits)


def rest_of(sums: PairColumns, s: Doubles) -> Rest:
    """Return the sums of d − sb, for a share s of each slice."""
    most = add(sums.d_square, multiply(multiply(s, s), sums.b_square))
    square = add(most, multiply(times(s, -2.0), sums.cross))
    total, heavy = (
        add(one, multiply(_negative(s), other)) for one, other in ((sums.d, sums.b), (sums.d_heavy, sums.b_heavy))
    )
    return Rest(most, square, total, heavy, _spread(sums, square, total, heavy))


def _by_hits(sums: PairColumns, found: Sequence[Array], varying: Codes, level: float) -> tuple[Mask, Mask]:
    """Put p-values and intervals of losses of two values in place; return where, as `DifferenceColumns.hits`."""
    by_hits, by_ratio = np.zeros(len(sums.n), np.bool_), np.zeros(len(sums.n), np.bool_)
    if sums.hits is not None:
        of, codes = sums.hits
        kept = np.flatnonzero(np.isin(codes, varying))
        hits, codes = of.some(kept), codes[kept]
        _, low, high, relative, relative_low, relative_high, p_value, _ = found
        low[codes], high[codes] = hits.interval(level)
        p_value[codes] = hits.p_values
        by_hits[codes] = True
        ratios = np.flatnonzero((hits.low == 0.0) & ~np.isnan(relative[codes]))
        hits, codes = hits.some(ratios), codes[ratios]
        relative_low[codes], relative_high[codes] = hits.relative_interval(level)
        by_ratio[codes] = True
    return by_hits, by_ratio


def noise(mean: Array, scale: Array) -> Array:
    """Return up to which standard error differences do not vary: see `lossctl.stats.signs.varies`."""
    mean, scale = np.abs(mean), np.abs(scale)
    found: Array = np.maximum(ROUNDING * mean, np.minimum(ROUNDING * scale, NEAR * mean))
    return found


def _by_errors(
    values: ValueColumns, std_error: Array, rest_error: Array, freedom: Array, level: float
) -> tuple[Array, Array, Array, Array, Array, Array, Array, Array]:
    """Return what standard errors say: as `lossctl.stats.differences.from_errors`."""
    freedom, places = np.unique(freedom, return_inverse=True)
    quantile, power = (t_quantiles(each, freedom)[places] for each in (0.5 + 0.5 * level, POWER))
    delta, relative = values.delta, values.relative
    varying = np.where(std_error > 0.0, std_error, np.nan)
    half, rest_half = quantile * varying, quantile * np.where(std_error > 0.0, rest_error, np.nan)
    known = np.flatnonzero(std_error > 0.0)
    p_value = np.where(std_error == 0.0, 1.0, np.nan)  # of those with a difference none is 0: they are doubtful
    tails = t_tails(np.abs(delta[known]) / std_error[known], freedom[places][known])
    p_value[known] = np.minimum(1.0, 2.0 * tails)
    detectable = (quantile + power) * varying
    return (
        delta,
        delta - half,
        delta + half,
        relative,
        relative - rest_half,
        relative + rest_half,
        p_value,
        detectable,
    )


def _spread(sums: PairColumns, square: Doubles, total: Doubles, heavy: Doubles) -> Doubles:
    """Return Σw²(x − m)² about the mean m: see `lossctl.core.exact.spread.error_square`."""
    mean = divide(total, sums.weights)
    left = add(square, multiply(times(mean, -2.0), heavy))
    return add(left, multiply(multiply(mean, mean), sums.weight_squares))


def scaled(sums: PairColumns, spread: Doubles) -> Doubles:
    """Return the squared standard error times (Σw)²."""
    weights = sums.weights
    return multiply(error_squares(spread, weights, sums.weight_squares), multiply(weights, weights))


def freedom_of(sums: PairColumns) -> tuple[Array, Mask]:
    """Return the degrees of freedom, and where they are in doubt; 1 of one row."""
    if sums.weight_squares is sums.weights:
        return np.maximum(sums.n.astype(np.float64) - 1.0, 1.0), np.zeros(len(sums.n), np.bool_)
    found, unsure = freedoms(sums.weights, sums.weight_squares)
    return np.where(sums.n > 1, found, 1.0), unsure


def error_of(sums: PairColumns, spread: Doubles) -> tuple[Array, Mask]:
    """Return the standard error, and where it is in doubt."""
    unsure = ((spread.high <= spread.bound) & (spread.bound > 0.0)) | (spread.high < 0.0)
    error = root(error_squares(spread, sums.weights, sums.weight_squares))
    return error.high, unsure | ~is_rounded(error) | ~is_safe(spread)


def maybe_lost(left: Doubles, squares: Doubles) -> Mask:
    """Return where too little may be left of squares."""
    apart = add(multiply(left, exactly(np.full(len(left.high), _KEPT))), _negative(squares))
    sure: Mask = (apart.high > apart.bound) | ((apart.high == 0.0) & (apart.bound == 0.0))
    return ~sure


def times(numbers: Doubles, by: float) -> Doubles:
    """Return a number of times as much that is 1 or 2, or either negative: nothing is rounded."""
    return Doubles(by * numbers.high, by * numbers.low, abs(by) * numbers.bound)


def _negative(numbers: Doubles) -> Doubles:
    return times(numbers, -1.0)
