"""Results of many slices at once: the figures come as arrays, and stay together.

What an array cannot settle, such as a figure that could round either way or a loss that is not finite, is left to the
tally of that slice. May import engine, losses, stats and core.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lossctl.core.exact.double_double import Doubles, divide, exactly, multiply
from lossctl.core.losses.loss import Kind, Reduction
from lossctl.core.results.columns import LARGEST_SHARE, SliceResults
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.sliced import SlicedTally
from lossctl.engine.accumulators.tally import FEW_FOR_SHARES
from lossctl.engine.plan import finished_mean
from lossctl.engine.sliced_passes import BySlice
from lossctl.stats.signs import ROUNDING
from lossctl.stats.student import t_quantile

__all__ = ["Pattern", "Quick", "effective_rows", "quick_results"]


_SCALED = ("l1", "l2", "linf", "row_mean_abs", "row_rms", "row_max")
"""Figures of slopes that grow with the factor of the chain rule, whatever its sign."""

_FEW_QUANTILES = 1000
"""So many are found one by one before what finds them together is worth its import."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the results of all slices share.

    Parameters
    ----------
    whole
        The result of the whole.
    signature
        That of a slice, without the rows and the version.
    level
        The coverage of intervals.
    """

    whole: Evaluation
    signature: str
    level: float


@dataclass(frozen=True, slots=True)
class Quick:
    """The results of one loss for some slices, in their order.

    Parameters
    ----------
    pattern
        What they share.
    columns
        The values of each column that slices.
    figures
        Those of `lossctl.core.results.columns.SliceResults`, as arrays.
    doubtful
        The places where the tally of the slice is to be asked.
    """

    pattern: Pattern
    columns: Mapping[str, Sequence[str | None]]
    figures: Mapping[str, Array | Codes]
    doubtful: Sequence[int]

    def results(self, others: Mapping[int, Evaluation], out: Sequence[int]) -> SliceResults:
        """Return the results.

        Parameters
        ----------
        others
            By place, the results of tallies.
        out
            The places that have none.
        """
        columns, figures = self.columns, self.figures
        if out:
            kept = np.delete(np.arange(len(figures["value"])), out)
            columns = {name: [values[place] for place in kept.tolist()] for name, values in columns.items()}
            figures = {name: values[kept] for name, values in figures.items()}
            others = {int(np.searchsorted(kept, place)): each for place, each in others.items()}
        pattern = self.pattern
        return SliceResults(pattern.whole, pattern.signature, pattern.level, columns, figures, others)


def quick_results(
    pattern: Pattern,
    made: BySlice,
    index: int,
    columns: Mapping[str, tuple[Sequence[str | None], Codes]],
    codes: Sequence[int],
) -> Quick | None:
    """Return the results of a loss for some codes, in order; ``None`` where the tally of each slice is to be asked.

    Parameters
    ----------
    pattern
        What they share.
    made
        What was computed of the model.
    index
        Which of its losses.
    columns
        Of each column that slices, its different values, and by code which of them it is.
    codes
        Which slices.
    """
    tally = made.slices
    if tally.reduction(index) is Reduction.SUM:
        return None
    count = len(next(iter(columns.values()))[1])
    figures = tally.figures(index, count)
    value, scale = _finished(tally, index, np.where(figures.doubtful, math.nan, figures.value))
    doubtful = figures.doubtful | ~np.isfinite(value) | ~np.isfinite(scale)
    if made.centred is not None and made.centred.plan.members is not None:
        doubtful[: len(made.centred.plan.members)] |= made.centred.plan.members[:count]
    factor = np.abs(scale)
    with np.errstate(all="ignore"):  # of slices without rows, which are not among the codes
        std_error = factor * figures.std_error
        varying = np.where(std_error > ROUNDING * np.abs(value), std_error, np.nan)
        half = _quantiles(figures.freedom, pattern.level) * varying
        found: dict[str, Array | Codes] = {
            "value": value,
            "std_error": std_error,
            "freedom": figures.freedom,
            "low": value - half,
            "high": value + half,
            "n": tally.n_of(count),
            "n_read": tally.n_read_of(count),
            "n_dropped": tally.n_dropped_of(count),
            "weight_sum": tally.weight_sums(count),
            **{name: factor * getattr(figures, name) for name in _SCALED},
            "mean": scale * figures.mean,
            "row_max_at": figures.row_max_at,
            "zero_share": figures.zero_share,
            "sign_balance": figures.sign_balance,
            LARGEST_SHARE: np.where(tally.units_of(count) < FEW_FOR_SHARES, 0.0, tally.largest_shares(index, count)),
        }
    if pattern.whole.n_outside is not None:
        found["n_outside"] = tally.n_outside_of(count, index)
    chosen = np.asarray(codes, dtype=np.int64)
    names = {name: [values[place] for place in places[chosen].tolist()] for name, (values, places) in columns.items()}
    shown = {name: values[chosen] for name, values in found.items()}
    return Quick(pattern, names, shown, np.flatnonzero(doubtful[chosen]).tolist())


def _finished(tally: SlicedTally, index: int, means: Array) -> tuple[Array, Array]:
    """Return the values of a loss, and d value / d mean, by code: as `lossctl.engine.plan.ModelTally.finished`."""
    linear = tally.plan.linear.get(index)
    ones, unknown = np.ones(len(means)), np.full(len(means), math.nan)
    if linear is not None:
        scales = np.where(np.isnan(linear.derivatives).any(axis=0), math.nan, 1.0)
        values, scales = (np.append(each, unknown)[: len(means)] for each in (linear.values, scales))
        return values, scales
    chosen = tally.plan.losses[index]
    if chosen.loss.finish is None or chosen.loss.kind is Kind.DISTRIBUTION:
        return means, ones
    found = [finished_mean(chosen, mean) if math.isfinite(mean) else (mean, math.nan) for mean in means.tolist()]
    return np.array([value for value, _ in found]), np.array([scale for _, scale in found])


def _quantiles(freedom: Array, level: float) -> Array:
    """Return the quantile of Student's distribution that an interval takes, by its degrees of freedom."""
    distinct, places = np.unique(freedom, return_inverse=True)
    if len(distinct) > _FEW_QUANTILES:
        from lossctl.stats.students import t_quantiles

        return t_quantiles(0.5 + 0.5 * level, distinct)[places]
    return np.array([t_quantile(0.5 + 0.5 * level, each) for each in distinct.tolist()])[places]


def effective_rows(tally: SlicedTally, codes: int) -> Array:
    """Return (Σw)²/Σw² of each code; NaN of those without rows."""
    units = tally.units_of(codes).astype(np.float64)
    if not tally.plan.plan.binding.weighted:
        return np.where(units > 0.0, units, math.nan)
    with np.errstate(all="ignore"):
        weights, squares = (_first(each.doubles(), codes) for each in (tally.rows.weights, tally.rows.squares))
        found = divide(multiply(weights, weights), squares).high
    for code, few in tally.few.items():
        found[code] = few.units.effective_rows
    return found


def _first(numbers: Doubles, codes: int) -> Doubles:
    missing = exactly(np.zeros(max(0, codes - len(numbers.high))))
    return Doubles(*(np.append(a, b)[:codes] for a, b in zip(numbers, missing, strict=True)))
