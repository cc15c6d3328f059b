"""Skewness from sums of products, beside SciPy's, on every road; and what it makes of gates at their bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from benchmarks.simulate_compare import singles
from lossctl.api.comparisons.contenders import Opened, line_up
from lossctl.api.comparisons.pairing import Paired, pair_up
from lossctl.api.setup.losses import select
from lossctl.api.setup.open import open_for
from lossctl.core.method import Method
from lossctl.core.settings import Settings
from lossctl.sources import Slices
from lossctl.stats.skewness import Skewed

ROWS = 240


def frame(shift: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    return {
        "target": np.zeros(ROWS),
        "old": rng.gamma(2.0, size=ROWS),
        "new": rng.gamma(2.2, size=ROWS) + shift,
        "w": rng.gamma(2.0, size=ROWS),
        "s": np.arange(ROWS) % 12,
    }


def pairs(data: dict[str, np.ndarray], loss: str = "mae", by: Any = None, **options: Any) -> Paired:
    settings = Settings.of(prediction=["old", "new"], by=by or (), **options)
    with open_for(data, select(loss), settings) as source:
        (models,) = line_up([Opened(None, source, settings)], select(loss))
        return pair_up(models, settings, None, Method(), by=None if by is None else Slices((by,)), skewed=True)


def skewness(data: dict[str, np.ndarray], share: float, *, weighted: bool) -> float:
    w = data["w"] if weighted else np.ones(len(data["w"]))
    gap = data["new"] - (1.0 + share) * data["old"]
    u = w * (gap - np.average(gap, weights=w))
    return float(np.mean(u**3) / np.mean(u**2) ** 1.5)


@pytest.mark.parametrize("share", [0.0, 0.05, -0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_skewness_follows_from_sums_of_products(share: float, *, weighted: bool) -> None:
    found = pairs(frame(), weight="w" if weighted else None).sums[0][0].skewness(share)
    assert_allclose(found, skewness(frame(), share, weighted=weighted), rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_of_differences_that_cancel_it_follows_from_a_second_pass(*, weighted: bool) -> None:
    data = frame(1e9)
    sums = pairs(data, weight="w" if weighted else None).sums[0][0]
    assert sums.centred is not None
    assert_allclose(sums.skewness(0.0), skewness(data, 0.0, weighted=weighted), rtol=1e-4)
    assert sums.skewness(0.05) == 0.0  # what cancels is not known


@pytest.mark.parametrize("weighted", [False, True])
def test_slices_have_the_skewness_of_their_rows(*, weighted: bool) -> None:
    """Of more slices than rows are parted for, so that their sums stand together."""
    data = frame()
    found = pairs(data, by="s", weight="w" if weighted else None)
    assert len(found.slices) == 12
    for code, each in found.slices.items():
        rows = {name: values[data["s"] == code] for name, values in data.items()}
        assert_allclose(each.sums[0][0].skewness(0.05), skewness(rows, 0.05, weighted=weighted), rtol=1e-10)


def test_values_that_are_no_means_have_the_skewness_of_what_moves_them() -> None:
    data = frame()
    found = pairs(data, "rmse").sums[0][0].skewness(0.0)
    roots = [np.sqrt(np.mean(data[name] ** 2)) for name in ("old", "new")]
    moved = data["new"] ** 2 / (2.0 * roots[1]) - data["old"] ** 2 / (2.0 * roots[0])
    assert_allclose(found, stats.skew(moved), rtol=1e-9)


@pytest.mark.parametrize("skew", [-3.0, -1e-7, 0.0, 1e-12, 0.4, 5.0])
def test_what_is_straightened_bends_back(skew: float) -> None:
    t = np.linspace(-9.0, 9.0, 61)
    given, units = np.full(61, skew), np.full(61, 20.0)
    skewed, turned = Skewed.of(given, units), Skewed.of(-given, units)
    straight = skewed.straight(t)
    assert_allclose(skewed.bent(straight), t, rtol=1e-9, atol=1e-9)
    assert np.all(np.diff(straight) > 0.0)
    assert_allclose(-turned.straight(-t), straight, rtol=1e-12)
    few = Skewed.of(given, np.full(61, 2.0))
    assert not few.per_root.any()
    assert (few.share == 1.0).all()


BOUNDS = {10: 0.14, 30: 0.10, 100: 0.07, 500: 0.065}
"""The most false verdicts at the bound, of log-normal differences, by how many rows there are."""


@pytest.mark.parametrize("rows", BOUNDS)
def test_gates_at_their_bound_are_seldom_wrong(rows: int) -> None:
    samples = 600
    error = np.sqrt(BOUNDS[rows] * (1.0 - BOUNDS[rows]) / samples)
    for world in ("log-normal", "log-normal, to the left"):
        passed, failed, passed_by_t, failed_by_t = singles(world, rows, samples)
        assert max(passed, failed) < BOUNDS[rows] + error
        assert max(passed, failed) < max(passed_by_t, failed_by_t)


@pytest.mark.parametrize("rows", [10, 20, 50])
@pytest.mark.parametrize("world", ["0/1, 30 % differ, +0.05", "0/1, 11 % differ, +0.05", "0/1, 5 % differ, +0.05"])
def test_hits_are_seldom_called_no_worse_when_they_are(world: str, rows: int) -> None:
    """At a truth of +0.05 and a bound of 0.01."""
    passed, _, by_t, _ = singles(world, rows, 300)
    assert passed < 0.05
    assert passed <= by_t
