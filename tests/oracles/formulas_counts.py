"""The formulas of counts and positive values, in mpmath; see `tests.oracles.formulas`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mpmath import mp

Number = Any

_ENOUGH = 700
"""Digits with which 1 + αy keeps both, and y ln(y/μ) its difference from μ, for y and μ of 1e±300."""


def _generalized_kl(y: Number, mu: Number) -> Number:
    with mp.extradps(_ENOUGH):
        return (y * mp.log(y / mu) if y else 0) - y + mu


def _itakura_saito(y: Number, mu: Number) -> Number:
    return y / mu - mp.log(y / mu) - 1


def _poisson_nll(y: Number, mu: Number, *, full: bool) -> Number:
    with mp.extradps(_ENOUGH):
        loss = mu - (y * mp.log(mu) if y else 0)
        return loss + _log_factorial(y) if full else loss


def _log_factorial(y: Number) -> Number:
    return mp.loggamma(y + 1) if y > mp.mpf("1e-40") else -mp.euler * y


def _negative_binomial(y: Number, mu: Number, alpha: Number) -> Number:
    if not alpha:
        return 2 * _generalized_kl(y, mu)
    with mp.extradps(_ENOUGH):
        rest = (y + 1 / alpha) * (mp.log1p(alpha * mu) - mp.log1p(alpha * y))
        return 2 * ((y * mp.log(y / mu) if y else 0) + rest)


def _tweedie(y: Number, mu: Number, power: Number) -> Number:
    if y == mu:  # of terms of 1e5000 no number of digits would leave 0
        return mp.mpf(0)
    zeros = max(0, int(-mp.log10(abs(y - mu) / mu)))
    with mp.extradps(40 + 2 * zeros):  # the square of the difference is what three powers leave, over b(b − 1)
        b = 2 - power
        if power == 1:
            return 2 * _generalized_kl(y, mu)
        if not y:
            return 2 * mu**b / b if b > 0 else mp.inf
        if power == 2:
            return 2 * _itakura_saito(y, mu)
        return 2 * (y**b / (b * (b - 1)) - y * mu ** (b - 1) / (b - 1) + mu**b / b)


COUNTS: Mapping[str, Callable[..., Number]] = {
    "poisson_nll": _poisson_nll,
    "poisson_nll_with_log_rate": lambda y, s, full: _log_rate(y, s, full=full),
    "poisson_deviance": lambda y, mu: 2 * _generalized_kl(y, mu),
    "gamma_deviance": lambda y, mu: 2 * _itakura_saito(y, mu),
    "inverse_gaussian_deviance": lambda y, mu: (y - mu) ** 2 / (mu**2 * y),
    "tweedie_deviance": _tweedie,
    "negative_binomial_deviance": _negative_binomial,
    "itakura_saito": _itakura_saito,
    "generalized_kl": _generalized_kl,
}


def _log_rate(y: Number, s: Number, *, full: bool) -> Number:
    if s > mp.mpf(10) ** 6:
        return mp.inf
    with mp.extradps(_ENOUGH):
        loss = mp.exp(max(s, -(mp.mpf(10) ** 6))) - y * s
        return loss + _log_factorial(y) if full else loss
