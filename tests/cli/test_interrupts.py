"""Ctrl-C, and a CI runner that cancels a job, end each command: 130, one line, nothing left behind."""

from __future__ import annotations

import fcntl
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossctl.core.errors import ExitCode

COMMAND = [sys.executable, "-m", "lossctl"]
PATIENCE = 30.0
"""Seconds until a command that has not ended is taken to hang."""
FULL_PIPE = 60_000
"""Bytes, of the 64 KiB that a pipe holds."""

Process = subprocess.Popen[bytes]

both_signals = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return rows that take each command seconds."""
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("interrupts") / "large.parquet"
    size = 2_000_000
    columns = {name: rng.normal(size=size) for name in ("target", "a", "b")}
    pq.write_table(pa.table({"id": rng.permutation(size), **columns}), path)
    return path


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of temporary files."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def interrupted(
    words: list[Any], ready: Callable[[Process], bool], number: signal.Signals, stdin: bytes | None = None
) -> tuple[int, str, str]:
    """Start a command, send it the signal once it is ready, and give its exit code, output and errors."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([*COMMAND, *map(str, words)], **pipes) as process:
        assert process.stdin is not None
        process.stdin.write(stdin or b"")
        process.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and not ready(process) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        try:
            process.wait(PATIENCE)  # of its pipes nobody reads or writes until it has ended
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail(f"{number.name} has not ended it")
        out, errors = process.communicate()
    return process.returncode, out.decode(), errors.decode()


def files_of(process: Process) -> list[str] | None:
    """Return what a process has open; ``None`` where the system does not tell."""
    folder = Path(f"/proc/{process.pid}/fd")
    if not folder.is_dir():
        return None
    found = []
    for each in folder.iterdir():
        with suppress(OSError):  # it has been closed
            found.append(str(each.readlink()))
    return found


def has_open(name: str) -> Callable[[Process], bool]:
    """Say whether a process has a file of this name open; where the system does not tell, wait until it surely has."""

    def ready(process: Process) -> bool:
        files = files_of(process)
        if files is None:
            time.sleep(2.0)
            return True
        return any(Path(each).name == name for each in files)

    return ready


def fills(folder: Path) -> Callable[[Process], bool]:
    """Return whether something is being written in a folder."""
    return lambda _: any(each.stat().st_size > 1000 for each in folder.iterdir() if each.is_file())


def has_filled_its_pipe(process: Process) -> bool:
    """Return whether a process has printed all that fits, so that it waits for a reader."""
    assert process.stdout is not None
    (waiting,) = struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))
    return bool(waiting > FULL_PIPE)


def keeps_a_stream(spool: Path) -> Callable[[Process], bool]:
    """Return whether a process keeps a stream in the folder, with or without a name.

    Python tries first whether it may write there: an interrupt within its trial leaves that, which is not ours.
    """

    def ready(process: Process) -> bool:
        files = files_of(process)
        if files is None:
            return any(each.name.startswith("lossctl-") for each in spool.iterdir())
        return any(each.startswith(str(spool)) and ("lossctl-" in each or "(deleted)" in each) for each in files)

    return ready


@both_signals
def test_while_a_stream_is_kept(number: signal.Signals, spool: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.txt"
    words = ["eval", "-", "-l", "mae", "-o", result]
    code, _, errors = interrupted(words, keeps_a_stream(spool), number, b"target,prediction\n1,1.5\n")
    assert (code, errors) == (ExitCode.INTERRUPTED, "error: interrupted\n")
    assert list(spool.iterdir()) == []
    assert not result.exists()


@pytest.mark.parametrize(
    ("name", "number"),
    [("rows.csv", signal.SIGTERM), ("rows.jsonl.gz", signal.SIGINT), ("rows.parquet", signal.SIGINT)],
)
def test_while_rows_are_written(name: str, number: signal.Signals, large: Path, spool: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    out.write_text("old")
    words = ["eval", large, "-p", "a", "-l", "mae,mse,huber", "--per-row", "-o", out]
    code, _, errors = interrupted(words, fills(tmp_path), number)
    assert (code, errors) == (ExitCode.INTERRUPTED, "error: interrupted\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == [name, "spool"]
    assert out.read_text() == "old"
    assert list(spool.iterdir()) == []


def test_while_nobody_reads_what_is_printed(large: Path, spool: Path) -> None:
    """As under a pager: the write into a full pipe comes back to nobody."""
    words = ["eval", large, "-p", "a", "-l", "mae,mse,huber", "--per-row"]
    code, out, errors = interrupted(words, has_filled_its_pipe, signal.SIGINT)
    assert (code, errors) == (ExitCode.INTERRUPTED, "error: interrupted\n")
    assert out.startswith("model,loss,row,value,slope\n")
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["eval", "{}", "-p", "a", "-l", "rmse,huber,log_cosh,wmape,mse"],
        ["eval", "{}", "-p", "a", "-l", "mae", "--quantiles", "0.5,0.99"],
        ["eval", "{}", "-p", "a", "-l", "mae", "--by", "id"],
        ["eval", "{}", "--targets", "{}", "-k", "id", "-p", "a", "-l", "mae", "-t", "target"],
        ["compare", "{}", "-p", "a", "-p", "b", "-l", "rmse,huber,log_cosh,wmape,mse", "--bootstrap"],
        ["compare", "{}", "x={}", "-p", "a", "-k", "id", "-l", "rmse,huber"],
        ["check", "{}", "-p", "a", "--gate", "rmse <= 9", "--gate", "p99(mae) <= 9", "-f", "junit"],
        ["check", "{}", "-p", "a", "--baseline", "{}", "--baseline-pred", "b", "--gate", "delta(mae) <= 1"],
    ],
    ids=["eval", "quantiles", "slices", "join", "compare", "two files", "check", "check against a baseline"],
)
def test_while_a_file_is_read(words: list[str], large: Path, spool: Path) -> None:
    words = [word.format(large) for word in words]
    assert interrupted(words, has_open(large.name), signal.SIGINT) == (
        ExitCode.INTERRUPTED,
        "",
        "error: interrupted\n",
    )
    assert list(spool.iterdir()) == []


def test_while_a_baseline_is_stored(large: Path, spool: Path, tmp_path: Path) -> None:
    stored = tmp_path / "stored.parquet"
    stored.write_text("old")
    words = ["baseline", large, "-p", "a", "-l", "mae,mse", "-k", "id", "-o", stored]
    code, _, errors = interrupted(words, has_open(large.name), signal.SIGTERM)
    assert (code, errors) == (ExitCode.INTERRUPTED, "error: interrupted\n")
    assert stored.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["spool", "stored.parquet"]
    assert list(spool.iterdir()) == []


def test_a_report_that_stood_there_stays(large: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text("old")
    words = ["check", large, "-p", "a", "--gate", "rmse <= 9", f"--export=junit={report}"]
    assert interrupted(words, has_open(large.name), signal.SIGINT)[0] == ExitCode.INTERRUPTED
    assert (report.read_text(), [each.name for each in tmp_path.iterdir()]) == ("old", ["report.xml"])
