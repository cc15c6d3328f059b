"""Kernels of losses of counts and positive values, all but Tweedie's. May import NumPy, core and its siblings.

y is the target, μ the prediction, both ``(n,)``; μ > 0. Every loss here is, up to a constant of y, a gap between y and
μ that is 0 where they are equal and above 0 elsewhere; `losses.ratios` computes those gaps without cancellation.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.gamma import log_factorial_less_entropy
from lossctl.losses.ratios import expm1_minus, generalized_divergence, u_minus_log

__all__ = [
    "gamma_deviance",
    "generalized_kl",
    "inverse_gaussian_deviance",
    "itakura_saito",
    "negative_binomial_deviance",
    "poisson_deviance",
    "poisson_nll",
    "poisson_nll_with_log_rate",
]

_LARGEST = float(np.finfo(np.float64).max)
_TINY = 1e-300
_NEAR = 0.1


def _relative_excess(target: Array, prediction: Array) -> Array:
    excess = (prediction - target) / prediction
    excess += 0.0
    return excess


def generalized_kl(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``y ln(y/μ) − y + μ`` and its slope ``(μ − y)/μ``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = generalized_kl(np.array([2.0, 0.0]), np.array([1.0, 3.0]))
    >>> loss.round(4).tolist(), slope.tolist()
    ([0.3863, 3.0], [-1.0, 1.0])
    """
    return generalized_divergence(target, prediction), _relative_excess(target, prediction)


