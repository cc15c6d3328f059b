"""How text files are laid out: rows shifted by a row name, spaces, comments, skipped lines, odd line ends, twin names.

What cannot be told by syntax is refused with each reading and its cure, and every cure is followed.
"""

from __future__ import annotations

import gzip
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.cli.cases import Ran, Run
from tests.cures import error_of, follow, hint_of

pytestmark = pytest.mark.usefixtures("shared_databases")

EVAL = ("eval", "--loss", "mae", "-f", "bare")
TWO_READINGS = "either the first, which numbers the rows, or the last, which is empty"
SHIFTED = '"target","prediction","note"\n"1",10,11,\n"2",20,22,\n"3",30,33,\n'


def written(name: str, text: str | bytes) -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def value(ran: Ran) -> float:
    assert ran.code == 0, ran.stderr
    return float(ran.stdout)


def shifted(delimiter: str, quote: str, first: int, rows: int, end: str = "\n") -> str:
    """Write a table as R does: row names that have no name, and a last column that is empty throughout."""
    names = delimiter.join(f"{quote}{name}{quote}" for name in ("target", "prediction", "note"))
    lines = (
        delimiter.join((f"{quote}{first + row}{quote}", str(10 * row), str(10 * row + 2), "")) for row in range(rows)
    )
    return end.join([names, *lines, ""])


@pytest.mark.parametrize(
    ("delimiter", "quote", "first", "end"),
    [*product(",\t", ["", '"'], [0, 1], ["\n"]), (",", '"', 1, "\r\n"), (";", "", 1, "\r")],
)
def test_rows_that_are_numbered_and_end_in_a_delimiter(
    delimiter: str, quote: str, first: int, end: str, run: Run
) -> None:
    text = shifted(delimiter, quote, first, 4, end)
    ran = run(*EVAL, written("p.csv", text))
    assert (ran.code, ran.stdout) == (3, "")
    assert TWO_READINGS in error_of(ran)
    header = text.split(end, 1)[0]
    named = text.replace(header, f"row{delimiter}{header}", 1)
    assert value(run(*EVAL, written("p.csv", named))) == 2.0
    ended = text.replace(header, header + delimiter, 1)
    expected = np.mean([abs(first + row - 10 * row) for row in range(4)])
    assert value(run(*EVAL, written("p.csv", ended))) == expected


@pytest.mark.parametrize("how", ["plain", "gzip", "glob", "targets"])
def test_large_files_that_are_shifted(how: str, run: Run) -> None:
    text = shifted(",", '"', 1, 9_000)
    source: tuple[str, ...] = (written("p.csv", text),)
    if how == "gzip":
        source = (written("p.csv.gz", gzip.compress(text.encode(), 1)),)
    if how == "glob":
        written("q1.csv", "target,prediction,note\n1,2,3\n")
        written("q2.csv", text)
        source = ("q*.csv",)
    if how == "targets":
        written("k.csv", "note,guess\n2,5\n")
        source = ("k.csv", "--targets", "p.csv", "--key", "note", "-p", "guess")
    assert TWO_READINGS in error_of(run(*EVAL, *source))


def test_rows_that_merely_end_in_delimiters(run: Run) -> None:
    ran = run(*EVAL, written("p.csv", "target,prediction,comment\n1,4,x,\n2,5,y,\n3,6,z,\n"))
    assert value(ran) == 3.0
    assert any('rows end in "," after the last column' in line for line in ran.lines)
    assert run(*EVAL, written("p.csv", "target,prediction,comment\n1,4,x\n2,5,y\n3,7,z\n")).said == []


def test_a_shift_is_warned_of_wherever_rows_are_read(run: Run) -> None:
    written("p.csv", "target,prediction,comment\n4,4,x,\n2,5,y,\n3,6,z,\n")
    written("q.csv", "target,prediction,comment\n4,1,x\n2,5,y\n3,6,z\n")
    for words in (
        ("compare", "q.csv", "p.csv", "--loss", "mae"),
        ("check", "p.csv", "--gate", "mae <= 3"),
        ("eval", "p.csv", "--loss", "mae", "--per-row"),
        ("eval", "p.csv", "--loss", "mae", "--top", "1"),
        ("baseline", "p.csv", "--loss", "mae", "-k", "comment", "-o", "b.parquet"),
    ):
        assert any("rows end in" in line for line in run(*words).lines), words


