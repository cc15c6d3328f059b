"""Kernels of the logarithmic score of forecasts that are a location and a scale.

Every kernel takes ``target`` ``(n,)`` and ``prediction`` ``(n, 2)``, location and scale, the scale above 0, and returns
``loss`` ``(n,)`` and ``slope`` ``(n, 2)``. μ location, σ scale, r = μ − y, z = r/σ throughout. May import NumPy, core
and the pieces of `losses`.

The slope by the scale changes its sign where |z| passes some number. Where that is 1 it is made of σ − |r|, which is
exact once the rounding of r is put back.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.logarithm import less_log
from lossctl.losses.stable import minus_product, residual, residual_tail, signed
from lossctl.losses.student import log_normaliser

__all__ = [
    "dawid_sebastiani",
    "gaussian_nll",
    "laplace_nll",
    "logistic_nll",
    "lognormal_nll",
    "slopes",
    "student_t_nll",
]

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_NO_SQUARE = 1e150
"""Beyond it a square may be too large for a float64."""
_LOG_2 = math.log(2.0)


def slopes(by_location: Array, by_scale: Array) -> Array:
    """Set the two slopes of each row side by side; adding zero makes a −0.0, which an underflow leaves, 0.0."""
    both = np.stack((by_location, by_scale), axis=1)
    both += 0.0
    return both


def gaussian_nll(target: Array, prediction: Array, *, full: bool, variance: bool) -> tuple[Array, Array]:
    """Compute ``z²/2 + ln σ``, with ½ ln 2π where `full`; slopes ``z/σ`` and ``(1 − z²)/σ``.

    Where `variance`, the second column is v = σ², and the slope by it ``(1 − z²)/2v``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = gaussian_nll(np.array([1.0]), np.array([[3.0, 2.0]]), full=False, variance=False)
    >>> loss.round(12).tolist(), slope.tolist()
    ([1.19314718056], [[0.5, 0.0]])
    """
    second = prediction[:, 1].copy()
    scale = np.sqrt(second) if variance else second
    r = residual(target, prediction[:, 0])
    gap = _scale_less_residual(r, residual_tail(target, prediction[:, 0], r), scale)
    if variance:
        gap += _root_tail(second, scale)
    loss, by_location, by_scale = _half_square(r, scale, gap)
    if variance:
        by_scale /= 2.0 * scale
    loss += np.log(second) * (0.5 if variance else 1.0)
    if full:
        loss += _HALF_LOG_2PI
    return loss, slopes(by_location, by_scale)


def lognormal_nll(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``z²/2 + ln σ + ln y + ½ ln 2π`` with z = (μ − ln y)/σ; slopes ``z/σ`` and ``(1 − z²)/σ``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = lognormal_nll(np.array([1.0]), np.array([[3.0, 2.0]]))
    >>> loss.round(12).tolist(), slope.tolist()
    ([2.737085713765], [[0.75, -0.625]])
    """
    scale = prediction[:, 1].copy()
    r, tail, log = less_log(prediction[:, 0], target)
    loss, by_location, by_scale = _half_square(r, scale, _scale_less_residual(r, tail, scale))
    loss += np.log(scale)
    loss += log
    loss += _HALF_LOG_2PI
    return loss, slopes(by_location, by_scale)


