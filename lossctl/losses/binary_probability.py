"""Kernels of binary losses that take a probability. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` of 0 and 1 and ``prediction``, the probability of 1, both ``(n,)``. Throughout, w is the
probability given to what happened (q where y = 1, 1 − q where y = 0), u = 1 − w that given to what did not, and the
sign is 2y − 1: a loss that is f(w) has the slope sign·f′(w).

w and u are each rounded once, and ln w is that of the unrounded w: where q = 1e-20, ln(1 − q) is −1e-20. Nothing is
clipped: w = 0 gives +inf (`ChosenLoss.compute` keeps NumPy quiet about it).

Overlap losses (dice, jaccard, tversky) are no means of rows: a row gives parts, and a finish makes the value of their
means. A row's hit is q where y = 1, else 0.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import SERIES_LIMIT, u_minus_log1p_near

__all__ = [
    "binary_cross_entropy",
    "brier",
    "finish_dice",
    "finish_focal_tversky",
    "finish_overlap",
    "focal",
    "hits_and_errors",
    "hits_and_misses",
    "poly1",
    "spherical",
]

_EXACT_BELOW = 0.5
"""1 − q is exact where it is below this."""

_SMALLEST = 5e-324

Means = tuple[float, ...]
Finished = tuple[float, tuple[float, ...]]


def _chances(target: Array, prediction: Array) -> tuple[Array, Array, Array]:
    """Return w, u and the sign."""
    sign = target + target
    sign -= 1.0
    w = sign * prediction
    u = target - w
    u += 0.0  # not −0.0
    w += 1.0 - target
    return w, u, sign


def _surprise(target: Array, w: Array, u: Array) -> Array:
    """Return −ln of w before it was rounded.

    Where y = 0, u is q itself and w = 1 − q has lost e = (1 − w) − u; ln(w + e) = ln w + e/w to the last bit. Where
    y = 1 nothing is lost. One logarithm, and no branch.
    """
    lost = 1.0 - w
    lost -= u
    lost *= target - 1.0  # −e where y = 0, else 0: u was the rounded one
    lost /= np.maximum(w, _EXACT_BELOW)  # a w this small has lost nothing, and 0/0 is kept out
    lost -= np.log(w)
    lost += 0.0
    return lost


def binary_cross_entropy(
    target: Array, prediction: Array, label_smoothing: float, pos_weight: float
) -> tuple[Array, Array]:
    """Compute ``−[ω t ln q + (1 − t) ln(1 − q)]`` with ``t = y(1 − ε) + ε/2``, and its slope.

    ε is the label smoothing and ω the weight of what counts as 1. Without smoothing it is −ω ln q where y = 1 and
    −ln(1 − q) where y = 0. With smoothing both logarithms enter, and the two terms of the slope cancel at its zero:
    brought to one denominator they are −sign·(c·u − d)/(w·u), where for ω = 1 the numerator u − ε/2 is rounded once.

    Examples
    --------
    >>> import numpy as np
    >>> y, q = np.array([1.0, 0.0]), np.array([0.25, 0.75])
    >>> loss, slope = binary_cross_entropy(y, q, label_smoothing=0.0, pos_weight=2.0)
    >>> loss.round(4).tolist(), slope.tolist()
    ([2.7726, 1.3863], [-8.0, 4.0])
    """
    w, u, sign = _chances(target, prediction)
    half = 0.5 * label_smoothing
    if label_smoothing == 0.0:
        loss = _surprise(target, w, u)
        if pos_weight != 1.0:
            weight = _weigh(target, pos_weight, 1.0)
            loss *= weight
            sign *= weight
        return loss, -sign / w
    positive = _weigh(target, pos_weight * (1.0 - half), pos_weight * half)
    negative = _weigh(target, half, 1.0 - half)
    loss = positive * np.log(prediction)
    loss += negative * np.log1p(-prediction)
    factor = _weigh(target, pos_weight + half * (1.0 - pos_weight), 1.0 + half * (pos_weight - 1.0))
    excess = factor * u
    excess -= _weigh(target, half, pos_weight * half)
    excess *= sign
    return 0.0 - loss, 0.0 - excess / (w * u)


def _weigh(target: Array, one: float, zero: float) -> Array:
    """Return `one` where y = 1 and `zero` where y = 0, both without rounding."""
    weights = target * one
    weights += (1.0 - target) * zero
    return weights


def brier(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``(q − y)²`` and its slope ``2(q − y)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = brier(np.array([1.0, 0.0]), np.array([0.25, 0.125]))
    >>> loss.tolist(), slope.tolist()
    ([0.5625, 0.015625], [-1.5, 0.25])
    """
    r = prediction - target
    r += 0.0
    slope = r + r
    r *= r
    return r, slope


