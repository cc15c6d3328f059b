"""A shell that asks for words gets them, or nothing: a fault or a message would end up in the line being typed."""

from __future__ import annotations

import shlex
import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.cli.completion import cut, escaped
from lossctl.cli.eval import evaluate
from lossctl.cli.main import main
from tests.cli.cases import GOOD, Run, write

VARIABLES = ("_LOSSCTL_COMPLETE", "_LOSSCTL_LINE", "_LOSSCTL_WORD", "_LOSSCTL_WORDS")
POWERSHELL = ("_TYPER_COMPLETE_ARGS", "_TYPER_COMPLETE_WORD_TO_COMPLETE")
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
    ran = asked("complete_bash", "lossctl ev", "ev")
    assert (ran.code, ran.stdout, ran.stderr) == (0, "words\neval\n", "")


def test_the_flags_that_may_follow(asked: Run) -> None:
    ran = asked("complete_bash", "lossctl eval --lo", "--lo")
    assert (ran.code, ran.stdout, ran.stderr) == (0, "words\n--loss\n", "")


def test_the_words_for_other_shells(asked: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    means = f"\t{evaluate.__doc__}\n"
    assert asked("complete_zsh", "", "ev", "lossctl").stdout == f"words\neval{means}"
    assert asked("complete_fish", "", "'ev", "lossctl").stdout == f"words\neval{means}"
    for name, value in zip(POWERSHELL, ("lossctl ev", "ev"), strict=True):
        monkeypatch.setenv(name, value)
    assert asked("complete_powershell").stdout == f"eval:::{means[1:]}"


@pytest.mark.parametrize("name", ["evil\nrm -rf x", "bell\a", "tab\tbed", "\x1b[2Jwipe"])
def test_a_name_with_control_characters_is_not_offered(name: str, asked: Run) -> None:
    quoted = name.replace('"', '""')
    Path("p.csv").write_text(f'"{quoted}",eval\n1,2\n', encoding="utf-8")
    assert asked("complete_bash", "lossctl eval p.csv -t e", "e").stdout == "words\neval\n"
    assert "\x1b" not in asked("complete_bash", "lossctl eval p.csv -t ", "").stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell(shell: str, asked: Run) -> None:
    ran = asked(f"source_{shell}")
    assert (ran.code, ran.stderr) == (0, "")
    assert "_LOSSCTL_COMPLETE" in ran.stdout
    assert "%(" not in ran.stdout


@pytest.mark.parametrize(
    "values",
    [
        ("complete_bash",),
        ("complete_bash", ""),
        ("complete_bash", "lossctl"),
        ("complete_zsh", "lossctl ev", "x"),
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
def test_any_variables_end_quietly(shell: str, line: str, word: str, words: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(
            (*VARIABLES, *POWERSHELL), (f"complete_{shell}", line, word, words, line, word), strict=True
        ):
            patch.setenv(name, value)
        assert main([]) in {0, 2}


@pytest.mark.parametrize("instruction", ["complete_bash", "complete_zsh", "x"])
def test_a_variable_left_over_does_not_stand_in_for_a_check(
    instruction: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(GOOD)
    monkeypatch.setenv("_LOSSCTL_COMPLETE", instruction)
    monkeypatch.setenv("_LOSSCTL_LINE", "lossctl ")
    assert run("check", "p.csv", "--gate", "mae <= 0.1").code == 1


def test_an_empty_variable_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LOSSCTL_COMPLETE", "")
    assert run("--version").code == 0


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\v\f"), min_size=1, max_size=8), max_size=4)
)
def test_a_line_is_cut_into_words_as_a_shell_cuts_it(words: list[str]) -> None:
    assert cut(f"{shlex.join(words)} ").words == (*words, "")
    for word in words:
        assert cut(f'"{escaped(word, chr(34))}" x').words[0] == word
        assert cut(f"'{escaped(word, chr(39))}' x").words[0] == word
    for quote in ("", "'", '"'):
        line = " ".join(escaped(word, "") for word in words) + f" {quote}a"
        assert cut(line).words == (*words, "a")
        assert (cut(line).raw, cut(line).quote) == (f"{quote}a", quote)


def test_bash_reads_each_sign_as_itself_after_it_is_escaped() -> None:
    signs = [f"a{sign}b" for sign in string.punctuation + " \t"] + [f"{sign}" for sign in string.punctuation]
    typed = [*(escaped(each, "") for each in signs), *(f"'{escaped(each, chr(39))}'" for each in signs)]
    typed += [f'"{escaped(each, chr(34))}"' for each in signs]
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {' '.join(typed)}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == 3 * signs
