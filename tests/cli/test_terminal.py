"""What a person sees at a terminal or in a log: colours with a meaning, a pager, fewer words where asked."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lossctl.cli.streams import in_color
from lossctl.core.errors import ExitCode
from tests.cli.cases import Run
from tests.terminals import at_terminal
from tests.transcript import ROOT

STYLE = re.compile(r"\x1b\[[\d;]*m")
RED, GREEN, MAGENTA = "\x1b[1;31m", "\x1b[32m", "\x1b[1;35m"
DATA = ROOT / "examples" / "data"
PREDS, DIABETES = str(DATA / "preds.csv"), str(DATA / "diabetes.csv")
GATES = ("--gate", "mae <= 1", "--gate", "mae <= 50", "--gate", "delta(mae) <= 1%")
CHECK = ("check", DIABETES, "-p", "knn", "--baseline-pred", "ridge", *GATES)
FEW = "target,prediction\n1,1.5\n2,2\n4,1\n"


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def pipe() -> Iterator[Any]:
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        yield stream
    os.close(read)


@pytest.mark.parametrize(
    ("env", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"GITHUB_ACTIONS": "true"}, False, False),  # a stream that no system knows
    ],
    ids=str,
)
def test_colours_are_where_the_environment_and_the_stream_take_them(
    env: dict[str, str], *, terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert in_color(Stream(terminal=terminal)) is expected


@pytest.mark.parametrize("system", ["GITHUB_ACTIONS", "GITLAB_CI"])
def test_logs_of_ci_take_colours_and_files_there_do_not(
    system: str, pipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERM", raising=False)
    assert not in_color(pipe)
    monkeypatch.setenv(system, "true")
    assert in_color(pipe)
    with (tmp_path / "out.txt").open("w") as file:
        assert not in_color(file)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not in_color(pipe)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not in_color(pipe)


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", PREDS, "--loss", "mae,mse"),
        ("eval", DIABETES, "-p", "ridge", "-p", "knn", "--loss", "mae", "--by", "sex"),
        ("compare", DIABETES, "-p", "ridge", "-p", "knn", "-p", "forest", "--loss", "mae,mse"),
        CHECK,
        ("losses", "huber"),
        ("show", "mae"),
        ("eval", "few.csv", "--loss", "mae"),
        ("eval", "few.csv", "--loss", "hubr"),
    ],
    ids=lambda each: each[0],
)
@pytest.mark.parametrize("columns", [None, 50])
def test_without_colours_the_bytes_are_those_of_the_words(
    run: Run, arguments: tuple[str, ...], columns: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("few.csv").write_text(FEW)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
    plain = run(*arguments)
    assert "\x1b" not in plain.stdout + plain.stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    colored = run(*arguments)
    assert "\x1b" in colored.stdout + colored.stderr
    assert (STYLE.sub("", colored.stdout), STYLE.sub("", colored.stderr)) == (plain.stdout, plain.stderr)


def test_colours_tell_verdicts_apart(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = run(*CHECK).stdout
    assert f"{RED}fail\x1b[0m" in text
    assert f"{GREEN}pass\x1b[0m" in text
    assert f"{MAGENTA}unsure\x1b[0m" in text
    text = run("compare", DIABETES, "-p", "ridge", "-p", "forest", "--loss", "mae").stdout
    assert f"{RED}worse\x1b[0m" in text
    text = run("compare", DIABETES, "-p", "forest", "-p", "ridge", "--loss", "mae").stdout
    assert f"{GREEN}better\x1b[0m" in text


def test_errors_and_warnings_have_colours_by_their_own_stream(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("few.csv").write_text(FEW)
    monkeypatch.setenv("TERM", "xterm")
    for loss, label in [("hubr", f"{RED}error:\x1b[0m no loss"), ("mae", f"{MAGENTA}warning:\x1b[0m few.csv")]:
        stream = Stream(terminal=True)
        monkeypatch.setattr(sys, "stderr", stream)
        ran = run("eval", "few.csv", "--loss", loss)
        assert label in stream.getvalue()
        assert "\x1b" not in ran.stdout


def test_formats_for_machines_are_never_coloured(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {name: run(*CHECK, "-f", name).stdout for name in ("json", "csv", "markdown", "html", "junit", "bare")}
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert {name: run(*CHECK, "-f", name).stdout for name in plain} == plain


def test_quiet_leaves_out_warnings_and_counts_them_under_a_table(run: Run) -> None:
    Path("few.csv").write_text(FEW)
    command = ("eval", "few.csv", "--loss", "mae")
    loud, quiet = run(*command), run(*command, "-q")
    assert loud.stderr.startswith("warning: ")
    assert quiet.stderr == ""
    assert quiet.stdout == f"{loud.stdout}\n1 warning is not shown (-q)\n"
    for name in ("json", "csv", "bare", "markdown"):
        assert run(*command, "--quiet", "-f", name).stdout == run(*command, "-f", name).stdout
    assert json.loads(run(*command, "-q", "-f", "json").stdout)["warnings"]
    assert "-q" not in run("eval", PREDS, "--loss", "mae", "-q").stdout


@pytest.mark.parametrize("arguments", [("--loss", "mae", "--per-row"), ("--loss", "mae", "--top", "2")], ids=str)
def test_quiet_holds_for_rows_too(run: Run, arguments: tuple[str, ...]) -> None:
    Path("a.csv").write_text("id,target,prediction\n1,1,1.5\n2,2,2\n")
    Path("b.csv").write_text("id,target\n1,1\n3,2\n")
    command = ("eval", "a.csv", "--targets", "b.csv", "--key", "id", "--unmatched", "drop", *arguments)
    assert run(*command).stderr
    assert run(*command, "-q").stderr == ""


def test_quiet_hides_no_error_and_no_verdict(run: Run) -> None:
    Path("few.csv").write_text(FEW)
    assert run("eval", "few.csv", "--loss", "hubr", "-q").stderr.startswith("error: ")
    loud, quiet = run(*CHECK), run(*CHECK, "-q")
    assert (quiet.code, quiet.stdout) == (loud.code, loud.stdout) == (ExitCode.GATE_FAILED, loud.stdout)


def test_only_failures_counts_the_gates_that_passed(run: Run) -> None:
    every, ran = run(*CHECK), run(*CHECK, "--only-failures")
    assert ran.code == every.code
    verdicts = [line.split(" ")[0] for line in ran.stdout.partition("\n\n")[0].split("\n")]
    assert verdicts == ["verdict", "fail", "unsure"]
    assert ran.stdout.endswith("\n\nnot shown: 1 that passed\nfail: 1 fail, 1 unsure, 1 pass of 3\n")
    assert "not shown" not in every.stdout
    assert "| pass |" not in run(*CHECK, "--only-failures", "-f", "md").stdout
    assert "| pass |" in run(*CHECK, "-f", "md").stdout
    for name in ("json", "jsonl", "csv", "junit", "openmetrics", "bare", "github"):
        assert run(*CHECK, "--only-failures", "-f", name).stdout == run(*CHECK, "-f", name).stdout


def test_where_all_passed_only_failures_shows_no_gate(run: Run) -> None:
    ran = run("check", PREDS, "--gate", "mae <= 50", "--gate", "n >= 2", "--only-failures")
    assert (ran.code, ran.stdout) == (ExitCode.OK, "not shown: 2 that passed\npass: 2 pass of 2\n")


def test_md_is_markdown(run: Run) -> None:
    command = ("eval", PREDS, "--loss", "mae")
    markdown = run(*command, "-f", "markdown").stdout
    assert run(*command, "-f", "md").stdout == markdown
    run(*command, "--export", "md=r.md")
    run(*command, "-o", "o.md", "-f", "md")
    assert Path("r.md").read_text() == Path("o.md").read_text() == markdown


def test_a_long_list_goes_through_the_pager_of_the_user() -> None:
    pager = {"PAGER": "sed -n 's/^/> /p'"}
    shown = at_terminal(["losses"], env=pager)
    assert shown.code == ExitCode.OK
    lines = shown.text.splitlines()
    assert len(lines) > 100
    assert all(line.startswith("> ") for line in lines)
    assert at_terminal(["losses", "huber"], env=pager).text.startswith("\x1b[4mloss")  # it fits the screen
    assert "> " not in at_terminal(["losses", "--no-pager"], env=pager).text
    assert at_terminal(["show", "huber"], env=pager).text.startswith("> ")


@pytest.mark.parametrize(
    "env", [{"CI": "true"}, {"TERM": "dumb"}, {"PAGER": ""}, {"PAGER": "cat"}, {"PAGER": "no-such"}]
)
def test_no_pager_where_there_is_nobody_to_turn_pages(env: dict[str, str]) -> None:
    shown = at_terminal(["losses"], env={"PAGER": "sed s/^/paged/", **env})
    assert shown.code == ExitCode.OK
    assert "paged" not in shown.text
    assert len(shown.text.splitlines()) > 100


def test_a_pager_that_is_left_early_is_quiet() -> None:
    shown = at_terminal(["losses"], env={"PAGER": "head -2"})
    assert (shown.code, len(shown.text.splitlines())) == (ExitCode.OK, 2)


def test_less_is_told_to_show_colours() -> None:
    pager = "sh -c 'cat > /dev/null; echo $LESS'"
    assert at_terminal(["losses"], env={"PAGER": pager}).text == "-FRX\n"
    assert at_terminal(["losses"], env={"PAGER": pager, "LESS": "-i"}).text == "-R -i\n"
