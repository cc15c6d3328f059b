"""Methods of comparison against SciPy, statsmodels and straightforward computations."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy import stats

from benchmarks.simulate_compare import paired
from lossctl.core.errors import UsageError
from lossctl.core.method import METHOD_NAMES, Method
from lossctl.stats import resampling
from lossctl.stats.differences import Difference, Values
from lossctl.stats.methods import compared, compared_together
from lossctl.stats.resampling import flipped, studentised
from lossctl.stats.series import series_error
from lossctl.stats.signs import varies
from lossctl.stats.units import Ratio

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
EVERY = [
    Method(),
    Method(cluster="c"),
    Method(block=3),
    Method("bootstrap"),
    Method("bootstrap", cluster="c"),
    Method("permutation"),
    Method("permutation", block=3),
    Method("diebold_mariano", hac="dm"),
    Method("diebold_mariano", horizon=4, hac="dm"),
    Method("diebold_mariano"),
    Method("diebold_mariano", horizon=4),
]
RANDOM = [method for method in EVERY if method.resamples_units]


def name_of(method: Method) -> str:
    return method.label + str(method.horizon or "")


def losses(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([n, seed])
    b = rng.gamma(2.0, size=n)
    return b, b * rng.lognormal(0.1, 0.3, size=n)


def clusters(n: int, seed: int = 3) -> npt.NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, max(2, n // 4), size=n).astype(np.uint64)


def difference(b: Floats, c: Floats, method: Method, level: float = LEVEL, who: Any = None) -> Difference:
    if who is None:
        who = clusters(len(b)) if method.cluster is not None else np.arange(len(b), dtype=np.uint64)
    with np.errstate(invalid="ignore", over="ignore"):
        return compared(*paired(b, c, who, method), method, level)


def ends(found: Difference) -> tuple[float, float]:
    assert found.delta_ci is not None
    return found.delta_ci.low, found.delta_ci.high


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_clusters_alike_are_those_of_statsmodels(level: float) -> None:
    b, c = losses(80)
    who = np.repeat(np.arange(20, dtype=np.uint64), 4)
    found = difference(b, c, Method(cluster="c"), level, who)
    fit = sm.OLS(c - b, np.ones(80)).fit(cov_type="cluster", cov_kwds={"groups": who.astype(int)}, use_t=True)
    assert_allclose(ends(found), fit.conf_int(1.0 - level)[0], rtol=1e-10)
    assert_allclose(found.p_value, fit.pvalues[0], rtol=1e-8)
    assert found.delta_ci is not None
    assert found.delta_ci.method == "cluster-t"


def test_clusters_of_one_row_are_rows() -> None:
    b, c = losses(40)
    of_rows = difference(b, c, Method())
    of_clusters = difference(b, c, Method(block=1))
    assert_allclose(ends(of_clusters), ends(of_rows), rtol=1e-12)
    assert_allclose(of_clusters.p_value, of_rows.p_value, rtol=1e-10)
    assert of_clusters.rows_needed == of_rows.rows_needed


def series(n: int, seed: int = 2) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([n, seed])
    shocks = rng.normal(size=n + 2)
    b = rng.gamma(3.0, size=n)
    return b, b + 0.3 + shocks[2:] + 0.8 * shocks[1:-1] + 0.4 * shocks[:-2]


@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_diebold_and_mariano_by_hand(horizon: int) -> None:
    n = 90
    b, c = series(n)
    d = c - b
    gamma = [sum((d[t] - d.mean()) * (d[t - k] - d.mean()) for t in range(k, n)) / n for k in range(horizon)]
    square = (gamma[0] + 2.0 * sum(gamma[1:])) / n
    statistic = d.mean() / math.sqrt(square)
    statistic *= math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    found = difference(b, c, Method("diebold_mariano", horizon=horizon, hac="dm"))
    assert_allclose(found.p_value, 2.0 * stats.t.sf(abs(statistic), n - 1), rtol=1e-9)
    half = stats.t.ppf(0.975, n - 1) * d.mean() / statistic
    assert_allclose(ends(found), (d.mean() - half, d.mean() + half), rtol=1e-9)
    fit = sm.OLS(d, np.ones(n)).fit(
        cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False}
    )
    assert_allclose(math.sqrt(square), fit.bse[0], rtol=1e-10)
    share = np.mean(d) / np.mean(b)
    rest = sm.OLS(d - share * b, np.ones(n)).fit(
        cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False}
    )
    wide = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    assert found.relative_ci is not None
    expected = share + stats.t.ppf(0.975, n - 1) * rest.bse[0] / wide / np.mean(b)
    assert_allclose(found.relative_ci.high, expected, rtol=1e-9)


def test_a_variance_that_is_not_above_zero_is_weighted_by_bartlett() -> None:
    rng = np.random.default_rng(4)
    n, horizon = 40, 2
    b = rng.gamma(3.0, size=n)
    d = 0.01 + np.tile([1.0, -1.0], n // 2) + 0.01 * rng.normal(size=n)
    fit = sm.OLS(d, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "use_correction": False})
    uniform = sm.OLS(d, np.ones(n)).fit(
        cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False}
    )
    assert not uniform.cov_params()[0, 0] > 0.0
    found = difference(b, b + d, Method("diebold_mariano", horizon=horizon, hac="dm"))
    wide = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    half = stats.t.ppf(0.975, n - 1) * fit.bse[0] / wide
    assert_allclose(ends(found)[1], np.mean(d) + half, rtol=1e-7)


def test_a_forecast_one_ahead_is_students_t() -> None:
    b, c = losses(25)
    found, expected = difference(b, c, Method("diebold_mariano", hac="dm")), stats.ttest_rel(c, b)
    assert_allclose(found.p_value, expected.pvalue, rtol=1e-10)
    assert_allclose(series_error([Fraction(14)], 8, Fraction(8)), 0.5, rtol=1e-15)


def permuted(d: Floats) -> float:
    """The exact p-value of flipped signs, by all of them."""
    flips = 1.0 - 2.0 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
    return float(np.mean(np.abs(flips @ d) >= abs(d.sum()) * (1.0 - 1e-12)))


@pytest.mark.parametrize("n", [5, 8, 12])
def test_flipped_signs_give_the_share_of_all_of_them(n: int) -> None:
    b, c = losses(n)
    for d in (c - b, np.sign(c - b) + np.r_[0.0, np.full(n - 1, 0.5)], np.round(4.0 * (c - b)) / 4.0):
        p = permuted(d)
        found = difference(b, b + d, Method("permutation"))
        assert found.listed
        assert found.p_value == p
        assert difference(b, b + d, Method("permutation", seed=7)) == found
        if n > 6:  # as many resamples as there are signs
            assert difference(b, b + d, Method("permutation", resamples=2**n)) == found
        drawn = difference(b, b + d, Method("permutation", resamples=2**n - 1 if n > 6 else 99), who=None)
        assert drawn.listed is (n == 5)
        assert_allclose(drawn.p_value, p, atol=4.0 * math.sqrt(p * (1.0 - p) / 99) + 0.02)


def test_flipped_signs_are_those_of_scipy() -> None:
    b, c = losses(60)
    c = b + 0.35 * (c - b)  # neither certain nor hopeless

    def gap(x: Floats, y: Floats, axis: int) -> Floats:
        return np.mean(x - y, axis=axis)

    expected = stats.permutation_test(
        (c, b), gap, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(1)
    )
    found = difference(b, c, Method("permutation"))
    assert found.p_value is not None
    assert_allclose(found.p_value, expected.pvalue, atol=0.012)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_interval_of_flipped_signs_is_what_they_do_not_reject(*, weighted: bool) -> None:
    rng = np.random.default_rng(6)
    x = rng.lognormal(size=20)
    w = rng.gamma(3.0, size=20) if weighted else np.ones(20)
    method = Method("permutation", resamples=999)
    theta = float(x.sum() / w.sum())
    ((_, lows, highs),) = flipped([Ratio(theta, x - theta * w, w, w)], method.seed, 999)
    few = 49

    def p_of(value: float) -> float:
        moved = x - value * w
        shifted = float(moved.sum() / w.sum())
        ((count, _, _),) = flipped([Ratio(shifted, moved - shifted * w, w, w)], method.seed, 999)
        return (1 + count) / 1000

    for end, inward in ((theta + lows[few], 1.0), (theta + highs[-1 - few], -1.0)):
        assert p_of(end + inward * 1e-9) > 0.05
        assert p_of(end - inward * 1e-9) <= 0.05


def test_intervals_end_where_p_is_one_in_twenty() -> None:
    """Of 999 replicates 49 may lie beyond an end: (1 + 49)/1000 is just no more than 0.05."""
    b, c = losses(30)
    who = np.arange(30, dtype=np.uint64)
    for kind in ("bootstrap", "permutation"):
        method = Method(kind, resamples=999)  # type: ignore[arg-type]
        sums, values = paired(b, c, who, method)
        ratio, found = sums.gap_ratio(values), compared(sums, values, method, LEVEL)
        if kind == "bootstrap":
            half = float(studentised([ratio], method.seed, 999)[0][-50]) * ratio.std_error
            assert ends(found) == (values.delta - half, values.delta + half)
        else:
            ((_, lows, highs),) = flipped([ratio], method.seed, 999)
            assert ends(found) == (values.delta + lows[49], values.delta + highs[-50])


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_all_signs_is_what_they_do_not_reject(level: float) -> None:
    b, c = losses(9)
    low, high = ends(difference(b, c, Method("permutation"), level))
    for end, inward in ((low, 1.0), (high, -1.0)):
        assert permuted(c - b - (end + inward * 1e-9)) > 1.0 - level
        assert permuted(c - b - (end - inward * 1e-9)) <= 1.0 - level


def test_all_signs_of_clusters_are_listed() -> None:
    b, c = losses(40)
    who = (np.arange(40) % 7).astype(np.uint64)
    found = difference(b, c, Method("permutation", cluster="c"), who=who)
    assert found.listed
    assert found.p_value == permuted(np.array([np.sum((c - b)[who == each]) for each in range(7)]))


def test_too_few_rows_for_any_certainty_have_no_bounds() -> None:
    b, c = losses(5)
    found = difference(b, c, Method("permutation"))
    assert ends(found) == (-math.inf, math.inf)  # 2 of 32 signs are as far off as can be
    assert found.detectable is found.rows_needed is None
    assert found.p_value is not None
    assert found.p_value > 0.05


def test_replicates_are_those_of_a_studentised_bootstrap() -> None:
    n, rng = 40, np.random.default_rng(12)
    b = rng.gamma(2.0, size=n)
    d = 0.3 + rng.normal(size=n)
    drawn = d[rng.integers(0, n, size=(9999, n))]
    t = np.abs(drawn.mean(axis=1) - d.mean()) / (drawn.std(axis=1, ddof=1) / math.sqrt(n))
    error = d.std(ddof=1) / math.sqrt(n)
    half = float(np.sort(t)[-500]) * error
    found = difference(b, b + d, Method("bootstrap"))
    assert_allclose(ends(found), (d.mean() - half, d.mean() + half), atol=0.05 * half)
    plain = stats.bootstrap((d,), np.mean, method="basic", n_resamples=9999, rng=np.random.default_rng(1))
    interval = plain.confidence_interval
    assert ends(found)[1] - ends(found)[0] > interval.high - interval.low  # as Student's t is wider than the normal
    assert_allclose(ends(found), (interval.low, interval.high), atol=0.05 * (interval.high - interval.low))
    assert_allclose(found.p_value, (1 + np.sum(t >= d.mean() / error)) / 10_000, atol=0.01)


def test_each_replicate_is_what_its_draws_give() -> None:
    """One by one, as one would write it: the units that were drawn, the ratio of their sums, and its standard error."""
    rng = np.random.default_rng(15)
    x, w, n = rng.normal(1.0, 1.0, size=12), rng.gamma(4.0, size=12), 12
    theta = x.sum() / w.sum()
    expected = []
    for _, counts in resampling.draws(20, n, 99, 10):
        for of in counts.astype(int):
            drawn_x, drawn_w = np.repeat(x, of), np.repeat(w, of)
            ratio = drawn_x.sum() / drawn_w.sum()
            error = math.sqrt(n / (n - 1) * np.sum((drawn_x - ratio * drawn_w) ** 2)) / drawn_w.sum()
            expected.append(abs(ratio - theta) / error)
    (found,) = studentised([Ratio(theta, x - theta * w, w, w)], 20, 99)
    assert_allclose(found, np.sort(expected), rtol=1e-9)
    assert_allclose(Ratio(theta, x - theta * w, w, w).x, x, rtol=1e-12)


def test_the_relative_change_is_resampled_as_a_ratio() -> None:
    b, c = losses(50)
    rng = np.random.default_rng(13)
    places = rng.integers(0, 50, size=(4999, 50))
    sums = c[places].sum(axis=1) / b[places].sum(axis=1)
    ratio = c.sum() / b.sum()
    rest = (c[places] - sums[:, None] * b[places]).std(axis=1, ddof=1) * math.sqrt(50) / b[places].sum(axis=1)
    error = (c - ratio * b).std(ddof=1) * math.sqrt(50) / b.sum()
    half = float(np.sort(np.abs(sums - ratio) / rest)[-250]) * error
    found = difference(b, c, Method("bootstrap"))
    assert found.relative_ci is not None
    assert_allclose(found.relative_ci.high - (ratio - 1.0), half, rtol=0.1)


def test_replicates_with_equal_draws_are_as_far_off_as_can_be() -> None:
    """Two rows: half of the draws take one of them twice, whose standard error is 0."""
    u = np.array([1.0, -1.0])
    (found,) = studentised([Ratio(0.5, u, np.ones(2), np.ones(2))], 1, 999)
    assert 0.4 < np.mean(np.isinf(found)) < 0.6
    assert np.all(found[np.isfinite(found)] == 0.0)
    assert ends(difference(np.zeros(2), np.array([1.0, 3.0]), Method("bootstrap"))) == (-math.inf, math.inf)
    x, w = np.array([0.1, 0.7, 1.3]), np.array([1.1, 0.9, 1.7])  # whose sums are rounded
    theta = float(x.sum() / w.sum())
    (found,) = studentised([Ratio(theta, x - theta * w, w, w)], 1, 9999)
    assert_allclose(np.mean(np.isinf(found)), 1.0 / 9.0, atol=0.012)


@pytest.mark.parametrize("method", EVERY, ids=name_of)
def test_a_model_is_as_good_as_itself(method: Method) -> None:
    b, _ = losses(24)
    found = difference(b, b, method)
    assert (found.delta, found.p_value, found.relative) == (0.0, 1.0, 0.0)
    assert found.no_spread
    assert found.delta_ci is found.relative_ci is found.detectable is found.rows_needed is None


@pytest.mark.parametrize("method", EVERY, ids=name_of)
@pytest.mark.parametrize("n", [2, 3, 5, 24])
def test_equal_differences_have_the_p_value_of_their_signs(method: Method, n: int) -> None:
    """No interval; p as if all signs of the units were tried."""
    b = np.random.default_rng(n).integers(1, 8, size=n) / 8.0
    who = np.arange(n) // 2 if method.cluster is not None else np.arange(n)
    units = (
        len(set((who // (method.block or 1)).tolist()))
        if method.has_units and not method.is_series
        else n // (method.horizon or 1)
    )
    if units < 2 or (method.horizon or 0) >= n:
        assert difference(b, b + 0.125, method, who=who.astype(np.uint64)).delta_ci is None
        return
    found = difference(b, b + 0.125, method, who=who.astype(np.uint64))
    assert found.no_spread
    assert found.delta_ci is found.relative_ci is found.detectable is found.rows_needed is None
    assert found.p_value == permuted(np.full(min(units, 12), 0.125)) * 2.0 ** (min(units, 12) - units)


def test_no_p_value_is_zero() -> None:
    found = difference(np.zeros(5000), np.full(5000, 0.25), Method())
    assert 0.0 < found.p_value < 1e-300


def test_a_difference_that_varies_in_its_last_digits_alone_still_has_an_interval() -> None:
    """Differences of 1e9 that vary by 1e-3, told by a second pass, are no rounding."""
    assert varies(1e-4, 1e9, 2.0)
    assert not varies(1e-7, 1e9, 2.0)
    assert varies(1e-17, 1e-17, 1.0)  # as small as the rounding of losses, but of either sign
    found = difference(np.ones(20), 1.0 + 1e-16 * np.arange(20.0), Method())
    assert not found.no_spread


@pytest.mark.parametrize("method", EVERY, ids=name_of)
def test_one_row_has_a_difference_and_no_interval(method: Method) -> None:
    found = difference(np.array([2.0]), np.array([3.0]), method)
    assert (found.delta, found.relative) == (1.0, 0.5)
    assert found.delta_ci is found.relative_ci is found.p_value is found.detectable is found.rows_needed is None


@pytest.mark.parametrize("method", EVERY, ids=name_of)
@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_differences_that_are_not_finite_have_no_interval(method: Method, bad: float) -> None:
    b, c = losses(12)
    c[5] = bad
    found = difference(b, c, method)
    assert found.delta_ci is found.p_value is found.detectable is None


@pytest.mark.parametrize("method", EVERY, ids=name_of)
def test_a_share_of_nothing_is_missing(method: Method) -> None:
    b, c = losses(24)
    found = difference(np.zeros(24), c - b, method)
    assert found.relative is found.relative_ci is None
    assert found.p_value is not None


@pytest.mark.parametrize("method", [each for each in EVERY if not each.is_series], ids=name_of)
@pytest.mark.parametrize("size", [2.0**-996, 2.0**-540, 2.0**530, 2.0**990])
def test_numbers_of_any_size_are_compared_alike(method: Method, size: float) -> None:
    b, c = losses(24)
    plain, found = difference(b, c, method), difference(b * size, c * size, method)
    assert_allclose(np.array(ends(found)) / size, ends(plain), rtol=1e-9)
    assert_allclose(found.p_value, plain.p_value, rtol=1e-9)
    assert found.rows_needed == plain.rows_needed


@pytest.mark.parametrize("method", RANDOM, ids=name_of)
def test_other_seeds_give_other_replicates(method: Method) -> None:
    b, c = losses(40)
    ours, theirs = difference(b, c, method), difference(b, c, replace(method, seed=21))
    assert ours == difference(b, c, method)
    assert ends(ours) != ends(theirs)
    assert_allclose(ends(ours), ends(theirs), rtol=0.15)


@pytest.mark.parametrize("kind", ["bootstrap", "permutation"])
def test_neither_company_nor_chunks_change_replicates(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    method = Method(kind, resamples=499)
    pairs = [paired(*losses(n, seed), np.arange(n, dtype=np.uint64), method) for n, seed in ((30, 1), (30, 2), (7, 3))]
    alone = [compared(sums, values, method, LEVEL) for sums, values in pairs]
    sums, values = [each for each, _ in pairs], [each for _, each in pairs]
    assert compared_together(sums, values, method, LEVEL) == alone
    monkeypatch.setattr(resampling, "_AT_ONCE", 97)
    assert compared_together(sums, values, method, LEVEL) == alone


@pytest.mark.parametrize("kind", ["bootstrap", "permutation"])
def test_sums_of_replicates_are_exact_in_any_order(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units turned around, with their draws, must give the same bits: no sum was rounded."""
    x = np.random.default_rng(3).lognormal(0.0, 3.0, size=300)
    ratio = Ratio(1.0, x - x.mean(), np.ones(300), np.ones(300))
    turned = Ratio(1.0, ratio.u[::-1].copy(), np.ones(300), np.ones(300))
    made = {"bootstrap": ("draws", studentised), "permutation": ("signs_of", flipped)}[kind]
    draw, compute = getattr(resampling, made[0]), made[1]
    expected = compute([ratio], 1, 199)
    monkeypatch.setattr(resampling, made[0], lambda *of: ((start, each[:, ::-1]) for start, each in draw(*of)))
    found = compute([turned], 1, 199)
    if kind == "bootstrap":
        np.testing.assert_array_equal(found[0], expected[0])
    else:
        assert found[0][0] == expected[0][0]
        np.testing.assert_array_equal(found[0][1], expected[0][1])


