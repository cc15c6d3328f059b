"""A failing comparison of long values is reported at once, and by where they differ."""

from __future__ import annotations

import time

from tests.short import MOST_CHARACTERS, shortly


def test_short_values_are_left_to_pytest() -> None:
    assert shortly("a" * MOST_CHARACTERS, "b") is None
    assert shortly([1, 2], [1, 3]) is None


def test_long_values_are_told_by_where_they_differ() -> None:
    one = [{"value": number / 7.0} for number in range(100_000)]
    other = [*one[:70_000], {"value": -1.0}, *one[70_001:]]
    before = time.process_time()
    told = shortly(one, other)
    assert time.process_time() - before < 5.0
    assert told is not None
    assert "-1.0" in told[-1]
    assert "-1.0" not in told[-2]
    assert all(len(line) < 200 for line in told)


def test_one_that_is_the_beginning_of_the_other() -> None:
    told = shortly("a" * 30_000, "a" * 30_000 + "b")
    assert told is not None
    assert told[1] == "texts of 30000 and 30001 characters differ from character 30000 on:"
    assert told[-1].endswith("ab")
