"""Models compared row by row: what is accumulated for each pair of a baseline and a candidate.

All models see the same rows: one that some model cannot use is left out of all. Imports core and its own package.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.levels import Levels
from lossctl.core.exact.spread import Spread
from lossctl.core.exact.sum import ExactSum, add_products, spans_of
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.method import Method
from lossctl.core.rows.block import Batch, Block, Rows
from lossctl.core.rows.faults import Faults
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.cubes import CubeTally
from lossctl.engine.accumulators.lags import LagTally, positions_of
from lossctl.engine.accumulators.units import SeriesTally, UnitTally, identities_of
from lossctl.engine.accumulators.wins import Margin
from lossctl.engine.plan import Linear, ModelPlan, ModelTally, roots_of
from lossctl.engine.run.memory import keep_freed_memory

__all__ = ["Centre", "Margin", "PairTally", "PairsPlan", "PairsTally", "block_rows", "compare_rows", "picked"]

_PRODUCTS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_CENTRED_PRODUCTS = ((0, 0), (1, 1))


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


class Pulled:
    """What the values of a baseline, ``(n,)``, are where weights pull, made once for all of its candidates."""

    __slots__ = ("pulled", "spans", "values")

    def __init__(self, values: Array, weight: Array | None) -> None:
        self.values = values
        self.pulled = values if weight is None else weight * values
        self.spans = spans_of(self.pulled)


@dataclass(slots=True)
class PairTally:
    """The sums of one loss over the paired rows of two models, and who won how many.

    With b and c the losses of baseline and candidate and d = c − b, it keeps the sums of d and Σw²db beside those of b
    and of c, which other pairs share; with a centre, those of d less its mean and of d − ρb less its mean, no others.

    Parameters
    ----------
    weighted
        Whether rows differ in weight.
    centre
        Given in a pass of its own; see `Centre`.
    b, c
        Of the models: added to by who owns them.
    cubes
        Products of three, where skewness counts; with a centre, the cubes of d less its mean alone.
    range
        The least and the most of d, and the largest weight.
    sizes, largest
        With a centre: Σ of |w(d − D)|, and the largest of these.
    """

    weighted: bool
    centre: Centre | None
    b: Spread
    c: ExactSum
    cubes: CubeTally | None = None
    range: tuple[float, float, float] = (math.inf, -math.inf, 0.0)
    sizes: ExactSum = field(default_factory=ExactSum)
    largest: float = 0.0
    n: int = 0
    wins: int = 0
    ties: int = 0
    losses: int = 0
    cross: ExactSum = field(default_factory=ExactSum)
    d: Spread = field(init=False)
    rest: Spread = field(init=False)

    def __post_init__(self) -> None:
        self.d, self.rest = (Spread(self.weighted) for _ in range(2))

    def count(self, margin: Margin, candidate: Array, gap: Array, *, is_known: bool = False) -> None:
        """Count who won how many rows, by the candidate's losses ``(n,)`` and what these are less the baseline's."""
        ties, wins = margin.ties_and_wins(candidate, gap, is_known=is_known)
        self.n += len(gap)
        self.ties += ties
        self.wins += wins
        self.losses = self.n - self.wins - self.ties

    @np.errstate(over="ignore", invalid="ignore")
    def add(self, baseline: Pulled, gap: Array, weight: Array | None) -> None:
        """Add what differences move with, row by row: b and d, ``(n,)`` each."""
        if self.centre is not None:
            self._add_centred(gap - self.centre.gap, weight)
            self.rest.add(gap - self.centre.share * baseline.values - self.centre.rest, weight)
            return
        pulled = gap if weight is None else weight * gap
        add_products(pulled, baseline.pulled, baseline.spans, self.d.total, self.d.square, self.cross)
        if weight is not None:
            self.d.heavy.add(weight * pulled)
        if self.cubes is not None:
            self.cubes.add(baseline.pulled, pulled, weight)
        heaviest = 1.0 if weight is None else float(np.maximum.reduce(weight, initial=0.0))
        ends = float(np.minimum.reduce(gap, initial=math.inf)), float(np.maximum.reduce(gap, initial=-math.inf))
        self._reach((*ends, heaviest))

    def _add_centred(self, apart: Array, weight: Array | None) -> None:
        """Add d less its mean, ``(n,)``."""
        self.d.add(apart, weight)
        pulled = apart if weight is None else weight * apart
        sizes = np.abs(pulled)
        self.sizes.add(sizes)
        self.largest = max(self.largest, float(np.maximum.reduce(sizes, initial=0.0)))
        if self.cubes is not None:
            self.cubes.add_cubes(pulled)

    def _reach(self, of: tuple[float, float, float]) -> None:
        least, most, heaviest = self.range
        self.range = min(least, of[0]), max(most, of[1]), max(heaviest, of[2])

    def merge(self, other: PairTally) -> None:
        """Take over the rows of another part, but for the sums that are shared."""
        self._reach(other.range)
        self.sizes.merge(other.sizes)
        self.largest = max(self.largest, other.largest)
        if self.cubes is not None and other.cubes is not None:
            self.cubes.merge(other.cubes)
        for name in ("n", "wins", "ties", "losses"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("cross", "d", "rest"):
            getattr(self, name).merge(getattr(other, name))


@dataclass(frozen=True, slots=True)
class PairsPlan:
    """What to compare.

    Parameters
    ----------
    plans
        One a model, with the same losses.
    matches
        Which models are compared: the places of a baseline and a candidate each.
    method
        How differences will be told from chance: what is summed beside.
    skewed
        Whether the skewness of differences counts, too, as it does in one-sided tests.
    centres
        Of each match, what is taken off by loss; see `Centre`. Empty: nothing.
    """

    plans: tuple[ModelPlan, ...]
    matches: tuple[tuple[int, int], ...]
    method: Method = field(default_factory=Method)
    skewed: bool = False
    centres: tuple[tuple[Centre | None, ...], ...] = ()

    @property
    def losses(self) -> tuple[ChosenLoss, ...]:
        """The losses, the same of every model."""
        return self.plans[0].losses

    @property
    def has_levels(self) -> bool:
        """Whether losses of two values are compared as such: not of rows that differ in weight, or belong together."""
        plain = not (self.method.has_units or self.method.is_series or self.centres or self.plans[0].binding.weighted)
        return plain and not self.plans[0].linear

    def tally(self) -> PairsTally:
        """Start with nothing added."""
        return PairsTally(self)


@dataclass(slots=True)
class PairsTally:
    """What is accumulated for all models and matches.

    Losses of several parts whose `Linear` the plans do not hold are summed part by part, for a second pass; the pairs
    of those are left empty.

    Parameters
    ----------
    plan
        What is compared.
    models
        Rows, faults and parts of each model.
    own
        The sums of each model's losses; squares too, of a baseline.
    levels
        Which values each model's losses have, where they are no more than two; see `has_levels`.
    pairs
        By match, then by loss.
    units
        Sums by unit, where the method takes any; see `unit_sums`.
    lags
        Products of rows some way apart, where the method takes any: by match, then by loss. Of w, wb and wd; with a
        centre, of w(d − D) and of w(d − ρb) less its mean.
    """

    plan: PairsPlan
    models: list[ModelTally] = field(init=False)
    own: list[list[Spread]] = field(init=False)
    levels: list[list[Levels]] = field(init=False)
    pairs: list[list[PairTally]] = field(init=False)
    units: UnitTally | None = field(init=False)
    lags: list[list[LagTally]] = field(init=False)

    def __post_init__(self) -> None:
        plan = self.plan
        weighted = plan.plans[0].binding.weighted
        self.models = [each.tally() for each in plan.plans]
        self.own = [[Spread(weighted) for _ in plan.losses] for _ in plan.plans]
        self.levels = [[Levels() for _ in plan.losses] for _ in plan.plans]
        nothing = [[None] * len(plan.losses)] * len(plan.matches)
        self.pairs = [
            [
                PairTally(
                    weighted,
                    centre,
                    self.own[one][index],
                    self.own[other][index].total,
                    CubeTally() if plan.skewed else None,
                )
                for index, centre in enumerate(centres)
            ]
            for (one, other), centres in zip(plan.matches, plan.centres or nothing, strict=True)
        ]
        self.units = None
        if plan.method.has_units and not plan.centres:
            self.units = SeriesTally(plan.method) if plan.method.is_smoothed else UnitTally(plan.method)
        multiplied = _CENTRED_PRODUCTS if plan.centres else _PRODUCTS
        self.lags = [
            [LagTally(plan.method.lags, multiplied) for _ in plan.losses]
            for _ in (plan.matches if plan.method.is_series and not plan.method.is_smoothed else ())
        ]

    def add(self, batches: Batch | Sequence[Batch], first: int | None = None) -> None:
        """Add the same rows of each model: a batch each, or one for all; `first` rows have come before."""
        given = [batches] if isinstance(batches, Batch) else batches
        size = block_rows(given, self.plan.plans)
        for together in zip(*(batch.split(size) for batch in given), strict=True):
            self._add_block(together[0] if isinstance(batches, Batch) else together, first)
            first = None if first is None else first + len(together[0])

    def _add_block(self, batches: Batch | Sequence[Batch], first: int | None) -> None:
        each = [batches] * len(self.models) if isinstance(batches, Batch) else batches
        found = self.computed(each)
        codes: Codes | None = None
        for index in range(len(self.plan.losses)):
            given = [of[index] for of in found if index in of]
            if len(given) < len(found):  # it does not fit the rows of some model: an error, once all are read
                continue
            block, losses = given[0][1], [loss for loss, _ in given]
            if self.units is not None and codes is None:
                codes = self.units.codes(identities_of(block, self.plan.method, each[0].rows, first))
                self.units.add_weights(block.weight, codes)
            linear = [plan.linear.get(index) for plan in self.plan.plans]
            if losses[0].ndim > 1 and linear[0] is None:
                for tally, (loss, of) in zip(self.models, given, strict=True):
                    tally.add_parts(index, loss, of)
                continue
            moved = [_moved(of, loss) for of, loss in zip(linear, losses, strict=True)]
            if any(index in plan.exponents for plan in self.plan.plans):  # squares of different scales
                each_of = zip(self.plan.plans, given, strict=True)
                losses = [roots_of(plan.losses[index], loss, of) for plan, (loss, of) in each_of]
            self._add_loss(index, losses, moved, block.weight, codes)
            if self.lags:
                self._add_lags(index, moved, block.weight, positions_of(block, each[0].rows, first or 0))

    def add_all(self, batches: Batch | Sequence[Batch], first: int) -> int:
        """Add batches as `add` does, and say how long they were."""
        self.add(batches, first)
        return len(batches if isinstance(batches, Batch) else batches[0])

    def merge(self, other: PairsTally) -> None:
        """Take over what another worker found."""
        for mine, theirs in zip(self.models, other.models, strict=True):
            mine.merge(theirs)
        for name in ("own", "levels", "pairs", "lags"):
            for mine_of, their_of in zip(getattr(self, name), getattr(other, name), strict=True):
                for one, another in zip(mine_of, their_of, strict=True):
                    one.merge(another)
        if self.units is not None and other.units is not None:
            self.units.merge(other.units)

    def unit_sums(self, match: int, index: int) -> list[Array]:
        """Return Σw, Σwb and Σwd by unit, of a match and a loss."""
        if self.units is None:
            raise ValueError("nothing is summed by unit")
        return self.units.floats([("b", self.plan.matches[match][0], index), ("d", match, index)])

    def computed(self, batches: Sequence[Batch]) -> list[dict[int, tuple[Array, Block]]]:
        """Return the losses of each model by index, with their block, over the rows that all models can use."""
        faults = [Faults() for _ in batches]
        made = [
            Block.of(batch, plan.binding, each)
            for batch, plan, each in zip(batches, self.plan.plans, faults, strict=True)
        ]
        if all(len(block) == len(batch) for (block, _), batch in zip(made, batches, strict=True)):
            for tally, each in zip(self.models, faults, strict=True):
                tally.faults.merge(each)
            each_of = zip(self.models, batches, made, strict=True)
            blocks = [tally.counted(batch, of) for tally, batch, of in each_of]
            return [tally.compared(tally.losses_of(block)) for tally, block in zip(self.models, blocks, strict=True)]
        usable = [_usable(batch, block) for batch, (block, _) in zip(batches, made, strict=True)]
        common = np.logical_and.reduce(usable)
        found = []
        for batch, tally, mine in zip(batches, self.models, usable, strict=True):
            others = common | ~mine  # rows this model cannot use stay in, to be counted and named
            kept = batch if others.all() else picked(batch, np.flatnonzero(others))
            found.append(tally.compared(tally.computed(kept)))
            tally.n_read += len(batch) - len(kept)
            tally.n_dropped += len(batch) - len(kept)
        return found

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def _add_loss(
        self, index: int, losses: Sequence[Array], moved: Sequence[Array], weight: Array | None, codes: Codes | None
    ) -> None:
        """Add what the values of all models move with, by one loss, and count who won.

        That is told by the losses of rows; of several parts by what they add to one and the same value.
        """
        if not self.plan.centres:
            self._add_own(index, moved, weight, codes)
        if self.plan.has_levels:
            for values, levels in zip(moved, self.levels, strict=True):
                levels[index].add(values)
        baselines = {one: Pulled(moved[one], weight) for one in dict.fromkeys(one for one, _ in self.plan.matches)}
        margins: dict[int, Margin] = {}
        for number, ((one, other), pairs) in enumerate(zip(self.plan.matches, self.pairs, strict=True)):
            gap, pair = moved[other] - moved[one], pairs[index]
            known = pair.d.total.n_nan
            pair.add(baselines[one], gap, weight)
            if self.units is not None and codes is not None:
                self.units.add(("d", number, index), gap if weight is None else weight * gap, codes)
            linear = self.plan.plans[one].linear.get(index)
            mine, theirs = (each if each.ndim == 1 else _moved(linear, each) for each in (losses[one], losses[other]))
            if one not in margins:
                margins[one] = Margin(mine)
            if linear is None:
                pair.count(margins[one], theirs, gap, is_known=pair.d.total.n_nan == known)
            elif self.tells_winners(one, index):
                pair.count(margins[one], theirs, theirs - mine)
            else:
                pair.n += len(gap)

    def tells_winners(self, baseline: int, index: int) -> bool:
        """Whether rows say who won them: not by parts that move the baseline's value in a way that is not known."""
        linear = self.plan.plans[baseline].linear.get(index)
        return linear is None or linear.is_known or self.plan.losses[index].loss.parts == 1

    @np.errstate(over="ignore", invalid="ignore")
    def _add_lags(self, index: int, moved: Sequence[Array], weight: Array | None, positions: Rows) -> None:
        """Add products of rows of the series."""
        w = np.ones(len(positions)) if weight is None else weight
        for (one, other), pairs, lags in zip(self.plan.matches, self.pairs, self.lags, strict=True):
            b, gap, centre = moved[one], moved[other] - moved[one], pairs[index].centre
            if centre is None:
                lags[index].add([w, w * b, w * gap], positions)
            else:
                lags[index].add([w * (gap - centre.gap), w * (gap - centre.share * b - centre.rest)], positions)

    def _add_own(self, index: int, moved: Sequence[Array], weight: Array | None, codes: Codes | None) -> None:
        baselines = {one for one, _ in self.plan.matches}
        for place, (values, own) in enumerate(zip(moved, self.own, strict=True)):
            pulled = values if weight is None else weight * values
            if place not in baselines:
                own[index].total.add(pulled)
                continue
            own[index].add(values, weight)
            if self.units is not None and codes is not None:
                self.units.add(("b", place, index), pulled, codes)


