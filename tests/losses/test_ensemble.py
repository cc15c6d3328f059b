"""What is special about ensembles: ties, estimators, what scores must not depend on, and digits libraries lose."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scoringrules
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.errors import UsageError
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from lossctl.losses.ensemble import crps_ensemble, energy_score, variogram_score
from tests.oracles.formulas_ensemble import ENSEMBLE

ESTIMATORS = ["standard", "fair"]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)


def numbers(rows: int = 60, members: int = 7) -> tuple[Array, Array]:
    rng = np.random.default_rng(41)
    return rng.normal(size=rows), rng.normal(0.3, 2.0, (rows, members))


def vectors(rows: int = 60, members: int = 5, components: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(42)
    return rng.normal(size=(rows, components)), rng.normal(0.3, 2.0, (rows, members * components))


# Continuous ranked probability


@pytest.mark.parametrize("members", [1, 2, 9, 40])
def test_crps_is_the_integral_of_a_squared_difference(members: int) -> None:
    """In exact arithmetic: between neighbours among members and target both distributions are constant."""
    y, x = numbers(10, members)
    for row in range(10):
        ends = sorted(map(Fraction, [y[row], *x[row]]))
        total = Fraction(0)
        for low, high in itertools.pairwise(ends):
            share = Fraction(sum(Fraction(member) <= low for member in x[row]), members)
            total += (high - low) * (share - (Fraction(y[row]) <= low)) ** 2
        loss = crps_ensemble(y[row : row + 1], x[row : row + 1], "standard")[0]
        assert_allclose(loss, [float(total)], rtol=1e-15)


@pytest.mark.parametrize("score", [crps_ensemble, energy_score])
@pytest.mark.parametrize("members", [2, 3])
def test_fair_scores_of_samples_have_the_score_of_what_they_are_drawn_from_as_their_mean(
    score: object, members: int
) -> None:
    points, y = np.array([-1.3, 0.2, 0.9, 4.1]), np.array([0.5])
    samples = np.array(list(itertools.product(points, repeat=members)))
    fair = score(np.repeat(y, len(samples)), samples, "fair")[0].mean()
    standard = score(np.repeat(y, len(samples)), samples, "standard")[0].mean()
    whole = score(y, points[None, :], "standard")[0][0]
    assert_allclose(fair, whole, rtol=1e-14)
    assert standard > 1.1 * whole, "which favours large ensembles"


@every_estimator
def test_the_order_of_members_changes_no_bit_of_the_crps(estimator: str) -> None:
    y, x = numbers()
    x[::3, 4] = x[::3, 1]
    order = np.random.default_rng(43).permutation(7)
    loss, slope = crps_ensemble(y, x, estimator)
    turned = crps_ensemble(y, x[:, order], estimator)
    assert_array_equal(turned[0], loss)
    assert_array_equal(turned[1], slope[:, order])


@every_estimator
@pytest.mark.parametrize(("x", "tied"), [([1.0, 4.0, 2.0, 4.0, 4.0], 3), ([-1.0, -5.0, -1.0, 3.0, -2.0], 2)])
def test_members_that_tie_share_their_slopes(estimator: str, x: list[float], tied: int) -> None:
    """The mean of the slopes they have when drawn apart, which is the subgradient of least norm."""
    together = np.array([x])
    same = np.flatnonzero(together[0] == max(x, key=x.count))
    assert len(same) == tied
    apart = together.copy()
    apart[0, same] += 1e-9 * np.arange(len(same))
    slope, others = (crps_ensemble(np.zeros(1), each, estimator)[1][0] for each in (together, apart))
    assert len(set(others[same])) == tied
    assert_allclose(slope[same], np.full(tied, others[same].mean()), rtol=1e-14)
    rest = np.setdiff1d(np.arange(5), same)
    assert_array_equal(slope[rest], others[rest])


@every_estimator
def test_a_member_on_the_target_has_slope_0(estimator: str) -> None:
    x = np.array([[0.5, 2.0, 2.0, 5.0]])
    slope = crps_ensemble(np.array([2.0]), x, estimator)[1][0]
    assert_array_equal(slope[1:3], [0.0, 0.0])
    step = np.array([0.0, 1e-9, 1e-9, 0.0])
    sides = [crps_ensemble(np.array([2.0]), x + way * step, estimator)[1][0] for way in (-1.0, 1.0)]
    assert (sides[0][1:3] < 0.0).all()
    assert (sides[1][1:3] > 0.0).all()


def test_scoringrules_loses_a_fair_score_to_one_far_member() -> None:
    """The outermost member's distance has no weight in the fair score; a difference of large sums cannot see so."""
    y, x = np.array([0.2]), np.array([[0.1, 1e17, 0.3]])
    theirs = scoringrules.crps_ensemble(y, x, estimator="fair", backend="numpy")
    assert abs(theirs[0] - 0.1 / 3.0) > 0.01
    expected = (Fraction(0.3) - Fraction(0.2)) / 3
    assert_allclose(crps_ensemble(y, x, "fair")[0], [float(expected)], rtol=1e-15)
    assert_allclose(energy_score(y, x, "fair")[0], [float(expected)], rtol=1e-15)


