"""Sources share a database in tests that ask for it: to start one takes 30 ms, longer than most of what they read."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterable, Iterator

import duckdb
import pytest

from lossctl.sources.duck.database import connect, disconnect

_WHERE = ("joins.with_baseline", "joins.targets", "joins.side_by_side", "writing.stored", "files.text")
"""Modules of sources that took `connect` when they were imported; the others ask for it when they need it."""


def _start(threads: int | None) -> duckdb.DuckDBPyConnection:
    """Start a database that may read any file, and keeps nothing of one: a test may write it anew at once."""
    connection = duckdb.connect()
    spilled = os.path.join(tempfile.gettempdir(), f"lossctl-tests-{os.urandom(8).hex()}")  # noqa: PTH118 -- for SQL
    for setting in (
        *([f"threads = {min(threads, os.cpu_count() or 1)}"] if threads is not None else []),
        f"temp_directory = '{spilled}'",
        "enable_external_file_cache = false",
        "enable_progress_bar = false",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "python_enable_replacements = false",
    ):
        connection.execute(f"set {setting}")
    return connection


@pytest.fixture(scope="module")
def shared_databases() -> Iterator[None]:
    """Return each source a cursor of a database like its own, but for what it may reach, which other tests are about.

    A cursor sees nothing of another. Sources of no file share one that is locked down as theirs would be.
    """
    started: dict[tuple[bool, int | None, str], duckdb.DuckDBPyConnection] = {}

    def share(paths: Iterable[str], threads: int | None = None) -> duckdb.DuckDBPyConnection:
        reads = bool(list(paths))
        which = (reads, threads, tempfile.gettempdir())
        if which not in started:
            started[which] = _start(threads) if reads else connect([], threads)
        return started[which].cursor()

    with pytest.MonkeyPatch.context() as patch:
        for module in [importlib.import_module(f"lossctl.sources.{name}") for name in _WHERE]:
            patch.setattr(module, "connect", share)
        patch.setattr("lossctl.sources.duck.database.connect", share)
        yield
    for each in started.values():
        disconnect(each)
