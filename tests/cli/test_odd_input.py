"""Input in odd shapes at the command line: what people take for a table, links, JSON with texts for missing values."""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lossctl.cli import output
from lossctl.core.errors import DataError
from lossctl.core.results.row_lines import Layout, Lines
from lossctl.sources.writing.sink import write_lines
from tests.cli.cases import GOOD, HEAD, Bad, Fine, Run, evaluate, require_refusal

OMIT = "--nan omit leaves such rows out and counts them"
NULL = ("--null", "NA", "--nan", "omit")
EXPORT = "write its table as CSV, JSON lines or Parquet"
JL, PQ = ("p.jsonl",), ("p.parquet",)
OBJECT = '{"target":1,"prediction":2}\n'
COLUMN = "choose another column, or write it as numbers"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("sheet.xml", "<sheet/>")
    return stream.getvalue()


def array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(12.0))
    return stream.getvalue()


BAD = {
    "a workbook": Bad(
        {"p.xlsx": archive()},
        "p.xlsx is a ZIP archive, as .xlsx and .npz files are too",
        EXPORT,
        sources=("p.xlsx",),
    ),
    "an array": Bad({"p.npy": array()}, "p.npy is a NumPy array", EXPORT, sources=("p.npy",)),
    "xz": Bad(
        {"p.csv.xz": b"\xfd7zXZ\0\0\x04"},
        "p.csv.xz is compressed with xz",
        "decompress it first: .gz and .zst are read as they are",
        sources=("p.csv.xz",),
    ),
    "UTF-16 without its mark": Bad(
        GOOD.encode("utf-16-be"),
        "p.csv is UTF-16 text, not UTF-8",
        "convert it: iconv -f UTF-16 -t UTF-8 p.csv > utf8-p.csv",
    ),
    "hardly anything but NUL": Bad(
        b"HDR" + bytes(200), "p.csv is not text: it holds NUL bytes", "name a CSV, TSV, JSON lines or Parquet file"
    ),
    "UTF-32": Bad(
        GOOD.encode("utf-32"),
        "p.csv is UTF-32 text, not UTF-8",
        "convert it: iconv -f UTF-32 -t UTF-8 p.csv > utf8-p.csv",
    ),
    "JSON lines in UTF-16": Bad(
        {"p.jsonl": (OBJECT * 3).encode("utf-16")},
        "p.jsonl is UTF-16 text, not UTF-8",
        "convert it: iconv -f UTF-16 -t UTF-8 p.jsonl > utf8-p.jsonl",
        sources=JL,
    ),
    "a URL of a file": Bad(
        {},
        "file:///p.csv is a URL, and only paths are read",
        "name its path, without file://",
        code=2,
        sources=("file:///p.csv",),
    ),
    "a bucket": Bad(
        {}, "s3://b/p.csv is remote, and only files are read", "download it first", code=2, sources=("s3://b/p.csv",)
    ),
    "a name with spaces around it": Bad(
        "target, prediction\n1,2\n",
        'p.csv: -p: there is no column "prediction"',
        'did you mean " prediction"? the columns are: target, " prediction"',
        code=2,
        options=("-p", "prediction"),
    ),
    "thousands or a decimal comma": Bad(
        "target;prediction\n1,234;5\n",
        'p.csv line 2, column "target": "1,234" is not a number',
        "if the comma is the decimal sign, add --decimal ,; if it marks thousands, write numbers without thousands "
        "separators",
    ),
    "a target of two texts": Bad(
        "target,prediction\nyes,0.5\n,0.5\nno,0.25\n",
        'p.csv line 2, column "target": "yes" is not a number',
        "of a target of two texts, name the one that counts as 1: --positive yes",
        loss="brier",
    ),
    "the label that counts as 0 comes first": Bad(
        "target,prediction\nno,0.5\nyes,0.25\n",
        'p.csv line 2, column "target": "no" is not a number',
        "of a target of two texts, name the one that counts as 1: --positive yes",
        loss="brier",
    ),
    "numbered labels": Bad(
        "target,prediction\nclass_0,0.5\nclass_1,0.25\n",
        'p.csv line 2, column "target": "class_0" is not a number',
        "of a target of two texts, name the one that counts as 1: --positive class_1",
        loss="brier",
    ),
    "one label that counts as 0": Bad(
        "target,prediction\nno,0.5\nno,0.25\n",
        'p.csv line 2, column "target": "no" is not a number',
        "write numbers; or, if it is the label of a target that counts as 0, 0",
        loss="brier",
    ),
    "percentages with their sign": Bad(
        "target,prediction\n1,12.5%\n0,25%\n",
        'p.csv line 2, column "prediction": "12.5%" is not a number',
        "write percentages as numbers: 12.5% is 0.125",
        loss="brier",
    ),
    "percentages without": Bad(
        "target,prediction\n1,12.5\n0,100\n",
        'p.csv line 2, column "prediction": 12.5 does not lie in [0, 1] (2 rows have such a value)',
        "check that the right columns are bound (-t, -p); of percentages, write a hundredth",
        loss="brier",
    ),
    "a thin space marks thousands": Bad(
        HEAD + "1\u202f234,5\n",
        'p.csv line 2, column "target": "1\u202f234" is not a number',
        "write numbers without thousands separators",
    ),
    "a minus sign of typographers": Bad(
        HEAD + "−1.5,5\n",
        'p.csv line 2, column "target": "−1.5" is not a number',
        "write the minus sign as a hyphen: -",
    ),
    "weights of the events of a divergence": Bad(
        "p,q,w\n0.5,0.25,0.1\n0.5,0.75,1\n",
        "p.csv: kl_divergence is of a whole distribution: its events, one a row, take no weights",
        "leave out --weight, or write one distribution a row",
        code=2,
        options=("-w", "w"),
        loss="cross_entropy,kl",
    ),
    "JSON: a text with spaces is no number": Bad(
        {"p.jsonl": OBJECT.replace("1", '" 1 "')},
        'p.jsonl, column "target" holds text such as " 1 ", not numbers',
        "write numbers without spaces around them",
        sources=JL,
    ),
    "JSON: nor is it later": Bad(
        {"p.jsonl": OBJECT + OBJECT.replace("1", '" 1 "')},
        'p.jsonl line 2, column "target": " 1 " is not a number',
        "write numbers without spaces around them",
        sources=JL,
    ),
    "JSON: a text that stands for a missing value": Bad(
        {"p.jsonl": OBJECT + OBJECT.replace("1", '"NA"')},
        'p.jsonl line 2, column "target": the value is missing (NA)',
        OMIT,
        options=NULL[:2],
        sources=JL,
    ),
    "JSON: a text that does not": Bad(
        {"p.jsonl": OBJECT + OBJECT.replace("1", '"n/a"')},
        'p.jsonl line 2, column "target": "n/a" is not a number',
        "if it marks a missing value, add --null n/a and choose --nan omit",
        options=NULL,
        sources=JL,
    ),
    "JSON: a key without a name": Bad(
        {"p.jsonl": '{"":1,"prediction":2}\n'},
        'p.jsonl: -t: there is no column ""',
        "the columns are: prediction",
        code=2,
        options=("-t", ""),
        sources=JL,
    ),
    "a column without a name": Bad(
        {"p.parquet": pa.table({"": [1.0], "prediction": [1.0]})},
        'p.parquet: -t: there is no column ""',
        "the columns are: prediction",
        code=2,
        options=("-t", ""),
        sources=PQ,
    ),
    "lists of text": Bad(
        {"p.parquet": pa.table({"p": [["a", "b"]], "q": [[0.5, 0.5]]})},
        'p.parquet, column "p" holds lists such as "[a, b]", not numbers',
        COLUMN,
        loss="kl",
        options=("-t", "p", "-p", "q"),
        sources=PQ,
    ),
}

