"""What is special to losses of labels: limits, twins, bounds that depend on the classes, and where libraries differ."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from sklearn import metrics

from lossctl.core.losses.loss import Kind
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from tests.support import at_target, everyday, extreme, far

seeds = st.integers(0, 10**9)
few = settings(max_examples=15, deadline=None)
LABELLED = [loss for loss in LOSSES.values() if loss.kind is Kind.MULTICLASS]
SCORED = [loss for loss in LABELLED if loss.prediction is not None and loss.prediction.is_real_line]
SHIFTED = [loss for loss in SCORED if loss.task == "multiclass"]


def ids(loss: object) -> str:
    return getattr(loss, "id", str(loss))


def compute(name: str, target: object, prediction: object, **params: float) -> tuple[Array, Array]:
    return LOSSES[name].choose(**params).compute(np.array(target, float), np.array(prediction, float))


def softmax(scores: Array) -> Array:
    return special.softmax(scores, axis=1)


# Twins: the same loss from probabilities and from logits, and of two classes as of one number


@pytest.mark.parametrize(
    ("on_scores", "on_probabilities", "params"),
    [
        ("softmax_cross_entropy", "categorical_cross_entropy", {"label_smoothing": 0.0}),
        ("softmax_cross_entropy", "categorical_cross_entropy", {"label_smoothing": 0.2}),
        ("multiclass_focal_with_logits", "multiclass_focal", {"gamma": 1.3}),
    ],
)
def test_scores_cost_what_their_probabilities_cost(
    on_scores: str, on_probabilities: str, params: dict[str, float]
) -> None:
    sample = everyday(LOSSES[on_scores], np.random.default_rng(1))
    q = softmax(sample.prediction)
    loss, slope = compute(on_scores, sample.target, sample.prediction, **params)
    expected, by_q = compute(on_probabilities, sample.target, q, **params)
    assert_allclose(loss, expected, rtol=1e-11)
    chained = q * (by_q - (by_q * q).sum(axis=1, keepdims=True))
    assert_allclose(slope, chained, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("many", "two", "factor", "params"),
    [
        ("categorical_cross_entropy", "binary_cross_entropy", 1.0, {}),
        ("multiclass_brier", "brier", 2.0, {}),
        ("multiclass_focal", "focal", 1.0, {"gamma": 1.7}),
        ("multiclass_spherical", "spherical", 1.0, {}),
    ],
)
def test_two_classes_are_the_binary_loss(many: str, two: str, factor: float, params: dict[str, float]) -> None:
    q = np.random.default_rng(2).uniform(0.01, 0.99, 50)
    label = (np.arange(50) % 2).astype(float)
    loss, slope = compute(many, label, np.column_stack([1.0 - q, q]), **params)
    expected, by_q = compute(two, label, q, **params)
    assert_allclose(loss, factor * expected, rtol=1e-12)
    assert_allclose(slope[:, 1] - slope[:, 0], factor * by_q, rtol=1e-12)


def test_one_threshold_is_a_yes_or_no() -> None:
    s = np.random.default_rng(3).normal(0.0, 4.0, 50)
    label = (np.arange(50) % 2).astype(float)
    expected, slope = compute("binary_cross_entropy_with_logits", label, s)
    for name, sign in (("coral", 1.0), ("cumulative_link", -1.0)):
        mine, mine_slope = compute(name, label, sign * s[:, None])
        assert_allclose(mine, expected, rtol=1e-14)
        assert_allclose(mine_slope[:, 0], sign * slope, rtol=1e-14)
    soft, soft_slope = compute("multilabel_soft_margin", label.reshape(10, 5), s.reshape(10, 5))
    assert_allclose(soft, expected.reshape(10, 5).mean(axis=1), rtol=1e-14)
    assert_allclose(soft_slope, slope.reshape(10, 5) / 5.0, rtol=1e-14)


def test_losses_that_are_others_at_a_limit() -> None:
    sample = everyday(LOSSES["softmax_cross_entropy"], np.random.default_rng(4))
    label, s, q = sample.target, sample.prediction, softmax(sample.prediction)
    cross = compute("categorical_cross_entropy", label, q)
    logistic = compute("softmax_cross_entropy", label, s)
    for mine, expected in (
        (compute("multiclass_focal", label, q, gamma=0.0), cross),
        (compute("generalized_cross_entropy", label, q, q=1e-17), cross),
        (compute("multiclass_focal_with_logits", label, s, gamma=0.0), logistic),
        (compute("multiclass_poly1", label, s, epsilon=0.0), logistic),
        (compute("categorical_cross_entropy", label, q, label_smoothing=1e-300), cross),
        (compute("softmax_cross_entropy", label, s, label_smoothing=1e-300), logistic),
        (compute("multi_margin", label, s[:, :], margin=1e-300), compute("multi_margin", label, s, margin=0.0)),
    ):
        assert_allclose(mine[0], expected[0], rtol=1e-14)
        assert_allclose(mine[1], expected[1], rtol=1e-14, atol=1e-290)


@pytest.mark.parametrize("epsilon", [-1.0, -0.8])
def test_a_first_term_taken_out_leaves_the_second(epsilon: float) -> None:
    """With ε = −1 the loss is u²/2 + u³/3 + …, which −log p_y − u cannot say for a small u."""
    gaps = np.concatenate([np.linspace(-3.0, 3.0, 13), [10.0, 40.0, 100.0]])
    loss, slope = compute("multiclass_poly1", np.zeros(16), np.column_stack([gaps, 0.0 * gaps]), epsilon=epsilon)
    with mp.workdps(120):
        for row, gap in enumerate(gaps):
            rest = mp.exp(-mp.mpf(float(gap)))
            missing = rest / (1 + rest)
            assert_allclose(loss[row], float(mp.log1p(rest) + mp.mpf(epsilon) * missing), rtol=4e-15)
            assert_allclose(slope[row, 1], float(missing * (1 + mp.mpf(epsilon) * (1 - missing))), rtol=4e-15)
            assert_allclose(slope[row, 0], -slope[row, 1], rtol=4e-15)


# What no score changes, and how the classes are named


@pytest.mark.parametrize("loss", SHIFTED, ids=ids)
@few
@given(seed=seeds)
def test_scores_that_move_together_change_nothing(loss: object, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sample = everyday(loss, rng)
    s = np.round(sample.prediction * 2.0**20) / 2.0**20  # so that the shift is exact
    chosen = loss.choose()
    (here, slope), (there, other) = (chosen.compute(sample.target, s + shift) for shift in (0.0, 4096.0))
    assert_allclose(there, here, rtol=1e-14)
    assert_allclose(other, slope, rtol=1e-14)
    assert_allclose(slope.sum(axis=1), 0.0, atol=4e-16 * np.abs(slope).max() * 5)


@pytest.mark.parametrize("loss", [one for one in LABELLED if one.task == "multiclass"], ids=ids)
def test_classes_have_no_order(loss: object) -> None:
    rng = np.random.default_rng(6)
    sample, order = everyday(loss, rng), rng.permutation(5)
    chosen = loss.choose()
    loss_here, slope = chosen.compute(sample.target, sample.prediction)
    place = np.argsort(order)[sample.target.astype(int)].astype(float)
    moved, moved_slope = chosen.compute(place, sample.prediction[:, order])
    assert_allclose(moved, loss_here, rtol=4e-15)
    assert_allclose(moved_slope, slope[:, order], rtol=4e-15, atol=1e-16)


@pytest.mark.parametrize("columns", [2, 17, 40])
@pytest.mark.parametrize("loss", LABELLED, ids=ids)
def test_any_number_of_classes(loss: object, columns: int) -> None:
    """More columns than are added one by one; the complex step again checks the slopes."""
    rng = np.random.default_rng(7)
    s = np.sort(rng.normal(0.0, 2.0, (30, columns)), axis=1)
    prediction = s if loss in SCORED else softmax(s)
    label = rng.integers(0, columns, 30).astype(float)
    chosen = loss.choose()
    slope = chosen.compute(label, prediction)[1]
    for column in range(columns):
        step = 1e-30j * (np.arange(columns) == column)
        assert_allclose(
            slope[:, column], chosen.compute(label, prediction + step)[0].imag / 1e-30, rtol=1e-11, atol=1e-15
        )


# Kinks and ties


@given(seed=seeds)
@few
def test_tied_classes_share_the_slope(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = rng.integers(-2, 3, (100, 5)).astype(float)
    label = rng.integers(0, 5, 100)
    for name, margin in (("crammer_singer", 1.0), ("multiclass_perceptron", 0.0)):
        loss, slope = compute(name, label, s)
        for row in range(100):
            others = [k for k in range(5) if k != label[row]]
            best = max(s[row, k] for k in others)
            expected = np.zeros(5)
            if best + margin > s[row, label[row]]:
                tied = [k for k in others if s[row, k] == best]
                expected[tied], expected[label[row]] = 1.0 / len(tied), -1.0
            assert loss[row] == max(0.0, best + margin - s[row, label[row]])
            assert_allclose(slope[row], expected, rtol=1e-15)


def test_a_hair_from_the_kink() -> None:
    """The score of the label and its rival differ by 1 but for less than the rounding of their difference."""
    for name, params, share in (("crammer_singer", {}, 1.0), ("multi_margin", {}, 0.5)):
        loss, slope = compute(name, [0.0, 0.0], [[1.0, 1e-20], [1.0, -1e-20]], **params)
        assert_allclose(loss, [1e-20 * share, 0.0], rtol=1e-15)
        assert_array_equal(slope, [[-share, share], [0.0, 0.0]])
    loss, slope = compute("sparsemax", [0.0, 0.0], [[1.0, 1e-20], [1.0, -1e-20]])
    assert_allclose(loss, [0.25e-40, 0.0], rtol=1e-14)
    assert_allclose(slope, [[-0.5e-20, 0.5e-20], [0.0, 0.0]], rtol=1e-14)
    loss, slope = compute("multilabel_margin", [[1.0, 0.0], [1.0, 0.0]], [[1.0, 1e-20], [1.0, -1e-20]])
    assert_allclose(loss, [0.5e-20, 0.0], rtol=1e-15)


def test_logits_of_thresholds_that_do_not_increase_leave_nothing() -> None:
    loss, slope = compute("cumulative_link", [1.0, 0.0, 2.0, 1.0], [[1.0, 0.5]] * 3 + [[1.0, 1.0]])
    assert_array_equal(np.isinf(loss), [True, False, False, True])
    assert_array_equal(slope[0], [np.inf, -np.inf])
    assert np.isfinite(slope[1:3]).all()


def test_thresholds_on_both_sides_of_a_sure_class() -> None:
    """σ(b) − σ(−b) is tanh(b/2), whose logarithm is small: so must each of the three terms be exact."""
    b = np.array([1e-9, 0.3, 0.5001, 1.0, 4.0, 15.0, 18.0, 40.0, 300.0])
    loss, slope = compute("cumulative_link", np.ones(9), np.column_stack([-b, b]))
    assert_allclose(loss, np.log1p(2.0 / np.expm1(b)), rtol=1e-15)
    assert_allclose(slope[:, 0], 0.5 / np.sinh(b), rtol=2e-15)
    assert_allclose(slope[:, 1], -0.5 / np.sinh(b), rtol=2e-15)


# Facts that depend on the number of classes, or on a parameter


BOUNDS: dict[str, Callable[..., float]] = {
    "multiclass_spherical": lambda k, _: (math.sqrt(k) + math.sqrt(k - 1)) / 2,
    "multi_margin": lambda k, _: math.sqrt(1 - 1 / k),
    "coral": lambda k, _: math.sqrt(k),
    "multilabel_soft_margin": lambda k, _: 1 / math.sqrt(k),
    "multilabel_margin": lambda k, y: np.sqrt(y.sum(axis=1) * (k - y.sum(axis=1)) / k),
}
"""The norm of the slope at most, for k columns, as the rows' notes have it."""


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_of_the_slope_by_classes(name: str) -> None:
    loss = LOSSES[name]
    sample = far(loss, np.random.default_rng(8), rows=20_000)
    norm = np.linalg.norm(sample.compute(loss.choose())[1], axis=1)
    bound = BOUNDS[name](5, sample.target)
    assert (norm <= bound * (1.0 + 1e-14) + 1e-300).all()
    assert_allclose((norm / np.maximum(bound, 1e-300)).max(), 1.0, rtol=0.02)


