"""`lossctl eval` of 50 million logits, as a list column and as columns, beside plain NumPy.

``python -m benchmarks.bench_wide`` prints the table. Whole processes, in turn, round by round, as in `benchmarks.run`;
their figures are compared first. Imports the standard library.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import agree, environment
from benchmarks.contestants import SCRIPTS
from benchmarks.measure import Run, measure
from benchmarks.page import markdown, print_or_write

if TYPE_CHECKING:
    from benchmarks.contestants import Answers

__all__ = ["JOBS", "data_file", "read_lossctl", "table"]

ROUNDS = 3
ROWS, WIDTH = 50_000, 1000
FIGURES = ("l1", "l2", "row_mean_abs", "row_max")
MAKE = """
import sys, numpy as np, pyarrow as pa, pyarrow.csv, pyarrow.parquet
path, form, rows, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
random = np.random.default_rng(0)
score, label = random.normal(size=(rows, width)), random.integers(0, width, rows)
if form == "list":
    columns = {"p": pa.FixedSizeListArray.from_arrays(pa.array(score.ravel()), width).cast(pa.list_(pa.float64()))}
else:
    columns = {f"p_{place}": score[:, place] for place in range(width)}
table = pa.table({"label": label, **columns})
if path.endswith(".csv"):
    pa.csv.write_csv(table, path)
else:
    pa.parquet.write_table(table, path, use_dictionary=False)
"""


@dataclass(frozen=True)
class Job:
    """A file of wide rows."""

    name: str
    form: str
    suffix: str
    rows: int = ROWS
    width: int = WIDTH

    @property
    def predictions(self) -> str:
        """The columns of the vector."""
        return "p" if self.form == "list" else "p_*"


JOBS = (
    Job("50,000 lists of 1,000, Parquet", "list", "parquet"),
    Job("500 lists of 100,000, Parquet", "list", "parquet", 500, 100_000),
    Job("1,000 columns, Parquet", "columns", "parquet"),
    Job("1,000 columns, CSV", "columns", "csv"),
)


def data_file(python: Path, job: Job, rows: int | None = None, width: int | None = None) -> Path:
    """Return the file of a job, made where it is missing: of one row group, as it is written at once."""
    rows, width = rows or job.rows, width or job.width
    path = environment.DATA / f"wide-{job.form}-{rows}-{width}.{job.suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(python), "-c", MAKE, str(path), job.form, str(rows), str(width)], check=True)
    return path


def read_lossctl(text: str) -> Answers:
    """Read the JSON of `lossctl eval`: the figures of its loss."""
    (found,) = json.loads(text)["results"]
    figures = {name: float(found["gradient"][name]) for name in FIGURES}
    return {found["loss"]: {name: float(found[name]) for name in ("n", "value", "std_error")} | figures}


def commands(job: Job, file: Path, lossctl: Path, python: Path) -> dict[str, list[str]]:
    """Return what each contestant runs."""
    ours = [str(lossctl), "eval", str(file), "--loss", "softmax_cross_entropy", "-t", "label", "-p", job.predictions]
    return {"lossctl": [*ours, "-f", "json"], "numpy": [str(python), str(SCRIPTS / "wide_by_numpy.py"), str(file)]}


def table() -> str:
    """Measure, and give the table."""
    programs = environment.programs(with_lossctl=True)
    lines = [["job", "lossctl", "NumPy", "ratio", "peak memory", "NumPy's"]]
    lines += [_measured(job, programs) for job in JOBS]
    facts = "\n".join(f"- {fact}" for fact in environment.machine(programs))
    return f"{facts}\n\n{markdown(lines)}"


def _measured(job: Job, programs: Path) -> list[str]:
    python = programs / "python"
    run = commands(job, data_file(python, job), programs / "lossctl", python)
    first = {name: measure(command).output for name, command in run.items()}
    agree.check(read_lossctl(first["lossctl"]), json.loads(first["numpy"]), ("lossctl", "numpy"))
    runs: dict[str, list[Run]] = {name: [] for name in run}
    for turn in range(ROUNDS):
        for name in list(run) if turn % 2 else list(run)[::-1]:
            runs[name].append(measure(run[name]))
    seconds = [statistics.median(each.seconds for each in of) for of in runs.values()]
    peaks = [f"{max(each.peak for each in of) / 1e6:.0f} MB" for of in runs.values()]
    return [job.name, *(f"{each:.2f} s" for each in seconds), f"{seconds[0] / seconds[1]:.2f}", *peaks]


if __name__ == "__main__":
    print_or_write(__doc__, table, "wide")
