"""The rows that add most to the difference of two models. Imports NumPy, core and its own package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lossctl.core.method import Method
from lossctl.core.rows.block import Batch, Block, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Mask
from lossctl.engine.accumulators.pairs import PairsPlan, PairsTally
from lossctl.engine.accumulators.worst import Worst
from lossctl.engine.plan import roots_of

__all__ = ["WorstGaps", "WorstGapsPlan"]

Wanted = Callable[[Rows], Mask]
"""Says of the codes of slices, ``(n,)``, which rows count."""


@dataclass(frozen=True, slots=True)
class WorstGapsPlan:
    """What to keep of a pair.

    Parameters
    ----------
    plan
        Of one pair: the baseline and the candidate.
    size
        How many rows of each loss.
    signs
        By loss: 1 where more is worse, −1 where less is.
    wanted
        Which slices count; ``None``: all rows.
    """

    plan: PairsPlan
    size: int
    signs: Sequence[float]
    wanted: Wanted | None = None

    @property
    def method(self) -> Method:
        """Rows are looked at one after the other."""
        return Method("diebold_mariano")

    def tally(self) -> WorstGaps:
        """Start with nothing added."""
        return WorstGaps(self)


class WorstGaps(PairsTally):
    """The rows whose losses differ most, for the worse.

    Attributes
    ----------
    worst
        By loss: the candidate's rows; `Worst.losses` are candidate less baseline, times the sign, and the weight of the
        row; ``beside["slope"]`` are the losses of baseline and candidate.
    """

    def __init__(self, asked: WorstGapsPlan) -> None:
        super().__init__(asked.plan)
        self.asked = asked
        self.worst = [Worst(asked.size) for _ in asked.plan.plans[0].losses]
        self._blocks: list[dict[int, Block]] = []

    def computed(self, batches: Sequence[Batch]) -> list[dict[int, tuple[Array, Block]]]:
        """Return what `PairsTally.computed` does, and keep the blocks."""
        found = super().computed(batches)
        self._blocks = [{index: block for index, (_, block) in of.items()} for of in found]
        return found

    def _add_loss(
        self, index: int, losses: Sequence[Array], moved: Sequence[Array], weight: Array | None, codes: Any
    ) -> None:
        super()._add_loss(index, losses, moved, weight, codes)
        with np.errstate(over="ignore", invalid="ignore"):
            worse = (moved[1] - moved[0]) * self.asked.signs[index]
        if weight is not None:
            worse = worse * weight
        first, block = (of[index] for of in self._blocks)
        worse, finer = self._finer(index, losses, worse, weight)
        if self.asked.wanted is not None and first.slices is not None:
            worse = np.where(self.asked.wanted(first.slices), worse, -np.inf)
        if len(worse) == len(block):
            self.worst[index].add(worse, np.column_stack(moved), block, finer)

    def _finer(
        self, index: int, losses: Sequence[Array], worse: Array, weight: Array | None
    ) -> tuple[Array, Array | None]:
        """Return gaps of squares, those that overflow infinite, and what tells such from each other: their roots.

        The root of (r − s)(r + s), whose sign is that of r − s, is made of two: no square is taken.
        """
        chosen = self.asked.plan.losses[index]
        if chosen.loss.root is None:
            return worse, None
        both = (roots_of(chosen, loss, of[index]) for loss, of in zip(losses, self._blocks, strict=True))
        old, new = (np.abs(each) for each in both)
        gap = (new - old) * self.asked.signs[index]
        with np.errstate(over="ignore", invalid="ignore"):
            finer = np.sign(gap) * np.sqrt(np.abs(gap)) * np.sqrt(old + new)
            if weight is not None:
                finer = finer * np.sqrt(weight)
        unknown = np.isnan(worse) & np.isfinite(finer)  # of two squares that overflow
        return np.where(unknown, np.where(finer == 0.0, 0.0, np.copysign(np.inf, finer)), worse), finer
