"""A file that is replaced or written to while a run reads it: never a result of two files, and nothing half written.

A file is changed at each moment at which a run is about to read it, one after the other, until the run reads no more.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lossctl
import lossctl.sources.writing.stored as stored_files
from lossctl.core.errors import DataError
from lossctl.core.system.input_files import Inputs
from lossctl.sources.files.jsonl import JsonPiece
from lossctl.sources.files.parquet import ParquetPiece
from lossctl.sources.files.text import TextPiece
from tests.cli.cases import Run

pytestmark = pytest.mark.usefixtures("shared_databases")

ROWS = 40
SAID = "changed while it was read"

Change = Callable[[Path], None]


def frame(shift: float = 0.0) -> pd.DataFrame:
    numbers = range(1, ROWS + 1)
    columns = {"id": list(numbers), "y": [each * 1.0 for each in numbers]}
    columns |= {"p": [each + 0.5 + shift for each in numbers], "old": [each + 0.25 + shift for each in numbers]}
    return pd.DataFrame(columns)


def write(path: Path, table: pd.DataFrame) -> None:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        table.to_parquet(path, index=False)
        return
    text = {
        ".csv": lambda: table.to_csv(index=False),
        ".tsv": lambda: table.to_csv(index=False, sep="\t"),
        ".jsonl": lambda: table.to_json(orient="records", lines=True),
    }[Path(name).suffix]()
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def replace(path: Path) -> None:
    """Put another file of the same columns and size in its place."""
    other = path.with_name(f"new.{path.name}")
    write(other, frame(shift=100.0))
    other.replace(path)


def append(path: Path) -> None:
    """Write the rows a second time at the end; of Parquet anything."""
    data = path.read_bytes()
    with path.open("ab") as file:
        file.write(data.split(b"\n", 1)[-1])


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def delete(path: Path) -> None:
    path.unlink()


def rewrite(path: Path) -> None:
    """Write as many bytes in the same place, a moment later."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    place = data.rfind(b"9") if path.suffix != ".gz" else 4  # the time in the header of gzip
    data[place] = ord("8")
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


CHANGES: tuple[Change, ...] = (replace, append, truncate, delete, rewrite)
FILES = ("f.csv", "f.tsv", "f.jsonl", "f.parquet", "f.csv.gz", "f.jsonl.gz")


