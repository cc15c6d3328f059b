"""Streams, files and exit codes, as another program would see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PREDS = "target,prediction\n1,1.5\n2,2\n4,1\n"
COMMAND = [sys.executable, "-m", "lossctl"]


@pytest.fixture
def preds(tmp_path: Path) -> Path:
    path = tmp_path / "preds.csv"
    path.write_text(PREDS)
    return path


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_standard_output_holds_the_result_and_nothing_else(preds: Path) -> None:
    done = run("eval", preds, "--loss", "mae", "--format", "bare")
    assert (done.returncode, done.stdout) == (0, f"{3.5 / 3!r}\n")
    assert done.stderr.startswith("warning: ")


def test_standard_input_is_read(preds: Path) -> None:
    done = run("eval", "-", "--loss", "mae", "--format", "bare", input=preds.read_text())
    assert (done.returncode, done.stdout) == (0, f"{3.5 / 3!r}\n")


def test_parquet_through_a_pipe(tmp_path: Path, preds: Path) -> None:
    import pandas as pd

    path = tmp_path / "preds.parquet"
    pd.read_csv(preds).to_parquet(path)
    with path.open("rb") as stream:
        done = run("eval", "-", "--loss", "mae", "-f", "bare", stdin=stream)
    assert (done.returncode, done.stdout) == (0, f"{3.5 / 3!r}\n")


def test_a_closed_pipe_is_quiet(preds: Path) -> None:
    script = f"{' '.join(COMMAND)} eval {preds} --loss mae -f json; echo $? >&2"
    done = subprocess.run(["bash", "-c", f"({script}) | true"], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
    assert lines in (["141"], ["0"])  # 0 where all was written before the reader left


def test_a_reader_that_takes_one_line_is_enough() -> None:
    script = f"set -o pipefail; {' '.join(COMMAND)} losses -f json | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(preds: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "eval", str(preds), "--loss", "mae"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert "error: standard output can't be written: No space left on device\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_an_output_file_is_told(preds: Path) -> None:
    done = run("eval", preds, "--loss", "mae", "-o", "/dev/full")
    assert done.returncode == 3
    assert "error: /dev/full can't be written: No space left on device" in done.stderr


def test_output_goes_to_a_file_and_replaces_it_whole(preds: Path, tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_text("old")
    done = run("eval", preds, "--loss", "mae", "-f", "json", "-o", target)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(target.read_text())["results"][0]["loss"] == "mae"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["preds.csv", "result.json"]


def test_exports_stand_beside_standard_output(preds: Path, tmp_path: Path) -> None:
    exports = [f"--export={name}={tmp_path / ('result.' + name)}" for name in ("json", "csv", "markdown")]
    done = run("eval", preds, "--loss", "mae", "-f", "bare", *exports)
    assert done.stdout == f"{3.5 / 3!r}\n"
    assert json.loads((tmp_path / "result.json").read_text())["results"][0]["value"] == 3.5 / 3
    assert (tmp_path / "result.csv").read_text().startswith("source,")
    assert (tmp_path / "result.markdown").read_text().startswith("| loss")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "{tmp}/none/result.json"], "there is no directory"),
        (["-o", "{tmp}"], "is a directory"),
        (["--export", "json"], "is not FORMAT=PATH"),
        (["--export", "yaml={tmp}/x"], "there is no format 'yaml'"),
        (["--format", "jsn"], "there is no format 'jsn'"),
        (["--digits", "0"], "digits"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_anything_is_read(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    words = [word.replace("{tmp}", str(tmp_path)) for word in arguments]
    done = run("eval", tmp_path / "missing.csv", "--loss", "mae", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_without_permission_is_refused(preds: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = run("eval", preds, "--loss", "mae", "-o", locked / "result.json")
    assert done.returncode == 2
    assert "permission denied" in done.stderr


def test_the_version_and_help_are_on_standard_output() -> None:
    assert run("--version").stdout.startswith("lossctl ")
    done = run("eval", "--help")
    assert done.returncode == 0
    assert "--delta" in done.stdout
    assert "\n  lossctl eval preds.csv --loss huber --delta 1.0\n" in done.stdout


def test_no_command_shows_the_help_and_is_a_usage_error() -> None:
    done = run()
    assert done.returncode == 2
    assert "Usage: lossctl" in done.stdout + done.stderr


def test_a_fault_of_our_own_is_70_and_asks_for_a_report(preds: Path) -> None:
    script = (
        "import sys\n"
        "from importlib import import_module\n"
        "e = import_module('lossctl.api.evaluate')\n"
        "def broken(*a, **k): raise ZeroDivisionError('boom')\n"
        "e.evaluate_source = broken\n"
        "from lossctl.cli.main import main\n"
        f"sys.exit(main(['eval', {str(preds)!r}, '--loss', 'mae']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "a fault of lossctl's own: ZeroDivisionError: boom" in done.stderr
    assert "report" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
@pytest.mark.parametrize("arguments", [["--help"], ["losses"], ["show", "huber"]])
def test_what_cannot_be_written_is_an_error(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lossctl", *arguments], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert done.returncode == 3
    assert "error: standard output can't be " in done.stderr
    assert "No space left on device" in done.stderr


def test_a_reader_that_leaves_is_no_failed_gate() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "--help"], stdout=write, stderr=subprocess.PIPE, check=False, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
