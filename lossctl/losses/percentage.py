"""Kernels of relative losses: by the size of the target, or of logarithms; and of the linex loss.

May import NumPy, core, `losses.ratios` and `losses.stable`.
Shapes are those of `losses.regression`: ``target`` and ``prediction`` ``(n,)``, and ``(loss, slope)`` likewise.
r = ŷ − y throughout.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.ratios import expm1_minus
from lossctl.losses.stable import residual, residual_tail

__all__ = ["finish_mase", "finish_wmape", "linex", "mape", "mase", "msle", "smape", "wmape"]

_SMALLEST = 5e-324
_SPLIT = 134217729.0  # 2²⁷ + 1: halves the digits of a float64 (Veltkamp)
_NEAR = 0.5
_STEEP = 4.0
"""Beyond this |ar| what its rounding lost is put back: 4 times the rounding error is the most that is left in."""
_FAR = 800.0
"""e^800 is infinite, and e^(−800) 0."""


def mape(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``|r|/|y|`` and its slope ``sign(r)/|y|``, 0 at the kink.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = mape(np.array([4.0, -2.0]), np.array([5.0, -2.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.25, 0.0], [0.25, 0.0])
    """
    r = residual(target, prediction)
    size = np.abs(target)
    slope = np.sign(r)
    slope /= size
    slope += 0.0
    loss = np.abs(r)
    loss /= size
    return loss, slope


