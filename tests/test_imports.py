"""What a run imports: start-up time is bought here, so a new import is a decision, taken in this list."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import pytest

from tests.transcript import ROOT

HEAVY = {"altair", "arro3", "dask", "duckdb", "matplotlib", "pandas", "polars", "pyarrow", "rich", "scipy", "sklearn"}
READS = {"arro3", "duckdb"}
START = {"numpy", "typer"}
PROGRAM = """
import json, sys
before = set(sys.modules)
from lossctl.cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
print("\\n" + json.dumps([code, sorted(set(sys.modules) - before)]))
"""


@cache
def imported(command: str) -> frozenset[str]:
    """Return the modules that a command imports, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command.split()], capture_output=True, text=True, check=True, cwd=ROOT
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return frozenset(modules)


def packages(command: str) -> set[str]:
    return {name.split(".")[0] for name in imported(command)}


def heavy(command: str) -> set[str]:
    return packages(command) & HEAVY


EVAL = "eval examples/data/preds.csv --loss huber --delta 1.0"


@pytest.mark.parametrize("name", ["json", "jsonl", "csv", "bare", "table"])
def test_a_small_run_imports_what_reads_and_no_more(name: str) -> None:
    assert heavy(f"{EVAL} --format {name}") <= READS | ({"rich"} if name == "table" else set())


@pytest.mark.parametrize("command", [f"{EVAL} -f json", f"{EVAL} -f table"])
def test_a_small_run_loads_none_of_what_draws_curves_or_shows_progress(command: str) -> None:
    unwanted = (
        "rich.progress",
        "rich.live",
        "lossctl.figures",
        "lossctl.gates",
        "plotille",
        "arro3.io",
        "lossctl.sources.files.wide",
    )
    assert not [name for name in imported(command) if name.startswith(unwanted)]


WHERE_WRONG = ("lossctl.core.names", "lossctl.losses.other_names", "lossctl.cli.usage")
WHERE_ASKED = ("lossctl.cli.help", "lossctl.cli.pager", "lossctl.cli.named", "lossctl.api.setup.usual")
IN_FILES = ("lossctl.sources.files.cures", "lossctl.sources.duck.condition_faults", "lossctl.sources.query.allowed")


@pytest.mark.parametrize("command", [f"{EVAL} -f json", "eval examples/data/preds.csv --loss mae", "losses"])
def test_what_explains_a_fault_is_loaded_where_there_is_one(command: str) -> None:
    assert not imported(command).intersection((*WHERE_WRONG, *WHERE_ASKED, *IN_FILES))


def test_a_run_loads_the_format_it_writes_and_no_other() -> None:
    loaded = {name for name in imported(f"{EVAL} -f json") if name.startswith("lossctl.reports.")}
    assert "lossctl.reports.json" in loaded
    assert not loaded & {f"lossctl.reports.{other}" for other in ("table", "csv", "html", "latex", "markdown")}


def test_only_the_format_of_the_file_is_loaded() -> None:
    assert "lossctl.sources.files.jsonl" not in imported(f"{EVAL} -f json")
    assert "lossctl.sources.files.frame" not in imported(f"{EVAL} -f json")


@pytest.mark.parametrize("command", ["losses -f json", "losses", "show mae -f json", "--help", "eval --help"])
def test_what_reads_no_file_imports_no_reader(command: str) -> None:
    assert not heavy(command) & READS
    assert not heavy(command) & {"pandas", "pyarrow", "scipy", "polars"}


def test_the_packages_of_others_are_these() -> None:
    others = {
        name
        for name in packages(f"{EVAL} -f json")
        if name not in sys.stdlib_module_names and not name.startswith("_") and name != "lossctl"
    }
    assert others >= READS | START
    assert others <= READS | START | {"adbc_driver_duckdb", "annotated_doc", "shellingham", "typing_extensions"}


def test_the_api_is_light() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, lossctl; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not {name.split(".")[0] for name in done.stdout.split()} & (HEAVY | {"typer"})