def spherical(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``1 − w/N`` with ``N = √(w² + u²)``, and its slope ``−sign·u/N³``.

    1 − w/N cancels as w → 1; u²/(N(N + w)) is the same.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = spherical(np.array([1.0, 0.0]), np.array([0.5, 1.0]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.2929, 1.0], [-1.4142, 1.0])
    """
    w, u, sign = _chances(target, prediction)
    square = u * u
    norm_square = w * w
    norm_square += square
    norm = np.sqrt(norm_square)
    w += norm
    w *= norm
    square /= w
    u /= norm_square
    u /= norm
    u *= sign
    return square, 0.0 - u


def focal(target: Array, prediction: Array, gamma: float, alpha: float | None) -> tuple[Array, Array]:
    """Compute ``−αₜ u^γ ln w`` and its slope ``sign·αₜ u^γ (γ ln w / u − 1/w)``.

    αₜ is α where y = 1 and 1 − α where y = 0, or 1 without an `alpha`.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = focal(np.array([1.0, 0.0]), np.array([0.5, 0.0]), gamma=2.0, alpha=None)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.1733, 0.0], [-1.1931, 0.0])
    """
    w, u, sign = _chances(target, prediction)
    surprise = _surprise(target, w, u)
    modulation = np.power(u, gamma)
    if alpha is not None:
        modulation *= _weigh(target, alpha, 1.0 - alpha)
    steepness = 1.0 / w
    if gamma > 0.0:  # 0 times an infinite surprise would be a NaN
        steepness += gamma * surprise / np.maximum(u, _SMALLEST)  # 0/0 is kept out where u^γ = 0
    steepness *= modulation
    steepness *= sign
    surprise *= modulation
    return surprise, 0.0 - steepness


def poly1(target: Array, prediction: Array, epsilon: float) -> tuple[Array, Array]:
    """Compute ``−ln w + ε u`` and its slope ``−sign·(u/w + 1 + ε)``.

    Near ε = −1 the two terms cancel as u → 0; (1 + ε)u + g(−u) with g(x) = x − ln(1 + x) is the same.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = poly1(np.array([1.0, 0.0]), np.array([0.5, 0.0]), epsilon=1.0)
    >>> loss.round(4).tolist(), slope.tolist()
    ([1.1931, 0.0], [-3.0, 2.0])
    """
    w, u, sign = _chances(target, prediction)
    loss = _surprise(target, w, u)
    if epsilon >= _CANCELS_BELOW:
        loss += epsilon * u
    else:
        loss -= u
        near = np.flatnonzero(u < SERIES_LIMIT)
        np.put(loss, near, u_minus_log1p_near(-np.take(u, near)))
        loss += (1.0 + epsilon) * u
    u /= w
    u += 1.0 + epsilon
    u *= sign
    return loss, 0.0 - u


_CANCELS_BELOW = -0.5
"""Above, at most one bit of `poly1` cancels."""


def hits_and_misses(target: Array, prediction: Array, **_params: float) -> tuple[Array, Array]:
    """Return the two parts of dice and jaccard in each row: its hit ``y q``, and its miss ``|q − y|``.

    Returns
    -------
    tuple of Array
        The parts and their slopes ``y`` and ``1 − 2y``, both ``(2, n)``.

    Examples
    --------
    >>> import numpy as np
    >>> parts, slopes = hits_and_misses(np.array([1.0, 0.0]), np.array([0.25, 0.125]))
    >>> parts.tolist(), slopes.tolist()
    ([[0.25, 0.0], [0.75, 0.125]], [[1.0, 0.0], [-1.0, 1.0]])
    """
    return _parts(target, prediction, 1.0, 1.0)


def hits_and_errors(
    target: Array, prediction: Array, alpha: float, beta: float, **_params: float
) -> tuple[Array, Array]:
    """Return the two parts of tversky in each row: its hit ``y q``, and its error ``α(1 − y)q + βy(1 − q)``.

    Returns
    -------
    tuple of Array
        The parts and their slopes ``y`` and ``α(1 − y) − βy``, both ``(2, n)``.

    Examples
    --------
    >>> import numpy as np
    >>> y, q = np.array([1.0, 0.0]), np.array([0.25, 0.125])
    >>> parts, slopes = hits_and_errors(y, q, alpha=2.0, beta=0.5)
    >>> parts.tolist(), slopes.tolist()
    ([[0.25, 0.0], [0.375, 0.25]], [[1.0, 0.0], [-0.5, 2.0]])
    """
    return _parts(target, prediction, alpha, beta)


def _parts(target: Array, prediction: Array, alpha: float, beta: float) -> tuple[Array, Array]:
    _, u, sign = _chances(target, prediction)
    weight = _weigh(target, beta, alpha)
    parts, slopes = np.empty((2, len(target))), np.empty((2, len(target)))
    np.multiply(target, prediction, out=parts[0])
    np.multiply(weight, u, out=parts[1])
    np.multiply(weight, sign, out=slopes[1])
    slopes[0] = target
    slopes[1] *= -1.0
    parts += 0.0
    slopes += 0.0
    return parts, slopes


def finish_overlap(means: Means, **_params: float) -> Finished:
    """Return ``E/(H + E)`` of the mean hit H and the mean error E, and its derivatives by H and E.

    It is 1 − H/(H + E), without the cancellation. Where there is nothing to overlap (0/0: no target of 1, and no
    probability given to one) the overlap is perfect: the value is 0, and so are the derivatives.

    Examples
    --------
    >>> finish_overlap((0.5, 0.5))
    (0.5, (-0.5, 0.5))
    """
    return _overlap(*means)


def finish_dice(means: Means, smooth: float) -> Finished:
    """Return ``M/(2H + M + s)`` of the mean hit H and the mean miss M, and its derivatives by H and M.

    It is 1 − (2H + s)/(2H + M + s), without the cancellation; 2H + M is the mean of y + q.

    Examples
    --------
    >>> finish_dice((0.125, 0.5), smooth=0.25)
    (0.5, (-1.0, 0.5))
    """
    hit, miss = means
    value, (by_hit, by_miss) = _overlap(2.0 * hit + smooth, miss)
    return value, (2.0 * by_hit, by_miss)


def _overlap(kept: float, error: float) -> tuple[float, tuple[float, float]]:
    whole = kept + error
    if whole == 0.0:
        return 0.0, (0.0, 0.0)
    value = error / whole
    return value, (0.0 - value / whole, kept / whole / whole)


def finish_focal_tversky(means: Means, gamma: float, **_params: float) -> Finished:
    """Return ``(E/(H + E))^(1/γ)`` and its derivatives by H and E; 0 where they have no bound, at a value of 0.

    Examples
    --------
    >>> finish_focal_tversky((0.75, 0.25), gamma=2.0)
    (0.5, (-0.25, 0.75))
    """
    value, (by_hit, by_error) = _overlap(*means)
    power = 1.0 / gamma
    if value == 0.0 and power < 1.0:
        return 0.0, (0.0, 0.0)
    scale = power * value ** (power - 1.0)
    return value**power, (scale * by_hit, scale * by_error)
