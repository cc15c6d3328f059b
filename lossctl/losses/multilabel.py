"""Kernels of losses of sets of labels given a score for each. May import NumPy, core and `losses.stable`.

Every kernel takes ``target``, ``(n, K)``, 1 where a label applies and 0 where not, and ``prediction``, ``(n, K)``, a
score or logit for each label, and returns the loss ``(n,)`` and the slope ``(n, K)``.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import residual, residual_tail, row_sum, softplus_with_slope

__all__ = ["multilabel_margin", "multilabel_soft_margin"]


def multilabel_soft_margin(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``(1/K) Σ log(1 + e^−m)``, m = s(2y − 1): the mean over labels of binary cross-entropy with logits.

    The slope is ``−(2y − 1) σ(−m)/K``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multilabel_soft_margin(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.41], [[-0.0596, 0.25]])
    """
    classes = prediction.shape[1]
    away = 1.0 - (target + target)
    cost, slope = softplus_with_slope(away * prediction)
    away /= classes
    slope *= away
    slope += 0.0
    return row_sum(cost) / classes, slope


def multilabel_margin(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``(1/K) Σ_i Σ_j max(0, 1 − (s_i − s_j))`` over labels i that apply and j that do not.

    The slope counts, for each label, the pairs it has too close, over K; a pair at its kink counts nothing.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multilabel_margin(np.array([[1.0, 0.0, 0.0, 1.0]]), np.array([[0.5, 0.25, -2.0, 3.0]]))
    >>> loss.tolist(), slope.tolist()
    ([0.1875], [[-0.25, 0.25, 0.0, 0.0]])
    """
    classes = prediction.shape[1]
    absent = 1.0 - target
    loss, slope = np.zeros_like(prediction[:, 0]), np.zeros(prediction.shape)
    for one in range(classes):
        score = prediction[:, one : one + 1]
        lead = residual(score, prediction)
        excess = lead + 1.0
        excess += residual_tail(score, prediction, lead)
        np.maximum(excess, 0.0, out=excess)
        pair = absent * target[:, one : one + 1]
        close = (excess > 0.0) * pair
        loss += row_sum(np.where(close > 0.0, excess, 0.0))
        slope += close
        slope[:, one] -= row_sum(close)
    slope /= classes
    slope += 0.0
    return loss / classes, slope
