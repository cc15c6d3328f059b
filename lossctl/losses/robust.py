"""Kernels of robust losses: an outlier counts for less than its square. May import NumPy, core and `losses.stable`.

Shapes are those of `losses.regression`: ``target`` and ``prediction`` ``(n,)``, and ``(loss, slope)`` likewise.
r = ŷ − y, a = |r|, t = r/c throughout. A formula in t alone would lose r where t under- or overflows, so most forms
here are in the smaller and the larger of a and the parameter, and in their ratio, which is at most 1.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import residual, residual_tail, signed, u_minus_log1p_near

__all__ = [
    "andrew",
    "cauchy",
    "fair",
    "geman_mcclure",
    "hampel",
    "log_cosh",
    "pseudo_huber",
    "trimmed",
    "tukey",
    "welsch",
]

_PI_TAIL = 1.2246467991473532e-16  # π − math.pi
_SPLIT = 134217729.0  # 2²⁷ + 1: halves the digits of a float64 (Veltkamp)
_TINY = 1e-300
_LARGEST = 1.7e308
_NO_SQUARE = 1e150
"""Beyond it a square may be too large for a float64."""
_SERIES_LIMIT = 0.3
_STEEP = 2.0
"""Beyond this t² an exponential of −t² is taken with twice the digits."""


def log_cosh(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``ln cosh r`` and its slope ``tanh r``.

    With t = tanh |r| it is −½ ln(1 − t²), which keeps every digit of a small r, and |r| − ln(1 + t), which no large r
    overflows. ln(cosh r) is 0 for r = 1e-9, and |r| + ln(1 + e^(−2|r|)) − ln 2 nearly so.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = log_cosh(np.array([0.0, 2.0]), np.array([2e-20, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([2e-40, 0.0], [2e-20, 0.0])
    """
    r = residual(target, prediction)
    slope = np.tanh(r)
    size, t = np.abs(r), np.abs(slope)
    near = size < 1.0
    log = np.log1p(np.where(near, -t * t, t))
    return np.where(near, -0.5 * log, size - log), slope


def pseudo_huber(target: Array, prediction: Array, delta: float) -> tuple[Array, Array]:
    """Compute ``δ²(√(1 + (r/δ)²) − 1)`` and its slope ``r/√(1 + (r/δ)²)``.

    The difference cancels for a small r; multiplied out, with m and M the smaller and the larger of |r| and δ and
    s = √(1 + (m/M)²), it is |r| m/(δ/M + s), and the slope m/s.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = pseudo_huber(np.array([1.0, 2.0]), np.array([1.75, 2.0]), delta=1.0)
    >>> loss.tolist(), slope.tolist()
    ([0.25, 0.0], [0.6, 0.0])
    """
    r = residual(target, prediction)
    size = np.abs(r)
    small, large = np.minimum(size, delta), np.maximum(size, delta)
    root = small / large
    root *= root
    root += 1.0
    np.sqrt(root, out=root)
    slope = signed(small / root, r)
    np.divide(delta, large, out=large)
    large += root
    size /= large
    size *= small
    return size, slope


def fair(target: Array, prediction: Array, c: float) -> tuple[Array, Array]:
    """Compute ``c²(a/c − ln(1 + a/c))`` and its slope ``r/(1 + a/c)``.

    The difference cancels as a/c → 0: there it is c² g(a/c) by the series of `u_minus_log1p`.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = fair(np.array([0.0, 2.0]), np.array([2e-10, 5.0]), c=1.0)
    >>> f"{loss[0]:.3g}", float(slope[1])
    ('2e-20', 0.75)
    """
    r = residual(target, prediction)
    size = np.abs(r)
    u = size / c
    np.minimum(u, _LARGEST, out=u)  # so that a c near 0 leaves a loss below c·a, not NaN
    near = u < _SERIES_LIMIT
    loss = np.log1p(u)
    loss *= -c
    loss += size
    loss *= c
    if near.any():
        loss[near] = _fair_near(size[near], u[near])
    small, large = np.minimum(size, c), np.maximum(size, c)
    np.divide(small, large, out=large)
    large += 1.0
    small /= large
    return loss, signed(small, r)


def _fair_near(size: Array, u: Array) -> Array:
    """Compute c²(u − ln(1+u)) as a²·(u − ln(1+u))/u²: no square of c or of u can then underflow to 0."""
    u = np.maximum(u, 1e-20)  # the ratio is ½ − u/3 + …, which is ½ already there
    ratio = u_minus_log1p_near(u)
    ratio /= u
    ratio /= u
    ratio *= size
    ratio *= size
    return ratio


