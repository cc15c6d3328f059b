"""Verdicts and the exit code: 1 is a failed gate and nothing else, and only what keeps to its bound passes."""

from __future__ import annotations

import itertools
import json

import pytest

from lossctl.core.errors import ExitCode
from lossctl.core.results.interval import Interval
from lossctl.core.results.verdict import Checked, GateResult, Verdict, exit_code

PASS, FAIL, INCONCLUSIVE, UNSURE, SKIPPED, NOT = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.UNSURE,
    Verdict.SKIPPED,
    Verdict.NOT_EVALUATED,
)


def result(verdict: Verdict = PASS, **slice_: str | None) -> GateResult:
    interval = Interval(0.95, 0.018, 0.044, "t")
    return GateResult("delta(mse)[sex=*] <= 1%", verdict, slice_, 0.031, 0.01, interval, 207, "+3.1% > 1%")


@pytest.mark.parametrize(
    ("verdicts", "code", "overall"),
    [
        ([], 4, NOT),
        ([PASS], 0, PASS),
        ([PASS, SKIPPED], 0, PASS),
        ([SKIPPED], 4, NOT),
        ([SKIPPED, SKIPPED], 4, NOT),
        ([PASS, INCONCLUSIVE], 4, INCONCLUSIVE),
        ([PASS, NOT], 4, NOT),
        ([INCONCLUSIVE, NOT], 4, NOT),
        ([PASS, FAIL], 1, FAIL),
        ([FAIL, NOT, INCONCLUSIVE, SKIPPED], 1, FAIL),
        ([UNSURE], 0, UNSURE),
        ([PASS, UNSURE, SKIPPED], 0, UNSURE),
        ([UNSURE, INCONCLUSIVE], 4, INCONCLUSIVE),
        ([UNSURE, NOT], 4, NOT),
        ([UNSURE, FAIL], 1, FAIL),
    ],
)
def test_exit_codes(verdicts: list[Verdict], code: int, overall: Verdict) -> None:
    for order in itertools.permutations(verdicts):
        assert exit_code(order) == code
        checked = Checked(tuple(result(each) for each in order))
        assert (checked.exit_code, checked.verdict) == (code, overall)


def test_one_is_a_failed_gate_and_zero_a_passed_one() -> None:
    for count in range(4):
        for verdicts in itertools.product(Verdict, repeat=count):
            code = exit_code(verdicts)
            assert (code == ExitCode.GATE_FAILED) == (FAIL in verdicts)
            held = {PASS, UNSURE} & set(verdicts)
            assert (code == ExitCode.OK) == (bool(held) and set(verdicts) <= {PASS, UNSURE, SKIPPED})
            overall = Checked(tuple(map(result, verdicts))).verdict
            assert (overall in {PASS, UNSURE}) == (code == ExitCode.OK)
            assert (overall is PASS) == (code == ExitCode.OK and UNSURE not in verdicts)


@pytest.mark.parametrize(
    ("verdicts", "code", "overall"),
    [
        ([UNSURE], 4, UNSURE),
        ([UNSURE, PASS, SKIPPED], 4, UNSURE),
        ([UNSURE, FAIL], 1, FAIL),
        ([PASS, SKIPPED], 0, PASS),
    ],
)
def test_an_unsure_gate_may_be_made_to_count(verdicts: list[Verdict], code: int, overall: Verdict) -> None:
    checked = Checked(tuple(map(result, verdicts)), fail_unsure=True)
    assert (checked.exit_code, checked.verdict) == (code, overall)
    assert exit_code(verdicts, fail_unsure=True) == code


def test_unsure_gates_are_counted_apart() -> None:
    checked = Checked((result(PASS), result(UNSURE), result(UNSURE)))
    assert checked.summary() == "unsure: 2 unsure, 1 pass of 3"
    assert checked.to_dict()["verdict"] == "unsure"
    assert [row[0] for row in checked.view().rows] == ["unsure", "unsure", "pass"]


def test_where_several_apply_usage_comes_before_data_before_a_failed_gate() -> None:
    every = [ExitCode.USAGE, ExitCode.DATA]
    assert exit_code([FAIL, NOT], every) == ExitCode.USAGE
    assert exit_code([FAIL, NOT], every[1:]) == ExitCode.DATA
    assert exit_code([FAIL, NOT]) == ExitCode.GATE_FAILED
    assert exit_code([PASS], [ExitCode.DATA]) == ExitCode.DATA
    assert exit_code([PASS], [ExitCode.INTERNAL]) == ExitCode.INTERNAL
    assert exit_code([PASS], [ExitCode.OK]) == ExitCode.OK


def test_the_document_is_that_of_the_documentation() -> None:
    document = Checked((result(FAIL, sex="f"),), ("few rows",)).to_dict()
    assert list(document) == ["schema", "version", "verdict", "exit_code", "gates", "warnings"]
    assert (document["schema"], document["verdict"], document["exit_code"]) == ("lossctl/check/1", "fail", 1)
    assert document["gates"][0] == {
        "gate": "delta(mse)[sex=*] <= 1%",
        "verdict": "fail",
        "slice": {"sex": "f"},
        "value": 0.031,
        "bound": 0.01,
        "ci": {"level": 0.95, "low": 0.018, "high": 0.044, "method": "t"},
        "n": 207,
        "reason": "+3.1% > 1%",
        "details": [],
    }
    assert document["warnings"] == ["few rows"]


def test_what_is_not_finite_is_null() -> None:
    one = GateResult("mse <= 1", FAIL, {}, float("nan"), 1.0, None, 3, "NaN")
    assert one.to_dict()["value"] is None
    assert one.to_dict()["ci"] is None
    json.dumps(one.to_dict(), allow_nan=False)


def test_records_have_the_same_fields() -> None:
    rows = Checked((result(FAIL, sex="f"), result(PASS, sex=None))).records()
    assert [list(row) for row in rows] == [list(rows[0])] * 2
    assert rows[0]["slice.sex"] == "f"
    assert rows[0]["ci.low"] == 0.018
    assert "details" not in rows[0]
    assert Checked((result(),)).to_frame().shape == (1, 11)


def test_people_see_failures_first() -> None:
    gates = (result(PASS, sex="m"), result(SKIPPED, sex="x"), result(FAIL, sex="f"), result(NOT, sex="y"))
    checked = Checked(gates)
    view = checked.view()
    assert [row[0] for row in view.rows] == ["fail", "not evaluated", "skipped", "pass"]
    assert [row[2] for row in view.rows] == ["sex=f", "sex=y", "sex=x", "sex=m"]
    assert view.notes == ("fail: 1 fail, 1 not evaluated, 1 skipped, 1 pass of 4",)
    assert checked.bare() == ["pass", "skipped", "fail", "not_evaluated"]
    assert (len(checked), checked[2].label) == (4, "delta(mse)[sex=*] <= 1% on sex=f")
    assert [column.header for column in Checked((result(),)).view().columns] == ["verdict", "gate", "why"]
