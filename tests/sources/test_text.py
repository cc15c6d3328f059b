"""Text files: what is read, and what each fault is called."""

from __future__ import annotations

import gzip
import importlib
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lossctl
from lossctl.core.errors import DataError
from lossctl.sources import ColumnType, ReadOptions, open_source

zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")

Write = Callable[[str, str | bytes], str]
Read = Callable[..., list[tuple[object, ...]]]
Fault = Callable[..., tuple[str, str, str | None]]

STRAY = "write a number there, or nothing where it is missing"
LABEL = "write numbers; or, if it is the label of a target, say that it counts as 1: --positive {}"
MEND = "mend the line; a value that holds the delimiter must stand in quotes"
QUOTES = "quote whole values, and write a quote inside a quoted value twice"
EMPTY = "it needs a header line with the names of its columns"
ICONV = "convert it, such as with: iconv -f ISO-8859-1 -t UTF-8 p.csv > utf8-p.csv"
UTF16 = "convert it: iconv -f UTF-16 -t UTF-8 p.csv > utf8-p.csv"

GOOD = {
    "plain": ("a,b\n1,2\n3,4\n", [(0, 1, 2), (1, 3, 4)]),
    "no last line end": ("a,b\n1,2\n3,4", [(0, 1, 2), (1, 3, 4)]),
    "byte-order mark": ("\ufeffa,b\n1,2\n", [(0, 1, 2)]),
    "CRLF": ("a,b\r\n1,2\r\n3,4\r\n", [(0, 1, 2), (1, 3, 4)]),
    "lone CR": ("a,b\r1,2\r3,4\r", [(0, 1, 2), (1, 3, 4)]),
    "blank lines": ("\n\na,b\n\n1,2\n\n\n3,4\n\n", [(0, 1, 2), (1, 3, 4)]),
    "blank lines in a file of one column are missing values": ("a\n1\n\n2\n", [(0, 1), (1, None), (2, 2)]),
    "spaces around numbers": ("a,b\n 1, 2 \n3 ,4\n", [(0, 1, 2), (1, 3, 4)]),
    "quotes": ('"a","b"\n"1","2"\n', [(0, 1, 2)]),
    "line end in a quoted name": ('"a",b,"c\nd"\n1,2,3\n', [(0, 1, 2, 3)]),
    "header alone": ("a,b\n", []),
    "header alone without line end": ("a,b", []),
    "empty fields": ('a,b\n,2\n"",3\n', [(0, None, 2), (1, None, 3)]),
    "not finite": ("a,b\nNaN,inf\n-Infinity,nan\n", [(0, None, math.inf), (1, -math.inf, None)]),
    "too large": ("a,b\n1e400,-1e400\n", [(0, math.inf, -math.inf)]),
    "underscores": ("a,b\n1_000,2\n", [(0, 1000, 2)]),
    "signs and exponents": ("a,b\n+1.5,-2e-3\n.5,5.\n", [(0, 1.5, -0.002), (1, 0.5, 5)]),
    "truth values": ("a,b\ntrue,1\nFALSE,0\n,2\n", [(0, 1, 1), (1, 0, 0), (2, None, 2)]),
    "a first column without a name": (",a,b\n0,1,2\n1,3,4\n", [(0, 1, 2), (1, 3, 4)]),
    "semicolons": ("a;b\n1;2\n", [(0, 1, 2)]),
    "tabs": ("a\tb\n1\t2\n", [(0, 1, 2)]),
    "bars": ("a|b\n1|2\n", [(0, 1, 2)]),
    "names that differ in case": ("a,A\n1,2\n", None),
}

