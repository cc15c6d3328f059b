"""Roots of sums of squares that do not fit into float64: the same bits as of ordinary numbers, times a power of two."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose
from scipy import stats

import lossctl
from lossctl.core.errors import DataError
from lossctl.core.types import Array
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
    """Return the value and its standard error divided by a power of two, and the gradient, which hangs on no scale."""
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


# Comparisons


def two_models(power: int = 0, rows: int = ROWS) -> dict[str, Any]:
    """Return a frame of two models, whose numbers are times a power of two."""
    rng = np.random.default_rng(21)
    y = rng.normal(size=rows)
    a, b = y + rng.normal(size=rows), y + rng.normal(1.1, size=rows)
    b[::7] = a[::7]
    of = {name: np.ldexp(each, power) for name, each in {"y": y, "a": a, "b": b}.items()}
    return {**of, "w": rng.gamma(2.0, size=rows), "c": np.arange(rows) // 5, "g": np.arange(rows) % 40}


def figures(found: lossctl.Comparison, power: int) -> list[Any]:
    """Return what is told of a difference, divided by a power of two where that is in the unit of the data."""
    assert found.delta_ci is not None
    assert found.relative_ci is not None
    assert found.detectable is not None
    ends = (found.delta_ci.low, found.delta_ci.high)
    scaled = (found.baseline_value, found.candidate_value, found.delta, *ends, found.detectable)
    shares = (found.relative, found.relative_ci.low, found.relative_ci.high, found.p_value)
    counts = (found.rows_needed, found.wins, found.ties, found.losses, found.status)
    return [*(math.ldexp(each, -power) for each in scaled), *shares, *counts]


METHODS = [
    {},
    {"weight": "w"},
    {"cluster": "c"},
    {"method": "bootstrap", "resamples": 200},
    {"method": "diebold_mariano"},
    {"by": "g"},
    {"by": "g", "weight": "w", "method": "bootstrap", "resamples": 200},
]


@pytest.mark.parametrize("power", [640, -470, -900])
@pytest.mark.parametrize("options", METHODS, ids=str)
def test_a_power_of_two_changes_no_bit_of_a_difference(power: int, options: dict[str, Any]) -> None:
    columns: Any = {"target": "y", "prediction": ["a", "b"], **options}
    expected = lossctl.compare(two_models(), "rmse", **columns)
    of = two_models(power)
    order = np.random.default_rng(1).permutation(ROWS)
    shuffled = {name: values[order] for name, values in of.items()}
    in_any_order = options.get("method") is None
    for rows, threads in ((of, 1), (of, 3), *([(shuffled, 2)] if in_any_order else [])):
        found = lossctl.compare(rows, "rmse", threads=threads, **columns)
        assert not any("infinite" in line or "the same" in line for line in found.warnings)
        theirs = {tuple(each.slice.items()): each for each in expected}
        assert len(found) == len(theirs)
        for one in found:
            other = theirs[tuple(one.slice.items())]
            if one.slice:
                assert_allclose(np.array(figures(one, power)[:-1], float), figures(other, 0)[:-1], rtol=1e-11)
            else:
                assert figures(one, power) == figures(other, 0)


@pytest.mark.parametrize(("baseline", "candidate"), [(520, 0), (0, 520), (-470, 0), (0, -700), (640, -700)])
def test_models_of_different_scales_are_what_eval_says_of_each(baseline: int, candidate: int) -> None:
    of = two_models()
    frame = {"y": np.zeros(ROWS), "a": np.ldexp(of["a"], baseline), "b": np.ldexp(of["b"], candidate), "g": of["g"] % 9}
    for by in ([], ["g"]):
        alone = lossctl.evaluate(frame, "rmse", target="y", prediction=["a", "b"], by=by)
        values = {(each.model, *each.slice.values()): each.value for each in alone}
        for each in lossctl.compare(frame, "rmse", target="y", prediction=["a", "b"], by=by):
            place = tuple(each.slice.values())
            assert each.baseline_value == values["a", *place]
            assert each.candidate_value == values["b", *place]
            assert each.delta == each.candidate_value - each.baseline_value
            assert (each.wins > each.losses) == (baseline > candidate)


def test_by_hand_of_fifty_digits() -> None:
    """The error is that of the delta method: of r²/(2·rmse), row by row."""
    rng = np.random.default_rng(8)
    y, a, b = np.zeros(30), rng.normal(size=30) * 1e200, rng.normal(size=30) * 1.3e200
    (found,) = lossctl.compare({"y": y, "a": a, "b": b}, "rmse", target="y", prediction=["a", "b"])
    with mp.workdps(50):
        one, other = ([mp.mpf(each) for each in of.tolist()] for of in (a, b))
        values = [mp.sqrt(mp.fsum(r**2 for r in of) / 30) for of in (one, other)]
        gaps = [r**2 / (2 * values[1]) - s**2 / (2 * values[0]) for r, s in zip(other, one, strict=True)]
        mean = mp.fsum(gaps) / 30
        error = mp.sqrt(mp.fsum((gap - mean) ** 2 for gap in gaps) / (30 * 29))
        delta = values[1] - values[0]
        half = float(error) * stats.t(29).ppf(0.975)
    assert_allclose([found.baseline_value, found.candidate_value], [float(each) for each in values], rtol=1e-14)
    assert found.delta_ci is not None
    assert_allclose(found.delta_ci.high - found.delta_ci.low, 2 * half, rtol=1e-13)
    assert_allclose(found.p_value, 2 * stats.t(29).sf(float(abs(delta) / error)), rtol=1e-12)


@pytest.mark.parametrize("power", [640, -700])
@pytest.mark.parametrize("gate", ["delta(rmse) <= 1%", "delta(rmse)[g=*] <= 1%", "delta(rmse) <= 30%"])
def test_gates_decide_as_they_do_of_ordinary_numbers(power: int, gate: str) -> None:
    columns: Any = {"target": "y", "prediction": "b", "baseline_prediction": "a"}
    expected, found = (lossctl.check(two_models(each), [gate], **columns).gates for each in (0, power))
    assert [each.verdict for each in found] == [each.verdict for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one.value, other.value, rtol=1e-13)
        assert one.ci is not None
        assert other.ci is not None
        assert_allclose([one.ci.low, one.ci.high], [other.ci.low, other.ci.high], rtol=1e-12)


@pytest.mark.parametrize("power", [640, -900])
@pytest.mark.parametrize("by", [[], ["g"]])
def test_resampled_intervals_scale_with_their_values(power: int, by: list[str]) -> None:
    options: Any = {"bootstrap": True, "resamples": 100, "by": by, **OPTIONS}
    for one, other in zip(
        lossctl.evaluate(frame(power), "rmse", **options), lossctl.evaluate(frame(), "rmse", **options), strict=True
    ):
        assert one.ci is not None
        assert other.ci is not None
        assert_allclose(np.ldexp([one.ci.low, one.ci.high], -power), [other.ci.low, other.ci.high], rtol=1e-13)


# Stored baselines


@pytest.mark.parametrize("power", [640, -700])
def test_rows_whose_squares_are_lost_are_not_stored_and_values_are(power: int, tmp_path: Path) -> None:
    of = {**two_models(power), "id": np.arange(ROWS)}
    columns: Any = {"target": "y", "key": "id"}
    with pytest.raises(DataError, match=r"rmse is .* do not fit into 64-bit floats") as refused:
        lossctl.store_baseline(of, "rmse", tmp_path / "rows.parquet", prediction="a", **columns)
    assert "--no-rows" in str(refused.value.cure)
    path = str(tmp_path / "values.json")
    lossctl.store_baseline(of, "rmse", path, rows=False, prediction="a", **columns)
    options: Any = {"baseline": path, "prediction": "b", "test": "point", **columns}
    (found,) = lossctl.check(of, ["delta(rmse) <= 1"], **options).gates
    (beside,) = lossctl.compare(of, "rmse", target="y", prediction=["a", "b"])
    assert found.value == beside.delta


@pytest.mark.parametrize("power", [640, -700])
def test_a_candidate_beside_stored_rows_of_ordinary_size(power: int, tmp_path: Path) -> None:
    of = {**two_models(), "id": np.arange(ROWS)}
    path = str(tmp_path / "rows.parquet")
    zero = {**of, "y": np.zeros(ROWS), "b": np.full(ROWS, math.ldexp(1.0, power))}
    lossctl.store_baseline(zero, "rmse", path, target="y", key="id", prediction="a")
    (found,) = lossctl.compare(zero, "rmse", baseline=path, target="y", key="id", prediction="b")
    assert found.candidate_value == math.ldexp(1.0, power)
    assert found.baseline_value == lossctl.evaluate(zero, "rmse", target="y", prediction="a")[0].value
    assert (found.wins, found.losses) == ((0, ROWS) if power > 0 else (ROWS, 0))