def test_what_scoringrules_calls_pwm_is_fair_and_its_nrg_standard() -> None:
    y, x = numbers()
    for name, estimator in (("pwm", "fair"), ("nrg", "standard"), ("qd", "standard"), ("int", "standard")):
        theirs = scoringrules.crps_ensemble(y, np.sort(x, axis=1), estimator=name, backend="numpy")
        assert_allclose(crps_ensemble(y, x, estimator)[0], theirs, rtol=1e-12)


@every_estimator
def test_nothing_is_undefined_at_the_ends_of_float64(estimator: str) -> None:
    most = np.finfo(float).max
    x = np.array([[-most, most, 0.0, most]])
    for y in (0.0, most, -most):
        for score, target in ((crps_ensemble, np.array([y])), (energy_score, np.array([y]))):
            with np.errstate(all="ignore"):
                loss, slope = score(target, x, estimator)
            assert loss[0] > 1e307
            assert np.isfinite(slope).all()


def test_a_gap_too_large_for_a_float64_has_no_weight_in_the_fair_score_of_one_far_member() -> None:
    most = np.finfo(float).max
    for sign in (1.0, -1.0):
        with np.errstate(all="ignore"):
            loss, slope = crps_ensemble(np.array([sign * most]), sign * np.array([[most, -most, most]]), "fair")
        assert loss[0] == 0.0
        assert_array_equal(slope, [[0.0, 0.0, 0.0]])


# Energy


@every_estimator
def test_energy_of_one_component_is_the_crps(estimator: str) -> None:
    y, x = numbers()
    x[::4, 2], x[::5, 3], x[::7, 0] = x[::4, 1], y[::5], 1e9
    for mine, expected in zip(energy_score(y, x, estimator), crps_ensemble(y, x, estimator), strict=True):
        assert_allclose(mine, expected, rtol=1e-14, atol=1e-16)
    for mine, expected in zip(energy_score(y[:, None], x, estimator), crps_ensemble(y, x, estimator), strict=True):
        assert_allclose(mine, expected, rtol=1e-14, atol=1e-16)


@every_estimator
def test_energy_knows_no_direction_and_scales(estimator: str) -> None:
    y, x = vectors()
    turn = np.linalg.qr(np.random.default_rng(44).normal(size=(3, 3)))[0]
    members = x.reshape(60, 5, 3)
    loss, slope = energy_score(y, x, estimator)
    turned = energy_score(y @ turn, (members @ turn).reshape(60, 15), estimator)
    assert_allclose(turned[0], loss, rtol=1e-13)
    assert_allclose(turned[1].reshape(60, 5, 3), slope.reshape(60, 5, 3) @ turn, rtol=1e-12, atol=1e-15)
    for scale in (1e-170, 1e170):  # whose squares no float64 holds
        assert_allclose(energy_score(scale * y, scale * x, estimator)[0], scale * loss, rtol=1e-14)


def test_energy_of_members_on_opposite_sides_is_what_the_way_by_the_target_is_longer() -> None:
    """A difference of lengths of 1e200 that is 1e-141: no square of a unit's last component is a float64."""
    y, x = np.zeros((1, 2)), np.array([[1e200, 1.0, -1e200, 1e30]])
    with mp.workdps(800):
        expected = float(ENSEMBLE["energy_score"]([mp.mpf(0)] * 2, [mp.mpf(v) for v in x[0].tolist()], "fair"))
    assert 1e-142 < expected < 1e-140
    assert_allclose(energy_score(y, x, "fair")[0], [expected], rtol=1e-14)


@every_estimator
def test_slopes_of_the_energy_are_bounded(estimator: str) -> None:
    y, x = vectors()
    slope = energy_score(y, x, estimator)[1].reshape(60, 5, 3)
    assert np.linalg.norm(slope, axis=2).max() <= 2.0 / 5.0
    assert np.abs(crps_ensemble(*numbers(), estimator)[1]).max() <= 2.0 / 7.0


