"""Few rows that all differ alike: what `compare` and `check` made of them, and what is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lossctl
from tests.cli.cases import Run

FILES = {
    "two_rows": "y,base,cand\n0,1,1.01\n0,2,2.01\n",
    "gate_n2": "target,base,cand\n1,1.1,1.5\n2,2.1,2.5\n",
    "four_docs": "doc,target,a,b\n1,1,1,0\n2,0,0,1\n3,1,1,0\n4,1,1,0\n",
    "rounding": "y,a,b\n0,0.1,0.2\n0,0.2,0.3\n0,0.3,0.4\n",
    "same_model": "target,base,cand\n1,1.1,1.1\n2,2.2,2.2\n3,3.5,3.5\n",
}
BASE = ("-p", "cand", "--baseline-pred", "base")


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)


@pytest.mark.parametrize(
    ("name", "typed", "p"),
    [
        ("four_docs", ("-t", "target", "--loss", "brier"), 0.125),
        ("rounding", ("--loss", "mae"), 0.25),
        ("rounding", ("--loss", "mae", "--bootstrap"), 0.25),
        ("rounding", ("--loss", "mae", "--permutation"), 0.25),
        ("rounding", ("--loss", "mae", "--block", "1"), 0.25),
        ("rounding", ("--loss", "mae", "--horizon", "1", "--hac", "dm"), 0.25),
    ],
)
def test_equal_differences_have_the_p_value_of_their_signs(
    run: Run, name: str, typed: tuple[str, ...], p: float
) -> None:
    ran = run("compare", f"{name}.csv", "-p", "a", "-p", "b", *typed, "-f", "json")
    (found,) = json.loads(ran.stdout)["comparisons"]
    assert (found["p_value"], found["status"], found["significant"]) == (p, "no_spread", False)
    assert found["delta_ci"] is found["relative_ci"] is found["detectable"] is found["rows_needed"] is None
    table = run("compare", f"{name}.csv", "-p", "a", "-p", "b", *typed).stdout
    assert "without an interval: the differences of all rows are equal" in table


@pytest.mark.parametrize(
    ("name", "typed", "code", "verdict"),
    [
        ("two_rows", ("-g", "delta(mae) <= 0.05", "--test", "noninferior"), 4, "inconclusive"),
        ("gate_n2", ("-g", "delta(mse) <= 5%"), 0, "unsure"),
        ("gate_n2", ("-g", "delta(mse)[target=*] <= 5%"), 4, "not_evaluated"),  # slices of one row
        ("gate_n2", ("-g", "delta(mse) <= 5%", "--fail-unsure"), 4, "unsure"),
        ("gate_n2", ("-g", "delta(mse) <= 5%", "--test", "point"), 1, "fail"),
        ("same_model", ("-g", "delta(mse) <= -1%"), 0, "unsure"),
        ("same_model", ("-g", "delta(mse) <= -1%", "--test", "point"), 1, "fail"),
    ],
)
def test_gates_are_not_decided_by_two_rows(
    run: Run, name: str, typed: tuple[str, ...], code: int, verdict: str
) -> None:
    ran = run("check", f"{name}.csv", *BASE, *typed, "-f", "json")
    assert (ran.code, json.loads(ran.stdout)["verdict"]) == (code, verdict)


@pytest.mark.parametrize(("rows", "listed"), [(6, True), (13, True), (14, False)])
def test_few_signs_are_listed_without_a_seed(rows: int, listed: bool) -> None:  # noqa: FBT001 -- a parameter
    rng = np.random.default_rng(rows)
    frame: dict[str, Any] = {"y": np.zeros(40), "a": rng.gamma(2.0, size=40), "b": rng.gamma(2.0, size=40)}
    frame["s"], frame["c"] = np.where(np.arange(40) < rows, "few", "many"), np.arange(40) % rows
    pair: dict[str, Any] = {"target": "y", "prediction": ["a", "b"], "method": "permutation"}
    (whole, *slices) = lossctl.compare(frame, "mae", by="s", **pair)
    by_slice = {each.slice["s"]: each for each in slices}
    (clusters,) = lossctl.compare(frame, "mae", cluster="c", **pair)
    assert "|seed=20|resamples=9999|" in whole.signature
    for each in (by_slice["few"], clusters):
        assert ("|signs=all|" in each.signature) is listed
        assert ("seed=" in each.signature) is not listed
    notes = lossctl.compare({name: values[:rows] for name, values in frame.items()}, "mae", **pair).notes
    assert any("permutation of signs, all of them" in each for each in notes) is listed
    other = lossctl.compare(frame, "mae", cluster="c", seed=3, **pair)[0]
    assert (other.p_value == clusters.p_value) is listed


def test_slices_without_spread_are_what_their_rows_alone_give() -> None:
    """Of more slices than rows are parted for: no row differs, all by 1/8, all by 0.1 but for rounding, and others."""
    rng = np.random.default_rng(4)
    s = np.arange(480) % 24
    old = rng.integers(1, 9, size=480) / np.where(s % 4 == 2, 10.0, 8.0)
    gaps = {0: 0.0, 1: 0.125, 2: 0.1}
    new = np.where(s % 4 == 3, old + rng.normal(size=480), old + np.vectorize(gaps.get)(s % 4, 0.0))
    frame: dict[str, Any] = {"y": np.zeros(480), "a": old, "b": new, "s": s}
    pair: dict[str, Any] = {"target": "y", "prediction": ["a", "b"]}
    found = [each for each in lossctl.compare(frame, "mae,mse,rmse", by="s", **pair) if each.slice]
    names = ("delta", "delta_ci", "relative_ci", "p_value", "detectable", "rows_needed", "rows_needed_low", "status")
    statuses = set()
    for each in found:
        rows = s == int(each.slice["s"] or 0)
        (alone,) = lossctl.compare({name: values[rows] for name, values in frame.items()}, each.loss, **pair)
        assert [getattr(each, name) for name in names] == [getattr(alone, name) for name in names]
        kind = int(each.slice["s"] or 0) % 4
        if each.loss == "mae":
            assert (each.status, each.p_value) == ("no_spread", 1.0 if kind == 0 else 2.0**-19) or kind == 3
        statuses.add((each.loss, kind, each.status))
    assert ("mse", 0, "no_spread") in statuses
    assert ("mse", 1, "ok") in statuses
    assert ("mae", 3, "ok") in statuses


@pytest.mark.parametrize("bootstrap", [False, True], ids=["t", "bootstrap"])
def test_equal_losses_have_no_interval(*, bootstrap: bool) -> None:
    slices = np.repeat(["even", "odd", "noise"], 20)
    error = np.repeat([0.25, 1.0, 0.3], 20)
    error[20:40] += np.random.default_rng(4).normal(0.0, 0.1, 20)
    target = np.concatenate([np.zeros(40), np.full(20, 0.1)])  # 0.1 + 0.3 − 0.1 is not 0.3: rounding alone
    frame = {"target": target, "prediction": target + error, "g": slices}
    found = lossctl.evaluate(frame, "mae,rmse", by="g", bootstrap=bootstrap)
    for each in found:
        varies = each.slice.get("g") in {None, "odd"}
        assert (each.ci is None, each.status) == (not varies, "ok" if varies else "no_spread")
        assert each.std_error is not None
    assert [line for line in found.warnings if "infinite" in line] == []
    alone = lossctl.evaluate(frame, "mae,rmse", where="g = 'noise'", bootstrap=bootstrap)
    assert [(each.ci, each.status) for each in alone] == [(None, "no_spread")] * 2
    assert alone.warnings == ()  # nothing approximate is left to warn of
    records = found.to_frame()
    assert records["status"].tolist() == [each.status for each in found]
    assert records["ci.low"].isna().tolist() == [each.ci is None for each in found]
