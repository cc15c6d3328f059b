"""Losses of two values: McNemar's p beside SciPy's, scores beside a numeric likelihood, and where they are used."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, stats

import lossctl
from lossctl.core.exact.levels import Levels, LevelTallies
from lossctl.stats.hits import Hits, mcnemar

Floats = npt.NDArray[np.float64]


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (0, 0),
        (1, 0),
        (4, 0),
        (8, 2),
        (2, 8),
        (7, 7),
        (500, 700),
        (600, 500),
        (5000, 5400),
        (0, 3000),
        (300, 900),  # so uneven that the deviance takes its plain form
        (10, 3000),
        (600_000, 603_000),
    ],
)
def test_the_p_value_is_that_of_scipy(worse: int, better: int) -> None:
    expected = stats.binomtest(worse, worse + better).pvalue if worse + better else 1.0
    assert_allclose(mcnemar(worse, better), max(expected, math.ulp(0.0)), rtol=1e-11)


def likeliest(counts: tuple[int, int, int, int], of: Any) -> Any:
    """The chances of four kinds of rows that are likeliest, of those that two numbers of a simplex stand for."""

    def loss(at: Floats) -> float:
        chances = np.array(of(*at))
        if chances.min() <= 0.0:
            return 1e9
        return -float(np.dot(counts, np.log(chances)))

    starts = [(0.1, 0.1), (0.05, 0.3), (0.2, 0.4), (0.02, 0.02)]
    options = {"xatol": 1e-12, "fatol": 1e-14, "maxiter": 4000}
    found = [optimize.minimize(loss, start, method="Nelder-Mead", options=options) for start in starts]
    return of(*min(found, key=lambda each: each.fun).x)


@pytest.mark.parametrize("counts", [(5, 9, 12, 14), (12, 2, 24, 12), (3, 1, 9, 7)])
@pytest.mark.parametrize("limit", [-0.2, 0.05, 0.3])
def test_the_score_of_a_difference_is_that_of_its_likelihood(counts: tuple[int, int, int, int], limit: float) -> None:
    worse, better, both, _ = counts
    n = sum(counts)
    hits = Hits.of(n, worse, better, better + both, (0.0, 1.0))
    chances = likeliest(counts, lambda a, q: (a + limit, a, q, 1.0 - 2.0 * a - limit - q))
    z = ((worse - better) / n - limit) / math.sqrt((2.0 * chances[1] + limit - limit**2) / n)
    assert_allclose(hits.tails(limit, 0.0), [[stats.norm.sf(z)], [stats.norm.cdf(z)]], rtol=1e-5)


@pytest.mark.parametrize("counts", [(5, 9, 12, 14), (12, 2, 24, 12), (3, 1, 9, 7)])
@pytest.mark.parametrize("share", [-0.3, 0.05, 0.4])
def test_the_score_of_a_ratio_is_that_of_its_likelihood(counts: tuple[int, int, int, int], share: float) -> None:
    worse, better, both, _ = counts
    n, ratio = sum(counts), 1.0 + share
    hits = Hits.of(n, worse, better, better + both, (0.0, 2.5))

    def of(a: float, q: float) -> tuple[float, float, float, float]:
        other = ratio * a + share * q
        return other, a, q, 1.0 - a - q - other

    chances = likeliest(counts, of)
    z = (worse + both - ratio * (better + both)) / math.sqrt(n * ratio * (chances[0] + chances[1]))
    assert_allclose(hits.tails(0.0, share), [[stats.norm.sf(z)], [stats.norm.cdf(z)]], rtol=1e-5)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("counts", [(5, 9, 12, 14), (0, 3, 0, 9), (12, 2, 24, 12), (1, 0, 5, 40)])
def test_an_interval_ends_where_its_score_does(counts: tuple[int, int, int, int], level: float) -> None:
    worse, better, both, _ = counts
    hits = Hits.of(sum(counts), worse, better, better + both, (0.0, 2.0))
    (low,), (high,) = hits.interval(level)
    tail = 0.5 - 0.5 * level
    assert_allclose(hits.tails(low, 0.0)[0], tail, rtol=1e-6)
    assert_allclose(hits.tails(high, 0.0)[1], tail, rtol=1e-6)
    (low,), (high,) = hits.relative_interval(level)
    if low > -1.0:
        assert_allclose(hits.tails(0.0, low)[0], tail, rtol=1e-6)
    assert_allclose(hits.tails(0.0, high)[1], tail, rtol=1e-6)


def test_an_interval_that_is_in_print() -> None:
    """Tango (1998), table III: 36, 12, 2 and 0 pairs."""
    (low,), (high,) = Hits.of(50, 12, 2, 38, (0.0, 1.0)).interval(0.95)
    assert_allclose((low, high), (0.0611, 0.3447), atol=5e-5)


def test_a_share_needs_a_loss_of_nothing() -> None:
    hits = Hits.of(20, 5, 2, 9, (0.5, 1.5))
    assert np.isnan(hits.tails(0.0, 0.1)).all()
    assert hits.tails(0.1, 0.0) == Hits.of(20, 5, 2, 9, (0.0, 1.0)).tails(0.1, 0.0)
    assert np.isnan(hits.relative_interval(0.95)).all()


SOME = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 1.0, 0.5, math.inf, math.nan])), max_size=12)


@given(SOME, st.integers(1, 5))
def test_levels_are_the_set_of_values(rows: list[tuple[int, float]], cut: int) -> None:
    """However they are cut, and by code as each alone."""
    by_code, parts = LevelTallies(), [LevelTallies(), LevelTallies()]
    alone = [Levels() for _ in range(3)]
    for start in range(0, len(rows), cut):
        some = rows[start : start + cut]
        codes, values = np.array([c for c, _ in some], np.int64), np.array([v for _, v in some])
        parts[start % 2].add(values, codes)
        for code in range(3):
            piece = Levels()
            piece.add(values[codes == code])
            alone[code].merge(piece)
    for each in parts:
        by_code.merge(each)
    for code in range(3):
        expected = {value for of, value in rows if of == code}
        known = len(expected) <= 2 and not any(map(math.isnan, expected))
        assert alone[code].values == (tuple(sorted(expected)) if known else None)
        assert by_code.of(code).values == alone[code].values or math.inf in expected


def frame_of(n: int = 300, seed: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    old, new = (np.where(rng.random(n) < share, 1 - y, y) for share in (0.3, 0.2))
    return {"y": y, "old": old, "new": new, "w": rng.gamma(2.0, size=n), "g": np.arange(n) // 3, "s": np.arange(n) % 9}


PAIR: dict[str, Any] = {"target": "y", "prediction": ["old", "new"]}


def test_hits_are_compared_by_mcnemar_and_tango() -> None:
    frame = frame_of()
    (found,) = lossctl.compare(frame, "brier", **PAIR)
    wrong = [(frame[name] != frame["y"]).astype(float) for name in ("old", "new")]
    worse, better = int(np.sum(wrong[0] < wrong[1])), int(np.sum(wrong[0] > wrong[1]))
    assert found.p_value == mcnemar(worse, better)
    hits = Hits.of(300, worse, better, int(wrong[0].sum()), (0.0, 1.0))
    assert found.delta_ci is not None
    assert found.relative_ci is not None
    assert (found.delta_ci.low, found.delta_ci.high) == tuple(each[0] for each in hits.interval(0.95))
    assert (found.relative_ci.low, found.relative_ci.high) == tuple(each[0] for each in hits.relative_interval(0.95))
    assert (found.delta_ci.method, found.relative_ci.method) == ("tango", "nam-blackwelder")


@pytest.mark.parametrize(
    "other", [{"weight": "w"}, {"cluster": "g"}, {"block": 3}, {"horizon": 2}, {"method": "permutation"}]
)
def test_only_plain_rows_are_hits(other: dict[str, Any]) -> None:
    (found,) = lossctl.compare(frame_of(), "brier", **PAIR, **other)
    assert found.delta_ci is not None
    assert found.delta_ci.method != "tango"


@pytest.mark.parametrize("loss", ["rmse", "mase"])
def test_values_that_are_no_means_are_no_hits(loss: str) -> None:
    (found,) = lossctl.compare(frame_of(), loss, **PAIR)
    assert found.delta_ci is not None
    assert found.delta_ci.method == "t"


def test_one_other_loss_and_they_are_no_hits() -> None:
    frame = frame_of()
    frame["new"] = frame["new"].astype(float)
    frame["new"][17] = 0.5
    (found,) = lossctl.compare(frame, "brier", **PAIR)
    assert found.delta_ci is not None
    assert found.delta_ci.method == "t"


def test_slices_of_hits_are_what_their_rows_alone_give() -> None:
    frame = frame_of(600)
    frame["new"] = np.where(frame["s"] == 4, 0.25, frame["new"])
    frame["new"] = np.where(frame["s"] == 5, frame["old"], frame["new"])
    found = [each for each in lossctl.compare(frame, "brier,mae", by="s", **PAIR) if each.slice]
    methods = set()
    for each in found:
        rows = frame["s"] == int(each.slice["s"] or 0)
        (alone,) = lossctl.compare({name: values[rows] for name, values in frame.items()}, each.loss, **PAIR)
        fields = ("delta", "delta_ci", "relative_ci", "p_value", "rows_needed_low", "rows_needed_high", "status")
        assert [getattr(each, name) for name in fields] == [getattr(alone, name) for name in fields]
        methods.add(None if each.delta_ci is None else each.delta_ci.method)
    assert methods == {"tango", "t", None}
