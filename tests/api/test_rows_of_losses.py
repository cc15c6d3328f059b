"""Every row's loss, and the worst rows, against computing them by hand."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import lossctl
from lossctl.core.escape import unguarded
from lossctl.core.rows.block import BLOCK_ROWS


def frame(size: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    target = rng.normal(size=size) * 10.0 ** rng.integers(-200, 200, size)
    return {
        "id": np.array([f"k{each}" for each in range(size)]),
        "target": target,
        "a": target * rng.uniform(0.5, 2.0, size),
        "b": target + rng.normal(size=size),
        "w": rng.integers(0, 3, size) / 2.0,
    }


def text_of(data: Any, losses: str, kind: str, **options: Any) -> str:
    stream = io.BytesIO()
    with lossctl.open_rows(data, losses, **options) as rows:
        rows.write(kind, stream)
    return stream.getvalue().decode()


def test_rows_are_those_of_the_file_then_of_models_and_losses() -> None:
    data = frame(5)
    with lossctl.open_rows(data, "mae,half_mse", prediction=["a", "b"]) as rows:
        table = rows.to_frame()
    assert list(table.columns) == ["model", "loss", "row", "value", "slope"]
    assert table["row"].tolist() == [row for row in range(1, 6) for _ in range(4)]
    assert table["model"].tolist() == ["a", "a", "b", "b"] * 5
    assert table["loss"].tolist() == ["mae", "half_mse"] * 10
    of_b = table[(table["model"] == "b") & (table["loss"] == "half_mse")]
    gap = data["b"] - data["target"]
    assert of_b["value"].tolist() == (0.5 * gap * gap).tolist()
    assert of_b["slope"].tolist() == gap.tolist()


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_text_reads_back_to_the_same_bits(kind: str) -> None:
    data = frame(300)
    gap = np.abs(data["a"] - data["target"])
    text = text_of(data, "mae", kind, prediction="a")
    if kind == "jsonl":
        read = [json.loads(line)["value"] for line in text.splitlines()]
    else:
        sign = "," if kind == "csv" else "\t"
        lines = [line.split(sign) for line in text.splitlines()]
        assert lines[0] == ["model", "loss", "row", "value", "slope"]
        read = [float(line[3]) for line in lines[1:]]
    assert read == gap.tolist()


def test_parquet_holds_the_same(tmp_path: Path) -> None:
    data = frame(300)
    path = tmp_path / "rows.parquet"
    with lossctl.open_rows(data, "mae", prediction="a") as rows:
        rows.write("parquet", str(path))
        table = rows.to_frame()
    read = pq.read_table(path)
    types = [(each.name, str(each.type)) for each in read.schema]
    numbers = [("row", "int64"), ("value", "double"), ("slope", "double")]
    assert types == [("model", "string"), ("loss", "string"), *numbers]
    pd.testing.assert_frame_equal(read.to_pandas(), table, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("threads", [1, 4])
def test_the_order_is_that_of_the_file_whatever_the_threads(threads: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    size = BLOCK_ROWS + 4_017
    data = pl.DataFrame({"target": rng.normal(size=size), "prediction": rng.normal(size=size), "n": np.arange(size)})
    path, out = tmp_path / "p.parquet", tmp_path / "rows.csv.gz"
    data.write_parquet(path, row_group_size=10_000)
    with lossctl.open_rows(str(path), "mse,mae", where="n % 3 <> 1", threads=threads) as rows:
        rows.write("csv", str(out), gzip=True)
    table = pl.read_csv(gzip.decompress(out.read_bytes()))
    kept = np.flatnonzero(np.arange(size) % 3 != 1)
    gap = (data["prediction"] - data["target"]).to_numpy()[kept]
    assert table["row"].to_list() == np.repeat(kept + 1, 2).tolist()
    assert table["value"].to_numpy()[::2].tolist() == (gap * gap).tolist()
    assert table["slope"].to_numpy()[1::2].tolist() == np.sign(gap).tolist()


def test_sources_follow_each_other_and_name_their_models() -> None:
    data = frame(4)
    with lossctl.open_rows([data, data], "mae", prediction="a") as rows:
        table = rows.to_frame()
    assert table["model"].tolist() == ["<frame> 1"] * 4 + ["<frame> 2"] * 4
    assert table["row"].tolist() == [1, 2, 3, 4] * 2


def test_weights_are_told_and_rows_that_do_not_count_are_not() -> None:
    data = frame(40)
    data["a"][3] = np.nan
    with lossctl.open_rows(data, "mae", prediction=["a", "b"], weight="w", nan="omit") as rows:
        table = rows.to_frame()
        warnings = rows.warnings
    for model in ("a", "b"):
        mine = table[table["model"] == model]
        counted = [row for row in range(40) if data["w"][row] > 0 and np.isfinite(data[model][row])]
        assert (mine["row"] - 1).tolist() == counted
        assert mine["weight"].tolist() == data["w"][counted].tolist()
    light = int((data["w"] == 0).sum())
    dropped = f"1 with a missing or non-finite number and {light} of weight 0"
    weighing = bool(data["w"][3])
    told = dropped if weighing else f"{light} of weight 0"
    assert f"<frame>: a: of 40 rows, {told} are left out" in warnings
    assert f"<frame>: b: of 40 rows, {light} of weight 0 are left out" in warnings


def test_rows_are_the_terms_of_the_mean() -> None:
    data = frame(40)
    gap = data["b"] - data["target"]
    with lossctl.open_rows(data, "rmse", prediction="b", weight="w") as rows:
        table = rows.to_frame()
    assert table["value"].tolist() == (gap * gap)[data["w"] > 0].tolist()
    (result,) = lossctl.evaluate(data, "rmse", prediction="b", weight="w")
    mean = math.fsum(table["weight"] * table["value"]) / math.fsum(table["weight"])
    assert math.sqrt(mean) == pytest.approx(result.value, rel=1e-15)


def test_slopes_of_vectors_are_lists_of_any_length() -> None:
    rng = np.random.default_rng(3)
    data = {"t": rng.integers(0, 3, 7).astype(float), "u": rng.normal(size=(7, 3)), "v": rng.normal(size=(7, 4))}
    options: dict[str, Any] = {"target": "t", "prediction": ["u", "v"]}
    lines = [
        json.loads(line) for line in text_of(data, "softmax_cross_entropy", "jsonl", **options, classes=()).splitlines()
    ]
    assert [len(line["slope"]) for line in lines] == [3, 4] * 7
    z = np.exp(data["v"][2])
    expected = z / z.sum() - (np.arange(4) == data["t"][2])
    np.testing.assert_allclose(lines[5]["slope"], expected, rtol=1e-14)
    with lossctl.open_rows(data, "softmax_cross_entropy", **options) as rows:
        table = rows.to_frame()
    assert table["slope"][5].tolist() == lines[5]["slope"]
    csv = pd.read_csv(io.StringIO(text_of(data, "softmax_cross_entropy", "csv", **options)))
    assert json.loads(csv["slope"][5]) == lines[5]["slope"]


def test_an_infinite_loss_is_told_as_each_format_can() -> None:
    data = {"target": [1.0, 0.0], "prediction": [0.0, 0.25]}
    assert text_of(data, "binary_cross_entropy", "csv").splitlines()[1].split(",")[-2:] == ["inf", "-inf"]
    first = json.loads(text_of(data, "binary_cross_entropy", "jsonl").splitlines()[0])
    assert (first["value"], first["slope"], first["status"]) == (None, None, "inf")
    with lossctl.open_rows(data, "binary_cross_entropy") as rows:
        assert any("infinite in 1 of 2" in line for line in rows.warnings)


@pytest.mark.parametrize("ids", [["=1+1", 'a,"b"\t', "::error::"], ["a b", "c\nd", "é"], ["x", "-1", "##[x]\x01\x9b"]])
def test_keys_name_rows_and_text_of_the_data_is_guarded(ids: list[str]) -> None:
    data = {"target": [1.0, 2.0, 3.0], "=p": [1.5, 2.0, 5.0], "id": ids}
    for kind, sign in (("csv", ","), ("tsv", "\t")):
        text = text_of(data, "mae", kind, prediction="=p", key="id")
        table = pd.read_csv(io.StringIO(text), sep=sign, quoting=0 if kind == "csv" else 3)
        assert list(table.columns)[:3] == ["model", "loss", "key"]
        assert [unguarded(each) for each in table["key"]] == data["id"]
        assert table["key"][1].startswith("'")
        assert table["model"][0] == "'=p"
    text = text_of(data, "mae", "jsonl", prediction="=p", key="id")
    assert "##" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["key"] for line in lines] == data["id"]
    assert lines[0]["model"] == "=p"


def test_no_two_keys_of_several_columns_read_alike() -> None:
    parts = {"a": ["x,y", "x", 'q"', "", "two\nlines"], "b": ["z", "y,z", "r", "s", "t"]}
    data = {"target": np.arange(5.0), "prediction": np.arange(5.0) ** 2, **parts}
    with lossctl.open_rows(data, "mae", key=["a", "b"]) as rows:
        keys = rows.to_frame()["key"].tolist()
    assert keys == ['"x,y",z', 'x,"y,z"', '"q""",r', '"",s', '"two\nlines",t']
    assert [tuple(*csv.reader(io.StringIO(each, newline=""))) for each in keys] == [*zip(*parts.values(), strict=True)]
    worst = lossctl.worst_rows(data, "mae", 5, key=["a", "b"])
    assert sorted(str(each.key) for each in worst) == sorted(keys)


