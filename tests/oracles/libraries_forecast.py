"""The losses of forecasts in SciPy and scoringrules, and in autograd's NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as anp
import numpy as np
import scoringrules
from autograd.scipy import stats as astats
from scipy import special, stats

from lossctl.core.types import Array

Oracle = Callable[..., Array]

HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)


def _of_scipy(y: Array, forecast: Array, *, full: bool, variance: bool) -> Array:
    scale = np.sqrt(forecast[:, 1]) if variance else forecast[:, 1]
    return -stats.norm.logpdf(y, forecast[:, 0], scale) - (0.0 if full else HALF_LOG_2PI)


def _of_scoringrules(y: Array, forecast: Array, *, full: bool, variance: bool) -> Array:
    scale = np.sqrt(forecast[:, 1]) if variance else forecast[:, 1]
    return scoringrules.logs_normal(y, forecast[:, 0], scale) - (0.0 if full else HALF_LOG_2PI)


def _nll(distribution: Any) -> Oracle:
    return lambda y, forecast: -distribution.logpdf(y, forecast[:, 0], forecast[:, 1])


def _scored(score: Oracle) -> Oracle:
    return lambda y, forecast: score(y, forecast[:, 0], forecast[:, 1])


def _of_two_members(y: Array, forecast: Array) -> Array:
    """Score an ensemble of two members that has this mean and this variance, whose divisor is 1."""
    return scoringrules.dssuv_ensemble(y, forecast[:, :1] + forecast[:, 1:] * np.array([1.0, -1.0]) / np.sqrt(2.0))


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "gaussian_nll": (_of_scipy, _of_scoringrules),
    "laplace_nll": (_nll(stats.laplace), _scored(scoringrules.logs_laplace)),
    "logistic_nll": (_nll(stats.logistic), _scored(scoringrules.logs_logistic)),
    "dawid_sebastiani": (_of_two_members,),
    "crps_normal": (_scored(scoringrules.crps_normal),),
    "lognormal_nll": (
        lambda y, forecast: -stats.lognorm.logpdf(y, forecast[:, 1], scale=np.exp(forecast[:, 0])),
        _scored(scoringrules.logs_lognormal),
    ),
    "student_t_nll": (
        lambda y, forecast, df: -stats.t.logpdf(y, df, forecast[:, 0], forecast[:, 1]),
        lambda y, forecast, df: scoringrules.logs_t(y, df, forecast[:, 0], forecast[:, 1]),
    ),
    "crps_student_t": (lambda y, forecast, df: scoringrules.crps_t(y, df, forecast[:, 0], forecast[:, 1]),),
    "crps_laplace": (_scored(scoringrules.crps_laplace),),
    "crps_logistic": (_scored(scoringrules.crps_logistic),),
}


def _gaussian_nll(y: Array, forecast: Array, *, full: bool, variance: bool) -> Array:
    square = forecast[:, 1] if variance else forecast[:, 1] ** 2
    return (forecast[:, 0] - y) ** 2 / (2.0 * square) + anp.log(square) / 2.0 + (HALF_LOG_2PI if full else 0.0)


def _laplace_nll(y: Array, forecast: Array) -> Array:
    return anp.abs(forecast[:, 0] - y) / forecast[:, 1] + anp.log(2.0 * forecast[:, 1])


def _log_density(forecast: Array, y: Array) -> Array:
    """Return the logarithm of the standard logistic density at z."""
    z = (y - forecast[:, 0]) / forecast[:, 1]
    return -z - 2.0 * anp.log(1.0 + anp.exp(-z))


def _crps_laplace(y: Array, forecast: Array) -> Array:
    a = anp.abs(forecast[:, 0] - y) / forecast[:, 1]
    return forecast[:, 1] * (a + anp.exp(-a) - 0.75)


def _crps_normal(y: Array, forecast: Array) -> Array:
    scale = forecast[:, 1]
    z = (y - forecast[:, 0]) / scale
    return scale * (z * (2.0 * astats.norm.cdf(z) - 1.0) + 2.0 * astats.norm.pdf(z) - 1.0 / anp.sqrt(anp.pi))


def _student_t_nll(y: Array, forecast: Array, df: float) -> Array:
    return -astats.t.logpdf((y - forecast[:, 0]) / forecast[:, 1], df) + anp.log(forecast[:, 1])


def _crps_student_t(y: Array, forecast: Array, df: float) -> Array:
    z = (y - forecast[:, 0]) / forecast[:, 1]
    least = 2.0 * np.sqrt(df) / (df - 1.0) * special.beta(0.5, df - 0.5) / special.beta(0.5, df / 2.0) ** 2
    tails = 2.0 * astats.t.pdf(z, df) * (df + z**2) / (df - 1.0)
    return forecast[:, 1] * (z * (2.0 * astats.t.cdf(z, df) - 1.0) + tails - least)


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "gaussian_nll": _gaussian_nll,
    "laplace_nll": _laplace_nll,
    "logistic_nll": lambda y, forecast: -_log_density(forecast, y) + anp.log(forecast[:, 1]),
    "dawid_sebastiani": lambda y, forecast: 2.0 * _gaussian_nll(y, forecast, full=False, variance=False),
    "crps_normal": _crps_normal,
    "lognormal_nll": lambda y, forecast: _gaussian_nll(anp.log(y), forecast, full=True, variance=False) + anp.log(y),
    "student_t_nll": _student_t_nll,
    "crps_student_t": _crps_student_t,
    "crps_laplace": _crps_laplace,
    "crps_logistic": lambda y, forecast: forecast[:, 1] * (-_log_density(forecast, y) - 1.0),
}
