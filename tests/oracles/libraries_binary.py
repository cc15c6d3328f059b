"""Binary losses as scipy and scikit-learn compute them, and in autograd's NumPy.

Overlap losses are no means of rows: theirs give the value of all rows, a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from scipy import special
from sklearn import metrics
from sklearn._loss import loss as sklearn_loss
from sklearn.linear_model import _sgd_fast

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def _by_row(measure: Callable[[float, float], float]) -> Oracle:
    def rows(target: Array, prediction: Array) -> Array:
        return np.array([measure(y, yhat) for y, yhat in zip(target.tolist(), prediction.tolist(), strict=True)])

    return rows


def _log_loss(y: Array, q: Array, label_smoothing: float, pos_weight: float) -> Array:
    t = y * (1.0 - label_smoothing) + label_smoothing / 2.0
    pair = np.stack([1.0 - q, q], axis=1)
    rows = [[metrics.log_loss([k], row[None], labels=[0, 1]) for k in (0, 1)] for row in pair]
    zero, one = np.array(rows).T
    return pos_weight * t * one + (1.0 - t) * zero


def _of_sgd(loss: object) -> Oracle:
    return _by_row(lambda y, s: loss.py_loss(s, 2.0 * y - 1.0))


def _hinge(y: float, s: float) -> float:
    """Pair the row with one of the other label that has no loss: scikit-learn wants both."""
    return 2.0 * metrics.hinge_loss([0.0, 1.0], [-1.0, s] if y else [s, 1.0])


def _share(y: Array, alpha: float | None) -> Array:
    return np.ones_like(y) if alpha is None else np.where(y == 1.0, alpha, 1.0 - alpha)


def _margin(y: Array, s: Array) -> Array:
    return (2.0 * y - 1.0) * s


def _ratio(ys: Array, qs: Array, alpha: float, beta: float) -> Array:
    hits = anp.sum(ys * qs)
    return 1.0 - hits / (hits + alpha * anp.sum((1.0 - ys) * qs) + beta * anp.sum(ys * (1.0 - qs)))


def _dice(ys: Array, qs: Array, smooth: float) -> Array:
    return 1.0 - (2.0 * anp.mean(ys * qs) + smooth) / (anp.mean(ys) + anp.mean(qs) + smooth)


def _focal(y: Array, q: Array, gamma: float, alpha: float) -> Array:
    w = anp.where(y == 1.0, q, 1.0 - q)
    return -_share(y, alpha) * (1.0 - w) ** gamma * anp.log(w)


def _poly1(y: Array, q: Array, epsilon: float) -> Array:
    w = anp.where(y == 1.0, q, 1.0 - q)
    return -anp.log(w) + epsilon * (1.0 - w)


def _spherical(y: Array, q: Array) -> Array:
    return 1.0 - anp.where(y == 1.0, q, 1.0 - q) / anp.sqrt(q**2 + (1.0 - q) ** 2)


def _binary_cross_entropy(y: Array, q: Array, label_smoothing: float, pos_weight: float) -> Array:
    t = y * (1.0 - label_smoothing) + label_smoothing / 2.0
    return -pos_weight * t * anp.log(q) - (1.0 - t) * anp.log(1.0 - q)


def _focal_with_logits(y: Array, s: Array, gamma: float, alpha: float) -> Array:
    m = _margin(y, s)
    return _share(y, alpha) * anp.exp(-gamma * anp.log1p(anp.exp(m))) * anp.log1p(anp.exp(-m))


def _smooth_hinge(y: Array, s: Array) -> Array:
    m = _margin(y, s)
    return anp.where(m <= 0.0, 0.5 - m, anp.maximum(1.0 - m, 0.0) ** 2 / 2.0)


def _modified_huber(y: Array, s: Array) -> Array:
    m = _margin(y, s)
    return anp.where(m >= -1.0, anp.maximum(1.0 - m, 0.0) ** 2, -4.0 * m)


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "binary_cross_entropy": (_log_loss,),
    "brier": (_by_row(lambda y, q: metrics.brier_score_loss([y], [q], pos_label=1)),),
    "focal": (
        lambda y, q, gamma, alpha: (
            _share(y, alpha) * (special.xlogy(-y * (1.0 - q) ** gamma, q) + special.xlog1py(-(1.0 - y) * q**gamma, -q))
        ),
    ),
    "spherical": (lambda y, q: 1.0 - np.where(y == 1.0, q, 1.0 - q) / np.hypot(q, 1.0 - q),),
    "poly1": (
        lambda y, q, epsilon: special.entr(y) - special.xlogy(y, q) - special.xlog1py(1 - y, -q) + epsilon * abs(q - y),
    ),
    "dice": (_dice,),
    "jaccard": (lambda ys, qs: 1.0 - np.minimum(ys, qs).sum() / np.maximum(ys, qs).sum(),),
    "tversky": (_ratio,),
    "focal_tversky": (lambda ys, qs, alpha, beta, gamma: _ratio(ys, qs, alpha, beta) ** (1.0 / gamma),),
    "binary_cross_entropy_with_logits": (
        lambda y, s, pos_weight: -np.where(y == 1.0, pos_weight, 1.0) * special.log_expit(_margin(y, s)),
        lambda y, s, pos_weight: (
            np.where(y == 1.0, pos_weight, 1.0) * sklearn_loss.HalfBinomialLoss().loss(y_true=y, raw_prediction=s)
        ),
    ),
    "focal_with_logits": (
        lambda y, s, gamma, alpha: (
            -_share(y, alpha) * special.expit(-_margin(y, s)) ** gamma * special.log_expit(_margin(y, s))
        ),
    ),
    "hinge": (
        _by_row(_hinge),
        _of_sgd(_sgd_fast.Hinge(1.0)),
    ),
    "squared_hinge": (_of_sgd(_sgd_fast.SquaredHinge(1.0)),),
    "smooth_hinge": (lambda y, s: special.huber(1.0, np.maximum(1.0 - _margin(y, s), 0.0)),),
    "perceptron": (_of_sgd(_sgd_fast.Hinge(0.0)),),
    "exponential": (lambda y, s: sklearn_loss.ExponentialLoss().loss(y_true=y, raw_prediction=s),),
    "modified_huber": (_of_sgd(_sgd_fast.ModifiedHuber()),),
    "savage": (lambda y, s: special.expit(-_margin(y, s)) ** 2,),
    "tangent": (lambda y, s: (2.0 * np.arctan(_margin(y, s)) - 1.0) ** 2,),
}


ROW_FORMULAS: Mapping[str, Oracle] = {
    "binary_cross_entropy": _binary_cross_entropy,
    "brier": lambda y, q: (q - y) ** 2,
    "focal": _focal,
    "spherical": _spherical,
    "poly1": _poly1,
    "dice": _dice,
    "jaccard": lambda ys, qs: _ratio(ys, qs, 1.0, 1.0),
    "tversky": _ratio,
    "focal_tversky": lambda ys, qs, alpha, beta, gamma: _ratio(ys, qs, alpha, beta) ** (1.0 / gamma),
    "binary_cross_entropy_with_logits": lambda y, s, pos_weight: (
        anp.where(y == 1.0, pos_weight, 1.0) * anp.log1p(anp.exp(-_margin(y, s)))
    ),
    "focal_with_logits": _focal_with_logits,
    "hinge": lambda y, s: anp.maximum(1.0 - _margin(y, s), 0.0),
    "squared_hinge": lambda y, s: anp.maximum(1.0 - _margin(y, s), 0.0) ** 2,
    "smooth_hinge": _smooth_hinge,
    "perceptron": lambda y, s: anp.maximum(-_margin(y, s), 0.0),
    "exponential": lambda y, s: anp.exp(-_margin(y, s)),
    "modified_huber": _modified_huber,
    "savage": lambda y, s: (1.0 + anp.exp(_margin(y, s))) ** -2,
    "tangent": lambda y, s: (2.0 * anp.arctan(_margin(y, s)) - 1.0) ** 2,
}
