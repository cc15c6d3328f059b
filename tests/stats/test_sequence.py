"""Tests that hold at all looks: the mixture they come of, by integration; p-values, by search; and many histories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats

from benchmarks.page import between
from benchmarks.simulate_gates import CANDIDATE_OF, GROWING, LEVEL, candidates, growing
from lossctl.stats.sequence import one_look, over_looks

VARIANCE = 7.13e-3


def boundary(alpha: float, n: float, variance: float = VARIANCE) -> float:
    """The one-sided boundary of z as Waudby-Smith et al. write it: of the mean, less the standard error."""
    time = n * variance
    return float(np.sqrt(2.0 * (time + 1.0) / time * np.log(1.0 + np.sqrt(time + 1.0) / (2.0 * alpha))))


def mixture(z: float, n: float) -> float:
    """The mean of exp(λS − λ²n/2) over half-normal λ."""
    rho, s = np.sqrt(VARIANCE), z * np.sqrt(n)

    def term(size: float) -> float:
        return float(2.0 * stats.norm.pdf(size) * np.exp(rho * size * s - 0.5 * (rho * size) ** 2 * n))

    return float(integrate.quad(term, 0.0, 12.0, epsabs=0.0, epsrel=1e-10, limit=400)[0])


@pytest.mark.parametrize("n", [100, 1000, 10**5])
@pytest.mark.parametrize("z", [2.5, 3.0, 4.0, 5.0])
def test_p_is_what_the_mixture_allows_and_hardly_more(n: int, z: float) -> None:
    allowed, told = 1.0 / mixture(z, n), over_looks(stats.norm.sf(z), n)
    assert told >= min(1.0, allowed) * (1.0 - 1e-9)
    assert allowed > 0.1 or told <= 1.1 * allowed


@pytest.mark.parametrize("n", [100, 137.5, 1000, 10**6])
@pytest.mark.parametrize("z", [1.0, 2.0, 3.0, 4.5])
def test_p_is_the_least_level_that_excludes_the_limit(n: float, z: float) -> None:
    p = over_looks(float(stats.norm.sf(z)), n)
    if boundary(1.0, n) >= z:
        assert p == 1.0
        return
    assert_allclose(p, optimize.brentq(lambda alpha: boundary(alpha, n) - z, 1e-300, 1.0, xtol=1e-300), rtol=1e-9)


@pytest.mark.parametrize("n", [100, 1000, 10**6])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.9999])
def test_a_look_is_taken_at_the_level_of_the_boundary(n: float, level: float) -> None:
    assert_allclose(stats.norm.isf(1.0 - one_look(level, n)), boundary(1.0 - level, n), rtol=1e-7)


def test_bounds_are_narrowest_at_a_thousand_rows() -> None:
    best = optimize.minimize_scalar(lambda each: boundary(0.05, 1000, each), bounds=(1e-5, 1.0), method="bounded").fun
    assert stats.norm.ppf(one_look(0.95, 1000)) <= 1.0005 * best


def test_far_out_numbers_stay_numbers() -> None:
    assert [over_looks(p, 1e6) for p in (0.5, 0.9, 1.0)] == [1.0, 1.0, 1.0]
    assert 0.0 < over_looks(0.0, 1e6) < 1e-300
    assert 0.99 < one_look(1.0 - 1e-15, 100) < 1.0


@pytest.mark.parametrize("world", GROWING)
def test_a_sequence_holds_where_many_looks_fail_models_that_are_no_worse(world: str) -> None:
    told = growing(world, histories=300)
    assert told.by_sequence <= 0.06
    assert told.by_t > 0.2
    assert growing(world, 0.05, histories=50).by_sequence > 0.85


def test_of_many_equal_candidates_one_fails() -> None:
    chained, changed, alike = candidates(200)
    assert chained > 0.88
    assert 0.8 < changed < 0.96
    assert 0.35 < alike < 0.65
    assert LEVEL == 0.95


def test_the_published_tables_hold_the_bounds_that_are_promised() -> None:
    page = between((Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8"), "looks")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    told = {name: [float(each) for each in cells] for name, *cells in rows if cells[0][:1].isdigit()}
    assert set(told) == {*GROWING, *CANDIDATE_OF}
    for world in GROWING:
        assert told[world][1] <= 6.0
        assert told[world][0] > 20.0
    assert [told[each][0] > 85.0 for each in CANDIDATE_OF] == [True, True, False]
