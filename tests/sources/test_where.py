"""The filter: which rows pass, what a text column is taken for, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pandas as pd
import pytest

from lossctl.sources import Source, open_source

Write = Callable[[str, str | bytes], str]
Read = Callable[..., list[tuple[object, ...]]]
Fault = Callable[..., tuple[str, str, str | None]]

TEXT = """region,w,f,target,"odd ""name"
north,1.5,true,1,9
south,10,false,2,8
,9,,3,7
North,nan,true,4,
"""
PASSING = {
    "region = 'north'": [0],
    "Region = 'north'": [0],
    "region <> 'north'": [1, 3],
    "region in ('north', 'south')": [0, 1],
    "region like 'n%'": [0],
    "region is null": [2],
    "region is not null and w > 5": [1, 3],
    "lower(region) = 'north'": [0, 3],
    "length(region) = 5": [0, 1, 3],
    "w > 9.5": [1, 3],
    "w < 9.5 and region = 'north'": [0],
    "w between 2 and 20": [1, 2],
    "w = 10": [1],
    "w = '10'": [1],
    "w::double = 10.0": [1],
    "w = '10' and w > 3": [1],
    "w in (1.5, 9)": [0, 2],
    "-w < -5": [1, 2],
    "coalesce(w, 0) < 5": [0],
    "abs(w - 10) <= 1": [1, 2],
    "target > w": [],
    "target < w": [0, 1, 2, 3],
    "greatest(w, target) < 9.5": [0, 2],
    "f": [0, 3],
    "not f": [1],
    "f = true": [0, 3],
    "f is null": [2],
    "target = 2 or target = 3": [1, 2],
    '"odd ""name" >= 8': [0, 1],
    "case when region = 'north' then w > 1 else w > 9.5 end": [0, 1, 3],
    "1 = 1 -- a comment": [0, 1, 2, 3],
    "list_contains([w, target], 2)": [1],
}


@pytest.fixture(scope="module", params=["csv", "parquet", "jsonl"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """Open the same rows in a format, once for all conditions."""
    folder = tmp_path_factory.mktemp("where")
    text, path = folder / "p.csv", folder / f"p.{request.param}"
    text.write_text(TEXT)
    if path != text:
        types = "{'region': 'VARCHAR', 'w': 'DOUBLE', 'f': 'BOOLEAN', 'target': 'DOUBLE', 'odd \"name': 'DOUBLE'}"
        form = "parquet" if request.param == "parquet" else "json"
        with duckdb.connect() as connection:
            scan = f"read_csv('{text}', columns={types}, header=true, auto_detect=false, quote='\"', escape='\"')"
            connection.execute(f"copy (from {scan}) to '{path}' (format {form})")
    with open_source(path) as source:
        yield source


@pytest.mark.parametrize("where", PASSING)
def test_rows_that_pass_keep_their_numbers(where: str, opened: Source) -> None:
    found = [batch.row_number(row) for batch in opened.read(["target"], where=where) for row in range(len(batch))]
    assert found == PASSING[where]


def test_a_cast_to_text_compares_the_text_of_the_file(write: Write, read: Read) -> None:
    path = write("p.csv", "a,t\n1,10\n2,10.0\n3,9\n")
    assert read(path, ["a"], where="t::varchar = '10'") == [(0, 1)]
    assert read(path, ["a"], where="t = 10") == [(0, 1), (1, 2)]


def test_a_filter_keeps_values_beside_their_rows(write: Write, read: Read) -> None:
    rows = "".join(f"{number},{number % 7}\n" for number in range(5000))
    path = write("p.csv", f"a,b\n{rows}")
    expected = [(number, float(number)) for number in range(5000) if number % 7 == 3]
    assert read(path, ["a"], where="b = 3") == expected
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select i::double a, i % 7 b from range(5000) t(i)) to 'p.parquet' (row_group_size 2048)"
        )
    assert read("p.parquet", ["a"], where="b = 3") == expected


def test_row_numbers_go_on_over_files_whatever_the_filter_drops(write: Write, read: Read) -> None:
    write("g1.csv", "a,b\n1,2\n3,4\n")
    write("g2.csv", "b,a\n6,5\n8,7\n")
    assert read("g[12].csv", ["a"], where="b in (4, 8)") == [(1, 3), (3, 7)]
    with duckdb.connect() as connection:
        for number in (1, 2):
            rows = connection.sql("select i::double + 10 * ? a from range(3) t(i)", params=[number])
            rows.write_parquet(f"h{number}.parquet")
    assert read("h*.parquet", ["a"], where="a in (10, 20, 22)") == [(0, 10), (3, 20), (5, 22)]


def test_an_unsettled_column_is_a_number_unless_the_filter_shows_otherwise(write: Write, fault: Fault) -> None:
    path = write("p.csv", TEXT)
    either = 'compare it with a text in single quotes, or write cast("region" as varchar)'
    cure = f"the condition takes it for a number; {either}"
    for where in ("region > w", "region = target", "region > 1", "greatest(region, w) > 1"):
        expected = ("DataError", 'p.csv line 2, column "region": "north" is not a number', cure)
        assert fault(path, ["target"], where=where) == expected
    boolean = ("DataError", 'p.csv line 2, column "w": "1.5" is not true or false')
    assert fault(path, ["target"], where="w") == (*boolean, 'compare it with a value in the condition, such as "w" > 0')


REFUSED = {
    "": "--where is empty",
    "w >": "--where 'w >' is not a condition: it ends too early",
    "w > 1; drop table x": "--where 'w > 1; drop table x' is not a condition: it can't be read from ';' on",
    "w) from t where (w > 0": "--where 'w) from t where (w > 0' is more than one condition",
    "w > 0) from (select 1 as w": "--where 'w > 0) from (select 1 as w' is more than one condition",
    "w) --": "--where 'w) --' is not a condition: it can't be read from ')' on",
    "(select 1) = 1": "--where '(select 1) = 1' holds another query",
    "exists(from 'p.csv')": "--where \"exists(from 'p.csv')\" holds another query",
    "w in (from read_csv('q.csv'))": "--where \"w in (from read_csv('q.csv'))\" holds another query",
    "row_number() over () > 1": "--where 'row_number() over () > 1' holds a window function",
    "? = 1": "--where '? = 1' holds a parameter",
    "columns('w') = 1": "--where \"columns('w') = 1\" holds *",
    "nope > 1": "--where 'nope > 1': there is no column \"nope\"",
    "sum(w) > 1": "--where 'sum(w) > 1' calls sum(): it is of many rows, and a condition is of one",
    "getenv('HOME') = 'x'": "--where \"getenv('HOME') = 'x'\" calls getenv(): there is no such function",
    "w + 1": "--where 'w + 1' is a number, not true or false",
    "w::date > date '2020-01-01'": None,
}


@pytest.mark.parametrize("where", REFUSED)
def test_what_is_no_condition_is_refused(where: str, write: Write, fault: Fault) -> None:
    write("q.csv", "a\n1\n")
    kind, problem, _ = fault(write("p.csv", TEXT), ["target"], where=where)
    assert kind == "UsageError"
    assert REFUSED[where] is None or problem == REFUSED[where]


@pytest.mark.parametrize(
    "attempt",
    [
        "read_text('/etc/passwd') = 'x'",
        "(select content from read_text('/etc/passwd')) = 'x'",
        "w = (select count(*) from glob('/etc/*'))",
        "w = (from 'q.csv')",
        "1=1) union all (select 1 from read_csv('q.csv')",
        "1=1); copy (select 1) to 'out.csv'; select (1=1",
        "1=1); attach 'x.db'; select (1=1",
        "1=1); set lock_configuration=false; select (1=1",
        "1=1); install httpfs; select (1=1",
    ],
)
def test_nothing_but_the_source_can_be_reached(attempt: str, write: Write, fault: Fault) -> None:
    write("q.csv", "a\n1\n")
    assert fault(write("p.csv", TEXT), ["target"], where=attempt)[0] == "UsageError"


def test_the_connection_itself_is_locked(write: Write) -> None:
    from lossctl.sources.duck.database import connect

    allowed, other = write("p.csv", "a\n1\n"), write("q.csv", "a\n1\n")
    frame = pd.DataFrame({"a": [1]})
    assert len(frame) == 1
    with connect([allowed]) as connection:
        assert connection.execute(
            "select count(*) from read_csv('p.csv', auto_detect=false, columns={a: 'INT'}, header=true)"
        )
        for attempt in (
            f"from read_csv('{other}')",
            f"from '{other}'",
            "from read_text('/etc/passwd')",
            "from glob('/etc/*')",
            "copy (select 1) to 'out.csv'",
            "copy (select 1) to 'p.csv'",
            "attach 'x.db'",
            "set enable_external_access = true",
            "set allowed_paths = ['/etc/passwd']",
            "set threads = 1",
            "install httpfs",
            "load httpfs",
            "from frame",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(attempt)


def test_a_fault_of_the_condition_is_told_from_one_of_the_data(write: Write, fault: Fault) -> None:
    path = write("p.csv", "a,t\n1,x\n2,y\n")
    assert fault(path, ["a"], where="t::date > date '2020-01-01'")[0] == "UsageError"
    assert fault(path, ["t"], where="a > 0")[:2] == ("DataError", 'p.csv line 2, column "t": "x" is not a number')
