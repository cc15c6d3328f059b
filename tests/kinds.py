"""Rows of every kind of input that are no real losses: their numbers tell which column came where.

Each kernel weighs the columns it gets by different primes, so that no two arrangements give one number.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lossctl.core.losses.loss import BINARY, POSITIVE, REAL_LINE, ChosenLoss, Kind, Loss
from lossctl.core.types import Array
from lossctl.losses import LOSSES

PRIMES = np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0])


def weighed(target: Array, prediction: Array) -> Array:
    """Return the loss of all these rows: primes times the numbers of the target, then of the prediction."""
    numbers = np.column_stack([target, prediction])
    return numbers @ PRIMES[: numbers.shape[1]]


def _kernel(target: Array, prediction: Array, **_context: object) -> tuple[Array, Array]:
    numbers = np.column_stack([target, prediction])
    width = numbers.shape[1]
    slope = np.broadcast_to(PRIMES[width - prediction.shape[1] : width], prediction.shape)
    return numbers @ PRIMES[:width], np.array(slope)


def _levels_kernel(target: Array, prediction: Array, levels: Array) -> tuple[Array, Array]:
    return target + prediction @ levels, np.broadcast_to(levels, prediction.shape).copy()


def row(kind: Kind, **fields: object) -> Loss:
    """Return a row of a kind."""
    return replace(LOSSES["mae"], **{"id": f"test_{kind}", "kind": kind, "kernel": _kernel, **fields})


def chosen(kind: Kind, **fields: object) -> ChosenLoss:
    """Return a loss of a kind."""
    return row(kind, **fields).choose()


INTERVAL = chosen(Kind.INTERVAL)
QUANTILES = chosen(Kind.QUANTILES, kernel=_levels_kernel)
PARAMETRIC = chosen(Kind.PARAMETRIC, scale=POSITIVE)
ENSEMBLE = chosen(Kind.ENSEMBLE, vectors=0)
COSINE = chosen(Kind.VECTORS, nonzero=True)
TRIPLET = chosen(Kind.VECTORS, id="test_triplet", vectors=2)
MANY = chosen(Kind.VECTORS, id="test_many", vectors=0)
PAIR = chosen(Kind.VECTORS, id="test_pair", vectors=2, target=BINARY, prediction=REAL_LINE, nonzero=True)


def _grouped_kernel(target: Array, prediction: Array, starts: Array) -> tuple[Array, Array]:
    """Compute Σ y·e^s in each group over Σ e^s there: a mean whose last bits depend on the order of its rows."""
    sizes = np.diff(starts, append=len(target))
    weight = np.exp(prediction)
    total = np.add.reduceat(weight, starts)
    value = np.add.reduceat(weight * target, starts) / total
    return value, weight * (target - np.repeat(value, sizes)) / np.repeat(total, sizes)


GROUPED = chosen(Kind.GROUPED, kernel=_grouped_kernel)
