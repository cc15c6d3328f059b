"""Formulas in mpmath of the losses of forecasts that are a location and a scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Formula = Callable[..., Number]
Pair = Sequence[Number]

FAR = 10_000
"""Standard deviations beyond which a hundred digits are too few for a normal distribution, and mpmath too slow."""


def standard(y: Number, forecast: Pair) -> tuple[Number, Number]:
    """Return z and the scale."""
    location, scale = forecast
    return (location - y) / scale, scale


def _gaussian_nll(y: Number, forecast: Pair, *, full: bool, variance: bool) -> Number:
    location, second = forecast
    scale = mp.sqrt(second) if variance else second
    return ((location - y) / scale) ** 2 / 2 + mp.log(scale) + (mp.log(2 * mp.pi) / 2 if full else 0)


def _crps_normal(y: Number, forecast: Pair) -> Number:
    z, scale = standard(y, forecast)
    z = abs(z)
    if z > FAR:
        return scale * (z - 1 / mp.sqrt(mp.pi))
    return scale * (z * (2 * mp.ncdf(z) - 1) + 2 * mp.npdf(z) - 1 / mp.sqrt(mp.pi))


def _laplace_nll(y: Number, forecast: Pair) -> Number:
    z, scale = standard(y, forecast)
    return abs(z) + mp.log(2 * scale)


def _softened(z: Number) -> Number:
    """Return |z| + 2 ln(1 + e^(−|z|))."""
    return abs(z) + (2 * mp.log1p(mp.exp(-abs(z))) if abs(z) < FAR else 0)


def _logistic_nll(y: Number, forecast: Pair) -> Number:
    z, scale = standard(y, forecast)
    return _softened(z) + mp.log(scale)


def _crps_laplace(y: Number, forecast: Pair) -> Number:
    z, scale = standard(y, forecast)
    return scale * (abs(z) + (mp.exp(-abs(z)) if abs(z) < FAR else 0) - mp.mpf(3) / 4)


def _crps_logistic(y: Number, forecast: Pair) -> Number:
    z, scale = standard(y, forecast)
    return scale * (_softened(z) - 1)


def _lognormal_nll(y: Number, forecast: Pair) -> Number:
    return _gaussian_nll(mp.log(y), forecast, full=True, variance=False) + mp.log(y)


def _student_t_nll(y: Number, forecast: Pair, df: Number) -> Number:
    z, scale = standard(y, forecast)
    log = mp.log(scale * mp.sqrt(df * mp.pi)) + mp.loggamma(df / 2) - mp.loggamma((df + 1) / 2)
    return (df + 1) / 2 * mp.log1p(z**2 / df) + log


def within_student(a: Number, df: Number) -> Number:
    """Return P(|T| ≤ a): the incomplete beta function, of the smaller of its arguments."""
    y = df / (df + a**2)
    if y > mp.mpf(1) / 2:
        return mp.betainc(mp.mpf(1) / 2, df / 2, 0, 1 - y, regularized=True)
    return 1 - mp.betainc(df / 2, mp.mpf(1) / 2, 0, y, regularized=True)


def _crps_student_t(y: Number, forecast: Pair, df: Number) -> Number:
    z, scale = standard(y, forecast)
    z, half = abs(z), mp.mpf(1) / 2
    density = (1 + z**2 / df) ** (-(df + 1) / 2) / (mp.sqrt(df) * mp.beta(half, df / 2))
    least = 2 * mp.sqrt(df) / (df - 1) * mp.beta(half, df - half) / mp.beta(half, df / 2) ** 2
    return scale * (z * within_student(z, df) + 2 * density * (df + z**2) / (df - 1) - least)


FORECAST: Mapping[str, Formula] = {
    "gaussian_nll": _gaussian_nll,
    "laplace_nll": _laplace_nll,
    "logistic_nll": _logistic_nll,
    "dawid_sebastiani": lambda y, forecast: 2 * _gaussian_nll(y, forecast, full=False, variance=False),
    "crps_normal": _crps_normal,
    "lognormal_nll": _lognormal_nll,
    "student_t_nll": _student_t_nll,
    "crps_student_t": _crps_student_t,
    "crps_laplace": _crps_laplace,
    "crps_logistic": _crps_logistic,
}
