"""What happens in a process that may be forked: one test of `test_crew.py` each, run in a fresh interpreter."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads: its threads would forbid forking

import numpy as np
import pytest

from lossctl.api.setup import workers as working
from lossctl.core.rows.block import BLOCK_ROWS, Batch, Binding
from lossctl.core.types import Array
from lossctl.engine.passes import compute
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.run import processes as crews
from lossctl.engine.run.local import run
from lossctl.engine.run.processes import Crew, can_fork
from lossctl.losses import LOSSES
from tests.kinds import GROUPED

REAL = Binding("m", ("y",), ("p",), "w", "y", "p")
CLASSES = Binding("c", ("k",), ("v",), None, "k", "v")
PLANS = (
    ModelPlan(REAL, (LOSSES["huber"].choose(delta=0.5), LOSSES["wmape"].choose(), LOSSES["mse"].choose())),
    ModelPlan(CLASSES, (LOSSES["softmax_cross_entropy"].choose(),)),
)


def batches(sizes: tuple[int, ...] = (BLOCK_ROWS, 3 * BLOCK_ROWS + 5, 17, 1, 90_000)) -> Iterator[Batch]:
    """Draw rows with gaps in their numbers, a missing value and a negative weight among them."""
    rng = np.random.default_rng(1)
    first = 0
    for size in sizes:
        y = rng.normal(size=size)
        columns = {"y": y, "p": y + rng.normal(size=size), "w": rng.uniform(0.5, 2.0, size)}
        columns |= {"k": rng.integers(0, 4, size).astype(float), "v": rng.normal(size=(size, 4))}
        if size > 1000:
            columns["y"][70], columns["w"][900] = np.nan, -1.0
        rows = first + 2 * np.arange(size) if size % 2 else None
        yield Batch(columns, first, size, rows)
        first += 2 * size


def require_same(left: list[ModelTally], right: list[ModelTally]) -> None:
    """Compare to the bit; the value of a fault may be NaN, which equals itself in writing."""
    for mine, theirs in zip(left, right, strict=True):
        for name in ("rows", "groups", "losses", "parts", "sums", "n_read", "n_dropped", "vectors"):
            assert getattr(mine, name) == getattr(theirs, name), name
        for found, expected in zip([mine.faults, *mine.loss_faults], [theirs.faults, *theirs.loss_faults], strict=True):
            assert sorted(map(repr, found.found.values())) == sorted(map(repr, expected.found.values()))


def the_bits_of_one_thread() -> None:
    with Crew(3, LOSSES) as crew:
        seen: list[int] = []
        forked = crew.run(batches(), PLANS, seen.append)
        again = compute(batches, PLANS, None, None, crew)  # wmape takes a second pass
    assert seen[-1] == sum(map(len, batches()))
    require_same(forked, run(batches(), PLANS, threads=1))
    require_same(again, compute(batches, PLANS, 1))


def groups_and_series() -> None:
    rng = np.random.default_rng(2)
    ranked = ModelPlan(Binding("g", ("y",), ("p",), group="q"), (LOSSES["listnet"].choose(),))
    series = ModelPlan(Binding("s", ("y",), ("p",)), (LOSSES["mase"].choose(),))

    def grouped() -> Iterator[Batch]:
        for first in range(0, 400_000, 100_000):
            starts = np.unique(np.append(0, rng.integers(1, 100_000, 900)))
            columns = {"y": rng.integers(0, 3, 100_000).astype(float), "p": rng.normal(size=100_000)}
            yield Batch(columns, first, 100_000, first + rng.permutation(100_000), starts)

    given, ordered = list(grouped()), list(batches((BLOCK_ROWS, 90_000)))
    with Crew(2, LOSSES) as crew:
        found = [compute(lambda: given, [ranked], None, None, crew), compute(lambda: ordered, [series], 2, None, crew)]
    require_same(found[0], compute(lambda: given, [ranked], 1))
    require_same(found[1], compute(lambda: ordered, [series], 1))
    assert found[0][0].groups.n > 1000


def an_exception_in_a_worker_is_raised_here() -> None:
    def kernel(_target: Array, _prediction: Array) -> tuple[Array, Array]:
        raise ZeroDivisionError("in a kernel")

    object.__setattr__(LOSSES["mae"], "kernel", kernel)
    plan = ModelPlan(Binding("m", ("y",), ("p",)), (LOSSES["mae"].choose(),))
    with Crew(2, LOSSES) as crew, pytest.raises(ZeroDivisionError, match="in a kernel"):
        crew.run(batches((10,) * 1000), [plan])


def a_killed_worker_is_noticed() -> None:
    crews.PATIENCE_SECONDS = 0.05
    with Crew(2, LOSSES) as crew:
        for pid in crew.pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="was killed"):
            crew.run(batches(), PLANS)


def a_row_larger_than_a_slot() -> None:
    crews.SLOT_BYTES = 24
    with Crew(2, LOSSES) as crew:
        forked = crew.run(batches((50,)), PLANS)
    require_same(forked, run(batches((50,)), PLANS, threads=1))


def groups_stay_whole() -> None:
    binding = Binding("g", ("y",), ("p",), None, "y", "p", group="g")
    plans = [ModelPlan(binding, (GROUPED,))]
    rng = np.random.default_rng(2)

    def grouped() -> Iterator[Batch]:
        for first in (0, 5000):
            starts = np.array([0, 7, 8, 3000, 4990])
            columns = {"y": rng.normal(size=5000), "p": rng.normal(size=5000)}
            yield Batch(columns, first, 5000, first + rng.permutation(5000), starts)

    found = []
    for slot in (crews.SLOT_BYTES, 3000 * 24):  # in the second, two of the groups fit no slot
        crews.SLOT_BYTES = slot
        rng = np.random.default_rng(2)
        with Crew(2, {GROUPED.loss.id: GROUPED.loss}) as crew:
            found.append(crew.run(grouped(), plans))
    rng = np.random.default_rng(2)
    expected = run(grouped(), plans, threads=1)  # last: what has had threads may not be forked for a moment
    for forked in found:
        require_same(forked, expected)
        assert forked[0].groups.n == 10


def leaving_ends_the_workers() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Crew(2, LOSSES) as crew:
        pids = crew.pids
        crew.run(batches((10,)), PLANS)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def workers_end_with_the_reader() -> None:
    """Print the workers' numbers and wait to be killed."""
    with Crew(2, LOSSES) as crew:
        sys.stdout.write(" ".join(map(str, crew.pids)) + "\n")
        sys.stdout.flush()
        time.sleep(60)


