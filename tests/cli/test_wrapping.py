"""What is said on standard error at a terminal is broken at words, and a command to copy stays whole."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lossctl.cli.wrapping import wrapped
from tests.terminals import at_terminal
from tests.transcript import ROOT

PREDS = str(ROOT / "examples" / "data" / "preds.csv")
CANCER = str(ROOT / "examples" / "data" / "breast_cancer.csv")
WORDS = st.sampled_from(
    ["a", "isn't", "日本", "e\u0301", "(one", "--loss", "-p", "NAME", "'a b", "c'", '"', "lossctl", "x.csv"]
)
TEXTS = st.lists(WORDS | st.text("ab' -;", max_size=9), max_size=30).map(" ".join)


@given(TEXTS, st.integers(20, 50))
def test_no_word_is_broken_or_lost_and_no_line_is_too_long(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert " ".join(lines).split() == text.split()
    for line in lines:
        assert cell_len(line) <= width or " " not in line.strip(" ")


@given(TEXTS, st.integers(20, 50))
def test_a_line_takes_what_fits(text: str, width: int) -> None:
    """What begins a line had no room on the one before, with all that must stay together."""
    text = " ".join(re.sub("['\"-]|lossctl", "", text).split())
    for before, line in zip(lines := wrapped(text, width), lines[1:], strict=False):
        assert cell_len(f"{before} {line.split(' ')[0]}") > width


@pytest.mark.parametrize(
    "whole",
    [
        "lossctl losses sklearn",
        "lossctl check a.csv --baseline git:main:b.csv -p new",
        "--loss mae,rmse,mse",
        "--gate 'mae <= 60'",
        "--where=\"sex = 'F'\"",
        "-p old -p new",
        "'huber(delta = 1)'",
        "--targets FILE --key id",
    ],
)
@pytest.mark.parametrize("end", ["", ";", " and so on", ", or not"])
def test_what_is_to_be_copied_stays_whole(whole: str, end: str) -> None:
    for count in range(60):
        text = f"{'so ' * (count // 2)}{'a' * (count % 2)} type {whole}{end}"
        lines = wrapped(text, 64)
        assert any(whole in line for line in lines), lines
        assert len(lines) <= 3


@pytest.mark.parametrize("text", [f"'{'ab ' * 40}'", "--loss mae " * 20, f"lossctl eval {'a/b ' * 30}".strip()])
def test_what_is_longer_than_a_line_is_broken_at_blanks(text: str) -> None:
    lines = wrapped(text, 40)
    assert " ".join(lines).split() == text.split()
    assert 30 < max(map(len, lines)) <= 40


def test_a_quote_that_never_ends_takes_no_time() -> None:
    before = time.process_time()
    for text in ("'a' " * 700, "'" * 3000, "--a 'b c" * 370, "lossctl ./" * 300, "-a -b=" * 500):
        assert " ".join(wrapped(text, 40)).split() == text.split()
    assert time.process_time() - before < 2.0


def test_lines_at_a_terminal_stand_below_their_text() -> None:
    shown = at_terminal(["eval", CANCER], (60, 24), env={"NO_COLOR": "1"})
    lines = shown.text.splitlines()
    assert all(len(line) <= 60 for line in lines)
    at = [number for number, line in enumerate(lines) if line.startswith("hint:  ")]
    assert lines[0].startswith("error: ")
    assert all(line.startswith(" " * 7) and line[7] != " " for line in (*lines[1 : at[0]], *lines[at[0] + 1 :]))
    assert "hint:  name it with -p COLUMN; the columns are id, target," in lines


def test_a_line_is_one_off_a_terminal_whatever_columns_says(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,a,b\n1,1,2\n")
    shown = at_terminal(["eval", str(tmp_path / "p.csv")], (40, 24), apart=True, env={"COLUMNS": "30"})
    assert [line[:7] for line in shown.errors.splitlines()] == ["error: ", "hint:  "]


def test_one_note_says_which_columns_and_which_losses() -> None:
    shown = at_terminal(["eval", PREDS, "-o", "/dev/null", "-f", "json"], (200, 24), env={"NO_COLOR": "1"})
    words = "target and prediction are numbers: taking mae, rmse, mse; --loss NAME takes others; not used: id"
    assert shown.text.splitlines() == [f"note:    {PREDS}: {words}"]
    named = at_terminal(["eval", PREDS, "-l", "mae", "-o", "/dev/null", "-f", "json"], (200, 24), env={"NO_COLOR": "1"})
    assert named.text.splitlines() == ["columns: target ← target, prediction ← prediction; not used: id"]
