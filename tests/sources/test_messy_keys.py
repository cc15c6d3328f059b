"""Keys as they stand in files that different people wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import lossctl
from lossctl.core.errors import DataError
from lossctl.sources import open_source
from lossctl.sources.joins.targets import join

pytestmark = pytest.mark.usefixtures("shared_databases")

Write = Callable[[str, str], str]


def matched(left: Any, right: Any, where: str | None = None, **given: Any) -> dict[float, float]:
    """Return the target of each prediction."""
    with join(open_source(left), open_source(right), ["id"], **given) as source:
        batches = list(source.read(["p", "t"], where=where))
    return {p: t for each in batches for p, t in zip(each.columns["p"], each.columns["t"], strict=True)}


@pytest.mark.parametrize("given", [{}, {"ordered": True}, {"unmatched": "drop"}], ids=["", "in order", "drop"])
def test_a_filter_that_takes_the_key_for_a_number_changes_no_match(given: dict[str, Any], write: Write) -> None:
    left, right = (
        write("p.csv", "id,p\n007,1\n8,2\n9.0,3\n010,4\n"),
        write("t.csv", "id,t\n8,20\n007,10\n010,40\n9.0,30\n"),
    )
    assert matched(left, right, **given) == {1: 10, 2: 20, 3: 30, 4: 40}
    assert matched(left, right, "id > 7", **given) == {2: 20, 3: 30, 4: 40}
    frame = {"id": ["9.0", "007", "8", "010"], "t": [30.0, 10.0, 20.0, 40.0]}
    assert matched(left, frame, "id > 7", **given) == {2: 20, 3: 30, 4: 40}
    lines = write("p.jsonl", '{"id": "8", "p": 2}\n{"id": 9.0, "p": 3}\n{"id": "010", "p": 4}\n{"id": "007", "p": 1}\n')
    assert matched(lines, right, "id > 7", **given) == {2: 20, 3: 30, 4: 40}


def test_a_filter_on_a_key_that_is_true_or_false(write: Write) -> None:
    left, right = write("p.csv", "id,p\nTrue,1\nfalse,2\n"), write("t.csv", "id,t\nfalse,20\nTrue,10\n")
    assert matched(left, right, "id") == {1: 10}


def test_a_key_that_is_no_number_where_the_filter_takes_it_for_one_is_told(write: Write) -> None:
    left, right = write("p.csv", "id,p\n7,1\nx8,2\n"), write("t.csv", "id,t\nx8,20\n7,10\n")
    with pytest.raises(
        DataError, match=r'^p\.csv line 3, column "id": "x8" is not a number\nhint:  the condition takes it'
    ):
        matched(left, right, "id > 7")


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("a ", "a", "spaces at their ends"),
        ("North", "north", "upper and lower case"),
        ("\u00e9", "e\u0301", "how accents are written (Unicode NFC, NFD)"),
        ("007", "7", "how a number is written"),
        ("2.50", "2.5", "how a number is written"),
        ("10000000000000000000", "1e+19", "how a number is written"),
        ("2024-01-02 00:00", "2024-01-02", "a time of day"),
        ("a", "b", None),
        ("sNaN", "1", None),
        ("1e999999999999", "x", None),
    ],
)
def test_keys_that_look_alike_are_other_keys_and_the_hint_says_in_what(
    one: str, other: str, difference: str | None
) -> None:
    left, right = {"id": ["k", one], "p": [1.0, 2.0]}, {"id": [other, "k"], "t": [1.0, 2.0]}
    with pytest.raises(DataError) as raised:
        matched(left, right)
    said = "" if difference is None else f"these keys differ in {difference}; "
    assert raised.value.cure == f"{said}--unmatched drop leaves such rows out and counts them"


def test_two_frames_are_told_apart() -> None:
    with pytest.raises(DataError) as raised:
        matched({"id": ["a", "b"], "p": [1.0, 2.0]}, {"id": ["c", "b"], "t": [1.0, 2.0]})
    assert str(raised.value) == (
        '<frame> 1: 1 row has a key that is not in <frame> 2 (first: <frame> row 1, the key id "a"); '
        '<frame> 2: 1 row has a key that is not in <frame> 1 (first: <frame> row 1, the key id "c")'
    )


def test_large_numbers_that_would_not_be_told_apart_are_no_fault_of_the_file(write: Write) -> None:
    path = write("p.csv", "y,p,s\n1,2,9007199254740993\n2,4,9007199254740992\n")
    with pytest.raises(DataError) as raised:
        lossctl.evaluate(path, "mae", target="y", prediction="s", by="s")
    assert str(raised.value) == (
        'p.csv, column "s": whole numbers beyond 2^53 are read as numbers, and would not be told apart'
    )
    assert raised.value.cure == "it is computed on too: give what tells rows apart in a column of its own"
    for where in ("s > 5", "\"s\"::varchar > '5'"):  # a filter may take them for numbers
        found = lossctl.evaluate(path, "mae", target="y", prediction="p", by="s", where=where)
        assert [each.slice.get("s") for each in found] == [None, "9007199254740992", "9007199254740993"]


def test_a_filter_changes_no_match_of_files_that_are_compared(write: Write) -> None:
    first = write("a.csv", "id,y,p\n007,1,1.5\n8,2,3\n010,3,5\n7,4,7\n")
    second = write(
        "b.jsonl",
        "".join(
            f'{{"id": "{key}", "y": {y}, "p": {p}}}\n'
            for key, y, p in [("7", 4, 2), ("010", 3, 3), ("007", 1, 1), ("8", 2, 9)]
        ),
    )
    options: Any = {"target": "y", "prediction": "p", "key": "id"}
    (all_rows,) = lossctl.compare([first, second], "mae", **options)
    assert (all_rows.n, all_rows.baseline_value, all_rows.candidate_value) == (4, 6.5 / 4, 9 / 4)
    (some,) = lossctl.compare([first, second], "mae", where="id >= 8", **options)
    assert (some.n, some.baseline_value, some.candidate_value) == (2, 1.5, 3.5)
