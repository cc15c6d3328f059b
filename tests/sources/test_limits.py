"""What the query of a condition may take at most: memory and time, also where a single call of a function goes on."""

# ruff: noqa: S608 -- queries of these tests alone

from __future__ import annotations

import mmap
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import duckdb
import numpy as np
import pytest

import lossctl
from lossctl.core.errors import DataError
from lossctl.core.system import shutdown as ending
from lossctl.core.system.shutdown import GRACE_SECONDS
from lossctl.sources import open_source
from lossctl.sources.joins.side_by_side import require_unique
from lossctl.sources.query import limits
from lossctl.sources.query.stream import Stream
from lossctl.sources.query.where import Filter

Write = Callable[[str, str | bytes], str]
MEGABYTE = 1_000_000
LIMIT = 100 * MEGABYTE
PROGRAM = f"""
import sys
from lossctl.sources.query import limits
limits.memory_of_machine = lambda cursor: limits.memory_held() + {2 * LIMIT}
limits._LEAST_FREE = 0
limits.SECONDS = float(sys.argv.pop(1))
end = limits.end_with
limits.end_with = lambda error: (print("ended", flush=True), end(error), print("went on", flush=True))
from lossctl.cli.main import run
run()
"""
"""The command line with a low limit; it says where nothing else helped."""
FIELDS = ", ".join(f"a{n} hugeint" for n in range(1000))
ATTACKS = {
    "copies": f"length(concat({', '.join(['s'] * 240)})) > p",
    "copies of long texts": "length(x || x || x) > p",
    "replacements": f"length(replace(s, 'a', '{'a' * 100}')) > p",
    "replacements by a pattern": f"length(regexp_replace(s, '.', '{'a' * 100}', 'g')) > p",
    "records from a text": f"len(o::struct({FIELDS})[]) > p",
    "parts of JSON at all depths": "len(j->'$..*') > p",
    "texts of JSON at all depths": "len(json_extract_string(j, '$..[0]')) > p",
    "dates": f"length(strftime(date '2024-01-01' + p::int, '{'%c' * 12_000}')) > p",
    "letters": "len(string_split(x, '')) > p",
    "numbers from a text": "len(n::hugeint[]) > p",
    "parts": " or ".join(f"s[{n}:] || 'b' = 'q'" for n in range(1, 100)),
}
"""Conditions that the list of functions and the count of copies let pass: each would take from 0.2 to 3 GB."""
SPIN = "regexp_matches(s, '(a|b){1,900}c')"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("limits") / "p.parquet")
    columns = """
        (i % 3)::double p, 1.0 y, repeat('ab', 1000) || i s, repeat('ab', 10_000) || i x,
        '[' || repeat('{},', 600) || '{}]' o, '[' || repeat('1,', 10_000) || i || ']' n,
        repeat('[', 1000) || i || repeat(']', 1000) j
    """
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {columns} from range(2048) t(i)) to '{path}' (compression zstd)")
    assert Path(path).stat().st_size < MEGABYTE
    return path


def run(*arguments: str, seconds: float = 900.0) -> tuple[int, str, bool]:
    """Return the exit code, what was said, and whether the program ended itself at once."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seconds), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return ran.returncode, ran.stderr, ran.stdout == "ended\n"


@pytest.mark.parametrize("name", ATTACKS)
def test_a_condition_has_only_so_much_memory(name: str, hostile: str) -> None:
    columns = ("--loss", "mae", "-p", "p", "-t", "y", "--threads", "2")
    code, said, _ = run("eval", hostile, *columns, "--where", ATTACKS[name])
    assert code == 3, said
    first, second, *more = said.splitlines()
    assert first.startswith("error: --where ")
    assert ATTACKS[name][:10].replace("::", ":\\x3a") in first
    assert "of memory; 100 MB are the most" in first
    assert len(first) < 220
    assert second == "hint:  make fewer or shorter texts and lists in it, or filter the file before"
    assert not more


def test_a_condition_has_only_so_much_memory_while_it_is_looked_at(
    hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is constant in it is computed before there is a row."""
    monkeypatch.setattr(limits, "memory_of_machine", lambda _: limits.memory_held() + 2 * 10 * MEGABYTE)
    monkeypatch.setattr(limits, "_LEAST_FREE", 0)
    monkeypatch.setattr(limits, "in_time", None)
    records = "[" + "{}," * 4000 + "{}]"
    with (
        open_source(hostile) as source,
        pytest.raises(DataError, match=r"took \d+ MB of memory; 10 MB are the most"),
    ):
        list(source.read(["p"], where=f"len('{records}'::struct({FIELDS})[]) > p"))


