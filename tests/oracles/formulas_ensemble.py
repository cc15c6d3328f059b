"""Formulas in mpmath of ensemble forecasts; see `tests.oracles.formulas`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Vector = Sequence[Number]

_ENOUGH = 80
"""More digits than there are between the largest and the smallest number of a row, twice."""


def _vectors(y: Number | Vector, members: Vector) -> tuple[Vector, list[Vector]]:
    target = y if isinstance(y, list) else [y]
    return target, [members[at : at + len(target)] for at in range(0, len(members), len(target))]


def _distance(one: Vector, other: Vector) -> Number:
    return mp.sqrt(mp.fsum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


def _energy_score(y: Number | Vector, members: Vector, estimator: str) -> Number:
    with mp.extradps(_ENOUGH):
        target, x = _vectors(y, members)
        among = mp.fsum(_distance(a, b) for a in x for b in x)
        pairs = len(x) * (len(x) - 1) if estimator == "fair" else len(x) ** 2
        return mp.fsum(_distance(a, target) for a in x) / len(x) - among / 2 / pairs


def _crps(y: Number, members: Vector, estimator: str) -> Number:
    with mp.extradps(_ENOUGH):
        among = mp.fsum(abs(a - b) for a in members for b in members)
        pairs = len(members) * (len(members) - 1) if estimator == "fair" else len(members) ** 2
        return mp.fsum(abs(a - y) for a in members) / len(members) - among / 2 / pairs


def _variogram_score(y: Vector, members: Vector, p: Number) -> Number:
    with mp.extradps(_ENOUGH):
        target, x = _vectors(y, members)
        places = range(len(target))
        return mp.fsum(
            ((mp.fsum(abs(a[i] - a[j]) ** p for a in x) - len(x) * abs(target[i] - target[j]) ** p) / len(x)) ** 2 * 2
            for i in places
            for j in places
            if i < j
        )


ENSEMBLE: Mapping[str, Callable[..., Number]] = {
    "crps_ensemble": _crps,
    "energy_score": _energy_score,
    "variogram_score": _variogram_score,
}
