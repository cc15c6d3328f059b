"""JSON lines, Parquet and frames: what is read, and what each fault is called."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossctl.sources import ColumnType, open_source

Write = Callable[[str, str | bytes], str]
Read = Callable[..., list[tuple[object, ...]]]
Fault = Callable[..., tuple[str, str, str | None]]

JQ = "write one JSON object a line, such as with: jq -c '.[]'"
JQ_LINES = "write one JSON object a line, such as with: jq -c ."
STRAY = "write a number there, or nothing where it is missing"
NULL = "write numbers, or null for a missing value and choose --nan omit"
EVEN = "write lists of one length"

BAD_JSON = {
    "empty": ("", "p.jsonl is empty", "it needs one JSON object a line"),
    "text": ('{"a":1}\n\n{"a":"abc"}\n', 'p.jsonl line 3, column "a": "abc" is not a number', STRAY),
    "all text": (
        '{"a":"x"}\n',
        'p.jsonl, column "a" holds text such as "x", not numbers',
        "write numbers; or, if it is the label of a target, say that it counts as 1: --positive x",
    ),
    "list": (
        '{"a":1}\n{"a":[1]}\n',
        'p.jsonl line 2, column "a": [1] is not a number',
        "write a list in every line, or in none",
    ),
    "object": ('{"a":1}\n{"a":{"b":1}}\n', 'p.jsonl line 2, column "a": {"b": 1} is not a number', NULL),
    "number for truth": (
        '{"a":true}\n{"a":"x"}\n',
        'p.jsonl line 2, column "a": "x" is not true or false',
        "write 0 and 1 in the whole column, or false and true",
    ),
    "a number where truth values stand": (
        '{"a":true}\n{"a":2}\n',
        'p.jsonl line 2, column "a": 2 is not true or false',
        "write 0 and 1 in the whole column, or false and true",
    ),
    "text in a list": (
        '{"a":[1,2]}\n{"a":[1,"x"]}\n',
        'p.jsonl line 2, column "a": [1, "x"] is not a list of numbers',
        NULL,
    ),
    "uneven lists": (
        '{"a":[1,2]}\n{"a":null}\n{"a":[3]}\n',
        'p.jsonl line 3, column "a": a list of 1 value, where the first has 2',
        EVEN,
    ),
    "cut short": (
        '{"a":1}\n{"a":2\n{"a":3}\n',
        "p.jsonl line 2 is not JSON: Expecting ',' delimiter at character 8",
        JQ_LINES,
    ),
    "cut short late": (
        '{"a":1}\n' * 200 + '{"a":2\n',
        "p.jsonl line 201 is not JSON: Expecting ',' delimiter at character 8",
        JQ_LINES,
    ),
    "two on a line": ('{"a":1} {"a":2}\n', "p.jsonl line 1 is not JSON: Extra data at character 9", JQ_LINES),
    "an array": ('[{"a":1}]', "p.jsonl line 1 is a list, not an object", JQ),
    "a number": ('{"a":1}\n5\n', "p.jsonl line 2 is a single value, not an object", JQ),
    "key twice": ('{"a":1,"a":2}\n', 'p.jsonl line 1: the key "a" stands twice', "write it once"),
    "byte-order mark": (
        '{"a":1}\n\ufeff{"a":2}\n',
        "p.jsonl line 2 starts with a byte-order mark, which only a file may",
        "remove it",
    ),
    "bad byte": (
        b'{"a":1}\n{"a":1,"b":"\xe9"}\n',
        "p.jsonl line 2 is not UTF-8: byte 0xe9 at position 13 of the line",
        "convert it, such as with: iconv -f ISO-8859-1 -t UTF-8 p.jsonl > utf8-p.jsonl",
    ),
}


def test_json_lines(write: Write, read: Read) -> None:
    lines = '{"a":1,"b":2.5,"t":"x","f":true}\n\n{"f":false,"b":3,"a":null}\r\n{"a":1e400,"b":"4.5","c":9}\n'
    path = write("p.jsonl", lines)
    assert read(path, ["a", "b", "f"]) == [(0, 1, 2.5, 1), (1, None, 3, 0), (2, math.inf, 4.5, None)]
    assert read(path, ["c"]) == [(0, None), (1, None), (2, 9)]
    with open_source(path) as source:
        kinds = [kind.value for kind in source.columns.values()]
        assert kinds == ["number", "number", "text", "boolean", "number"]
        assert [source.locate(row).line for row in range(3)] == [1, 3, 4]
        assert source.raw(2, "a") == "1e400"
    assert read(write("q", '{"a":1}\n')) == [(0, 1)]
    assert read(write("p.ndjson.gz", gzip.compress(b'{"a":1}\n{"a":2}\n'))) == [(0, 1), (1, 2)]


def test_json_lists(write: Write, read: Read) -> None:
    path = write("p.jsonl", '{"a":null}\n{"a":[1,2]}\n{"a":[3,null]}\n')
    assert read(path) == [(0, [None, None]), (1, [1, 2]), (2, [3, None])]


@pytest.mark.parametrize("name", BAD_JSON)
def test_bad_json(name: str, write: Write, fault: Fault) -> None:
    content, problem, cure = BAD_JSON[name]
    assert fault(write("p.jsonl", content)) == ("DataError", problem, cure)


def test_a_cut_compressed_json_file_is_an_error(write: Write, fault: Fault) -> None:
    packed = gzip.compress(b'{"a":1}\n' * 10_000)
    assert fault(write("p.jsonl.gz", packed[:-4]))[1] == "p.jsonl.gz is cut short: its gzip data do not decompress"


def parquet(path: str, **columns: pa.Array | list[object]) -> str:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("here")
def test_parquet_types(read: Read) -> None:
    path = parquet(
        "p.parquet",
        d=[1.5, None, math.nan],
        f=pa.array([1.5, 2.5, None], pa.float32()),
        i=pa.array([1, 2, None], pa.int8()),
        u=pa.array([1, 2, 3], pa.uint64()),
        m=pa.array([Decimal("1.25"), None, Decimal(3)], pa.decimal128(10, 2)),
        b=[True, False, None],
        n=pa.array([[1, 2], None, [3, None]], pa.list_(pa.int32())),
        x=pa.array([[1.5, 2.5], [3.5, 4.5], None], pa.list_(pa.float64(), 2)),
        t=["x", "y", "z"],
        c=pa.array(["x", "y", "z"]).dictionary_encode(),
        s=[{"a": 1, "b": {"c": 2}}] * 3,
        after=[7, 8, 9],
        D=[4, 5, 6],
    )
    with open_source(path) as source:
        kinds = [kind.value for kind in source.columns.values()]
        assert list(source.columns) == ["d", "f", "i", "u", "m", "b", "n", "x", "t", "c", "s", "after", "D"]
        assert kinds == [*["number"] * 5, "boolean", "numbers", "numbers", "text", "text", "other", "number", "number"]
        assert str(source.locate(2)) == "p.parquet row 3"
        assert source.raw(2, "d") is None
    assert read(path, ["d", "f", "i", "u", "m", "b"]) == [
        (0, 1.5, 1.5, 1, 1, 1.25, 1),
        (1, None, 2.5, 2, 2, None, 0),
        (2, None, None, None, 3, 3, None),
    ]
    assert read(path, ["n", "x"]) == [
        (0, [1, 2], [1.5, 2.5]),
        (1, [None, None], [3.5, 4.5]),
        (2, [3, None], [None, None]),
    ]
    assert read(path, ["D", "after"]) == [(0, 4, 7), (1, 5, 8), (2, 6, 9)]


@pytest.mark.usefixtures("here")
def test_bad_parquet(write: Write, fault: Fault) -> None:
    values = np.arange(5000) % 7 / 8
    whole = Path(parquet("p.parquet", a=values, t=["x"] * 5000)).read_bytes()
    name = "q.parquet"
    cases = {
        b"": ("q.parquet is empty", "a Parquet file has at least a footer: write it again"),
        whole[:-100]: ("q.parquet is cut short: it starts as Parquet but has no footer", "copy or write it again"),
        b"hello,world\n": ("q.parquet is not a Parquet file", "name it by what it is, such as .csv or .jsonl"),
        b"PARE" + whole[4:]: ("q.parquet is an encrypted Parquet file", "write it without encryption"),
    }
    for content, expected in cases.items():
        assert fault(write(name, content)) == ("DataError", *expected)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    broken_page = whole[:4] + b"\xff" * 100 + whole[104:]
    broken_footer = whole[:footer] + b"\xff" * 40 + whole[footer + 40 :]
    for broken in (broken_page, broken_footer):
        for where in (None, "a > 0"):
            kind, problem, cure = fault(write(name, broken), ["a"], where=where)
            assert kind == "DataError"
            assert problem.startswith("q.parquet ")
            assert cure is not None
    packed = write("p.parquet.gz", gzip.compress(whole))
    assert fault(packed)[1] == "p.parquet.gz is a compressed Parquet file"


@pytest.mark.usefixtures("here")
def test_parquet_columns_of_the_wrong_type(fault: Fault) -> None:
    path = parquet(
        "p.parquet", t=["abc", "x"], d=pa.array([0, 1], pa.date32()), n=[[1, 2], [3]], s=[{"a": 1}, {"a": 2}]
    )
    cure = "choose another column, or write it as numbers"
    expected = {
        "t": 'p.parquet, column "t" holds text such as "abc", not numbers',
        "d": 'p.parquet, column "d" holds dates such as "1970-01-01", not numbers',
        "s": 'p.parquet, column "s" holds objects such as "{\'a\': 1}", not numbers',
    }
    for name, problem in expected.items():
        two = "of a target of two texts, name the one that counts as 1: --positive abc or --positive x"
        assert fault(path, [name]) == ("DataError", problem, two if name == "t" else cure)
    uneven = 'p.parquet row 2, column "n": a list of 1 value, where the first has 2'
    assert fault(path, ["n"]) == ("DataError", uneven, EVEN)
    assert fault(path, ["n"], where="d > date '1970-01-01'")[0] == "DataError"
    assert fault(path, ["targt"])[1] == 'p.parquet: there is no column "targt"'


@pytest.mark.usefixtures("here")
def test_an_uneven_list_is_named_by_its_row_through_a_filter_and_over_files(fault: Fault) -> None:
    path = parquet("p1.parquet", a=[0, 1, 2, 3], n=[[1, 2], [1], [3, 4], [5, 6, 7]])
    assert (
        fault(path, ["n"], where="a <> 1")[1]
        == 'p1.parquet row 4, column "n": a list of 3 values, where the first has 2'
    )
    parquet("p1.parquet", n=[[1, 2]])
    parquet("p2.parquet", n=[[1, 2], [1, 2, 3]])
    assert fault("p?.parquet", ["n"])[1] == 'p2.parquet row 2, column "n": a list of 3 values, where the first has 2'


@pytest.mark.usefixtures("here")
def test_many_row_groups_come_in_order(read: Read) -> None:
    with duckdb.connect() as connection:
        connection.execute("copy (select i::double a from range(300000) t(i)) to 'p.parquet' (row_group_size 2048)")
    found = read("p.parquet")
    assert [row for row, _ in found] == list(range(300_000))
    assert [value for _, value in found] == list(range(300_000))


COLUMNS = {"t": [1.5, None, 3.0], "i": [1, 2, 3], "b": [True, False, True], "s": ["x", "y", None]}
EXPECTED = [(0, 1.5, 1, 1), (1, None, 2, 0), (2, 3, 3, 1)]
FRAMES = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas nullable": lambda: pd.DataFrame(COLUMNS).astype(
        {"t": "Float64", "i": "Int64", "b": "boolean", "s": "string"}
    ),
    "pandas pyarrow": lambda: pd.DataFrame(COLUMNS).astype({"t": "float64[pyarrow]", "i": "int8[pyarrow]"}),
    "pandas with an index": lambda: pd.DataFrame(COLUMNS, index=[7, 7, 9]),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars in chunks": lambda: pl.concat([pl.DataFrame(COLUMNS)[:1], pl.DataFrame(COLUMNS)[1:]], rechunk=False),
    "arrow": lambda: pa.table(COLUMNS),
    "arrow read once": lambda: pa.table(COLUMNS).to_reader(),
    "numpy": lambda: {
        "t": np.array([1.5, np.nan, 3]),
        "i": np.arange(1, 4, dtype="i1"),
        "b": np.array([1, 0, 1], bool),
        "s": np.array(["x", "y", None], object),
    },
    "lists": lambda: dict(COLUMNS),
    "masked": lambda: {**COLUMNS, "t": np.ma.array([1.5, 2, 3], mask=[0, 1, 0])},
    "strided": lambda: {**COLUMNS, "t": np.array([1.5, 9, np.nan, 9, 3])[::2]},
    "other layouts": lambda: {
        **COLUMNS,
        "t": np.array([3.0, 9, np.nan, 9, 1.5])[::-2].astype(">f8"),
        "i": np.array([1, 2, 3], "f2"),
    },
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind: str, read: Read) -> None:
    assert read(FRAMES[kind](), ["t", "i", "b"]) == EXPECTED
    assert read(FRAMES[kind](), ["i"], where="s = 'y' or t > 2.5") == [(1, 2), (2, 3)]
    with open_source(FRAMES[kind]()) as source:
        assert source.name == "<frame>"
        assert list(source.columns) == ["t", "i", "b", "s"]
        assert source.columns["s"] is ColumnType.TEXT
        assert sum(map(len, source.read(["i"]))) == sum(map(len, source.read(["i"]))) == 3
        assert str(source.locate(1)) == "<frame> row 2"


def test_lists_in_frames(read: Read) -> None:
    rows = [(0, [1, 2]), (1, [3, 4])]
    assert read({"a": np.array([[1, 2], [3, 4]], np.int8)}) == rows
    assert read({"a": np.array([[1, 3], [2, 4]]).T}) == rows
    assert read(pd.DataFrame({"a": [np.array([1.0, 2]), np.array([3.0, 4])]})) == rows
    assert read(pl.DataFrame({"a": [[1, 2], [3, 4]]})) == rows
    assert read(pl.DataFrame({"a": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Float32, 2))})) == rows


BAD_FRAMES = {
    "number": (5, "UsageError", "this is no source: int"),
    "series": (pd.Series([1, 2]), "UsageError", "a pandas Series is no frame"),
    "no columns": ({}, "DataError", "<frame> has no columns"),
    "uneven": ({"a": [1, 2], "b": [1]}, "UsageError", "the arrays are not of one length (a: 2, b: 1)"),
    "cube": (
        {"a": np.zeros((2, 2, 2))},
        "UsageError",
        'the array "a" has the shape (2, 2, 2) and holds float64',
    ),
    "twice": (pd.DataFrame([[1, 2]], columns=["a", "a"]), "DataError", '<frame>: two columns are called "a"'),
    "text": (
        pd.DataFrame({"a": ["x", "y"]}),
        "DataError",
        '<frame>, column "a" holds text such as "x", not numbers',
    ),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_bad_frames(name: str, fault: Fault) -> None:
    frame, kind, problem = BAD_FRAMES[name]
    found = fault(frame)
    assert found[:2] == (kind, problem)
    assert found[2]


def test_frames_of_no_rows(read: Read) -> None:
    assert read({"a": np.array([])}) == []
    assert read(pd.DataFrame({"a": np.array([], float)})) == []
