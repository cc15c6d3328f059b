"""Ctrl-C that reaches DuckDB first is no fault of the file, and never waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np
import pytest

from lossctl.sources.duck.arrow_feed import Feed
from lossctl.sources.query.stream import unreadable


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Let Python hear Ctrl-C, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_query_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        unreadable("a.parquet", RuntimeError("INTERRUPT Error: Query interrupted"))
    assert unreadable("a.parquet", RuntimeError("IO Error: no magic bytes")).problem == (
        "a.parquet cannot be read: no magic bytes"
    )


def numbers(*, interrupt_at: int | None = None) -> Feed:
    """Feed batches of a number each: a hundred, or far more and the process is interrupted while one is made."""

    def batches() -> Iterator[list[Any]]:
        for number in range(100 if interrupt_at is None else 1_000_000):
            if number == interrupt_at:
                signal.raise_signal(signal.SIGINT)
            yield [arro.Array.from_numpy(np.array([number]))]

    return Feed(arro.Schema([arro.Field("x", arro.DataType.int64())]), batches())


def total(feed: Feed) -> Any:
    with duckdb.connect() as connection, feed.uncancelled():
        connection.register("fed", feed.stream())
        return connection.execute("select sum(x) from fed").fetchall()


def test_a_signal_ends_the_batches_and_is_acted_on_when_duckdb_is_done() -> None:
    with pytest.raises(KeyboardInterrupt):
        total(numbers(interrupt_at=3))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_handler_of_the_program_is_called_and_what_is_cut_off_is_no_result() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with pytest.raises(KeyboardInterrupt):
            total(numbers(interrupt_at=3))
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_another_thread_and_no_signal_give_all() -> None:
    found = [total(numbers())]
    thread = threading.Thread(target=lambda: found.append(total(numbers())))
    thread.start()
    thread.join(20)
    assert found == [[(4950,)]] * 2


def test_a_process_that_does_not_answer_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    file, folder, kept = tmp_path / "file", tmp_path / "folder", tmp_path / "kept"
    folder.mkdir()
    for each in (file, folder / "spilled", kept):
        each.touch()
    script = f"""
import os, signal, time
from lossctl.core.system import shutdown as ending
for path in {[str(file), str(folder), str(kept), str(tmp_path / "never made")]!r}:
    ending.remember(path)
ending.forget({str(kept)!r})
ending.end_after(lambda: os._exit(7), print)
signal.signal(signal.SIGINT, lambda *_: None)
signal.signal(signal.SIGUSR1, lambda *_: None)
ending.watch()
ending.watch()
signal.raise_signal(signal.SIGUSR1)
time.sleep(ending.GRACE_SECONDS + 0.5)
print("another signal ends nothing", flush=True)
signal.raise_signal(signal.SIGINT)
time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (7, "another signal ends nothing\n", "")
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


def test_a_program_that_has_not_asked_for_it_is_never_ended() -> None:
    script = """
import signal, threading, time
from lossctl.core.system import shutdown as ending
signal.signal(signal.SIGINT, lambda *_: None)
ending.watch()
signal.raise_signal(signal.SIGINT)
time.sleep(ending.GRACE_SECONDS + 0.5)
print(threading.active_count())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
