"""Paired differences against SciPy, and against a straightforward computation."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from lossctl.core.exact.spread import Spread
from lossctl.core.exact.sum import ExactSum, round_fraction
from lossctl.stats.differences import Difference, PairedSums, Values, difference
from lossctl.stats.student import t_tail

Floats = npt.NDArray[np.float64]


def sums_of(b: Floats, c: Floats, weight: Floats | None = None) -> PairedSums:
    w = np.ones(len(b)) if weight is None else weight
    spreads = [Spread(weight is not None) for _ in range(2)]
    spreads[0].add(b, weight)
    spreads[1].add(c - b, weight)
    cross = ExactSum()
    with np.errstate(over="ignore"):
        cross.add(w * b * (w * (c - b)))
    weights = (Fraction(math.fsum(w)), Fraction(math.fsum(w * w)))
    return PairedSums(len(b), weights, spreads[0], spreads[1], cross)


def compared(b: Floats, c: Floats, weight: Floats | None = None, level: float = 0.95) -> Difference:
    sums = sums_of(b, c, weight)
    value = round_fraction(sums.b.total.fraction() / sums.weights[0])
    delta = round_fraction(sums.d.total.fraction() / sums.weights[0])
    return difference(sums, Values(value, value + delta, delta), level)


def losses(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([n, seed])
    b = rng.gamma(2.0, size=n)
    return b, b * rng.lognormal(0.1, 0.3, size=n)


def std_error(u: Floats, w: Floats) -> float:
    """The standard error of Σwu/Σw, as one would write it."""
    mean = np.sum(w * u) / np.sum(w)
    return float(np.sqrt(np.sum((w * (u - mean)) ** 2) / (np.sum(w) ** 2 - np.sum(w * w))))


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_difference_is_that_of_scipy(n: int, level: float) -> None:
    b, c = losses(n)
    found, expected = compared(b, c, level=level), stats.ttest_rel(c, b)
    interval = expected.confidence_interval(level)
    assert found.delta_ci is not None
    assert_allclose(found.delta, np.mean(c - b), rtol=1e-13)
    assert_allclose([found.delta_ci.low, found.delta_ci.high], [interval.low, interval.high], rtol=1e-10)
    assert found.p_value is not None
    assert_allclose(found.p_value, expected.pvalue, rtol=1e-10)
    assert (found.delta_ci.level, found.delta_ci.method) == (level, "t")


def test_the_weighted_error_is_that_of_the_formula() -> None:
    b, c = losses(50)
    w = np.random.default_rng(5).gamma(1.0, size=50)
    found = compared(b, c, w)
    error = std_error(c - b, w)
    freedom = np.sum(w) ** 2 / np.sum(w * w) - 1.0
    half = stats.t.ppf(0.975, freedom) * error
    assert found.delta_ci is not None
    assert_allclose(found.delta, np.sum(w * (c - b)) / np.sum(w), rtol=1e-13)
    assert_allclose(found.delta_ci.high - found.delta, half, rtol=1e-10)
    assert_allclose(found.p_value, 2.0 * stats.t.sf(abs(found.delta) / error, freedom), rtol=1e-9)


def test_weights_of_one_change_nothing_and_their_scale_does_not_matter() -> None:
    b, c = losses(40)
    plain = compared(b, c)
    assert compared(b, c, np.ones(40)) == plain
    assert compared(b, c, np.full(40, 8.0)) == plain


@pytest.mark.parametrize("weighted", [False, True])
def test_the_relative_change_is_that_of_a_numeric_delta_method(*, weighted: bool) -> None:
    b, c = losses(60)
    w = np.random.default_rng(6).gamma(2.0, size=60) if weighted else np.ones(60)

    def ratio(shift: Floats) -> float:
        """Σw(1+s)c/Σw(1+s)b − 1: how the ratio moves as a row weighs a little more."""
        return float(np.sum(w * (1.0 + shift) * c) / np.sum(w * (1.0 + shift) * b) - 1.0)

    step = 1e-5
    moves = [(ratio(step * each) - ratio(-step * each)) / (2.0 * step) for each in np.eye(60)]
    effective = np.sum(w) ** 2 / np.sum(w * w)
    error = math.sqrt(effective / (effective - 1.0) * math.fsum(move**2 for move in moves))
    found = compared(b, c, w if weighted else None)
    assert found.relative is not None
    assert found.relative_ci is not None
    assert_allclose(found.relative, ratio(np.zeros(60)), rtol=1e-12)
    assert_allclose(found.relative_ci.high - found.relative, stats.t.ppf(0.975, effective - 1.0) * error, rtol=1e-6)


def test_a_difference_called_detectable_is_found_in_four_of_five_samples() -> None:
    rng = np.random.default_rng(8)
    n, found = 30, 0
    planned = compared(np.zeros(4000), rng.normal(size=4000))
    assert planned.detectable is not None
    shift = planned.detectable * math.sqrt(4000 / n) * 1.02  # t of 29 degrees has wider tails
    for _ in range(400):
        b = rng.gamma(2.0, size=n)
        p = compared(b, b + rng.normal(shift, 1.0, size=n)).p_value
        found += p is not None and p < 0.05
    assert 0.73 < found / 400 < 0.87


def test_so_many_rows_would_show_a_difference() -> None:
    b, c = losses(50)
    found = compared(b, c)
    assert found.rows_needed is not None
    assert found.detectable is not None
    assert found.rows_needed == math.ceil(50 * (found.detectable / found.delta) ** 2)
    quantiles = stats.t.ppf(0.975, 49) + stats.t.ppf(0.8, 49)
    assert_allclose(found.detectable, quantiles * std_error(c - b, np.ones(50)), rtol=1e-9)


def test_a_model_is_as_good_as_itself() -> None:
    b, _ = losses(20)
    found = compared(b, b)
    assert (found.delta, found.p_value, found.relative, found.no_spread) == (0.0, 1.0, 0.0, True)
    assert found.delta_ci is found.relative_ci is found.detectable is found.rows_needed is None


def test_equal_shares_have_no_interval() -> None:
    found = compared(np.arange(1.0, 6.0), 1.5 * np.arange(1.0, 6.0))
    assert found.delta_ci is not None
    assert (found.relative, found.relative_ci, found.no_spread) == (0.5, None, False)


def test_one_row_has_a_difference_and_no_interval() -> None:
    found = compared(np.array([2.0]), np.array([3.0]))
    assert (found.delta, found.relative) == (1.0, 0.5)
    assert found.delta_ci is found.relative_ci is found.p_value is found.detectable is found.rows_needed is None


def test_a_share_of_nothing_is_missing() -> None:
    found = compared(np.zeros(4), np.array([1.0, 2.0, 3.0, 5.0]))
    assert found.relative is found.relative_ci is None
    assert found.p_value is not None


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_numbers_of_any_size_are_compared_alike(size: float) -> None:
    scale = 2.0 ** round(math.log2(size))
    b, c = losses(12)
    plain, found = compared(b, c), compared(b * scale, c * scale)
    assert plain.delta_ci is not None
    assert found.delta_ci is not None
    assert_allclose(found.delta_ci.low / scale, plain.delta_ci.low, rtol=1e-13)
    assert found.p_value is not None
    assert_allclose(found.p_value, plain.p_value, rtol=1e-11)
    assert found.rows_needed == plain.rows_needed


def test_a_difference_that_no_number_of_rows_would_show_names_none() -> None:
    b = np.array([1.0, -1.0, 2.0])
    found = compared(b, b + np.array([1.0, -1.0, 1e-300]))
    assert found.rows_needed is None
    assert found.p_value == 1.0


def test_a_share_of_almost_nothing_is_missing_and_no_crash() -> None:
    found = compared(np.full(3, 5e-324), np.array([1.0, 2.0, 4.0]))
    assert found.relative is found.relative_ci is None


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_differences_that_are_not_finite_have_no_interval(bad: float) -> None:
    b = np.array([1.0, 2.0, 3.0])
    found = compared(b, np.array([1.0, bad, 2.0]))
    assert found.delta_ci is found.p_value is found.detectable is None


def test_cancelled_squares_ask_for_a_second_pass() -> None:
    rng = np.random.default_rng(3)
    b = rng.gamma(2.0, size=100)
    shifted = b + 1e9 + 1e-3 * rng.normal(size=100)
    far = sums_of(b, shifted)
    delta = float(np.mean(shifted - b))
    assert far.needs_centring(Values(float(np.mean(b)), float(np.mean(shifted)), delta))
    near = sums_of(b, b + 1.0 + rng.normal(size=100))
    assert not near.needs_centring(Values(2.0, 3.0, 1.0))


def of_students(x: float, freedom: float) -> Any:
    with mpmath.workdps(40):
        v, t = mpmath.mpf(freedom), mpmath.mpf(x)
        return mpmath.betainc(v / 2, mpmath.mpf(1) / 2, 0, v / (v + t * t), regularized=True) / 2


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 101, 441, 9_999])
@pytest.mark.parametrize("x", [1e-9, 0.1, 1.0, 2.5, 9.0, 36.0, 1e3, 1e40])
def test_the_tail_has_all_its_digits(x: float, freedom: int) -> None:
    expected = of_students(x, freedom)
    if expected > 1e-300:
        assert_allclose(t_tail(x, freedom), float(expected), rtol=2e-12)
    else:
        assert t_tail(x, freedom) <= 1e-299


def tail_by_quadrature(x: float, freedom: float) -> float:
    """∫ of the density over x…∞, scaled so that nothing underflows; for many degrees of freedom."""
    with mpmath.workdps(40):
        v, t = mpmath.mpf(freedom), mpmath.mpf(x)

        def density(s: Any) -> Any:
            return mpmath.exp(-(v + 1) / 2 * (mpmath.log1p((t + s) ** 2 / v) - mpmath.log1p(t * t / v)))

        front = mpmath.exp(-(v + 1) / 2 * mpmath.log1p(t * t / v)) / (mpmath.sqrt(v) * mpmath.beta(v / 2, 0.5))
        width = 1 / (1 + t)
        return float(front * mpmath.quad(density, [0, width, 4 * width, 16 * width, 64 * width, mpmath.inf]))


@pytest.mark.parametrize("freedom", [10_000, 10**5, 10**7])
@pytest.mark.parametrize("x", [0.01, 1.0, 3.0, 9.0, 20.0, 36.0])
def test_the_tail_of_many_degrees_of_freedom_has_its_digits(x: float, freedom: int) -> None:
    assert_allclose(t_tail(x, freedom), tail_by_quadrature(x, freedom), rtol=1e-9)


def test_the_tail_has_no_seam_where_the_formula_changes() -> None:
    for x in (0.5, 2.0, 10.0, 30.0):
        below, above = t_tail(x, math.nextafter(1e4, 0.0)), t_tail(x, 10_000.0)
        assert_allclose(above, below, rtol=1e-9)
    assert t_tail(0.0, 10) == t_tail(0.0, 10**8) == 0.5
    assert t_tail(math.inf, 10) == 0.0
