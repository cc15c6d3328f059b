"""Keys as they stand in files that different people wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lossctl.core.errors import DataError
from lossctl.sources import open_source
from lossctl.sources.join import join

Write = Callable[[str, str], str]


def matched(left: Any, right: Any, where: str | None = None, **given: Any) -> dict[float, float]:
    """Give the target of each prediction."""
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
    with pytest.raises(DataError, match=r'^p\.csv line 3, column "id": "x8" is not a number$'):
        matched(left, right, "id > 7")
