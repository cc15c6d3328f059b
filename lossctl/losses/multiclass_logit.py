"""Kernels of losses of a label given class scores. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` of shape ``(n,)``, the number of the class that happened, and ``prediction`` of shape
``(n, K)``, a score or logit for each class, and returns the loss ``(n,)`` and the slope ``(n, K)``. s_y is the score of
what happened, p = softmax(s). No loss here changes when all scores of a row move together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.losses.stable import exp_below_top, residual, residual_tail, row_max, row_sum, u_minus_log1p

__all__ = [
    "crammer_singer",
    "multi_margin",
    "multiclass_focal_with_logits",
    "multiclass_perceptron",
    "multiclass_poly1",
    "softmax_cross_entropy",
]

_HALF, _LARGEST, _LEAST = 0.5, 1.7976931348623157e308, 5e-324


@dataclass(frozen=True)
class _Softmax:
    """What the losses on softmax share; arrays of a row each but where said.

    Parameters
    ----------
    rows, label
        Where in an ``(n, K)`` array the label's elements are.
    others
        e^(s − top), ``(n, K)``, with 0 at the label; the caller may write into it.
    rest
        Their sum.
    total
        The sum with the label's own.
    spread
        log of that sum.
    cost
        −log p_y.
    top
        The largest score.
    """

    rows: npt.NDArray[np.intp]
    label: npt.NDArray[np.intp]
    others: Array
    rest: Array
    total: Array
    spread: Array
    cost: Array
    top: Array


def _softmax(target: Array, prediction: Array, power: float = 1.0) -> _Softmax:
    """Take the label apart from the others, so that 1 − p_y and −log p_y keep their digits as p_y → 1.

    With h = top − s_y the sum of all e^(s − top) is e^−h + rest. Where the label is on top, h = 0 and its log is
    log1p(rest); elsewhere rest ≥ 1. One formula does for both: log1p(rest + expm1(−h)).

    Where the caller takes a power of 1 − p_y, the relative errors grow by it, and more gaps are mended.
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    others, top = exp_below_top(prediction, -32.0 / power)
    own = others[rows, label]
    others[rows, label] = 0.0
    rest = row_sum(others)
    behind = top - prediction[rows, label]
    spread = np.log1p(rest + np.expm1(-behind))
    return _Softmax(rows, label, others, rest, rest + own, spread, behind + spread, top)


def softmax_cross_entropy(target: Array, prediction: Array, label_smoothing: float) -> tuple[Array, Array]:
    """Compute ``−Σ t log p`` and its slope ``p − t``, with t = 1 − a + a/K at the label and a/K elsewhere.

    Without smoothing (a = 0) that is log Σ eˢ − s_y, and at the label the slope is −Σ_{k≠y} p_k, not p_y − 1, which
    would be 0 too early.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = softmax_cross_entropy(np.array([1.0]), np.array([[2.0, 0.0]]), label_smoothing=0.0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([2.1269], [[0.8808, -0.8808]])
    """
    soft = _softmax(target, prediction)
    slope, loss = soft.others, soft.cost
    slope /= soft.total[:, None]
    slope[soft.rows, soft.label] = 0.0 - soft.rest / soft.total
    if label_smoothing == 0.0:
        return loss, slope
    share = label_smoothing / prediction.shape[1]
    slope -= share
    slope[soft.rows, soft.label] += label_smoothing
    loss *= 1.0 - label_smoothing
    loss += share * row_sum(soft.top[:, None] - prediction) + label_smoothing * soft.spread
    return loss, slope


def multiclass_focal_with_logits(target: Array, prediction: Array, gamma: float) -> tuple[Array, Array]:
    """Compute ``−(1 − p_y)^γ log p_y``; with u = 1 − p_y the slope at the label is ``−u^γ (u − γ p_y log p_y)``.

    The other classes share the opposite of that, each by its p_k/u.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multiclass_focal_with_logits(np.array([1.0]), np.array([[2.0, 0.0]]), gamma=2.0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([1.6501], [[1.0767, -1.0767]])
    """
    soft = _softmax(target, prediction, 1.0 + gamma)
    missing = soft.rest / soft.total
    weight = missing**gamma
    own = np.exp(-soft.cost)
    steepness = weight * (missing + gamma * own * np.minimum(soft.cost, _LARGEST))
    slope = soft.others
    slope *= (steepness / np.maximum(soft.rest, _LEAST))[:, None]
    slope[soft.rows, soft.label] = 0.0 - steepness
    return weight * soft.cost, slope


