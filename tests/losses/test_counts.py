"""What is special about counts and positive values: where libraries lose digits, and the limits of parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose
from scipy import special
from sklearn import metrics

from lossctl.core.errors import UsageError
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from lossctl.losses.counts import generalized_kl, negative_binomial_deviance, poisson_deviance, poisson_nll
from lossctl.losses.gamma import log_factorial_less_entropy
from lossctl.losses.ratios import expm1_minus, log_gap
from lossctl.losses.tweedie import tweedie_deviance
from tests.oracles.formulas_counts import COUNTS


def divergence(y: float, mu: float) -> float:
    with mp.workdps(60):
        y, mu = mp.mpf(y), mp.mpf(mu)
        return float(y * mp.log(y / mu) - y + mu)


def test_scikit_learn_gives_no_deviance_where_there_is_one() -> None:
    y, mu = np.array([1.0]), np.array([1.0 + 2.0**-30])
    true = 2.0 * divergence(1.0, 1.0 + 2.0**-30)
    assert metrics.mean_poisson_deviance(y, mu) == 0.0
    assert 8e-19 < true < 9e-19
    assert_allclose(poisson_deviance(y, mu)[0], true, rtol=1e-15)


def test_scipy_gives_no_divergence_where_there_is_one() -> None:
    y, mu = np.array([1.0]), np.array([1.0 + 2.5e-9])
    assert special.kl_div(y, mu)[0] == 0.0
    assert_allclose(generalized_kl(y, mu)[0], divergence(1.0, 1.0 + 2.5e-9), rtol=1e-15)


@pytest.mark.parametrize("prediction", [1.7e19, 1.7e25, 1.7e31, 1.7e38, 1.7e42, 1.7e50])
def test_itakura_saito_of_a_ratio_that_has_few_digits_or_none(prediction: float) -> None:
    loss = LOSSES["itakura_saito"].choose().compute(np.array([1.3e-280]), np.array([prediction]))[0]
    assert_allclose(loss, math.log(prediction) - math.log(1.3e-280) - 1.0, rtol=1e-15)


@pytest.mark.parametrize("v", [3e-4, -1e-3, 3e-3])
def test_a_likelihood_of_large_counts_by_a_log_rate_close_to_theirs(v: float) -> None:
    """The terms are 1e14 and their difference 1e7: what is left is what the rounding of s itself does."""
    y, s = 1e14, math.log(1e14) + v
    with mp.workdps(50):
        rate, count = mp.exp(mp.mpf(s)), mp.mpf(y)
        true = float(rate - count * mp.mpf(s) + mp.loggamma(count + 1))
    chosen = LOSSES["poisson_nll_with_log_rate"].choose(full=True)
    loss = chosen.compute(np.array([y]), np.array([s]))[0]
    assert_allclose(loss, true, rtol=2.0 * 3.6e-15 * 2.0 / abs(v))


@pytest.mark.parametrize("y", [0.0, 1.0, 2.0, 3.0, 7.0])
def test_the_full_likelihood_is_exact_where_stirling_is_not(y: float) -> None:
    stirling = y * math.log(y) - y + 0.5 * math.log(2.0 * math.pi * y) if y > 1.0 else 0.0  # as torch has it
    loss = poisson_nll(np.array([y]), np.array([2.5]), full=True)[0]
    assert_allclose(loss, 2.5 - y * math.log(2.5) + math.lgamma(y + 1.0), rtol=1e-14)
    if y > 1.0:
        assert abs(loss[0] - (2.5 - y * math.log(2.5) + stirling)) > 0.01


def test_the_full_likelihoods_of_all_counts_sum_to_one() -> None:
    counts = np.arange(200.0)
    assert_allclose(np.exp(-poisson_nll(counts, np.full(200, 23.7), full=True)[0]).sum(), 1.0, rtol=1e-14)


def test_log_factorial_to_the_last_digits() -> None:
    rng = np.random.default_rng(4)
    y = np.concatenate([10.0 ** rng.uniform(-300, 300, 60), rng.uniform(0, 30, 60), np.arange(40.0), [2.0 - 2**-52]])
    assert_allclose(log_factorial_less_entropy(y), [exact_factorial(value) for value in y], rtol=1e-15)


def exact_factorial(value: float) -> float:
    if value == 0.0:
        return 0.0
    with mp.workdps(700):
        y = mp.mpf(value)
        return float(mp.loggamma(y + 1) - y * mp.log(y) + y)


POWERS = [1.1, 1.9, 1.0 + 1e-9, 2.0 - 1e-9, 2.0 + 2.0**-51, 2.2, 3.3, 7.9, 40.7, -1e-9, -0.1, -1.0, -20.7]


@pytest.mark.parametrize("power", POWERS)
def test_tweedie_deviance_to_the_last_digits_for_every_power(power: float) -> None:
    rng = np.random.default_rng(8)
    mu = 10.0 ** rng.uniform(-4, 4, 120)
    y = mu * np.exp(rng.normal(size=120) * np.repeat([1e-9, 0.01, 0.3, 4.0], 30))
    edge = 0.9999 / max(1.0, abs(2.0 - power))  # where the series is longest
    y[:20] = mu[:20] * np.exp(np.repeat([edge, -edge], 10))
    wide = 10.0 ** rng.uniform(-300, 300, (2, 30))
    y, mu = np.concatenate([y, wide[0]]), np.concatenate([mu, wide[1]])
    loss, slope = LOSSES["tweedie_deviance"].choose(power=power).compute(y, mu)
    with mp.workdps(50):
        p = mp.mpf(power)
        pairs = [(mp.mpf(a), mp.mpf(b)) for a, b in zip(y.tolist(), mu.tolist(), strict=True)]
        losses = [float(COUNTS["tweedie_deviance"](a, b, p)) for a, b in pairs]
        slopes = [float(2 * (b - a) / b**p) for a, b in pairs]
    assert_allclose(loss, losses, rtol=2e-15, atol=2e-323)
    assert_allclose(slope, slopes, rtol=2e-15, atol=2e-323)


def test_a_tweedie_deviance_exists_where_a_power_of_the_target_alone_does_not() -> None:
    y = 10.0 ** (-310.0 / 21.0)
    loss = LOSSES["tweedie_deviance"].choose(power=23.0).compute(np.array([y]), np.ones(1))[0]
    with mp.workdps(50):
        expected = float(COUNTS["tweedie_deviance"](mp.mpf(y), mp.mpf(1), mp.mpf(23)))
    assert 1e307 < expected < np.inf
    assert_allclose(loss, [expected], rtol=2e-15)


def test_scikit_learn_loses_the_tweedie_deviance_near_its_limits() -> None:
    y, mu, power = np.array([2.0]), np.array([3.0]), 1.0 + 1e-13
    theirs = metrics.mean_tweedie_deviance(y, mu, power=power)
    limit = poisson_deviance(y, mu)[0][0]
    assert abs(theirs / limit - 1.0) > 1e-4
    assert_allclose(tweedie_deviance(y, mu, power)[0], limit, rtol=1e-12)
    near = 1.0 + 2.0**-30
    assert metrics.mean_tweedie_deviance([1.0], [near], power=1.5) <= 0.0
    assert_allclose(tweedie_deviance(np.ones(1), np.array([near]), 1.5)[0], 2.0**-60, rtol=1e-8)


@pytest.mark.parametrize(
    ("limit", "name"), [(1.0, "poisson_deviance"), (2.0, "gamma_deviance"), (3.0, "inverse_gaussian_deviance")]
)
def test_tweedie_deviance_is_the_family_it_names(limit: float, name: str) -> None:
    y, mu = np.geomspace(1e-6, 1e6, 60), np.full(60, 2.5)
    expected = LOSSES[name].choose().compute(y, mu)
    for power in (limit, limit - 1e-15 * (limit > 1.0), limit + 1e-15):
        assert_allclose(LOSSES["tweedie_deviance"].choose(power=power).compute(y, mu), expected, rtol=3e-14)


def test_a_count_of_nothing() -> None:
    zero, mu = np.zeros(2), np.array([1e-3, 4.0])
    for power in (1.0, 1.0 + 2.0**-52, 1.3, 2.0 - 2.0**-52, -2.0):
        loss = LOSSES["tweedie_deviance"].choose(power=power).compute(zero, mu)[0]
        assert_allclose(loss, 2.0 * mu ** (2.0 - power) / (2.0 - power), rtol=1e-15)
    for power in (2.0, 2.5, 7.0):
        loss, slope = LOSSES["tweedie_deviance"].choose(power=power).compute(zero, mu)
        assert np.isposinf(loss).all()
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("power", [5e-324, 0.37, 1.0 - 2.0**-53])
def test_there_is_no_tweedie_distribution_between_the_powers_0_and_1(power: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1") as refused:
        LOSSES["tweedie_deviance"].choose(power=power)
    assert "poisson_deviance" in refused.value.cure


@pytest.mark.parametrize("alpha", [1e-300, 1e-16, 1e-9])
def test_no_overdispersion_is_poisson(alpha: float) -> None:
    y, mu = np.array([3.0, 0.0, 5.5]), np.array([2.5, 1.25, 5.5 + 1e-9])
    for mine, limit in zip(negative_binomial_deviance(y, mu, alpha), poisson_deviance(y, mu), strict=True):
        assert_allclose(mine, limit, rtol=10.0 * alpha + 1e-15)


@pytest.mark.parametrize("alpha", [0.1, 2.0])
def test_overdispersed_deviance_is_not_convex(alpha: float) -> None:
    mu = np.array([10.0, 55.0, 100.0])
    loss: Array = LOSSES["negative_binomial_deviance"].choose(alpha=alpha).compute(np.full(3, 1.0), mu)[0]
    assert loss[1] > 0.5 * (loss[0] + loss[2])


def test_the_gap_of_an_exponential() -> None:
    x = np.concatenate(
        [[0.0, 0.5, -0.5, -700.0, 700.0], np.geomspace(1e-160, 40.0, 60), -np.geomspace(1e-160, 40.0, 60)]
    )
    with mp.workdps(400):
        expected = [float(mp.expm1(mp.mpf(v)) - mp.mpf(v)) for v in x]
    assert_allclose(expm1_minus(x), expected, rtol=2e-15)


def test_the_gap_of_logarithms() -> None:
    p = np.array([1.0, 1.0, 5e-324, 3e-310, 0.25, 1e-304, 8e-310])
    q = np.array([1.0 - 2.0**-53, 5e-324, 1.0, 1e300, 0.75, 1e-304 * (1.0 + 1e-9), 8e-310 * (1.0 + 1e-9)])
    with mp.workdps(60):
        expected = [float(abs(mp.log(mp.mpf(a)) - mp.log(mp.mpf(b)))) for a, b in zip(p, q, strict=True)]
    assert_allclose(log_gap(p, q), expected, rtol=1e-15)
    assert_allclose(log_gap(q, p), expected, rtol=1e-15)


@pytest.mark.parametrize("size", [1e-290, 1.1e-303, 8e-310])
def test_tweedie_of_numbers_near_the_least_there_are(size: float) -> None:
    y, mu = size, size * (1.0 + 2.0**-30)
    with mp.workdps(60):
        a, b = mp.mpf(y), mp.mpf(mu)
        true = float(4 * (mp.sqrt(a) - mp.sqrt(b)) ** 2 / mp.sqrt(b))
    loss, _ = LOSSES["tweedie_deviance"].choose(power=1.5).compute(np.array([y]), np.array([mu]))
    assert_allclose(loss, true, rtol=1e-14)
