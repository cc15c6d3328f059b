"""Kernels of ensemble forecasts: each row's prediction is a sample of what may happen. May import NumPy and core.

The target is ``(n,)`` or a vector ``(n, K)``; the prediction holds M members, ``(n, M)`` or ``(n, M·K)``, one member
after the other. The scores are differences of mean distances in the textbook form, which cancel where the target lies
among the members. Here they are sums of terms that are at least 0.

`estimator` says what the members stand for: ``standard`` scores the distribution that has them and nothing else,
``fair`` the one they were drawn from, without bias, for any number of them.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import row_sum

__all__ = ["crps_ensemble", "energy_score", "variogram_score"]

_NEAR = 0.25


def crps_ensemble(target: Array, prediction: Array, estimator: str) -> tuple[Array, Array]:
    """Compute ``(1/M) Σ|xᵢ − y| − (1/2M²) ΣΣ|xᵢ − xⱼ|``, with M(M − 1) for M² if fair, and its slope by each member.

    It is the integral of (F − 1[x ≥ y])²: the gap between sorted members with i of them below counts (i/M)² where it
    lies below y, and as much by the members above it where it lies above y; fair: i(i − 1)/(M(M − 1)). A member in the
    i-th place below y has the slope −(wᵢ − wᵢ₋₁), one above y likewise from the other end; members that tie share
    theirs evenly, and one that meets y has 0.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.array([1.0]), np.array([[4.0, 0.0, 2.0]])
    >>> loss, slope = crps_ensemble(y, x, estimator="fair")
    >>> loss.round(15).tolist(), slope.round(15).tolist()
    ([0.333333333333333], [[0.0, 0.0, 0.333333333333333]])
    >>> crps_ensemble(y, x, estimator="standard")[0].round(15).tolist()
    [0.777777777777778]
    """
    members = prediction.shape[1]
    weight, step = _weights(members, estimator)
    places = np.argsort(prediction, axis=1)
    places += members * np.arange(len(target))[:, None]  # in the array as one row: far faster than by row and column
    x, y = np.take(prediction, places), target[:, None]
    loss = _weighted_gaps(np.minimum(x, y), weight[1:-1])
    loss += _weighted_gaps(np.maximum(x, y), weight[-2:0:-1])
    loss += np.maximum(target - x[:, -1], 0.0)
    loss += np.maximum(x[:, 0] - target, 0.0)
    sorted_slope = (x > y) * step[::-1]
    sorted_slope -= (x < y) * step
    ties = x[:, 1:] == x[:, :-1]
    if ties.any():
        tied = np.flatnonzero(ties.any(axis=1))
        sorted_slope[tied] = _shared(np.take(x, tied, axis=0), np.take(sorted_slope, tied, axis=0))
    slope = np.empty(x.shape, x.dtype)
    slope.reshape(-1)[places] = sorted_slope
    return loss, slope


def _weighted_gaps(x: Array, weight: Array) -> Array:
    """Sum the gaps between the neighbours of each row by weight; one too large for a float64 may have the weight 0."""
    if not weight.size:
        return np.zeros_like(x[:, 0])
    gaps = x[:, 1:] - x[:, :-1]
    gaps *= weight
    np.fmax(gaps, 0.0, out=gaps)
    return row_sum(gaps)


def _weights(members: int, estimator: str) -> tuple[Array, Array]:
    """Return what a gap counts with 0, 1, … M members on its side, and how much each member adds."""
    count = np.arange(members + 1.0)
    if estimator == "fair":
        pairs = members * (members - 1.0)
        return count * (count - 1.0) / pairs, 2.0 * count[:-1] / pairs
    return count * count / float(members * members), (2.0 * count[:-1] + 1.0) / float(members * members)


def _shared(x: Array, slope: Array) -> Array:
    """Return each of the members that tie the mean of their slopes, which change by equal steps from place to place."""
    members = x.shape[1]
    place = np.arange(members)
    starts = np.concatenate([np.ones((len(x), 1), dtype=bool), x[:, 1:] != x[:, :-1]], axis=1)
    ends = np.concatenate([starts[:, 1:], np.ones((len(x), 1), dtype=bool)], axis=1)
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, members)[:, ::-1], axis=1)[:, ::-1]
    mean: Array = np.take_along_axis(slope, first, axis=1) + np.take_along_axis(slope, last, axis=1)
    mean *= 0.5
    return mean


def energy_score(target: Array, prediction: Array, estimator: str) -> tuple[Array, Array]:
    """Compute ``(1/M) Σ‖xᵢ − y‖ − (1/2M²) ΣΣ‖xᵢ − xⱼ‖``, with M(M − 1) for M² if fair, and its slope by each member.

    With aᵢ = xᵢ − y the pair i, j has what the way by y is longer, ‖aᵢ‖ + ‖aⱼ‖ − ‖xᵢ − xⱼ‖, which is
    ‖aᵢ‖‖aⱼ‖‖aᵢ/‖aᵢ‖ + aⱼ/‖aⱼ‖‖²/(‖aᵢ‖ + ‖aⱼ‖ + ‖xᵢ − xⱼ‖); the score is the sum over the pairs, plus Σ‖aᵢ‖ if not
    fair, over M² or M(M − 1). A member that meets y has slope 0; two that tie do not pull at each other.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0, 3.0, -4.0]])
    >>> loss, slope = energy_score(y, x, estimator="standard")
    >>> loss.tolist(), slope.round(15).tolist()
    ([3.0], [[0.3, 0.15, 0.3, -0.15]])
    >>> energy_score(y, x, estimator="fair")[0].round(15).tolist()
    [1.0]
    """
    x, y = _members(target, prediction)
    members = len(x)
    pairs = members * (members - float(estimator == "fair"))
    away = [x[i] - y for i in range(members)]
    norms = [_norm(a) for a in away]
    units = [a / (norm + (norm == 0.0)) for a, norm in zip(away, norms, strict=True)]
    loss = np.zeros(len(target), x.dtype)
    if estimator == "standard":
        for norm in norms:
            loss += norm / pairs
    slope = np.stack(units)
    slope /= members
    for i in range(members):
        for j in range(i + 1, members):
            apart = x[i] - x[j]
            distance = _norm(apart)
            loss += _detour(units[i] + units[j], norms[i], norms[j], distance) / pairs
            apart /= (distance + (distance == 0.0)) * pairs
            slope[i] -= apart
            slope[j] += apart
    for i, norm in enumerate(norms):
        slope[i] *= norm > 0.0
    return _finite(loss, slope, prediction)


def _detour(sum_of_units: Array, one: Array, other: Array, distance: Array) -> Array:
    """Compute ‖a‖ + ‖b‖ − ‖a − b‖ from the sum of the units of a and b: no square is too small where it is not."""
    longer, shorter = np.maximum(one, other), np.minimum(one, other)
    total = longer + shorter
    total += distance
    share = longer / (total + (total == 0.0))
    share *= shorter
    terms = sum_of_units * np.sqrt(share)
    terms *= terms
    return _sum(terms)


def variogram_score(target: Array, prediction: Array, p: float) -> tuple[Array, Array]:
    """Compute ``ΣΣ (|yᵢ − yⱼ|^p − (1/M) Σₘ|xₘᵢ − xₘⱼ|^p)²`` over all i, j of the components, and its slope.

    The mean over the members is of differences from the target's term, which are 0 where they are equal. Two components
    of a member that are equal have slope 0 by each other.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.array([[0.0, 4.0]]), np.array([[0.0, 1.0, 5.0, -4.0]])
    >>> loss, slope = variogram_score(y, x, p=0.5)
    >>> loss.tolist(), slope.round(4).tolist()
    ([0.0], [[0.0, 0.0, 0.0, 0.0]])
    >>> variogram_score(y, x, p=1.0)[0].tolist()
    [2.0]
    """
    x, y = _members(target, prediction)
    members, components = x.shape[:2]
    moved = x - y
    loss = np.zeros(len(target), x.dtype)
    slope = np.zeros_like(x)
    for i in range(components):
        for j in range(i + 1, components):
            apart, wanted = x[:, i] - x[:, j], y[i] - y[j]
            power = _size(apart) ** p
            excess = _excess(power, wanted, moved[:, i] - moved[:, j], p)
            gap = _sum(excess)
            gap /= members
            loss += 2.0 * gap * gap
            power /= apart + (apart == 0.0)
            power *= 4.0 * p / members * gap
            slope[:, i] += power
            slope[:, j] -= power
    return _finite(loss, slope, prediction)


def _excess(power: Array, wanted: Array, moved: Array, p: float) -> Array:
    """Compute |w + m|^p − |w|^p, given the first; where m is small beside w, from m, of which the power lost digits."""
    goal = _size(wanted) ** p
    excess: Array = power - goal
    share = moved / (wanted + (wanted == 0.0))
    near = np.flatnonzero((np.abs(share) < _NEAR) & (wanted != 0.0))
    if near.size:
        growth = np.expm1(p * np.log1p(np.take(share, near)))
        change = growth * np.take(goal, near % len(wanted))
        change[growth == 0.0] = 0.0  # also of a power that overflows
        np.put(excess, near, change)
    return excess


def _members(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Return the members ``(M, K, n)`` and the target ``(K, n)``: rows last, so that each step runs over them."""
    components = 1 if target.ndim == 1 else target.shape[1]
    x = prediction.reshape(len(prediction), prediction.shape[1] // components, components)
    return x.transpose(1, 2, 0).copy(), target.reshape(len(target), components).T.copy()


def _size(x: Array) -> Array:
    """Compute |x| so that a complex step passes through."""
    return np.maximum(x, -x)


def _norm(vectors: Array) -> Array:
    """Compute the length of each column of ``(K, n)``; no square of a component need exist."""
    top = np.abs(vectors).max(axis=0)
    scaled = vectors / (top + (top == 0.0))
    scaled *= scaled
    length: Array = top * np.sqrt(_sum(scaled))
    return length


def _sum(terms: Array) -> Array:
    """Add up the first axis in its order, whatever the number of rows."""
    total: Array = terms[0].copy()
    for term in terms[1:]:
        total += term
    return total


def _finite(loss: Array, slope: Array, prediction: Array) -> tuple[Array, Array]:
    """Shape the slopes as the prediction is; where inf − inf came up the loss is too large for a float64."""
    loss[np.isnan(loss)] = np.inf
    slope[np.isnan(slope)] = 0.0
    by_row = slope.transpose(2, 0, 1).reshape(prediction.shape)
    return loss, by_row + 0.0
