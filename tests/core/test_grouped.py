from __future__ import annotations

import math
import pickle
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lossctl.core.exact import by_slice as grouped
from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.exact.sum import ExactSum

if TYPE_CHECKING:
    from random import Random

LARGEST = sys.float_info.max

anything = st.tuples(st.floats(), st.integers(0, 4))
finite = st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 4))


def split(pairs: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    codes = np.array([code for _, code in pairs], dtype=np.int64)
    values.flags.writeable = codes.flags.writeable = False
    return values, codes


def sums(values: np.ndarray, codes: np.ndarray, *, squares: bool = False) -> GroupedSum:
    made = GroupedSum(5)
    (made.add_squares if squares else made.add)(values, codes)
    return made


def one_by_one(values: np.ndarray, codes: np.ndarray, groups: int, *, squares: bool = False) -> list[ExactSum]:
    found = []
    for code in range(groups):
        total = ExactSum()
        (total.add_squares if squares else total.add)(values[codes == code])
        found.append(total)
    return found


def assert_same(made: GroupedSum, truth: list[ExactSum]) -> None:
    assert len(made) == len(truth)
    assert [made.sum_of(code) for code in range(len(truth))] == truth
    np.testing.assert_array_equal(made.floats(), [total.result() for total in truth])
    everything = ExactSum()
    for total in truth:
        everything.merge(total)
    assert made.total() == everything


@given(pairs=st.lists(anything, max_size=40), squares=st.booleans())
@example(
    pairs=[(LARGEST, 0), (LARGEST, 0), (-LARGEST, 1), (5e-324, 2), (-5e-324, 2), (1.0, 3), (2.0**-53, 3)], squares=False
)
@example(pairs=[(2.0**53, 0), (1.0, 0), (2.0**53 + 2, 1), (1.0, 1), (5e-324, 1)], squares=False)
@example(pairs=[(1e-170, 0), (1e170, 1), (1.0, 2), (0.0, 2), (5e-324, 3)], squares=True)
def test_each_code_gets_the_sum_of_its_own_values(*, pairs: list[tuple[float, int]], squares: bool) -> None:
    values, codes = split(pairs)
    assert_same(sums(values, codes, squares=squares), one_by_one(values, codes, 5, squares=squares))


@given(st.lists(finite, max_size=30))
def test_floats_are_what_fsum_gives(pairs: list[tuple[float, int]]) -> None:
    values, codes = split(pairs)
    found = sums(values, codes).floats()
    for code in range(5):
        chosen = values[codes == code].tolist()
        try:
            truth = math.fsum(chosen)
        except OverflowError:  # on the way: this says nothing of the end
            continue
        assert found[code] == truth


@given(
    first=st.lists(anything, max_size=30),
    second=st.lists(anything, max_size=30),
    random=st.randoms(),
    squares=st.booleans(),
)
def test_order_and_cut_change_nothing(
    *, first: list[tuple[float, int]], second: list[tuple[float, int]], random: Random, squares: bool
) -> None:
    whole = sums(*split(first + second), squares=squares)
    one, other = sums(*split(first), squares=squares), sums(*split(second), squares=squares)
    one.merge(other)
    shuffled = first + second
    random.shuffle(shuffled)
    truth = one_by_one(*split(first + second), 5, squares=squares)
    sent = pickle.loads(pickle.dumps(one))  # noqa: S301 -- its own bytes
    for made in (whole, one, sums(*split(shuffled), squares=squares), sent, one.copy()):
        assert_same(made, truth)


SAMPLES = {
    "normals": lambda rng, n: rng.normal(size=n),
    "squares": lambda rng, n: rng.normal(size=n) ** 2,
    "signs": lambda rng, n: rng.choice([-1.0, 0.0, 1.0], n),
    "heavy tails": lambda rng, n: np.exp(9 * rng.normal(size=n)),
    "all exponents": lambda rng, n: np.ldexp(rng.uniform(-1, 1, n), rng.integers(-1074, 1024, n).astype(np.int32)),
    "subnormals": lambda rng, n: np.ldexp(rng.uniform(-1, 1, n), rng.integers(-1074, -1022, n).astype(np.int32)),
    "large": lambda rng, n: np.ldexp(rng.uniform(-1, 1, n), rng.integers(900, 1024, n).astype(np.int32)),
    "small beside large": lambda rng, n: rng.choice([1e-300, 1e300, 1.0], n) * rng.uniform(0.5, 2, n),
    "growing": lambda rng, n: np.exp(np.linspace(-600, 600, n)) * rng.normal(size=n),
    "few bits": lambda rng, n: rng.integers(-8, 8, n) / 4.0,
    "zeros": lambda _, n: np.zeros(n),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("groups", [1, 3, 700])
@pytest.mark.parametrize("squares", [False, True])
def test_every_kind_of_array_is_summed_exactly(name: str, groups: int, *, squares: bool) -> None:
    rng = np.random.default_rng(groups)
    values = SAMPLES[name](rng, 2000)
    codes = np.append(rng.integers(0, groups, 1999), groups - 1)
    assert_same(_by_parts(values, codes, rng, squares=squares), one_by_one(values, codes, groups, squares=squares))


def _by_parts(values: np.ndarray, codes: np.ndarray, rng: np.random.Generator, *, squares: bool) -> GroupedSum:
    """Sum parts of different size and order in sums of their own, whose limbs lie elsewhere, and merge."""
    total = GroupedSum()
    for part in np.array_split(rng.permutation(len(values)), 5):
        made = GroupedSum()
        (made.add_squares if squares else made.add)(values[part], codes[part])
        total.merge(made)
    return total


@pytest.mark.parametrize("value", [1.0, -1.0, np.nextafter(1, 0), -np.nextafter(2, 0), 2.0**1023, 5e-324])
def test_integers_do_not_wrap_around(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "_MOST_ROWS", 1000)
    n = 100_000
    values, codes = np.full(n, value), np.zeros(n, np.int64)
    made = GroupedSum()
    for start in range(0, n, 500):
        made.add(values[start : start + 500], codes[start : start + 500])
    assert made.sum_of(0).fraction() == n * Fraction(value)


def test_a_limb_filled_to_the_brim_does_not_wrap_around() -> None:
    chunk, codes = np.full(2**16, np.nextafter(2.0, 0)), np.zeros(2**16, np.int64)
    made, times = GroupedSum(), 2**7  # 2^23 values: two carries
    made.add(np.array([0.25]), codes[:1])  # so that the highest limb is as full as it may be
    for _ in range(times):
        made.add(chunk, codes)
    assert made.sum_of(0).fraction() == times * 2**16 * Fraction(float(chunk[0])) + Fraction(1, 4)


def test_codes_that_come_later_make_room() -> None:
    made = GroupedSum()
    made.add(np.array([1.0, math.nan]), np.array([0, 1]))
    made.add(np.array([2.0, math.inf]), np.array([5000, 1000]))
    assert len(made) == 5001
    found = made.floats()
    assert found[0] == 1.0
    assert found[5000] == 2.0
    assert math.isnan(found[1])
    assert found[1000] == math.inf
    assert np.count_nonzero(found) == 4


def test_a_sum_without_values_is_zero() -> None:
    made = GroupedSum(3)
    made.add(np.empty(0), np.empty(0, np.int64))
    assert made.floats().tolist() == [0.0, 0.0, 0.0]
    assert made.sum_of(2) == ExactSum() == made.total()
    with pytest.raises(IndexError, match="no code is 3: there are 3"):
        made.sum_of(3)


@pytest.mark.parametrize(
    ("values", "codes", "error"),
    [
        (np.zeros(2, np.float32), np.zeros(2, np.int64), TypeError),
        (np.zeros(2), np.zeros(2, np.int32), TypeError),
        (np.zeros(2), np.zeros(3, np.int64), ValueError),
        (np.zeros((2, 2)), np.zeros((2, 2), np.int64), ValueError),
        (np.zeros(2), np.array([0, -1]), ValueError),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values: np.ndarray, codes: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error, match="code"):
        GroupedSum().add(values, codes)


@given(pairs=st.lists(anything, max_size=40), by=st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_sums_by_other_codes_are_those_of_values_by_other_codes(pairs: list[tuple[float, int]], by: list[int]) -> None:
    values, codes = split(pairs)
    others = np.array(by, dtype=np.int64)
    made = sums(values, codes).regrouped(others)
    assert_same(made, one_by_one(values, others[codes], max(by) + 1))
    made.add(values, others[codes])
    twice = (np.concatenate([values] * 2), np.concatenate([others[codes]] * 2))
    assert_same(made, one_by_one(*twice, max(by) + 1))


def test_sums_are_regrouped_by_a_code_each() -> None:
    with pytest.raises(ValueError, match="2 codes are not one for each of 5"):
        GroupedSum(5).regrouped(np.array([0, 1]))
