"""Losses of labels as scipy and scikit-learn compute them, and in autograd's NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from autograd.scipy.special import logsumexp
from autograd.tracer import getval
from scipy import special
from sklearn import metrics

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def one_hot(y: Array, columns: int) -> Array:
    return (y[:, None] == np.arange(columns)).astype(float)


def shares(y: Array, columns: int, smoothing: float) -> Array:
    return (1.0 - smoothing) * one_hot(y, columns) + smoothing / columns


def at_label(y: Array, values: Array) -> Array:
    return anp.sum(one_hot(y, values.shape[1]) * values, axis=1)


def log_softmax(s: Array) -> Array:
    return s - logsumexp(s, axis=1, keepdims=True)


def best_other(y: Array, s: Array) -> Array:
    return anp.max(s - 1e3 * one_hot(y, s.shape[1]), axis=1)


def softplus(x: Array) -> Array:
    return anp.logaddexp(0.0, x)


def by_row(measure: Callable[..., float]) -> Oracle:
    def rows(y: Array, prediction: Array) -> Array:
        return np.array([measure([a], [b], labels=np.arange(len(b))) for a, b in zip(y, prediction, strict=True)])

    return rows


def rps(y: Array, q: Array, normalized: bool) -> Array:  # noqa: FBT001 -- called with the loss's own parameters
    reached = (y[:, None] <= np.arange(q.shape[1] - 1)).astype(float)
    total = np.square(np.cumsum(q, axis=1)[:, :-1] - reached).sum(axis=1)
    return total / (q.shape[1] - 1) if normalized else total


def rps_by_side(y: Array, q: Array, normalized: bool) -> Array:  # noqa: FBT001 -- called with the loss's own parameters
    columns = np.arange(q.shape[1])
    total = 0.0
    for threshold in range(q.shape[1] - 1):
        up_to = anp.sum(q * (columns <= threshold), axis=1)
        beyond = anp.sum(q * (columns > threshold), axis=1)
        total = total + anp.where(y > threshold, up_to, beyond) ** 2
    return total / (q.shape[1] - 1) if normalized else total


def sparsemax(y: Array, s: Array) -> Array:
    falling = -np.sort(-np.asarray(getval(s)), axis=1)
    inside = 1.0 + np.arange(1, s.shape[1] + 1) * falling > np.cumsum(falling, axis=1)
    size = inside.sum(axis=1)
    among = getval(s) >= falling[np.arange(len(y)), size - 1][:, None]
    threshold = (anp.sum(among * s, axis=1) - 1.0) / size
    return anp.sum(among * (s**2 - threshold[:, None] ** 2), axis=1) / 2.0 + 0.5 - at_label(y, s)


def multi_margin(y: Array, s: Array, p: int, margin: float) -> Array:
    excess = anp.maximum(0.0, margin + s - at_label(y, s)[:, None]) ** p
    return anp.sum(excess * (1.0 - one_hot(y, s.shape[1])), axis=1) / s.shape[1]


def cumulative_link(y: Array, s: Array) -> Array:
    probability = 1.0 / (1.0 + anp.exp(-s))
    ends = anp.concatenate([0.0 * s[:, :1], probability, 0.0 * s[:, :1] + 1.0], axis=1)
    return -anp.log(anp.sum(one_hot(y, s.shape[1] + 1) * (ends[:, 1:] - ends[:, :-1]), axis=1))


def coral(y: Array, s: Array) -> Array:
    beyond = (y[:, None] > np.arange(s.shape[1])).astype(float)
    return anp.sum(softplus(s) - beyond * s, axis=1)


def multilabel_margin(y: Array, s: Array) -> Array:
    gaps = anp.maximum(0.0, 1.0 - (s[:, :, None] - s[:, None, :]))
    return anp.sum(gaps * y[:, :, None] * (1.0 - y[:, None, :]), axis=(1, 2)) / s.shape[1]


ROW_FORMULAS: Mapping[str, Oracle] = {
    "categorical_cross_entropy": lambda y, q, label_smoothing: (
        -anp.sum(shares(y, q.shape[1], label_smoothing) * anp.log(q), axis=1)
    ),
    "multiclass_brier": lambda y, q: anp.sum((q - one_hot(y, q.shape[1])) ** 2, axis=1),
    "multiclass_focal": lambda y, q, gamma: -((1.0 - at_label(y, q)) ** gamma) * anp.log(at_label(y, q)),
    "generalized_cross_entropy": lambda y, p, q: (1.0 - at_label(y, p) ** q) / q,
    "multiclass_spherical": lambda y, q: 1.0 - at_label(y, q) / anp.sqrt(anp.sum(q**2, axis=1)),
    "ranked_probability_score": rps_by_side,
    "softmax_cross_entropy": lambda y, s, label_smoothing: (
        -anp.sum(shares(y, s.shape[1], label_smoothing) * log_softmax(s), axis=1)
    ),
    "multiclass_focal_with_logits": lambda y, s, gamma: (
        -((1.0 - anp.exp(at_label(y, log_softmax(s)))) ** gamma) * at_label(y, log_softmax(s))
    ),
    "multiclass_poly1": lambda y, s, epsilon: (
        -at_label(y, log_softmax(s)) + epsilon * (1.0 - anp.exp(at_label(y, log_softmax(s))))
    ),
    "sparsemax": sparsemax,
    "crammer_singer": lambda y, s: anp.maximum(0.0, 1.0 + best_other(y, s) - at_label(y, s)),
    "multi_margin": multi_margin,
    "multiclass_perceptron": lambda y, s: anp.maximum(0.0, best_other(y, s) - at_label(y, s)),
    "cumulative_link": cumulative_link,
    "coral": coral,
    "multilabel_soft_margin": lambda y, s: anp.sum(softplus((1.0 - 2.0 * y) * s), axis=1) / s.shape[1],
    "multilabel_margin": multilabel_margin,
}

VALUES: Mapping[str, tuple[Oracle, ...]] = {name: (formula,) for name, formula in ROW_FORMULAS.items()} | {
    "categorical_cross_entropy": (
        lambda y, q, label_smoothing: -special.xlogy(shares(y, q.shape[1], label_smoothing), q).sum(axis=1),
    ),
    "multiclass_brier": (
        by_row(lambda y, q, labels: metrics.brier_score_loss(y, q, labels=labels, scale_by_half=False)),
    ),
    "ranked_probability_score": (rps,),
    "softmax_cross_entropy": (
        lambda y, s, label_smoothing: (
            -(shares(y, s.shape[1], label_smoothing) * special.log_softmax(s, axis=1)).sum(axis=1)
        ),
    ),
    "crammer_singer": (by_row(lambda y, s, labels: metrics.hinge_loss(y, s, labels=labels)),),
    "multilabel_soft_margin": (
        lambda y, s: -np.mean(y * special.log_expit(s) + (1.0 - y) * special.log_expit(-s), axis=1),
    ),
    "coral": (lambda y, s: -np.sum(special.log_expit(np.where(y[:, None] > np.arange(s.shape[1]), s, -s)), axis=1),),
}
