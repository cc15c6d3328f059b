"""Comparisons by slice, and of rows that belong together: each slice is what a comparison of its rows alone gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import lossctl
from lossctl.core.errors import DataError, UsageError

PAIR: Any = {"target": "y", "prediction": ["old", "new"]}
LOSSES = "mae,rmse,wmape,mase"


def frame_of(rows: int = 400, seed: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    shop = rng.choice(["b", "a", "10", "9"], rows, p=[0.4, 0.3, 0.2, 0.1]).astype(object)
    shop[rng.uniform(size=rows) < 0.1] = None
    return pd.DataFrame(
        {
            "y": y,
            "old": y + rng.normal(size=rows) * 2.0,
            "new": y * 1.1 + rng.normal(size=rows),
            "third": y + 1.0 + rng.normal(size=rows),
            "w": rng.gamma(2.0, size=rows),
            "shop": shop,
            "day": np.arange(rows) // 100,
            "half": np.arange(rows) // 200,
            "person": rng.integers(0, 60, rows),
        }
    )


def figures(found: list[lossctl.Comparison]) -> list[dict[str, Any]]:
    """Return all that does not depend on what else is compared."""
    keys = {"slice", "signature", "p_adjusted", "significant"}
    return [{name: value for name, value in each.to_dict().items() if name not in keys} for each in found]


def condition(values: dict[str, str | None]) -> str:
    return " and ".join(f"{name} is null" if value is None else f"{name} = '{value}'" for name, value in values.items())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": "w"},
        {"pairs": "all", "prediction": ["old", "new", "third"]},
        {"method": "bootstrap", "resamples": 199},
        {"method": "permutation", "resamples": 199, "cluster": "person"},
        {"horizon": 2},
        {"horizon": 2, "hac": "dm", "weight": "w"},
        {"horizon": 1, "nan": "omit"},
        {"block": 7},
        {"block": 5, "method": "bootstrap", "resamples": 199},
        {"block": 3, "weight": "w", "cluster": None},
    ],
)
def test_a_slice_is_what_its_rows_alone_give(tmp_path: Path, options: dict[str, Any]) -> None:
    by = ["half", "shop"]
    path = tmp_path / "rows.csv"
    frame_of().to_csv(path, index=False)  # so that rows keep their numbers where others are left out
    asked: Any = PAIR | {"adjust": "none"} | options
    found = lossctl.compare(str(path), LOSSES, by=by, **asked)
    slices = list(dict.fromkeys(tuple(each.slice.items()) for each in found))
    assert slices[0] == ()
    assert len(slices) == 1 + len(frame_of().groupby(by, dropna=False))
    for values in slices:
        mine = [each for each in found if tuple(each.slice.items()) == values]
        where = condition(dict(values)) if values else None
        alone = lossctl.compare(str(path), LOSSES, where=where, **asked)
        assert figures(mine) == figures(list(alone))


def test_slices_are_ordered_by_value_after_the_whole_loss_by_loss() -> None:
    found = lossctl.compare(frame_of(), "mse,mae", by="day", **PAIR)
    assert [(each.loss, dict(each.slice)) for each in found] == [
        (loss, values) for loss in ("mse", "mae") for values in ({}, *({"day": str(day)} for day in range(4)))
    ]
    shops = [each.slice.get("shop", "whole") for each in lossctl.compare(frame_of(), "mae", by="shop", **PAIR)]
    assert shops == ["whole", "9", "10", "a", "b", None], "numbers as numbers, then texts"


def test_slices_are_adjusted_together_with_the_whole() -> None:
    found = lossctl.compare(frame_of(), "mae", by="shop", **PAIR)
    p_values = [each.p_value for each in found]
    assert len(p_values) == 6
    assert_allclose([each.p_adjusted for each in found], stats.false_discovery_control(p_values), rtol=1e-12)
    assert "p is adjusted for 6 comparisons (Benjamini-Hochberg)" in found.view().notes


def test_the_signature_names_the_columns_of_a_slice() -> None:
    whole, first, *_ = lossctl.compare(frame_of(), "mae", by=["day", "shop"], **PAIR)
    assert "|by=" not in whole.signature
    assert "|by=day|by=shop|" in first.signature


def test_small_slices_are_left_out_and_told() -> None:
    frame = frame_of()
    counts = frame["day"].value_counts()
    frame.loc[frame["day"] == 3, "day"] = np.where(np.arange(counts[3]) < 7, 3, 2)
    found = lossctl.compare(frame, "mae", by="day", min_n=50, **PAIR)
    assert [dict(each.slice) for each in found] == [{}, {"day": "0"}, {"day": "1"}, {"day": "2"}]
    assert "1 of 4 slices has fewer than 50 rows and is left out (7 rows)" in found.warnings


def test_rows_that_a_model_cannot_use_do_not_make_a_slice_larger() -> None:
    frame = frame_of().assign(new=lambda f: np.where((f["day"] == 3) & (f.index % 5 > 1), np.nan, f["new"]))
    options: Any = {"by": "day", "nan": "omit", **PAIR}
    assert [each.n for each in lossctl.compare(frame, "mae", min_n=40, **options)] == [340, 100, 100, 100, 40]
    found = lossctl.compare(frame, "mae", min_n=41, **options)
    assert [each.n for each in found] == [340, 100, 100, 100]
    assert "1 of 4 slices has fewer than 41 rows and is left out (100 rows)" in found.warnings


def test_slices_without_a_row_that_counts_are_told() -> None:
    frame = frame_of().assign(w=lambda f: np.where(f["day"] == 1, 0.0, f["w"]))
    found = lossctl.compare(frame, "mae", by="day", weight="w", **PAIR)
    assert [dict(each.slice) for each in found] == [{}, {"day": "0"}, {"day": "2"}, {"day": "3"}]
    assert any(said.startswith("1 of 4 slices has no row that counts") for said in found.warnings)


def test_rows_without_a_match_are_of_no_slice() -> None:
    frame = frame_of().assign(id=np.arange(400), w=lambda f: np.where(f["day"] == 1, 0.0, f["w"]))
    one, other = (frame.assign(p=frame[name]) for name in ("old", "new"))
    options: Any = {"key": "id", "unmatched": "drop", "by": "day", "weight": "w", "target": "y", "prediction": "p"}
    found = lossctl.compare([one, other.drop(index=[3, 150, 399])], "mae", **options)
    assert [each.n for each in found] == [298, 99, 100, 99]
    assert "1 of 4 slices has no row that counts and is left out (99 rows)" in found.warnings
    assert "<frame>: 3 rows have a key that is not in <frame>, and are left out" in found.warnings


def test_few_rows_of_slices_are_told_in_a_line() -> None:
    found = lossctl.compare(frame_of(), "mae", by="shop", **PAIR)
    least = min(found, key=lambda each: each.n)
    (said,) = found.warnings
    assert said.startswith("the confidence intervals of ")
    assert least.slice == {"shop": None}
    assert said.endswith(
        f" slices are approximate: fewer than 100 effective rows (the fewest: {least.n}, in shop missing)"
    )
    clustered = lossctl.compare(frame_of(), "mae", by="day", block=10, **PAIR)
    (said,) = (each for each in clustered.warnings if "blocks" in each)
    assert said == (
        "the confidence intervals of 4 of 4 slices are approximate: "
        "fewer than 20 effective blocks (the fewest: 10, in day=0)"
    )


def test_slices_of_two_files_are_those_of_the_first(tmp_path: Path) -> None:
    frame = frame_of()
    frame.drop(columns=["new", "third"]).rename(columns={"old": "p"}).to_csv(tmp_path / "old.csv", index=False)
    frame[["y", "new"]].rename(columns={"new": "p"}).to_csv(tmp_path / "new.csv", index=False)
    one = lossctl.compare(frame, LOSSES, by="shop", **PAIR)
    sources = [f"{name}={tmp_path}/{name}.csv" for name in ("old", "new")]
    two = lossctl.compare(sources, LOSSES, by="shop", target="y", prediction="p")
    for mine, theirs in zip(two.items(), one.items(), strict=True):
        assert mine == theirs


def test_losses_that_disagree_about_a_slice_name_it() -> None:
    rng = np.random.default_rng(5)
    small = rng.uniform(0.0, 0.2, 400)
    small[::20] = rng.uniform(5.0, 6.0, 20)
    even = rng.uniform(0.6, 0.8, 400)
    first = np.arange(400) < 200
    frame = {"y": np.zeros(400), "even": even, "rare": np.where(first, small, 0.5), "half": np.where(first, "1", "2")}
    found = lossctl.compare(frame, "mae,mse", by="half", target="y", prediction=["even", "rare"])
    said = [line for line in found.warnings if "disagree" in line]
    assert "losses disagree about even and rare where half=1: mse prefers even; mae prefers rare" in said
    assert not any("half=2" in line for line in said)


def test_a_terminal_shows_a_few_of_many_disagreements() -> None:
    rng = np.random.default_rng(5)
    rows = 9 * 200
    rare = rng.uniform(0.0, 0.2, rows)
    rare[::20] = rng.uniform(5.0, 6.0, rows // 20)
    frame = {"y": np.zeros(rows), "even": rng.uniform(0.6, 0.8, rows), "rare": rare, "part": np.arange(rows) // 200}
    found = lossctl.compare(frame, "mae,mse", by="part", target="y", prediction=["even", "rare"])
    whole, *parts = [line for line in found.warnings if "disagree" in line]
    assert "where" not in whole
    assert [line.partition(" where ")[2][:6] for line in parts] == [f"part={part}" for part in range(9)]
    told = [line for line in found.notices if "disagree" in line]
    assert told == [whole, *parts[:4], "losses disagree about 5 more pairs of models, or slices"]


def test_a_cluster_is_one_unit() -> None:
    frame = frame_of()
    found = lossctl.compare(frame, "mae", cluster="person", **PAIR)[0]
    frame["d"] = (frame["new"] - frame["y"]).abs() - (frame["old"] - frame["y"]).abs()
    mean = frame["d"].mean()
    sums = (frame["d"] - mean).groupby(frame["person"]).sum()
    units = len(sums)
    shares = frame.groupby("person").size() / len(frame)
    error = np.sqrt(np.sum(sums**2 / (1 - shares))) / len(frame)
    terms = shares**2 / (1 - shares)
    freedom = 1 / (np.sum(shares**2) + np.sum(terms) ** 2 - np.sum(terms**2))
    assert freedom < units - 2
    assert found.delta_ci is not None
    assert_allclose(found.delta_ci.high - found.delta, stats.t.ppf(0.975, freedom) * error, rtol=1e-9)
    assert found.delta_ci.method == "cluster-t"
    assert "|method=t|cluster=person|" in found.signature


@pytest.mark.parametrize("method", ["t", "bootstrap", "permutation"])
def test_a_model_is_as_good_as_itself_by_cluster_and_slice(method: Any) -> None:
    options: Any = {"target": "y", "prediction": "old", "cluster": "person", "method": method, "by": "shop"}
    for each in lossctl.compare([frame_of(), frame_of()], LOSSES, **options):
        assert (each.delta, each.p_value, each.p_adjusted) == (0.0, 1.0, 1.0)
        assert (each.wins, each.ties, each.losses) == (0, each.n, 0)


def test_one_cluster_is_refused() -> None:
    with pytest.raises(DataError, match='all 400 rows are of one cluster of "one"'):
        lossctl.compare(frame_of().assign(one=1), "mae", cluster="one", **PAIR)


def test_a_missing_cluster_is_refused() -> None:
    with pytest.raises(DataError, match='column "shop"'):
        lossctl.compare(frame_of(), "mae", cluster="shop", **PAIR)


@pytest.mark.parametrize("options", [{"by": "shops"}, {"cluster": "shops"}])
def test_columns_that_are_not_there_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="shops"):
        lossctl.compare(frame_of(), "mae", **options, **PAIR)


def test_what_a_slice_has_no_value_of_is_left_out_and_what_has_no_p_does_not_count() -> None:
    frame = pd.DataFrame({"y": [1.0, 3.0, 2.0, 5.0, 4.0], "p": 1.5, "q": [1.0, 2.0, 2.0, 4.0, 4.5], "c": list("aabad")})
    found = lossctl.compare(frame, "mase,mae", target="y", prediction=["p", "q"], by="c")
    assert [(each.loss, each.slice.get("c")) for each in found] == [
        *[("mase", each) for each in (None, "a")],
        *[("mae", each) for each in (None, "a", "b", "d")],
    ]
    said = "mase is left out of 2 slices (first: c=b): no row has a target 1 row before"
    assert f"{said}; choose a shorter --period" in found.warnings
    assert [each.p_value is None for each in found] == [False, False, False, False, True, True]
    assert "p is adjusted for 4 comparisons (Benjamini-Hochberg)" in found.view().notes
