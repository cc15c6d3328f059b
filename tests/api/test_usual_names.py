"""What usual names bind, loss by loss: probabilities before labels, and intervals of the level their names tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

import lossctl
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import PROBABILITY, REAL_LINE, Kind
from lossctl.losses import LOSSES
from lossctl.sources.columns.kinds import alpha_of

ROWS = 60


def sklearn_file(rows: int = ROWS) -> dict[str, Any]:
    """Make a file with scikit-learn's own names: the predicted label is `y_pred`, its probability `y_score`."""
    rng = np.random.default_rng(7)
    score = rng.uniform(0.01, 0.99, rows)
    return {
        "y_true": (rng.random(rows) < score).astype(float),
        "y_score": score,
        "y_pred": (score > 0.5).astype(float),
        "g": [f"g{row % 3}" for row in range(rows)],
    }


BINARY = [loss for loss in LOSSES.values() if loss.kind is Kind.BINARY and loss.prediction in (PROBABILITY, REAL_LINE)]


@pytest.mark.parametrize("loss", BINARY, ids=lambda loss: loss.id)
def test_losses_of_two_classes_take_the_score_before_the_label(loss: Any) -> None:
    (found,) = lossctl.evaluate(sklearn_file(), loss.choose())
    assert found.prediction == "y_score"
    (beside,) = lossctl.evaluate({**sklearn_file(), "y_pred": np.linspace(0.0, 1.0, ROWS)}, loss.choose())
    assert beside.value == found.value


def test_losses_of_numbers_take_the_label() -> None:
    frame = sklearn_file()
    results = lossctl.evaluate(frame, "brier,mae,log_loss,mse")
    assert {each.loss: each.prediction for each in results} == {
        "mae": "y_pred",
        "mse": "y_pred",
        "brier": "y_score",
        "binary_cross_entropy": "y_score",
    }
    by_loss = {each.loss: each.value for each in results}
    assert_allclose(by_loss["brier"], metrics.brier_score_loss(frame["y_true"], frame["y_score"]), rtol=1e-13)
    assert_allclose(by_loss["binary_cross_entropy"], metrics.log_loss(frame["y_true"], frame["y_score"]), rtol=1e-13)
    assert_allclose(by_loss["mae"], metrics.mean_absolute_error(frame["y_true"], frame["y_pred"]), rtol=1e-13)


@pytest.mark.parametrize("name", ["score", "prob", "proba", "probability", "y_prob", "y_proba", "Y_Score"])
def test_names_of_probabilities_win_over_those_of_predictions(name: str) -> None:
    frame = {"y": [1.0, 0.0], name: [0.9, 0.2], "prediction": [1.0, 1.0]}
    (found,) = lossctl.evaluate(frame, "brier")
    assert found.prediction == name
    (usual,) = lossctl.evaluate({"y": [1.0, 0.0], "prediction": [0.9, 0.2]}, "brier")
    assert usual.value == found.value


def test_two_names_of_probabilities_are_ambiguous() -> None:
    with pytest.raises(lossctl.UsageError, match="2 columns could be the prediction: prob, score"):
        lossctl.evaluate({"y": [1.0], "prob": [0.5], "score": [0.5], "y_pred": [1.0]}, "brier")


# --- predictions that are labels -------------------------------------------------------------------------------------


def hard(warnings: Any) -> list[str]:
    return [each for each in warnings if "exactly 0 or 1" in each]


def test_probabilities_that_are_all_0_or_1_are_warned_of_in_every_command() -> None:
    frame = sklearn_file()
    named: Any = {"prediction": "y_pred"}
    said = [
        lossctl.evaluate(frame, "brier", **named).warnings,
        lossctl.evaluate(frame, "brier", **named, by="g").warnings,
        lossctl.evaluate(frame, "log_loss", **named, clip=1e-6).warnings,
        lossctl.evaluate(frame, "brier", prediction=["y_score", "y_pred"]).warnings,
        lossctl.compare(frame, "brier", prediction=["y_score", "y_pred"]).warnings,
        lossctl.check(frame, "brier <= 0.9", **named).warnings,
        lossctl.worst_rows(frame, "brier", 2, **named).warnings,
    ]
    for warnings in said:
        (line,) = hard(warnings)
        assert "y_pred is exactly 0 or 1 in every row" in line
    assert "y_score" in hard(said[0])[0]


def test_one_probability_inside_is_enough() -> None:
    frame = sklearn_file(200_000)
    options: Any = {"prediction": "y_pred"}
    assert hard(lossctl.evaluate(frame, "brier", **options).warnings)
    frame["y_pred"][-1] = 0.25
    assert not hard(lossctl.evaluate(frame, "brier", **options).warnings)
    assert not hard(lossctl.evaluate(frame, "mae", **options).warnings)
    assert not hard(lossctl.evaluate(frame, "brier").warnings)