BAD = {
    "empty": ("", "p.csv is empty", EMPTY),
    "blank": ("\n\n", "p.csv is empty", EMPTY),
    "twice the same name": (
        "a,b,a\n1,2,3\n",
        'p.csv line 1: two columns are called "a": 1 and 3',
        "rename one of them",
    ),
    "text": ("a,b\n1,2\nabc,3\n", 'p.csv line 3, column "a": "abc" is not a number', STRAY),
    "text with spaces": ("a,b\n1,n a\n", 'p.csv line 2, column "b": "n a" is not a number', LABEL.format("'n a'")),
    "the first of many": (
        "a,b\n" + "1,2\n" * 50_000 + "1,x\n" * 3 + "y,2\n",
        'p.csv line 50002, column "b": "x" is not a number',
        STRAY,
    ),
    "text after a byte-order mark": (
        "\ufeffa,b\n1,x\n",
        'p.csv line 2, column "b": "x" is not a number',
        LABEL.format("x"),
    ),
    "text after CRLF": ("a,b\r\n1,2\r\n1,x\r\n", 'p.csv line 3, column "b": "x" is not a number', STRAY),
    "decimal commas": (
        "a;b\n1;2\n3,5;4\n",
        'p.csv line 3, column "a": "3,5" is not a number',
        "if the comma is the decimal sign, add --decimal ,",
    ),
    "thousands": (
        "a;b\n1,234.5;4\n",
        'p.csv line 2, column "a": "1,234.5" is not a number',
        "write numbers without thousands separators",
    ),
    "header again": (
        "a,b\n1,2\na,b\n3,4\n",
        'p.csv line 3, column "a": "a" is not a number',
        "the header stands again on line 3: remove it",
    ),
    "truth among numbers": (
        "a,b\n1,1\ntrue,0\n",
        'p.csv line 3, column "a": "true" is not a number',
        "write 0 and 1 in the whole column, or false and true",
    ),
    "text among truth": (
        "a,b\n" + "true,1\n" * 30_000 + "maybe,0\n",
        'p.csv line 30002, column "a": "maybe" is not true or false',
        "write 0 and 1 in the whole column, or false and true",
    ),
    "too few": ("a,b\n1,2\n3\n4,5\n", "p.csv line 3 has 1 value where the header has 2 columns", MEND),
    "too many": ("a,b\n1,2\n3,4,5\n", "p.csv line 3 has 3 values where the header has 2 columns", MEND),
    "only spaces": ("a,b\n1,2\n   \n", "p.csv line 3 holds only spaces", "remove the line"),
    "unclosed quote": (
        'a,b\n1,2\n"3,4\n5,6\n',
        "p.csv line 3 has a quote that is never closed, or closed before its value ends",
        QUOTES,
    ),
    "unclosed quote in a long file": (
        'a,b\n1,"2\n' + "3,4\n" * 600_000,
        "p.csv line 2 has a quote that is never closed, or closed before its value ends",
        QUOTES,
    ),
    "quote that closes early": (
        'a,b\n1,"2"3\n',
        "p.csv line 2 has a quote that is never closed, or closed before its value ends",
        QUOTES,
    ),
    "unclosed quote in the header": (
        'a,"b\n1,2\n',
        "p.csv line 1: a quote in the header is never closed",
        "mend the header line",
    ),
    "mixed line ends": (
        "a,b\n1,2\n3,4\r\n5,6\n",
        "p.csv mixes line ends: line 1 ends in LF, line 3 in CRLF",
        "make them alike, such as with: dos2unix p.csv",
    ),
    "mixed line ends with quotes": (
        'a,b\r\n1,"2"\r\n"3","4"\n"5",6\r\n',
        "p.csv mixes line ends: line 1 ends in CRLF, line 3 in LF",
        "make them alike, such as with: dos2unix p.csv",
    ),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "p.csv is UTF-16 text, not UTF-8", UTF16),
    "UTF-16 without its mark": ("a,b\n1,2\n".encode("utf-16-le"), "p.csv is UTF-16 text, not UTF-8", UTF16),
    "NUL": (
        b"a,b\n1,\x002\n",
        "p.csv is not text: it holds NUL bytes",
        "name a CSV, TSV, JSON lines or Parquet file",
    ),
    "bad byte in the header": (
        b"a,\xe9\n1,2\n",
        "p.csv line 1 is not UTF-8: byte 0xe9 at position 3 of the line",
        ICONV,
    ),
    "bad byte in a number": (
        b"a,b\n1,2\n3,4\xe9\n",
        "p.csv line 3 is not UTF-8: byte 0xe9 at position 4 of the line",
        ICONV,
    ),
    "line too long": (
        "a,b\n1," + "4" * 2_100_000 + "\n",
        "p.csv line 2 is longer than 2 MB",
        "check its quotes and line ends",
    ),
}


