"""Models compared row by row: what is accumulated for each pair of a baseline and a candidate.

All models see the same rows: one that some model cannot use is left out of all. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lossctl.core.block import BLOCK_ROWS, Batch, Block
from lossctl.core.exact import ExactSum, add_values
from lossctl.core.faults import Faults
from lossctl.core.loss import Array
from lossctl.engine.memory import keep_freed_memory
from lossctl.engine.plan import Linear, ModelPlan, ModelTally

__all__ = ["PairTally", "PairsTally", "compare_rows"]

TIE = 1e-9
"""Losses that differ by no more than this share of the baseline's tie."""


@dataclass(slots=True)
class PairTally:
    """The sums of one loss over the paired rows of two models, and who won how many.

    With w the weight of a row, b and c the losses of baseline and candidate and d = c − b, it keeps Σwb, Σ(wb)², Σw²b,
    Σwd, Σ(wd)², Σw²d and Σw²db.
    """

    n: int = 0
    wins: int = 0
    ties: int = 0
    losses: int = 0
    b: ExactSum = field(default_factory=ExactSum)
    b_square: ExactSum = field(default_factory=ExactSum)
    b_weight: ExactSum = field(default_factory=ExactSum)
    c: ExactSum = field(default_factory=ExactSum)
    d: ExactSum = field(default_factory=ExactSum)
    d_square: ExactSum = field(default_factory=ExactSum)
    d_weight: ExactSum = field(default_factory=ExactSum)
    cross: ExactSum = field(default_factory=ExactSum)

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def count(self, baseline: Array, candidate: Array) -> None:
        """Count who won how many rows, by the losses of rows ``(n,)`` each."""
        tied = np.abs(candidate - baseline) <= TIE * np.abs(baseline)
        tied |= candidate == baseline  # infinities too
        self.n += len(tied)
        self.ties += int(np.count_nonzero(tied))
        self.wins += int(np.count_nonzero((candidate < baseline) & ~tied))
        self.losses = self.n - self.wins - self.ties

    @np.errstate(over="ignore", invalid="ignore")
    def add(self, baseline: Array, candidate: Array, weight: Array | None) -> None:
        """Add what the values move with, row by row, ``(n,)`` each: the losses themselves, where values are means."""
        gap = candidate - baseline
        if weight is None:
            add_values(baseline, self.b, self.b_square)
            add_values(gap, self.d, self.d_square)
            self.c.add(candidate)
            self.cross.add(gap * baseline)
            return
        heavy_baseline, heavy_gap = weight * baseline, weight * gap
        add_values(heavy_baseline, self.b, self.b_square)
        add_values(heavy_gap, self.d, self.d_square)
        self.c.add(weight * candidate)
        self.b_weight.add(weight * heavy_baseline)
        self.d_weight.add(weight * heavy_gap)
        self.cross.add(heavy_gap * heavy_baseline)


@dataclass(slots=True)
class PairsTally:
    """What is accumulated for all models: the first is the baseline.

    Parameters
    ----------
    plans
        One a model, with the same losses.
    linear
        Of the losses that are no means: how each model's value moves with its rows, by model and index.
    """

    plans: Sequence[ModelPlan]
    linear: Sequence[dict[int, Linear]]
    models: list[ModelTally] = field(init=False)
    pairs: list[list[PairTally]] = field(init=False)
    n_dropped: int = 0

    def __post_init__(self) -> None:
        self.models = [plan.tally() for plan in self.plans]
        self.pairs = [[PairTally() for _ in plan.losses] for plan in self.plans[1:]]

    def add(self, batches: Sequence[Batch]) -> None:
        """Add the same rows of each model, a batch each."""
        usable = [_usable(batch, plan) for batch, plan in zip(batches, self.plans, strict=True)]
        common = np.logical_and.reduce(usable)
        found: list[dict[int, tuple[Array, Block]]] = []
        for batch, tally, mine in zip(batches, self.models, usable, strict=True):
            others = common | ~mine  # rows this model cannot use stay in, to be counted and named
            kept = batch if others.all() else _pick(batch, others)
            found.append({index: (loss, block) for index, loss, _, block in tally.computed(kept)})
        self.n_dropped += len(common) - int(np.count_nonzero(common))
        for index, (loss, block) in found[0].items():
            for place, pair in enumerate(self.pairs, start=1):
                if index in found[place]:
                    other = found[place][index][0]
                    moved = self._moved(0, index, loss), self._moved(place, index, other)
                    pair[index].add(*moved, block.weight)
                    pair[index].count(*((loss, other) if loss.ndim == 1 else moved))

    def _moved(self, place: int, index: int, loss: Array) -> Array:
        """Give what the value of a model moves with, row by row."""
        linear = self.linear[place].get(index)
        return loss if linear is None else linear.combine(np.atleast_2d(loss))


def compare_rows(
    rows: Iterable[Sequence[Batch]], plans: Sequence[ModelPlan], linear: Sequence[dict[int, Linear]]
) -> PairsTally:
    """Accumulate pairs over all rows.

    Parameters
    ----------
    rows
        Batches of the same rows, one for each model.
    plans, linear
        As in `PairsTally`.
    """
    keep_freed_memory()
    tally = PairsTally(plans, linear)
    for batches in rows:
        for together in zip(*(batch.split(BLOCK_ROWS) for batch in batches), strict=True):
            tally.add(together)
    return tally


def _usable(batch: Batch, plan: ModelPlan) -> npt.NDArray[np.bool_]:
    block, _ = Block.of(batch, plan.binding, Faults())
    if block.kept is None:
        return np.ones(len(batch), dtype=np.bool_)
    usable = np.zeros(len(batch), dtype=np.bool_)
    usable[block.kept] = True
    return usable


def _pick(batch: Batch, kept: npt.NDArray[np.bool_]) -> Batch:
    places = np.flatnonzero(kept)
    rows = batch.rows[places] if batch.rows is not None else batch.first_row + places
    columns = {name: values[places] for name, values in batch.columns.items()}
    starts = batch.starts
    if starts is not None:
        groups = np.searchsorted(starts, places, side="right")
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return replace(batch, columns=columns, length=len(places), rows=rows, starts=starts)
