"""`lossctl.evaluate` with the bootstrap, and warnings of losses that few rows decide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.errors import UsageError

DRAWN: dict[str, Any] = {"bootstrap": True, "resamples": 499}


def frame_of(rows: int = 240, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng([rows, seed])
    y = np.abs(rng.gamma(3.0, 4.0, size=rows))
    return pd.DataFrame(
        {
            "target": y,
            "prediction": y + rng.normal(size=rows) * rng.lognormal(size=rows),
            "w": rng.gamma(2.0, size=rows),
            "few": rng.integers(0, 3, rows),
            "many": rng.integers(0, 12, rows),
        }
    )


def ends(result: Any) -> tuple[float, float]:
    assert result.ci is not None
    return result.ci.low, result.ci.high


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("rows", [240, 5000])
def test_a_value_is_drawn_as_its_difference_from_a_model_without_loss(rows: int, weight: str | None) -> None:
    frame = frame_of(rows).assign(perfect=lambda f: f["target"])
    options: dict[str, Any] = {"weight": weight} if weight else {}
    found = lossctl.evaluate(frame, "mae,mse", prediction="prediction", **DRAWN, **options)
    against = lossctl.compare(
        frame, "mae,mse", prediction=["perfect", "prediction"], method="bootstrap", resamples=499, **options
    )
    for mine, theirs in zip(found, against, strict=True):
        assert theirs.delta_ci is not None
        assert ends(mine) == (theirs.delta_ci.low, theirs.delta_ci.high)
        assert mine.ci is not None
        assert (mine.ci.method, mine.ci.level) == ("bootstrap", 0.95)
        assert mine.signature.endswith("|method=bootstrap|seed=20|resamples=499")


def test_only_intervals_are_others() -> None:
    frame = frame_of()
    for mine, theirs in zip(
        lossctl.evaluate(frame, "mae,rmse,wmape", **DRAWN), lossctl.evaluate(frame, "mae,rmse,wmape"), strict=True
    ):
        assert (mine.value, mine.std_error, mine.gradient, mine.n) == (
            *(theirs.value, theirs.std_error, theirs.gradient, theirs.n),
        )
        assert ends(mine) != ends(theirs)
        assert_allclose(np.ptp(ends(mine)), np.ptp(ends(theirs)), rtol=0.5)


def test_a_root_moves_as_its_square_by_the_delta_method() -> None:
    mse, rmse = lossctl.evaluate(frame_of(), "mse,rmse", **DRAWN)
    assert_allclose(np.ptp(ends(rmse)), np.ptp(ends(mse)) / (2.0 * rmse.value), rtol=1e-9)
    assert_allclose(np.mean(ends(rmse)), rmse.value, rtol=1e-12)


@pytest.mark.parametrize("by", ["few", "many"])
@pytest.mark.parametrize("options", [{}, {"weight": "w"}, {"seed": 7}, {"skill": True}])
def test_a_slice_is_drawn_as_its_rows_alone(tmp_path: Path, by: str, options: dict[str, Any]) -> None:
    path = tmp_path / "rows.csv"
    frame_of().to_csv(path, index=False)  # so that rows keep their numbers where others are left out
    found = lossctl.evaluate(str(path), "mae,rmse,wmape", by=by, **DRAWN, **options)
    whole = list(lossctl.evaluate(str(path), "mae,rmse,wmape", **DRAWN, **options))
    assert [ends(each) for each in found if not each.slice] == [ends(each) for each in whole]
    for value in sorted({each.slice[by] for each in found if each.slice}):
        mine = [each for each in found if each.slice.get(by) == value]
        alone = lossctl.evaluate(str(path), "mae,rmse,wmape", where=f"{by} = {value}", **DRAWN, **options)
        assert [ends(each) for each in mine] == [ends(each) for each in alone]
        assert all(each.signature.endswith("|resamples=499") for each in mine)
    document = found.to_dict()
    assert {each["ci"]["method"] for each in document["results"]} == {"bootstrap"}


def test_neither_threads_nor_other_losses_change_a_bit() -> None:
    frame = frame_of(9000)
    (one,) = lossctl.evaluate(frame, "mae", threads=1, **DRAWN)
    (two, _) = lossctl.evaluate(frame, "mae,mse", threads=2, **DRAWN)
    assert ends(one) == ends(two)
    (other,) = lossctl.evaluate(frame, "mae", seed=21, **DRAWN)
    assert ends(one) != ends(other)


def test_what_has_no_interval_gets_none() -> None:
    frame = pd.DataFrame({"target": [0.5, 0.3, 0.2], "prediction": [0.4, 0.4, 0.2]})
    (found,) = lossctl.evaluate(frame, "kl_divergence", **DRAWN)
    assert found.ci is None
    (found,) = lossctl.evaluate(frame[:1], "mae", **DRAWN)
    assert found.ci is None


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="seed is of no use: nothing is drawn"):
        lossctl.evaluate(frame_of(), "mae", seed=3)
    with pytest.raises(UsageError, match="resamples: 5 is not a whole number from 99"):
        lossctl.evaluate(frame_of(), "mae", bootstrap=True, resamples=5)
    (found,) = lossctl.evaluate(frame_of(), "mae", skill=True, **DRAWN)
    assert found.ci is not None
    assert found.ci.method == "bootstrap"


@pytest.mark.parametrize("options", [{}, {"by": "few"}, {"by": "many"}])
def test_a_row_that_decides_an_interval_is_told(options: dict[str, Any]) -> None:
    frame = frame_of(400).assign(prediction=lambda f: f["target"] + np.random.default_rng(1).normal(size=400))
    told = "one row of 400 makes up"
    assert not any(told in said for said in lossctl.evaluate(frame, "mae,mse", **options).warnings)
    frame.loc[7, "prediction"] += 40.0
    found = lossctl.evaluate(frame, "mae,mse", **options)
    said = [each for each in found.warnings if told in each]
    loss = (frame["prediction"] - frame["target"]).to_numpy()
    for each, values in zip(said, (np.abs(loss), loss**2), strict=True):
        share = (values[7] - values.mean()) ** 2 / np.sum((values - values.mean()) ** 2)
        assert f"one row of 400 makes up {share:.0%} of the variance" in each
    assert not any(told in said for said in lossctl.evaluate(frame, "mae,mse", **DRAWN, **options).warnings)


def decided(warnings: Iterable[str]) -> tuple[int, list[str]]:
    """Return of how many slices a warning says that one row decides them, and what it says of the worst."""
    pattern = re.compile(r"in (\d+) of \d+ slices one row makes up much of the variance \((.*)\): the intervals")
    found = [match for match in map(pattern.search, warnings) if match]
    assert len(found) <= 1
    return (int(found[0][1]), found[0][2].split(", ")) if found else (0, [])


@pytest.mark.parametrize("by", ["few", "many"])
@pytest.mark.parametrize("loss", ["mae", "mse", "rmse", "wmape"])
@pytest.mark.parametrize("far", [0.0, 1e7])
def test_slices_that_one_row_decides_are_told_together(by: str, loss: str, far: float) -> None:
    """As each of them would be told in a run of its own; far off, variances cancel, and slices are read again."""
    frame = frame_of(900).assign(prediction=lambda f: f["target"] + far + np.abs(f["prediction"] - f["target"]) ** 3)
    frame.loc[frame.index[frame[by] == 1][19:], by] = 0  # few rows are told to be few
    alone = []
    for value, rows in frame.groupby(by):
        shares = [re.search(r"makes up (\d+)%", each) for each in lossctl.evaluate(rows, loss).warnings]
        alone += [(int(share[1]), f"{share[1]}% in {by}={value}") for share in shares if share]
    count, named = decided(lossctl.evaluate(frame, loss, by=by).warnings)
    assert count == len(alone)
    assert (count > 0) == (far == 0.0 or loss != "wmape")
    worst = [text for text in named if text != "…"]
    assert set(worst) <= {text for _, text in alone}
    assert [int(text.split("%")[0]) for text in worst] == sorted((share for share, _ in alone), reverse=True)[:3]
    assert ("…" in named) == (count > 3)
    assert decided(lossctl.evaluate(frame, loss, by=by, **DRAWN).warnings) == (0, [])


def test_of_several_losses_one_line_tells_of_slices_and_weights_have_none() -> None:
    frame = frame_of(900).assign(prediction=lambda f: f["target"] + (f["prediction"] - f["target"]) ** 2)
    (line,) = [each for each in lossctl.evaluate(frame, "mae,mse", by="many").warnings if " slices one row" in each]
    assert line.startswith("<frame>: mae, mse: in up to ")
    assert decided(lossctl.evaluate(frame, "mse", by="many", weight="w").warnings) == (0, [])


def test_the_share_of_the_largest_bounds_the_skewness() -> None:
    for seed in range(20):
        frame = frame_of(60, seed)
        loss = np.square(frame["prediction"] - frame["target"]).to_numpy()
        centred = loss - loss.mean()
        skewness = np.mean(centred**3) / np.mean(centred**2) ** 1.5
        said = [each for each in lossctl.evaluate(frame, "mse").warnings if "makes up" in each]
        share = np.max(np.abs(centred)) ** 2 / np.sum(centred**2)
        assert bool(said) == (share > 0.3)
        assert skewness**2 / 60 <= share
