"""Stored baselines that somebody wrote by hand, with checksums that fit: no fault of lossctl's own comes of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import lossctl
from lossctl.core.results.baseline import Baseline

FRAME = {"id": list("abcdef"), "target": [1.0, 2, 3, 4, 5, 6], "prediction": [1.5, 2, 3, 4, 5, 7.0]}
CANDIDATE = {**FRAME, "prediction": [1.5, 2, 3, 4, 5, 7.5]}
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "x",
    "1.5",
    "\ud800",
    "\x1b[31m",
]
ODD += [
    [],
    [1],
    {},
    {"a": 1},
    [["mae", "ff"]],
    [["mae", "ff"]] * 2,
    [[["mae", "ff"]]],
    "9" * 5000,
    "lossctl/baseline/" + "9" * 5000,
]


def signed(document: Any) -> str:
    """Write a document with the checksum that lossctl would give it."""
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if name != "checksum"}
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]
        document["checksum"] = digest
    return json.dumps(document)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


def changed(document: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = json.loads(json.dumps(document))
    part = copy
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = new
    return copy


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Path]:
    """Store values alone, and rows; give both documents, and the file of rows."""
    folder = tmp_path_factory.mktemp("stored")
    values, rows = folder / "values.json", folder / "rows.parquet"
    lossctl.store_baseline(FRAME, "mae,mse", values, rows=False, key="id")
    lossctl.store_baseline(FRAME, "mae,mse", rows, key="id")
    with duckdb.connect() as connection:
        found = connection.execute(f"select value from parquet_kv_metadata('{rows}')").fetchall()  # noqa: S608
    return json.loads(values.read_text()), json.loads(bytes(found[0][0])), rows


def test_each_part_of_a_document_may_be_anything(stored: tuple[Any, Any, Path]) -> None:
    read = refused = 0
    for document in stored[:2]:
        assert Baseline.of(signed(document), "b").n == len(FRAME["id"])
        for path in places(document):
            for odd in ODD:
                try:
                    Baseline.of(signed(changed(document, path, odd)), "b")
                    read += 1
                except lossctl.DataError:
                    refused += 1
    assert read > 100
    assert refused > 1000


@pytest.mark.parametrize("deep", [500, 900, 990, 1000, 5000, 100_000])
def test_a_document_may_be_deep(deep: int, stored: tuple[Any, Any, Path]) -> None:
    text = signed(stored[0]).replace('"settings": {', f'"settings": {{"x": {"[" * deep}{"]" * deep}, ')
    with pytest.raises(lossctl.DataError):
        Baseline.of(text, "b")


VALUES = [("results", 0, name) for name in ("label", "value", "n", "slice", "status")]


@pytest.mark.parametrize("path", VALUES)
def test_values_that_were_written_by_hand(path: tuple[Any, ...], stored: tuple[Any, Any, Path], tmp_path: Path) -> None:
    codes = []
    for odd in (None, True, 0, 1.5, 1e308, "1.5", "x", {}, {"g": "a"}):
        (tmp_path / "b.json").write_text(signed(changed(stored[0], path, odd)))
        try:
            found = lossctl.check(CANDIDATE, "delta(mae) <= 0.01", baseline=tmp_path / "b.json", key="id", test="point")
        except lossctl.LossctlError as error:
            codes.append(int(error.exit_code))
        else:
            codes.append(int(found.exit_code))
    assert set(codes) <= {0, 1, 2, 3, 4}
    assert 0 not in codes or path[-1] == "value"


COLUMNS: list[Any] = [
    {},
    {"mae": []},
    {"mae": [["mae", "ff"]] * 2},
    {"mae": [["id", "ff"]]},
    {"mae": [["target_hash", "0"]]},
]
COLUMNS += [
    {"mae": [["none", "ff"]]},
    {"mae": [["mse", "ff"]]},
    {"mae": [["mae", "ff"]]},
    {"mae": ""},
    {"mae": [["", "ff"]]},
]


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
def test_columns_that_were_written_by_hand(columns: Any, stored: tuple[Any, Any, Path], tmp_path: Path) -> None:
    text = signed(changed(stored[1], ("columns",), columns)).replace("'", "''")
    path = tmp_path / "b.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{stored[2]}') to '{path}' (format parquet, kv_metadata {{lossctl: '{text}'}})")
    with pytest.raises((lossctl.DataError, lossctl.UsageError)):
        lossctl.check(CANDIDATE, "delta(mae) <= 9", baseline=path, key="id")
    with pytest.raises((lossctl.DataError, lossctl.UsageError)):
        lossctl.compare(CANDIDATE, "mae", baseline=path, key="id")
