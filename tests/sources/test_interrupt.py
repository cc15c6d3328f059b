"""Ctrl-C that reaches DuckDB first is no fault of the file."""

from __future__ import annotations

import pytest

from lossctl.sources.stream import unreadable


def test_an_interrupted_query_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        unreadable("a.parquet", RuntimeError("INTERRUPT Error: Query interrupted"))
    assert unreadable("a.parquet", RuntimeError("IO Error: no magic bytes")).problem == (
        "a.parquet cannot be read: no magic bytes"
    )
