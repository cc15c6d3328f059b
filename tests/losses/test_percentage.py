from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose
from sklearn import metrics

from lossctl import evaluate
from lossctl.core.losses.loss import Role
from lossctl.losses import LOSSES


def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    target = rng.gamma(2.0, 3.0, 500)
    return {"target": target, "prediction": target * rng.uniform(0.5, 1.7, 500)}


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("rmse", metrics.root_mean_squared_error),
        ("rmsle", metrics.root_mean_squared_log_error),
        ("mape", metrics.mean_absolute_percentage_error),
        ("msle", metrics.mean_squared_log_error),
        ("wmape", lambda y, yhat: np.abs(yhat - y).sum() / np.abs(y).sum()),
    ],
)
def test_values_of_all_rows(name: str, oracle: object) -> None:
    columns = data()
    assert_allclose(evaluate(columns, name)[0].value, oracle(columns["target"], columns["prediction"]), rtol=1e-13)


def test_smape_has_a_kink_where_the_prediction_changes_sign() -> None:
    places = np.array([-1e-9, 0.0, 1e-9])
    loss, slope = LOSSES["smape"].choose().compute(np.full(3, 2.0), places)
    assert_allclose(loss, [2.0, 2.0, 2.0], rtol=1e-8)
    assert_allclose(slope, [0.0, 0.0, -2.0], rtol=1e-8)


def test_a_target_of_zero_has_no_percentage() -> None:
    domain = LOSSES["mape"].domain(Role.TARGET)
    assert domain.contains(np.array([-1.0, 0.0, -0.0, 5e-324])).tolist() == [True, False, False, True]
    assert not domain.contains_all(np.array([1.0, 0.0]))
    assert not domain.is_real_line
    assert str(domain) == "(-inf, 0) or (0, inf)"


def test_the_logarithmic_error_keeps_small_values_and_does_not_overflow() -> None:
    y = np.array([0.0, 0.0, 1e300, -1.0 + 2.0**-53])
    yhat = np.array([1e-18, 1e300, 0.0, 1e300])
    loss, slope = LOSSES["msle"].choose().compute(y, yhat)
    assert (np.log1p(1e-18) - np.log(1.0 + 0.0)) ** 2 > 0.0
    far = 300.0 * math.log(10.0)
    assert_allclose(loss, [1e-36, far**2, far**2, (far + 53.0 * math.log(2.0)) ** 2], rtol=1e-14)
    assert_allclose(slope[:3], [2e-18, 2.0 * far / 1e300, -2.0 * far], rtol=1e-14)


def test_a_ratio_and_its_derivatives_and_a_ratio_of_nothing() -> None:
    chosen = LOSSES["wmape"].choose()
    assert chosen.finish((0.5, 4.0)) == (0.125, (0.25, -0.03125))
    assert chosen.finish((0.0, 0.0)) == (0.0, (0.0, 0.0))
    assert chosen.finish((0.5, 0.0)) == (math.inf, (0.0, 0.0))
    assert LOSSES["rmse"].choose().finish((0.0,)) == (0.0, (0.0,))


def test_an_exponent_is_right_however_large() -> None:
    """The plain form rounds r and ar, and e^(ar) is then wrong by ar times that."""
    a, y, yhat = 23.1, 0.7, 31.013
    (loss,), (slope,) = LOSSES["linex"].choose(a=a).compute(np.array([y]), np.array([yhat]))
    with mp.workdps(30):
        exact = float(mp.exp(mp.mpf(a) * (mp.mpf(yhat) - mp.mpf(y))))
    assert_allclose([loss, slope], [exact, a * exact], rtol=5e-16)
    assert abs(math.exp(a * (yhat - y)) / exact - 1.0) > 5e-15


@pytest.mark.parametrize("residual", [1e300, -1e300, 1e5, -1e5, 0.0])
@pytest.mark.parametrize("a", [1.0, -1.0, 0.01])
def test_linex_far_away(residual: float, a: float) -> None:
    loss, slope = LOSSES["linex"].choose(a=a).compute(np.array([1e3]), np.array([1e3 + residual]))
    if a * residual > 800.0:
        assert loss[0] == np.inf
        assert slope[0] == math.copysign(np.inf, a)
    elif residual == 0.0:
        assert loss[0] == slope[0] == 0.0
    else:
        assert_allclose([loss[0], slope[0]], [-a * residual - 1.0, -a], rtol=1e-14)


def test_smape_of_numbers_whose_sum_is_past_every_float64() -> None:
    y, p = np.array([1.5e308, 1.7e308, -1.6e308]), np.array([-1.7e308, 1.2e308, -1.7e308])
    loss, slope = LOSSES["smape"].choose().compute(y, p)
    small, steep = LOSSES["smape"].choose().compute(y / 2.0**9, p / 2.0**9)
    assert_allclose(loss, small, rtol=1e-15)
    assert_allclose(slope, steep / 2.0**9, rtol=1e-14)
    assert loss[0] == 2.0
