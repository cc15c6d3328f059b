"""A value that is not finite comes with nothing that reads as known: by every loss, by slice, in every format."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.results.evaluation import Evaluation
from lossctl.losses import LOSSES
from tests.each import for_each
from tests.sample import Sample
from tests.support import EVERY, extreme
from tests.transcript import run_arguments, scratch

ROWS = 60
SLICES = 12
HUGE = 1.7e308

FINISHED = [loss.choose() for loss in LOSSES.values() if loss.finish is not None and loss.kind is not Kind.DISTRIBUTION]
DOWN_A_FILE = [
    loss.choose()
    for loss in LOSSES.values()
    if loss.kind is Kind.DISTRIBUTION and not loss.across and len(loss.roles) > 1
]
ONE_OF_EACH_KIND = list({loss.kind: loss.choose() for loss in LOSSES.values()}.values())
CASES = {
    "wmape": "y,p,o,g\n0,0.5,0,a\n0,1,1,a\n1,2,1.5,b\n2,2,1,b\n",
    "mase": "y,p,o,g\n5,5.5,5,a\n5,4,5.5,a\n1,2,1.5,b\n2,2,1,b\n",
}
"""Of slice a the value is infinite: its targets are 0, or never change."""


def rng() -> np.random.Generator:
    return np.random.default_rng(20261201)


def framed(sample: Sample, chosen: ChosenLoss) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs of a kernel as a frame with slices, and the options that bind its columns."""
    given = {"y": sample.target, "p": sample.prediction}
    frame: dict[str, Any] = {name: np.array(values) for name, values in given.items() if values is not None}
    if chosen.loss.kind is Kind.GROUPED:
        groups, size = frame["y"].shape
        frame = {name: values.ravel() for name, values in frame.items()}
        frame |= {"q": np.repeat(np.arange(groups), size), "g": np.repeat(np.arange(groups) % SLICES, size)}
    else:
        frame["g"] = np.arange(ROWS) * SLICES // ROWS
    names = {"y": "target", "p": "prediction", "q": "group"}
    options: dict[str, Any] = {names[name]: name for name in frame if name in names}
    if "levels" in sample.context:
        options["levels"] = tuple(sample.context["levels"].tolist())
    return frame, options


def require_unknown(found: Evaluation, warnings: tuple[str, ...]) -> None:
    """Require that nothing is said of a value that is not finite but what is known: the slopes of rows, of a mean."""
    document = found.to_dict()
    assert document["status"] == str(found.value)
    assert [document[name] for name in ("value", "std_error", "ci")] == [None, None, None]
    assert any(found.chosen.title in line for line in warnings), found.chosen.label
    if found.chosen.loss.finish is not None and found.chosen.loss.kind is not Kind.DISTRIBUTION:
        assert set(document["gradient"].values()) == {None}, found.chosen.label


def count_unknown(frame: Mapping[str, Any], losses: list[ChosenLoss], options: Mapping[str, Any]) -> int:
    """Evaluate losses whole and by slice; give how many values are not finite."""
    found = lossctl.evaluate(frame, losses, by="g", **options)
    bad = [each for each in found if not math.isfinite(each.value)]
    for each in bad:
        require_unknown(each, found.warnings)
    return len(bad)


@for_each("chosen", [*FINISHED, *ONE_OF_EACH_KIND], lambda chosen: chosen.label)
def test_of_extreme_inputs(chosen: ChosenLoss) -> None:
    frame, options = framed(extreme(chosen.loss, rng(), ROWS), chosen)
    count_unknown(frame, [chosen], options)