def test_keys_are_looked_at_under_the_same_limits(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("p.csv", "id,p\n" + "".join(f"{n},1\n" for n in range(20_000)))
    monkeypatch.setattr(Stream, "_check_condition", lambda *_: None)
    with open_source(path) as source:
        request = source.request(["p"], where="id % 2 = 0")
        require_unique(source, request, ["id"])
        monkeypatch.setattr(limits, "SECONDS", 0.0005)
        with pytest.raises(DataError, match=r"gave no row for 0\.0005 seconds"):
            require_unique(source, request, ["id"])


def test_time_is_up_within_a_single_call_too(hostile: str) -> None:
    started = time.monotonic()
    columns = ("--loss", "mae", "-p", "p", "-t", "y", "--threads", "1")
    code, said, ended = run("eval", hostile, *columns, "--where", SPIN, seconds=0.2)
    assert code == 3
    assert f"error: --where {SPIN!r} gave no row for 0.2 seconds\nhint:  simplify it, or " in said
    assert ended
    assert time.monotonic() - started < GRACE_SECONDS + 8.0


def test_a_program_that_uses_lossctl_is_not_ended(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes when the call is over."""
    monkeypatch.setattr(limits, "memory_of_machine", lambda _: limits.memory_held() + 2 * 10 * MEGABYTE)
    monkeypatch.setattr(limits, "_LEAST_FREE", 0)
    options: dict[str, Any] = {"target": "y", "prediction": "p"}
    with pytest.raises(DataError, match=r"of memory; 10 MB are the most"):
        lossctl.evaluate(hostile, "mae", where=f"length(concat({', '.join(['s'] * 20)})) > p", **options)
    assert lossctl.evaluate(hostile, "mae", where="p > 1 and s like 'ab%'", **options)
    assert not [each for each in threading.enumerate() if each.name == "lossctl-condition"]


class Cursor:
    """One that runs nothing, and is told to stop."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.cursor = connection.cursor
        self.interrupted = False

    def interrupt(self) -> None:
        self.interrupted = True


def taken(grown: int, tables: int, machine: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process grow by some megabytes under a condition, of which DuckDB holds some in its tables."""
    held = iter([MEGABYTE * 10])
    monkeypatch.setattr(limits, "EVERY_SECONDS", 0.005)
    monkeypatch.setattr(limits, "memory_of_machine", lambda _: machine * MEGABYTE)
    monkeypatch.setattr(limits, "memory_held", lambda: next(held, MEGABYTE * (10 + grown)))
    monkeypatch.setattr(limits, "TABLES", f"select {tables * MEGABYTE}")
    with duckdb.connect() as connection:
        cursor = Cursor(connection)
        try:
            with limits.limited(cast("duckdb.DuckDBPyConnection", cursor), Filter("p > 1")):
                time.sleep(0.3)
        except DataError:
            assert cursor.interrupted
            raise
        assert not cursor.interrupted


@pytest.mark.parametrize(
    ("grown", "tables", "machine", "said"),
    [
        (99, 0, 210, None),
        (101, 0, 210, "took 101 MB of memory; 100 MB are the most"),
        (160, 70, 210, None),
        (160, 50, 210, "took 160 MB"),
        (185, 150, 210, None),
        (195, 150, 210, "took 195 MB"),  # nearly all there is
        (0, 0, 1, None),
        (1, 0, 10, "took 1 MB of memory; 1 MB are the most"),  # all is held already
        (4000, 0, 4010, "took 4.0 GB of memory; 2.0 GB are the most"),
    ],
)
def test_tables_of_duckdb_are_not_the_conditions(
    grown: int, tables: int, machine: int, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is None:
        taken(grown, tables, machine, monkeypatch)
        return
    with pytest.raises(DataError, match=said):
        taken(grown, tables, machine, monkeypatch)


@pytest.mark.parametrize(
    ("grown", "patience", "said"),
    [(112, 60.0, None), (113, 60.0, "took 113 MB"), (101, 0.05, "took 101 MB"), (99, 0.05, None)],
)
def test_the_program_ends_where_a_query_goes_on(
    grown: int, patience: float, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Any] = []
    monkeypatch.setattr(limits, "end_with", ended.append)
    monkeypatch.setattr(limits, "GRACE_SECONDS", patience)
    with suppress(DataError):
        taken(grown, 0, 210, monkeypatch)
    assert bool(ended) == (said is not None)
    assert all(str(said) in str(each) for each in ended)


def test_what_looks_is_gone_when_the_query_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = threading.Event()

    def look(_: limits.Watch) -> None:
        looks.set()
        time.sleep(0.2)

    monkeypatch.setattr(limits, "EVERY_SECONDS", 0.005)
    monkeypatch.setattr(limits.Watch, "_large", look)
    with duckdb.connect() as connection:
        with limits.limited(connection, Filter("p > 1")):
            assert looks.wait(10)
        assert not [each for each in threading.enumerate() if each.name == "lossctl-condition"]


@pytest.mark.parametrize("where", [None, Filter("p > 1")])
def test_an_error_of_the_query_itself_is_raised(where: Filter | None) -> None:
    def none() -> list[int]:
        raise duckdb.InvalidInputException("none")

    with duckdb.connect() as connection:
        with pytest.raises(duckdb.InvalidInputException, match="none"), limits.limited(connection, where):
            none()
        if where is not None:
            with pytest.raises(duckdb.InvalidInputException, match="none"):
                list(limits.in_time(none, connection, where))


def test_the_error_that_ends_a_program_comes_after_its_files_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[tuple[Any, bool]] = []
    left = tmp_path / "left"
    left.touch()
    monkeypatch.setattr(ending, "_left", {left})
    monkeypatch.setattr(ending, "_fail", [])
    monkeypatch.setattr(ending, "_end", [])
    monkeypatch.setattr(ending, "_ended", [])
    error = DataError("too much")
    ending.end_with(error)
    assert left.exists()  # of a program that merely uses lossctl
    ending.end_after(lambda: None, lambda each: failed.append((each, left.exists())))
    ending.end_with(error)
    assert failed == [(error, False)]


@pytest.mark.parametrize("wanted", [{}, {"group": "id"}, {"key": "id"}])
def test_memory_that_duckdb_has_not_is_told_with_the_condition(
    wanted: dict[str, str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rows are read: as they stand, sorted by group, or joined."""

    def none(*_: object) -> list[int]:
        raise duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 9 bytes\nmore")

    path = write("p.csv", "id,p,y\n1,1,0\n2,2,0\n")
    other = write("t.csv", "id,u\n1,1\n2,2\n")
    options: dict[str, Any] = {"target": "u" if "key" in wanted else "y", "prediction": "p", "where": "p > 1", **wanted}
    if "key" in wanted:
        options["targets"] = other
    loss = "listnet" if "group" in wanted else "mae"
    monkeypatch.setattr(limits, "in_time", none)
    with pytest.raises(DataError) as caught:
        lossctl.evaluate(path, loss, **options)
    found = r"p\.csv.* cannot be read with where='p > 1': memory ran out \(failed to allocate data of size 9 bytes\)"
    assert re.fullmatch(found, caught.value.problem)
    assert str(caught.value.cure).startswith("make fewer or shorter texts and lists in the condition, give it more")


def test_what_a_sort_holds_counts_as_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "p.parquet")
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"copy (select i p, md5(i::varchar) g from range(200_000) t(i)) to '{path}'")
    monkeypatch.setattr(limits, "EVERY_SECONDS", 0.002)

    def ask(watch: Any) -> None:
        found.append(watch.aside.execute(limits.TABLES).fetchall()[0][0])

    monkeypatch.setattr(limits.Watch, "_large", ask)
    with open_source(path) as source:
        assert sum(map(len, source.read(["p"], where="p >= 0", group="g"))) == 200_000
    assert max(found) > 10 * MEGABYTE


def test_where_the_system_tells_only_the_most_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise FileNotFoundError

    now = limits.memory_held()
    monkeypatch.setattr(Path, "read_bytes", none)
    assert now - MEGABYTE <= limits.memory_held() < 100 * now


def test_memory_is_counted_as_the_system_counts_it() -> None:
    before = limits.memory_held()
    block = np.ones(50 * MEGABYTE, np.uint8)
    assert 40 * MEGABYTE < limits.memory_held() - before < 80 * MEGABYTE
    del block
    shared = mmap.mmap(-1, 50 * MEGABYTE)
    before = limits.memory_held()
    shared.write(b"x" * (50 * MEGABYTE))
    assert limits.memory_held() - before < 10 * MEGABYTE
    shared.close()


def test_the_memory_of_the_machine_is_that_which_duckdb_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_machine", [])
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '8GiB'")
        assert limits.memory_of_machine(connection) == 10 * 2**30
        connection.execute("reset memory_limit")
        assert limits.memory_of_machine(connection) == 10 * 2**30
        monkeypatch.setattr(limits, "_machine", [])
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert 100 * MEGABYTE < limits.memory_of_machine(connection) <= 1.01 * pages
