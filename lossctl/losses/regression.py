"""Kernels of regression losses: a number predicted for a number. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` and ``prediction`` of shape ``(n,)``, finite, and returns ``(loss, slope)``, both
``(n,)``, in one pass. Its row in `losses.table` says the rest: meaning, units, facts, reference. r = ŷ − y throughout.

A loss too large for a float64 is +inf, which is its right value here; `ChosenLoss.compute` keeps NumPy quiet about it.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import residual, residual_tail

__all__ = [
    "distance",
    "epsilon_insensitive",
    "expectile",
    "half_mse",
    "huber",
    "mae",
    "mse",
    "quantile",
    "root",
    "smooth_l1",
    "squared_epsilon_insensitive",
]


def mae(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``|r|`` and its slope ``sign r``, 0 at the kink.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = mae(np.array([1.0, 2.0]), np.array([3.5, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([2.5, 0.0], [1.0, 0.0])
    """
    r = residual(target, prediction)
    return np.abs(r), np.sign(r)


def distance(target: Array, prediction: Array) -> Array:
    """Compute ``|r|``, of which `mse` is the square.

    Examples
    --------
    >>> import numpy as np
    >>> distance(np.array([1.0, 2.0]), np.array([3.5, 1e200])).tolist()
    [2.5, 1e+200]
    """
    return np.abs(residual(target, prediction))


def smooth_l1(target: Array, prediction: Array, beta: float) -> tuple[Array, Array]:
    """Compute ``r²/(2β)`` where ``|r| < β``, else ``|r| − β/2``; the slope is r/β held to [−1, 1].

    With c = clip(r, −β, β) both pieces are (c/β)(r − c/2), and c/β is the slope: no branch, and no square that
    could overflow before it is divided.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = smooth_l1(np.array([1.0, 2.0]), np.array([3.5, 1.5]), beta=1.0)
    >>> loss.tolist(), slope.tolist()
    ([2.0, 0.125], [1.0, -0.5])
    """
    if beta == 0.0:  # the limit; c/β would be 0/0
        return mae(target, prediction)
    r = residual(target, prediction)
    clipped = np.clip(r, -beta, beta)
    slope = clipped / beta
    clipped *= 0.5
    r -= clipped
    r *= slope
    slope += 0.0  # a quotient that underflows keeps its sign: −0.0
    return r, slope


def huber(target: Array, prediction: Array, delta: float) -> tuple[Array, Array]:
    """Compute ``r²/2`` where ``|r| < δ``, else ``δ(|r| − δ/2)``; the slope is r held to [−δ, δ].

    With s = clip(r, −δ, δ), the slope, both pieces are s(r − s/2): no branch, and no square of a large r.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = huber(np.array([1.0, 2.0]), np.array([3.5, 1.5]), delta=0.5)
    >>> loss.tolist(), slope.tolist()
    ([1.125, 0.125], [0.5, -0.5])
    """
    r = residual(target, prediction)
    slope = np.clip(r, -delta, delta)
    half = slope * 0.5
    r -= half
    r *= slope
    return r, slope


def mse(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``r²`` and its slope ``2r``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = mse(np.array([1.0, 2.0]), np.array([3.5, 1.5]))
    >>> loss.tolist(), slope.tolist()
    ([6.25, 0.25], [5.0, -1.0])
    """
    r = residual(target, prediction)
    slope = r + r
    r *= r
    return r, slope


def half_mse(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``r²/2`` and its slope r.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = half_mse(np.array([1.0, 2.0]), np.array([3.5, 1.5]))
    >>> loss.tolist(), slope.tolist()
    ([3.125, 0.125], [2.5, -0.5])
    """
    r = residual(target, prediction)
    loss = r * 0.5  # before squaring: half the square may be finite where the square is not
    loss *= r
    return loss, r


def root(means: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
    """Finish a mean of squares: its root, and the root's derivative by it, 0 at 0.

    Examples
    --------
    >>> root((6.25,))
    (2.5, (0.2,))
    """
    value = math.sqrt(means[0])
    return value, (0.5 / value if value > 0.0 else 0.0,)


def epsilon_insensitive(target: Array, prediction: Array, epsilon: float) -> tuple[Array, Array]:
    """Compute ``max(0, |r| − ε)``; the slope is sign r outside the tube, 0 within and at its edges.

    Just outside, |r| − ε cancels to what is left of the rounding of r: its tail is added back.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = epsilon_insensitive(np.array([1.0, 2.0]), np.array([3.5, 1.5]), epsilon=0.75)
    >>> loss.tolist(), slope.tolist()
    ([1.75, 0.0], [1.0, 0.0])
    """
    excess, sign = _beyond(target, prediction, epsilon)
    sign *= excess > 0.0
    sign += 0.0
    return excess, sign


def squared_epsilon_insensitive(target: Array, prediction: Array, epsilon: float) -> tuple[Array, Array]:
    """Compute ``max(0, |r| − ε)²`` and its slope ``2 sign(r) max(0, |r| − ε)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = squared_epsilon_insensitive(np.array([1.0, 2.0]), np.array([3.5, 1.5]), epsilon=0.5)
    >>> loss.tolist(), slope.tolist()
    ([4.0, 0.0], [4.0, 0.0])
    """
    excess, sign = _beyond(target, prediction, epsilon)
    sign += sign
    sign *= excess
    sign += 0.0
    excess *= excess
    return excess, sign


def _beyond(target: Array, prediction: Array, epsilon: float) -> tuple[Array, Array]:
    """Return max(0, |r| − ε) and sign r."""
    r = residual(target, prediction)
    sign = np.sign(r)
    tail = residual_tail(target, prediction, r)
    tail *= sign
    excess = np.abs(r)
    excess -= epsilon
    excess += tail
    np.maximum(excess, 0.0, out=excess)
    return excess, sign


def quantile(target: Array, prediction: Array, tau: float) -> tuple[Array, Array]:
    """Compute ``(1 − τ) r`` where r > 0, else ``−τ r``; the slope is 1 − τ above, −τ below, 0 at the kink.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = quantile(np.array([1.0, 2.0]), np.array([3.0, 1.5]), tau=0.75)
    >>> loss.tolist(), slope.tolist()
    ([0.5, 0.375], [0.25, -0.75])
    """
    r = residual(target, prediction)
    slope: Array = np.multiply(r > 0.0, 1.0 - tau)
    slope -= (r < 0.0) * tau
    r *= slope
    return r, slope


def expectile(target: Array, prediction: Array, tau: float) -> tuple[Array, Array]:
    """Compute ``(1 − τ) r²`` where r > 0, else ``τ r²``, and its slope.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = expectile(np.array([1.0, 2.0]), np.array([3.0, 1.5]), tau=0.75)
    >>> loss.tolist(), slope.tolist()
    ([1.0, 0.1875], [1.0, -0.75])
    """
    r = residual(target, prediction)
    slope: Array = np.multiply(r > 0.0, 1.0 - tau)
    slope += (r < 0.0) * tau
    slope *= r
    r *= slope
    slope += slope
    slope += 0.0
    return r, slope
