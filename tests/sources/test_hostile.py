"""Sources that once were read wrongly, or stopped lossctl with a fault of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lossctl
from lossctl.cli.main import main


def test_two_columns_of_one_name_in_parquet_are_refused(tmp_path: Path) -> None:
    columns = [pa.array([1.0]), pa.array([2.0]), pa.array([3.0])]
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.Table.from_arrays(columns, names=["target", "prediction", "prediction"]), path)
    with pytest.raises(lossctl.DataError, match='two columns are called "prediction"'):
        lossctl.evaluate(str(path), "mae")


@pytest.mark.parametrize("lists", [[[], []], [None, None]])
def test_lists_that_hold_nothing_are_missing_values(lists: list[list[float] | None]) -> None:
    frame = pa.table({name: pa.array(lists, type=pa.list_(pa.float64())) for name in "pq"})
    with pytest.raises(lossctl.DataError, match="the value is missing"):
        lossctl.evaluate(frame, "kl")
    with pytest.raises(lossctl.DataError, match="every row has a missing"):
        lossctl.evaluate(frame, "kl", nan="omit")


def test_a_frame_that_runs_backwards_is_read_forwards() -> None:
    frame = pd.DataFrame({"target": np.arange(5.0), "prediction": np.arange(5.0) ** 2})
    (result,) = lossctl.evaluate(frame.iloc[::-1], "mse")
    assert result.value == lossctl.evaluate(frame, "mse")[0].value
    assert result.gradient.row_max_at == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_read_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("target,prediction\n1,1.5\n2,2\n",))
    writer.start()
    (result,) = lossctl.evaluate(str(path), "mae")
    writer.join()
    assert (result.value, result.source) == (0.25, str(path))


def test_a_closed_standard_input_is_no_fault_of_ours() -> None:
    script = f"{sys.executable} -m lossctl eval - --loss mae <&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("error: standard input is closed\n")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("", 2, "error: a source has an empty name\n"),
        ("preds\udcff.csv", 3, "error: the file name 'preds\\udcff.csv' is not UTF-8\n"),
    ],
)
def test_names_that_are_none(name: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", name, "--loss", "mae"]) == code
    assert capsys.readouterr().err.startswith(said)


def test_json_nested_too_deep_is_an_error_of_the_data(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text('{"target": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
    with pytest.raises(lossctl.DataError, match="line 1 is nested too deep"):
        lossctl.evaluate(str(path), "mae")


@pytest.mark.parametrize("condition", ["random() < 0.5", "target < epoch(now())", "current_setting('threads') = '1'"])
def test_a_condition_that_may_change_its_mind_is_refused(condition: str) -> None:
    frame = {"target": np.array([1.0, 2.0]), "prediction": np.array([1.5, 2.0])}
    with pytest.raises(lossctl.UsageError, match=r"calls (random|now|current_setting)\(\): its?"):
        lossctl.evaluate(frame, "mae", where=condition)
