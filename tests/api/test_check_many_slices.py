"""A gate over very many slices: its figures are those of the results, and none of these is made one by one."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import lossctl
from lossctl.core.results.columns import SliceResults, SliceValue
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.slices import Slice

OPTIONS: Any = {"target": "y", "prediction": "p"}


def frame(slices: int, rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    y = rng.normal(size=rows)
    codes = np.arange(rows) % slices
    return {"y": y, "p": y + rng.normal(size=rows), "g": codes, "h": np.where(codes % 2, "odd", "even")}


@pytest.mark.parametrize("loss", ["mae", "wmape", "rmse"])
def test_values_are_those_of_the_results(loss: str) -> None:
    """Of slices of one row too, which have no interval, and of those where the value is infinite."""
    of = frame(300, 500)
    of["y"][of["g"] == 7] = 0.0
    found = lossctl.evaluate(of, loss, by=("g", "h"), **OPTIONS)
    pieces = [each for each in found.results.pieces if isinstance(each, SliceResults)]  # type: ignore[attr-defined]
    assert sum(map(len, pieces)) == 300
    values = [each for piece in pieces for each in piece.values()]
    assert values == [SliceValue.of(each) for piece in pieces for each in piece.all()]


def test_a_gate_makes_no_result_of_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> Evaluation:
        raise AssertionError("a result was made")

    of = frame(20_000, 60_000)
    monkeypatch.setattr(SliceResults, "_made", never)
    before = time.process_time()
    gates = ["mae[g=*] <= 1", "n[g=*] >= 3", "gap(mae, g) <= 9", "mae[g=123] <= 4"]
    found = lossctl.check(of, gates, **OPTIONS)
    assert time.process_time() - before < 20.0
    assert len(found.gates) == 40_002
    absolute = np.abs(of["p"] - of["y"]).reshape(3, 20_000).mean(axis=0)
    by_slice: dict[str | None, tuple[Slice, float | None, str]] = {
        each.slice["g"]: (each.slice, each.value, each.verdict.value) for each in found.gates[:20_000]
    }
    for code in range(0, 20_000, 777):
        values, value, verdict = by_slice[str(code)]
        assert values == {"g": str(code)}
        assert value == pytest.approx(absolute[code], rel=1e-14)
        assert verdict == ("pass" if absolute[code] <= 1.0 else "fail")
    assert found.gates[40_000].value == pytest.approx(absolute.max() - absolute.min(), rel=1e-14)
    assert found.gates[40_001].value == pytest.approx(absolute[123], rel=1e-14)


@pytest.mark.parametrize("format", ["github", "markdown"])
def test_reports_of_many_failures_stay_short(format: str) -> None:  # noqa: A002 -- the word of the flag
    from lossctl.api import render_check

    found = lossctl.check(frame(20_000, 20_000), "mae[g=*] <= 1e-9", **OPTIONS)
    text = render_check(found, format)
    assert len(text.encode()) < 900_000
    if format == "github":
        assert text.count("\n") <= 12