@pytest.mark.parametrize("name", [name for name, (_, rows) in GOOD.items() if rows is not None])
def test_good_text(name: str, write: Write, read: Read) -> None:
    content, rows = GOOD[name]
    assert read(write("p.csv", content)) == rows


@pytest.mark.parametrize("name", BAD)
def test_bad_text(name: str, write: Write, fault: Fault) -> None:
    content, problem, cure = BAD[name]
    assert fault(write("p.csv", content)) == ("DataError", problem, cure)


def test_lines_are_physical_lines(write: Write, fault: Fault) -> None:
    path = write("p.csv", 'a,b,t\n1,2,"x\ny"\n\n3,z,"x\n\n"\n')
    assert fault(path, ["a", "b"])[1] == 'p.csv line 5, column "b": "z" is not a number'


def test_columns_that_differ_in_case_are_told_apart_but_not_read_together(
    write: Write, read: Read, fault: Fault
) -> None:
    path = write("p.csv", "a,A\n1,2\n")
    assert read(path, ["a"]) == [(0, 1)]
    assert read(path, ["A"]) == [(0, 2)]
    assert fault(path, ["a", "A"])[1] == 'the columns "a" and "A" differ only in case'


def test_decimal_commas(write: Write, read: Read, fault: Fault) -> None:
    path = write("p.csv", "a;b\n1,5;2\n-3,25e1;4\n")
    assert read(path, options=ReadOptions(decimal=",")) == [(0, 1.5, 2), (1, -32.5, 4)]
    point = write("q.csv", "a;b\n1.5;2\n")
    problem = 'q.csv line 2, column "a": "1.5" is not a number'
    assert fault(point, options=ReadOptions(decimal=",")) == (
        "DataError",
        problem,
        "its decimal sign is a point: leave out --decimal ,",
    )


def test_null_tokens_stand_beside_the_empty_field(write: Write, read: Read) -> None:
    path = write("p.csv", "a,b\n1,NA\n-,2\n,'\n")
    assert read(path, options=ReadOptions(null=("NA", "-", "'"))) == [(0, 1, None), (1, None, 2), (2, None, None)]


def test_the_header_settles_the_delimiter(write: Write) -> None:
    path = write("p.csv", "x,y;target\n1;2\n")
    with open_source(path, fits=lambda names: "target" in names) as source:
        assert list(source.columns) == ["x,y", "target"]
    with open_source(path, fits=lambda names: "x" in names) as source:
        assert list(source.columns) == ["x", "y;target"]


def test_a_given_delimiter_wins(write: Write, read: Read) -> None:
    path = write("p.tsv", "a b\n1 2\n")
    assert read(path, options=ReadOptions(delimiter=" ")) == [(0, 1, 2)]
    tabs = write("q.tsv", "a,b\tc\n1\t2\n")
    assert read(tabs) == [(0, 1, 2)]
    assert read(write("q.csv", "a,b\tc\n1\t2\n"), options=ReadOptions(delimiter="tab")) == [(0, 1, 2)]
    assert read(write("q.dat", "a,b\tc\n1\t2\n"), options=ReadOptions(format="tsv")) == [(0, 1, 2)]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (ReadOptions(delimiter=""), "'' cannot be a delimiter"),
        (ReadOptions(delimiter='"'), "'\"' cannot be a delimiter"),
        (ReadOptions(delimiter=",,"), "',,' cannot be a delimiter"),
        (ReadOptions(delimiter=",", decimal=","), "',' cannot be both the delimiter and the decimal sign"),
        (ReadOptions(decimal="'"), 'the decimal sign "\'" is neither a point nor a comma'),
        (ReadOptions(format="xlsx"), "no format is called 'xlsx'"),
        (ReadOptions(threads=0), "0 threads cannot read"),
    ],
)
def test_options_that_make_no_sense(options: ReadOptions, problem: str, write: Write, fault: Fault) -> None:
    assert fault(write("p.csv", "a,b\n1,2\n"), options=options)[:2] == ("UsageError", problem)


