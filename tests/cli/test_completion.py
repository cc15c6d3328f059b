"""A shell that asks for words gets them, or nothing: a fault or a message would end up in the line being typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.cli.main import main
from tests.cli.cases import GOOD, Run, write

VARIABLES = ("_LOSSCTL_COMPLETE", "COMP_WORDS", "COMP_CWORD", "_TYPER_COMPLETE_ARGS")
SHELLS = ("bash", "zsh", "fish", "powershell")


@pytest.fixture
def asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    def ask(*values: str) -> object:
        for name, value in zip(VARIABLES, values, strict=False):
            monkeypatch.setenv(name, value)
        return run()

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return ask


def test_the_words_that_may_follow(asked: Run) -> None:
    ran = asked("complete_bash", "lossctl ev", "1")
    assert (ran.code, ran.stdout, ran.stderr) == (0, "eval\n", "")


def test_the_flags_that_may_follow(asked: Run) -> None:
    ran = asked("complete_bash", "lossctl eval --lo", "2")
    assert (ran.code, ran.stdout, ran.stderr) == (0, "--loss\n", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell(shell: str, asked: Run) -> None:
    ran = asked(f"source_{shell}")
    assert (ran.code, ran.stderr) == (0, "")
    assert "_LOSSCTL_COMPLETE" in ran.stdout


@pytest.mark.parametrize(
    "values",
    [
        ("complete_bash",),
        ("complete_bash", "lossctl ev"),
        ("complete_bash", "lossctl ev", "x"),
        ("complete_bash", "lossctl ev", ""),
        ("complete_tcsh",),
        ("complete",),
        ("x",),
        ("bash_complete",),
        ("show_bash",),
    ],
)
def test_what_no_shell_asks_ends_quietly(values: tuple[str, ...], asked: Run) -> None:
    ran = asked(*values)
    assert (ran.code, ran.stdout, ran.stderr) == (2, "", "")


text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.sampled_from(SHELLS), text, text, text)
def test_any_variables_end_quietly(shell: str, words: str, place: str, line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(VARIABLES, (f"complete_{shell}", words, place, line), strict=True):
            patch.setenv(name, value)
        assert main([]) in {0, 2}


@pytest.mark.parametrize("instruction", ["complete_bash", "complete_zsh", "x"])
def test_a_variable_left_over_does_not_stand_in_for_a_check(
    instruction: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(GOOD)
    monkeypatch.setenv("_LOSSCTL_COMPLETE", instruction)
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "lossctl ")
    assert run("check", "p.csv", "--gate", "mae <= 0.1").code == 1


def test_an_empty_variable_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LOSSCTL_COMPLETE", "")
    assert run("--version").code == 0
