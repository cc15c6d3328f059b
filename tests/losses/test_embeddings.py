"""What is special to losses of embeddings: any size, any angle, kinks, twins, and where libraries differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from scipy.spatial import distance

from lossctl.core.types import Array
from lossctl.losses import LOSSES, choose
from tests.support import everyday

exponents = st.integers(-900, 900)

RNG = np.random.default_rng(31)
U, V = RNG.normal(0.3, 2.0, (50, 4)), RNG.normal(0.2, 1.5, (50, 4))


def compute(text: str, target: object, prediction: object) -> tuple[Array, Array]:
    (chosen,) = choose([text])
    return chosen.compute(np.array(target, float), np.array(prediction, float))


@pytest.mark.parametrize("name", ["cosine", "cosine_embedding", "euclidean", "triplet_margin", "info_nce"])
def test_many_rows_are_as_few(name: str) -> None:
    """A large block is worked on in parts."""
    sample = everyday(LOSSES[name], np.random.default_rng(6), rows=10_000)
    loss, slope = sample.compute(LOSSES[name].choose())
    for rows in (slice(0, 10), slice(3270, 3290), slice(6540, 6570), slice(9990, None)):
        mine, by_mine = sample.take(rows).compute(LOSSES[name].choose())
        assert_array_equal(mine, loss[rows])
        assert_array_equal(by_mine, slope[rows])


# Angles


@pytest.mark.parametrize("angle", [1e-3, 1e-8, 1e-12, 1e-16, 1e-17])
@pytest.mark.parametrize("turned", [False, True])
def test_a_small_angle_keeps_its_digits(angle: float, *, turned: bool) -> None:
    u, v = ([0.6, 0.8], [0.6 - 0.8 * angle, 0.8 + 0.6 * angle]) if turned else ([1.0, 0.0], [1.0, angle])
    across = v[1] * u[0] - v[0] * u[1] if turned else angle
    if turned and angle < 1e-12:
        return  # the turned vector itself is rounded by more
    loss, slope = compute("cosine", [u], [v])
    assert_allclose(loss, [angle**2 / 2.0], rtol=2.0 * angle + 1e-14 + abs(across / angle - 1.0) * 3.0)
    assert_allclose(np.hypot(*slope[0]), angle, rtol=2.0 * angle + 1e-14 + abs(across / angle - 1.0) * 2.0)


@given(size=exponents, other=exponents)
def test_lengths_change_nothing_but_the_size_of_the_slope(size: int, other: int) -> None:
    loss, slope = compute("cosine", U, V)
    scaled, by_scaled = compute("cosine", U * 2.0**size, V * 2.0**other)
    assert_array_equal(scaled, loss)
    assert_array_equal(by_scaled, slope * 2.0**-other)


@pytest.mark.parametrize("factor", [3.0, 0.1, 1e-300, 7e280])
def test_multiples_are_as_near_as_rounding_leaves_them(factor: float) -> None:
    loss, slope = compute("cosine", U, U * factor)
    assert loss.max() < 1e-31
    assert (np.abs(slope) * factor).max() < 1e-15
    assert_allclose(compute("cosine", U, -U * factor)[0], 2.0, rtol=1e-15)


def test_the_slope_is_at_right_angles_to_the_prediction() -> None:
    slope = compute("cosine", U, V)[1]
    assert_allclose((slope * V).sum(axis=1), 0.0, atol=1e-15)


@pytest.mark.parametrize("name", ["cosine", "euclidean"])
def test_either_vector_may_be_the_target(name: str) -> None:
    assert LOSSES[name].facts.symmetric
    assert_allclose(compute(name, U, V)[0], compute(name, V, U)[0], rtol=1e-14)


def test_a_similar_pair_costs_its_cosine_loss_and_another_what_is_above_the_margin() -> None:
    pair, loss = np.concatenate([U, V], axis=1), compute("cosine", U, V)[0]
    assert_array_equal(compute("cosine_embedding", np.ones(50), pair)[0], loss)
    for margin in (-1.0, 0.0, 0.3, 1.0):
        expected = np.maximum(1.0 - loss - margin, 0.0)
        assert_allclose(compute(f"cosine_embedding(margin={margin})", np.zeros(50), pair)[0], expected, atol=1e-15)
    same = np.concatenate([U, U], axis=1)
    assert not compute("cosine_embedding(margin=1)", np.zeros(50), same)[0].any(), "no cosine is above 1"


def test_the_slope_of_a_pair_is_that_of_each_vector_towards_the_other() -> None:
    slope = compute("cosine_embedding", np.ones(50), np.concatenate([U, V], axis=1))[1]
    assert_array_equal(slope[:, 4:], compute("cosine", U, V)[1])
    assert_array_equal(slope[:, :4], compute("cosine", V, U)[1])


# Distances


@given(size=exponents)
def test_distances_scale_with_their_vectors(size: int) -> None:
    factor = 2.0**size
    for text in ("euclidean", "triplet_margin(margin=0,p=1)", "triplet_margin(margin=0,p=3.5)"):
        target, prediction = U, V if text == "euclidean" else np.concatenate([V, -V], axis=1)
        loss, slope = compute(text, target, prediction)
        scaled, by_scaled = compute(text, target * factor, prediction * factor)
        assert_array_equal(scaled, loss * factor)
        assert_array_equal(by_scaled, slope)


def test_a_distance_past_every_number_still_has_its_slope() -> None:
    loss, slope = compute("euclidean", [[-1.5e308, 0.0], [-4e-324, 0.0]], [[1.5e308, 0.0], [4e-324, 0.0]])
    assert loss.tolist() == [math.inf, 1e-323]
    assert slope.tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_positive_and_negative_change_places() -> None:
    there, back = np.concatenate([U + V, V], axis=1), np.concatenate([V, U + V], axis=1)
    forth, by_forth = compute("triplet_margin(margin=0)", U, there)
    other, by_other = compute("triplet_margin(margin=0)", U, back)
    assert_allclose(forth - other, np.linalg.norm(V, axis=1) - np.linalg.norm(V - U, axis=1), rtol=1e-13, atol=1e-15)
    assert ((forth > 0.0) != (other > 0.0)).all()
    assert_array_equal(by_forth.any(axis=1), forth > 0.0)
    assert_array_equal(by_other.any(axis=1), other > 0.0)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5])
def test_a_distance_of_zero_pulls_nowhere(p: float) -> None:
    loss, slope = compute(f"triplet_margin(p={p})", [[1.0, 2.0]], [[1.0, 2.0, 1.0, 2.0]])
    assert loss.tolist() == [1.0]
    assert not slope.any()


def test_a_high_power_is_the_largest_difference() -> None:
    loss, _ = compute("triplet_margin(margin=0,p=1e6)", np.zeros((1, 3)), [[3.0, -7.0, 2.0, 0.0, 0.0, 4.0]])
    assert_allclose(loss, [3.0], rtol=1e-5)


@pytest.mark.parametrize("text", ["hinge_embedding(margin=2)", "contrastive(margin=2)"])
def test_a_dissimilar_pair_costs_nothing_from_the_margin_on(text: str) -> None:
    loss, slope = compute(text, np.zeros(3), [2.0, 2.5, 1e300])
    assert not loss.any()
    assert not slope.any()
    (_, last), (_, first) = compute(text, [0.0], [2.0 - 1e-9]), compute(text, [1.0], [0.0])
    assert last[0] == (-1.0 if "hinge" in text else pytest.approx(-1e-9, rel=1e-6))
    assert first[0] == (1.0 if "hinge" in text else 0.0)


# Scores


@given(first=st.floats(-1e300, 1e300), second=st.floats(-1e300, 1e300), margin=st.floats(0.0, 1e3))
def test_labels_say_which_score_should_be_higher(first: float, second: float, margin: float) -> None:
    text = f"margin_ranking(margin={margin!r})"
    (one, slope), (other, back) = (compute(text, [y], [s]) for y, s in ((1.0, [first, second]), (0.0, [second, first])))
    assert one == other
    assert slope.tolist() == back[:, ::-1].tolist()


@pytest.mark.parametrize("margin", [0.0, 0.75])
def test_a_margin_just_kept_has_no_slope(margin: float) -> None:
    loss, slope = compute(f"margin_ranking(margin={margin})", [1.0], [[margin + 2.0, 2.0]])
    assert loss.tolist() == [0.0]
    assert slope.tolist() == [[0.0, 0.0]]


def test_a_difference_that_rounds_to_the_margin_is_not_the_margin() -> None:
    loss, slope = compute("margin_ranking(margin=1)", [1.0], [[1.0, 1e-20]])
    assert loss.tolist() == [1e-20]
    assert slope.tolist() == [[-1.0, 1.0]]


# One positive among many


def test_two_vectors_are_a_logistic_loss_of_their_cosines() -> None:
    others = np.concatenate([V, V[::-1]], axis=1)
    first, second = (compute("cosine", U, v)[0] for v in (V, V[::-1]))
    loss, _ = compute("info_nce(temperature=0.3)", U, others)
    assert_allclose(loss, np.logaddexp(0.0, (first - second) / 0.3), rtol=1e-12)


def test_negatives_may_come_in_any_order_and_number() -> None:
    sample = everyday(LOSSES["info_nce"], np.random.default_rng(4))
    assert sample.target is not None
    assert sample.prediction is not None
    first, second, third = np.split(sample.prediction, 3, axis=1)
    loss, slope = compute("info_nce", sample.target, sample.prediction)
    turned, by_turned = compute("info_nce", sample.target, np.concatenate([first, third, second], axis=1))
    assert_allclose(turned, loss, rtol=1e-14)
    assert_allclose(by_turned[:, 5:10], slope[:, 10:], rtol=1e-13, atol=1e-17)
    alone, at_rest = compute("info_nce", sample.target, first)
    assert not alone.any()
    assert not at_rest.any()
    more, _ = compute("info_nce", sample.target, np.concatenate([sample.prediction, third], axis=1))
    assert (more > loss).all()


@pytest.mark.parametrize("temperature", [0.07, 0.5, 3.0])
def test_the_bounds_that_its_note_gives(temperature: float) -> None:
    u = np.array([[0.6, -0.8]])
    best, worst = np.concatenate([u, -u, -u], axis=1), np.concatenate([-u, u, u], axis=1)
    for others, sign in ((best, -2.0), (worst, 2.0)):
        loss, slope = compute(f"info_nce(temperature={temperature})", u, others)
        assert_allclose(loss, math.log1p(2.0 * math.exp(sign / temperature)), rtol=1e-13)
        assert_allclose(slope, 0.0, atol=1e-14)


def test_it_is_the_softmax_of_scaled_cosines() -> None:
    v = RNG.normal(size=(50, 12))
    cosines = np.array([[1.0 - distance.cosine(u, w) for w in row.reshape(3, 4)] for u, row in zip(U, v, strict=True)])
    expected = -special.log_softmax(cosines / 0.07, axis=1)[:, 0]
    assert_allclose(compute("info_nce", U, v)[0], expected, rtol=1e-11, atol=1e-13)


# Where other libraries differ; their answers by their own formulas, and those of torch 2.13 and Optax 0.2.8


def torch_cosine(u: Array, v: Array) -> Array:
    """Return the cosine as torch's cosine_embedding_loss takes it."""
    return (u * v).sum(axis=1) / np.sqrt(((u * u).sum(axis=1) + 1e-12) * ((v * v).sum(axis=1) + 1e-12))


