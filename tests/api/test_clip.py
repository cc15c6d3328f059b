"""Probabilities just outside [0, 1]: `--clip` moves them in and counts them; without it the error names it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossctl import api
from lossctl.core.errors import DataError
from lossctl.core.losses.loss import PROBABILITY, Kind, Loss
from lossctl.losses import LOSSES
from tests.sample import Sample
from tests.support import everyday

CLIP = 1e-9
REACH = 1e-4
ROWS = 90
OF_PROBABILITIES = [loss for loss in LOSSES.values() if loss.prediction == PROBABILITY]
ALIKE = [
    [loss for loss in OF_PROBABILITIES if (loss.kind, loss.roles) == inputs]
    for inputs in dict.fromkeys((loss.kind, loss.roles) for loss in OF_PROBABILITIES)
]
"""Losses that take the same inputs."""


def nudged(values: np.ndarray[Any, Any], by: float) -> tuple[np.ndarray[Any, Any], int]:
    """Push some values just outside of [0, 1], by at most so much; give in how many rows."""
    pushed = values.copy()
    flat = pushed.reshape(len(pushed), -1)
    flat[3::7, 0] = -by
    flat[5::11, -1] = 1.0 + by
    rows = {*range(3, len(pushed), 7), *range(5, len(pushed), 11)}
    return pushed, len(rows)


def given(sample: Sample, loss: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    frame = {name: values for name, values in (("y", sample.target), ("p", sample.prediction)) if values is not None}
    options: dict[str, Any] = {"prediction": "p"} | ({"target": "y"} if "y" in frame else {})
    return frame, options | ({"normalize": True} if loss in {Kind.MULTICLASS, Kind.DISTRIBUTION} else {})


@pytest.mark.parametrize("losses", ALIKE, ids=lambda losses: str(losses[0].kind))
@pytest.mark.parametrize(("by", "clip"), [(REACH, CLIP), (2e-3, 2e-3)])
def test_they_count_as_the_ends_by_every_loss(losses: list[Loss], by: float, clip: float) -> None:
    """Whole and by slice, to the bit: as if they had been moved before, and then clipped."""
    sample = everyday(losses[0], np.random.default_rng(4), ROWS)
    assert sample.prediction is not None
    pushed, count = nudged(sample.prediction, by)
    frame, options = given(sample.with_prediction(pushed), losses[0].kind)
    inside, _ = given(sample.with_prediction(np.clip(pushed, 0.0, 1.0)), losses[0].kind)
    more, chosen, slices = (
        {**options, "clip": clip, "by": "g"},
        [loss.choose() for loss in losses],
        np.arange(ROWS) // 9,
    )
    found, expected = (api.evaluate({**each, "g": slices}, chosen, **more) for each in (frame, inside))
    assert len(found) == 11 * len(losses)
    for one, other in zip(found, expected, strict=True):
        assert (one.value, one.std_error, one.gradient) == (other.value, other.std_error, other.gradient)
        assert other.n_outside == 0
    for first in range(0, len(found), 11):
        assert sum(each.n_outside or 0 for each in found[first + 1 : first + 11]) == found[first].n_outside == count
    lines = {each for each in found.warnings if "outside" in each}
    assert len(lines) == 1
    assert lines.pop().startswith(
        f"{count} rows have a probability outside [0, 1] by at most {max(clip, REACH):g}, which"
    )


@pytest.mark.parametrize("name", ["kl_divergence", "hellinger", "renyi"])
def test_of_a_distribution_down_the_file(name: str) -> None:
    frame = {"p": np.array([0.2, 0.3, 0.5]), "q": np.array([0.5, 0.5 + 5e-5, -5e-5])}
    moved = {**frame, "q": np.array([0.5, 0.5 + 5e-5, 0.0])}
    options: dict[str, Any] = {"target": "p", "prediction": "q", "clip": 1e-5, "normalize": True}
    (found,), (expected,) = (api.evaluate(each, name, **options) for each in (frame, moved))
    assert (found.value, found.n_outside) == (expected.value, 1)
    assert np.isfinite(found.value)


def frame_of(value: float) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"y": rng.integers(0, 2, ROWS), "p": rng.random(ROWS), "o": rng.random(ROWS)})
    frame["g"] = np.arange(ROWS) // 10
    frame.loc[17, "p"] = frame.loc[44, "o"] = value
    return frame


OPTIONS: Any = {"target": "y", "prediction": "p"}
EDGES = {-REACH: True, 1.0 + REACH: True, 1.00000978: True, 1.0 + 1.001 * REACH: False, -1.001 * REACH: False}


@pytest.mark.parametrize(("value", "is_near"), EDGES.items())
def test_the_reach_and_the_hint(value: float, *, is_near: bool) -> None:
    """The cure is followed; what it does not cure does not name it as one."""
    frame = frame_of(value)
    with pytest.raises(DataError, match=re.escape("does not lie in [0, 1]")) as refused:
        api.evaluate(frame, "log_loss", **OPTIONS)
    named = re.search(r"--clip (\S+)", refused.value.cure)
    assert (named is not None) == is_near
    if named is not None:
        (found,) = api.evaluate(frame, "log_loss", clip=float(named[1]), **OPTIONS)
        assert found.n_outside == 1
        return
    with pytest.raises(DataError, match=re.escape("does not lie in [0, 1]")) as still:
        api.evaluate(frame, "log_loss", clip=CLIP, **OPTIONS)
    assert "by at most 0.0001" in still.value.cure
    (found,) = api.evaluate(frame, "log_loss", clip=2 * REACH, **OPTIONS)
    assert found.n_outside == 1


def test_one_that_is_far_outside_is_no_matter_of_clipping() -> None:
    frame = frame_of(1.00000978)
    frame.loc[60, "p"] = 3.5
    with pytest.raises(DataError) as refused:
        api.evaluate(frame, "log_loss", **OPTIONS)
    assert "--clip" not in refused.value.cure


def test_a_target_just_outside_is_refused() -> None:
    frame = frame_of(0.5).astype({"y": float})
    frame.loc[3, "y"] = 1.00000978
    with pytest.raises(DataError, match=re.escape("1.00000978")) as refused:
        api.evaluate(frame, "brier", clip=CLIP, **OPTIONS)
    assert "--clip" not in refused.value.cure


def test_other_losses_of_the_run_take_what_is_there() -> None:
    frame = frame_of(1.00000978)
    together = api.evaluate(frame, "mse,log_loss", clip=CLIP, **OPTIONS)
    alone = api.evaluate(frame, "mse", **OPTIONS)
    assert together[0].value == alone[0].value
    assert [each.n_outside for each in together] == [0, 1]


def test_every_command_counts_them(tmp_path: Path) -> None:
    frame = frame_of(1.00000978)
    inside = frame.clip(lower=0.0).assign(p=frame["p"].clip(0.0, 1.0), o=frame["o"].clip(0.0, 1.0))
    both: Any = {"target": "y", "prediction": ["p", "o"], "clip": CLIP}
    for by in ((), ("g",)):
        found, expected = (api.compare(each, "log_loss", by=by, **both) for each in (frame, inside))
        assert [each.delta for each in found] == [each.delta for each in expected]
        assert sum("outside [0, 1]" in line for line in found.warnings) == 2
    gates = ["log_loss[g=*] <= 9", "delta(log_loss) <= 9"]
    checked = api.check(frame, gates, baseline_prediction="o", clip=CLIP, **OPTIONS)
    assert {each.verdict.value for each in checked.gates} == {"pass"}
    assert sum("outside [0, 1]" in line for line in checked.warnings) == 2
    path = str(tmp_path / "base.parquet")
    stored = api.store_baseline(frame, "log_loss", path, rows=False, clip=CLIP, **OPTIONS)
    assert any("outside [0, 1]" in line for line in stored.warnings)
    assert stored.results[0].n_outside == 1
