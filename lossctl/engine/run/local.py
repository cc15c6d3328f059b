"""Runs plans on this machine: the reading thread computes too, or a few others do, a bounded queue between them.

Each worker accumulates its own tallies, merged at the end: sums are exact, so who did what cannot matter. Imports
core and its own package.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence

from lossctl.core.errors import NO_THREAD
from lossctl.core.rows.block import BLOCK_ROWS, Batch
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.run.memory import keep_freed_memory
from lossctl.engine.run.processes import Crew

__all__ = ["run"]

_QUEUED_BATCHES = 4
"""Batches that may wait: enough to keep workers fed, few enough to keep memory flat."""

_THREADS_PER_WORKER = 2
"""The reader needs the rest, and kernels are short NumPy calls that hand Python's lock to each other: on two cores a
second worker made ten losses on 10 M rows of Parquet take 3.9 s instead of 2.3. Where that leaves one, the reading
thread computes: threads of DuckDB read on beside it, and need no lock (docs/decisions.md)."""
_MOST_PER_CORE = 4
"""Threads that may be asked for: more would only wait for each other, and a thousand would stop the machine."""


def run(
    batches: Iterable[Batch],
    plans: Sequence[ModelPlan],
    threads: int | None = None,
    on_rows: Callable[[int], None] | None = None,
    crew: Crew | None = None,
) -> list[ModelTally]:
    """Compute plans over batches.

    Parameters
    ----------
    batches
        Consecutive rows. Read by the calling thread.
    plans
        What to compute.
    threads
        How many threads there may be, half of which compute; as many as there are cores where it is not given.
    on_rows
        Called with the number of rows read so far, after each batch.
    crew
        Processes to compute in, instead of threads; used where they know all of the losses.

    Returns
    -------
    list[ModelTally]
        One tally a plan, in order.
    """
    if crew is not None and crew.knows(plans):
        return crew.run(batches, plans, on_rows)
    cores = os.cpu_count() or 1
    workers = max(1, min(threads or cores, _MOST_PER_CORE * cores) // _THREADS_PER_WORKER)
    keep_freed_memory()
    total, own = ([plan.tally() for plan in plans] for _ in range(2))
    if workers == 1:
        _hand_out(batches, own, on_rows)
        parts = [own]
    else:
        pool = _Pool(plans, workers)
        try:
            _hand_out(batches, [pool], on_rows)
            parts = pool.finish()
        finally:
            pool.stop()
    for part in parts:
        for mine, theirs in zip(total, part, strict=True):
            mine.merge(theirs)
    return total


def _hand_out(
    batches: Iterable[Batch], takers: Sequence[ModelTally | _Pool], on_rows: Callable[[int], None] | None
) -> None:
    rows = 0
    for batch in batches:
        rows += len(batch)
        for piece in batch.split(BLOCK_ROWS):
            for taker in takers:
                taker.add(piece)
        if on_rows is not None:
            on_rows(rows)


class _Pool:
    """Workers that start with the second batch: a small file never starts a thread."""

    def __init__(self, plans: Sequence[ModelPlan], workers: int) -> None:
        self._plans = plans
        self._workers = workers
        self._queue: queue.Queue[Batch | None] = queue.Queue(_QUEUED_BATCHES * workers)
        self._threads: list[threading.Thread] = []
        self._parts: list[list[ModelTally]] = []
        self._failure: BaseException | None = None
        self._first: Batch | None = None
        self._stopped = threading.Event()

    def add(self, batch: Batch) -> None:
        """Hand a batch to a worker, waiting where all are busy."""
        if self._first is None and not self._threads:
            self._first = batch
            return
        if not self._threads:
            self._start()
        self._put(batch)

    def finish(self) -> list[list[ModelTally]]:
        """Wait for the workers and give what each accumulated."""
        if not self._threads:
            part = [plan.tally() for plan in self._plans]
            if self._first is not None:
                for tally in part:
                    tally.add(self._first)
            return [part]
        for _ in self._threads:
            self._put(None)
        for thread in self._threads:
            thread.join()
        self._raise_failure()
        return self._parts

    def stop(self) -> None:
        """Let the workers end, whatever happened."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        for index in range(self._workers):
            part = [plan.tally() for plan in self._plans]
            thread = threading.Thread(target=self._work, args=(part,), name=f"lossctl-{index}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more may be had: those there are compute all
                if not self._threads:
                    raise MemoryError(NO_THREAD) from None
                break
            self._parts.append(part)
            self._threads.append(thread)
        if self._first is not None:
            self._put(self._first)
            self._first = None

    def _put(self, batch: Batch | None) -> None:
        while True:
            self._raise_failure()
            try:
                self._queue.put(batch, timeout=0.1)
            except queue.Full:
                continue
            return

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self, part: list[ModelTally]) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    batch = self._queue.get(timeout=0.1)
                except queue.Empty:
                    continue
                if batch is None:
                    return
                for tally in part:
                    tally.add(batch)
        except BaseException as failure:  # noqa: BLE001 -- handed to the reading thread, which raises it
            self._failure = failure
            self._stopped.set()
