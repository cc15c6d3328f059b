"""Warnings of columns that nobody names: long format pooled as one, series taken for one, rows that are no pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from tests.api.test_kinds import source_of

NAMES = (
    "model",
    "Model",
    "quantile_level",
    "quantile",
    "sample_id",
    "member",
    "output_type_id",
    "estimator",
    "cutoff",
    "seed",
)


def long(name: str, cases: int = 40, *, blocks: bool = True) -> pd.DataFrame:
    """Make three models of the same cases, one below the other or case by case."""
    rng = np.random.default_rng(2)
    case = pd.DataFrame({"site": [f"s{row}" for row in range(cases)], "target": rng.normal(size=cases)})
    frame = pd.concat([case.assign(**{name: each}) for each in ("a", "b", "c")], ignore_index=True)
    frame["prediction"] = frame["target"] + rng.normal(size=len(frame))
    return frame if blocks else frame.sort_values("site", kind="stable", ignore_index=True)


def pooled(result: Any) -> list[str]:
    return [each for each in result.warnings if "long format" in each]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("blocks", [True, False])
def test_long_format_is_not_pooled_without_a_word(name: str, blocks: bool) -> None:  # noqa: FBT001 -- of pytest
    frame = long(name, blocks=blocks)
    (line,) = pooled(lossctl.evaluate(frame, "mae"))
    assert f'rows differ by "{name}" alone' in line
    assert f"--by {name}" in line
    assert not pooled(lossctl.evaluate(frame, "mae", by=name))
    assert not pooled(lossctl.evaluate(frame, "mae", where=f"\"{name}\" = 'a'"))
    assert not pooled(lossctl.evaluate(frame.rename(columns={name: "colour"}), "mae"))


@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl", "parquet", "pandas", "polars", "arrow"])
def test_every_format_is_looked_at(form: str, tmp_path: Path) -> None:
    frame = long("model")
    sites = [None if site == "s5" else site for site in frame["site"]]
    source = source_of({**{name: frame[name].tolist() for name in frame}, "site": sites}, form, tmp_path)
    assert pooled(lossctl.evaluate(source, "mae"))
    assert not pooled(
        lossctl.evaluate(
            source_of({"model": list("abc"), "target": [1.0, 2.0, 3.0], "prediction": [1.0, 2.0, 2.0]}, form, tmp_path),
            "mae",
        )
    )


def test_every_command_warns() -> None:
    frame = long("model").assign(other=0.0)
    assert pooled(lossctl.compare(frame, "mae", prediction=["prediction", "other"]))
    clustered: Any = {"prediction": ["prediction", "other"], "method": "bootstrap", "cluster": "model"}
    assert not pooled(lossctl.compare(frame, "mae", **clustered))
    assert pooled(lossctl.check(frame, "mae <= 9"))
    assert pooled(lossctl.worst_rows(frame, "mae", 2))


def test_rows_that_differ_elsewhere_are_cases_of_their_own() -> None:
    frame = long("model")
    assert not pooled(lossctl.evaluate(frame.assign(day=range(len(frame))), "mae"))
    repeated = pd.concat([frame[frame["model"] == "a"]] * 2)  # the same case twice is no other model
    assert not pooled(lossctl.evaluate(repeated, "mae"))
    assert pooled(lossctl.evaluate(frame.assign(yhat=range(len(frame))), "mae", prediction="prediction"))


def test_a_column_that_names_the_rows_or_describes_them_is_no_model() -> None:
    rng = np.random.default_rng(5)
    labels = pd.DataFrame({"target": rng.integers(0, 2, 60), "prediction": rng.uniform(size=60)})
    assert not pooled(lossctl.evaluate(labels.assign(sample_id=range(60)), "brier"))  # names rows
    cars = rng.choice(["golf", "polo"], 60, p=[0.3, 0.7])
    assert not pooled(lossctl.evaluate(labels.assign(brand="a", model=cars), "brier"))
    assert not pooled(lossctl.evaluate(labels.assign(id=range(60), model="golf"), "brier"))
    twice = labels.assign(row=[0, 0, *range(58)], target=[1, 1, *labels["target"][2:]])  # two of sixty
    assert not pooled(lossctl.evaluate(twice.assign(model=["golf", "polo"] * 30), "brier"))


def test_labels_alone_tell_cases_where_each_model_has_as_many() -> None:
    rng = np.random.default_rng(6)
    target = rng.integers(0, 2, 40)
    frame = pd.DataFrame({"model": np.repeat(["a", "b"], 40), "target": np.tile(target, 2)})
    frame["prediction"] = rng.uniform(size=80)
    assert pooled(lossctl.evaluate(frame, "brier"))
    missing = [int(np.argmax(target == each)) for each in (0, 1)]
    assert not pooled(lossctl.evaluate(frame.drop(index=missing), "brier"))


def test_what_cannot_be_read_in_a_column_that_nobody_names_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"model,note,target,prediction\na,x,1,2\nb,\xff\xfe,1,3\n")
    assert lossctl.evaluate(str(path), "mae")[0].value == 1.5


def test_files_of_one_glob_are_looked_at_together(tmp_path: Path) -> None:
    frame = long("model")
    for model, part in frame.groupby("model"):
        part.to_csv(tmp_path / f"{model}.csv", index=False)
    assert pooled(lossctl.evaluate(f"{tmp_path}/*.csv", "mae"))


# --- series ----------------------------------------------------------------------------------------------------------


def panel(name: str = "unique_id", series: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: np.repeat([f"u{each}" for each in range(series)], 30), "ds": [*range(30)] * series})
    return frame.assign(y=rng.normal(size=len(frame)), yhat=0.0, other=0.1)


def borders(result: Any) -> list[str]:
    return [each for each in result.warnings if "of the series in" in each or "names several" in each]


@pytest.mark.parametrize("name", ["unique_id", "series", "series_id", "item_id"])
def test_a_series_does_not_run_over_borders_without_a_word(name: str) -> None:
    (line,) = borders(lossctl.evaluate(panel(name), "mae,mase,mase(period=2)", prediction="yhat"))
    assert "mase, mase(period=2) look back across the borders" in line
    assert f'"{name}": --by {name} keeps them apart' in line
    assert "the scale is the naive forecast's error on these rows, not on those of training" in line
    assert not borders(lossctl.evaluate(panel(name), "mae", prediction="yhat"))
    assert not borders(lossctl.evaluate(panel(name, 1), "mase", prediction="yhat"))
    (whole,) = borders(lossctl.evaluate(panel(name), "mase", prediction="yhat", by=name))
    assert "of all rows together mase" in whole
    assert f'runs over the borders of the series in "{name}": see the slices' in whole
    assert not borders(lossctl.evaluate(panel(name), "mae", prediction="yhat", by=name))
    assert borders(lossctl.check(panel(name), "mase <= 99", prediction="yhat"))


@pytest.mark.parametrize("options", [{"method": "diebold_mariano", "horizon": 2}, {"method": "bootstrap", "block": 4}])
def test_methods_that_take_rows_for_a_series_warn_too(options: dict[str, Any]) -> None:
    found = lossctl.compare(panel(), "mae", prediction=["yhat", "other"], **options)
    (line,) = borders(found)
    assert '"unique_id" names several' in line
    (whole,) = borders(lossctl.compare(panel(), "mae", prediction=["yhat", "other"], by="unique_id", **options))
    assert "of all rows together" in whole
    assert not borders(lossctl.compare(panel(), "mae", prediction=["yhat", "other"]))


# --- keys that disagree ----------------------------------------------------------------------------------------------


def disagree(result: Any) -> list[str]:
    return [each for each in result.warnings if "disagrees" in each]


A = {"id": [1, 2, 3], "target": [1.0, 1.0, 0.0], "prediction": [0.9, 0.1, 0.3]}
B = {"id": [1, 3, 2], "target": [1.0, 1.0, 0.0], "prediction": [0.8, 0.2, 0.4]}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "pandas"])
def test_keys_that_disagree_are_named_with_the_first_row(form: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    pair = [source_of(A, form, tmp_path), source_of(B, form, tmp_path / "other")]
    found = lossctl.compare(pair, "brier")
    (line,) = disagree(found)
    assert 'rows are paired in file order, but "id" disagrees' in line
    row = {"csv": "line 3", "jsonl": "line 2"}.get(form, "row 2")
    assert f"{row}: 2, " in line
    assert f"{row}: 3)" in line
    assert line.endswith("--key id pairs them")
    checked = lossctl.check(pair[0], "delta(brier) <= 0.9", baseline=pair[1], test="point")
    assert disagree(checked)


def test_keys_that_agree_or_tell_no_rows_apart_are_no_matter() -> None:
    assert not disagree(lossctl.compare([A, A], "brier"))
    for same, other in (
        ({"run_id": ["r1"] * 3}, {"run_id": ["r2"] * 3}),
        ({"colour": [1, 2, 3]}, {"colour": [3, 2, 1]}),
    ):
        one, two = ({key: value for key, value in each.items() if key != "id"} for each in (A, B))
        assert not disagree(lossctl.compare([{**one, **same}, {**two, **other}], "brier"))
    assert disagree(lossctl.compare([{**A, "id": [1, 1, 1]}, B], "brier"))
    renamed = [{"row_uid": each["id"], **each} for each in (A, B)]
    assert 'but "id"' in disagree(lossctl.compare(renamed, "brier"))[0]


def test_a_unique_column_of_another_name_is_a_key_too_and_a_condition_counts() -> None:
    one, two = ({"doc_id": each["id"], **{name: each[name] for name in ("target", "prediction")}} for each in (A, B))
    assert 'but "doc_id" disagrees' in disagree(lossctl.compare([one, two], "brier"))[0]
    assert not disagree(lossctl.compare([one, two], "brier", where="doc_id = 1"))
