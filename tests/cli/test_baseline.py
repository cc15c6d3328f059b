"""`lossctl baseline` at the command line, and checks against what it stored."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.cases import Run

ROWS = "id,target,old,new\n" + "".join(f"k{n},{n},{n + (n % 5) / 4},{n + (n % 7) / 3}\n" for n in range(120))
STORE = ("baseline", "p.csv", "-p", "old", "-l", "mse,rmse", "-k", "id")


def test_a_check_is_the_same_against_the_file_and_against_what_was_stored(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    stored = run(*STORE, "-o", "b.parquet", "-f", "json")
    assert (stored.code, stored.stderr) == (0, "")
    document = json.loads(stored.stdout)
    assert (document["schema"], document["n"], document["file"]) == ("lossctl/baseline/1", 120, "b.parquet")
    assert document["bytes"] == Path("b.parquet").stat().st_size
    check = ("check", "p.csv", "-p", "new", "-k", "id", "--gate", "delta(mse) <= 0.5", "-f", "json")
    one, other = run(*check, "--baseline", "b.parquet"), run(*check, "--baseline", "p.csv", "--baseline-pred", "old")
    assert one.code == other.code
    assert json.loads(one.stdout)["gates"] == json.loads(other.stdout)["gates"]


def test_values_alone_are_a_document(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    assert run("baseline", "p.csv", "-p", "old", "-l", "mse", "--no-rows", "-o", "b.json").code == 0
    document = json.loads(Path("b.json").read_text())
    assert (document["columns"], document["key"], document["n"]) == ({}, [], 120)


def test_what_is_typed_wrong(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    for arguments, said in (
        ((*STORE, "-o", "p.csv"), "p.csv is a source"),
        ((*STORE, "-o", "none/b.parquet"), "there is no directory none"),
        (STORE, "--output"),
        ((*STORE[:-2], "-o", "b.parquet"), "rows are stored by key"),
        (("baseline", "p.csv", "-p", "old", "-l", "mse", "-k", "idd", "-o", "b.parquet"), "idd"),
        (("baseline", "p.csv", "p.csv", "-p", "old", "-l", "mse", "-k", "id", "-o", "b.parquet"), "takes one SOURCE"),
    ):
        ran = run(*arguments)
        assert (ran.code, ran.stdout) == (2, "")
        assert said in ran.stderr
    assert Path("p.csv").read_text() == ROWS
    assert [each.name for each in Path().iterdir()] == ["p.csv"]


def test_what_was_there_stays_where_nothing_new_can_be_stored(run: Run) -> None:
    Path("p.csv").write_text(ROWS.replace("k3,", "k4,"))
    Path("b.parquet").write_text("old")
    ran = run(*STORE, "-o", "b.parquet")
    assert (ran.code, ran.stdout) == (3, "")
    assert 'the key id "k4" occurs twice (first: p.csv line 5)' in ran.stderr
    assert Path("b.parquet").read_text() == "old"
    assert sorted(each.name for each in Path().iterdir()) == ["b.parquet", "p.csv"]
