"""Ensemble forecasts as scoringrules and SciPy score them; see `tests.oracles.libraries`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
import scoringrules
from scipy import stats

from lossctl.core.types import Array

Oracle = Callable[..., Array]

_NAMES = {"standard": "nrg", "fair": "fair"}


def _members(y: Array, x: Array) -> Array:
    return x.reshape(len(y), -1, y.shape[1])


def _crps(y: Array, x: Array, estimator: str) -> Array:
    return scoringrules.crps_ensemble(y, x, estimator=_NAMES[estimator], backend="numpy")


def _energy_distance(y: Array, x: Array, estimator: str) -> Array:
    """Take half of the square of SciPy's distance between the members and the target; plus the spread, if fair."""
    half = np.array([0.5 * stats.energy_distance(row, [one]) ** 2 for one, row in zip(y, x, strict=True)])
    members = x.shape[1]
    spread = np.abs(x[:, :, None] - x[:, None, :]).sum(axis=(1, 2)) / 2.0
    return half + (spread / members**2 - spread / (members * (members - 1)) if estimator == "fair" else 0.0)


def _energy(y: Array, x: Array, estimator: str) -> Array:
    return scoringrules.es_ensemble(y, _members(y, x), estimator=_NAMES[estimator], backend="numpy")


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "crps_ensemble": (_crps, _energy_distance),
    "energy_score": (_energy,),
    "variogram_score": (lambda y, x, p: scoringrules.vs_ensemble(y, _members(y, x), p=p, backend="numpy"),),
}


def _pairs(members: int, estimator: str) -> int:
    return members * (members - 1) if estimator == "fair" else members**2


def _crps_terms(y: Array, x: Array, estimator: str) -> Array:
    members = x.shape[1]
    among = sum(anp.abs(x[:, i] - x[:, j]) for i in range(members) for j in range(i))
    return anp.mean(anp.abs(x - y[:, None]), axis=1) - among / _pairs(members, estimator)


def _length(vectors: Array) -> Array:
    return anp.sqrt(anp.sum(vectors**2, axis=1))


def _energy_terms(y: Array, x: Array, estimator: str) -> Array:
    width = y.shape[1]
    members = [x[:, at : at + width] for at in range(0, x.shape[1], width)]
    among = sum(_length(members[i] - members[j]) for i in range(len(members)) for j in range(i))
    return sum(_length(one - y) for one in members) / len(members) - among / _pairs(len(members), estimator)


def _variogram_terms(y: Array, x: Array, p: float) -> Array:
    width = y.shape[1]
    members = [x[:, at : at + width] for at in range(0, x.shape[1], width)]
    total = 0.0
    for i in range(width):
        for j in range(i):
            mean = sum(anp.abs(one[:, i] - one[:, j]) ** p for one in members) / len(members)
            total = total + 2.0 * (mean - anp.abs(y[:, i] - y[:, j]) ** p) ** 2
    return total


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "crps_ensemble": _crps_terms,
    "energy_score": _energy_terms,
    "variogram_score": _variogram_terms,
}
