from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.types import Array
from lossctl.losses.special import within_normal
from lossctl.losses.student import least_crps, log_normaliser, mean_size, within_student
from tests.oracles.formulas_forecast import within_student as incomplete_beta

FREEDOMS = [1.0 + 2.0**-52, 1.3, 2.0, 5.0, 8.7, 14.9, 15.0, 15.1, 17.0, 40.0, 300.0]


def exactly(a: Array, freedom: float) -> list[float]:
    with mp.workdps(40):
        return [float(incomplete_beta(mp.mpf(float(each)), mp.mpf(freedom))) for each in a]


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_within_student_to_the_last_digits(freedom: float) -> None:
    rng = np.random.default_rng(1)
    a = np.concatenate([10.0 ** rng.uniform(-3, 3, 40), rng.uniform(0.0, 9.0, 40)])
    share, log = within_student(a, freedom)
    assert_allclose(share, exactly(a, freedom), rtol=1e-15 if freedom > 9.0 else 4e-15)
    with mp.workdps(40):
        assert_allclose(log, [float(mp.log1p(mp.mpf(float(each)) ** 2 / freedom)) for each in a], rtol=1e-15)


@pytest.mark.parametrize("freedom", [3e3, 1e6, 1e10])
def test_within_student_of_many_degrees_of_freedom(freedom: float) -> None:
    a = np.array([1e-5, 0.3, 1.0, 1.99, 2.01, 3.3, 6.0])
    with mp.workdps(30):
        m = mp.mpf(freedom)
        top = mp.exp(mp.loggamma((m + 1) / 2) - mp.loggamma(m / 2)) / mp.sqrt(m * mp.pi)
        expected = [
            float(2 * top * mp.quad(lambda t: (1 + t * t / m) ** (-(m + 1) / 2), [0, mp.mpf(each) / 2, mp.mpf(each)]))
            for each in a.tolist()
        ]
    assert_allclose(within_student(a, freedom)[0], expected, rtol=1e-15)


def test_within_student_becomes_the_normal_distribution() -> None:
    a = np.array([0.0, 1e-290, 1e-160, 1e-5, 0.7, 2.3, 9.0, 1e200, 1e308, np.inf])
    for freedom in (1e17, 1e100, 1e300):
        assert_allclose(within_student(a, freedom)[0], within_normal(a), rtol=1e-15)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_within_student_at_its_ends(freedom: float) -> None:
    small = np.array([0.0, 1e-300, 1e-170, 1e-9])
    assert_allclose(within_student(small, freedom)[0], 2.0 * math.exp(-log_normaliser(freedom)) * small, rtol=4e-15)
    assert_array_equal(within_student(np.array([1e120, 1e200, 1e308, np.inf]), freedom)[0], 1.0)
    share = within_student(np.geomspace(1e-3, 1e20, 3000), freedom)[0]
    assert (np.diff(share) >= -3e-16).all()
    assert share.max() <= 1.0


def test_within_student_depends_on_the_element_alone() -> None:
    a = np.random.default_rng(2).exponential(3.0, 200)
    kept = a.copy()
    for freedom in (2.5, 30.0):
        whole = within_student(a, freedom)
        assert_array_equal(a, kept)
        for mine, expected in zip(within_student(a[::-3], freedom), whole, strict=True):
            assert_array_equal(mine, expected[::-3])


@pytest.mark.parametrize("freedom", [5e-324, 1e-300, 1e-5, 0.3, 1.0, 2.6, 19.9, 20.0, 20.1, 1e3, 1e8, 1e300, 1.7e308])
def test_the_normaliser(freedom: float) -> None:
    with mp.workdps(60):
        m = mp.mpf(freedom)
        exact = mp.log(mp.sqrt(m * mp.pi)) + mp.loggamma(m / 2) - mp.loggamma((m + 1) / 2)
        exact = mp.log(2 * mp.pi) / 2 if freedom > 1e100 else exact
    assert_allclose(log_normaliser(freedom), float(exact), rtol=2e-16)


@pytest.mark.parametrize("freedom", [1.0 + 2.0**-52, 1.0 + 1e-9, 1.01, 1.5, 2.6, 9.0, 23.0, 1e4, 1e300, 1.7e308])
def test_the_score_at_the_middle_and_the_mean_size(freedom: float) -> None:
    with mp.workdps(80):
        m, half = mp.mpf(freedom), mp.mpf(1) / 2
        if freedom > 1e100:
            size, least = mp.sqrt(2 / mp.pi), (mp.sqrt(2) - 1) / mp.sqrt(mp.pi)
        else:
            size = 2 * mp.sqrt(m) / (m - 1) / mp.beta(half, m / 2)
            least = size * (1 - mp.beta(half, m - half) / mp.beta(half, m / 2))
    assert_allclose(mean_size(freedom), float(size), rtol=6e-16)
    assert_allclose(least_crps(freedom), float(least), rtol=6e-16)
