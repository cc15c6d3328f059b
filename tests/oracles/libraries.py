"""Every loss as other libraries compute it: values from scipy and scikit-learn, slopes from autograd.

`VALUES` give the loss of each row. `ROW_FORMULAS` are written in autograd's NumPy, to be differentiated with respect
to the prediction; None for a loss that does not use one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from scipy import special, stats
from sklearn import metrics

from lossctl.core.types import Array
from tests.oracles import (
    libraries_binary,
    libraries_counts,
    libraries_divergence,
    libraries_ensemble,
    libraries_forecast,
    libraries_multiclass,
    libraries_quantiles,
    libraries_ranking,
    libraries_regression,
    libraries_vectors,
)

Oracle = Callable[..., Array]


def _by_row(measure: Callable[..., float]) -> Oracle:
    def rows(target: Array, prediction: Array) -> Array:
        return np.array([measure([y], [yhat]) for y, yhat in zip(target, prediction, strict=True)])

    return rows


def _log_loss(_: None, prediction: Array, base: float) -> Array:
    nats = [metrics.log_loss([1], [[1.0 - q, q]], labels=[0, 1]) for q in prediction]
    return np.array(nats) / np.log(base)


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "mae": (_by_row(metrics.mean_absolute_error),),
    "smooth_l1": (lambda y, yhat, beta: special.huber(beta, yhat - y) / beta if beta else abs(yhat - y),),
    "huber": (lambda y, yhat, delta: special.huber(delta, yhat - y),),
    "mse": (_by_row(metrics.mean_squared_error),),
    **libraries_regression.VALUES,
    **libraries_binary.VALUES,
    **libraries_counts.VALUES,
    **libraries_divergence.VALUES,
    **libraries_forecast.VALUES,
    **libraries_multiclass.VALUES,
    **libraries_quantiles.VALUES,
    **libraries_ensemble.VALUES,
    **libraries_vectors.VALUES,
    **libraries_ranking.VALUES,
    "self_information": (_log_loss, lambda _, q, base: -special.xlogy(1.0, q) / np.log(base)),
    "entropy": (
        lambda p, _, base: stats.entropy(p, base=base, axis=1),
        lambda p, _, base: special.entr(p).sum(axis=1) / np.log(base),
    ),
    "cross_entropy": (lambda p, q, base: -special.xlogy(p, q).sum(axis=1) / np.log(base),),
    "kl_divergence": (
        lambda p, q, base: stats.entropy(p, q, base=base, axis=1),
        lambda p, q, base: special.rel_entr(p, q).sum(axis=1) / np.log(base),
    ),
}


def _smooth_l1(y: Array, yhat: Array, beta: float) -> Array:
    r = anp.abs(yhat - y)
    return anp.where(r < beta, r**2 / (2.0 * beta), r - beta / 2.0) if beta else r


def _huber(y: Array, yhat: Array, delta: float) -> Array:
    r = anp.abs(yhat - y)
    return anp.where(r < delta, r**2 / 2.0, delta * (r - delta / 2.0))


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "mae": lambda y, yhat: anp.abs(yhat - y),
    "smooth_l1": _smooth_l1,
    "huber": _huber,
    "mse": lambda y, yhat: (yhat - y) ** 2,
    **libraries_regression.ROW_FORMULAS,
    **libraries_binary.ROW_FORMULAS,
    **libraries_counts.ROW_FORMULAS,
    **libraries_divergence.ROW_FORMULAS,
    **libraries_forecast.ROW_FORMULAS,
    **libraries_multiclass.ROW_FORMULAS,
    **libraries_quantiles.ROW_FORMULAS,
    **libraries_ensemble.ROW_FORMULAS,
    **libraries_vectors.ROW_FORMULAS,
    **libraries_ranking.ROW_FORMULAS,
    "self_information": lambda _, q, base: -anp.log(q) / anp.log(base),
    "entropy": None,
    "cross_entropy": lambda p, q, base: -anp.sum(p * anp.log(q), axis=1) / anp.log(base),
    "kl_divergence": lambda p, q, base: anp.sum(p * anp.log(p / q), axis=1) / anp.log(base),
}
