"""Slices, identities and texts of rows, beside their numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import arro3.core as arro
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossctl.core.errors import DataError, LossctlError, UsageError
from lossctl.sources import ReadOptions, Slices, open_source
from lossctl.sources.query.hash_table import Table, WholeTable
from lossctl.sources.query.row_marks import mix
from lossctl.sources.query.slicing import Values

pytestmark = pytest.mark.usefixtures("shared_databases")

Write = Callable[[str, str], str]

SHOPS = "id,y,shop,day\n1,1,b,1\n2,2,a,2\n3,3,,1\n4,4,b,01\n5,5,c,1\n"


def read(source: Any, by: Slices, **given: Any) -> list[tuple[str | None, ...]]:
    """Return the values of each row's slice, checked to be numbered in the order of first rows."""
    known = len(by)
    with open_source(source) as opened:
        codes = [code for batch in opened.read(["y"], by=by, **given) for code in batch.slices.tolist()]  # type: ignore[union-attr]
    new = [code for code in dict.fromkeys(codes) if code >= known]
    assert new == list(range(known, len(by)))
    return [by.values(code) for code in codes]


def test_rows_of_one_value_share_a_slice_and_a_missing_value_is_one(write: Write) -> None:
    path = write("a.csv", SHOPS)
    assert read(path, Slices(["shop"])) == [("b",), ("a",), (None,), ("b",), ("c",)]
    both = read(path, Slices(["day", "shop"]))
    assert both == [("1", "b"), ("2", "a"), ("1", None), ("01", "b"), ("1", "c")]
    three = read(path, Slices(["shop", "day", "id"]), where="id <> 2")
    assert three == [("b", "1", "1"), (None, "1", "3"), ("b", "01", "4"), ("c", "1", "5")]


def test_a_slice_that_a_filter_leaves_out_is_none(write: Write) -> None:
    by = Slices(["shop"])
    assert read(write("a.csv", SHOPS), by, where="y > 1 and y < 5") == [("a",), (None,), ("b",)]
    assert len(by) == 3


def test_slices_agree_over_files_of_every_kind(write: Write, tmp_path: Path) -> None:
    by = Slices(["shop"])
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "shop": [1, 2, 3]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert read(str(tmp_path / "a.parquet"), by) == [("1",), ("2",), ("3",)]
    assert read(write("b.csv", "y,shop\n1,3\n2,1\n3,\n"), by) == [("3",), ("1",), (None,)]
    assert read(frame.astype({"shop": float}), by) == [("1",), ("2",), ("3",)]
    assert read(write("c.jsonl", '{"y": 1, "shop": 2}\n{"y": 1, "shop": null}\n'), by) == [("2",), (None,)]
    assert len(by) == 4
    write("d1.csv", "y,shop\n1,4\n"), write("d2.csv", "y,shop\n1,1\n2,4\n")
    assert read(str(tmp_path / "d*.csv"), by) == [("4",), ("1",), ("4",)]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([True, False, None], ["True", "False", None]),
        ([1.0, 2.5, float("nan")], ["1", "2.5", None]),
        ([-0.0, 0.0, 1e300], ["0", "0", "1e+300"]),
        (np.array([2**63 - 1, 0, 2**53 + 1]), ["9223372036854775807", "0", "9007199254740993"]),
        (np.array([2**64 - 1, 0, 1], dtype=np.uint64), ["18446744073709551615", "0", "1"]),
        (
            pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02", None])),
            ["2024-01-01", "2024-01-02", None],
        ),
        (pd.Categorical(["a", None, ""]), ["a", None, ""]),
        (["x" * 1000, "\u00e9", "\U0001f600 a"], ["x" * 1000, "\u00e9", "\U0001f600 a"]),
    ],
)
def test_values_of_every_type_make_slices(values: Any, texts: list[str | None]) -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "c": values})
    assert read(frame, Slices(["c"])) == [(text,) for text in texts]
    with open_source(frame) as opened:
        (batch,) = opened.read(["y"], texts=("c",))
        assert batch.texts["c"].to_pylist() == texts
        assert opened.texts([2, 0], ["c", "y"]) == [{"c": texts[2], "y": "3"}, {"c": texts[0], "y": "1"}]


def test_a_column_may_be_read_as_numbers_and_sliced_by(write: Write) -> None:
    path = write("a.csv", "y,shop\n1.0,a\n2.5,a\n01,b\n")
    assert read(path, Slices(["y"])) == [("1",), ("2.5",), ("1",)]
    assert read(path, Slices(["shop", "y"]), where="shop = 'a'") == [("a", "1"), ("a", "2.5")]
    close = write("b.csv", "y,id\n1,9007199254740993\n2,9007199254740992\n")
    assert len(set(read(close, Slices(["id"])))) == 2
    assert read(close, Slices(["id"]), where="id > 5") == [("9007199254740993",), ("9007199254740992",)]
    alike = write("c.csv", "y;id\n1;07,0\n2;7\n3;8\n4;\n")
    with open_source(alike, ReadOptions(delimiter=";", decimal=",")) as opened:
        by = Slices(["id"])
        (batch,) = opened.read(["y"], where="id < 7.5", by=by, identity=("id",), texts=("id",))
        assert [by.values(code)[0] for code in batch.slices] == ["07,0", "7"]  # type: ignore[union-attr]
        assert batch.texts["id"].to_pylist() == ["07,0", "7"]
        assert len(set(batch.identity.tolist())) == 2  # type: ignore[union-attr]
    with (
        open_source(write("d.csv", "y,id\n1,7\n2,x\n")) as opened,
        pytest.raises(DataError, match=r'd.csv line 3, column "id": "x" is not a number') as raised,
    ):
        list(opened.read(["y"], where="id < 7.5", by=Slices(["id"])))
    assert "the condition takes it for a number" in str(raised.value.cure)


