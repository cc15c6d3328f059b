"""Formats for machines: what is read back is what was given, to the last bit."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lossctl.core.escape import unguarded
from lossctl.core.results.evaluations import Evaluations
from lossctl.reports import render
from lossctl.reports.shared.columns import column_texts
from lossctl.reports.shared.machine import json_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY_FLOAT = st.floats()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
RECORDS = st.lists(
    st.builds(dict, label=ANY_TEXT, value=st.none() | ANY_FLOAT, n=st.integers(), sure=st.booleans()),
    min_size=1,
    max_size=5,
)
READERS = {
    "csv": lambda text: list(csv.reader(io.StringIO(text, newline=""))),
    "tsv": lambda text: [line.split("\t") for line in text.removesuffix("\n").split("\n")],
}


def refuse(token: str) -> None:
    raise AssertionError(token)


def load(text: str) -> Any:
    return json.loads(text, parse_constant=refuse)


def bits(value: Any) -> str:
    """A value, its type and, of a zero, its sign."""
    return repr(value)


@settings(max_examples=50)
@given(st.dictionaries(ANY_TEXT, JSON, max_size=3))
@example({"zero": -0.0, "small": 5e-324, "text": "##\u2028\ud800\U000e0041\x7f\\u0023"})
def test_json_reads_back(made: Any, entry: dict[str, Any]) -> None:
    assert bits(load(render(made([entry]), "json"))) == bits({"schema": "test/1", "results": [entry]})


@settings(max_examples=40)
@given(st.lists(st.dictionaries(ANY_TEXT, JSON, max_size=3), min_size=1, max_size=3))
def test_jsonl_reads_back_line_by_line(made: Any, entries: list[dict[str, Any]]) -> None:
    text = render(made(entries), "jsonl")
    assert text.endswith("\n")
    assert [bits(load(line)) for line in text.removesuffix("\n").split("\n")] == [bits(entry) for entry in entries]
    assert text.splitlines() == text.removesuffix("\n").split("\n")


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_has_null_for_what_is_not_finite_wherever_it_stands(name: str, made: Any) -> None:
    entry = {"a": math.nan, "b": [1.5, (math.inf, {"c": -math.inf})], "d": {"e": math.nan}}
    read = load(render(made([entry]), name))
    if name == "json":
        (read,) = read["results"]
    assert read == {"a": None, "b": [1.5, [None, {"c": None}]], "d": {"e": None}}


def test_json_keeps_letters_and_order(made: Any) -> None:
    text = render(made([{"z": "é 日本 σ", "a": 1}]), "json")
    assert "é 日本 σ" in text
    assert text.index('"z"') < text.index('"a"')
    assert text.startswith('{\n  "schema": "test/1",\n  "results": [\n    {\n      "z"')


def test_json_of_evaluations_is_their_document(evaluations: Evaluations) -> None:
    assert load(render(evaluations, "json")) == evaluations.to_dict()
    lines = render(evaluations, "jsonl").splitlines()
    assert [load(line) for line in lines] == evaluations.items()


@pytest.mark.parametrize("name", ["csv", "tsv"])
@given(records=RECORDS)
@example(records=[{"label": 'a"b\tc\n', "value": -0.0, "n": 0, "sure": True}])
@example(records=[{"label": "=1", "value": -1.5, "n": -3, "sure": False}])
def test_rows_read_back(name: str, made: Any, records: list[dict[str, Any]]) -> None:
    header, *rows = READERS[name](render(made(records), name))
    assert header == ["label", "value", "n", "sure"]
    assert len(rows) == len(records)
    for (label, value, n, sure), record in zip(rows, records, strict=True):
        given_value = record["value"]
        finite = given_value is not None and math.isfinite(given_value)
        assert unguarded(label) == record["label"]
        assert value == (repr(given_value) if finite else "")
        assert n == str(record["n"])
        assert sure == ("true" if record["sure"] else "false")


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_hostile_labels_read_back_on_a_line_each(name: str, all_hostile: tuple[str, ...], labelled: Any) -> None:
    text = render(labelled(*all_hostile), name)
    assert len(text.splitlines()) == 1 + len(all_hostile)
    rows = READERS[name](text)[1:]
    assert [unguarded(row[0]) for row in rows] == list(all_hostile)
    assert [float(row[1]) for row in rows] == [0.1 + number for number in range(len(all_hostile))]


def test_tsv_holds_no_quote(all_hostile: tuple[str, ...], labelled: Any) -> None:
    assert '"' not in render(labelled(*all_hostile), "tsv")


def test_hostile_names_of_fields_are_guarded(made: Any) -> None:
    entry = {"=1": 1.5, "a\tb\n": 2.5}
    for name in ("csv", "tsv"):
        header = READERS[name](render(made([entry]), name))[0]
        assert header == ["'=1", "'a\\tb\\n"]


def test_numbers_are_never_guarded(made: Any) -> None:
    assert render(made([{"a": -1.5, "b": -2}]), "csv") == "a,b\n-1.5,-2\n"


def test_a_field_some_rows_lack_is_empty_there(made: Any) -> None:
    assert render(made([{"a": 1.5}, {"a": 2.5, "b": "x"}]), "csv") == "a,b\n1.5,\n2.5,x\n"


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_rows_of_evaluations_carry_every_field(name: str, evaluations: Evaluations) -> None:
    header, *rows = READERS[name](render(evaluations, name))
    assert header == list(evaluations.records()[0])
    first, second = (dict(zip(header, row, strict=True)) for row in rows)
    assert first["value"] == "0.04491234567890123"
    assert second["value"] == second["std_error"] == second["gradient.l1"] == second["ci.method"] == ""
    assert second["status"] == "infinite"
    assert not {"nan", "inf", "None"} & {cell.lower() for row in rows for cell in row}


@given(st.lists(st.none() | ANY_FLOAT | st.integers() | ANY_TEXT.filter(bool), max_size=6))
def test_bare_reads_back(made: Any, values: list[Any]) -> None:
    lines = render(made(values=values), "bare").split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(values)
    for line, value in zip(lines, values, strict=True):
        if isinstance(value, str):
            assert unguarded(line) == value
        else:
            assert line == ("" if value is None else repr(value))  # inf, -inf and nan among them


def test_numpy_numbers_are_written_as_numbers(made: Any) -> None:
    import numpy as np

    assert render(made([{"a": np.float64(0.1)}]), "csv") == "a\n0.1\n"
    assert render(made(values=[np.float64(0.1)]), "bare") == "0.1\n"
    assert render(made([{"a": np.float64("nan"), "b": np.float64(0.1)}]), "jsonl") == '{"a": null, "b": 0.1}\n'


def test_long_columns_of_floats_are_written_as_short_ones() -> None:
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
    ends = [0.0, -0.0, 1e-4, 9.999999999999999e-05, 1e16, 9999999999999998.0, -1e16, -1e-4, 5e-324, 1e22, 2.0**53]
    values = [*ends, *bits[np.isfinite(bits)].tolist(), *np.exp(rng.uniform(-15.0, 45.0, 20_000)).tolist()]
    assert list(column_texts(values)) == [repr(value) for value in values]
    assert list(column_texts([*values, math.nan, None])) == [*map(repr, values), "", ""]
    none = [math.nan, math.inf, -math.inf]
    assert list(column_texts(np.array([*values, *none]))) == [*map(repr, values), "", "", ""]
    assert list(column_texts(np.array(values[:20]))) == [*map(repr, values[:20])]


def test_json_writes_marks_of_ci_commands_as_escapes_and_plain_text_as_it_is() -> None:
    assert json_text("a##[b") == '"a#\\u0023[b"'
    assert json_text(["#", "é"]) == '["#", "é"]'
    assert json_text({"a": [1, float("inf")]}, indent=1) == '{\n "a": [\n  1,\n  null\n ]\n}'
