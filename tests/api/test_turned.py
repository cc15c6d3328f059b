"""A warning where --positive may name the wrong label: a loss above that of guessing, and lower with the other one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import logit

import lossctl
from lossctl.api.setup import turned

ROWS = 400


def frame(rows: int = ROWS, share: float = 0.5) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    truth = rng.uniform(0.02, 0.98, rows) ** (1.0 / share - 1.0)
    bad = rng.random(rows) < truth
    return {"y": np.where(bad, "bad", "good"), "prob": truth, "score": logit(truth), "flat": np.full(rows, bad.mean())}


def said(data: dict[str, Any], losses: str, **options: Any) -> list[str]:
    return [line for line in lossctl.evaluate(data, losses, target="y", **options).warnings if "--positive" in line]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(
    ("prediction", "losses"), [("prob", "log_loss,brier"), ("score", "bce_logits,hinge,exponential")]
)
def test_the_wrong_label_is_asked_about(prediction: str, losses: str, share: float) -> None:
    data = frame(share=share)
    assert said(data, losses, prediction=prediction, positive="bad") == []
    (line,) = said(data, losses, prediction=prediction, positive="good")
    wrong = lossctl.evaluate(data, losses, target="y", prediction=prediction, positive="good")
    right = lossctl.evaluate(data, losses, target="y", prediction=prediction, positive="bad")
    assert all(one.value > other.value for one, other in zip(wrong, right, strict=True))
    names = losses.replace(",", ", ")
    assert line == (
        f"<frame>: {prediction}: {names} are worse than guessing the share of good, and lower with --positive bad: "
        "is --positive good right?"
    )


def test_numbers_for_labels_are_asked_about_where_they_are_named() -> None:
    data = frame()
    data["y"] = (data["y"] == "good").astype(float) + 1.0
    assert said(data, "log_loss", prediction="prob", positive="1") == []
    (line,) = said(data, "log_loss", prediction="prob", positive="2")
    assert line.endswith(
        "log_loss is worse than guessing the share of 2, and lower with --positive 1: is --positive 2 right?"
    )


def test_a_bad_model_of_the_right_label_is_not_asked_about() -> None:
    data = frame()
    sharp = np.where(data["prob"] > 0.5, 1.0 - 1e-9, 1e-9)  # far too sure, and right more often than not
    for prediction in (sharp, data["flat"], np.full(ROWS, 0.01)):
        found = lossctl.evaluate({**data, "x": prediction}, "log_loss", target="y", prediction="x", positive="bad")
        swapped = lossctl.evaluate({**data, "x": prediction}, "log_loss", target="y", prediction="x", positive="good")
        rate = (data["y"] == "bad").mean()
        guess = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
        expected = found[0].value > max(guess, swapped[0].value)
        assert bool([line for line in found.warnings if "guessing" in line]) == expected


def test_rows_without_a_value_and_rows_left_out_are_not_looked_at() -> None:
    data = frame()
    data["prob"][::7] = np.nan
    data["keep"] = (np.arange(ROWS) % 4 == 0).astype(float)
    options = {"prediction": "prob", "nan": "omit", "where": "keep = 1"}
    assert said(data, "log_loss", positive="bad", **options) == []
    assert len(said(data, "log_loss", positive="good", **options)) == 1
    turned_there = np.where(data["keep"] == 0, 1.0 - data["prob"], data["prob"])
    assert said({**data, "prob": turned_there}, "log_loss", positive="bad", **options) == []


def test_infinite_losses_and_one_label_are_no_trouble() -> None:
    data = frame()
    data["prob"] = np.round(data["prob"])
    assert len(said(data, "log_loss", prediction="prob", positive="good", clip=1e-6)) == 1
    assert said(data, "log_loss", prediction="prob", positive="good") == []  # infinite with either label
    data["y"] = np.full(ROWS, "bad")
    assert said(data, "bce_logits", prediction="score", positive="bad", where="score < -1") == []


def test_weights_and_slices_are_no_trouble() -> None:
    data = {**frame(), "w": np.ones(ROWS), "g": np.arange(ROWS) % 3}
    options = {"prediction": "prob", "weight": "w", "by": "g"}
    assert said(data, "brier", positive="bad", **options) == []
    assert len(said(data, "brier", positive="good", **options)) == 1


def test_so_many_rows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    data = frame()
    data["prob"][100:] = 1.0 - data["prob"][100:]
    assert len(said(data, "log_loss", prediction="prob", positive="bad")) == 1
    monkeypatch.setattr(turned, "_ROWS", 100)
    assert said(data, "log_loss", prediction="prob", positive="bad") == []
    read = []
    monkeypatch.setattr(turned, "_first", lambda *given: read.append(given))
    data["y"] = (data["y"] == "bad").astype(float)
    assert said(data, "log_loss", prediction="prob") == []
    assert read == []