def test_an_infinite_loss_of_labels_has_no_clip_for_a_cure() -> None:
    frame = sklearn_file()
    (line,) = (each for each in lossctl.evaluate(frame, "log_loss", prediction="y_pred").warnings if "infinite" in each)
    assert "--clip" not in line
    sure = {"y": [1.0, 0.0, 1.0], "p": [0.0, 0.5, 1.0]}
    (other,) = (
        each for each in lossctl.evaluate(sure, "log_loss", target="y", prediction="p").warnings if "inf" in each
    )
    assert "--clip EPS bounds it" in other


def test_classes_that_are_certain_throughout_are_warned_of_too() -> None:
    frame = {"y": ["a", "b"], "p_a": [1.0, 1.0], "p_b": [0.0, 0.0]}
    (line,) = hard(lossctl.evaluate(frame, "multiclass_brier").warnings)
    assert "p_* is exactly 0 or 1 in every row" in line


# --- the level of an interval ----------------------------------------------------------------------------------------

NAMES = {
    "ARIMA-lo-90,ARIMA-hi-90": 0.1,
    "lower_90,upper_90": 0.1,
    "lower90,upper90": 0.1,
    "lo-99.5,hi-99.5": 0.005,
    "0.8_low,0.8_high": 0.2,
    "lower_0.9,upper_0.9": 0.1,
    "95%_lower,95%_upper": 0.05,
    "ci_95_lower,ci_95_upper": 0.05,
    "q0.05,q0.95": 0.1,
    "q0.25,q0.75": 0.5,
    "q5,q95": 0.1,
    "lower_2.5,upper_97.5": 0.05,
    "lo_10,hi_90": 0.2,
    "q0.95,q0.05": 0.1,
    "lo,hi": None,
    "yhat_lower,yhat_upper": None,
    "model2_lo,model2_hi": None,
    "v0.5_lo,v0.5_hi": None,
    "2020_low,2020_high": None,
    "lower_1,upper_1": None,
    "h_2_lo,h_2_hi": None,
}
TWO = ("lower_80,upper_90", "q0.05,q0.9", "lo-80,hi", "q0.1,q0.2")


@pytest.mark.parametrize(("text", "alpha"), NAMES.items())
def test_names_tell_the_level(text: str, alpha: float | None) -> None:
    assert alpha_of(text.split(",")) == alpha


@pytest.mark.parametrize("text", TWO)
def test_names_of_two_levels_are_refused(text: str) -> None:
    with pytest.raises(lossctl.UsageError, match="tell two different levels") as caught:
        alpha_of(text.split(","))
    assert "--alpha" in (caught.value.cure or "")


Y, LOW, HIGH = [1.0, 5.0, -3.0, 2.0], [0.0, 1.0, -2.0, 2.5], [2.0, 4.0, 0.0, 3.0]


def score(alpha: float) -> float:
    y, low, high = (np.array(each) for each in (Y, LOW, HIGH))
    return float(np.mean(high - low + 2 / alpha * (np.maximum(low - y, 0) + np.maximum(y - high, 0))))


def frame_of(*pairs: str) -> dict[str, Any]:
    return {"y": Y, **{name: of for each in pairs for name, of in zip(each.split(","), (LOW, HIGH), strict=True)}}


@pytest.mark.parametrize("text", [text for text, alpha in NAMES.items() if alpha is not None and text[:5] != "q0.95"])
def test_intervals_are_scored_at_the_level_of_their_names_in_every_command(text: str) -> None:
    frame, alpha = frame_of(text, "other-lo-50,other-hi-50"), NAMES[text]
    assert alpha is not None
    options: Any = {"target": "y", "prediction": text}
    found = lossctl.evaluate(frame, "interval_score", **options)
    assert_allclose(found[0].value, score(alpha), rtol=1e-14)
    assert found[0].chosen.label == f"interval_score(alpha={alpha!r})"
    assert not any("give no level" in each for each in found.warnings)
    gate = lossctl.check(frame, f"interval_score <= {score(alpha)!r}", **options)
    assert gate.verdict.value == "pass"
    assert gate.gates[0].value == found[0].value
    (told,) = lossctl.compare(frame, "interval_score", target="y", prediction=[text, text.replace(",", " , ")])
    assert_allclose(told.candidate_value, score(alpha), rtol=1e-14)
    worst = lossctl.worst_rows(frame, "interval_score", 4, **options)
    assert_allclose(np.mean([each.value for each in worst]), score(alpha), rtol=1e-14)


