"""What is special about binary losses of probabilities, and where other libraries differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics

from lossctl.core.errors import UsageError
from lossctl.core.types import Array
from lossctl.losses import LOSSES, choose
from lossctl.losses.binary_probability import finish_dice, finish_focal_tversky, finish_overlap
from tests.sample import Sample
from tests.support import whole

rng = np.random.default_rng(11)
LABELS = rng.integers(0, 2, 60).astype(float)
CHANCES = rng.uniform(0.02, 0.98, 60)
HARD = (rng.random(60) < 0.6).astype(float)

shares = st.floats(0.0, 1.0)


def one(text: str, y: float, q: float) -> tuple[float, float]:
    (chosen,) = choose([text])
    loss, slope = chosen.compute(np.array([y]), np.array([q]))
    return float(loss[0]), float(slope[0])


def value(text: str, y: Array, q: Array) -> float:
    (chosen,) = choose([text])
    return whole(chosen, Sample(y, q))[0] if chosen.loss.parts > 1 else float(chosen.compute(y, q)[0].mean())


# Libraries


@pytest.mark.parametrize("q", [1e-20, 1e-300])
def test_certainty_of_what_did_not_happen_is_not_clipped_as_in_scikit_learn(q: float) -> None:
    theirs = metrics.log_loss([1], [[1.0 - q, q]], labels=[0, 1])
    assert_allclose(theirs, -np.log(np.finfo(float).eps), rtol=1e-3)  # scikit-learn: 36.04 whatever q is
    assert_allclose(one("log_loss", 1.0, q)[0], float(-mp.log(mp.mpf(q))), rtol=1e-15)
    assert one("log_loss", 1.0, 0.0) == (np.inf, -np.inf)


def test_a_logarithm_does_not_stop_at_minus_100_as_in_torch() -> None:
    theirs = (100.0, -1000000003995.8029)  # torch 2.13: loss and slope for y = 1, q = 1e-50
    assert_allclose(one("bce", 1.0, 1e-50), [50.0 * np.log(10.0), -1e50], rtol=1e-14)
    assert one("bce", 1.0, 1e-50)[0] > theirs[0]
    assert one("bce", 1.0, 1e-50)[1] < 1e30 * theirs[1]


def test_a_small_chance_of_what_did_not_happen_still_counts() -> None:
    q = 1e-20
    assert metrics.log_loss([0], [[1.0 - q, q]], labels=[0, 1]) < 1e-15  # eps at most, and no digit of q
    assert one("log_loss", 0.0, q) == (1e-20, 1.0)
    assert one("poly1(epsilon=-1)", 0.0, q) == (5e-41, 1e-20)
    assert one("spherical", 0.0, q) == (5e-41, 1e-20)


@pytest.mark.parametrize("w", [0.5, 1.0 - 1e-9, 1.0])
def test_brier_is_half_of_the_score_over_both_outcomes(w: float) -> None:
    both = (1.0 - w) ** 2 + (0.0 - (1.0 - w)) ** 2
    assert_allclose(one("brier", 1.0, w)[0], both / 2.0, rtol=1e-15)


def test_overlaps_of_hard_predictions_are_those_of_scikit_learn() -> None:
    assert_allclose(value("dice", LABELS, HARD), 1.0 - metrics.f1_score(LABELS, HARD), rtol=1e-14)
    assert_allclose(value("jaccard", LABELS, HARD), 1.0 - metrics.jaccard_score(LABELS, HARD), rtol=1e-14)
    weighted = value("tversky(alpha=0.2,beta=0.8)", LABELS, HARD)  # beta² = β/α of F-beta
    assert_allclose(weighted, 1.0 - metrics.fbeta_score(LABELS, HARD, beta=2.0), rtol=1e-14)


def test_smooth_is_a_share_of_rows_where_libraries_add_it_to_sums() -> None:
    total = 1.0 - (2.0 * (LABELS * CHANCES).sum() + 1.0) / (LABELS.sum() + CHANCES.sum() + 1.0)
    assert abs(value("dice(smooth=1)", LABELS, CHANCES) - total) > 0.1
    smooth = LOSSES["dice"].choose(smooth=1.0 / len(LABELS))
    assert_allclose(whole(smooth, Sample(LABELS, CHANCES))[0], total, rtol=1e-14)


# One loss in terms of another


def test_what_equals_what() -> None:
    dice = value("dice", LABELS, CHANCES)
    assert_allclose(value("jaccard", LABELS, CHANCES), 2.0 * dice / (1.0 + dice), rtol=1e-14)
    assert_allclose(value("tversky", LABELS, CHANCES), dice, rtol=1e-14)
    assert_allclose(value("tversky(alpha=1,beta=1)", LABELS, CHANCES), value("jaccard", LABELS, CHANCES), rtol=1e-14)
    focal = value("focal_tversky(alpha=0.4,beta=0.9,gamma=0.5)", LABELS, CHANCES)
    assert_allclose(focal, value("tversky(alpha=0.4,beta=0.9)", LABELS, CHANCES) ** 2, rtol=1e-14)


@pytest.mark.parametrize("text", ["focal(gamma=0)", "poly1(epsilon=0)", "bce(label_smoothing=0,pos_weight=1)"])
def test_without_its_parameter_each_is_binary_cross_entropy(text: str) -> None:
    (chosen,), (plain,) = choose([text]), choose(["binary_cross_entropy"])
    for mine, expected in zip(chosen.compute(LABELS, CHANCES), plain.compute(LABELS, CHANCES), strict=True):
        assert_allclose(mine, expected, rtol=4e-16)


def test_poly1_does_not_jump_where_its_form_changes() -> None:
    for epsilon in (-0.5, np.nextafter(-0.5, -1.0)):
        loss, slope = LOSSES["poly1"].choose(epsilon=float(epsilon)).compute(LABELS, CHANCES)
        w = np.where(LABELS == 1.0, CHANCES, 1.0 - CHANCES)
        assert_allclose(loss, -np.log(w) - 0.5 * (1.0 - w), rtol=1e-14)
        assert_allclose(slope, -(2.0 * LABELS - 1.0) * (1.0 / w - 0.5), rtol=1e-14)


@given(q=shares, y=st.sampled_from([0.0, 1.0]))
def test_poly1_without_its_first_term_keeps_its_digits(q: float, y: float) -> None:
    with mp.workdps(700):
        exact = mp.mpf(q)
        w = exact if y else 1 - exact
        expected = float(-mp.log(w) - (1 - w)) if w else np.inf
    assert_allclose(one("poly1(epsilon=-1)", y, q)[0], expected, rtol=1e-14, atol=5e-324)


# Facts that the fields of a row cannot say


@pytest.mark.parametrize("smoothing", [0.1, 0.6, 1.0])
def test_smoothed_cross_entropy_is_least_at_the_smoothed_target(smoothing: float) -> None:
    t = 1.0 - smoothing / 2.0
    loss, slope = one(f"bce(label_smoothing={smoothing})", 1.0, t)
    assert_allclose(loss, -t * np.log(t) - (1.0 - t) * np.log1p(-t), rtol=1e-14)
    assert abs(slope) < 1e-14
    assert one(f"bce(label_smoothing={smoothing})", 1.0, t + 1e-3 * (0.5 - t + 1e-9))[0] >= loss
    assert one(f"bce(label_smoothing={smoothing})", 1.0, 1.0) == (np.inf, np.inf)


@pytest.mark.parametrize("y", [0.0, 1.0])
@pytest.mark.parametrize(
    ("text", "vanishes"),
    [
        ("focal", True),
        ("focal(gamma=0.1)", True),
        ("focal(gamma=0)", False),
        ("poly1(epsilon=-1)", True),
        ("poly1", False),
    ],
)
def test_where_the_slope_vanishes_at_the_target(text: str, y: float, *, vanishes: bool) -> None:
    assert (one(text, y, y)[1] == 0.0) == vanishes


@pytest.mark.parametrize("name", ["binary_cross_entropy", "brier", "spherical"])
@pytest.mark.parametrize("chance", [0.1, 0.37, 0.8])
def test_proper_scores_are_least_at_the_chance_itself(name: str, chance: float) -> None:
    q = np.linspace(0.01, 0.99, 99)
    chosen = LOSSES[name].choose()
    expected = chance * chosen.compute(np.ones(99), q)[0] + (1.0 - chance) * chosen.compute(np.zeros(99), q)[0]
    assert_allclose(q[expected.argmin()], chance, atol=1e-12)


def test_focal_is_no_proper_score() -> None:
    q = np.linspace(0.01, 0.99, 99)
    chosen = LOSSES["focal"].choose()
    expected = 0.8 * chosen.compute(np.ones(99), q)[0] + 0.2 * chosen.compute(np.zeros(99), q)[0]
    assert 0.5 < q[expected.argmin()] < 0.75


# Edges


def test_nothing_to_overlap_is_a_perfect_overlap() -> None:
    assert finish_overlap((0.0, 0.0)) == (0.0, (0.0, 0.0))
    assert finish_dice((0.0, 0.0), smooth=0.0) == (0.0, (0.0, 0.0))
    assert finish_focal_tversky((0.0, 0.0), gamma=2.0) == (0.0, (0.0, 0.0))
    assert finish_focal_tversky((0.5, 0.0), gamma=4.0) == (0.0, (0.0, 0.0)), "the slope there is infinite"


def test_a_nearly_perfect_overlap_keeps_its_digits() -> None:
    q = np.array([1.0, 1e-20])
    assert_allclose(value("dice", np.array([1.0, 0.0]), q), 5e-21, rtol=1e-14)


def test_alpha_is_a_share_or_none() -> None:
    assert [one.label for one in choose(["focal(alpha=none,0.25)"])] == [
        "focal(gamma=2.0,alpha=none)",
        "focal(gamma=2.0,alpha=0.25)",
    ]
    for wrong in ("0", "1", "-0.5", "1.5", "nan"):
        with pytest.raises(UsageError, match=r"alpha: .* is not a number in \(0, 1\) or none"):
            choose([f"focal(alpha={wrong})"])


@pytest.mark.parametrize("name", ["binary_cross_entropy", "focal", "poly1", "spherical", "brier"])
@given(y=st.sampled_from([0.0, 1.0]), q=shares)
def test_the_two_labels_mirror_each_other(name: str, y: float, q: float) -> None:
    loss, slope = one(name, y, 1.0 - q)
    mirrored, back = one(name, 1.0 - y, 1.0 - (1.0 - q))
    assert_allclose(loss, mirrored, rtol=1e-14, atol=1e-300)
    assert_array_equal(np.sign(slope), -np.sign(back))
