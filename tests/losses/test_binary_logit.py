"""What is special about binary losses of logits, and where other libraries differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize, special
from sklearn import metrics

from lossctl.core.losses.loss import Kind
from lossctl.core.types import Array
from lossctl.losses import LOSSES, choose

LOGIT_LOSSES = [one for one in LOSSES.values() if one.kind is Kind.BINARY and one.prediction.is_real_line]
every_logit_loss = pytest.mark.parametrize("name", [one.id for one in LOGIT_LOSSES])

rng = np.random.default_rng(12)
Y = rng.integers(0, 2, 200).astype(float)
S = rng.normal(0.4, 3.0, 200)


def one(text: str, y: float, s: float) -> tuple[float, float]:
    (chosen,) = choose([text])
    loss, slope = chosen.compute(np.array([y]), np.array([s]))
    return float(loss[0]), float(slope[0])


@every_logit_loss
@given(s=st.floats(-1e300, 1e300))
def test_only_the_margin_counts(name: str, s: float) -> None:
    (loss, slope), (mirrored, back) = one(name, 1.0, s), one(name, 0.0, -s)
    assert loss == mirrored
    assert slope == -back


@every_logit_loss
def test_a_slope_jumps_at_its_kinks_alone(name: str) -> None:
    chosen, places = LOSSES[name].choose(), np.array([-2.0, -1.0, -0.5, 0.0, math.tan(0.5), 1.0, 2.0])
    ahead, behind = (chosen.compute(np.ones_like(places), places + way * 1e-9)[1] for way in (1.0, -1.0))
    assert_array_equal(places[np.abs(ahead - behind) > 1e-6], list(chosen.fact("kinks")))


@pytest.mark.parametrize(
    ("logits", "chances"),
    [
        ("bce_logits", "bce"),
        ("bce_logits(pos_weight=3)", "bce(pos_weight=3)"),
        ("focal_with_logits", "focal"),
        ("focal_with_logits(gamma=0.7,alpha=0.3)", "focal(gamma=0.7,alpha=0.3)"),
        ("savage", "brier"),
    ],
)
def test_on_logits_as_on_their_probabilities(logits: str, chances: str) -> None:
    (of_logits,), (of_chances,) = choose([logits]), choose([chances])
    q = 1.0 / (1.0 + np.exp(-S))
    (loss, slope), (expected, by_chance) = of_logits.compute(Y, S), of_chances.compute(Y, q)
    assert_allclose(loss, expected, rtol=1e-11)
    assert_allclose(slope, by_chance * q * (1.0 - q), rtol=1e-11)


# Libraries


def test_a_large_margin_has_no_false_zero() -> None:
    chance = 1.0 / (1.0 + np.exp(-40.0))  # what a program does that goes through the probability
    assert metrics.log_loss([1], [[1.0 - chance, chance]], labels=[0, 1]) in (0.0, pytest.approx(2.2e-16, rel=0.1))
    assert_allclose(one("bce_logits", 1.0, 40.0), [math.exp(-40.0), -math.exp(-40.0)], rtol=1e-15)
    assert_allclose(one("bce_logits", 1.0, 700.0), [math.exp(-700.0), -math.exp(-700.0)], rtol=1e-15)


def test_a_wrong_sign_does_not_overflow() -> None:
    assert one("bce_logits", 0.0, 1e300) == (1e300, 1.0)
    assert one("focal_with_logits", 1.0, -1e300) == (1e300, -1.0)
    assert one("modified_huber", 1.0, -1e300) == (4e300, -4.0)
    assert one("smooth_hinge", 1.0, -1e300) == (1e300, -1.0)
    assert one("savage", 1.0, -1e300) == (1.0, 0.0)


TORCH_2_13 = (
    # loss, margin, torch's loss and slope for y = 1, in float64
    ("bce_logits", 40.0, 4.248354255291589e-18, 0.0),  # binary_cross_entropy_with_logits
    ("bce_logits", 30.0, 9.357622968839737e-14, -9.348077867343818e-14),
    ("logistic", -800.0, math.inf, math.nan),  # soft_margin_loss
)


@pytest.mark.parametrize(("text", "margin", "value", "steepness"), TORCH_2_13)
def test_slopes_far_out_are_right_where_those_of_torch_are_not(
    text: str, margin: float, value: float, steepness: float
) -> None:
    loss, slope = one(text, 1.0, margin)
    with mp.workdps(50):
        true = [float(mp.log1p(mp.exp(mp.mpf(-margin)))), float(-1 / (1 + mp.exp(mp.mpf(margin))))]
    assert_allclose([loss, slope], true, rtol=1e-15)
    assert math.isinf(value) or value == pytest.approx(true[0], rel=1e-15)
    assert not abs(steepness - true[1]) <= 1e-4 * abs(true[1]), "torch's"


def test_a_hinge_of_scores_beside_large_ones_is_the_same() -> None:
    alone, beside = np.array([0.5]), np.array([0.5, 7.0])
    theirs = 1.0 - special.expit(beside)  # torchmetrics, once a score is outside [0, 1]
    assert_allclose(theirs, [0.3775, 9e-4], rtol=0.02)
    hinge = LOSSES["hinge"].choose()
    assert hinge.compute(np.ones(1), alone)[0].tolist() == [0.5]
    assert hinge.compute(np.ones(2), beside)[0].tolist() == [0.5, 0.0]


# Facts that the fields of a row cannot say


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("binary_cross_entropy_with_logits", lambda p: math.log(p / (1.0 - p))),
        ("exponential", lambda p: 0.5 * math.log(p / (1.0 - p))),
        ("savage", lambda p: math.log(p / (1.0 - p))),
        ("tangent", lambda p: math.tan(p - 0.5)),
        ("hinge", lambda p: math.copysign(1.0, p - 0.5)),
        ("squared_hinge", lambda p: 2.0 * p - 1.0),
        ("modified_huber", lambda p: 2.0 * p - 1.0),
    ],
)
@pytest.mark.parametrize("chance", [0.2, 0.65])
def test_the_best_score_for_a_chance(name: str, best: object, chance: float) -> None:
    chosen = LOSSES[name].choose()

    def expected(s: float) -> float:
        at = np.array([s])
        return float(
            (chance * chosen.compute(np.ones(1), at)[0] + (1 - chance) * chosen.compute(np.zeros(1), at)[0])[0]
        )

    found = optimize.minimize_scalar(expected, bounds=(-4.0, 4.0), method="bounded", options={"xatol": 1e-9})
    assert_allclose(found.x, best(chance), atol=1e-5)


@every_logit_loss
def test_it_falls_to_its_least_with_the_margin(name: str) -> None:
    loss, slope = LOSSES[name].choose().compute(np.ones(400), np.linspace(-20.0, 900.0, 400))
    if name == "tangent":
        assert_allclose(loss[-1], (math.pi - 1.0) ** 2, rtol=1e-2)
        assert one(name, 1.0, math.tan(0.5))[0] < 1e-32
        return
    assert (np.diff(loss) <= 0.0).all()
    assert loss[-1] == 0.0
    assert (slope <= 0.0).all()


@pytest.mark.parametrize(("gamma", "convex"), [(0.0, True), (0.5, False), (2.0, False)])
def test_focal_with_logits_is_convex_without_focus_alone(gamma: float, *, convex: bool) -> None:
    _, slope = LOSSES["focal_with_logits"].choose(gamma=gamma).compute(np.ones(2000), np.linspace(-30.0, 5.0, 2000))
    assert (np.diff(slope) >= -1e-15).all() == convex


@pytest.mark.parametrize("gamma", [0.5, 5.0])
def test_the_steepest_and_sharpest_of_focal_with_logits_by_fifty_digits(gamma: float) -> None:
    chosen = LOSSES["focal_with_logits"].choose(gamma=gamma)

    def slope(m: object) -> object:
        return mp.diff(lambda x: (1 / (1 + mp.exp(x))) ** gamma * mp.log1p(mp.exp(-x)), m)

    margins = [mp.mpf(k) / 8 for k in range(-64, 16)]
    steepest = max(abs(slope(m)) for m in margins)
    sharpest = max(abs(mp.diff(slope, m)) for m in margins)
    assert 0.0 <= chosen.fact("lipschitz") - steepest < 5e-3
    assert 0.0 <= chosen.fact("smoothness") - sharpest < 5e-3


def test_tangent_near_its_zero_keeps_its_digits() -> None:
    zero = math.tan(0.5)
    near = np.array([zero, np.nextafter(zero, 1.0), zero - 1e-12, zero + 1e-5])
    loss, _ = LOSSES["tangent"].choose().compute(np.ones(4), near)
    with mp.workdps(50):
        expected = [float((2 * mp.atan(mp.mpf(float(m))) - 1) ** 2) for m in near]
    assert_allclose(loss, expected, rtol=1e-14)
    assert_allclose((2.0 * np.arctan(near[:1]) - 1.0) ** 2, 0.0, atol=1e-300)  # the plain form: a false zero


@pytest.mark.parametrize("y", [0.0, 1.0])
@pytest.mark.parametrize("s", [0.0, -0.0, 1.0, -1.0])
@every_logit_loss
def test_nothing_is_negative_zero(name: str, s: float, y: float) -> None:
    values: tuple[Array, Array] = LOSSES[name].choose().compute(np.array([y]), np.array([s]))
    for value in values:
        assert not (np.signbit(value) & (value == 0.0)).any()


@pytest.mark.parametrize("margin", [-30.0, -12.3, -7.7, -5.1])
def test_a_high_power_does_not_magnify_the_rounding_of_its_base(margin: float) -> None:
    loss, slope = one("focal_with_logits(gamma=1000)", 1.0, margin)
    with mp.workdps(50):
        m = mp.mpf(margin)
        chance, surprise = 1 / (1 + mp.exp(m)), mp.log1p(mp.exp(-m))
        expected = chance**1000 * surprise
        steepness = chance**1000 * (1000 * (1 - chance) * surprise + chance)
    assert_allclose([loss, slope], [float(expected), -float(steepness)], rtol=5e-15)