def test_a_baseline_is_stored_and_found_by_the_level_of_its_names(tmp_path: Any) -> None:
    frame = {"id": [1, 2, 3, 4], **frame_of("lo-80,hi-80")}
    path, options = str(tmp_path / "b"), {"target": "y", "prediction": "lo-80,hi-80", "key": "id"}
    stored = lossctl.store_baseline(frame, "interval_score", path, **options)  # type: ignore[arg-type]
    assert stored.results[0].value == lossctl.evaluate(frame, "interval_score(alpha=0.2)", target="y")[0].value
    checked = lossctl.check(frame, "delta(interval_score) <= 0", baseline=path, test="point", **options)  # type: ignore[arg-type]
    assert checked.verdict.value == "pass"
    (told,) = lossctl.compare(frame, "interval_score", baseline=path, **options)  # type: ignore[arg-type]
    assert told.ties == 4


def test_a_level_that_is_given_wins_and_one_that_contradicts_is_warned_of() -> None:
    frame = frame_of("lo-90,hi-90", "lower,upper")
    for loss in ("interval_score(alpha=0.2)", LOSSES["interval_score"].choose(alpha=0.2)):
        found = lossctl.evaluate(frame, loss, target="y", prediction="lo-90,hi-90")
        assert_allclose(found[0].value, score(0.2), rtol=1e-14)
        said = "the names of lo-90,hi-90 say 90 %, and --alpha 0.2 says 80 %: --alpha is used"
        assert any(said in each for each in found.warnings)
    agreed = lossctl.evaluate(frame, "interval_score(alpha=0.1)", target="y", prediction="lo-90,hi-90")
    assert not any("--alpha is used" in each for each in agreed.warnings)
    named = lossctl.evaluate(frame, "interval_score(alpha=0.05)", target="y", prediction="lower,upper")
    assert not any("give no level" in each for each in named.warnings)
    given = lossctl.evaluate(frame_of(TWO[0]), "interval_score(alpha=0.1)", target="y", prediction=TWO[0])
    assert_allclose(given[0].value, score(0.1), rtol=1e-14)


def test_a_level_that_nobody_says_is_warned_of() -> None:
    found = lossctl.evaluate(frame_of("lower,upper"), "interval_score", target="y")
    assert_allclose(found[0].value, score(0.05), rtol=1e-14)
    assert any(
        "the names of lower,upper give no level: interval_score takes it for 95 %" in each for each in found.warnings
    )


@pytest.mark.parametrize("other", ["B-lo-80,B-hi-80", "lower,upper"])
def test_intervals_of_two_levels_are_no_models_of_one_loss(other: str) -> None:
    frame = frame_of("A-lo-90,A-hi-90", other)
    pair: Any = {"target": "y", "prediction": ["A-lo-90,A-hi-90", other]}
    for ask in (lossctl.evaluate, lossctl.compare):
        with pytest.raises(lossctl.UsageError, match=r"by its names .* is an interval of [89]0 %, and another"):
            ask(frame, "interval_score", **pair)
    found = lossctl.compare(frame, "interval_score(alpha=0.1)", **pair)
    assert found[0].ties == 4
    with pytest.raises(lossctl.UsageError, match="by its names"):
        lossctl.compare([frame_of("lo-90,hi-90"), frame_of("lo-80,hi-80")], "interval_score", target="y")


def test_all_takes_the_level_from_the_names_or_says_that_they_tell_two() -> None:
    found = lossctl.evaluate(frame_of("lo-90,hi-90"), "all", target="y", prediction="lo-90,hi-90")
    (one,) = (each for each in found if each.loss == "interval_score")
    assert_allclose(one.value, score(0.1), rtol=1e-14)


def test_a_distribution_that_is_certain_is_clipped_as_ever() -> None:
    frame = {"p": [0.5, 0.5], "q": [1.0, 0.0]}
    found = lossctl.evaluate(frame, "cross_entropy", target="p", prediction="q")
    assert not hard(found.warnings)
    assert any("--clip EPS bounds it" in each for each in found.warnings)


def test_where_none_has_a_usual_name_those_that_were_looked_for_are_listed() -> None:
    for loss, listed in (
        ("brier", "(probability, prob, proba,"),
        ("hinge", "(logit, logits,"),
        ("mae", "(prediction,"),
    ):
        with pytest.raises(UsageError) as told:
            lossctl.evaluate({"y": [0, 1], "a": [0.25, 0.5]}, loss)
        assert f"no column has a usual name of a prediction {listed}" in told.value.problem
        assert "y_pred" in told.value.problem
