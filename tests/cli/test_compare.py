"""`lossctl compare` at the command line: what it prints, and the codes it ends with."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lossctl.core.errors import ExitCode
from lossctl.losses import LOSSES
from tests.cli.cases import Ran, Run

FIELDS = [
    *("loss", "params", "slice", "baseline", "candidate", "baseline_value", "candidate_value", "delta", "delta_ci"),
    *("relative", "relative_ci", "p_value", "p_adjusted", "significant", "wins", "ties", "losses", "detectable"),
    *("rows_needed", "rows_needed_low", "rows_needed_high", "n", "status", "signature"),
]
"""Of the JSON of a comparison, in their order: fixed."""

OLD = "y,pred\n" + "".join(f"{row},{row + 1 + row % 3}\n" for row in range(20))
NEW = "y,pred\n" + "".join(f"{row},{row + row % 2}\n" for row in range(20))
COMMAND = [sys.executable, "-m", "lossctl"]


@pytest.fixture
def files(tmp_path: Path) -> None:
    for name, text in {"old.csv": OLD, "new.csv": NEW}.items():
        (tmp_path / name).write_text(text)
    rows = [f"{y},{old.split(',')[1]},{new.split(',')[1]}\n" for y, old, new in _rows()]
    (tmp_path / "both.csv").write_text("y,old,new\n" + "".join(rows))


def _rows() -> list[tuple[int, str, str]]:
    return list(zip(range(20), OLD.split()[1:], NEW.split()[1:], strict=True))


def document(ran: Ran) -> dict[str, object]:
    assert ran.code == ExitCode.OK, ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    return found


@pytest.mark.usefixtures("files")
def test_the_json_has_exactly_the_fixed_fields(run: Run) -> None:
    found = document(run("compare", "both.csv", "-p", "old", "-p", "new", "-l", "mse,huber(delta=2)", "-f", "json"))
    assert list(found) == ["schema", "version", "comparisons", "warnings"]
    assert found["schema"] == "lossctl/compare/1"
    comparisons = found["comparisons"]
    assert isinstance(comparisons, list)
    assert len(comparisons) == 2
    for each in comparisons:
        assert list(each) == FIELDS
        for interval in (each["delta_ci"], each["relative_ci"]):
            assert list(interval) == ["level", "low", "high", "method"]
            assert (interval["level"], interval["method"]) == (0.95, "t")
        assert (each["baseline"], each["candidate"], each["slice"]) == ("old", "new", {})
        assert each["wins"] + each["ties"] + each["losses"] == each["n"] == 20
        assert each["delta"] < 0.0
        assert each["significant"] is True
    assert [each["params"] for each in comparisons] == [{}, {"delta": 2.0}]


@pytest.mark.usefixtures("files")
def test_json_lines_are_the_comparisons(run: Run) -> None:
    words = ("compare", "both.csv", "-p", "old", "-p", "new", "-l", "mae,mse", "-f")
    lines = [json.loads(line) for line in run(*words, "jsonl").stdout.splitlines()]
    assert lines == document(run(*words, "json"))["comparisons"]


@pytest.mark.usefixtures("files")
def test_csv_holds_the_same_figures(run: Run) -> None:
    words = ("compare", "both.csv", "-p", "old", "-p", "new", "-l", "mae", "-f")
    (row,) = csv.DictReader(io.StringIO(run(*words, "csv").stdout))
    (found,) = document(run(*words, "json"))["comparisons"]  # type: ignore[misc]  # a list of one
    flat = [f"{name}.{key}" if name.endswith("_ci") else name for name in FIELDS for key in _keys(name)]
    assert list(row) == flat
    assert float(row["delta"]) == found["delta"]
    assert float(row["relative_ci.high"]) == found["relative_ci"]["high"]
    assert (row["significant"], row["slice"], row["params"]) == ("true", "", "")


def _keys(name: str) -> list[str]:
    return ["level", "low", "high", "method"] if name.endswith("_ci") else [""]


@pytest.mark.usefixtures("files")
def test_a_missing_figure_is_empty_in_csv(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("y,a,b\n1,2,3\n")
    ran = run("compare", "one.csv", "-p", "a", "-p", "b", "-l", "mae", "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(ran.stdout))
    empty = [name for name, value in row.items() if value == ""]
    intervals = [f"{name}.{key}" for name in ("delta_ci", "relative_ci") for key in _keys(name)]
    needed = ["rows_needed", "rows_needed_low", "rows_needed_high"]
    assert empty == ["params", "slice", *intervals[:4], *intervals[4:], "p_value", "p_adjusted", "detectable", *needed]


@pytest.mark.usefixtures("files")
def test_bare_gives_the_differences(run: Run) -> None:
    words = ("compare", "both.csv", "-p", "old", "-p", "new", "-l", "mae,mse", "-f")
    lines = run(*words, "bare").stdout.splitlines()
    comparisons = document(run(*words, "json"))["comparisons"]
    assert [float(line) for line in lines] == [each["delta"] for each in comparisons]  # type: ignore[attr-defined]  # a list


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("form", ["table", "markdown", "html", "latex", "tsv"])
def test_every_format_renders_it(run: Run, form: str) -> None:
    ran = run("compare", "both.csv", "-p", "old", "-p", "new", "-l", "mae", "-f", form)
    assert ran.code == ExitCode.OK
    assert "old" in ran.stdout
    assert "new" in ran.stdout


@pytest.mark.usefixtures("files")
def test_adjust_holm(run: Run) -> None:
    words = ("compare", "both.csv", "-p", "old", "-p", "new", "-l", "mae,mse", "--adjust", "holm", "-f")
    (one, other) = document(run(*words, "json"))["comparisons"]  # type: ignore[misc]  # a list of two
    assert max(one["p_adjusted"], other["p_adjusted"]) >= max(one["p_value"], other["p_value"])
    assert min(one["p_adjusted"], other["p_adjusted"]) == 2.0 * min(one["p_value"], other["p_value"])
    assert one["signature"].endswith("|method=t|adjust=holm")
    assert "p is adjusted for 2 comparisons (Holm)" in run(*words, "table").stdout


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("both.csv", "-p", "old"), 2, "both.csv: there is one model, old, and nothing to compare"),
        (("both.csv", "-p", "old", "-l", "all"), 2, f"both.csv: none of the {len(LOSSES)} losses fits"),
        (("both.csv", "-p", "old", "-p", "new", "--adjust", "fdr"), 2, "adjust: there is no 'fdr'"),
        (("both.csv", "-p", "old", "-p", "newer"), 2, "newer"),
        (("-", "-"), 2, "standard input is named twice"),
        (("old.csv", "missing.csv"), 3, "missing.csv"),
        (("old.csv", "old.csv"), 2, "two models are called 'old.csv'"),
    ],
)
def test_refusals(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    losses = () if "-l" in words else ("-l", "mae")
    ran = run("compare", *words, *losses)
    assert (ran.code, ran.stdout) == (code, "")
    assert said in ran.lines[0]
    assert ran.lines[0].startswith("error: ")
    assert "Traceback" not in ran.stderr


@pytest.mark.usefixtures("files")
def test_targets_that_differ(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(NEW.replace("\n7,", "\n7.5,"))
    ran = run("compare", "old.csv", "new.csv", "-l", "mae")
    assert ran.code == ExitCode.DATA
    order = "models are compared on the same rows: give files of the same rows, in the same order"
    assert ran.lines == [
        'error: old.csv line 9, column "y": 7, but new.csv line 9, column "y": 7.5',
        f"hint:  {order}, or match them with --key",
    ]


@pytest.mark.usefixtures("files")
def test_the_sources_are_never_written_over(run: Run, tmp_path: Path) -> None:
    ran = run("compare", "old.csv", "new.csv", "-l", "mae", "-o", "new.csv")
    assert ran.code == ExitCode.USAGE
    assert (tmp_path / "new.csv").read_text() == NEW


@pytest.mark.usefixtures("files")
def test_standard_input_is_one_of_two(tmp_path: Path) -> None:
    words = ["compare", "old.csv", "-", "-l", "rmse", "-f", "json"]  # rmse reads it twice
    piped = subprocess.run([*COMMAND, *words], input=NEW.encode(), capture_output=True, check=True, cwd=tmp_path)
    named = subprocess.run(
        [*COMMAND, *words[:2], "<stdin>=new.csv", *words[3:]], capture_output=True, check=True, cwd=tmp_path
    )
    assert json.loads(piped.stdout) == json.loads(named.stdout)
