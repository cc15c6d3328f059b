"""Gates on differences of many slices: to the bit what each slice alone gives, whatever the size of the losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import lossctl
from lossctl.api.comparisons.contenders import Opened, line_up
from lossctl.api.comparisons.paired_slices import PairedSlices
from lossctl.api.comparisons.pairing import pair_up
from lossctl.api.setup.losses import select
from lossctl.api.setup.open import open_for
from lossctl.core.method import Method
from lossctl.core.results.verdict import Verdict
from lossctl.core.settings import Settings
from lossctl.sources import Slices
from lossctl.stats.margin import margin, margins
from lossctl.stats.measured import Measured, measured_alone

SLICES = 150


def frame(kind: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Slices of 1 to 12 rows."""
    random = np.random.default_rng([seed, len(kind)])
    slices = np.repeat(np.arange(SLICES), random.integers(1, 13, SLICES))
    random.shuffle(slices)
    rows = len(slices)
    y, old, new = (random.normal(size=rows) for _ in range(3))
    new *= random.gamma(1.0, size=rows)
    if kind == "ratings":
        y, old, new = np.rint(y), np.rint(2.0 * old), np.rint(2.0 * new)
    elif kind == "hits":
        y, old, new = (np.where(each > 0.0, 1.0, 0.0) for each in (y, y + old, y + 0.5 * new))
    elif kind == "same":
        new = np.where(slices % 3 == 0, old, new)
    elif kind == "shifted":
        y, new = np.zeros(rows), np.abs(old) + 0.25
    elif kind == "weeks":
        old = old * 1e-6 + 1e3
    return {"target": y, "old": old, "new": new, "s": slices, "w": random.gamma(1.0, size=rows) + 1e-3}


def paired_slices(data: dict[str, np.ndarray], loss: str, weight: str | None) -> PairedSlices:
    settings = Settings.of(prediction=["old", "new"], by="s", weight=weight)
    with open_for(data, select(loss), settings) as source:
        (models,) = line_up([Opened(None, source, settings)], select(loss))
        found = pair_up(models, settings, None, Method(), by=Slices(("s",)), skewed=True).slices
    assert isinstance(found, PairedSlices)
    return found


KINDS = [
    ("plain", "mae"),
    ("plain", "rmse"),
    ("plain", "wmape"),
    ("ratings", "mae"),
    ("ratings", "mse"),
    ("hits", "brier"),
    ("same", "mae"),
    ("shifted", "mae"),
    ("weeks", "mse"),
]


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize(("kind", "loss"), KINDS)
def test_what_is_measured_together_is_what_is_measured_alone(kind: str, loss: str, weight: str | None) -> None:
    slices = paired_slices(frame(kind), loss, weight)
    codes = np.array(list(slices), dtype=np.int64)
    for share in (0.0, 0.01, -0.3):
        together, doubtful = slices.measured(0, 0, share)
        doubtful |= slices.differences(0, 0, 0.95)[1].doubtful
        sure = codes[~doubtful[codes]]
        each = [(slices[code].sums[0][0], slices[code].values_of(0, 0)) for code in sure.tolist()]
        alone = Measured.joined([measured_alone(sums, values, Method(), share) for sums, values in each])
        mine, undecided = together.some(sure), alone.of_units < 3.0
        for name in Measured._fields:
            one, other = getattr(mine, name), getattr(alone, name)
            if name == "skewness":  # of fewer rows there is none; of hits it does not count; of equal rows neither
                counts = ~(undecided | alone.is_still | ~np.isnan(alone.hits[0]))
                assert_array_equal(one[counts], other[counts])
            elif name in {"of_units", "rows", "units", "freedom", "is_still"}:
                known = np.isfinite(alone.error)
                assert_array_equal(one[known], other[known])
            else:
                assert_array_equal(one, other)
        if kind in {"plain", "ratings"}:
            assert len(sure) > 0.9 * len(codes), (share, len(sure), len(codes))


def test_margins_of_many_are_those_of_each() -> None:
    slices = paired_slices(frame("plain"), "mae", None)
    codes = np.array(list(slices), dtype=np.int64)
    for limit, share in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.05)):
        together = margins(slices.measured(0, 0, share)[0].some(codes), limit=limit, share=share, level=0.9).rows()
        for code, found in zip(codes.tolist(), together, strict=True):
            sums, values = slices[code].sums[0][0], slices[code].values_of(0, 0)
            alone = margin(sums, values, Method(), limit=limit, share=share, level=0.9)
            assert (alone is None) == (found is None)
            assert alone is None or repr(alone) == repr(found)


