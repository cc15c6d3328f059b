"""Comparisons by all losses that fit, by losses that disagree, and of many models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.core.errors import UsageError
from lossctl.losses import LOSSES

SHARES: Any = {"target": "y", "prediction": ["old", "new"]}


def shares(rows: int = 150) -> pd.DataFrame:
    """Make events, and two forecasts of their probabilities: the second is nearer."""
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.05, 0.95, rows)
    y = (rng.uniform(size=rows) < truth).astype(float)
    old, new = (np.clip(truth + rng.normal(size=rows) * spread, 0.01, 0.99) for spread in (0.4, 0.1))
    return pd.DataFrame({"y": y, "old": old, "new": new})


def labels_of(found: lossctl.Comparisons) -> list[str]:
    return [each.chosen.label for each in found]


def test_all_are_those_that_fit_every_model() -> None:
    frame = shares()
    found = lossctl.compare(frame, "all", **SHARES)
    evaluated = lossctl.evaluate(frame, "all", **SHARES)
    fitting = list(dict.fromkeys(each.chosen.label for each in evaluated))
    assert labels_of(found) == [label for label in fitting if LOSSES[label.partition("(")[0]].kind != "distribution"]
    assert {"mae", "binary_cross_entropy"} <= {each.loss for each in found}
    named = lossctl.compare(frame, ["mae", "brier"], **SHARES)
    for one in named:
        (same,) = (each for each in found if each.loss == one.loss)
        assert (same.delta, same.delta_ci, same.p_value) == (one.delta, one.delta_ci, one.p_value)


def test_losses_stay_in_their_order_whatever_columns_they_take() -> None:
    found = lossctl.compare(shares(), "mae,brier,mse", pairs="all", **SHARES)
    assert labels_of(found) == ["mae", "brier", "mse"]


def test_losses_left_out_are_named_with_the_reason() -> None:
    frame = shares().assign(new=lambda f: f["new"] * 2.0)
    found = lossctl.compare(frame, "all", **SHARES)
    assert "mae" in labels_of(found)
    assert "brier" not in labels_of(found)
    (line,) = (each for each in found.warnings if " brier," in each)
    assert 'column "new"' in line
    assert "does not lie in [0, 1]" in line
    (short,) = (each for each in found.notices if 'column "new"' in each)
    assert "more are left out" in short
    assert len(short) < len(line)


def test_losses_that_fit_one_file_and_not_the_other_are_left_out() -> None:
    frame = shares()
    good = {"y": frame["y"], "p": frame["old"]}
    bad = {"y": frame["y"], "p": frame["new"] * 2.0}
    for sources in ([good, bad], [bad, good]):
        found = lossctl.compare(sources, "all", target="y", prediction="p")
        assert "mae" in labels_of(found)
        assert "brier" not in labels_of(found)
        assert any("does not lie in [0, 1]" in each for each in found.warnings)


def test_sums_down_a_file_are_left_out_with_the_reason() -> None:
    frame = {"p": [0.25, 0.25, 0.5], "q": [0.5, 0.25, 0.25], "r": [0.125, 0.125, 0.75]}
    found = lossctl.compare(frame, "all", target="p", prediction=["q", "r"])
    assert "kl_divergence" not in labels_of(found)
    (line,) = (each for each in found.warnings if "kl_divergence" in each)
    assert line.endswith("down the file is one value, and no rows stand behind it")


def test_where_no_loss_fits_the_reasons_are_given() -> None:
    with pytest.raises(UsageError, match=f"none of the {len(lossctl.LOSSES)} losses fits") as caught:
        lossctl.compare(shares(), "all", target="y", prediction="old")
    assert any("there is one model it fits" in note for note in caught.value.notes)


def test_the_losses_are_read_once_more_and_progress_is_that_of_the_first_pass() -> None:
    told: list[int] = []
    lossctl.compare(shares(), "all", on_progress=lambda rows, _: told.append(rows), **SHARES)
    assert told == [150]


def disagreeing() -> dict[str, Any]:
    """Make a model of small errors and a few large ones, beside one whose errors are all alike."""
    rng = np.random.default_rng(5)
    rows = 400
    small = rng.uniform(0.0, 0.2, rows)
    small[::20] = rng.uniform(5.0, 6.0, rows // 20)
    even = rng.uniform(0.6, 0.8, rows)
    return {"y": np.zeros(rows), "even": even, "rare": small, "other": even + 0.5}


def test_losses_that_disagree_significantly_are_told() -> None:
    options: Any = {"target": "y", "prediction": ["even", "rare"]}
    found = lossctl.compare(disagreeing(), "mae,mse,huber(delta=0.1)", **options)
    said = "losses disagree about even and rare: mse prefers even; mae and huber(delta=0.1) prefer rare"
    assert [each.better for each in found] == [True, False, True]
    assert found.warnings == (said,)
    assert found.notices == (said,)
    assert found.to_dict()["warnings"] == [said]
    agreeing = lossctl.compare(disagreeing(), "mae,huber(delta=0.1)", **options)
    assert agreeing.warnings == ()


@pytest.mark.parametrize("skill", [True])
def test_skill_says_what_to_do_instead(skill: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    with pytest.raises(UsageError) as caught:
        lossctl.compare(shares(), "mae", skill=skill, **SHARES)
    assert caught.value.cure == "its relative change compares two models, and one may be the mean"
