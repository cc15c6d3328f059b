"""What a limit is held against, measured before it is: D − rB of slices, its standard error and its skewness.

Of one slice by fractions, from the exact sums of `lossctl.stats.differences`; of many at once to about 106 bits, where
slices of which one figure could round either way are named: those are to be measured one by one. Imports the standard
library, NumPy, core and its own package.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lossctl.core.exact.double_double import Doubles, add, divide, exactly, is_rounded, multiply, root
from lossctl.core.exact.spread import Powers
from lossctl.core.exact.sum import ExactSum, round_fraction
from lossctl.core.method import Method
from lossctl.core.types import Array, Codes, Mask
from lossctl.stats.difference_columns import (
    PairColumns,
    ValueColumns,
    error_of,
    freedom_of,
    maybe_lost,
    rest_of,
    scaled,
    times,
)
from lossctl.stats.differences import PairedSums, Values
from lossctl.stats.hits import HITS
from lossctl.stats.series import cosine_count, cosine_error, series_error
from lossctl.stats.units import Ratio

__all__ = ["Measured", "measured_alone", "measured_together", "standing"]


class Measured(NamedTuple):
    """What is known of D − rB, ``(slices,)`` each.

    Parameters
    ----------
    value, baseline, delta
        D − rB, B and D.
    error, freedom
        The standard error of the first, and its degrees of freedom; NaN where there is none.
    skewness, of_units
        Its skewness, as of moments, and of how many units; of none where it is not known.
    is_lost
        Whether squares of d − rb cancelled: they vary by little more than their rounding.
    is_still
        Whether no row differs.
    rows
        How many rows stand for themselves: of different weights, as many of one weight as tell as much.
    units
        How many differences do.
    hits
        Which model has which of two losses in how many rows, a row for each field of `Hits`; NaN where losses have
        other values.
    """

    value: Array
    baseline: Array
    delta: Array
    error: Array
    freedom: Array
    skewness: Array
    of_units: Array
    is_lost: Mask
    is_still: Mask
    rows: Array
    units: Array
    hits: Array

    def some(self, places: Codes) -> Measured:
        """Return what is known of some slices."""
        return self._of(each[..., places] for each in self)

    @classmethod
    def joined(cls, parts: Sequence[Measured]) -> Measured:
        """Return what is known of the slices of several, one after the other."""
        return cls._of(np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))

    @classmethod
    def _of(cls, columns: Iterable[Any]) -> Measured:
        return cls(*columns)


def measured_alone(sums: PairedSums, values: Values, method: Method, share: float) -> Measured:
    """Measure D − rB of one slice: a table of length 1.

    Parameters
    ----------
    sums, values
        Of a pair of models, as `lossctl.stats.differences.difference` takes them.
    method
        What the units are: rows, clusters, blocks, or a series.
    share
        The share r of the baseline that is taken off.
    """
    value, found = math.nan, None
    if math.isfinite(values.delta) and math.isfinite(values.baseline):
        value = round_fraction(Fraction(values.delta) - Fraction(share) * Fraction(values.baseline))
        found = _error(sums, value, method, share)
    error, freedom = found or (math.nan, math.nan)
    known = math.isfinite(error)
    skewness, of_units = _skewness(sums, value, method, share) if known else (0.0, 0)
    lost = known and share != 0.0 and not method.has_units and sums.is_lost(share)
    still = known and values.delta == 0.0 and not sums.d.square.fraction()
    rows, units = (standing(sums, method), _units(sums, method)) if known else (math.nan, 0)
    hits = np.full((HITS, 1), math.nan) if sums.hits is None else sums.hits.stacked()
    return Measured(
        value=np.array([value]),
        baseline=np.array([values.baseline]),
        delta=np.array([values.delta]),
        error=np.array([error]),
        freedom=np.array([float(freedom)]),
        skewness=np.array([skewness]),
        of_units=np.array([float(of_units)]),
        is_lost=np.array([lost]),
        is_still=np.array([still]),
        rows=np.array([float(rows)]),
        units=np.array([float(units)]),
        hits=hits,
    )


def standing(sums: PairedSums, method: Method) -> float:
    """Return how many rows stand for themselves: of different weights, as many of one weight as tell as much."""
    if method.has_units or method.is_series:
        return _units(sums, method)
    total, square = sums.weights
    return float(total**2 / square)


def _units(sums: PairedSums, method: Method) -> int:
    """Return how many differences stand for themselves."""
    if method.is_series:
        return max(1, sums.n // (method.lags + 1))
    return len(sums.units) if method.has_units and sums.units is not None else sums.n


def _skewness(sums: PairedSums, value: float, method: Method, share: float) -> tuple[float, int]:
    """Return the skewness of what is tested, and of how many: of rows, or of units; of a series it is not known."""
    if method.is_series:
        return 0.0, 0
    if sums.units is None:
        return sums.skewness(share), sums.n
    units = sums.units
    mean = sums.means(share)[1] if sums.is_linear else value
    u = units.d - share * units.b - mean * units.w
    scale = float(np.abs(u).max())
    if scale == 0.0:
        return 0.0, len(u)
    squares, cubes = ExactSum(), ExactSum()
    squares.add_squares(u / scale)
    cubes.add((u / scale) ** 3)
    return cubes.result() * math.sqrt(len(u)) / squares.result() ** 1.5, len(u)


def _error(sums: PairedSums, value: float, method: Method, share: float) -> tuple[float, float] | None:
    """Return the standard error of D − rB and its degrees of freedom; ``None`` where it is not defined."""
    if method.is_series and not method.is_smoothed:
        return _of_series(sums, share)
    if method.has_units:
        return _of_units(sums, value, method, share)
    error = sums.gap_error() if share == 0.0 else _of_rows(sums, share)
    return None if error is None else (error, sums.freedom)


def _of_rows(sums: PairedSums, share: float) -> float | None:
    """Return the error of the mean of d − rb: of the squares as they are, for those that are centred are so for ρ.

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


