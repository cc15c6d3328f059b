"""Comparisons with a baseline that is named apart: a column, another source, or what was stored of one."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from lossctl import api
from lossctl.core.errors import DataError, LossctlError, UsageError
from lossctl.core.results.comparison import Comparison
from lossctl.core.results.comparisons import Comparisons

FIGURES = (
    *("baseline_value", "candidate_value", "delta", "delta_ci", "relative", "relative_ci", "p_value", "p_adjusted"),
    *("significant", "wins", "ties", "losses", "detectable", "rows_needed", "n", "status", "slice"),
)
LOSSES = "mae,rmse,wmape,huber(delta=0.5)"
NEW: dict[str, Any] = {"key": "id", "target": "y", "prediction": "p"}


def table(rows: int = 120, seed: int = 11) -> pd.DataFrame:
    """Make rows that are judged, and three models of them."""
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    return pd.DataFrame(
        {
            "id": [f"row {number}" for number in rng.permutation(rows)],
            "y": y,
            "old": y + rng.normal(size=rows) * 2.0,
            "new": y * 1.02 + rng.normal(size=rows) * 1.5,
            "next": y * 0.97 + rng.normal(size=rows),
            "w": rng.gamma(2.0, size=rows),
            "site": rng.integers(0, 25, rows),
            "region": rng.choice(["north", "south", "east"], rows),
        }
    )


def files_of(data: pd.DataFrame) -> list[pd.DataFrame]:
    """Return a table each for the three models, the last in another order."""
    apart = [data.drop(columns=["old", "new", "next"]).assign(p=data[name]) for name in ("old", "new", "next")]
    return [*apart[:2], apart[2].sample(frac=1.0, random_state=4)]


def store(data: pd.DataFrame, folder: Path, losses: str = LOSSES, **options: Any) -> str:
    path = str(folder / "base.parquet")
    api.store_baseline(data, losses, path, **(NEW | options))
    return path


def require_same(
    found: Comparisons, expected: Comparisons, names: Sequence[str] = (*FIGURES, "signature"), *, named: bool = False
) -> None:
    """Hold comparisons against each other, to the bit; where `named`, their models too."""

    def figures(each: Comparison) -> list[str]:
        return [each.chosen.label, *(repr(getattr(each, name)) for name in names)]

    assert [figures(each) for each in found] == [figures(each) for each in expected]
    if named:
        assert [(e.baseline, e.candidate) for e in found] == [(e.baseline, e.candidate) for e in expected]


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "t": ({}, {}),
    "weights": ({"weight": "w"}, {}),
    "slices": ({"by": ["region"], "min_n": 10}, {}),
    "a filter": ({"where": "w > 0.5 and region <> 'east'"}, {}),
    "bootstrap": ({}, {"method": "bootstrap", "resamples": 99}),
    "clusters of slices": ({"by": "region"}, {"cluster": "site"}),
    "all pairs": ({}, {"pairs": "all", "adjust": "holm"}),
}
"""Options of reading and of comparing."""


@pytest.mark.parametrize("name", CASES)
def test_what_was_stored_stands_for_its_file(name: str, tmp_path: Path) -> None:
    reading, asked = CASES[name]
    old, new, other = files_of(table())
    path = store(old, tmp_path, **{key: value for key, value in reading.items() if key not in ("by", "min_n")})
    expected = api.compare([old, new, other], LOSSES, **NEW, **reading, **asked)
    found = api.compare([new, other], LOSSES, baseline=path, **NEW, **reading, **asked)
    require_same(found, expected)
    assert found.comparisons[0].baseline == path
    if name == "clusters of slices":
        require_same(api.compare([new, other], LOSSES, baseline=old, **NEW, **reading, **asked), expected)
    if name == "bootstrap":  # the order of files does not count where rows have keys
        turned = api.compare([other, new], LOSSES, baseline=path, **NEW, **reading, **asked)
        by_label = sorted(turned, key=lambda each: (each.chosen.label, each.candidate != "<frame> 2"))
        wanted = sorted(expected, key=lambda each: (each.chosen.label, each.candidate != "<frame> 2"))
        same = [(each.delta, each.delta_ci, each.p_value) for each in wanted]
        assert [(each.delta, each.delta_ci, each.p_value) for each in by_label] == same


def test_the_order_of_a_series_is_that_of_the_first_candidate(tmp_path: Path) -> None:
    old, new, other = files_of(table())
    path = store(old, tmp_path)
    for asked in ({"block": 7}, {"horizon": 3}):
        sorted_alike = old.set_index("id").loc[other["id"]].reset_index()
        expected = api.compare([sorted_alike, other, new], LOSSES, **NEW, **asked)
        require_same(api.compare([other, new], LOSSES, baseline=path, **NEW, **asked), expected)


def test_several_columns_of_one_file_are_compared_with_what_was_stored(tmp_path: Path) -> None:
    data = table()
    path = store(data, tmp_path, prediction="old", weight="w")
    options: dict[str, Any] = {"target": "y", "weight": "w", "by": "region"}
    expected = api.compare(data, LOSSES, prediction=["old", "new", "next"], **options)
    shuffled = data.drop(columns="old").sample(frac=1.0, random_state=5)
    found = api.compare(shuffled, LOSSES, baseline=path, prediction=["new", "next"], key="id", **options)
    require_same(found, expected, FIGURES)
    assert {each.candidate for each in found} == {"<frame>:new", "<frame>:next"}


def test_groups_are_compared_with_what_was_stored_in_one_file(tmp_path: Path) -> None:
    data = table()
    data["grade"] = np.floor(data["y"]) % 4
    options: dict[str, Any] = {"target": "grade", "group": "site"}
    path = store(data, tmp_path, "lambda_rank,approx_ndcg", prediction="old", **options)
    expected = api.compare(data, "lambda_rank,approx_ndcg", prediction=["old", "new", "next"], **options)
    found = api.compare(data, "lambda_rank,approx_ndcg", baseline=path, prediction=["new", "next"], key="id", **options)
    require_same(found, expected, FIGURES)
    with pytest.raises(UsageError, match="losses of groups are compared with a stored baseline in one file alone"):
        api.compare([data, data.copy()], "lambda_rank", baseline=path, prediction="new", key="id", **options)


def test_a_column_is_a_baseline_too() -> None:
    data = table()
    expected = api.compare(data, LOSSES, target="y", prediction=["old", "new", "next"])
    found = api.compare(data, LOSSES, target="y", baseline_prediction="old", prediction=["new", "next"])
    require_same(found, expected, named=True)


def test_another_source_is_a_baseline_too() -> None:
    data = table()
    old = data.drop(columns=["new", "next"])
    expected = api.compare(data, "mae,rmse", target="y", prediction=["old", "new", "next"])
    found = api.compare(
        data, "mae,rmse", baseline=old, baseline_prediction="old", target="y", prediction=["new", "next"]
    )
    require_same(found, expected)
    assert [each.candidate for each in found][:2] == ["<frame> 2:new", "<frame> 2:next"]


def test_a_label_of_a_stored_model_is_its_name(tmp_path: Path) -> None:
    old, new, _ = files_of(table())
    old.to_csv(tmp_path / "old.csv", index=False)
    api.store_baseline(f"main={tmp_path / 'old.csv'}", "mae", tmp_path / "b.parquet", **NEW)
    (found,) = api.compare(new, "mae", baseline=str(tmp_path / "b.parquet"), **NEW)
    assert (found.baseline, found.candidate) == ("main", "<frame>")


def test_of_all_losses_those_that_are_held_are_compared(tmp_path: Path) -> None:
    old, new, other = files_of(table())
    held = "mae,mse,rmse,wmape,huber(delta=0.5),log_cosh"
    path = store(old, tmp_path, held)
    found = api.compare([new, other], "all", baseline=path, **NEW)
    order = ",".join(label for label in dict.fromkeys(each.chosen.label for each in found))
    assert set(order.split(",")) == {"mae", "mse", "rmse", "wmape", "log_cosh"}
    require_same(found, api.compare([old, new, other], order, **NEW))
    said = [line for line in found.warnings if line.endswith("are left out: the baseline does not hold it")]
    assert len(said) == 1
    assert " huber, " in said[0]
    alone = api.compare(new, "all", baseline=path, **NEW)
    assert [each.chosen.label for each in alone] == order.split(",")
    only = store(old, tmp_path, "huber(delta=0.5)")
    with pytest.raises(LossctlError, match="holds none of the losses that all stands for") as raised:
        api.compare(new, "all", baseline=only, **NEW)
    assert (raised.value.exit_code, raised.value.cure) == (4, "name those it holds: huber(delta=0.5)")


def test_of_all_losses_those_are_compared_that_fit_the_baseline_by_its_own_column() -> None:
    old, new, _ = files_of(table(40))
    other = old.rename(columns={"p": "q"})
    found = api.compare(new, "all", baseline=other, baseline_prediction="q", **NEW)
    by_label = {each.chosen.label: each.delta for each in found}
    (expected,) = api.compare([old, new], "mse", **NEW)
    assert (by_label["mse"], len(by_label) > 20) == (expected.delta, True)


def test_rows_that_others_lack_are_left_out_and_told(tmp_path: Path) -> None:
    old, new, other = files_of(table())
    old, new, other = old[:110], new[5:], other[other["id"] != new["id"].iloc[50]]
    path = store(old, tmp_path)
    options = NEW | {"unmatched": "drop"}
    for candidates in ([new], [new, other]):
        found = api.compare(candidates, LOSSES, baseline=path, **options)
        require_same(found, api.compare([old, *candidates], LOSSES, **options))
        assert f"<frame>: 10 rows have a key that is not in {path}, and are left out" in found.warnings
        assert f"{path}: 5 rows have a key that is not in <frame>, and are left out" in found.warnings
    with pytest.raises(DataError, match="10 rows have a key that is not in"):
        api.compare([new, other], LOSSES, baseline=path, **NEW)


def test_infinite_losses_stay_infinite(tmp_path: Path) -> None:
    data = pd.DataFrame(
        {"id": [1, 2, 3, 4], "y": [0.0, 1.0, 1.0, 0.0], "old": [0.2, 0.0, 0.9, 0.4], "new": [0.1, 0.8, 0.0, 0.3]}
    )
    path = store(data, tmp_path, "log_loss,brier", prediction="old")
    expected = api.compare(data, "log_loss,brier", target="y", prediction=["old", "new"])
    found = api.compare(data, "log_loss,brier", baseline=path, key="id", target="y", prediction="new")
    require_same(found, expected, FIGURES)
    assert found.comparisons[0].baseline_value == np.inf


def test_other_data_are_refused_in_every_candidate(tmp_path: Path) -> None:
    old, new, other = files_of(table())
    path = store(old, tmp_path)
    changed = new.assign(y=new["y"] + (new["id"] == "row 7") * 1e-9)
    with pytest.raises(DataError, match=r'the key id "row 7": the target is not what .* was made with'):
        api.compare([changed, other], "mae", baseline=path, **NEW)
    both = other.assign(y=other["y"] + (other["id"] == "row 7") * 1e-9)
    with pytest.raises(DataError, match='column "y"'):
        api.compare([new, both], "mae", baseline=path, **NEW)
    with pytest.raises(DataError, match="the target is not what"):
        api.compare([changed, both], "mae", baseline=path, **NEW)
    with pytest.raises(DataError, match="1 row has a key that is not in"):
        api.compare([new, other[1:]], "mae", baseline=path, **NEW)


@pytest.mark.parametrize("files", [1, 2])
def test_losses_that_were_changed_are_refused(files: int, tmp_path: Path) -> None:
    old, *candidates = files_of(table())
    path = store(old, tmp_path)
    with duckdb.connect() as connection:
        query = f"select value from parquet_kv_metadata('{path}')"  # noqa: S608 -- a path of our own
        ((document,),) = connection.execute(query).fetchall()
        connection.execute(f"create table kept as select * from '{path}'")  # noqa: S608 -- a path of our own
        text = bytes(document).decode().replace("'", "''")
        rows = "select * replace (case when id = 'row 3' then mae + 1e-9 else mae end as mae) from kept"
        connection.execute(f"copy ({rows}) to '{path}' (format parquet, kv_metadata {{lossctl: '{text}'}})")
    with pytest.raises(DataError, match='column "mae": these are not the losses that were stored'):
        api.compare(candidates[:files], "mae", baseline=path, **NEW)
    assert len(api.compare(candidates[:files], "rmse", baseline=path, **NEW).comparisons) == files


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a loss that is not held": ({"losses": "mae,huber(delta=0.6)"}, 4, r"holds no huber\(delta=0.6\)"),
    "a column of it": ({"baseline_prediction": "p"}, 2, "is a stored baseline, of p: it has no column p"),
    "another key": ({"key": "site"}, 2, "was stored by the key id"),
    "weights": ({"weight": "w"}, 2, "made with no --weight, and this run has --weight"),
    "a filter": ({"where": "w > 1"}, 2, "made with no --where, and this run has --where w > 1"),
    "a missing file": ({"baseline": "none.parquet"}, 3, "none.parquet"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_stored_baseline_is_not_for_is_refused(name: str, tmp_path: Path) -> None:
    given, code, said = REFUSED[name]
    old, new, _ = files_of(table(40))
    options = {"losses": "mae", "baseline": store(old, tmp_path), **NEW} | given
    with pytest.raises(LossctlError, match=said) as raised:
        api.compare(new, **options)
    assert raised.value.exit_code == code
    assert raised.value.cure


@pytest.mark.parametrize("files", [1, 2])
def test_the_key_of_a_stored_baseline_is_taken_where_none_is_named(files: int, tmp_path: Path) -> None:
    """Rows in another order are matched by it all the same; a source without its columns is refused."""
    old, *candidates = files_of(table(40))
    path = store(old, tmp_path)
    candidates = [each.sample(frac=1, random_state=3 + place) for place, each in enumerate(candidates[:files])]
    unnamed = {**NEW, "key": None}
    named = api.compare(candidates, "mae", baseline=path, **NEW)
    taken = api.compare(candidates, "mae", baseline=path, **unnamed)
    assert taken.comparisons == named.comparisons
    assert [each for each in taken.warnings if each not in named.warnings] == [
        f"{path}: rows are matched by the key it was stored by: --key id"
    ]
    for place in range(files):
        without = [each.drop(columns="id") if place == at else each for at, each in enumerate(candidates)]
        with pytest.raises(LossctlError, match="was stored by the key id"):
            api.compare(without, "mae", baseline=path, **unnamed)


def test_the_nearest_of_the_losses_that_are_held_is_named(tmp_path: Path) -> None:
    old, new, _ = files_of(table(40))
    with pytest.raises(LossctlError) as raised:
        api.compare(new, "huber(delta=0.6)", baseline=store(old, tmp_path), **NEW)
    assert str(raised.value.cure).startswith("did you mean huber(delta=0.5)? it holds mae, rmse, wmape, huber")


def test_values_alone_cannot_be_compared(tmp_path: Path) -> None:
    old, new, _ = files_of(table(40))
    api.store_baseline(old, "mae", tmp_path / "b.json", rows=False, target="y", prediction="p")
    for losses in ("mae", "all"):
        with pytest.raises(LossctlError, match="keeps no rows") as raised:
            api.compare(new, losses, baseline=str(tmp_path / "b.json"), target="y", prediction="p")
        assert raised.value.exit_code == 4


def test_one_model_is_the_baseline() -> None:
    data = table(40)
    one = {"target": "y"}
    with pytest.raises(UsageError, match="a baseline is one model, and here are new, next"):
        api.compare(data, "mae", baseline=data.copy(), prediction=["new", "next"], **one)
    with pytest.raises(UsageError, match="candidate and baseline are both new"):
        api.compare(data, "mae", baseline_prediction="new", prediction=["next", "new"], **one)
    with pytest.raises(UsageError, match="--baseline-pred old: of which file"):
        api.compare([data, data.copy()], "mae", baseline_prediction="old", prediction="new", **one)
    with pytest.raises(UsageError, match="standard input is named twice"):
        api.compare(["a.csv", "-"], "mae", baseline="-", **one)
    with pytest.raises(UsageError, match=r"a\.csv: candidate and baseline are one file"):
        api.compare(["a.csv", "b.csv"], "mae", baseline="a.csv", **one)
    with pytest.raises(UsageError, match='there is no column "olds"'):
        api.compare(data, "mae", baseline_prediction="olds", prediction="new", **one)


def test_a_divergence_down_the_file_has_no_rows_to_compare(tmp_path: Path) -> None:
    shares = np.random.default_rng(2).dirichlet([2.0, 3.0], size=6)
    data = pd.DataFrame(shares, columns=["t_a", "t_b"]).assign(id=range(6), p_a=shares[:, 0], p_b=shares[:, 1])
    across: dict[str, Any] = {"key": "id", "target": "t_*", "prediction": "p_*"}
    api.store_baseline(data, "kl_divergence", tmp_path / "b.parquet", **across)
    down = {"key": "id", "target": "t_a", "prediction": "p_a"}
    with pytest.raises(UsageError, match="kl_divergence down the file is one value"):
        api.compare(data, "kl_divergence", baseline=tmp_path / "b.parquet", **down)


def test_a_revision_holds_predictions_or_what_was_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, _ = files_of(table(40))
    monkeypatch.chdir(tmp_path)
    old.to_csv("preds.csv", index=False)
    store(old, tmp_path, "mae")
    said = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*said, "commit", "-qm", "what is there"]):
        subprocess.run(["git", *words], check=True, timeout=20)
    Path("base.parquet").unlink()
    new.to_csv("preds.csv", index=False)
    expected = api.compare([old, new], "mae", **NEW)
    for name in ("git:HEAD:preds.csv", "git:HEAD:base.parquet"):
        found = api.compare("preds.csv", "mae", baseline=name, **NEW)
        require_same(found, expected)
        assert [(each.baseline, each.candidate) for each in found] == [(name, "preds.csv")]