def test_the_ranked_probability_score_is_at_most_the_thresholds() -> None:
    sample = extreme(LOSSES["ranked_probability_score"], np.random.default_rng(9))
    loss = sample.compute(LOSSES["ranked_probability_score"].choose())[0]
    assert_allclose(loss.max(), 4.0, rtol=1e-12)


def test_smoothed_labels_are_best_met_by_themselves() -> None:
    smoothing, best = 0.3, np.full((5, 5), 0.06) + 0.7 * np.eye(5)
    label = np.arange(5.0)
    floor = -(0.76 * math.log(0.76) + 4 * 0.06 * math.log(0.06))
    loss, slope = compute("categorical_cross_entropy", label, best, label_smoothing=smoothing)
    assert_allclose(loss, floor, rtol=1e-14)
    assert_allclose(slope, -1.0, rtol=1e-14)
    loss, slope = compute("softmax_cross_entropy", label, np.log(best), label_smoothing=smoothing)
    assert_allclose(loss, floor, rtol=1e-14)
    assert_allclose(slope, 0.0, atol=1e-15)


def test_the_sum_of_a_proper_score_is_least_at_the_truth() -> None:
    truth = np.array([0.5, 0.3, 0.2])
    others = np.random.default_rng(10).dirichlet(np.ones(3), 500)
    for name in ("categorical_cross_entropy", "multiclass_brier", "multiclass_spherical", "ranked_probability_score"):
        best = truth @ compute(name, [0, 1, 2], np.tile(truth, (3, 1)))[0]
        means = np.array([truth @ compute(name, [0, 1, 2], np.tile(q, (3, 1)))[0] for q in others])
        assert (means > best).all()