@np.errstate(all="ignore")  # of slices without rows, or with one, nothing is known
def measured_together(
    sums: PairColumns, values: ValueColumns, cubes: Mapping[Powers, Doubles], share: float
) -> tuple[Measured, Mask]:
    """Measure D − rB of many slices of rows that stand alone.

    Parameters
    ----------
    sums, values
        Of a pair of models, as `lossctl.stats.difference_columns.differences_of` takes them.
    cubes
        The sums of products of three, as `PairedSums` has them.
    share
        The share r of the baseline that is taken off.

    Returns
    -------
    tuple[Measured, Mask]
        With where a figure may be wrong in the last bit.
    """
    several, s = sums.n > 1, exactly(np.full(len(sums.n), share))
    doubtful = sums.doubtful | values.doubtful
    value, rest = Doubles(values.delta, *(np.zeros(len(sums.n)) for _ in range(2))), rest_of(sums, s)
    if share != 0.0:
        value = add(value, multiply(times(s, -1.0), exactly(values.baseline)))
        doubtful |= several & maybe_lost(scaled(sums, rest.spread), rest.most)
    error, unsure = error_of(sums, rest.spread)
    doubtful |= ~is_rounded(value) | (several & unsure)
    freedom, unsure = freedom_of(sums)
    doubtful |= several & unsure
    still = (values.delta == 0.0) & (sums.d_square.high == 0.0) & (sums.d_square.bound == 0.0)
    rows = sums.n.astype(np.float64)
    if sums.weight_squares is not sums.weights:
        effective = divide(multiply(sums.weights, sums.weights), sums.weight_squares)
        doubtful |= ~is_rounded(effective)
        rows = effective.high
    hits = sums.all_hits()
    by_hits = ~np.isnan(hits[0]) & ((share == 0.0) | ((hits[4] == 0.0) & (share > -1.0)))
    skewness = _skewness_of(sums, rest.square, rest.total, rest.heavy, _thirds(sums, cubes, s))
    doubtful |= (sums.n >= 3) & ~still & ~by_hits & ~is_rounded(skewness)  # noqa: PLR2004 -- fewer have no skewness
    n = sums.n.astype(np.float64)
    measured = Measured(
        value=value.high,
        baseline=values.baseline,
        delta=values.delta,
        error=np.where(several, error, np.nan),
        freedom=freedom,
        skewness=skewness.high,
        of_units=n,
        is_lost=np.zeros(len(n), np.bool_),
        is_still=still,
        rows=rows,
        units=n,
        hits=hits,
    )
    return measured, doubtful


