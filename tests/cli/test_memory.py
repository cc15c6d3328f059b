"""What is said where memory runs out: it is no fault of lossctl's own, and none of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from lossctl.cli.main import main
from lossctl.core.errors import MORE_MEMORY
from lossctl.sources.query.stream import unreadable


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "error: memory ran out\n"),
        (MemoryError("Unable to allocate 16.0 MiB"), "error: memory ran out: Unable to allocate 16.0 MiB\n"),
        (
            duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure\n\nset memory_limit"),
            "error: memory ran out: Allocation failure\n",
        ),
    ],
)
def test_memory_that_runs_out_is_no_fault(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object, **__: Any) -> None:
        raise error

    monkeypatch.setattr("lossctl.api.evaluate", broken)
    assert main(["eval", str(tmp_path / "preds.csv"), "--loss", "mae"]) == 3
    assert capsys.readouterr().err == f"{said}hint:  {MORE_MEMORY}\n"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('IO Error: {"errno":"28"}', "No space left on device"),
        ('IO Error: Could not write to file "a: b": No space left on device\nmore', "No space left on device"),
        ("C Data interface error: IO Error: It went away: for good", "It went away: for good"),
    ],
)
def test_a_disk_that_fails_is_told_in_the_words_of_the_system(
    message: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object, **__: Any) -> None:
        raise duckdb.IOException(message)

    monkeypatch.setattr("lossctl.api.evaluate", broken)
    assert main(["eval", str(tmp_path / "preds.csv"), "--loss", "mae"]) == 3
    expected = f"error: a file can't be read, or written: {said}\nhint:  check the path and its disk\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("before", ["", "C Data interface error: "])
def test_memory_that_runs_out_in_a_reader_is_no_fault_of_the_file(before: str) -> None:
    error = unreadable("p.csv", OSError(f"{before}Out of Memory Error: Failed to allocate block of 9 bytes\nmore"))
    assert str(error) == "p.csv cannot be read: memory ran out (Failed to allocate block of 9 bytes)"
    assert error.cure == MORE_MEMORY