def multiclass_poly1(target: Array, prediction: Array, epsilon: float) -> tuple[Array, Array]:
    """Compute ``−log p_y + ε (1 − p_y)``; the slope is that of softmax_cross_entropy times ``1 + ε p_y``.

    With u = 1 − p_y and p_y > ½ the loss is summed as (1 + ε) u + (−log(1 − u) − u), which does not cancel for ε < 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multiclass_poly1(np.array([1.0]), np.array([[2.0, 0.0]]), epsilon=1.0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([3.0077], [[0.9858, -0.9858]])
    """
    soft = _softmax(target, prediction)
    missing = soft.rest / soft.total
    if epsilon < 0.0:
        factor = (1.0 + epsilon) - epsilon * missing
        near = (1.0 + epsilon) * missing + u_minus_log1p(0.0 - np.minimum(missing, _HALF))
        loss = np.where(missing < _HALF, near, soft.cost + epsilon * missing)
    else:
        factor = 1.0 + epsilon * np.exp(-soft.cost)
        loss = soft.cost + epsilon * missing
    slope = soft.others
    slope *= (factor / soft.total)[:, None]
    slope[soft.rows, soft.label] = 0.0 - missing * factor
    return loss, slope


def crammer_singer(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``max(0, 1 + max_{k≠y} s_k − s_y)``; the slope is 1 at the best other class and −1 at the label.

    Classes that tie for the best other share the 1. At the kink, where the loss is 0, the slope is 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = crammer_singer(np.array([1.0]), np.array([[2.0, 0.5, -1.0]]))
    >>> loss.tolist(), slope.tolist()
    ([2.5], [[1.0, -1.0, 0.0]])
    """
    return _behind_best(target, prediction, 1.0)


def multiclass_perceptron(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``max(0, max_{k≠y} s_k − s_y)``: `crammer_singer` without its margin, and the slope alike.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multiclass_perceptron(np.array([1.0]), np.array([[2.0, 0.5, -1.0]]))
    >>> loss.tolist(), slope.tolist()
    ([1.5], [[1.0, -1.0, 0.0]])
    """
    return _behind_best(target, prediction, 0.0)


def _behind_best(target: Array, prediction: Array, margin: float) -> tuple[Array, Array]:
    rows, label = np.arange(len(target)), target.astype(np.intp)
    own = prediction[rows, label]
    others = prediction.copy()
    others[rows, label] = -_LARGEST
    best = row_max(others)
    lead = residual(own, best)
    loss = (lead + margin) + residual_tail(own, best, lead)  # near the kink lead + margin is exact: the tail is all
    np.maximum(loss, 0.0, out=loss)
    slope = (others == best[:, None]).astype(np.float64)
    active = (loss > 0.0).astype(np.float64)
    slope *= (active / row_sum(slope))[:, None]
    slope[rows, label] = 0.0 - active
    return loss, slope


def multi_margin(target: Array, prediction: Array, p: int, margin: float) -> tuple[Array, Array]:
    """Compute ``(1/K) Σ_{k≠y} max(0, margin + s_k − s_y)^p``, with p 1 or 2; a kink has slope 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = multi_margin(np.array([1.0]), np.array([[2.0, 0.5, -1.0, 0.25]]), p=1, margin=1.0)
    >>> loss.tolist(), slope.tolist()
    ([0.8125], [[0.25, -0.5, 0.0, 0.25]])
    """
    rows, label = np.arange(len(target)), target.astype(np.intp)
    own = prediction[rows, label][:, None]
    lead = residual(own, prediction)
    excess = lead + margin
    excess += residual_tail(own, prediction, lead)
    np.maximum(excess, 0.0, out=excess)
    excess[rows, label] = 0.0
    slope = (excess > 0.0).astype(np.float64) if p == 1 else excess + excess
    classes = prediction.shape[1]
    slope[rows, label] = 0.0 - row_sum(slope)
    slope /= classes
    loss = row_sum(excess if p == 1 else excess * excess) / classes
    far = np.flatnonzero(np.isinf(loss))  # of which the sum may overflow where the mean does not
    if far.size:
        share = excess[far] / classes
        loss[far] = row_sum(share if p == 1 else share * excess[far])
    return loss, slope
