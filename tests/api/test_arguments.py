"""Arguments of `lossctl.evaluate` that make no sense, and frames that look as if they did not."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import lossctl

FRAME = pd.DataFrame({"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]})
MAE = 3.5 / 3


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (3, "int is no loss"),
        (["mae", 3], "int is no loss"),
        (lossctl.LOSSES["huber"], "Loss is no loss"),
        ([], "no loss is chosen"),
        ("", "a loss has no name"),
    ],
)
def test_what_is_no_loss_is_refused(losses: Any, said: str) -> None:
    with pytest.raises(lossctl.UsageError, match=said):
        lossctl.evaluate(FRAME, losses)


def test_chosen_losses_and_names_go_together() -> None:
    huber = lossctl.LOSSES["huber"].choose(delta=0.5)
    assert [each.loss for each in lossctl.evaluate(FRAME, huber)] == ["huber"]
    assert [each.loss for each in lossctl.evaluate(FRAME, [huber, "mae", "l1", "huber(delta=0.5)"])] == ["huber", "mae"]
    with_all = lossctl.evaluate(FRAME, [huber, "all"])
    assert with_all[0].chosen == huber
    assert {each.loss for each in with_all} >= {"mae", "mse", "smooth_l1"}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"where": 3}, "where: 3 is not a text"),
        ({"target": 3}, "target: 3 is not a text"),
        ({"target": ["target"]}, r"target: \['target'\] is not a text"),
        ({"weight": 3}, "weight: 3 is not a text"),
        ({"delimiter": 3}, "delimiter: 3 is not a text"),
        ({"threads": 1.5}, "threads: 1.5 is not a whole number"),
        ({"threads": "2"}, "threads: '2' is not a whole number"),
        ({"threads": True}, "threads: True is not a whole number"),
        ({"threads": 1025}, "threads: 1025 is not a whole number from 1 to 1024"),
        ({"level": None}, "level: None is not a number from 0.5 to 0.9999"),
        ({"level": "0.9"}, "level: '0.9' is not a number from 0.5 to 0.9999"),
        ({"clip": "0.1"}, "clip: '0.1' is not between 0 and 0.5"),
        ({"prediction": [3]}, r"\[3\] is neither a text nor a list of texts"),
    ],
)
def test_options_of_another_type_are_refused(option: dict[str, Any], said: str) -> None:
    with pytest.raises(lossctl.UsageError, match=f"^{said}"):
        lossctl.evaluate(FRAME, "mae", **option)


def test_numbers_of_numpy_are_numbers() -> None:
    (result,) = lossctl.evaluate(FRAME, "mae", threads=np.int64(2), level=np.float64(0.5))  # type: ignore[arg-type]
    assert result.ci is not None
    assert result.ci.level == 0.5


GOOD_FRAMES = {
    "duplicate index": FRAME.set_index(pd.Index([5, 5, 7])),
    "several indices": FRAME.set_index(pd.MultiIndex.from_tuples([(1, 2), (1, 2), (3, 4)])),
    "dates as index": FRAME.set_index(pd.date_range("2026-01-01", periods=3)),
    "nullable integers and floats": pd.DataFrame(
        {"target": pd.array([1, 2, 4], dtype="Int64"), "prediction": pd.array([1.5, 2.0, 1.0], dtype="Float64")}
    ),
    "objects": FRAME.astype(object),
    "decimals": FRAME.assign(target=[decimal.Decimal(number) for number in (1, 2, 4)]),
    "categories of numbers": FRAME.astype({"target": "category"}),
    "arrow types": FRAME.astype("float64[pyarrow]"),
    "float16": FRAME.astype("float16"),
    "row-major": pd.DataFrame(FRAME.to_numpy(), columns=FRAME.columns),
    "strided": pd.DataFrame(
        {"target": np.array([1.0, 9, 2, 9, 4, 9])[::2], "prediction": np.array([1.0, 9, 2, 9, 1.5])[::-2]}
    ),
    "polars": pl.from_pandas(FRAME),
    "record batch": pa.RecordBatch.from_pandas(FRAME),
    "record batch reader": pa.Table.from_pandas(FRAME).to_reader(),
    "dictionary-encoded": pa.table(
        {"target": pa.array([1.0, 2.0, 4.0]).dictionary_encode(), "prediction": [1.5, 2.0, 1.0]}
    ),
    "lists": {"target": [1, 2, 4], "prediction": [1.5, 2, 1]},
    "series that disagree on their index": {
        "target": FRAME["target"],
        "prediction": FRAME["prediction"].set_axis([2, 0, 1]),
    },
}


@pytest.mark.parametrize("name", GOOD_FRAMES)
def test_frames_are_read_row_by_row_whatever_their_types(name: str) -> None:
    assert lossctl.evaluate(GOOD_FRAMES[name], "mae")[0].value == MAE


BAD_FRAMES: dict[str, tuple[Any, str]] = {
    "words among numbers": (FRAME.assign(target=[1, "2", 4]), 'column "target" holds text such as "1"'),
    "categories of words": (
        FRAME.assign(target=pd.Categorical(["a", "b", "a"])),
        'column "target" holds text such as "a", not numbers',
    ),
    "dates": (FRAME.assign(target=pd.date_range("2026-01-01", periods=3)), "holds times"),
    "complex numbers": (FRAME.astype(complex), "complex128"),
    "missing": (
        FRAME.assign(target=pd.array([1, None, 4], dtype="Int64")),
        'row 2, column "target": the value is missing or not a number',
    ),
    "two columns of a name": (
        pd.DataFrame([[1, 2, 3]], columns=["y", "yhat", "yhat"]),
        'two columns are called "yhat"',
    ),
    "no columns": (pd.DataFrame(index=range(3)), "has no columns"),
    "no rows": (FRAME.iloc[:0], "there are no rows"),
    "lazy": (pl.from_pandas(FRAME).lazy(), "this is no source: LazyFrame"),
    "a series": (FRAME["target"], "a pandas Series is no frame"),
    "nothing": (None, "this is no source: NoneType"),
    "an array": (np.ones(3), "this is no source: ndarray"),
    "bytes": (b"p.csv", "this is no source: bytes"),
    "numbers of one row": ({"target": 1.0, "prediction": 2.0}, r"the shape \(\)"),
    "arrays of two lengths": ({"target": [1.0], "prediction": [1.0, 2.0]}, "not of one length"),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_frames_that_cannot_be_read_are_refused(name: str) -> None:
    frame, said = BAD_FRAMES[name]
    with pytest.raises(lossctl.LossctlError, match=said):
        lossctl.evaluate(frame, "mae")


def test_no_sources_are_refused() -> None:
    with pytest.raises(lossctl.UsageError, match="no source is given"):
        lossctl.evaluate([], "mae")


def test_frames_may_be_several() -> None:
    assert [each.value for each in lossctl.evaluate([FRAME, FRAME], "mae")] == [MAE, MAE]


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(lossctl.UsageError, match="two models are called 'm'"):
        lossctl.evaluate(["m=a.csv", "m=b.csv"], "mae")


LEVELS = {
    "evaluate": lambda level: lossctl.evaluate(FRAME, "mae", level=level),
    "compare": lambda level: lossctl.compare([FRAME, FRAME], "mae", level=level),
    "check": lambda level: lossctl.check(FRAME, ["mae <= 2"], level=level),
    "check that calibrates": lambda level: lossctl.check(FRAME, ["mae <= 2"], level=level, calibrate=True),
}


@pytest.mark.parametrize("level", [-0.5, 0.0, 0.05, 0.4999, 0.99991, 1 - 1e-13, 1.0, 95.0, float("inf"), float("nan")])
@pytest.mark.parametrize("verb", LEVELS)
def test_a_level_that_shows_nothing_or_lets_nothing_fail_is_refused(verb: str, level: float) -> None:
    with pytest.raises(lossctl.UsageError, match=r"level: .* is not a number from 0\.5 to 0\.9999"):
        LEVELS[verb](level)


@pytest.mark.parametrize("level", [0.5, 0.9999])
@pytest.mark.parametrize("verb", LEVELS)
def test_the_least_and_the_most_level_count(verb: str, level: float) -> None:
    assert len(LEVELS[verb](level)) == 1
