"""What tests of every loss share: parameters to try and inputs to feed it, both read from its row.

A new kind of input needs one function here; a new loss of a known kind needs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import (
    BINARY,
    NONNEGATIVE,
    PROBABILITY,
    REAL_LINE,
    ChosenLoss,
    Domain,
    Kind,
    Loss,
    Param,
    Role,
    Value,
)
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from tests import generators_ensemble as ensemble
from tests import generators_grouped as grouped
from tests import generators_parametric as parametric
from tests import generators_quantiles as quantiles
from tests import generators_vectors as vectors
from tests.sample import Sample

Rng = np.random.Generator

_NUMBERS = (0.0, 0.37, 1.0, 2.6, 23.0)
_COLUMNS = 5


def settings_of(loss: Loss) -> list[ChosenLoss]:
    """Choose the loss with its defaults, and with each parameter in turn at other values of its domain."""
    varied = [{}, *({param.name: value} for param in loss.params for value in _values(param))]
    chosen = [loss.choose(**one) for one in varied if _goes_together(loss, one)]
    return list({one.label: one for one in chosen}.values())


def _goes_together(loss: Loss, values: Mapping[str, Value]) -> bool:
    if loss.check is None:
        return True
    try:
        loss.check(**({param.name: param.default for param in loss.params} | dict(values)))
    except UsageError:
        return False
    return True


def _values(param: Param) -> list[Value]:
    if isinstance(param.default, bool):
        return [True, False]
    if isinstance(param.default, str):
        return list(param.choices)
    ends = [param.domain.low] if param.domain.low == -1.0 else []
    numbers = [*_NUMBERS, *ends]
    if isinstance(param.default, int):
        numbers = [param.default + 1, param.default + 3]
    return [*(number for number in numbers if param.domain.contains(np.array(number))), *param.constants.values()]


EVERY = [chosen for loss in LOSSES.values() for chosen in settings_of(loss)]
"""Every loss with several values of its parameters."""

CASES = [chosen for chosen in EVERY if chosen.loss.parts == 1]
"""Those that give each row its loss."""

WHOLES = [chosen for chosen in EVERY if chosen.loss.parts > 1]
"""Those that give a value to all rows together, out of the means of several parts."""

LABELS = [chosen.label for chosen in CASES]


def whole(chosen: ChosenLoss, sample: Sample) -> tuple[float, Array]:
    """Return the value of a loss of several parts, and its gradient by each prediction."""
    parts, slopes = sample.compute(chosen)
    value, derivatives = chosen.finish(tuple(float(part.mean()) for part in parts))
    return value, np.tensordot(derivatives, slopes, axes=1) / parts.shape[1]


def uses(chosen: ChosenLoss, role: Role) -> bool:
    return role in chosen.loss.roles


def fact(chosen: ChosenLoss, name: str, sample: Sample) -> Any:
    """Return a fact for a prediction of as many columns as the sample's."""
    values = sample.target if sample.prediction is None else sample.prediction
    assert values is not None
    return chosen.fact(name, None if values.ndim == 1 else values.shape[1])


def everyday(loss: Loss, rng: Rng, rows: int = 200) -> Sample:
    """Draw inputs in general position, of the size people have."""
    return _everyday_of[loss.kind](loss, rng, rows)


def extreme(loss: Loss, rng: Rng, rows: int = 400) -> Sample:
    """Draw inputs over the whole range of float64, and the ends of the domains."""
    return _extreme_of[loss.kind](loss, rng, rows)


