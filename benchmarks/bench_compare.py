"""`lossctl compare` of two and of ten models over 10 M rows, beside DuckDB SQL for the same sums.

``python -m benchmarks.bench_compare`` prints the table; ``--write docs/performance.md`` replaces the one there. Whole
processes, in turn, round by round, as in `benchmarks.run`; the answers are compared first. Imports the standard
library.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from benchmarks import agree, environment
from benchmarks.contestants import SCRIPTS, Answers
from benchmarks.measure import Run, measure
from benchmarks.page import markdown, print_or_write

__all__ = ["JOBS", "check", "data_file", "read_lossctl", "table"]

ROUNDS = 5
SIZE = "10m"
MODELS = 10
NEAR = 1e-6


@dataclass(frozen=True)
class Job:
    """One thing to do.

    Parameters
    ----------
    name
        What the table calls it.
    models
        How many there are.
    flags
        Of `lossctl compare`; more than the sums of Student's t where there are some.
    """

    name: str
    models: int
    flags: tuple[str, ...] = ()

    def lossctl(self, programs: Path, file: Path) -> list[str]:
        """Return the command of lossctl."""
        models = [part for place in range(self.models) for part in ("-p", f"p{place}")]
        command = [str(programs / "lossctl"), "compare", str(file), "-t", "target", *models]
        return [*command, "--loss", "mse", "--format", "json", *self.flags]

    def sql(self, programs: Path, file: Path) -> list[str]:
        """Return the command of DuckDB, by SQL."""
        return [str(programs / "python"), str(SCRIPTS / "compare_by_sql.py"), str(file), "mse", str(self.models)]


JOBS = (
    Job("two models", 2),
    Job("ten models", 10),
    Job("two models, bootstrap", 2, ("--bootstrap",)),
    Job("two models, permutation", 2, ("--permutation",)),
    Job("two models, blocks", 2, ("--block", "100")),
)


def data_file(programs: Path, size: str = SIZE) -> Path:
    """Return a file of the predictions of ten models, made where it is missing."""
    path = environment.DATA / f"models-{size}.parquet"
    if not path.exists():
        rows = environment.data_file(programs, size, "parquet")
        noise = ", ".join(f"prediction + {0.02 * i} * sin(id * {i}.37) as p{i}" for i in range(1, MODELS))
        query = f"copy (select id, target, prediction as p0, {noise} from '{rows}') to '{path}' (format parquet)"
        subprocess.run([str(programs / "python"), "-c", f"import duckdb; duckdb.execute({query!r})"], check=True)
    return path


def read_lossctl(text: str) -> Answers:
    """Read the JSON of `lossctl compare`: standard errors from the intervals, for SQL has no Student's t."""
    found = {}
    for each in json.loads(text)["comparisons"]:
        quantile = NormalDist().inv_cdf(0.5 + 0.5 * each["delta_ci"]["level"])
        ends, rests = each["delta_ci"], each["relative_ci"]
        found[each["candidate"]] = {
            "value": each["candidate_value"],
            "delta": each["delta"],
            "error": (ends["high"] - ends["low"]) / (2.0 * quantile),
            "relative_error": (rests["high"] - rests["low"]) / (2.0 * quantile),
            "ties": each["ties"],
            "wins": each["wins"],
        }
    return found


def check(ours: Answers, theirs: Answers) -> int:
    """Compare the answers: standard errors to 1e-6, as t of 10 M degrees of freedom is the normal, the rest to 1e-9.

    Raises
    ------
    DisagreementError
        Where they differ.
    """
    errors = ("error", "relative_error")
    for model, figures in theirs.items():
        for name in errors:
            if not abs(ours[model][name] - figures[name]) <= NEAR * figures[name]:
                raise agree.DisagreementError(f"{model} {name}: {ours[model][name]!r}, by SQL {figures[name]!r}")
    rest = [{model: {k: v for k, v in of[model].items() if k not in errors} for model in of} for of in (ours, theirs)]
    return agree.check(*rest, ("lossctl", "sql")) + len(errors) * len(theirs)


def table() -> str:
    """Measure, and give the table."""
    programs = environment.programs(with_lossctl=True)
    file = data_file(programs)
    lines = [["job", "lossctl", "DuckDB SQL", "ratio", "peak memory"]]
    for job in JOBS:
        commands = {"lossctl": job.lossctl(programs, file), "sql": job.sql(programs, file)}
        outputs = {name: measure(command).output for name, command in commands.items()}
        if not job.flags:
            check(read_lossctl(outputs["lossctl"]), json.loads(outputs["sql"]))
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for turn in range(ROUNDS):
            for name in list(commands) if turn % 2 else list(commands)[::-1]:
                runs[name].append(measure(commands[name]))
        seconds = {name: statistics.median(run.seconds for run in of) for name, of in runs.items()}
        pairs = zip(runs["lossctl"], runs["sql"], strict=True)
        ratio = statistics.median(one.seconds / other.seconds for one, other in pairs)
        peak = max(run.peak for run in runs["lossctl"]) / 1e6
        times = [f"{seconds[name]:.2f} s" for name in ("lossctl", "sql")]
        lines.append([job.name, *times, f"{ratio:.2f}", f"{peak:.0f} MB"])
    facts = "\n".join(f"- {fact}" for fact in environment.machine(programs))
    return f"{facts}\n\n{markdown(lines)}"


if __name__ == "__main__":
    print_or_write(__doc__, table, "compared")
