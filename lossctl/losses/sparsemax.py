"""The kernel of sparsemax: a label given class scores, through the projection of the scores on the simplex.

It takes and returns what the kernels of `losses.multiclass_logit` do. It is apart from them for its arithmetic: the
probabilities are differences of scores, and those near 0 keep their digits only in twice the precision. May import
NumPy, core and `losses.stable`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import residual, residual_tail, row_sum

__all__ = ["sparsemax"]

_NEAR = -1.5
"""Only scores less than 1 below the largest get a probability; those farther than this are held here."""

_SPLITTER = 2.0**27 + 1.0


def sparsemax(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``½‖p − e‖² + max(0, τ − s_y)``, with p = max(0, s − τ) and τ such that Σ p = 1; the slope is p − e.

    That is Martins & Astudillo's ``½ Σ_{p>0} (s² − τ²) + ½ − s_y``, written in terms that do not cancel: e is 1 at
    the label and 0 elsewhere, and 1 − p_y is summed from the others.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = sparsemax(np.array([1.0]), np.array([[0.5, 0.25, -1.0]]))
    >>> loss.tolist(), slope.tolist()
    ([0.390625], [[0.625, -0.625, 0.0]])
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    ordered = np.sort(prediction, axis=1)[:, ::-1]
    top = ordered[:, :1]
    size, total, total_tail = _support(*_held(top, ordered))
    gap, tail = _held(top, prediction)
    surplus = _surplus(gap, tail, size[:, None], total[:, None], total_tail[:, None])
    own = surplus[rows, label]
    distance = residual(top[:, 0], prediction[rows, label])
    outside = np.where(distance < _NEAR, (total - 1.0) / size - distance, 0.0 - own / size)
    slope = np.maximum(surplus, 0.0) / size[:, None]
    slope[rows, label] = 0.0
    missing = row_sum(slope)
    loss = 0.5 * (row_sum(slope * slope) + missing * missing) + np.maximum(outside, 0.0)
    slope[rows, label] = 0.0 - missing
    return loss, slope


def _held(top: Array, scores: Array) -> tuple[Array, Array]:
    """Return s − top, exactly, as a number and its tail; farther than `_NEAR` it is held there."""
    gap = residual(top, scores)
    tail = residual_tail(top, scores, gap)
    tail *= gap > _NEAR
    return np.maximum(gap, _NEAR), tail


def _support(gap: Array, tail: Array) -> tuple[Array, Array, Array]:
    """Count the classes with a probability above 0, the scores in falling order, and sum their gaps, exactly."""
    size = np.ones(len(gap))
    total, total_tail = gap[:, 0].copy(), tail[:, 0].copy()
    running, running_tail = total, total_tail
    for column in range(1, gap.shape[1]):
        here, here_tail = gap[:, column], tail[:, column]
        running, lost = _two_sum(running, here)
        running_tail = running_tail + (lost + here_tail)
        inside = _surplus(here, here_tail, column + 1.0, running, running_tail) > 0.0
        size += inside
        total = np.where(inside, running, total)
        total_tail = np.where(inside, running_tail, total_tail)
    return size, total, total_tail


def _surplus(gap: Array, tail: Array, size: Array | float, total: Array, total_tail: Array) -> Array:
    """Compute 1 + size·gap − total, which is p times size, to the last bits also where it nearly vanishes."""
    shifted = gap * _SPLITTER
    high = shifted - (shifted - gap)
    low = gap - high  # a whole number of classes times either half is exact
    difference, lost = _two_sum(size * high, -total)
    difference += 1.0  # exact where the answer is small
    return difference + (lost + (size * low - total_tail + size * tail))


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a + b and what its rounding lost."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
