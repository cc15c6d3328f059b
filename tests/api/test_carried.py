"""One row that carries a comparison is told: by its share of all deviations from the mean difference."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import lossctl

ROWS = 400
PAIR: dict[str, Any] = {"target": "y", "prediction": ["old", "new"]}


def frame(outlier: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    new = rng.gamma(2.0, size=ROWS)
    new[17] = outlier
    return {
        "y": np.zeros(ROWS),
        "old": rng.gamma(2.0, size=ROWS),
        "new": new,
        "w": rng.gamma(2.0, size=ROWS),
        "c": np.arange(ROWS) // 2,
    }


def told(warnings: tuple[str, ...]) -> list[int]:
    return [int(found[1]) for found in (re.match(r"one \w+ makes up (\d+)%", each) for each in warnings) if found]


def share(data: dict[str, np.ndarray], how: dict[str, Any]) -> float:
    w = data["w"] if "weight" in how else np.ones(ROWS)
    gap = data["new"] - data["old"]
    u = w * (gap - np.average(gap, weights=w))
    if "cluster" in how:
        u = u.reshape(-1, 2).sum(axis=1)
    return float(np.abs(u).max() / np.abs(u).sum())


@pytest.mark.parametrize(
    "how", [{}, {"weight": "w"}, {"cluster": "c"}, {"horizon": 2}, {"method": "bootstrap"}], ids=str
)
@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_a_row_of_more_than_a_tenth_is_told(how: dict[str, Any], shift: float) -> None:
    for outlier in (20.0, 40.0, 80.0, 300.0):
        data = frame(outlier)
        data["new"] = data["new"] + shift
        found, expected = told(lossctl.compare(data, "mae", **PAIR, **how).warnings), share(data, how)
        assert found == ([round(100.0 * expected)] if expected > 0.1 else []), (outlier, expected)


def test_a_row_of_a_large_weight_is_told() -> None:
    data = frame(3.0) | {"w": np.ones(ROWS)}
    data["w"][17] = 300.0
    (found,) = told(lossctl.compare(data, "mae", weight="w", **PAIR).warnings)
    assert found == round(100.0 * share(data, {"weight": "w"})) == 26


def test_a_row_that_is_told_changes_no_figure() -> None:
    data = frame(300.0)
    whole, *_ = lossctl.compare(data, "mae", **PAIR)
    beside = lossctl.compare({**data, "s": np.zeros(ROWS)}, "mae", by="s", **PAIR)[1]
    names = ("delta", "delta_ci", "relative_ci", "p_value", "detectable", "rows_needed")
    assert [getattr(whole, name) for name in names] == [getattr(beside, name) for name in names]


def test_a_check_tells_too() -> None:
    data = frame(300.0)
    one = {"target": "y", "prediction": "new", "baseline_prediction": "old"}
    assert len(told(lossctl.check(data, "delta(mae) <= 1", **one).warnings)) == 1
    assert told(lossctl.check(frame(3.0), "delta(mae) <= 1", **one).warnings) == []


def test_of_few_rows_each_has_more_than_a_tenth() -> None:
    data = {name: values[:12] for name, values in frame(3.0).items()}
    assert told(lossctl.compare(data, "mae", **PAIR).warnings) == []
    assert told(lossctl.compare({name: values[:30] for name, values in frame(99.0).items()}, "mae", **PAIR).warnings)
