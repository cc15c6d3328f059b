"""What gates rest on: one-sided tests, beside those of SciPy; and where each rule of a check begins to bite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize, stats

import lossctl
from lossctl.core.method import Method
from lossctl.core.results.verdict import Checked
from lossctl.core.settings import Settings
from lossctl.stats.margin import Margin, margin

ROWS = 60


def frame(seed: int = 3, shift: float = 0.4) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    old = random.normal(size=ROWS)
    new = 0.8 * old + 0.5 * random.normal(size=ROWS) + shift
    return {"target": np.zeros(ROWS), "old": old, "new": new, "c": np.arange(ROWS) // 3}


def found(limit: float, share: float, method: Method | None = None) -> Margin:
    from lossctl.api.comparisons.contenders import Opened, line_up
    from lossctl.api.comparisons.pairing import pair_up
    from lossctl.api.setup.losses import select
    from lossctl.api.setup.open import open_for

    settings = Settings.of(prediction=["old", "new"])
    with open_for(frame(), select("mse"), settings) as source:
        (models,) = line_up([Opened(None, source, settings)], select("mse"))
        paired = pair_up(models, settings, None, method or Method(), skewed=True)
    told = margin(paired.sums[0][0], paired.values_of(0, 0), paired.method, limit=limit, share=share, level=0.9)
    assert told is not None
    return told


def corrected(gap: np.ndarray, limit: float, level: float = 0.9) -> tuple[float, float, float, float, float]:
    """Bounds and p-values of Hall's transformed t, by SciPy: low, high, above, below, and the degrees of freedom."""
    n, error = len(gap), stats.sem(gap)
    skewness = stats.skew(gap, bias=False)
    a, freedom = skewness / np.sqrt(n), (n - 1) / (1.0 + 0.75 * skewness**2)

    def hall(at: float) -> float:
        t = (gap.mean() - at) / error
        return float(t + a * t**2 / 3.0 + a**2 * t**3 / 27.0 + a / 6.0)

    quantile = stats.t.ppf(level, freedom)
    low, high = (
        optimize.brentq(lambda at, q=q: hall(at) - q, gap.mean() - 99 * error, gap.mean() + 99 * error)
        for q in (quantile, -quantile)
    )
    return low, high, stats.t.cdf(hall(limit), freedom), stats.t.sf(hall(limit), freedom), freedom


@pytest.mark.parametrize(("limit", "share"), [(0.0, 0.0), (0.3, 0.0), (-0.2, 0.0), (0.0, 0.25), (0.0, -0.5)])
def test_a_margin_is_that_of_scipy(limit: float, share: float) -> None:
    data = frame()
    gap = data["new"] ** 2 - (1.0 + share) * data["old"] ** 2
    told = found(limit, share)
    low, high, above, below, freedom = corrected(gap, limit)
    assert_allclose([told.p_above, told.p_below], [above, below], rtol=1e-9)
    assert_allclose([told.value, told.low, told.high], [gap.mean(), low, high], rtol=1e-9)
    assert_allclose([told.freedom, told.std_error], [freedom, stats.sem(gap)], rtol=1e-9)
    quantiles = stats.t.ppf(0.9, freedom) + stats.t.ppf(0.8, freedom)
    assert_allclose(told.detectable, quantiles * stats.sem(gap), rtol=1e-9)


def test_clusters_are_the_units_of_a_margin() -> None:
    data = frame()
    gap = data["new"] ** 2 - 1.25 * data["old"] ** 2
    sums = gap.reshape(-1, 3).sum(axis=1) / 3.0
    told = found(0.0, 0.25, Method(cluster="c"))
    low, high, above, below, freedom = corrected(sums, 0.0)
    assert_allclose([told.p_above, told.p_below, told.freedom], [above, below, freedom], rtol=1e-8)
    assert_allclose([told.low, told.high, told.std_error], [low, high, stats.sem(sums)], rtol=1e-8)


def test_a_series_is_tested_by_students_t() -> None:
    data = frame()
    gap = data["new"] ** 2 - data["old"] ** 2
    told = found(0.1, 0.0, Method("diebold_mariano", hac="dm"))
    assert_allclose(told.p_below, stats.ttest_1samp(gap, 0.1, alternative="greater").pvalue, rtol=1e-9)


def check(*gates: str, data: Any = None, **options: Any) -> Checked:
    settings = {"prediction": "new", **options}
    return lossctl.check(frame() if data is None else data, gates, **settings)


def test_a_gate_from_below_fails_where_the_change_is_shown_to_be_lower() -> None:
    worse, better = (
        {"prediction": one, "baseline_prediction": other} for one, other in (("new", "old"), ("old", "new"))
    )
    data = frame(shift=1.5)
    assert check("delta(mse) >= 0", data=data, allow_inverted=True, **worse).exit_code == 0
    assert check("delta(mse) >= 0", data=data, allow_inverted=True, **better).exit_code == 1
    assert check("delta(mse) <= 0", data=data, **better).exit_code == 0
    assert check("delta(mse) <= 0", data=data, **worse).exit_code == 1


def test_what_is_detectable_of_a_percentage_is_a_share_of_the_baseline() -> None:
    data = frame()
    told = found(0.0, 0.05)
    (result,) = check("delta(mse) <= 5%", baseline_prediction="old", test="noninferior", level=0.9)
    assert f"{100.0 * told.detectable / np.mean(data['old'] ** 2):.2g}% or more" in result.reason


