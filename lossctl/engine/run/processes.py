"""Processes that compute while this one reads: forked before any thread starts, fed through shared memory.

Two threads of NumPy hand Python's lock to each other after every call of a few microseconds, and on two cores take
longer than one (docs/decisions.md). Processes share no lock. They are forked, for a fresh interpreter would cost more
than most runs, and only from a process of one thread, where that is safe; a process that has threads computes with
those. Sums are exact, so who computed what cannot matter. Imports core and its own package.
"""

from __future__ import annotations

import mmap
import os
import pickle
import select
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from lossctl.core.losses.loss import ChosenLoss, Loss
from lossctl.core.rows.block import BLOCK_ROWS, Batch
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.run.memory import keep_freed_memory

__all__ = ["Crew", "can_fork"]

_SLOTS = 3
"""Batches a worker may hold: one it computes, and two so that it need not wait for the reader."""
SLOT_BYTES = 2**23
"""Address space of a batch; only what is written to takes memory."""
PATIENCE_SECONDS = 1.0
"""How long to wait before looking whether the workers still live."""
_FAILED = 0x80
"""Beside the number of a worker: it has no more to say but its exception."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_MUCH = 2**20
"""Bytes to read at once of what nobody wants."""

Order = tuple[int, int, int, list[tuple[str, tuple[int, ...]]], tuple[bool, bool, bool], int]
"""A batch in a slot: the slot, its first row, its length, its columns with their shapes, whether rows are numbered,
have codes of slices and have an identity, and how many groups they form (0: none)."""


def can_fork() -> bool:
    """Return whether this process may be forked: on Linux, and as long as it has but one thread of any kind."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