SIBLINGS = {
    "R's write.table": ('"target","prediction"\n"1",10,11\n"2",20,22\n', "begin the header with a name", "row,"),
    "a name too many": ("target,prediction,note\n10,11\n20,22\n", "remove the name in the header", None),
    "a header that ends in a delimiter": ("target,prediction,\n10,11\n20,22\n", 'remove "," from the end', None),
    "row names that are words": (
        '"target","prediction"\n"a",10,11\n"b",20,22\n',
        "begin the header with a name",
        "row,",
    ),
    "spaces and row names": ('"target" "prediction"\n"1" 10 11\n"2" 20 22\n', "with a name for it and a space", "row "),
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_headers_with_a_name_more_or_less(name: str, run: Run) -> None:
    text, cure, start = SIBLINGS[name]
    (*_, ran) = follow(run, *EVAL, written("p.csv", text))
    assert (ran.code, ran.stdout) == (3, "")
    assert cure in hint_of(ran)
    header = text.split("\n", 1)[0]
    cured = start + header if start else header.removesuffix(",").removesuffix(",note")
    (*_, ran) = follow(run, *EVAL, written("p.csv", text.replace(header, cured, 1)))
    assert value(ran) == 1.5


def test_no_shift_gives_a_wrong_value_without_a_word(run: Run) -> None:
    """Write random tables with and without row names, trailing delimiters and names too few: right, or said."""
    rng = np.random.default_rng(20)
    for _ in range(40):
        rows, extra = int(rng.integers(1, 6)), int(rng.integers(0, 3))
        table = rng.integers(0, 4, (rows, 2))
        named, trailing, delimiter = rng.random() < 0.6, rng.random() < 0.6, str(rng.choice([",", "\t", ";"]))
        start = int(rng.integers(0, 3))
        columns = [[str(start + row)] * named + [str(each) for each in table[row]] for row in range(rows)]
        more = [[str(rng.choice(["", "x", "7"])) for _ in range(extra)] for _ in range(rows)]
        lines = [[*one, *two, *[""] * trailing] for one, two in zip(columns, more, strict=True)]
        header = ["target", "prediction", *(f"n{number}" for number in range(extra))]
        text = "\n".join(delimiter.join(line) for line in [header, *lines]) + "\n"
        ran = run(*EVAL, written("p.csv", text))
        if ran.code == 0 and float(ran.stdout) != np.abs(table[:, 0] - table[:, 1]).mean():
            assert any("rows end in" in line for line in ran.lines), text
            numbered = start < 2 and [line[0] for line in lines] == [str(start + row) for row in range(rows)]
            assert not (numbered and all({*line[1:3]}.isdisjoint({"", "x"}) for line in lines)), text


CURED = {
    "spaces": "target prediction\n10 11\n20 22\n",
    "a comment": "# model: v1\ntarget,prediction\n10,11\n20,22\n",
    "comments with quotes and a blank line": '# "a", b\n# it"s\n\ntarget;prediction\n10;11\n20;22\n',
    "a title in a spreadsheet": "Results of May;;\n;;\ntarget;prediction;\n10;11;\n20;22;\n",
    "a comment in a CRLF file": "# model: v1\r\ntarget\tprediction\r\n10\t11\r\n20\t22\r\n",
}


@pytest.mark.parametrize("name", CURED)
def test_layouts_whose_cure_is_a_flag(name: str, run: Run) -> None:
    runs = follow(run, *EVAL, written("p.csv", CURED[name]))
    assert runs[0].code == 2
    assert value(runs[-1]) == 1.5


def test_several_spaces(run: Run) -> None:
    ran = run(*EVAL, written("p.txt", "target   prediction\n    10           11\n"))
    assert error_of(ran) == "p.txt line 1: several spaces separate the values, and a delimiter is one character"
    assert "tr -s ' ' < p.txt > one-space-p.txt" in hint_of(ran)


def test_a_line_that_says_what_separates_values_is_obeyed(run: Run) -> None:
    for text in ("sep=;\ntarget;prediction\n1;2\n3;5\n", '"sep=|"\r\n\r\ntarget|prediction\r\n1|2\r\n3|5\r\n'):
        assert value(run(*EVAL, written("p.csv", text))) == 1.5
    assert value(run(*EVAL, "--delimiter", ";", written("p.csv", "sep=,\ntarget;prediction\n1;2\n3;5\n"))) == 1.5
    ran = run(*EVAL, "--decimal", ",", written("p.csv", "sep=,\ntarget,prediction\n1,2\n"))
    assert "cannot be both the delimiter and the decimal sign" in error_of(ran)


def test_lines_that_are_skipped(run: Run) -> None:
    written("p.csv", "target,prediction\nfirst,second\ntarget,prediction\n1,2\n3,x\n")
    assert 'p.csv line 5, column "prediction": "x"' in error_of(run(*EVAL, "--skip", "2", "p.csv"))
    assert "no line after the first 9" in error_of(run(*EVAL, "--skip", "9", "p.csv"))
    assert run(*EVAL, "--skip", "-1", "p.csv").code == 2
    written("p.csv", '# a,"b\ntarget,prediction\n1,2\n')
    ran = run(*EVAL, "--skip", "1", "p.csv")
    assert error_of(ran) == "p.csv line 1, which is skipped, holds a quote that is not closed in it"


def test_too_many_lines_are_skipped(run: Run) -> None:
    written("p.csv", "target,prediction\n1,2\n3,4\n")
    written("q.csv", "# a\n\ntarget,prediction\n1,2\n3,4\n")
    for name, skip, header, cure in (
        ("p.csv", 1, 1, "leave out --skip"),
        ("p.csv", 2, 1, "leave out --skip"),
        ("q.csv", 4, 3, "choose --skip 2"),
    ):
        ran = run(*EVAL, "--skip", str(skip), "-t", "target", "-p", "prediction", name)
        assert ran.code == 2
        assert f"{name} line {skip + 1} does not name the columns that are needed, and line {header} does" in ran.stderr
        assert f"hint:  {cure};" in ran.stderr
    ran = run("compare", "p.csv", "q.csv", "-l", "mae", "--skip", "2")
    assert "p.csv line 3 does not name the columns that are needed, and line 1 does" in ran.stderr


def test_places_below_skipped_lines(run: Run) -> None:
    rows = "".join(f"{row},1,w{row}\n" for row in range(3000))
    written("p.csv", f"# v1\n\n#\nid,target,note\n{rows}5,,w\n")
    ran = run(*EVAL, "--skip", "1", "-t", "target", "-p", "id", "p.csv")
    assert "line 1 does not name" not in ran.stderr
    ran = run(*EVAL, "--skip", "3", "-t", "target", "-p", "id", "p.csv")
    assert error_of(ran) == 'p.csv line 3005, column "target": the value is missing'


@pytest.mark.parametrize(("inside", "end"), list(product(["\n", "\r\n", "\r"], repeat=2)))
def test_line_ends_inside_the_header(inside: str, end: str, run: Run) -> None:
    written("p.csv", f'target,"predic{inside}tion"{end}1,2{end}3,5{end}'.encode())
    ran = run(*EVAL, "-p", f"predic{inside}tion", "p.csv")
    if inside == end:
        assert value(ran) == 1.5
    else:
        assert ran.code == 3
        assert "p.csv mixes line ends: line 1 ends in" in error_of(ran)


def test_a_line_above_the_header_that_ends_in_another_way(run: Run) -> None:
    ran = run(*EVAL, "--skip", "1", written("p.csv", "# v1\ntarget,prediction\r\n1,2\r\n"))
    assert error_of(ran) == "p.csv mixes line ends: line 1 ends in LF, line 2 in CRLF"


def test_twin_names_of_columns_that_are_not_read(run: Run) -> None:
    assert value(run(*EVAL, written("p.csv", "target,prediction,note,note\n10,11,,\n20,22,,\n"))) == 1.5
    ran = run(*EVAL, "-w", "note", "p.csv")
    assert (ran.code, error_of(ran)) == (3, 'p.csv line 1: two columns are called "note": 3 and 4')
