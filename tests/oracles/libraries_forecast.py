"""The losses of forecasts in SciPy and scoringrules, and in autograd's NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
import scoringrules
from autograd.scipy import stats as astats
from scipy import stats

from lossctl.core.loss import Array

Oracle = Callable[..., Array]

HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)


def _of_scipy(y: Array, forecast: Array, *, full: bool, variance: bool) -> Array:
    scale = np.sqrt(forecast[:, 1]) if variance else forecast[:, 1]
    return -stats.norm.logpdf(y, forecast[:, 0], scale) - (0.0 if full else HALF_LOG_2PI)


def _of_scoringrules(y: Array, forecast: Array, *, full: bool, variance: bool) -> Array:
    scale = np.sqrt(forecast[:, 1]) if variance else forecast[:, 1]
    return scoringrules.logs_normal(y, forecast[:, 0], scale) - (0.0 if full else HALF_LOG_2PI)


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "gaussian_nll": (_of_scipy, _of_scoringrules),
    "crps_normal": (lambda y, forecast: scoringrules.crps_normal(y, forecast[:, 0], forecast[:, 1]),),
}


def _gaussian_nll(y: Array, forecast: Array, *, full: bool, variance: bool) -> Array:
    square = forecast[:, 1] if variance else forecast[:, 1] ** 2
    return (forecast[:, 0] - y) ** 2 / (2.0 * square) + anp.log(square) / 2.0 + (HALF_LOG_2PI if full else 0.0)


def _crps_normal(y: Array, forecast: Array) -> Array:
    scale = forecast[:, 1]
    z = (y - forecast[:, 0]) / scale
    return scale * (z * (2.0 * astats.norm.cdf(z) - 1.0) + 2.0 * astats.norm.pdf(z) - 1.0 / anp.sqrt(anp.pi))


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "gaussian_nll": _gaussian_nll,
    "crps_normal": _crps_normal,
}
