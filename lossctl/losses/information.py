"""Kernels of information theory: code lengths and distances of distributions. Imports NumPy, core, `losses.stable`.

p is the target's probability, q the prediction's, b the base of the logarithm. A distribution comes in two shapes,
and one implementation serves both:

- ``(n,)``, one distribution down a file: rows are events, the kernel returns the term of each event, and the value
  is their sum;
- ``(n, K)``, one distribution a row: the loss of a row is the sum of its K terms, the slope is ``(n, K)``.

0·log 0 is 0, and nothing is clipped: q = 0 where p > 0 gives +inf and a slope of −inf (`ChosenLoss.compute` keeps NumPy
quiet about it). Slopes are with respect to the probabilities taken as free numbers, not held to a sum of 1.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import (
    SERIES_LIMIT,
    compensated_row_sum,
    log_base,
    row_sum,
    times_log,
    u_minus_log1p_near,
    where_positive,
)

__all__ = ["cross_entropy", "entropy", "floor_at_zero", "kl_divergence", "self_information"]

_NEAR_LOW, _NEAR_HIGH = 1.0 / (1.0 + SERIES_LIMIT), 1.0 / (1.0 - SERIES_LIMIT)


def self_information(_target: None, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``−log_b q`` and its slope ``−1/(q ln b)``, for q the probability given to what happened.

    Parameters
    ----------
    _target
        Not used: `prediction` is already that of the event which happened.
    prediction
        q, of shape ``(n,)``, in [0, 1].
    base
        Of the logarithm, above 1.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = self_information(None, np.array([0.125, 1.0]), base=2.0)
    >>> loss.tolist(), slope.round(4).tolist()
    ([3.0, 0.0], [-11.5416, -1.4427])
    """
    loss = log_base(prediction, base)
    np.subtract(0.0, loss, out=loss)  # not −loss: that of certainty would be −0.0
    return loss, np.divide(-1.0 / math.log(base), prediction)


def entropy(target: Array, _prediction: None, base: float) -> tuple[Array, Array]:
    """Compute ``−Σ p log_b p``: what `cross_entropy` cannot go below. Its slope is 0: no prediction moves it.

    Parameters
    ----------
    target
        p, of shape ``(n,)`` or ``(n, K)``, in [0, 1].
    _prediction
        Not used.
    base
        Of the logarithm, above 1.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = entropy(np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]]), None, base=2.0)
    >>> loss.tolist()
    [1.5, 0.0]
    """
    terms = times_log(target, where_positive(target, target), base)
    return 0.0 - _over_events(terms), np.zeros_like(target)


def cross_entropy(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``−Σ p log_b q`` and its slope ``−p/(q ln b)``.

    Parameters
    ----------
    target, prediction
        p and q, both of shape ``(n,)`` or ``(n, K)``, in [0, 1].
    base
        Of the logarithm, above 1.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    >>> loss, slope = cross_entropy(p, np.array([[0.25, 0.25, 0.5], [0.5, 0.5, 0.0]]), base=2.0)
    >>> loss.tolist()
    [1.75, 1.0]
    """
    q = where_positive(target, prediction)
    return 0.0 - _over_events(times_log(target, q, base)), _slope(target / q, base)


def kl_divergence(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``Σ p log_b(p/q)`` and its slope ``−p/(q ln b)``.

    For q near p the terms cancel to second order: a plain sum keeps no digit of a divergence of 1e-16. There each
    term is p·g(u) − (q − p) with u = (q − p)/p and g(u) = u − ln(1+u); across columns the two parts are summed apart,
    the second as if with twice the digits. It is 0 exactly where q = p.

    Across columns the sum is at least 0 (Gibbs' inequality) but for distributions that sum to 1 only within the
    tolerance; there it is held at 0. Down a file `floor_at_zero` does the same to the whole sum.

    Parameters
    ----------
    target, prediction
        p and q, both of shape ``(n,)`` or ``(n, K)``, in [0, 1].
    base
        Of the logarithm, above 1.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    >>> loss, slope = kl_divergence(p, np.array([[0.25, 0.25, 0.5], [0.0, 1.0, 0.0]]), base=2.0)
    >>> loss.tolist()
    [0.25, 0.0]
    """
    ratio = target / where_positive(target, prediction)
    slope = _slope(ratio, base)
    terms = times_log(target, where_positive(target, ratio), base)
    _mend_overflow(terms, ratio, target, prediction, base)
    straight = _part_near(terms, ratio, target, prediction, base)
    if terms.ndim == 1:
        return terms + straight / math.log(base), slope
    loss = row_sum(terms) + compensated_row_sum(straight) / math.log(base)
    return np.maximum(loss, 0.0), slope


def floor_at_zero(means: tuple[float, ...], **_params: float) -> tuple[float, tuple[float, ...]]:
    """Hold a divergence at 0 from below, as a `Loss.finish`; the slopes are those of the sum, so the factor is 1.

    Examples
    --------
    >>> floor_at_zero((-1e-17,)), floor_at_zero((0.25,))
    ((0.0, (1.0,)), (0.25, (1.0,)))
    """
    if means[0] <= 0.0:  # max() would turn a NaN into 0
        return 0.0, (1.0,)
    return means[0], (1.0,)


def _over_events(terms: Array) -> Array:
    return terms if terms.ndim == 1 else row_sum(terms)


def _slope(ratio: Array, base: float) -> Array:
    slope = ratio / -math.log(base)
    slope += 0.0  # an event that does not occur has slope 0.0, not −0.0
    return slope


def _mend_overflow(terms: Array, ratio: Array, p: Array, q: Array, base: float) -> None:
    """Put p(log p − log q) where p/q overflows though q > 0: a subnormal q."""
    overflown = np.isinf(ratio)
    if overflown.any():
        p, q = p[overflown], q[overflown]
        terms[overflown] = p * (log_base(p, base) - log_base(q, base))


def _part_near(terms: Array, ratio: Array, p: Array, q: Array, base: float) -> Array:
    """Leave p·g(u)/ln b in the terms with q near p, and give their other part, p − q (0 elsewhere), apart."""
    straight = np.zeros_like(terms)
    near = np.flatnonzero((ratio > _NEAR_LOW) & (ratio < _NEAR_HIGH))
    if near.size:  # by number, not by mask: several times faster where near and far mix
        p_near = np.take(p, near)
        excess = np.take(q, near) - p_near
        np.put(straight, near, -excess)
        np.put(terms, near, p_near * u_minus_log1p_near(excess / p_near) / math.log(base))
    return straight