class Crew:
    """Worker processes. Use as a context manager: leaving it ends them.

    Parameters
    ----------
    size
        How many.
    losses
        The registry: the workers know these losses, and no others.

    Raises
    ------
    RuntimeError
        Where this process has threads, so that forking it would not be safe.
    OSError
        Where the system gives no more processes or memory.
    """

    def __init__(self, size: int, losses: Mapping[str, Loss]) -> None:
        if not can_fork():
            raise RuntimeError("a process with threads must not be forked")
        self._losses = losses
        self._done, done = os.pipe()
        self._workers: list[_Worker] = []
        try:
            for number in range(size):
                self._workers.append(_Worker(number, losses, done, [self._done, *_ends(self._workers)]))
        except BaseException:
            self.close()
            raise
        finally:
            os.close(done)
        self._poll = select.poll()
        self._poll.register(self._done, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The numbers of its processes."""
        return tuple(worker.pid for worker in self._workers)

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._workers:
            worker.close()
        self._workers = []
        if self._done >= 0:
            os.close(self._done)
            self._done = -1

    def knows(self, plans: Sequence[ModelPlan]) -> bool:
        """Return whether every loss of the plans is one of the registry the workers were forked with."""
        return all(self._losses.get(chosen.loss.id) is chosen.loss for plan in plans for chosen in plan.losses)

    def run(
        self, batches: Iterable[Batch], plans: Sequence[ModelPlan], on_rows: Callable[[int], None] | None = None
    ) -> list[ModelTally]:
        """Compute plans over batches, as `lossctl.engine.run.local.run` does."""
        keep_freed_memory()
        total = [plan.tally() for plan in plans]
        for worker in self._workers:
            worker.order(list(plans))
        rows = 0
        for batch in batches:
            rows += len(batch)
            for piece in batch.split(_rows_in_a_slot(batch)):
                if _bytes_of(piece) <= SLOT_BYTES:
                    self._hand_out(piece)
                else:  # one row, or one group, that no slot can hold
                    for tally in total:
                        tally.add(piece)
            if on_rows is not None:
                on_rows(rows)
        for worker in self._workers:
            worker.order(None)
        for worker in self._workers:
            self._await(worker.has_answered)
            for mine, theirs in zip(total, worker.answer(), strict=True):
                mine.merge(theirs)
        return total

    def _hand_out(self, batch: Batch) -> None:
        self._await(lambda: any(worker.free for worker in self._workers))
        max(self._workers, key=lambda worker: len(worker.free)).take(batch)

    def _await(self, ready: Callable[[], bool]) -> None:
        """Hear what the workers have done until something is ready."""
        while not ready():
            if not self._poll.poll(1000 * PATIENCE_SECONDS):
                self._require_alive()
                continue
            for mark in os.read(self._done, 4096):
                worker = self._workers[mark & ~_FAILED]
                if mark & _FAILED:
                    raise worker.answer()
                worker.finish()

    def _require_alive(self) -> None:
        for worker in self._workers:
            if not worker.is_alive():
                raise worker.killed()


class _Worker:
    """One forked process, as the reading process sees it."""

    def __init__(self, number: int, losses: Mapping[str, Loss], done: int, others: Iterable[int]) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * SLOT_BYTES)
        hear, tell = os.pipe()
        read, answer = os.pipe()
        with _signals_blocked():  # a child that took one before it has handlers of its own would act as its parent
            try:
                self.pid = os.fork()
            except OSError:
                for end in (hear, tell, read, answer):
                    os.close(end)
                raise
            if self.pid == 0:
                code = 1
                try:
                    for end in (tell, read, *others):  # or it would not see the reading process end
                        os.close(end)
                    _serve(number, self._memory, losses, hear=hear, answer=answer, done=done)
                    code = 0
                finally:
                    os._exit(code)  # no clean-up of what belongs to the reading process
        os.close(hear)
        os.close(answer)
        self._tell: BinaryIO = os.fdopen(tell, "wb")
        self._read: BinaryIO = os.fdopen(read, "rb")
        self._losses = losses
        self._held: deque[int | None] = deque()
        self.free = list(range(_SLOTS))
        self._answered = False
        self.ends = (tell, read)

    def order(self, what: list[ModelPlan] | Order | None) -> None:
        """Send plans to begin with, a batch, or nothing: then the worker answers with its tallies."""
        if what is None:
            self._held.append(None)
            self._answered = False
        try:
            _Pickler(self._tell).dump(what)
            self._tell.flush()
        except BrokenPipeError:
            raise self.killed() from None

    def take(self, batch: Batch) -> None:
        """Copy a batch to where the worker sees it, and tell it."""
        slot = self.free.pop()
        self._held.append(slot)
        offset = slot * SLOT_BYTES
        for values in _arrays_of(batch):
            np.frombuffer(self._memory, values.dtype, values.size, offset).reshape(values.shape)[...] = values
            offset += values.nbytes
        shapes = [(name, values.shape) for name, values in batch.columns.items()]
        groups = 0 if batch.starts is None else len(batch.starts)
        known = (batch.rows is not None, batch.slices is not None, batch.identity is not None)
        self.order((slot, batch.first_row, batch.length, shapes, known, groups))

    def finish(self) -> None:
        """Hear that the oldest order is done."""
        slot = self._held.popleft()
        if slot is None:
            self._answered = True
        else:
            self.free.append(slot)

    def has_answered(self) -> bool:
        """Return whether all it was told is done, and its tallies wait to be read."""
        return self._answered

    def answer(self) -> Any:
        """Read what the worker has to say: its tallies or its exception."""
        return _Unpickler(self._read, self._losses).load()

    def killed(self) -> RuntimeError:
        return RuntimeError(f"worker process {self.pid} was killed, perhaps for lack of memory")

    def is_alive(self) -> bool:
        return os.waitpid(self.pid, os.WNOHANG)[0] == 0

    def close(self) -> None:
        self._read.close()
        with suppress(BrokenPipeError):
            self._tell.close()
        with suppress(ChildProcessError):  # it was found dead
            os.waitpid(self.pid, 0)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ends(workers: Iterable[_Worker]) -> list[int]:
    return [end for worker in workers for end in worker.ends]


def _serve(number: int, memory: mmap.mmap, losses: Mapping[str, Loss], *, hear: int, answer: int, done: int) -> None:
    """Do what the reading process orders, until it closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the reading process is told too, and ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    keep_freed_memory()
    orders, answers = os.fdopen(hear, "rb"), os.fdopen(answer, "wb")
    part: list[ModelTally] = []
    try:
        while True:
            order = _Unpickler(orders, losses).load()
            if isinstance(order, list):
                part = [plan.tally() for plan in order]
                continue
            if order is None:
                os.write(done, bytes([number]))
                _Pickler(answers).dump(part)
                answers.flush()
                continue
            batch = _read_batch(memory, order)
            for piece in batch.split(BLOCK_ROWS):
                for tally in part:
                    tally.add(piece)
            os.write(done, bytes([number]))
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # noqa: BLE001 -- handed to the reading process, which raises it
        os.write(done, bytes([number | _FAILED]))
        _Pickler(answers).dump(error)
        answers.flush()
        while orders.read(_MUCH):  # or the reading process would find this one gone before it hears why
            pass


def _read_batch(memory: mmap.mmap, order: Order) -> Batch:
    slot, first_row, length, shapes, (numbered, sliced, identified), groups = order
    offset = slot * SLOT_BYTES
    columns = {}
    for name, shape in shapes:
        columns[name] = np.frombuffer(memory, np.float64, int(np.prod(shape)), offset).reshape(shape)
        columns[name].flags.writeable = False
        offset += columns[name].nbytes
    size = length * np.dtype(np.int64).itemsize
    rows = np.frombuffer(memory, np.int64, length, offset) if numbered else None
    offset += size if numbered else 0
    slices = np.frombuffer(memory, np.int64, length, offset) if sliced else None
    offset += size if sliced else 0
    identity = np.frombuffer(memory, np.uint64, length, offset) if identified else None
    offset += size if identified else 0
    starts = np.frombuffer(memory, np.int64, groups, offset) if groups else None
    return Batch(columns, first_row, length, rows, starts, slices=slices, identity=identity)


def _arrays_of(batch: Batch) -> list[Any]:
    beside = (batch.rows, batch.slices, batch.identity, batch.starts)
    return [*batch.columns.values(), *(each for each in beside if each is not None)]


def _bytes_of(batch: Batch) -> int:
    return sum(int(values.nbytes) for values in _arrays_of(batch))


def _rows_in_a_slot(batch: Batch) -> int:
    """Return how many rows a slot holds: whole blocks where it can."""
    fit = max(1, SLOT_BYTES * len(batch) // max(1, _bytes_of(batch)))
    return fit // BLOCK_ROWS * BLOCK_ROWS or fit


_Sent = tuple[str, dict[str, Any], frozenset[str], str]
"""What is sent of a loss: its id, its parameters, which of them were chosen, and the name it was chosen by."""


class _Pickler(pickle.Pickler):
    """Sends losses by name: kernels are code, which both processes have."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)

    def persistent_id(self, obj: object) -> _Sent | None:
        return (obj.loss.id, dict(obj.params), obj.given, obj.typed) if isinstance(obj, ChosenLoss) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, losses: Mapping[str, Loss]) -> None:
        super().__init__(file)
        self._losses = losses

    def persistent_load(self, pid: _Sent) -> ChosenLoss:
        name, params, given, typed = pid
        return ChosenLoss(self._losses[name], MappingProxyType(params), given, typed)
