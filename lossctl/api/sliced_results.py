"""Results of many slices at once: the figures come as arrays, and become one `Evaluation` each.

What an array cannot settle, such as a figure that could round either way or a loss that is not finite, is left to the
tally of that slice. May import engine, losses, stats and core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossctl.core.doubles import Doubles, divide, exactly, multiply
from lossctl.core.grouped import Codes
from lossctl.core.loss import Array, Kind, Reduction
from lossctl.core.result import Evaluation, Gradient, Interval
from lossctl.core.slices import Slice
from lossctl.core.version import __version__
from lossctl.engine.sliced import SlicedTally
from lossctl.engine.sliced_passes import BySlice
from lossctl.stats.student import t_quantile

__all__ = ["Pattern", "effective_rows", "quick_results"]


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


def quick_results(
    pattern: Pattern, made: BySlice, index: int, names: Sequence[Slice], codes: Sequence[int]
) -> list[Evaluation | None]:
    """Give the results of a loss for some codes, in their order; ``None`` where the tally of the slice is to be asked.

    Parameters
    ----------
    pattern
        What they share.
    made
        What was computed of the model.
    index
        Which of its losses.
    names
        What each slice is called, by code.
    codes
        Which slices.
    """
    tally = made.slices
    if tally.reduction(index) is Reduction.SUM:
        return [None] * len(codes)
    count = len(names)
    figures = tally.figures(index, count)
    value, scale = _finished(tally, index, figures.value)
    doubtful = figures.doubtful | ~np.isfinite(value) | ~np.isfinite(scale)
    if made.centred is not None and made.centred.plan.members is not None:
        doubtful[: len(made.centred.plan.members)] |= made.centred.plan.members[:count]
    factor, units = np.abs(scale), tally.units_of(count)
    with np.errstate(all="ignore"):  # of slices without rows, which are not among the codes
        std_error = factor * figures.std_error
        half = _quantiles(units, pattern.level) * std_error
        columns: list[Array | Codes] = [
            value,
            std_error,
            value - half,
            value + half,
            tally.n_of(count),
            tally.n_read_of(count),
            tally.n_dropped_of(count),
            tally.weight_sums(count),
            factor * figures.l1,
            factor * figures.l2,
            factor * figures.linf,
            scale * figures.mean,
            factor * figures.row_mean_abs,
            factor * figures.row_rms,
            factor * figures.row_max,
            figures.row_max_at,
            figures.zero_share,
            figures.sign_balance,
        ]
    chosen = np.asarray(codes, dtype=np.int64)
    rows = zip(*(column[chosen].tolist() for column in columns), strict=True)
    doubts = doubtful[chosen].tolist()
    return [
        None if doubt else _evaluation(pattern, names[code], row)
        for code, doubt, row in zip(codes, doubts, rows, strict=True)
    ]


def _evaluation(pattern: Pattern, name: Slice, row: Sequence[float]) -> Evaluation:
    whole, level = pattern.whole, pattern.level
    value, std_error, low, high, n, n_read, n_dropped, weight_sum, *gradient = row
    several = not math.isnan(std_error)
    return Evaluation(
        source=whole.source,
        model=whole.model,
        target=whole.target,
        prediction=whole.prediction,
        slice=name,
        chosen=whole.chosen,
        reduction=whole.reduction,
        value=value,
        std_error=std_error if several else None,
        ci=Interval(level, low, high, "t") if several else None,
        n=int(n),
        n_read=int(n_read),
        n_dropped=int(n_dropped),
        weight_sum=weight_sum,
        gradient=Gradient(*gradient),  # type: ignore[arg-type]  # the row of the largest slope is a whole number
        status="ok",
        signature=f"{pattern.signature}|n={n}/{n_read}|lossctl={__version__}",
    )


def _finished(tally: SlicedTally, index: int, means: Array) -> tuple[Array, Array]:
    """Give the values of a loss, and d value / d mean, by code: as `lossctl.engine.plan.ModelTally.finished`."""
    linear = tally.plan.linear.get(index)
    ones = np.ones(len(means))
    if linear is not None:
        return np.append(linear.values, np.full(len(means), math.nan))[: len(means)], ones
    chosen = tally.plan.losses[index]
    if chosen.loss.finish is None or chosen.loss.kind is Kind.DISTRIBUTION:
        return means, ones
    found = [chosen.finish((mean,)) if math.isfinite(mean) else (math.nan, (1.0,)) for mean in means.tolist()]
    return np.array([value for value, _ in found]), np.array([scales[0] for _, scales in found])


def _quantiles(units: Codes, level: float) -> Array:
    """Give the quantile of Student's distribution that an interval takes, by how many rows it rests on."""
    counts, places = np.unique(units, return_inverse=True)
    found = [t_quantile(0.5 + 0.5 * level, count - 1) if count > 1 else math.nan for count in counts.tolist()]
    return np.array(found)[places]


def effective_rows(tally: SlicedTally, codes: int) -> Array:
    """Give (Σw)²/Σw² of each code; NaN of those without rows."""
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
