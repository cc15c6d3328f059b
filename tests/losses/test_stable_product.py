"""A difference from an unrounded product, against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.testing import assert_allclose

from lossctl.losses.stable import minus_product


def test_what_a_product_leaves_is_right_to_the_last_digit() -> None:
    rng = np.random.default_rng(3)
    factor, y = rng.normal(size=2000), rng.normal(size=2000) * 10.0 ** rng.uniform(-100, 100, 2000)
    x = factor * y * (1.0 + rng.choice([0.0, 1e-15, 1e-9, 0.5], 2000))
    exact = [
        float(Fraction(a) - Fraction(b) * Fraction(c))
        for a, b, c in zip(x.tolist(), factor.tolist(), y.tolist(), strict=True)
    ]
    assert_allclose(minus_product(x, factor, y), exact, rtol=4e-16)
    assert np.any(x - factor * y == 0.0), "where the plain difference says nothing"
