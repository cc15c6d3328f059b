"""Frames share a database here: to start one takes longer than most of these tests. Files have their own, as always."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterable, Iterator

import duckdb
import pytest

from lossctl.sources.database import connect, disconnect

for _name in (
    "against",
    "paired",
    "stored",
):  # they take `connect` when they are imported: what it is, not what it is here
    importlib.import_module(f"lossctl.sources.{_name}")


@pytest.fixture(autouse=True, scope="module")
def frames_share_a_database() -> Iterator[None]:
    """Give each frame a cursor of a database that is locked down as its own would be.

    A cursor sees no table of another. What reads no file can be allowed none, so there is nothing to tell databases
    apart by but their threads and the folder they spill to.
    """
    started: dict[tuple[int | None, str], duckdb.DuckDBPyConnection] = {}

    def share(paths: Iterable[str], threads: int | None = None) -> duckdb.DuckDBPyConnection:
        allowed = list(paths)
        if allowed:
            return connect(allowed, threads)
        which = (threads, tempfile.gettempdir())
        if which not in started:
            started[which] = connect([], threads)
        return started[which].cursor()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossctl.sources.database.connect", share)
        yield
    for each in started.values():
        disconnect(each)