class Moments:
    """Changes a file at one of the moments at which a query is made that reads it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.change, self.moment = Path(), delete, 0
        self.seen, self.done = 0, False
        for kind in (TextPiece, JsonPiece, ParquetPiece):
            self._watch(monkeypatch, kind)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
        relation = kind.relation

        def watched(piece: Any, types: Any) -> Any:
            if Path(piece.path) == self.path.absolute():
                self.seen += 1
                if self.seen == self.moment and not self.done:
                    self.done = True
                    self.change(self.path)
            return relation(piece, types)

        monkeypatch.setattr(kind, "relation", watched)

    def each(self, path: Path, change: Change) -> Iterator[int]:
        """Go through the moments, until there is none; the file is as it was at the beginning of each."""
        kept = path.with_name("as.it.was")
        shutil.copy2(path, kept)
        self.path, self.change = path, change
        for self.moment in range(1, 50):
            self.seen, self.done = 0, False
            shutil.copy2(kept, path)
            yield self.moment
            if not self.done:
                assert self.moment > 1
                break
        else:
            pytest.fail("it reads the file for ever")
        kept.unlink()


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    return Moments(monkeypatch)


def expect_told(run: Run, words: tuple[str, ...], moments: Moments, path: Path, change: Change) -> None:
    """Run a command with the file changed at each moment, and at none."""
    for _ in moments.each(path, change):
        ran = run(*words)
        if moments.done:
            assert ran.code == 3, (moments.moment, ran)
            assert f"{path.name} {SAID}" in ran.stderr
            assert ran.stderr.count("error:") == 1
            assert "hint:  wait until nothing writes to it any more, or read a copy\n" in ran.stderr
            assert "per-row" in str(words) or ran.stdout == ""
        else:
            assert ran.code == 0, ran


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FILES)
def test_each_format_and_each_change(name: str, change: Change, run: Run, moments: Moments, tmp_path: Path) -> None:
    write(tmp_path / name, frame())
    expect_told(run, ("eval", name, "-t", "y", "-p", "p", "-l", "rmse,mae"), moments, tmp_path / name, change)


COMMANDS = {
    "quantiles": "eval f.csv -t y -p p -l mae --quantiles 0.5,max",
    "worst rows": "eval f.csv -t y -p p -l mae --top 3 --keep id",
    "slices": "eval f.csv -t y -p p -l mae,rmse --by id --min-n 1",
    "all": "eval f.csv -t y -p p -l all",
    "rows": "eval f.csv -t y -p p -l mae --per-row",
    "rows with keys": "eval other.csv --targets f.csv -k id -t y -p other.csv:p -l mae --per-row -f jsonl",
    "two sources": "eval other.csv f.csv -t y -p p -l mae",
    "targets": "eval other.csv --targets f.csv -k id -t y -p p -l mae",
    "targets of several": "eval other.csv third.csv --targets f.csv -k id -t y -p p -l mae",
    "compare": "compare f.csv -t y -p p -p old -l mae,rmse",
    "compare by key": "compare other.csv f.csv -k id -t y -p p -l mae --bootstrap --resamples 100",
    "compare rows": "compare other.csv f.csv -t y -p p -l mae",
    "compare with a file": "compare other.csv -t y -p p -l mae --baseline f.csv --baseline-pred old",
    "check": "check f.csv -t y -p p -g mae<=9 -g p90(mae)<=9 --explain",
    "check against a file": "check other.csv -t y -p p --baseline f.csv --baseline-pred old -k id -g delta(mae)<=9",
    "baseline": "baseline f.csv -t y -p p -k id -l mae -o out.parquet",
    "baseline of values": "baseline f.csv -t y -p p --no-rows -l mae -o out.json",
    "glob": "eval f.c* -t y -p p -l mae",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command(name: str, run: Run, moments: Moments, tmp_path: Path) -> None:
    for each in ("f.csv", "other.csv", "third.csv"):
        write(tmp_path / each, frame())
    words = tuple(COMMANDS[name].replace("other.csv:p", "p").split())
    expect_told(run, words, moments, tmp_path / "f.csv", replace)


def test_a_failed_gate_is_never_one_of_two_files(run: Run, moments: Moments, tmp_path: Path) -> None:
    write(tmp_path / "f.csv", frame())
    for _ in moments.each(tmp_path / "f.csv", replace):
        assert run("check", "f.csv", "-t", "y", "-p", "p", "-g", "mae <= 0.1").code == (3 if moments.done else 1)


@pytest.mark.parametrize(("name", "rows"), [("stored.parquet", ()), ("stored.json", ("--no-rows",))])
@pytest.mark.parametrize("command", ["check", "compare"])
def test_a_stored_baseline(
    name: str, rows: tuple[str, ...], command: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "f.csv", frame())
    write(tmp_path / "b.csv", frame(shift=0.125))
    assert run("baseline", "b.csv", "-t", "y", "-p", "p", "-k", "id", "-l", "mae", *rows, "-o", name).code == 0
    if command == "compare" and rows:
        return  # what keeps no rows is not compared with
    words = {"check": ("-g", "delta(mae) <= 1", "--test", "point"), "compare": ("-l", "mae")}[command]
    asked = (command, "f.csv", "-t", "y", "-p", "p", "-k", "id", "--baseline", name, *words)
    assert run(*asked).code == 0
    relation = TextPiece.relation

    def changing(piece: Any, types: Any) -> Any:
        os.utime(tmp_path / name)
        return relation(piece, types)

    monkeypatch.setattr(TextPiece, "relation", changing)
    ran = run(*asked)
    assert (ran.code, f"{name} {SAID}: it was written to" in ran.stderr) == (3, True), ran


def test_a_configuration(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "f.csv", frame())
    config = tmp_path / "lossctl.toml"
    config.write_text("[check]\nsource = 'f.csv'\ngates = ['mae <= 9']\n")
    asked = ("check", "-t", "y", "-p", "p")
    assert run(*asked).code == 0
    relation = TextPiece.relation

    def changing(piece: Any, types: Any) -> Any:
        config.write_text("[check]\nsource = 'f.csv'\ngates = ['mae <= 0.1']\n")
        return relation(piece, types)

    monkeypatch.setattr(TextPiece, "relation", changing)
    ran = run(*asked)
    assert (ran.code, f"lossctl.toml {SAID}" in ran.stderr) == (3, True), ran


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("appears", f"runs/*.csv {SAID}: runs/b.csv is new"),
        ("vanishes", f"runs/a.csv {SAID}: it is gone"),
    ],
)
def test_a_glob_whose_files_change(
    change: str, said: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    write(tmp_path / "runs" / "a.csv", frame())
    write(tmp_path / "runs" / "c.csv", frame())
    relation = TextPiece.relation

    def changing(piece: Any, types: Any) -> Any:
        if change == "appears":
            shutil.copy(tmp_path / "runs" / "c.csv", tmp_path / "runs" / "b.csv")
        else:
            (tmp_path / "runs" / "a.csv").unlink(missing_ok=True)
        return relation(piece, types)

    monkeypatch.setattr(TextPiece, "relation", changing)
    ran = run("eval", "runs/*.csv", "-t", "y", "-p", "p", "-l", "mae")
    assert (ran.code, f"error: {said}\n" in ran.stderr) == (3, True), ran


def test_an_output_may_be_new_in_a_folder_that_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    write(tmp_path / "runs" / "a.parquet", frame())
    asked = ("baseline", "runs/*.parquet", "-t", "y", "-p", "p", "-k", "id", "-l", "mae", "-o", "runs/out.parquet")
    assert run(*asked).code == 0
    rows = ("eval", "runs/a*.parquet", "-t", "y", "-p", "p", "-l", "mae", "--per-row", "-o", "runs/all.csv")
    assert run(*rows).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("baseline", "-k", "id", "-o", "out.parquet"),
        ("baseline", "--no-rows", "-o", "out.json"),
        ("eval", "--per-row", "-o", "out.csv"),
    ],
)
def test_what_stood_there_stays(words: tuple[str, ...], run: Run, moments: Moments, tmp_path: Path) -> None:
    write(tmp_path / "f.csv", frame())
    command, *rest = words
    out = tmp_path / words[-1]
    for _ in moments.each(tmp_path / "f.csv", replace):
        out.write_text("old")
        assert run(command, "f.csv", "-t", "y", "-p", "p", "-l", "mae", *rest).code == (3 if moments.done else 0)
        assert (out.read_bytes() == b"old") is moments.done
        assert sorted(each.name for each in tmp_path.iterdir()) == ["as.it.was", "f.csv", out.name]


def test_rows_that_are_printed_end_with_the_error(run: Run, moments: Moments, tmp_path: Path) -> None:
    write(tmp_path / "f.csv", frame())
    told = []
    for _ in moments.each(tmp_path / "f.csv", replace):
        ran = run("eval", "f.csv", "-t", "y", "-p", "p", "-l", "mae", "--per-row")
        if moments.done:
            told.append((ran.code, ran.stderr.splitlines()[-2].startswith(f"error: f.csv {SAID}")))
    assert set(told) == {(3, True)}


VERBS: dict[str, Callable[..., object]] = {
    "evaluate": lambda path, **asked: lossctl.evaluate(path, "mae", **asked),
    "compare": lambda path, **asked: lossctl.compare([path, "other.csv"], "mae", **asked),
    "check": lambda path, **asked: lossctl.check(path, "mae <= 9", **asked),
    "worst_rows": lambda path, **asked: lossctl.worst_rows(path, "mae", 1, **asked),
    "open_rows": lambda path, **asked: lossctl.open_rows(path, "mae", **asked).to_frame(),
    "store_baseline": lambda path, **asked: lossctl.store_baseline(path, "mae", "out.json", rows=False, **asked),
}


@pytest.mark.usefixtures("run")
def test_a_baseline_in_its_place_is_no_error_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes when it is written has been read to its end."""
    write(Path("f.csv"), frame())
    copy = stored_files._copy  # noqa: SLF001 -- what writes the file

    def late(*arguments: Any) -> None:
        replace(tmp_path / "f.csv")
        copy(*arguments)

    monkeypatch.setattr(stored_files, "_copy", late)
    stored = lossctl.store_baseline("f.csv", "mae", "out.parquet", key="id", target="y", prediction="p")
    assert stored.baseline.n == ROWS


