"""Values relative to those of the mean of the targets: against scikit-learn, and against their own definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import r2_score

import lossctl
from lossctl.core.errors import DataError, UsageError

RNG = np.random.default_rng(4)
ROWS = 57
FRAME = {"y": RNG.gamma(2.0, 3.0, ROWS), "w": RNG.uniform(0.2, 3.0, ROWS)}
FRAME["p"] = FRAME["y"] + RNG.normal(0.4, 2.0, ROWS)


def evaluate(losses: str, frame: dict[str, Any] = FRAME, **options: Any) -> lossctl.Evaluations:
    return lossctl.evaluate(frame, losses, target="y", prediction="p", skill=True, **options)


@pytest.mark.parametrize("weight", [None, "w"])
def test_relative_squared_error_is_one_less_r2(weight: str | None) -> None:
    squared, root = evaluate("mse,rmse", weight=weight)
    weights = None if weight is None else FRAME["w"]
    expected = 1.0 - r2_score(FRAME["y"], FRAME["p"], sample_weight=weights)
    assert_allclose([squared.value, root.value**2], expected, rtol=1e-13)


def test_each_is_the_loss_over_that_of_the_mean() -> None:
    mean = {**FRAME, "p": np.full(ROWS, FRAME["y"].mean())}
    losses = "mae,huber(delta=0.7),wmape,log_cosh,mape"
    alone, known = (lossctl.evaluate(frame, losses, target="y", prediction="p") for frame in (FRAME, mean))
    for relative, model, reference in zip(evaluate(losses), alone, known, strict=True):
        assert_allclose(relative.value, model.value / reference.value, rtol=1e-12)
        assert_allclose(relative.gradient.l2, model.gradient.l2 / reference.value, rtol=1e-12)
        assert relative.unit == "of the mean's"
        assert relative.chosen.label == model.chosen.label
        assert "|skill|" in relative.signature
        assert "skill" not in model.signature


def test_the_standard_error_is_that_of_a_ratio() -> None:
    (relative,) = evaluate("mse", weight="w")
    weight, mine = FRAME["w"], (FRAME["p"] - FRAME["y"]) ** 2
    known = (FRAME["y"] - np.average(FRAME["y"], weights=weight)) ** 2
    rest = weight * (mine - relative.value * known) / np.sum(weight * known)
    effective = np.sum(weight) ** 2 / np.sum(weight**2)
    assert_allclose(relative.std_error, np.sqrt(effective / (effective - 1.0) * np.sum(rest**2)), rtol=1e-12)


def test_the_mean_itself_has_a_value_of_one() -> None:
    frame = {"y": FRAME["y"], "p": np.full(ROWS, FRAME["y"].mean())}
    for result in evaluate("mae,mse,rmse", frame):
        assert_allclose(result.value, 1.0, rtol=1e-14)


def test_a_row_left_out_is_left_out_of_the_mean() -> None:
    holed = {name: values.copy() for name, values in FRAME.items()}
    holed["y"][3], holed["p"][3] = 1e6, np.nan
    kept = {name: np.delete(values, 3) for name, values in FRAME.items()}
    assert evaluate("mse", holed, nan="omit")[0].value == evaluate("mse", kept)[0].value


def test_equal_targets_give_nothing_to_be_relative_to() -> None:
    with pytest.raises(DataError, match="costs nothing to compare with"):
        evaluate("mse", {"y": np.ones(4), "p": np.arange(4.0)})


@pytest.mark.parametrize("loss", ["log_loss", "crps_normal", "kl", "cosine"])
def test_other_kinds_are_refused(loss: str) -> None:
    frame = {"y": np.array([0.0, 1.0]), "p": np.array([0.2, 0.7]), "scale": np.ones(2)}
    with pytest.raises(UsageError):
        evaluate(loss, frame)


def test_a_comparison_takes_none() -> None:
    with pytest.raises(UsageError, match="compare takes no skill"):
        lossctl.compare(FRAME, "mse", target="y", prediction=["p", "w"], skill=True)
