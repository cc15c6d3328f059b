"""One value has one text, whatever wrote the file: CSV and TSV of pandas, Polars and R, JSON lines, Parquet and frames.

A table of columns of each type is written in every format. Slices, gates, keys, clusters, groups and labels are then
the same, to the bit, and so are draws that hang on a key.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lossctl
from lossctl import api
from lossctl.core.spelling import canonical
from lossctl.sources import open_source
from lossctl.sources.files.piece import canonical_text

pytestmark = pytest.mark.usefixtures("shared_databases")

ROWS = 24
Y = [float(row % 5) for row in range(ROWS)]
P = [float(row % 7) / 2.0 for row in range(ROWS)]

BOOL: list[Any] = [True, False, None, True]
NOON, MIDNIGHT = dt.datetime(2024, 1, 2, 12), dt.datetime(2024, 1, 3)  # noqa: DTZ001 -- of no zone
VALUES: Mapping[str, list[Any]] = {
    "boolean": BOOL,
    "whole": [1, -20, None, 3],
    "whole without missing": [1, -20, 0, 3],
    "float": [1.0, 2.5, None, -0.25],
    "large": [2**62, 2**53 + 1, 2**63 - 1, -(2**62)],
    "text": ["north", "007", None, "1.50"],
    "text like values": ["True", "false", "1.0", "x"],
    "decimal": [Decimal("1.50"), Decimal("2.00"), None, Decimal("0.10")],
    "date": [dt.date(2024, 1, 2), dt.date(2023, 12, 31), None, dt.date(2024, 1, 3)],
    "time": [NOON, NOON + dt.timedelta(microseconds=500_000), None, MIDNIGHT],
    "time in UTC": [each and each.replace(tzinfo=dt.UTC) for each in (NOON, MIDNIGHT, None, NOON)],
}
TEXTS = {
    "boolean": ["True", "False", None, "True"],
    "whole": ["1", "-20", None, "3"],
    "whole without missing": ["1", "-20", "0", "3"],
    "float": ["1", "2.5", None, "-0.25"],
    "large": [str(each) for each in VALUES["large"]],
    "text": ["north", "007", None, "1.50"],
    "text like values": ["True", "False", "1", "x"],
    "decimal": ["1.50", "2", None, "0.10"],
    "date": ["2024-01-02", "2023-12-31", None, "2024-01-03"],
    "time": ["2024-01-02 12:00:00", "2024-01-02 12:00:00.5", None, "2024-01-03"],
    "time in UTC": ["2024-01-02 12:00:00+00:00", "2024-01-03 00:00:00+00:00", None, "2024-01-02 12:00:00+00:00"],
}


def table(values: list[Any], name: str = "c", **more: list[Any]) -> pa.Table:
    repeated = [values[row % len(values)] for row in range(ROWS)]
    return pa.table({"y": Y, "p": P, name: pa.array(repeated), **more})


def written(path: str, text: str) -> str:
    Path(path).write_text(text, encoding="utf-8")
    return path


def as_r(made: pa.Table, path: str) -> str:
    """Write a table as ``write.csv(x, row.names = FALSE, na = "")`` of R does."""
    rows = zip(*(made.column(name).to_pylist() for name in made.column_names), strict=True)
    lines = [",".join(f'"{name}"' for name in made.column_names), *(",".join(map(_cell_of_r, row)) for row in rows)]
    return written(path, "\n".join(lines) + "\n")


def _cell_of_r(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    return f'"{value}"' if isinstance(value, str) else "" if value is None else str(value)


def as_json(made: pa.Table, path: str) -> str:
    return written(path, "".join(json.dumps(row, default=_plain) + "\n" for row in made.to_pylist()))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value.isoformat()


def parquet(made: pa.Table, path: str) -> str:
    pq.write_table(made, path)
    return path


def encoded(made: pa.Table) -> pa.Table:
    last = made.column_names[2]
    return made.set_column(2, last, made.column(last).dictionary_encode())


def to(write: Callable[..., Any], path: str, **given: Any) -> str:
    write(path, **given)
    return path


WRITERS: Mapping[str, Callable[[pa.Table], Any]] = {
    "csv of pandas": lambda made: to(made.to_pandas(integer_object_nulls=True).to_csv, "a.csv", index=False),
    "csv of floats": lambda made: to(made.to_pandas().to_csv, "f.csv", index=False),
    "tsv of Polars": lambda made: to(pl.DataFrame(made).write_csv, "b.tsv", separator="\t"),
    "csv of R": lambda made: as_r(made, "c.csv"),
    "json": lambda made: as_json(made, "d.jsonl"),
    "json of Polars": lambda made: to(pl.DataFrame(made).write_ndjson, "e.jsonl"),
    "parquet": lambda made: parquet(made, "f.parquet"),
    "parquet of codes": lambda made: parquet(encoded(made), "g.parquet"),
    "arrow": lambda made: made,
    "arrow of codes": encoded,
    "pandas": lambda made: made.to_pandas(integer_object_nulls=True),
    "Polars": pl.DataFrame,
    "arrays": lambda made: {name: np.array(made.column(name).to_pylist(), dtype=object) for name in made.column_names},
}


def of_floats(kind: str, writer: str) -> bool:
    """Return whether a writer makes doubles of numbers that doubles can't tell apart."""
    return kind == "large" and writer == "arrays"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def by_slice(source: Any, **given: Any) -> dict[str | None, tuple[float, int]]:
    found = api.evaluate(source, "mse", target="y", prediction="p", by="c", **given)[1:]
    return {each.slice["c"]: (each.value, each.n) for each in found}


