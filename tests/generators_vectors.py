"""Inputs of losses of embeddings: vectors of every size, alone, nearly equal, and nearly of one direction."""

from __future__ import annotations

import numpy as np

from lossctl.core.losses.loss import Loss
from lossctl.core.types import Array
from tests.sample import Sample

Rng = np.random.Generator

LENGTH = 5
_COUNTS = {0: 3}
"""How many vectors to give a loss that takes any number."""


def length_of(loss: Loss) -> int:
    return 1 if loss.id == "margin_ranking" else LENGTH


def everyday(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Half of the vectors alike, half at random."""
    length, count = length_of(loss), _COUNTS.get(loss.vectors, loss.vectors)
    anchor = rng.normal(0.3, 3.0, (rows, length))
    spread = rng.choice([0.5, 5.0], (rows, count, 1))
    others = rng.normal(0.0, 1.0, (rows, count, length)) * spread + np.where(spread < 1.0, anchor[:, None], 0.4)
    if not loss.labels_pairs:
        return Sample(anchor, others.reshape(rows, -1))
    others[:, 0] = anchor
    return Sample(rng.integers(0, 2, rows).astype(float), others.reshape(rows, -1))


def extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Vectors of every size, with zeros; multiples of the anchor, exact, nearly so and turned round; and equal ones."""
    length, count = length_of(loss), _COUNTS.get(loss.vectors, loss.vectors)
    anchor = _any_size(rng, (rows, length))
    others = np.stack([_related(anchor, rng) for _ in range(count)], axis=1)
    if not loss.labels_pairs:
        return Sample(anchor, others.reshape(rows, -1))
    others[:, 0] = anchor
    return Sample(rng.integers(0, 2, rows).astype(float), others.reshape(rows, -1))


def _any_size(rng: Rng, shape: tuple[int, int]) -> Array:
    sizes = 10.0 ** (rng.uniform(-298, 298, (shape[0], 1)) * rng.choice([0.0, 0.01, 1.0], (shape[0], 1)))
    values = rng.normal(size=shape) * sizes
    values *= np.where(rng.random(shape) < 0.1, 10.0 ** rng.uniform(-30, 0, shape), 1.0)
    values[:, 1:][rng.random((shape[0], shape[1] - 1)) < 0.1] = 0.0
    return values


def _related(anchor: Array, rng: Rng) -> Array:
    rows = len(anchor)
    far = _any_size(rng, anchor.shape)
    nudge = rng.normal(size=anchor.shape) * 10.0 ** rng.uniform(-18, -1, (rows, 1))
    sizes = np.maximum(np.abs(anchor).max(axis=1, keepdims=True), 1e-290)
    exponents = np.minimum(np.abs(np.log10(sizes)), 290.0)
    factor = rng.choice([-1.0, 1.0, 1.0], (rows, 1)) * 10.0 ** (rng.uniform(-1, 1, (rows, 1)) * (295.0 - exponents))
    multiple = anchor * np.where(rng.random((rows, 1)) < 0.5, np.sign(factor), factor) * (1.0 + nudge)
    return np.select([rng.random((rows, 1)) < 0.4, rng.random((rows, 1)) < 0.1], [far, anchor], multiple)


def far(loss: Loss, sample: Sample, rng: Rng) -> Array:
    """Predictions of every size, half of them about the target."""
    assert sample.prediction is not None
    rows = len(sample.prediction)
    wide = rng.normal(size=sample.prediction.shape) * 10.0 ** rng.uniform(-12, 9, (rows, 1))
    if loss.labels_pairs or sample.target is None:
        return wide
    about = np.tile(sample.target, (1, sample.prediction.shape[1] // sample.target.shape[1]))
    return np.where(np.arange(rows)[:, None] % 2 == 0, wide, about + wide)


def at_target(loss: Loss, sample: Sample, ahead: float) -> Sample:
    """Make the first predicted vector the target, and the others what is as far from it as can be.

    Of a labelled pair make both one where they are similar, or opposites; of scores put the right one ahead.
    """
    assert sample.prediction is not None
    assert sample.target is not None
    length = length_of(loss)
    count = sample.prediction.shape[1] // length
    if loss.labels_pairs:
        sign = (2.0 * sample.target - 1.0)[:, None]
        first = sign * ahead if length == 1 else sample.prediction[:, :length]
        return sample.with_prediction(np.hstack([first, 0.0 * first if length == 1 else sign * first]))
    others = -sample.target if loss.nonzero else sample.target + ahead
    return sample.with_prediction(np.hstack([sample.target, *[others] * (count - 1)]))
