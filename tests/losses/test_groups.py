"""Groups as matrices, and pairs in tiles."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lossctl.losses.groups import by_size, tied_runs, tiles


@settings(max_examples=40, deadline=None)
@given(groups=st.integers(0, 5), size=st.one_of(st.integers(1, 40), st.integers(250, 700)))
def test_tiles_cover_every_pair_once_and_stay_small(groups: int, size: int) -> None:
    seen = np.zeros((groups, size), int)
    for some, rows in tiles(groups, size):
        seen[some, rows] += 1
        assert (some.stop - some.start) * (rows.stop - rows.start) * size <= 2**16
    assert (seen == 1).all()


def test_groups_come_back_to_their_rows() -> None:
    starts = np.array([0, 3, 4, 7])
    values = np.arange(8.0)
    loss, slope = by_size(values, values * 10.0, starts, lambda y, s: (y.sum(axis=1), s - s[:, :1]))
    assert loss.tolist() == [3.0, 3.0, 15.0, 7.0]
    assert slope.tolist() == [0.0, 10.0, 20.0, 0.0, 0.0, 10.0, 20.0, 0.0]


def test_no_groups() -> None:
    none = np.empty(0)
    loss, slope = by_size(none, none, np.empty(0, np.intp), lambda y, s: (y.sum(axis=1), s))
    assert len(loss) == len(slope) == 0


@pytest.mark.parametrize("score", [[2.0, 1.0, 1.0, 0.0, 1.0], [0.5] * 5, [3.0, 1.0, 4.0, 1.0, 5.0]])
def test_ties_are_worth_the_mean_of_their_orders(score: list[float]) -> None:
    places = np.array([1.0, 0.63, 0.5, 0.43, 0.39])
    ranked = [
        order
        for order in itertools.permutations(range(5))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    ]
    worth = np.array([places[np.argsort(order)] for order in ranked])
    mean, apart = tied_runs(np.array([score]), places)
    assert_allclose(mean[0], worth.mean(axis=0), rtol=1e-14)
    for one, two in itertools.combinations(range(5), 2):
        if score[one] == score[two]:
            expected = np.abs(worth[:, one] - worth[:, two]).mean()
            assert_allclose([apart[0, one], apart[0, two]], expected, rtol=1e-13)
