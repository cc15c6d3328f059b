"""Losses of counts and positive values as scikit-learn and SciPy compute them; see `tests.oracles.libraries`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from autograd.scipy import special as ascipy
from scipy import special
from sklearn import metrics

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def _by_row(measure: Callable[..., float], scale: float = 1.0, **options: float) -> Oracle:
    def rows(target: Array, prediction: Array) -> Array:
        pairs = zip(target, prediction, strict=True)
        return scale * np.array([measure([y], [mu], **options) for y, mu in pairs])

    return rows


def _tweedie(y: Array, mu: Array, power: float) -> Array:
    return np.array([metrics.mean_tweedie_deviance([a], [b], power=power) for a, b in zip(y, mu, strict=True)])


def _negative_binomial(y: Array, mu: Array, alpha: float) -> Array:
    """Compute 2(ln P(y; mean y) − ln P(y; mean μ)) from the probabilities, which need no whole number."""
    if alpha == 0.0:
        return 2.0 * special.kl_div(y, mu)

    def log_probability(mean: Array) -> Array:
        return special.xlogy(y, alpha * mean) - (y + 1.0 / alpha) * np.log1p(alpha * mean)

    return 2.0 * (log_probability(y) - log_probability(mu))


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "poisson_nll": (lambda y, mu, full: mu - special.xlogy(y, mu) + (special.gammaln(y + 1.0) if full else 0.0),),
    "poisson_nll_with_log_rate": (lambda y, s, full: np.exp(s) - y * s + (special.gammaln(y + 1.0) if full else 0.0),),
    "poisson_deviance": (_by_row(metrics.mean_poisson_deviance), lambda y, mu: 2.0 * special.kl_div(y, mu)),
    "gamma_deviance": (_by_row(metrics.mean_gamma_deviance),),
    "inverse_gaussian_deviance": (_by_row(metrics.mean_tweedie_deviance, power=3.0),),
    "tweedie_deviance": (_tweedie,),
    "negative_binomial_deviance": (_negative_binomial,),
    "itakura_saito": (_by_row(metrics.mean_gamma_deviance, scale=0.5),),
    "generalized_kl": (special.kl_div,),
}


def _deviance(y: Array, mu: Array) -> Array:
    return y * anp.log(y / mu) - y + mu


def _binomial(y: Array, mu: Array, alpha: float) -> Array:
    if alpha == 0.0:
        return 2.0 * _deviance(y, mu)
    return 2.0 * (y * anp.log(y / mu) - (y + 1.0 / alpha) * anp.log((1.0 + alpha * y) / (1.0 + alpha * mu)))


def _tweedie_terms(y: Array, mu: Array, power: float) -> Array:
    if power in {1.0, 2.0}:
        return 2.0 * (_deviance(y, mu) if power == 1.0 else y / mu - anp.log(y / mu) - 1.0)
    b, c = 2.0 - power, 1.0 - power
    return 2.0 * (y**b / (b * c) - y * mu**c / c + mu**b / b)


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "poisson_nll": lambda y, mu, full: mu - y * anp.log(mu) + full * ascipy.gammaln(y + 1.0),
    "poisson_nll_with_log_rate": lambda y, s, full: anp.exp(s) - y * s + full * ascipy.gammaln(y + 1.0),
    "poisson_deviance": lambda y, mu: 2.0 * _deviance(y, mu),
    "gamma_deviance": lambda y, mu: 2.0 * (y / mu - anp.log(y / mu) - 1.0),
    "inverse_gaussian_deviance": lambda y, mu: (y - mu) ** 2 / (mu**2 * y),
    "tweedie_deviance": _tweedie_terms,
    "negative_binomial_deviance": _binomial,
    "itakura_saito": lambda y, mu: y / mu - anp.log(y / mu) - 1.0,
    "generalized_kl": _deviance,
}
