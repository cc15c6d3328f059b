from __future__ import annotations

import numpy as np
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.losses.logarithm import less_log


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of any size and about 1, and for each something near its logarithm, equal to it or far from it."""
    rng = np.random.default_rng(3)
    ends = [5e-324, 2.3e-308, 1.7e308, 0.5, 2.0, np.sqrt(0.5), np.sqrt(2.0), 1.0, 1.0 - 2.0**-53, 1.0 + 2.0**-52]
    y = np.concatenate([10.0 ** rng.uniform(-320, 308, 900), rng.uniform(0.4, 2.5, 900), np.repeat(ends, 4)])
    apart = rng.choice([0.0, 1.0, -1.0], y.size) * 10.0 ** rng.uniform(-14, 1, y.size)
    return np.log(y) * (1.0 + apart), y


def test_the_difference_keeps_its_digits_and_says_what_it_lost() -> None:
    x, y = draw()
    rest, tail, log = less_log(x, y)
    with mp.workdps(60):
        exact_log = [mp.log(mp.mpf(float(each))) for each in y]
        exact = [mp.mpf(float(a)) - b for a, b in zip(x, exact_log, strict=True)]
        lost = [float(a - mp.mpf(float(b))) for a, b in zip(exact, rest, strict=True)]
        error = [abs(float(a - b)) for a, b in zip(lost, tail, strict=True)]
    assert_allclose(rest, [float(each) for each in exact], rtol=2e-16, atol=2e-21)
    assert_allclose(log, [float(each) for each in exact_log], rtol=3e-16)
    assert (error <= 2e-21 + 2e-22 * np.abs(x)).all()


def test_the_logarithm_of_one_is_nothing() -> None:
    x = np.array([0.0, 1e-300, -3e-20, 7.0])
    rest, tail, log = less_log(x, np.ones(4))
    assert_array_equal(rest, x)
    assert_array_equal(tail, 0.0)
    assert_array_equal(log, 0.0)


def test_it_depends_on_the_element_alone() -> None:
    x, y = draw()
    kept = x.copy(), y.copy()
    whole = less_log(x, y)
    for mine, expected in zip(less_log(x[::-3], y[::-3]), whole, strict=True):
        assert_array_equal(mine, expected[::-3])
    assert_array_equal(x, kept[0])
    assert_array_equal(y, kept[1])
    assert [part.shape for part in less_log(x[:0], y[:0])] == [(0,)] * 3