@pytest.mark.parametrize("loss", SCORED, ids=ids)
def test_a_label_far_ahead_costs_nothing(loss: object) -> None:
    if loss.task == "multiclass":
        sample = at_target(loss, everyday(loss, np.random.default_rng(11)), ahead=100.0)
        values, slope = sample.compute(loss.choose())
        assert (values < 1e-40).all()
        assert (np.abs(slope) < 1e-40).all()


# Where libraries are wrong or differ


def test_no_probability_is_clipped() -> None:
    """scikit-learn holds probabilities above 2.2e-16, so that the impossible costs 36."""
    q = [[1.0, 0.0, 0.0]]
    assert_allclose(metrics.log_loss([1], q, labels=[0, 1, 2]), 36.04, rtol=1e-3)
    assert compute("categorical_cross_entropy", [1], q)[0][0] == math.inf
    tiny = [[1.0, 1e-30, 0.0]]
    assert_allclose(compute("categorical_cross_entropy", [1], tiny)[0], -math.log(1e-30), rtol=1e-15)


def test_scikit_learn_agrees_away_from_zero() -> None:
    sample = everyday(LOSSES["categorical_cross_entropy"], np.random.default_rng(12))
    expected = metrics.log_loss(sample.target, sample.prediction, labels=np.arange(5))
    assert_allclose(
        compute("categorical_cross_entropy", sample.target, sample.prediction)[0].mean(), expected, rtol=1e-13
    )


