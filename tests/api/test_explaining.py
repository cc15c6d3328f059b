"""What explains a failed gate: the worst slices and rows, worst first, against a plain computation with pandas."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.results.verdict import GateResult

GROUPS = "abcde"


def frame() -> pd.DataFrame:
    """Five slices of other errors, in no order of theirs; in some the candidate is better than the old model."""
    rng = np.random.default_rng(7)
    group = np.array(list("cabdeebdacadcbeabcde" * 3))
    size = pd.Series({"a": 1.5, "b": 4.0, "c": 0.5, "d": 3.0, "e": 2.0})[group].to_numpy()
    target = rng.normal(size=len(group))
    return pd.DataFrame(
        {
            "id": [f"k{number}" for number in range(len(group))],
            "target": target,
            "prediction": target + size * rng.uniform(0.5, 1.5, len(group)),
            "old": target + rng.uniform(1.0, 3.0, len(group)),
            "g": group,
            "h": np.where(np.arange(len(group)) % 3 == 0, "x", "y"),
        }
    )


FRAME = frame()
ERROR = (FRAME["prediction"] - FRAME["target"]).abs()
GAP = ERROR - (FRAME["old"] - FRAME["target"]).abs()


def explained(gate: str, *others: str, **options: object) -> GateResult:
    """Return the failed gate, with slices by the columns that the other gates name, which pass."""
    result = lossctl.check(FRAME, [gate, *others], explain=True, key="id", prediction="prediction", **options).gates[0]  # type: ignore[arg-type]  # options by name
    assert result.verdict.value == "fail"
    return result


def told(line: str) -> list[tuple[str, float, int]]:
    """Read ``worst by g: g=b (4.1, 12 rows), …``."""
    return [
        (name, float(value.rstrip("%")), int(rows))
        for name, value, rows in re.findall(r"(\S+=\S+) \(([^,)]+), (\d+) rows\)", line)
    ]


def slices_by(
    values: pd.Series[float], *, ascending: bool, of: pd.Series[bool] | None = None
) -> list[tuple[str, float, int]]:
    chosen = values if of is None else values[of]
    groups = chosen.groupby(FRAME["g"])
    means = groups.mean().sort_values(ascending=ascending).head(3)
    return [(f"g={name}", value, len(groups.get_group(name))) for name, value in means.items()]


def line_of(result: GateResult, begin: str) -> str:
    (line,) = [each for each in result.details if each.startswith(begin)]
    return line


def require_same(found: list[tuple[str, float, int]], expected: list[tuple[str, float, int]]) -> None:
    assert [(name, rows) for name, _, rows in found] == [(name, rows) for name, _, rows in expected]
    assert_allclose([value for _, value, _ in found], [value for _, value, _ in expected], rtol=1e-3)


BY_G = "mae[g=*] <= 99"
OLD = {"baseline_prediction": "old", "test": "point"}


def test_the_worst_slices_of_a_loss_come_first() -> None:
    found = told(line_of(explained("mae <= 0.1", BY_G), "worst by g: "))
    require_same(found, slices_by(ERROR, ascending=False))
    assert len(found) == 3


def test_a_value_is_told_of_by_slices_of_the_value_beside_gates_on_deltas_too() -> None:
    result = explained("mae <= 0.1", BY_G, "delta(mae) <= 99", **OLD)
    require_same(told(line_of(result, "worst by g: ")), slices_by(ERROR, ascending=False))


def test_where_more_is_wanted_the_least_come_first() -> None:
    result = explained("mae >= 98", BY_G, allow_inverted=True)
    require_same(told(line_of(result, "worst by g: ")), slices_by(ERROR, ascending=True))
    assert not [each for each in result.details if each.startswith("largest losses")]


def test_the_worst_slices_of_a_delta_come_first() -> None:
    result = explained("delta(mae) <= -3", BY_G, **OLD)
    require_same(told(line_of(result, "worst by g: ")), slices_by(GAP, ascending=False))


def test_of_a_percentage_the_share_is_told() -> None:
    result = explained("delta(mae) <= -90%", BY_G, **OLD)
    share = {name: 100 * GAP[FRAME["g"] == name].mean() / (ERROR - GAP)[FRAME["g"] == name].mean() for name in GROUPS}
    expected = sorted(share, key=lambda name: -share[name])[:3]
    found = told(line_of(result, "worst by g: "))
    assert [name for name, _, _ in found] == [f"g={name}" for name in expected]
    assert_allclose([value for _, value, _ in found], [share[name] for name in expected], rtol=1e-3)


def test_slices_of_a_slice_leave_out_its_own_column() -> None:
    result = explained("mae[h=x] <= 0.1", BY_G)
    expected = slices_by(ERROR, ascending=False, of=FRAME["h"] == "x")
    assert re.findall(r"g=\w", line_of(result, "worst by g: ")) == [name for name, _, _ in expected]
    assert not [each for each in result.details if each.startswith("worst by h")]


def test_a_slice_without_a_value_is_not_told_of() -> None:
    data = FRAME.assign(prediction=np.where(FRAME["g"] == "b", np.nan, FRAME["prediction"]))
    (result, _) = lossctl.check(
        data, ["mae <= 0.1", BY_G], explain=True, prediction="prediction", nonfinite="omit", max_omitted=0.5
    ).gates[:2]
    assert [name for name, _, _ in told(line_of(result, "worst by g: "))] == ["g=d", "g=e", "g=a"]


@pytest.mark.parametrize("gate", ["mae <= 0.1", "p90(mae) <= 0.1", "max(mae) <= 0.1"])
def test_the_rows_of_the_largest_losses_come_first(gate: str) -> None:
    line = line_of(explained(gate), "largest losses: ")
    worst = ERROR.sort_values(ascending=False).head(3)
    assert line == "largest losses: " + ", ".join(f"id=k{row} ({loss:.4g})" for row, loss in worst.items())


def test_rows_say_nothing_of_a_gradient() -> None:
    assert not [each for each in explained("l1(mae) <= 0.1").details if each.startswith("largest")]


@pytest.mark.parametrize("where", [None, "h = 'x'", "h = 'x' -- of one half", "h = 'y' or h = 'x' /* of both */"])
def test_the_rows_of_a_slice_are_of_that_slice(where: str | None) -> None:
    line = line_of(explained("mae[g=c] <= 0.1", where=where), "largest losses: ")
    half = (where is not None and where.startswith("h = 'x'")) & (FRAME["h"] != "x")
    worst = ERROR[(FRAME["g"] == "c") & ~half].sort_values(ascending=False).head(3)
    assert re.findall(r"id=k(\d+)", line) == [str(row) for row in worst.index]


@pytest.mark.parametrize("slice_of", ["", "c", "b"])
def test_the_rows_that_add_most_to_a_delta_come_first(slice_of: str) -> None:
    inside = FRAME["g"] == slice_of if slice_of else FRAME["g"] != ""
    result = explained(f"delta(mae){f'[g={slice_of}]' if slice_of else ''} <= -9", **OLD)
    gaps = GAP[inside & (GAP > 0)].sort_values(ascending=False).head(3)
    lines = [each for each in result.details if each.startswith("rows that add most: ")]
    old = ERROR - GAP
    rows = [f"id=k{row} ({old[row]:.4g} → {ERROR[row]:.4g})" for row in gaps.index]
    assert lines == ([f"rows that add most: {', '.join(rows)}"] if rows else [])


def test_rows_without_a_key_go_by_their_number() -> None:
    (result,) = lossctl.check(FRAME, ["mae <= 0.1"], explain=True, prediction="prediction").gates
    worst = ERROR.sort_values(ascending=False).head(3)
    assert re.findall(r"row (\d+)", line_of(result, "largest losses: ")) == [str(row + 1) for row in worst.index]


@pytest.mark.parametrize("size", [1.0, 1e200, 1e-200])
@pytest.mark.parametrize("weight", [None, "w"])
def test_rows_whose_squares_do_not_fit_are_ranked_by_their_roots(size: float, weight: str | None) -> None:
    """Of squares that are all infinite, or all 0, the first rows were named."""
    old, new = np.array([1.0, 2.0, 9.0, 5.0, 3.0, 3.5]), np.array([1.0, -3.0, 2.0, 6.0, -5.0, 4.0])
    data = {"target": np.zeros(6), "old": size * old, "new": size * new, "w": np.array([1.0, 1.0, 1.0, 1.0, 0.5, 1.0])}
    options: dict[str, Any] = {"prediction": "new", "explain": True, "weight": weight}
    (value,) = lossctl.check(data, "rmse <= 0", **options)
    (told,) = (line for line in value.details if line.startswith("largest losses"))
    assert re.findall(r"row (\d)", told) == ["4", "5", "6"]
    (delta,) = lossctl.check(data, "delta(rmse) <= -1000%", baseline_prediction="old", test="point", **options)
    (told,) = (line for line in delta.details if line.startswith("rows that add most"))
    assert re.findall(r"row (\d)", told) == (["4", "5", "2"] if weight else ["5", "4", "2"])
