"""`lossctl check` with a gate on the difference of every slice: 10,000, 100,000 and 1,000,000 slices of five rows.

``python -m benchmarks.bench_gates`` prints the table; ``--write docs/performance.md`` replaces the one there. Whole
processes, as in `benchmarks.run`. Imports the standard library.
"""

from __future__ import annotations

import statistics
import subprocess
from pathlib import Path

from benchmarks import environment
from benchmarks.measure import Run, measure
from benchmarks.page import markdown, print_or_write

__all__ = ["command", "data_file", "table"]

ROUNDS = 3
SLICES = (10_000, 100_000, 1_000_000)
FORMS = ("table", "json")
ROWS = 5
"""Rows of a slice."""


def data_file(programs: Path, slices: int) -> Path:
    """Return a file of two models' predictions, made where it is missing: their errors lie between 1 and 2."""
    path = environment.DATA / f"gates-{slices}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        error = "1.0 + hash(i, {}) / 18446744073709551616.0"
        columns = f"0.0 as target, {error.format(1)} as old, {error.format(2)} as new, i % {slices} as g"
        query = f"copy (select {columns} from range({ROWS * slices}) rows(i)) to '{path}' (format parquet)"
        subprocess.run([str(programs / "python"), "-c", f"import duckdb; duckdb.execute({query!r})"], check=True)
    return path


def command(programs: Path, file: Path, form: str) -> list[str]:
    """Return the command; no slice fails its gate, so it ends with 0."""
    models = ["-t", "target", "-p", "new", "--baseline-pred", "old"]
    return [str(programs / "lossctl"), "check", str(file), *models, "-g", "delta(mae)[g=*] <= 100%", "-f", form]


def table() -> str:
    """Measure, and give the table."""
    programs = environment.programs(with_lossctl=True)
    lines = [["job", "time", "processor time", "peak memory"]]
    for slices in SLICES:
        file = data_file(programs, slices)
        for form in FORMS:
            runs = [measure(command(programs, file, form)) for _ in range(ROUNDS)]
            lines.append([f"{slices:,} slices, {form}", *_figures(runs)])
    facts = "\n".join(f"- {fact}" for fact in environment.machine(programs))
    return f"{facts}\n\n{markdown(lines)}"


def _figures(runs: list[Run]) -> list[str]:
    seconds, cpu = (statistics.median(getattr(run, name) for run in runs) for name in ("seconds", "cpu"))
    return [f"{seconds:.1f} s", f"{cpu:.1f} s", f"{max(run.peak for run in runs) / 1e6:.0f} MB"]


if __name__ == "__main__":
    print_or_write(__doc__, table, "gated")
