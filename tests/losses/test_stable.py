from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.losses.stable import (
    SERIES_LIMIT,
    compensated_row_sum,
    log_base,
    row_sum,
    times_log,
    u_minus_log1p,
    u_minus_log1p_near,
    where_positive,
)


def gap(u: float) -> float:
    with mp.workdps(330):
        return float(mp.mpf(u) - mp.log1p(mp.mpf(u))) if u > -1 else math.inf


@given(exponent=st.floats(-150, 0), sign=st.sampled_from([-1.0, 1.0]))
def test_the_gap_near_zero(exponent: float, sign: float) -> None:
    u = sign * 10.0**exponent
    assert_allclose(u_minus_log1p(np.array([u])), [gap(u)], rtol=2e-15)


@pytest.mark.parametrize("edge", [SERIES_LIMIT, -SERIES_LIMIT])
def test_the_gap_where_its_forms_meet(edge: float) -> None:
    around = edge + np.array([-1e-3, -1e-9, -1e-16, 0.0, 1e-16, 1e-9, 1e-3])
    assert_allclose(u_minus_log1p(around), [gap(u) for u in around], rtol=2e-15)


@given(u=st.floats(-0.4, 0.4).filter(lambda u: abs(u) > 1e-150))
def test_the_series_alone_reaches_past_its_limit(u: float) -> None:
    assert_allclose(u_minus_log1p_near(np.array([u])), [gap(u)], rtol=2e-15)


@given(u=st.one_of(st.floats(1e-3, 1e300), st.floats(-1.0, -1e-3)))
def test_the_gap_far_from_zero(u: float) -> None:
    assert_allclose(u_minus_log1p(np.array([u])), [gap(u)], rtol=2e-15)


def test_the_gap_at_its_ends() -> None:
    assert_array_equal(u_minus_log1p(np.array([0.0, -1.0])), [0.0, np.inf])


def test_the_gap_of_complex_numbers() -> None:
    u = np.array([-0.9, -0.2, 1e-5, 0.1, 0.29, 0.31, 7.0])
    slope = u_minus_log1p(u + 1e-30j).imag / 1e-30
    assert_allclose(slope, u / (1.0 + u), rtol=1e-14)


@pytest.mark.parametrize("base", [2.0, 10.0])
def test_logarithms_of_powers_are_whole(base: float) -> None:
    powers = np.arange(-1000.0, 1001.0) if base == 2.0 else np.arange(0.0, 23.0)
    assert_array_equal(log_base(base**powers, base), powers)


@given(exponent=st.floats(-307, 307), base=st.sampled_from([1.0000001, 1.7, 2.0, math.e, 3.0, 10.0, 1e300]))
def test_logarithms_in_any_base(exponent: float, base: float) -> None:
    x = 10.0**exponent
    with mp.workdps(50):
        expected = float(mp.log(mp.mpf(x)) / mp.log(mp.mpf(base)))
    assert_allclose(log_base(np.array([x]), base), [expected], rtol=1e-15)


@pytest.mark.parametrize("base", [2.0, math.e, 10.0, 3.0])
def test_logarithms_near_one(base: float) -> None:
    x = 1.0 - 10.0 ** -np.arange(1.0, 16.0)
    with mp.workdps(50):
        expected = [float(mp.log(mp.mpf(float(each))) / mp.log(mp.mpf(base))) for each in x]
    assert_allclose(log_base(x, base), expected, rtol=1e-15)


def test_what_does_not_occur_counts_nothing() -> None:
    p, q = np.array([0.0, 0.0, 0.3, 0.3]), np.array([0.0, 0.4, 0.0, 0.25])
    safe = where_positive(p, q)
    assert_array_equal(safe, [1.0, 1.0, 0.0, 0.25])
    with np.errstate(divide="ignore"):
        assert_array_equal(times_log(p, safe, 2.0), [0.0, 0.0, -np.inf, -0.6])


@pytest.mark.parametrize("columns", [1, 2, 3, 15, 16, 17, 18, 129])
@pytest.mark.parametrize("add", [row_sum, compensated_row_sum])
def test_row_sums_depend_on_the_row_alone(columns: int, add: object) -> None:
    rng = np.random.default_rng(columns)
    terms = rng.normal(size=(50, columns)) * 10.0 ** rng.uniform(-3, 3, (50, columns))
    kept = terms.copy()
    whole = add(terms)
    assert_allclose(whole, [math.fsum(row) for row in terms], rtol=0, atol=1e-12 * columns)
    assert_array_equal(terms, kept)
    assert_array_equal(add(np.asfortranarray(terms)), whole)
    assert_array_equal(add(terms[::-2]), whole[::-2])
    assert_array_equal(np.concatenate([add(terms[row : row + 1]) for row in range(50)]), whole)


@given(
    st.integers(2, 40).flatmap(
        lambda k: st.lists(st.lists(st.floats(-1e6, 1e6), min_size=k, max_size=k), min_size=1, max_size=3)
    )
)
def test_compensated_sums_are_as_good_as_twice_the_digits(rows: list[list[float]]) -> None:
    terms = np.array(rows)
    bound = 2.0**-53 * np.abs([math.fsum(row) for row in rows]) + 2.0**-90 * np.abs(terms).sum(axis=1)
    error = np.abs(compensated_row_sum(terms) - [math.fsum(row) for row in rows])
    assert (error <= 2.0 * bound + 5e-324).all()


def test_compensated_sums_keep_what_plain_ones_lose() -> None:
    terms = np.array([[1.0, 1e-17, 1e-17, -1.0], [1e-17, -1.0, 1.0, 3.0]])
    assert_allclose(compensated_row_sum(terms), [2e-17, 3.0], rtol=1e-15)
