"""Losses of rankings in autograd's NumPy, scipy and scikit-learn; each row is a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from autograd.scipy.special import logsumexp
from autograd.tracer import getval
from scipy import special, stats
from sklearn import metrics

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def apart(s: Array) -> Array:
    """Return s_j − s_i for all i, j of each group."""
    return s[:, None, :] - s[:, :, None]


def better(y: Array) -> Array:
    return (y[:, :, None] > y[:, None, :]).astype(float)


def softplus(x: Array) -> Array:
    return anp.logaddexp(0.0, x)


def over_pairs(y: Array, costs: Array) -> Array:
    return anp.sum(better(y) * costs, axis=(1, 2)) / np.maximum(better(y).sum(axis=(1, 2)), 1.0)


def listnet(y: Array, s: Array) -> Array:
    shares = special.softmax(y, axis=1)
    return anp.sum(shares * (logsumexp(s, axis=1, keepdims=True) - s), axis=1)


def listmle(y: Array, s: Array) -> Array:
    """Sum over draws; the l-th of d that tie counts the ties by 1 − l/d."""
    tied = y[:, :, None] == y[:, None, :]
    drawn = np.tril(tied, -1).sum(axis=2) / tied.sum(axis=2)
    weights = better(y) + tied * (1.0 - drawn)[:, :, None]
    active = better(y).any(axis=2)
    sums = anp.log(anp.sum(weights * anp.exp(s)[:, None, :], axis=2))
    return anp.sum(active * (sums - s), axis=1)


def gains(y: Array) -> Array:
    return 2.0**y - 1.0


def ideal(y: Array, k: int) -> Array:
    """Return the ideal DCG as scikit-learn computes it."""
    found = [metrics.dcg_score([row], [row], k=k or None) for row in gains(y)]
    return np.where(np.array(found) > 0.0, found, 1.0)


def discounts(s: Array, k: int) -> Array:
    places = stats.rankdata(-getval(s), axis=1)
    return np.where((k == 0) | (places <= k), 1.0 / np.log2(1.0 + places), 0.0)


def lambda_rank(y: Array, s: Array, k: int) -> Array:
    """Hold the weights of pairs fixed; scores must not tie."""
    weights = np.abs(apart(gains(y)) * apart(discounts(s, k))) / ideal(y, k)[:, None, None]
    return anp.sum(better(y) * weights * softplus(apart(s)), axis=(1, 2))


def approx_ndcg(y: Array, s: Array, temperature: float) -> Array:
    passed = 1.0 / (1.0 + anp.exp(anp.clip(-apart(s) / temperature, -700.0, 700.0)))
    places = 0.5 + anp.sum(passed, axis=2)
    found = 1.0 - anp.sum(gains(y) / anp.log2(1.0 + places), axis=1) / ideal(y, 0)
    return found * (y != y[:, :1]).any(axis=1)


ROW_FORMULAS: Mapping[str, Oracle] = {
    "pairwise_logistic": lambda y, s: over_pairs(y, softplus(apart(s))),
    "pairwise_hinge": lambda y, s, margin: over_pairs(y, anp.maximum(0.0, margin + apart(s))),
    "listnet": listnet,
    "listmle": listmle,
    "lambda_rank": lambda_rank,
    "approx_ndcg": approx_ndcg,
}

VALUES: Mapping[str, tuple[Oracle, ...]] = {name: (formula,) for name, formula in ROW_FORMULAS.items()} | {
    "pairwise_logistic": (lambda y, s: over_pairs(y, -special.log_expit(-apart(s))),),
    "listnet": (lambda y, s: -(special.softmax(y, axis=1) * special.log_softmax(s, axis=1)).sum(axis=1),),
}
