"""The flags of `lossctl compare`: methods, pairs, many models of many files, and what does not go together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossctl.core.compare_settings import OWN
from lossctl.core.errors import ExitCode
from tests.cli.cases import Ran, Run

SPELLED = {
    "pairs": ("--all-pairs",),
    "method": ("--bootstrap", "--permutation"),
    "baseline_prediction": ("--baseline-pred",),
}
"""Options of the function whose flags are not called after them."""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    y = rng.normal(size=60) * 3.0
    frame = pd.DataFrame({"y": y, "site": np.arange(60) // 3})
    for name, spread in (("a", 1.0), ("b", 1.5)):
        for model, bias in (("old", 0.5), ("new", 0.1)):
            frame[model] = y + bias + rng.normal(size=60) * spread
        frame.to_csv(tmp_path / f"{name}.csv", index=False)


def compare(run: Run, *words: str, sources: tuple[str, ...] = ("a.csv",), losses: str = "mae") -> list[dict[str, Any]]:
    ran = run("compare", *sources, "-p", "old", "-p", "new", "-l", losses, "-f", "json", *words)
    assert ran.code == ExitCode.OK, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["comparisons"]
    return found


@pytest.mark.parametrize(
    ("words", "method", "signature"),
    [
        ((), "t", "method=t|adjust=bh"),
        (("--bootstrap",), "bootstrap", "method=bootstrap|seed=20|resamples=9999|adjust=bh"),
        (
            ("--permutation", "--seed", "3", "--resamples", "499"),
            "permutation",
            "method=permutation|seed=3|resamples=499|adjust=bh",
        ),
        (("--block", "3"), "block-t", "method=t|block=3|adjust=bh"),
        (
            ("--bootstrap", "--block", "3", "--resamples", "499", "--adjust", "none"),
            "block-bootstrap",
            "method=bootstrap|block=3|seed=20|resamples=499|adjust=none",
        ),
    ],
)
def test_a_method_is_in_the_interval_and_the_signature(
    run: Run, words: tuple[str, ...], method: str, signature: str
) -> None:
    (found,) = compare(run, *words)
    assert (found["delta_ci"]["method"], found["relative_ci"]["method"]) == (method, method)
    assert found["signature"].endswith(f"|{signature}")


def test_all_pairs_of_files_and_columns(run: Run) -> None:
    found = compare(run, "--all-pairs", sources=("first=a.csv", "b.csv"))
    names = ["first:old", "first:new", "b.csv:old", "b.csv:new"]
    expected = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    assert [(each["baseline"], each["candidate"]) for each in found] == expected
    assert all(each["signature"].endswith("|pairs=all") for each in found)
    against_first = compare(run, sources=("first=a.csv", "b.csv"))
    assert [each["candidate"] for each in against_first] == names[1:]
    assert [each["delta"] for each in against_first] == [each["delta"] for each in found[:3]]


def test_the_table_of_many_models(run: Run) -> None:
    words = ("-p", "old", "-p", "new", "-l", "mae,mse", "--all-pairs")
    lines = run("compare", "one=a.csv", "two=b.csv", *words).stdout.splitlines()
    body = lines[1 : lines.index("")]
    assert len(body) == 2 * (4 + 3 + 2)
    assert [line.split()[0] for line in body if line[0] != " "] == ["mae", "mse"]
    assert sum("baseline" in line for line in body) == 2 * 3


def refused(ran: Ran, problem: str, cure: str) -> None:
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.lines == [f"error: {problem}", f"hint:  {cure}"]


@pytest.mark.parametrize(
    ("words", "problem", "cure"),
    [
        (
            "--bootstrap --permutation",
            "--bootstrap and --permutation are both given",
            "a difference is told from chance in one way",
        ),
        (
            "--seed 3",
            "seed is of no use: the method t draws no random numbers",
            "choose bootstrap or permutation, or leave out seed",
        ),
        (
            "--block 2 --resamples 999",
            "resamples is of no use: the method t draws no random numbers",
            "choose bootstrap or permutation, or leave out resamples",
        ),
        ("--cluster site --block 2", "cluster and block are both given", "rows belong together in one way"),
        (
            "--horizon 2 --permutation",
            "horizon is for Diebold-Mariano, not for permutation",
            "leave out the other method, or the horizon",
        ),
        (
            "--horizon 2 --cluster site",
            "Diebold-Mariano takes rows one by one in file order, and no cluster",
            "leave out cluster, or the horizon",
        ),
        ("--block 0", f"block: 0 is not a whole number from 1 to {2**53}", "such as 2"),
        (
            "--bootstrap --resamples 5",
            "resamples: 5 is not a whole number from 99 to 1000000",
            "such as 100",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(run: Run, words: str, problem: str, cure: str) -> None:
    refused(run("compare", "a.csv", "-p", "old", "-p", "new", "-l", "mae", *words.split()), problem, cure)


@pytest.mark.parametrize("words", ["--block two", "--seed 1.5", "--skill"])
def test_what_is_no_flag_or_no_number_is_refused(run: Run, words: str) -> None:
    ran = run("compare", "a.csv", "-p", "old", "-p", "new", "-l", "mae", *words.split())
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert words.split(maxsplit=1)[0] in ran.lines[0]


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_option_of_the_function_is_a_flag(run: Run, name: str) -> None:
    shown = run("compare", "--help-all").stdout
    for flag in SPELLED.get(name, (f"--{name}",)):
        assert re.search(rf"^  {flag} ", shown, re.MULTILINE), flag


def test_all_losses_that_fit_with_those_left_out_on_standard_error(run: Run) -> None:
    words = ("compare", "a.csv", "-p", "old", "-p", "new", "-l", "all")
    ran = run(*words)
    assert ran.code == ExitCode.OK
    rows = [line.split()[0] for line in ran.stdout.partition("\n\n")[0].splitlines()[1:]]
    assert {"mae", "mse", "rmse"} <= set(rows)
    assert any(re.fullmatch(r"warning: a\.csv: .* and \d+ more are left out: .*", line) for line in ran.lines)
    document = json.loads(run(*words, "-f", "json").stdout)
    assert [each["loss"] for each in document["comparisons"]] == [row.partition("(")[0] for row in rows]
    assert not any(" more are left out" in said for said in document["warnings"])


def test_losses_that_disagree_are_told_on_standard_error(run: Run, tmp_path: Path) -> None:
    small = np.full(200, 0.1)
    small[::20] = 6.0
    noise = np.linspace(-0.05, 0.05, 200)
    frame = pd.DataFrame({"y": np.zeros(200), "old": 0.7 + noise, "new": small + noise})
    frame.to_csv(tmp_path / "a.csv", index=False)
    ran = run("compare", "a.csv", "-p", "old", "-p", "new", "-l", "mse,huber(delta=0.1)")
    assert ran.lines == ["warning: losses disagree about old and new: mse prefers old; huber(delta=0.1) prefers new"]
