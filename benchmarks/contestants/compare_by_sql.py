"""Paired comparisons of models by hand-written DuckDB SQL: one query. Run as `compare_by_sql.py FILE LOSS MODELS`.

The models are columns p0, p1, …, the first of which is the baseline. The figures are those that `lossctl compare` needs
of the rows: values, the standard errors of differences and of relative changes, wins and ties. Imports DuckDB.
"""

import json
import math
import sys

import duckdb

LOSSES = {"mae": "abs(p{i} - target)", "mse": "(p{i} - target) * (p{i} - target)"}
TIE = 1e-9
OF_BASELINE = ("count(*)", "avg(l0)", "sum(l0 * l0)")
OF_PAIR = (
    "avg(l{i})",
    "sum((l{i} - l0) * (l{i} - l0))",
    "sum((l{i} - l0) * l0)",
    f"count_if(abs(l{{i}} - l0) <= {TIE} * abs(l0))",
    f"count_if(l{{i}} - l0 < -{TIE} * abs(l0))",
)


def query(file: str, loss: str, models: int) -> str:
    """Write the query."""
    rows = ", ".join(f"{LOSSES[loss].format(i=i)} as l{i}" for i in range(models))
    sums = [*OF_BASELINE, *(each.format(i=i) for i in range(1, models) for each in OF_PAIR)]
    return f"select {', '.join(sums)} from (select {rows} from '{file}')"


def answers(row: tuple[float, ...], models: int) -> dict[str, dict[str, float]]:
    """Turn sums into figures."""
    n, value, squares = row[: len(OF_BASELINE)]
    found = {}
    for i in range(1, models):
        start = len(OF_BASELINE) + len(OF_PAIR) * (i - 1)
        other, gaps, cross, ties, wins = row[start : start + len(OF_PAIR)]
        delta = other - value
        ratio = delta / value
        error = math.sqrt((gaps - n * delta * delta) / (n - 1) / n)
        rest = math.sqrt((gaps - 2 * ratio * cross + ratio * ratio * squares) / (n - 1) / n) / value
        figures = {"value": other, "delta": delta, "error": error, "relative_error": rest, "ties": ties, "wins": wins}
        found[f"p{i}"] = figures
    return found


def main(file: str, loss: str, models: str) -> None:
    """Run the query and print its figures."""
    row = duckdb.execute(query(file, loss, int(models))).fetchone() or ()
    print(json.dumps(answers(row, int(models))))


if __name__ == "__main__":
    main(*sys.argv[1:])
