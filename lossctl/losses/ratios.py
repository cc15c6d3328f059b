"""Logarithms of ratios, and the convex gaps between numbers built on them: shared by deviances and divergences.

Where two numbers are close, every one of these is a small difference of large terms in the textbook form. Here none
cancels. Like `losses.stable`, they run on real and on complex arrays. May import NumPy, core and `losses.stable`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import SERIES_LIMIT, u_minus_log1p_near, where_positive

__all__ = ["expm1_minus", "generalized_divergence", "log_gap", "u_minus_log"]

_NEAR_LOW, _NEAR_HIGH = 1.0 / (1.0 + SERIES_LIMIT), 1.0 / (1.0 - SERIES_LIMIT)

_FLOOR = -1e4
"""Below every logarithm of a float64, and finite: 0 times it is 0, where 0·log 0 would be a NaN."""

_TINY = 1e-300
_SMALL = 0.5
_FACTORIALS = tuple(
    np.cumprod(1.0 / np.arange(1.0, 18.0))[1:][::-1].tolist()  # 1/17! … 1/2!
)


def expm1_minus(x: Array) -> Array:
    """Compute e^x − 1 − x, which the plain difference loses as x → 0, where it is about x²/2.

    Examples
    --------
    >>> import numpy as np
    >>> [float(gap) for gap in expm1_minus(np.array([2e-20, -np.inf]))]
    [2e-40, inf]
    """
    gap: Array = np.expm1(x) - x
    small = np.flatnonzero(np.abs(x) < _SMALL)
    if small.size:
        part = np.take(x, small)
        total = np.full_like(part, _FACTORIALS[0])
        for coefficient in _FACTORIALS[1:]:
            total *= part
            total += coefficient
        np.put(gap, small, total * part * part)
    return gap


def u_minus_log(u: Array, one_more: Array) -> Array:
    """Compute g(u) = u − ln(1+u) where 1+u is also known, as accurately as a ratio can be.

    As u → −1 its last digits are in 1+u alone.
    """
    gap: Array = u - np.minimum(np.log(one_more), -_FLOOR)  # inf − inf would be a NaN
    near = np.flatnonzero(np.abs(u) < SERIES_LIMIT)
    if near.size:
        np.put(gap, near, u_minus_log1p_near(np.take(u, near)))
    return gap


@np.errstate(divide="ignore")
def generalized_divergence(p: Array, q: Array) -> Array:
    """Compute p ln(p/q) − p + q for p, q ≥ 0: at least 0, and 0 where q = p alone.

    With u = (q − p)/p it is p·(u − ln(1+u)), which keeps its digits near u = 0.

    Examples
    --------
    >>> import numpy as np
    >>> gaps = generalized_divergence(np.array([1.0, 0.0, 2.0, 0.0]), np.array([1.0 + 2**-30, 3.0, 0.0, 0.0]))
    >>> [float(gap) for gap in gaps]
    [4.3368086872493727e-19, 3.0, inf, 0.0]
    """
    ratio = p / where_positive(p, q)
    logarithm = np.log(ratio)
    overflown = np.isinf(ratio)
    if overflown.any():
        logarithm[overflown] = np.log(p[overflown]) - np.log(q[overflown])
    gap: Array = np.maximum(logarithm, _FLOOR)
    excess = q - p
    gap *= p
    gap += excess
    near = np.flatnonzero((ratio > _NEAR_LOW) & (ratio < _NEAR_HIGH))
    if near.size:
        p_near = np.take(p, near)
        np.put(gap, near, p_near * u_minus_log1p_near(np.take(excess, near) / p_near))
    return gap


@np.errstate(divide="ignore", over="ignore")
def log_gap(p: Array, q: Array) -> Array:
    """Compute |ln(q/p)| for p, q ≥ 0, to the last digits also where they are close; 0 where both are 0.

    ln(1 + |q − p|/min(p, q)): an argument above 0 costs the logarithm no digit.

    Examples
    --------
    >>> import numpy as np
    >>> [float(gap) for gap in log_gap(np.array([1.0, 0.0, 0.0]), np.array([1.0 - 2**-53, 0.5, 0.0]))]
    [1.1102230246251568e-16, inf, 0.0]
    """
    low, high = np.minimum(p, q), np.maximum(p, q)
    gap = np.log1p((high - low) / where_positive(high, low))
    overflown = np.flatnonzero(np.isinf(gap) | ((low < _TINY) & (gap > 1.0)))
    if overflown.size:
        low, high = np.take(low, overflown), np.take(high, overflown)
        np.put(gap, overflown, np.where(high == 0.0, 0.0, np.log(where_positive(high, high)) - np.log(low)))
    return gap
