"""`lossctl eval --per-row`, `--top` and `--quantiles` at the command line."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossctl.cli.command import with_values
from lossctl.cli.main import main
from lossctl.core.errors import ExitCode
from tests.cli.cases import Ran, Run

COMMAND = [sys.executable, "-m", "lossctl"]
PREDS = "target,prediction,note\n1,1.5,a\n2,2,\n4,1,c\n"
ROWS = [["prediction", "mae", "1", "0.5", "1.0"], ["prediction", "mae", "2", "0.0", "0.0"]]
ROWS += [["prediction", "mae", "3", "3.0", "-1.0"]]
HEADER = ["model", "loss", "row", "value", "slope"]


@pytest.fixture
def preds(tmp_path: Path) -> Path:
    path = tmp_path / "p.csv"
    path.write_text(PREDS)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("rows") / "large.parquet"
    size = 1_000_000
    pq.write_table(pa.table({"target": rng.normal(size=size), "prediction": rng.normal(size=size)}), path)
    return path


def table(text: str, sign: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=sign))


def test_rows_are_printed_as_csv(run: Run, preds: Path) -> None:
    ran = run("eval", str(preds), "-l", "mae", "--per-row")
    assert (ran.code, ran.stderr) == (ExitCode.OK, "")
    assert table(ran.stdout) == [HEADER, *ROWS]


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.CSV.gz", "r.tab", "r.jsonl", "r.ndjson.gz", "r.parquet"])
def test_the_name_of_the_file_says_the_format(run: Run, preds: Path, name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    out.write_text("old")
    ran = run("eval", str(preds), "-l", "mae", "--per-row", "-o", str(out))
    assert (ran.code, ran.stdout, ran.stderr) == (ExitCode.OK, "", "")
    data = gzip.decompress(out.read_bytes()) if name.endswith(".gz") else out.read_bytes()
    if "parquet" in name:
        found = [[str(each) for each in row.values()] for row in pq.read_table(out).to_pylist()]
    elif "json" in name:
        found = [[str(row[each]) for each in HEADER] for row in map(json.loads, data.decode().splitlines())]
    else:
        header, *found = table(data.decode(), "\t" if "ta" in name or "tsv" in name else ",")
        assert header == HEADER
    assert found == ROWS
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["p.csv", name])


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_the_format_may_be_named(run: Run, preds: Path, kind: str, tmp_path: Path) -> None:
    printed = run("eval", str(preds), "-l", "mae", "--per-row", "-f", kind).stdout
    run("eval", str(preds), "-l", "mae", "--per-row", "-f", kind, "-o", "rows")
    assert (tmp_path / "rows").read_text() == printed
    assert len(printed.splitlines()) == 3 + (kind != "jsonl")


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["-f", "json"], "--per-row prints no json", "choose one of csv, tsv, jsonl, parquet"),
        (["-f", "table"], "--per-row prints no table", "choose one of csv, tsv, jsonl, parquet"),
        (["-f", "parquet"], "Parquet can't be printed", "name a file: -o rows.parquet"),
        (
            ["-o", "x.txt"],
            "x.txt: its name does not say which format to write",
            "end it in .csv, .tsv, .jsonl, .parquet",
        ),
        (["-o", "x"], "x: its name does not say", "or say which with --format"),
        (["-o", "x.gz"], "x.gz: its name does not say", "end it in"),
        (
            ["-o", "x.csv", "-f", "tsv"],
            "x.csv is csv by its name, and tsv is asked for",
            "end it in .tsv, or ask for csv",
        ),
        (["-o", "x.parquet.gz"], "x.parquet.gz: Parquet compresses inside", "leave out .gz"),
        (["-o", "none/x.csv"], "none/x.csv can't be written: there is no directory none", "mkdir"),
        (["-o", "p.csv"], "p.csv is a source", "another path"),
        (["--export", "csv=x.csv"], "--per-row takes no --export", "-o writes it"),
        (["--digits", "3"], "--per-row takes no --digits", "all their digits"),
        (["--skill"], "--per-row takes no --skill", "predicting the mean"),
        (["--top", "3"], "--per-row takes no --top", "apart"),
        (["--quantiles"], "--per-row takes no --quantiles", "apart"),
        (["-l", "wmape"], "wmape: it is made of several means", "choose a loss that is a mean over rows"),
        (["--key", "nte"], '--key: there is no column "nte"', "did you mean note?"),
        (["--keep", "note"], "--keep is of no use without --top", "--top 10"),
    ],
)
def test_what_makes_no_sense_with_rows_is_refused(
    run: Run, preds: Path, arguments: list[str], error: str, hint: str, tmp_path: Path
) -> None:
    ran = run("eval", preds.name, "-l", "mae", "--per-row", *arguments)
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.lines[0].startswith(f"error: {error}"), ran.stderr
    assert hint in ran.lines[1]
    assert [each.name for each in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["--top", "0"], "top: 0 is not a number of rows", "from 1 to 100,000; --per-row gives them all"),
        (["--top", "1", "--keep", "nte"], '--keep: there is no column "nte"', "did you mean note?"),
        (["--top", "1", "--keep", "x_*"], "no column matches 'x_*'", "the columns are"),
        (["--top", "1", "--quantiles"], "--top takes no --quantiles", "apart"),
        (["--top", "1", "--skill"], "--top takes no --skill", "mean"),
        (["--quantiles", "1.5"], "quantiles: 1.5 is no level", "p99"),
        (["--quantiles=worst"], "quantiles: 'worst' is no level", "p99"),
        (["--quantiles", "0.5,,1"], "quantiles: '' is no level", "p99"),
        (["--quantiles", "p50,0.5"], "quantiles: p50 stands twice", "once"),
        (["--quantiles", "p50", "--quantiles"], "--quantiles is given twice", "once"),
    ],
)
def test_levels_and_counts_that_make_no_sense_are_refused(
    run: Run, preds: Path, arguments: list[str], error: str, hint: str
) -> None:
    ran = run("eval", str(preds), "-l", "mae", *arguments)
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.lines[0] == f"error: {error}"
    assert hint in ran.lines[1]


def test_the_worst_rows_are_the_result_in_every_format(run: Run, preds: Path, tmp_path: Path) -> None:
    words = ["eval", str(preds), "-l", "mae", "--top", "2", "--keep", "note"]
    shown = run(*words).stdout
    assert shown.splitlines()[0].split() == ["row", "value", "slope", "target", "prediction", "note"]
    assert shown.splitlines()[1].split() == ["3", "3.00000", "-1.00000", "4.00000", "1.00000", "c"]
    assert "these 2 rows make up 100% of the sum over 3" in shown
    document = json.loads(run(*words, "-f", "json").stdout)
    assert document["schema"] == "lossctl/top/1"
    assert [(row["row"], row["keep"]["note"]) for row in document["rows"]] == [(3, "c"), (1, "a")]
    lines = run(*words, "-f", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == document["rows"]
    header, first, _ = table(run(*words, "-f", "csv", "-o", "worst.csv").stdout or (tmp_path / "worst.csv").read_text())
    assert dict(zip(header, first, strict=True))["keep.note"] == "c"
    assert run(*words, "-f", "bare").stdout == "3\n1\n"


def test_quantiles_stand_beside_the_values(run: Run, preds: Path) -> None:
    words = ["eval", str(preds), "-l", "mae"]
    (result,) = json.loads(run(*words, "-f", "json", "--quantiles").stdout)["results"]
    assert result["quantiles"] == {
        "loss": {"p50": 0.5, "p90": 3.0, "p95": 3.0, "p99": 3.0, "max": 3.0},
        "slope": {"p50": 1.0, "p90": 1.0, "p95": 1.0, "p99": 1.0, "max": 1.0},
        "status": "ok",
    }
    header = run(*words, "--quantiles", "min,0.25").stdout.splitlines()[0]
    assert header.split("  ")[-1].strip() == "n"
    assert [each for each in header.split() if each in {"min", "p25", "p50"}] == ["min", "p25", "min", "p25"]


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["--quantiles", "p.csv"], ["--quantiles", "p50,p90,p95,p99,max", "p.csv"]),
        (["--quantiles"], ["--quantiles", "p50,p90,p95,p99,max"]),
        (["--quantiles", "-l", "mae"], ["--quantiles", "p50,p90,p95,p99,max", "-l", "mae"]),
        (["--quantiles", "0.5", "p.csv"], ["--quantiles", "0.5", "p.csv"]),
        (["--quantiles", "p99.9,max"], ["--quantiles", "p99.9,max"]),
        (["--quantiles", "p5.csv"], ["--quantiles", "p50,p90,p95,p99,max", "p5.csv"]),
        (["--quantiles=0.5", "x"], ["--quantiles=0.5", "x"]),
        (["--where", "x"], ["--where", "x"]),
    ],
)
def test_quantiles_need_no_levels(words: list[str], read: list[str]) -> None:
    assert with_values(words) == read


def test_a_fault_of_the_data_comes_before_the_first_row(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("target,prediction\n" + "1,2\n" * 70_000 + "1,\n")
    ran = run("eval", "p.csv", "-l", "mae", "--per-row")
    assert (ran.code, ran.stdout) == (ExitCode.DATA, "")
    assert 'line 70002, column "prediction"' in ran.stderr
    ran = run("eval", "p.csv", "-l", "mae", "--per-row", "--nan", "omit")
    assert (ran.code, len(ran.stdout.splitlines())) == (ExitCode.OK, 70_001)
    assert ran.stderr == (
        "warning: p.csv: prediction: of 70001 rows, 1 with a missing or non-finite number is left out\n"
    )


def test_a_pipe_that_is_closed_early_is_quiet(large: Path) -> None:
    script = f"set -o pipefail; {' '.join(COMMAND)} eval {large} -l mae --per-row | head -2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == "model,loss,row,value,slope"
    assert done.stdout.splitlines()[2] == "141"
    assert done.stderr == ""


def test_rows_go_to_a_pipe_with_a_name(run: Run, preds: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    ran = run("eval", str(preds), "-l", "mae", "--per-row", "-f", "csv", "-o", str(pipe))
    reader.join(10)
    assert ran.code == ExitCode.OK
    assert table(read[0]) == [HEADER, *ROWS]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(preds: Path) -> None:
    words = [*COMMAND, "eval", str(preds), "-l", "mae", "--per-row"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == ExitCode.DATA
    assert "error: standard output can't be written: No space left on device" in done.stderr


def test_output_that_is_caught_as_text_is_whole(preds: Path) -> None:
    preds.write_text(PREDS.replace("prediction", "prédiction"))
    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        code = main(["eval", str(preds), "-l", "mae", "-p", "prédiction", "--per-row"])
    assert code == ExitCode.OK
    assert table(caught.getvalue())[1][0] == "prédiction"


def test_rows_of_standard_input(preds: Path) -> None:
    words = [*COMMAND, "eval", "-", "-l", "mae", "--per-row"]
    done = subprocess.run(words, input=preds.read_bytes(), capture_output=True, check=False)
    assert table(done.stdout.decode()) == [HEADER, *ROWS]


def test_what_is_printed_never_depends_on_threads(large: Path) -> None:
    found: list[Ran] = []
    for threads in ("1", "3"):
        words = [*COMMAND, "eval", str(large), "-l", "mae", "--per-row", "--where", "target > 2", "--threads", threads]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        found.append(Ran(done.returncode, done.stdout, done.stderr))
    assert found[0] == found[1]
    assert len(found[0].stdout) > 10**6
