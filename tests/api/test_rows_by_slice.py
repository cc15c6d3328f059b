"""Rows told by slice: each with its slice, and the worst of every slice, against pandas and runs of one slice alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.core.escape import unguarded
from lossctl.core.rows.block import Batch, Block
from lossctl.engine.accumulators.slice_worst import SliceWorst

BY = ["shop", "size"]
LOSSES = {"mae": np.abs, "half_mse": lambda gap: 0.5 * gap * gap}
SLOPES = {"mae": np.sign, "half_mse": lambda gap: gap}
OPTIONS: dict[str, Any] = {"prediction": ["a", "b"], "weight": "w", "nan": "omit", "by": BY}


def frame(rows: int = 3_000) -> pd.DataFrame:
    """Return predictions whose losses are often equal, some of them missing, in slices of any size."""
    rng = np.random.default_rng(5)
    target = rng.integers(-20, 20, rows) / 4.0
    table = pd.DataFrame(
        {
            "id": [f"k{each}" for each in range(rows)],
            "target": target,
            "a": target + rng.integers(-9, 9, rows) / 4.0,
            "b": target + rng.standard_t(3, rows),
            "w": rng.integers(0, 4, rows) / 2.0,
            "shop": rng.choice(
                np.array(["x", "=y", "né\tz", "", None], dtype=object), rows, p=[0.5, 0.2, 0.2, 0.05, 0.05]
            ),
            "size": rng.integers(0, 6, rows) ** 2,
        }
    )
    table.loc[rng.random(rows) < 0.03, "a"] = np.nan
    return table


def expected(table: pd.DataFrame, model: str, loss: str) -> pd.DataFrame:
    """Return the rows of a model that count, with their losses."""
    gap = (table[model] - table["target"]).to_numpy()
    made = table.assign(row=np.arange(len(table)) + 1, value=LOSSES[loss](gap), slope=SLOPES[loss](gap))
    made["size"] = made["size"].astype(str)
    return made[(made["w"] > 0) & np.isfinite(gap)]


def shown(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """Leave out slices of few rows."""
    return table[table.groupby(BY, dropna=False)["row"].transform("size") >= least]


def keys(table: pd.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    return [tuple(None if pd.isna(each) else each for each in row) for row in table[names].to_numpy().tolist()]


@pytest.mark.parametrize("least", [None, 60])
def test_every_row_stands_with_its_slice(least: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossctl.engine.each_row.BLOCK_ROWS", 700)
    table = frame()
    with lossctl.open_rows(table, list(LOSSES), min_n=least, **OPTIONS) as rows:
        found = rows.to_frame()
        assert any("fewer than 60 rows" in line for line in rows.warnings) is (least is not None)
    assert list(found.columns) == ["model", "loss", "row", "slice.shop", "slice.size", "weight", "value", "slope"]
    for (model, loss), mine in found.groupby(["model", "loss"]):
        right = shown(expected(table, model, loss), least or 0)
        assert 0 < len(right) < len(table)
        numbers = ["row", "w", "value", "slope"]
        assert mine[["row", "weight", "value", "slope"]].to_numpy().tolist() == right[numbers].to_numpy().tolist()
        assert keys(mine, ["slice.shop", "slice.size"]) == keys(right, BY)


def test_every_format_holds_the_slices(tmp_path: Path) -> None:
    table = frame(80)
    with lossctl.open_rows([table, table[::-1].reset_index(drop=True)], "mae", key="id", **OPTIONS) as rows:
        right = rows.to_frame()
        texts = {}
        for kind in ("csv", "tsv", "jsonl"):
            stream = io.BytesIO()
            rows.write(kind, stream)
            texts[kind] = stream.getvalue().decode()
        rows.write("parquet", str(tmp_path / "rows.parquet"))
    names = ["slice.shop", "slice.size"]
    of_id = {name: tuple(of) for name, *of in keys(table.assign(size=table["size"].astype(str)), ["id", *BY])}
    assert keys(right, names) == [of_id[name] for name in right["key"]]
    read = pd.read_parquet(tmp_path / "rows.parquet")
    assert keys(read, ["key", *names]) == keys(right, ["key", *names])
    lines = [json.loads(line) for line in texts["jsonl"].splitlines()]
    assert [list(line) for line in lines[:1]] == [
        [*("model", "loss", "key", "slice", "weight", "value", "slope", "status")]
    ]
    assert [tuple(line["slice"].values()) for line in lines] == keys(right, names)
    assert list(lines[0]["slice"]) == BY
    for kind, sign in (("csv", ","), ("tsv", "\t")):
        text = pd.read_csv(io.StringIO(texts[kind]), sep=sign, dtype=str, quoting=0 if kind == "csv" else 3)
        assert list(text.columns)[2:5] == ["key", *names]
        assert "'=y" in set(text["slice.shop"])
        read_back = [(None if shop is None else unguarded(shop), size) for shop, size in keys(text, names)]
        assert read_back == [(shop or None, size) for shop, size in keys(right, names)]


@pytest.mark.parametrize("small", [False, True])
def test_the_worst_rows_of_every_slice_are_those_of_sorting(*, small: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if small:
        monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 100)
        monkeypatch.setattr("lossctl.engine.accumulators.slice_worst._WAITING", 150)
    table = frame()
    found = lossctl.worst_rows(table, list(LOSSES), 4, keep=["id", "shop"], threads=8, min_n=20, **OPTIONS)
    records = found.to_frame()
    assert list(records.columns)[1:5] == ["model", "slice", "slice.shop", "slice.size"]
    right = []
    for model in ("a", "b"):
        for loss in LOSSES:
            rows = expected(table, model, loss).sort_values(["value", "row"], ascending=[False, True])
            groups = shown(rows, 20).groupby(BY, dropna=False)
            ordered = sorted(groups, key=lambda each: (pd.isna(each[0][0]), str(each[0][0]), int(each[0][1])))
            for slice_of, some in [((None, None), rows), *ordered]:
                head = some.head(4)
                names = [None if pd.isna(each) else each for each in slice_of]
                columns = head[["row", "w", "value", "slope", "target", model, "id"]].to_numpy().tolist()
                right += [[model, loss, *names, rank + 1, *each] for rank, each in enumerate(columns)]
    names = ["rank", "row", "weight", "value", "slope", "target", "prediction", "keep.id"]
    mine = [list(each) for each in keys(records, ["model", "loss", "slice.shop", "slice.size", *names])]
    assert mine == right
    assert [each.slice for each in found[:5]] == [{}, {}, {}, {}, {"shop": "", "size": "0"}]
    assert all(each.slice.get("shop", each.keep["shop"]) == each.keep["shop"] for each in found)
    assert found.notes[0].startswith("a, mae: of the whole, these 4 rows make up ")
    for name in ("table", "csv", "tsv", "json", "jsonl", "markdown", "latex", "html", "bare"):
        assert "né\tz" not in lossctl.render(found, name) or name in {"csv", "json", "jsonl"}


@pytest.mark.parametrize("exponent", [200, -200])
@pytest.mark.parametrize("small", [False, True])
def test_squares_that_do_not_fit_rank_by_their_roots_in_each_slice(
    exponent: int, *, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if small:
        monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 50)
        monkeypatch.setattr("lossctl.engine.accumulators.slice_worst._WAITING", 40)
    rng = np.random.default_rng(8)
    gaps = rng.permutation(np.arange(-150.0, 150.0)) * 10.0**exponent
    slices = rng.integers(0, 3, len(gaps))
    data = {"target": np.zeros(len(gaps)), "prediction": gaps, "s": slices}
    for loss in ("rmse", "mae"):
        worst = lossctl.worst_rows(data, loss, 5, by="s", threads=4)
        for code in range(3):
            mine = [each.row for each in worst if each.slice == {"s": str(code)}]
            rows = np.flatnonzero(slices == code)
            assert mine == (rows[np.argsort(-np.abs(gaps[rows]), kind="stable")][:5] + 1).tolist()


def test_order_and_cut_of_the_file_change_no_row(tmp_path: Path) -> None:
    table = frame(400)
    order = np.random.default_rng(1).permutation(len(table))
    parts = [table.iloc[order[:130]], table.iloc[order[130:]]]
    for place, part in enumerate(parts):
        part.to_parquet(tmp_path / f"p{place}.parquet")
    options = {**OPTIONS, "key": "id", "prediction": "b"}
    told = []
    for source in (table, str(tmp_path / "p*.parquet")):
        worst = lossctl.worst_rows(source, "mae", 3, **options)
        told.append([(str(each.slice), each.rank, each.key, each.value) for each in worst])
        with lossctl.open_rows(source, "mae", **options) as rows:
            told.append(keys(rows.to_frame().sort_values("key"), ["key", "slice.shop", "slice.size", "value"]))
    assert told[:2] == told[2:]


def test_rows_of_a_normalized_distribution_are_those_of_their_slice() -> None:
    rng = np.random.default_rng(3)
    data = {"p": rng.random(60), "q": rng.random(60), "part": rng.integers(0, 3, 60)}
    options: dict[str, Any] = {"target": "p", "prediction": "q", "normalize": True}
    with lossctl.open_rows(data, "cross_entropy", by="part", **options) as rows:
        found = rows.to_frame()
    worst = lossctl.worst_rows(data, "cross_entropy", 2, by="part", **options)
    for part in "012":
        with lossctl.open_rows(data, "cross_entropy", where=f"part = {part}", **options) as rows:
            alone = rows.to_frame()
        mine = found[found["slice.part"] == part]
        assert (
            mine[["row", "value", "slope"]].to_numpy().tolist() == alone[["row", "value", "slope"]].to_numpy().tolist()
        )
        largest = alone.sort_values("value", ascending=False)["row"].tolist()[:2]
        assert [each.row for each in worst if each.slice == {"part": part}] == largest
    with pytest.raises(lossctl.DataError, match=r"slice part=.*sum"):
        lossctl.open_rows({**data, "p": data["p"] / data["p"].sum(), "q": data["q"] / data["q"].sum()}, "cross_entropy",
                          by="part", target="p", prediction="q")  # fmt: skip


def test_rows_joined_to_their_targets_know_the_slices_of_either_file() -> None:
    targets = {"id": ["a", "b", "c", "d"], "y": [1.0, 2.0, 4.0, 9.0], "group": ["x", "y", "x", "w"]}
    data = {"id": ["c", "a", "q", "b"], "p": [3.5, 2.5, 7.0, 2.0]}
    options: dict[str, Any] = {"targets": targets, "target": "y", "prediction": "p", "key": "id", "unmatched": "drop"}
    with lossctl.open_rows(data, "mae", by="group", **options) as rows:
        assert keys(rows.to_frame(), ["key", "slice.group", "value"]) == [
            ("c", "x", 0.5),
            ("a", "x", 1.5),
            ("b", "y", 0.0),
        ]
    worst = lossctl.worst_rows(data, "mae", 1, by="group", **options)
    assert [(each.slice, each.key) for each in worst] == [({}, "a"), ({"group": "x"}, "a"), ({"group": "y"}, "b")]


def test_more_rows_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossctl.api.results.row_slices._MOST_ROWS", 30)
    data = {"target": np.zeros(50), "prediction": np.arange(50.0), "part": np.arange(50) % 10}
    assert len(lossctl.worst_rows(data, "mae", 3, by="part")) == 33
    with pytest.raises(lossctl.UsageError, match="the 4 worst rows of each of 10 slices are 40, and 30 are the most"):
        lossctl.worst_rows(data, "mae", 4, by="part")


def test_rows_that_come_in_any_order_tie_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossctl.engine.accumulators.slice_worst._WAITING", 30)
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {"row": np.arange(600), "code": rng.integers(0, 4, 600), "loss": rng.integers(0, 9, 600) / 2.0}
    )
    table.loc[rng.random(600) < 0.01, "loss"] = np.nan
    members = np.array([True, True, False, True])
    parts = [SliceWorst(12, members), SliceWorst(12, members)]
    shuffled = table.sample(frac=1.0, random_state=3)
    for start in range(0, 600, 50):
        some = shuffled[start : start + 50]
        loss, rows, codes = (some[name].to_numpy() for name in ("loss", "row", "code"))
        block = Block(None, loss, None, Batch({}, 0, 50, rows), None)
        parts[start % 3 % 2].add(loss, -loss, block, codes)
    parts[0].merge(parts[1])
    parts[0].settle()
    for code in range(4):
        right = table[table["code"] == code].sort_values(["loss", "row"], ascending=[False, True], na_position="first")
        kept = parts[0].of(code)
        assert kept.rows.tolist() == (right["row"].tolist()[:12] if members[code] else [])
        np.testing.assert_array_equal(kept.beside["slope"], -right["loss"].to_numpy()[: len(kept.rows)])