@pytest.mark.parametrize("verb", VERBS)
def test_from_python_too(verb: str, moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("f.csv"), frame())
    write(Path("other.csv"), frame())
    for _ in moments.each(Path("f.csv"), replace):
        moments.change = replace if moments.moment == 1 else lambda _: None
        with pytest.raises(DataError, match=SAID) if moments.moment == 1 else nullcontext():
            VERBS[verb]("f.csv", target="y", prediction="p")


def test_runs_side_by_side_note_their_own_files(tmp_path: Path) -> None:
    """A file that changes between two runs, one of which is over, is none of the other's concern."""
    path = tmp_path / "f.csv"
    write(path, frame())
    first = lossctl.evaluate(str(path), "mae", target="y", prediction="p")[0].value
    replace(path)
    found: list[float] = []
    thread = threading.Thread(
        target=lambda: found.append(lossctl.evaluate(str(path), "mae", target="y", prediction="p")[0].value)
    )
    thread.start()
    thread.join()
    assert (first, found) == (0.5, [100.5])


def test_a_named_pipe_is_read_as_before(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = frame().to_csv(index=False)
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(data))
    writer.start()
    ran = run("eval", "pipe", "-t", "y", "-p", "p", "-l", "mae", "-f", "bare")
    writer.join()
    assert (ran.code, ran.stdout) == (0, "0.5\n")