def dawid_sebastiani(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``z² + 2 ln σ``, twice `gaussian_nll`, which asks of the forecast its first two moments alone.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = dawid_sebastiani(np.array([1.0]), np.array([[3.0, 1.0]]))
    >>> loss.tolist(), slope.tolist()
    ([4.0], [[4.0, -6.0]])
    """
    loss, slope = gaussian_nll(target, prediction, full=False, variance=False)
    loss *= 2.0
    slope *= 2.0
    return loss, slope


def laplace_nll(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``|z| + ln 2σ``; slopes ``sign r/σ``, 0 at the kink, and ``(1 − |z|)/σ``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = laplace_nll(np.array([1.0]), np.array([[4.0, 2.0]]))
    >>> loss.round(12).tolist(), slope.tolist()
    ([2.88629436112], [[0.5, -0.25]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    size = np.abs(r)
    loss = size / scale
    loss += np.log(scale)
    loss += _LOG_2
    gap = _scale_less_residual(r, residual_tail(target, prediction[:, 0], r), scale)
    gap /= scale
    gap /= scale
    return loss, slopes(signed(np.sign(size) / scale, r), gap)


def logistic_nll(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``|z| + 2 ln(1 + e^(−|z|)) + ln σ``; slopes ``tanh(z/2)/σ`` and ``(1 − z tanh(z/2))/σ``.

    With e = e^(−|z|) − 1, tanh(|z|/2) is −e/(2 + e), which keeps a small z, and the logarithm that of 2 + e.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = logistic_nll(np.array([0.0]), np.array([[2.0 * np.log(3.0), 2.0]]))
    >>> loss.round(12).tolist(), slope.round(12).tolist()
    ([2.367123614132], [[0.25, 0.225346927833]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    a = np.abs(r) / scale
    fallen = np.expm1(-a)
    two = fallen + 2.0
    loss = np.log(two)
    loss *= 2.0
    loss += a
    loss += np.log(scale)
    fallen /= two
    a *= fallen
    a += 1.0
    a /= scale
    fallen /= -scale
    return loss, slopes(signed(fallen, r), a)


def student_t_nll(target: Array, prediction: Array, df: float) -> tuple[Array, Array]:
    """Compute ``(ν+1)/2 ln(1 + z²/ν) + ln σ + ln √(νπ) Γ(ν/2)/Γ((ν+1)/2)``, with ν = `df`.

    The slopes are ``(ν+1) z/(ν + z²)/σ`` and ``(1 − z²)/(1 + z²/ν)/σ``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = student_t_nll(np.array([1.0]), np.array([[3.0, 2.0]]), df=3.0)
    >>> loss.round(12).tolist(), slope.round(12).tolist()
    ([2.269400175087], [[0.5, 0.0]])
    """
    scale = prediction[:, 1].copy()
    r = residual(target, prediction[:, 0])
    a = np.abs(r)
    a /= scale
    square = a / math.sqrt(df)
    far = np.flatnonzero(square > _NO_SQUARE)
    square *= square
    loss = np.log1p(square)
    loss *= 0.5 * (df + 1.0)
    loss += np.log(scale)
    loss += log_normaliser(df)
    square += 1.0
    by_location = a / square
    by_location *= df + 1.0
    by_location /= df
    by_location /= scale
    gap = _scale_less_residual(r, residual_tail(target, prediction[:, 0], r), scale)
    gap /= scale
    a += 1.0
    a /= square
    gap *= a
    gap /= scale
    if far.size:
        size, scale = np.abs(np.take(r, far)), np.take(scale, far)
        log = np.log(size) - 0.5 * math.log(df)
        np.put(loss, far, (df + 1.0) * log - df * np.log(scale) + log_normaliser(df))
        np.put(by_location, far, (df + 1.0) / size)
        np.put(gap, far, -df / scale)
    return loss, slopes(signed(by_location, r), gap)


def _half_square(r: Array, scale: Array, gap: Array) -> tuple[Array, Array, Array]:
    """Compute z²/2 and the slopes of z²/2 + ln σ, z/σ and (1 − |z|)(1 + |z|)/σ, where gap is σ − |r|."""
    z = r / scale
    half = 0.5 * z
    half *= z
    gap /= scale
    gap *= np.abs(z) + 1.0
    gap /= scale
    z /= scale
    return half, z, gap


def _scale_less_residual(r: Array, tail: Array, scale: Array) -> Array:
    """Compute σ − |r + tail|, where r + tail is the difference without rounding: σ may be almost as large."""
    tail *= np.sign(r)
    gap: Array = scale - np.abs(r)
    gap -= tail
    return gap


def _root_tail(square: Array, root: Array) -> Array:
    """Compute what the rounding of a square root lost: (v − σ²)/2σ."""
    rest = minus_product(square, root, root)
    rest /= 2.0 * root
    return rest