def threads_forbid_forking() -> None:
    assert can_fork()
    hold = threading.Event()
    thread = threading.Thread(target=hold.wait)
    thread.start()
    assert not can_fork()
    with pytest.raises(RuntimeError, match="threads"):
        Crew(1, LOSSES)
    with working.workers([__file__], 2, 10) as crew:
        assert crew is None
    hold.set()
    thread.join()


def a_system_that_gives_no_process() -> None:
    before, fork = len(list(Path("/proc/self/fd").iterdir())), os.fork
    answers = iter([True, False, False])

    def scarce() -> int:
        if next(answers):
            return fork()
        raise BlockingIOError("no more processes")

    os.fork = scarce
    with pytest.raises(BlockingIOError):
        Crew(2, LOSSES)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.cpu_count, working.LARGE_BYTES = (lambda: 2), 1
    with working.workers([__file__], None, 10) as crew:
        assert crew is None
    assert next(answers, None) is None, "it was not tried again"


def one_loss_is_computed_by_threads() -> None:
    os.cpu_count, working.LARGE_BYTES = (lambda: 2), 1
    for values, forked in ((1, False), (2, True)):
        with working.workers([__file__], None, values) as crew:
            assert (crew is not None) == forked


def a_large_file_is_computed_by_processes() -> None:
    import lossctl

    file = "examples/data/preds.csv"
    plain = lossctl.evaluate(file, "mae,rmse,huber(delta=0.3)", threads=1).to_dict()
    sys.stdout.write(f"{plain!r}\n")


def as_a_large_file() -> None:
    import lossctl

    working.LARGE_BYTES = 1
    used: list[Crew] = []
    before = Crew.run

    def spy(self: Crew, *args: object) -> list[ModelTally]:
        used.append(self)
        return before(self, *args)  # type: ignore[arg-type]  # as they come

    Crew.run = spy  # type: ignore[method-assign]  # to see that it is used
    found = lossctl.evaluate("examples/data/preds.csv", "mae,rmse,huber(delta=0.3)", threads=2).to_dict()
    assert used
    sys.stdout.write(f"{found!r}\n")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
