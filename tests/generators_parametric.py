"""Forecasts that are a location and a scale, for tests: of the size people have, of any size, and far from the target.

Imports NumPy, core and `tests.sample`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.losses.loss import Loss
from lossctl.core.types import Array
from tests.sample import Sample

Rng = np.random.Generator


def located(loss: Loss, target: Array) -> Array:
    """Return the locations at which the target is the middle of the forecast."""
    return np.log(target) if loss.target is not None and not loss.target.is_real_line else target.copy()


def everyday(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Draw scales about 1, and targets that they fit or miss by up to some twenty of them."""
    middle = rng.normal(0.3, 3.0, rows)
    scale = 1.3 * 10.0 ** rng.uniform(-0.8, 0.8, rows)
    location = middle + scale * rng.normal(0.2, 1.0, rows) + rng.choice([0.0, 1.5], rows) * rng.normal(size=rows)
    return Sample(_target(loss, middle), np.column_stack([location, scale]))


def extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Draw all of any size; then forecasts near the target, most of them with a scale that says how near."""
    positive = loss.target is not None and not loss.target.is_real_line
    size = rng.uniform(-300.0, 300.0, (2, rows))
    middle, location = np.where(rng.random((2, rows)) < 0.5, -1.0, 1.0) * 10.0**size
    if positive:
        middle = rng.uniform(-690.0, 690.0, rows)
    near = np.arange(rows) >= rows // 3
    nudge = rng.choice([0.0, 1.0, -1.0], rows, p=[0.0, 0.5, 0.5] if positive else [0.2, 0.4, 0.4])
    nudge *= 10.0 ** rng.uniform(-6 if positive else -16, 1, rows)  # a logarithm in float64 is no nearer than 1e-16
    target = _target(loss, middle)
    location = np.where(near, located(loss, target) * (1.0 + nudge), location)
    scale = 10.0 ** rng.uniform(-300.0, 300.0, rows)
    distance = np.abs(location - located(loss, target))
    fits = near & (distance > 0.0) & (rng.random(rows) < 0.8)
    scale = np.where(fits, np.clip(distance * 10.0 ** rng.uniform(-2.5, 2.5, rows), 1e-320, 1e305), scale)
    scale[:6] = [5e-324, 1.0, 1e300, 1e-300, 1.0 - 2.0**-53, 5e-324]
    location[:2], location[5] = located(loss, target)[:2], 1e300
    return Sample(target, np.column_stack([location, scale]))


def far(loss: Loss, sample: Sample, rng: Rng) -> Array:
    """Move the locations from very near the target to very far; half of the scales too."""
    assert sample.target is not None
    assert sample.prediction is not None
    rows = len(sample.target)
    location = located(loss, sample.target) + 10.0 ** rng.uniform(-12, 9, rows) * rng.choice([-1.0, 1.0], rows)
    scale = np.where(rng.random(rows) < 0.5, sample.prediction[:, 1], 10.0 ** rng.uniform(-9, 9, rows))
    return np.column_stack([location, scale])


def at_target(loss: Loss, sample: Sample) -> Array:
    """Move the locations onto the targets, and leave the scales."""
    assert sample.target is not None
    assert sample.prediction is not None
    return np.column_stack([located(loss, sample.target), sample.prediction[:, 1]])


def _target(loss: Loss, middle: Array) -> Array:
    return middle if loss.target is not None and loss.target.is_real_line else np.exp(middle)
