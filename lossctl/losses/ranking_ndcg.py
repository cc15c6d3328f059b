"""Kernels of losses of rankings made after NDCG. May import NumPy, core and its own package's groups, pairs, stable.

As in `losses.ranking`. A document of relevance y gains 2^y − 1, at place r times the discount D(r) = 1/log2(1 + r); the
sum is the DCG, and over that of the ideal ranking the NDCG. All relevances must lie in [0, 1000].
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.groups import Counts, batches, by_size, tied_runs, tiles
from lossctl.losses.ranking import logistic_cost, over_pairs
from lossctl.losses.stable import minus_product, residual, residual_tail, row_sum

__all__ = ["approx_ndcg", "lambda_rank"]

_LN2 = math.log(2.0)
_LARGEST, _SPLITTABLE = 8e307, 1e290
"""Scores over a temperature end at the first, so that their differences are finite; below the second they split."""


def _gain(relevance: Array) -> Array:
    """Compute 2^y − 1, with all its digits near 0 and exactly at whole y."""
    return np.where(relevance < 1.0, np.expm1(relevance * _LN2), np.exp2(relevance) - 1.0)


def _gain_apart(mine: Array, other: Array) -> Array:
    """Compute the distance of 2^y from 2^z, also where y and z nearly meet."""
    apart = np.abs(mine - other)
    gained: Array = np.abs(np.exp2(mine) - np.exp2(other))
    near = np.flatnonzero((apart < 1.0) & (apart > 0.0))  # of whole grades there are none
    if near.size:
        low = np.take(np.minimum(mine, other), near)
        np.put(gained, near, np.exp2(low) * np.expm1(np.take(apart, near) * _LN2))
    return gained


def _discounts(size: int, k: int = 0) -> Array:
    """Compute D(r) of places 1 … size; 0 beyond the first k, where k is not 0."""
    discounts: Array = 1.0 / np.log2(np.arange(2.0, size + 2.0))
    if k:
        discounts[k:] = 0.0
    return discounts


def _ideal(gain: Array, discounts: Array) -> Array:
    """Compute the DCG of the ideal ranking; 0 where nothing gains, and then no two relevances differ."""
    return row_sum(-np.sort(-gain, axis=1) * discounts)


def lambda_rank(target: Array, prediction: Array, starts: Counts, k: int) -> tuple[Array, Array]:
    """Compute ``Σ |ΔNDCG_ij| log(1 + e^(s_j − s_i))`` over pairs of a group with y_i > y_j.

    ΔNDCG_ij is by how much NDCG (of the first k places, where k is not 0) changes as i and j change places. The slope
    takes it as fixed: it is one where scores do not tie. Of documents whose scores tie, it is the mean over the orders
    in which they may stand.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = lambda_rank(np.array([1.0, 0.0]), np.array([0.0, 2.0]), np.array([0]), k=0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.785], [-0.3251, 0.3251])
    """

    def kernel(relevance: Array, score: Array) -> tuple[Array, Array]:
        discounts = _discounts(score.shape[1], k)
        ideal = _ideal(_gain(relevance), discounts)
        mean, apart = tied_runs(score, discounts)

        def weight(some: slice, rows: slice, tied: Array) -> Array:
            moved = np.abs(mean[some, rows, None] - mean[some, None, :])
            moved = np.where(tied, apart[some, rows, None], moved)
            gained = _gain_apart(relevance[some, rows, None], relevance[some, None, :])
            return moved * (gained / ideal[some, None, None])

        loss, slope, _ = over_pairs(relevance, score, logistic_cost, weight)
        return loss, slope

    return by_size(target, prediction, starts, kernel)


def approx_ndcg(target: Array, prediction: Array, starts: Counts, temperature: float) -> tuple[Array, Array]:
    """Compute 1 − Σ (2^y − 1) D(π)/ideal with smooth places ``π_i = 1 + Σ_{j≠i} σ((s_j − s_i)/temperature)``.

    To be exact for a good ranking, where that is 1 − 1, it is 1 − NDCG and what smoothing adds: each place is compared
    with the place r by score, their difference δ = π − r is a sum of small σ, and ``D(r) − D(r + δ) = ln 2 log1p(δ/(1 +
    r))/(ln(1 + r) ln(1 + π))``. A group whose relevances are all equal is ranked ideally by any scores: loss and slope
    are 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = approx_ndcg(np.array([1.0, 0.0]), np.array([0.0, 2.0]), np.array([0]), temperature=1.0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.3449], [-0.0226, 0.0226])
    """

    def kernel(relevance: Array, score: Array) -> tuple[Array, Array]:
        loss, slope = np.empty(len(score), score.dtype), np.empty_like(score)
        for some in batches(*score.shape):
            loss[some], slope[some] = _approx_ndcg(relevance[some], score[some], temperature)
        ranked = (relevance != relevance[:, :1]).any(axis=1)
        return np.where(ranked, loss, 0.0), np.where(ranked[:, None], slope, 0.0)

    return by_size(target, prediction, starts, kernel)


def _approx_ndcg(relevance: Array, score: Array, temperature: float) -> tuple[Array, Array]:
    """Compute the loss of a batch of groups: first how far each place is from the ideal one, then the slope."""
    groups, size = score.shape
    discounts = _discounts(size)
    gain, place = _gain(relevance), _places(score)
    ideal = _ideal(gain, discounts)
    gain /= ideal[:, None]
    scaled, lost = _scaled(score, temperature)
    shift, slope = np.zeros_like(score), np.zeros_like(score)
    parts = [rows for _, rows in tiles(groups, size)]
    small = scaled[:0]
    for rows in parts:
        small = _closeness(scaled, lost, rows)
        passing = small / (small + 1.0)
        passing *= np.sign(place[:, None, :] - place[:, rows, None])  # those behind come nearer, those ahead go
        shift[:, rows] = passing.sum(axis=2)
    after = 1.0 + place
    log_place = np.log(after + shift)
    loss = row_sum(gain * _LN2 * np.log1p(shift / after) / (np.log(after) * log_place))
    loss += _missed(relevance, place, discounts) / ideal
    steep = gain * _LN2 / ((after + shift) * log_place * log_place)
    for rows in parts:
        turn = small if len(parts) == 1 else _closeness(scaled, lost, rows)
        turn = turn / np.square(turn + 1.0)
        turn *= steep[:, None, :] - steep[:, rows, None]
        slope[:, rows] = turn.sum(axis=2)
    slope /= temperature
    slope += 0.0
    return np.maximum(loss, 0.0), slope


def _places(score: Array) -> Array:
    """Return each document its place by score, from 1; which of a tie comes first makes no difference to the loss."""
    place = np.empty(score.shape)
    places = np.arange(1.0, score.shape[1] + 1.0)[None, :]
    np.put_along_axis(place, np.argsort(-score, axis=1, kind="stable"), places, axis=1)
    return place


def _missed(relevance: Array, place: Array, discounts: Array) -> Array:
    """Compute by how much the DCG of these places is below the ideal one, place by place."""
    found = np.take_along_axis(relevance, np.argsort(place, axis=1), axis=1)
    best = -np.sort(-relevance, axis=1)
    return row_sum(np.copysign(_gain_apart(best, found), best - found) * discounts)


def _scaled(score: Array, temperature: float) -> tuple[Array, Array]:
    """Compute s/temperature, and what its rounding lost."""
    scaled = np.clip(score / temperature, -_LARGEST, _LARGEST)
    lost = minus_product(score, np.asarray(temperature), scaled) / temperature
    return scaled, np.where(np.abs(scaled) < _SPLITTABLE, lost, 0.0)


def _closeness(scaled: Array, lost: Array, rows: slice) -> Array:
    """Compute e^(−abs x), x how far each score is from those of `rows`, with what all roundings lost put back."""
    mine, other = scaled[:, rows, None], scaled[:, None, :]
    gap = residual(mine, other)
    rest = residual_tail(mine, other, gap)
    rest += lost[:, None, :] - lost[:, rows, None]
    whole = gap + rest
    rest -= whole - gap
    small = np.exp(np.minimum(whole, -whole))
    rest *= 1.0 - 2.0 * (whole > 0.0)
    rest *= small
    small += rest
    return small
