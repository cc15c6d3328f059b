"""Drawn methods of rows that are matched by a key: the key says what is drawn, whatever order rows stand in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lossctl
from lossctl.core.errors import DataError
from lossctl.engine.accumulators.units import BUCKETS
from lossctl.sources import open_source

LOSSES = "mae,rmse,wmape"
METHODS = ("bootstrap", "permutation")
BOTH = pytest.mark.parametrize("method", METHODS)


def frame_of(rows: int, seed: int = 4) -> pd.DataFrame:
    """Make models in columns, with keys in no order, of one column or of two whose texts run together."""
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "id": [f"r{each}" if each % 3 else str(each) for each in rng.permutation(rows)],
            "same": "x",
            "one": number % 100,
            "two": number // 100,
            "y": y,
            "a": y + rng.normal(size=rows) * 2.0,
            "b": y * 1.01 + rng.normal(size=rows) * 1.9,
            "c": y + 0.5 + rng.normal(size=rows),
            "w": rng.gamma(2.0, size=rows),
            "shop": rng.choice(["n", "s", "w"], rows, p=[0.9, 0.06, 0.04]),
            "site": rng.integers(0, 60, rows),
        }
    )


def models(frame: pd.DataFrame, names: str = "ab", shuffled: str = "", seed: int = 1) -> list[pd.DataFrame]:
    """Return a frame a model, some of them in an order of their own."""
    parts = [frame.drop(columns=list("abc")).assign(p=frame[name]) for name in names]
    return [
        part.sample(frac=1.0, random_state=seed + place) if name in shuffled else part
        for place, (name, part) in enumerate(zip(names, parts, strict=True))
    ]


def compared(sources: Any, **options: Any) -> list[dict[str, Any]]:
    """Compare, and sort by slice what is found: slices stand as their rows come."""
    given: dict[str, Any] = {"target": "y", "prediction": "p", "key": "id", "resamples": 99}
    found = lossctl.compare(sources, LOSSES, **(given | options))
    return sorted(found.items(), key=lambda each: (each["loss"], str(each["slice"]), each["baseline"]))


def bare(found: list[dict[str, Any]], *without: str) -> list[dict[str, Any]]:
    """Leave out what tells runs apart that should find the same."""
    names = {"signature", "baseline", "candidate", *without}
    return [{name: value for name, value in each.items() if name not in names} for each in found]


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "slices": {"by": "shop", "weight": "w", "where": "site > 3"},
    "two columns": {"key": ["same", "id"], "weight": "w"},
    "clusters by slice": {"cluster": "site", "by": "shop"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_order_of_rows_moves_a_bit(variant: str) -> None:
    frame, asked = frame_of(BUCKETS + 900), {"method": "bootstrap"} | VARIANTS[variant]
    expected = compared(models(frame), **asked)
    assert all(each["delta_ci"]["low"] < each["delta"] < each["delta_ci"]["high"] for each in expected)
    assert compared(models(frame, shuffled="ab"), **asked) == expected


@BOTH
def test_no_order_of_either_file_moves_a_bit(method: str) -> None:
    frame = frame_of(BUCKETS + 900)
    one, other, neither = (compared(models(frame, shuffled=each), method=method) for each in ("a", "b", ""))
    assert one == other == neither


@settings(max_examples=2, deadline=None)
@given(
    rows=st.integers(2, 60),
    seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)),
    method=st.sampled_from(METHODS),
    asked=st.sampled_from([*VARIANTS.values(), {"seed": 3, "adjust": "none"}]),
)
def test_no_order_of_few_rows_moves_a_bit(
    rows: int, seeds: tuple[int, int], method: str, asked: dict[str, Any]
) -> None:
    frame = frame_of(rows, seeds[0]).assign(site=np.arange(rows) % 7 % 2)
    asked = {"method": method, "resamples": 99} | asked | ({"where": "site < 9"} if "where" in asked else {})
    expected = compared(models(frame), **asked)
    assert compared(models(frame, shuffled="ab", seed=seeds[1]), **asked) == expected


def test_all_pairs_of_three_files_in_any_order() -> None:
    frame = frame_of(BUCKETS + 50)
    asked: dict[str, Any] = {"method": "permutation", "pairs": "all", "weight": "w"}
    expected = compared(models(frame, "abc"), **asked)
    assert len(expected) == 9
    assert compared(models(frame, "abc", "abc"), **asked) == expected


@BOTH
def test_rows_left_out_of_either_file_leave_the_others_where_they_were(method: str) -> None:
    frame = frame_of(BUCKETS + 300)
    one, other = models(frame)
    one.loc[frame.index % 50 == 3, "p"] = np.nan
    lost, gone = frame.index % 40 == 1, frame.index % 60 == 2
    asked: dict[str, Any] = {"method": method, "nan": "omit", "by": "shop"}
    said = {"unmatched": "drop"} | asked
    found = compared([one[~lost].iloc[::-1], other[~gone].sample(frac=1.0, random_state=2)], **said)
    both = ~lost & ~gone
    assert bare(found) == bare(compared([one[both], other[both]], **asked))
    assert found[0]["n"] < int(both.sum())


def test_files_in_pieces_and_of_other_formats(tmp_path: Path) -> None:
    frame = frame_of(BUCKETS + 200)
    for key in ("id", ["two", "one"]):
        asked: dict[str, Any] = {"method": "bootstrap", "key": key, "by": "shop"}
        expected = compared(models(frame), **asked)
        one, other = models(frame, shuffled="ab", seed=8)
        one.iloc[:1500].to_csv(tmp_path / "one-2.csv", index=False)
        one.iloc[1500:].to_csv(tmp_path / "one-1.csv", index=False)
        other.iloc[:10].to_parquet(tmp_path / "other-0.parquet")
        other.iloc[10:].to_parquet(tmp_path / "other-1.parquet", row_group_size=999)
        pieces = [f"{tmp_path}/one-*.csv", f"{tmp_path}/other-*.parquet"]
        assert bare(compared(pieces, **asked)) == bare(expected)


@pytest.mark.parametrize(("method", "threads"), [("bootstrap", 2), ("permutation", 1)])
def test_predictions_side_by_side_with_targets_elsewhere(method: str, threads: int) -> None:
    frame = frame_of(BUCKETS + 100)
    predictions, targets = frame.drop(columns=["y", "w"]), frame[["id", "y", "w"]]
    asked: dict[str, Any] = {"method": method, "prediction": ["a", "b"], "weight": "w", "threads": threads}
    expected = compared(models(frame), method=method, weight="w")
    for one, other in (
        (predictions.iloc[::-1], targets),
        (predictions.sample(frac=1.0, random_state=1), targets.sample(frac=1.0, random_state=2)),
    ):
        assert bare(compared(one, targets=other, **asked)) == bare(expected)
    parts = [one.assign(p=one[name]) for name in "ab"]
    assert bare(compared(parts, targets=other, **asked | {"prediction": "p"})) == bare(expected)


def test_a_stored_baseline_draws_as_its_file_does(tmp_path: Path) -> None:
    frame = frame_of(BUCKETS + 100)
    path = str(tmp_path / "old.parquet")
    asked: dict[str, Any] = {"method": "bootstrap", "key": ["two", "one"]}
    old, *new = models(frame, "abc", "bc")
    lossctl.store_baseline(old, LOSSES, path, key=asked["key"], target="y", prediction="p")
    assert bare(compared(new, baseline=path, **asked)) == bare(compared(models(frame, "abc"), **asked))


def test_groups_are_told_by_the_keys_of_their_rows() -> None:
    frame = frame_of(3 * (BUCKETS + 100)).assign(y=lambda of: np.floor(of["y"]) % 3)
    frame["g"] = np.arange(len(frame)) // 3
    asked: Any = {"prediction": ["a", "b"], "group": "g", "key": "id", "method": "bootstrap", "resamples": 199}
    targets = frame[["id", "y"]]
    expected = lossctl.compare(frame.drop(columns="y"), "listnet", targets=targets, target="y", **asked)
    shuffled = frame.drop(columns="y").sample(frac=1.0, random_state=5)
    shuffled["g"] = 10**6 - shuffled["g"]
    found = lossctl.compare(shuffled, "listnet", targets=targets[::-1], target="y", **asked)
    assert found.items() == expected.items()


@BOTH
@pytest.mark.parametrize("rows", [70, BUCKETS + 900])
def test_a_key_draws_as_clusters_of_one_row_do(method: str, rows: int) -> None:
    """Clusters are held against what is computed by hand elsewhere."""
    frame = frame_of(rows)
    keyed = compared(models(frame, shuffled="b"), method=method)
    clusters = compared(models(frame), method=method, cluster="id", key=None)
    for mine, theirs in zip(keyed, clusters, strict=True):
        for name in ("delta_ci", "relative_ci"):
            assert mine[name] | {"method": ""} == theirs[name] | {"method": ""}
        assert mine["p_value"] == theirs["p_value"]


def test_a_cluster_or_a_block_decides_before_the_key_does() -> None:
    frame = frame_of(BUCKETS + 900)
    for asked in ({"cluster": "site"}, {"block": 2}):
        keyed = compared(models(frame, shuffled="b"), method="bootstrap", **asked)
        assert bare(keyed) == bare(compared(models(frame), method="bootstrap", key=None, **asked))


def test_without_a_key_a_row_is_its_number() -> None:
    frame = frame_of(BUCKETS + 900)
    plain = compared(models(frame), method="bootstrap", key=None)
    renamed = frame.assign(id=frame["id"].to_numpy()[::-1])
    assert compared(models(renamed), method="bootstrap", key=None) == plain
    blocks = compared(models(frame), method="bootstrap", key=None, block=1)
    assert [each["p_value"] for each in blocks] == [each["p_value"] for each in plain]
    turned = compared(models(frame.iloc[::-1]), method="bootstrap", key=None)
    assert [each["delta_ci"] for each in turned] != [each["delta_ci"] for each in plain]
    assert bare(compared(models(renamed), method="bootstrap")) != bare(compared(models(frame), method="bootstrap"))


def identities(columns: dict[str, list[Any]], names: list[str]) -> list[int]:
    with open_source({"y": np.zeros(len(columns[names[0]])), **columns}) as opened:
        (batch,) = opened.read(["y"], identity=names)
    assert batch.identity is not None
    return batch.identity.tolist()


def test_texts_of_several_columns_do_not_run_together() -> None:
    columns: dict[str, list[Any]] = {
        "one": ["1", "12", "a", "ab", "", "7", "a", "aa", "1", "2", "3", "3"],
        "two": ["23", "3", "bc", "c", "7", "", "a", "", "2", "1", "4", "3"],
    }
    for names in (["one", "two"], ["two", "one"], ["one", "two", "one"]):
        assert len(set(identities(columns, names))) == 12
    assert identities(columns, ["one", "two"]) != identities(columns, ["two", "one"])
    grid = {name: each.ravel().tolist() for name, each in zip("ab", np.mgrid[-60:60, 0:120], strict=True)}
    assert len(set(identities(grid, ["a", "b"]))) == 120 * 120
    texts = {name: [str(each) for each in values] for name, values in grid.items()}
    assert identities(texts, ["a", "b"]) == identities(grid, ["a", "b"])


def test_a_key_that_lacks_a_part_is_refused() -> None:
    frame = frame_of(20)
    one, other = models(frame.astype({"two": "object"}))
    other.loc[4, "two"] = None
    for method in (None, *METHODS):
        resamples = None if method is None else 99
        with pytest.raises(DataError, match=r'<frame> row 5, column "one, two": the key is missing'):
            compared([one, other], method=method, key=["one", "two"], resamples=resamples)
