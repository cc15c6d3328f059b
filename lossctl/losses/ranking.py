"""Kernels of losses of rankings. May import NumPy, core, `losses.groups` and `losses.stable`.

Every kernel takes ``target`` ``(n,)``, the relevance y of each document, ``prediction`` ``(n,)``, its score s, and
``starts``, the index of the first document of each group (the documents of one query). It returns the loss of each
group, ``(groups,)``, and the slope by each score, ``(n,)``. Higher scores come first. The order of documents within a
group changes nothing but rounding, ties included; a constant added to a group's scores changes nothing either.

The slope is written as flows: what a pair takes from one score it gives to another, so that a slope near an ideal
ranking is a sum of small numbers, never 1 − p.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lossctl.core.types import Array, Mask
from lossctl.losses.groups import Counts, by_size, tiles
from lossctl.losses.stable import exp_below_top, residual, residual_tail, row_sum, softplus_with_slope

__all__ = ["listmle", "listnet", "over_pairs", "pairwise_hinge", "pairwise_logistic"]

Cost = Callable[[Array, Array], tuple[Array, Array]]
"""``(better, worse) -> (cost, push)`` of pairs of scores; the push is the cost's slope by the worse score."""
Weight = Callable[[slice, slice, Array], Array]
"""``(groups, rows, tied) -> weights`` of the pairs of a tile; `tied` says of which pairs the scores are equal."""


def over_pairs(relevance: Array, score: Array, cost: Cost, weight: Weight | None = None) -> tuple[Array, Array, Array]:
    """Sum a cost over the pairs of a group whose relevance differs; give the slope, and how many pairs there are."""
    groups, size = score.shape
    loss, pairs = np.zeros(groups, score.dtype), np.zeros(groups)
    slope = np.zeros_like(score)
    for some, rows in tiles(groups, size):
        first, second = score[some, rows, None], score[some, None, :]
        better = relevance[some, rows, None] > relevance[some, None, :]
        value, push = cost(first, second)
        if weight is not None:
            weights = weight(some, rows, first == second)
            value *= weights
            push *= weights
        value, push = np.where(better, value, 0.0), np.where(better, push, 0.0)
        loss[some] += value.sum(axis=2).sum(axis=1)
        pairs[some] += better.sum(axis=2).sum(axis=1)
        slope[some] += push.sum(axis=1)
        slope[some, rows] -= push.sum(axis=2)
    return loss, slope, pairs


def logistic_cost(better: Array, worse: Array) -> tuple[Array, Array]:
    """Compute ``log(1 + e^(worse − better))`` and its slope, with what the difference loses to rounding put back."""
    gap = residual(better, worse)
    tail = residual_tail(better, worse, gap)
    cost, push = softplus_with_slope(gap)
    tail *= push
    cost += tail
    push += tail * (1.0 - push)
    return cost, push


def pairwise_logistic(target: Array, prediction: Array, starts: Counts) -> tuple[Array, Array]:
    """Compute the mean of ``log(1 + e^(s_j − s_i))`` over pairs of a group with y_i > y_j; 0 where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = pairwise_logistic(np.array([1.0, 0.0]), np.array([0.0, 2.0]), np.array([0]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([2.1269], [-0.8808, 0.8808])
    """
    return by_size(target, prediction, starts, lambda y, s: _mean_over_pairs(y, s, logistic_cost))


def pairwise_hinge(target: Array, prediction: Array, starts: Counts, margin: float) -> tuple[Array, Array]:
    """Compute the mean of ``max(0, margin − (s_i − s_j))`` over pairs of a group with y_i > y_j; 0 where there is none.

    A pair that just keeps the margin has slope 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = pairwise_hinge(np.array([1.0, 0.0]), np.array([0.5, 0.0]), np.array([0]), margin=2.0)
    >>> loss.tolist(), slope.tolist()
    ([1.5], [-1.0, 1.0])
    """

    def cost(better: Array, worse: Array) -> tuple[Array, Array]:
        gap = residual(better, worse)
        excess = (gap + margin) + residual_tail(better, worse, gap)
        np.maximum(excess, 0.0, out=excess)
        return excess, (excess > 0.0).astype(np.float64)

    return by_size(target, prediction, starts, lambda y, s: _mean_over_pairs(y, s, cost))