def test_bytes_that_are_not_utf8_matter_only_where_they_are_read(write: Write, read: Read, fault: Fault) -> None:
    path = write("p.csv", b"t,a\nx,1\n\xe9,2\n")
    assert read(path, ["a"]) == [(0, 1), (1, 2)]
    problem = "p.csv line 3 is not UTF-8: byte 0xe9 at position 1 of the line"
    assert fault(path, ["a"], where="t = 'x'") == ("DataError", problem, ICONV)


def test_column_types_before_reading(write: Write) -> None:
    with open_source(write("p.csv", "a,b,c\n1,true,x\n2,false,\n")) as source:
        assert source.columns == {"a": ColumnType.UNKNOWN, "b": ColumnType.BOOLEAN, "c": ColumnType.UNKNOWN}
        assert source.name == "p.csv"


def test_places_and_raw_values(write: Write) -> None:
    text = 'a,b\n1,2\n1e400,"5\n"\n\n3,4\n'
    with open_source(write("p.csv", text)) as source:
        assert [str(source.locate(row)) for row in range(3)] == ["p.csv line 2", "p.csv line 3", "p.csv line 6"]
        assert source.raw(1, "a") == "1e400"
        assert source.locate(2).row == 3
        assert source.raw(99, "a") is None


@pytest.mark.parametrize(
    ("head", "row", "line"),
    [
        ("a,b\n", "1.5,2.25\n", 200_002),
        ("\ufeffa,b\n", "1.5,2.25\n", 200_002),
        ("\n\na,b\n", "1.5,2.25\n", 200_004),
        ("a,b\r\n", "1.5,2.25\r\n", 200_002),
        ('"a\n",b\n', "1.5,2.25\n", 200_003),
        ("a,b\n", "1.5,2.2500000000000000000000000000\n\n", 400_002),
        ("a\n", "1.5555555\n", 200_002),
    ],
)
def test_places_far_down(head: str, row: str, line: int, write: Write) -> None:
    last = row.replace("1.5", "7.5")
    with open_source(write("p.csv", head + row * 200_000 + last + row * 5)) as source:
        assert source.locate(200_000).line == line
        assert source.raw(200_000, next(iter(source.columns)))[:3] == "7.5"
        assert source.raw(199_999, next(iter(source.columns)))[:3] == "1.5"
        assert source.raw(200_001, next(iter(source.columns)))[:3] == "1.5"


def test_a_blank_line_where_two_chunks_meet_is_counted(write: Write) -> None:
    chunk = "a,b\n" + "1.5,2.5\n" * 131_072
    assert len(chunk) == (1 << 20) + 4
    path = write("p.csv", chunk + "\n" + "1.5,2.5\n" * 262_144 + "7.5,2.5\n")
    with open_source(path) as source:
        assert source.locate(393_216).line == 393_219
        assert source.raw(393_216, "a") == "7.5"


def test_a_byte_order_mark_hides_no_quote_of_the_header(write: Write) -> None:
    with open_source(write("p.csv", '\ufeff"a\n",b\n1,2\n')) as source:
        assert source.locate(0).line == 3


def test_line_ends_inside_quotes_are_not_mixed_line_ends(write: Write, fault: Fault) -> None:
    path = write("p.csv", 'a,b,t\n1,2,"x\r\ny\r\nz"\n1,x,"x"\n')
    assert fault(path, ["a", "b"])[1] == 'p.csv line 5, column "b": "x" is not a number'


