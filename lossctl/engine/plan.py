"""What to compute: the losses of each model, and what one worker accumulates for them.

Imports core alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lossctl.core.block import Batch, Binding, Block
from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.faults import Faults
from lossctl.core.loss import PROBABILITY, Array, ChosenLoss, Kind, Reduction, Role
from lossctl.core.tally import LossTally, WeightTally

__all__ = ["ModelPlan", "ModelTally"]


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """One model and the losses to compute for it.

    Parameters
    ----------
    binding
        Its columns.
    losses
        What to compute.
    clip
        Predicted probabilities are moved into [clip, 1 − clip] first; ``None``: not.
    normalize
        Whether distributions are divided by their sums first.
    column_sums
        The sums to divide by, for distributions down the file that are normalized: known after a first pass.
    centers
        What is taken off each loss in a second pass over losses whose variance cancelled; see `LossTally`.
    """

    binding: Binding
    losses: tuple[ChosenLoss, ...]
    clip: float | None = None
    normalize: bool = False
    column_sums: dict[Role, float] | None = None
    centers: tuple[float, ...] = ()

    def tally(self) -> ModelTally:
        """Start with nothing added."""
        return ModelTally(self)


@dataclass(slots=True)
class ModelTally:
    """What one worker accumulates for one model; `merge` joins the workers' parts."""

    plan: ModelPlan
    rows: WeightTally = field(init=False)
    losses: list[LossTally] = field(init=False)
    loss_faults: list[Faults] = field(init=False)
    faults: Faults = field(default_factory=Faults)
    n_read: int = 0
    n_dropped: int = 0
    vectors: bool = False
    sums: dict[Role, ExactSum] = field(init=False)

    def __post_init__(self) -> None:
        weighted = self.plan.binding.weight is not None
        centers = self.plan.centers or (0.0,) * len(self.plan.losses)
        self.rows = WeightTally(weighted)
        self.losses = [LossTally(weighted, center) for center in centers]
        self.loss_faults = [Faults() for _ in self.plan.losses]
        self.sums = {role: ExactSum() for role in Role}

    def add(self, batch: Batch) -> None:
        """Compute every loss of the plan on a batch of at most `BLOCK_ROWS` rows."""
        block, dropped = Block.of(batch, self.plan.binding, self.faults)
        self.n_read += len(batch)
        self.n_dropped += dropped
        self.vectors = self.vectors or any(v is not None and v.ndim > 1 for v in (block.target, block.prediction))
        self.rows.add(block)
        if len(block) == 0:
            return
        self._add_sums(block)
        prepared = self._normalized(block)
        for chosen, tally, faults in zip(self.plan.losses, self.losses, self.loss_faults, strict=True):
            if self._fits(chosen, prepared, faults):
                loss, slope = self._compute(chosen, prepared)
                tally.add(loss, slope, prepared)

    def _add_sums(self, block: Block) -> None:
        """Sum distributions down the file, so that the whole can be checked at the end."""
        if self.plan.column_sums is not None:
            return
        for role, values in self._distributions(block, dimensions=1):
            self.sums[role].add(values)

    def _normalized(self, block: Block) -> Block:
        if not self.plan.normalize:
            return block
        values = {role: block.values(role) for role in Role}
        with np.errstate(all="ignore"):  # a sum of 0 gives NaN, which no sum of 1 is
            for role, array in self._distributions(block, dimensions=2):
                values[role] = array / array.sum(axis=1, keepdims=True)
            for role, array in self._distributions(block, dimensions=1):
                if self.plan.column_sums is not None:
                    values[role] = array / np.float64(self.plan.column_sums[role])
        return Block(values[Role.TARGET], values[Role.PREDICTION], block.weight, block.batch, block.kept)

    def _distributions(self, block: Block, dimensions: int) -> list[tuple[Role, Array]]:
        """Give the values of the roles that some loss takes as a distribution of so many dimensions."""
        distributions = [chosen.loss for chosen in self.plan.losses if chosen.loss.kind is Kind.DISTRIBUTION]
        roles = {role for loss in distributions for role in loss.roles}
        found = ((role, block.values(role)) for role in Role if role in roles)
        return [(role, values) for role, values in found if values is not None and values.ndim == dimensions]

    def _fits(self, chosen: ChosenLoss, block: Block, faults: Faults) -> bool:
        fits = True
        for role in chosen.loss.roles:
            domain = chosen.loss.domain(role)
            text = self.plan.binding.text(role)
            if domain is not None and not block.check_domain(role, domain, text, faults):
                fits = False
            values = block.values(role)
            if fits and chosen.loss.kind is Kind.DISTRIBUTION and values is not None and values.ndim > 1:
                fits = block.check_sums(role, text, faults)
        return fits

    def _compute(self, chosen: ChosenLoss, block: Block) -> tuple[Array, Array]:
        prediction, clip = block.prediction, self.plan.clip
        clipped = None
        if clip is not None and prediction is not None and chosen.loss.prediction == PROBABILITY:
            inside = np.clip(prediction, clip, 1.0 - clip)
            clipped = inside != prediction
            prediction = inside
        loss, slope = chosen.compute(block.target, prediction)
        if clipped is not None:
            slope = np.where(clipped, 0.0, slope)  # a clipped prediction moves nothing
        return loss, slope

    def merge(self, other: ModelTally) -> None:
        """Take over what another worker found."""
        self.n_read += other.n_read
        self.n_dropped += other.n_dropped
        self.vectors = self.vectors or other.vectors
        self.rows.merge(other.rows)
        self.faults.merge(other.faults)
        for role in Role:
            self.sums[role].merge(other.sums[role])
        for mine, theirs in zip(self.losses, other.losses, strict=True):
            mine.merge(theirs)
        for mine_faults, their_faults in zip(self.loss_faults, other.loss_faults, strict=True):
            mine_faults.merge(their_faults)

    def column_sums(self) -> dict[Role, float]:
        """Give the correctly rounded sums of the distributions down the file."""
        return {role: round_fraction(total.fraction()) for role, total in self.sums.items()}

    def reduction(self, chosen: ChosenLoss) -> Reduction:
        """Say how the losses of rows become one value: a distribution down the file is summed, all else averaged."""
        down_the_file = chosen.loss.kind is Kind.DISTRIBUTION and not self.vectors
        return Reduction.SUM if down_the_file else Reduction.MEAN
