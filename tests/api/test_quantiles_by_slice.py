"""Quantiles of every slice against NumPy within pandas groups, and against runs of one slice alone, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.core.results.quantiles import level_name
from lossctl.engine.accumulators import slice_sketch
from tests.transcript import ROOT

LEVELS = (0.0, 0.0713, 0.5, 0.9, 1.0)


def table(rows: int) -> pd.DataFrame:
    """Return two models of targets in slices of any size, some values missing."""
    rng = np.random.default_rng(21)
    target = rng.lognormal(size=rows)
    data = pd.DataFrame(
        {
            "target": target,
            "a": target + np.round(rng.standard_t(2, rows), 1),
            "b": target * rng.lognormal(size=rows) * 10.0 ** rng.integers(-9, 9, rows),
            "w": rng.integers(0, 5, rows) / 4.0,
            "shop": rng.choice(np.array(["x", "y", "", None], dtype=object), rows, p=[0.6, 0.3, 0.05, 0.05]),
            "size": rng.integers(0, 3, rows) ** 2,
        }
    )
    data.loc[rng.random(rows) < 0.02, "b"] = np.inf
    return data


def expected(data: pd.DataFrame, model: str, weight: str | None) -> dict[tuple[Any, ...], list[list[float]]]:
    """Return the quantiles of |ŷ − y| and of |slope| of mse, by slice; of the whole under no values."""
    kept = data[np.isfinite(data[model]) & (True if weight is None else data["w"] > 0)]
    groups = [((), kept), *kept.groupby(["shop", "size"], dropna=False)]
    found = {}
    for names, some in groups:
        gap = (some[model] - some["target"]).to_numpy()
        weights = None if weight is None else some["w"].to_numpy()
        key = tuple(None if pd.isna(each) else str(each) for each in names)
        found[key] = [
            np.quantile(of, LEVELS, method="inverted_cdf", weights=weights).tolist()
            for of in (np.abs(gap), np.abs(2.0 * gap))
        ]
    return found


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("room", [None, 40])
def test_quantiles_of_slices_are_those_of_their_rows(
    weight: str | None, room: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    advance = slice_sketch.Search.advance
    monkeypatch.setattr(slice_sketch.Search, "advance", lambda *args: (looks.append(args[0]), advance(*args))[1])
    if room is not None:
        monkeypatch.setattr("lossctl.api.results.slice_quantiles._MOST_VALUES", room)
        monkeypatch.setattr(slice_sketch, "_ROOM_AT_FIRST", 2)
        monkeypatch.setattr(slice_sketch, "_ROOM_AFTER", 2)
        monkeypatch.setattr(slice_sketch, "_WAITING", 100)
        monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 170)
    data = table(1_000)
    path = tmp_path / "p.parquet"
    data.sample(frac=1.0, random_state=1).to_parquet(path)
    results = lossctl.evaluate(
        str(path), "mae,mse", prediction=["a", "b"], weight=weight, nan="omit",
        by=["shop", "size"], quantiles=LEVELS, threads=8,
    )  # fmt: skip
    names = [level_name(level) for level in LEVELS]
    for model in ("a", "b"):
        right = expected(data, model, weight)
        mae = {tuple(each.slice.values()): each for each in results if (each.model, each.loss) == (model, "mae")}
        mse = {tuple(each.slice.values()): each for each in results if (each.model, each.loss) == (model, "mse")}
        assert mae.keys() == mse.keys() == right.keys()
        for key, (losses, slopes) in right.items():
            assert mae[key].quantiles.loss == dict(zip(names, losses, strict=True))
            assert mse[key].quantiles.slope == dict(zip(names, slopes, strict=True))
            assert mse[key].quantiles.loss["max"] == losses[-1] ** 2
            assert mse[key].quantiles.slope["max"] == mse[key].gradient.row_max
    assert len(looks) / len(set(map(id, looks))) >= (2 if room is None else 3)


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "examples/data/diabetes.csv": (
        "rmse,huber(delta=0.5),wmape",
        {"target": "target", "prediction": ["ridge", "knn"], "weight": "weight"},
    ),
    "examples/data/iris_soft.csv": (
        "kl_divergence,jensen_shannon_distance,cross_entropy",
        {"target": "p_*", "prediction": "q_*"},
    ),
    "examples/data/digit_ranking.csv": ("listnet,ranknet", {"group": "query"}),
    "skill": ("mse,mae", {"skill": True, "prediction": "ridge"}),
    "normalize": ("cross_entropy,kl_divergence", {"normalize": True, "target": "ridge", "prediction": "knn"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_slice_has_the_quantiles_of_a_run_of_it_alone(kind: str) -> None:
    losses, options = KINDS[kind]
    data = pd.read_csv(ROOT / (kind if kind.endswith(".csv") else "examples/data/diabetes.csv"))
    rng = np.random.default_rng(3)
    data["part"] = rng.choice(np.array(["a", "b", None], dtype=object), len(data), p=[0.5, 0.4, 0.1])
    if "weight" in options:
        data["weight"] = rng.gamma(2.0, size=len(data)) * np.where(data["part"] == "b", 1e12, 1.0)  # units differ
    options = {**options, "quantiles": LEVELS}
    results = lossctl.evaluate(data, losses, by="part", **options)
    for value, condition in (({"part": "a"}, "part = 'a'"), ({"part": None}, "part is null"), ({}, None)):
        alone = lossctl.evaluate(data, losses, where=condition, **options)
        mine = [each for each in results if each.slice == value]
        assert [each.chosen.label for each in mine] == [each.chosen.label for each in alone]
        assert [each.quantiles for each in mine] == [each.quantiles for each in alone]
        assert [each.value for each in mine] == [each.value for each in alone]


def test_infinite_losses_are_the_largest_of_their_slice_and_few_rows_are_left_out() -> None:
    data = {
        "target": [1.0, 1.0, 0.0, 0.0, 1.0],
        "prediction": [0.0, 0.5, 0.25, 0.125, 0.5],
        "part": ["x", "x", "y", "y", "z"],
    }
    results = lossctl.evaluate(data, "bce,wmape", by="part", quantiles=[1.0], min_n=2)
    told = [(each.slice.get("part"), each.quantiles.loss["max"], each.quantiles.status) for each in results]
    assert told[:2] == [(None, np.inf, "inf"), ("x", np.inf, "inf")]
    assert told[2] == ("y", pytest.approx(-np.log(0.75)), "ok")
    assert told[3:] == [(None, None, "none"), ("x", None, "none"), ("y", None, "none")]
    records = results.to_frame()
    assert records["quantiles.loss.max"].isna().tolist() == [True, True, False, True, True, True]
    assert records["quantiles.status"].tolist() == ["inf", "inf", "ok", "none", "none", "none"]
    for name in ("table", "csv", "tsv", "json", "jsonl", "markdown", "latex", "html"):
        assert ("0.28768" in lossctl.render(results, name)) or name in {"table", "markdown", "latex", "html"}
    assert "0.287682" in lossctl.render(results, "table")


@pytest.mark.parametrize(("level", "totals", "ranks"), [(0.5, [4, 5], [2, 3]), (0.0, [9], [0]), (0.07, [100], [7])])
def test_ranks_are_those_of_single_quantiles(level: float, totals: list[int], ranks: list[int]) -> None:
    assert slice_sketch.ranks_of(level, np.array(totals)).tolist() == ranks


def test_a_look_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        slice_sketch.SieveCounts(slice_sketch.Sieve(5), 9)