def results(data: dict[str, np.ndarray], gate: str, **options: Any) -> Iterator[tuple[Any, ...]]:
    for each in lossctl.check(data, gate, prediction="new", baseline_prediction="old", **options):
        yield each.slice, each.verdict, each.value, each.n, each.ci, each.reason


@pytest.mark.parametrize(
    ("kind", "loss", "weight"), [("plain", "mae", "w"), ("plain", "rmse", None), ("hits", "brier", None)]
)
def test_blocks_of_slices_change_nothing(
    kind: str, loss: str, weight: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = frame(kind)
    gate = f"delta({loss})[s=*] <= 1%"
    right = list(results(data, gate, weight=weight))
    compared = lossctl.compare(data, loss, prediction=["old", "new"], by="s", weight=weight)
    assert len(right) == SLICES
    for module in ("comparisons.paired_slices", "checks.deltas"):
        monkeypatch.setattr(f"lossctl.api.{module}.BLOCK", 7)
    assert list(results(data, gate, weight=weight)) == right
    again = lossctl.compare(data, loss, prediction=["old", "new"], by="s", weight=weight)
    assert [each.to_dict() for each in again] == [each.to_dict() for each in compared]


@pytest.mark.parametrize("exponent", [-900, -510, 340, 500])
@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("where", ["", "[s=*]"])
def test_a_share_does_not_hang_on_the_unit_of_the_losses(where: str, weight: str | None, exponent: int) -> None:
    data = frame("plain")
    scaled = data | {name: np.ldexp(data[name], exponent) for name in ("target", "old", "new")}
    for gate in (f"delta(mae){where} <= 1%", f"delta(mae){where} <= -20%"):
        assert list(results(scaled, gate, weight=weight)) == list(results(data, gate, weight=weight))


@pytest.mark.parametrize("exponent", [-500, 500])
def test_a_difference_has_the_unit_of_the_losses(exponent: int) -> None:
    data = frame("plain")
    scaled = data | {name: np.ldexp(data[name], exponent) for name in ("target", "old", "new")}
    bound = float(np.ldexp(0.125, exponent))
    one, other = list(results(data, "delta(mae)[s=*] <= 0.125")), list(results(scaled, f"delta(mae)[s=*] <= {bound!r}"))
    assert [each[:2] for each in one] == [each[:2] for each in other]
    assert [np.ldexp(each[2], exponent) for each in one] == [each[2] for each in other]


@pytest.mark.parametrize("exponent", [-900, -510, 500])
def test_relative_figures_of_compare_do_not_hang_on_the_unit(exponent: int) -> None:
    data = frame("plain")
    scaled = data | {name: np.ldexp(data[name], exponent) for name in ("target", "old", "new")}
    one, other = (lossctl.compare(each, "mae", prediction=["old", "new"], by="s") for each in (data, scaled))
    for mine, theirs in zip(one, other, strict=True):
        assert (mine.slice, mine.relative, mine.relative_ci) == (theirs.slice, theirs.relative, theirs.relative_ci)
        assert (mine.p_value, mine.rows_needed) == (theirs.p_value, theirs.rows_needed)


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("slices", [3, 40])
@pytest.mark.parametrize("weight", [None, "w"])
def test_rows_left_out_of_a_slice_fail_its_gate(slices: int, weight: str | None, *, equal: bool) -> None:
    """Also of a slice that is looked at alone, for its differences are equal."""
    random = np.random.default_rng(5)
    rows = 10 * slices
    data = {name: random.normal(size=rows) for name in ("target", "old", "new")}
    data |= {"s": np.arange(rows) % slices, "w": np.where(np.arange(rows) < slices, 0.0, 1.0)}
    if equal:
        data |= {"target": np.zeros(rows), "new": np.abs(data["old"]) + 0.25}
    data["new"][[slices - 1, slices + 1]] = np.nan
    found = [each[1] for each in results(data, "delta(mae)[s=*] <= 99", nonfinite="fail", weight=weight)]
    failed = {1} if weight else {1, slices - 1}  # a row that weighs nothing is not missed
    assert [place for place, verdict in enumerate(found) if verdict is Verdict.FAIL] == sorted(failed)


def test_no_slice_of_many_is_looked_at_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> Any:
        raise AssertionError("a slice was looked at alone")

    monkeypatch.setattr(PairedSlices, "_alone", never)
    random = np.random.default_rng(7)
    data = {name: random.normal(size=80_000) for name in ("target", "old", "new")}
    data["s"] = np.arange(80_000) % 20_000
    found = list(results(data, "delta(mae)[s=*] <= 1%"))
    assert len(found) == 20_000
    assert {each[3] for each in found} == {4}
