"""Stored baselines that are not what they should be: refused, each with its words and its exit code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.api.comparisons.pairing import pair_up
from lossctl.api.comparisons.stored import models_against, open_baseline
from lossctl.api.setup.open import open_for
from lossctl.core.errors import DataError, LossctlError
from lossctl.core.results.baseline import Baseline
from lossctl.core.settings import Settings

BASE: dict[str, Any] = {"key": "id", "target": "y", "prediction": "old"}
NEW: dict[str, Any] = {"key": "id", "target": "y", "prediction": "new"}


def frame_of(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    y = rng.normal(size=rows)
    old, new = (y + rng.normal(size=rows) for _ in range(2))
    return pd.DataFrame(
        {"id": [f"k{n}" for n in range(rows)], "y": y, "old": old, "new": new, "w": rng.random(rows) + 1}
    )


def rewritten(file: Path, change: Callable[[dict[str, Any]], None], query: str = "select * from kept") -> None:
    """Write a baseline anew, with other metadata and the rows of a query."""
    connection = duckdb.connect()
    (raw,) = connection.execute(f"select value from parquet_kv_metadata('{file}')").fetchall()[0]  # noqa: S608
    document = json.loads(raw)
    change(document)
    resigned(document)
    connection.execute(f"create table kept as select * from '{file}'")  # noqa: S608
    text = json.dumps(document).replace("'", "''")
    connection.execute(f"copy ({query}) to '{file}' (format parquet, kv_metadata {{lossctl: '{text}'}})")


def resigned(document: dict[str, Any]) -> None:
    """Put in the checksum of what the document now says."""
    document.pop("checksum")
    document["checksum"] = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def nothing(_: dict[str, Any]) -> None: ...


def refused(file: Path, data: pd.DataFrame, losses: str = "mse", **options: Any) -> LossctlError:
    """Return the error of comparing with a baseline."""
    settings, selection = Settings.of(**(NEW | options)), lossctl.select(losses)

    def compare() -> None:
        with ExitStack() as stack:
            source = stack.enter_context(open_for(data, selection, settings))
            stored = open_baseline(stack, file, settings)
            assert stored is not None
            for pair in models_against(stack, source, stored, selection, settings):
                pair_up(pair, settings, None)

    with pytest.raises(LossctlError) as raised:
        compare()
    assert raised.value.cure
    return raised.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lossctl.store_baseline(frame_of(), "mse,wmape", tmp_path / "b.parquet", **BASE)
    return tmp_path / "b.parquet"


DOCUMENTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "newer": (
        lambda d: d.update(schema="lossctl/baseline/2", version="9.9"),
        "lossctl 9.9, .*newer than this",
    ),
    "another schema": (lambda d: d.update(schema="lossctl/eval/1"), "no baseline: its schema is 'lossctl/eval/1'"),
    "no schema": (lambda d: d.pop("schema"), "its schema is None"),
    "no key": (lambda d: d.pop("key"), "damaged baseline"),
    "no number": (lambda d: d.update(n="60"), "damaged baseline"),
    "no hash": (lambda d: d.update(targets="zz"), "damaged baseline"),
    "another number": (lambda d: d.update(n=59), "has 60 rows, and says it has 59"),
    "another column": (lambda d: d["columns"].update(mse=[["mae", "00"]]), 'no column "mae"'),
    "another checksum": (lambda d: d["columns"].update(mse=[["mse", "00"]]), "not the losses that were stored"),
    "another hash": (lambda d: d.update(targets="0" * 32), "targets are not those"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_not_right(name: str, file: Path) -> None:
    change, said = DOCUMENTS[name]
    rewritten(file, change)
    error = refused(file, frame_of())
    assert error.exit_code == 3
    assert re.search(said, error.problem)


ROWS = {
    "a changed loss": "select * replace (case when id = 'k3' then mse + 1e-9 else mse end as mse) from kept",
    "a missing loss": "select * replace (case when id = 'k3' then null else mse end as mse) from kept",
    "a NaN": "select * replace (case when id = 'k3' then 'nan'::double else mse end as mse) from kept",
    "a key twice": "select * replace (case when id = 'k3' then 'k4' else id end as id) from kept",
    "another key": "select * replace (case when id = 'k3' then 'other' else id end as id) from kept",
    "no key": "select * replace (nullif(id, 'k3') as id) from kept",
    "another hash of a row": "select * replace (xor(target_hash, 1::usmallint) as target_hash) from kept",
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_are_not_right(name: str, file: Path) -> None:
    rewritten(file, nothing, ROWS[name])
    assert refused(file, frame_of()).exit_code == 3


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_short(share: float, file: Path) -> None:
    file.write_bytes(file.read_bytes()[: max(4, int(file.stat().st_size * share))])
    error = refused(file, frame_of())
    assert error.exit_code == 3
    assert "cut short" in error.problem or "damaged" in error.problem


def test_values_alone_that_were_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    lossctl.store_baseline(frame_of(), "mse", file, rows=False, **BASE)
    file.write_text(file.read_text()[:-40])
    error = refused(file, frame_of())
    assert (error.exit_code, "cut short or damaged" in error.problem) == (3, True)


def test_no_changed_character_of_a_document_is_read_as_another_value(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    lossctl.store_baseline(frame_of(), "mse", file, rows=False, **BASE)
    text = file.read_text()
    whole = Baseline.of(text, "b.json")
    for at in range(0, len(text), 3):
        other = "7" if text[at] in "12345689" else "8" if text[at].isdigit() else "e"
        changed = text[:at] + other + text[at + 1 :]
        with suppress(DataError):  # a last digit may change and the number not
            assert Baseline.of(changed, "b.json") == whole
    with pytest.raises(DataError, match="not the one that was stored"):
        Baseline.of(text.replace('"checksum"', '"other"'), "b.json")
    with pytest.raises(DataError, match="cut short or damaged"):
        Baseline.of("[" * 100_000, "b.json")


def test_a_file_that_is_cut_or_has_a_changed_byte_gives_no_other_numbers(file: Path) -> None:
    whole, places = file.read_bytes(), np.random.default_rng(1)
    data = frame_of()

    def checked() -> list[dict[str, Any]]:
        found = lossctl.check(data, ["delta(mse) <= 5%", "delta(wmape) <= 1"], baseline=file, **NEW)
        return [each.to_dict() for each in found]

    expected = checked()
    damaged = [whole[: len(whole) * part // 16] for part in range(16)]
    damaged += [
        whole[:at] + bytes([whole[at] ^ 1 + at % 255]) + whole[at + 1 :] for at in places.integers(0, len(whole), 30)
    ]
    refused = 0
    for each in damaged:
        file.write_bytes(each)
        try:
            assert checked() == expected
        except LossctlError as error:
            assert error.exit_code in {2, 3, 4}  # noqa: PT017 -- some bytes say nothing that is read
            refused += 1
    assert refused > 30


def test_other_targets(file: Path) -> None:
    data = frame_of()
    data.loc[7, "y"] += 1e-12
    error = refused(file, data)
    assert error.exit_code == 3
    assert 'row 8, the key id "k7": the target is not what' in error.problem
    swapped = frame_of()
    swapped.loc[[3, 4], "y"] = swapped.loc[[4, 3], "y"].to_numpy()
    assert "the target is not what" in refused(file, swapped).problem


def test_fewer_and_more_rows(file: Path) -> None:
    assert "1 row has a key that is not in" in refused(file, frame_of()[1:]).problem
    assert "1 row has a key that is not in" in refused(file, frame_of(61)).problem


def test_other_weights(tmp_path: Path) -> None:
    data = frame_of()
    lossctl.store_baseline(data, "mse", tmp_path / "b.parquet", weight="w", **BASE)
    data.loc[0, "w"] = 9.0
    assert "the target or weight is not what" in refused(tmp_path / "b.parquet", data, weight="w").problem
    error = refused(tmp_path / "b.parquet", data)
    assert (error.exit_code, "no --weight" in error.problem) == (2, True)


def test_other_groups(tmp_path: Path) -> None:
    data = frame_of().assign(g=np.repeat(np.arange(12), 5))
    data["y"] = np.floor(data["y"].abs())
    lossctl.store_baseline(data, "listnet", tmp_path / "b.parquet", group="g", **BASE)
    moved = data.assign(g=np.roll(data["g"], 1))
    assert "target or group is not what" in refused(tmp_path / "b.parquet", moved, "listnet", group="g").problem
    for options in ({"nan": "omit"}, {"unmatched": "drop"}):
        assert refused(tmp_path / "b.parquet", data, "listnet", group="g", **options).exit_code == 2


SETTINGS: dict[str, dict[str, Any]] = {
    "where": {"where": "y < 100"},
    "another key": {"key": "w"},
    "two keys": {"key": ["id", "w"]},
    "no key": {"key": None},
    "clip": {"clip": 0.1},
    "two models": {"prediction": ["old", "new"]},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_other_settings(name: str, file: Path) -> None:
    assert refused(file, frame_of(), **SETTINGS[name]).exit_code == 2


MADE_WITH: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "a filter here": ({}, {"where": "y < 100"}, "no --where, and this run has --where y < 100", "leave out --where"),
    "a filter there": (
        {"where": "y < 100"},
        {},
        "--where y < 100, and this run has no --where",
        "give the same --where",
    ),
    "weights here": ({}, {"weight": "w"}, "no --weight, and this run has --weight", "leave out --weight"),
    "weights there": ({"weight": "w"}, {}, "--weight, and this run has no --weight", "give the same --weight"),
}


@pytest.mark.parametrize("name", MADE_WITH)
def test_other_settings_are_told_as_they_are_typed(name: str, tmp_path: Path) -> None:
    there, here, said, cure = MADE_WITH[name]
    lossctl.store_baseline(frame_of(), "mse", tmp_path / "b.parquet", **{**BASE, "weight": None, **there})
    error = refused(tmp_path / "b.parquet", frame_of(), **{"weight": None, **here})
    assert error.problem.endswith(f"b.parquet was made with {said}")
    assert str(error.cure) == f"{cure}, or make the baseline anew"


def test_a_loss_that_is_not_held(file: Path) -> None:
    error = refused(file, frame_of(), "mse,mae")
    assert error.exit_code == 4
    assert "holds no mae" in error.problem
    assert "it holds mse, wmape" in str(error.cure)


def test_where_rows_of_the_baseline_are_missing_behind_a_filter(tmp_path: Path) -> None:
    lossctl.store_baseline(frame_of(), "mse", tmp_path / "b.parquet", where="y > 0", **BASE)
    n = int((frame_of()["y"] > 0).sum())
    data = frame_of()
    error = refused(tmp_path / "b.parquet", data[data.index != data["y"].argmax()], where="y > 0")
    assert f"has {n - 1} of the {n} rows" in error.problem
