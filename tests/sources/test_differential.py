"""Text files against Python's own csv reader: what both read is the same, and nothing is misread in silence."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossctl.core.errors import DataError
from lossctl.sources import open_source

pytestmark = pytest.mark.usefixtures("shared_databases")

PLAIN = st.sampled_from(["1", "2.5", "-3e2", "", " 4", "5 ", '"6"', '"7.5"', "nan", "inf", '""', "1e400", '"\n8"'])
ODD = st.sampled_from(["x", '"1', '1"', '"1"2', '"1" ', "1,2", '"a""b"', "1__0"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
Rows = list[list[float]]


@st.composite
def files(draw: st.DrawFn) -> tuple[int, str, str]:
    """Draw the number of columns, a header and a body: mostly regular, sometimes not."""
    width = draw(st.integers(1, 3))
    mixed = draw(st.booleans()) and draw(st.booleans())
    end = draw(ENDS)
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        ragged = draw(st.integers(0, 19)) == 0
        count = draw(st.integers(1, 4)) if ragged else width
        lines.append(",".join(draw(ODD if draw(st.integers(0, 29)) == 0 else PLAIN) for _ in range(count)))
        if draw(st.integers(0, 14)) == 0:
            lines.append(draw(st.sampled_from(["", " "])))
    body = "".join(line + (draw(ENDS) if mixed else end) for line in lines)
    return width, ",".join("abc"[:width]) + end, body.rstrip("\r\n") if draw(st.booleans()) else body


def as_python_reads(body: str, width: int) -> Rows | None:
    """Read with the csv module; ``None`` where a record is not well formed or no number."""
    try:
        records = [
            record or [""] for record in csv.reader(io.StringIO(body, newline=""), strict=True) if record or width == 1
        ]
        rows = [[float(value) if value else math.nan for value in record] for record in records]
    except (csv.Error, ValueError):
        return None
    return rows if all(len(row) == width for row in rows) else None


def as_we_read(content: str) -> Rows | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.csv"
        path.write_bytes(content.encode())
        try:
            with open_source(path) as source:
                names = list(source.columns)
                return [
                    [float(batch.columns[name][row]) for name in names]
                    for batch in source.read(names)
                    for row in range(len(batch))
                ]
        except DataError:
            return None


@settings(max_examples=60, deadline=None)
@given(files())
def test_nothing_is_misread(case: tuple[int, str, str]) -> None:
    width, header, body = case
    expected, found = as_python_reads(body, width), as_we_read(header + body)
    ends = {end for end in ("\r\n", "\n", "\r") if end in (header + body).replace("\r\n", "" if end != "\r\n" else end)}
    if expected is not None and found is not None:
        assert repr(found) == repr(expected)
    elif found is None:
        assert expected is None or len(ends) > 1
    else:
        assert any(mark in body for mark in ('"', ",\n", ",\r", ",,", ", ")) or body.endswith(",")
