"""The thread pool: the same tallies however many work, failures that surface, a queue that bounds memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lossctl.core.losses.loss import Role
from lossctl.core.rows.block import BLOCK_ROWS, Batch, Binding
from lossctl.core.types import Array
from lossctl.engine.passes import compute
from lossctl.engine.plan import ModelPlan
from lossctl.engine.run.local import run
from lossctl.losses import LOSSES

BINDING = Binding("m", ("y",), ("p",), None, "y", "p")
one_and_many = pytest.mark.parametrize("threads", [1, 2, 4])
"""The reading thread itself computes where it would have one other to do it."""

HUBER = LOSSES["huber"].choose(delta=0.5)


def batches(sizes: list[int], seed: int = 1) -> Iterator[Batch]:
    rng = np.random.default_rng(seed)
    first = 0
    for size in sizes:
        target = rng.normal(size=size)
        yield Batch({"y": target, "p": target + rng.normal(size=size)}, first, size)
        first += size


def test_many_threads_give_the_bits_of_one() -> None:
    plan = ModelPlan(BINDING, (HUBER, LOSSES["mse"].choose()))
    sizes = [BLOCK_ROWS, 3 * BLOCK_ROWS + 5, 17, 1, 90_000]
    (one,) = run(batches(sizes), [plan], threads=1)
    (many,) = run(batches(sizes), [plan], threads=4)
    for mine, theirs in zip(one.losses, many.losses, strict=True):
        assert mine == theirs
    assert one.rows == many.rows
    assert many.n_read == sum(sizes)


@pytest.mark.parametrize(("sizes", "threads"), [([100], 4), ([100, 100, 100], 3)])
def test_one_batch_starts_no_thread_nor_does_one_worker(sizes: list[int], threads: int) -> None:
    before = threading.active_count()
    seen: list[int] = []

    def kernel(target: Array, prediction: Array, **_params: float) -> tuple[Array, Array]:
        seen.append(threading.active_count())
        return np.abs(prediction - target), np.sign(prediction - target)

    chosen = replace(LOSSES["mae"], kernel=kernel).choose()
    run(batches(sizes), [ModelPlan(BINDING, (chosen,))], threads=threads)
    assert seen == [before] * len(sizes)


def test_many_batches_are_computed_beside_the_reader() -> None:
    seen: set[str] = set()

    def kernel(target: Array, prediction: Array, **_params: float) -> tuple[Array, Array]:
        seen.add(threading.current_thread().name)
        return np.abs(prediction - target), np.sign(prediction - target)

    chosen = replace(LOSSES["mae"], kernel=kernel).choose()
    run(batches([100] * 50), [ModelPlan(BINDING, (chosen,))], threads=4)
    assert seen <= {"lossctl-0", "lossctl-1"}
    assert seen


@one_and_many
def test_a_failure_in_a_kernel_is_raised_and_ends_the_run(threads: int) -> None:
    def kernel(_target: Array, _prediction: Array, **_params: float) -> tuple[Array, Array]:
        raise ZeroDivisionError("in a kernel")

    def endless() -> Iterator[Batch]:
        while True:
            yield from batches([BLOCK_ROWS])

    chosen = replace(LOSSES["mae"], kernel=kernel).choose()
    with pytest.raises(ZeroDivisionError, match="in a kernel"):
        run(endless(), [ModelPlan(BINDING, (chosen,))], threads=threads)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lossctl-")]


@one_and_many
def test_a_failure_of_the_reader_ends_the_workers(threads: int) -> None:
    def failing() -> Iterator[Batch]:
        yield from batches([10, 10, 10])
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        run(failing(), [ModelPlan(BINDING, (HUBER,))], threads=threads)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lossctl-")]


def test_the_reader_waits_for_slow_workers() -> None:
    gate = threading.Event()
    read: list[int] = []

    def kernel(target: Array, prediction: Array, **_params: float) -> tuple[Array, Array]:
        gate.wait(10)
        return np.abs(prediction - target), np.sign(prediction - target)

    def counted() -> Iterator[Batch]:
        for batch in batches([10] * 200):
            read.append(len(batch))
            if len(read) > 150:
                gate.set()  # a reader that does not wait gets here with the gate shut
            yield batch

    chosen = replace(LOSSES["mae"], kernel=kernel).choose()
    worker = threading.Thread(target=run, args=(counted(), [ModelPlan(BINDING, (chosen,))], 4))
    worker.start()
    worker.join(0.5)
    waiting = len(read)
    gate.set()
    worker.join(30)
    assert waiting < 30
    assert len(read) == 200


def test_progress_counts_rows() -> None:
    rows: list[int] = []
    run(batches([5, 7, 11]), [ModelPlan(BINDING, (HUBER,))], threads=1, on_rows=rows.append)
    assert rows == [5, 12, 23]


def test_nothing_to_read_gives_an_empty_tally() -> None:
    (tally,) = run(iter(()), [ModelPlan(BINDING, (HUBER,))])
    assert (tally.n_read, tally.rows.n) == (0, 0)


def test_a_second_pass_repeats_only_the_plans_that_need_it() -> None:
    passes: list[int] = []

    def read() -> Iterator[Batch]:
        passes.append(1)
        rng = np.random.default_rng(0)
        yield Batch({"y": np.zeros(500), "p": 1e9 + rng.normal(size=500), "q": rng.normal(size=500)}, 0, 500)

    far = ModelPlan(BINDING, (LOSSES["mae"].choose(),))
    near = ModelPlan(Binding("n", ("y",), ("q",), None, "y", "q"), (LOSSES["mae"].choose(),))
    first, second = compute(read, [far, near], threads=1)
    assert len(passes) == 2
    assert first.plan.centers != ()
    assert second.plan.centers == ()


def test_normalizing_down_the_file_takes_the_sums_of_a_first_pass() -> None:
    weights = np.array([1.0, 2.0, 5.0])

    def read() -> Iterator[Batch]:
        yield Batch({"y": weights, "p": weights[::-1].copy()}, 0, 3)

    plan = ModelPlan(BINDING, (LOSSES["entropy"].choose(),), normalize=True)
    (tally,) = compute(read, [plan], threads=1)
    assert tally.plan.column_sums is not None
    assert tally.plan.column_sums[Role.TARGET] == 8.0
    assert not tally.loss_faults[0].found
