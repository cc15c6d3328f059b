"""Intervals and quantiles, for tests: of the size people have, of any size, and far from the target.

Imports NumPy, core and `tests.sample`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.losses.loss import Kind, Loss
from lossctl.core.types import Array
from tests.sample import Sample

Rng = np.random.Generator

PAIRED = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
UNEVEN = np.array([0.07, 0.31, 0.5, 0.86])


def everyday(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Draw ends and quantiles about the target."""
    middle = rng.normal(0.3, 3.0, rows)
    around = middle[:, None] + rng.normal(0.4, 2.5, (rows, _columns(loss)))
    return _sample(loss, middle, around)


def extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Draw all of any size; in half of the rows at or about the target."""
    shape = (rows, _columns(loss))
    size = 10.0 ** rng.uniform(-300, 300, shape) * rng.choice([-1.0, 1.0], shape)
    target = 10.0 ** rng.uniform(-300, 300, rows) * rng.choice([-1.0, 1.0], rows)
    target[:5] = [0.0, -0.0, 5e-324, 1e300, -1e300]
    nudge = rng.normal(size=shape) * 10.0 ** rng.uniform(-16, -1, shape)
    nudge[rng.random(shape) < 0.4] = 0.0
    near = np.arange(rows) % 2 == 0
    size[near] = (target[:, None] * (1.0 + nudge))[near]
    return _sample(loss, target, size)


def far(loss: Loss, sample: Sample, rng: Rng) -> Array:
    """Move the ends and quantiles from very near the target to very far."""
    assert sample.target is not None
    shape = (len(sample.target), _columns(loss))
    return np.sort(sample.target[:, None] + 10.0 ** rng.uniform(-12, 9, shape) * rng.choice([-1.0, 1.0], shape))


def at_target(loss: Loss, sample: Sample) -> Array:
    """Move all of them onto the target."""
    assert sample.target is not None
    return np.repeat(sample.target[:, None], _columns(loss), axis=1)


def _levels(loss: Loss) -> Array:
    return UNEVEN if loss.check_columns is None else PAIRED


def _columns(loss: Loss) -> int:
    return 2 if loss.kind is Kind.INTERVAL else len(_levels(loss))


def _sample(loss: Loss, target: Array, prediction: Array) -> Sample:
    context = {} if loss.kind is Kind.INTERVAL else {"levels": _levels(loss)}
    return Sample(target, np.sort(prediction), context)
