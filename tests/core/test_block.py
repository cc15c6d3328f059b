"""What a kernel may rely on, and what is recorded of rows that it must not see."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lossctl.core.losses.loss import BINARY, POSITIVE, PROBABILITY, REAL_LINE, Role
from lossctl.core.rows.block import Batch, Binding, Block
from lossctl.core.rows.faults import Fault, Faults, What, explain

BINDING = Binding("m", ("y",), ("p",), "w", "y", "p")


def batch_of(**columns: list[float]) -> Batch:
    arrays = {name: np.array(values) for name, values in columns.items()}
    return Batch(arrays, 100, len(next(iter(arrays.values()))))


def test_clean_rows_are_passed_on_without_a_copy() -> None:
    batch = batch_of(y=[1.0, 2.0], p=[1.5, 2.5], w=[1.0, 3.0])
    block, dropped = Block.of(batch, BINDING, Faults())
    assert dropped == 0
    assert block.target is batch.columns["y"]
    assert block.prediction is batch.columns["p"]
    assert block.row_number(1) == 101


@pytest.mark.parametrize("column", ["y", "p", "w"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_takes_its_row_out_and_is_recorded(column: str, bad: float) -> None:
    columns = {"y": [1.0, 2.0, 4.0], "p": [1.5, 2.5, 3.5], "w": [1.0, 3.0, 2.0]}
    columns[column][1] = bad
    faults = Faults()
    block, dropped = Block.of(batch_of(**columns), BINDING, faults)
    if column == "w" and bad < 0:
        assert [fault.what for fault in faults.found.values()] == [What.NEGATIVE_WEIGHT]
    else:
        assert dropped == 1
        (fault,) = faults.of(What.NOT_FINITE)
        assert (fault.column, fault.count, fault.row) == (column, 1, 101)
        assert_array_equal(fault.value, bad)
    assert_array_equal(block.target, [1.0, 4.0])
    assert_array_equal(block.weight, [1.0, 2.0])
    assert [block.row_number(index) for index in range(2)] == [100, 102]


def test_a_row_with_two_bad_numbers_is_dropped_once() -> None:
    faults = Faults()
    batch = batch_of(y=[math.nan, 1.0, 2.0], p=[math.inf, 1.0, math.nan], w=[1.0, 1.0, 1.0])
    block, dropped = Block.of(batch, BINDING, faults)
    assert dropped == 2
    assert len(block) == 1
    assert {(fault.column, fault.count) for fault in faults.of(What.NOT_FINITE)} == {("y", 1), ("p", 1)}


def test_a_row_of_weight_zero_may_hold_anything() -> None:
    faults = Faults()
    batch = batch_of(y=[math.nan, 1.0], p=[math.inf, 1.0], w=[0.0, 2.0])
    block, dropped = Block.of(batch, BINDING, faults)
    assert dropped == 0
    assert not faults.found
    assert_array_equal(block.target, [1.0])


def test_negative_weights_are_counted_and_the_first_is_named() -> None:
    faults = Faults()
    Block.of(batch_of(y=[1.0] * 4, p=[1.0] * 4, w=[1.0, -0.5, 2.0, -3.0]), BINDING, faults)
    (fault,) = faults.of(What.NEGATIVE_WEIGHT)
    assert (fault.count, fault.row, fault.value) == (2, 101, -0.5)


def test_a_vector_with_a_bad_component_is_out_as_a_whole() -> None:
    faults = Faults()
    binding = Binding("m", ("a", "b"), ("c",), None)
    batch = Batch({"a": np.array([0.5, 0.25]), "b": np.array([0.5, np.nan]), "c": np.ones((2, 2))}, 0, 2)
    block, dropped = Block.of(batch, binding, faults)
    assert dropped == 1
    assert_array_equal(block.target, [[0.5, 0.5]])
    assert_array_equal(block.prediction, [[1.0, 1.0]])


def test_a_list_column_with_a_bad_element_is_recorded() -> None:
    faults = Faults()
    batch = Batch({"p": np.array([[0.5, 0.5], [np.nan, 1.0]])}, 0, 2)
    _, dropped = Block.of(batch, Binding("m", (), ("p",), None), faults)
    assert dropped == 1
    assert faults.of(What.NOT_FINITE)[0].row == 1


@pytest.mark.parametrize(
    ("domain", "values", "fits"),
    [
        (PROBABILITY, [0.0, 1.0], True),
        (PROBABILITY, [0.5, -5e-324], False),
        (PROBABILITY, [0.5, np.nextafter(1.0, 2.0)], False),
        (POSITIVE, [5e-324], True),
        (POSITIVE, [0.0], False),
        (REAL_LINE, [-1e308, 1e308], True),
        (BINARY, [0.0, 1.0], True),
        (BINARY, [1.0, 0.5], False),
        (BINARY, [1.0, 2.0], False),
    ],
)
def test_domains_hold_to_the_last_bit(domain: object, values: list[float], *, fits: bool) -> None:
    faults = Faults()
    batch = Batch({"p": np.array(values)}, 7, len(values))
    block, _ = Block.of(batch, Binding("m", (), ("p",), None), faults)
    assert block.check_domain(Role.PREDICTION, domain, "p", faults) is fits  # type: ignore[arg-type]
    if not fits:
        (fault,) = faults.of(What.OUT_OF_DOMAIN)
        assert fault.row == 7 + len(values) - 1
        assert fault.value == values[-1]
        assert fault.detail == str(domain)


def test_rows_must_sum_to_one_within_the_tolerance() -> None:
    faults = Faults()
    rows = np.array([[0.25, 0.75], [0.25, 0.75 + 0.9e-6], [0.25, 0.75 + 1.1e-6], [0.1, 0.1]])
    block, _ = Block.of(Batch({"p": rows}, 0, 4), Binding("m", (), ("p",), None), faults)
    assert not block.check_sums(Role.PREDICTION, "p", faults)
    (fault,) = faults.of(What.NOT_SUMMING_TO_ONE)
    assert (fault.count, fault.row) == (2, 2)


def test_merging_faults_keeps_the_first_row_and_adds_the_counts() -> None:
    one, other = Faults(), Faults()
    one.record(Fault(What.NOT_FINITE, "y", 2, 40, math.nan))
    other.record(Fault(What.NOT_FINITE, "y", 3, 12, math.inf))
    other.record(Fault(What.NOT_FINITE, "p", 1, 5, math.nan))
    one.merge(other)
    first, second = one.of(What.NOT_FINITE)
    assert (first.column, first.row) == ("p", 5)
    assert (second.column, second.count, second.row, second.value) == ("y", 5, 12, math.inf)


@pytest.mark.parametrize(
    ("value", "raw", "said"),
    [
        (math.nan, "", "the value is missing"),
        (math.nan, None, "the value is missing or not a number (nan)"),
        (math.nan, "NaN", "NaN is not finite"),
        (math.inf, "1e400", "1e400 is too large for a 64-bit float"),
        (-math.inf, "-inf", "-inf is not finite"),
        (math.inf, None, "inf is not finite"),
    ],
)
def test_what_a_message_says_of_a_number_that_is_not_finite(value: float, raw: str | None, said: str) -> None:
    problem, cure = explain(Fault(What.NOT_FINITE, "y", 1, 0, value), "preds.csv line 2", raw)
    assert problem == f'preds.csv line 2, column "y": {said}'
    assert "--nan omit" in cure


def test_split_cuts_without_copying_and_keeps_row_numbers() -> None:
    rows = np.array([3, 5, 9, 10, 40])
    batch = Batch({"y": np.arange(5.0)}, 0, 5, rows)
    parts = batch.split(2)
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [part.row_number(0) for part in parts] == [3, 9, 40]
    assert all(np.shares_memory(part.columns["y"], batch.columns["y"]) for part in parts)


def test_slices_and_identities_stay_with_their_rows() -> None:
    codes, who = np.array([4, 0, 2, 0, 7]), np.array([9, 8, 2**64 - 1, 6, 5], dtype=np.uint64)
    batch = Batch({"y": np.arange(5.0)}, 10, 5, slices=codes, identity=who)
    for part in (*batch.split(2), batch.cut(1, 4)):
        places = part.columns["y"].astype(np.intp)
        assert_array_equal(part.slices, codes[places])
        assert_array_equal(part.identity, who[places])
    bare = Batch({"y": np.arange(5.0)}, 10, 5).cut(1, 3)
    assert bare.slices is None
    assert bare.identity is None
