"""Formulas in mpmath of the regression and robust losses beyond the first four."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Formula = Callable[..., Number]


def _quantile(y: Number, yhat: Number, tau: Number) -> Number:
    r = yhat - y
    return (1 - tau) * r if r > 0 else -tau * r


def _expectile(y: Number, yhat: Number, tau: Number) -> Number:
    r = yhat - y
    return (1 - tau) * r * r if r > 0 else tau * r * r


def precisely(formula: Formula) -> Formula:
    """Give a formula that cancels the digits it needs: as many more as the residual has zeros, twice."""

    def rich(y: Number, yhat: Number, **params: Number) -> Number:
        r = abs(yhat - y)
        zeros = int(-mp.log10(r)) if 0 < r < 1 else 0
        with mp.workdps(mp.dps + 10 + 2 * zeros):
            return formula(r, **params)

    return rich


REGRESSION: Mapping[str, Formula] = {
    "half_mse": lambda y, yhat: (yhat - y) ** 2 / 2,
    "rmse": lambda y, yhat: (yhat - y) ** 2,
    "epsilon_insensitive": lambda y, yhat, epsilon: max(0, abs(yhat - y) - epsilon),
    "squared_epsilon_insensitive": lambda y, yhat, epsilon: max(0, abs(yhat - y) - epsilon) ** 2,
    "quantile": _quantile,
    "expectile": _expectile,
    "log_cosh": precisely(lambda r: mp.log(mp.cosh(r)) if r < 1000 else r - mp.log(2)),
    "pseudo_huber": precisely(lambda r, delta: delta**2 * (mp.sqrt(1 + (r / delta) ** 2) - 1)),
    "fair": precisely(lambda r, c: c**2 * (r / c - mp.log(1 + r / c))),
    "cauchy": precisely(lambda r, c: c**2 / 2 * mp.log(1 + (r / c) ** 2)),
    "geman_mcclure": lambda y, yhat, c: (yhat - y) ** 2 / 2 / (1 + ((yhat - y) / c) ** 2),
    "welsch": precisely(lambda r, c: c**2 / 2 * (1 - mp.exp(-((r / c) ** 2)))),
    "tukey": precisely(lambda r, c: c**2 / 6 * (1 - (1 - min(1, (r / c) ** 2)) ** 3)),
    "andrew": precisely(lambda r, a: a**2 * (1 - mp.cos(min(r / a, mp.pi)))),
}
