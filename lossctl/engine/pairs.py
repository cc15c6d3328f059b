"""Models compared row by row: what is accumulated for each pair of a baseline and a candidate.

All models see the same rows: one that some model cannot use is left out of all. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lossctl.core.block import BLOCK_ROWS, Batch, Block
from lossctl.core.exact import ExactSum
from lossctl.core.faults import Faults
from lossctl.core.loss import Array
from lossctl.core.spread import Spread
from lossctl.engine.memory import keep_freed_memory
from lossctl.engine.plan import Linear, ModelPlan, ModelTally

__all__ = ["Centre", "PairTally", "PairsTally", "compare_rows"]

TIE = 1e-9
"""Losses that differ by no more than this share of the baseline's tie."""


@dataclass(frozen=True, slots=True)
class Centre:
    """What a pass of its own takes off before it squares, where digits cancelled.

    Parameters
    ----------
    gap
        The mean of d = c − b.
    share
        The relative change ρ.
    rest
        The mean of d − ρb.
    """

    gap: float
    share: float
    rest: float


@dataclass(slots=True)
class PairTally:
    """The sums of one loss over the paired rows of two models, and who won how many.

    With b and c the losses of baseline and candidate and d = c − b, it keeps the sums of b and of d, those of c, and
    Σw²db; with a centre, those of d less its mean and of d − ρb less its mean, and no others.

    Parameters
    ----------
    weighted
        Whether rows differ in weight.
    centre
        Given in a pass of its own; see `Centre`.
    """

    weighted: bool
    centre: Centre | None = None
    n: int = 0
    wins: int = 0
    ties: int = 0
    losses: int = 0
    c: ExactSum = field(default_factory=ExactSum)
    cross: ExactSum = field(default_factory=ExactSum)
    b: Spread = field(init=False)
    d: Spread = field(init=False)
    rest: Spread = field(init=False)

    def __post_init__(self) -> None:
        self.b, self.d, self.rest = (Spread(self.weighted) for _ in range(3))

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def count(self, baseline: Array, candidate: Array) -> None:
        """Count who won how many rows, by the losses of rows ``(n,)`` each."""
        tied = np.abs(candidate - baseline) <= TIE * np.abs(baseline)
        tied &= np.isfinite(baseline)
        tied |= candidate == baseline  # infinities too
        self.n += len(tied)
        self.ties += int(np.count_nonzero(tied))
        self.wins += int(np.count_nonzero((candidate < baseline) & ~tied))
        self.losses = self.n - self.wins - self.ties

    @np.errstate(over="ignore", invalid="ignore")
    def add(self, baseline: Array, candidate: Array, weight: Array | None) -> None:
        """Add what the values move with, row by row, ``(n,)`` each: the losses themselves, where values are means."""
        gap = candidate - baseline
        if self.centre is not None:
            self.d.add(gap - self.centre.gap, weight)
            self.rest.add(gap - self.centre.share * baseline - self.centre.rest, weight)
            return
        self.b.add(baseline, weight)
        self.d.add(gap, weight)
        self.c.add(candidate if weight is None else weight * candidate)
        self.cross.add(gap * baseline if weight is None else (weight * gap) * (weight * baseline))


@dataclass(slots=True)
class PairsTally:
    """What is accumulated for all models: the first is the baseline.

    Losses of several parts whose `Linear` the plans do not hold are summed part by part, for a second pass; the pairs
    of those are left empty.

    Parameters
    ----------
    plans
        One a model, with the same losses.
    centres
        Of each candidate, what is taken off by loss; see `Centre`.
    """

    plans: Sequence[ModelPlan]
    centres: Sequence[Sequence[Centre | None]] = ()
    models: list[ModelTally] = field(init=False)
    pairs: list[list[PairTally]] = field(init=False)

    def __post_init__(self) -> None:
        self.models = [plan.tally() for plan in self.plans]
        nothing = [[None] * len(plan.losses) for plan in self.plans[1:]]
        weighted = self.plans[0].binding.weighted
        self.pairs = [[PairTally(weighted, each) for each in some] for some in self.centres or nothing]

    def add(self, batches: Sequence[Batch]) -> None:
        """Add the same rows of each model, a batch each."""
        usable = [_usable(batch, plan) for batch, plan in zip(batches, self.plans, strict=True)]
        common = np.logical_and.reduce(usable)
        found: list[dict[int, tuple[Array, Block]]] = []
        for batch, tally, mine in zip(batches, self.models, usable, strict=True):
            others = common | ~mine  # rows this model cannot use stay in, to be counted and named
            kept = batch if others.all() else _pick(batch, others)
            found.append({index: (loss, block) for index, loss, _, block in tally.computed(kept)})
            tally.n_read += len(batch) - len(kept)
            tally.n_dropped += len(batch) - len(kept)
        for place, losses in enumerate(found):
            for index, (loss, block) in losses.items():
                if loss.ndim > 1 and index not in self.plans[place].linear:
                    self.models[place].add_parts(index, loss, block)
                elif place and index in found[0]:
                    self._add_pair(place, index, found[0][index][0], loss, block.weight)

    def _add_pair(self, place: int, index: int, loss: Array, other: Array, weight: Array | None) -> None:
        pair = self.pairs[place - 1][index]
        mine, theirs = self.plans[0].linear.get(index), self.plans[place].linear.get(index)
        pair.add(_moved(mine, loss), _moved(theirs, other), weight)
        if loss.ndim > 1:  # rows of several parts: by what they add to one and the same value
            loss, other = _moved(mine, loss), _moved(mine, other)
        pair.count(loss, other)


def _moved(linear: Linear | None, loss: Array) -> Array:
    """Give what the value of a model moves with, row by row."""
    return loss if linear is None else linear.combine(np.atleast_2d(loss))


def compare_rows(
    rows: Iterable[Sequence[Batch]], plans: Sequence[ModelPlan], centres: Sequence[Sequence[Centre | None]] = ()
) -> PairsTally:
    """Accumulate pairs over all rows.

    Parameters
    ----------
    rows
        Batches of the same rows, one for each model.
    plans, centres
        As in `PairsTally`.
    """
    keep_freed_memory()
    tally = PairsTally(plans, centres)
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
    slices = None if batch.slices is None else batch.slices[places]
    identity = None if batch.identity is None else batch.identity[places]
    return replace(
        batch, columns=columns, length=len(places), rows=rows, starts=starts, slices=slices, identity=identity
    )
