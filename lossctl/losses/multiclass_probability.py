"""Kernels of losses of a label given class probabilities. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` of shape ``(n,)``, the number of the class that happened, and ``prediction`` of shape
``(n, K)``, a distribution a row, and returns the loss ``(n,)`` and the slope ``(n, K)``. q is the prediction, q_y
the probability of what happened. Slopes are with respect to the probabilities taken as free numbers, not held to a
sum of 1. Nothing is clipped: q_y = 0 gives +inf where the formula does.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import row_sum

__all__ = [
    "categorical_cross_entropy",
    "generalized_cross_entropy",
    "multiclass_brier",
    "multiclass_focal",
    "multiclass_spherical",
]

_HALF, _TINY, _LEAST = 0.5, 1e-300, 5e-324


def categorical_cross_entropy(target: Array, prediction: Array, label_smoothing: float) -> tuple[Array, Array]:
    """Compute ``−Σ t log q`` and its slope ``−t/q``, with t = 1 − a + a/K at the label and a/K elsewhere.

    Without smoothing (a = 0) that is −log q_y, and the slope is 0 away from the label.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = categorical_cross_entropy(np.array([1.0]), np.array([[0.75, 0.25]]), label_smoothing=0.0)
    >>> loss.round(4).tolist(), slope.tolist()
    ([1.3863], [[0.0, -4.0]])
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    own = prediction[rows, label]
    cost = np.log(own)
    np.subtract(0.0, cost, out=cost)  # not −cost: that of certainty would be −0.0
    if label_smoothing == 0.0:  # 0·log 0 would be NaN
        slope = np.zeros_like(prediction)
        slope[rows, label] = np.divide(-1.0, own)
        return cost, slope
    share = label_smoothing / prediction.shape[1]
    slope = np.divide(-share, prediction)
    slope[rows, label] = np.divide(label_smoothing - 1.0 - share, own)
    spread = row_sum(np.log(prediction))
    spread *= share
    cost *= 1.0 - label_smoothing
    cost -= spread
    return cost, slope


def multiclass_brier(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``Σ (q − e)²`` and its slope ``2(q − e)``, with e = 1 at the label and 0 elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multiclass_brier(np.array([1.0]), np.array([[0.75, 0.25]]))
    >>> loss.tolist(), slope.tolist()
    ([1.125], [[1.5, -1.5]])
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    slope = prediction + 0.0  # a copy, in which −0.0 is 0.0
    slope[rows, label] -= 1.0
    loss = row_sum(slope * slope)
    slope += slope
    return loss, slope


def multiclass_focal(target: Array, prediction: Array, gamma: float) -> tuple[Array, Array]:
    """Compute ``−(1 − q_y)^γ log q_y``; the slope at the label is ``(1 − q_y)^γ (γ log q_y/(1 − q_y) − 1/q_y)``.

    With u = 1 − q_y the slope is written with u^γ alone: u^(γ−1) is infinite at u = 0 for γ < 1.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multiclass_focal(np.array([1.0]), np.array([[0.75, 0.25]]), gamma=2.0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.7798], [[0.0, -4.3294]])
    """
    if gamma == 0.0:  # γ log q_y would be NaN at q_y = 0
        return categorical_cross_entropy(target, prediction, 0.0)
    rows, label = np.arange(len(target)), target.astype(np.intp)
    own = prediction[rows, label]
    rest, cost = 1.0 - own, np.log(own)
    weight = rest**gamma
    slope = np.zeros_like(prediction)
    slope[rows, label] = weight * (gamma * cost / np.maximum(rest, _TINY) - 1.0 / own) + 0.0
    return 0.0 - weight * cost, slope


def generalized_cross_entropy(target: Array, prediction: Array, q: float) -> tuple[Array, Array]:
    """Compute ``(1 − p^q)/q`` for p the probability of the label; the slope there is ``−p^(q−1)``.

    As ``−expm1(q log p)/q``, which keeps its digits as p → 1 and as q → 0, where the limit is −log p.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = generalized_cross_entropy(np.array([1.0]), np.array([[0.75, 0.25]]), q=0.5)
    >>> loss.tolist(), slope.tolist()
    ([1.0], [[0.0, -2.0]])
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    own = prediction[rows, label]
    loss = np.expm1(q * np.log(own))
    loss /= -q
    loss += 0.0
    exact = q >= _HALF  # then q − 1 is; below, its rounding counts for a small p
    steepness = own ** (q - 1.0) if exact else np.maximum(own**q, _LEAST) / own
    slope = np.zeros_like(prediction)
    slope[rows, label] = -steepness
    return loss, slope


def multiclass_spherical(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``1 − q_y/‖q‖``; the slope is ``q_y q_j/‖q‖³`` off the label and ``−Σ_{j≠y} q_j²/‖q‖³`` at it.

    With R = Σ_{j≠y} q_j² the loss is R/(‖q‖ (‖q‖ + q_y)): the difference keeps no digit of a loss of 1e-17.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multiclass_spherical(np.array([1.0]), np.array([[0.6, 0.8]]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.2], [[0.48, -0.36]])
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    own = prediction[rows, label]
    others = prediction + 0.0
    others[rows, label] = 0.0
    rest = row_sum(others * others)
    square = rest + own * own
    norm = np.sqrt(square)
    loss = np.minimum(rest / (norm * (norm + own)), 1.0)  # rounding would pass 1 by a bit where q_y = 0
    square *= norm
    others *= (own / square)[:, None]
    others[rows, label] = 0.0 - rest / square
    return loss, others
