"""Pairs of models: exact in any order and any cut, and the same rows for every model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.exact.spread import Spread
from lossctl.core.exact.sum import ExactSum
from lossctl.core.method import Method
from lossctl.core.rows.block import Batch, Binding
from lossctl.core.rows.faults import What
from lossctl.core.types import Array
from lossctl.engine.accumulators.pairs import Centre, Margin, PairsPlan, PairsTally, PairTally, compare_rows
from lossctl.engine.plan import Linear, ModelPlan
from lossctl.losses import LOSSES
from tests.kinds import GROUPED

Columns = dict[str, Array]
MAE, MSE, WMAPE = (LOSSES[name].choose() for name in ("mae", "mse", "wmape"))


def columns(rows: int = 200, seed: int = 1) -> Columns:
    rng = np.random.default_rng(seed)
    return {
        "y": rng.normal(size=rows) * 10.0 ** rng.integers(-8, 8, rows),
        "a": rng.normal(size=rows),
        "b": rng.normal(size=rows) * 10.0 ** rng.integers(-8, 8, rows),
        "w": rng.gamma(1.0, size=rows),
    }


def batch_of(of: Columns, places: Sequence[int] | None = None, first_row: int = 0) -> Batch:
    kept = of if places is None else {name: values[list(places)] for name, values in of.items()}
    return Batch(kept, first_row, len(kept["y"]))


def plans(weight: str | None = None, losses: tuple[object, ...] = (MAE, MSE)) -> list[ModelPlan]:
    return [ModelPlan(Binding(name, ("y",), (name,), weight, "y", name), losses) for name in ("a", "b")]  # type: ignore[arg-type]


def state(tally: PairsTally) -> object:
    def of(pair: PairTally) -> object:
        sums = [each for spread in (pair.b, pair.d, pair.rest) for each in (spread.total, spread.square, spread.heavy)]
        return (pair.n, pair.wins, pair.ties, pair.losses, *(each.to_bytes() for each in [*sums, pair.c, pair.cross]))

    return [[of(pair) for pair in pairs] for pairs in tally.pairs]


def plan_of(some: list[ModelPlan], centres: tuple[tuple[Centre | None, ...], ...] = ()) -> PairsPlan:
    return PairsPlan(tuple(some), ((0, 1),), centres=centres)


def whole(of: Columns, some: list[ModelPlan]) -> PairsTally:
    return compare_rows([batch_of(of)], plan_of(some))


def pair_of_none() -> PairTally:
    return PairTally(weighted=False, centre=None, b=Spread(weighted=False), c=ExactSum())


@given(
    order=st.permutations(range(60)),
    cuts=st.lists(st.integers(0, 60), max_size=6).map(sorted),
    weight=st.sampled_from([None, "w"]),
    centred=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_cut_and_order_gives_the_same_bits(
    order: list[int], cuts: list[int], weight: str | None, *, centred: bool
) -> None:
    of, some = columns(60), plans(weight)
    plan = plan_of(some, ((Centre(0.25, 0.5, 0.125), None),) if centred else ())
    expected = compare_rows([[batch_of(of)] * 2], plan)
    ends = [0, *cuts, 60]
    pieces = [order[start:stop] for start, stop in pairwise(ends)]
    found = compare_rows([[batch_of(of, piece)] * 2 for piece in pieces], plan)
    assert state(found) == state(expected)
    parts = [compare_rows([batch_of(of, piece)], plan) for piece in pieces]
    for part in parts[1:]:
        parts[0].merge(part)
    assert state(parts[0]) == state(expected)
    assert parts[0].models[0].rows.n == expected.models[0].rows.n


def sums(values: Array) -> float:
    return math.fsum(values.tolist())


@pytest.mark.parametrize("weight", [None, "w"])
def test_the_sums_are_those_of_the_formulas(weight: str | None) -> None:
    of = columns()
    w = np.ones(200) if weight is None else of["w"]
    pair = whole(of, plans(weight)).pairs[0][0]
    b, c = np.abs(of["a"] - of["y"]), np.abs(of["b"] - of["y"])
    d = c - b

    def near(total: ExactSum, values: Array) -> None:
        assert_allclose(total.result(), sums(values), rtol=1e-13)

    for spread, values in ((pair.b, b), (pair.d, d)):
        near(spread.total, w * values)
        near(spread.square, (w * values) ** 2)
        assert_allclose(float(spread.by_weight), sums(w * w * values), rtol=1e-12)
    near(pair.c, w * c)
    near(pair.cross, w * w * d * b)
    assert (pair.n, pair.wins, pair.losses) == (200, np.count_nonzero(c < b), np.count_nonzero(c > b))


def test_a_centre_is_taken_off_before_squaring() -> None:
    of = columns()
    b, c = np.abs(of["a"] - of["y"]), np.abs(of["b"] - of["y"])
    tally = compare_rows([batch_of(of)], plan_of(plans(losses=(MAE,)), ((Centre(0.5, 0.25, 2.0),),)))
    pair = tally.pairs[0][0]
    assert_allclose(pair.d.square.result(), sums((c - b - 0.5) ** 2), rtol=1e-13)
    assert_allclose(pair.rest.square.result(), sums((c - b - 0.25 * b - 2.0) ** 2), rtol=1e-13)


def test_a_row_that_one_model_cannot_use_is_left_out_of_all() -> None:
    of = columns()
    gaps = {name: values.copy() for name, values in of.items()}
    gaps["a"][[3, 50]] = np.nan
    gaps["b"][[50, 70, 199]] = [np.nan, np.inf, np.nan]
    gaps["w"][9] = 0.0
    kept = [row for row in range(200) if row not in {3, 9, 50, 70, 199}]
    for weight in (None, "w"):
        rows = kept if weight else sorted([*kept, 9])
        found = whole(gaps, plans(weight))
        expected = compare_rows([batch_of(of, rows)], plan_of(plans(weight)))
        assert state(found) == state(expected)
        for model in found.models:
            assert (model.rows.n, model.n_read, model.n_dropped) == (len(rows), 200, 4)


def test_the_faults_of_each_model_are_its_own() -> None:
    of = columns(20)
    of["a"][3] = of["b"][5] = np.nan
    tally = whole(of, plans())
    rows = [[fault.row for fault in model.faults.of(What.NOT_FINITE)] for model in tally.models]
    assert rows == [[3], [5]]


def test_groups_stay_whole_where_rows_are_left_out() -> None:
    rng = np.random.default_rng(3)
    of = {name: rng.normal(size=12) for name in ("y", "a", "b")}
    starts = np.array([0, 4, 5, 9])
    some = [replace(plan, binding=replace(plan.binding, group="g"), losses=(GROUPED,)) for plan in plans()]
    gaps = {name: values.copy() for name, values in of.items()}
    gaps["b"][[0, 4, 6]] = np.nan  # the first of a group, all of one, one within
    gaps["a"][11] = np.nan
    kept = [1, 2, 3, 5, 7, 8, 9, 10]
    found = compare_rows([Batch(gaps, 0, 12, np.arange(12), starts)], plan_of(some))
    fewer = {name: values[kept] for name, values in of.items()}
    expected = compare_rows([Batch(fewer, 0, 8, np.array(kept), np.array([0, 3, 6]))], plan_of(some))
    assert state(found) == state(expected)
    assert found.pairs[0][0].n == found.models[0].groups.n == 3


def test_values_that_are_no_means_are_paired_by_what_moves_them() -> None:
    of = columns(30)
    linear = [{0: Linear(9.0, (2.0, -3.0))}, {0: Linear(8.0, (5.0, 0.5))}]
    some = [replace(plan, linear=moved) for plan, moved in zip(plans(losses=(WMAPE,)), linear, strict=True)]
    pair = whole(of, some).pairs[0][0]
    e, f, y = np.abs(of["a"] - of["y"]), np.abs(of["b"] - of["y"]), np.abs(of["y"])
    b, c = 2.0 * e - 3.0 * y, 5.0 * f + 0.5 * y
    assert_allclose(pair.b.total.result(), sums(b), rtol=1e-12)
    assert_allclose(pair.d.square.result(), sums((c - b) ** 2), rtol=1e-12)
    assert (pair.wins, pair.losses) == (np.count_nonzero(f < e), np.count_nonzero(f > e))


def test_parts_are_summed_before_it_is_known_what_they_move() -> None:
    of = columns(30)
    tally = whole(of, plans(losses=(WMAPE, MAE)))
    assert_allclose(tally.models[1].parts[0][0].result(), sums(np.abs(of["b"] - of["y"])), rtol=1e-13)
    assert tally.pairs[0][0].n == 0
    assert tally.pairs[0][1].n == 30


def test_ties_are_within_a_billionth_of_the_baseline() -> None:
    pair = pair_of_none()
    b = np.array([1.0, 1.0, 1.0, 1.0, -4.0, 0.0, 0.0, 0.0])
    c = b + np.array([0.9e-9, -0.9e-9, 1.1e-9, -1.1e-9, 3e-9, 0.0, 1e-300, -1e-300])
    pair.count(Margin(b), c, c - b)
    assert (pair.n, pair.wins, pair.ties, pair.losses) == (8, 2, 4, 2)


def test_a_gap_of_just_a_billionth_of_the_baseline_ties() -> None:
    """By either way to count: with one value that is not finite beside, and without."""
    rng = np.random.default_rng(9)
    b = rng.normal(size=200) * 10.0 ** rng.uniform(-200, 200, 200)
    just = 1e-9 * np.abs(b)
    more = np.nextafter(just, np.inf)
    for gap, ties, wins in ((just, 200, 0), (-just, 200, 0), (more, 0, 0), (-more, 0, 200)):
        candidate = np.where(gap < 0.0, np.nextafter(b, -np.inf), np.nextafter(b, np.inf))
        assert Margin(b).ties_and_wins(candidate, gap, is_known=True) == (ties, wins)
        assert Margin(b).ties_and_wins(candidate, gap) == (ties, wins)
        tied, won = Margin(b).told(candidate, gap)
        assert (np.count_nonzero(tied), np.count_nonzero(won)) == (ties, wins)


def test_infinite_losses_win_nothing() -> None:
    pair = pair_of_none()
    b, c = np.array([np.inf, np.inf, 1.0, -np.inf]), np.array([1.0, np.inf, np.inf, 1.0])
    with np.errstate(invalid="ignore"):
        pair.count(Margin(b), c, c - b)
    assert (pair.wins, pair.ties, pair.losses) == (1, 1, 2)


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        (np.inf, 1.0, (1, 0, 0)),
        (np.inf, np.inf, (0, 1, 0)),
        (1.0, np.inf, (0, 0, 1)),
        (-np.inf, 1.0, (0, 0, 1)),
        (1.0, -np.inf, (1, 0, 0)),
        (np.nan, 1.0, (0, 0, 1)),
        (1.0, np.nan, (0, 0, 1)),
        (5e-324, 0.0, (1, 0, 0)),
    ],
)
def test_one_row_is_counted_as_among_others(baseline: float, candidate: float, expected: tuple[int, int, int]) -> None:
    b, c = np.array([baseline, 1.0]), np.array([candidate, 1.0])
    for rows in (slice(0, 1), slice(0, 2)):
        pair = pair_of_none()
        with np.errstate(invalid="ignore"):
            pair.count(Margin(b[rows]), c[rows], c[rows] - b[rows])
        assert (pair.wins, pair.ties - (rows.stop - 1), pair.losses) == expected


def test_faults_of_rows_that_stay_are_recorded() -> None:
    of = columns(8)
    of["w"][3] = 1e200
    tally = whole(of, plans("w"))
    assert [fault.row for fault in tally.models[1].faults.of(What.EXTREME_WEIGHT)] == [3]


@pytest.mark.parametrize("weight", [None, "w"])
def test_sums_by_unit_are_those_of_the_formulas(weight: str | None) -> None:
    of = columns()
    w = np.ones(200) if weight is None else of["w"]
    plan = replace(plan_of(plans(weight)), method=Method(block=15))
    found = compare_rows([batch_of(of, range(70)), batch_of(of, range(70, 200), 70)], plan).unit_sums(0, 0)
    b, c = np.abs(of["a"] - of["y"]), np.abs(of["b"] - of["y"])
    starts = range(0, 200, 15)
    expected = [[sums(values[start : start + 15]) for start in starts] for values in (w, w * b, w * (c - b))]
    for mine, theirs in zip(found, expected, strict=True):
        assert_allclose(np.sort(mine), np.sort(theirs), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("weight", [None, "w"])
def test_products_of_a_series_are_those_of_the_formulas(weight: str | None) -> None:
    of = columns()
    for name in ("y", "b"):
        of[name] = np.random.default_rng(len(name)).normal(size=200)
    w = np.ones(200) if weight is None else of["w"]
    b, d = np.abs(of["a"] - of["y"]), np.abs(of["b"] - of["y"]) - np.abs(of["a"] - of["y"])
    method = Method("diebold_mariano", horizon=3, hac="dm")
    rows = [batch_of(of, range(70)), batch_of(of, range(70, 200), 70)]
    plain = compare_rows(rows, replace(plan_of(plans(weight)), method=method)).lags[0][0].fractions()
    x = [w, w * b, w * d]
    centre = Centre(0.25, 0.5, 0.125)
    centred = replace(plan_of(plans(weight), ((centre, None),)), method=method)
    again = compare_rows(rows, centred).lags[0][0].fractions()
    u = [w * (d - 0.25), w * (d - 0.5 * b - 0.125)]
    assert plain is not None
    assert again is not None
    for lag in range(3):
        late, early = slice(lag, None), slice(None, 200 - lag)
        pairs = [(i, j) for i in range(3) for j in range(i, 3)]
        products = [x[i][late] * x[j][early] + (x[j][late] * x[i][early] if i != j else 0.0) for i, j in pairs]
        assert_allclose([float(each) for each in plain[lag]], [sums(each) for each in products], rtol=1e-10)
        expected = [sums(each[late] * each[early]) for each in u]
        assert_allclose([float(each) for each in again[lag]], expected, rtol=1e-10)


def test_a_spread_counts_what_is_not_finite() -> None:
    spread = Spread(weighted=True)
    with np.errstate(over="ignore"):
        spread.add(np.array([1e308, 1.0]), np.array([1e3, 1.0]))
    assert not spread.is_finite
    whole_numbers = Spread(weighted=False)
    whole_numbers.add(np.array([3.0, 4.0]), None)
    assert_array_equal([whole_numbers.total.result(), whole_numbers.square.result()], [7.0, 25.0])
    assert whole_numbers.by_weight == 7
