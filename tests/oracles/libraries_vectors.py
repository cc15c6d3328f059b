"""Losses of embeddings as scipy and scikit-learn compute them, and in autograd's NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from autograd.scipy.special import logsumexp
from scipy import special
from scipy.spatial import distance
from sklearn import metrics

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def cos(u: Array, v: Array) -> Array:
    lengths = anp.sqrt(anp.sum(u**2, axis=-1) * anp.sum(v**2, axis=-1))
    return anp.sum(u * v, axis=-1) / lengths


def length(r: Array, p: float = 2.0) -> Array:
    return anp.sum(anp.abs(r) ** p, axis=1) ** (1.0 / p)


def halves(pair: Array) -> tuple[Array, Array]:
    half = pair.shape[1] // 2
    return pair[:, :half], pair[:, half:]


def relu(x: Array) -> Array:
    return anp.maximum(0.0, x)


def triplet(a: Array, pair: Array, margin: float, p: float) -> Array:
    positive, negative = halves(pair)
    return relu(length(positive - a, p) - length(negative - a, p) + margin)


def scores(a: Array, others: Array, temperature: float) -> Array:
    return cos(a[:, None], others.reshape(len(a), -1, a.shape[1])) / temperature


def info_nce(a: Array, others: Array, temperature: float) -> Array:
    s = scores(a, others, temperature)
    return logsumexp(s, axis=1) - s[:, 0]


ROW_FORMULAS: Mapping[str, Oracle] = {
    "cosine": lambda y, v: 1.0 - cos(y, v),
    "cosine_embedding": lambda y, pair, margin: (
        y * (1.0 - cos(*halves(pair))) + (1.0 - y) * relu(cos(*halves(pair)) - margin)
    ),
    "euclidean": lambda y, v: length(v - y),
    "contrastive": lambda y, d, margin: 0.5 * (y * d**2 + (1.0 - y) * relu(margin - d) ** 2),
    "hinge_embedding": lambda y, d, margin: y * d + (1.0 - y) * relu(margin - d),
    "margin_ranking": lambda y, s, margin: relu(margin - (2.0 * y - 1.0) * (s[:, 0] - s[:, 1])),
    "triplet_margin": triplet,
    "info_nce": info_nce,
}


def by_row(measure: Callable[[Array, Array], float]) -> Callable[[Array, Array], Array]:
    def rows(u: Array, v: Array) -> Array:
        return np.array([measure(a, b) for a, b in zip(u, v, strict=True)])

    return rows


def minkowski_triplet(a: Array, pair: Array, margin: float, p: float) -> Array:
    near, far = (by_row(lambda u, v: distance.minkowski(u, v, p))(a, v) for v in halves(pair))
    return np.maximum(near - far + margin, 0.0)


def cosine_pairs(y: Array, pair: Array, margin: float) -> Array:
    apart = metrics.pairwise.paired_cosine_distances(*halves(pair))
    return np.where(y == 1.0, apart, np.maximum(1.0 - apart - margin, 0.0))


VALUES: Mapping[str, tuple[Oracle, ...]] = {name: (formula,) for name, formula in ROW_FORMULAS.items()} | {
    "cosine": (by_row(distance.cosine), metrics.pairwise.paired_cosine_distances),
    "cosine_embedding": (cosine_pairs,),
    "euclidean": (by_row(distance.euclidean), metrics.pairwise.paired_euclidean_distances),
    "triplet_margin": (minkowski_triplet,),
    "info_nce": (lambda a, others, temperature: -special.log_softmax(scores(a, others, temperature), axis=1)[:, 0],),
}
