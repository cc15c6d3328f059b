"""Rows of different files that belong together by a key."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lossctl
from lossctl.core.errors import DataError, UsageError
from lossctl.core.settings import Unmatched
from lossctl.sources import Slices, open_source
from lossctl.sources.joins.audit import Audit, RepeatedKeyError, Tally
from lossctl.sources.joins.side_by_side import Matched, paired_by_key
from lossctl.sources.joins.targets import JoinedSource, join
from lossctl.sources.query.row_marks import Marks

pytestmark = pytest.mark.usefixtures("shared_databases")

Write = Callable[[str, str], str]

LEFT = "id,prediction,shop\nc,1,x\nb,2,y\na,3,\nd,4,x\n"
RIGHT = "id,target,shop,day\na,10,u,1\nb,20,v,2\nc,30,w,\nd,40,w,4\n"


def joined(left: Any, right: Any, keys: Sequence[str] = ("id",), **given: Any) -> JoinedSource:
    return join(open_source(left), open_source(right), keys, **given)


def rows_of(source: JoinedSource, columns: Sequence[str], **given: Any) -> dict[int, tuple[float, ...]]:
    """Return the values of each row by its number, of which each stands once."""
    with source:
        found: dict[int, tuple[float, ...]] = {}
        for batch in source.read(columns, **given):
            assert batch.rows is not None
            assert batch.first_row == batch.rows[0]
            for index, row in enumerate(batch.rows.tolist()):
                assert row not in found
                found[row] = tuple(float(batch.columns[name][index]) for name in columns)
    return found


ORDERED = pytest.mark.parametrize("given", [{}, {"ordered": True}], ids=["as they come", "in order"])


@ORDERED
def test_rows_of_one_key_are_one_row(write: Write, given: dict[str, Any]) -> None:
    left, right = write("p.csv", LEFT), write("t.csv", RIGHT)
    both = {0: (1.0, 30.0), 1: (2.0, 20.0), 2: (3.0, 10.0), 3: (4.0, 40.0)}
    columns = ["prediction", "target"]
    assert rows_of(joined(left, right, **given), columns) == both
    by_left = rows_of(joined(left, right, **given), columns, where="prediction > 2")
    assert by_left == {2: both[2], 3: both[3]}
    by_both = rows_of(joined(left, right, **given), columns, where="shop = 'x' and day > 2")
    assert by_both == {3: both[3]}
    some = rows_of(joined(left, right, **given), columns, where="\"t.csv:shop\" = 'w'")
    assert some == {0: both[0], 3: both[3]}


def test_names_of_both_files(write: Write) -> None:
    with joined(write("p.csv", LEFT), write("t.csv", RIGHT)) as source:
        assert list(source.columns) == ["id", "prediction", "shop", "target", "t.csv:shop", "day"]
        assert source.spaces is not None
        assert source.spaces.predictions == ("id", "prediction", "shop")
        assert source.spaces.targets == {"id": "id", "target": "target", "shop": "t.csv:shop", "day": "day"}
        by = Slices(["t.csv:shop", "shop"])
        (batch,) = source.read(["target"], by=by, identity=["id"], texts=("day", "shop"))
        assert [by.values(code) for code in batch.slices.tolist()] == [  # type: ignore[union-attr]
            ("w", "x"),
            ("v", "y"),
            ("u", None),
            ("w", "x"),
        ]
        assert batch.texts["day"].to_pylist() == [None, "2", "1", "4"]
        assert source.texts([2, 0], ["t.csv:shop", "prediction"]) == [
            {"t.csv:shop": "u", "prediction": "3"},
            {"t.csv:shop": "w", "prediction": "1"},
        ]
        assert source.texts([2], ["shop"]) == [{"shop": None}]
        assert source.distinct("t.csv:shop", 9) == ["u", "v", "w"]
        assert str(source.locate(2)) == "p.csv line 4"
        assert source.progress() == 1.0
        (labelled,) = source.read(["t.csv:shop"], labels={"t.csv:shop": ("w", "v")})
        assert labelled.columns["t.csv:shop"].tolist() == [0.0, 1.0, -1.0, 0.0]


NUMBERS = [7, 1, 3]


@pytest.mark.parametrize("one", ["csv", "jsonl", "text", "int64", "uint8", "float64", "parquet"])
@pytest.mark.parametrize("other", ["csv", "text", "int32", "float64", "Int64"])
def test_a_whole_number_is_one_key_however_it_is_stored(one: str, other: str, tmp_path: Path) -> None:
    def source(kind: str, name: str, column: str, numbers: list[int]) -> Any:
        frame = pd.DataFrame({"id": numbers, column: np.array(numbers) / 2})
        path = tmp_path / f"{name}.{kind}"
        if kind == "csv":
            frame.to_csv(path, index=False)
        elif kind == "jsonl":
            frame.to_json(path, orient="records", lines=True)
        elif kind == "parquet":
            frame.to_parquet(path)
        else:
            return frame.astype({"id": "str" if kind == "text" else kind})
        return str(path)

    left, right = source(one, "a", "p", NUMBERS), source(other, "b", "t", sorted(NUMBERS))
    assert rows_of(joined(left, right), ["p", "t"]) == {0: (3.5, 3.5), 1: (0.5, 0.5), 2: (1.5, 1.5)}


def test_texts_that_are_spelled_apart_are_other_keys(write: Write) -> None:
    with pytest.raises(DataError) as raised:
        rows_of(joined(write("p.csv", "id,p\n1.50,1\n02,2\n"), write("t.csv", "id,t\n1.5,1\n2,2\n")), ["p"])
    assert str(raised.value) == (
        'p.csv: 2 rows have a key that is not in t.csv (first: p.csv line 2, the key id "1.50"); '
        't.csv: 2 rows have a key that is not in p.csv (first: t.csv line 2, the key id "1.5")'
    )
    assert raised.value.cure == (
        "these keys differ in how a number is written; "
        "no key is in both: name the column that is with --key, or write keys alike"
    )


BAD = {
    "a key twice in the predictions": (
        "id,p\na,1\nb,2\na,3\n",
        "id,t\na,1\nb,2\n",
        'p.csv line 4: the key id "a" occurs twice (first: p.csv line 2)',
    ),
    "keys twice in the targets": (
        "id,p\na,1\nb,2\n",
        "id,t\nb,1\na,2\na,3\nb,3\nb,1\n",
        't.csv line 5: the key id "b" occurs twice (first: t.csv line 2); 2 keys stand in more than one row',
    ),
    "no key": ("id,p\na,1\n,2\n", "id,t\na,1\nb,2\n", 'p.csv line 3, column "id": the key is missing'),
    "no keys": (
        "id,p\na,1\nb,1\n",
        "id,t\n,3\na,1\n,2\nb,1\n",
        't.csv line 2, column "id": the key is missing (so it is in 2 rows)',
    ),
    "a key that the targets have not": (
        "id,p\na,1\nz,2\n",
        "id,t\na,1\n",
        'p.csv: 1 row has a key that is not in t.csv (first: p.csv line 3, the key id "z")',
    ),
    "keys that the predictions have not": (
        "id,p\na,1\n",
        "id,t\ny,3\na,1\nz,3\n",
        't.csv: 2 rows have a key that is not in p.csv (first: t.csv line 2, the key id "y")',
    ),
}


@ORDERED
@pytest.mark.parametrize("case", BAD)
def test_keys_that_do_not_do(case: str, given: dict[str, Any], write: Write) -> None:
    left, right, message = BAD[case]
    with pytest.raises(DataError) as raised:
        rows_of(joined(write("p.csv", left), write("t.csv", right), **given), ["p", "t"])
    assert str(raised.value) == message
    kept = "id in ('b', 'q')" if "twice in the targets" in case else "id = 'q'"
    if "twice" not in case:  # rows that a filter leaves out are not looked at, but for keys that stand twice
        assert rows_of(joined("p.csv", "t.csv", **given), ["p", "t"], where=kept) == {}
    else:
        with pytest.raises(DataError, match="occurs twice"):
            rows_of(joined("p.csv", "t.csv", **given), ["p", "t"], where=kept)


def test_unmatched_rows_are_dropped_and_counted(write: Write) -> None:
    left, right = write("p.csv", "id,p\na,1\nz,2\nb,3\n"), write("t.csv", "id,t\nb,1\nx,2\ny,3\na,4\n")
    source = joined(left, right, unmatched="drop")
    assert rows_of(source, ["p", "t"]) == {0: (1.0, 4.0), 2: (3.0, 1.0)}
    assert (source.alone, source.matched) == ((1, 2), 2)
    source = joined(left, right, unmatched="drop", ordered=True)
    assert rows_of(source, ["p", "t"], where="p > 1 or t = 2") == {2: (3.0, 1.0)}
    assert source.alone == (1, 1)


def test_a_key_of_which_a_part_is_missing_is_missing(write: Write) -> None:
    left, right = write("p.csv", "day,shop,p\n1,a,1\n1,,2\n"), write("t.csv", "day,shop,t\n1,a,1\n1,b,2\n")
    with pytest.raises(DataError, match=r'p.csv line 3, column "day, shop": the key is missing'):
        rows_of(joined(left, right, ["day", "shop"]), ["p"])


def test_counts_add_up_over_batches() -> None:
    audit = Audit([Tally(), Tally()])
    none = np.zeros(3, dtype=np.bool_)
    every = ~none
    used = audit.add([np.array([5, 3, 8]), np.array([2, -1, -1])], none, [every, every])
    assert used.tolist() == [0]
    used = audit.add([np.array([-1, 1, 0]), np.array([0, -1, 1])], none, [every, every])
    assert used.tolist() == [2]
    audit.add([np.array([-1, 4, 2]), np.array([3, -1, -1])], np.array([True, False, True]), [every, every])
    left, right = audit.sides
    assert (left.alone, left.first_alone, left.keyless, left.first_keyless) == (4, 1, 1, 2)
    assert (right.alone, right.first_alone, right.keyless, right.first_keyless) == (1, 0, 1, 3)
    assert (left.seen, left.last, audit.matched) == (7, 8, 2)
    audit.finish()
    with pytest.raises(RepeatedKeyError):
        audit.add([np.array([6, 7, 8]), np.array([-1, -1, -1])], none, [every, every])
    gaps = Audit([Tally(rows=2), Tally()])
    gaps.add([np.array([5, 7, 7]), np.array([0, 1, 2])], none, [every, every])
    with pytest.raises(RepeatedKeyError):
        gaps.finish()


def test_columns_that_are_no_keys(write: Write) -> None:
    left, right = write("p.csv", LEFT), write("t.csv", RIGHT)
    with pytest.raises(UsageError, match=r't.csv, --key: there is no column "prediction"'):
        joined(left, right, ["prediction"])
    with pytest.raises(UsageError, match="--key id is given twice"):
        joined(left, right, ["id", "id"])


def test_a_key_that_stands_too_often_is_found_before_it_fills_the_disk(write: Write) -> None:
    rows = 20_000  # joined they would be 400 million
    left = write("p.csv", "id,p\n" + "a,1\n" * rows)
    right = write("t.csv", "id,t\n" + "a,1\n" * rows)
    for ordered in (False, True):
        with pytest.raises(DataError, match=r'p.csv line 3: the key id "a" occurs twice'):
            rows_of(joined(left, right, ordered=ordered), ["p", "t"])


@pytest.mark.parametrize("ordered", [False, True], ids=["as they come", "in order"])
def test_many_rows_stand_once_each_and_in_order_where_that_is_asked(ordered: Any) -> None:
    rows = 400_000  # more than one thread joins at once
    random = np.random.default_rng(5)
    left = pd.DataFrame({"id": random.permutation(rows), "p": np.arange(rows) * 1.0})
    right = pd.DataFrame({"id": random.permutation(rows)})
    right["t"] = right["id"] / 2
    with joined(left, right, ordered=ordered) as source:
        batches = list(source.read(["p", "t"]))
        assert source.alone == (0, 0)
    with open_source(left) as one, open_source(right) as other:
        requests = [one.request(["p"]), other.request(["t"])]
        pairs = list(paired_by_key([one, other], requests, ["id"], ordered=ordered))
    for found in ([batch.rows for batch in batches], [first.rows for first, _ in pairs]):
        numbers = np.concatenate([each for each in found if each is not None])
        assert all(bool((np.diff(each) > 0).all()) for each in found if each is not None)
        np.testing.assert_array_equal(numbers if ordered else np.sort(numbers), np.arange(rows))
    for batch in batches:
        np.testing.assert_array_equal(batch.columns["p"], batch.rows)
        np.testing.assert_array_equal(batch.columns["t"], left["id"].to_numpy()[batch.rows] / 2)
    for first, second in pairs:
        np.testing.assert_array_equal(second.columns["t"], left["id"].to_numpy()[first.rows] / 2)


def test_several_keys_and_several_files(write: Write, tmp_path: Path) -> None:
    write("p1.csv", "day,shop,p\n1,a,1\n2,a,2\n"), write("p2.csv", "day,shop,p\n1,b,3\n2,b,4\n")
    frame = pd.DataFrame({"shop": ["b", "a", "b", "a"], "day": [2, 2, 1, 1], "t": [40.0, 20.0, 30.0, 10.0]})
    frame[:1].to_parquet(tmp_path / "t1.parquet")
    frame[1:].to_parquet(tmp_path / "t2.parquet")
    predictions, targets = str(tmp_path / "p*.csv"), str(tmp_path / "t*.parquet")
    both = {0: (1.0, 10.0), 1: (2.0, 20.0), 2: (3.0, 30.0), 3: (4.0, 40.0)}
    assert rows_of(joined(predictions, targets, ["shop", "day"]), ["p", "t"]) == both
    with joined(predictions, targets, ["shop", "day"], ordered=True) as source:
        files = [(batch.file, batch.columns["t"].tolist()) for batch in source.read(["t"])]
        assert files == [(0, [10.0, 20.0]), (1, [30.0, 40.0])]
        assert str(source.locate(3)).endswith("p2.csv line 3")
    with pytest.raises(DataError, match=r'the key shop "a", day "1" occurs twice'):
        rows_of(joined(pd.concat([frame, frame[3:]]), targets, ["shop", "day"]), ["t"])


def test_lists_and_groups() -> None:
    left = {"id": np.array([3, 1, 2]), "p": np.arange(6.0).reshape(3, 2), "g": ["x", "y", "x"]}
    right = pd.DataFrame({"id": [1, 2, 3], "t": [[10.0, 11.0], [20.0, 21.0], [30.0, 31.0]], "h": ["u", None, "v"]})
    with joined(left, right) as source:
        assert source.width("t") == source.width("p") == 2
        groups = list(source.read(["t", "p"], group="g"))
        assert [len(batch) for batch in groups] == [2, 1]
        values = {name: np.concatenate([batch.columns[name] for batch in groups]).tolist() for name in ("t", "p")}
        assert values["t"] == [[30.0, 31.0], [20.0, 21.0], [10.0, 11.0]]
        assert values["p"] == [[0.0, 1.0], [4.0, 5.0], [2.0, 3.0]]
        with pytest.raises(DataError, match=r'<frame> row 3, column "h": the group is missing'):
            list(source.read(["p"], group="h"))
        some = source.read(["p"], group="h", where="h is not null")
        assert [batch.rows.tolist() for batch in some] == [[1], [0]]  # type: ignore[union-attr]


def test_faults_of_either_file_are_found(write: Write, tmp_path: Path) -> None:
    left, right = write("p.csv", LEFT), write("t.csv", RIGHT.replace("20", "2O"))
    with pytest.raises(DataError, match=r't.csv line 3, column "target": "2O" is not a number'):
        rows_of(joined(left, right), ["prediction", "target"])
    pd.read_csv("t.csv").to_parquet(tmp_path / "t.parquet")
    texts = joined(left, str(tmp_path / "t.parquet"))
    with pytest.raises(DataError, match=r't.parquet, column "target" holds text such as "\d+", not numbers'):
        rows_of(texts, ["target"])
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(RIGHT.encode())[:-6])
    with pytest.raises(DataError, match=r"cut.csv.gz"):
        rows_of(joined(left, str(tmp_path / "cut.csv.gz")), ["prediction", "target"])


KEYS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", None]), max_size=7)


WAYS = st.sampled_from(["any", "ordered"])


def outcome(sides: Sequence[Sequence[str | None]], passes: Sequence[Sequence[bool]], unmatched: Unmatched) -> Any:
    """Return what joining must come to, by counting: the rows of each side, or which error."""
    counts = [Counter(key for key in side if key is not None) for side in sides]
    for key in set().union(*counts):
        here = [count[key] for count in counts if count[key]]
        if len(here) > 1 and max(here) > 1:
            return "occurs twice"
    if any(
        key is None and passed
        for side, let in zip(sides, passes, strict=True)
        for key, passed in zip(side, let, strict=True)
    ):
        return "missing"
    rows, alone = [], [0] * len(sides)
    for place, (side, let) in enumerate(zip(sides, passes, strict=True)):
        for row, (own, passed) in enumerate(zip(side, let, strict=True)):
            if not passed or own is None:
                continue
            elsewhere = [other.index(own) if own in other else None for other in sides]
            used = all(at is not None and passes[i][at] for i, at in enumerate(elsewhere))
            alone[place] += not used
            if used and place == 0:
                rows.append((row, *elsewhere[1:]))
    some = any(all(key in side for side in sides) for key in sides[0] if key is not None)
    return "not in" if any(alone) and (unmatched == "error" or not some) else (rows, tuple(alone))


def frame_of(side: Sequence[str | None], name: str) -> pd.DataFrame:
    frame = pd.DataFrame({"id": pd.array(list(side), dtype="string"), name: np.arange(len(side)) * 1.0})
    return frame.assign(z=frame[name] % 3)


@settings(max_examples=6, deadline=None)
@given(left=KEYS, right=KEYS, unmatched=st.sampled_from(["error", "drop"]), way=WAYS)
@example(left=["a", "b"], right=["b", "a"], unmatched="error", way="any")
@example(left=["a", "b"], right=["c"], unmatched="drop", way="any")
@example(left=["a", "a", "b"], right=["b", "c"], unmatched="drop", way="any")
@example(left=["b", "a"], right=["a", "a", "c"], unmatched="error", way="any")
def test_a_join_is_what_counting_says(
    left: list[str | None], right: list[str | None], unmatched: Unmatched, way: str
) -> None:
    every = [[True] * len(left), [True] * len(right)]
    expected = outcome([left, right], every, unmatched)
    source = joined(frame_of(left, "p"), frame_of(right, "t"), unmatched=unmatched, ordered=way == "ordered")
    if isinstance(expected, str):
        with source, pytest.raises(DataError, match=expected):
            for _ in source.read(["p", "t"]):  # rows may come, also twice, before it is known that they must not
                pass
        return
    assert rows_of(source, ["p", "t"]) == {row: (row, other) for row, other in expected[0]}
    assert source.alone == expected[1]


@settings(max_examples=6, deadline=None)
@given(
    sides=st.lists(KEYS, min_size=2, max_size=3),
    unmatched=st.sampled_from(["error", "drop"]),
    way=WAYS,
    where=st.sampled_from([None, "z > 0"]),
)
@example(sides=[["a", "b"], ["b", "a"], ["b", "b"]], unmatched="drop", way="any", where=None)
@example(sides=[["a", "b"], ["b", "b"], ["c"]], unmatched="drop", way="ordered", where=None)
@example(sides=[["d", "a", "b"], ["a", "b", "d"], ["b", "d", "a"]], unmatched="error", way="any", where=None)
@example(sides=[["d", "a", "b"], ["a", "b", "d"]], unmatched="drop", way="ordered", where="z > 0")
def test_sources_are_paired_as_counting_says(
    sides: list[list[str | None]], unmatched: Unmatched, way: str, where: str | None
) -> None:
    passes = [[where is None or row % 3 > 0 for row in range(len(side))] for side in sides]
    expected = outcome(sides, passes, unmatched)
    sources = [open_source(frame_of(side, "v")) for side in sides]
    requests = [source.request(["v"], where) for source in sources]
    matched = Matched()

    def read() -> list[tuple[int, ...]]:
        found = []
        for batches in paired_by_key(
            sources, requests, ["id"], unmatched=unmatched, ordered=way == "ordered", matched=matched
        ):
            for each in batches:
                np.testing.assert_array_equal(each.columns["v"], each.rows)
            found += list(zip(*(each.rows.tolist() for each in batches), strict=True))  # type: ignore[union-attr]
        return found

    try:
        if isinstance(expected, str):
            with pytest.raises(DataError, match=expected):
                read()
            return
        assert read() == expected[0]
        assert matched.alone == expected[1]
    finally:
        for source in sources:
            source.close()


def test_keys_are_looked_at_again_with_another_filter(write: Write) -> None:
    left, right = write("p.csv", "id,p\na,1\nz,2\n"), write("t.csv", "id,t\na,1\n")
    with joined(left, right, ordered=True) as source:
        for _ in range(2):
            assert [batch.rows.tolist() for batch in source.read(["p"], where="id = 'a'")] == [[0]]  # type: ignore[union-attr]
        with pytest.raises(DataError, match="1 row has a key that is not in"):
            list(source.read(["p"]))


def test_several_files_are_paired_by_the_numbers_of_all(write: Write, tmp_path: Path) -> None:
    write("a1.csv", "id,v\nd,1\nb,2\n"), write("a2.csv", "id,v\na,3\nc,4\n")
    write("b1.csv", "id,v\na,5\n"), write("b2.csv", "id,v\nb,6\nc,7\nd,8\n")
    with open_source(str(tmp_path / "a*.csv")) as one, open_source(str(tmp_path / "b*.csv")) as other:
        requests = [one.request(["v"]), other.request(["v"])]
        found = [
            (*(each.rows.tolist()[place] for each in pair), *(each.columns["v"].tolist()[place] for each in pair))  # type: ignore[union-attr]
            for pair in paired_by_key([one, other], requests, ["id"])
            for place in range(len(pair[0]))
        ]
        assert sorted(found) == [(0, 3, 1.0, 8.0), (1, 1, 2.0, 6.0), (2, 0, 3.0, 5.0), (3, 2, 4.0, 7.0)]
        ordered = list(paired_by_key([one, other], requests, ["id"], ordered=True))
        files = [(first.file, first.rows.tolist(), second.rows.tolist()) for first, second in ordered]  # type: ignore[union-attr]
        assert files == [(0, [0, 1], [3, 1]), (1, [2, 3], [0, 2])]


def test_what_is_marked_is_of_the_first_source(write: Write) -> None:
    left, right = write("a.csv", "id,shop,v\n1,x,1\n2,,2\n3,x,3\n"), write("b.csv", "id,w\n3,30\n2,20\n1,10\n")
    by = Slices(["shop"])
    with open_source(left) as one, open_source(right) as other:
        requests = [one.request(["v"], marks=Marks(by, ("id",), ("shop",))), other.request(["w"])]
        for ordered in (False, True):
            ((first, second),) = paired_by_key([one, other], requests, ["id"], ordered=ordered)
            assert first.texts["shop"].to_pylist() == ["x", None, "x"]
            assert first.slices.tolist() == [0, 1, 0]  # type: ignore[union-attr]
            assert first.identity is not None
            assert second.columns["w"].tolist() == [10.0, 20.0, 30.0]
            assert second.rows.tolist() == [2, 1, 0]  # type: ignore[union-attr]
            assert (second.slices, second.identity) == (None, None)
        requests[0] = one.request(["v"], marks=Marks(None, ("shop",)))
        with pytest.raises(DataError, match=r'a.csv line 3, column "shop": the value is missing'):
            list(paired_by_key([one, other], requests, ["id"]))


@pytest.mark.parametrize("module", ["joins.side_by_side", "query.groups"])
def test_a_fault_that_no_file_explains_is_laid_to_none_alone(
    module: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "id,query,target,prediction\n1,a,1,2\n2,a,0,1\n"
    one, other = write("one.csv", text), write("other.csv", text)

    def fail(*_given: object) -> Any:
        raise RuntimeError("the disk of spills is full")

    monkeypatch.setattr(f"lossctl.sources.{module}.records_of", fail)
    run: dict[str, Callable[[], object]] = {
        "joins.side_by_side": lambda: lossctl.compare([one, other], "mae", key="id"),
        "query.groups": lambda: lossctl.evaluate(str(Path(one).parent / "o*.csv"), "listnet", group="query"),
    }
    with pytest.raises(DataError) as caught:
        run[module]()
    assert caught.value.problem == f"{one}, {other} cannot be read: the disk of spills is full"