def test_keys_stand_by_their_rows_where_others_are_left_out() -> None:
    data = frame(40)
    data["a"][[4, 20]] = np.nan
    options: dict[str, Any] = {"prediction": ["a", "b"], "nan": "omit", "where": "w <> 0.5"}
    with lossctl.open_rows(data, "mae", key="id", **options) as rows:
        keyed = rows.to_frame()
    with lossctl.open_rows(data, "mae", **options) as rows:
        numbered = rows.to_frame()
    assert keyed["key"].tolist() == [f"k{row - 1}" for row in numbered["row"]]
    assert 40 < len(keyed) < 78


def test_a_missing_key_names_its_row() -> None:
    data = {"target": [1.0, 2.0], "prediction": [1.5, 2.0], "id": ["a", None]}
    with lossctl.open_rows(data, "mae", key="id") as rows, pytest.raises(lossctl.DataError, match=r"row 2.*missing"):
        rows.write("csv", io.BytesIO())


def test_rows_that_are_joined_to_their_targets_keep_their_numbers_and_the_columns_of_both() -> None:
    targets = {"id": ["a", "b", "c", "d"], "y": [1.0, 2.0, 4.0, 9.0], "group": ["x", "y", "z", "w"]}
    data = {"id": ["c", "a", "q", "b"], "p": [3.5, 2.5, 7.0, 2.0], "note": ["1", "2", "3", "4"]}
    options: dict[str, Any] = {"targets": targets, "target": "y", "prediction": "p", "key": "id", "unmatched": "drop"}
    with lossctl.open_rows(data, "mae", **options) as rows:
        table = rows.to_frame()
        warnings = rows.warnings
    assert table[["key", "value"]].to_numpy().tolist() == [["c", 0.5], ["a", 1.5], ["b", 0.0]]
    assert warnings == ("<frame>: 1 row has a key that is not in <frame>, and is left out",)
    (worst,) = lossctl.worst_rows(data, "mae", 1, keep=["note", "group"], **options)
    assert (worst.row, worst.key, worst.target, dict(worst.keep)) == (2, "a", 1.0, {"note": "2", "group": "x"})
    (result,) = lossctl.evaluate(data, "mae", quantiles=[0.5, 1.0], **options)
    assert result.quantiles.loss == {"p50": 0.5, "max": 1.5}


