"""Runs that break: whatever closes, fills up or can't be loaded, 1 is for failed gates, 0 for those that passed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

import lossctl
from lossctl.cli.main import main
from lossctl.core.errors import NO_THREAD, DataError
from lossctl.core.system.atomic_file import replacing
from lossctl.sources.files.parquet import open_parquet
from tests.cli.cases import Run

DATA = "id,y,p,old\n" + "".join(f"{n},{n}.0,{n}.5,{n}.25\n" for n in range(1, 41))
PROGRAM = shlex.quote(sys.executable) + " -m lossctl"
CHECK = f"{PROGRAM} check good.csv -t y -p p"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(DATA)
    return tmp_path


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line], env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("-g 'mae <= 9' >&-", 3),
        ("-g 'mae <= 0.1' >&- 2>&-", 3),
        ("-g 'mae <= 9' 2>&-", 0),
        ("-g 'mae <= 0.1' 2>&-", 1),
        ("-g 'mea <= 9' 2>&-", 2),
        ("--help >&-", 3),
        pytest.param("-g 'mea <= 9' 2> /dev/full", 2, marks=FULL),
        pytest.param("-g 'mae <= 9' --baseline-pred old 2> /dev/full", 0, marks=FULL),
        pytest.param("-g 'mae <= 0.1' > /dev/full 2> /dev/full", 3, marks=FULL),
    ],
)
def test_streams_that_are_closed_or_full(line: str, code: int) -> None:
    done = shell(f"{CHECK} {line}")
    assert done.returncode == code, done.stderr
    assert done.stderr.count("error:") <= 1


def test_a_report_is_whole_where_every_stream_is_closed(folder: Path) -> None:
    assert shell(f"{CHECK} -g 'mae <= 9' -f json -o a.json <&- >&- 2>&-").returncode == 0
    assert json.loads((folder / "a.json").read_text())["exit_code"] == 0


@FULL
def test_of_several_reports_all_are_written_or_none(folder: Path, run: Run) -> None:
    (folder / "b.xml").write_text("as it was")
    exports = ("--export", "json=a.json", "--export", "junit=b.xml", "--export", "markdown=/dev/full", "-o", "c.txt")
    ran = run("check", "good.csv", "-t", "y", "-p", "p", "-g", "mae <= 9", *exports)
    assert ran.code == 3
    assert "/dev/full can't be written" in ran.stderr
    assert sorted(each.name for each in folder.iterdir()) == ["b.xml", "good.csv"]
    assert (folder / "b.xml").read_text() == "as it was"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("-o", "sub/../a.json", "--export", "json=a.json"), "two results would go to"),
        (("-o", "linked/a.json", "--export", "json=sub/a.json"), "two results would go to"),
        (("-o", "targets.csv", "--targets", "targets.csv", "-k", "id"), "is a source"),
        (("-o", "lossctl.toml"), "is a configuration"),
        (("--export", "json=sub"), "is a directory"),
        (("--export", f"json={'a' * 300}"), "name too long"),
    ],
)
def test_a_report_where_it_must_not_go(typed: tuple[str, ...], said: str, folder: Path, run: Run) -> None:
    (folder / "sub").mkdir()
    (folder / "linked").symlink_to("sub")
    (folder / "targets.csv").write_text(DATA)
    (folder / "lossctl.toml").write_text("[check]\n")
    before = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    ran = run("check", "good.csv", "-t", "y", "-p", "p", "-g", "mae <= 9", *typed)
    assert (ran.code, said in ran.stderr.lower()) == (2, True), ran.stderr
    assert before == {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


def test_a_name_may_be_as_long_as_any(folder: Path, run: Run) -> None:
    name = "ä" * 125 + ".json"
    assert run("check", "good.csv", "-t", "y", "-p", "p", "-g", "mae <= 9", "-f", "json", "-o", name).code == 0
    assert (folder / name).stat().st_size


@pytest.mark.usefixtures("folder")
def test_a_dash_is_standard_output_and_no_file(folder: Path, run: Run) -> None:
    for name in ("-", "/dev/stdout"):
        ran = run("check", "good.csv", "-t", "y", "-p", "p", "-g", "mae <= 9", "-f", "json", "-o", name)
        assert json.loads(ran.stdout)["exit_code"] == 0
    ran = run("baseline", "good.csv", "-t", "y", "-p", "p", "-k", "id", "-l", "mae", "-o", "-")
    assert (ran.code, "can't be printed" in ran.stderr) == (2, True)
    assert [each.name for each in folder.iterdir()] == ["good.csv"]


def test_what_stands_for_an_open_file_is_not_replaced() -> None:
    with replacing("/dev/stderr") as name:
        assert name == "/dev/stderr"


def test_a_fault_is_70_where_it_is_shown_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("lossctl.api.check", broken)
    monkeypatch.setenv("LOSSCTL_TRACEBACK", "1")
    assert main(["check", str(folder / "good.csv"), "-g", "mae <= 9"]) == 70
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "a fault of lossctl's own: ZeroDivisionError: boom" in said


@pytest.mark.parametrize("name", ["json", "junit", "csv"])
def test_what_programs_read_is_utf_8_in_any_locale(name: str, folder: Path) -> None:
    (folder / "names.csv").write_text("y,p,größe\n1,2,é€\n2,4,é€\n", encoding="utf-8")
    typed = ["check", "names.csv", "-t", "y", "-p", "p", "-g", "mae[größe=*] <= 1", "-f", name]
    texts = [
        subprocess.run(
            [sys.executable, "-m", "lossctl", *typed],
            env=os.environ | {"PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
            timeout=60,
        ).stdout
        for encoding in ("latin-1", "utf-8")
    ]
    assert texts[0] == texts[1]
    assert "é€" in texts[0].decode()


def test_what_can_not_be_loaded_is_70(folder: Path) -> None:
    (folder / "broken").mkdir()
    (folder / "broken" / "numpy.py").write_text("raise ImportError('half an upgrade')")
    done = shell(f"{CHECK} -g 'mae <= 9'", PYTHONPATH=os.pathsep.join(["broken", *sys.path]))
    assert done.returncode == 70
    assert "lossctl can't start: ImportError: ImportError('half an upgrade')" in done.stderr


def test_modules_beside_the_data_are_not_loaded(folder: Path) -> None:
    for name in ("numpy", "typer", "duckdb", "rich"):
        (folder / f"{name}.py").write_text("raise SystemExit(0)")
    assert shell(f"{CHECK} -g 'mae <= 0.1'").returncode == 1


def test_a_warning_is_cut(folder: Path, run: Run) -> None:
    reason = "x" * 100_000
    waiver = f'waive = [{{gate = "mae <= 0.1", baseline = "{reason}", reason = "old"}}]'
    (folder / "lossctl.toml").write_text(f"[check]\n{waiver}")
    ran = run("check", "good.csv", "-t", "y", "-p", "p", "-g", "mae <= 0.1")
    assert ran.code == 1
    assert "is void" in ran.stderr
    assert max(map(len, ran.stderr.splitlines())) < 4000


def without_threads(monkeypatch: pytest.MonkeyPatch, fails: Callable[[str], bool]) -> None:
    """Let no thread start whose name is such."""
    start = threading.Thread.start

    def starting(thread: threading.Thread) -> None:
        if fails(thread.name):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starting)


@pytest.mark.usefixtures("folder")
def test_without_threads_a_run_takes_longer_and_ends_alike(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("eval", "good.csv", "-t", "y", "-p", "p", "-l", "mae", "-f", "json")
    before = run(*asked)
    without_threads(monkeypatch, lambda _: True)
    assert run(*asked) == before
    rows = run("eval", "good.csv", "-t", "y", "-p", "p", "-l", "mae", "--per-row")
    assert (rows.code, rows.stderr.splitlines()[0]) == (3, f"error: memory ran out: {NO_THREAD}")


def test_threads_that_start_compute_for_those_that_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    frame = {name: rng.normal(size=300_000) for name in ("target", "prediction")}
    (before,) = lossctl.evaluate(frame, "mse", threads=4)
    started: list[str] = []
    with monkeypatch.context() as patch:
        without_threads(patch, lambda name: name.startswith("lossctl-") and (started.append(name) or name[-1] == "1"))
        assert lossctl.evaluate(frame, "mse", threads=4)[0] == before
    assert started == ["lossctl-0", "lossctl-1"]
    without_threads(monkeypatch, lambda name: name.startswith("lossctl-"))
    with pytest.raises(MemoryError, match=NO_THREAD):
        lossctl.evaluate(frame, "mse", threads=4)


@pytest.mark.usefixtures("folder")
def test_what_can_not_be_explained_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise DataError("good.csv cannot be read: Input/output error", "check it")

    monkeypatch.setattr("lossctl.api.checks.explain.Explainer._rows", broken)
    ran = run("check", "good.csv", "-t", "y", "-p", "p", "-g", "mae <= 0.1", "--explain")
    assert ran.code == 1
    assert "the reason can't be shown: good.csv cannot be read: Input/output error" in ran.stdout


@pytest.mark.usefixtures("folder")
def test_a_reader_that_fails_is_no_fault_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise duckdb.IOException('IO Error: Could not read from file "good.csv": Input/output error\nmore words')

    monkeypatch.setattr("lossctl.api.check", broken)
    ran = run("check", "good.csv", "-g", "mae <= 0.1")
    assert (ran.code, ran.stderr.splitlines()[0]) == (3, "error: a file can't be read, or written: Input/output error")


def test_formats_that_can_not_be_listed_are_no_unknown_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkgutil.iter_modules", lambda _: [])
    with pytest.raises(OSError, match="Input/output error"):
        lossctl.render(None, "json")  # type: ignore[arg-type]  # it comes no further


def test_memory_or_a_disk_that_fails_is_no_damage_of_a_parquet_file(folder: Path) -> None:
    class Failing:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def execute(self, _: str) -> None:
            raise self.error

    path = folder / "p.parquet"
    path.write_bytes(b"PAR1....PAR1")
    for error, kind, said in (
        (duckdb.OutOfMemoryException("Out of Memory Error: a"), duckdb.OutOfMemoryException, "a"),
        (duckdb.IOException("IO Error: Could not read: Input/output error"), DataError, "cannot be read: Input/output"),
        (duckdb.IOException('IO Error: {"errno":"28"}'), DataError, "cannot be read: No space left"),
        (duckdb.InvalidInputException("Invalid Input Error: a"), DataError, "is a damaged Parquet file"),
    ):
        with pytest.raises(kind, match=said):
            open_parquet(str(path), "p.parquet", Failing(error))  # type: ignore[arg-type]  # all that is asked of it
