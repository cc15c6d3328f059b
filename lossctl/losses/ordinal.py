"""Kernels of losses of a label among ordered classes. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` of shape ``(n,)``, the number of the class that happened, counted from 0 in the order of
the classes, and returns the loss ``(n,)`` and a slope shaped like the prediction. That is a distribution over the K
classes, ``(n, K)``, or a logit for each of the K − 1 thresholds between neighbouring classes, ``(n, K − 1)``.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import row_sum, softplus_with_slope

__all__ = ["coral", "cumulative_link", "ranked_probability_score"]


def ranked_probability_score(target: Array, prediction: Array, *, normalized: bool) -> tuple[Array, Array]:
    """Compute ``Σ_{k<K} (F_k − 1[y ≤ k])²``, F_k the probability of the first k classes; over K − 1 if `normalized`.

    Each term is the square of the probability on the wrong side of a threshold: of the classes up to it where the
    label is above, of those beyond it where the label is not. Both are sums of probabilities: 1 − F_k would keep no
    digit of 1e-17. For a distribution that is the same, and so is the slope along distributions.

    Examples
    --------
    >>> import numpy as np
    >>> q = np.array([[0.5, 0.25, 0.25]])
    >>> loss, slope = ranked_probability_score(np.array([1.0]), q, normalized=False)
    >>> loss.tolist(), slope.tolist()
    ([0.3125], [[1.0, 0.0, 0.5]])
    """
    below, beyond = prediction + 0.0, prediction + 0.0
    classes = np.arange(prediction.shape[1])
    label = target[:, None]
    below *= classes < label
    beyond *= classes > label
    np.cumsum(below, axis=1, out=below)
    below *= classes < label  # the mass up to each threshold below the label
    beyond = np.cumsum(beyond[:, ::-1], axis=1)[:, ::-1] * (classes > label)
    loss = row_sum(below * below + beyond * beyond)
    slope = np.cumsum(below[:, ::-1], axis=1)[:, ::-1] + np.cumsum(beyond, axis=1)
    slope *= classes != label
    slope += slope
    if normalized:
        thresholds = max(prediction.shape[1] - 1, 1)
        loss /= thresholds
        slope /= thresholds
    return loss, slope


def cumulative_link(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``−log(σ(s_y) − σ(s_{y−1}))``, with s_k the logit of "up to class k".

    Before the first class it is −∞ and at the last +∞. With d = s_y − s_{y−1} the loss is ``softplus(−s_y) +
    softplus(s_{y−1}) − log(1 − e^−d)``, three terms of one sign. The slope is ``−σ(−s_y) − 1/(e^d − 1)`` at s_y,
    ``σ(s_{y−1}) + 1/(e^d − 1)`` at s_{y−1}, and 0 elsewhere.

    Logits must increase. Where those about the label do not, nothing is left for it: the loss is +inf.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = cumulative_link(np.array([0.0, 1.0]), np.array([[0.0, 1.0], [-1.0, 1.0]]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.6931, 0.7719], [[-0.5, 0.0], [0.4255, -0.4255]])
    """
    thresholds = prediction.shape[1]
    loss, slope = np.zeros_like(prediction[:, 0]), np.zeros_like(prediction)
    label = target.astype(np.intp)
    has_upper, has_lower = np.flatnonzero(label < thresholds), np.flatnonzero(label > 0)
    upper, lower = label[has_upper], label[has_lower] - 1
    cost, steepness = softplus_with_slope(-prediction[has_upper, upper])
    loss[has_upper] = cost
    slope[has_upper, upper] = 0.0 - steepness
    cost, steepness = softplus_with_slope(prediction[has_lower, lower])
    loss[has_lower] += cost
    slope[has_lower, lower] = steepness
    between = np.flatnonzero((label < thresholds) & (label > 0))
    upper, lower = label[between], label[between] - 1
    gap = np.maximum(prediction[between, upper] - prediction[between, lower], 0.0)
    missing = np.expm1(-gap)
    loss[between] -= np.where(gap > 1.0, np.log1p(-np.exp(-gap)), np.log(0.0 - missing))
    push = np.exp(-gap) / (0.0 - missing)
    slope[between, upper] -= push
    slope[between, lower] += push
    return loss, slope


def coral(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``Σ_k softplus(∓s_k)``, s_k the logit of "beyond class k": − where the label is beyond k, + where not.

    Each threshold is a question of yes or no, and the loss is their cross-entropies' sum; the slope is ``∓σ(∓s_k)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = coral(np.array([1.0]), np.array([[2.0, 0.0]]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.8201], [[-0.1192, 0.5]])
    """
    sign = np.where(np.arange(prediction.shape[1]) < target[:, None], -1.0, 1.0)
    cost, slope = softplus_with_slope(sign * prediction)
    slope *= sign
    slope += 0.0
    return row_sum(cost), slope