def poisson_deviance(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``2(y ln(y/μ) − y + μ)`` and its slope ``2(μ − y)/μ``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = poisson_deviance(np.array([2.0, 0.0]), np.array([1.0, 3.0]))
    >>> loss.round(4).tolist(), slope.tolist()
    ([0.7726, 6.0], [-2.0, 2.0])
    """
    loss, slope = generalized_kl(target, prediction)
    loss *= 2.0
    slope *= 2.0
    return loss, slope


def poisson_nll(target: Array, prediction: Array, *, full: bool) -> tuple[Array, Array]:
    """Compute ``μ − y ln μ``, with ``+ ln Γ(y+1)`` if `full`, and its slope ``(μ − y)/μ``.

    The full one is `generalized_kl` and what depends on y alone, both at least 0: nothing cancels.

    Examples
    --------
    >>> import numpy as np
    >>> poisson_nll(np.array([2.0]), np.array([1.0]), full=False)[0].tolist()
    [1.0]
    >>> poisson_nll(np.array([2.0]), np.array([1.0]), full=True)[0].round(4).tolist()
    [1.6931]
    """
    slope = _relative_excess(target, prediction)
    if full:
        return generalized_divergence(target, prediction) + log_factorial_less_entropy(target), slope
    loss = np.log(prediction)
    loss *= target
    np.subtract(prediction, loss, out=loss)
    loss += 0.0
    return loss, slope


def poisson_nll_with_log_rate(target: Array, prediction: Array, *, full: bool) -> tuple[Array, Array]:
    """Compute ``eˢ − y s``, with ``+ ln Γ(y+1)`` if `full`, and its slope ``eˢ − y``.

    The full one is y(eᵛ − 1 − v) with v = s − ln y, and what depends on y alone.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = poisson_nll_with_log_rate(np.array([2.0]), np.array([0.0]), full=False)
    >>> loss.tolist(), slope.tolist()
    ([1.0], [-1.0])
    """
    rate = np.exp(prediction)
    slope = rate - target
    slope += 0.0
    if full:
        return _gap_of_logarithm(target, prediction, rate) + log_factorial_less_entropy(target), slope
    loss = target * prediction
    np.minimum(loss, _LARGEST, out=loss)  # where both overflow, the exponential has long won
    np.subtract(rate, loss, out=loss)
    return loss, slope


def _gap_of_logarithm(y: Array, s: Array, rate: Array) -> Array:
    v = s - np.log(np.maximum(y, y == 0.0))
    gap: Array = rate + np.maximum(-y * (v + 1.0), -_LARGEST)
    near = np.flatnonzero((np.abs(v) < _NEAR) & (y > 0.0))
    if near.size:
        np.put(gap, near, np.take(y, near) * expm1_minus(np.take(v, near)))
    return gap


def itakura_saito(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``y/μ − ln(y/μ) − 1`` and its slope ``(μ − y)/μ²``.

    With u = (y − μ)/μ it is u − ln(1+u).

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = itakura_saito(np.array([2.0, 1.0]), np.array([1.0, 4.0]))
    >>> loss.round(4).tolist(), slope.tolist()
    ([0.3069, 0.6363], [-1.0, 0.1875])
    """
    u = (target - prediction) / prediction
    ratio = target / prediction
    loss = u_minus_log(u, ratio)
    lost = np.flatnonzero(ratio < _TINY)  # a subnormal ratio has few digits, and one that underflows none
    if lost.size:
        np.put(loss, lost, np.log(np.take(prediction, lost)) - np.log(np.take(target, lost)) - 1.0)
    slope = u / prediction
    np.subtract(0.0, slope, out=slope)
    return loss, slope


def gamma_deviance(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``2(y/μ − ln(y/μ) − 1)`` and its slope ``2(μ − y)/μ²``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = gamma_deviance(np.array([2.0, 1.0]), np.array([1.0, 4.0]))
    >>> loss.round(4).tolist(), slope.tolist()
    ([0.6137, 1.2726], [-2.0, 0.375])
    """
    loss, slope = itakura_saito(target, prediction)
    loss *= 2.0
    slope *= 2.0
    return loss, slope


def inverse_gaussian_deviance(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``(y − μ)²/(μ² y)`` and its slope ``2(μ − y)/μ³``.

    Divided step by step: no square of a large number, no product of small ones.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = inverse_gaussian_deviance(np.array([2.0, 1.0]), np.array([1.0, 4.0]))
    >>> loss.tolist(), slope.tolist()
    ([0.5, 0.5625], [-2.0, 0.09375])
    """
    u = _relative_excess(target, prediction)
    slope = u / prediction
    slope /= prediction
    slope *= 2.0
    slope += 0.0
    loss = u / target
    loss *= u
    return loss, slope


def negative_binomial_deviance(target: Array, prediction: Array, alpha: float) -> tuple[Array, Array]:
    """Compute ``2[y ln(y/μ) − (y + 1/α) ln((1+αy)/(1+αμ))]`` and its slope ``2(μ − y)/(μ(1+αμ))``.

    It is 2(y + 1/α) times the divergence of two coins, whose linear parts cancel by hand:
    2[y g(u) + g(v)/α] with g(u) = u − ln(1+u), u = (μ−y)/(y(1+αμ)), v = −α(μ−y)/(1+αμ); both terms are ≥ 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = negative_binomial_deviance(np.array([2.0, 0.0]), np.array([1.0, 3.0]), alpha=1.0)
    >>> loss.round(4).tolist(), slope.tolist()
    ([0.3398, 2.7726], [-1.0, 0.5])
    """
    if alpha == 0.0:  # the limit
        return poisson_deviance(target, prediction)
    excess = prediction - target
    above, below = 1.0 + alpha * target, 1.0 + alpha * prediction
    shift = excess / below
    u = shift / np.maximum(target, target == 0.0)
    one_more = (prediction / below) * (above / np.maximum(target, target == 0.0))
    gap = u_minus_log(u, one_more)
    gap *= target
    lost = np.flatnonzero((one_more < _TINY) | (one_more > 1.0 / _TINY) | (target == 0.0))
    if lost.size:  # the ratio under- or overflows there
        y, mu, by = (np.take(values, lost) for values in (target, prediction, below))
        logarithm = np.log(mu) - np.log(np.maximum(y, y == 0.0)) + np.log1p(alpha * y) - np.log(by)
        far = np.take(shift, lost) - y * logarithm
        near = (np.abs(np.take(u, lost)) < _NEAR) & (y > 0.0)
        np.put(gap, lost, np.where(near, np.take(gap, lost), far))
    loss = u_minus_log(-alpha * shift, above / below)
    loss /= alpha
    loss += gap
    loss *= 2.0
    slope = excess / prediction
    slope /= below
    slope *= 2.0
    slope += 0.0
    return loss, slope
