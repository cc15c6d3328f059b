"""The shared pieces of softmax and of logits, against 50 digits over the whole range."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.losses.stable import exp_below_top, row_max, softplus_with_slope


@pytest.mark.parametrize("columns", [1, 2, 16, 17, 50])
def test_the_largest_of_each_row(columns: int) -> None:
    values = np.random.default_rng(1).normal(size=(40, columns))
    assert_array_equal(row_max(values), values.max(axis=1))
    assert_array_equal(row_max(np.asfortranarray(values)), values.max(axis=1))


@pytest.mark.parametrize(("far_below", "worst"), [(-32.0, 5e-15), (-1.0, 4e-16)])
def test_exponentials_below_the_top(far_below: float, worst: float) -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(300, 4)) * 10.0 ** rng.uniform(-5, 2.4, (300, 1))
    exps, top = exp_below_top(scores, far_below)
    assert_array_equal(top, scores.max(axis=1))
    with mp.workdps(50):
        expected = [
            [float(mp.exp(mp.mpf(s) - mp.mpf(high))) for s in row] for row, high in zip(scores, top, strict=True)
        ]
    assert (np.array(expected) < 1e-200).any()
    assert_allclose(exps, expected, rtol=worst, atol=1e-300)


def test_scores_at_the_ends_of_the_range() -> None:
    exps, top = exp_below_top(np.array([[1.7e308, -1.7e308], [-1e300, -1e300], [0.0, -746.0], [5e-324, 0.0]]))
    assert_array_equal(exps, [[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert_array_equal(top, [1.7e308, -1e300, 0.0, 5e-324])


def test_softplus_and_its_slope() -> None:
    rng = np.random.default_rng(3)
    size = 10.0 ** rng.uniform(-300, 2.8, 300)
    x = np.concatenate([size, -size, [0.0, 1e300, -1e300, 36.7, -36.7]])
    loss, slope = softplus_with_slope(x)
    with mp.workdps(50):
        exact = [
            (mp.log1p(mp.exp(v)) if v < 0 else v + mp.log1p(mp.exp(-v)), 1 / (1 + mp.exp(-v))) for v in map(mp.mpf, x)
        ]
    assert_allclose(loss, [float(value) for value, _ in exact], rtol=5e-16, atol=5e-324)
    assert_allclose(slope, [float(value) for _, value in exact], rtol=5e-16, atol=5e-324)
