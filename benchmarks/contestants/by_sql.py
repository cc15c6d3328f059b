"""The same figures by hand-written DuckDB SQL: one query, all losses. Run as `by_sql.py fast|plain FILE LOSS…`.

Imports DuckDB. ``fast`` is the fastest way we found: it states everything about a CSV file, leaves columns that are not
needed as text, and takes the variance from plain sums, which cancel where the losses are large and alike. ``plain`` is
what is quickest to type: DuckDB sniffs the file and computes the standard deviation.
"""

import json
import sys

import duckdb

COLUMNS = "{'id': 'VARCHAR', 'target': 'DOUBLE', 'prediction': 'DOUBLE', 'weight': 'VARCHAR', 'region': 'VARCHAR'}"
DIALECT = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"
STD_ERROR = {
    "fast": "sqrt((sum({l} * {l}) - sum({l}) * sum({l}) / count(*)) / (count(*) - 1) / count(*))",
    "plain": "stddev_samp({l}) / sqrt(count(*))",
}
FIGURES = (
    ("value", "avg({l})"),
    ("l1", "avg(abs({s}))"),
    ("l2", "sqrt(sum({s} * {s})) / count(*)"),
    ("linf", "max(abs({s})) / count(*)"),
    ("mean", "avg({s})"),
    ("row_mean_abs", "avg(abs({s}))"),
    ("row_rms", "sqrt(avg({s} * {s}))"),
    ("row_max", "max(abs({s}))"),
    ("zero_share", "count_if({s} = 0) / count(*)"),
    ("sign_balance", "avg(sign({s}))"),
)


def expressions(loss: str) -> tuple[str, str]:
    """Return the loss and its slope as SQL over the residual r."""
    name, _, value = loss.partition(":")
    if name == "mae":
        return "abs(r)", "sign(r)"
    if name == "mse":
        return "r * r", "2 * r"
    knee = float(value)
    if name == "huber":
        return (
            f"case when abs(r) < {knee} then r * r / 2 else {knee} * (abs(r) - {knee / 2}) end",
            f"greatest(least(r, {knee}), -{knee})",
        )
    return (
        f"case when abs(r) < {knee} then r * r / {2 * knee} else abs(r) - {knee / 2} end",
        f"greatest(least(r / {knee}, 1.0), -1.0)",
    )


def query(source: str, figures: dict[str, str], losses: list[str]) -> str:
    """Write the whole query."""
    pairs = [expressions(loss) for loss in losses]
    rows = ", ".join(f"{loss} as l{index}, {slope} as s{index}" for index, (loss, slope) in enumerate(pairs))
    columns = [text.format(l=f"l{index}", s=f"s{index}") for index in range(len(losses)) for text in figures.values()]
    residuals = f"select prediction - target as r from {source}"
    return f"select {', '.join(columns)} from (select {rows} from ({residuals}))"


def main(how: str, file: str, *losses: str) -> None:
    """Run the query and print its figures."""
    declared = how == "fast" and file.endswith(".csv")
    source = f"read_csv('{file}', {DIALECT}, columns = {COLUMNS})" if declared else f"'{file}'"
    figures = {**dict(FIGURES), "std_error": STD_ERROR[how]}
    row = duckdb.execute(query(source, figures, list(losses))).fetchone() or ()
    starts = range(0, len(row), len(figures))
    answers = [dict(zip(figures, row[start : start + len(figures)], strict=True)) for start in starts]
    print(json.dumps(dict(zip(losses, answers, strict=True))))


if __name__ == "__main__":
    main(*sys.argv[1:])
