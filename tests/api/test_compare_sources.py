"""Comparisons of models in different sources: paired row by row, and refused where the rows are not the same."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl import api
from lossctl.core.errors import DataError, UsageError
from lossctl.core.rows.block import BLOCK_ROWS

CURE = "models are compared on the same rows: give files of the same rows, in the same order"
ROWS = 3 * BLOCK_ROWS // 2


def frame_of(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    y = rng.gamma(3.0, size=rows)
    old, new = (y * rng.lognormal(0.0, spread, size=rows) for spread in (0.3, 0.25))
    return pd.DataFrame(
        {"y": y, "old": old, "new": new, "w": rng.gamma(2.0, size=rows), "g": rng.integers(0, 40, rows)}
    )


def split(frame: pd.DataFrame, folder: Path, forms: tuple[str, str] = ("csv", "parquet")) -> list[str]:
    """Write the models into files of their own."""
    paths = []
    for name, form in zip(("old", "new"), forms, strict=True):
        path = folder / f"{name}.{form}"
        part = frame.drop(columns=["old", "new"]).assign(prediction=frame[name])
        part.to_csv(path, index=False) if form == "csv" else part.to_parquet(path)
        paths.append(f"{name}={path}")
    return paths


def figures(found: lossctl.Comparisons) -> list[dict[str, Any]]:
    return found.items()


@pytest.mark.parametrize("forms", [("csv", "csv"), ("csv", "parquet"), ("parquet", "parquet")])
def test_two_files_give_the_same_bits_as_one(tmp_path: Path, forms: tuple[str, str]) -> None:
    frame = frame_of()
    paths = split(frame, tmp_path, forms)
    for options in ({}, {"weight": "w"}, {"where": "w > 1"}):
        one = api.compare(frame, "mae,rmse,mase", target="y", prediction=["old", "new"], **options)  # type: ignore[arg-type]
        two = api.compare(paths, "mae,rmse,mase", target="y", **options)  # type: ignore[arg-type]
        assert figures(two) == figures(one)


def test_files_of_several_batches_that_are_cut_differently(tmp_path: Path) -> None:
    frame = frame_of(ROWS)
    paths = split(frame, tmp_path)
    frame.drop(columns=["old", "new"]).assign(prediction=frame["new"]).to_parquet(
        tmp_path / "new.parquet", row_group_size=7001
    )
    one = api.compare(frame, "mae,rmse", target="y", prediction=["old", "new"])
    for threads in (1, 4):
        assert figures(api.compare(paths, "mae,rmse", target="y", threads=threads)) == figures(one)


def test_groups_of_two_files(tmp_path: Path) -> None:
    frame = frame_of(ROWS)
    frame["y"] = np.floor(frame["y"]) % 3
    frame["g"] = np.arange(ROWS) // 7
    paths = split(frame, tmp_path)
    one = api.compare(frame, "listnet", target="y", prediction=["old", "new"], group="g")
    two = api.compare(paths, "listnet", target="y", group="g")
    assert figures(two) == figures(one)


def test_other_groups_are_refused() -> None:
    frame = {"y": [1.0, 1.0, 1.0, 1.0], "p": [0.1, 0.2, 0.3, 0.4], "g": [1, 1, 2, 2]}
    other = frame | {"g": [1, 2, 2, 2]}
    with pytest.raises(DataError, match="<frame> row 2 begins a group, but <frame> row 2 does not") as caught:
        api.compare([frame, other], "listnet", target="y", prediction="p", group="g")
    assert caught.value.cure == CURE


def test_groups_that_are_called_otherwise_are_refused() -> None:
    """Of as many rows and the same targets, but not of the same queries."""
    frame = pd.DataFrame({"g": ["a", "a", "b", "b", "c"], "y": [1, 0, 1, 0, 1], "p": [3.0, 1.0, 2.0, 5.0, 1.0]})
    options: Any = {"target": "y", "prediction": "p", "group": "g"}
    turned = frame.iloc[[2, 3, 4, 0, 1]]  # whole groups may stand in any order
    assert api.compare([frame, turned], "listnet", **options)[0].ties == 3
    with pytest.raises(DataError) as caught:
        api.compare([frame, frame.assign(g=["a", "a", "d", "d", "e"])], "listnet", **options)
    assert str(caught.value) == '<frame> row 3 is of the group "b", but <frame> row 3 is of the group "d"'
    with pytest.raises(DataError, match='column "y": 1') as caught:
        api.compare([frame, frame.iloc[::-1]], "listnet", **options)
    assert "--key" not in str(caught.value.cure)


def test_gaps_in_one_file_leave_the_row_out_of_both(tmp_path: Path) -> None:
    frame = frame_of()
    frame.loc[[3, 77], "old"] = np.nan
    frame.loc[[77, 90], "new"] = np.nan
    one = api.compare(frame, "mae,rmse", target="y", prediction=["old", "new"], nan="omit")
    two = api.compare(split(frame, tmp_path), "mae,rmse", target="y", nan="omit")
    assert figures(two) == figures(one)
    assert one[0].n == 297


@pytest.mark.parametrize("row", [0, 5, ROWS - 1])
def test_targets_that_differ_are_refused_by_the_first_row(tmp_path: Path, row: int) -> None:
    frame = frame_of(ROWS if row > 5 else 10).round(3)
    paths = split(frame, tmp_path, ("csv", "csv"))
    changed = pd.read_csv(tmp_path / "new.csv")
    changed.loc[row:, "y"] += 1.0
    changed.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError) as caught:
        api.compare(paths, "mae", target="y")
    first, second = frame["y"][row], changed["y"][row]
    assert caught.value.problem == (
        f'{tmp_path}/old.csv line {row + 2}, column "y": {first}, '
        f'but {tmp_path}/new.csv line {row + 2}, column "y": {second}'
    )
    assert caught.value.cure == f"{CURE}, or match them with --key"


def test_weights_that_differ_are_refused(tmp_path: Path) -> None:
    frame = frame_of(10)
    paths = split(frame, tmp_path, ("csv", "csv"))
    changed = pd.read_csv(tmp_path / "new.csv")
    changed.loc[4, "w"] = 9.5
    changed.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r'new.csv line 6, column "w": 9.5'):
        api.compare(paths, "mae", target="y", weight="w")
    assert api.compare(paths, "mae", target="y")[0].n == 10


@pytest.mark.parametrize("longer", ["old", "new"])
def test_files_that_are_not_equally_long_are_refused(tmp_path: Path, longer: str) -> None:
    frame = frame_of(10)
    paths = split(frame, tmp_path, ("csv", "csv"))
    for name in {"old", "new"} - {longer}:
        pd.read_csv(tmp_path / f"{name}.csv").head(7).to_csv(tmp_path / f"{name}.csv", index=False)
    shorter = "new" if longer == "old" else "old"
    with pytest.raises(DataError) as caught:
        api.compare(paths, "mae", target="y")
    said = f"{tmp_path}/{shorter}.csv ends after 7 rows, and {tmp_path}/{longer}.csv goes on"
    assert caught.value.problem == said


def test_a_row_missing_in_both_targets_is_the_same() -> None:
    frame = frame_of(10).assign(prediction=lambda f: f["old"])
    frame.loc[2, "y"] = np.nan
    found = api.compare([frame, frame], "mae", target="y", nan="omit")
    assert (found[0].n, found[0].ties) == (9, 9)
    with pytest.raises(DataError, match=r'column "y": nan'):
        api.compare([frame, frame.fillna(1.0)], "mae", target="y", nan="omit")


def animals(order: str, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(3), 40)
    labels = np.random.default_rng(1).choice(["cat", "dog", "eel"], 40)
    places = ["cat", "dog", "eel"]
    return {"y": list(labels), **{f"p_{name}": shares[:, places.index(name)] for name in order.split()}}


def test_labels_are_compared_as_labels_whatever_the_order_of_classes() -> None:
    one, other = animals("cat dog eel", 2), animals("eel cat dog", 3)
    same = animals("cat dog eel", 3)
    options: Any = {"target": "y", "prediction": "p_*"}
    expected = api.compare([one, same], "categorical_cross_entropy", **options)
    found = api.compare([one, other], "categorical_cross_entropy", **options)
    assert figures(found) == figures(expected)
    assert found[0].delta != 0.0
    swapped = other | {"y": [{"cat": "eel", "dog": "cat", "eel": "dog"}[each] for each in other["y"]]}
    with pytest.raises(DataError, match="row 1"):  # the same codes, other labels
        api.compare([one, swapped], "categorical_cross_entropy", **options)


def test_names_tell_models_apart(tmp_path: Path) -> None:
    frame = frame_of(10)
    paths = split(frame, tmp_path)

    def names(source: Any, **options: Any) -> list[tuple[str, str]]:
        found = api.compare(source, "mae", target="y", **options)
        return [(each.baseline, each.candidate) for each in found]

    assert names(paths) == [("old", "new")]
    assert names([path.split("=")[1] for path in paths]) == [(f"{tmp_path}/old.csv", f"{tmp_path}/new.parquet")]
    assert names(frame, prediction=["old", "new"]) == [("old", "new")]
    assert names([frame, frame], prediction="old") == [("<frame> 1", "<frame> 2")]
    both = [f"a={tmp_path}/x.csv", f"b={tmp_path}/y.csv"]
    for path in both:
        frame.to_csv(path.split("=")[1], index=False)
    assert names(both, prediction=["old", "new"]) == [("a:old", "a:new"), ("a:old", "b:old"), ("a:old", "b:new")]
    with pytest.raises(UsageError, match="two models are called"):
        names([paths[0], paths[0]])


def test_an_error_while_reading_leaves_no_thread(tmp_path: Path) -> None:
    frame = frame_of(ROWS)
    paths = split(frame, tmp_path)
    before = threading.active_count()
    with pytest.raises(DataError):
        api.compare([paths[0], frame.assign(prediction=1.0, y=2.0)], "mae", target="y", threads=4)
    assert threading.active_count() <= before


def test_progress_counts_the_rows_once() -> None:
    told: list[int] = []
    frame = frame_of(ROWS)
    api.compare(
        frame, "rmse", target="y", prediction=["old", "new"], on_progress=lambda rows, _share: told.append(rows)
    )
    assert told == sorted(told)
    assert told[-1] == ROWS