FINE = {
    "weights of the events of a code": Fine(
        "p,q,w\n0.5,0.25,0.1\n0.5,0.5,1\n0,0.25,5\n", [0.6], ("-w", "w"), loss="cross_entropy"
    ),
    "lists of truth": Fine(
        {"p.parquet": pa.table({"p": [[True, False]], "q": [[0.25, 0.75]]})},
        [2.0],
        ("-t", "p", "-p", "q"),
        loss="kl",
        sources=PQ,
    ),
    "JSON: texts for missing values, first too": Fine(
        {"p.jsonl": "".join(OBJECT.replace("1", each) for each in ('"NA"', "null", "4", '"7"', '"NaN"', "true"))},
        [(2.0 + 5.0 + 1.0) / 3.0],
        NULL,
        sources=JL,
    ),
    "JSON: numbers for missing values": Fine(
        {"p.jsonl": OBJECT + OBJECT.replace("1", "-999")}, [1.0], ("--null", "-999", "--nan", "omit"), sources=JL
    ),
    "JSON: labels that are missing": Fine(
        {"p.jsonl": "".join(OBJECT.replace("1", f'"{each}"').replace("2", "0.25") for each in ("no", "NA", "yes"))},
        [(0.0625 + 0.5625) / 2.0],
        (*NULL, "--positive", "yes"),
        loss="brier",
        sources=JL,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_odd_input_is_refused(name: str, run: Run) -> None:
    case = BAD[name]
    ran = evaluate(run, case)
    require_refusal(ran, case.code)
    ran.require_said(case.error, case.hint)


@pytest.mark.parametrize("name", FINE)
def test_odd_input_that_is_read(name: str, run: Run) -> None:
    case = FINE[name]
    ran = evaluate(run, case)
    assert (ran.code, ran.said) == (0, [])
    assert [float(line) for line in ran.stdout.splitlines()] == pytest.approx(case.values, rel=1e-15, abs=0.0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_full_disk_is_told_in_our_words(kind: str) -> None:
    one, where = np.zeros(1), np.zeros(1, np.int64)
    lines = Lines(entries=where.astype(np.int32), rows=where, weights=None, losses=one, slopes=one)
    with pytest.raises(DataError, match=r"^rows can't be written: No space left on device\nhint: "):
        write_lines([lines], Layout([("m", "mae")]), kind, "/dev/full", json_text=str)


def test_links_that_lead_nowhere(run: Run) -> None:
    Path("link.csv").symlink_to("gone.csv")
    Path("a").symlink_to("b")
    Path("b").symlink_to("a")
    ran = evaluate(run, Bad({}, "", "", sources=("link.csv",)))
    require_refusal(ran, 3)
    ran.require_said("link.csv is a link to gone.csv, which is not there", "mend the link, or name the file")
    ran = evaluate(run, Bad({}, "", "", sources=("a",)))
    require_refusal(ran, 3)
    ran.require_said("a cannot be read: Too many levels of symbolic links", "check the path")


def test_formats_for_machines_tell_sources_by_their_labels(run: Run) -> None:
    Path("p.csv").write_text("target,prediction,half\n1,1.5,a\n2,2,b\n", encoding="utf-8")
    words = ("eval", "one=p.csv", "two=p.csv", "p.csv", "-l", "mae", "--by", "half", "-f", "jsonl")
    rows = [json.loads(line) for line in run(*words).stdout.splitlines()]
    assert [row["source"] for row in rows] == ["one"] * 3 + ["two"] * 3 + ["p.csv"] * 3


def test_an_empty_format_is_none(run: Run) -> None:
    Path("p.csv").write_text(GOOD, encoding="utf-8")
    ran = run("eval", "p.csv", "-l", "mae", "-f", "")
    require_refusal(ran, 2)
    assert ran.said[0] == "error: there is no format ''"


def test_a_width_of_nothing_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("p.csv").write_text(GOOD, encoding="utf-8")
    lines = []
    for columns in ("", "0", "40"):
        monkeypatch.setenv("COLUMNS", columns)
        lines.append(run("eval", "p.csv", "-l", "mae").stdout.count("\n"))
    assert lines[0] == lines[1] == 2
    assert lines[2] > lines[0]


def test_what_is_closed_is_not_full() -> None:
    closed, full = (
        output.cannot_write("standard output", OSError(n, os.strerror(n))) for n in (errno.EBADF, errno.ENOSPC)
    )
    assert (closed.cure, full.cure) == ("it is closed: -o FILE writes to a file instead", "free some space")
