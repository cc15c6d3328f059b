"""One DuckDB database for each source: locked down before any expression of the user's is parsed.

Imports duckdb and core.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import duckdb

from lossctl.core.system.shutdown import private_folder, remove
from lossctl.sources.duck.sql import quote_text

__all__ = ["connect", "disconnect", "glob_escape"]


def connect(paths: Iterable[str], threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that can read these files and nothing else.

    A filter may come from a file in a pull request, so what it could reach is closed first: other files, the
    network, extensions, settings, variables of the caller. DuckDB starts as many threads as it is told to, at once
    and whatever the machine has, so it is told no more than there are cores. What does not fit into memory is sorted
    in a folder that nobody else can enter, where one can be made; `disconnect` removes it.
    """
    connection = duckdb.connect()
    try:
        spilled = str(private_folder())
    except OSError:  # there is no folder to write to: then all must fit into memory
        spilled = ""
    allowed = sorted({each for path in paths for each in (path, glob_escape(path))})
    settings = [
        f"threads = {min(threads, os.cpu_count() or 1)}" if threads is not None else "",
        f"temp_directory = {quote_text(spilled)}",
        "enable_progress_bar = false",
        "global disable_parquet_prefetching = true",  # which reads all of a row group's column into memory first
        "global TimeZone = 'UTC'",  # else texts of times, and so slices and conditions, would hang on the machine
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "allow_community_extensions = false",
        "python_enable_replacements = false",
        f"allowed_paths = [{', '.join(map(quote_text, allowed))}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ]
    for setting in filter(None, settings):
        connection.execute(f"set {setting}")
    return connection


def disconnect(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a database, and remove what it kept on disk; may be called again."""
    try:
        spilled = connection.execute("select current_setting('temp_directory')").fetchall()[0][0]
    except duckdb.Error:  # it is closed
        return
    connection.close()
    if spilled:
        remove(spilled)


def glob_escape(path: str) -> str:
    """Write a path so that DuckDB takes its ``* ? [`` as they are."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in os.fspath(path))