def test_holm_takes_what_one_of_many_gates_alone_would_show() -> None:
    gap = np.tile([1.0, -1.0], ROWS // 2)
    slices = [gap + 2.0 / np.sqrt(ROWS - 1.0), gap, gap, gap, gap]  # the first has t = 2
    new = np.concatenate(slices) + 10.0
    data = {"target": 0.0 * new, "old": 0.0 * new + 10.0, "new": new, "s": np.repeat(list("abcde"), ROWS)}
    gate = "delta(mae)[s=*] <= 0"
    assert check(gate, data=data, baseline_prediction="old", correction="none").exit_code == 1
    assert check(gate, data=data, baseline_prediction="old").exit_code == 0


def test_slices_of_just_enough_rows_count() -> None:
    data = {"target": [0.0] * 5, "new": [1.0, 1.0, 3.0, 3.0, 9.0], "s": list("aabbc")}
    assert check("gap(mae, s) <= 9", data=data, min_n=2)[0].value == 2.0
    assert check("gap(mae, s) <= 9", data=data)[0].value == 8.0
    assert [each.verdict.value for each in check("mae[s=*] <= 9", data=data, min_n=2)] == ["pass", "pass", "skipped"]


def test_as_many_rows_as_may_be_are_omitted() -> None:
    data = {"target": [0.0] * 4, "new": [1.0, np.nan, 1.0, 1.0], "old": [1.0, 1.0, 1.0, 1.0]}
    assert check("mae <= 1", data=data, nonfinite="omit", max_omitted=0.25).exit_code == 0
    with pytest.raises(lossctl.DataError, match="more than max_omitted"):
        check("mae <= 1", data=data, nonfinite="omit", max_omitted=0.24)


def same_gap(rows: int, gap: float = 0.25) -> dict[str, Any]:
    old = np.arange(rows) % 7 + 1.0
    return {"target": np.zeros(rows), "old": old, "new": old + gap, "c": np.arange(rows) // 2, "s": ["a"] * rows}


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 9])
@pytest.mark.parametrize("where", ["", "[s=*]"])
def test_equal_differences_decide_by_their_signs(rows: int, where: str) -> None:
    """One-sided p is 2^-n: five rows settle it, and four do not; of clusters, five clusters."""
    data, decided = same_gap(rows), rows >= 5
    options = {"data": data, "baseline_prediction": "old"}
    for bound, test, verdict in (
        ("0.1", "regress", "fail" if decided else "unsure"),
        ("0.1", "noninferior", "fail" if decided else "inconclusive"),
        ("0.5", "regress", "pass" if decided else "unsure"),
        ("0.5", "noninferior", "pass" if decided else "inconclusive"),
    ):
        (told,) = check(f"delta(mae){where} <= {bound}", test=test, **options)
        assert (told.verdict.value, told.ci) == (verdict, None), (bound, test)
    (grouped,) = check("delta(mae) <= 0.1", cluster="c", **options) if rows > 2 else (None,)
    if grouped is not None:
        assert grouped.verdict.value == ("fail" if -(-rows // 2) >= 5 else "unsure")


@pytest.mark.parametrize("bound", ["0.25", "0"])
def test_differences_as_large_as_the_bound_show_nothing(bound: str) -> None:
    data = same_gap(40, float(bound))
    (told,) = check(f"delta(mae) <= {bound}", data=data, baseline_prediction="old")
    assert told.verdict.value == "unsure"


def test_equal_shares_decide_by_their_signs() -> None:
    """c = 1.1b: c - 1.05b has one sign in every row, c - 1.1b none."""
    for rows, verdict in ((4, "unsure"), (5, "fail")):
        old = np.full(rows, 3.0)
        data = {"target": np.zeros(rows), "old": old, "new": 1.1 * old}
        (told,) = check("delta(mse) <= 5%", data=data, baseline_prediction="old")
        assert told.verdict.value == verdict


@pytest.mark.parametrize(
    ("gate", "rows", "verdict"),
    [
        ("delta(brier) <= 0.01", 298, "inconclusive"),  # U = 1 - 0.05^(1/n)
        ("delta(brier) <= 0.01", 299, "pass"),
        ("delta(brier) <= 10%", 298, "inconclusive"),  # of 0.1
        ("delta(brier) <= 10%", 299, "pass"),
        ("delta(mse) <= 0.01", 5000, "inconclusive"),  # there is no largest difference
        ("delta(mse) <= 10%", 5000, "inconclusive"),
        ("delta(brier) <= -0.01", 298, "unsure"),
        ("delta(brier) <= -0.01", 299, "fail"),
        ("delta(mse) <= -1%", 5000, "unsure"),
        ("delta(mse) <= 0", 5000, "unsure"),
        ("delta(brier) <= 0", 5000, "unsure"),
    ],
)
def test_rows_of_which_none_differs_show_as_much_as_there_are(gate: str, rows: int, verdict: str) -> None:
    wrong = np.sqrt(0.1)
    data = {"target": np.zeros(rows), "old": np.full(rows, wrong), "new": np.full(rows, wrong)}
    options = {} if verdict == "unsure" or "-" in gate else {"test": "noninferior"}
    (told,) = check(gate, data=data, baseline_prediction="old", **options)
    assert told.verdict.value == verdict
    assert "no row differs" in told.reason or verdict in {"pass", "fail"}


def test_of_weighted_rows_as_many_count_as_tell_as_much() -> None:
    rows = 310
    data = {"target": np.zeros(rows), "old": np.full(rows, 0.3), "new": np.full(rows, 0.3), "w": np.ones(rows)}
    options = {"baseline_prediction": "old", "test": "noninferior", "weight": "w"}
    assert check("delta(brier) <= 0.01", data=data, **options).exit_code == 0
    data["w"] = np.where(np.arange(rows) % 2, 3.0, 1.0)  # 248 effective rows
    assert check("delta(brier) <= 0.01", data=data, **options).exit_code == 4