@pytest.mark.parametrize("kind", VALUES)
def test_slices_are_alike(kind: str) -> None:
    texts = [TEXTS[kind][row % 4] for row in range(ROWS)]
    expected = {
        text: (np.mean([(Y[row] - P[row]) ** 2 for row in range(ROWS) if texts[row] == text]), texts.count(text))
        for text in texts
    }
    for writer, write in WRITERS.items():
        if not of_floats(kind, writer):
            found = by_slice(write(table(VALUES[kind])))
            assert found == {text: (pytest.approx(value, rel=1e-14), n) for text, (value, n) in expected.items()}, (
                writer
            )


@pytest.mark.parametrize("kind", ["boolean", "float", "large", "time"])
def test_keys_clusters_and_draws_are_alike(kind: str) -> None:
    """Join each format with another, and draw by the key: nothing may hang on the format."""
    different = [*dict.fromkeys(each for each in VALUES[kind] if each is not None)]
    made = pa.table({"y": Y[: len(different)], "p": P[: len(different)], "c": pa.array(different)})
    other = made.set_column(1, "p", pa.array(P[-len(different) :]))
    chosen = ("csv of pandas", "tsv of Polars", "csv of R", "json", "parquet of codes", "pandas", "Polars")
    ordered = [WRITERS[each] for each in chosen]
    found, drawn = set(), set()
    for place, write in enumerate(ordered):
        backwards = made.select(["y", "p", "c"]).take([*range(len(different))][::-1])
        targets = ordered[place - 1](backwards.rename_columns(["y", "unused", "c"]))
        predictions = write(made.select(["y", "p", "c"]).rename_columns(["ignored", "p", "c"]))
        found.add(api.evaluate(predictions, "mse", targets=targets, target="y", prediction="p", key="c")[0].value)
        drawn_by = {"target": "y", "method": "bootstrap", "resamples": 199}
        many = pa.concat_tables([made, other]).append_column("z", pa.array(Y[: 2 * len(different)][::-1]))
        clusters = api.compare(write(many), "mse", prediction=["p", "z"], cluster="c", **drawn_by)
        keys = api.compare([write(made), other], "mse", prediction="p", key="c", **drawn_by)
        for how, one in (("clusters", clusters.comparisons[0]), ("keys", keys.comparisons[0])):
            drawn.add((how, one.p_value, one.delta, one.delta_ci and (one.delta_ci.low, one.delta_ci.high)))
    assert len(found) == 1
    assert len(drawn) == 2


@pytest.mark.parametrize("kind", VALUES)
def test_gates_are_alike_however_a_value_is_typed(kind: str) -> None:
    typed = {
        "boolean": ["True", "true", "TRUE"],
        "whole": ["-20", "-20.0"],
        "float": ["1", "1.0", "1.00"],
        "time": ["2024-01-03", "2024-01-03 00:00:00", "2024-01-03T00:00:00.000"],
        "time in UTC": ["2024-01-03 00:00:00+00:00", "2024-01-03T00:00:00Z"],
    }.get(kind, [next(str(each) for each in TEXTS[kind] if each)])
    for writer in ("csv of R", "tsv of Polars", "json", "parquet"):
        source = WRITERS[writer](table(VALUES[kind]))
        for each in typed:
            (result,) = api.check(source, [f'mse[c="{each}"] <= 100'], target="y", prediction="p").gates
            assert (result.verdict, result.n > 0) == ("pass", True), (each, result.reason)
        (failed,) = api.check(source, [f'mse[c="{typed[-1]}"] <= 0'], target="y", prediction="p", explain=True).gates
        assert failed.verdict == "fail"
        told = any("largest losses" in line for line in failed.details)
        assert told or (writer == "json" and kind in {"large", "decimal"})  # a filter reads these as doubles


def test_gates_that_are_one_in_two_spellings_are_given_twice() -> None:
    with pytest.raises(lossctl.UsageError, match="stands twice"):
        api.check(table(BOOL), ["mse[c=true] <= 9", "mse[c=True] <= 9"], target="y", prediction="p")


def test_groups_are_alike() -> None:
    relevance = [float(row % 3) for row in range(ROWS)]
    for kind in ("boolean", "float", "time"):
        group = [each for each in VALUES[kind] if each is not None]
        made = table(group, y2=relevance)
        values = {
            writer: api.evaluate(write(made), "approx_ndcg", target="y2", prediction="p", group="c")[0].value
            for writer, write in WRITERS.items()
        }
        assert len(set(values.values())) == 1, values


