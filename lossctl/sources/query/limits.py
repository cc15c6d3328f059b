"""What the query of a condition may take: time until its next rows, and memory. A thread looks while it runs.

A query that takes more is interrupted. DuckDB looks for that between two steps, and one call of a function on 2,048
rows is one step: where it goes on, the program ends at once (`shutdown.end_with`). Imports the standard
library and core; loaded where there is a condition.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossctl.core.errors import NO_THREAD, DataError
from lossctl.core.system.shutdown import GRACE_SECONDS, end_with
from lossctl.sources.query.where import LESS

if TYPE_CHECKING:
    import duckdb

    from lossctl.sources.query.where import Filter

__all__ = ["in_time", "limited"]

SECONDS = 900.0
"""How long a query with a condition may take to give the next rows."""
EVERY_SECONDS = 0.02
"""How often to look: texts grew by 10 to 20 MB in that time."""
_DUCKDB_SHARE = 0.8
"""Of the memory of the machine, or of its container: what DuckDB allows itself of it, which leaves out such texts."""
_SHARE, _LEAST_FREE, _MOST = 0.5, 0.125, 0.95
"""Of the memory that this process does not hold yet: what a condition may take, where DuckDB's tables do not count; the
least to reckon with, as a share of all; and what all may take together."""
_BEYOND = 1.125
"""How far above the limit a query is left to stop by itself."""
TABLES = """
    select sum(memory_usage_bytes)::bigint from duckdb_memory()
    where tag in ('HASH_TABLE', 'ORDER_BY', 'WINDOW', 'COLUMN_DATA', 'IN_MEMORY_TABLE', 'PARQUET_READER', 'CSV_READER')
"""
"""What joins, sorts and readers hold. Functions of JSON take memory that DuckDB counts too, as its ALLOCATOR."""
_machine: list[int] = []
"""Its memory, once it has been asked for: that takes longer than to begin to look."""
_STATM = Path("/proc/self/statm")


def in_time(records: Callable[[], Iterable[Any]], cursor: duckdb.DuckDBPyConnection, where: Filter) -> Iterator[Any]:
    """Yield the records of a query with a condition, and stop it where it takes too long or too much memory.

    Raises
    ------
    DataError
        Where it does.
    """
    with _watched(cursor, where) as watch:
        with watch.waiting():
            found = iter(records())
        while True:
            with watch.waiting():
                record = next(found, None)
            if record is None:
                return
            yield record


@contextmanager
def limited(cursor: duckdb.DuckDBPyConnection, where: Filter | None) -> Iterator[None]:
    """Stop what is run under this where it takes too long or too much memory; without a condition nothing is.

    Raises
    ------
    DataError
        Where it does.
    """
    if where is None:
        yield
        return
    with _watched(cursor, where) as watch, watch.waiting():
        yield


@contextmanager
def _watched(cursor: duckdb.DuckDBPyConnection, where: Filter) -> Iterator[Watch]:
    watch = Watch(cursor, where)
    try:
        watch.start()
    except RuntimeError:  # the system gives none
        raise MemoryError(NO_THREAD) from None
    try:
        yield watch
    finally:
        watch.end()


class Watch:
    """Looks at a query, and stops it."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, where: Filter) -> None:
        self._cursor = cursor
        self.aside = cursor.cursor()  # to ask DuckDB while the other is busy
        self._where = where.shown
        self._held = memory_held()
        machine = memory_of_machine(self.aside)
        self._free = max(machine - self._held, int(_LEAST_FREE * machine))
        self._tables = 0
        self._asked_at: float | None = None
        self._error: DataError | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="lossctl-condition", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of what is run under this; raise the error where the query has been stopped."""
        self._asked_at = time.monotonic()
        try:
            yield
        except Exception:
            if self._error is None:
                raise
        finally:
            self._asked_at = None
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()
        self.aside.close()

    def _look(self) -> None:
        while not self._over.wait(min(EVERY_SECONDS, SECONDS)):
            self._error = self._late() or self._large()
            if self._error is not None:
                self._stop(self._error)
                return

    def _stop(self, error: DataError) -> None:
        """Interrupt the query; where that does not help soon, end the program."""
        patient = time.monotonic() + GRACE_SECONDS
        while not self._over.wait(EVERY_SECONDS):
            with suppress(Exception):  # it is closed
                self._cursor.interrupt()
            grown = memory_held() - self._held - self._tables > _BEYOND * _SHARE * self._free
            if time.monotonic() > patient or grown:
                end_with(error)

    def _late(self) -> DataError | None:
        asked = self._asked_at
        if asked is None or time.monotonic() - asked <= SECONDS:
            return None
        problem = f"--where {self._where} gave no row for {SECONDS:g} seconds"
        return DataError(problem, "simplify it, or filter the file before and give what is left")

    def _large(self) -> DataError | None:
        """Return the error of too much memory.

        Of what has come since the start, the tables of a join or a sort are not the condition's, and DuckDB writes them
        to disk where they are large. It is asked for them only where that matters.
        """
        taken = memory_held() - self._held
        if taken <= _SHARE * self._free:
            return None
        with suppress(Exception):  # it is closed
            self._tables = max(self._tables, self.aside.execute(TABLES).fetchall()[0][0])
        if taken - self._tables <= _SHARE * self._free and taken <= _MOST * self._free:
            return None
        problem = f"--where {self._where} took {_bytes(taken)} of memory; {_bytes(_SHARE * self._free)} are the most"
        return DataError(problem, f"{LESS} it, or filter the file before")


def _bytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"  # noqa: PLR2004 -- a gigabyte


def memory_of_machine(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return the bytes of memory of the machine, or of the container, as DuckDB finds them."""
    if not _machine:
        number, unit = str(cursor.execute("select current_setting('memory_limit')").fetchall()[0][0]).split()
        _machine.append(int(float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit) / _DUCKDB_SHARE))
    return _machine[0]


def memory_held() -> int:
    """Return the bytes of memory that this process holds beside files and what it shares with others.

    Where the system tells only the most it ever held, as macOS does, growth below that is not seen.
    """
    try:
        _, resident, shared, *_ = map(int, _STATM.read_bytes().split())
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
