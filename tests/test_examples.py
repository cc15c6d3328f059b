"""The example files hold what examples/README.md says, in both formats, to the bit.

Imports NumPy and pyarrow; nothing of lossctl.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
DATA = EXAMPLES / "data"
DIGITS = range(10)
MEASURES = ("sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")
FILES = {
    "preds": (442, ["id", "target", "prediction"], []),
    "diabetes": (442, ["id", "target", "ridge", "knn", "forest", "sex", "age_band", "weight"], []),
    "diabetes_quantiles": (442, ["id", "target", "q0.05", "q0.5", "q0.95"], []),
    "diabetes_forecasts": (
        442,
        ["id", "target", "prediction", "prediction_scale", "log_prediction", "log_prediction_scale"],
        [],
    ),
    "diabetes_ensemble": (442, ["id", "target", *(f"m_{index}" for index in range(1, 11))], []),
    "iris_ensemble": (
        150,
        ["id", *(f"{of}_{name}" for of in ("y", "m1", "m2", "m3", "m4", "m5") for name in MEASURES)],
        [],
    ),
    "breast_cancer": (
        569,
        ["id", "target", "diagnosis"]
        + [f"{model}_{kind}" for model in ("logistic", "boosting") for kind in ("probability", "logit")],
        [],
    ),
    "digits": (
        1797,
        ["id", "label", "top1", *(f"p_{digit}" for digit in DIGITS), *(f"s_{digit}" for digit in DIGITS)],
        ["p", "s"],
    ),
    "diabetes_thirds": (442, ["id", "third", "at_most_0", "at_most_1", "above_0", "above_1"], []),
    "digit_shapes": (
        1797,
        ["id", *(f"{side}_{name}" for side in "ys" for name in ("even", "large", "looped"))],
        [],
    ),
    "digit_embeddings": (
        300,
        ["image", "digit", *(f"{side}_{index}" for side in "abn" for index in range(4))],
        ["a", "b"],
    ),
    "digit_pairs": (
        300,
        ["image", "partner", "same", "distance", "more_ink", "a_ink", "b_ink"]
        + [f"{side}_{index}" for side in "uv" for index in range(4)],
        [],
    ),
    "digit_ranking": (566, ["query", "document", "relevance", "score"], []),
    "digit_shares": (10, ["event", "p", "q"], []),
    "iris_soft": (150, ["id", "label", *(f"{side}_{name}" for side in "pq" for name in SPECIES)], ["p", "q"]),
}
MODELS = [
    *(("diabetes", name) for name in ("ridge", "knn", "forest")),
    ("preds", "prediction"),
    ("diabetes_quantiles", "q0.5"),
    ("diabetes_forecasts", "prediction"),
    *(("breast_cancer", f"{name}_probability") for name in ("logistic", "boosting")),
]
DISTRIBUTIONS = [("digits", "p"), ("iris_soft", "p"), ("iris_soft", "q")]


def read_csv(name: str) -> dict[str, list[str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def numbers(name: str, *columns: str) -> np.ndarray:
    table = read_csv(name)
    return np.array([[float(text) for text in table[column]] for column in columns]).T


def vectors(name: str, prefix: str) -> np.ndarray:
    return numbers(name, *(column for column in read_csv(name) if column.startswith(f"{prefix}_")))


def share_explained(name: str, prediction: str) -> float:
    target, predicted = numbers(name, "target", prediction).T
    return float(1.0 - np.sum((target - predicted) ** 2) / np.sum((target - target.mean()) ** 2))


def test_every_file_of_the_folder_is_known() -> None:
    assert {path.name for path in DATA.iterdir()} == {f"{name}.{kind}" for name in FILES for kind in ("csv", "parquet")}


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 2_500_000


@pytest.mark.parametrize("name", FILES)
def test_columns_and_rows(name: str) -> None:
    rows, columns, lists = FILES[name]
    table = read_csv(name)
    stored = pq.read_table(DATA / f"{name}.parquet")
    assert list(table) == columns
    assert stored.column_names == columns + lists
    assert {len(values) for values in table.values()} == {rows}
    assert stored.num_rows == rows


@pytest.mark.parametrize("name", FILES)
def test_both_formats_hold_the_same_values(name: str) -> None:
    stored = pq.read_table(DATA / f"{name}.parquet").to_pydict()
    for column, texts in read_csv(name).items():
        kind = type(stored[column][0])
        assert [kind(text) for text in texts] == stored[column], column
        assert [str(value) for value in stored[column]] == texts, column


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("digits", "p"),
        ("digits", "s"),
        ("iris_soft", "p"),
        ("iris_soft", "q"),
        ("digit_embeddings", "a"),
        ("digit_embeddings", "b"),
    ],
)
def test_list_columns_hold_the_flat_columns(name: str, prefix: str) -> None:
    stored = pq.read_table(DATA / f"{name}.parquet")
    assert np.array(stored.column(prefix).to_pylist()).tobytes() == vectors(name, prefix).tobytes()


def test_list_columns_come_in_both_shapes() -> None:
    schema = pq.read_schema(DATA / "digits.parquet")
    assert str(schema.field("p").type).startswith("fixed_size_list<element: double>[10]")
    assert str(schema.field("s").type).startswith("list<element: double>")


@pytest.mark.parametrize("name", FILES)
def test_ids_number_the_rows(name: str) -> None:
    table = read_csv(name)
    if "id" in table:
        assert table["id"] == [str(row) for row in range(1, FILES[name][0] + 1)]


@pytest.mark.parametrize(("name", "prefix"), DISTRIBUTIONS)
def test_each_row_is_a_distribution(name: str, prefix: str) -> None:
    values = vectors(name, prefix)
    assert values.min() >= 0.0
    assert max(abs(math.fsum(row) - 1.0) for row in values) < 1e-12


def test_shares_are_distributions_down_the_file() -> None:
    shares = numbers("digit_shares", "p", "q")
    assert shares.min() > 0.0
    assert max(abs(math.fsum(column) - 1.0) for column in shares.T) < 1e-12
    assert np.abs(shares[:, 0] - shares[:, 1]).max() > 0.01


def test_shares_of_events_are_those_of_the_digits() -> None:
    labels = numbers("digits", "label")[:, 0].astype(int)
    expected = [count / len(labels) for count in np.bincount(labels).tolist()]
    assert numbers("digit_shares", "p")[:, 0].tolist() == expected


def test_soft_labels_have_zeros_and_predictions_have_none() -> None:
    assert np.count_nonzero(vectors("iris_soft", "p") == 0.0) > 0
    assert vectors("iris_soft", "q").min() > 0.0


@pytest.mark.parametrize("name", ["logistic", "boosting"])
def test_probability_is_the_sigmoid_of_the_logit(name: str) -> None:
    probability, logit = numbers("breast_cancer", f"{name}_probability", f"{name}_logit").T
    np.testing.assert_allclose(probability, 1.0 / (1.0 + np.exp(-logit)), rtol=1e-14)


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    scores = vectors("digits", "s")
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(vectors("digits", "p"), powers / powers.sum(axis=1, keepdims=True), rtol=1e-13)


def test_top1_is_the_likeliest_class() -> None:
    assert numbers("digits", "top1")[:, 0].tolist() == vectors("digits", "p").argmax(axis=1).tolist()


def test_quantiles_do_not_cross_and_cover_most_targets() -> None:
    target, low, _, high = numbers("diabetes_quantiles", "target", "q0.05", "q0.5", "q0.95").T
    assert np.diff(numbers("diabetes_quantiles", "q0.05", "q0.5", "q0.95"), axis=1).min() >= 0.0
    assert 0.8 < np.mean((low <= target) & (target <= high)) < 0.95


@pytest.mark.parametrize(("name", "transform"), [("prediction", float), ("log_prediction", math.log)])
def test_forecasts_are_as_sure_as_they_may_be(name: str, transform: Callable[[float], float]) -> None:
    target, location, scale = numbers("diabetes_forecasts", "target", name, f"{name}_scale").T
    missed = (np.array([transform(each) for each in target]) - location) / scale
    assert scale.min() > 0.0
    assert 0.9 < missed.std() < 1.1
    assert 0.85 < np.mean(np.abs(missed) < 1.645) < 0.95


def test_weights_make_both_sexes_count_the_same() -> None:
    sex, weight = numbers("diabetes", "sex", "weight").T
    sums = [math.fsum(weight[sex == value]) for value in (1.0, 2.0)]
    np.testing.assert_allclose(sums, [221.0, 221.0], rtol=1e-13)


def test_text_label_agrees_with_the_target() -> None:
    table = read_csv("breast_cancer")
    assert set(zip(table["target"], table["diagnosis"], strict=True)) == {("0", "malignant"), ("1", "benign")}


@pytest.mark.parametrize(("name", "prediction"), MODELS)
def test_models_have_learnt_but_not_by_heart(name: str, prediction: str) -> None:
    assert 0.3 < share_explained(name, prediction) < 0.95


def test_digits_are_mostly_but_not_always_right() -> None:
    label, top1 = numbers("digits", "label", "top1").T
    assert 0.9 < np.mean(label == top1) < 0.99


def test_the_usual_names_are_those_of_the_ridge() -> None:
    assert read_csv("preds")["prediction"] == read_csv("diabetes")["ridge"]


@pytest.mark.parametrize("name", FILES)
def test_the_page_names_every_column(name: str) -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
    columns = [column for column in FILES[name][1] if not column.startswith(("p_", "q_", "s_"))]
    assert [column for column in columns if f"`{column}`" not in section] == []


def test_thirds_are_thirds_and_their_thresholds_are_in_order() -> None:
    third, low, high = numbers("diabetes_thirds", "third", "at_most_0", "at_most_1").T
    assert np.bincount(third.astype(int)).min() > 440 // 3
    assert (low < high).all()
    np.testing.assert_array_equal(numbers("diabetes_thirds", "above_0", "above_1").T, [-low, -high])
    guess = (low < 0).astype(int) + (high < 0)
    assert 0.45 < np.mean(guess == third) < 0.95


def test_shapes_are_those_of_the_digits_and_mostly_but_not_always_right() -> None:
    digit = numbers("digits", "label")[:, 0].astype(int)
    even, large, looped = vectors("digit_shapes", "y").T
    np.testing.assert_array_equal(even, digit % 2 == 0)
    np.testing.assert_array_equal(large, digit >= 5)
    np.testing.assert_array_equal(looped, np.isin(digit, [0, 6, 8, 9]))
    right = (vectors("digit_shapes", "s") > 0) == vectors("digit_shapes", "y")
    assert ((right.mean(axis=0) > 0.8) & (right.mean(axis=0) < 1.0)).all()


def test_a_guess_from_half_an_image_is_nearer_to_its_embedding_than_that_of_another() -> None:
    image, guess, other = (vectors("digit_embeddings", side) for side in "abn")
    near, far = (np.linalg.norm(image - one, axis=1) for one in (guess, other))
    assert 0.9 < np.mean(near < far) < 1.0


def test_pairs_are_of_images_that_are_alike_or_not() -> None:
    digit = dict(numbers("digit_embeddings", "image", "digit"))
    first, second, same, distance = numbers("digit_pairs", "image", "partner", "same", "distance").T
    np.testing.assert_array_equal(same, [digit[one] == digit[two] for one, two in zip(first, second, strict=True)])
    gap = vectors("digit_pairs", "u") - vectors("digit_pairs", "v")
    np.testing.assert_allclose(distance, np.linalg.norm(gap, axis=1), rtol=1e-13)
    assert np.mean(distance[same == 1]) < 0.7 * np.mean(distance[same == 0])
    more, ours, theirs = numbers("digit_pairs", "more_ink", "a_ink", "b_ink").T
    assert 0.6 < np.mean((ours > theirs) == more) < 1.0


def test_groups_stand_together_and_their_scores_are_better_than_chance() -> None:
    query, relevance, score = numbers("digit_ranking", "query", "relevance", "score").T
    starts = np.flatnonzero(np.diff(query, prepend=-1))
    assert len(starts) == len(set(query)) == 40
    assert set(relevance) == {0, 1, 2, 3}
    right = [
        np.mean(score[mine & (relevance > 0)]) > np.mean(score[mine & (relevance == 0)])
        for mine in (query == one for one in query[starts])
    ]
    assert np.mean(right) > 0.9


def test_members_are_good_alone_better_together_and_spread_about_the_target() -> None:
    """A mean of ten trees beats each of them; the target lies beyond all of them now and then."""
    target = numbers("diabetes_ensemble", "target")[:, 0]
    members = numbers("diabetes_ensemble", *(f"m_{index}" for index in range(1, 11)))
    squares = np.mean((members - target[:, None]) ** 2, axis=0)
    assert np.mean((members.mean(axis=1) - target) ** 2) < squares.min()
    outside = np.mean((target < members.min(axis=1)) | (target > members.max(axis=1)))
    assert 0.05 < outside < 0.5
    assert (members.std(axis=1) > 0.0).mean() > 0.95


def test_vectors_of_members_follow_their_targets() -> None:
    target = vectors("iris_ensemble", "y")
    members = np.stack([vectors("iris_ensemble", f"m{index}") for index in range(1, 6)])
    error = np.abs(members.mean(axis=0) - target).mean(axis=0)
    assert (error < np.abs(target - target.mean(axis=0)).mean(axis=0)).all()
