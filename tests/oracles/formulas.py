"""The formula of every loss again, as plainly as mpmath can say it: the independent half of the oracle tests.

A formula takes one row (numbers, or lists for vectors; None where the loss does not use a column) and gives its loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

from tests.oracles.formulas_binary import BINARY
from tests.oracles.formulas_counts import COUNTS
from tests.oracles.formulas_divergence import DIVERGENCE
from tests.oracles.formulas_ensemble import ENSEMBLE
from tests.oracles.formulas_forecast import FORECAST
from tests.oracles.formulas_multiclass import MULTICLASS
from tests.oracles.formulas_quantiles import QUANTILES
from tests.oracles.formulas_ranking import RANKING
from tests.oracles.formulas_regression import REGRESSION
from tests.oracles.formulas_vectors import EMBEDDINGS

Number = Any  # mpmath's types are not published
Formula = Callable[..., Number]


def _huber(y: Number, yhat: Number, delta: Number) -> Number:
    r = abs(yhat - y)
    return r * r / 2 if r < delta else delta * (r - delta / 2)


def _smooth_l1(y: Number, yhat: Number, beta: Number) -> Number:
    return _huber(y, yhat, beta) / beta if beta else abs(yhat - y)


def _self_information(_: None, q: Number, base: Number) -> Number:
    return -mp.log(q) / mp.log(base) if q else mp.inf


def _cross_entropy(p: Sequence[Number], q: Sequence[Number], base: Number) -> Number:
    if any(b == 0 < a for a, b in zip(p, q, strict=True)):
        return mp.inf
    return -mp.fsum(a * mp.log(b) for a, b in zip(p, q, strict=True) if a) / mp.log(base)


def _kl_divergence(p: Sequence[Number], q: Sequence[Number], base: Number) -> Number:
    if any(b == 0 < a for a, b in zip(p, q, strict=True)):
        return mp.inf
    return mp.fsum(a * mp.log(a / b) for a, b in zip(p, q, strict=True) if a) / mp.log(base)


FORMULAS: Mapping[str, Formula] = {
    "mae": lambda y, yhat: abs(yhat - y),
    "smooth_l1": _smooth_l1,
    "huber": _huber,
    "mse": lambda y, yhat: (yhat - y) ** 2,
    **REGRESSION,
    **BINARY,
    **COUNTS,
    **MULTICLASS,
    **QUANTILES,
    **ENSEMBLE,
    **EMBEDDINGS,
    **RANKING,
    "self_information": _self_information,
    "entropy": lambda p, _, base: _cross_entropy(p, p, base),
    "cross_entropy": _cross_entropy,
    "kl_divergence": _kl_divergence,
    **DIVERGENCE,
    **FORECAST,
}
