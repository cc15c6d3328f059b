"""Kernels of binary losses that take a logit or a score. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` of 0 and 1 and ``prediction`` s, any number, positive for 1, both ``(n,)``. The loss
depends on the margin m = (2y − 1)s alone, positive where s is on the right side of 0; the slope by s is 2y − 1 times
that by m.

Logistic forms use e = exp(−|m|), which never overflows; σ(−m), the probability given to what did not happen, is
e/(1 + e) where m > 0 and 1/(1 + e) where not, never 1 − σ(m). −|m| is taken as min(m, −m), which a complex step passes
through.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import softplus_with_slope

__all__ = [
    "binary_cross_entropy_with_logits",
    "exponential",
    "focal_with_logits",
    "hinge",
    "modified_huber",
    "perceptron",
    "savage",
    "smooth_hinge",
    "squared_hinge",
    "tangent",
]

_TAN_HALF, _TAN_HALF_REST = 0.5463024898437905, 2.9096576216837176e-17
"""tan ½, and what a float64 leaves out of it."""


def _margin(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Return m and the sign 2y − 1."""
    sign = target + target
    sign -= 1.0
    return sign * prediction, sign


def binary_cross_entropy_with_logits(target: Array, prediction: Array, pos_weight: float) -> tuple[Array, Array]:
    """Compute ``ln(1 + exp(−m))`` and its slope ``−(2y − 1)σ(−m)``, times ω where y = 1.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = binary_cross_entropy_with_logits(np.array([1.0, 0.0]), np.array([0.0, 800.0]), pos_weight=2.0)
    >>> loss.round(4).tolist(), slope.tolist()
    ([1.3863, 800.0], [-1.0, 1.0])
    """
    m, sign = _margin(target, prediction)
    loss, slope = softplus_with_slope(-m)
    if pos_weight != 1.0:
        weight = target * pos_weight
        weight += 1.0 - target
        loss *= weight
        sign *= weight
    slope *= sign
    return loss, 0.0 - slope


def focal_with_logits(target: Array, prediction: Array, gamma: float, alpha: float | None) -> tuple[Array, Array]:
    """Compute ``αₜ σ(−m)^γ ln(1 + exp(−m))`` and its slope ``−(2y − 1)αₜ σ(−m)^γ [γσ(m) ln(1 + exp(−m)) + σ(−m)]``.

    αₜ is α where y = 1 and 1 − α where y = 0, or 1 without an `alpha`. A power multiplies the relative error of its
    base by γ, so σ(−m)^γ is a power of the numerator over one of the denominator, with what 1 + e lost put back.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = focal_with_logits(np.array([1.0, 0.0]), np.array([0.0, -800.0]), gamma=2.0, alpha=None)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.1733, 0.0], [-0.2983, 0.0])
    """
    m, sign = _margin(target, prediction)
    decay = np.exp(np.minimum(m, -m))
    loss = np.log1p(decay)
    loss += np.maximum(-m, 0.0)
    below = np.maximum(decay, m <= 0.0)  # the numerator of σ(−m): e ≤ 1, and 1 where m ≤ 0
    above = np.maximum(decay, m >= 0.0)
    whole = 1.0 + decay
    lost = 1.0 - whole
    lost += decay
    lost *= gamma
    lost /= whole
    modulation = np.power(below, gamma)
    modulation /= np.power(whole, gamma)
    modulation -= modulation * lost
    if alpha is not None:
        weight = target * alpha
        weight += (1.0 - target) * (1.0 - alpha)
        modulation *= weight
    above *= gamma
    above *= loss
    above += below
    above /= whole
    above *= modulation
    above *= sign
    loss *= modulation
    return loss, 0.0 - above


