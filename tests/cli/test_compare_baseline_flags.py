"""`lossctl compare --baseline` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.cases import Ran, Run

ROWS = "id,target,old,new\n" + "".join(f"k{n},{n},{n + (n % 5) / 4},{n + (n % 7) / 3}\n" for n in range(60))
LOSSES = ("-l", "mse,rmse", "-f", "json")


def comparisons(ran: Ran) -> list[dict[str, Any]]:
    assert (ran.code, ran.stderr) == (0, "warning: only 60 rows: the confidence intervals are approximate\n")
    return [{**each, "baseline": "", "candidate": ""} for each in json.loads(ran.stdout)["comparisons"]]


def test_a_baseline_is_a_column_a_file_or_what_was_stored_of_it(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    Path("q.csv").write_text(ROWS)
    assert run("baseline", "p.csv", "-p", "old", "-l", "mse,rmse", "-k", "id", "-o", "b.parquet").code == 0
    columns = comparisons(run("compare", "p.csv", "-p", "old", "-p", "new", *LOSSES))
    assert comparisons(run("compare", "p.csv", "-p", "new", "--baseline-pred", "old", *LOSSES)) == columns
    other = ("--baseline", "q.csv", "--baseline-pred", "old")
    assert comparisons(run("compare", "p.csv", "-p", "new", *other, *LOSSES)) == columns
    keyed = comparisons(run("compare", "p.csv", "-p", "new", "-k", "id", "--baseline", "b.parquet", *LOSSES))
    assert [{**each, "signature": each["signature"].replace("|key=id", "")} for each in keyed] == columns


def test_the_difference_is_that_of_a_check(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    assert run("baseline", "p.csv", "-p", "old", "-l", "mse", "-k", "id", "-o", "b.parquet").code == 0
    words = ("p.csv", "-p", "new", "-k", "id", "--baseline", "b.parquet", "-f", "json")
    (gate,) = json.loads(run("check", *words, "--gate", "delta(mse) <= 9").stdout)["gates"]
    (compared,) = json.loads(run("compare", *words, "-l", "mse").stdout)["comparisons"]
    assert (gate["value"], gate["ci"], gate["n"]) == (compared["delta"], compared["delta_ci"], compared["n"])


def test_what_is_typed_wrong(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    assert run("baseline", "p.csv", "-p", "old", "-l", "mse", "-k", "id", "-o", "b.parquet").code == 0
    stored = Path("b.parquet").read_bytes()
    words = ("compare", "p.csv", "-p", "new", "-l", "mse")
    keyed = (*words, "-k", "id", "--baseline", "b.parquet")
    for arguments, code, said in (
        ((*words, "-k", "old", "--baseline", "b.parquet"), 2, "was stored by the key id"),
        ((*keyed, "--baseline-pred", "old"), 2, "is a stored baseline, of old: it has no column old"),
        ((*keyed, "-l", "mae"), 4, "it holds mse; make it anew"),
        ((*keyed, "-o", "b.parquet"), 2, "b.parquet is a source: the result would replace it"),
        ((*words, "--baseline", "none.csv"), 3, "none.csv"),
        ((*words, "--baseline", "p.csv", "--baseline-pred", "odl"), 2, "did you mean old?"),
        ((*words, "--baseline-pred", "new"), 2, "candidate and baseline are both new"),
    ):
        ran = run(*arguments)
        assert (ran.code, ran.stdout) == (code, "")
        assert said in ran.stderr
    assert Path("b.parquet").read_bytes() == stored


def test_a_check_takes_the_key_that_its_baseline_was_stored_by(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    assert run("baseline", "p.csv", "-p", "old", "-l", "mse", "-k", "id", "-o", "b.parquet").code == 0
    words = ("check", "p.csv", "-p", "new", "--baseline", "b.parquet", "--gate", "delta(mse) <= 9")
    named, taken = run(*words, "-k", "id"), run(*words)
    assert (taken.code, taken.stdout) == (named.code, named.stdout)
    said = "warning: b.parquet: rows are matched by the key it was stored by: --key id"
    assert [each for each in taken.lines if each not in named.lines] == [said]
    other = run(*words, "-k", "old")
    assert other.code == 2
    assert "was stored by the key id" in other.stderr
    Path("q.csv").write_text(ROWS.replace("id", "no", 1))
    assert "was stored by the key id" in run("check", "q.csv", *words[2:]).stderr