def cauchy(target: Array, prediction: Array, c: float) -> tuple[Array, Array]:
    """Compute ``½c² ln(1 + t²)`` and its slope ``r/(1 + t²)``.

    The loss is ½r² · ln(1 + z)/z with z = t², so that a t² that underflows costs nothing; beyond the largest square
    the logarithm is 2 ln |t|.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = cauchy(np.array([1.0, 2.0]), np.array([4.0, 2.0]), c=1.0)
    >>> loss.round(15).tolist(), slope.round(15).tolist()
    ([1.151292546497023, 0.0], [0.3, 0.0])
    """
    r = residual(target, prediction)
    size = np.abs(r)
    t = size / c
    loss = t * t
    loss += _TINY
    logarithm = np.log1p(loss)
    np.divide(logarithm, loss, out=loss)
    loss *= 0.5
    loss *= size
    loss *= size
    far = t > _NO_SQUARE
    if far.any():
        loss[far] = c * (c * (np.log(size[far]) - math.log(c)))
    falling, share, ratio = _falling(size, c)
    falling *= share
    falling /= ratio
    return loss, signed(falling, r)


def geman_mcclure(target: Array, prediction: Array, c: float) -> tuple[Array, Array]:
    """Compute ``½r²/(1 + t²)`` and its slope ``r/(1 + t²)²``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = geman_mcclure(np.array([1.0, 2.0]), np.array([4.0, 2.0]), c=1.0)
    >>> loss.round(15).tolist(), slope.round(15).tolist()
    ([0.45, 0.0], [0.03, 0.0])
    """
    r = residual(target, prediction)
    small, share, ratio = _falling(np.abs(r), c)
    loss = small * 0.5
    loss *= small
    loss /= ratio
    small *= share
    small *= share
    small *= share
    ratio *= ratio
    small /= ratio
    return loss, signed(small, r)


def _falling(size: Array, c: float) -> tuple[Array, Array, Array]:
    """Return m = min(a, c), c/max(a, c) and 1 + (m/max(a, c))².

    Then a/(1 + t²) = m · (c/M)/(1 + (m/M)²), on either side of c, with no square of a large number.
    """
    small, large = np.minimum(size, c), np.maximum(size, c)
    ratio = small / large
    ratio *= ratio
    ratio += 1.0
    np.divide(c, large, out=large)
    return small, large, ratio


def welsch(target: Array, prediction: Array, c: float) -> tuple[Array, Array]:
    """Compute ``½c²(1 − e^(−t²))`` and its slope ``r e^(−t²)``.

    The loss is ½r² · (1 − e^(−z))/z with z = t², so that a t² that underflows costs nothing; from 8c on it is ½c² to
    the last digit. In the slope e^(−t²) would magnify the rounding of t² by t² itself, see `_bell`.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = welsch(np.array([0.0, 2.0]), np.array([2e-10, 100.0]), c=2.0)
    >>> f"{loss[0]:.3g}", float(loss[1]), float(slope[1])
    ('2e-20', 2.0, 0.0)
    """
    r = residual(target, prediction)
    size = np.abs(r)
    held = np.minimum(size, 8.0 * c)
    z = held / c
    z *= z
    z += _TINY
    slope = np.exp(-z)
    steep = np.flatnonzero(z > _STEEP)
    if steep.size:
        y, yhat, part = np.take(target, steep), np.take(prediction, steep), np.take(r, steep)
        tail = residual_tail(y, yhat, part) * np.sign(part)
        np.put(slope, steep, _bell(np.take(size, steep), tail, c))
    slope *= r
    slope += 0.0
    loss = np.expm1(-z)
    loss /= z
    loss *= -0.5 * held
    loss *= held
    return np.minimum(loss, 0.5 * c * c), slope


def _bell(size: Array, tail: Array, c: float) -> Array:
    """Compute e^(−t²) for t = (a + tail)/c with an error that does not grow with t.

    With h the leading half of t's digits, h² is exact, and the rest of t, taken from a − h·c, is small:
    e^(−t²) = e^(−h²) · e^(−(t−h)(t+h)).
    """
    mantissa, exponent = math.frexp(c)
    lead = math.ldexp(round(mantissa * 2.0**26), exponent - 26)
    held = np.minimum(size, 64.0 * c)
    t = held / c
    half = t * _SPLIT
    half -= half - t
    held -= half * lead
    held -= half * (c - lead)
    held += tail
    held /= -c
    t += half
    held *= t
    np.minimum(held, 1.0, out=held)  # only a tail larger than c itself makes it more, where e^(−h²) is 0
    half *= half
    return np.exp(-half) * np.exp(held)


