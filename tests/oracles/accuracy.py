"""Measures how far each loss and each slope lies from fifty digits, and writes the page that says so.

``python -m tests.oracles.accuracy`` prints the table; ``--write docs/accuracy.md`` replaces the one between the marks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from mpmath import mp

from benchmarks.page import markdown, print_or_write
from lossctl.core.losses.loss import ChosenLoss, Loss, Role
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from tests.oracles.fifty_digits import differences, exactly, formula_of, precise
from tests.oracles.test_wholes import exactly as whole_exactly
from tests.sample import Sample
from tests.support import everyday, extreme, settings_of, whole

SEED = 7
LIMIT = 1e-14
NOTES: dict[str, str] = {}
"""What lies behind an error above 1e-14, by loss."""
LEAST_NORMAL = np.finfo(float).tiny
_ROWS, _SLOPE_ROWS, _WHOLE_ROWS = 200, 25, 23


@dataclass
class Worst:
    """The worst relative errors of a loss, over the values of its parameters that tests try."""

    usual: float = 0.0
    range: float | None = None
    slope: float | None = None


def relative(found: Array, expected: Array, moved: Array | float = 0.0) -> float:
    """Return the worst error beside the larger of what is expected and `moved`, what a change of the inputs makes.

    Where terms of size 1 leave 1e-9, the last bits of the inputs move it by 1e-16, and no computation can do better.
    Numbers below the normal range of float64, and zeros, are measured beside the end of that range.
    """
    finite = np.isfinite(expected)
    if not (np.isfinite(found) == finite).all():
        return math.inf
    size = np.maximum(np.maximum(np.abs(expected), np.nan_to_num(moved)), LEAST_NORMAL)
    with np.errstate(all="ignore"):
        return float(np.max((np.abs(found - expected) / size)[finite], initial=0.0))


def measure(loss: Loss) -> Worst:
    """Compare a loss with fifty digits."""
    rng = np.random.default_rng(SEED)
    worst = Worst()
    for chosen in settings_of(loss):
        if loss.parts > 1:
            sample = everyday(loss, rng, rows=_WHOLE_ROWS)
            value, gradient = whole(chosen, sample)
            expected, slopes = whole_exactly(chosen, sample)
            worst.usual = max(worst.usual, relative(np.array([value]), np.array([expected])))
            worst.slope = max(worst.slope or 0.0, relative(gradient, slopes))
            continue
        sample = everyday(loss, rng, rows=_ROWS)
        worst.usual = max(worst.usual, _of_values(chosen, sample))
        worst.range = max(worst.range or 0.0, _of_values(chosen, extreme(loss, rng, rows=2 * _ROWS)))
        if Role.PREDICTION in loss.roles:
            worst.slope = max(worst.slope or 0.0, _of_slopes(chosen, everyday(loss, rng, rows=_SLOPE_ROWS)))
    return worst


def _of_values(chosen: ChosenLoss, sample: Sample) -> float:
    """Compare values; `moved` is |slope|·(|ŷ| + |y|): what it makes if the inputs change by as much as they are."""
    loss, slope = sample.compute(chosen)
    expected = exactly(chosen, sample)
    if slope.shape != np.shape(sample.prediction) or len(slope) != len(loss):
        return relative(loss, expected)
    inputs = np.abs(sample.prediction)
    if sample.target is not None:
        wide = sample.target.reshape(len(loss), -1)
        copies = inputs.reshape(len(loss), -1).shape[1] // wide.shape[1]
        inputs = inputs + np.tile(np.abs(wide), copies).reshape(inputs.shape)
    with np.errstate(all="ignore"):
        moved = np.abs(slope) * inputs
    return relative(loss, expected, moved if moved.ndim == 1 else moved.sum(axis=1))


def _of_slopes(chosen: ChosenLoss, sample: Sample) -> float:
    """Compare slopes; of a vector beside its largest component, for a small one may be what is left of large terms."""
    formula, slopes = formula_of(chosen, sample), sample.compute(chosen)[1]
    worst = 0.0
    for row, slope in enumerate(slopes):
        with mp.workdps(100):  # of which a difference keeps half
            expected = np.array(differences(formula, precise(sample.target, row), precise(sample.prediction, row)))
        size = max(float(np.abs(expected).max()), 1e-40)  # where a difference of fifty digits ends
        worst = max(worst, float(np.abs(slope - expected).max()) / size)
    return worst


def table() -> str:
    """Return the table of all losses, in Markdown."""
    rows: list[tuple[str, ...]] = [("loss", "usual numbers", "whole range", "slope", "where it is above 1e-14")]
    for loss in LOSSES.values():
        worst = measure(loss)
        errors = (worst.usual, worst.range, worst.slope)
        note = NOTES.get(loss.id, "") if max(error or 0.0 for error in errors) > LIMIT else ""
        rows.append((f"`{loss.id}`", *map(_shown, errors), note))
    return markdown(rows)


def _shown(error: float | None) -> str:
    return "" if error is None else "0" if error == 0.0 else f"{error:.1e}"


def main() -> None:
    """Print the table, or write it into the page."""
    print_or_write(__doc__, table, "measured")


if __name__ == "__main__":
    main()
