"""Files in a scratch folder, and what reading them gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lossctl.core.errors import LossctlError
from lossctl.sources import ReadOptions, open_source
from tests.databases import shared_databases  # noqa: F401 -- for the modules here that ask for it

Cell = float | list[float] | None
Table = list[tuple[int, *tuple[Cell, ...]]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | bytes], str]:
    """Write a file where the test then stands, so that messages name it plainly."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, content: str | bytes) -> str:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write_file


def cell(value: object) -> Cell:
    if isinstance(value, list):
        return [None if math.isnan(each) else each for each in value]
    number = float(value)
    return None if math.isnan(number) else number


@pytest.fixture
def read() -> Callable[..., Table]:
    """Read columns as rows: the row number, then each value, ``None`` for NaN."""

    def read_source(
        source: object,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        options: ReadOptions | None = None,
    ) -> Table:
        with open_source(source, options) as opened:
            names = list(opened.columns) if columns is None else columns
            return [
                (batch.row_number(row), *(cell(batch.columns[name][row].tolist()) for name in names))
                for batch in opened.read(names, where=where)
                for row in range(len(batch))
            ]

    return read_source


@pytest.fixture
def fault(read: Callable[..., Table]) -> Callable[..., tuple[str, str, str | None]]:
    """Return the class, the problem and the cure of the error that reading ends in."""

    def read_fault(*args: object, **kwargs: object) -> tuple[str, str, str | None]:
        with pytest.raises(LossctlError) as caught:
            read(*args, **kwargs)
        return type(caught.value).__name__, caught.value.problem, caught.value.cure

    return read_fault
