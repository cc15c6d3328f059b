"""Every loss against independent computations: 50 digits over the whole range, and other libraries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from autograd import elementwise_grad
from mpmath import mp
from numpy.testing import assert_allclose

from lossctl.core.losses.loss import ChosenLoss, Kind, Role
from lossctl.core.types import Array
from lossctl.losses import LOSSES, choose
from tests.each import for_each_choice
from tests.oracles.fifty_digits import differences, exactly, formula_of, precise
from tests.oracles.formulas import FORMULAS
from tests.oracles.libraries import ROW_FORMULAS, VALUES
from tests.sample import Sample
from tests.support import CASES, everyday, extreme, uses

FROZEN = sorted((Path(__file__).parent / "frozen").glob("*.json"))
SMALLEST = 5e-324

every_case = for_each_choice(CASES)


def generator() -> np.random.Generator:
    return np.random.default_rng(20251122)


@pytest.mark.parametrize("table", [FORMULAS, VALUES, ROW_FORMULAS], ids=["mpmath", "libraries", "autograd"])
def test_every_loss_has_an_oracle(table: dict[str, Any]) -> None:
    assert set(table) == set(LOSSES)


@every_case
def test_values_to_the_last_digits(chosen: ChosenLoss) -> None:
    sample = everyday(chosen.loss, generator(), rows=80)
    through_zero = 0.0 if chosen.fact("low") is not None else 1e-14  # a loss that changes sign has a zero to miss
    loss = within(chosen, sample, exactly(chosen, sample))
    assert_allclose(sample.compute(chosen)[0], loss, rtol=last_digits(chosen), atol=through_zero)


def last_digits(chosen: ChosenLoss) -> float:
    """Allow a high power what it makes of a relative error, and a variogram what a mean of powers leaves of a power."""
    if chosen.loss.id == "variogram_score":
        return 1e-14
    return max(4e-15, 4e-16 * float(chosen.params.get("gamma", 0.0)))


@every_case
def test_values_over_the_whole_range(chosen: ChosenLoss) -> None:
    sample = extreme(chosen.loss, generator()).take(slice(None, None, 3))
    loss, expected = sample.compute(chosen)[0], within(chosen, sample, exactly(chosen, sample))
    assert np.isfinite(expected).sum() > len(expected) / 4
    assert_allclose(loss, expected, rtol=1e-14, atol=4 * SMALLEST + cancelled(chosen))


def cancelled(chosen: ChosenLoss) -> float:
    """Allow what is left where terms cancel.

    An error of 1e-30 in a divergence of 1e-17, of p and q that round to a sum of 1; and in a logarithmic score the
    last digits of the logarithm of the scale, up to 700, where the rest takes it away.
    """
    if chosen.loss.kind is Kind.PARAMETRIC and chosen.fact("low") is None:
        return 3e-13
    return 1e-30 if chosen.loss.kind is Kind.DISTRIBUTION and uses(chosen, Role.PREDICTION) else 0.0


def within(chosen: ChosenLoss, sample: Sample, expected: Array) -> Array:
    """Move what is expected to the loss where that is allowed: a sine below 1e-17 may be missed by 1e-34.

    And a hinge by the last digits of what it subtracts, where that leaves more than a millionth of it; the difference
    of two distances of a triplet by the rounding of powers that are neither 1 nor 2.
    """
    slack = {"cosine_embedding": 1e-33, "cosine": 1e-50}.get(chosen.loss.id)
    if chosen.loss.id == "cosine_embedding":
        slack = np.where(expected > 1e-7, 1e-15, slack)
    if chosen.loss.id == "triplet_margin":
        near, far = np.split(sample.prediction, 2, axis=1)
        sizes = np.abs(sample.target).sum(axis=1) + np.abs(sample.prediction).sum(axis=1)
        powers = 0.0 if chosen.params["p"] in {1.0, 2.0} else 1e-14 * np.abs(near - far).sum(axis=1)
        slack = np.where(expected > 1e-7 * sizes, 4e-16 * sizes, powers)
    return expected if slack is None else expected + np.clip(sample.compute(chosen)[0] - expected, -slack, slack)


@every_case
def test_slopes_by_fifty_digit_differences(chosen: ChosenLoss) -> None:
    if not uses(chosen, Role.PREDICTION):
        assert not everyday(chosen.loss, generator()).compute(chosen)[1].any()
        return
    many = chosen.loss.kind in {Kind.VECTORS, Kind.GROUPED}  # numbers in a row
    sample = everyday(chosen.loss, generator(), rows=5 if many else 15)
    formula = formula_of(chosen, sample)
    slope = sample.compute(chosen)[1]
    for row in range(len(slope)):
        with mp.workdps(50):  # a difference is taken with twice as many
            target, prediction = precise(sample.target, row), precise(sample.prediction, row)
            expected = differences(formula, target, prediction)
        atol = 1e-45 + crossed(chosen)  # a difference of fifty digits ends at 1e-45
        assert_allclose(slope[row], expected, rtol=4e-15, atol=atol)


def crossed(chosen: ChosenLoss) -> float:
    """Allow a slope an error that is small beside its terms where they nearly meet: p − t; one by a scale."""
    kinds = (Kind.MULTICLASS, Kind.DISTRIBUTION, Kind.PARAMETRIC, Kind.ENSEMBLE)
    return 1e-15 if chosen.loss.kind in kinds or chosen.loss.task in {"embeddings", "ranking"} else 0.0


@every_case
def test_values_of_other_libraries(chosen: ChosenLoss) -> None:
    sample = everyday(chosen.loss, generator(), rows=25)
    for oracle in VALUES[chosen.loss.id]:
        expected = oracle(sample.target, sample.prediction, **sample.context, **chosen.params)
        assert_allclose(sample.compute(chosen)[0], expected, rtol=1e-12, atol=1e-14)


@every_case
def test_slopes_of_autograd(chosen: ChosenLoss) -> None:
    sample, formula = everyday(chosen.loss, generator()), ROW_FORMULAS[chosen.loss.id]
    if formula is None:
        assert not uses(chosen, Role.PREDICTION)
        return
    given = {**sample.context, **chosen.params}
    slope = elementwise_grad(lambda prediction: formula(sample.target, prediction, **given))
    assert_allclose(sample.compute(chosen)[1], slope(sample.prediction), rtol=2e-13, atol=1e-15 + 10 * crossed(chosen))


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
def test_frozen_values_of_heavy_libraries(path: Path) -> None:
    document = json.loads(path.read_text())
    assert document["cases"]
    for case in document["cases"]:
        (chosen,) = choose([case["loss"]])
        target, prediction = np.array(case["target"]), np.array(case["prediction"])
        loss, slope = Sample(target, prediction).compute(chosen)
        assert_allclose(loss, case["values"], rtol=1e-13, atol=1e-16, err_msg=case["loss"])
        assert_allclose(slope, case["slopes"], rtol=1e-13, atol=1e-16, err_msg=case["loss"])


def test_there_are_frozen_values() -> None:
    assert FROZEN