def _mean_over_pairs(relevance: Array, score: Array, cost: Cost) -> tuple[Array, Array]:
    loss, slope, pairs = over_pairs(relevance, score, cost)
    np.maximum(pairs, 1.0, out=pairs)
    loss /= pairs
    slope /= pairs[:, None]
    slope += 0.0
    return loss, slope


def listnet(target: Array, prediction: Array, starts: Counts) -> tuple[Array, Array]:
    """Compute ``−Σ P_i log Q_i`` with P = softmax(y) and Q = softmax(s): what the top document is, and should be.

    The slope is Q − P. As log Q_i = −(top − s_i) − log Σ e^(s − top), the loss is a sum of terms of one sign.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = listnet(np.array([0.0, 0.0]), np.array([0.0, 2.0]), np.array([0]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([1.1269], [-0.3808, 0.3808])
    """
    return by_size(target, prediction, starts, _listnet)


def _listnet(relevance: Array, score: Array) -> tuple[Array, Array]:
    share, _ = exp_below_top(relevance)
    share /= row_sum(share)[:, None]
    exps, top = exp_below_top(score)
    groups, best = np.arange(len(score)), np.argmax(score, axis=1)
    rest = exps.copy()
    rest[groups, best] = 0.0
    beyond = row_sum(rest)
    loss = row_sum(share * (top[:, None] - score)) + np.log1p(beyond)
    slope = exps / row_sum(exps)[:, None] - share
    slope[groups, best] = 0.0
    slope[groups, best] = 0.0 - row_sum(slope)  # slopes sum to 0; here Q − P is near 1 − 1
    return loss, slope


def listmle(target: Array, prediction: Array, starts: Counts) -> tuple[Array, Array]:
    """Compute −log of the chance of the order by relevance, documents drawn one by one by e^s (Plackett, Luce).

    Without ties that is ``Σ_i log Σ_{j: y_j ≤ y_i} e^(s_j − s_i)``. Of d documents that tie none comes before another:
    as Efron has it of ties in Cox's model, the l-th to be drawn, l = 0 … d − 1, is drawn from those below and a share
    1 − l/d of each of the d. The least relevant, with none below, are no longer an order, and left out.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = listmle(np.array([1.0, 0.0]), np.array([0.0, 2.0]), np.array([0]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([2.1269], [-0.8808, 0.8808])
    """
    return by_size(target, prediction, starts, _listmle)


def _listmle(relevance: Array, score: Array) -> tuple[Array, Array]:
    groups, size = score.shape
    loss, slope = np.zeros(groups, score.dtype), np.zeros_like(score)
    for some, rows in tiles(groups, size):
        cost, flow = _draws(relevance[some], score[some], rows)
        loss[some] += cost.sum(axis=1)
        slope[some] += flow.sum(axis=1)
        slope[some, rows] -= flow.sum(axis=2)
    return np.maximum(loss, 0.0), slope


def _draws(relevance: Array, score: Array, rows: slice) -> tuple[Array, Array]:
    """Return what it costs to draw each of `rows`, ``(groups, rows)``, and the flow from it to every other document."""
    mine, other = relevance[:, rows, None], relevance[:, None, :]
    below: Mask = np.less(other, mine)
    tied: Mask = np.equal(other, mine)
    size = score.shape[1]
    earlier = np.arange(size)[None, :] < np.arange(rows.start, rows.stop)[:, None]
    drawn: Array = (tied & earlier).sum(axis=2) / tied.sum(axis=2)  # l/d: which tie is which makes no difference
    weight = below + tied * (1.0 - drawn)[:, :, None]
    within = np.where(below | tied, score[:, None, :], -np.inf).reshape(-1, size)
    exps, top = exp_below_top(within)
    exps *= weight.reshape(-1, size)
    lines, best = np.arange(len(exps)), np.argmax(within, axis=1)
    above = exps[lines, best]
    exps[lines, best] = 0.0
    rest = row_sum(exps) + (above - 1.0)  # without ties above is 1, and this the sum of the others
    exps[lines, best] = above
    active: Mask = np.logical_or.reduce(below, axis=2)
    cost = (top.reshape(active.shape) - score[:, rows]) + np.log1p(rest).reshape(active.shape)
    exps /= (rest + 1.0)[:, None]
    flow = exps.reshape(weight.shape)
    flow *= active[:, :, None]
    flow[:, np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = 0.0
    return np.where(active, cost, 0.0), flow