def tukey(target: Array, prediction: Array, c: float) -> tuple[Array, Array]:
    """Compute ``(c²/6)(1 − (1 − t²)³)`` within c, c²/6 beyond; the slope is ``r(1 − t²)²``, 0 beyond.

    Multiplied out the loss is a²(3 − 3t² + t⁴)/6, which does not cancel; 1 − t² is (c − a)(c + a)/c², where c − a is
    exact near c once the tail of r is added.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = tukey(np.array([1.0, 2.0]), np.array([2.0, 9.0]), c=2.0)
    >>> loss.round(15).tolist(), slope.tolist()
    ([0.385416666666667, 0.666666666666667], [0.5625, 0.0])
    """
    r = residual(target, prediction)
    tail = residual_tail(target, prediction, r)
    tail *= np.sign(r)
    size = np.abs(r)
    rest = c - size
    rest -= tail
    np.maximum(rest, 0.0, out=rest)
    np.minimum(size, c, out=size)
    rest /= c
    z = size / c
    rest *= z + 1.0
    rest *= rest
    rest *= size
    z *= z
    loss = z - 3.0
    loss *= z
    loss += 3.0
    loss *= size
    loss *= size / 6.0
    return np.minimum(loss, c * c / 6.0), signed(rest, r)


def andrew(target: Array, prediction: Array, a: float) -> tuple[Array, Array]:
    """Compute ``a²(1 − cos(r/a))`` within πa, 2a² beyond; the slope is ``a sin(r/a)``, 0 beyond.

    The loss is 2a² sin²(r/2a), which does not cancel; the slope, beyond πa/2, a sin(π − r/a), with πa to twice the
    digits.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = andrew(np.array([0.0, 2.0]), np.array([2e-10, 9.0]), a=1.5)
    >>> f"{loss[0]:.3g}", float(loss[1]), float(slope[1])
    ('2e-20', 4.5, 0.0)
    """
    r = residual(target, prediction)
    tail = residual_tail(target, prediction, r)
    tail *= np.sign(r)
    size = np.abs(r)
    end = math.pi * a
    end_tail = float(Fraction(a) * (Fraction(math.pi) + Fraction(_PI_TAIL)) - Fraction(end))
    left = end - size
    left += end_tail - tail
    np.minimum(left, size, out=left)
    np.maximum(left, 0.0, out=left)
    left /= a
    slope = np.sin(left)
    slope *= a
    np.minimum(size, end, out=size)
    size /= 2.0 * a
    loss = np.sin(size)
    loss *= a
    loss *= 2.0 * loss
    return loss, signed(slope, r)


def hampel(target: Array, prediction: Array, a: float, b: float, c: float) -> tuple[Array, Array]:
    """Compute the loss whose slope rises to a, stays until b and falls to 0 at c.

    r²/2 up to a; a|r| − a²/2 up to b; then, with d = |r| − b, a d(1 − d/(2(c − b))) is added, until c. Every term is at
    least 0, and c − |r| exact near c once the tail of r is added. Needs a ≤ b < c.

    Examples
    --------
    >>> import numpy as np
    >>> y, yhat = np.zeros(4), np.array([1.0, -3.0, 6.0, 9.0])
    >>> loss, slope = hampel(y, yhat, a=2.0, b=4.0, c=8.0)
    >>> loss.tolist(), slope.tolist()
    ([0.5, 4.0, 9.0, 10.0], [1.0, -2.0, 1.0, 0.0])
    """
    r = residual(target, prediction)
    tail = residual_tail(target, prediction, r)
    tail *= np.sign(r)
    size = np.abs(r)
    width = c - b
    rest = c - size
    rest -= tail
    np.clip(rest, 0.0, width, out=rest)
    rest /= width
    small = np.minimum(size, a)
    rest *= small
    loss = np.minimum(size, b)
    loss -= 0.5 * small
    loss *= small
    np.clip(size, b, c, out=size)
    size -= b
    share = size / -width
    share *= 0.5
    share += 1.0
    size *= a
    size *= share
    loss += size
    return loss, signed(rest, r)


def trimmed(target: Array, prediction: Array, c: float) -> tuple[Array, Array]:
    """Compute ``r²/2`` where ``|r| < c``, else c²/2; the slope is r, 0 from c on.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = trimmed(np.array([1.0, 2.0]), np.array([2.5, 9.0]), c=2.0)
    >>> loss.tolist(), slope.tolist()
    ([1.125, 2.0], [1.5, 0.0])
    """
    r = residual(target, prediction)
    size = np.abs(r)
    r *= size < c
    r += 0.0
    np.minimum(size, c, out=size)
    loss = size * 0.5
    loss *= size
    return loss, r
