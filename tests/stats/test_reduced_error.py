"""The bias-reduced standard error and its degrees of freedom, against their definition by matrices."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy import stats

from benchmarks.simulate_compare import paired
from lossctl.core.method import Method
from lossctl.stats.differences import Values
from lossctl.stats.margin import margin
from lossctl.stats.methods import compared
from lossctl.stats.skewness import Skewed
from lossctl.stats.units import Ratio, Units

Floats = npt.NDArray[np.float64]


def by_matrices(residuals: Floats, weights: Floats, groups: Any) -> tuple[float, float]:
    """CR2 and the degrees of freedom of Bell and McCaffrey, of a regression on a constant: (standard error, degrees).

    Of the rows times √w: (I − H)ᵍ of each cluster, the symmetric root of its inverse, and the covariance matrix of the
    linear forms whose squares are summed.
    """
    x = np.sqrt(weights)
    total = float(weights.sum())
    hat = np.outer(x, x) / total
    left = np.eye(len(x)) - hat
    square, forms = 0.0, []
    for each in np.unique(groups):
        of = groups == each
        values, vectors = np.linalg.eigh(left[np.ix_(of, of)])
        root = vectors @ np.diag(1.0 / np.sqrt(values)) @ vectors.T
        pulled = root @ x[of]
        square += float(pulled @ (x[of] * residuals[of])) ** 2
        forms.append(left[:, of] @ pulled)
    covariance = np.array(forms) @ np.array(forms).T
    return math.sqrt(square) / total, float(np.trace(covariance) ** 2 / np.sum(covariance**2))


def of_sizes(sizes: list[int], seed: int = 0) -> tuple[Floats, Floats, npt.NDArray[np.uint64]]:
    rng = np.random.default_rng([len(sizes), seed])
    groups = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    b = rng.gamma(2.0, size=len(groups))
    return b, b + rng.normal(0.3, 1.0, size=len(groups)) + rng.normal(size=len(sizes))[groups], groups


SIZES = [[1, 1, 30], [5, 6, 7, 8, 40], [2, 2], [1, 30], [3, *range(1, 12)], [1] * 9 + [60]]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_unequal_clusters_are_those_of_matrices(sizes: list[int]) -> None:
    b, c, groups = of_sizes(sizes)
    found = compared(*paired(b, c, groups, Method(cluster="g")), Method(cluster="g"), 0.9)
    d = c - b
    error, freedom = by_matrices(d - d.mean(), np.ones(len(d)), groups)
    half = float(stats.t.ppf(0.95, freedom)) * error
    assert found.delta_ci is not None
    assert_allclose((found.delta_ci.low, found.delta_ci.high), (d.mean() - half, d.mean() + half), rtol=1e-9)
    assert_allclose(found.p_value, 2.0 * stats.t.sf(abs(d.mean()) / error, freedom), rtol=1e-9)
    share = d.mean() / b.mean()
    error, _ = by_matrices(d - share * b, np.ones(len(d)), groups)
    assert found.relative_ci is not None
    assert_allclose(found.relative_ci.high - share, stats.t.ppf(0.95, freedom) * error / b.mean(), rtol=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_margins_rest_on_the_same_error(share: float) -> None:
    b, c, groups = of_sizes(SIZES[1])
    method = Method(cluster="g")
    found = margin(*paired(b, c, groups, method), method, limit=0.0, share=share, level=0.95)
    rest = c - b - share * b
    error, freedom = by_matrices(rest - rest.mean(), np.ones(len(b)), groups)
    assert found is not None
    u = np.bincount(groups.astype(int), weights=rest - rest.mean())
    skewness = float(stats.skew(u, bias=False))  # what gates are corrected for
    freedom = max(1.0, freedom / (1.0 + 0.75 * skewness**2))
    assert_allclose((found.std_error, found.freedom), (error, freedom), rtol=1e-9)
    (bent,) = Skewed.of(stats.skew(u, keepdims=True), np.array([float(len(u))])).bent(-stats.t.ppf([0.95], freedom))
    assert_allclose(found.high, rest.mean() - bent * error, rtol=1e-9)


def test_weighted_clusters_are_those_of_matrices() -> None:
    b, c, groups = of_sizes(SIZES[4])
    w = np.random.default_rng(8).gamma(1.0, size=len(b))
    sums = (np.bincount(groups.astype(int), weights=each) for each in (w, w * b, w * (c - b)))
    units = Units(*sums)
    value, delta = np.average(b, weights=w), np.average(c - b, weights=w)
    made, _ = paired(b, c, groups, Method())
    made = replace(made, weights=(Fraction(float(w.sum())), Fraction(float((w * w).sum()))), units=units)
    found = compared(made, Values(float(value), float(value + delta), float(delta)), Method(cluster="g"), 0.95)
    error, freedom = by_matrices(c - b - delta, w, groups)
    assert found.delta_ci is not None
    assert_allclose(found.delta_ci.high - delta, stats.t.ppf(0.975, freedom) * error, rtol=1e-8)


@pytest.mark.parametrize("sizes", [[4] * 6, [1] * 20])
def test_clusters_alike_have_the_error_of_equal_units(sizes: list[int]) -> None:
    b, c, groups = of_sizes(sizes)
    d = c - b
    error, freedom = by_matrices(d - d.mean(), np.ones(len(d)), groups)
    fit = sm.OLS(d, np.ones(len(d))).fit(cov_type="cluster", cov_kwds={"groups": groups.astype(int)})
    units = np.bincount(groups.astype(int), weights=d - d.mean())
    ratio = Ratio(float(d.mean()), units, np.array(sizes, dtype=float), np.array(sizes, dtype=float))
    assert ratio.reduced_error == ratio.std_error
    assert ratio.freedom == len(sizes) - 1
    assert_allclose((error, freedom), (ratio.reduced_error, ratio.freedom), rtol=1e-9)
    correction = len(d) / (len(d) - 1)  # statsmodels scales by (n − 1)/(n − k), which is n/(n − 1) apart from ours
    assert_allclose(fit.bse[0], ratio.reduced_error * math.sqrt(correction * (len(d) - 1) / len(d)), rtol=1e-9)


def test_clusters_of_one_row_have_the_error_hc2() -> None:
    rng = np.random.default_rng(5)
    d, w = rng.normal(0.4, 1.0, size=25), rng.gamma(0.7, size=25)
    mean = float(np.average(d, weights=w))
    ratio = Ratio(mean, w * (d - mean), w, w)
    fit = sm.WLS(d, np.ones(25), weights=w).fit(cov_type="HC2")
    assert_allclose(ratio.reduced_error, fit.bse[0], rtol=1e-10)
    assert_allclose(ratio.freedom, by_matrices(d - mean, w, np.arange(25))[1], rtol=1e-9)


def test_the_degrees_lose_no_digits_to_a_unit_that_is_nearly_all() -> None:
    sizes = np.array([1e9, 1.0, 2.0, 3.0])
    ratio = Ratio(0.0, np.zeros(4), sizes, sizes)
    p = [Fraction(float(each)) / Fraction(int(sizes.sum())) for each in sizes]
    terms = [each**2 / (1 - each) for each in p]
    between = sum(terms) ** 2 - sum(each**2 for each in terms)
    assert_allclose(ratio.freedom, float(1 / (sum(each**2 for each in p) + between)), rtol=1e-12)


def test_the_order_of_units_changes_no_bit() -> None:
    rng = np.random.default_rng(6)
    u, w = rng.normal(size=40), rng.gamma(0.5, size=40)
    order = rng.permutation(40)
    one, other = Ratio(0.0, u, w, w), Ratio(0.0, u[order], w[order], w[order])
    assert (one.reduced_error, one.freedom) == (other.reduced_error, other.freedom)
    assert one.freedom < 39.0
    assert one.reduced_error != one.std_error