def test_torch_takes_small_vectors_for_smaller_angles_than_they_have() -> None:
    u = np.array([[6e-7, 8e-7]])
    assert_allclose(1.0 - torch_cosine(u, u), [0.5], rtol=1e-10)
    assert compute("cosine_embedding", [1.0], np.concatenate([u, u], axis=1))[0].tolist() == [0.0]


def test_a_plain_cosine_has_no_small_angles_and_no_large_vectors() -> None:
    u, v = np.array([[1.0, 0.0]]), np.array([[1.0, 1e-8]])
    assert distance.cosine(u[0], v[0]) == 0.0
    assert_allclose(compute("cosine", u, v)[0], [5e-17], rtol=1e-15)
    with np.errstate(over="ignore", invalid="ignore"):
        assert torch_cosine(u * 1e200, v * 1e200)[0] != pytest.approx(1.0)  # inf/inf; torch makes it 0
    assert_allclose(compute("cosine", u * 1e200, v * 1e200)[0], [5e-17], rtol=1e-15)


def test_torch_has_equal_vectors_apart() -> None:
    u = np.array([[1.0, 0.0]])
    assert_allclose(np.linalg.norm(u - u + 1e-6), 1.4142e-6, rtol=1e-4)
    assert compute("euclidean", u, u)[0].tolist() == [0.0]


def test_optax_takes_odd_powers_of_negative_differences() -> None:
    anchor, positive, negative = np.array([0.0, 0.0]), np.array([3.0, 4.0]), np.array([0.0, 2.0])
    with np.errstate(invalid="ignore"):
        theirs = np.power(np.power(anchor - positive, 3.0).sum() + 1e-6, 1.0 / 3.0)
    assert np.isnan(theirs)
    loss, _ = compute("triplet_margin(p=3)", [anchor], [np.concatenate([positive, negative])])
    assert_allclose(loss, [91.0 ** (1.0 / 3.0) - 2.0 + 1.0], rtol=1e-15)


# The ends of float64


def test_what_costs_nothing_has_no_slope_where_that_of_its_angle_is_past_every_number() -> None:
    tiny = np.array([[3e-320, 0.0, 0.0, 5e-320]])
    loss, slope = compute("cosine_embedding(margin=0.5)", [0.0], tiny)
    assert (loss.tolist(), slope.tolist()) == ([0.0], [[0.0] * 4])
    loss, slope = compute("info_nce(temperature=0.001)", [[1.0, 0.0]], [[1.0, 0.0, 0.0, 5e-320]])
    assert (loss.tolist(), slope.tolist()) == ([0.0], [[0.0] * 4])
