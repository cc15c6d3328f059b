"""Kernels of regression losses: a number predicted for a number. May import NumPy, core and `losses.stable`.

Every kernel takes ``target`` and ``prediction`` of shape ``(n,)``, finite, and returns ``(loss, slope)``, both
``(n,)``, in one pass. Its row in `losses.table` says the rest: meaning, units, facts, reference. r = ŷ − y throughout.

A loss too large for a float64 is +inf, which is its right value here; `ChosenLoss.compute` keeps NumPy quiet about it.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.loss import Array

__all__ = ["huber", "mae", "mse", "smooth_l1"]


def _residual(target: Array, prediction: Array) -> Array:
    r = prediction - target
    r += 0.0  # (−0.0) − 0.0 is −0.0, which would print as such; adding zero makes it 0.0
    return r


def mae(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``|r|`` and its slope ``sign r``, 0 at the kink.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = mae(np.array([1.0, 2.0]), np.array([3.5, 2.0]))
    >>> loss.tolist(), slope.tolist()
    ([2.5, 0.0], [1.0, 0.0])
    """
    r = _residual(target, prediction)
    return np.abs(r), np.sign(r)


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
    r = _residual(target, prediction)
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
    r = _residual(target, prediction)
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
    r = _residual(target, prediction)
    slope = r + r
    r *= r
    return r, slope
