"""The helper that follows cures: what it takes for a proposal, and what it calls a fault."""

from __future__ import annotations

import pytest

from tests.cli.cases import Ran
from tests.cures import added, follow, proposals


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ("name it with -t COLUMN; the columns are a, b", []),
        ("add --delimiter ' '", [["--delimiter", " "]]),
        ("use --decimal . or --decimal ,", [["--decimal", "."], ["--decimal", ","]]),
        ("--normalize divides each by its sum", [["--normalize"]]),
        ("check that the right columns are bound (-t, -p)", []),
        ("name the one that counts as 1: --positive yes", [["--positive", "yes"]]),
        ("--nan omit leaves such rows out and counts them", [["--nan", "omit"]]),
        ("if the comma is the decimal sign, add --decimal ,; if it marks thousands, write none", [["--decimal", ","]]),
    ],
)
def test_words_a_hint_proposes(hint: str, words: list[list[str]]) -> None:
    assert proposals(hint, "eval") == words


def test_a_placeholder_is_filled() -> None:
    assert proposals("name it with -t COLUMN", "eval", {"COLUMN": "y"}) == [["-t", "y"]]


def test_a_flag_that_is_none_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="--sharpness"):
        proposals("add --sharpness 3", "eval")


def test_an_option_that_may_stand_once_is_replaced() -> None:
    assert added(["eval", "--nan", "error", "--", "p.csv"], ["--nan", "omit", "--null", "x"]) == [
        *("eval", "--nan", "omit", "--null", "x", "--", "p.csv"),
    ]


def test_a_cure_that_changes_nothing_is_a_fault() -> None:
    def stubborn(*_words: str) -> Ran:
        return Ran(3, "", "error: no\nhint:  --nan omit helps\n")

    with pytest.raises(AssertionError, match="changes nothing"):
        follow(stubborn, "eval", "p.csv")
