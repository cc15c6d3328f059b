"""Long lists, which are read apart from the other columns: the same rows, bits and refusals as short ones have."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

import lossctl
from lossctl.core import block as blocks
from lossctl.core.block import BLOCK_NUMBERS, BLOCK_ROWS, Batch, Binding
from lossctl.core.errors import MORE_MEMORY, DataError
from lossctl.losses import LOSSES
from lossctl.sources import open_source, stream, wide
from lossctl.sources.join import join
from lossctl.sources.paired import paired_by_key
from lossctl.sources.slices import Slices

ROWS = 700


def table_of(width: int, rows: int = ROWS) -> pa.Table:
    rng = np.random.default_rng(width)
    scores, other = rng.normal(size=(rows, width)), rng.normal(size=(rows, width + 3))
    lists = [None if row % 97 == 5 else scores[row].tolist() for row in range(rows)]
    columns = {
        "y": rng.integers(0, width, rows),
        "p": pa.array(lists, pa.list_(pa.float64())),
        "q": pa.array(other.astype(np.float32).tolist(), pa.list_(pa.float32())),
        "g": rng.choice(["a", "b c", "é"], rows),
        "id": np.arange(rows),
    }
    return pa.table(columns)


def read(source: Any, columns: list[str], **options: Any) -> dict[str, Any]:
    with open_source(source) as opened:
        batches = [*opened.read(columns, **options)]
    found = {name: np.concatenate([[], *(batch.columns[name].ravel() for batch in batches)]) for name in columns}
    rows = [batch.rows if batch.rows is not None else batch.first_row + np.arange(len(batch)) for batch in batches]
    found["rows"] = np.concatenate([[], *rows])
    if "by" in options:
        by = options["by"]
        found["slices"] = [by.values(code) for batch in batches for code in batch.slices.tolist()]
    if "texts" in options:
        found["texts"] = [text for batch in batches for text in batch.texts["id"].to_pylist()]
    return found


@pytest.mark.parametrize("condition", [None, "id % 3 = 1", "id > 650", "id < 0"])
@pytest.mark.parametrize("form", ["parquet", "arrow", "polars"])
@pytest.mark.parametrize("numbers", [100, 2**19])
def test_rows_are_those_of_short_lists(
    form: str, condition: str | None, numbers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is read beside them, filtered or not, some rows at once or one: two lists of different length."""
    monkeypatch.setattr(wide, "BLOCK_NUMBERS", numbers)
    table = table_of(40)
    path = tmp_path / "w.parquet"
    pq.write_table(table, path, row_group_size=211)
    source = {"parquet": str(path), "arrow": table, "polars": pl.from_arrow(table)}[form]
    found = []
    for least in (32, 10**9):
        monkeypatch.setattr(wide, "WIDE", least)
        options = {"where": condition, "by": Slices(["g"]), "texts": ("id",)}
        found.append(read(source, ["q", "y", "p"], **options))
    apart, together = found
    for name in ("q", "y", "p", "rows"):
        assert_array_equal(apart[name], together[name])
    assert apart["slices"] == together["slices"]
    assert apart["texts"] == together["texts"]
    assert len(apart["rows"]) == {None: ROWS, "id % 3 = 1": 233, "id > 650": 49, "id < 0": 0}[condition]


@pytest.mark.parametrize("width", [31, 32, 33])
def test_results_are_the_same_to_the_bit(width: int, tmp_path: Path) -> None:
    table = table_of(width)
    pq.write_table(table, tmp_path / "w.parquet")
    lists = [None if each is None else np.array(each) for each in table["p"].to_pylist()]
    columns = {f"p_{place}": [np.nan if each is None else each[place] for each in lists] for place in range(width)}
    frame = pd.DataFrame({"y": table["y"].to_numpy(), "g": table["g"].to_pylist(), **columns})
    options: Any = {"target": "y", "nan": "omit", "by": "g"}
    losses = "softmax_cross_entropy,multi_margin,sparsemax"
    classes = [str(place) for place in range(width)]
    apart = lossctl.evaluate(str(tmp_path / "w.parquet"), losses, prediction="p", classes=classes, **options)
    named = lossctl.evaluate(frame, losses, prediction="p_*", classes=classes, **options)
    for one, other in zip(apart, named, strict=True):
        assert (one.value, one.std_error, one.gradient, one.n) == (
            other.value,
            other.std_error,
            other.gradient,
            other.n,
        )


