"""The kernel of the general adaptive robust loss. May import NumPy, core and `losses.stable`.

Shapes are those of `losses.regression`: ``target`` and ``prediction`` ``(n,)``, and ``(loss, slope)`` likewise.
r = ŷ − y, t = |r|/c.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import residual, signed

__all__ = ["barron"]

_TINY = 1e-300
_LARGEST = 1.7e308
_NO_SQUARE = 1e150
"""Beyond it a square may be too large for a float64."""


def barron(target: Array, prediction: Array, alpha: float, c: float) -> tuple[Array, Array]:
    """Compute ``(b/α)((1 + t²/b)^(α/2) − 1)`` with b = 2 − α, and its slope ``(t/c)(1 + t²/b)^(α/2 − 1)``.

    With H = (b/2) ln(1 + t²/b), which is t²/2 as b → ∞, the loss is H · (eˣ − 1)/x for x = αH/b, and the slope
    (t/c) e^(−H): neither cancels for a small t, nor as α → 0 or −∞. Far out powers of √(1 + t²/b) are more accurate.

    Examples
    --------
    >>> import numpy as np
    >>> y, yhat = np.array([0.0, 1.0]), np.array([2e-10, 1.75])
    >>> loss, slope = barron(y, yhat, alpha=1.0, c=1.0)
    >>> f"{loss[0]:.3g} {loss[1]:.3g}", slope.round(15).tolist()
    ('2e-20 0.25', [2e-10, 0.6])
    """
    r = residual(target, prediction)
    t = np.abs(r)
    t /= c
    np.minimum(t, _LARGEST, out=t)  # so that a c near 0 leaves a loss as of a large t, not NaN
    if alpha == 2.0:  # noqa: PLR2004 -- the limit, half of squared error; b would be 0
        return 0.5 * t * t, signed(t / c, r)
    b = 2.0 - alpha
    width = t / math.sqrt(b)
    height = _half_logarithm(t, width, b)
    x = height * (alpha / b)
    ratio = np.expm1(x)
    ratio /= x
    loss = np.where(np.abs(x) < _TINY, height, height * ratio)
    growth = np.hypot(width, 1.0)
    power = growth ** (alpha - 1.0) if alpha > 0.5 else growth**alpha / growth  # noqa: PLR2004 -- α − 1 is exact
    far = np.abs(x) > 0.5  # noqa: PLR2004 -- from here the difference keeps its digits
    if far.any() and alpha < 0.0:
        loss[far] = np.expm1(x[far]) * (b / alpha)
    elif far.any():
        loss[far] = (power[far] * math.sqrt(b) * (growth[far] * math.sqrt(b)) - b) / alpha
    slope = np.exp(-height)
    slope *= t
    wide = width > 1.0
    if wide.any():
        slope[wide] = width[wide] / growth[wide] * power[wide] * math.sqrt(b)
    slope /= c
    return loss, signed(slope, r)


def _half_logarithm(t: Array, width: Array, b: float) -> Array:
    """Compute (b/2) ln(1 + w²) for w = t/√b as t²/2 · ln(1 + z)/z with z = w², whose underflow costs nothing."""
    z = width * width
    z += _TINY
    height = np.log1p(z)
    height /= z
    height *= t
    height *= t
    height *= 0.5
    far = width > _NO_SQUARE
    if far.any():
        height[far] = b * np.log(width[far])
    return height