def wmape(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute the parts |r| and |y|, whose means `finish_wmape` divides, and their slopes sign r and 0.

    Examples
    --------
    >>> import numpy as np
    >>> parts, slopes = wmape(np.array([4.0, -2.0]), np.array([5.0, -2.0]))
    >>> parts.tolist(), slopes.tolist()
    ([[1.0, 0.0], [4.0, 2.0]], [[1.0, 0.0], [0.0, 0.0]])
    """
    r = residual(target, prediction)
    parts, slopes = np.empty((2, *r.shape)), np.zeros((2, *r.shape))
    np.abs(r, out=parts[0])
    np.abs(target, out=parts[1])
    np.sign(r, out=slopes[0])
    return parts, slopes


def finish_wmape(means: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
    """Divide the mean of |r| by that of |y|. Where every target is 0 it is +inf, 0 for a perfect prediction.

    Examples
    --------
    >>> finish_wmape((0.5, 2.0))
    (0.25, (0.5, -0.125))
    """
    error, size = means
    if size == 0.0:
        return (math.inf if error > 0.0 else 0.0), (0.0, 0.0)
    value = error / size
    return value, (1.0 / size, -value / size)


def mase(target: Array, prediction: Array, lagged: Array, period: int) -> tuple[Array, Array]:  # noqa: ARG001 -- whose rows `lagged` is
    """Compute the parts |r|, |y − lagged| and whether there is a lagged target, which `finish_mase` joins.

    ``lagged`` is ``(n,)``, the target `period` rows before, NaN where there is none: such a row counts in the first
    part alone. The slopes are sign r, 0 and 0.

    Examples
    --------
    >>> import numpy as np
    >>> parts, slopes = mase(np.array([4.0, 6.0]), np.array([5.0, 6.0]), np.array([np.nan, 4.0]), period=1)
    >>> parts.tolist(), slopes.tolist()
    ([[1.0, 0.0], [0.0, 2.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    """
    r = residual(target, prediction)
    parts, slopes = np.empty((3, *r.shape)), np.zeros((3, *r.shape))
    np.abs(r, out=parts[0])
    known = np.isfinite(lagged)
    np.abs(target - np.where(known, lagged, target), out=parts[1])
    parts[2] = known
    np.sign(r, out=slopes[0])
    return parts, slopes


def finish_mase(means: tuple[float, ...], period: int) -> tuple[float, tuple[float, ...]]:  # noqa: ARG001 -- as above
    """Divide the mean of |r| by the mean of |y − lagged| over the rows that have a lagged target.

    Where the naive forecast never errs it is +inf, 0 for a perfect prediction; NaN where no row has a past.

    Examples
    --------
    >>> finish_mase((0.5, 1.0, 0.5), period=1)
    (0.25, (0.5, -0.25, 0.5))
    """
    error, naive, known = means
    if known == 0.0:
        return math.nan, (0.0, 0.0, 0.0)
    if naive == 0.0:
        return (math.inf if error > 0.0 else 0.0), (0.0, 0.0, 0.0)
    scale = naive / known
    value = error / scale
    return value, (1.0 / scale, -value / naive, value / known)


def smape(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``2|r|/(|y| + |ŷ|)``, 0 where both are 0; the slope is ``4|y| sign(r)/(|y| + |ŷ|)²``.

    Where target and prediction have different signs the loss is 2 whatever their sizes, and the slope 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = smape(np.array([3.0, -2.0, 0.0]), np.array([5.0, 2.0, 0.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.5, 2.0, 0.0], [0.1875, 0.0, 0.0])
    """
    r = residual(target, prediction)
    size = np.abs(target)
    both = size + np.abs(prediction)
    np.maximum(both, _SMALLEST, out=both)  # 0/0 is 0
    slope = np.sign(r)
    slope *= np.sign(target) == np.sign(prediction)
    size /= both
    slope *= size
    slope *= 4.0
    slope /= both
    slope += 0.0
    loss = np.abs(r)
    loss /= both
    loss += loss
    far = np.flatnonzero(np.isinf(both))
    if far.size:  # of half the numbers the loss is the same, and the slope twice that
        loss[far], slope[far] = smape(0.5 * np.take(target, far), 0.5 * np.take(prediction, far))
        slope[far] *= 0.5
    return loss, slope


def msle(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``ln((1 + ŷ)/(1 + y))²`` and its slope ``2 ln((1 + ŷ)/(1 + y))/(1 + ŷ)``.

    The difference of two logarithms cancels where ŷ is near y; with the larger and the smaller of the two it is
    ln(1 + (larger − smaller)/(1 + smaller)), of an argument that is never below 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = msle(np.array([0.0, 1.0]), np.array([2e-20, 1.0]))
    >>> loss.tolist(), slope.tolist()
    ([4e-40, 0.0], [4e-20, 0.0])
    """
    r = residual(target, prediction)
    distance = log_distance(target, prediction)
    slope = np.sign(r)
    slope *= distance
    slope += slope
    slope /= prediction + 1.0
    slope += 0.0
    distance *= distance
    return distance, slope


def log_distance(target: Array, prediction: Array) -> Array:
    """Compute ``|ln((1 + ŷ)/(1 + y))|``, of which `msle` is the square.

    Examples
    --------
    >>> import numpy as np
    >>> log_distance(np.array([0.0, 0.0]), np.array([1e-200, 1.0])).round(4).tolist()
    [0.0, 0.6931]
    """
    r = residual(target, prediction)
    base = np.minimum(target, prediction)
    base += 1.0
    ratio = np.abs(r)
    ratio /= base
    distance = np.log1p(ratio)
    far = np.isinf(ratio)
    if far.any():
        distance[far] = np.log(np.abs(r[far])) - np.log(base[far])
    return distance


def linex(target: Array, prediction: Array, a: float) -> tuple[Array, Array]:
    """Compute ``e^(ar) − ar − 1`` and its slope ``a(e^(ar) − 1)``.

    For |ar| below ½ the loss is a series, which does not cancel. The exponential magnifies the
    rounding of ar by ar itself: what the rounding of r and of the product lost is put back.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = linex(np.array([0.0, 2.0]), np.array([2e-10, 1.0]), a=1.0)
    >>> f"{loss[0]:.3g} {loss[1]:.3g}", slope.round(15).tolist()
    ('2e-20 0.368', [2e-10, -0.632120558828558])
    """
    r = residual(target, prediction)
    held = np.clip(r, -_FAR / abs(a), _FAR / abs(a))
    x = held * a
    rise = np.expm1(x)
    size = np.abs(x)
    steep = np.flatnonzero(size > _STEEP)
    if steep.size:
        y, yhat, part = np.take(target, steep), np.take(prediction, steep), np.take(held, steep)
        lost = residual_tail(y, yhat, np.take(r, steep))
        lost *= a
        np.clip(lost, -_NEAR, _NEAR, out=lost)  # it is more only where r is so large that e^(ar) is 0 or infinite
        lost += _product_tail(part, a, np.take(x, steep))
        np.put(rise, steep, np.take(rise, steep) * (lost + 1.0) + lost)
    loss = rise - r * a
    near = np.flatnonzero(size < _NEAR)
    if near.size:
        np.put(loss, near, expm1_minus(np.take(x, near)))
    rise *= a
    rise += 0.0
    return loss, rise


def _product_tail(x: Array, a: float, product: Array) -> Array:
    """Compute what the rounding of the product x·a lost (Dekker): each factor in halves, whose products are exact."""
    mantissa, exponent = math.frexp(a)
    lead = math.ldexp(round(mantissa * 2.0**26), exponent - 26)
    rest = a - lead
    head = x * _SPLIT
    head -= head - x
    tail = x - head
    error = head * lead
    error -= product
    error += head * rest
    error += tail * lead
    error += tail * rest
    return error
