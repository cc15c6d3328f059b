"""Ensembles of numbers and of vectors, for tests: of the size people have, of any size, and far from the target.

Imports NumPy, core and `tests.sample`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import Loss
from lossctl.core.types import Array
from tests.sample import Sample

Rng = np.random.Generator

_MEMBERS = 4
_VECTORS = 3
_COMPONENTS = 3


def everyday(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Draw members about the target."""
    target = rng.normal(0.3, 3.0, (rows, _components(loss)))
    shift = rng.normal(0.4, 2.5, (rows, *_shape(loss)))
    return _sample(target, target[:, None, :] + shift)


def extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Draw rows of any size; in two thirds of them members at or about the target, in some of these all of them."""
    shape = (rows, *_shape(loss))
    scale = 10.0 ** rng.uniform(-285, 285, (rows, 1, 1))
    scale[::2] = 1.0
    target = scale[:, 0] * 10.0 ** rng.uniform(-6, 6, (rows, shape[2])) * rng.choice([-1.0, 1.0], (rows, shape[2]))
    target[:5] = np.array([0.0, -0.0, 5e-324, 1e300, -1e300])[:, None]
    size = scale * 10.0 ** rng.uniform(-15, 15, shape) * rng.choice([-1.0, 1.0], shape)
    nudge = rng.normal(size=shape) * 10.0 ** rng.uniform(-16, -1, (rows, 1, 1))
    nudge[rng.random(shape) < 0.3] = 0.0
    nudge[::10] = 0.0
    near = np.arange(rows) % 3 > 0
    size[near] = (target[:, None, :] * (1.0 + nudge))[near]
    tied = np.arange(rows) % 7 == 0
    size[tied, 1] = size[tied, 0]
    return _sample(target, size)


def far(loss: Loss, sample: Sample, rng: Rng) -> Array:
    """Move the members from very near the target to very far."""
    target = _target(sample)
    shape = (len(target), *_shape(loss))
    moved = target[:, None, :] + 10.0 ** rng.uniform(-12, 9, shape) * rng.choice([-1.0, 1.0], shape)
    return _by_row(moved)


def at_target(sample: Sample) -> Array:
    """Move all members onto the target."""
    assert sample.prediction is not None
    target = _target(sample)
    return _by_row(np.repeat(target[:, None, :], sample.prediction.shape[1] // target.shape[1], axis=1))


def _components(loss: Loss) -> int:
    """Read from the row whether its target is a vector."""
    try:
        loss.choose().check_columns(members=_VECTORS, components=_COMPONENTS)
    except UsageError:
        return 1
    return _COMPONENTS


def _shape(loss: Loss) -> tuple[int, int]:
    """Return how many members a row has, and how many components each."""
    components = _components(loss)
    return (_MEMBERS if components == 1 else _VECTORS), components


def _target(sample: Sample) -> Array:
    assert sample.target is not None
    return sample.target.reshape(len(sample.target), -1) if len(sample.target) else sample.target[:, None]


def _by_row(members: Array) -> Array:
    return members.reshape(len(members), members.shape[1] * members.shape[2])


def _sample(target: Array, members: Array) -> Sample:
    return Sample(target[:, 0].copy() if target.shape[1] == 1 else target, _by_row(members))
