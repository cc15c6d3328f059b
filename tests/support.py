"""What tests of every loss share: parameters to try and inputs to feed it, both read from its row.

A new kind of input needs one function here; a new loss of a known kind needs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lossctl.core.loss import REAL_LINE, Array, ChosenLoss, Domain, Kind, Loss, Param, Role, Value
from lossctl.losses import LOSSES

Rng = np.random.Generator

_NUMBERS = (0.0, 0.37, 1.0, 2.6, 23.0)
_COLUMNS = 5


@dataclass(frozen=True)
class Sample:
    """Inputs of a kernel; a column the loss does not use is None."""

    target: Array | None
    prediction: Array | None

    def with_prediction(self, prediction: Array) -> Sample:
        return Sample(self.target, prediction)

    def take(self, rows: slice) -> Sample:
        cut = [None if values is None else values[rows] for values in (self.target, self.prediction)]
        return Sample(*cut)

    def compute(self, chosen: ChosenLoss) -> tuple[Array, Array]:
        return chosen.compute(self.target, self.prediction)


def settings_of(loss: Loss) -> list[ChosenLoss]:
    """Choose the loss with its defaults, and with each parameter in turn at other values of its domain."""
    varied = [{}, *({param.name: value} for param in loss.params for value in _values(param))]
    return list({chosen.label: chosen for chosen in (loss.choose(**one) for one in varied)}.values())


def _values(param: Param) -> list[Value]:
    if isinstance(param.default, bool):
        return [True, False]
    if isinstance(param.default, str):
        return list(param.choices)
    numbers = [*_NUMBERS, *param.constants.values()]
    if isinstance(param.default, int):
        numbers = [param.default + 1, param.default + 3]
    return [number for number in numbers if param.domain.contains(np.array(number))]


CASES = [chosen for loss in LOSSES.values() for chosen in settings_of(loss)]
"""Every loss with several values of its parameters."""

LABELS = [chosen.label for chosen in CASES]


def uses(chosen: ChosenLoss, role: Role) -> bool:
    return role in chosen.loss.roles


def everyday(loss: Loss, rng: Rng, rows: int = 200) -> Sample:
    """Draw inputs in general position, of the size people have."""
    return _everyday_of[loss.kind](loss, rng, rows)


def extreme(loss: Loss, rng: Rng, rows: int = 400) -> Sample:
    """Draw inputs over the whole range of float64, and the ends of the domains."""
    return _extreme_of[loss.kind](loss, rng, rows)


def far(loss: Loss, rng: Rng, rows: int = 2000) -> Sample:
    """Draw ordinary targets with predictions from very near to very far, where slopes are largest."""
    sample = everyday(loss, rng, rows)
    return sample.with_prediction(_far_of[loss.kind](loss, sample, rng))


def at_target(loss: Loss, sample: Sample) -> Sample:
    """Make the prediction the target."""
    assert sample.target is not None, loss.id
    return sample.with_prediction(sample.target.copy())


def column(domain: Domain | None, make: Callable[[Domain], Array]) -> Array | None:
    return None if domain is None else make(domain)


def _ordinary(domain: Domain, rng: Rng, rows: int) -> Array:
    if domain == REAL_LINE:
        return rng.normal(0.3, 3.0, rows)
    if math.isfinite(domain.low) and math.isfinite(domain.high):
        return domain.low + (domain.high - domain.low) * rng.uniform(0.01, 0.99, rows)
    if math.isfinite(domain.low):
        return domain.low + rng.lognormal(0.2, 1.0, rows)
    return domain.high - rng.lognormal(0.2, 1.0, rows)


def _ranging(domain: Domain, rng: Rng, rows: int) -> Array:
    size = 10.0 ** rng.uniform(-300, 300, rows)
    small = 10.0 ** rng.uniform(-320, 0, rows)
    ends = [0.0, -0.0, 5e-324, 1.0, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 1e300, -1e300]
    candidates = np.concatenate([ends, size, -size, small, -small])
    inside = candidates[domain.contains(candidates)]
    return np.concatenate([inside[: len(ends)], rng.choice(inside, rows)])[:rows]


def _real(loss: Loss, rng: Rng, rows: int) -> Sample:
    target = column(loss.target, lambda domain: _ordinary(domain, rng, rows))
    prediction = column(loss.prediction, lambda domain: _ordinary(domain, rng, rows))
    return Sample(target, prediction)


def _real_extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Half of the rows small or large at random; in the other half the prediction is at or about the target."""
    target = column(loss.target, lambda domain: rng.permutation(_ranging(domain, rng, rows)))
    prediction = column(loss.prediction, lambda domain: _ranging(domain, rng, rows))
    if target is not None and prediction is not None and loss.target == loss.prediction:
        near = slice(rows // 2, None)
        nudge = np.where(rng.random(rows) < 0.3, 0.0, rng.normal(size=rows) * 10.0 ** rng.uniform(-16, -1, rows))
        close = (target * (1.0 + nudge))[near]
        prediction[near] = np.where(loss.prediction.contains(close), close, target[near])
    return Sample(target, prediction)


def _distribution(loss: Loss, rng: Rng, rows: int) -> Sample:
    def draw(_: Domain) -> Array:
        weights = rng.gamma(0.8, size=(rows, _COLUMNS)) + 1e-3
        return weights / weights.sum(axis=1, keepdims=True)

    return Sample(column(loss.target, draw), column(loss.prediction, draw))


def _distribution_extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Distributions with tiny and zero probabilities; some certain, some equal or close to their partner."""

    def draw() -> Array:
        weights = 10.0 ** -(rng.uniform(0, 1, (rows, _COLUMNS)) * rng.choice([0.5, 10.0, 320.0], (rows, 1)))
        weights[rng.random((rows, _COLUMNS)) < 0.15] = 0.0
        weights[np.arange(rows), rng.integers(0, _COLUMNS, rows)] = 1.0
        weights[::10] = weights[::10] == 1.0
        return weights / weights.sum(axis=1, keepdims=True)

    p, q = draw(), draw()
    close = p * np.exp(rng.normal(size=p.shape) * 10.0 ** rng.uniform(-12, -0.3, (rows, 1)))
    q[::3] = (close / close.sum(axis=1, keepdims=True))[::3]
    q[::7] = p[::7]
    return Sample(column(loss.target, lambda _: p), column(loss.prediction, lambda _: q))


def _far_real(loss: Loss, sample: Sample, rng: Rng) -> Array:
    assert loss.prediction is not None
    rows = len(sample.prediction if sample.prediction is not None else ())
    size = 10.0 ** rng.uniform(-12, 9, rows) * rng.choice([-1.0, 1.0], rows)
    if sample.target is None:
        inside = size[loss.prediction.contains(size)]
        return rng.choice(inside, rows)
    prediction = sample.target + size
    return np.where(loss.prediction.contains(prediction), prediction, sample.target)


def _far_distribution(_: Loss, sample: Sample, rng: Rng) -> Array:
    assert sample.prediction is not None
    weights = sample.prediction ** rng.uniform(0.0, 12.0, (len(sample.prediction), 1))
    return weights / weights.sum(axis=1, keepdims=True)


_Generator = Callable[[Loss, Rng, int], Sample]

_everyday_of: Mapping[Kind, _Generator] = {Kind.REAL: _real, Kind.DISTRIBUTION: _distribution}
_extreme_of: Mapping[Kind, _Generator] = {Kind.REAL: _real_extreme, Kind.DISTRIBUTION: _distribution_extreme}
_far_of: Mapping[Kind, Callable[[Loss, Sample, Rng], Array]] = {
    Kind.REAL: _far_real,
    Kind.DISTRIBUTION: _far_distribution,
}