@pytest.mark.parametrize(
    ("target", "prediction", "least"), [(0.0, 1.0, 40), (1.0, 1.5, 0), (HUGE, -HUGE, 200), (1e200, -1e200, 100)]
)
def test_of_rows_that_are_alike(target: float, prediction: float, least: int) -> None:
    """Numbers that never change, or are too large: what a loss divides by is 0, and what it squares overflows."""
    y, p = np.full(ROWS, target), np.full(ROWS, prediction)
    y[::7] *= 0.75
    losses = [
        chosen
        for chosen in EVERY
        if chosen.loss.kind is Kind.REAL and chosen.loss.target is not None and chosen.loss.prediction is not None
        if chosen.loss.target.contains_all(y) and chosen.loss.prediction.contains_all(p)
    ]
    frame = {"y": y, "p": p, "g": np.arange(ROWS) * SLICES // ROWS}
    options = {"target": "y", "prediction": "p"}
    assert count_unknown(frame, losses, options) >= least
    if target:
        frame["y"][1::2] *= 0.5
        relative = [LOSSES[name].choose() for name in ("mae", "mse", "rmse", "wmape", "mape", "log_cosh", "cauchy")]
        count_unknown(frame, relative, {**options, "skill": True})


@for_each("chosen", DOWN_A_FILE, lambda chosen: chosen.label)
def test_of_distributions_down_a_file_with_nothing_in_common(chosen: ChosenLoss) -> None:
    frame = {"p": np.array([0.5, 0.5, 0.0]), "q": np.array([0.0, 0.0, 1.0])}
    found = lossctl.evaluate(frame, [chosen], target="p", prediction="q")
    (each,) = found
    if math.isfinite(each.value):
        return
    document = each.to_dict()
    assert (document["value"], document["std_error"], document["status"]) == (None, None, str(each.value))
    assert any(chosen.title in line for line in found.warnings)
    unknown = {name for name, value in document["gradient"].items() if value is None}
    assert {"l1", "l2", "linf", "row_max"} <= unknown


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    path = tmp_path / "p.csv"
    path.write_text(CASES[request.param])
    return request.param, str(path)


def ran(*arguments: str) -> tuple[str, str]:
    with scratch():
        done = run_arguments([*arguments])
    assert done.code in {0, 1, 4}, done.stderr
    return done.stdout, done.stderr


def test_every_format_of_eval(case: tuple[str, str]) -> None:
    loss, path = case
    words = ("eval", path, "-p", "p", "--loss", loss, "--by", "g")
    for name in ("table", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html", "bare"):
        out, said = ran(*words, "--format", name)
        assert "(first: g=a) is infinite: " in said, name
        if name == "bare":
            whole, of_a, of_b = map(float, out.split("\n")[:-1])
            assert of_a == math.inf
            assert math.isfinite(whole)
            assert math.isfinite(of_b)
        elif name in {"json", "jsonl"}:
            rows = [json.loads(line) for line in out.splitlines()] if name == "jsonl" else json.loads(out)["results"]
            of_a = rows[1]
            assert of_a["status"] == "inf"
            assert [of_a[each] for each in ("value", "std_error", "ci")] == [None, None, None]
            assert set(of_a["gradient"].values()) == {None}
        elif name in {"csv", "tsv"}:
            of_a = [*csv.DictReader(io.StringIO(out), delimiter="," if name == "csv" else "\t")][1]
            assert of_a["status"] == "inf"
            unknown = {of_a[each] for each in of_a if each.startswith(("value", "std", "ci.", "gradient"))}
            assert unknown == {""}
        else:
            assert "inf, inf" not in out


def test_compare_does_not_tell_who_is_better(case: tuple[str, str]) -> None:
    loss, path = case
    words = ("compare", path, "-t", "y", "-p", "p", "-p", "o", "--loss", loss)
    one_slice, one_line = "of 1 slice (first: g=a) is infinite: ", "of p, o are infinite: "
    for by, expected in ((("--by", "g"), one_slice), (("--where", "g = 'a'"), one_line)):
        out, said = ran(*words, *by, "--format", "json")
        found = json.loads(out)["comparisons"][-2 if by[0] == "--by" else -1]
        assert found["status"] == "inf"
        assert {found[name] for name in ("baseline_value", "candidate_value", "delta", "delta_ci", "p_value")} == {None}
        assert (found["wins"], found["ties"], found["losses"], found["n"]) == (0, 0, 0, 2)
        assert f"warning: {loss} {expected}" in said
        table, _ = ran(*words, *by)
        assert all("equal" not in line for line in table.splitlines() if "inf" in line)
    bare, _ = ran(*words, "--where", "g = 'a'", "--format", "bare")
    assert bare == "nan\n"


@pytest.mark.parametrize("slices", [4, 30])
def test_who_won_rows_of_many_slices(slices: int) -> None:
    """Where the baseline's value is infinite nobody is known to have won, and elsewhere all rows are told."""
    groups = np.repeat(np.arange(slices), 5)
    rng = np.random.default_rng(5)
    y = np.where(groups % 2, rng.normal(size=len(groups)), 0.0)
    frame = {"y": y, "p": y + 1.0, "o": y + 2.0, "g": groups}
    found = lossctl.compare(frame, "wmape", target="y", prediction=["p", "o"], by="g")
    for each in found[1:]:
        told = (0, 0, 5) if int(each.slice["g"]) % 2 else (0, 0, 0)
        assert (each.wins, each.ties, each.losses, each.n) == (*told, 5)


def test_a_gate_does_not_pass(case: tuple[str, str]) -> None:
    loss, path = case
    out, said = ran(
        "check", path, "-p", "p", "--gate", f"{loss}[g=*] <= 1e9", "--gate", f"l2({loss})[g=a] <= 1e9", "-f", "json"
    )
    verdicts = [each["verdict"] for each in json.loads(out)["gates"]]
    assert sorted(verdicts) == ["fail", "not_evaluated", "pass"]
    assert "is infinite: " in said


def test_the_slopes_of_a_root_are_those_of_its_rows() -> None:
    found = lossctl.evaluate({"target": np.array([1.0, 2.0]), "prediction": np.array([1.5, 4.0])}, "mse,rmse")
    assert_allclose(found[1].gradient.l1, found[0].gradient.l1 * 0.5 / found[1].value, rtol=1e-15)


@pytest.mark.parametrize("loss", CASES)
def test_a_stored_value_that_is_not_finite_is_no_baseline(loss: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(CASES[loss].split("1,2")[0])
    ran("baseline", str(path), "-p", "o", "--loss", loss, "--no-rows", "-o", str(tmp_path / "b.json"))
    gate = f"delta({loss}) <= 9"
    out, _ = ran(
        "check", str(path), "-p", "p", "--baseline", str(tmp_path / "b.json"), "--gate", gate, "--test", "point"
    )
    assert "not evaluated" in out
    assert "is no finite number" in out
