"""Kernels of the continuous ranked probability score of forecasts that are a location and a scale.

Shapes and letters are those of `losses.forecast`; a = |z|. CRPS = ∫ (F(t) − 1[t ≥ y])² dt: the mean distance of the
forecast from y less half the mean distance of two draws of the forecast. It is σ·Q(a) with Q' = P(|Z| ≤ a), so that the
slope by the location is ±P(|Z| ≤ a), and that by the scale Q − a Q'. May import NumPy, core and the pieces of `losses`.

All are written as the score at a = 0 and what is added to it, |r| P(|Z| ≤ a) among it, so that no a overflows.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.forecast import slopes
from lossctl.losses.special import within_normal
from lossctl.losses.stable import residual, signed
from lossctl.losses.student import least_crps, mean_size, within_student

__all__ = ["crps_laplace", "crps_logistic", "crps_normal", "crps_student_t", "steepest_student_t"]

_NO_MORE = 1e3
"""Where e^(−a) is 0, and a times it too."""
_ROOT_2_OVER_PI = math.sqrt(2.0 / math.pi)
_LEAST_NORMAL = (math.sqrt(2.0) - 1.0) / math.sqrt(math.pi)


def crps_normal(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``σ(z(2Φ(z) − 1) + 2φ(z) − 1/√π)``; slopes ``2Φ(z) − 1`` and ``2φ(z) − 1/√π``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = crps_normal(np.array([1.0]), np.array([[3.0, 2.0]]))
    >>> loss.round(12).tolist(), slope.round(12).tolist()
    ([1.204882715255], [[0.682689492137, -0.080248134509]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    size = np.abs(r)
    a = size / scale
    within = within_normal(a)
    a *= a
    a *= -0.5
    bell = np.expm1(a)
    bell *= _ROOT_2_OVER_PI
    bell += _LEAST_NORMAL
    scale *= bell
    size *= within
    scale += size
    return scale, slopes(signed(within, r), bell)


def crps_laplace(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``σ(|z| + e^(−|z|) − ¾)``; slopes ``sign(r)(1 − e^(−|z|))`` and ``(1 + |z|) e^(−|z|) − ¾``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = crps_laplace(np.array([0.0]), np.array([[2.0 * np.log(2.0), 2.0]]))
    >>> loss.round(12).tolist(), slope.round(12).tolist()
    ([0.88629436112], [[0.5, 0.09657359028]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    size = np.abs(r)
    a = size / scale
    np.minimum(a, _NO_MORE, out=a)
    fallen = np.expm1(-a)
    score = fallen + 0.25
    scale *= score
    scale += size
    a *= np.exp(-a)
    a += score
    return scale, slopes(signed(fallen, r), a)


def crps_logistic(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``σ(|z| + 2 ln(1 + e^(−|z|)) − 1)``.

    The slopes are ``tanh(z/2)`` and ``2 ln(1 + e^(−|z|)) − 1 + 2|z|/(1 + e^|z|)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = crps_logistic(np.array([0.0]), np.array([[2.0 * np.log(3.0), 2.0]]))
    >>> loss.round(12).tolist(), slope.round(12).tolist()
    ([1.347952867143], [[0.5, 0.124670289238]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    size = np.abs(r)
    a = size / scale
    np.minimum(a, _NO_MORE, out=a)
    t = np.exp(-a)
    score = np.log1p(t)
    score *= 2.0
    score -= 1.0
    scale *= score
    scale += size
    by_location = np.tanh(0.5 * a)
    a *= t
    t += 1.0
    a /= t
    a *= 2.0
    a += score
    return scale, slopes(signed(by_location, r), a)


def crps_student_t(target: Array, prediction: Array, df: float) -> tuple[Array, Array]:
    """Compute ``σ(z(2F(z) − 1) + 2f(z)(ν + z²)/(ν − 1) − 2√ν B(½, ν−½)/((ν − 1) B(½, ν/2)²))``, with ν = `df` > 1.

    The two last terms grow without end as ν → 1 while their difference does not; and f(z)(ν + z²) is f(0) ν times
    e^(−(ν−1)L/2) with L = ln(1 + z²/ν). So they are taken together: the score at z = 0, and E|T|(e^(−(ν−1)L/2) − 1).
    That sum is the slope by the scale, and ``2F(z) − 1`` that by the location.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = crps_student_t(np.array([1.0]), np.array([[3.0, 2.0]]), df=2.0)
    >>> loss.round(12).tolist(), slope.round(12).tolist()
    ([1.242660146059], [[0.57735026919, 0.04397980384]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    size = np.abs(r)
    within, score = within_student(size / scale, df)
    score *= -0.5 * (df - 1.0)
    np.expm1(score, out=score)
    score *= mean_size(df)
    score += least_crps(df)
    scale *= score
    size *= within
    scale += size
    return scale, slopes(signed(within, r), score)


def steepest_student_t(df: float) -> float:
    """Return the length that the slope of `crps_student_t` tends to, far from the target."""
    return math.hypot(1.0, mean_size(df) - least_crps(df))
