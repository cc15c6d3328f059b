"""What is special to losses of rankings: groups of any size, any order of rows, ties, and what NDCG itself says."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics

from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.types import Array
from lossctl.losses import LOSSES, choose
from tests.oracles.formulas_ranking import RANKING
from tests.oracles.libraries_ranking import ROW_FORMULAS
from tests.sample import Sample
from tests.support import EVERY, everyday, extreme

RANKINGS = [chosen for chosen in EVERY if chosen.loss.kind is Kind.GROUPED]
every_ranking = pytest.mark.parametrize("chosen", RANKINGS, ids=lambda chosen: chosen.label)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=10, deadline=None)


def compute(text: str, relevance: object, score: object) -> tuple[float, list[float]]:
    """Compute the loss of one group."""
    (chosen,) = choose([text])
    loss, slope = Sample(np.array([relevance], float), np.array([score], float)).compute(chosen)
    return float(loss[0]), slope[0].tolist()


def of_sizes(chosen: ChosenLoss, rng: np.random.Generator, sizes: list[int]) -> tuple[Array, Array, Array]:
    """Draw groups of several sizes; give relevance, score and starts."""
    sample = everyday(chosen.loss, rng, rows=-(-sum(sizes) // 5))
    assert sample.target is not None
    assert sample.prediction is not None
    starts = np.cumsum([0, *sizes[:-1]])
    return sample.target.ravel()[: sum(sizes)], sample.prediction.ravel()[: sum(sizes)], starts


# Groups


@every_ranking
@few
@given(seed=seeds, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_a_group_knows_nothing_of_the_others(chosen: ChosenLoss, seed: int, sizes: list[int]) -> None:
    relevance, score, starts = of_sizes(chosen, np.random.default_rng(seed), sizes)
    loss, slope = chosen.compute(relevance, score, starts=starts)
    assert loss.shape == starts.shape
    for group, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        rows = slice(start, start + size)
        alone, by_alone = chosen.compute(relevance[rows], score[rows], starts=np.array([0]))
        assert_array_equal(alone, loss[group : group + 1])
        assert_array_equal(by_alone, slope[rows])


@every_ranking
@few
@given(seed=seeds)
def test_the_order_of_rows_does_not_matter(chosen: ChosenLoss, seed: int) -> None:
    """Ties of scores and of relevances included."""
    rng = np.random.default_rng(seed)
    sample = extreme(chosen.loss, rng, rows=100)
    assert sample.target is not None
    assert sample.prediction is not None
    order = rng.permutation(5)
    turned = Sample(sample.target[:, order], sample.prediction[:, order])
    (loss, slope), (other, back) = sample.compute(chosen), turned.compute(chosen)
    assert_allclose(other, loss, rtol=1e-14, atol=1e-300)
    size = 0.01 + np.abs(slope).max(axis=1, keepdims=True)
    assert_allclose(back / size, slope[:, order] / size, atol=1e-13)


@every_ranking
def test_slopes_of_a_group_sum_to_nothing_and_a_constant_changes_nothing(chosen: ChosenLoss) -> None:
    sample = everyday(chosen.loss, np.random.default_rng(2))
    assert sample.prediction is not None
    loss, slope = sample.compute(chosen)
    assert_allclose(slope.sum(axis=1), 0.0, atol=1e-13)
    moved, by_moved = sample.with_prediction(sample.prediction + 8.0).compute(chosen)
    assert_allclose(moved, loss, rtol=1e-11, atol=1e-13)
    assert_allclose(by_moved, slope, rtol=1e-10, atol=1e-13)


@every_ranking
def test_a_large_group_is_the_same_as_a_small_one(chosen: ChosenLoss) -> None:
    """From 257 documents on pairs come in several tiles."""
    rng = np.random.default_rng(3)
    relevance = np.round(rng.gamma(1.5, 1.2, (2, 300)))
    score = rng.normal(0.3, 1.0, (2, 300)) + 0.4 * relevance
    loss, slope = Sample(relevance, score).compute(chosen)
    formula = ROW_FORMULAS[chosen.loss.id]
    assert formula is not None
    assert_allclose(loss, formula(relevance, score, **chosen.params), rtol=1e-11)
    whole = chosen.compute(relevance.ravel(), score.ravel(), starts=np.array([0, 300]))
    assert_array_equal(whole[1].reshape(2, 300), slope)
    step = np.zeros((2, 300))
    step[:, 17] = 1e-6
    ahead, behind = (Sample(relevance, score + way * step).compute(chosen)[0] for way in (1.0, -1.0))
    assert_allclose((ahead - behind) / 2e-6, slope[:, 17], rtol=1e-5, atol=1e-8)


@every_ranking
def test_one_document_is_always_in_order(chosen: ChosenLoss) -> None:
    assert compute(chosen.label, [3.0], [0.5]) == (0.0, [0.0])


@pytest.mark.parametrize("name", [one.id for one in LOSSES.values() if one.kind is Kind.GROUPED])
@pytest.mark.parametrize("grade", [0.0, 2.0])
def test_equal_relevances_have_no_order(name: str, grade: float) -> None:
    loss, slope = compute(name, [grade] * 4, [0.5, -1.0, 3.0, 0.25])
    if not LOSSES[name].zero_where_tied:  # listnet compares with a uniform distribution
        assert name == "listnet"
        assert loss > math.log(4.0)
    else:
        assert loss == 0.0
        assert slope == [0.0] * 4


# Ties


def plackett_luce(order: tuple[int, ...], score: list[float]) -> float:
    """Return −log of the chance of an order, one draw after the other."""
    left = [math.exp(score[place]) for place in order]
    return -sum(math.log(one / math.fsum(left[place:])) for place, one in enumerate(left))


def orders(relevance: list[float]) -> list[tuple[int, ...]]:
    """Return every order by falling relevance."""
    everything = itertools.permutations(range(len(relevance)))
    return [order for order in everything if all(relevance[a] >= relevance[b] for a, b in itertools.pairwise(order))]


def test_without_ties_listmle_is_one_order() -> None:
    relevance, score = [1.5, 3.0, -2.0, 0.0], [0.3, -1.0, 2.0, 0.5]
    (order,) = orders(relevance)
    assert_allclose(compute("listmle", relevance, score)[0], plackett_luce(order, score), rtol=1e-14)


def test_ties_of_one_score_cost_what_any_order_of_them_does() -> None:
    relevance, score = [2.0, 2.0, 2.0, 0.0, 1.0], [0.7, 0.7, 0.7, 1.5, -0.5]
    costs = [plackett_luce(order, score) for order in orders(relevance)]
    assert_allclose(costs, costs[0], rtol=1e-14)
    assert_allclose(compute("listmle", relevance, score)[0], costs[0], rtol=1e-14)


@given(scores=st.lists(st.floats(-0.5, 0.5), min_size=5, max_size=5))
def test_ties_cost_a_little_more_than_the_mean_of_all_orders(scores: list[float]) -> None:
    """The logarithm of a mean sum is above the mean of the logarithms; the least relevant are left out of both."""
    relevance = [3.0, 3.0, 1.0, 1.0, 0.0]
    mean = float(np.mean([plackett_luce(order, scores) for order in orders(relevance)]))
    loss, _ = compute("listmle", relevance, scores)
    assert mean - 1e-12 <= loss <= mean + 0.1


def test_the_least_relevant_have_no_order_among_themselves() -> None:
    alone, _ = compute("listmle", [1.0, 0.0], [0.5, math.log(5.0)])
    together, slope = compute("listmle", [1.0, 0.0, 0.0], [0.5, math.log(2.0), math.log(3.0)])
    assert_allclose(together, alone, rtol=1e-15)
    assert_allclose(slope[2] / slope[1], 1.5, rtol=1e-14)


def ndcg(relevance: list[float], order: tuple[int, ...], k: int) -> float:
    """Return the NDCG of an order."""
    best = sorted(range(len(relevance)), key=lambda place: -relevance[place])
    found, ideal = (
        sum((2.0 ** relevance[one] - 1.0) / math.log2(2.0 + place) for place, one in enumerate(way[: k or None]))
        for way in (order, best)
    )
    return found / ideal


def test_this_is_what_scikit_learn_calls_ndcg() -> None:
    relevance, order = [2.0, 0.0, 1.0, 3.0, 1.0], (2, 0, 4, 3, 1)
    gain, score = np.exp2(relevance) - 1.0, -np.argsort(order)
    for k in (0, 1, 3):
        assert_allclose(ndcg(relevance, order, k), metrics.ndcg_score([gain], [score], k=k or None), rtol=1e-14)


def lambda_rank(relevance: list[float], score: list[float], k: int) -> float:
    """Sum over pairs, by really changing places, and over all orders of ties."""
    total, ranked = (
        0.0,
        [
            order
            for order in itertools.permutations(range(len(score)))
            if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
        ],
    )
    for order in ranked:
        for a, b in itertools.combinations(range(len(order)), 2):
            swapped = list(order)
            swapped[a], swapped[b] = swapped[b], swapped[a]
            delta = abs(ndcg(relevance, order, k) - ndcg(relevance, tuple(swapped), k))
            i, j = sorted((order[a], order[b]), key=lambda place: -relevance[place])
            total += delta * math.log1p(math.exp(score[j] - score[i])) / len(ranked)
    return total


@pytest.mark.parametrize("k", [0, 1, 2, 4, 9])
@pytest.mark.parametrize(
    "score", [[0.5, 2.0, -1.0, 0.25, 1.0], [1.0, 1.0, -1.0, 1.0, 0.0], [0.0] * 5, [0.5, 0.5, 0.5, -1.0, -1.0]]
)
def test_lambda_rank_weighs_pairs_by_what_changing_places_does(score: list[float], k: int) -> None:
    relevance = [2.0, 0.0, 1.0, 3.0, 1.0]
    expected = lambda_rank(relevance, score, k)
    assert_allclose(compute(f"lambda_rank(k={k})", relevance, score)[0], expected, rtol=1e-12)


def test_the_slope_of_lambda_rank_holds_its_weights() -> None:
    """Across the place where two scores cross the loss jumps, and the slope does not know."""
    relevance, score = [3.0, 1.0, 0.0], np.array([0.1, 0.1, 0.6])
    step = np.array([1e-9, 0.0, 0.0])
    before, slope = compute("lambda_rank", relevance, score - step)
    after, _ = compute("lambda_rank", relevance, score + step)
    assert abs(after - before) > 1e6 * abs(slope[0]) * 2e-9


@given(st.lists(st.floats(0.0, 4.0), min_size=4, max_size=4), st.permutations([0.0, 1.0, 2.5, 4.0]))
def test_approx_ndcg_of_scores_far_apart_is_1_less_ndcg(relevance: list[float], score: list[float]) -> None:
    loss, _ = compute("approx_ndcg(temperature=0.01)", relevance, score)
    gain = np.exp2(relevance) - 1.0
    if gain.any() and len(set(relevance)) > 1:
        assert_allclose(loss, 1.0 - metrics.ndcg_score([gain], [score]), atol=1e-12)


def test_a_good_ranking_keeps_the_digits_of_what_it_misses() -> None:
    """Of two documents the better behind by σ(−x): 1 − ln 2/ln(2 + σ) ≈ σ/(2 ln 2)."""
    for x in (30.0, 300.0, 700.0):
        loss, slope = compute("approx_ndcg(temperature=1)", [1.0, 0.0], [x, 0.0])
        assert_allclose(loss, math.exp(-x) / (2.0 * math.log(2.0)), rtol=1e-13 + math.exp(-x) * 10.0)
        assert_allclose(slope, [-loss, loss], rtol=1e-12)


@pytest.mark.parametrize("name", ["approx_ndcg(temperature=2.6)", "lambda_rank"])
def test_relevances_equal_but_for_rounding_keep_the_digits_of_the_loss(name: str) -> None:
    relevance, score = [4.0, 4.0 + 2.0**-50, 2.0, 4.0, 2.0], [626.7, 587.7, -306.5, -106.2, -175.4]
    (chosen,) = choose([name])
    with mp.workdps(50):
        y, s = ([mp.mpf(value) for value in values] for values in (relevance, score))
        params = {param: mp.mpf(value) for param, value in chosen.params.items()}
        expected = float(RANKING[chosen.loss.id](y, s, **params))
    assert_allclose(compute(name, relevance, score)[0], expected, rtol=1e-14)


@pytest.mark.parametrize("name", ["pairwise_logistic", "listnet", "listmle", "lambda_rank"])
@pytest.mark.parametrize("first", [700.3, 41.7, 5.3])
def test_the_slope_of_a_good_order_keeps_its_digits(name: str, first: float) -> None:
    """The difference of two scores is rounded by more than an exponential of it can bear."""
    with mp.workdps(50):
        rest = mp.exp(mp.mpf(-7.1) - mp.mpf(first))
        expected = float(rest / (1 + rest)) * (1.0 if name != "lambda_rank" else 1.0 - math.log(2.0) / math.log(3.0))
    _, slope = compute(name, [1000.0, 0.0], [first, -7.1])
    assert_allclose(slope, [-expected, expected], rtol=4e-15)


@pytest.mark.parametrize("name", ["pairwise_logistic", "listnet", "listmle", "lambda_rank"])
def test_a_good_order_is_never_free(name: str) -> None:
    _, slope = compute(name, [1000.0, 0.0], [600.0, 0.0])
    assert 0.0 < slope[1] == -slope[0] < 1e-250


def test_scores_past_every_number_of_temperatures_are_still_in_order() -> None:
    gap = 1.0 - math.log(2.0) / math.log(3.0)
    for score, expected in (([1e300, 0.0, -1e300], 0.0), ([0.0, 1e300, -1e300], gap)):
        loss, slope = compute("approx_ndcg(temperature=1e-100)", [1.0, 0.0, 0.0], score)
        assert_allclose(loss, expected, rtol=1e-14)
        assert slope == [0.0] * 3


def test_a_slope_that_vanishes_has_no_sign() -> None:
    _, slope = compute("pairwise_logistic", [1.0, 0.0, 0.0, 0.0], [745.0, 0.0, -800.0, -800.0])
    assert slope == [0.0] * 4
    assert not np.signbit(slope).any()


# One loss and another


def test_of_two_documents_they_are_the_logistic_loss() -> None:
    bce, slope = (
        values[0]
        for values in LOSSES["binary_cross_entropy_with_logits"].choose().compute(np.array([1.0]), np.array([-0.75]))
    )
    for name in ("pairwise_logistic", "listmle", "listnet"):
        loss, by_score = compute(name, [1000.0, 0.0], [0.5, 1.25])
        assert_allclose([loss, *by_score], [bce, slope, -slope], rtol=1e-14)


@pytest.mark.parametrize("name", ["pairwise_hinge(margin=2)", "margin_ranking(margin=2)"])
def test_a_pair_is_a_margin_ranking(name: str) -> None:
    chosen, slope = choose([name])[0], [-1.0, 1.0]
    sample = Sample(np.array([1.0]), np.array([[0.5, 0.25]]))
    if chosen.loss.kind is Kind.GROUPED:
        sample = Sample(np.array([[1.0, 0.0]]), sample.prediction)
    loss, by_score = sample.compute(chosen)
    assert loss.tolist() == [1.75]
    assert by_score.tolist() == [slope]


@pytest.mark.parametrize("margin", [0.0, 1.5])
def test_a_pair_that_just_keeps_the_margin_pulls_nowhere(margin: float) -> None:
    assert compute(f"pairwise_hinge(margin={margin})", [1.0, 0.0], [margin + 2.0, 2.0]) == (0.0, [0.0, 0.0])
    loss, slope = compute(f"pairwise_hinge(margin={margin})", [1.0, 0.0], [margin, 1e-20])
    assert loss == 1e-20
    assert slope == [-1.0, 1.0]
