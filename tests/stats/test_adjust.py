"""Adjusted p-values against statsmodels and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lossctl.stats.adjust import adjust

NAMES = {"holm": "holm", "bh": "fdr_bh"}
SOME = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)


def tied(count: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    found = np.concatenate([rng.random(count), rng.random(count) ** 6])
    found[:: count // 3] = found[0]
    return [float(each) for each in rng.permutation(found)]


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("count", [3, 10, 100])
def test_adjusted_p_values_are_those_of_statsmodels(method: str, count: int) -> None:
    p_values = tied(count, seed=count)
    expected = multipletests(p_values, method=NAMES[method])[1]
    assert sum(each < 1.0 for each in expected) > 0
    assert_allclose(adjust(p_values, method), expected, rtol=1e-14)


@given(SOME)
def test_many_p_values_are_those_of_scipy(p_values: list[float]) -> None:
    assert_allclose(adjust(p_values, "bh"), stats.false_discovery_control(p_values), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("method", [*NAMES, "none"])
def test_a_missing_p_value_stays_missing_and_does_not_count(method: str) -> None:
    p_values = tied(6, seed=1)
    expected = adjust(p_values, method)
    with_gaps = [None, *p_values[:5], None, *p_values[5:], None]
    found = adjust(with_gaps, method)
    assert [place for place, p in enumerate(found) if p is None] == [0, 6, 14]
    assert [p for p in found if p is not None] == expected


@pytest.mark.parametrize("method", [*NAMES, "none"])
@given(p_values=SOME, data=st.data())
def test_the_order_does_not_matter(method: str, p_values: list[float], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(p_values))))
    found = adjust(p_values, method)
    assert adjust([p_values[place] for place in order], method) == [found[place] for place in order]


@given(SOME)
def test_none_leaves_them_and_the_others_never_make_them_smaller(p_values: list[float]) -> None:
    assert adjust(p_values, "none") == p_values
    least = np.array(p_values) * (1.0 - 1e-15)
    for method in NAMES:
        found = np.array(adjust(p_values, method), dtype=float)
        assert (found >= least).all()
        assert (found <= 1.0).all()


@pytest.mark.parametrize("method", [*NAMES, "none"])
def test_one_comparison_is_left_as_it_is(method: str) -> None:
    assert adjust([0.1], method) == [0.1]
    assert adjust([], method) == []
    assert adjust([None], method) == [None]
