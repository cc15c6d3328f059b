"""`lossctl eval --by` of 4, 1,000 and 100,000 slices over 10 M rows, beside DuckDB's GROUP BY for the same sums.

``python -m benchmarks.bench_slices`` prints the table; ``--write docs/performance.md`` replaces the one there. Whole
processes, in turn, round by round, as in `benchmarks.run`: both write a CSV file of the slices, which are compared
first. Imports the standard library.
"""

from __future__ import annotations

import csv
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import agree, environment
from benchmarks.contestants import SCRIPTS, Answers
from benchmarks.measure import Run, measure
from benchmarks.page import markdown, print_or_write

__all__ = ["JOBS", "check", "data_file", "read_lossctl", "read_sql", "table"]

ROUNDS = 5
SIZE = "10m"
FIGURES = ("l1", "l2", "mean", "row_mean_abs", "row_max", "zero_share", "sign_balance")


@dataclass(frozen=True)
class Job:
    """One thing to do: slice a file by one of its columns."""

    by: str
    slices: int
    form: str

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.slices:,} slices, {'CSV' if self.form == 'csv' else 'Parquet'}"


JOBS = tuple(Job(f"g{slices}", slices, form) for form in ("parquet", "csv") for slices in (4, 1_000, 100_000))


def data_file(programs: Path, form: str, size: str = SIZE) -> Path:
    """Return a file with columns of slices, made where it is missing."""
    path = environment.DATA / f"slices-{size}.{form}"
    if not path.exists():
        rows = environment.data_file(programs, size, "parquet")
        columns = ", ".join(f"(hash(id, {job.slices}) % {job.slices})::int as {job.by}" for job in JOBS[:3])
        query = f"copy (select target, prediction, {columns} from '{rows}') to '{path}' (format {form})"
        subprocess.run([str(programs / "python"), "-c", f"import duckdb; duckdb.execute({query!r})"], check=True)
    return path


def read_lossctl(path: Path, by: str) -> Answers:
    """Read the CSV of `lossctl eval`: the figures of each slice."""
    names = {"n": "n", "value": "value", "std_error": "std_error"} | {name: f"gradient.{name}" for name in FIGURES}
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["slice"]]
    return {row[f"slice.{by}"]: {name: float(row[column]) for name, column in names.items()} for row in rows}


def read_sql(path: Path) -> Answers:
    """Read the CSV of the query."""
    with path.open(newline="") as file:
        return {row.pop("slice"): {name: float(text) for name, text in row.items()} for row in csv.DictReader(file)}


def check(ours: Answers, theirs: Answers) -> int:
    """Compare the answers.

    Raises
    ------
    DisagreementError
        Where slices or figures differ.
    """
    if ours.keys() != theirs.keys():
        raise agree.DisagreementError(f"{len(ours)} slices, by SQL {len(theirs)}")
    return agree.check(ours, theirs, ("lossctl", "sql"))


def table() -> str:
    """Measure, and give the table."""
    programs = environment.programs(with_lossctl=True)
    lines = [["job", "lossctl", "DuckDB GROUP BY", "ratio", "peak memory"]]
    with tempfile.TemporaryDirectory() as folder:
        lines += [_measured(job, programs, Path(folder)) for job in JOBS]
    facts = "\n".join(f"- {fact}" for fact in environment.machine(programs))
    return f"{facts}\n\n{markdown(lines)}"


def _measured(job: Job, programs: Path, folder: Path) -> list[str]:
    file, ours, theirs = data_file(programs, job.form), folder / "lossctl.csv", folder / "sql.csv"
    lossctl = [str(programs / "lossctl"), "eval", str(file), "--loss", "huber", "--by", job.by, "-f", "csv"]
    commands = {
        "lossctl": [*lossctl, "-o", str(ours)],
        "sql": [str(programs / "python"), str(SCRIPTS / "slices_by_sql.py"), str(file), job.by, str(theirs)],
    }
    for command in commands.values():
        measure(command)
    check(read_lossctl(ours, job.by), read_sql(theirs))
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(ROUNDS):
        for name in list(commands) if turn % 2 else list(commands)[::-1]:
            runs[name].append(measure(commands[name]))
    seconds = {name: statistics.median(run.seconds for run in of) for name, of in runs.items()}
    pairs = zip(runs["lossctl"], runs["sql"], strict=True)
    ratio = statistics.median(one.seconds / other.seconds for one, other in pairs)
    peak = max(run.peak for run in runs["lossctl"]) / 1e6
    return [job.name, *(f"{seconds[name]:.2f} s" for name in commands), f"{ratio:.2f}", f"{peak:.0f} MB"]


if __name__ == "__main__":
    print_or_write(__doc__, table, "sliced")