def _moved(linear: Linear | None, loss: Array) -> Array:
    """Return what the value of a model moves with, row by row."""
    return loss if linear is None else linear.combine(np.atleast_2d(loss))


def block_rows(batches: Sequence[Batch], plans: Sequence[ModelPlan]) -> int:
    """Return how many rows of some models, a batch each or one for all, are compared at once."""
    bindings = [plan.binding for plan in plans]
    if len(batches) == 1:
        return batches[0].rows_of(*bindings)
    return min(batch.rows_of(binding) for batch, binding in zip(batches, bindings, strict=True))


def compare_rows(rows: Iterable[Batch | Sequence[Batch]], plan: PairsPlan) -> PairsTally:
    """Accumulate pairs over all rows.

    Parameters
    ----------
    rows
        Batches of the same rows, one for each model; or one for all.
    plan
        What to compare.
    """
    keep_freed_memory()
    tally = plan.tally()
    first = 0
    for batches in rows:
        first += tally.add_all(batches, first)
    return tally


def _usable(batch: Batch, block: Block) -> npt.NDArray[np.bool_]:
    if block.kept is None:
        return np.ones(len(batch), dtype=np.bool_)
    usable = np.zeros(len(batch), dtype=np.bool_)
    usable[block.kept] = True
    return usable


def picked(batch: Batch, places: npt.NDArray[np.intp]) -> Batch:
    """Return some rows of a batch, by their places; where rows stand in groups, in ascending order."""
    rows = batch.rows[places] if batch.rows is not None else batch.first_row + places
    columns = {name: values[places] for name, values in batch.columns.items()}
    starts = batch.starts
    if starts is not None:
        groups = np.searchsorted(starts, places, side="right")
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
    slices = None if batch.slices is None else batch.slices[places]
    identity = None if batch.identity is None else batch.identity[places]
    return Batch(columns, batch.first_row, len(places), rows, starts, batch.file, slices, identity)