def test_draws_are_even_and_signs_are_fair() -> None:
    counts = np.concatenate([each for _, each in resampling.draws(5, 70, 3000, 64)])
    assert counts.shape == (3000, 70)
    assert np.all(counts.sum(axis=1) == 70.0)
    assert_allclose(counts.mean(axis=0), 1.0, atol=5.0 / math.sqrt(3000))
    assert_allclose(counts.var(), 1.0 - 1.0 / 70.0, rtol=0.02)
    signs = np.concatenate([each for _, each in resampling.signs_of(5, 70, 3000, 64)])
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert_allclose(signs.mean(axis=0), 0.0, atol=5.0 / math.sqrt(3000))
    assert_allclose(np.corrcoef(signs.T) - np.eye(70), 0.0, atol=5.5 / math.sqrt(3000))


def test_the_random_numbers_are_those_of_philox_and_stay_so() -> None:
    assert resampling.Words(20, 0)(2).tolist() == [16046893688558251742, 14448662124217139094]
    ((_, counts),) = resampling.draws(20, 5, 2, 2)
    assert counts.tolist() == [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 2.0, 1.0]]


def test_a_value_that_is_no_mean_is_resampled_by_what_it_moves_with() -> None:
    b, c = losses(40)
    sums, values = paired(b, c, np.arange(40, dtype=np.uint64), Method("bootstrap"))
    moved = replace(sums, is_linear=True)
    whole = Values(10.0, 10.0 + values.delta, values.delta)  # a value far from the mean of what it moves with
    found = compared(moved, whole, Method("bootstrap"), LEVEL)
    plain = compared(sums, values, Method("bootstrap"), LEVEL)
    assert_allclose(ends(found), ends(plain), rtol=1e-12)
    rest = c - b - found.relative * b if found.relative is not None else b
    (replicates,) = studentised([Ratio(0.0, rest - rest.mean(), np.ones(40), np.ones(40))], 20, 9999)
    half = float(replicates[-500]) * np.std(rest, ddof=1) / math.sqrt(40) / 10.0
    assert found.relative_ci is not None
    assert_allclose(found.relative_ci.high - values.delta / 10.0, half, rtol=0.08)
    flipped_ = compared(moved, whole, Method("permutation"), LEVEL)
    assert_allclose(flipped_.p_value, compared(sums, values, Method("permutation"), LEVEL).p_value, rtol=1e-12)


