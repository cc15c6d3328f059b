"""Losses and slopes of rows with fifty digits, by the formulas of `tests.oracles.formulas`."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp

from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.types import Array
from tests.oracles.formulas import FORMULAS
from tests.sample import Sample


def precise(values: Array | None, row: int) -> Any:
    """Return a row in mpmath's numbers."""
    if values is None:
        return None
    return mp.mpf(float(values[row])) if values.ndim == 1 else [mp.mpf(float(value)) for value in values[row]]


def formula_of(chosen: ChosenLoss, sample: Sample) -> Any:
    params = {name: mp.mpf(value) if isinstance(value, float) else value for name, value in chosen.params.items()}
    params |= {name: [mp.mpf(value) for value in values.tolist()] for name, values in sample.context.items()}
    return lambda target, prediction: FORMULAS[chosen.loss.id](target, prediction, **params)


def exactly(chosen: ChosenLoss, sample: Sample) -> Array:
    """Compute the loss of each row with 50 digits; held at the loss's lower bound, as the kernels are."""
    formula, low = formula_of(chosen, sample), chosen.fact("low")
    rows = len(sample.target if sample.target is not None else sample.prediction)
    with mp.workdps(50):
        found = [formula(precise(sample.target, row), precise(sample.prediction, row)) for row in range(rows)]
    return np.array([float(value if low is None else max(value, low)) for value in found])


def differences(formula: Any, target: Any, prediction: Any) -> Any:
    if not isinstance(prediction, list):
        return float(mp.diff(lambda x: formula(target, x), prediction))
    slopes = []
    for k, value in enumerate(prediction):
        head, tail = prediction[:k], prediction[k + 1 :]
        slopes.append(float(mp.diff(lambda x, a=head, b=tail: formula(target, [*a, x, *b]), value)))
    return slopes
