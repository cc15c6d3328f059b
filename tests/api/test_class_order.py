"""Classes by name and in order: permuted columns, ``classes``, numbers as numbers; the same for models side by side."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl import api
from lossctl.core.losses.loss import PROBABILITY, Kind, Loss, Role
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from tests.oracles.formulas import FORMULAS
from tests.support import everyday

CLASSED = [loss for loss in LOSSES.values() if loss.kind is Kind.MULTICLASS]
ACROSS = [loss for loss in LOSSES.values() if loss.across]
NUMBERS = ("0", "1", "2", "9", "10")
WORDS = ("low", "mid", "high", "top", "peak")
ROWS = 30
Frame = dict[str, Any]


def ids(loss: Loss) -> str:
    return loss.id


def frame_of(loss: Loss, names: tuple[str, ...], order: list[int]) -> tuple[Frame, dict[str, Any]]:
    """Draw a file with its class columns in some order, and the options that name them."""
    sample = everyday(loss, np.random.default_rng(4), rows=ROWS)
    target, prediction = sample.target, sample.prediction
    assert target is not None
    assert prediction is not None
    columns = {f"p_{names[place]}": prediction[:, place] for place in order}
    if loss.kind is Kind.DISTRIBUTION:
        shares = {f"t_{names[place]}": target[:, place] for place in order}
        return {**shares, **columns}, {"target": "t_*", "prediction": "p_*"}
    labels = [names[int(place)] for place in target] if not loss.thresholds else target
    return {"y": labels, **columns}, {"target": "y", "prediction": "p_*"}


def by_formula(loss: Loss) -> float:
    sample = everyday(loss, np.random.default_rng(4), rows=ROWS)
    assert sample.target is not None
    assert sample.prediction is not None
    rows = zip(sample.target.tolist(), sample.prediction.tolist(), strict=True)
    return float(np.mean([float(FORMULAS[loss.id](y, q, **loss.choose().params)) for y, q in rows]))


@pytest.mark.parametrize("loss", [*CLASSED, *ACROSS], ids=ids)
def test_permuted_columns_give_the_same_value(loss: Loss) -> None:
    expected = by_formula(loss)
    values = set()
    for order in ([0, 1, 2, 3, 4], [0, 1, 4, 2, 3], [4, 2, 0, 3, 1]):
        frame, named = frame_of(loss, NUMBERS, order)
        (by_number,) = api.evaluate(frame, loss.choose(), **named)
        values.add((by_number.value, by_number.std_error))
        assert "classes=" not in by_number.signature
        assert not any("order" in each for each in api.evaluate(frame, loss.choose(), **named).warnings)
        if loss.thresholds:
            continue
        frame, named = frame_of(loss, WORDS, order)
        given = {"classes": list(WORDS)} if loss.kind is Kind.MULTICLASS or loss.across else {}
        (by_word,) = api.evaluate(frame, loss.choose(), **named, **given)
        values.add((by_word.value, by_word.std_error))
    assert len(values) == 1
    assert_allclose(next(iter(values))[0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    "loss", CLASSED + [each for each in LOSSES.values() if each.kind is Kind.DISTRIBUTION], ids=ids
)
def test_a_row_says_whether_the_order_of_classes_counts(loss: Loss) -> None:
    sample, order = everyday(loss, np.random.default_rng(6)), np.array([3, 0, 4, 1, 2])
    target, prediction = sample.target, sample.prediction

    def moved(values: Array | None, role: Role) -> Array | None:
        if values is None or (role is Role.TARGET and loss.kind is Kind.MULTICLASS):
            return values if values is None or loss.thresholds else np.argsort(order)[values.astype(int)].astype(float)
        return values[:, order]

    here = loss.choose().compute(target, prediction)[0]
    there = loss.choose().compute(moved(target, Role.TARGET), moved(prediction, Role.PREDICTION))[0]
    assert bool(np.max(np.abs(here - there)) > 1e-6) is loss.ordered


# --- what --classes says ---------------------------------------------------------------------------------------------

THREE = {"p_high": [0.1, 0.6, 0.5], "p_low": [0.7, 0.1, 0.3], "p_mid": [0.2, 0.3, 0.2]}
ORDINAL: Frame = {"label": ["low", "high", "mid"], **THREE}
RPS: Any = {"losses": "ranked_probability_score", "target": "label", "prediction": "p_*"}


def rps(order: tuple[str, ...]) -> float:
    rows = []
    for row, label in enumerate(ORDINAL["label"]):
        cumulative = np.cumsum([THREE[f"p_{name}"][row] for name in order])[:-1]
        rows.append(np.square(cumulative - (np.arange(len(order) - 1) >= order.index(label))).sum())
    return float(np.mean(rows))


@pytest.mark.parametrize("order", list(itertools.permutations(["low", "mid", "high"])))
def test_classes_are_the_order_of_an_ordinal_loss_and_bind_by_name(order: tuple[str, ...]) -> None:
    found = api.evaluate(ORDINAL, **RPS, classes=order)
    assert_allclose(found[0].value, rps(order), rtol=1e-14)
    assert f"|classes={','.join(order)}|" in found[0].signature
    assert not any("order" in each for each in found.warnings)
    (nominal,) = api.evaluate(ORDINAL, "categorical_cross_entropy", target="label", prediction="p_*", classes=order)
    assert_allclose(nominal.value, -np.log([0.7, 0.6, 0.2]).mean(), rtol=1e-15)
    assert "classes=" not in nominal.signature


def test_the_order_of_texts_is_told_where_it_is_as_found() -> None:
    found = api.evaluate(ORDINAL, **{**RPS, "losses": "rps,categorical_cross_entropy"})
    assert_allclose(found[0].value, rps(("high", "low", "mid")), rtol=1e-14)
    (line,) = (each for each in found.warnings if "order" in each)
    assert "ranked_probability_score takes the classes in the order of the columns, high < low < mid" in line
    assert "|classes=high,low,mid|" in found[0].signature
    cure = re.search(r"--(\w+) gives another", line)
    assert cure is not None
    assert cure[1] == "classes"


def test_thresholds_stand_in_the_order_of_their_classes() -> None:
    frame = {"y": ["low", "top", "mid"], "at_mid": [1.0, -2.0, 0.3], "at_low": [-1.0, -3.0, -0.4]}
    options: Any = {"target": "y", "prediction": "at_*", "classes": ["low", "mid", "top"]}
    swapped = {"y": frame["y"], "at_low": frame["at_low"], "at_mid": frame["at_mid"]}
    for loss in ("cumulative_link", "coral"):
        one, other = api.evaluate(frame, loss, **options), api.evaluate(swapped, loss, **options)
        assert one[0].value == other[0].value
        formula = FORMULAS[loss]
        rows = zip([0, 2, 1], frame["at_low"], frame["at_mid"], strict=True)
        assert_allclose(one[0].value, float(sum(formula(y, [a, b]) for y, a, b in rows)) / 3, rtol=1e-14)
    places = {**frame, "y": [0, 2, 1]}
    found = api.evaluate(places, "coral", target="y", prediction="at_*")
    assert any("coral takes the classes in the order of the columns, mid < low" in each for each in found.warnings)


@pytest.mark.parametrize(
    ("prediction", "classes"),
    [
        ("p_*", ["low", "mid", "top"]),
        ("p_*", ["Low", "Mid", "High"]),
        ("p_high,p_low,p_mid", ["low", "mid", "top"]),
        ("p_*", ["0", "1", "2"]),
    ],
)
def test_other_classes_than_the_columns_name_are_refused_with_both(prediction: str, classes: list[str]) -> None:
    for loss in ("categorical_cross_entropy", "ranked_probability_score"):
        with pytest.raises(lossctl.UsageError) as caught:
            api.evaluate(ORDINAL, loss, target="label", prediction=prediction, classes=classes)
        assert ", ".join(classes) in str(caught.value)
        assert "high, low, mid" in str(caught.value)
        assert caught.value.cure


@pytest.mark.parametrize("loss", ACROSS, ids=ids)
def test_other_categories_than_the_columns_are_refused_with_both(loss: Loss) -> None:
    frame, named = frame_of(loss, WORDS, [4, 2, 0, 3, 1])
    with pytest.raises(
        lossctl.UsageError, match=r"names low, mid, high, top, rock, and the columns of -t .* peak, high"
    ):
        api.evaluate(frame, loss.choose(), **named, classes=["low", "mid", "high", "top", "rock"])


def test_two_classes_by_their_texts_and_by_their_columns_go_together() -> None:
    frame = {"y": ["a", "b", "b"], "prob": [0.2, 0.7, 0.6], "p_a": [0.8, 0.3, 0.4], "p_b": [0.2, 0.7, 0.6]}
    found = api.evaluate(frame, "log_loss,categorical_cross_entropy", positive="b")
    assert_allclose([each.value for each in found], -np.log([0.8, 0.7, 0.6]).mean(), rtol=1e-14)
    with pytest.raises(lossctl.UsageError, match='read column "y" as different labels') as caught:
        api.evaluate(frame, "log_loss,categorical_cross_entropy", positive="a")
    assert caught.value.cure == "run them apart"
    (told,) = api.compare({**frame, "q_a": [0.1] * 3, "q_b": [0.9] * 3}, "rps", prediction=["p_*", "q_*"])
    assert told.n == 3


def test_numbers_are_places_beside_classes_that_are_none() -> None:
    shares = np.random.default_rng(3).dirichlet(np.ones(11), 6)
    places = [*range(2), 10, *range(2, 10)]  # as a sorted listing has them
    classes = [f"c{place}" for place in range(11)]
    frame = {"y": ["c0", "c10", "c9", "c2", "c2", "c5"], **{f"p_{place}": shares[:, place] for place in places}}
    found = api.evaluate(frame, "categorical_cross_entropy", target="y", prediction="p_*", classes=classes)
    assert_allclose(found[0].value, -np.log(shares[range(6), [0, 10, 9, 2, 2, 5]]).mean(), rtol=1e-14)


def test_columns_that_are_listed_one_by_one_may_be_of_other_classes() -> None:
    frame = {"y": [0, 1, 2], "setosa": [0.7, 0.2, 0.1], "versicolor": [0.2, 0.5, 0.1], "virginica": [0.1, 0.3, 0.8]}
    options: Any = {"target": "y", "prediction": "setosa,versicolor,virginica", "classes": ["0", "1", "2"]}
    (found,) = api.evaluate(frame, "categorical_cross_entropy", **options)
    assert_allclose(found.value, -np.log([0.7, 0.5, 0.8]).mean(), rtol=1e-15)


# --- models side by side ---------------------------------------------------------------------------------------------

PAIR: Frame = {
    "label": ["x", "y", "y"],
    "a_x": [0.9, 0.3, 0.2],
    "a_y": [0.1, 0.7, 0.8],
    "b_y": [0.2, 0.6, 0.5],
    "b_x": [0.8, 0.4, 0.5],
}
NLL = {"a": -float(np.log([0.9, 0.7, 0.8]).mean()), "b": -float(np.log([0.8, 0.6, 0.5]).mean())}
CROSS: Any = {"losses": "categorical_cross_entropy", "target": "label"}


def test_models_of_one_file_are_matched_by_label() -> None:
    for prediction in (["a_*", "b_*"], ["b_*", "a_*"]):
        found = api.evaluate(PAIR, **CROSS, prediction=prediction, class_weights={"x": 1.0})
        assert_allclose([each.value for each in found], [NLL[name[0]] for name in prediction], rtol=1e-15)
        (told,) = api.compare(PAIR, **CROSS, prediction=prediction)
        first, second = (NLL[name[0]] for name in prediction)
        assert_allclose((told.baseline_value, told.candidate_value), (first, second), rtol=1e-15)
    (named,) = api.compare(PAIR, **CROSS, prediction="b_*", baseline_prediction="a_*")
    assert_allclose((named.baseline_value, named.candidate_value), (NLL["a"], NLL["b"]), rtol=1e-15)
    gate = f"delta(categorical_cross_entropy) <= {NLL['b'] - NLL['a'] + 1e-9}"
    checked = api.check(
        PAIR, gate, prediction="b_*", baseline_prediction="a_*", target="label", test="point", classes=["x", "y"]
    )
    assert checked.verdict.value == "pass"


def test_weights_of_classes_go_with_them() -> None:
    weights = {"x": 5.0, "y": 1.0}
    found = api.evaluate(PAIR, **CROSS, prediction=["b_*", "a_*"], class_weights=weights, ignore_label="z")
    for each, shares in zip(found, ([0.8, 0.6, 0.5], [0.9, 0.7, 0.8]), strict=True):
        assert_allclose(each.value, np.average(-np.log(shares), weights=[5.0, 1.0, 1.0]), rtol=1e-14)


def test_models_of_other_classes_are_refused_and_the_classes_named() -> None:
    frame = {**PAIR, "m_x": [0.5, 0.1, 0.1], "m_y": [0.3, 0.8, 0.8], "m_z": [0.2, 0.1, 0.1]}
    for ask in (api.compare, api.evaluate):
        with pytest.raises(lossctl.UsageError, match=r"a_\* and m_\* are not of the same classes: m_\* alone has z"):
            ask(frame, **CROSS, prediction=["a_*", "m_*"])


def permuted(frame: Frame, order: list[str]) -> Frame:
    return {name: frame[name] for name in order}


@pytest.mark.parametrize("given", [{}, {"classes": ["mid", "low", "high"]}])
@pytest.mark.parametrize("key", [{}, {"key": "label"}])
def test_files_with_their_columns_in_another_order_are_compared_in_one(given: Any, key: Any) -> None:
    other = permuted(ORDINAL, ["p_low", "label", "p_high", "p_mid"])  # no mirror image: that costs the same
    (told,) = api.compare([ORDINAL, other], **RPS, **given, **key)
    assert (told.delta, told.ties) == (0.0, 3)
    assert_allclose(told.baseline_value, rps(tuple(given.get("classes", ("high", "low", "mid")))), rtol=1e-14)


def test_distributions_of_two_files_are_matched_by_category() -> None:
    rng = np.random.default_rng(5)
    p, q = (rng.dirichlet(np.ones(3), 40) for _ in range(2))
    names = ["c", "a", "b"]
    columns = {
        f"{role}_{name}": of[:, place]
        for role, of in zip("pq", (p, q), strict=True)
        for place, name in enumerate(names)
    }
    other = dict(reversed(columns.items()))
    for loss in ("wasserstein1", "kl"):
        (told,) = api.compare([columns, other], loss, target="p_*", prediction="q_*")
        assert (told.delta, told.ties) == (0.0, 40)


def test_a_baseline_of_another_order_is_refused(tmp_path: Path) -> None:
    first, other = ({"id": [1, 2, 3], **each} for each in (ORDINAL, permuted(ORDINAL, ["label", *sorted(THREE)[::-1]])))
    options: Any = {"target": "label", "prediction": "p_*"}
    for rows in (True, False):
        stored = api.store_baseline(first, "rps", str(tmp_path / f"b{rows}"), key="id", rows=rows, **options)
        assert any("high < low < mid" in each for each in stored.warnings)
        gate: Any = {"gates": "delta(rps) <= 0", "baseline": str(tmp_path / f"b{rows}"), "test": "point", **options}
        key = {"key": "id"} if rows else {}
        with pytest.raises(lossctl.UsageError, match="classes in the order high,low,mid") as caught:
            api.check(other, **gate, **key)
        assert caught.value.cure == "give the same order: --classes high,low,mid"
        checked = api.check(other, **gate, **key, classes=["high", "low", "mid"])
        assert checked.verdict.value == "pass"


def test_probabilities_are_of_every_loss_here() -> None:
    assert {loss.id for loss in CLASSED if loss.ordered} == {"ranked_probability_score", "cumulative_link", "coral"}
    assert {loss.id for loss in ACROSS} == {"wasserstein1", "energy_distance", "cramer"}
    assert any(loss.prediction == PROBABILITY for loss in CLASSED)