@every_estimator
def test_a_member_that_meets_the_target_or_another_member(estimator: str) -> None:
    y, x = vectors(members=3)
    members = x.reshape(60, 3, 3)
    members[:, 0] = y
    slope = energy_score(y, x, estimator)[1].reshape(60, 3, 3)
    assert not slope[:, 0].any()
    members[:, 0] = members[:, 2]
    slope = energy_score(y, x, estimator)[1].reshape(60, 3, 3)
    assert_array_equal(slope[:, 0], slope[:, 2])
    away = members[:, 0] - y
    among = members[:, 0] - members[:, 1]
    pairs = 6.0 if estimator == "fair" else 9.0
    expected = away / np.linalg.norm(away, axis=1, keepdims=True) / 3.0
    expected -= among / np.linalg.norm(among, axis=1, keepdims=True) / pairs
    assert_allclose(slope[:, 0], expected, rtol=1e-12, atol=1e-15)


# Variograms


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0])
def test_a_shift_of_target_or_members_changes_no_variogram(p: float) -> None:
    y, x = vectors()
    loss = variogram_score(y, x, p)[0]
    assert_allclose(variogram_score(y + 7.0, x, p)[0], loss, rtol=1e-11)
    assert_allclose(variogram_score(y, x - 3.0, p)[0], loss, rtol=1e-11)


def test_scoringrules_loses_a_small_variogram_score() -> None:
    y, x = np.array([[0.1, 1.3]]), np.array([[0.1, 1.3 + 2.0**-40]])
    theirs = scoringrules.vs_ensemble(y, x[:, None, :], p=0.5, backend="numpy")
    with mp.workdps(50):
        low, wanted, given = mp.mpf(0.1), mp.mpf(1.3), mp.mpf(x[0, 1])
        expected = float(2 * (mp.sqrt(given - low) - mp.sqrt(wanted - low)) ** 2)
    assert abs(theirs[0] / expected - 1.0) > 1e-5
    assert_allclose(variogram_score(y, x, 0.5)[0], [expected], rtol=1e-15)


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 2.0])
def test_the_variogram_score_is_not_convex(p: float) -> None:
    """Members whose components lie as far apart as the target's, either way round, score 0; half-way they are equal."""
    y = np.array([[0.0, 1.0]] * 3)
    loss = variogram_score(y, np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]), p)[0]
    assert_array_equal(loss, [0.0, 2.0, 0.0])


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0])
def test_components_that_are_equal_have_no_slope(p: float) -> None:
    for y in ([0.0, 3.0], [2.0, 2.0]):
        slope = variogram_score(np.array([y]), np.array([[1.5, 1.5, 0.0, 4.0]]), p)[1][0]
        assert_array_equal(slope[:2], [0.0, 0.0])
        assert slope[3] == -slope[2]


def test_a_variogram_beyond_float64_is_infinite_and_none_where_members_are_the_target() -> None:
    y, x = np.array([[1e200, -1e200], [1e200, -1e200]]), np.array([[1e200, -1e200], [1e200, -2e200]])
    with np.errstate(all="ignore"):
        loss, slope = variogram_score(y, x, 2.0)
    assert_array_equal(loss, [0.0, np.inf])
    assert not np.isnan(slope).any()


# What columns they take


@pytest.mark.parametrize(
    ("name", "params", "columns", "problem"),
    [
        ("crps_ensemble", {"estimator": "fair"}, {"members": 1, "components": 1}, "at least 2 members"),
        ("energy_score", {"estimator": "fair"}, {"members": 1, "components": 3}, "at least 2 members"),
        ("crps_ensemble", {}, {"members": 4, "components": 3}, "one number a row"),
        ("variogram_score", {}, {"members": 4, "components": 1}, "there is one a row"),
    ],
)
def test_columns_that_will_not_do_are_refused(
    name: str, params: dict[str, str], columns: dict[str, int], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem) as refused:
        LOSSES[name].choose(**params).check_columns(**columns)
    assert refused.value.cure


@pytest.mark.parametrize(
    ("name", "params", "columns"),
    [
        ("crps_ensemble", {}, {"members": 1, "components": 1}),
        ("crps_ensemble", {"estimator": "fair"}, {"members": 2, "components": 1}),
        ("energy_score", {}, {"members": 1, "components": 1}),
        ("energy_score", {"estimator": "fair"}, {"members": 2, "components": 3}),
        ("variogram_score", {}, {"members": 1, "components": 2}),
    ],
)
def test_columns_that_will_do_are_taken(name: str, params: dict[str, str], columns: dict[str, int]) -> None:
    LOSSES[name].choose(**params).check_columns(**columns)
