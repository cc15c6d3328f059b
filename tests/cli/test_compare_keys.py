"""`lossctl compare` of files whose rows are matched by a key: in any order, with rows that others lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossctl.core.errors import ExitCode
from tests.cli.cases import Ran, Run

LOSSES = "mae,rmse,wmape"
WORDS = ("-t", "y", "-p", "p", "-l", LOSSES, "-f", "json")


def models(rows: int = 80) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make two models of the same rows, the second in another order."""
    rng = np.random.default_rng(12)
    y = rng.normal(size=rows) * 4.0
    frame = pd.DataFrame({"id": [f"r{row:03}" for row in range(rows)], "y": y, "site": np.arange(rows) // 4})
    one, other = (frame.assign(p=y + rng.normal(size=rows) * spread) for spread in (1.0, 1.4))
    return one, other.sample(frac=1.0, random_state=3)


@pytest.fixture
def files(tmp_path: Path) -> None:
    one, other = models()
    one.to_csv(tmp_path / "one.csv", index=False)
    other.to_csv(tmp_path / "other.csv", index=False)
    other.sort_values("id").to_csv(tmp_path / "sorted.csv", index=False)


def comparisons(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == ExitCode.OK, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["comparisons"]
    return found


def without_key(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "signature": each["signature"].replace("|key=id", "")} for each in found]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--by", "site", "--min-n", "4"),
        ("--cluster", "site"),
        ("--bootstrap", "--resamples", "199"),
        ("--permutation", "--block", "4", "--resamples", "199"),
        ("--horizon", "2"),
        ("--loss", "mase"),
    ],
)
def test_files_in_another_order_are_matched_to_the_same_bits(run: Run, flags: tuple[str, ...]) -> None:
    drawn_by_row = "--bootstrap" in flags  # with a key rows are drawn by it
    key = ("--key", "id") if drawn_by_row else ()
    in_order = comparisons(run("compare", "a=one.csv", "b=sorted.csv", *WORDS, *flags, *key))
    matched = comparisons(run("compare", "a=one.csv", "b=other.csv", *WORDS, *flags, "--key", "id"))
    assert all("|key=id|" in each["signature"] for each in matched)
    assert without_key(matched) == without_key(in_order)


@pytest.mark.usefixtures("files")
def test_all_pairs_of_three_files(run: Run) -> None:
    sources = ("a=one.csv", "b=other.csv", "c=sorted.csv")
    found = comparisons(run("compare", *sources, *WORDS, "-k", "id", "--all-pairs"))
    same = [each for each in found if (each["baseline"], each["candidate"]) == ("b", "c")]
    assert len(found) == 9
    assert [(each["delta"], each["p_value"], each["ties"]) for each in same] == [(0.0, 1.0, 80)] * 3


@pytest.mark.usefixtures("files")
def test_without_a_key_another_order_is_refused_with_that_cure(run: Run) -> None:
    ran = run("compare", "one.csv", "other.csv", *WORDS)
    assert ran.code == ExitCode.DATA
    assert "but other.csv line 2" in ran.lines[0]
    assert ran.lines[1].endswith("in the same order, or match them with --key")


@pytest.mark.usefixtures("files")
def test_unmatched_keys_are_refused_or_dropped_and_counted(run: Run, tmp_path: Path) -> None:
    one, other = models()
    one.head(77).to_csv(tmp_path / "one.csv", index=False)
    other[other["id"] != "r005"].to_csv(tmp_path / "other.csv", index=False)
    words = ("compare", "one.csv", "other.csv", *WORDS, "-k", "id")
    ran = run(*words)
    assert (ran.code, ran.stdout) == (ExitCode.DATA, "")
    assert ran.lines[0].startswith("error: one.csv: 1 row has a key that is not in other.csv (first: one.csv line 7,")
    assert "other.csv: 3 rows have a key that is not in one.csv" in ran.lines[0]
    assert ran.lines[1] == "hint:  --unmatched drop leaves such rows out and counts them"
    ran = run(*words, "--unmatched", "drop")
    assert "warning: one.csv: 1 row has a key that is not in other.csv, and is left out" in ran.lines
    assert "warning: other.csv: 3 rows have a key that is not in one.csv, and are left out" in ran.lines
    found = comparisons(ran)
    assert [each["n"] for each in found] == [76, 76, 76]
    assert all("|unmatched=drop|" in each["signature"] for each in found)
    assert [line.removeprefix("warning: ") for line in ran.lines] == json.loads(ran.stdout)["warnings"]
    kept = one.head(77)[one.head(77)["id"] != "r005"]
    kept.to_csv(tmp_path / "one.csv", index=False)
    other.sort_values("id").set_index("id").loc[kept["id"]].reset_index().to_csv(tmp_path / "other.csv", index=False)
    alone = comparisons(run(*words[:-2]))
    for mine, theirs in zip(found, alone, strict=True):
        assert {**mine, "signature": ""} == {**theirs, "signature": ""}


