"""Losses that are no means of rows, against independent computations of all rows together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from autograd import grad
from mpmath import mp
from numpy.testing import assert_allclose

from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from tests.each import for_each
from tests.oracles.formulas import FORMULAS
from tests.oracles.libraries import ROW_FORMULAS, VALUES
from tests.sample import Sample
from tests.support import WHOLES, at_target, everyday, extreme, whole

every_whole = for_each("chosen", WHOLES, lambda chosen: chosen.label)


def generator() -> np.random.Generator:
    return np.random.default_rng(20251122)


def precise(values: Array) -> list[Any]:
    return [mp.mpf(value) for value in values.tolist()]


def exactly(chosen: ChosenLoss, sample: Sample) -> tuple[float, Array]:
    """Compute value and gradient with 50 digits; each formula takes all targets and all predictions."""
    assert sample.target is not None
    assert sample.prediction is not None
    params = {name: mp.mpf(value) if isinstance(value, float) else value for name, value in chosen.params.items()}
    with mp.workdps(50):
        targets, predictions = precise(sample.target), precise(sample.prediction)

        def at(k: int, x: Any) -> Any:
            return FORMULAS[chosen.loss.id](targets, [*predictions[:k], x, *predictions[k + 1 :]], **params)

        gradient = [mp.diff(lambda x, k=k: at(k, x), predictions[k]) for k in range(len(predictions))]
        return float(at(0, predictions[0])), np.array([float(slope) for slope in gradient])


@every_whole
def test_value_and_gradient_by_fifty_digits(chosen: ChosenLoss) -> None:
    rng = generator()
    sample = everyday(chosen.loss, rng, rows=23)
    value, gradient = whole(chosen, sample)
    expected, slopes = exactly(chosen, sample)
    assert_allclose(value, expected, rtol=1e-14)
    assert_allclose(gradient, slopes, rtol=1e-13)


@every_whole
def test_the_value_is_least_at_the_target(chosen: ChosenLoss) -> None:
    rng = generator()
    sample = everyday(chosen.loss, rng)
    there = at_target(chosen.loss, sample)
    value, gradient = whole(chosen, there)
    assert chosen.fact("minimum_at_target")
    assert value == 0.0 <= whole(chosen, sample)[0]
    assert (not gradient.any()) == chosen.fact("slope_vanishes")
    assert chosen.fact("symmetric") is (None if chosen.loss.kind is Kind.BINARY else False)


@every_whole
def test_the_value_bends_upwards_where_the_facts_say_so(chosen: ChosenLoss) -> None:
    rng = generator()
    one = everyday(chosen.loss, rng, rows=7)
    assert one.prediction is not None
    seen = []
    for _ in range(300):
        ends = rng.random((2, 7)) ** 3 if chosen.loss.kind is Kind.BINARY else one.prediction * rng.normal(size=(2, 7))
        values = [whole(chosen, one.with_prediction(q))[0] for q in (ends[0], ends[1], 0.5 * (ends[0] + ends[1]))]
        seen.append(values[2] <= 0.5 * (values[0] + values[1]) + 1e-12)
    assert all(seen) == chosen.fact("convex")


@pytest.mark.parametrize(("beta", "gamma"), [(0.5, 1.0), (3.0, 0.25), (3.0, 0.5), (3.0, 0.2), (0.5, 2.0), (0.0, 2.0)])
def test_focal_tversky_without_false_alarms_bends_upwards_for_some_roots(beta: float, gamma: float) -> None:
    chosen = LOSSES["focal_tversky"].choose(alpha=0.0, beta=beta, gamma=gamma)
    q = np.linspace(0.0, 1.0, 101)[:, None]
    values = np.array([whole(chosen, Sample(np.ones(1), one))[0] for one in q])
    assert (np.diff(values, 2) >= -1e-13).all() == chosen.fact("convex")


@every_whole
def test_value_and_gradient_of_other_libraries(chosen: ChosenLoss) -> None:
    rng = generator()
    sample = everyday(chosen.loss, rng)
    value, gradient = whole(chosen, sample)
    for oracle in VALUES[chosen.loss.id]:
        assert_allclose(value, oracle(sample.target, sample.prediction, **chosen.params), rtol=1e-12)
    formula = ROW_FORMULAS[chosen.loss.id]
    assert formula is not None
    slopes = grad(lambda prediction: formula(sample.target, prediction, **chosen.params))(sample.prediction)
    assert_allclose(gradient, slopes, rtol=1e-10)


@every_whole
def test_parts_have_shapes_and_no_negative_zeros(chosen: ChosenLoss) -> None:
    rng = generator()
    sample = extreme(chosen.loss, rng)
    assert sample.prediction is not None
    parts, slopes = sample.compute(chosen)
    assert parts.shape == (chosen.loss.parts, *sample.prediction.shape[:1])
    assert slopes.shape == (chosen.loss.parts, *sample.prediction.shape)
    for values in (parts, slopes):
        assert values.dtype == np.float64
        assert not np.isnan(values).any()
        assert not (np.signbit(values) & (values == 0.0)).any(), "a negative zero would print as −0.0"


@every_whole
def test_the_value_lies_within_its_bounds(chosen: ChosenLoss) -> None:
    rng = generator()
    low, high = chosen.fact("low"), chosen.fact("high")
    for draw in (everyday, extreme):
        value, _ = whole(chosen, draw(chosen.loss, rng))
        assert low is None or value >= low
        assert high is None or value <= high