def hinge(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``max(0, 1 − m)`` and its slope ``−(2y − 1)`` where m < 1, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = hinge(np.array([1.0, 0.0]), np.array([0.25, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.75, 3.0], [-1.0, 1.0])
    """
    short, sign = _shortfall(target, prediction)
    return short, 0.0 - sign * np.sign(short)  # the sign is 1 where m < 1, six times faster than the comparison


def squared_hinge(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``max(0, 1 − m)²`` and its slope ``−2(2y − 1) max(0, 1 − m)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = squared_hinge(np.array([1.0, 0.0]), np.array([0.25, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.5625, 9.0], [-1.5, 6.0])
    """
    short, sign = _shortfall(target, prediction)
    slope = sign * short
    slope *= -2.0
    slope += 0.0
    short *= short
    return short, slope


def _shortfall(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Return max(0, 1 − m) and the sign."""
    m, sign = _margin(target, prediction)
    np.subtract(1.0, m, out=m)
    return np.maximum(m, 0.0), sign


def smooth_hinge(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ½ − m where m ≤ 0, ``(1 − m)²/2`` where 0 < m < 1, else 0; the slope is 1 − m held to [0, 1], reversed.

    With z = max(0, 1 − m) and c = min(z, 1) all pieces are c(z − c/2), as in huber.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = smooth_hinge(np.array([1.0, 0.0]), np.array([0.5, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.125, 2.5], [-0.5, 1.0])
    """
    short, sign = _shortfall(target, prediction)
    held = np.minimum(short, 1.0)
    short -= 0.5 * held
    short *= held
    held *= sign
    return short, 0.0 - held


def perceptron(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``max(0, −m)`` and its slope ``−(2y − 1)`` where m < 0, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = perceptron(np.array([1.0, 0.0]), np.array([0.25, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.0, 2.0], [0.0, 1.0])
    """
    m, sign = _margin(target, prediction)
    wrong = np.maximum(0.0 - m, 0.0)
    wrong += 0.0
    return wrong, 0.0 - sign * np.sign(wrong)


def exponential(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``exp(−m)`` and its slope ``−(2y − 1)exp(−m)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = exponential(np.array([1.0, 0.0]), np.array([0.0, -800.0]))
    >>> loss.tolist(), slope.tolist()
    ([1.0, 0.0], [-1.0, 0.0])
    """
    m, sign = _margin(target, prediction)
    loss = np.exp(-m)
    return loss, 0.0 - sign * loss


def modified_huber(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``max(0, 1 − m)²`` where m ≥ −1, else ``−4m``; the slope is −2(2y − 1)·min(max(0, 1 − m), 2).

    With z = max(0, 1 − m) and c = min(z, 2) both pieces are c(2z − c): no square that could overflow.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = modified_huber(np.array([1.0, 0.0]), np.array([0.5, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.25, 8.0], [-1.0, 4.0])
    """
    short, sign = _shortfall(target, prediction)
    held = np.minimum(short, 2.0)
    loss = short - held
    loss += short
    loss *= held
    held *= sign
    held *= -2.0
    held += 0.0
    return loss, held


def savage(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``σ(−m)²`` and its slope ``−2(2y − 1)σ(−m)²σ(m)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = savage(np.array([1.0, 0.0]), np.array([0.0, 800.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.25, 1.0], [-0.25, 0.0])
    """
    m, sign = _margin(target, prediction)
    decay = np.exp(np.minimum(m, -m))
    whole = 1.0 + decay
    loss = np.maximum(decay, m <= 0.0)
    loss /= whole
    loss *= loss
    slope = np.maximum(decay, m >= 0.0)
    slope /= whole
    slope *= loss
    slope *= sign
    slope *= -2.0
    slope += 0.0
    return loss, slope


def tangent(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``(2 arctan m − 1)²`` and its slope ``4(2y − 1)(2 arctan m − 1)/(1 + m²)``.

    2 arctan m − 1 cancels near its zero, m = tan ½; twice the angle of (1 + m tan ½, m − tan ½) is the same.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = tangent(np.array([1.0, 0.0]), np.array([0.0, -0.0]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([1.0, 1.0], [-4.0, 4.0])
    """
    m, sign = _margin(target, prediction)
    beyond = m - _TAN_HALF
    beyond -= _TAN_HALF_REST
    angle = np.arctan2(beyond, 1.0 + _TAN_HALF * m)
    m *= m
    m += 1.0
    sign *= angle
    sign *= 8.0
    sign /= m
    angle *= angle
    angle *= 4.0
    return angle, sign + 0.0
