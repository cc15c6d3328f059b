"""Inputs of losses of groups, all of one size: each row of an array is a group. Other sizes have tests of their own."""

from __future__ import annotations

import numpy as np

from lossctl.core.losses.loss import Loss
from lossctl.core.types import Array
from tests.sample import Sample

Rng = np.random.Generator

SIZE = 5


def everyday(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Grades from 0 to 4 with their ties, or relevances that never tie; scores never tie."""
    grades = rng.integers(0, 5, (rows, SIZE)).astype(float)
    smooth = rng.lognormal(0.2, 0.8, (rows, SIZE))
    relevance = np.where(rng.random((rows, 1)) < 0.5, grades, smooth)
    if _is_real(loss):
        relevance -= rng.choice([0.0, 1.3], (rows, 1))
    return Sample(relevance, rng.normal(0.3, 3.0, (rows, SIZE)) * rng.choice([0.1, 1.0], (rows, 1)))


def extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Scores of every size, tied, nearly tied, and in the order of relevance; relevances equal, zero, huge and tiny."""
    sample = everyday(loss, rng, rows)
    relevance = sample.target
    assert relevance is not None
    kind = rng.integers(0, 10, rows)
    relevance[kind == 0] = relevance[kind == 0][:, :1]
    relevance[kind == 1] = 0.0
    relevance[kind == 2] *= np.eye(SIZE)[rng.integers(0, SIZE, np.count_nonzero(kind == 2))]
    relevance[kind == 3] = rng.uniform(0.0, 1000.0, (np.count_nonzero(kind == 3), SIZE))
    relevance[kind == 4] *= 10.0 ** rng.uniform(-290, 0, (np.count_nonzero(kind == 4), 1))
    close = 1.0 + rng.normal(size=(rows, SIZE)) * 10.0 ** rng.uniform(-15, -1, (rows, 1))
    relevance[kind == 5] = (np.abs(relevance) * close)[kind == 5]
    size = 10.0 ** rng.uniform(-300, 300, (rows, SIZE)) * rng.choice([-1.0, 1.0], (rows, SIZE))
    usual = rng.normal(size=(rows, SIZE)) * 10.0 ** rng.uniform(-3, 3, (rows, 1))
    nudge = rng.normal(size=(rows, SIZE)) * 10.0 ** rng.uniform(-18, -1, (rows, 1))
    near = usual[:, :1] + rng.choice([-1.0, 0.0, 1.0], (rows, SIZE)) + nudge
    tied = rng.choice([-1.0, -0.0, 0.0, 1.0, 1000.0], (rows, SIZE))
    ordered = np.take_along_axis(np.sort(usual, axis=1), np.argsort(np.argsort(relevance, axis=1), axis=1), axis=1)
    way = rng.integers(0, 10, rows)[:, None]
    return Sample(relevance, np.select([way < 1, way < 4, way < 6, way < 8], [size, usual, near, ordered], tied))


def far(_: Loss, sample: Sample, rng: Rng) -> Array:
    """Scores of every size, and pairs far ahead of the rest, near and far apart."""
    assert sample.target is not None
    rows = len(sample.target)
    scores = 10.0 ** rng.uniform(-12, 9, (rows, 1)) * rng.normal(size=sample.target.shape)
    pairs = np.arange(0, rows, 2)
    scores[pairs], first = 0.0, rng.integers(0, SIZE, len(pairs))
    scores[pairs, first] = 40.0
    scores[pairs, (first + 1) % SIZE] = 40.0 + np.where(
        rng.random(len(pairs)) < 0.5, rng.uniform(-4, 4, len(pairs)), 0.0
    )
    return scores


def at_target(loss: Loss, sample: Sample, ahead: float) -> Array:
    """Put the scores in the order of relevance, each far ahead of the next; of listnet, make them the relevances."""
    assert sample.target is not None
    if loss.id == "listnet":
        return sample.target.copy()
    return ahead * np.argsort(np.argsort(sample.target, axis=1), axis=1).astype(float)


def _is_real(loss: Loss) -> bool:
    return loss.target is not None and loss.target.is_real_line
