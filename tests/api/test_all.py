"""``all``: of every loss that could take the columns those that are meant for them; of the rest, why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lossctl
from lossctl import api
from lossctl.core.losses.loss import PROBABILITY, Kind

ROWS = 40


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    probability = rng.uniform(0.01, 0.99, ROWS)
    classes = rng.dirichlet([1.0, 1.0, 1.0], ROWS)
    return {
        "y": rng.normal(5.0, 1.0, ROWS),
        "happened": (rng.random(ROWS) < probability).astype(float),
        "class": rng.integers(0, 3, ROWS).astype(float),
        "q": probability,
        "z": np.log(probability / (1.0 - probability)),
        **{f"c_{number}": classes[:, number] for number in range(3)},
        **{f"s_{number}": 10.0 * classes[:, number] for number in range(3)},
        **{f"m_{number}": rng.normal(5.0, 2.0, ROWS) for number in range(4)},
        **{f"{name}_{number}": rng.normal(size=ROWS) for name in "uvw" for number in "ab"},
        "lo": rng.normal(size=ROWS),
        "hi": rng.normal(9.0, 1.0, ROWS),
        "mu": rng.normal(5.0, 1.0, ROWS),
        "sigma": rng.gamma(2.0, size=ROWS),
        "q0.1": rng.normal(size=ROWS),
        "q0.9": rng.normal(8.0, 1.0, ROWS),
        "g": rng.integers(0, 9, ROWS),
        "list": rng.normal(5.0, 1.0, (ROWS, 5)),
    }


def everything(target: str, prediction: str | list[str], **options: Any) -> tuple[set[Kind], set[str], str]:
    """Return the kinds and the ids of the losses computed, and what is said of the others."""
    results = api.evaluate(columns(), "all", target=target, prediction=prediction, **options)
    losses = {each.loss for each in results}
    return {lossctl.LOSSES[name].kind for name in losses}, losses, "\n".join(results.warnings)


def of_kind(kind: Kind) -> set[str]:
    return {name for name, loss in lossctl.LOSSES.items() if loss.kind is kind}


@pytest.mark.parametrize(
    ("target", "prediction", "options", "kinds"),
    [
        ("y", "mu", {}, {Kind.REAL, Kind.PARAMETRIC}),  # sigma is a usual name
        ("y", "hi", {}, {Kind.REAL, Kind.PARAMETRIC}),
        ("y", "lo,hi", {}, {Kind.INTERVAL}),
        ("y", "mu,sigma", {}, {Kind.PARAMETRIC}),
        ("y", "q0.1,q0.9", {}, {Kind.QUANTILES}),
        ("y", "hi,lo", {"levels": [0.9, 0.1]}, {Kind.QUANTILES}),
        ("y", "mu,hi", {}, {Kind.ENSEMBLE}),  # they could be an interval, or a location and a scale
        ("y", "m_*", {}, {Kind.ENSEMBLE}),
        ("y", "list", {}, {Kind.ENSEMBLE}),
        ("u_*", "v_*", {}, {Kind.VECTORS}),
        ("u_*", "v_*,w_*", {}, {Kind.VECTORS}),
        ("u_*", "m_*", {}, {Kind.ENSEMBLE}),
        ("u_*", "lo,hi", {}, {Kind.VECTORS}),  # two targets: what could be the ends of an interval is a vector
        ("u_*", "q0.1,q0.9", {}, {Kind.VECTORS}),
        ("u_*", "mu,sigma", {}, {Kind.VECTORS}),
        ("happened", "u_*,v_*", {}, {Kind.VECTORS}),
        ("class", "c_*", {}, {Kind.MULTICLASS}),
        ("class", "s_*", {}, {Kind.MULTICLASS}),
    ],
)
def test_losses_that_the_columns_are_meant_for(
    target: str, prediction: str, options: dict[str, Any], kinds: set[Kind]
) -> None:
    found, _, said = everything(target, prediction, **options)
    assert found - {Kind.DISTRIBUTION} == kinds
    assert "left out" in said


def test_losses_of_groups_come_with_a_column_of_groups() -> None:
    found, losses, _ = everything("class", "mu", group="g")
    assert found >= {Kind.REAL, Kind.GROUPED}
    assert of_kind(Kind.GROUPED) <= losses
    _, losses, said = everything("class", "mu")
    assert not of_kind(Kind.GROUPED) & losses
    assert "a ranking compares the rows of a group, and no column of groups is named" in said


def test_probabilities_are_no_logits() -> None:
    probability = {name for name in of_kind(Kind.BINARY) if lossctl.LOSSES[name].prediction == PROBABILITY}
    others = of_kind(Kind.BINARY) - probability
    _, losses, said = everything("happened", "q")
    assert losses & of_kind(Kind.BINARY) == probability
    assert "q holds probabilities, and it takes none" in said
    _, losses, said = everything("happened", "z")
    assert not losses & probability
    assert "hinge" in losses & others
    assert 'column "z": ' in said


def test_each_model_is_judged_by_its_own_values() -> None:
    results = api.evaluate(columns(), "all", target="happened", prediction=["q", "z"])
    assert {each.prediction for each in results if each.loss == "hinge"} == {"z"}
    assert {each.prediction for each in results if each.loss == "brier"} == {"q"}


def test_a_loss_that_is_named_takes_what_it_is_given() -> None:
    results = api.evaluate(columns(), "hinge,brier", target="happened", prediction="q")
    assert [each.loss for each in results] == ["hinge", "brier"]


def test_probabilities_of_classes_are_no_scores_and_no_members() -> None:
    _, losses, said = everything("class", "c_*")
    assert "multiclass_brier" in losses
    assert not losses & {"softmax_cross_entropy", "coral", "cumulative_link", "crps_ensemble"}
    assert "c_* holds probabilities, and it takes none" in said
    _, losses, said = everything("class", "s_*")
    assert "softmax_cross_entropy" in losses
    assert "multiclass_brier" not in losses


def test_a_target_that_is_no_label_is_a_number(tmp_path: Any) -> None:
    del tmp_path
    _, losses, said = everything("y", "m_*")
    assert "crps_ensemble" in losses
    assert 'column "y" holds no labels of m_*' in said


def test_labels_left_by_a_condition_are_labels() -> None:
    values = columns()
    values["class"][:3] = 7.5
    (result,) = [
        each
        for each in api.evaluate(values, "all", target="class", prediction="c_*", where="class < 5")
        if each.loss == "multiclass_brier"
    ]
    assert result.n == ROWS - 3


def test_what_is_the_target_is_no_prediction() -> None:
    values = columns()
    shares = {name.replace("c_", "p_"): array for name, array in values.items() if name.startswith("c_")}
    results = api.evaluate({"label": values["class"], **shares}, "all", prediction="p_*")
    assert {lossctl.LOSSES[each.loss].kind for each in results} == {Kind.MULTICLASS}
    assert any("p_* can't be both the target and a prediction" in each for each in results.warnings)


def test_an_option_is_of_use_where_a_loss_that_fits_uses_it() -> None:
    results = api.evaluate(columns(), "all", target="happened", prediction="q", clip=0.2)
    assert {each.loss for each in results} >= {"brier"}
    with pytest.raises(lossctl.UsageError, match=r"--levels is of no use: mae, .*… take no levels"):
        api.evaluate({"y": [1.0], "p": [2.0]}, "all", target="y", prediction="p", levels=[0.1, 0.9])


def test_losses_left_out_for_one_reason_share_a_line_and_a_terminal_names_a_few() -> None:
    results = api.evaluate({"y": [1.0, 2.0], "p": [2.0, 4.0]}, "all,huber(delta=0.5)", target="y", prediction="p")
    assert len(results.warnings) == len(results.notices)
    in_full, in_short = (
        [each for each in said if "takes a column for each class" in each]
        for said in (results.warnings, results.notices)
    )
    assert len(in_full) == len(in_short) == 1
    names = in_full[0].removeprefix("<frame>: ").partition(" are left out")[0].split(", ")
    classes = sorted(of_kind(Kind.MULTICLASS))
    assert sorted(name.partition("(")[0] for name in names) == classes
    assert "multi_margin" in in_full[0]
    first = ", ".join(name.partition("(")[0] for name in names[:5])
    said = f"{first} and {len(classes) - 5} more are left out: takes a column for each class, and p is one column"
    assert in_short == [f"<frame>: {said}"]
    kept = [each for each in results.notices if each.startswith("<frame>: weighted_interval_score")]
    assert [each.partition(":")[2].partition(":")[0] for each in kept] == [
        " weighted_interval_score, crps_quantile are left out"
    ]
    assert any("<frame>: interval_score is left out: " in each for each in results.notices)


def test_where_no_loss_fits_every_reason_is_told_that_of_most_losses_first() -> None:
    with pytest.raises(lossctl.UsageError, match=r"^<frame>: none of the \d+ losses fits\n") as caught:
        api.evaluate({"a": [1.0], "b": [2.0]}, "all")
    first, *others = caught.value.notes
    assert first.startswith("mae, smooth_l1, huber and ")
    assert "more: no column has a usual name of a target" in first
    assert any(each.startswith("pairwise_logistic, pairwise_hinge, listnet and 3 more: a ranking") for each in others)
    with pytest.raises(lossctl.DataError, match="none of the") as caught:  # one that needs no target, and its domain
        api.evaluate({"score": [-4.0]}, "all")
    assert 'self_information: row 1, column "score": -4.0 does not lie in [0, 1]' in caught.value.notes


EXAMPLES = {
    "preds": ({}, {Kind.REAL}, "mae poisson_deviance mase", "takes a column for each class"),
    "diabetes": ({"prediction": ["ridge", "knn", "forest"]}, {Kind.REAL}, "huber tukey", "takes vectors"),
    "diabetes_quantiles": ({}, {Kind.QUANTILES}, "weighted_interval_score crps_quantile", "usual name of a prediction"),
    "diabetes_forecasts": ({}, {Kind.REAL, Kind.PARAMETRIC}, "mse crps_normal", "called like quantiles"),
    "diabetes_ensemble": ({}, {Kind.ENSEMBLE}, "crps_ensemble energy_score", "numbers of a target with each other"),
    "iris_ensemble": (
        {"target": "y_*", "prediction": "m*"},
        {Kind.ENSEMBLE},
        "energy_score variogram_score",
        "takes 2 vectors as long as the target's 3",
    ),
    "breast_cancer": (
        {"prediction": "logistic_probability"},
        {Kind.REAL, Kind.BINARY},
        "brier dice focal",
        "logistic_probability holds probabilities, and it takes none",
    ),
    "digits": (
        {"target": "label", "prediction": "s_*"},
        {Kind.MULTICLASS},
        "softmax_cross_entropy sparsemax",
        "does not lie in [0, 1]",
    ),
    "diabetes_thirds": (
        {"target": "third", "prediction": "at_most_*"},
        {Kind.MULTICLASS, Kind.ENSEMBLE},
        "cumulative_link coral",
        "no labels of at_most_*",
    ),
    "digit_shapes": (
        {"target": "y_*", "prediction": "s_*"},
        {Kind.VECTORS},
        "multilabel_soft_margin multilabel_margin",
        "y_* is a vector",
    ),
    "digit_embeddings": (
        {"target": "a_*", "prediction": "b_*,n_*"},
        {Kind.VECTORS},
        "triplet_margin info_nce",
        "-t a_* has 4 columns and -p b_*,n_* has 8",
    ),
    "digit_pairs": (
        {"target": "same", "prediction": "distance"},
        {Kind.REAL, Kind.BINARY},
        "contrastive hinge_embedding",
        "takes several vectors, and distance is one column",
    ),
    "digit_ranking": (
        {"target": "relevance", "group": "query"},
        {Kind.REAL, Kind.GROUPED},
        "listnet lambda_rank",
        "does not lie in {0, 1}",
    ),
    "digit_shares": (
        {"target": "p", "prediction": "q"},
        {Kind.REAL, Kind.DISTRIBUTION},
        "kl_divergence hellinger",
        "across columns, in the order of its categories",
    ),
    "iris_soft": (
        {"target": "p_*", "prediction": "q_*"},
        {Kind.DISTRIBUTION, Kind.VECTORS},
        "entropy wasserstein1 cosine",
        "p_* is a vector",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_of_an_example_is_computed_or_left_out_with_a_reason(name: str) -> None:
    options, kinds, some, reason = EXAMPLES[name]
    results = api.evaluate(f"examples/data/{name}.csv", "all", **options)
    computed = {each.loss for each in results}
    assert {lossctl.LOSSES[each].kind for each in computed} == kinds
    assert computed >= set(some.split())
    assert any(reason in each for each in results.warnings)
    said = [each.removeprefix(f"examples/data/{name}.csv: ").split(" left out: ") for each in results.warnings]
    named = [re.findall(r"([a-z_0-9]+)(?:\([^)]*\))?(?:, | is| are)", each[0]) for each in said if len(each) == 2]
    left_out = {loss for names in named for loss in names}
    assert computed | left_out == set(lossctl.LOSSES)
    assert not computed & left_out
    assert not any(each[1].startswith("examples/") for each in said if len(each) == 2)


def test_every_example_is_here() -> None:
    assert set(EXAMPLES) == {path.stem for path in Path("examples/data").iterdir()}
