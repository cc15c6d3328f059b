"""Wide rows of Parquet, which are read apart from other columns: the same rows, bits and refusals as others have."""

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
from lossctl.core.errors import MORE_MEMORY, DataError
from lossctl.core.rows import block as blocks
from lossctl.core.rows.block import BLOCK_NUMBERS, BLOCK_ROWS, Batch, Binding
from lossctl.losses import LOSSES
from lossctl.sources import open_source
from lossctl.sources.files import parquet, wide
from lossctl.sources.joins.side_by_side import paired_by_key
from lossctl.sources.joins.targets import join
from lossctl.sources.query import stream
from lossctl.sources.query.slicing import Slices

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


def spied(monkeypatch: pytest.MonkeyPatch, least: int | None = None) -> list[int]:
    """Return a list that gets the rows of a batch, for each time that a file is read apart; from `least` numbers on."""
    rows: list[int] = []
    opened = wide.Apart.__init__

    def opening(self: wide.Apart, *given: Any) -> None:
        rows.append(given[-1])
        opened(self, *given)

    monkeypatch.setattr(wide.Apart, "__init__", opening)
    if least is not None:
        monkeypatch.setattr(wide, "_MANY", least)
    return rows


@pytest.mark.parametrize("condition", [None, "id % 3 = 1", "id > 650", "id < 0"])
@pytest.mark.parametrize("form", ["parquet", "arrow", "polars"])
@pytest.mark.parametrize("numbers", [100, 2**19])
def test_rows_are_those_of_short_lists(
    form: str, condition: str | None, numbers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is read beside them, filtered or not, some rows at once or one: two lists of different length."""
    monkeypatch.setattr(wide, "BLOCK_NUMBERS", numbers)
    opened = spied(monkeypatch)
    table = table_of(40)
    path = tmp_path / "w.parquet"
    pq.write_table(table, path, row_group_size=211)
    source = {"parquet": str(path), "arrow": table, "polars": pl.from_arrow(table)}[form]
    found = []
    for least in (1, 10**9):
        monkeypatch.setattr(wide, "_MANY", least)
        options = {"where": condition, "by": Slices(["g"]), "texts": ("id",)}
        found.append(read(source, ["q", "y", "p"], **options))
    assert bool(opened) == (form == "parquet")
    apart, together = found
    for name in ("q", "y", "p", "rows"):
        assert_array_equal(apart[name], together[name])
    assert apart["slices"] == together["slices"]
    assert apart["texts"] == together["texts"]
    assert len(apart["rows"]) == {None: ROWS, "id % 3 = 1": 233, "id > 650": 49, "id < 0": 0}[condition]


@pytest.mark.parametrize("least", [1, 10**9])
def test_results_are_the_same_to_the_bit(least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, width = spied(monkeypatch, least), 32
    table = table_of(width).drop(["q"])
    pq.write_table(table, tmp_path / "w.parquet")
    lists = [None if each is None else np.array(each) for each in table["p"].to_pylist()]
    columns = {f"p_{place}": [np.nan if each is None else each[place] for each in lists] for place in range(width)}
    frame = pd.DataFrame({"y": table["y"].to_numpy(), "g": table["g"].to_pylist(), **columns})
    options: Any = {"target": "y", "nan": "omit", "by": "g"}
    losses = "softmax_cross_entropy,multi_margin,sparsemax"
    classes = [str(place) for place in range(width)]
    apart = lossctl.evaluate(str(tmp_path / "w.parquet"), losses, prediction="p", classes=classes, **options)
    assert bool(opened) == (least == 1)
    named = lossctl.evaluate(frame, losses, prediction="p_*", classes=classes, **options)
    for one, other in zip(apart, named, strict=True):
        assert (one.value, one.std_error, one.gradient, one.n) == (
            other.value,
            other.std_error,
            other.gradient,
            other.n,
        )


@pytest.mark.parametrize("least", [1, 10**9])
def test_a_list_of_another_length_is_named(least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = spied(monkeypatch, least)
    for row, length in ((321, 39), (322, 0), (450, 41)):
        lists = [[1.0] * 40 for _ in range(500)]
        lists[row] = lists[row + 7] = [1.0] * length
        pq.write_table(pa.table({"y": np.zeros(500), "p": lists}), tmp_path / "u.parquet")
        with pytest.raises(DataError) as refused:
            lossctl.evaluate(str(tmp_path / "u.parquet"), "softmax_cross_entropy", target="y", prediction="p")
        of = f'row {row + 1}, column "p": a list of {length} values, where the first has 40'
        assert of in str(refused.value)
        found = read(str(tmp_path / "u.parquet"), ["p"], where=f"len(p) = 40 or y < 0 or {row} < 0")
        assert len(found["p"]) == 498 * 40
    assert bool(opened) == (least == 1)


def test_missing_numbers_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spied(monkeypatch, 1) == []
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
def test_a_kernel_gets_no_more_numbers_than_a_block_holds(by: tuple[str, ...]) -> None:
    """Of a file, of slices, few or many, and of two models side by side, however much is read at once."""
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
@pytest.mark.parametrize(("rows", "width"), [(8000, 1000), (160, 50_000)])
def test_memory_does_not_grow_with_the_rows_of_wide_lists(rows: int, width: int, tmp_path: Path) -> None:
    """64 MB of logits in one row group, of which a few rows are held: DuckDB takes up to 2,048 rows at once."""
    rng = np.random.default_rng(3)
    peaks = []
    for count in (rows // 16, rows):
        scores = rng.normal(size=(count, width))
        lists = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), width)
        labels = rng.integers(0, width, count)
        pq.write_table(pa.table({"y": labels, "p": lists}), tmp_path / "w.parquet", compression="none")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "w.parquet")], capture_output=True, text=True, check=True
        )
        value, peak = done.stdout.split()
        top = scores.max(axis=1)
        expected = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - scores[np.arange(count), labels]
        assert float(value) == pytest.approx(expected.mean(), rel=1e-12)
        peaks.append(int(peak))
    assert peaks[1] - peaks[0] < 50, peaks


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


KINDS = [pa.bool_(), pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.decimal128(30, 2)]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("form", ["lists", "fixed", "large"])
def test_lists_of_any_numbers(kind: pa.DataType, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also beside rows that have no list, at the ends and in turn; and whole numbers that no double is."""
    opened = spied(monkeypatch, 1)
    width, rows = 300, 60
    numbers = np.random.default_rng(2).integers(0, 2, (rows, width))
    if kind in (pa.int64(), pa.uint64()):
        numbers += 2**62 + np.arange(rows)[:, None] * 77
    gaps = {0, 1, 20, 22, 24, 59}
    lists = [None if row in gaps else numbers[row].tolist() for row in range(rows)]
    stored = pa.array(lists, pa.list_(pa.int64())).cast(pa.list_(kind))
    column = stored.cast({"lists": pa.list_(kind), "fixed": pa.list_(kind, width), "large": pa.large_list(kind)}[form])
    pq.write_table(pa.table({"p": column, "q": column}), tmp_path / "k.parquet")
    found = read(str(tmp_path / "k.parquet"), ["p", "q"])
    expected = np.where(np.isin(np.arange(rows), [*gaps])[:, None], np.nan, numbers.astype(np.float64))
    for name in ("p", "q"):
        assert_array_equal(found[name].reshape(rows, width), expected)
    assert bool(opened) == (kind != KINDS[-1])  # doubles of decimals are made by DuckDB alone


@pytest.mark.parametrize("condition", [None, "p_3 > 0 and id % 2 = 0", "id between 900 and 905"])
def test_many_columns_are_read_alike(condition: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of numbers of several types, some of them missing, beside labels, slices and what the condition takes."""
    opened = spied(monkeypatch)
    rows, rng = 1500, np.random.default_rng(9)
    kinds = [np.float64, np.float32, np.int16, np.int64]
    columns = {f"p_{at}": (rng.normal(size=rows) * 1e3).astype(kinds[at % 4]) for at in range(600)}
    gaps = rng.random(rows) < 0.1
    table = pa.table({
        "id": np.arange(rows),
        "y": rng.choice(["a", "b"], rows),
        "g": rng.choice(["u", "v"], rows),
        "flag": rng.random(rows) < 0.5,
        **{name: pa.array(each, mask=gaps if at % 7 == 2 else None) for at, (name, each) in enumerate(columns.items())},
    })  # fmt: skip
    path = str(tmp_path / "c.parquet")
    pq.write_table(table, path, row_group_size=700)
    found, queries, records_of = [], list[str](), stream.records_of

    def asked(cursor: Any, query: str, *others: Any) -> Any:
        queries.append(query)
        return records_of(cursor, query, *others)

    monkeypatch.setattr(stream, "records_of", asked)
    for least in (512, 10**9):
        monkeypatch.setattr(parquet, "_LEAST_COLUMNS", least)
        options: Any = {"where": condition, "by": Slices(["g"]), "texts": ("id",), "labels": {"y": ["a", "b"]}}
        found.append(read(path, ["y", *columns, "flag", "id"], **options))
        assert len(opened) == 1
    for name in (*columns, "y", "flag", "id", "rows", "slices", "texts"):
        assert_array_equal(found[0][name], found[1][name])
    assert ('"p_3"' in queries[0], '"p_9"' in queries[0]) == (condition is not None and "p_3" in condition, False)
    assert '"p_9"' in queries[1]
    few = read(path, [*columns][:500])
    assert len(opened) == 1
    assert len(few["p_2"]) == rows
    assert 0 < np.isnan(few["p_2"]).sum() == gaps.sum()


def written(path: Path, rows: int, width: int, **others: Any) -> str:
    scores = np.random.default_rng(5).normal(size=rows * width)
    columns = {"p": pa.FixedSizeListArray.from_arrays(pa.array(scores), width), "id": np.arange(rows), **others}
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
    return str(path)


def test_batches_of_wide_rows_hold_no_more_numbers_than_a_block(tmp_path: Path) -> None:
    path = written(tmp_path / "b.parquet", 64, 30_000)
    for condition, count in ((None, 64), ("id % 16 = 3 or id = 63", 5)):
        with open_source(path) as opened:
            batches = [*opened.read(["p"], where=condition)]
        assert max(batch.columns["p"].size for batch in batches) <= BLOCK_NUMBERS
        assert sum(map(len, batches)) == count


@pytest.mark.parametrize("form", ["dict", "arrow", "polars"])
@pytest.mark.parametrize("width", [200, 30_000])
def test_frames_of_long_lists_are_read_in_few_rows(form: str, width: int) -> None:
    """DuckDB copies as many rows of lists as a chunk has, up to 2,048; of short ones there is nothing to cut."""
    rows = 64
    scores = np.random.default_rng(7).normal(size=(rows, width))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), width)
    table = pa.table({"id": np.arange(rows), "p": lists})
    source = {"dict": {"id": np.arange(rows), "p": scores}, "arrow": table, "polars": pl.DataFrame(table)}[form]
    with open_source(source) as opened:
        chunks = opened.pieces[0].table.column("p").chunks  # type: ignore[attr-defined]  # of a frame
    most = BLOCK_NUMBERS // width if width > 200 else rows
    assert 0.9 * most <= max(map(len, chunks)) <= most
    for condition, kept in ((None, np.arange(rows)), ("id % 7 = 3", np.arange(3, rows, 7))):
        found = read(source, ["p"], where=condition)
        assert_array_equal(found["p"].reshape(-1, width), scores[kept])
        assert_array_equal(found["rows"], kept)


def test_rows_read_at_once_are_fewer_where_the_file_holds_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All columns are read: of a file that is mostly something else only where DuckDB would take very much memory."""
    rows = spied(monkeypatch)
    other = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(64 * 60_000, np.float32)), 60_000)
    read(written(tmp_path / "one.parquet", 64, 30_000), ["p"])
    assert rows == [BLOCK_NUMBERS // 30_001] * 2  # once for how long a list is
    rows.clear()
    more = written(tmp_path / "two.parquet", 64, 30_000, other=other)
    read(more, ["p", "other"])
    assert {*rows} == {BLOCK_NUMBERS // 90_001}
    rows.clear()
    mostly = written(tmp_path / "mostly.parquet", 64, 30_000, a=other, b=other, c=other, d=other, e=other)
    read(mostly, ["p"])
    assert rows == []
    read(written(tmp_path / "long.parquet", 5000, 300), ["p"])
    assert rows == []  # of many rows a vector has 2,048
    monkeypatch.setattr(wide, "_TOO_MANY", 64 * 30_000)
    read(mostly, ["p"])
    assert rows == [BLOCK_NUMBERS // 330_001] * 2


def test_the_first_list_may_stand_far_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spied(monkeypatch, 1) == []
    lists = [None] * 70 + [[1.0, 2.0, 3.0]] * 2
    pq.write_table(
        pa.table({"p": lists, "none": pa.array([None] * 72, pa.list_(pa.float64()))}), tmp_path / "f.parquet"
    )
    with open_source(str(tmp_path / "f.parquet")) as opened:
        assert (opened.width("p"), opened.width("none")) == (3, 0)
    found = read(str(tmp_path / "f.parquet"), ["p", "none"])
    assert_array_equal(found["p"], [np.nan] * 210 + [1.0, 2.0, 3.0] * 2)
    assert_array_equal(found["none"], [np.nan] * 72)


def test_a_damaged_page_is_told_by_its_rows(tmp_path: Path) -> None:
    path = Path(written(tmp_path / "d.parquet", 64, 30_000))
    start = pq.read_metadata(path).row_group(0).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    for at, row in ((len(data) // 2, r"[1-5]\d"), (start, "0")):
        broken = bytearray(data)
        header = start if at == start else broken.find(data[start : start + 4], at)  # pages begin alike
        broken[header : header + 4] = b"\xff" * 4
        path.write_bytes(broken)
        with pytest.raises(DataError, match=rf"d.parquet cannot be read after row {row}: its data are damaged"):
            read(str(path), ["p"])


def test_what_arro3_gives_up_on_is_read_by_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """What stops a library in Rust."""

    def panicking(*_: object, **__: object) -> None:
        raise PanicException("called `Result::unwrap()`")

    expected = read(path := written(tmp_path / "p.parquet", 64, 30_000), ["p"])
    monkeypatch.setattr("arro3.io.read_parquet", panicking)
    assert_array_equal(read(path, ["p"])["p"], expected["p"])


def test_reading_wide_rows_is_cancelled(tmp_path: Path) -> None:
    with open_source(written(tmp_path / "c.parquet", 64, 30_000)) as opened:
        batches = opened.read(["p"])
        next(batches)
        opened.cancel()
        with pytest.raises(DataError, match="reading was cancelled"):
            next(batches)


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
