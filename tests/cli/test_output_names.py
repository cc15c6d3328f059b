"""The name of the file that ``-o`` and ``--export`` write says its format: it decides, agrees, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossctl.api import check_formats, formats
from tests.cli.cases import GOOD, WIDE, Run, write

COMMANDS = {
    "eval": ("eval", "p.csv", "-l", "mae"),
    "eval --top": ("eval", "p.csv", "-l", "mae", "--top", "1"),
    "compare": ("compare", "one=p.csv", "other=p.csv", "-l", "mae"),
    "check": ("check", "p.csv", "-g", "mae <= 9"),
    "losses": ("losses", "huber"),
    "show": ("show", "huber"),
}
NAMES = {
    "o.txt": "table",
    "o": "table",
    "o.json": "json",
    "o.jsonl": "jsonl",
    "o.ndjson": "jsonl",
    "o.csv": "csv",
    "o.CSV": "csv",
    "o.tsv": "tsv",
    "o.tab": "tsv",
    "o.md": "markdown",
    "o.v2.markdown": "markdown",
    "o.tex": "latex",
    "o.html": "html",
    "o.htm": "html",
}
OF_CHECK = {"o.xml": "junit", "o.prom": "openmetrics"}
WITHOUT_A_NAME = {"bare", "github"}
"""Formats that no ending stands for: ``--format`` alone asks for them."""
KNOWN = "end it in .txt, .json, .jsonl, .csv, .tsv, .md, .tex, .html; or say which with --format"


@pytest.mark.parametrize(
    ("command", "name"),
    [*(("losses", name) for name in NAMES), *((each, name) for each in COMMANDS for name in ("o", "o.json", "o.md"))],
)
def test_the_name_decides(command: str, name: str, run: Run) -> None:
    write({"p.csv": GOOD})
    printed = run(*COMMANDS[command], "-f", NAMES[name])
    assert printed.code == 0
    ran = run(*COMMANDS[command], "-o", name)
    assert (ran.code, ran.stdout) == (0, "")
    below = "\n\n" if command == "show" and NAMES[name] == "table" else None  # a curve is drawn on a terminal alone
    assert printed.stdout.split(below)[0].rstrip() in Path(name).read_text()
    assert below or Path(name).read_text() == printed.stdout


@pytest.mark.parametrize("name", OF_CHECK)
def test_the_name_of_a_report_of_gates_decides(name: str, run: Run) -> None:
    write({"p.csv": GOOD})
    printed = run(*COMMANDS["check"], "-f", OF_CHECK[name]).stdout
    assert run(*COMMANDS["check"], "-o", name).code == 0
    assert Path(name).read_text() == printed
    ran = run(*COMMANDS["eval"], "-o", name)
    assert ran.code == 2
    ran.require_said(f"{name}: its name does not say which format to write", KNOWN)


def test_every_format_has_a_name() -> None:
    assert {*formats()} == {*NAMES.values()} | {"bare"}
    assert {*check_formats()} == {*NAMES.values(), *OF_CHECK.values()} | WITHOUT_A_NAME


@pytest.mark.parametrize("name", ["o.yaml", "o.xlsx", "o.2", "o.svg", "o.toml.bak"])
@pytest.mark.parametrize("command", ["losses", "show"])
def test_a_name_that_says_nothing_is_refused(command: str, name: str, run: Run) -> None:
    write({"p.csv": GOOD})
    ran = run(*COMMANDS[command], "-o", name)
    assert (ran.code, ran.stdout) == (2, "")
    ran.require_said(f"{name}: its name does not say which format to write", KNOWN)
    assert [each.name for each in Path().iterdir()] == ["p.csv"]
    assert run(*COMMANDS[command], "-o", name, "-f", "json").code == 0
    assert Path(name).read_text().startswith("{")


@pytest.mark.parametrize("name", ["o.yaml", "o.png", "o.csv.gz", "o.json"])
def test_a_baseline_has_one_format(name: str, run: Run) -> None:
    write({"p.csv": WIDE})
    rows = ("baseline", "p.csv", "-l", "mae", "-k", "id")
    ran = run(*rows, "-o", name)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.said[1] == "hint:  end it in .parquet"
    assert [each.name for each in Path().iterdir()] == ["p.csv"]
    for fine in ("o", "o.parquet", "o.pq"):
        assert run(*rows, "-o", fine).code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_only_rows_are_written_as_parquet_or_compressed(command: str, run: Run) -> None:
    write({"p.csv": GOOD})
    for name, said in {
        "o.parquet": "results are text, and only rows are written as Parquet",
        "o.pq": "results are text, and only rows are written as Parquet",
        "o.json.gz": "only rows are compressed",
    }.items():
        ran = run(*COMMANDS[command], "-o", name)
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.said[0] == f"error: {name}: {said}"
        assert ran.said[1].startswith("hint:  eval --per-row; else end it in .txt, .json")


AGAINST = {
    ("csv", "o.json"): "end it in .csv, or ask for json",
    ("json", "o.csv"): "end it in .json, or ask for csv",
    ("table", "o.csv"): "end it in .txt, or ask for csv",
    ("markdown", "o.HTML"): "end it in .md, or ask for html",
    ("json", "o.jsonl"): "end it in .json, or ask for jsonl",
    ("bare", "o.json"): "end it in .txt, or ask for json",
    ("json", "o.parquet"): "end it in .json",
    ("json", "o.xml"): "end it in .json",
}


@pytest.mark.parametrize("case", AGAINST)
def test_a_name_that_contradicts_the_format_is_refused(case: tuple[str, str], run: Run) -> None:
    write({"p.csv": GOOD})
    asked, name = case
    for words in (("-f", asked, "-o", name), ("--export", f"{asked}={name}")):
        ran = run(*COMMANDS["eval"], *words)
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.said[0].endswith(f"by its name, and {asked} is asked for")
        assert ran.said[1] == f"hint:  {AGAINST[case]}"
        assert [each.name for each in Path().iterdir()] == ["p.csv"]


@pytest.mark.parametrize("words", [("json", "o.txt"), ("bare", "o.txt"), ("jsonl", "o.json"), ("csv", "o.dat")])
def test_a_name_that_several_formats_go_by_agrees(words: tuple[str, str], run: Run) -> None:
    write({"p.csv": GOOD})
    asked, name = words
    printed = run(*COMMANDS["eval"], "-f", asked).stdout
    assert run(*COMMANDS["eval"], "-f", asked, "-o", name, "--export", f"{asked}=x{name}").code == 0
    assert Path(name).read_text() == Path(f"x{name}").read_text() == printed


def test_a_report_of_a_configuration_is_held_to_its_name(run: Run) -> None:
    write({"p.csv": GOOD, "lossctl.toml": "[check]\ngates = ['mae <= 9']\nreports = {junit = 'o.json'}\n"})
    ran = run("check", "p.csv")
    assert ran.code == 2
    ran.require_said(
        "lossctl-reports/o.json is json by its name, and junit is asked for", "end it in .xml, or ask for json"
    )


@pytest.mark.parametrize(
    ("name", "more", "hint"),
    [("o.csv", (), "end it in .parquet"), ("o.parquet", ("--no-rows",), "end it in .json")],
)
def test_a_baseline_is_held_to_its_name(name: str, more: tuple[str, ...], hint: str, run: Run) -> None:
    write({"p.csv": "id,target,prediction\n1,1,1.5\n2,2,2.5\n"})
    words = ("baseline", "p.csv", "-k", "id", "-l", "mae", *more)
    ran = run(*words, "-o", name)
    assert (ran.code, ran.said[1]) == (2, f"hint:  {hint}")
    assert run(*words, "-o", f"o{hint.rsplit(maxsplit=1)[-1]}").code == 0