def test_a_distribution_that_is_normalized_has_the_rows_of_its_sum() -> None:
    p, q = np.array([1.0, 0.4, 0.6]), np.array([0.8, 0.7, 0.5])
    options: dict[str, Any] = {"target": "p", "prediction": "q", "normalize": True}
    with lossctl.open_rows({"p": p, "q": q}, "cross_entropy", **options) as rows:
        table = rows.to_frame()
    np.testing.assert_allclose(table["value"], -p / 2.0 * np.log2(q / 2.0), rtol=1e-14)


@pytest.mark.parametrize("name", ["wmape", "mase"])
def test_losses_whose_rows_have_none_are_refused_and_left_out_of_all(name: str) -> None:
    data = {"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}
    for look in (lossctl.open_rows, lambda *args: lossctl.worst_rows(*args, 1)):
        with pytest.raises(lossctl.UsageError, match=f"{name}: it is made of several means"):
            look(data, name)
    with lossctl.open_rows(data, "all") as rows:
        assert not any(loss.startswith(name) for _, loss in rows.layout.entries)
        assert any(name in line and "several means" in line for line in rows.warnings)


def test_losses_of_groups_have_no_rows() -> None:
    data = {"rel": [1.0, 0.0], "s": [0.5, 0.2], "g": [1, 1]}
    with pytest.raises(lossctl.UsageError, match="of groups"):
        lossctl.open_rows(data, "listnet", target="rel", prediction="s", group="g")


def test_the_worst_rows_are_those_of_sorting() -> None:
    data = frame(500)
    gap = np.abs(data["a"] - data["target"])
    found = lossctl.worst_rows(data, "mae,mse", 7, prediction=["a", "b"], keep=["id", "w"])
    assert len(found) == 28
    order = np.lexsort((np.arange(500), -gap))[:7]
    mine = found[:7]
    assert [each.row for each in mine] == (order + 1).tolist()
    assert [each.rank for each in mine] == list(range(1, 8))
    assert [each.value for each in mine] == gap[order].tolist()
    assert [each.target for each in mine] == data["target"][order].tolist()
    assert [each.prediction for each in mine] == data["a"][order].tolist()
    assert [each.slope for each in mine] == np.sign((data["a"] - data["target"])[order]).tolist()
    assert [each.keep["id"] for each in mine] == data["id"][order].tolist()
    assert [(each.model, each.loss) for each in found[::7]] == [("a", "mae"), ("a", "mse"), ("b", "mae"), ("b", "mse")]


@pytest.mark.parametrize("threads", [1, 4])
def test_equal_losses_give_the_first_rows_on_any_number_of_threads(threads: int, tmp_path: Path) -> None:
    size = 2 * BLOCK_ROWS + 11
    data = pl.DataFrame({"target": np.zeros(size), "prediction": np.where(np.arange(size) < 100, 0.5, 2.0)})
    path = tmp_path / "p.parquet"
    data.write_parquet(path)
    found = lossctl.worst_rows(str(path), "mae", 3, threads=threads)
    assert [each.row for each in found] == [101, 102, 103]


def test_the_worst_rows_of_a_file_keep_its_texts_and_keys(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,target,prediction,note\na,1,1.50,x\nb,2,2.00,\nc,4,1.0,\x1b[31m\n")
    found = lossctl.worst_rows(str(path), "mae", 2, keep=["note", "pred*"], key="id")
    assert [(each.key, each.row, dict(each.keep)) for each in found] == [
        ("c", 3, {"note": "\x1b[31m", "prediction": "1"}),
        ("a", 1, {"note": "x", "prediction": "1.50"}),
    ]
    for name in ("table", "csv", "markdown", "html"):
        assert "\x1b" not in lossctl.render(found, name)
    document = found.to_dict()
    assert document["schema"] == "lossctl/top/1"
    assert document["rows"][0]["keep"] == {"note": "\x1b[31m", "prediction": "1"}
    assert list(document["rows"][0]) == [
        *("source", "model", "slice", "loss", "params", "rank", "row", "key", "weight", "value", "slope"),
        *("target", "prediction", "keep", "status"),
    ]


def test_the_worst_rows_tell_labels_vectors_and_infinities() -> None:
    data = {"y": ["cat", "dog", "cat"], "p_cat": [0.0, 0.3, 0.6], "p_dog": [1.0, 0.7, 0.4]}
    first, second = lossctl.worst_rows(data, "categorical_cross_entropy", 2, target="y", prediction="p_*")
    assert (first.target, first.prediction, first.value, first.status) == ("cat", (0.0, 1.0), math.inf, "inf")
    assert first.to_dict()["value"] is None
    assert first.to_dict()["slope"][0] is None
    assert second.record()["prediction"] == "[0.6, 0.4]"


def test_the_share_of_the_worst_rows_is_that_of_the_weighted_sum() -> None:
    data = {"target": [0.0, 0.0, 0.0], "prediction": [1.0, 4.0, 2.0], "w": [3.0, 0.5, 1.0]}
    found = lossctl.worst_rows(data, "mae", 2, weight="w")
    assert [each.row for each in found] == [2, 3]
    assert [each.weight for each in found] == [0.5, 1.0]
    assert found.notes == ("these 2 rows make up 57.1% of the sum over 3",)
    assert "57.1%" in lossctl.render(found, "table")


def test_fewer_rows_than_asked_for_are_all_there_are() -> None:
    found = lossctl.worst_rows({"target": [1.0, 2.0], "prediction": [1.5, 2.0]}, "mae", 10)
    assert [each.row for each in found] == [1, 2]
    assert found.bare() == [1, 2]
    assert list(found.to_frame()["value"]) == [0.5, 0.0]


@pytest.mark.parametrize("count", [0, -1, 100_001, True, 2.0])
def test_a_count_that_is_none_is_refused(count: Any) -> None:
    with pytest.raises(lossctl.UsageError, match="top"):
        lossctl.worst_rows({"target": [1.0], "prediction": [1.5]}, "mae", count)


def test_rows_take_no_skill() -> None:
    data = {"target": [1.0, 2.0], "prediction": [1.5, 2.0]}
    with pytest.raises(lossctl.UsageError, match="skill"):
        lossctl.open_rows(data, "mse", skill=True)


@pytest.mark.parametrize("loss", ["jensen_shannon_distance", "hellinger"])
def test_events_without_a_probability_are_ranked_without_a_warning(loss: str) -> None:
    data = {"p_a": [0.0, 1.0, 0.25], "p_b": [1.0, 0.0, 0.75], "q_a": [5e-324, 0.0, 0.5], "q_b": [1.0, 1.0, 0.5]}
    arrays = {name: np.array(values) for name, values in data.items()}
    (worst,) = lossctl.worst_rows(arrays, loss, 1, target="p_*", prediction="q_*")
    assert worst.row == 2
