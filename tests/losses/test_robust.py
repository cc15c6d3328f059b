from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.errors import UsageError
from lossctl.losses import LOSSES

HALF_SQUARE_NEAR = ["half_mse", "log_cosh", "pseudo_huber", "fair", "cauchy", "geman_mcclure", "welsch", "tukey"]
HALF_SQUARE_NEAR += ["andrew", "hampel", "trimmed", "barron", "linex"]


def at(name: str, residual: float, **params: float) -> tuple[float, float]:
    loss, slope = LOSSES[name].choose(**params).compute(np.zeros(1), np.array([residual]))
    return float(loss[0]), float(slope[0])


@pytest.mark.parametrize("name", HALF_SQUARE_NEAR)
@pytest.mark.parametrize("residual", [1e-9, -3e-60, 2e-150])
def test_near_the_target_it_is_half_the_square(name: str, residual: float) -> None:
    """Also where 1 + r² is 1, or r² itself underflows what divides it."""
    assert_allclose(at(name, residual), (residual**2 / 2.0, residual), rtol=1e-8)


@pytest.mark.parametrize(
    ("name", "params", "loss", "slope"),
    [
        ("log_cosh", {}, 1e300, 1.0),
        ("pseudo_huber", {"delta": 1e-300}, 1.0, 1e-300),
        ("pseudo_huber", {"delta": 2.0}, 2e300, 2.0),
        ("fair", {"c": 1e-20}, 1e280, 1e-20),
        ("cauchy", {}, 300.0 * math.log(10.0), 1e-300),
        ("geman_mcclure", {"c": 1e100}, 5e199, 0.0),
        ("geman_mcclure", {"c": 2.0}, 2.0, 0.0),
        ("welsch", {"c": 2.0}, 2.0, 0.0),
        ("tukey", {"c": 3.0}, 1.5, 0.0),
        ("andrew", {"a": 2.0}, 8.0, 0.0),
        ("hampel", {}, 10.0, 0.0),
        ("hampel", {"a": 1e150, "b": 1e151, "c": 1e152}, 5.45e301, 0.0),
        ("barron", {}, 1e300, 1.0),
        ("barron", {"alpha": 1.5, "c": 1e100}, 2.0**0.75 / 3.0 * 1e300, 0.5**0.25),
        ("barron", {"alpha": -2.0}, 2.0, 0.0),
    ],
)
def test_far_from_the_target_nothing_overflows(name: str, params: dict[str, float], loss: float, slope: float) -> None:
    assert_allclose(at(name, 1e300, **params), (loss, slope), rtol=1e-14, atol=1e-320)


def test_hampel_with_no_flat_part_and_with_a_steep_fall() -> None:
    assert_allclose(at("hampel", 2.0, a=1.0, b=1.0, c=3.0), (1.0 - 0.25 + 0.5, 0.5), rtol=1e-15)
    edge = 4.0 + 2.0**-50
    assert_allclose(at("hampel", 4.0 + 2.0**-51, a=2.0, b=4.0, c=8.0), (6.0 + 2.0**-50, 2.0 - 2.0**-52), rtol=1e-15)
    assert_array_equal([at("hampel", r, a=2.0, b=4.0, c=edge)[1] for r in (4.0, edge, -4.0)], [2.0, 0.0, -2.0])


def test_hampel_falls_to_zero_by_the_exact_residual() -> None:
    yhat = 8.1 - 2.0**-49
    rest = 8 - (Fraction(yhat) - Fraction(0.1))
    assert float(rest) != 8.0 - (yhat - 0.1)
    slope = LOSSES["hampel"].choose().compute(np.array([0.1]), np.array([yhat]))[1]
    assert_allclose(slope, [float(rest / 2)], rtol=1e-15)


@pytest.mark.parametrize(("a", "b", "c"), [(3.0, 2.0, 8.0), (2.0, 8.0, 8.0), (2.0, 9.0, 8.0)])
def test_hampel_refuses_what_is_out_of_order(a: float, b: float, c: float) -> None:
    with pytest.raises(UsageError, match="hampel") as refused:
        LOSSES["hampel"].choose(a=a, b=b, c=c)
    assert "a ≤ b < c" in refused.value.cure


