"""What a condition may take holds for all that reads rows: of every command, and of a configuration."""

# ruff: noqa: S608 -- queries of these tests alone

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from tests.forked import Done

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is loaded once is forked on Linux alone")

ROOT = Path(__file__).parents[2]
ROWS = 2048
LIMIT = 100_000_000
GROWS = f"length(concat({', '.join(['s'] * 240)})) > id and id <> 7"
"""It is true of all rows but one, and would take 1 GB."""
FINE = "length(concat(s, s)) > id and id <> 7"
READ = ("-t", "y", "-p", "p", "--threads", "1")
BOTH = ("-t", "y", "-p", "p", "-p", "q", "--threads", "1")
RUNS = {
    "one file": ("eval", "p.parquet", "-l", "mae", *READ, "--where"),
    "text": ("eval", "p.csv", "-l", "mae", *READ, "--where"),
    "slices": ("eval", "p.parquet", "-l", "mae", *READ, "--by", "g", "--where"),
    "groups": ("eval", "p.parquet", "-l", "listnet", *READ, "--group", "g", "--where"),
    "resamples": ("eval", "p.parquet", "-l", "mae", *READ, "--bootstrap", "--resamples", "99", "--where"),
    "targets in another file": (
        *("eval", "p.parquet", "-l", "mae", "--targets", "t.parquet", "-k", "id", "-t", "u", "-p", "p", "--where"),
    ),
    "rows": ("eval", "p.parquet", "-l", "mae", *READ, "--per-row", "-o", "made.csv", "--where"),
    "rows as Parquet": ("eval", "p.parquet", "-l", "mae", *READ, "--per-row", "-o", "made.parquet", "--where"),
    "worst rows": ("eval", "p.parquet", "-l", "mae", *READ, "--top", "3", "--keep", "id", "--where"),
    "predictions": ("compare", "p.parquet", "-l", "mae", *BOTH, "--where"),
    "files": ("compare", "p.parquet", "o.parquet", "-l", "mae", *READ, "--where"),
    "files by key": ("compare", "p.parquet", "o.parquet", "-k", "id", "-l", "mae", *READ, "--where"),
    "clusters": ("compare", "p.parquet", "-l", "mae", *BOTH, "--cluster", "g", "--where"),
    "a stored baseline": ("baseline", "p.parquet", "-k", "id", "-l", "mae", *READ, "-o", "made.parquet", "--where"),
    "values of a baseline": ("baseline", "p.parquet", "-l", "mae", *READ, "--no-rows", "-o", "made.json", "--where"),
    "gates": ("check", "p.parquet", "-g", "mae <= 9", *READ, "--export", "json=made.json", "--where"),
    "gates on slices": ("check", "p.parquet", "-g", "mae[g=*] <= 9", "-g", "p90(mae) <= 9", *READ, "--where"),
    "gates on differences": (
        *("check", "p.parquet", "-g", "delta(mae) <= 9", "--baseline", "o.parquet", "-k", "id", *READ, "--where"),
    ),
    "failures": ("check", "p.parquet", "-g", "mae[g=1] <= 0.1", "--explain", *READ, "--where"),
}
CONFIGURED = ("check",)
CODES = {"failures": 1}


CONSTANT = f"len('[{'{},' * 8000}{{}}]'::struct({', '.join(f'a{n} hugeint' for n in range(1000))})[]) > id"
"""It takes 130 MB before a row is read."""


def configuration(where: str) -> str:
    gates = json.dumps(["mae <= 9", "delta(mae)[g=*] <= 9"])
    named = 'source = "p.parquet"\nbaseline = "o.parquet"\nkey = "id"\ntarget = "y"\nprediction = "p"'
    return f"[check]\n{named}\ngates = {gates}\nwhere = {json.dumps(where)}\n"


def run_all(folder: str) -> dict[str, list[Done]]:
    """Do every run twice, with a condition that takes little and with one that takes too much."""
    from lossctl.sources.query import limits
    from tests.forked import forked, load_what_runs_need

    def limit() -> None:
        limits.memory_of_machine = lambda _: limits.memory_held() + 2 * LIMIT
        limits._LEAST_FREE = 0  # noqa: SLF001 -- or all machines would have more than the limit

    def leave_little() -> None:
        size = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
        most = int(size.split()[1]) * 1024 + 2 * LIMIT
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))

    def run(words: tuple[str, ...], before: Callable[[], None] = limit) -> Done:
        done = forked(words, before)
        made = list(Path().glob("made.*"))
        for each in made:
            each.unlink()
        return Done(done.code, done.out, done.err, " ".join(map(str, made)))

    os.chdir(folder)
    load_what_runs_need([("eval", "p.parquet", "-l", "mae", *READ, "--where", FINE)])
    found = {name: [run((*words, where)) for where in (FINE, GROWS)] for name, words in RUNS.items()}
    found["a configuration"] = []
    for where in (FINE, GROWS):
        Path("lossctl.toml").write_text(configuration(where), encoding="utf-8")
        found["a configuration"].append(run(CONFIGURED))
    found["refused"] = [run((*RUNS["one file"], where), leave_little) for where in (GROWS, CONSTANT)]
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Done]]:
    folder, spilled = tmp_path_factory.mktemp("limited"), tmp_path_factory.mktemp("spilled")
    columns = "i::double id, (i % 5)::double g, (i % 2)::double y, 0.5 p, 0.25 q, repeat('ab', 1000) s"
    with duckdb.connect() as connection:
        for name, chosen in {
            "p.parquet": columns,
            "o.parquet": columns,
            "p.csv": columns,
            "t.parquet": "i::double id, 1.0 u",
        }.items():
            connection.execute(f"copy (select {chosen} from range({ROWS}) t(i)) to '{folder / name}'")
    command = [sys.executable, "-m", "tests.cli.test_limited_runs", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(spilled)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not [*spilled.iterdir()]
    return {name: [Done(**each) for each in runs] for name, runs in json.loads(done.stdout).items()}


@pytest.mark.parametrize("name", [*RUNS, "a configuration"])
def test_a_condition_has_only_so_much_memory_wherever_it_stands(name: str, found: dict[str, list[Done]]) -> None:
    fine, grows = found[name]
    assert fine.code == CODES.get(name, 0), fine.err
    assert bool(fine.note) == ("made." in " ".join(RUNS.get(name, ())))
    assert grows.code == 3, grows.err
    first, second, *more = grows.err.splitlines()
    assert first.startswith("error: --where 'length(concat(s, s, ")
    assert "of memory; 100 MB are the most" in first
    assert second.startswith("hint:  make fewer or shorter texts")
    assert (more, grows.out, grows.note) == ([], "", "")


def test_memory_that_the_system_refuses_is_told_with_the_condition(found: dict[str, list[Done]]) -> None:
    for refused, start in zip(found["refused"], ("length(concat(s, s, ", "len('[{},{},"), strict=True):
        assert refused.code == 3, refused.err
        first, second, *more = refused.err.splitlines()
        assert re.match(rf"error: p\.parquet cannot be read with --where ['\"]{re.escape(start)}", first), first
        assert re.search(r"…['\"]: memory ran out \(Failed to allocate block of \d+ bytes", first)
        assert second.startswith("hint:  make fewer or shorter texts and lists in the condition, give it more memory, ")
        assert (more, refused.out) == ([], "")


if __name__ == "__main__":
    _found = run_all(sys.argv[1])
    sys.stdout.write(json.dumps({name: [asdict(each) for each in runs] for name, runs in _found.items()}))
