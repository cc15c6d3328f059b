from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.types import Array
from lossctl.losses.regression import huber, mae, mse, smooth_l1

residuals = st.floats(-1e300, 1e300)
thresholds = st.floats(1e-300, 1e300)


def at(residual: float) -> tuple[Array, Array]:
    return np.zeros(1), np.array([residual])


def test_a_large_residual_overflows_only_where_its_loss_does() -> None:
    assert_array_equal(mse(*at(1e200)), [[np.inf], [2e200]])
    assert_array_equal(mae(*at(-1e300)), [[1e300], [-1.0]])
    assert_array_equal(huber(*at(1e300), delta=1.0), [[1e300], [1.0]])
    assert_array_equal(huber(*at(1e300), delta=1e100), [[np.inf], [1e100]])
    assert_array_equal(smooth_l1(*at(-1e300), beta=1e-300), [[1e300], [-1.0]])
    assert_allclose(smooth_l1(*at(1e180), beta=1e200), [[5e159], [1e-20]], rtol=1e-15)
    assert_allclose(huber(*at(1e300), delta=1e-300), [[1.0], [1e-300]], rtol=1e-15)


@given(residual=residuals)
def test_huber_with_a_wide_delta_is_half_the_square(residual: float) -> None:
    assume(abs(residual) < 1e154)  # beyond, the square overflows and its half does not yet
    loss, slope = huber(*at(residual), delta=1e300)
    square, double = mse(*at(residual))
    assert_allclose(loss, square / 2.0, rtol=1e-15, atol=5e-324)
    assert_array_equal(slope, double / 2.0)


@given(residual=residuals)
def test_smooth_l1_without_a_parabola_is_mae(residual: float) -> None:
    assert_array_equal(smooth_l1(*at(residual), beta=0.0), mae(*at(residual)))


@given(residual=residuals)
def test_smooth_l1_with_a_tiny_parabola_is_nearly_mae(residual: float) -> None:
    assert_allclose(smooth_l1(*at(residual), beta=5e-324), mae(*at(residual)), rtol=1e-15, atol=5e-324)


@given(residual=st.floats(-1e150, 1e150), delta=st.floats(1e-150, 1e150))
def test_smooth_l1_is_huber_over_beta(residual: float, delta: float) -> None:
    loss, slope = huber(*at(residual), delta=delta)
    assert_allclose(smooth_l1(*at(residual), beta=delta), [loss / delta, slope / delta], rtol=1e-14, atol=1e-160)


@given(target=st.floats(-1e6, 1e6), prediction=st.floats(-1e6, 1e6), delta=thresholds)
def test_only_the_residual_counts(target: float, prediction: float, delta: float) -> None:
    y, yhat = np.array([target]), np.array([prediction])
    for kernel, params in ((mae, {}), (mse, {}), (huber, {"delta": delta}), (smooth_l1, {"beta": delta})):
        assert_array_equal(kernel(y, yhat, **params), kernel(*at(prediction - target), **params))


@pytest.mark.parametrize(("y", "yhat"), [(0.0, -0.0), (-0.0, 0.0), (-0.0, -0.0), (1.5, 1.5)])
@pytest.mark.parametrize(
    ("kernel", "params"), [(mae, {}), (mse, {}), (huber, {"delta": 1.0}), (smooth_l1, {"beta": 3.0})]
)
def test_nothing_is_negative_zero(kernel: object, params: dict[str, float], y: float, yhat: float) -> None:
    for values in kernel(np.array([y]), np.array([yhat]), **params):
        assert_array_equal(values, [0.0])
        assert not np.signbit(values).any()