@pytest.mark.parametrize("lead", [36.5, 40.0, 400.0, 700.3])
def test_no_false_zero_of_a_sure_and_right_row(lead: float) -> None:
    """Log-sum-exp less the label's score, the form of most libraries, is 0 from 37 on; so is p_y − 1."""
    s = np.array([[lead, 0.0, 0.1, -0.3]])
    naive = special.logsumexp(s, axis=1)[0] - lead
    with mp.workdps(400):
        true = mp.log1p(mp.fsum(mp.exp(mp.mpf(float(x)) - mp.mpf(lead)) for x in s[0, 1:]))
        missing = float(1 - mp.exp(-true))
        true = float(true)
    if lead > 37.0:
        assert naive == 0.0
    loss, slope = compute("softmax_cross_entropy", [0.0], s)
    assert_allclose(loss, true, rtol=4e-15)
    assert_allclose(slope[0, 0], -missing, rtol=4e-15)
    assert_allclose(
        compute("multiclass_focal_with_logits", [0.0], s, gamma=0.5)[0], math.sqrt(missing) * true, rtol=1e-14
    )


def test_soft_margins_far_out_are_finite() -> None:
    """PyTorch's soft margin is log(1 + exp(−m)): inf from −89 in single precision, from −710 in double."""
    with np.errstate(over="ignore"):
        assert np.log1p(np.exp(np.float32(100.0))) == np.inf
    loss, slope = compute("multilabel_soft_margin", [[1.0, 0.0]], [[-100.0, 1e300]])
    assert_allclose(loss, 5e299, rtol=1e-15)
    assert_allclose(compute("multilabel_soft_margin", [[1.0]], [[-1000.0]])[0], 1000.0, rtol=1e-15)
    assert_array_equal(slope, [[-0.5, 0.5]])