def test_blank_lines_of_a_file_of_one_column_have_places(write: Write) -> None:
    with open_source(write("p.csv", "\n\na\n1\n\n2\n")) as source:
        assert [source.locate(row).line for row in range(3)] == [4, 5, 6]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_text(suffix: str, write: Write, read: Read, fault: Fault) -> None:
    pack = gzip.compress if suffix == ".gz" else zstd.compress
    rows = "".join(f"{number},{number / 8}\n" for number in range(50_000))
    path = write(f"p.csv{suffix}", pack(f"a,b\n{rows}".encode()))
    found = read(path)
    assert len(found) == 50_000
    assert found[-1] == (49_999, 49_999, 49_999 / 8)
    assert read(write(f"two.csv{suffix}", pack(b"a,b\n1,2\n") + pack(b"3,4\n"))) == [(0, 1, 2), (1, 3, 4)]
    with open_source(path) as source:
        assert str(source.locate(40_000)) == f"p.csv{suffix} line 40002"
    bad = write(f"q.csv{suffix}", pack(b"a,b\n1,2\n\n3,x\n"))
    assert fault(bad)[1] == f'q.csv{suffix} line 4, column "b": "x" is not a number'


def test_damaged_compression_is_never_silent(write: Write, fault: Fault) -> None:
    text = ("a,b\n" + "".join(f"{n},{n * 0.37}\n" for n in range(30_000))).encode()
    checked = {zstd.CompressionParameter.checksum_flag: 1}
    for suffix, packed, kind in (
        (".gz", gzip.compress(text), "gzip"),
        (".zst", zstd.compress(text, options=checked), "zstd"),
    ):
        name = f"p.csv{suffix}"
        for cut in (4, 500, len(packed) - 20):
            write(name, packed[:-cut])
            problem = f"{name} is cut short: its {kind} data do not decompress"
            assert fault(name) == ("DataError", problem, "copy or download it again")
        for broken in (
            packed[:5000] + b"\xff" * 20 + packed[5020:],
            packed[:-8] + b"\0\0\0\0" + packed[-4:],
            packed + b"x",
        ):
            write(name, broken)
            assert fault(name)[1].startswith(f"{name} is damaged (")
        write(name, text)
        assert fault(name)[1] == f"{name} is not {kind} data"


def test_a_compressed_file_is_found_by_its_bytes(write: Write, read: Read) -> None:
    assert read(write("p.csv", gzip.compress(b"a,b\n1,2\n"))) == [(0, 1, 2)]
    assert read(write("p", zstd.compress(b"a,b\n1,2\n"))) == [(0, 1, 2)]


def test_damage_is_an_error_even_after_all_rows_were_given(write: Write) -> None:
    packed = gzip.compress(("a,b\n" + "1,2\n" * 100_000).encode())
    write("p.csv.gz", packed[:-8] + b"\0\0\0\0" + packed[-4:])
    with open_source("p.csv.gz") as source:
        batches = source.read(["a"])
        rows = 0
        while rows < 100_000:
            rows += len(next(batches))
        with pytest.raises(DataError, match="damaged"):
            next(batches)


def test_an_early_end_does_not_wait_for_the_check(write: Write) -> None:
    write("p.csv.gz", gzip.compress(("a,b\n" + "1,2\n" * 100_000).encode()))
    with open_source("p.csv.gz") as source:
        batches = source.read(["a"])
        assert len(next(batches)) > 0
        batches.close()
        assert sum(map(len, source.read(["a"]))) == 100_000


@pytest.mark.parametrize(("rows", "bad"), [(10, 3), (5000, 10), (100_000, 2048)])
def test_a_bad_value_is_named_however_many_rows_follow(rows: int, bad: int, write: Write, fault: Fault) -> None:
    write("p.csv", "a,b\n" + "".join(f"1,{'abc' if row == bad else row}\n" for row in range(rows)))
    assert fault("p.csv")[1] == f'p.csv line {bad + 2}, column "b": "abc" is not a number'


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
def test_the_delimiter_of_a_pipe_is_settled_by_the_columns_needed() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"target;prediction;a,b,c,d\n1;2;x\n3;5;y\n")
    os.close(writer)
    try:
        (result,) = lossctl.evaluate(f"/dev/fd/{reader}", "mae")
    finally:
        os.close(reader)
    assert result.value == 1.5