def test_a_list_of_another_length_is_named(tmp_path: Path) -> None:
    for row, length in ((321, 39), (322, 0), (450, 41)):
        lists = [[1.0] * 40 for _ in range(500)]
        lists[row] = lists[row + 7] = [1.0] * length
        pq.write_table(pa.table({"y": np.zeros(500), "p": lists}), tmp_path / "u.parquet")
        with pytest.raises(DataError) as refused:
            lossctl.evaluate(str(tmp_path / "u.parquet"), "softmax_cross_entropy", target="y", prediction="p")
        of = f'row {row + 1}, column "p": a list of {length} values, where the first has 40'
        assert of in str(refused.value)


def test_missing_numbers_within(tmp_path: Path) -> None:
    lists = [[float(row + place) for place in range(40)] for row in range(9)]
    lists[4][7] = None  # type: ignore[call-overload]  # a number that is missing
    pq.write_table(pa.table({"p": lists}), tmp_path / "m.parquet")
    found = read(str(tmp_path / "m.parquet"), ["p"])["p"]
    assert_array_equal(np.argwhere(np.isnan(found.reshape(9, 40))), [[4, 7]])


def test_blocks_are_bounded_by_their_numbers() -> None:
    binding = Binding("m", ("y",), ("p",))
    for width in (1, 7, 8, 1000, 100_000, 10**6):
        batch = Batch({"y": np.zeros(1), "p": np.zeros((1, width)), "other": np.zeros((1, 50))}, 0, 1)
        rows = batch.rows_of(binding)
        assert rows == BLOCK_ROWS if width < 8 else rows * (width + 1) <= max(blocks.BLOCK_NUMBERS, width + 1)
        assert rows == batch.rows_of(binding, Binding("n", ("y",), ("y",)))