def test_a_sharp_distribution_has_a_spherical_loss() -> None:
    q = np.array([[1.0 - 1e-10, 1e-10]])
    assert_allclose(compute("multiclass_spherical", [0.0], q)[0], 0.5e-20, rtol=1e-9)
    assert 1.0 - q[0, 0] / np.linalg.norm(q) == 0.0


def test_margins_divide_by_the_classes() -> None:
    """PyTorch's MultiMarginLoss on its documented example: (0.8 + 0.6 + 0.6)/4 with margins from 0.1, 0.2, 0.4, 0.8."""
    loss, _ = compute("multi_margin", [3.0], [[0.1, 0.2, 0.4, 0.8]])
    assert_allclose(loss, (1 - 0.7 + 1 - 0.6 + 1 - 0.4) / 4, rtol=1e-15)
    loss, _ = compute("multilabel_margin", [[1.0, 0.0, 0.0, 1.0]], [[0.1, 0.2, 0.4, 0.8]])
    assert_allclose(loss, 0.85, rtol=1e-15)  # the example of MultiLabelMarginLoss


@pytest.mark.parametrize(("p", "far", "expected"), [(1, 1.5e308, 1e308), (2, 1.2e154, 9.6e307)])
def test_a_mean_of_margins_may_be_finite_where_their_sum_is_not(p: int, far: float, expected: float) -> None:
    loss, _ = compute("multi_margin", [0.0], [[0.0, far, far]], p=p)
    assert_allclose(loss, expected, rtol=1e-15)


def test_hinge_of_scikit_learn_by_the_row() -> None:
    sample = everyday(LOSSES["crammer_singer"], np.random.default_rng(13))
    expected = metrics.hinge_loss(sample.target, sample.prediction, labels=np.arange(5))
    assert_allclose(compute("crammer_singer", sample.target, sample.prediction)[0].mean(), expected, rtol=1e-14)
