"""Formulas in mpmath of the regression and robust losses beyond the first four."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    """Return a formula that cancels the digits it needs: as many more as the residual has zeros, twice."""

    def rich(y: Number, yhat: Number, **params: Number) -> Number:
        r = abs(yhat - y)
        zeros = int(-mp.log10(r)) if 0 < r < 1 else 0
        with mp.workdps(mp.dps + 10 + 2 * zeros):
            return formula(r, **params)

    return rich


def _barron(r: Number, alpha: Number, c: Number) -> Number:
    t = r / c
    if alpha == 2:
        return t**2 / 2
    if alpha == 0:
        return mp.log(1 + t**2 / 2)
    b = abs(alpha - 2)
    return b / alpha * ((1 + t**2 / b) ** (alpha / 2) - 1)


def _hampel(r: Number, a: Number, b: Number, c: Number) -> Number:
    if r <= a:
        return r**2 / 2
    if r <= b:
        return a * r - a**2 / 2
    return a * (b + c - a) / 2 - a * (c - min(r, c)) ** 2 / (2 * (c - b))


def _linex(y: Number, yhat: Number, a: Number) -> Number:
    x = a * (yhat - y)
    if x > 1000:
        return mp.inf
    zeros = int(-mp.log10(abs(x))) if 0 < abs(x) < 1 else 0
    with mp.workdps(mp.dps + 10 + 2 * zeros):
        return (mp.exp(x) if x > -1000 else 0) - x - 1


def _wmape(ys: Sequence[Number], yhats: Sequence[Number]) -> Number:
    return mp.fsum(abs(yhat - y) for y, yhat in zip(ys, yhats, strict=True)) / mp.fsum(abs(y) for y in ys)


def _mase(ys: Sequence[Number], yhats: Sequence[Number], period: int) -> Number:
    naive = [abs(y - past) for past, y in zip(ys, ys[period:], strict=False)]
    return mp.fsum(abs(yhat - y) for y, yhat in zip(ys, yhats, strict=True)) * len(naive) / mp.fsum(naive) / len(ys)


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
    "hampel": precisely(_hampel),
    "trimmed": lambda y, yhat, c: min(abs(yhat - y), c) ** 2 / 2,
    "barron": precisely(_barron),
    "mape": lambda y, yhat: abs((yhat - y) / y),
    "wmape": _wmape,
    "mase": _mase,
    "smape": lambda y, yhat: 2 * abs(yhat - y) / (abs(y) + abs(yhat)) if y or yhat else mp.mpf(0),
    "msle": lambda y, yhat: (mp.log1p(yhat) - mp.log1p(y)) ** 2,
    "rmsle": lambda y, yhat: (mp.log1p(yhat) - mp.log1p(y)) ** 2,
    "linex": _linex,
}
