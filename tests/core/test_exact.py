from __future__ import annotations

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lossctl.core.exact.sum import ExactSum, add_products, add_values, round_fraction, spans_of, sqrt_fraction

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

CHUNK = 2**16
NO_SHIFT = 31
LARGEST = sys.float_info.max
LEAST = 5e-324

any_finite = st.floats(allow_nan=False, allow_infinity=False)
finite_lists = st.lists(any_finite, max_size=60)
"""Hypothesis's floats come from all exponents, with the ends of the range and signed zeros among them."""


def array(values: object) -> np.ndarray:
    made = np.array(values, dtype=np.float64)
    made.flags.writeable = False  # as batches from a source are
    return made


def exact(values: object) -> ExactSum:
    total = ExactSum()
    total.add(array(values))
    return total


def exact_squares(values: object) -> ExactSum:
    total = ExactSum()
    total.add_squares(array(values))
    return total


def with_absolute(values: object) -> tuple[ExactSum, ExactSum]:
    signed, squares, absolute = ExactSum(), ExactSum(), ExactSum()
    extent = add_values(array(values), signed, squares, absolute)
    assert squares == exact_squares(values)
    plain, plain_squares = ExactSum(), ExactSum()
    assert repr(add_values(array(values), plain, plain_squares)) == repr(extent)
    assert (plain, plain_squares) == (signed, squares)
    sizes = np.abs(np.array(values, dtype=float))
    assert extent.largest == np.fmax.reduce(sizes, initial=0.0)
    assert extent.zeros == bool((sizes == 0.0).any())
    return signed, absolute