def test_log_cosh_of_other_libraries_is_wrong_at_both_ends() -> None:
    r = np.array([1e-9])
    keras = np.abs(r) + np.log1p(np.exp(-2.0 * np.abs(r))) - math.log(2.0)  # optax: logaddexp(r, −r) − ln 2
    assert keras[0] == 0.0
    assert_allclose(at("log_cosh", 1e-9)[0], 5e-19, rtol=1e-15)
    with np.errstate(over="ignore"):
        torchmetrics = np.log((np.exp(np.array([711.0])) + np.exp(np.array([-711.0]))) / 2.0)
    assert torchmetrics[0] == np.inf
    assert_allclose(at("log_cosh", 711.0)[0], 711.0 - math.log(2.0), rtol=1e-15)


def test_norms_of_statsmodels_are_zero_near_the_target() -> None:
    z, c, a = 1e-9, 4.685, 1.339
    assert c**2 / 6.0 * (1.0 - (1.0 - (z / c) ** 2) ** 3) == a**2 * (1.0 - math.cos(z / a)) == 0.0
    assert_allclose([at("tukey", z)[0], at("andrew", z)[0]], 5e-19, rtol=1e-14)


@pytest.mark.parametrize("c", [0.37, 1.0, 23.0])
@pytest.mark.parametrize(
    ("alpha", "name", "params", "scale"),
    [
        (2.0, "half_mse", lambda _: {}, 1.0),
        (1.0, "pseudo_huber", lambda c: {"delta": c}, 1.0),
        (0.0, "cauchy", lambda c: {"c": math.sqrt(2.0) * c}, 1.0),
        (-2.0, "geman_mcclure", lambda c: {"c": 2.0 * c}, 1.0),
        (-1e300, "welsch", lambda c: {"c": math.sqrt(2.0) * c}, 1.0),
    ],
)
def test_barron_is_the_family_it_names(alpha: float, name: str, params: object, scale: float, c: float) -> None:
    y, yhat = np.zeros(60), np.geomspace(1e-100, 3.0 * c, 60)
    expected = LOSSES[name].choose(**params(c)).compute(y, yhat)
    found = LOSSES["barron"].choose(alpha=alpha, c=c).compute(y, yhat)
    assert_allclose(found, np.array(expected) * scale / c**2, rtol=5e-15)


@pytest.mark.parametrize("special", [2.0, 1.0, 0.0, -2.0])
def test_barron_is_continuous_in_its_shape(special: float) -> None:
    y, yhat = np.zeros(50), np.geomspace(1e-8, 1e8, 50)
    beside = min(special + 1e-14, 2.0), special - 1e-14
    exact = LOSSES["barron"].choose(alpha=special).compute(y, yhat)
    for alpha in beside:
        assert_allclose(LOSSES["barron"].choose(alpha=alpha).compute(y, yhat), exact, rtol=1e-12)


def test_barron_for_negative_shapes_by_a_plain_formula() -> None:
    t = np.geomspace(0.1, 50.0, 40)
    for alpha in (-0.5, -3.0, -9.0):
        b = 2.0 - alpha
        loss = b / alpha * ((1.0 + t**2 / b) ** (alpha / 2.0) - 1.0)
        slope = t * (1.0 + t**2 / b) ** (alpha / 2.0 - 1.0)
        found = LOSSES["barron"].choose(alpha=alpha).compute(np.zeros(40), t)
        assert_allclose(found, [loss, slope], rtol=1e-12)
        assert (found[0] <= LOSSES["barron"].choose(alpha=alpha).fact("high")).all()


def test_what_the_rounding_of_the_residual_lost_counts_near_an_edge() -> None:
    y, yhat = np.array([0.1]), np.array([1.1 + 2.0**-52])
    exact = (1.1 + 2.0**-52) - 1.0 - 0.1  # ŷ − 1 is exact, and then so is the rest
    loss, slope = LOSSES["epsilon_insensitive"].choose(epsilon=1.0).compute(y, yhat)
    assert_allclose(loss, [exact], rtol=1e-15)
    assert_array_equal(slope, [1.0])