@pytest.mark.usefixtures("files")
def test_a_key_that_stands_twice_is_refused(run: Run, tmp_path: Path) -> None:
    one, _ = models()
    pd.concat([one, one.iloc[[9]]]).to_csv(tmp_path / "one.csv", index=False)
    ran = run("compare", "one.csv", "other.csv", *WORDS, "-k", "id")
    assert (ran.code, ran.stdout) == (ExitCode.DATA, "")
    assert "one.csv line 82" in ran.lines[0]
    assert "r009" in ran.lines[0]


@pytest.mark.usefixtures("files")
def test_targets_of_one_key_must_agree(run: Run, tmp_path: Path) -> None:
    _, other = models()
    other.loc[other["id"] == "r040", "y"] = 99.5
    other.to_csv(tmp_path / "other.csv", index=False)
    ran = run("compare", "one.csv", "other.csv", *WORDS, "-k", "id")
    assert (ran.code, ran.stdout) == (ExitCode.DATA, "")
    place = int(np.flatnonzero(other["id"] == "r040")[0]) + 2
    assert "one.csv line 42" in ran.lines[0]
    assert f'other.csv line {place}, column "y": 99.5' in ran.lines[0]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one.csv", "-k", "id"), "--key pairs two files, and there is one"),
        (("one.csv", "-k", "id", "--bootstrap"), "to draw rows by their key: --cluster id"),
        (("one.csv", "other.csv", "-k", "name"), 'there is no column "name"'),
        (("one.csv", "other.csv", "--unmatched", "drop"), "unmatched"),
    ],
)
def test_keys_that_make_no_sense_are_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run("compare", *words, *WORDS)
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert said in "\n".join(ran.lines)


def test_groups_are_not_matched_by_key_and_what_is_told_instead_works(run: Run, tmp_path: Path) -> None:
    one, other = (each.assign(y=lambda of: (of["y"] > 0).astype(int)) for each in models())
    one.to_csv(tmp_path / "one.csv", index=False)
    other.sort_values("id").sort_values("site", ascending=False, kind="stable").to_csv(tmp_path / "b.csv", index=False)
    words = ("compare", "one.csv", "b.csv", "-t", "y", "-p", "p", "-l", "listnet", "--group", "site")
    ran = run(*words, "-k", "id")
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.lines == [
        "error: one.csv: listnet takes rows group by group, and --key one by one",
        "hint:  leave out --key, and let rows stand in the same order within each group of every file",
    ]
    (found,) = comparisons(run(*words, "-f", "json"))
    one[["id", "y"]].to_csv(tmp_path / "y.csv", index=False)
    ran = run(*words, "-k", "id", "--targets", "y.csv")
    assert (ran.code, ran.lines[1]) == (ExitCode.USAGE, "hint:  give the predictions as columns of one file")
    both = one.merge(other[["id", "p"]].rename(columns={"p": "q"}), on="id").drop(columns="y")
    both.sample(frac=1.0, random_state=1).to_csv(tmp_path / "both.csv", index=False)
    words = ("compare", "both.csv", "-t", "y", "-p", "p", "-p", "q", "-l", "listnet", "--group", "site")
    (same,) = comparisons(run(*words, "-k", "id", "--targets", "y.csv", "-f", "json"))
    assert (same["delta"], same["p_value"], same["n"]) == (found["delta"], found["p_value"], 20)


def test_predictions_of_two_columns_with_targets_in_another_file(run: Run, tmp_path: Path) -> None:
    one, other = models()
    one = one.assign(q=other.sort_values("id")["p"].to_numpy())
    one[["id", "p", "q"]].to_csv(tmp_path / "predictions.csv", index=False)
    one[["id", "y"]].sample(frac=1.0, random_state=5).to_csv(tmp_path / "targets.csv", index=False)
    one.to_csv(tmp_path / "together.csv", index=False)
    words = ("-t", "y", "-p", "p", "-p", "q", "-l", LOSSES, "-f", "json")
    joined = comparisons(run("compare", "predictions.csv", "--targets", "targets.csv", "-k", "id", *words))
    together = comparisons(run("compare", "together.csv", *words))
    assert [{**each, "signature": ""} for each in joined] == [{**each, "signature": ""} for each in together]
    assert all("|key=id|targets=targets.csv|" in each["signature"] for each in joined)
