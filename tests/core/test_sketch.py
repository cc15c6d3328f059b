"""Sketches against sorting: any doubles, any cut, any order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lossctl.core.rows.block import Batch, Binding, Block
from lossctl.core.rows.faults import Faults
from lossctl.core.types import Array
from lossctl.engine.accumulators.sketch import (
    Bucket,
    Histogram,
    Masses,
    Near,
    keys_of,
    masses_of,
    rank_of,
    unit_of,
    value_of,
)
from lossctl.engine.accumulators.worst import Worst

DOUBLES = st.floats(allow_nan=False, width=64)
FEW = st.sampled_from([0.0, -0.0, 1.0, 1.0000000000000002, 0.1, -3.5, math.inf, 5e-324])
ARRAYS = st.lists(DOUBLES | FEW, min_size=1, max_size=60).map(np.array)
LEVELS = st.sampled_from([0.0, 0.001, 0.07, 0.1, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0]) | st.floats(0.0, 1.0)


def ranked(values: Array, level: float, masses: Masses | None = None) -> float:
    """Sort, and count up to the share."""
    order = np.argsort(values, kind="stable")
    mass = [1] * len(values) if masses is None else masses[order].tolist()
    wanted, seen = Fraction(repr(level)) * sum(mass), 0
    for value, each in zip(values[order].tolist(), mass, strict=True):
        seen += each
        if seen >= wanted and seen > 0:
            return float(value)
    raise AssertionError("the shares do not reach the level")


def found(
    values: Array, levels: Sequence[float], cuts: Sequence[int], most: int, masses: Masses | None = None
) -> tuple[list[float], int]:
    """Look at parts, merged last to first, until each quantile is one value; give them, and how many looks it took."""
    edges = sorted({0, len(values), *(cut % (len(values) + 1) for cut in cuts)})
    parts = [slice(start, stop) for start, stop in pairwise(edges)]
    total = Histogram()
    for part in reversed(parts):
        histogram = Histogram()
        histogram.add(values[part], None if masses is None else masses[part])
        total.merge(histogram)
    buckets = [total.bucket(level) for level in levels]
    looks = 1
    while any(bucket.dropped for bucket in buckets):
        looks += 1
        nears = [Near(bucket, most) for bucket in buckets]
        for part in reversed(parts):
            for near, bucket in zip(nears, buckets, strict=True):
                mine = Near(bucket, most)
                mine.add(keys_of(values[part]), None if masses is None else masses[part])
                near.merge(mine)
        buckets = [near.found() if near.bucket.dropped else near.bucket for near in nears]
    return [value_of(bucket.key) for bucket in buckets], looks


@example(values=np.array([0.0, -0.0, 1.0]))
@example(values=np.array([-0.0, 0.0, -1.0]))
@given(values=st.lists(DOUBLES | FEW, min_size=2).map(np.array))
def test_keys_stand_in_the_order_of_the_doubles(values: Array) -> None:
    keys = keys_of(values)
    for place in range(1, len(values)):
        assert (keys[place] < keys[0]) == (values[place] < values[0])
        assert (keys[place] == keys[0]) == (values[place] == values[0])
    assert [value_of(int(key)) for key in keys] == values.tolist()


def test_a_nan_of_either_sign_is_above_all() -> None:
    keys = keys_of(np.array([-math.nan, math.nan, math.inf, -math.inf]))
    assert keys[0] == keys[1] > keys[2] > keys[3]
    assert math.isnan(value_of(int(keys[0])))


def test_keys_leave_what_they_are_of_as_it_is() -> None:
    values = np.array([-1.0, -math.nan, -0.0])
    values.flags.writeable = False
    keys_of(values)
    assert math.copysign(1.0, values[2]) == -1.0


@given(values=ARRAYS, level=LEVELS, cuts=st.lists(st.integers(0, 60), max_size=3), most=st.integers(2, 20))
def test_a_quantile_is_that_of_sorting_whatever_the_cut_and_the_memory(
    values: Array, level: float, cuts: list[int], most: int
) -> None:
    (value,), _ = found(values, [level], cuts, most)
    assert value == ranked(values, level)


@given(values=ARRAYS, level=LEVELS, seed=st.integers(0, 9), most=st.integers(2, 9))
def test_a_weighted_quantile_is_that_of_the_weights_added_up(values: Array, level: float, seed: int, most: int) -> None:
    weights = np.random.default_rng(seed).integers(1, 9, len(values)) / 8.0
    masses = masses_of(weights, unit_of(Fraction(float(weights.sum()))))
    (value,), _ = found(values, [level], [7, 20], most, masses)
    assert value == ranked(values, level, (8 * weights).astype(np.int64))


@pytest.mark.parametrize("level", [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999])
def test_a_quantile_is_that_of_numpy(level: float) -> None:
    values = np.random.default_rng(3).lognormal(size=20_011)
    (value,), looks = found(values, [level], [65, 7_001], 500)
    assert value == np.quantile(values, level, method="inverted_cdf")
    assert looks == 2


def test_a_weighted_quantile_is_that_of_numpy() -> None:
    rng = np.random.default_rng(4)
    values, weights = rng.normal(size=5_003), rng.uniform(0.1, 3.0, 5_003)
    masses = masses_of(weights, unit_of(Fraction(math.fsum(weights))))
    levels = [0.03, 0.5, 0.97]
    got, _ = found(values, levels, [], 500, masses)
    assert got == np.quantile(values, levels, method="inverted_cdf", weights=weights).tolist()


def test_many_values_of_one_bucket_take_another_look_and_no_more_memory() -> None:
    values = 1.0 + np.arange(5_000) * 2.0**-40
    (value,), looks = found(values, [0.5], [100], 16)
    assert value == values[2_499]
    assert looks > 3
    near = Near(Bucket(int(keys_of(values)[0]) >> 45, 45, 1, 5_000), 16)
    for _ in range(3):
        near.add(keys_of(values))
    near.found()
    assert near.kept <= 16


def test_a_bucket_of_which_one_value_is_kept_would_never_grow_narrower() -> None:
    with pytest.raises(ValueError, match="2"):
        Near(Bucket(0, 45, 1, 3), 1)


def test_equal_values_take_one_look_however_many() -> None:
    (value,), looks = found(np.full(100_000, 0.1), [0.5], [30_000], 4)
    assert (value, looks) == (0.1, 2)


def test_the_ends_take_no_second_look() -> None:
    values = np.array([3.0, -1.5, math.inf, 2.0])
    assert found(values, [0.0, 1.0], [2], 2) == ([-1.5, math.inf], 1)


def test_the_rank_of_a_level_is_that_of_the_decimal_number() -> None:
    assert [rank_of(each, 100) for each in (0.07, 0.29, 0.57)] == [7, 29, 57]  # 0.57·100 is more than 57 in floats
    assert rank_of(0.5, 3) == 2
    assert rank_of(0.0, 3) == 1
    assert rank_of(1.0, 3) == 3


def test_a_histogram_without_values_has_no_quantile() -> None:
    histogram = Histogram()
    histogram.add(np.zeros(0))
    histogram.merge(Histogram())
    with pytest.raises(ValueError, match="nothing"):
        histogram.bucket(0.5)


@given(total=st.fractions(min_value=Fraction(1, 10**30), max_value=10**30))
def test_masses_fill_62_bits_and_no_more(total: Fraction) -> None:
    share = total / Fraction(2) ** unit_of(total)
    assert 2**60 <= share < 2**63


BINDINGS = {False: Binding("m", ("y",), ("p",), None), True: Binding("m", ("y",), ("p",), "w")}


def worst_of(losses: Array, size: int, cuts: Sequence[int], *, weighted: bool = False) -> Worst:
    """Find the worst rows in parts, each of two blocks, merged last to first."""
    edges = sorted({0, len(losses), *(cut % (len(losses) + 1) for cut in cuts)})
    rows = np.arange(len(losses), dtype=np.float64)
    whole = Batch({"y": rows + 0.5, "p": -rows, "w": rows + 1.0}, 0, len(losses))
    total = Worst(size)
    for start, stop in reversed(list(pairwise(edges))):
        part = Worst(size)
        middle = (start + stop) // 2
        for first, last in ((start, middle), (middle, stop)):
            block, _ = Block.of(whole.cut(first, last), BINDINGS[weighted], Faults())
            part.add(losses[first:last], -losses[first:last] - 0.25, block)
        total.merge(part)
    return total


@given(
    losses=st.lists(DOUBLES | FEW, min_size=1, max_size=40).map(np.array),
    size=st.integers(1, 12),
    cuts=st.lists(st.integers(0, 40), max_size=3),
)
def test_the_worst_rows_are_those_of_sorting_the_first_of_equal_ones(losses: Array, size: int, cuts: list[int]) -> None:
    worst = worst_of(losses, size, cuts)
    expected = sorted(range(len(losses)), key=lambda row: (-losses[row], row))[:size]
    assert worst.rows.tolist() == expected
    assert worst.losses.tolist() == losses[expected].tolist()
    assert worst.beside["slope"].tolist() == (-losses[expected] - 0.25).tolist()
    assert worst.beside["target"].tolist() == [row + 0.5 for row in expected]
    assert worst.beside["prediction"].tolist() == [-row for row in expected]


def test_the_worst_rows_keep_weights_and_put_nan_first() -> None:
    worst = worst_of(np.array([1.0, math.nan, 3.0, math.inf]), 3, [2], weighted=True)
    assert worst.rows.tolist() == [1, 3, 2]
    assert worst.beside["weight"].tolist() == [2.0, 4.0, 3.0]
