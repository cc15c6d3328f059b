"""Losses that are not means: several parts, a finish, the chain rule and the delta method."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Batch, Binding
from lossctl.core.types import Array
from lossctl.engine.passes import compute
from lossctl.engine.plan import Linear, ModelPlan
from lossctl.losses import LOSSES


def kernel(target: Array, prediction: Array) -> tuple[Array, Array]:
    r = prediction - target
    parts = np.stack([np.abs(r), np.abs(target)])
    return parts, np.stack([np.sign(r), np.zeros_like(r)])


def ratio(means: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
    above, below = means
    return above / below, (1.0 / below, -above / below**2)


RATIO = ChosenLoss(replace(LOSSES["mae"], id="ratio", kernel=kernel, finish=ratio, parts=2), {})


def data(size: int = 2000) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    target = rng.gamma(2.0, 3.0, size)
    return {"y": target, "p": target + rng.normal(size=size), "w": rng.uniform(0.2, 2.0, size)}


@pytest.mark.parametrize("weight", [None, "w"])
def test_a_ratio_of_means_has_its_gradient_and_its_standard_error(weight: str | None) -> None:
    columns = data()

    def read() -> Iterator[Batch]:
        for start in range(0, 2000, 300):
            part = {name: values[start : start + 300] for name, values in columns.items()}
            yield Batch(part, start, len(part["y"]))

    (tally,) = compute(read, [ModelPlan(Binding("m", ("y",), ("p",), weight), (RATIO,))], threads=2)
    w = columns["w"] if weight else np.ones(2000)
    r, y = columns["p"] - columns["y"], columns["y"]
    above, below = (w * np.abs(r)).sum(), (w * np.abs(y)).sum()
    value, scale = tally.finished(0)
    assert_allclose(value, above / below, rtol=1e-14)
    moments = tally.losses[0].moments(tally.rows, tally.reduction(RATIO))
    gradient = moments.gradient(scale)
    pulled = w * np.sign(r) / below  # d value / d prediction, worked out by hand
    assert_allclose(gradient.l2, np.linalg.norm(pulled), rtol=1e-13)
    assert_allclose(gradient.l1, np.abs(pulled).sum(), rtol=1e-13)
    u = w * (np.abs(r) - above / below * np.abs(y))
    effective = w.sum() ** 2 / (w**2).sum()
    assert_allclose(moments.std_error, math.sqrt(effective / (effective - 1.0) * (u**2).sum()) / below, rtol=1e-12)


def test_a_part_that_moves_nothing_adds_nothing_even_where_it_is_infinite() -> None:
    combined = Linear(1.0, (0.0, 2.0)).combine(np.array([[np.inf, 1.0], [3.0, 4.0]]))
    assert combined.tolist() == [6.0, 8.0]
    assert Linear(1.0, (0.0,)).combine(np.array([[np.inf, 1.0]])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("threads", [1, 2])
def test_parts_are_those_the_kernel_gives(threads: int) -> None:
    def either(target: Array, prediction: Array) -> tuple[Array, Array]:
        parts, slopes = kernel(target, prediction)
        return (parts, slopes) if target.ndim == 1 else (parts[0], slopes[0])

    chosen = ChosenLoss(replace(RATIO.loss, kernel=either, parts=1), {})
    columns = data(700)
    batches = [Batch({n: v[at : at + 100] for n, v in columns.items()}, at, 100) for at in range(0, 700, 100)]
    (tally,) = compute(lambda: iter(batches), [ModelPlan(Binding("m", ("y",), ("p",)), (chosen,))], threads=threads)
    above, below = np.abs(columns["p"] - columns["y"]).sum(), np.abs(columns["y"]).sum()
    assert_allclose(tally.finished(0)[0], above / below, rtol=1e-14)


def test_parts_merge_whichever_worker_found_them() -> None:
    columns = data(60)
    plan = ModelPlan(Binding("m", ("y",), ("p",)), (RATIO,))
    full, empty, again = plan.tally(), plan.tally(), plan.tally()
    full.add(Batch(columns, 0, 60))
    empty.merge(full)
    again.merge(empty)
    again.merge(full)
    twice = 2.0 * np.abs(columns["y"]).sum()
    assert_allclose([total.result() for total in again.parts[0]][1], twice, rtol=1e-14)
    assert_allclose(full.parts[0][1].result(), 0.5 * twice, rtol=1e-14)
