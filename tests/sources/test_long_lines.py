"""Lines longer than are read: an error wherever they stand, never a row less."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import lossctl
from lossctl.sources.files.compression import LONGEST

ROWS = ["1,2,a", "1,2,b", "1,2,c"]


def write(path: Path, rows: list[str], end: str = "\n") -> str:
    text = "target,prediction,g" + end + end.join(rows)
    if path.suffix == ".gz":
        with gzip.open(path, "wt", compresslevel=1, newline="") as file:
            file.write(text)
    else:
        path.write_text(text, newline="")
    return str(path)


BEYOND = 34_000_000
"""More than DuckDB reads at once: then it passes over the last line without a word."""
CASES = [
    (suffix, 3_000_000, place, end) for suffix in (".csv", ".csv.gz") for place in (0, 3) for end in ("\n", "\r\n")
]
CASES += [
    (".csv", BEYOND, 3, "\n"),
    (".csv", BEYOND, 2, "\n"),
    (".csv.gz", BEYOND, 3, "\n"),
]


@pytest.mark.parametrize(("suffix", "size", "place", "end"), CASES)
def test_a_line_that_is_too_long_is_an_error(suffix: str, size: int, place: int, end: str, tmp_path: Path) -> None:
    rows = [*ROWS[:place], "1,99," + "x" * size, *ROWS[place:]]
    for last in ([], [""]):
        path = write(tmp_path / f"p{suffix}", rows + last, end)
        with pytest.raises(lossctl.DataError, match="is longer than 2 MB"):
            lossctl.evaluate(path, "mae")


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_line_that_is_just_short_enough_is_read(suffix: str, tmp_path: Path) -> None:
    long = "1,99," + "x" * (LONGEST - 50)
    for rows in ([*ROWS, long], [*ROWS, long, ""], [long, *ROWS], [*ROWS, long, long, "", ""]):
        (found,) = lossctl.evaluate(write(tmp_path / f"p{suffix}", rows), "mae")
        assert found.n == sum(map(bool, rows))