@pytest.mark.parametrize("by", [(), ("g",)])
def test_a_kernel_gets_no_more_numbers_than_a_block_holds(by: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file, of slices, few or many, and of two models side by side, however much is read at once."""
    monkeypatch.setattr(wide, "WIDE", 10**9)
    seen: list[int] = []

    def kernel(_target: Any, prediction: Any) -> tuple[Any, Any]:
        seen.append(prediction.size)
        return prediction.sum(axis=1), np.ones_like(prediction)

    chosen = replace(LOSSES["softmax_cross_entropy"], kernel=kernel, params=()).choose()
    rows = 3000
    rng = np.random.default_rng(1)
    for slices in (3, 50):
        frame = {"y": np.zeros(rows), "p": rng.normal(size=(rows, 700)), "g": np.arange(rows) % slices}
        frame["q"] = frame["p"][::-1]
        seen.clear()
        lossctl.evaluate(frame, [chosen], by=by, target="y", prediction="p")
        assert sum(seen) == rows * 700
        lossctl.compare(frame, [chosen], by=by, target="y", prediction=["p", "q"])
        assert max(seen) <= blocks.BLOCK_NUMBERS


SCRIPT = """
import re, sys
from pathlib import Path
import numpy as np, lossctl
found = lossctl.evaluate(sys.argv[1], "softmax_cross_entropy", target="y", prediction="p")
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(repr(found[0].value), int(peak[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory a process took is told by Linux")
def test_memory_does_not_grow_with_the_rows_of_wide_lists(tmp_path: Path) -> None:
    """64 MB of logits in one row group, of which a few rows are held: it took six times as much."""
    rng = np.random.default_rng(3)
    peaks = []
    for rows in (500, 8000):
        scores = rng.normal(size=(rows, 1000))
        lists = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), 1000)
        labels = rng.integers(0, 1000, rows)
        pq.write_table(pa.table({"y": labels, "p": lists}), tmp_path / "w.parquet", compression="none")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "w.parquet")], capture_output=True, text=True, check=True
        )
        value, peak = done.stdout.split()
        top = scores.max(axis=1)
        expected = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - scores[np.arange(rows), labels]
        assert float(value) == pytest.approx(expected.mean(), rel=1e-12)
        peaks.append(int(peak))
    assert peaks[1] - peaks[0] < 110, peaks


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("form", ["columns", "matrix", "joined", "grouped"])
def test_a_batch_of_wide_rows_has_few(
    form: str, *, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they are stored, and whether DuckDB can be told or not; they are the same rows."""
    if not told:
        monkeypatch.setattr(stream, "_reader", lambda relation, _: arro.RecordBatchReader.from_arrow(relation))
    rows, width = 30_000, 40
    scores = np.random.default_rng(4).normal(size=(rows, width))
    scores[7], missing = np.nan, [None if row == 7 else scores[row] for row in range(rows)]
    names = ["p"] if form != "columns" else [f"p_{place}" for place in range(width)]
    table = pa.table({"id": np.arange(rows), "g": np.arange(rows) // 10, "p": missing})
    if form == "columns":
        table = pa.table({name: scores[:, place] for place, name in enumerate(names)})
    path = tmp_path / "w.parquet"
    pq.write_table(table, path)
    source: Any = {"p": scores} if form == "matrix" else str(path)
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(source))
        if form == "joined":
            other = stack.enter_context(open_source({"id": np.arange(rows)[::-1], "t": np.arange(rows)[::-1]}))
            opened = stack.enter_context(join(opened, other, ["id"], ordered=True))
            names.append("t")
        opened.width(names[0])
        batches = [*opened.read(names, group="g" if form == "grouped" else None)]
    most = BLOCK_NUMBERS // len(scores[0])
    assert 0.9 * most <= max(map(len, batches)) <= most + 10  # a group is not cut
    columns = [np.concatenate([batch.columns[name] for batch in batches]) for name in names]
    found = np.column_stack(columns)
    order = np.concatenate(
        [each.first_row + np.arange(len(each)) if each.rows is None else each.rows for each in batches]
    )
    assert_array_equal(found[:, :width], scores[order])
    assert_array_equal(np.sort(order), np.arange(rows))
    if form == "joined":
        assert_array_equal(found[:, width], order)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_batch_of_wide_pairs_has_few(*, ordered: bool, tmp_path: Path) -> None:
    rows, width = 30_000, 40
    scores = np.random.default_rng(6).normal(size=(rows, width))
    names = [f"p_{place}" for place in range(width)]
    for file, order in (("one", np.arange(rows)), ("other", np.arange(rows)[::-1])):
        columns = {name: scores[order, place] for place, name in enumerate(names)}
        pq.write_table(pa.table({"id": order, **columns}), tmp_path / f"{file}.parquet")
    with open_source(str(tmp_path / "one.parquet")) as one, open_source(str(tmp_path / "other.parquet")) as other:
        requests = [one.request(names), other.request(names)]
        pairs = list(paired_by_key([one, other], requests, ["id"], ordered=ordered))
    assert max(len(first) for first, _ in pairs) <= BLOCK_NUMBERS // (2 * width)
    assert sum(len(first) for first, _ in pairs) == rows
    for first, second in pairs:
        for name in names:
            assert_array_equal(first.columns[name], second.columns[name])


@pytest.mark.parametrize("kind", [pa.bool_(), pa.int8(), pa.float32(), pa.decimal128(30, 2)])
@pytest.mark.parametrize("fixed", [True, False])
def test_lists_of_any_numbers(kind: pa.DataType, *, fixed: bool, tmp_path: Path) -> None:
    """Also beside rows that have no list, at the ends and in turn."""
    width, rows = 300, 60
    numbers = np.random.default_rng(2).integers(0, 2, (rows, width))
    gaps = {0, 1, 20, 22, 24, 59}
    lists = [None if row in gaps else numbers[row].tolist() for row in range(rows)]
    stored = pa.array(lists, pa.list_(pa.int64())).cast(pa.list_(kind))
    column = stored.cast(pa.list_(kind, width)) if fixed else stored
    pq.write_table(pa.table({"p": column, "q": column}), tmp_path / "k.parquet")
    found = read(str(tmp_path / "k.parquet"), ["p", "q"])
    expected = np.where(np.isin(np.arange(rows), [*gaps])[:, None], np.nan, numbers)
    for name in ("p", "q"):
        assert_array_equal(found[name].reshape(rows, width), expected)


@pytest.mark.parametrize("wide", [True, False])
def test_where_memory_runs_out_row_groups_are_the_cure(
    *, wide: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: Failed to allocate block of 9 bytes")

    monkeypatch.setattr(stream, "records_of", broken)
    pq.write_table(table_of(40), tmp_path / "m.parquet")
    with pytest.raises(DataError) as refused:
        read(str(tmp_path / "m.parquet"), ["p" if wide else "y"])
    assert refused.value.cure == (stream.FEWER_ROWS if wide else MORE_MEMORY)


def test_models_in_two_files_are_compared_to_the_same_bits(tmp_path: Path) -> None:
    """Read in batches of other lengths: wide lists beside columns of a text file."""
    rng = np.random.default_rng(8)
    one, other = rng.normal(size=(2, 900, 40))
    labels = rng.integers(0, 40, 900)
    pq.write_table(pa.table({"y": labels, "p": one.tolist()}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"y": labels, "p": other.tolist()}), tmp_path / "b.parquet")
    options: Any = {"target": "y", "prediction": "p", "by": (), "classes": [str(place) for place in range(40)]}
    files = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    frames = [{"y": labels, "p": one}, {"y": labels, "p": other}]
    found, expected = (lossctl.compare(each, "softmax_cross_entropy", **options) for each in (files, frames))
    for mine, theirs in zip(found, expected, strict=True):
        assert (mine.delta, mine.delta_ci, mine.p_value, mine.wins) == (
            theirs.delta,
            theirs.delta_ci,
            theirs.p_value,
            theirs.wins,
        )