def test_what_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("1")
    inputs = Inputs()
    inputs.note(path, "f")
    inputs.note(tmp_path / "none", "none")
    inputs.note("/dev/null", "null")
    inputs.note("\0", "no name")
    inputs.require_unchanged()
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    with pytest.raises(DataError, match="f changed while it was read: it was written to"):
        inputs.note(path, "f")
    inputs.note_written(path)
    inputs.require_unchanged()
    (tmp_path / "none").touch()
    with pytest.raises(DataError, match="none changed while it was read: it was not there at first"):
        inputs.require_unchanged()
    with pytest.raises(DataError, match="none changed"):
        inputs.settle()
    with pytest.raises(KeyboardInterrupt), inputs:
        raise KeyboardInterrupt
    with pytest.raises(DataError, match="none changed") as caught, inputs:
        raise ZeroDivisionError
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    (tmp_path / "none").unlink()
    inputs.settle()
    (tmp_path / "none").touch()
    inputs.require_unchanged()  # it is done with them


def test_a_link_that_is_pointed_elsewhere_is_another_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("1")
        os.utime(tmp_path / name, ns=(0, 0))
    link = tmp_path / "link"
    link.symlink_to("a")
    inputs = Inputs()
    inputs.note(link, "link")
    link.unlink()
    link.symlink_to("b")
    with pytest.raises(DataError, match="another file has its name now"):
        inputs.require_unchanged()


def test_json_says_nothing_of_it(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "f.csv", frame())
    assert "inputs" not in json.loads(run("eval", "f.csv", "-t", "y", "-p", "p", "-l", "mae", "-f", "json").stdout)