def test_marks_of_a_missing_value_are_missing(write: Write) -> None:
    by = Slices(["shop"])
    with open_source(write("a.csv", "y,shop\n1,NA\n2,a\n"), ReadOptions(null=("NA",))) as opened:
        (batch,) = opened.read(["y"], by=by, texts=("shop",))
        assert by.values(batch.slices[0]) == (None,)  # type: ignore[index]
        assert batch.texts["shop"].to_pylist() == [None, "a"]


def test_columns_that_are_not_there(write: Write) -> None:
    with open_source(write("a.csv", SHOPS)) as opened:
        for marks in ({"by": Slices(["shp"])}, {"identity": ["shp"]}, {"texts": ("shp",)}):
            with pytest.raises(UsageError, match='there is no column "shp"') as raised:
                opened.read(["y"], **marks)
            assert "did you mean shop?" in str(raised.value.cure)
        with pytest.raises(UsageError, match='there is no column "shp"'):
            opened.texts([0], ["shp"])


def digest(text: str) -> int:
    """Return what identifies a text."""
    try:
        number = int(text) if str(int(text)) == text and abs(int(text)) < 2**63 else None
    except ValueError:
        number = None
    if number is None:
        return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[8:], "little")
    mixed = (number + 0x9E3779B97F4A7C15) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> shift)) * factor % 2**64
    return mixed ^ (mixed >> 31)


@pytest.mark.parametrize("group", [None, "y"])
def test_an_identity_hangs_on_the_text_alone(write: Write, group: str | None) -> None:
    names = ["7", "-12", "007", "7.5", "9223372036854775807", "9223372036854775808", "b", "é", "+1", "1e3", " 4", "0"]
    path = write("a.csv", "y,id\n" + "".join(f'1,"{name}"\n' for name in names))
    with open_source(path) as opened:
        (batch,) = opened.read(["y"], identity=["id"], group=group)
        (some,) = opened.read(["y"], identity=["id"], group=group, where="id <> 'b'")
    assert batch.identity.tolist() == [digest(name) for name in names]  # type: ignore[union-attr]
    assert some.identity.tolist() == [digest(name) for name in names if name != "b"]  # type: ignore[union-attr]
    with open_source({"y": np.ones(3), "id": np.array([7.0, -12.0, 0.5])}) as opened:
        (other,) = opened.read(["y"], identity=["id"])
    assert other.identity.tolist() == [digest("7"), digest("-12"), digest("0.5")]  # type: ignore[union-attr]
    whole = pd.DataFrame({"y": 1.0, "id": [7, -12]})
    with open_source(whole) as opened:
        (typed,) = opened.read(["y"], identity=["id"])
    assert typed.identity.tolist() == mix(np.array([7, -12])).tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("where", [None, "y <> 2"])
@pytest.mark.parametrize("group", [None, "g"])
def test_a_row_that_is_nobody_is_named(write: Write, where: str | None, group: str | None) -> None:
    rows = "y,id,g\n1,a,1\n2,,1\n3,c,1\n4,,1\n"
    line = 3 if where is None else 5
    with open_source(write("a.csv", rows)) as opened, pytest.raises(DataError) as raised:
        list(opened.read(["y"], identity=["id"], where=where, group=group))
    assert str(raised.value) == f'a.csv line {line}, column "id": the value is missing'
    with (
        open_source(write("a.csv", rows)) as opened,
        pytest.raises(DataError, match=rf'a.csv line {line}, column "id"'),
    ):
        list(opened.read(["y"], identity=["g", "id", "y"], where=where, group=group))
    frame = pd.DataFrame({"y": [1.0, 2, 3, 4], "id": ["a", None, "c", None], "g": 1})
    with open_source(frame) as opened, pytest.raises(DataError, match=rf'<frame> row {line - 1}, column "id"'):
        list(opened.read(["y"], identity=["id"], where=where, group=group))


def test_texts_of_rows_stand_where_they_stand(write: Write, tmp_path: Path) -> None:
    write("a.csv", SHOPS), write("b.csv", SHOPS.replace("b,1\n", "z,1\n"))
    with open_source(str(tmp_path / "[ab].csv")) as opened:
        found = opened.texts([5, 2, 9, 5, 0], ["shop", "day"])
    assert [each["shop"] for each in found] == ["z", None, "c", "z", "b"]
    assert found[1] == {"shop": None, "day": "1"}


