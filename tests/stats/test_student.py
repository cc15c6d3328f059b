"""Student's t against SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from lossctl.stats.intervals import t_interval
from lossctl.stats.student import t_cdf, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 9, 29, 99, 441, 9_998, 9_999, 10_001, 10**5, 10**7, 10**10])
@pytest.mark.parametrize("probability", [1e-6, 0.01, 0.3, 0.6, 0.9, 0.95, 0.975, 0.995, 0.99999])
def test_quantiles_are_those_of_scipy(probability: float, freedom: int) -> None:
    assert_allclose(t_quantile(probability, freedom), stats.t.ppf(probability, freedom), rtol=2e-10)


@given(st.floats(-30.0, 30.0), st.floats(1.0, 5000.0))
def test_the_distribution_function_is_that_of_scipy(x: float, freedom: float) -> None:
    assume(x == 0.0 or abs(x) > 1e-6)  # nearer to 0 SciPy says 0.5
    assert_allclose(t_cdf(x, freedom), stats.t.cdf(x, freedom), rtol=1e-9, atol=1e-14)


@given(st.floats(-1e-6, 1e-6))
def test_near_0_the_distribution_function_is_that_of_cauchy(x: float) -> None:
    assert_allclose(t_cdf(x, 1.0), 0.5 + math.atan(x) / math.pi, rtol=1e-14)


@given(st.floats(0.001, 0.999), st.floats(1.0, 5000.0))
def test_the_quantile_inverts_the_distribution_function(probability: float, freedom: float) -> None:
    assert_allclose(t_cdf(t_quantile(probability, freedom), freedom), probability, rtol=1e-11)


def test_the_interval_is_that_of_scipy() -> None:
    interval = t_interval(3.0, 0.2, 11, 0.9)
    assert interval is not None
    low, high = stats.t.interval(0.9, 11, loc=3.0, scale=0.2)
    assert_allclose([interval.low, interval.high], [low, high], rtol=1e-12)
    assert (interval.level, interval.method) == (0.9, "t")


def test_without_a_standard_error_there_is_no_interval() -> None:
    assert t_interval(3.0, None, 1, 0.95) is None
