"""Runs beside each other in one folder, and what a killed one left there, disturb nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.cases import Run

COMMAND = [sys.executable, "-m", "lossctl"]
ASKED = ["-t", "y", "-p", "p", "-l", "mae"]
WORDS = [
    ["eval", "p.csv", *ASKED, "-f", "json", "-o", "same.json"],
    ["eval", "p.csv", *ASKED, "--by", "g", "-f", "json", "-o", "slices.json"],
    ["eval", "p.csv", *ASKED, "--per-row", "-o", "rows.csv"],
    ["baseline", "p.csv", *ASKED, "-k", "id", "-o", "base.parquet"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = range(1, 201)
    table = pd.DataFrame({"id": list(rows), "y": [n * 1.0 for n in rows], "p": [n + 0.5 for n in rows]})
    table["g"] = ["ab"[n % 2] for n in rows]
    table.to_csv(tmp_path / "p.csv", index=False)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def start(words: list[str], folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"TMPDIR": str(folder / "tmp")}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *words], cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def test_eight_runs_in_one_folder(folder: Path) -> None:
    """Each twice, so that two write one file: the last wins, and both are whole."""
    running = [start(words, folder) for words in (*WORDS, *WORDS)]
    ended = [(process.communicate(timeout=100), process.returncode) for process in running]
    assert [(code, errors) for (_, errors), code in ended] == [(0, "")] * 8
    together = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    assert sorted(together) == ["base.parquet", "p.csv", "rows.csv", "same.json", "slices.json"]
    assert list((folder / "tmp").iterdir()) == []
    for words in WORDS:
        process = start(words, folder)
        assert process.communicate(timeout=100)[1] == ""
        assert (folder / words[-1]).read_bytes() == together[words[-1]]


def test_what_a_killed_run_left_breaks_nothing(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "rows.csv").write_text("old")
    with start(["eval", "p.csv", *ASKED, "-w", "w", "--targets", "pipe", "-k", "id"], folder) as process:
        deadline = time.monotonic() + 60
        while not list((folder / "tmp").iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)  # it has a folder of its own, and waits for who writes into the pipe
        process.send_signal(signal.SIGKILL)
    left = list((folder / "tmp").iterdir())
    assert left
    for name in (".rows.csv.0123456789abcdef", ".same.json.0123456789abcdef"):
        (folder / name).write_text("half of a")
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    for words in WORDS:
        assert run(*words).code == 0
    assert run("eval", "p*", *ASKED, "-f", "bare").stdout == "0.5\n"
    assert list((folder / "tmp").iterdir()) == left
