"""What is special about counts and positive values: where libraries lose digits, and the limits of parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose
from scipy import special
from sklearn import metrics

from lossctl.core.loss import Array
from lossctl.losses import LOSSES
from lossctl.losses.counts import generalized_kl, negative_binomial_deviance, poisson_deviance, poisson_nll
from lossctl.losses.gamma import log_factorial_less_entropy
from lossctl.losses.ratios import expm1_minus, log_gap


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
    p = np.array([1.0, 1.0, 5e-324, 3e-310, 0.25])
    q = np.array([1.0 - 2.0**-53, 5e-324, 1.0, 1e300, 0.75])
    with mp.workdps(60):
        expected = [float(abs(mp.log(mp.mpf(a)) - mp.log(mp.mpf(b)))) for a, b in zip(p, q, strict=True)]
    assert_allclose(log_gap(p, q), expected, rtol=1e-15)
    assert_allclose(log_gap(q, p), expected, rtol=1e-15)