LABELS: Mapping[str, tuple[list[Any], tuple[str, str]]] = {
    "booleans": ([True, False], ("q_True", "q_False")),
    "booleans of Polars": ([True, False], ("q_true", "q_false")),
    "booleans of R": ([True, False], ("q_TRUE", "q_FALSE")),
    "whole": ([0, 1], ("q_0", "q_1")),
    "floats": ([0.0, 1.0], ("q_0", "q_1")),
    "whole, columns of floats": ([0, 1], ("q_0.0", "q_1.0")),
    "texts": (["cat", "dog"], ("q_cat", "q_dog")),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_alike(kind: str) -> None:
    values, names = LABELS[kind]
    first = [0.1 + 0.03 * row for row in range(ROWS)]
    made = table(values, "label", **{names[0]: first, names[1]: [1.0 - each for each in first]})
    expected = -np.mean([np.log(each if row % 2 == 0 else 1.0 - each) for row, each in enumerate(first)])
    for writer, write in WRITERS.items():
        result = api.evaluate(write(made), "categorical_cross_entropy", target="label", prediction="q_*")[0]
        assert result.value == pytest.approx(expected, rel=1e-14), writer
        weights = {canonical(names[0][2:]): 3.0}
        weighed = api.evaluate(
            write(made), "categorical_cross_entropy", target="label", prediction="q_*", class_weights=weights
        )
        assert weighed[0].value != result.value


@pytest.mark.parametrize(
    ("values", "spellings"),
    [([True, False], ["True", "true", "TRUE"]), ([2.0, 1.0], ["2", "2.0"]), (["yes", "no"], ["yes"])],
)
def test_the_positive_label_is_alike(values: list[Any], spellings: list[str]) -> None:
    made = table(values, "label", q=[0.1 + 0.03 * row for row in range(ROWS)])
    found = {
        api.evaluate(write(made), "brier", target="label", prediction="q", positive=each)[0].value
        for write in [*WRITERS.values()][:8]
        for each in spellings
    }
    assert len(found) == 1


def test_two_classes_of_one_name_are_refused() -> None:
    made = table([True], "label", q_True=Y, q_TRUE=P)
    with pytest.raises(lossctl.UsageError, match=r"two classes of -p q_. are called 'True'"):
        api.evaluate(made, "categorical_cross_entropy", target="label", prediction="q_*")


def test_labels_written_as_other_numbers() -> None:
    rows = "".join(f"{label},0.25,0.75\n" for label in ("1.000000000000000000e+00", "1", "1.0", "+1", "1.e0"))
    source = written("n.csv", f"label,q_0,q_1\n{rows}")
    result = api.evaluate(source, "categorical_cross_entropy", target="label", prediction="q_*")[0]
    assert result.value == -np.log(0.75)
    for label in ("01", "1x", "1.5", "9007199254740993"):
        with pytest.raises(lossctl.DataError, match="is none of the classes"):
            api.evaluate(
                written("n.csv", f"label,q_0,q_1\n{label},0.5,0.5\n"),
                "categorical_cross_entropy",
                target="label",
                prediction="q_*",
            )


def test_a_decimal_comma_makes_no_other_slices() -> None:
    source = written("k.csv", "y;p;c\n1;1;1,0\n1;2;0,5\n1;3;1\n1;4;x,0\n")
    found = by_slice(source, decimal=",")
    assert {name: n for name, (_, n) in found.items()} == {"1": 2, "0.5": 1, "x,0": 1}


def test_times_do_not_hang_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        with open_source(table(VALUES["time in UTC"])) as opened:
            assert opened.distinct("c", 9) == ["2024-01-02 12:00:00+00:00", "2024-01-03 00:00:00+00:00"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_sql_spells_as_python_does() -> None:
    rng = np.random.default_rng(7)
    pieces = [
        "True",
        "true",
        "FALSE",
        "0",
        "00",
        "-",
        "1",
        ".",
        ".0",
        "e+0",
        "T",
        " ",
        "2024-01-02",
        "03:04:05",
        "Z",
        "+00",
    ]
    made = ["".join(rng.choice(pieces, rng.integers(1, 6))) for _ in range(3000)]
    zones = ["", "Z", "+00", "+00:00", "+02:00"]
    made += [f"2024-01-02{a}0{b}:00:00{c}{d}" for a in "T " for b in "05" for c in ["", ".0", ".50"] for d in zones]
    with duckdb.connect() as connection:
        query = f"select {canonical_text('x')} from (select unnest(?) as x)"  # noqa: S608 -- of no user
        found = connection.execute(query, [made]).fetchall()
    assert [row[0] for row in found] == [canonical(text) for text in made]
    assert len({canonical(text) for text in made}) < len(set(made))
    assert all(canonical(canonical(text)) == canonical(text) for text in made)
