"""Formulas in mpmath of forecasts by intervals and quantiles; see `tests.oracles.formulas`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Vector = Sequence[Number]


def _interval_score(y: Number, ends: Vector, alpha: Number) -> Number:
    lower, upper = ends
    return upper - lower + 2 / alpha * max(0, lower - y, y - upper)


def _weighted_interval_score(y: Number, q: Vector, levels: Vector) -> Number:
    pairs = len(q) // 2
    total = abs(y - q[pairs]) / 2
    for k in range(pairs):
        alpha = 2 * levels[k]
        total += alpha / 2 * _interval_score(y, [q[k], q[-1 - k]], alpha)
    return total / (pairs + mp.mpf(0.5))


def _crps_quantile(y: Number, q: Vector, levels: Vector) -> Number:
    return 2 * mp.fsum(max(tau * (y - a), (1 - tau) * (a - y)) for a, tau in zip(q, levels, strict=True)) / len(q)


QUANTILES: Mapping[str, Callable[..., Number]] = {
    "interval_score": _interval_score,
    "weighted_interval_score": _weighted_interval_score,
    "crps_quantile": _crps_quantile,
}
