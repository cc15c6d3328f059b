"""How often a gate would fail by chance, and which change it would catch: against Student's distribution of SciPy."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import lossctl
from lossctl.api.checks.calibrate import calibration
from lossctl.gates.decide import Found, Test
from lossctl.gates.grammar import parse_gate

VALUE, ERROR, FREEDOM = 0.9, 0.2, 17
T = stats.t(FREEDOM)


def said(gate: str, test: Test, *, value: float = VALUE, level: float = 0.95, family: int = 1) -> tuple[float, float]:
    """Return the share of samples that fail, and the change that is caught."""
    found = Found(parse_gate(gate), value, FREEDOM + 1, {}, test)
    line = calibration(found, (ERROR, FREEDOM), level, family)
    share = re.search(r"in ([\d.e-]+)% of samples", line)
    change = re.search(r"catches a change of ([-\d.e]+)%? in 80% of samples", line)
    assert share, line
    assert change, line
    return float(share[1]) / 100, float(change[1])


def require(found: tuple[float, float], share: float, change: float) -> None:
    assert_allclose(found[0], share, rtol=0.05)  # two digits are told
    assert_allclose(found[1], change, rtol=1e-3)


@pytest.mark.parametrize("bound", [0.7, 0.9, 1.0, 1.3])
def test_a_value_fails_by_chance_as_often_as_samples_lie_beyond_its_bound(bound: float) -> None:
    room = (bound - VALUE) / ERROR
    require(said(f"mae <= {bound}", Test.POINT), T.sf(room), (room + T.ppf(0.8)) * ERROR)
    require(said(f"mae >= {bound}", Test.POINT), T.cdf(room), (-room + T.ppf(0.8)) * ERROR)


@pytest.mark.parametrize("family", [1, 4])
@pytest.mark.parametrize("level", [0.9, 0.99])
@pytest.mark.parametrize("bound", [0.0, 0.1, 0.3])
def test_a_delta_fails_an_equal_model_as_often_as_its_test_does(bound: float, level: float, family: int) -> None:
    sure, room = T.ppf(1 - (1 - level) / family), bound / ERROR
    regress = said(f"delta(mae) <= {bound}", Test.REGRESS, level=level, family=family)
    require(regress, T.sf(room + sure), (room + sure + T.ppf(0.8)) * ERROR)
    require(said(f"delta(mae) <= {bound}", Test.POINT), T.sf(room), (room + T.ppf(0.8)) * ERROR)
    share, _ = said(f"delta(mae) <= {bound}", Test.NONINFERIOR, level=level, family=family)
    assert_allclose(share, T.sf(room - sure), rtol=0.05)


def test_a_delta_that_must_be_high_is_the_mirror_of_one_that_must_be_low() -> None:
    assert said("delta(mae) >= -0.3", Test.POINT) == said("delta(mae) <= 0.3", Test.POINT)
    assert said("delta(mae) >= -0.3", Test.REGRESS) == said("delta(mae) <= 0.3", Test.REGRESS)


@pytest.mark.parametrize("spread", [None, (0.0, 9), (-1.0, 9)])
def test_without_a_standard_error_nothing_is_said(spread: tuple[float, int] | None) -> None:
    found = Found(parse_gate("mae <= 1"), VALUE, 9, {}, Test.POINT)
    assert calibration(found, spread, 0.95, 1) == "calibration: there is no standard error to go by"


@pytest.mark.parametrize("terms", ["", "[g=*]"])
def test_a_value_of_weighted_rows_has_the_degrees_of_its_interval(terms: str) -> None:
    """A few heavy rows leave far fewer degrees than n − 1."""
    rng = np.random.default_rng(5)
    n = 60
    w = np.where(np.arange(n) < 6, 50.0, 0.1)
    frame = {"y": np.zeros(n), "p": rng.normal(size=n), "w": w, "g": np.zeros(n)}
    loss = np.abs(frame["p"])
    value = np.average(loss, weights=w)
    total, square = w.sum(), (w**2).sum()
    error = np.sqrt((w**2 * (loss - value) ** 2).sum() / (total**2 - square))
    t = stats.t(total**2 / square - 1.0)
    bound = float(value + 1.5 * error)
    options = {"target": "y", "prediction": "p", "weight": "w", "calibrate": True}
    (found,) = lossctl.check(frame, [f"mae{terms} <= {bound!r}"], **options).gates
    line = next(each for each in found.details if each.startswith("calibration"))
    share = float(line.partition("in ")[2].partition("%")[0]) / 100
    change = float(line.partition("change of ")[2].partition(" ")[0])
    assert_allclose(share, t.sf(1.5), rtol=0.05)
    assert_allclose(change, (1.5 + t.ppf(0.8)) * error, rtol=1e-3)
    assert t.sf(1.5) > 1.2 * stats.t(n - 1).sf(1.5)
