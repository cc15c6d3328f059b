"""Roots of sums of squares that do not fit into float64: the same bits as of ordinary numbers, times a power of two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.loss import Array
from lossctl.losses import LOSSES

ROWS = 400
OPTIONS: Any = {"target": "y", "prediction": "p"}
POWERS = (640, 511, 470, -470, -560, -900)


def frame(power: int = 0, rows: int = ROWS) -> dict[str, Any]:
    rng = np.random.default_rng(12)
    y = rng.normal(size=rows)
    p = y + rng.normal(size=rows)
    p[::9] = y[::9]
    return {
        "y": np.ldexp(y, power),
        "p": np.ldexp(p, power),
        "w": rng.gamma(2.0, size=rows),
        "g": np.arange(rows) % 40,
        "h": np.arange(rows) % 3,
    }


def scaled(found: lossctl.Evaluation, power: int) -> list[float | None]:
    """Give the value and its standard error divided by a power of two, and the gradient, which hangs on no scale."""
    assert found.std_error is not None
    gradient = found.gradient
    return [
        math.ldexp(found.value, -power),
        math.ldexp(found.std_error, -power),
        gradient.l1,
        gradient.l2,
        gradient.mean,
        gradient.row_rms,
        gradient.row_max,
        gradient.row_max_at,
        gradient.zero_share,
    ]


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("options", [{}, {"weight": "w"}, {"by": "g"}, {"by": "h", "weight": "w"}], ids=str)
def test_a_power_of_two_changes_no_bit(power: int, options: dict[str, Any]) -> None:
    """In any order of the rows, by one thread or several: of a file, and of each slice."""
    expected = lossctl.evaluate(frame(), "rmse", **options, **OPTIONS)
    of = frame(power)
    order = np.random.default_rng(1).permutation(ROWS)
    shuffled = {name: values[order] for name, values in of.items()}
    for rows, threads in ((of, 1), (of, 4), (shuffled, 1)):
        found = lossctl.evaluate(rows, "rmse,mae", threads=threads, **options, **OPTIONS)
        ours = [each for each in found if each.loss == "rmse"]
        assert not any("infinite" in line for line in found.warnings)
        for one, other in zip(ours, expected, strict=True):
            assert one.slice == other.slice
            told, known = scaled(one, power), scaled(other, 0)
            if rows is shuffled:
                told[7] = known[7]  # the place of a row
            if "by" in options and abs(power) < 600:
                assert_allclose(np.array(told[:7], float), np.array(known[:7], float), rtol=1e-13)
            else:
                assert told == known


def test_slices_of_every_size_are_as_if_they_stood_alone() -> None:
    parts = {str(power): frame(power, 60) for power in (0, *POWERS)}
    both = {name: np.concatenate([part[name] for part in parts.values()]) for name in ("y", "p", "w")}
    both["power"] = np.repeat([*parts], 60)
    for weight in ({}, {"weight": "w"}):
        found = lossctl.evaluate(both, "rmse", by="power", **weight, **OPTIONS)
        for power, part in parts.items():
            (alone,) = lossctl.evaluate(part, "rmse", **weight, **OPTIONS)
            (of_slice,) = (each for each in found if each.slice == {"power": power})
            assert scaled(of_slice, 0)[:7] == scaled(alone, 0)[:7]
        largest = lossctl.evaluate(parts["640"], "rmse", **weight, **OPTIONS)[0].value
        assert 0.1 * largest < found[0].value < largest


@pytest.mark.parametrize(("target", "prediction", "expected"), [(1e200, -1e200, 2e200), (0.0, 1e-200, 1e-200)])
def test_one_that_says_all(target: float, prediction: float, expected: float) -> None:
    (found,) = lossctl.evaluate({"target": np.array([target]), "prediction": np.array([prediction])}, "rmse")
    assert found.value == expected
    assert found.gradient.l1 == 1.0


def by_fifty_digits(roots: list[Any]) -> float:
    with mp.workdps(50):
        return float(mp.sqrt(mp.fsum(root**2 for root in roots) / len(roots)))


def test_logarithms_that_hardly_differ() -> None:
    rng = np.random.default_rng(4)
    p = 10.0 ** rng.uniform(-300, -180, 30)
    (found,) = lossctl.evaluate({"target": np.zeros(30), "prediction": p}, "rmsle")
    assert_allclose(found.value, by_fifty_digits([mp.mpf(each) for each in p.tolist()]), rtol=1e-15)
    assert found.gradient.row_max == pytest.approx(p.max() / found.value, rel=1e-14)


def test_a_perfect_prediction_is_no_matter_of_scale() -> None:
    (found,) = lossctl.evaluate({"target": np.array([1e200, 2.0]), "prediction": np.array([1e200, 2.0])}, "rmse")
    assert (found.value, found.gradient.l1) == (0.0, 0.0)


def test_every_root_of_squares_says_of_what() -> None:
    """A loss whose row tells its roots has them squared as its losses."""
    rng = np.random.default_rng(3)
    y, p = rng.lognormal(size=50), rng.lognormal(size=50)
    rooted = [loss for loss in LOSSES.values() if loss.root is not None]
    assert [loss.id for loss in rooted] == ["rmse", "rmsle", "jensen_shannon_distance", "hellinger"]
    for loss in rooted:
        chosen = loss.choose()
        roots: Array = loss.root(y, p, **chosen.params)  # type: ignore[misc]  # it is there
        assert_allclose(roots * roots, chosen.compute(y, p)[0], rtol=2e-15)
