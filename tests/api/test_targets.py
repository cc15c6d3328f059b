"""Targets that stand in another file, through the api: the same as if they stood beside the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl import api
from lossctl.core.errors import DataError, UsageError
from lossctl.core.results.evaluation import Evaluation

ROWS = 300


def frame_of() -> pd.DataFrame:
    random = np.random.default_rng(8)
    frame = pd.DataFrame({"id": [f"k{n}" for n in random.permutation(ROWS)], "y": random.normal(size=ROWS).cumsum()})
    frame["old"] = frame["y"] + random.normal(size=ROWS)
    frame["new"] = frame["y"] + random.normal(size=ROWS) / 2
    frame["w"] = random.uniform(0.5, 2, size=ROWS)
    frame["shop"] = random.choice(["a", "b", "c"], size=ROWS)
    return frame


def apart(frame: pd.DataFrame, tmp_path: Path) -> tuple[str, str]:
    """Write predictions and targets to two files, the targets in another order."""
    frame[["id", "old", "new"]].to_csv(tmp_path / "p.csv", index=False)
    frame[["id", "y", "w", "shop"]].sort_values("id").to_parquet(tmp_path / "t.parquet")
    return str(tmp_path / "p.csv"), str(tmp_path / "t.parquet")


def figures(results: Sequence[Evaluation]) -> list[Any]:
    names = {"source", "signature"}
    return [{name: each for name, each in result.to_dict().items() if name not in names} for result in results]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": "w"},
        {"where": "shop <> 'a' and old > new"},
        {"by": "shop"},
        {"skill": True},
    ],
    ids=str,
)
def test_results_are_those_of_one_file(options: dict[str, Any], tmp_path: Path) -> None:
    frame = frame_of()
    predictions, targets = apart(frame, tmp_path)
    losses = "mae,mse" if "skill" in options else "mae,rmse,mase,huber(delta=0.5)"
    options = {"target": "y", "prediction": ["old", "new"], **options}
    one = api.evaluate(frame, losses, **options)
    two = api.evaluate(predictions, losses, targets=targets, key="id", **options)
    assert figures(two) == figures(one)
    assert two.warnings == tuple(each.replace("<frame>", predictions) for each in one.warnings)
    assert f"|key=id|targets={targets}|" in two[0].signature


def test_unmatched_rows_are_read_and_dropped(tmp_path: Path) -> None:
    frame = frame_of()
    predictions, targets = apart(frame, tmp_path)
    pd.read_parquet(targets)[["id", "y"]].iloc[7:].to_parquet(targets)
    extra = pd.DataFrame({"id": ["x"], "y": [1.0]})
    pd.concat([pd.read_parquet(targets), extra]).to_parquet(targets)
    with pytest.raises(DataError, match=r"7 rows have a key that is not in .*; .*: 1 row has a key that is not in"):
        api.evaluate(predictions, "mae", target="y", prediction="old", targets=targets, key="id")
    (result,) = api.evaluate(
        predictions, "mae", target="y", prediction="old", targets=targets, key="id", unmatched="drop"
    )
    known = frame[frame["id"].isin(pd.read_parquet(targets)["id"])]
    np.testing.assert_allclose(result.value, np.abs(known["old"] - known["y"]).mean(), rtol=1e-14)
    assert (result.n, result.n_read, result.n_dropped) == (ROWS - 7, ROWS, 7)
    assert result.signature.endswith(
        f"|key=id|targets={targets}|unmatched=drop|n={ROWS - 7}/{ROWS}|lossctl={lossctl.__version__}"
    )


def test_unmatched_rows_are_in_no_slice(tmp_path: Path) -> None:
    frame = frame_of().assign(part=lambda each: np.arange(len(each)) % 3)
    predictions, targets = tmp_path / "predictions.parquet", tmp_path / "targets.parquet"
    frame[["id", "old", "part"]].to_parquet(predictions)
    frame[["id", "y"]].iloc[7:].to_parquet(targets)
    found = api.evaluate(
        str(predictions),
        "mae",
        target="y",
        prediction="old",
        targets=str(targets),
        key="id",
        unmatched="drop",
        by="part",
    )
    rows = [int((frame["part"][7:] == part).sum()) for part in range(3)]
    counts = [(each.n, each.n_read, each.n_dropped) for each in found]
    assert counts == [(ROWS - 7, ROWS, 7), *((each, each, 0) for each in rows)]
    assert found.warnings[0] == f"{predictions}: 7 rows have a key that is not in {targets}, and are left out"


def test_unmatched_rows_are_told_of(tmp_path: Path) -> None:
    frame = frame_of()
    predictions, targets = apart(frame, tmp_path)
    frame[["id", "y"]].iloc[2:].assign(id=lambda each: each["id"].replace(frame["id"][5], "x")).to_parquet(targets)
    found = api.evaluate(predictions, "mae", target="y", prediction="old", targets=targets, key="id", unmatched="drop")
    assert found.warnings == (
        f"{predictions}: 3 rows have a key that is not in {targets}, and are left out",
        f"{targets}: 1 row has a key that is not in {predictions}, and is left out",
    )


def test_rows_are_told_in_the_order_of_the_predictions(tmp_path: Path) -> None:
    frame = pd.concat([frame_of().assign(id=frame_of()["id"] + f"-{n}") for n in range(40)])
    predictions, targets = apart(frame, tmp_path)
    with api.open_rows(predictions, "mae", target="y", prediction="old", targets=targets, key="id") as rows:
        told = rows.to_frame()
    assert told["key"].tolist() == frame["id"].tolist()
    np.testing.assert_allclose(told["value"], np.abs(frame["old"] - frame["y"]), rtol=1e-12)


def test_files_that_share_no_key_are_refused_even_where_rows_may_be_dropped() -> None:
    left, right = pd.DataFrame({"id": ["a"], "pred": [1.0]}), pd.DataFrame({"id": ["b"], "y": [1.0]})
    with pytest.raises(DataError, match="1 row has a key that is not in") as raised:
        api.evaluate(left, "mae", targets=right, key="id", unmatched="drop")
    assert "no key is in both" in str(raised.value.cure)


def test_the_target_is_looked_for_among_the_targets() -> None:
    left = pd.DataFrame({"id": [1, 2], "target": [100.0, 100.0], "prediction": [1.0, 2.0]})
    right = pd.DataFrame({"id": [2, 1], "target": [2.0, 2.0], "prediction": [50.0, 50.0]})
    for named in ({}, {"target": "target"}, {"prediction": "prediction"}):
        (result,) = api.evaluate(left, "mae", targets=right, key="id", **named)  # type: ignore[arg-type]
        assert (result.value, result.target, result.prediction) == (0.5, "target", "prediction")
    with pytest.raises(UsageError, match='<frame>: <frame>: -t: there is no column "tarbet"'):
        api.evaluate(left, "mae", targets=right, key="id", target="tarbet")
    with pytest.raises(UsageError, match='-p: there is no column "y"'):
        api.evaluate(left, "mae", targets=right.rename(columns={"target": "y"}), key="id", prediction="y")


def test_vectors_and_labels_of_the_targets() -> None:
    left = pd.DataFrame({"id": [1, 2, 3], "q_a": [0.2, 0.5, 0.25], "q_b": [0.8, 0.5, 0.75]})
    right = pd.DataFrame({"id": [3, 2, 1], "p_b": [1.0, 0.5, 0.75], "p_a": [0.0, 0.5, 0.25], "q_a": 9.0})
    both = left.merge(right.drop(columns="q_a"), on="id")
    options = {"target": "p_*", "prediction": "q_*"}
    one = api.evaluate(both, "kl_divergence", **options)  # type: ignore[arg-type]
    two = api.evaluate(left, "kl_divergence", targets=right, key="id", **options)  # type: ignore[arg-type]
    assert figures(two) == figures(one)
    classes = pd.DataFrame({"id": [1, 2, 3], "label": ["b", "a", "b"]})
    options = {"target": "label", "prediction": "q_*"}
    one = api.evaluate(left.merge(classes, on="id"), "categorical_cross_entropy", **options)  # type: ignore[arg-type]
    two = api.evaluate(left, "categorical_cross_entropy", targets=classes[::-1], key="id", **options)  # type: ignore[arg-type]
    assert figures(two) == figures(one)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "id"}, "--key pairs two files, and there is one"),
        ({"targets": "t.csv"}, "--targets needs to know which row belongs to which"),
        ({"unmatched": "drop"}, "--unmatched is of no use: rows are not matched by a key"),
        ({"unmatched": "omit", "key": "id", "targets": "t.csv"}, "unmatched: 'omit' is not error or drop"),
        ({"key": ["id", "id"], "targets": "t.csv"}, "key: 'id' stands twice"),
        ({"key": "idd", "targets": pd.DataFrame({"id": [1]})}, '<frame>, --key: there is no column "idd"'),
        ({"key": "id", "targets": 3}, "this is no source: int"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    frame = pd.DataFrame({"id": [1.0], "y": [1.0], "pred": [2.0]})
    with pytest.raises(UsageError) as raised:
        api.evaluate(frame, "mae", **options)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": "bootstrap", "resamples": 199},
        {"method": "permutation", "resamples": 199, "cluster": "shop"},
        {"method": "diebold_mariano", "horizon": 3},
        {"block": 20},
        {"by": "shop"},
        {"where": "w > 1"},
    ],
    ids=str,
)
def test_files_are_compared_by_key(options: dict[str, Any], tmp_path: Path) -> None:
    """By key, in any order, as by row, in one."""
    frame = frame_of()
    old = frame[["id", "y", "w", "shop", "old"]]
    new = frame[["id", "y", "w", "new"]]
    old.to_csv(tmp_path / "old.csv", index=False)
    new.sample(frac=1, random_state=3).to_parquet(tmp_path / "new.parquet")
    losses = "mae,rmse,mase"
    drawn = {"cluster": "id"} if options.get("method") == "bootstrap" else {}  # as rows with a key are drawn by it
    one = api.compare(frame, losses, target="y", prediction=["old", "new"], **{**drawn, **options})
    sources = [str(tmp_path / "old.csv"), str(tmp_path / "new.parquet")]
    renamed = [pd.read_csv(sources[0]).rename(columns={"old": "pred"}), pd.read_parquet(sources[1])]
    renamed[0].to_csv(sources[0], index=False)
    renamed[1].rename(columns={"new": "pred"}).to_parquet(sources[1])
    two = api.compare(sources, losses, key="id", **options)
    assert [_told(each) for each in two] == [_told(each) for each in one]


def _told(comparison: Any) -> dict[str, Any]:
    names = {"signature", "baseline", "candidate"}
    told = {name: each for name, each in comparison.to_dict().items() if name not in names}
    for name in ("delta_ci", "relative_ci"):
        if told[name] is not None:  # clusters of a row each are rows
            told[name]["method"] = told[name]["method"].replace("cluster-bootstrap", "bootstrap")
    return told


def test_files_are_compared_with_targets_apart() -> None:
    frame = frame_of()
    one = api.compare(frame, "mae,mse", target="y", prediction=["old", "new"])
    old, new = (frame[["id", name]].rename(columns={name: "pred"}).sort_values("pred") for name in ("old", "new"))
    two = api.compare([old, new], "mae,mse", targets=frame[["id", "y"]], key="id")
    assert [_told(each) for each in two] == [_told(each) for each in one]
    some = api.compare([old[3:], new[:-4]], "mae", targets=frame[["id", "y"]][5:], key="id", unmatched="drop")
    known = set(old["id"][3:]) & set(new["id"][:-4]) & set(frame["id"][5:])
    assert some[0].n == len(known)
    assert "unmatched=drop" in some[0].signature
    twice = pd.concat([new, new[new["id"] == frame["id"][ROWS - 1]]])
    with pytest.raises(DataError, match="occurs twice"):
        api.compare([old, twice], "mae", targets=frame[["id", "y"]][5:], key="id", unmatched="drop")


def test_targets_that_differ_by_key_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c"], "y": [1.0, 2.0, 3.0], "pred": 0.5})
    frame.to_csv(tmp_path / "one.csv", index=False)
    frame.assign(y=[1.0, 2.0, 4.0])[::-1].to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError) as raised:
        api.compare([str(tmp_path / "one.csv"), str(tmp_path / "other.csv")], "mae", key="id")
    assert str(raised.value) == (
        f'{tmp_path}/one.csv line 4, column "y": 3.0, but {tmp_path}/other.csv line 2, column "y": 4.0'
    )
    assert "those of one key" in str(raised.value.cure)


@pytest.mark.parametrize("where", ["id > 0", "id > 0 and old < 99", "part = 'in'"])
def test_a_filter_changes_no_match_and_asks_for_no_partner_of_what_it_leaves_out(where: str, tmp_path: Path) -> None:
    """Keys stay texts where a filter takes them for numbers; of rows that it leaves out nobody needs the targets."""
    frame = frame_of().assign(part="in")
    frame["id"] = [f"{n:04d}" if n % 2 else str(n - 1) for n in range(1, ROWS + 1)]  # 0007 is no 7, and both are there
    old, targets = frame[["id", "part", "old"]], tmp_path / "t.csv"
    outside = pd.DataFrame({"id": ["-5"], "part": "out", "old": 9.0})
    frame[["id", "y"]].to_csv(targets, index=False)
    paths = [str(tmp_path / name) for name in ("one.csv", "two.csv")]
    for path, order in zip(paths, (1, 2), strict=True):
        pd.concat([old, outside]).sample(frac=1, random_state=order).to_csv(path, index=False)
    options: dict[str, Any] = {"target": "y", "prediction": "old", "key": "id", "targets": str(targets)}
    (one,) = api.evaluate(paths[0], "mae", where=where, **options)
    (two,) = api.compare(paths, "mae", where=where, **options)
    stored = str(tmp_path / "b.parquet")
    api.store_baseline(paths[0], "mae", stored, where=where, **options)
    (three,) = api.compare(paths[1], "mae", where=where, baseline=stored, **options)
    assert one.n == two.n == three.n == two.ties == three.ties == ROWS
    assert one.value == two.candidate_value == three.candidate_value
    with pytest.raises(DataError, match=r"one.csv: 1 row has a key that is not in .*t.csv"):
        api.compare(paths, "mae", **options)
