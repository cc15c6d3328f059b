"""What a condition may hold: the list of allowed functions against every function of DuckDB, and what is bounded."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

import lossctl
from lossctl.core.errors import DataError, UsageError
from lossctl.sources import open_source
from lossctl.sources.duck.database import connect, disconnect
from lossctl.sources.query import limits, where
from lossctl.sources.query.allowed import COLLATIONS, FUNCTIONS, INSTEAD, TEXT_MAKERS, TYPES
from lossctl.sources.query.where import parse_filter
from tests.transcript import ROOT

Write = Callable[[str, str | bytes], str]
Read = Callable[..., list[tuple[object, ...]]]
Fault = Callable[..., tuple[str, str, str | None]]

OF_MANY_ROWS = "it is of many rows, and a condition is of one"
EACH_TIME = "it gives another answer each time"
ZONES = frozenset(
    """
    + - date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek
    dayofyear decade century millennium era hour isodow isoyear julian last_day make_timestamptz microsecond millisecond
    minute month monthname quarter second strftime time_bucket timezone week weekday weekofyear year yearweek
    """.split()  # noqa: SIM905 -- a list literal would fill a page
)
"""Functions that DuckDB calls constant within a query, for they know the time zone, which is fixed."""


@pytest.fixture(scope="module")
def locked() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect([])
    yield connection
    disconnect(connection)


def known(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str | None]]:
    query = "select distinct function_name, function_type, stability from duckdb_functions()"
    return [(name, kind, stability) for name, kind, stability in connection.execute(query).fetchall()]


def test_every_function_of_duckdb_is_on_the_list_or_refused(
    locked: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, "_no_such_function", lambda _text, name, _connection: UsageError(name))  # which is slow
    found = known(locked)
    assert len(found) > 1000
    names = {name for name, *_ in found}
    assert FUNCTIONS.keys() <= names | {"if", "nullif"}
    for name in names:
        call = f'"{name}"(a) = 1'
        if name in FUNCTIONS and name not in {"replace", "regexp_replace"}:
            parse_filter(call, locked)
        else:
            with pytest.raises(UsageError):
                parse_filter(call, locked)


def test_what_is_allowed_hangs_on_the_row_alone(locked: duckdb.DuckDBPyConnection) -> None:
    for name, kind, stability in known(locked):
        if name in FUNCTIONS:
            assert kind in {"scalar", "macro"} or name in {"greatest", "least"}, name
            assert stability in {"CONSISTENT", None} or (stability == "CONSISTENT_WITHIN_QUERY" and name in ZONES), name
    assert FUNCTIONS.keys() >= ZONES
    assert FUNCTIONS.keys() >= TEXT_MAKERS
    assert not INSTEAD.keys() & FUNCTIONS.keys()


def test_no_allowed_function_reads_the_clock_or_a_setting(locked: duckdb.DuckDBPyConnection) -> None:
    """A macro is what its text says: it calls what may be called too."""
    query = "select function_name, macro_definition from duckdb_functions() where function_type = 'macro'"
    allowed = {*FUNCTIONS, "list_aggr", "case", "cast", "coalesce"}
    seen = set()
    for name, text in locked.execute(query).fetchall():
        if name in FUNCTIONS:
            seen.add(name)
            assert {each.lower() for each in re.findall(r'"?(\w+)"?\(', text)} <= allowed, (name, text)
    assert {"nullif", "split_part", "list_sum"} <= seen


def test_types_and_collations_of_the_list_are_there(locked: duckdb.DuckDBPyConnection) -> None:
    for each in TYPES - {"list", "struct", "map", "double precision"}:
        parse_filter(f"a::{each} is null", locked)
    for each in COLLATIONS:
        parse_filter(f"a collate {each} = 'x'", locked)


def test_the_page_lists_what_may_be_called() -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"\n\| of \| functions \|\n.*?\n\n", page, re.DOTALL)
    told = {
        (kind, name)
        for kind, cell in re.findall(r"^\| ([\w ]+) \| (`.*`) \|$", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
    }
    assert {(kind, name.replace("\\|", "|")) for kind, name in told} == {
        (kind, name) for name, kind in FUNCTIONS.items()
    }


USUAL = """
a = 1 | a != 1 and not (b < 2 or b >= 5) | a in (1, 2, 3) | a not in (1) | a between 1 and 2 | s like 'n%'
s not like '_x' | s ilike 'N%' | s similar to 'n.*' | s ~ 'n' | s glob 'n*' | s like 'a!%' escape '!'
regexp_matches(s, '^n(o|a)rth$') | s is null | s is not null | a is distinct from b
case when s = 'x' then a > 1 else false end | a + b * 2 - 1 > a / 2 | a % 2 = 0 | a // 2 = 1 | a ** 2 > 3 | -a < 0
abs(a - b) < 0.5 | round(a, 2) = 1.5 | greatest(a, b) > 1 | sqrt(a) > 1 | lower(trim(s)) = 'x' | length(s) > 3
s || 'x' = 'nx' | substring(s, 1, 2) = 'no' | substring(s from 1 for 2) = 'no' | left(s, 1) = 'n'
split_part(s, '-', 1) = 'a' | starts_with(s, 'n') | contains(s, 'o') | replace(s, ',', '') = 'x'
regexp_extract(s, '[0-9]+')::int > 3 | regexp_replace(s, '[^0-9]', '', 'g') = '12' | position('x' in s) > 0
concat(s, 'x') = 'y' | string_split(s, ',')[1] = 'a' | md5(s) < '8' | md5_number(s) % 10 = 0 | nullif(s, '') is null
coalesce(a, b, 0) > 1 | ifnull(a, 0) > 1 | if(a > 1, b, 2) = 2 | d::date >= date '2024-01-31'
date_trunc('month', d::date) = '2024-01-01' | extract(year from d::date) = 2024 | year(d::date) = 2024
d::timestamp + interval 1 day > timestamp '2024-01-01 10:00:00' | date_diff('day', d::date, date '2024-03-01') < 30
dayofweek(d::date) in (0, 6) | strftime(d::date, '%Y') = '2024' | strptime(s, '%d.%m.%Y') > '2024-01-01'::date
d::timestamptz at time zone 'Europe/Berlin' > '2024-01-01'::timestamp | try_cast(s as int) > 2
cast(a as varchar) = '1' | list_contains([1, 2], a) | a in [1, 2] | len([a, b]) = 2 | t.x = 1 | t['x'] = 1
struct_extract(t, 'x') = 1 | {'x': a}.x = 1 | j->>'k' = 'v' | (j->'k') = '1' | json_extract_string(j, '$.k') = 'v'
s collate nocase = 'NORTH' | true | a | a is true | a is not unknown | isnan(a) | isfinite(a) | exp(a) > ln(b)
s > 'a' | a = 1 -- a comment
"""


@pytest.mark.parametrize("text", [each.strip() for line in USUAL.strip().splitlines() for each in line.split(" | ")])
def test_what_people_write_is_allowed(text: str, locked: duckdb.DuckDBPyConnection) -> None:
    assert parse_filter(text, locked).text == text


REFUSED = {
    "age(d::date) > interval 1 day": "calls age(): its value can depend on more than the row",
    "sleep_ms(10) is null": f"calls sleep_ms(): {EACH_TIME}",
    "pg_sleep(1) is null": "calls pg_sleep(): its value can depend",
    "length(repeat('x', 2000000000)) > 1": "calls repeat(): its value can depend on more than the row, or it can take",
    "length(lpad(s, 2000000000, 'x')) > 1": "calls lpad(): ",
    "printf('%1000000000d', 1) = ''": "calls printf(): ",
    "len(range(1000000000)) > 1": "calls range(): ",
    "current_query() = ''": f"calls current_query(): {EACH_TIME}",
    "version() = 'v1'": "calls version(): ",
    "VERSION() = 'v1'": "calls version(): ",
    "now() > d": "calls now(): ",
    "random() < 0.5": f"calls random(): {EACH_TIME}",
    "hash(a) % 2 = 0": "calls hash(): ",
    "getvariable('x') = 1": "calls getvariable(): ",
    "current_setting('threads') = 1": "calls current_setting(): ",
    "error('x')": f"calls error(): {EACH_TIME}",
    "write_log('x') is null": f"calls write_log(): {EACH_TIME}",
    "nextval('x') = 1": f"calls nextval(): {EACH_TIME}",
    "typeof(a) = 'DOUBLE'": "calls typeof(): ",
    "count(*) > 1": f"calls count_star(): {OF_MANY_ROWS}",
    "sum(a) filter (a > 1) > 1": f"calls sum(): {OF_MANY_ROWS}",
    "list_aggregate([a], 'sum') = 1": "calls list_aggregate(): ",
    "list_transform([a], x -> x) = [1]": "calls list_transform(): ",
    "nonsense(a)": "calls nonsense(): there is no such function",
    "lowr(s) = 'x'": "calls lowr(): there is no such function",
    "abs(distinct a) = 1": "calls abs(): ",
    "abs(a order by b) = 1": "calls abs(): ",
    "main.abs(a) = 1": "main.abs() is no function",
    "s.lower() = 'x'": "s.lower() is no function",
    "#1 = 1": "holds a column by its number",
    "columns('a') = 1": "holds *",
    "(x -> x) = 1": "holds a function of its own",
    "[x for x in [a] if x > 1] = [1]": "calls list_apply(): ",
    "a = any([1, 2])": "holds another query",
    "unnest([a]) = 1": "calls unnest(): ",
    "try(a / 0) = 1": "holds try()",
    "grouping(a) = 1": "holds grouping_function()",
    "a::regclass = 1": "regclass is no type that a condition may cast to",
    "a::main.x = 1": "x is no type",
    'a::"my type" = 1': "my type is no type",
    "a::enum('x') = 'x'": "enum is no type",
    "a::int[1000000000] is null": "array is no type",
    "a::union(x int) is null": "UNION is no type",
    "s collate de = 'x'": "there is no collation de",
    "a) window w as (order by b": "is more than one condition",
    "a) or (b": None,
    "replace(s, 'a', s) = 'x'": "replace() takes something else than two texts",
    "regexp_replace(s, '.', concat('a', 'b'), 'g') = 'x'": "regexp_replace() takes something else",
    "replace(s, 'a', '" + "b" * 300 + "') = 'x'": "more than 250 copies",
    "regexp_replace(regexp_replace(s, '.', '0123456789012345'), '.', '0123456789012345') = 'x'": "more than 250 copies",
    "||".join(["s"] * 30) + " = 'x'": "more than 250 copies",
    "concat(" + ", ".join(["s"] * 300) + ") = 'x'": "more than 250 copies",
    "concat_ws(s, " + ", ".join(["''"] * 300) + ") = 'x'": "more than 250 copies",
    "CONCAT_WS(s || s, " + ", ".join(["''"] * 130) + ") = 'x'": "more than 250 copies",
    " or ".join(f"s[{n}:] = 'x'" for n in range(300)): "more than 250 copies",
    "replace(" * 3 + "'" + "a" * 90 + "'" + (", 'a', '" + "a" * 90 + "')") * 3 + " = s": "more than 250 copies",
    "array[" + ", ".join(["s"] * 300) + "] is null": "more than 250 copies",
    "s || '" + "x" * 30_000 + "' = 'x'": "more than 250 copies",
    " or ".join(["lower(s) = 'x'"] * 300): "more than 250 copies",
    "len(" + " || ".join(["string_split(s, '')"] * 8) + ") > 1": "more than 250 copies",
    " + ".join(["a"] * 120) + " > 1": "is nested too deeply",
    "not " * 950 + "a": "is nested too deeply",
    "not " * 5000 + "a": "is nested too deeply",
    "(" * 5000 + "a" + ")" * 5000: "is nested too deeply",
    "a in (" + ", ".join(["1"] * 40_000) + ")": "has 120005 characters, and 100000 are the most",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_hangs_on_more_than_the_row_is_refused(text: str, locked: duckdb.DuckDBPyConnection) -> None:
    said = REFUSED[text]
    if said is None:
        assert parse_filter(text, locked)
        return
    with pytest.raises(UsageError) as caught:
        parse_filter(text, locked)
    assert said in caught.value.problem
    assert caught.value.cure


def test_long_conditions_that_people_write_are_taken(locked: duckdb.DuckDBPyConnection) -> None:
    parse_filter(f"a in ({', '.join(map(str, range(15_000)))})", locked)
    parse_filter(" or ".join(f"(a = {n} and s = 'x')" for n in range(2_000)), locked)
    parse_filter(f"a in [{', '.join(map(str, range(15_000)))}]", locked)
    parse_filter(f"s in {[str(n) for n in range(3_000)]}", locked)
    parse_filter(f"concat_ws(', ', {', '.join(['s'] * 100)}) = 'x'", locked)
    parse_filter(" + ".join(["a"] * 90) + " > 1", locked)
    parse_filter("replace(replace(replace(s, ',', ''), '$', ''), '%', '') = 'x'", locked)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("lowr(s) = 'x'", "did you mean lower"),
        ("datedif('day', d, d) = 1", "did you mean date_diff or datediff"),
        ("age(d) > d", "date_diff('day', a, b)"),
        ("today() > d", "write the day: date '2026-01-31'"),
        ("random() < 0.1", "md5_number(id) % 10 = 0"),
        ("zzz(s)", "docs/formats.md lists"),
        ("s.lower() = 'x'", "write lower(s, …)"),
    ],
)
def test_the_hint_says_what_to_write(text: str, cure: str, locked: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter(text, locked)
    assert cure in str(caught.value.cure)
    for written in re.findall(r"(?:write the day: |the rows: )(.+)$", str(caught.value.cure)):
        parse_filter(f"{written} is not null", locked)


@pytest.mark.parametrize("clock", ["current_date", "current_timestamp", "localtime", "current_user", "user", "rowid"])
def test_names_without_brackets_are_columns(clock: str, write: Write, read: Read, fault: Fault) -> None:
    assert fault(write("p.csv", "a\n1\n"), ["a"], where=f"{clock} is not null")[1].endswith(
        f'there is no column "{clock}"'
    )
    assert read(write("q.csv", f"a,{clock}\n1,2\n2,3\n"), ["a"], where=f"{clock} = 3") == [(1, 2)]


def test_times_do_not_hang_on_the_zone_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "p.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1.0 a, '2024-01-01 02:00:00+00'::timestamptz t) to '{path}'")
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        with open_source(path) as source:
            assert [
                len(each) for each in source.read(["a"], where="hour(t) = 2 and t::varchar like '%02:00:00+00'")
            ] == [1]
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("key", [None, "g"])
def test_a_condition_has_only_so_long(key: str | None, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{n},{n % 7}\n" for n in range(20_000))
    path = write("p.csv", f"a,g\n{rows}")
    monkeypatch.setattr(limits, "SECONDS", 0.0005)
    with (
        open_source(path) as source,
        pytest.raises(DataError, match=r"'a > 3' gave no row for 0\.0005 seconds") as caught,
    ):
        list(source.read(["a"], where="a > 3", group=key))
    assert "filter the file before" in str(caught.value.cure)
    with open_source(path) as source:
        assert sum(map(len, source.read(["a"]))) == 20_000


def test_patterns_take_no_more_than_linear_time(write: Write, read: Read) -> None:
    cell = "a" * 100_000
    path = write("p.csv", f"x,s\n1,{cell}\n")
    started = time.perf_counter()
    for pattern in ("s like '" + "%a" * 20 + "%b'", "s like '_" + "%a_" * 20 + "b'", "s ilike '%A" + "%a" * 20 + "%b'"):
        assert read(path, ["x"], where=pattern) == []
    for pattern in ("(a*)*(a*)*b$", "(a|aa)+b", "(a+a+)+b", "(?i)(A|a)*c"):
        assert read(path, ["x"], where=f"regexp_matches(s, '{pattern}')") == []
        assert read(path, ["x"], where=f"s similar to '{pattern}'") == []
    assert time.perf_counter() - started < 20.0


def test_a_condition_over_two_files_has_only_so_long(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{n},{n}.5,{n}\n" for n in range(20_000))
    paths = [write(f"{name}.csv", f"id,prediction,target\n{rows}") for name in "ab"]
    monkeypatch.setattr(limits, "SECONDS", 0.0005)
    with pytest.raises(DataError, match=r"'id > 3' gave no row for"):
        lossctl.compare(paths, "mae", key="id", where="id > 3")
