"""A pass over rows that know their slices, for what is kept of single rows: the largest losses, and quantiles.

The losses are those a run over the rows of a slice alone would find. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, cast

from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Batch, Block
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes, Mask
from lossctl.engine.accumulators.sketch import Masses, masses_of
from lossctl.engine.accumulators.slice_sketch import Sieve, SieveCounts
from lossctl.engine.accumulators.slice_worst import SliceWorst
from lossctl.engine.accumulators.watched import Of, finer_of, values_of
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.run.local import run
from lossctl.engine.slice_order import by_slice_within_groups, codes_of

if TYPE_CHECKING:
    from lossctl.engine.run.processes import Crew
    from lossctl.engine.sliced_passes import BySlice

__all__ = ["SliceWatch", "SliceWatchTally", "look", "rows_plan"]


def rows_plan(made: BySlice, wanted: Sequence[int]) -> ModelPlan:
    """Return the plan of the rows of every slice, of some of the losses: those whose rows have losses of their own."""
    plan = made.slices.plan.plan
    return replace(plan, losses=tuple(plan.losses[index] for index in wanted), linear={}, centers=())


@dataclass(frozen=True, slots=True)
class SliceWatch:
    """What to keep of the rows of every slice.

    Parameters
    ----------
    plan
        The losses, as of `rows_plan`.
    members
        Of which slices to keep the largest losses, by code.
    top
        How many of them; 0: none.
    sieves
        Of which values to count the bits, by the place of the loss.
    most
        How many different ones may be told apart in each.
    units
        The exponent of what the weights of a slice are counted in, by code; ``None``: rows weigh alike.
    """

    plan: ModelPlan
    members: Mask
    top: int = 0
    sieves: Mapping[int, Mapping[Of, Sieve]] = field(default_factory=dict)
    most: int = 0
    units: Codes | None = None

    @property
    def losses(self) -> tuple[ChosenLoss, ...]:
        """The losses, in order."""
        return self.plan.losses

    def tally(self) -> SliceWatchTally:
        """Start with nothing added."""
        return SliceWatchTally(self)


@dataclass(slots=True)
class SliceWatchTally:
    """What one worker keeps.

    Attributes
    ----------
    worst, counts
        By the place of the loss.
    """

    watch: SliceWatch
    front: ModelTally = field(init=False)
    worst: list[SliceWorst] = field(init=False)
    counts: dict[int, dict[Of, SieveCounts]] = field(init=False)

    def __post_init__(self) -> None:
        watch = self.watch
        self.front = watch.plan.tally()
        self.worst = [SliceWorst(watch.top, watch.members) for _ in watch.losses] if watch.top else []
        self.counts = {
            place: {of: SieveCounts(sieve, watch.most) for of, sieve in some.items()}
            for place, some in watch.sieves.items()
        }

    def add(self, batch: Batch) -> None:
        """Compute the losses of rows that know their slices."""
        for place, loss, slope, block in self.front.computed(by_slice_within_groups(batch)):
            codes = codes_of(block)
            if self.worst:
                self.worst[place].add(loss, slope, block, codes, finer_of(self.watch.losses[place], loss, block))
            if place in self.counts:
                self._count(place, loss, slope, block, codes)

    def _count(self, place: int, loss: Array, slope: Array, block: Block, codes: Codes) -> None:
        units = self.watch.units
        masses: Masses | None = None
        if units is not None and block.weight is not None:
            masses = masses_of(block.weight, units[codes])
        for of, values in values_of(loss, slope).items():
            if of in self.counts[place]:
                mine = codes if block.starts is None or len(values) == len(codes) else codes[block.starts]
                self.counts[place][of].add(mine, values, masses)

    def merge(self, other: SliceWatchTally) -> None:
        """Take over what another worker found."""
        for mine, theirs in zip(self.worst, other.worst, strict=True):
            mine.merge(theirs)
        for place, counts in self.counts.items():
            for of, mine_counts in counts.items():
                mine_counts.merge(other.counts[place][of])


def look(
    read: Callable[[], Iterable[Batch]],
    watches: Sequence[SliceWatch],
    threads: int | None = None,
    crew: Crew | None = None,
) -> list[SliceWatchTally]:
    """Look once at the rows that `read` gives, which know their slices."""
    plans = cast("list[ModelPlan]", list(watches))  # all that is asked of a plan is its losses and a tally to add to
    found: list[Any] = list(run(read(), plans, threads, None, crew))
    return found