def test_detectable_differences_are_seen_by_each_method() -> None:
    rng = np.random.default_rng(8)
    n = 40
    for method in (Method("bootstrap", resamples=199), Method("permutation", resamples=199), Method(block=2)):
        planned = difference(np.zeros(4000), rng.normal(size=4000), method)
        assert planned.detectable is not None
        shift = planned.detectable * math.sqrt(4000 / n) * 1.03  # fewer units have wider tails
        who = np.arange(n, dtype=np.uint64)
        pairs = [paired(np.zeros(n), rng.normal(shift, 1.0, size=n), who, method) for _ in range(300)]
        found = compared_together([sums for sums, _ in pairs], [values for _, values in pairs], method, LEVEL)
        share = np.mean([each.p_value is not None and each.p_value < 0.05 for each in found])
        assert 0.7 < share < 0.9


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "jackknife"}, "there is no 'jackknife'"),
        ({"cluster": ""}, "not the name of a column"),
        ({"cluster": "a", "block": 3}, "cluster and block are both given"),
        ({"block": 0}, "block: 0 is not a whole number from 1"),
        ({"block": 2.0}, "block: 2.0 is not a whole number"),
        ({"horizon": 2}, "horizon is for Diebold-Mariano, not for t"),
        ({"kind": "bootstrap", "horizon": 2}, "horizon is for Diebold-Mariano, not for bootstrap"),
        ({"kind": "diebold_mariano", "horizon": 0}, "horizon: 0 is not a whole number"),
        ({"kind": "diebold_mariano", "hac": "qs"}, "hac: there is no 'qs'"),
        ({"kind": "t", "hac": "dm"}, "hac is for a series, not for t"),
        ({"kind": "diebold_mariano", "cluster": "a"}, "rows one by one in file order, and no cluster"),
        ({"kind": "diebold_mariano", "block": 4}, "rows one by one in file order, and no block"),
        ({"seed": -1}, "seed: -1 is not a whole number from 0"),
        ({"seed": 2**64}, "is not a whole number"),
        ({"seed": True}, "seed: True is not a whole number"),
        ({"resamples": 98}, "resamples: 98 is not a whole number from 99"),
    ],
)
def test_methods_that_make_no_sense_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Method(**wrong)


def test_a_signature_says_what_it_takes_to_do_the_same_again() -> None:
    assert Method().signature == "method=t"
    assert Method(block=7).signature == "method=t|block=7"
    assert Method("diebold_mariano").signature == "method=diebold_mariano|hac=ewc|horizon=1"
    assert Method("diebold_mariano", hac="dm").signature == "method=diebold_mariano|hac=dm|horizon=1"
    assert Method("permutation", seed=3, resamples=99).signature == "method=permutation|seed=3|resamples=99"
    assert [Method(kind).label for kind in METHOD_NAMES] == ["t", "bootstrap", "permutation", "diebold-mariano-ewc"]
    assert Method("diebold_mariano", hac="dm").label == "diebold-mariano"
    assert Method("permutation", block=np.int64(2)).label == "block-permutation"  # type: ignore[arg-type]
