"""Kernels of losses of rankings made after NDCG. May import NumPy, core and its own package's groups, pairs, stable.

As in `losses.ranking`. A document of relevance y gains 2^y − 1, at place r times the discount D(r) = 1/log2(1 + r); the
sum is the DCG, and over that of the ideal ranking the NDCG. All relevances must lie in [0, 1000].
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.loss import Array
from lossctl.losses.groups import Counts, by_size, tied_runs, tiles
from lossctl.losses.ranking import logistic_cost, over_pairs
from lossctl.losses.stable import minus_product, residual, residual_tail, row_sum

__all__ = ["approx_ndcg", "lambda_rank"]

_LN2 = math.log(2.0)
_VANISHING, _LARGEST = 750.0, 1e290


def _gain(relevance: Array) -> Array:
    """Compute 2^y − 1, with all its digits near 0 and exactly at whole y."""
    return np.where(relevance < 1.0, np.expm1(relevance * _LN2), np.exp2(relevance) - 1.0)


def _gain_apart(mine: Array, other: Array) -> Array:
    """Compute the distance of 2^y from 2^z, also where y and z nearly meet."""
    apart = np.abs(mine - other)
    low = np.minimum(mine, other)
    return np.where(apart < 1.0, np.exp2(low) * np.expm1(apart * _LN2), np.abs(np.exp2(mine) - np.exp2(other)))


def _discounts(size: int, k: int = 0) -> Array:
    """Compute D(r) of places 1 … size; 0 beyond the first k, where k is not 0."""
    discounts: Array = 1.0 / np.log2(np.arange(2.0, size + 2.0))
    if k:
        discounts[k:] = 0.0
    return discounts


def _ideal(gain: Array, discounts: Array) -> Array:
    """Compute the DCG of the ideal ranking; 1 where nothing gains."""
    best = row_sum(-np.sort(-gain, axis=1) * discounts)
    return np.where(best > 0.0, best, 1.0)


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

    To be exact for a good ranking, where that is 1 − 1, each place is compared with the ideal place r: what differs,
    δ = π − r, is a sum of small σ, and ``D(r) − D(r + δ) = ln 2 log1p(δ/(1 + r))/(ln(1 + r) ln(1 + π))``. A group whose
    relevances are all equal is ranked ideally by any scores: loss and slope are 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = approx_ndcg(np.array([1.0, 0.0]), np.array([0.0, 2.0]), np.array([0]), temperature=1.0)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.3449], [-0.0226, 0.0226])
    """

    def kernel(relevance: Array, score: Array) -> tuple[Array, Array]:
        loss, slope = _approx_ndcg(relevance, score, temperature)
        ranked = (relevance != relevance[:, :1]).any(axis=1)
        return np.where(ranked, loss, 0.0), np.where(ranked[:, None], slope, 0.0)

    return by_size(target, prediction, starts, kernel)


def _approx_ndcg(relevance: Array, score: Array, temperature: float) -> tuple[Array, Array]:
    groups, size = score.shape
    gain, place = _gain(relevance), _ideal_places(relevance, score)
    gain /= _ideal(gain, _discounts(size))[:, None]
    shift, slope = np.zeros_like(score), np.zeros_like(score)
    for some, rows in tiles(groups, size):
        scaled, small = _gaps(score[some, rows, None], score[some, None, :], temperature)
        ahead = place[some, None, :] < place[some, rows, None]
        passing = np.maximum(small, np.where(ahead, scaled <= 0.0, scaled >= 0.0)) / (small + 1.0)
        passing = np.where(ahead, -passing, passing)
        passing[:, np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = 0.0
        shift[some, rows] += passing.sum(axis=2)
    after = 1.0 + place
    log_place = np.log(after + shift)
    loss = row_sum(gain * _LN2 * np.log1p(shift / after) / (np.log(after) * log_place))
    steep = gain * _LN2 / ((after + shift) * log_place * log_place)
    for some, rows in tiles(groups, size):
        _, small = _gaps(score[some, rows, None], score[some, None, :], temperature)
        turn = small / ((small + 1.0) * (small + 1.0))
        turn *= steep[some, None, :] - steep[some, rows, None]
        slope[some, rows] += turn.sum(axis=2)
    slope /= temperature
    slope += 0.0
    return np.maximum(loss, 0.0), slope


def _ideal_places(relevance: Array, score: Array) -> Array:
    """Give each document its place from 1 in an ideal ranking; of equal relevance the higher score comes first."""
    order = np.argsort(-score, axis=1, kind="stable")
    again = np.argsort(-np.take_along_axis(relevance, order, axis=1), axis=1, kind="stable")
    order = np.take_along_axis(order, again, axis=1)
    place = np.empty(score.shape)
    np.put_along_axis(place, order, np.arange(1.0, score.shape[1] + 1.0)[None, :], axis=1)
    return place


def _gaps(mine: Array, other: Array, temperature: float) -> tuple[Array, Array]:
    """Compute x = (other − mine)/temperature and e^(−abs x), with what both roundings of x lost put back.

    Beyond 750 the exponential is 0 and x is cut off.
    """
    gap = residual(mine, other)
    lost = residual_tail(mine, other, gap)
    most = min(_VANISHING * temperature, _LARGEST)
    gap = np.clip(gap, -most, most)
    scaled = gap / temperature
    lost += minus_product(gap, scaled, np.full_like(scaled, temperature))
    lost = np.clip(lost / temperature, -1.0, 1.0)
    small = np.exp(np.minimum(scaled, -scaled))
    small -= small * np.where(scaled > 0.0, lost, -lost)
    return scaled, small
