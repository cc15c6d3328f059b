"""Cures of reading, followed: each gives the right result or the next honest message, and none drops what counts.

`--null` and `--nan omit` leave rows out, so they are proposed for texts by which people mark a missing value alone.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.cases import Run
from tests.cures import error_of, follow, hint_of

pytestmark = pytest.mark.usefixtures("shared_databases")

EVAL = ("eval", "-f", "bare", "--loss")
BCE = -(math.log(0.8) + math.log(0.7)) / 2.0
MISSING = [
    "NA",
    "N/A",
    "n/a",
    "null",
    "NULL",
    "None",
    "none",
    "NaT",
    "-",
    "--",
    "?",
    ".",
    "#N/A",
    "missing",
    "\\N",
    "<NA>",
]
MEANT = {
    "yes": "--positive yes",
    "class_0": "--positive class_0",
    "$12.5": "currency",
    "12.5 €": "currency",
    "($3)": "currency",
    "80%": "percentages",
    "-8.5 %": "percentages",
    "[0.3]": "a list",
    "(1, 2)": "a list",
    "1 234.5": "thousands",
    "1'234": "thousands",
    "0x10": "decimal",
    "2024-01-02": "a day",
    "−3": "hyphen",
    "unknown": "--positive unknown",
}


def written(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def as_json(values: list[str]) -> str:
    rows = [{"y": value, "yhat": p} for value, p in zip(values, (0.8, 0.3), strict=False)]
    return written("p.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("text", MISSING)
def test_a_text_that_means_missing_is_left_out_and_counted(text: str, run: Run) -> None:
    for source in (
        written("p.csv", f'y,yhat\n1,2\n"{text}",3\n5,4\n'),
        written("p.jsonl", "".join(json.dumps({"y": y, "yhat": p}) + "\n" for y, p in ((1, 2), (text, 3), (5, 4)))),
    ):
        runs = follow(run, "eval", source, "--loss", "mae", "-f", "json")
        found = json.loads(runs[-1].stdout)["results"][0]
        assert (found["value"], found["n"], found["n_dropped"]) == (1.0, 2, 1)


@pytest.mark.parametrize("text", MEANT)
def test_a_text_that_means_something_is_never_called_missing(text: str, run: Run) -> None:
    for source in (written("p.csv", f'y,yhat\n"{text}",0.8\n"{text}",0.3\n'), as_json([text, text])):
        ran = run(*EVAL, "log_loss", source)
        assert (ran.code, ran.stdout) == (3, "")
        assert "--null" not in ran.stderr
        assert "omit" not in ran.stderr
        assert MEANT[text] in hint_of(ran)


def test_a_slip_among_numbers(run: Run) -> None:
    (ran,) = follow(run, *EVAL, "mae", written("p.csv", "y,yhat\n1,2\nabc,3\n5,4\n"))
    assert hint_of(ran) == "write a number there, or nothing where it is missing"
    (*_, ran) = follow(run, *EVAL, "mae", written("p.csv", "y,yhat\n1,2\n,3\n5,4\n"))
    assert ran.stdout == "1.0\n"


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        (("yes", "no"), BCE),
        (("class_1", "class_0"), BCE),
        (("1", "-1"), BCE),
        (("2", "1"), BCE),
        (("True", "no"), None),
    ],
)
def test_two_labels(labels: tuple[str, str], value: float | None, run: Run) -> None:
    for source in (
        written("p.csv", f"y,yhat\n{labels[0]},0.8\n{labels[1]},0.3\n"),
        as_json([*labels]),
    ):
        (*_, ran) = follow(run, *EVAL, "log_loss", source)
        if value is None:
            assert ran.code == 3
        else:
            assert float(ran.stdout) == pytest.approx(value, rel=1e-15)


def test_labels_of_parquet(run: Run) -> None:
    pq.write_table(pa.table({"y": ["yes", "no"], "yhat": [0.8, 0.3]}), "p.parquet")
    (*_, ran) = follow(run, *EVAL, "log_loss", "p.parquet")
    assert float(ran.stdout) == pytest.approx(BCE, rel=1e-15)
    pq.write_table(pa.table({"y": ["yes", "no", "may"], "yhat": [0.8, 0.3, 0.4]}), "p.parquet")
    assert "losses of classes" in hint_of(run(*EVAL, "log_loss", "p.parquet"))


def test_one_label_keeps_every_row(run: Run) -> None:
    runs = follow(run, "eval", written("p.csv", "y,yhat\nyes,0.8\nyes,0.5\n"), "--loss", "log_loss", "-f", "json")
    found = json.loads(runs[-1].stdout)["results"][0]
    assert found["n"] == 2
    assert found["value"] == pytest.approx(-(math.log(0.8) + math.log(0.5)) / 2.0, rel=1e-15)


def test_labels_beside_a_list_are_named(run: Run) -> None:
    source = written("p.jsonl", '{"y":"b","yhat":[0.1,0.9]}\n{"y":"a","yhat":[0.8,0.2]}\n')
    (*_, ran) = follow(run, *EVAL, "categorical_cross_entropy", source)
    assert float(ran.stdout) == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2.0, rel=1e-15)


def test_decimal_commas(run: Run) -> None:
    (*_, ran) = follow(run, *EVAL, "mae", written("p.csv", "y;yhat\n1,5;2,5\n3,25;1,25\n"))
    assert ran.stdout == "1.5\n"
    ran = run(*EVAL, "mae", "--decimal", ",", written("p.csv", "y;yhat\n1.5;2,5\n"))
    assert "leave out --decimal" in hint_of(ran)


@pytest.mark.parametrize("source", ["p.csv", "p.jsonl", "p.parquet"])
def test_a_row_that_normalize_cannot_divide(source: str, run: Run) -> None:
    table = {"y": ["a", "b", "b"], "p_a": [0.0, 0.2, 1.0], "p_b": [0.0, 1.8, 1.0]}
    written("p.csv", "y,p_a,p_b\na,0,0\nb,0.2,1.8\nb,1,1\n")
    written(
        "p.jsonl",
        "".join(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in zip(*table.values(), strict=True)),
    )
    pq.write_table(pa.table(table), "p.parquet")
    words = (*EVAL, "categorical_cross_entropy", "--normalize", "-p", "p_*", "-t", "y", source)
    ran = run(*words)
    assert ran.code == 3
    assert 'column "p_*": the numbers sum to 0, by which --normalize cannot divide them' in error_of(ran)
    plain = run(*(word for word in words if word != "--normalize"), "--where", "p_a + p_b < 2")
    assert 'column "p_*": the probabilities sum to 0.0, not to 1' in error_of(plain)
    assert hint_of(plain) == hint_of(ran) == "mend the row, or leave such rows out with --where"
    ran = run(*words, "--where", "p_a + p_b > 0")
    assert float(ran.stdout) == pytest.approx(-(np.log(0.9) + np.log(0.5)) / 2.0, rel=1e-15)


def test_a_list_with_a_null_is_shown_as_it_stands(run: Run) -> None:
    source = written("p.jsonl", '{"y":1,"yhat":[0.25,0.75]}\n{"y":0,"yhat":[0.8,null]}\n')
    runs = follow(run, *EVAL, "categorical_cross_entropy", source)
    assert error_of(runs[0]) == 'p.jsonl line 2, column "yhat": a number is missing in [0.8, null]'
    assert float(runs[-1].stdout) == -math.log(0.75)


def test_a_byte_order_mark_before_json_lines(run: Run) -> None:
    Path("p.jsonl").write_bytes(b'\xef\xbb\xbf{"y":1,"yhat":2}\n{"y":4,"yhat":"x"}\n')
    assert 'p.jsonl line 2, column "yhat": "x"' in error_of(run(*EVAL, "mae", "p.jsonl"))
    Path("p.jsonl").write_bytes(b'\xef\xbb\xbf{"y":1,"yhat":2}\n{"y":4,"yhat":6}\n')
    assert run(*EVAL, "mae", "p.jsonl").stdout == "1.5\n"
    Path("p.json").write_bytes(b'\xef\xbb\xbf\n{"y":1,"yhat":null}\n')
    assert 'p.json line 2, column "yhat"' in error_of(run(*EVAL, "mae", "p.json"))


def test_halves_in_an_encoding_that_is_not_read(run: Run) -> None:
    table = pa.table({"y": [1.0, 2.0], "yhat": pa.array(np.array([1, 3], np.float16)), "z": [1.0, 3.0]})
    pq.write_table(table, "p.parquet", use_dictionary=False, use_byte_stream_split=["yhat"])
    ran = run(*EVAL, "mae", "p.parquet")
    assert error_of(ran).startswith('p.parquet, column "yhat": numbers of this size are not read in the encoding')
    assert run(*EVAL, "mae", "-p", "z", "p.parquet").stdout == "0.5\n"
    pq.write_table(table, "p.parquet")
    assert run(*EVAL, "mae", "p.parquet").stdout == "0.5\n"


def test_bad_bytes_are_looked_for_in_what_is_read(run: Run) -> None:
    Path("p.csv").write_bytes(b"y,yhat,note\n1,2,\xff\n3,4,caf\xe9\n")
    assert run(*EVAL, "mae", "p.csv").stdout == "1.0\n"
    for more in (("--by", "note"), ("--where", "note <> 'a'")):
        ran = run(*EVAL, "mae", "p.csv", *more)
        assert (ran.code, error_of(ran)) == (3, "p.csv line 2 is not UTF-8: byte 0xff at position 5 of the line")