LABELS = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from([None, "a", "b", "", " "]) | LABELS, st.integers(-2, 2)), max_size=40),
    least=st.integers(-2, 1),
    group=st.sampled_from([None, "b"]),
)
def test_slices_are_those_of_pandas(rows: Sequence[tuple[str | None, int]], least: int, group: str | None) -> None:
    frame = pd.DataFrame({"y": np.arange(len(rows)) % 3 * 1.0, "a": pd.array([a for a, _ in rows], dtype="string")})
    frame["b"] = np.array([b for _, b in rows], dtype=np.int64)
    by = Slices(["a", "b"])
    try:
        with open_source(frame) as opened:
            found = opened.read(["y"], by=by, where=f"b >= {least}", group=group)
            pairs = [pair for batch in found for pair in zip(batch.rows, batch.slices, strict=True)]  # type: ignore[arg-type]
    except LossctlError:
        assert not rows  # an empty column of texts has no type
        return
    expected = [row for row, (_, b) in enumerate(rows) if b >= least]
    assert sorted(int(row) for row, _ in pairs) == expected
    assert all(by.values(code) == (rows[row][0], str(rows[row][1])) for row, code in pairs)
    assert len(by) == len({rows[row] for row in expected})


def test_a_hash_that_two_texts_share_merges_nothing() -> None:
    texts = ["a", "b", "a", None, "", "c", "b", None]
    by = Slices(["c"])
    for hashes in (np.full(8, 7), np.array([1, 2, 1, 1, 1, 3, 2, 5]), np.arange(8) % 2):
        missing = np.array([text is None for text in texts])
        values = Values(
            arro.Array([text or "" for text in texts], type=arro.DataType.utf8()), hashes.astype(np.uint64), missing
        )
        for kept in (None, np.array([7, 4, 2, 1])):
            rows = range(8) if kept is None else kept.tolist()
            assert [by.values(code) for code in by.encode([values], kept).tolist()] == [(texts[row],) for row in rows]
    assert len(by) == 5
    whole = Values(arro.Array([7, 1, 7], type=arro.DataType.int64()), np.zeros(3, dtype=np.uint64), None)
    assert [by.values(code) for code in by.encode([whole], None).tolist()] == [("7",), ("1",), ("7",)]
    again = Values(arro.Array(["1", "x", "7"], type=arro.DataType.utf8()), np.array([7, 8, 9], np.uint64), None)
    assert [by.values(code) for code in by.encode([again], None).tolist()] == [("1",), ("x",), ("7",)]
    assert len(by) == 8


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 60), max_size=80), max_size=5),
    step=st.sampled_from([1, 2**54, 2**63, 11400714819323198486]),
)
def test_a_table_finds_what_it_was_given(parts: list[list[int]], step: int) -> None:
    table, known = Table(), dict[int, int]()
    for part in parts:
        new = sorted({number * step % 2**64 for number in part} - set(known))
        table.add(np.array(new, dtype=np.uint64), np.arange(len(known), len(known) + len(new)))
        known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
        asked = [*known, 3, 2**64 - 3]
        found = table.find(np.array(asked, dtype=np.uint64)).tolist()
        assert found == [known.get(number, -1) for number in asked]


def test_a_table_gives_up_on_numbers_that_share_one_place() -> None:
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    numbers = np.array([n * inverse % 2**64 for n in range(200)], dtype=np.uint64)
    table = Table()
    table.add(numbers, np.arange(200))
    found = table.find(numbers)
    assert set(found.tolist()) <= {-1, *range(200)}
    assert all(code in {-1, place} for place, code in enumerate(found.tolist()))
    assert (found >= 0).sum() >= 60


def test_many_slices_in_many_batches() -> None:
    rows, count = 400_000, 30_011
    numbers = np.arange(rows) * 7919 % count
    frame = pd.DataFrame({"y": 1.0, "a": pd.Series(numbers).map("customer {}".format), "b": numbers % 2})
    by = Slices(["b", "a"])
    with open_source(frame) as opened:
        for _ in range(2):
            codes = np.concatenate([batch.slices for batch in opened.read(["y"], by=by)])
            np.testing.assert_array_equal(codes, np.arange(rows) % count)
    assert len(by) == count
    assert all(by.values(n) == (str(numbers[n] % 2), f"customer {numbers[n]}") for n in range(0, count, 97))


def test_whole_numbers_are_found_wherever_they_lie() -> None:
    rng = np.random.default_rng(5)
    table, known = WholeTable(), dict[int, int]()
    for low, high in ((0, 40), (-30, 2**21), (2**20 - 3, 2**20 + 3), (-(2**62), 2**62), (0, 2**20)):
        numbers = np.unique(rng.integers(low, high, 50))
        found = table.find(numbers).tolist()
        assert found == [known.get(number, -1) for number in numbers.tolist()]
        new = numbers[[code < 0 for code in found]]
        table.add(new, np.arange(len(new)) + len(known))
        known |= {number: len(known) + place for place, number in enumerate(new.tolist())}
        assert table.find(np.array([*known])).tolist() == [*known.values()]
    near = [number for number in known if 0 <= number < 2**20]
    assert table.find(np.array(near)).tolist() == [known[number] for number in near]
