from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.losses.loss import Kind
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from lossctl.losses.information import cross_entropy, entropy, floor_at_zero, kl_divergence, self_information
from tests.support import everyday, extreme

bases = pytest.mark.parametrize("base", [2.0, math.e, 10.0, 1.3])


def pair(seed: int, *, edges: bool) -> tuple[Array, Array]:
    draw = extreme if edges else everyday
    sample = draw(LOSSES["kl_divergence"], np.random.default_rng(seed))
    assert sample.target is not None
    assert sample.prediction is not None
    return sample.target, sample.prediction


@bases
@given(seed=st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_cross_entropy_is_entropy_and_divergence(base: float, seed: int) -> None:
    p, q = pair(seed, edges=False)
    total = entropy(p, None, base)[0] + kl_divergence(p, q, base)[0]
    assert_allclose(cross_entropy(p, q, base)[0], total, rtol=1e-14)


@bases
@given(seed=st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_cross_entropy_is_at_least_entropy(base: float, seed: int) -> None:
    p, q = pair(seed, edges=True)
    low, cross = entropy(p, None, base)[0], cross_entropy(p, q, base)[0]
    assert (cross >= low - 1e-14).all(), "but for the rounding of p and q, which do not quite sum to 1"
    apart = np.abs(p - q).max(axis=1) > 1e-6
    assert apart.any()
    assert (cross > low)[apart].all()


@bases
def test_a_prediction_that_is_the_target_costs_nothing(base: float) -> None:
    p, _ = pair(3, edges=True)
    assert_array_equal(cross_entropy(p, p, base)[0], entropy(p, None, base)[0])
    assert_array_equal(kl_divergence(p, p, base)[0], np.zeros(len(p)))
    assert_array_equal(kl_divergence(p[0], p[0], base)[0], np.zeros(len(p[0])))


@given(seed=st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_divergence_is_positive_where_the_distributions_differ(seed: int) -> None:
    p, q = pair(seed, edges=True)
    loss = kl_divergence(p, q, 2.0)[0]
    assert (loss >= 0.0).all()
    assert (loss > 0.0)[np.abs(p - q).max(axis=1) > 1e-6].all()


@pytest.mark.parametrize("apart", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("columns", [2, 5, 40])
def test_a_small_divergence_has_all_its_digits(apart: float, columns: int) -> None:
    """Also where a plain sum of p·log(p/q) has none: at 1e-9 the answer is 1e-18 and the rounding 1e-16."""
    rng = np.random.default_rng(columns)
    p = rng.dirichlet(np.full(columns, 2.0), 60)
    q = p * (1.0 + apart * rng.normal(size=p.shape))
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    with mp.workdps(50):
        expected = np.array([float(divergence(*rows)) for rows in zip(p, q, strict=True)])
    loss = kl_divergence(p, q, 2.0)[0]
    curved = np.square(p - q) / p
    assert_allclose(loss, np.maximum(expected, 0.0), rtol=1e-14, atol=1e-14 * curved.sum(axis=1).max())
    assert (expected[loss == 0.0] <= 0.0).all()


def divergence(p: Array, q: Array) -> mp.mpf:
    pairs = [(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(p, q, strict=True)]
    return mp.fsum(a * mp.log(a / b) for a, b in pairs) / mp.log(2)


@pytest.mark.parametrize("apart", [1e-1, 1e-4, 1e-7, 1e-10])
@pytest.mark.parametrize("name", ["kl_divergence", "reverse_kl"])
def test_a_small_divergence_down_a_file_is_wrong_by_as_little_as_is_said(name: str, apart: float) -> None:
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(7))
    q = p * (1.0 + apart * rng.normal(size=7))
    with mp.workdps(60):
        expected = (divergence(p, q) if name == "kl_divergence" else divergence(q, p)) * mp.log(2)
        size = np.square(p - q) @ (0.5 / p)  # what the divergence would be if q summed to 1
        found = math.fsum(LOSSES[name].choose(base=math.e).compute(p, q)[0])
        assert abs(found - expected) <= 1e-16 * math.sqrt(size)


@given(p=st.floats(1e-320, 1.0), q=st.floats(1e-320, 1.0), close=st.floats(-0.6, 0.6), base=st.sampled_from([2.0, 7.0]))
def test_a_single_event_has_all_its_digits(p: float, q: float, close: float, base: float) -> None:
    for partner in (q, min(p * (1.0 + close), 1.0), min(p * (1.0 + close * 1e-9), 1.0)):
        with mp.workdps(50):
            exact = mp.mpf(p) * mp.log(mp.mpf(p) / mp.mpf(partner)) / mp.log(mp.mpf(base)) if partner else mp.inf
        loss = kl_divergence(np.array([p]), np.array([partner]), base)[0]
        assert_allclose(loss, [float(exact)], rtol=2e-15, atol=1e-322)


def test_an_event_that_does_not_occur_counts_nothing() -> None:
    p = np.array([0.0, 0.0, 1.0])
    for kernel in (cross_entropy, kl_divergence):
        for q in ([0.0, 0.3, 0.7], [0.3, 0.0, 0.7]):
            loss, slope = kernel(p, np.array(q), 2.0)
            assert_array_equal(loss[:2], [0.0, 0.0])
            assert_array_equal(slope[:2], [0.0, 0.0])
            assert not np.signbit(slope[:2]).any()


def test_an_event_thought_impossible_is_infinite() -> None:
    p, q = np.array([[0.4, 0.6], [1e-300, 1.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    for kernel in (cross_entropy, kl_divergence):
        loss, slope = kernel(p, q, 2.0)
        assert_array_equal(loss, [np.inf, np.inf])
        assert_array_equal(slope[:, 0], [-np.inf, -np.inf])
        assert np.isfinite(slope[:, 1]).all()
        assert_array_equal(kernel(p[0], q[0], 2.0)[0][0], np.inf)
    assert_array_equal(self_information(None, np.array([0.0]), 2.0), [[np.inf], [-np.inf]])


def test_a_subnormal_prediction_is_not_zero() -> None:
    loss, slope = kl_divergence(np.array([[0.25, 0.75]]), np.array([[5e-324, 1.0]]), 2.0)
    assert_allclose(loss, [0.25 * 1072.0 + 0.75 * math.log2(0.75)], rtol=1e-15)
    assert slope[0, 0] == -np.inf, "p/q is beyond float64"


def test_certainty_has_no_entropy_and_no_sign() -> None:
    sure = np.array([[0.0, 1.0, 0.0]])
    for values in (
        entropy(sure, None, 2.0)[0],
        cross_entropy(sure, sure, 2.0)[0],
        self_information(None, sure[0, 1:2], 2.0)[0],
    ):
        assert_array_equal(values, [0.0])
        assert not np.signbit(values).any()


@pytest.mark.parametrize("events", [2, 8, 64, 1024])
def test_even_odds_are_whole_bits(events: int) -> None:
    even = np.full((1, events), 1.0 / events)
    assert_array_equal(entropy(even, None, 2.0)[0], [math.log2(events)])
    assert_array_equal(self_information(None, even[0, :1], 2.0)[0], [math.log2(events)])


def test_distributions_that_miss_one_within_the_tolerance_are_held_at_zero() -> None:
    p = np.array([[0.3, 0.7]])
    assert_array_equal(kl_divergence(p, p * (1.0 + 5e-7), 2.0)[0], [0.0])


def test_the_floor_of_a_whole_file() -> None:
    assert floor_at_zero((-3e-7,)) == (0.0, (1.0,))
    assert floor_at_zero((0.125,)) == (0.125, (1.0,))
    assert floor_at_zero((math.inf,)) == (math.inf, (1.0,))
    assert math.isnan(floor_at_zero((math.nan,))[0])
    assert math.copysign(1.0, floor_at_zero((-0.0,))[0]) == 1.0


def test_units_follow_the_base() -> None:
    units = {base: LOSSES["entropy"].choose(base=base).unit for base in (2.0, "e", 10.0, 3.0)}
    assert units == {2.0: "bits", "e": "nats", 10.0: "hartleys", 3.0: "log base 3"}
    assert {loss.kind for loss in LOSSES.values() if loss.task == "information"} == {Kind.REAL, Kind.DISTRIBUTION}
