"""The regression and robust losses beyond the first four in other libraries, and in autograd's NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from scipy import optimize, special
from sklearn import metrics

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def _by_row(measure: Callable[..., float], transform: Callable[[Array], Array] | None = None, **names: str) -> Oracle:
    """Call a measure of scikit-learn on each row, with parameters under its names for them.

    Its logarithmic error refuses targets below 0, so that the squared error of a `transform` stands for it there.
    """

    def rows(target: Array, prediction: Array, **params: float) -> Array:
        named = {names.get(name, name): value for name, value in params.items()}
        columns = [values if transform is None else transform(values) for values in (target, prediction)]
        return np.array([measure([y], [yhat], **named) for y, yhat in zip(*columns, strict=True)])

    return rows


def _least_squares(loss: str) -> Oracle:
    """Return the cost that scipy.optimize.least_squares reports where the residual does not depend on anything."""

    def rows(target: Array, prediction: Array, **params: float) -> Array:
        (scale,) = params.values()
        return np.array(
            [
                optimize.least_squares(lambda x, r=r: np.array([r]) + 0.0 * x, [0.0], loss=loss, f_scale=scale).cost
                for r in prediction - target
            ]
        )

    return rows


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "half_mse": (lambda y, yhat: _by_row(metrics.mean_squared_error)(y, yhat) / 2.0,),
    "rmse": (_by_row(metrics.mean_squared_error),),
    "epsilon_insensitive": (),
    "squared_epsilon_insensitive": (),
    "quantile": (_by_row(metrics.mean_pinball_loss, tau="alpha"),),
    "expectile": (),
    "log_cosh": (lambda y, yhat: special.logsumexp([yhat - y, y - yhat], axis=0, b=0.5),),
    "pseudo_huber": (lambda y, yhat, delta: special.pseudo_huber(delta, yhat - y),),
    "fair": (lambda y, yhat, c: -(c**2) * (special.log1p(abs(yhat - y) / c) - abs(yhat - y) / c),),
    "cauchy": (_least_squares("cauchy"),),
    "geman_mcclure": (),
    "welsch": (),
    "tukey": (),
    "andrew": (),
    "hampel": (),
    "trimmed": (),
    "barron": (),
    "mape": (_by_row(metrics.mean_absolute_percentage_error),),
    "wmape": (lambda ys, yhats: metrics.mean_absolute_error(ys, yhats) / np.mean(np.abs(ys)),),
    "mase": (
        lambda ys, yhats, period: (
            metrics.mean_absolute_error(ys, yhats) / metrics.mean_absolute_error(ys[period:], ys[:-period])
        ),
    ),
    "smape": (),
    "msle": (_by_row(metrics.mean_squared_error, transform=np.log1p),),
    "rmsle": (_by_row(metrics.mean_squared_error, transform=np.log1p),),
    "linex": (lambda y, yhat, a: special.expm1(a * (yhat - y)) - a * (yhat - y),),
}


def _expectile(y: Array, yhat: Array, tau: float) -> Array:
    return anp.where(yhat > y, 1.0 - tau, tau) * (yhat - y) ** 2


def _tukey(y: Array, yhat: Array, c: float) -> Array:
    t = (yhat - y) / c
    return c**2 / 6.0 * (1.0 - anp.where(anp.abs(t) < 1.0, 1.0 - t**2, 0.0) ** 3)


def _andrew(y: Array, yhat: Array, a: float) -> Array:
    t = anp.abs(yhat - y) / a
    return a**2 * (1.0 - anp.cos(anp.where(t < anp.pi, t, anp.pi)))


def _hampel(y: Array, yhat: Array, a: float, b: float, c: float) -> Array:
    r = anp.abs(yhat - y)
    falling = a * (b + c - a) / 2.0 - a * anp.where(r < c, c - r, 0.0) ** 2 / (2.0 * (c - b))
    return anp.where(r <= a, r**2 / 2.0, anp.where(r <= b, a * r - a**2 / 2.0, falling))


def _barron(y: Array, yhat: Array, alpha: float, c: float) -> Array:
    square = ((yhat - y) / c) ** 2
    if alpha == 0.0:
        return anp.log1p(square / 2.0)
    return (2.0 - alpha) / alpha * ((1.0 + square / (2.0 - alpha)) ** (alpha / 2.0) - 1.0)


def _smape(y: Array, yhat: Array) -> Array:
    """Write the constant of opposite signs as such: a quotient there has a slope that is only nearly 0."""
    return anp.where(y * yhat > 0.0, 2.0 * anp.abs(yhat - y) / (anp.abs(y) + anp.abs(yhat)), 2.0)


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "half_mse": lambda y, yhat: (yhat - y) ** 2 / 2.0,
    "rmse": lambda y, yhat: (yhat - y) ** 2,
    "epsilon_insensitive": lambda y, yhat, epsilon: anp.maximum(0.0, anp.abs(yhat - y) - epsilon),
    "squared_epsilon_insensitive": lambda y, yhat, epsilon: anp.maximum(0.0, anp.abs(yhat - y) - epsilon) ** 2,
    "quantile": lambda y, yhat, tau: anp.maximum((1.0 - tau) * (yhat - y), tau * (y - yhat)),
    "expectile": _expectile,
    "log_cosh": lambda y, yhat: anp.log(anp.cosh(yhat - y)),
    "pseudo_huber": lambda y, yhat, delta: delta**2 * (anp.sqrt(1.0 + ((yhat - y) / delta) ** 2) - 1.0),
    "fair": lambda y, yhat, c: c**2 * (anp.abs(yhat - y) / c - anp.log(1.0 + anp.abs(yhat - y) / c)),
    "cauchy": lambda y, yhat, c: c**2 / 2.0 * anp.log(1.0 + ((yhat - y) / c) ** 2),
    "geman_mcclure": lambda y, yhat, c: c**2 / 2.0 * (1.0 - 1.0 / (1.0 + ((yhat - y) / c) ** 2)),
    "welsch": lambda y, yhat, c: c**2 / 2.0 * (1.0 - anp.exp(-(((yhat - y) / c) ** 2))),
    "tukey": _tukey,
    "andrew": _andrew,
    "hampel": _hampel,
    "trimmed": lambda y, yhat, c: anp.minimum(anp.abs(yhat - y), c) ** 2 / 2.0,
    "barron": _barron,
    "mape": lambda y, yhat: anp.abs((yhat - y) / y),
    "wmape": lambda y, yhat: anp.sum(anp.abs(yhat - y)) / anp.sum(anp.abs(y)),
    "mase": lambda y, yhat, period: anp.mean(anp.abs(yhat - y)) / anp.mean(anp.abs(y[period:] - y[:-period])),
    "smape": _smape,
    "msle": lambda y, yhat: anp.log((1.0 + yhat) / (1.0 + y)) ** 2,
    "rmsle": lambda y, yhat: anp.log((1.0 + yhat) / (1.0 + y)) ** 2,
    "linex": lambda y, yhat, a: anp.expm1(a * (yhat - y)) - a * (yhat - y),
}
