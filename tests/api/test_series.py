"""mase: the past of each row, whatever cuts the rows, leaves some out, or computes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.rows.block import Batch, Binding
from lossctl.engine.accumulators.sliced import SlicedPlan
from lossctl.engine.plan import ModelPlan
from lossctl.engine.series import with_lags

OPTIONS: Any = {"target": "y", "prediction": "p"}


def frame_of(rows: int = 300, seed: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows).cumsum()
    return pd.DataFrame(
        {"y": y, "p": y + rng.normal(size=rows), "w": rng.uniform(0.5, 2.0, rows), "t": np.arange(rows)}
    )


def by_hand(frame: pd.DataFrame, period: int) -> float:
    error = (frame["p"] - frame["y"]).abs().mean()
    return float(error / frame["y"].diff(period).abs().mean())


def value(source: Any, period: int, **options: Any) -> float:
    (result,) = lossctl.evaluate(source, f"mase(period={period})", **OPTIONS, **options)
    return float(result.value)


@pytest.mark.parametrize("period", [1, 7, 299])
@pytest.mark.parametrize("form", ["csv", "parquet", "pandas"])
def test_the_naive_forecast_is_the_target_some_rows_before(form: str, period: int, tmp_path: Path) -> None:
    frame = frame_of()
    frame.to_csv(tmp_path / "p.csv", index=False)
    frame.to_parquet(tmp_path / "p.parquet", row_group_size=70)
    source = frame if form == "pandas" else str(tmp_path / f"p.{form}")
    assert_allclose(value(source, period), by_hand(frame, period), rtol=1e-13)


def test_the_gradient_is_that_of_the_value_and_the_error_that_of_a_ratio() -> None:
    frame = frame_of()
    (result,) = lossctl.evaluate(frame, "mase", **OPTIONS)
    scale = frame["y"].diff().abs().mean()
    assert_allclose(result.gradient.l1, 1.0 / scale, rtol=1e-12)
    assert_allclose(result.gradient.linf, 1.0 / scale / 300, rtol=1e-12)
    known = frame["y"].diff().notna()
    linear = (frame["p"] - frame["y"]).abs() / scale
    linear += result.value / known.mean() * (known - frame["y"].diff().abs().fillna(0.0) / scale)
    assert_allclose(result.std_error, linear.std(ddof=1) / np.sqrt(300), rtol=1e-11)


def test_batches_and_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frame_of(5000)
    losses = "mase(period=1,12,700),mae"
    results = [each.to_dict() for each in lossctl.evaluate(frame, losses, **OPTIONS, threads=1)]
    assert [each["loss"] for each in results] == ["mase", "mase", "mase", "mae"]
    monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 100)
    assert [each.to_dict() for each in lossctl.evaluate(frame, losses, **OPTIONS, threads=4)] == results
    for number, period in enumerate((1, 12, 700)):
        assert_allclose(results[number]["value"], by_hand(frame, period), rtol=1e-13)


def test_the_rows_that_a_condition_leaves_are_the_series() -> None:
    frame = frame_of()
    assert_allclose(value(frame, 3, where="t % 4 <> 1"), by_hand(frame[frame["t"] % 4 != 1], 3), rtol=1e-13)


def test_each_file_is_a_series(tmp_path: Path) -> None:
    parts = [frame_of(40, 1), frame_of(3, 2), frame_of(60, 3)]
    for number, part in enumerate(parts):
        part.to_csv(tmp_path / f"part-{number}.csv", index=False)
    error = pd.concat([(part["p"] - part["y"]).abs() for part in parts]).mean()
    naive = pd.concat([part["y"].diff(4).abs() for part in parts]).mean()
    assert_allclose(value(str(tmp_path / "part-*.csv"), 4), error / naive, rtol=1e-13)
    several = [str(tmp_path / f"part-{number}.csv") for number in (0, 2)]
    results = lossctl.evaluate(several, "mase(period=4)", **OPTIONS)
    assert [each.value for each in results] == pytest.approx([by_hand(parts[0], 4), by_hand(parts[2], 4)], rel=1e-13)


def test_a_missing_row_stays_in_the_series_and_its_target_is_no_past() -> None:
    frame = frame_of()
    frame.loc[[10, 50], "y"] = np.nan
    frame.loc[100, "p"] = np.nan
    kept = frame.dropna()
    naive = frame["y"].diff(2).abs()[kept.index].mean()
    expected = (kept["p"] - kept["y"]).abs().mean() / naive
    assert_allclose(value(frame, 2, nan="omit"), expected, rtol=1e-13)


def test_weights_weigh_errors_and_naive_errors() -> None:
    frame = frame_of()
    naive = frame["y"].diff().abs()
    error = np.average((frame["p"] - frame["y"]).abs(), weights=frame["w"])
    expected = error / np.average(naive[1:], weights=frame["w"][1:])
    assert_allclose(value(frame, 1, weight="w"), expected, rtol=1e-13)


def test_a_series_without_a_past_is_refused() -> None:
    with pytest.raises(lossctl.DataError, match=r"mase\(period=300\): no row has a target 300 rows before\nhint: "):
        value(frame_of(), 300)
    with pytest.raises(lossctl.UsageError, match=r"period: 0 is not a whole number in \[1, inf\)"):
        value(frame_of(), 0)


def test_a_target_that_repeats_itself_has_no_scale() -> None:
    frame = frame_of().assign(y=2.0)
    (result,) = lossctl.evaluate(frame, "mase", **OPTIONS)
    assert (result.value, result.status) == (np.inf, "inf")
    assert value(frame.assign(p=2.0), 1) == 0.0


def test_the_past_is_carried_from_batch_to_batch() -> None:
    target = np.arange(10.0)
    losses = tuple(lossctl.LOSSES["mase"].choose(period=period) for period in (1, 4))
    plan = ModelPlan(Binding("m", ("y",), ("p",)), losses)
    batches = [
        Batch({"y": target[start:stop]}, start, stop - start, file=int(start >= 7))
        for start, stop in [(0, 1), (1, 3), (3, 7), (7, 10)]
    ]
    lagged = list(with_lags(batches, [plan]))
    found = {period: np.concatenate([each.columns[f"y {period} rows before"] for each in lagged]) for period in (1, 4)}
    nan = np.nan
    np.testing.assert_array_equal(found[1], [nan, 0, 1, 2, 3, 4, 5, nan, 7, 8])
    np.testing.assert_array_equal(found[4], [nan, nan, nan, nan, 0, 1, 2, nan, nan, nan])
    assert with_lags(batches, []) is batches


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_past_of_a_slice_reaches_over_batches_and_not_over_slices(size: int) -> None:
    rng = np.random.default_rng(3)
    y, codes, rows = rng.normal(size=100), rng.integers(0, 5, 100), range(0, 100, size)
    plan = SlicedPlan(ModelPlan(Binding("m", ("y",), ("y",)), lossctl.select("mase(period=1,3)").losses))
    batches = [Batch({"y": y[at : at + size]}, at, len(y[at : at + size]), slices=codes[at : at + size]) for at in rows]
    lagged = list(with_lags(batches, [plan]))
    for period in (1, 3):
        found = np.concatenate([batch.columns[f"y {period} rows before in its slice"] for batch in lagged])
        expected = pd.Series(y).groupby(codes).shift(period)
        np.testing.assert_array_equal(found, expected)