def _thirds(sums: PairColumns, cubes: Mapping[Powers, Doubles], s: Doubles) -> list[Doubles]:
    """Return, for i from 0 to 3, Σ of wⁱ(wx)³⁻ⁱ with x = d − sb; where no weights differ w is 1."""
    plain = {
        (1, 0, 2): sums.d_square,
        (1, 1, 1): sums.cross,
        (1, 2, 0): sums.b_square,
        (2, 0, 1): sums.d,
        (2, 1, 0): sums.b,
        (3, 0, 0): sums.weights,
    }
    known, shared = plain | dict(cubes), bool((s.high != 0.0).any())
    found = []
    for i in range(4):
        total = known[i, 0, 3 - i]
        power = exactly(np.ones(len(sums.n)))
        for j in range(1, 4 - i if shared else 1):
            power = multiply(power, times(s, -1.0))
            total = add(total, multiply(power, _often(known[i, j, 3 - i - j], math.comb(3 - i, j))))
        found.append(total)
    return found


def _skewness_of(sums: PairColumns, square: Doubles, total: Doubles, heavy: Doubles, thirds: list[Doubles]) -> Doubles:
    """Return the skewness of w(x − m), m = Σwx/Σw, of rows: (Σw)³Σ(w(x − m))³·√n/((Σw)²Σ(w(x − m))²)^1.5.

    Nothing is divided before the end, so that it is known to be 0 where it is, of losses that are whole numbers; x is
    scaled by a power of two, so that no power leaves float64.
    """
    _, exponent = np.frexp(np.sqrt(square.high / sums.weights.high))
    exponent = np.where(np.isfinite(square.high) & (square.high > 0.0), exponent, 0)
    w, x, n = sums.weights, _down(total, exponent), exactly(sums.n.astype(np.float64))
    w_square, x_square = multiply(w, w), multiply(x, x)
    spread = add(
        multiply(w_square, _down(square, 2 * exponent)),
        add(_often(multiply(multiply(w, x), _down(heavy, exponent)), -2), multiply(x_square, sums.weight_squares)),
    )
    scaled_thirds = [_down(each, (3 - i) * exponent) for i, each in enumerate(thirds)]
    third = multiply(multiply(w, w_square), scaled_thirds[0])
    third = add(third, _often(multiply(multiply(w_square, x), scaled_thirds[1]), -3))
    third = add(third, _often(multiply(multiply(w, x_square), scaled_thirds[2]), 3))
    third = add(third, times(multiply(multiply(x, x_square), scaled_thirds[3]), -1.0))
    squares = multiply(multiply(third, third), n)
    found = root(divide(squares, multiply(spread, multiply(spread, spread))))
    unknown = ~(spread.high > spread.bound)  # rows that do not vary are no less in doubt than their squares
    sign = np.where(third.high < 0.0, -1.0, 1.0)
    return Doubles(sign * found.high, sign * found.low, np.where(unknown, np.nan, found.bound))


def _down(numbers: Doubles, exponent: Codes) -> Doubles:
    """Return numbers divided by powers of two."""
    return Doubles(*(np.ldexp(each, -exponent) for each in numbers))


def _often(numbers: Doubles, count: int) -> Doubles:
    """Return numbers times a small whole one."""
    return multiply(numbers, exactly(np.full(len(numbers.high), float(count))))
