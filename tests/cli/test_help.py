"""Help is for a person at a terminal: groups, one screen for the first hour, sixty lines at most, nothing left out."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from lossctl.api import check_formats, formats
from lossctl.cli import help as help_texts
from lossctl.cli.commands import COMMANDS, application
from lossctl.core.errors import ExitCode
from tests.cli.cases import Run
from tests.terminals import at_terminal

MOST_LINES, SCREEN = 60, 24
WIDTHS = (60, 80, 100, 160)
GROUP: Any = typer.main.get_command(application(()))
EXTRA = {"help", "help_all"}
ESCAPE = "\x1b["


@pytest.fixture
def shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def show(*arguments: str, width: int | None = None) -> str:
        if width is not None:
            monkeypatch.setenv("COLUMNS", str(width))
        ran = run(*arguments)
        assert (ran.code, ran.stderr) == (ExitCode.OK, "")
        return ran.stdout

    return show


def options(command: str) -> list[Any]:
    """Return the options of a command that it does more with than to refuse them."""
    refused = help_texts._REFUSED.get(command, frozenset())  # noqa: SLF001 -- the list is the test
    return [each for each in GROUP.commands[command].params if each.name not in refused]


def names(option: Any) -> list[str]:
    if option.param_type_name == "argument":
        return [option.metavar]
    return [each for each in (*option.opts, *option.secondary_opts) if each.startswith("-")]


def holds(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_each_line_of_an_option_begins_with_its_usual_name(shown: Any, command: str) -> None:
    text = shown(command, "--help-all")
    for option in options(command):
        if option.param_type_name == "option" and not option.hidden:
            first = next((each for each in option.opts if len(each) == len("-x")), option.opts[0])
            assert re.search(rf"^  {first}(?: |,|$)", text, re.MULTILINE), first


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_told_or_named(shown: Any, command: str, width: int) -> None:
    text, full = shown(command, "--help", width=width), shown(command, "--help-all", width=width)
    for option in options(command):
        for name in names(option):
            assert holds(full, name), name
        is_letter = all(re.fullmatch("--[a-z]", name) for name in names(option))
        is_left_out = is_letter or option.hidden
        assert any(holds(text, name) for name in names(option)) != is_left_out, names(option)
    assert holds(text, "--help-all")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_has_at_most_sixty_lines_of_eighty_columns(shown: Any, command: str) -> None:
    lines = shown(command, "--help", width=80).splitlines()
    assert len(lines) <= MOST_LINES, "name some options in _FOLDED of lossctl/cli/help.py"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_the_first_screen_is_enough_for_the_first_hour(shown: Any, command: str) -> None:
    screen = shown(command, "--help", width=80).splitlines()[: SCREEN - 1]
    assert screen[0].startswith(f"Usage: lossctl {command} ")
    assert screen[2].endswith(".")
    assert screen[4] == "Examples:"
    assert all(line.startswith(f"  lossctl {command} ") for line in screen[5:7])
    assert screen[8] == "Most used:"
    for name in {"eval": "-l -t -p -f -o --help-all", "compare": "-l -t -p -f", "check": "-g -t -p -f"}.get(
        command, "-f -o"
    ).split():
        assert holds("\n".join(screen), name), name


@pytest.mark.parametrize("command", ["eval", "compare", "check"])
def test_options_stand_in_groups(shown: Any, command: str) -> None:
    headings = re.findall(r"^([A-Z][a-z ]+):$", shown(command, "--help"), re.MULTILINE)
    own = {"check": ["Gates", "Statistics"]}.get(command, ["What to compute", "Statistics"])
    assert headings == ["Examples", "Most used", *own, "Columns", "Rows", "Reading", "Output"]


@pytest.mark.parametrize("command", COMMANDS)
def test_wide_terminals_have_wider_lines(shown: Any, command: str) -> None:
    at = {width: shown(command, "--help-all", width=width).splitlines() for width in WIDTHS}
    assert len(at[160]) < len(at[100]) < len(at[80]) < len(at[60])
    for width, lines in at.items():
        examples = GROUP.commands[command].epilog.splitlines()
        assert all(len(line) <= min(width, 120) for line in lines if line.strip() not in examples)
        assert max(map(len, lines)) > min(width, 120) - 20


@pytest.mark.parametrize("command", COMMANDS)
def test_off_a_terminal_it_has_eighty_columns(shown: Any, command: str) -> None:
    assert shown(command, "--help") == shown(command, "--help", width=80)


@pytest.mark.parametrize("command", COMMANDS)
def test_defaults_are_told(command: str) -> None:
    for option in options(command):
        default = option.default
        if isinstance(default, str | float | int) and not isinstance(default, bool):
            assert f"(default {default})" in option.help, option.opts


@pytest.mark.parametrize("command", COMMANDS)
def test_possible_values_are_told(command: str) -> None:
    told = next(each.help for each in options(command) if each.name == "format")
    known = check_formats() if command == "check" else formats()
    assert re.findall(r"\b[a-z]+\b", told.partition(". ")[0].replace("(default)", "").replace(" or ", " ")) == [*known]
    for each in options(command):
        assert each.param_type_name == "argument" or each.is_flag or re.search(r"[A-Z]|\|", each.metavar), each.opts


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_are_sentences(command: str) -> None:
    for each in options(command):
        if each.rich_help_panel != help_texts.PARAMETERS:
            assert re.fullmatch(r"(?:[A-Z]|p-values|table).*\.", each.help), each.opts
            assert not re.match(r"Of |What |So |Say ", each.help), each.opts


@pytest.mark.parametrize("command", help_texts._REFUSED)  # noqa: SLF001 -- the list is the test
def test_what_is_left_out_of_help_is_refused(run: Run, command: str) -> None:
    for name in help_texts._REFUSED[command]:  # noqa: SLF001
        assert run(command, "p.csv", f"--{name}", "omit").code == ExitCode.USAGE
    assert not holds(run(command, "--help-all").stdout, "--by")


def test_the_program_lists_its_commands_in_a_line_each(shown: Any) -> None:
    for width in WIDTHS[1:]:
        text = shown("--help", width=width)
        for command, function in GROUP.commands.items():
            summary = " ".join(function.help.split()).partition(". ")[0].removesuffix(".")
            assert re.search(rf"^  {command} +{re.escape(summary)}\.$", text, re.MULTILINE), command
        assert "…" not in text
        assert "..." not in text
        assert len(text.splitlines()) < SCREEN


def test_parameters_of_losses_are_told_in_full_with_help_all_and_show(shown: Any) -> None:
    assert "residual up to which the loss is quadratic" not in " ".join(shown("eval", "--help").split())
    assert "residual up to which the loss is quadratic" in " ".join(shown("eval", "--help-all").split())
    assert "residual up to which the loss is quadratic" in " ".join(shown("show", "huber").split())


@pytest.mark.parametrize("arguments", [("--help",), ("eval", "--help"), ("eval", "--help-all")])
def test_colours_are_off_where_nobody_sees_them(
    shown: Any, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = shown(*arguments)
    assert ESCAPE not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = shown(*arguments)
    assert ESCAPE in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(*arguments) == plain


def test_at_a_terminal_there_are_colours_and_its_width() -> None:
    text = at_terminal(["eval", "--help"], (100, 100)).text
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert ESCAPE in text
    assert 80 < max(map(len, lines)) <= 100


@pytest.mark.parametrize("flag", ["--help", "--help-all"])
def test_help_longer_than_the_screen_begins_with_its_first_lines(flag: str) -> None:
    shown = at_terminal(["eval", flag], (80, 24), env={"PAGER": "sed -n '1s/^/paged: /p'"})
    assert (shown.code, shown.text) == (ExitCode.OK, "paged: Usage: lossctl eval SOURCE... [options]\n")


def test_help_that_fits_the_screen_is_printed() -> None:
    pager = {"PAGER": "sed s/^/paged:/"}
    assert "paged:" not in at_terminal(["--help"], (80, 24), env=pager).text
    assert "paged:" not in at_terminal(["eval", "--help"], (80, 100), env=pager).text