def far(loss: Loss, rng: Rng, rows: int = 2000) -> Sample:
    """Draw ordinary targets with predictions from very near to very far, where slopes are largest."""
    sample = everyday(loss, rng, rows)
    if loss.task == "relative" and sample.target is not None:
        sample.target[: rows // 10] *= 1e-9
    return sample.with_prediction(_far_of[loss.kind](loss, sample, rng))


def somewhere(loss: Loss) -> float:
    """Return a target in the domain: 0 where that is one like any other."""
    assert loss.target is not None, loss.id
    return 0.0 if loss.target.contains_all(np.zeros(1)) and loss.task != "relative" else 1.0


FAR = 30.0
"""A score that is far on its right side: past every margin that is tried, and not past every float64 when raised."""


def at_target(loss: Loss, sample: Sample, ahead: float = FAR) -> Sample:
    """Make the prediction the target: of a label certain of it, or by scores so far ahead; see `Facts`."""
    if loss.task == "embeddings" and loss.kind is Kind.VECTORS:
        return vectors.at_target(loss, sample, ahead)
    return sample.with_prediction(_at_target(loss, sample, sample.target, ahead))


def _at_target(loss: Loss, sample: Sample, target: Array | None, ahead: float) -> Array:  # noqa: PLR0911 -- one a kind
    assert target is not None, loss.id
    if loss.kind is Kind.MULTICLASS:
        return _certain(loss, target, ahead)
    if loss.kind is Kind.BINARY and loss.prediction == NONNEGATIVE:
        return ahead * (1.0 - target)  # the distance of a pair that is similar or not
    if loss.task == "multilabel" or (loss.kind is Kind.BINARY and loss.prediction == REAL_LINE):
        return ahead * (2.0 * target - 1.0)
    if loss.kind is Kind.GROUPED:
        return grouped.at_target(loss, sample, ahead)
    if loss.kind is Kind.PARAMETRIC:
        return parametric.at_target(loss, sample)
    if loss.kind is Kind.ENSEMBLE:
        return ensemble.at_target(sample)
    if loss.kind in {Kind.INTERVAL, Kind.QUANTILES}:
        return quantiles.at_target(loss, sample)
    if loss.kind is Kind.REAL and loss.facts.symmetric is None:  # on another scale: the logarithm
        return np.log(target)
    return target.copy()


def _certain(loss: Loss, target: Array, ahead: float) -> Array:
    classes = np.arange(_COLUMNS)
    if not loss.thresholds:
        return (target[:, None] == classes) * (1.0 if loss.prediction == PROBABILITY else ahead)
    passed = np.where(target[:, None] > classes, ahead, -ahead)
    return passed if loss.id == "coral" else -passed


def column(domain: Domain | None, make: Callable[[Domain], Array]) -> Array | None:
    return None if domain is None else make(domain)


def _ordinary(domain: Domain, rng: Rng, rows: int) -> Array:
    if math.isinf(domain.low) and math.isinf(domain.high):
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
    if target is not None and prediction is not None:
        near = slice(rows // 2, None)
        nudge = np.where(rng.random(rows) < 0.3, 0.0, rng.normal(size=rows) * 10.0 ** rng.uniform(-16, -1, rows))
        close = (target * (1.0 + nudge))[near]
        prediction[near] = np.where(loss.prediction.contains(close), close, prediction[near])
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
    if math.isfinite(loss.prediction.low):  # near the end of the domain too
        prediction[::2] = loss.prediction.low + np.abs(size[::2])
    return np.where(loss.prediction.contains(prediction), prediction, sample.target)


def _far_distribution(_: Loss, sample: Sample, rng: Rng) -> Array:
    assert sample.prediction is not None
    weights = sample.prediction ** rng.uniform(0.0, 12.0, (len(sample.prediction), 1))
    return weights / weights.sum(axis=1, keepdims=True)


def _labels(loss: Loss, rng: Rng, rows: int) -> Array:
    """Draw classes: as many as columns, and one more where the columns are thresholds between them."""
    thresholds = loss.task == "ordinal" and loss.prediction == REAL_LINE
    return rng.integers(0, _COLUMNS + thresholds, rows).astype(float)


def _in_order(loss: Loss, scores: Array) -> Array:
    return np.sort(scores, axis=1) if loss.task == "ordinal" else scores


def _multiclass(loss: Loss, rng: Rng, rows: int) -> Sample:
    if loss.prediction == PROBABILITY:
        return Sample(_labels(loss, rng, rows), _distribution(loss, rng, rows).prediction)
    return Sample(_labels(loss, rng, rows), _in_order(loss, rng.normal(0.3, 3.0, (rows, _COLUMNS))))


def _scores_extreme(rng: Rng, rows: int) -> Array:
    """Scores of every size; many that tie, or differ by nearly 1 or by nearly nothing."""
    size = 10.0 ** rng.uniform(-300, 300, (rows, _COLUMNS)) * rng.choice([-1.0, 1.0], (rows, _COLUMNS))
    usual = rng.normal(size=(rows, _COLUMNS)) * 10.0 ** rng.uniform(-3, 3, (rows, 1))
    nudge = rng.normal(size=(rows, _COLUMNS)) * 10.0 ** rng.uniform(-18, -1, (rows, 1))
    near = usual[:, :1] + rng.choice([-1.0, 0.0, 1.0], (rows, _COLUMNS)) + nudge
    tied = rng.choice([-1.0, -0.0, 0.0, 1.0, 1000.0], (rows, _COLUMNS))
    kind = rng.integers(0, 8, rows)[:, None]
    return np.select([kind < 1, kind < 4, kind < 7], [size, usual, near], tied)


def _multiclass_extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    label = _labels(loss, rng, rows)
    if loss.prediction != PROBABILITY:
        return Sample(label, _in_order(loss, _scores_extreme(rng, rows)))
    prediction = _distribution_extreme(loss, rng, rows).prediction
    assert prediction is not None
    label[:2], prediction[:2] = [0.0, _COLUMNS - 1.0], np.eye(_COLUMNS)[[_COLUMNS - 1, 0]]
    return Sample(label, prediction)


def _far_multiclass(loss: Loss, sample: Sample, rng: Rng) -> Array:
    """Probabilities down to nothing; scores of every size, and pairs far above the rest, near and far apart."""
    assert sample.prediction is not None
    assert sample.target is not None
    rows = len(sample.prediction)
    if loss.prediction == PROBABILITY:
        weights = (sample.prediction / sample.prediction.max(axis=1, keepdims=True)) ** (
            10.0 ** rng.uniform(-1, 2, (rows, 1))
        )
        return weights / weights.sum(axis=1, keepdims=True)
    scores = 10.0 ** rng.uniform(-12, 9, (rows, 1)) * rng.normal(size=sample.prediction.shape)
    if loss.task == "ordinal":
        return np.sort(scores, axis=1)
    pairs = np.arange(0, rows, 2)
    scores[pairs], label = 0.0, sample.target[pairs].astype(int)
    scores[pairs, label] = 40.0
    scores[pairs, (label + 1) % _COLUMNS] = 40.0 + np.where(
        rng.random(len(pairs)) < 0.5, rng.uniform(-4, 4, len(pairs)), 0.0
    )
    return scores


def _multilabel(loss: Loss, rng: Rng, rows: int) -> Sample:
    assert loss.target == BINARY, loss.id
    label = rng.integers(0, 2, (rows, _COLUMNS)).astype(float)
    return Sample(label, rng.normal(0.3, 3.0, (rows, _COLUMNS)))


def _multilabel_extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    return Sample(_multilabel(loss, rng, rows).target, _scores_extreme(rng, rows))


def _far_multilabel(_: Loss, sample: Sample, rng: Rng) -> Array:
    assert sample.prediction is not None
    return 10.0 ** rng.uniform(-12, 9, (len(sample.prediction), 1)) * rng.normal(size=sample.prediction.shape)


def _binary(loss: Loss, rng: Rng, rows: int) -> Sample:
    assert loss.prediction is not None
    return Sample(rng.integers(0, 2, rows).astype(float), _ordinary(loss.prediction, rng, rows))


def _binary_extreme(loss: Loss, rng: Rng, rows: int) -> Sample:
    """Half of the rows at the ends or of any size, probabilities near 1 and usual logits; each with both labels"""
    assert loss.prediction is not None
    half = rows - rows // 2
    prediction = _ranging(loss.prediction, rng, half)
    again = np.arange(half // 2, half)
    if loss.prediction == PROBABILITY:
        prediction[again] = 1.0 - 10.0 ** rng.uniform(-17, 0, len(again))
    else:
        prediction[again] = rng.choice([-1.0, 1.0], len(again)) * 10.0 ** rng.uniform(-3, 2.8, len(again))
        near = again[::2]
        where = np.array([-1.0, 0.0, 1.0, math.tan(0.5)])[rng.integers(0, 4, len(near))]
        prediction[near] = where * (1.0 + rng.normal(size=len(near)) * 10.0 ** rng.uniform(-18, -1, len(near)))
    label = np.repeat([0.0, 1.0], half)[:rows]
    if loss.prediction == NONNEGATIVE:
        prediction = np.abs(prediction)
    order = rng.permutation(rows)
    return Sample(label[order], np.concatenate([prediction, prediction])[:rows][order])


def _far_binary(loss: Loss, sample: Sample, rng: Rng) -> Array:
    assert sample.prediction is not None
    rows = len(sample.prediction)
    if loss.prediction == PROBABILITY:
        small = 10.0 ** rng.uniform(-12, 0, rows)
        return np.select([np.arange(rows) % 3 == 0, np.arange(rows) % 3 == 1], [small, 1.0 - small], sample.prediction)
    wide = 10.0 ** rng.uniform(-12, 9, rows) * rng.choice([-1.0, 1.0], rows)
    wide = np.abs(wide) if loss.prediction == NONNEGATIVE else wide
    return np.where(np.arange(rows) % 2 == 0, wide, sample.prediction)


def _of_labels_or(labels: Callable[..., Any], vectors: Callable[..., Any]) -> Callable[..., Any]:
    """Draw for losses of vectors by what the vectors are: labels, or embeddings."""
    return lambda loss, *rest: (labels if loss.task == "multilabel" else vectors)(loss, *rest)


_Generator = Callable[[Loss, Rng, int], Sample]

_everyday_of: Mapping[Kind, _Generator] = {
    Kind.REAL: _real,
    Kind.BINARY: _binary,
    Kind.DISTRIBUTION: _distribution,
    Kind.MULTICLASS: _multiclass,
    Kind.VECTORS: _of_labels_or(_multilabel, vectors.everyday),
    Kind.PARAMETRIC: parametric.everyday,
    Kind.GROUPED: grouped.everyday,
    Kind.INTERVAL: quantiles.everyday,
    Kind.QUANTILES: quantiles.everyday,
    Kind.ENSEMBLE: ensemble.everyday,
}
_extreme_of: Mapping[Kind, _Generator] = {
    Kind.REAL: _real_extreme,
    Kind.BINARY: _binary_extreme,
    Kind.DISTRIBUTION: _distribution_extreme,
    Kind.MULTICLASS: _multiclass_extreme,
    Kind.VECTORS: _of_labels_or(_multilabel_extreme, vectors.extreme),
    Kind.PARAMETRIC: parametric.extreme,
    Kind.GROUPED: grouped.extreme,
    Kind.INTERVAL: quantiles.extreme,
    Kind.QUANTILES: quantiles.extreme,
    Kind.ENSEMBLE: ensemble.extreme,
}
_far_of: Mapping[Kind, Callable[[Loss, Sample, Rng], Array]] = {
    Kind.REAL: _far_real,
    Kind.BINARY: _far_binary,
    Kind.DISTRIBUTION: _far_distribution,
    Kind.MULTICLASS: _far_multiclass,
    Kind.VECTORS: _of_labels_or(_far_multilabel, vectors.far),
    Kind.PARAMETRIC: parametric.far,
    Kind.GROUPED: grouped.far,
    Kind.INTERVAL: quantiles.far,
    Kind.QUANTILES: quantiles.far,
    Kind.ENSEMBLE: ensemble.far,
}
