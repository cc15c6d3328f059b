"""The figures of a loss for many slices at once: those of `tally.Moments`, to the bit, without fractions.

Every figure is computed to about 106 bits with a bound of its error. Slices of which one figure could round either way
are named: their moments are to be asked instead. Imports NumPy and core.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.exact.by_slice import GroupedSum
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
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes, Mask
from lossctl.engine.accumulators.tallies import LossTallies, WeightTallies

__all__ = ["Figures", "Units", "figures_of", "means_of", "round_sums"]


@dataclass(frozen=True, slots=True)
class Units:
    """What losses are averaged over, by code.

    Parameters
    ----------
    rows
        The rows and their weights.
    n
        How many rows there are.
    units
        How many rows, or groups of them, have a loss.
    """

    rows: WeightTallies
    n: Codes
    units: Codes


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures by code, before the chain rule of a loss that is no mean; see `lossctl.core.results.evaluation`.

    `doubtful`: of which codes some figure may be wrong in the last bit.
    """

    value: Array
    std_error: Array
    freedom: Array
    l1: Array
    l2: Array
    linf: Array
    mean: Array
    row_mean_abs: Array
    row_rms: Array
    row_max: Array
    row_max_at: Codes
    zero_share: Array
    sign_balance: Array
    doubtful: Mask


class _Rounding:
    """Rounds numbers, and remembers of which codes one was in doubt."""

    def __init__(self, codes: int) -> None:
        self.doubtful: Mask = np.zeros(codes, np.bool_)

    def known(self, sums: GroupedSum) -> Doubles:
        """Return sums by code."""
        codes = len(self.doubtful)
        found = _filled(sums.doubles(), codes)
        self.doubtful |= ~is_safe(found) | sums.not_finite(codes)
        return found

    def round(self, numbers: Doubles) -> Array:
        self.doubtful |= ~is_rounded(numbers)
        return numbers.high


def round_sums(sums: GroupedSum, codes: int) -> Array:
    """Return each of so many sums correctly rounded."""
    floats = sums.floats()
    return np.append(floats, np.zeros(max(0, codes - len(floats))))[:codes]


@np.errstate(all="ignore")  # of codes without rows, nothing is known
def means_of(sums: GroupedSum, units: Units, codes: int) -> tuple[Array, Mask]:
    """Return the means of so many codes, and of which they are in doubt."""
    rounding = _Rounding(codes)
    weighted = units.rows.weighted
    by = rounding.known(units.rows.weights) if weighted else exactly(units.units.astype(np.float64))
    return rounding.round(divide(rounding.known(sums), by)), rounding.doubtful


@np.errstate(all="ignore")  # of codes without rows, nothing is known
def figures_of(tally: LossTallies, units: Units, codes: int) -> Figures:
    """Return the figures of so many codes, of a loss whose value is a mean."""
    rounding = _Rounding(codes)
    n = exactly(units.n.astype(np.float64))
    weighted = tally.weighted
    by = rounding.known(units.rows.weights) if weighted else exactly(units.units.astype(np.float64))
    weight = by if weighted else n
    loss = rounding.known(tally.sums["loss"])
    slope, slope_abs = (_filled(each, codes) for each in tally.slopes.of_pairs())
    rounding.doubtful |= (
        ~is_safe(slope) | ~is_safe(slope_abs) | tally.slopes.not_finite(2 * codes).reshape(-1, 2).any(1)
    )
    squares = rounding.known(tally.sums["slope_square"])
    row_norm = rounding.known(tally.sums["row_norm"]) if tally.vector else slope_abs
    row_square = rounding.known(tally.sums["row_square"]) if weighted else squares
    components = weight if tally.width == 1 else multiply(weight, exactly(np.full(codes, float(tally.width))))
    peaks, rows = tally.peaks.arrays(codes)
    largest = peaks if not weighted and not tally.vector else _longer(tally.largest_component, codes)
    negative, positive, zero_rows = tally.counts(codes)
    if tally.centers is not None:
        rounding.doubtful |= _longer(tally.centers, codes) != 0.0
    rounding.doubtful |= ~np.isfinite(largest) | ~np.isfinite(peaks)
    return Figures(
        value=rounding.round(divide(loss, by)),
        std_error=_std_error(tally, units, by, loss, rounding),
        freedom=_freedom(units, by, rounding),
        l1=rounding.round(divide(slope_abs, by)),
        l2=rounding.round(root(divide(squares, multiply(by, by)))),
        linf=rounding.round(divide(exactly(largest), by)),
        mean=rounding.round(divide(slope, components)),
        row_mean_abs=rounding.round(divide(row_norm, weight)),
        row_rms=rounding.round(root(divide(row_square, weight))),
        row_max=peaks,
        row_max_at=rows + 1,
        zero_share=zero_rows / units.n,
        sign_balance=(positive - negative) / (units.n * tally.width),
        doubtful=rounding.doubtful,
    )


def _std_error(tally: LossTallies, units: Units, by: Doubles, loss: Doubles, rounding: _Rounding) -> Array:
    """Return the standard error of the mean: see `lossctl.core.exact.spread.error_square`. NaN of one row."""
    square = rounding.known(tally.sums["loss_square"])
    heavy = rounding.known(tally.sums["loss_weight"]) if tally.weighted else loss
    by_square = rounding.known(units.rows.squares) if tally.weighted else by
    mean = divide(loss, by)
    twice = Doubles(-2.0 * mean.high, -2.0 * mean.low, 2.0 * mean.bound)
    spread = add(add(square, multiply(twice, heavy)), multiply(multiply(mean, mean), by_square))
    several = units.units > 1
    rounding.doubtful |= several & ((spread.high <= spread.bound) & (spread.bound > 0.0) | (spread.high < 0.0))
    error = root(error_squares(spread, by, by_square))
    rounding.doubtful |= several & ~is_rounded(error)
    return np.where(several, error.high, np.nan)


def _freedom(units: Units, by: Doubles, rounding: _Rounding) -> Array:
    """Return the degrees of freedom of the standard error; 1 of one row."""
    if not units.rows.weighted:
        return np.maximum(units.units.astype(np.float64) - 1.0, 1.0)
    found, unsure = freedoms(by, rounding.known(units.rows.squares))
    several = units.units > 1
    rounding.doubtful |= several & unsure
    return np.where(several, found, 1.0)


def _filled(numbers: Doubles, codes: int) -> Doubles:
    return Doubles(*(_longer(each, codes) for each in numbers))


def _longer(values: Array, codes: int) -> Array:
    return np.append(values, np.zeros(max(0, codes - len(values))))[:codes]