def true_sum(values: np.ndarray) -> Fraction:
    """Σ x, from the integers that Python reads off each double."""
    ratios = [value.as_integer_ratio() for value in values.tolist()]
    return Fraction(sum(top * (2**1074 // bottom) for top, bottom in ratios), 2**1074)


def rounded_to_53_bits(square: int) -> int:
    cut = max(0, square.bit_length() - 53)
    whole, rest = divmod(square, 1 << cut)
    half = (1 << cut) // 2
    up = cut > 0 and (rest > half or (rest == half and whole % 2 == 1))
    return (whole + up) << cut


def true_sum_of_squares(values: np.ndarray) -> Fraction:
    """Sum the squares, each rounded to 53 bits, whatever their exponent."""
    roots = [int(Fraction(value) * 2**1074) for value in values.tolist()]
    return Fraction(sum(rounded_to_53_bits(root * root) for root in roots), 2**2148)


def assert_exact(values: np.ndarray) -> None:
    """Check every way to sum an array of finite values."""
    before = values.copy()
    truth, truth_absolute = true_sum(values), true_sum(np.abs(values))
    assert exact(values).fraction() == truth
    signed, absolute = with_absolute(values)
    assert signed.fraction() == truth
    assert absolute.fraction() == truth_absolute
    assert exact_squares(values).fraction() == true_sum_of_squares(values)
    np.testing.assert_array_equal(values, before)


def wide(rng: np.random.Generator, size: int, low: int, high: int) -> np.ndarray:
    """Make values of both signs with exponents from low to high."""
    return np.ldexp(rng.uniform(-1, 1, size), rng.integers(low, high, size).astype(np.int32))


SAMPLES = {
    "squared normals": lambda rng, n: rng.normal(size=n) ** 2,
    "normals": lambda rng, n: rng.normal(size=n),
    "negative": lambda rng, n: -rng.exponential(size=n),
    "float32": lambda rng, n: rng.normal(size=n).astype(np.float32).astype(np.float64),
    "heavy tails": lambda rng, n: np.exp(9 * rng.normal(size=n)),
    "integers": lambda rng, n: rng.integers(-1000, 1000, n).astype(np.float64),
    "large integers": lambda rng, n: rng.integers(-(2**53), 2**53, n).astype(np.float64),
    "signs": lambda rng, n: rng.choice([-1.0, 1.0], n),
    "signs and zeros": lambda rng, n: rng.choice([-1.0, 0.0, -0.0, 1.0], n),
    "slopes of a quantile": lambda rng, n: rng.choice([-0.9, 0.0, 0.1], n),
    "half zeros": lambda rng, n: np.maximum(rng.normal(size=n), 0),
    "one value": lambda rng, n: np.full(n, rng.normal()),
    "zeros": lambda _, n: np.zeros(n),
    "negative zeros": lambda _, n: np.full(n, -0.0),
    "one in a crowd of zeros": lambda rng, n: np.where(np.arange(n) == n // 2, rng.normal(), -0.0),
    "far apart": lambda rng, n: rng.choice([-1e300, 1e-300, 3e-17, 1e150], n) * rng.uniform(0.5, 2, n),
    "all exponents": lambda rng, n: wide(rng, n, -1074, 1024),
    "subnormals": lambda rng, n: wide(rng, n, -1074, -1022),
    "around the least normal": lambda rng, n: wide(rng, n, -1030, -1010),
    "largest": lambda rng, n: wide(rng, n, 1020, 1024),
    "around the first scaled": lambda rng, n: wide(rng, n, 995, 1005),
    "squares that overflow": lambda rng, n: wide(rng, n, 490, 530),
    "squares that nearly overflow": lambda rng, n: wide(rng, n, 510, 513) / 2,
    "squares that underflow": lambda rng, n: wide(rng, n, -560, -490),
    "both beside zeros": lambda rng, n: rng.choice([0.0, 1e-170, 1e-163, 1.0, 1e170], n) * rng.uniform(0.5, 2, n),
    "underflow beside zeros": lambda rng, n: rng.choice([0.0, 1e-170, 1.0], n) * rng.uniform(0.5, 2, n),
    "lost digits": lambda rng, n: rng.uniform(1e-160, 1e-150, n),
    "lost digits beside zeros": lambda rng, n: rng.choice([0.0, 1.0], n) * rng.uniform(1e-160, 1e-155, n),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("size", [1, 2, 3, 50, 1000])
def test_every_kind_of_array_is_summed_exactly(name: str, size: int) -> None:
    for seed in range(3):
        assert_exact(SAMPLES[name](np.random.default_rng(seed), size))


@pytest.mark.parametrize("name", ["squared normals", "both beside zeros"])
def test_arrays_longer_than_a_chunk_are_summed_exactly(name: str) -> None:
    assert_exact(SAMPLES[name](np.random.default_rng(1), CHUNK + 1))


@pytest.mark.parametrize("value", [1.0, -1.0, np.nextafter(1, 0), -np.nextafter(2, 0), 0.5 + 2.0**-48, LEAST, LARGEST])
@pytest.mark.parametrize("last", [1.0, 2.0**-60])
def test_the_integers_of_a_full_chunk_do_not_wrap_around(value: float, last: float) -> None:
    values = np.full(CHUNK, value)
    values[-1] *= last  # with another exponent, so that more than one grid is needed
    truth = (CHUNK - 1) * Fraction(value) + Fraction(values[-1])
    truth_of_squares = (CHUNK - 1) * true_sum_of_squares(values[:1]) + true_sum_of_squares(values[-1:])
    signed, absolute = with_absolute(values)
    assert exact(values).fraction() == signed.fraction() == truth
    assert absolute.fraction() == abs(truth)
    assert exact_squares(values).fraction() == truth_of_squares


@pytest.mark.parametrize("value", [np.nextafter(1, 0), -np.nextafter(1, 0)])
def test_the_integers_do_not_wrap_around_after_a_leap_over_a_gap(value: float) -> None:
    values = np.full(CHUNK, value)
    values[:3] = 2.0**900, -(2.0**-900), 0.0
    assert exact(values).fraction() == 2**900 - Fraction(2) ** -900 + (CHUNK - 3) * Fraction(value)


@given(finite_lists)
@example([LARGEST, LARGEST, -LARGEST, LEAST, -LARGEST])
@example([1e300, 0.1, -1e300])
@example([-0.0])
@example([])
def test_any_doubles_are_summed_exactly(values: list[float]) -> None:
    assert_exact(array(values))


@given(st.lists(st.floats(-1e300, 1e300), max_size=60))
def test_the_result_is_that_of_fsum(values: list[float]) -> None:
    assert exact(values).result() == math.fsum(values)


def test_a_long_sum_is_that_of_fsum() -> None:
    rng = np.random.default_rng(7)
    values = wide(rng, 200_000, -70, 70)
    values = rng.permutation(np.concatenate([values, -values, [2.0**-80]]))
    assert exact(values).result() == 2.0**-80
    assert exact(values[:-9]).result() == math.fsum(values[:-9])


@given(finite_lists, st.randoms(use_true_random=False), st.integers(0, 60))
def test_order_and_cuts_do_not_matter(values: list[float], random: Random, cut: int) -> None:
    whole, whole_squares = exact(values), exact_squares(values)
    whole_signed, whole_absolute = with_absolute(values)
    shuffled = values.copy()
    random.shuffle(shuffled)
    left, right = shuffled[:cut], shuffled[cut:]
    for make, expected in ((exact, whole), (exact_squares, whole_squares)):
        merged = make(right)
        merged.merge(make(left))
        assert merged == expected
        assert merged.to_bytes() == expected.to_bytes()
    signed, absolute = with_absolute(left)
    add_values(array(right), signed, ExactSum(), absolute)
    assert (signed, absolute) == (whole_signed, whole_absolute) == (whole, exact(np.abs(values)))


def test_a_long_array_gives_the_bits_of_its_pieces_in_any_order() -> None:
    rng = np.random.default_rng(3)
    values = np.exp(5 * rng.normal(size=3 * CHUNK + 17))
    whole = exact(values)
    pieces = np.split(rng.permutation(values), [11, 900, CHUNK + 5, 2 * CHUNK])
    merged = ExactSum()
    for piece in reversed(pieces):
        merged.merge(exact(piece))
    assert merged.to_bytes() == whole.to_bytes()


def test_merging_leaves_the_other_as_it_is() -> None:
    one, other = exact([1.0, math.nan]), exact([0.1, math.inf, -math.inf, -math.inf])
    before = other.to_bytes()
    one.merge(other)
    assert other.to_bytes() == before
    assert (one.n_nan, one.n_posinf, one.n_neginf) == (1, 1, 2)
    assert one.fraction() == Fraction(0.1) + 1


@pytest.mark.parametrize(
    ("values", "result", "counts"),
    [
        ([math.nan, 1.0], math.nan, (1, 0, 0)),
        ([math.nan, math.inf], math.nan, (1, 1, 0)),
        ([math.inf, 2.0, math.inf], math.inf, (0, 2, 0)),
        ([-math.inf, LARGEST, LARGEST], -math.inf, (0, 0, 1)),
        ([math.inf, -math.inf, -math.inf], math.nan, (0, 1, 2)),
        ([math.nan], math.nan, (1, 0, 0)),
        ([1.0, 2.0], 3.0, (0, 0, 0)),
    ],
)
def test_what_is_not_finite_is_counted_and_decides(
    values: list[float], result: float, counts: tuple[int, int, int]
) -> None:
    total = exact(values)
    np.testing.assert_equal(total.result(), result)
    assert (total.n_nan, total.n_posinf, total.n_neginf) == counts
    assert total.is_finite == (counts == (0, 0, 0))
    assert total.fraction() == sum((Fraction(value) for value in values if math.isfinite(value)), Fraction(0))


def test_what_is_not_finite_has_magnitudes_and_squares() -> None:
    values = [math.nan, math.inf, -math.inf, -math.inf, -3.0, 1e200]
    signed, absolute = with_absolute(values)
    squares = exact_squares(values)
    assert (signed.n_nan, signed.n_posinf, signed.n_neginf) == (1, 1, 2)
    assert (absolute.n_nan, absolute.n_posinf, absolute.n_neginf) == (1, 3, 0)
    assert (squares.n_nan, squares.n_posinf, squares.n_neginf) == (1, 3, 0)
    assert signed.fraction() == Fraction(1e200) - 3
    assert absolute.fraction() == Fraction(1e200) + 3
    assert squares.fraction() == true_sum_of_squares(array([-3.0, 1e200]))


def test_a_sum_that_overflows_on_the_way_is_finite_at_the_end() -> None:
    values = np.concatenate([np.full(CHUNK, LARGEST), np.full(CHUNK - 1, -LARGEST)])
    assert exact(values).result() == LARGEST
    assert exact([LARGEST, LARGEST]).result() == math.inf
    assert exact([-LARGEST, -LARGEST]).result() == -math.inf
    assert exact([LARGEST, math.ulp(LARGEST) / 4]).result() == LARGEST
    assert exact([LARGEST, math.ulp(LARGEST) / 2]).result() == math.inf  # a tie goes to even: beyond


def test_the_sum_is_rounded_once_and_to_even() -> None:
    assert exact([1.0, 2.0**-53]).result() == 1.0
    assert exact([1.0, 2.0**-53, LEAST]).result() == 1.0 + 2.0**-52
    assert exact([1.0 + 2.0**-52, 2.0**-53]).result() == 1.0 + 2.0**-51
    assert exact_squares([LEAST]).result() == 0.0
    assert exact_squares([LEAST]).fraction() == Fraction(1, 2**2148)


def test_nothing_and_zeros_sum_to_positive_zero() -> None:
    for total in (ExactSum(), exact([]), exact([-0.0, -0.0]), exact([1.0, -1.0])):
        assert math.copysign(1.0, total.result()) == 1.0
        assert total.result() == 0.0
        assert total == ExactSum()
        assert total.is_finite


@given(st.lists(st.floats(-1e200, 1e200), min_size=1, max_size=30))
@example([1e200, -3e200, 1e-200])
@example([1e-200, 3e-200])
def test_squares_are_right_within_a_rounding_each(values: list[float]) -> None:
    truth = sum((Fraction(value) ** 2 for value in values), Fraction(0))
    assert abs(exact_squares(values).fraction() - truth) <= truth / 2**53


def test_strided_arrays_are_summed_as_their_copies() -> None:
    table = np.random.default_rng(5).normal(size=(2 * CHUNK + 3, 3))
    for view in (table[:, 1], table[::-2, 0], table[:5, 2], np.maximum(table, 0)[:, 1]):
        for make in (exact, exact_squares):
            strided, copied = ExactSum(), make(view)
            strided.add(view) if make is exact else strided.add_squares(view)
            assert strided == copied
        signed, absolute = ExactSum(), ExactSum()
        add_values(view, signed, ExactSum(), absolute)
        assert (signed, absolute) == with_absolute(view)


def test_threads_do_not_share_scratch() -> None:
    rng = np.random.default_rng(11)
    arrays = [rng.normal(size=20 * CHUNK) * 10.0**power for power in range(4)]
    expected = [exact(values) for values in arrays]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(exact, arrays)) == expected


def test_a_callers_floating_point_settings_do_not_matter() -> None:
    values = array([1e200, 1e-200, 1e308, math.nan, math.inf, 0.0, 1e-310])
    expected = exact(values), exact_squares(values), *with_absolute(values)
    with np.errstate(all="raise"):
        assert (exact(values), exact_squares(values), *with_absolute(values)) == expected


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.array([1, 2]), TypeError),
        (np.array([1, 2], dtype=np.float32), TypeError),
        (np.array([1, 2], dtype=">f8"), TypeError),
        (np.ones((2, 2)), ValueError),
        (np.float64(1) * np.ones(()), ValueError),
    ],
)
def test_other_arrays_are_refused(values: np.ndarray, error: type[Exception]) -> None:
    values = np.asarray(values)
    total = ExactSum()
    with pytest.raises(error, match="an exact sum takes"):
        total.add(values)
    with pytest.raises(error, match="an exact sum takes"):
        total.add_squares(values)
    with pytest.raises(error, match="an exact sum takes"):
        add_values(values, total, total, total)


@pytest.mark.parametrize("make", [exact, exact_squares])
@given(values=st.lists(st.floats(), max_size=20))
def test_bytes_hold_the_whole_state(make: Callable[[object], ExactSum], values: list[float]) -> None:
    total = make(values)
    copy = ExactSum.from_bytes(total.to_bytes())
    assert copy == total
    assert copy.to_bytes() == total.to_bytes()
    copy.merge(total)
    assert copy == make(values * 2)


def test_bytes_are_few_and_their_layout_is_fixed() -> None:
    state = exact([-0.75, math.nan, math.inf, -math.inf, math.inf]).to_bytes()
    fields = ("01", "0100000000000000", "0200000000000000", "0100000000000000", "6208", "fd")
    assert state.hex() == "".join(fields)
    assert len(exact(np.exp(5 * np.random.default_rng(0).normal(size=1000))).to_bytes()) < 50
    assert len(exact([LARGEST, -LEAST]).to_bytes()) < 300


@pytest.mark.parametrize("data", [b"", b"\x01", exact([1.0]).to_bytes()[:27], b"\x02" + exact([1.0]).to_bytes()[1:]])
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not the bytes of an exact sum"):
        ExactSum.from_bytes(data)


def test_sums_are_equal_where_all_they_hold_is() -> None:
    assert exact([1.0, 2.0]) == exact([3.0])
    assert exact([1.0]) != exact([1.0, LEAST])
    assert exact([1.0, math.nan]) != exact([1.0])
    assert exact([1.0, math.inf]) != exact([1.0, -math.inf])
    assert exact([1.0]) != 1.0
    with pytest.raises(TypeError):
        hash(exact([1.0]))
    assert repr(exact([1.0, 2.0])) == "ExactSum(3.0)"


def assert_nearest(value: float, truth: Fraction, power: int) -> None:
    """Check that no double is nearer to the power-th root of the truth, and that a tie went to even."""
    assert value >= 0
    if math.isinf(value):
        assert truth >= (Fraction(LARGEST) + Fraction(math.ulp(LARGEST)) / 2) ** power
        return
    up = Fraction(math.ulp(value)) / 2
    low, high = Fraction(value) - up, Fraction(value) + up
    if value == 2.0 ** (math.frexp(value)[1] - 1) and value > sys.float_info.min:
        low = Fraction(value) - up / 2  # below a power of two doubles are twice as dense
    odd = int(Fraction(value) / (2 * up)) % 2 == 1
    assert truth <= high**power
    assert value == 0 or low**power <= truth
    assert not (odd and truth in {low**power, high**power})


rationals = st.one_of(
    st.fractions(min_value=0),
    st.builds(Fraction, st.integers(0, 2**700), st.integers(1, 2**700)),
    st.builds(Fraction, st.floats(min_value=0, allow_infinity=False)),
)


@given(rationals, st.sampled_from([-1, 1]))
def test_a_fraction_rounds_to_the_nearest(x: Fraction, sign: int) -> None:
    assert_nearest(sign * round_fraction(sign * x) + 0.0, x, 1)


@given(rationals)
@example(Fraction(1, 2**2148))
@example(Fraction(3, 2**2149))
@example(Fraction(1, 10**640))
def test_a_root_rounds_to_the_nearest(x: Fraction) -> None:
    assert_nearest(sqrt_fraction(x), x, 2)


@given(st.floats(min_value=0, max_value=LARGEST / 2), st.integers(1, 3000))
def test_a_root_beside_the_middle_of_two_doubles_goes_to_the_right_one(low: float, bits: int) -> None:
    high = math.nextafter(low, math.inf)
    middle = ((Fraction(low) + Fraction(high)) / 2) ** 2
    hair = middle / 2 ** (bits + 60)
    assert sqrt_fraction(middle - hair) == low
    assert sqrt_fraction(middle + hair) == high
    assert sqrt_fraction(middle) in {low, high}
    assert sqrt_fraction(Fraction(low) ** 2) == low


def test_roots_and_fractions_beyond_the_range() -> None:
    assert sqrt_fraction(Fraction(10**620)) == math.inf
    assert sqrt_fraction(Fraction(LARGEST) ** 2) == LARGEST
    assert sqrt_fraction(Fraction(1, 10**660)) == 0.0
    assert sqrt_fraction(Fraction(0)) == 0.0
    assert round_fraction(Fraction(10**400)) == math.inf
    assert round_fraction(Fraction(-(10**400), 7)) == -math.inf
    assert round_fraction(Fraction(-1, 10**400)) == 0.0
    with pytest.raises(ValueError, match="negative"):
        sqrt_fraction(Fraction(-1, 2))


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=40), st.integers(-30, 31))
@example([(1e-160, 3e-160), (1.0, 1.0)], NO_SHIFT)
@example([(0.0, 7.0), (3.0, 0.0), (-(2.0**-499), 2.0**499)], NO_SHIFT)
def test_products_are_summed_as_if_each_came_alone(pairs: list[tuple[float, float]], shift: int) -> None:
    values, others = (array([pair[place] for pair in pairs]) for place in (0, 1))
    if shift != NO_SHIFT:  # between where squares overflow and where they vanish
        with np.errstate(invalid="ignore"):
            values, others = (np.ldexp(np.frexp(each)[0], np.frexp(each)[1] % 60 - shift) for each in (values, others))
    found = ExactSum(), ExactSum(), ExactSum()
    add_products(values, others, spans_of(others), *found)
    assert found == (exact(values), exact_squares(values), exact_products(values, others))


def exact_products(values: np.ndarray, others: np.ndarray) -> ExactSum:
    """Sum products of fractions, each rounded to 53 bits, of whatever size."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(values) & np.isfinite(others)
        total = exact(values[~known] * others[~known])
    for value, other in zip(values[known].tolist(), others[known].tolist(), strict=True):
        (one, power), (two, more) = math.frexp(value), math.frexp(other)
        product = Fraction(one * two) * Fraction(2) ** (power + more)
        total.units += int(product * 2**2148)
    return total


def test_products_of_several_chunks_are_summed() -> None:
    rng = np.random.default_rng(5)
    values, others = rng.normal(size=(2, 2 * CHUNK + 7)) * 10.0 ** rng.integers(-40, 40, 2 * CHUNK + 7)
    found = ExactSum(), ExactSum(), ExactSum()
    add_products(values, others, spans_of(others), *found)
    assert found == (exact(values), exact_squares(values), exact(values * others))
    with pytest.raises(ValueError, match="shorter"):
        add_products(values, others[:CHUNK], spans_of(others[:CHUNK]), *found)
