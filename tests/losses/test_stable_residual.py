from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lossctl.losses.stable import residual, residual_tail, signed

numbers = st.floats(-1e300, 1e300).filter(lambda x: x == 0.0 or abs(x) > 1e-290)


@given(y=numbers, yhat=numbers)
def test_residual_and_tail_are_the_difference_exactly(y: float, yhat: float) -> None:
    target, prediction = np.array([y]), np.array([yhat])
    r = residual(target, prediction)
    tail = residual_tail(target, prediction, r)
    assert Fraction(float(r[0])) + Fraction(float(tail[0])) == Fraction(yhat) - Fraction(y)


def test_the_tail_of_an_overflow_is_finite() -> None:
    y, yhat = np.array([-1.7e308, 1.7e308]), np.array([1.7e308, -1.7e308])
    r = residual(y, yhat)
    assert_array_equal(r, [np.inf, -np.inf])
    assert np.isfinite(residual_tail(y, yhat, r)).all()


def test_no_residual_and_no_sign_is_negative_zero() -> None:
    assert not np.signbit(residual(np.array([0.0]), np.array([-0.0]))).any()
    found = signed(np.array([0.0, 2.0, 3.0]), np.array([-1.0, -1.0, 1.0]))
    assert_array_equal(found, [0.0, -2.0, 3.0])
    assert not np.signbit(found[0])
