"""Kernels of distances made of Σ p^α q^{1−α}: Rényi's, Tsallis', the α-divergence, Bhattacharyya's.

All four are one sum. By Young's inequality p^α q^{1−α} lies on one side of αp + (1−α)q, and the gap between the two,
over α(α−1), is at least 0, and 0 where q = p alone; it is computed without cancellation, so that a divergence of
1e-20 has all its digits and α → 1 is the Kullback–Leibler divergence. Shapes and conventions are those of
`losses.divergence`. Imports NumPy, core and its siblings.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from lossctl.core.rows.block import SUM_TOLERANCE
from lossctl.core.types import Array
from lossctl.losses.divergence import divide_present, over_events
from lossctl.losses.information import floor_at_zero, kl_divergence
from lossctl.losses.ratios import expm1_minus, generalized_divergence, log_gap, u_minus_log
from lossctl.losses.stable import compensated_row_sum, row_sum

__all__ = ["alpha_divergence", "bhattacharyya", "finish_bhattacharyya", "finish_renyi", "renyi", "tsallis"]

_HALF = 0.5
_TINY, _HUGE = 1e-300, 1e300
_STEEP = 4.0
_SCALE = 2.0**-1000
"""What brings a power that is past every float64 back among them."""
_LEAST, _MOST = sys.float_info.min, sys.float_info.max


def _ratio_power(p: Array, q: Array, alpha: float) -> tuple[Array, Array]:
    """Return (p/q)^α and p^α q^{1−α}; both are 0 where p is 0."""
    if alpha == _HALF:
        roots = np.sqrt(p), np.sqrt(q)
        return divide_present(*roots), np.multiply(*roots)
    ratio = divide_present(p, q)
    power = _power_of_ratio(p, q, ratio, alpha)
    mean = np.asarray(q * power)
    lost = np.flatnonzero(np.isinf(power) | (ratio > _HUGE) | ((ratio < _TINY) & (p > 0.0)))
    if lost.size:
        np.put(mean, lost, _mean_of_far(np.take(p, lost), np.take(q, lost), np.take(ratio, lost), alpha))
    return power, mean


def _power_of_ratio(p: Array, q: Array, ratio: Array, alpha: float) -> Array:
    power: Array = np.power(ratio, alpha)
    if alpha > _STEEP:  # which multiplies the rounding of the ratio; powers of p and q have none
        of_p, of_q = np.power(p, alpha), np.power(q, alpha)
        exact = np.flatnonzero((np.abs(of_p) > _TINY) & (np.abs(of_q) > _TINY))
        np.put(power, exact, np.take(of_p, exact) / np.take(of_q, exact))
    elif alpha < 1.0:
        lost = np.flatnonzero((ratio > _HUGE) | ((ratio < _TINY) & (p > 0.0)))
        np.put(power, lost, np.power(np.take(p, lost), alpha) / np.power(np.take(q, lost), alpha))
    return power


def _mean_of_far(p: Array, q: Array, ratio: Array, alpha: float) -> Array:
    """Compute p^α q^{1−α} where a ratio or its power leaves the range of float64, though the answer need not."""
    if alpha < 1.0:
        return np.asarray(np.power(p, alpha) * np.power(q, 1.0 - alpha))
    half = 0.5 * (alpha - 1.0)
    of_q = np.power(q, half)
    root = np.where(np.isinf(ratio), np.where(of_q == 0.0, np.inf, np.power(p, half) / of_q), np.power(ratio, half))
    return np.asarray((p * root) * root)


def _gap(base: Array, other: Array, exponent: float, mean: Array) -> Array:
    """Compute [(b − a) − (m − a)/c]/(1 − c), m = a^{1−c} b^c, for base a, other b, exponent c of at most ½."""
    excess = other - base
    logarithm = np.sign(excess.real) * log_gap(base, other)
    grown = logarithm * exponent
    above = np.where(np.abs(grown) < 1.0, base * np.expm1(np.maximum(grown, -1.0)), mean - base)
    out: Array = excess - above / exponent
    near = np.flatnonzero(np.abs(logarithm) < 1.0)
    if near.size:
        a, u = np.take(base, near), np.take(excess, near)
        a_safe = np.maximum(a, a == 0.0)
        u = u / a_safe
        part = u_minus_log(u, np.take(other, near) / a_safe + (a == 0.0))
        part -= expm1_minus(np.take(grown, near)) / exponent
        np.put(out, near, a * part)
    out /= 1.0 - exponent
    return out


def _gaps(p: Array, q: Array, alpha: float, mean: Array) -> Array:
    """Compute (αp + (1−α)q − p^α q^{1−α})/(α(1−α)) for each event."""
    if alpha == _HALF:
        gap = divide_present(q - p, np.sqrt(p) + np.sqrt(q))
        return 2.0 * gap * gap
    if alpha == 1.0:
        return generalized_divergence(p, q)
    return _gap(p, q, 1.0 - alpha, mean) if alpha > _HALF else _gap(q, p, alpha, mean)


def alpha_divergence(target: Array, prediction: Array, alpha: float) -> tuple[Array, Array]:
    """Compute ``Σ (αp + (1−α)q − p^α q^{1−α})/(α(1−α))`` and its slope ``(1 − (p/q)^α)/α``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = alpha_divergence(np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]]), alpha=2.0)
    >>> loss.round(15).tolist(), slope.round(15).tolist()
    ([0.125], [[0.375, -0.625]])
    """
    power, mean = _ratio_power(target, prediction, alpha)
    excess = prediction - target
    grown = np.sign(excess.real) * log_gap(target, prediction) * -alpha
    slope = np.where(np.abs(grown) < 1.0, -np.expm1(np.minimum(grown, 1.0)), 1.0 - power)
    slope /= alpha
    slope += 0.0
    return over_events(_gaps(target, prediction, alpha, mean)), slope


def tsallis(target: Array, prediction: Array, q: float) -> tuple[Array, Array]:
    """Compute ``(Σ p^q q̂^{1−q} − 1)/(q − 1)`` and its slope ``−(p/q̂)^q``, for a target that sums to 1.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = tsallis(np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]]), q=2.0)
    >>> loss.round(15).tolist(), slope.tolist()
    ([0.25], [[-0.25, -2.25]])
    """
    power, mean = _ratio_power(target, prediction, q)
    terms = q * _gaps(target, prediction, q, mean)
    slope = 0.0 - power
    if terms.ndim == 1:
        return terms + (target - prediction), slope
    return np.maximum(row_sum(terms) + _sum_of_differences(target, prediction), 0.0), slope


def _sum_of_differences(p: Array, q: Array) -> Array:
    return compensated_row_sum(np.concatenate([p, -q], axis=1))


def renyi(target: Array, prediction: Array, alpha: float, base: float) -> tuple[Array, Array]:
    """Compute ``log_b(Σ p^α q^{1−α})/(α−1)`` and its slope ``−(p/q)^α/(ln b · Σ p^α q^{1−α})``.

    Near q = p the sum is 1 less a little: there it is log1p of `tsallis` times α − 1. Down a file there are four
    parts, the terms of the sum, the two of `tsallis`, and one that moves where a slope is past every float64 before
    it is divided by the sum; `finish_renyi` takes the logarithm. α = 1 is the Kullback–Leibler divergence.

    Examples
    --------
    >>> import numpy as np
    >>> renyi(np.array([[0.64, 0.36]]), np.array([[0.36, 0.64]]), alpha=0.5, base=2.0)[0].round(4).tolist()
    [0.1178]
    """
    if alpha == 1.0:
        return kl_divergence(target, prediction, base)
    power, mean = _ratio_power(target, prediction, alpha)
    gaps = _gaps(target, prediction, alpha, mean)
    if mean.ndim == 1:
        still = np.zeros_like(mean)
        parts = np.stack([mean, alpha * gaps, target - prediction, still])
        lost = np.flatnonzero(np.isinf((1.0 - alpha) * power) & np.isfinite(mean))
        small = np.zeros_like(power)
        np.put(small, lost, _scaled_power(np.take(target, lost), np.take(prediction, lost), alpha))
        np.put(power, lost, np.where(np.take(prediction, lost) > 0.0, 0.0, np.inf))
        return parts, np.stack([(1.0 - alpha) * power + 0.0, still, still, (1.0 - alpha) * small + 0.0])
    total = row_sum(mean)
    near = alpha * row_sum(gaps) + _sum_of_differences(target, prediction)
    loss = np.where(total < _HALF, np.log(total), np.log1p((alpha - 1.0) * near))
    slope = power / np.maximum(total[:, None], power == 0.0)
    slope[np.isinf(power)] = np.inf
    far = np.nonzero(np.isinf(power) & (prediction > 0.0) & np.isfinite(total)[:, None])
    if far[0].size:
        slope[far] = _scaled_power(target[far], prediction[far], alpha) / total[far[0]] / _SCALE
    overflown = np.flatnonzero(np.isinf(total))
    if overflown.size:
        loss[overflown], slope[overflown] = _by_logarithms(target[overflown], prediction[overflown], alpha)
    loss /= (alpha - 1.0) * math.log(base)
    slope /= -math.log(base)
    slope += 0.0
    return np.maximum(loss, 0.0), slope


def _scaled_power(p: Array, q: Array, alpha: float) -> Array:
    """Compute (p/q)^α times `_SCALE` where it is past every float64; 0 where q is 0."""
    present = np.maximum(q, q == 0.0)
    ratio = p / present
    root = np.where(np.isinf(ratio), p ** (0.25 * alpha) / present ** (0.25 * alpha), ratio ** (0.25 * alpha))
    root *= _SCALE**0.25
    root *= root
    root *= root
    return np.where(q == 0.0, 0.0, root)


def _by_logarithms(p: Array, q: Array, alpha: float) -> tuple[Array, Array]:
    """Return ln Σ p^α q^{1−α} and (p/q)^α over the sum, where the sum is past every float64."""
    log_p, log_q = np.log(p), np.log(q)
    exponents = np.where(p > 0.0, alpha * log_p + (1.0 - alpha) * log_q, -np.inf)
    top = exponents.max(axis=1, initial=-np.inf)
    total = top + np.log(row_sum(np.exp(exponents - top[:, None])))
    total = np.where(np.isposinf(top), np.inf, total)
    share = np.where(p > 0.0, np.exp(alpha * (log_p - log_q) - total[:, None]), 0.0)
    share[(p > 0.0) & (q == 0.0)] = np.inf
    return total, share


def finish_renyi(means: tuple[float, ...], alpha: float, base: float) -> tuple[float, tuple[float, ...]]:
    """Take the logarithm of Σ p^α q^{1−α}, as a `Loss.finish`.

    The second and third mean add up to (Σ p − Σ p^α q^{1−α})/(1 − α), which keeps the digits of a sum near 1; they
    count where Σ p is 1, as it is within rounding. Derivatives at a sum of 0 or ∞ are finite and not 0, so
    that products with slopes that are 0 or infinite remain so.

    Examples
    --------
    >>> [finish_renyi(means, alpha=0.5, base=2.0)[0] for means in ((0.25, 1.5, 0.0, 0.0), (0.0, 2.0, 0.0, 0.0))]
    [4.0, inf]
    >>> finish_renyi((1.0, 1e-20, 0.0, 0.0), alpha=0.5, base=math.e)[0]
    1e-20
    """
    if alpha == 1.0:
        return floor_at_zero(means)
    total, scale = means[0], (alpha - 1.0) * math.log(base)
    excess = (alpha - 1.0) * (means[1] + means[2])
    if total <= 0.0:
        most = math.copysign(_MOST, scale)
        return math.copysign(math.inf, -scale), (most, 0.0, 0.0, most)
    if _HALF <= total <= 1.0 / _HALF and abs(total - excess - 1.0) <= 2.0 * SUM_TOLERANCE:
        value = math.log1p(excess) / scale
    else:
        value = math.log(total) / scale
    derivative = 1.0 / (total * scale) or math.copysign(_LEAST, scale)
    scaled = max(min(derivative / _SCALE, _MOST), -_MOST)
    return value if value > 0.0 or math.isnan(value) else 0.0, (derivative, 0.0, 0.0, scaled)


def bhattacharyya(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``−log_b Σ √(pq)``: half of `renyi` with α = ½.

    Examples
    --------
    >>> import numpy as np
    >>> bhattacharyya(np.array([[0.64, 0.36]]), np.array([[0.36, 0.64]]), base=2.0)[0].round(4).tolist()
    [0.0589]
    """
    loss, slope = renyi(target, prediction, _HALF, base)
    if target.ndim == 1:
        return loss, slope
    return loss * 0.5, slope * 0.5


def finish_bhattacharyya(means: tuple[float, ...], base: float) -> tuple[float, tuple[float, ...]]:
    """Take the logarithm of Σ √(pq), as a `Loss.finish` of the parts that `finish_renyi` takes.

    Examples
    --------
    >>> finish_bhattacharyya((0.25, 1.5, 0.0, 0.0), base=2.0)[0]
    2.0
    """
    value, derivatives = finish_renyi(means, _HALF, base)
    return value * 0.5, tuple(0.5 * each for each in derivatives)
