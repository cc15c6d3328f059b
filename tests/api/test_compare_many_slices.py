"""Comparisons of many slices: columns of figures give to the bit what each slice looked at alone does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.api.comparisons.paired import Paired
from lossctl.api.comparisons.paired_slices import PairedSlices
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Batch, Binding
from lossctl.engine.accumulators import pair_slices
from lossctl.engine.accumulators.pair_slices import SlicedPairsPlan, SlicedPairsTally
from lossctl.engine.accumulators.pairs import PairsPlan, PairTally
from lossctl.engine.plan import ModelPlan
from lossctl.losses import LOSSES

SLICES = 60


def frame_of(rows: int = 1500, seed: int = 4) -> pd.DataFrame:
    """Give rows of slices that are large, of one row, equal, shifted, of two values, without a difference, infinite."""
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    shop = np.minimum(rng.geometric(0.06, rows), SLICES)
    old = y + rng.normal(size=rows) * 2.0
    new = y * 1.02 + rng.normal(size=rows)
    new = np.where(shop == 3, old, new)
    new = np.where(shop == 4, 2.0 * y - old, new)  # losses are equal up to rounding
    new = np.where(shop == 5, y + np.abs(old - y) + 1e7, new)  # a difference without a spread, but for rounding
    old, new = (np.where(shop == 6, y, each) for each in (old, new))
    old = np.where(shop == 7, 1e200, old)
    old, new = (np.where(shop == 8, y + 1e-90 * (each - y), each) for each in (old, new))
    new = np.where((shop == 9) & (np.arange(rows) % 3 > 0), np.nan, new)
    old = np.where(shop == 10, np.nan, old)
    w = rng.gamma(2.0, size=rows) * np.where(shop == 11, 1e-8, 1.0) * (rng.uniform(size=rows) > 0.05)
    third = y + 1.0 + rng.normal(size=rows)
    return pd.DataFrame({"y": y, "old": old, "new": new, "third": third, "w": w, "shop": shop})


@pytest.mark.parametrize(
    ("losses", "options"),
    [
        ("mae,wmape", {}),
        ("mse,rmse,wmape", {"weight": "w", "level": 0.8}),
        ("rmse", {"prediction": ["old", "new", "third"], "pairs": "all", "min_n": 3}),
        ("mase", {}),
    ],
)
@pytest.mark.parametrize("few", [0, SLICES])
def test_columns_say_what_each_slice_alone_does(
    monkeypatch: pytest.MonkeyPatch, losses: str, options: dict[str, Any], few: int
) -> None:
    asked: Any = {"target": "y", "prediction": ["old", "new"], "by": "shop", "nan": "omit", **options}
    looked_at: set[int] = set()
    alone = PairedSlices.__getitem__

    def watched(self: PairedSlices, code: int) -> Paired:
        looked_at.add(code)
        return alone(self, code)

    monkeypatch.setattr(PairedSlices, "__getitem__", watched)
    monkeypatch.setattr(pair_slices, "_FEW", few)
    found = lossctl.compare(frame_of(), losses, **asked)
    least, most = (SLICES - 5, SLICES) if few else (2, SLICES // 3)
    assert least <= len(looked_at) <= most, "of many slices, most need no look of their own"
    monkeypatch.setattr(pair_slices, "can_sum_by_slice", lambda _: False)
    expected = lossctl.compare(frame_of(), losses, **asked)
    assert [told(each) for each in found] == [told(each) for each in expected]
    assert len({each.slice.get("shop") for each in found}) > 30


def told(each: lossctl.Comparison) -> dict[str, str]:
    """Write each field as Python does: NaN is not equal to itself."""
    return {name: repr(getattr(each, name)) for name in type(each).__dataclass_fields__}


def state(pair: PairTally) -> object:
    sums = [each for spread in (pair.b, pair.d) for each in (spread.total, spread.square, spread.heavy)]
    return pair.n, pair.wins, pair.ties, pair.losses, *(each.to_bytes() for each in [*sums, pair.c, pair.cross])


def test_parts_merge_to_what_one_would_have_found() -> None:
    frame = frame_of()
    columns = {name: frame[name].to_numpy(np.float64) for name in frame}
    codes = frame["shop"].to_numpy(np.int64) - 1
    losses: tuple[ChosenLoss, ...] = tuple(LOSSES[name].choose() for name in ("mae", "wmape"))
    plans = tuple(ModelPlan(Binding(name, ("y",), (name,), "w", "y", name), losses) for name in ("old", "new"))
    plan = SlicedPairsPlan(PairsPlan(plans, ((0, 1),)), ({}, {}))

    def tally_of(*ranges: range) -> SlicedPairsTally:
        tally = plan.tally()
        for some in ranges:
            rows = np.array(some)
            rows = rows[codes[rows] < 6] if some.step == 5 else rows  # few slices
            parts = {name: values[rows] for name, values in columns.items()}
            tally.add(Batch(parts, 0, len(rows), rows, slices=codes[rows]))
        return tally

    n = len(frame)
    few = range(0, n, 5)
    together = tally_of(range(n), few, few)
    one, other = tally_of(few, range(n // 3, n)), tally_of(range(n // 3), few)
    one.merge(other)
    for code in range(SLICES):
        expected, found = together.of(code), one.of(code)
        assert [*map(state, found.pairs[0])] == [*map(state, expected.pairs[0])]
        for mine, theirs in zip(found.models, expected.models, strict=True):
            assert (mine.n_read, mine.rows, mine.parts) == (theirs.n_read, theirs.rows, theirs.parts)
    assert together.n_of(SLICES).sum() == sum(together.of(code).models[0].rows.n for code in range(SLICES))
    assert together.n_read_of(SLICES).sum() == n + 2 * np.count_nonzero(codes[np.array(few)] < 6)
