"""Quantiles of an evaluation against sorting what the losses of rows are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.api.results import quantiles as module
from lossctl.core.results.quantiles import LEVELS, level_name, read_levels, require_levels

NAMES = ["p50", "p90", "p95", "p99", "max"]


def frame(size: int = 1_003) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    target = rng.lognormal(size=size)
    return {
        "target": target,
        "prediction": target + rng.standard_t(3, size=size),
        "w": rng.integers(0, 4, size) / 4.0,
        "part": rng.integers(0, 3, size).astype(float),
    }


def expected(values: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    if weights is not None:
        values, weights = values[weights > 0], weights[weights > 0]
    got = np.quantile(values, LEVELS, method="inverted_cdf", weights=weights)
    return dict(zip(NAMES, got.tolist(), strict=True))


@pytest.mark.parametrize("weight", [None, "w"])
def test_quantiles_are_those_of_the_rows(weight: str | None) -> None:
    data = frame()
    gap = data["prediction"] - data["target"]
    result = lossctl.evaluate(data, "mse,mae", quantiles=LEVELS, weight=weight)
    weights = None if weight is None else data["w"]
    assert result[0].quantiles.loss == expected(gap * gap, weights)
    assert result[0].quantiles.slope == expected(np.abs(2.0 * gap), weights)
    assert result[1].quantiles.loss == expected(np.abs(gap), weights)
    assert result[0].quantiles.slope["max"] == result[0].gradient.row_max
    assert result[0].quantiles.status == "ok"


def test_the_quantile_of_a_root_is_that_of_its_rows_alone_and_slopes_are_those_of_the_gradient() -> None:
    data = frame()
    root, square = lossctl.evaluate(data, "rmse,mse", quantiles=LEVELS)
    assert root.quantiles.loss == {name: math.sqrt(value) for name, value in square.quantiles.loss.items()}
    assert root.quantiles.slope["max"] == root.gradient.row_max
    assert root.quantiles.slope["p50"] == pytest.approx(square.quantiles.slope["p50"] / (2.0 * root.value), rel=1e-14)


def test_quantiles_of_vectors_are_of_the_norms_of_slopes() -> None:
    rng = np.random.default_rng(2)
    p, q = (each / each.sum(axis=1, keepdims=True) for each in rng.uniform(0.1, 1.0, (2, 77, 3)))
    (result,) = lossctl.evaluate({"p": p, "q": q}, "cross_entropy", target="p", prediction="q", quantiles=[0.5, 1.0])
    norms = np.sort(np.linalg.norm(-p / q / math.log(2.0), axis=1))
    losses = np.sort(-(p * np.log2(q)).sum(axis=1))
    np.testing.assert_allclose(list(result.quantiles.loss.values()), [losses[38], losses[76]], rtol=1e-14)
    np.testing.assert_allclose(list(result.quantiles.slope.values()), [norms[38], norms[76]], rtol=1e-14)


def test_a_root_across_columns_is_taken_of_each_row_once() -> None:
    rng = np.random.default_rng(6)
    p, q = (each / each.sum(axis=1, keepdims=True) for each in rng.uniform(0.1, 1.0, (2, 21, 3)))
    options: dict[str, Any] = {"target": "p", "prediction": "q"}
    (result,) = lossctl.evaluate({"p": p, "q": q}, "jensen_shannon_distance", quantiles=[0.5], **options)
    with lossctl.open_rows({"p": p, "q": q}, "jensen_shannon_distance", **options) as rows:
        distances = sorted(rows.to_frame()["value"])
    assert result.quantiles.loss["p50"] == distances[10]
    assert math.fsum(distances) / 21 == pytest.approx(result.value, rel=1e-14)


def test_rows_of_a_distribution_down_the_file_are_terms_of_its_sum() -> None:
    p, q = np.array([0.5, 0.2, 0.3]), np.array([0.4, 0.35, 0.25])
    (result,) = lossctl.evaluate({"p": p, "q": q}, "cross_entropy", target="p", prediction="q", quantiles=[0.5])
    assert result.quantiles.loss["p50"] == pytest.approx(sorted(-p * np.log2(q))[1], rel=1e-14)


def test_a_normalized_distribution_is_divided_first() -> None:
    p, q = np.array([1.0, 0.4, 0.6]), np.array([0.8, 0.7, 0.5])
    both = {"target": "p", "prediction": "q", "normalize": True, "quantiles": [0.5, 1.0]}
    (result,) = lossctl.evaluate({"p": p, "q": q}, "cross_entropy", **both)
    terms = np.sort(-p / 2.0 * np.log2(q / 2.0))
    np.testing.assert_allclose(list(result.quantiles.loss.values()), [terms[1], terms[2]], rtol=1e-14)


def test_infinite_losses_are_the_largest() -> None:
    data = {"target": [1.0, 1.0, 0.0, 0.0], "prediction": [0.0, 0.5, 0.25, 0.125]}
    (result,) = lossctl.evaluate(data, "binary_cross_entropy", quantiles=[0.5, 1.0])
    assert result.quantiles.loss == {"p50": pytest.approx(-math.log(0.75)), "max": math.inf}
    assert result.quantiles.status == "inf"
    told = result.to_dict()["quantiles"]
    assert told["loss"]["max"] is None
    assert told["status"] == "inf"


def test_rows_that_are_omitted_do_not_count() -> None:
    data = frame(50)
    data["prediction"][7] = np.nan
    kept = np.delete(np.abs(data["prediction"] - data["target"]), 7)
    (result,) = lossctl.evaluate(data, "mae", quantiles=[0.3], nan="omit", where="part < 5")
    assert result.quantiles.loss == {"p30": np.quantile(kept, 0.3, method="inverted_cdf")}


def test_losses_that_are_ratios_of_means_have_none() -> None:
    result = lossctl.evaluate(frame(30), "wmape,mae", quantiles=[0.5])
    assert result[0].quantiles.loss == {"p50": None}
    assert result[0].quantiles.status == "none"
    assert result[1].quantiles.status == "ok"


def test_losses_of_groups_have_quantiles_of_groups() -> None:
    rng = np.random.default_rng(5)
    data = {"rel": rng.integers(0, 3, 90).astype(float), "s": rng.normal(size=90), "g": np.arange(90) % 13}
    (result,) = lossctl.evaluate(data, "listnet", target="rel", prediction="s", group="g", quantiles=[0.5, 1.0])
    alone = [
        lossctl.evaluate(data, "listnet", target="rel", prediction="s", group="g", where=f"g = {each}")[0].value
        for each in range(13)
    ]
    np.testing.assert_allclose(list(result.quantiles.loss.values()), [sorted(alone)[6], max(alone)], rtol=1e-13)


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_cuts_and_little_memory_change_no_bit(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = frame(150_000)
    path = tmp_path / "p.parquet"
    pd.DataFrame(data).to_parquet(path, row_group_size=20_000)
    gap = np.abs(data["prediction"] - data["target"])
    monkeypatch.setattr(module, "_MOST_VALUES", 4)
    monkeypatch.setattr(module, "_FEWEST_VALUES", 64)
    (result,) = lossctl.evaluate(str(path), "mae", quantiles=LEVELS, threads=threads)
    assert result.quantiles.loss == expected(gap)


def test_results_without_quantiles_have_no_field_of_them() -> None:
    (result,) = lossctl.evaluate(frame(9), "mae")
    assert result.quantiles is None
    assert "quantiles" not in result.to_dict()
    assert not any("quantiles" in name for name in result.record())


def test_a_frame_has_a_column_for_each() -> None:
    table = lossctl.evaluate(frame(40), "mae,wmape", quantiles=[0.25]).to_frame()
    assert {"quantiles.loss.p25", "quantiles.slope.p25", "quantiles.status"} <= set(table.columns)
    assert table["quantiles.loss.p25"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("levels", "said"),
    [([1.5], "1.5 is no level"), ([math.nan], "nan is no level"), ([True], "True"), ([0.5, 0.5], "p50 stands twice")],
)
def test_levels_that_are_none_are_refused(levels: list[float], said: str) -> None:
    with pytest.raises(lossctl.UsageError, match=said):
        lossctl.evaluate(frame(9), "mae", quantiles=levels)
    with pytest.raises(lossctl.UsageError, match="no level is given"):
        require_levels([])


def test_levels_are_read_by_share_or_name() -> None:
    assert read_levels("0.1, p99.9,min,max,p5") == (0.1, 0.999, 0.0, 1.0, 0.05)
    assert [level_name(each) for each in read_levels("0.001,0.07,p99.99")] == ["p0.1", "p7", "p99.99"]
    for text in ("", "p", "x", "p-5", "p101", "0.5,"):
        with pytest.raises(lossctl.UsageError):
            read_levels(text)
