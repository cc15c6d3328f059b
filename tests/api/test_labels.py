"""Targets that are labels: classes bound by the names of columns, by ``classes``, by place; ``positive``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

import lossctl
from lossctl import api
from lossctl.core.losses.loss import PROBABILITY, Kind

ANIMALS = ["cat", "dog", "eel"]


def animals(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    frame = pd.DataFrame(rng.dirichlet([1.0, 2.0, 0.5], rows), columns=["p_eel", "p_cat", "p_dog"])
    frame["animal"] = rng.choice(ANIMALS, rows)
    return frame


def expected(frame: pd.DataFrame) -> float:
    return float(metrics.log_loss(frame["animal"], frame[[f"p_{each}" for each in ANIMALS]], labels=ANIMALS))


def test_classes_are_bound_by_the_names_of_their_columns_in_any_order() -> None:
    frame = animals()
    (result,) = api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_*")
    assert_allclose(result.value, expected(frame), rtol=1e-12)
    (usual,) = api.evaluate(frame, "categorical_cross_entropy", target="animal")
    assert usual.value == result.value
    listed = api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_cat,p_dog,p_eel")
    assert listed[0].value == result.value


def test_text_files_give_the_same(tmp_path: Path) -> None:
    frame = animals()
    frame.to_csv(tmp_path / "animals.csv", index=False)
    options: Any = {"target": "animal", "prediction": "p_*"}
    (from_text,) = api.evaluate(str(tmp_path / "animals.csv"), "categorical_cross_entropy", **options)
    assert_allclose(from_text.value, expected(frame), rtol=1e-12)


def test_classes_name_the_columns_of_a_list() -> None:
    frame = animals()
    table = pa.table({"animal": frame["animal"], "p": frame[["p_eel", "p_cat", "p_dog"]].to_numpy().tolist()})
    options: Any = {"target": "animal", "prediction": "p", "classes": ["eel", "cat", "dog"]}
    (result,) = api.evaluate(table, "categorical_cross_entropy", **options)
    assert_allclose(result.value, expected(frame), rtol=1e-12)


def test_numbers_are_places_in_a_list() -> None:
    table = pa.table({"y": [1, 0], "p": [[0.25, 0.75], [0.5, 0.5]]})
    (result,) = api.evaluate(table, "categorical_cross_entropy", target="y", prediction="p")
    assert_allclose(result.value, -(math.log(0.75) + math.log(0.5)) / 2, rtol=1e-15)


@pytest.mark.parametrize("numbers", [[1, 0], [1.0, 0.0], ["1", "0"]])
def test_labels_that_are_numbers_match_the_names_of_columns(numbers: list[Any]) -> None:
    frame = pd.DataFrame({"y": numbers, "p_0": [0.25, 0.5], "p_1": [0.75, 0.5]})
    (result,) = api.evaluate(frame, "categorical_cross_entropy", target="y", prediction="p_*")
    assert_allclose(result.value, -(math.log(0.75) + math.log(0.5)) / 2, rtol=1e-15)


def test_a_label_that_is_no_class_is_named(tmp_path: Path) -> None:
    frame = animals()
    frame.loc[[17, 30], "animal"] = "fox"
    path = tmp_path / "animals.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(lossctl.DataError) as caught:
        api.evaluate(str(path), "categorical_cross_entropy", target="animal", prediction="p_*")
    assert (
        str(caught.value) == f'{path} line 19, column "animal": "fox" is none of the classes (2 rows have such a label)'
    )
    assert caught.value.cure == "the classes are eel, cat, dog; name others with --classes"


def test_a_missing_label_is_a_missing_value() -> None:
    frame = animals()
    frame.loc[4, "animal"] = None
    with pytest.raises(lossctl.DataError, match='row 5, column "animal": the value is missing'):
        api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_*")
    (result,) = api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_*", nan="omit")
    assert_allclose(result.value, expected(frame.drop(index=4)), rtol=1e-12)


def test_a_place_beyond_the_list_is_refused() -> None:
    table = pa.table({"y": [1, 2], "p": [[0.25, 0.75], [0.5, 0.5]]})
    with pytest.raises(lossctl.DataError, match=r"2\.0 does not lie in \{0, 1\}"):
        api.evaluate(table, "categorical_cross_entropy", target="y", prediction="p")


def test_probabilities_must_sum_to_one_and_scores_need_not() -> None:
    frame = animals()
    frame[["p_eel", "p_cat", "p_dog"]] *= 0.5
    with pytest.raises(lossctl.DataError, match="sum to"):
        api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_*")
    (normalized,) = api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_*", normalize=True)
    assert_allclose(normalized.value, expected(animals()), rtol=1e-12)
    assert api.evaluate(frame, "softmax_cross_entropy", target="animal", prediction="p_*")[0].status == "ok"


def test_one_column_is_no_prediction_of_classes() -> None:
    with pytest.raises(lossctl.UsageError, match="takes a column for each class"):
        api.evaluate(animals(), "categorical_cross_entropy", target="animal", prediction="p_cat")


def test_as_many_classes_as_columns() -> None:
    with pytest.raises(lossctl.UsageError, match="names 2 classes and -p"):
        api.evaluate(animals(), "categorical_cross_entropy", target="animal", prediction="p_*", classes=["cat", "dog"])


# --- weights of classes ----------------------------------------------------------------------------------------------

OPTIONS: Any = {"target": "animal", "prediction": "p_*"}


def test_weights_of_classes_weigh_rows_and_their_sum_divides() -> None:
    frame = animals()
    factors = {"cat": 2.0, "eel": 0.25}
    (result,) = api.evaluate(frame, "categorical_cross_entropy", class_weights=factors, **OPTIONS)
    weights = frame["animal"].map(lambda each: factors.get(each, 1.0))
    labels = frame[[f"p_{each}" for each in ANIMALS]]
    by_hand = metrics.log_loss(frame["animal"], labels, labels=ANIMALS, sample_weight=weights)
    assert_allclose(result.value, by_hand, rtol=1e-12)
    assert_allclose(result.weight_sum, weights.sum(), rtol=1e-14)
    assert "class_weights=cat=2.0,eel=0.25" in result.signature
    both = api.evaluate(
        frame.assign(w=weights), "categorical_cross_entropy", class_weights=factors, weight="w", **OPTIONS
    )
    squared = metrics.log_loss(frame["animal"], labels, labels=ANIMALS, sample_weight=weights**2)
    assert_allclose(both[0].value, squared, rtol=1e-12)


def test_an_ignored_label_leaves_the_sum_and_the_divisor() -> None:
    frame = animals()
    kept = expected(frame)
    unknown = pd.concat([frame, frame[:7].assign(animal="unknown")])
    (result,) = api.evaluate(unknown, "categorical_cross_entropy", ignore_label="unknown", **OPTIONS)
    assert_allclose(result.value, kept, rtol=1e-12)
    assert (result.n, result.n_read) == (200, 207)
    with pytest.raises(lossctl.DataError, match="every weight is 0"):
        api.evaluate(unknown[200:], "categorical_cross_entropy", ignore_label="unknown", **OPTIONS)
    (result,) = api.evaluate(frame, "categorical_cross_entropy", ignore_label="dog", **OPTIONS)
    assert_allclose(result.value, expected(frame[frame["animal"] != "dog"]), rtol=1e-12)


def test_weights_of_classes_must_make_sense() -> None:
    with pytest.raises(lossctl.UsageError, match="there is no class 'cow'"):
        api.evaluate(animals(), "categorical_cross_entropy", class_weights={"cow": 2.0}, **OPTIONS)
    with pytest.raises(lossctl.UsageError, match=r"cat=-1\.0 is no weight"):
        api.evaluate(animals(), "categorical_cross_entropy", class_weights={"cat": -1.0}, **OPTIONS)


# --- positive --------------------------------------------------------------------------------------------------------


def test_positive_makes_two_texts_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"state": ["ill", "well", "ill"], "q": [0.75, 0.25, 0.5]})
    frame.to_csv(tmp_path / "states.csv", index=False)
    for source in (frame, str(tmp_path / "states.csv")):
        (result,) = api.evaluate(source, "mse", target="state", prediction="q", positive="ill")
        assert_allclose(result.value, (0.25**2 + 0.25**2 + 0.5**2) / 3, rtol=1e-15)


def test_positive_must_be_one_of_two_values() -> None:
    frame = pd.DataFrame({"state": ["ill", "well", "unknown"], "q": [0.75, 0.25, 0.5]})
    with pytest.raises(lossctl.UsageError, match="holds 'ill', 'unknown', 'well'"):
        api.evaluate(frame, "mse", target="state", prediction="q", positive="ill")
    with pytest.raises(lossctl.UsageError, match="not 'sick' and one other value"):
        api.evaluate(frame[:2], "mse", target="state", prediction="q", positive="sick")


def test_all_leaves_out_what_takes_labels_for_numbers() -> None:
    frame = pd.DataFrame({"label": [1, 0], "p_0": [0.25, 0.5], "p_1": [0.75, 0.5]})
    results = api.evaluate(frame, "all")
    losses = {each.loss for each in results}
    assert "categorical_cross_entropy" in losses
    assert "mae" not in losses


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_number_between_two_classes_is_neither(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"y.{kind}"
    frame = pd.DataFrame({"y": [1.0, 1.5, 2.0], "p_1": [0.5, 0.9, 0.25], "p_2": [0.5, 0.1, 0.75]})
    write_frame(frame, path)
    options: Any = {"target": "y", "prediction": "p_*"}
    if kind == "csv":  # labels of a text file are told apart as they stand there
        path.write_text(path.read_text().replace("1.0,", "1,").replace("2.0,", "2,"))
    with pytest.raises(
        lossctl.DataError, match=r'column "y": .* is none of the classes\nhint:  the classes are 1, 2; '
    ):
        api.evaluate(str(path), "categorical_cross_entropy", **options)
    (result,) = api.evaluate(str(path), "categorical_cross_entropy", where="y <> 1.5", **options)
    assert_allclose(result.value, -(math.log(0.5) + math.log(0.75)) / 2, rtol=1e-15)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("-0.0", "0"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("9007199254740993", "9007199254740993"),
        ("10000000000000000001", "10000000000000000001"),
        ('"07"', "7"),
        ('"nan"', "nan"),
        ('"x"', "x"),
    ],
)
def test_labels_of_json_are_numbers_read_exactly(written: str, label: str, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_text(f'{{"y": 5, "p": [0.25, 0.75]}}\n{{"y": {written}, "p": [0.25, 0.75]}}\n')
    options: Any = {"target": "y", "prediction": "p", "classes": [label, "5"]}
    (result,) = api.evaluate(str(path), "categorical_cross_entropy", **options)
    assert_allclose(result.value, -(math.log(0.75) + math.log(0.25)) / 2, rtol=1e-15)


# --- names of columns that end in numbers, and losses of two classes given several -----------------------------------

H2O: dict[str, Any] = {"predict": [1, 2, 10], "p1": [0.6, 0.2, 0.1], "p10": [0.1, 0.1, 0.8], "p2": [0.3, 0.7, 0.1]}


@pytest.mark.parametrize("prediction", [None, "p1,p10,p2", "p10,p2,p1", "p*"])
@pytest.mark.parametrize("labels", [[1, 2, 10], ["p1", "p2", "p10"], ["1.0", "2e0", "1.0e+01"]])
def test_columns_that_end_in_numbers_are_of_those_labels_or_of_their_own_names(
    prediction: str | None, labels: list[Any], tmp_path: Path
) -> None:
    if prediction == "p*" and "p1" in labels:
        prediction = "p1*,p2"
    frame = pd.DataFrame(
        {**{name: of for name, of in H2O.items() if prediction is None or name != "predict"}, "label": labels}
    )
    frame.to_csv(tmp_path / "h2o.csv", index=False)
    for source in (frame, str(tmp_path / "h2o.csv")):
        if isinstance(source, pd.DataFrame) and "2e0" in labels:
            continue
        options: Any = {} if prediction is None else {"prediction": prediction}
        found = api.evaluate(source, "categorical_cross_entropy,rps", **options)
        assert_allclose(found[0].value, -np.log([0.6, 0.7, 0.8]).mean(), rtol=1e-15)
        thresholds = [(0.4**2 + 0.1**2), (0.2**2 + 0.1**2), (0.1**2 + 0.2**2)]
        assert_allclose(found[1].value, np.mean(thresholds), rtol=1e-14)
        assert not any("order" in each for each in found.warnings)


TWINS = [loss for loss in lossctl.LOSSES.values() if loss.of_classes]


@pytest.mark.parametrize("loss", TWINS, ids=lambda loss: loss.id)
def test_a_loss_of_two_classes_says_which_is_of_several(loss: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    q, labels = rng.uniform(0.02, 0.98, 40), rng.integers(0, 2, 40)
    one = q if loss.prediction == PROBABILITY else np.log(q / (1.0 - q))
    other = 1.0 - q if loss.prediction == PROBABILITY else np.zeros(40)
    frame = {"y": labels, "p_0": other, "p_1": one}
    with pytest.raises(lossctl.UsageError, match="takes one column of numbers as its prediction") as caught:
        api.evaluate(frame, loss.choose(), target="y", prediction="p_*")
    assert f"--loss {loss.of_classes} takes a column for each class" in (caught.value.cure or "")
    (many,) = api.evaluate(frame, loss.of_classes, target="y", prediction="p_*")
    (two,) = api.evaluate(frame, loss.choose(), target="y", prediction="p_1")
    assert_allclose(many.value, two.value * (2.0 if loss.id == "brier" else 1.0), rtol=1e-12)
    del tmp_path


def test_losses_of_two_classes_that_have_a_twin_are_these() -> None:
    assert len(TWINS) == 8
    assert {lossctl.LOSSES[loss.of_classes].kind for loss in TWINS} == {Kind.MULTICLASS}


def test_labels_are_no_distribution_and_the_cure_helps() -> None:
    frame = animals()
    with pytest.raises(lossctl.UsageError, match="do not list the same categories") as caught:
        api.evaluate(frame, "cross_entropy", target="animal", prediction="p_*")
    assert caught.value.cure is not None
    assert caught.value.cure.startswith("for a column of labels, --loss categorical_cross_entropy; else ")
    assert api.evaluate(frame, "categorical_cross_entropy", target="animal", prediction="p_*")[0].status == "ok"
    two = {"label": [1.0, 0.0, 1.0], "prediction": [0.7, 0.2, 0.9]}
    for loss in ("cross_entropy", "kl"):
        with pytest.raises(lossctl.DataError, match=r"sum to 2\.0, not to 1") as told:
            api.evaluate(two, loss)
        assert (told.value.cure or "").startswith("for labels 0 and 1, --loss binary_cross_entropy; ")
    expected = metrics.log_loss(two["label"], two["prediction"])
    assert_allclose(api.evaluate(two, "binary_cross_entropy")[0].value, expected, rtol=1e-14)
    shares = {"p": [0.5, 0.7], "q": [0.5, 0.5]}
    with pytest.raises(lossctl.DataError) as plain:
        api.evaluate(shares, "cross_entropy", target="p", prediction="q")
    assert plain.value.cure == "--normalize divides each by their sum"
