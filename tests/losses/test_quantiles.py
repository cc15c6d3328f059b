"""What is special about intervals and quantiles: kinks, levels that must pair up, and where libraries differ."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.errors import UsageError
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from lossctl.losses.quantiles import crps_quantile, interval_score

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
WIS = LOSSES["weighted_interval_score"].choose()


def forecasts(rows: int = 400) -> tuple[Array, Array]:
    rng = np.random.default_rng(31)
    y = rng.normal(50.0, 3.0, rows)
    return y, np.sort(y[:, None] + rng.normal(0.5, 2.0, (rows, 5)))


def test_scoringrules_adds_the_median_where_its_error_belongs() -> None:
    y, q = forecasts()
    alpha, median = 2.0 * LEVELS[:2], q[:, 2]
    lower, upper = q[:, :2], q[:, :2:-1]
    theirs = scoringrules.weighted_interval_score(y, median, lower, upper, alpha, backend="numpy")
    ours = WIS.compute(y, q, levels=LEVELS)[0]
    assert_allclose(theirs - ours, 0.5 * (median - np.abs(y - median)) / 2.5, rtol=1e-9)
    moved = scoringrules.weighted_interval_score(
        y + 1e3, median + 1e3, lower + 1e3, upper + 1e3, alpha, backend="numpy"
    )
    assert_allclose(moved - theirs, np.full(400, 200.0), rtol=1e-9)
    assert_allclose(WIS.compute(y + 1e3, q + 1e3, levels=LEVELS)[0], ours, rtol=1e-9)


def test_it_is_the_sum_of_interval_scores_also_where_quantiles_cross() -> None:
    y, q = forecasts()
    q = q[:, [2, 0, 1, 4, 3]]
    total = 0.5 * np.abs(y - q[:, 2])
    for k, tau in enumerate(LEVELS[:2]):
        lower, upper = q[:, k], q[:, -1 - k]
        missed = np.maximum(lower - y, 0.0) + np.maximum(y - upper, 0.0)
        total += tau * (upper - lower) + missed
    assert_allclose(WIS.compute(y, q, levels=LEVELS)[0], total / 2.5, rtol=1e-14)


@pytest.mark.parametrize("ends", [(2.0, 5.0), (2.0, 2.0)])
@pytest.mark.parametrize("alpha", [0.05, 0.9])
def test_slopes_at_an_end_are_the_subgradients_of_least_norm(ends: tuple[float, float], alpha: float) -> None:
    """On either side of the kink the slopes have opposite signs, and 0 lies between."""
    for place, y in enumerate(ends):
        shifts = np.array([-1e-9, 0.0, 1e-9])
        moved = np.tile(ends, (3, 1))
        moved[:, place] += shifts
        slope = interval_score(np.full(3, y), moved, alpha)[1][:, place]
        assert slope[0] < 0.0 < slope[2]
        assert slope[1] == 0.0
        assert_allclose(sorted(np.abs(slope[[0, 2]])), sorted([1.0, 2.0 / alpha - 1.0]), rtol=1e-15)


def test_a_quantile_on_the_target_has_slope_0() -> None:
    slope = crps_quantile(np.full(1, 3.0), np.array([[1.0, 3.0, 3.0, 4.0]]), np.array([0.1, 0.2, 0.6, 0.9]))[1]
    assert_allclose(slope, [[-0.05, 0.0, 0.0, 0.05]], rtol=1e-15)


def test_the_best_ends_are_quantiles() -> None:
    """The total slope by each end changes its sign where the quantile of its level lies."""
    y = np.random.default_rng(32).normal(size=20_000)
    alpha = 0.2
    for place, level in ((0, 0.1), (1, 0.9)):
        for around, sign in ((-0.02, -1.0), (0.02, 1.0)):
            ends = np.tile(np.quantile(y, [0.1, 0.9]), (len(y), 1))
            ends[:, place] = np.quantile(y, level + around)
            assert np.sign(interval_score(y, ends, alpha)[1][:, place].sum()) == sign


def test_slopes_are_bounded() -> None:
    y, q = forecasts()
    slope = crps_quantile(y, q, LEVELS)[1]
    assert_array_equal(slope.min(axis=0) >= -0.4 * LEVELS, np.full(5, fill_value=True))
    assert_array_equal(slope.max(axis=0) <= 0.4 * (1.0 - LEVELS) * (1.0 + 1e-15), np.full(5, fill_value=True))


def test_many_levels_tend_to_the_crps() -> None:
    """Of a uniform forecast on [0, 1] the CRPS at y = 0.3 is 0.3³/3 + 0.7³/3."""
    levels = (np.arange(4000) + 0.5) / 4000
    loss = crps_quantile(np.array([0.3]), levels[None, :].copy(), levels)[0]
    assert_allclose(loss, [(0.3**3 + 0.7**3) / 3.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("levels", "problem"),
    [
        ([0.05, 0.5], "needs level 0.95 beside 0.05, and has 0.05, 0.5\n"),
        ([0.05, 0.5, 0.9], "needs level 0.95 beside 0.05"),
        ([0.05, 0.1, 0.5, 0.95], "needs level 0.9 beside 0.1"),
        ([0.05, 0.95], "needs the median"),
        ([0.7], "needs level 0.3 beside 0.7"),
    ],
)
def test_levels_that_do_not_pair_up_are_refused(levels: list[float], problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as refused:
        WIS.check_columns(levels=np.array(levels))
    assert "crps_quantile" in refused.value.cure
    LOSSES["crps_quantile"].choose().check_columns(levels=np.array(levels))


@pytest.mark.parametrize("levels", [LEVELS, [0.5], np.arange(0.05, 1.0, 0.05), [0.025, 0.5, 0.975]])
def test_levels_that_pair_up_within_rounding_are_taken(levels: list[float]) -> None:
    """Some of the nineteen multiples of 0.05, added up, miss a sum of 1 by a last digit."""
    WIS.check_columns(levels=np.array(levels))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 95.0])
def test_a_share_of_misses_lies_between_0_and_1(alpha: float) -> None:
    with pytest.raises(UsageError, match="alpha"):
        LOSSES["interval_score"].choose(alpha=alpha)
