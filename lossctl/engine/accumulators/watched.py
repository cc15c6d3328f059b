"""Passes that look at single rows beside what they sum: the largest losses, and where quantiles lie.

Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Literal

import numpy as np

from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Batch, Block
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.engine.accumulators.sketch import Bucket, Histogram, Masses, Near, keys_of, masses_of
from lossctl.engine.accumulators.tally import row_norms
from lossctl.engine.accumulators.worst import Worst
from lossctl.engine.plan import ModelPlan, ModelTally, roots_of

__all__ = ["NearPlan", "NearTally", "Of", "Watch", "WatchedPlan", "WatchedTally", "finer_of", "values_of"]

Of = Literal["loss", "slope"]
"""What a quantile is of: the loss of a row, or the magnitude of its slope."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What to keep of single rows.

    Parameters
    ----------
    top
        How many of the largest losses.
    counts
        Whether to count losses and slopes by magnitude.
    unit
        The exponent of what weights are counted in; ``None``: rows weigh alike.
    """

    top: int = 0
    counts: bool = False
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class WatchedPlan(ModelPlan):
    """A plan whose tallies also keep what `watch` says."""

    watch: Watch = Watch()

    @classmethod
    def of(cls, plan: ModelPlan, watch: Watch) -> WatchedPlan:
        """Watch a plan."""
        return cls(**{each.name: getattr(plan, each.name) for each in fields(ModelPlan)}, watch=watch)

    def tally(self) -> WatchedTally:
        """Start with nothing added."""
        return WatchedTally(self, watch=self.watch)


@dataclass(slots=True)
class WatchedTally(ModelTally):
    """A tally that keeps rows too.

    Attributes
    ----------
    worst
        The largest of each loss.
    counts
        How many values of each loss and slope there are, by the index of the loss.
    """

    watch: Watch = field(default_factory=Watch)
    worst: list[Worst] = field(init=False)
    counts: list[dict[Of, Histogram]] = field(init=False)

    def __post_init__(self) -> None:
        ModelTally.__post_init__(self)  # super() does not know a class with slots
        self.worst = [Worst(self.watch.top) for _ in self.plan.losses]
        self.counts = [{"loss": Histogram(), "slope": Histogram()} for _ in self.plan.losses]

    def add_rows(self, index: int, loss: Array, slope: Array, block: Block) -> None:
        """Add the rows of a block to one loss; those of several parts have no losses of their own."""
        ModelTally.add_rows(self, index, loss, slope, block)
        if loss.ndim > 1:
            return
        if self.watch.top:
            self.worst[index].add(loss, slope, block, finer_of(self.plan.losses[index], loss, block))
        if self.watch.counts:
            masses = _masses(block, self.watch.unit)
            for of, values in values_of(loss, slope).items():
                self.counts[index][of].add(values, masses)

    def merge(self, other: ModelTally) -> None:
        """Take over what another worker found."""
        ModelTally.merge(self, other)
        if not isinstance(other, WatchedTally):
            raise TypeError("a watched tally merges with its like")
        for mine, theirs in zip(self.worst, other.worst, strict=True):
            mine.merge(theirs)
        for counts, others in zip(self.counts, other.counts, strict=True):
            for of, histogram in counts.items():
                histogram.merge(others[of])


@dataclass(frozen=True, slots=True)
class NearPlan(ModelPlan):
    """A pass over the same rows for the values of some buckets alone.

    Parameters
    ----------
    buckets
        Which, by the index of the loss.
    most
        How many different values of a bucket may be kept.
    unit
        As in `Watch`.
    """

    buckets: Mapping[int, Mapping[Of, tuple[Bucket, ...]]] = field(default_factory=dict)
    most: int = 1
    unit: int | None = None

    @classmethod
    def after(
        cls, plan: ModelPlan, buckets: Mapping[int, Mapping[Of, tuple[Bucket, ...]]], most: int, unit: int | None
    ) -> NearPlan:
        """Look at the buckets of a plan that has been computed."""
        kept = {each.name: getattr(plan, each.name) for each in fields(ModelPlan)}
        return cls(**kept, buckets=buckets, most=most, unit=unit)

    def tally(self) -> NearTally:
        """Start with nothing added."""
        return NearTally(self, buckets=self.buckets, most=self.most, unit=self.unit)


@dataclass(slots=True)
class NearTally(ModelTally):
    """The values of some buckets: nothing is summed.

    Attributes
    ----------
    near
        By the index of the loss.
    """

    buckets: Mapping[int, Mapping[Of, tuple[Bucket, ...]]] = field(default_factory=dict)
    most: int = 1
    unit: int | None = None
    near: dict[int, dict[Of, list[Near]]] = field(init=False)

    def __post_init__(self) -> None:
        ModelTally.__post_init__(self)
        self.near = {
            index: {of: [Near(bucket, self.most) for bucket in some] for of, some in found.items()}
            for index, found in self.buckets.items()
        }

    def add(self, batch: Batch) -> None:
        """Compute every loss of the plan on a batch, and keep what lies in the buckets."""
        for index, loss, slope, block in self.computed(batch):
            masses = _masses(block, self.unit)
            for of, values in values_of(loss, slope).items():
                wanted = self.near.get(index, {}).get(of, [])
                if wanted:
                    keys = keys_of(values)
                    for near in wanted:
                        near.add(keys, masses)

    def merge(self, other: ModelTally) -> None:
        """Take over what another worker found."""
        if not isinstance(other, NearTally):
            raise TypeError("a tally of buckets merges with its like")
        for index, found in self.near.items():
            for of, nears in found.items():
                for mine, theirs in zip(nears, other.near[index][of], strict=True):
                    mine.merge(theirs)


def finer_of(chosen: ChosenLoss, loss: Array, block: Block) -> Array | None:
    """Return what ranks losses whose squares do not fit into float64; ``None`` of losses that are no squares."""
    return None if chosen.loss.root is None else np.abs(roots_of(chosen, loss, block))


def values_of(loss: Array, slope: Array) -> dict[Of, Array]:
    """Return what quantiles are taken of."""
    return {"loss": loss, "slope": np.abs(slope) if slope.ndim == 1 else row_norms(slope)}


def _masses(block: Block, unit: int | None) -> Masses | None:
    return None if unit is None or block.weight is None else masses_of(block.weight, unit)
