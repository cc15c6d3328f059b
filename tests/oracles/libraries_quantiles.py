"""Forecasts by intervals and quantiles as scoringrules and scikit-learn score them; see `tests.oracles.libraries`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
import scoringrules
from sklearn import metrics

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def _pinball(y: Array, q: Array, levels: Array) -> Array:
    """Compute twice the mean over the levels of scikit-learn's loss."""
    return np.array(
        [
            2.0
            * np.mean([metrics.mean_pinball_loss([a], [one], alpha=tau) for one, tau in zip(row, levels, strict=True)])
            for a, row in zip(y, q, strict=True)
        ]
    )


def _weighted_intervals(y: Array, q: Array, levels: Array) -> Array:
    """Weigh the interval scores of scoringrules: its own weighted score adds the median itself."""
    pairs = len(levels) // 2
    alpha = 2.0 * levels[:pairs]
    scores = scoringrules.interval_score(y, q[:, :pairs], q[:, : -1 - pairs : -1], alpha)
    return (np.abs(y - q[:, pairs]) / 2.0 + np.sum(scores * alpha / 2.0, axis=1)) / (pairs + 0.5)


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "interval_score": (lambda y, ends, alpha: scoringrules.interval_score(y, ends[:, 0], ends[:, 1], alpha),),
    "weighted_interval_score": (_weighted_intervals, _pinball),
    "crps_quantile": (lambda y, q, levels: scoringrules.crps_quantile(y, q, levels, backend="numpy"), _pinball),
}


def _interval(y: Array, ends: Array, alpha: float) -> Array:
    missed = anp.maximum(0.0, anp.maximum(ends[:, 0] - y, y - ends[:, 1]))
    return ends[:, 1] - ends[:, 0] + 2.0 / alpha * missed


def _checked(y: Array, q: Array, levels: Array) -> Array:
    r = y[:, None] - q
    return 2.0 * anp.mean(anp.maximum(levels * r, (levels - 1.0) * r), axis=1)


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "interval_score": _interval,
    "weighted_interval_score": _checked,
    "crps_quantile": _checked,
}
