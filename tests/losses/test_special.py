from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.types import Array
from lossctl.losses.special import within_normal
from lossctl.losses.stable import polynomial


def erf_of(a: Array) -> list[float]:
    with mp.workdps(40):
        return [float(mp.erf(mp.mpf(float(each)) / mp.sqrt(2))) for each in a]


def test_within_normal_to_the_last_digits() -> None:
    rng = np.random.default_rng(1)
    a = np.concatenate([rng.uniform(0.0, 9.0, 1500), 10.0 ** rng.uniform(-300, 2, 300)])
    assert_allclose(within_normal(a), erf_of(a), rtol=4e-16)


@pytest.mark.parametrize("edge", [2.0, 8.5])
def test_within_normal_where_its_forms_meet(edge: float) -> None:
    a = edge * (1.0 + np.array([-1e-3, -1e-9, -3e-16, 0.0, 3e-16, 1e-9, 1e-3]))
    assert_allclose(within_normal(a), erf_of(a), rtol=3e-16)


def test_within_normal_never_falls_and_ends_at_one() -> None:
    share = within_normal(np.linspace(0.0, 40.0, 4001))
    assert (np.diff(share) >= 0.0).all()
    assert_array_equal(within_normal(np.array([0.0, 5e-324, 9.0, 1e308, np.inf])), [0.0, 5e-324, 1.0, 1.0, 1.0])


def test_within_normal_depends_on_the_element_alone() -> None:
    a = np.random.default_rng(2).exponential(2.0, 300)
    kept = a.copy()
    share = within_normal(a)
    assert_array_equal(a, kept)
    assert_array_equal(within_normal(a[::-3]), share[::-3])
    assert_array_equal([within_normal(a[row : row + 1])[0] for row in range(300)], share)
    assert within_normal(a[:0]).shape == (0,)


def test_polynomial_takes_the_highest_power_first() -> None:
    t = np.array([-1.5, 0.0, 2.0])
    assert_array_equal(polynomial(t, (2.0, -3.0, 0.5, 7.0)), 2.0 * t**3 - 3.0 * t**2 + 0.5 * t + 7.0)
    assert_array_equal(polynomial(t, [4.0]), [4.0, 4.0, 4.0])
