"""Models compared by slice: what `lossctl.engine.accumulators.pairs` accumulates, of every slice at once.

Kernels run once on blocks of all slices, and what they give is summed by code, so that many slices cost little more
than one. For what knows but its own rows: neither groups, nor units, nor products of a series. Imports core and its own
package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

import numpy as np

from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.exact.levels import LevelTallies
from lossctl.core.exact.spread import Spread
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Batch, weights_of
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.cubes import CubeTallies
from lossctl.engine.accumulators.linears import Linears
from lossctl.engine.accumulators.pairs import PairsPlan, PairsTally, block_rows, picked
from lossctl.engine.accumulators.per_slice import looking_back
from lossctl.engine.accumulators.tallies import Counts, WeightTallies, sum_of
from lossctl.engine.accumulators.wins import Margin
from lossctl.engine.slice_order import codes_of, slices_of

__all__ = ["PairTallies", "SlicedPairsPlan", "SlicedPairsTally", "Spreads", "can_sum_by_slice"]

_FEW = 8
"""Below this many slices it is faster to part the rows of a block than to sum by code."""


def can_sum_by_slice(plan: PairsPlan) -> bool:
    """Return whether slices are compared by no more than sums of their rows."""
    return not (plan.method.has_units or plan.method.is_series or plan.plans[0].binding.group is not None)


@dataclass(slots=True)
class Spreads:
    """A `Spread` for each code."""

    weighted: bool
    total: GroupedSum = field(default_factory=GroupedSum)
    square: GroupedSum = field(default_factory=GroupedSum)
    heavy: GroupedSum = field(default_factory=GroupedSum)

    def add(self, values: Array, weight: Array | None, codes: Codes) -> None:
        """Add values ``(n,)`` with their weights and codes."""
        pulled = values if weight is None else weight * values
        self.total.add(pulled, codes)
        self.square.add_squares(pulled, codes)
        if weight is not None:
            self.heavy.add(weight * pulled, codes)

    def merge(self, other: Spreads) -> None:
        """Take over the values of another part."""
        self.total.merge(other.total)
        self.square.merge(other.square)
        self.heavy.merge(other.heavy)

    def of(self, code: int) -> Spread:
        """Return that of one code."""
        return Spread(self.weighted, *(sum_of(each, code) for each in (self.total, self.square, self.heavy)))


@dataclass(slots=True)
class PairTallies:
    """What a `PairTally` holds beside the sums of the models, for each code."""

    weighted: bool
    cubes: CubeTallies | None = None
    d: Spreads = field(init=False)
    cross: GroupedSum = field(default_factory=GroupedSum)
    n: Counts = field(default_factory=Counts)
    wins: Counts = field(default_factory=Counts)
    ties: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.d = Spreads(self.weighted)

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def add(self, baseline: Array, gap: Array, weight: Array | None, codes: Codes) -> None:
        """Add what differences move with, row by row: b and d, ``(n,)`` each."""
        self.d.add(gap, weight, codes)
        b, d = (each if weight is None else weight * each for each in (baseline, gap))
        self.cross.add_products(b, d, codes)
        if self.cubes is not None:
            self.cubes.add(b, d, weight, codes)

    def count(self, margin: Margin, candidate: Array, gap: Array, codes: Codes) -> None:
        """Count who won how many rows."""
        tied, won = margin.told(candidate, gap)
        self.n.add(codes)
        self.ties.add(codes[tied])
        self.wins.add(codes[won])

    def merge(self, other: PairTallies) -> None:
        """Take over the rows of another part."""
        if self.cubes is not None and other.cubes is not None:
            self.cubes.merge(other.cubes)
        self.d.merge(other.d)
        self.cross.merge(other.cross)
        self.n.merge(other.n)
        self.wins.merge(other.wins)
        self.ties.merge(other.ties)


@dataclass(frozen=True, slots=True)
class SlicedPairsPlan:
    """What to compare of every slice.

    Parameters
    ----------
    plan
        The models and their losses; it knows of no `Linear`.
    linear
        Of each model, what a first pass found of losses that are no means, by index.
    """

    plan: PairsPlan
    linear: tuple[Mapping[int, Linears], ...]

    @property
    def losses(self) -> tuple[ChosenLoss, ...]:
        """The losses, the same of every model."""
        return self.plan.losses

    def tally(self) -> SlicedPairsTally:
        """Start with nothing added."""
        return SlicedPairsTally(self)

    def of(self, code: int) -> PairsPlan:
        """Return the plan that would compare one slice alone."""
        plans = (
            replace(each, linear={index: linears.of(code) for index, linears in mine.items()}) if mine else each
            for each, mine in zip(self.plan.plans, self.linear, strict=True)
        )
        return replace(self.plan, plans=tuple(plans))


@dataclass(slots=True)
class SlicedPairsTally:
    """What one worker accumulates for `SlicedPairsPlan`; `merge` joins the workers' parts.

    `front` computes what is summed by code: as in `PairsTally`, `parts` by model, then by loss. `few` holds what came
    while slices were few: a tally for each, whose rows were parted instead.
    """

    plan: SlicedPairsPlan
    front: PairsTally = field(init=False)
    rows: WeightTallies = field(init=False)
    n_read: Counts = field(default_factory=Counts)
    weightless: Counts = field(default_factory=Counts)
    own: list[list[Spreads]] = field(init=False)
    levels: list[list[LevelTallies]] = field(init=False)
    pairs: list[list[PairTallies]] = field(init=False)
    parts: list[dict[int, list[GroupedSum]]] = field(init=False)
    few: dict[int, PairsTally] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.plan.plan
        weighted = plan.plans[0].binding.weighted
        self.front = plan.tally()
        self.rows = WeightTallies(weighted)
        self.own = [[Spreads(weighted) for _ in plan.losses] for _ in plan.plans]
        self.levels = [[LevelTallies() for _ in plan.losses] for _ in plan.plans]
        self.pairs = [
            [PairTallies(weighted, CubeTallies(weighted) if plan.skewed else None) for _ in plan.losses]
            for _ in plan.matches
        ]
        self.parts = [{} for _ in plan.plans]

    def add(self, batches: Batch | Sequence[Batch]) -> None:
        """Add the same rows of each model: a batch each, or one for all."""
        self.add_all([batches] * len(self.own) if isinstance(batches, Batch) else batches)

    def _add_block(self, given: Sequence[Batch]) -> None:
        each = [looking_back(batch, self.plan.plan) for batch in given]
        if len(each[0]) == 0:
            return
        codes = slices_of(each[0])
        if int(np.maximum.reduce(codes)) < _FEW:
            self._add_few(codes, each)
            return
        self.n_read.add(codes)
        weight = weights_of(each[0], self.plan.plan.plans[0].binding)
        if weight is not None:
            self.weightless.add(codes[weight <= 0.0])  # a weight that is missing is not 0
        found = self.front.computed(each)
        counted = False
        for index in range(len(self.plan.losses)):
            fitting = [of[index] for of in found if index in of]
            if len(fitting) < len(found):  # it does not fit the rows of some model: an error, once all are read
                continue
            block = fitting[0][1]
            codes, losses = codes_of(block), [loss for loss, _ in fitting]
            if not counted:
                self.rows.add(block.weight, codes)
                counted = True
            self._add_loss(index, losses, block.weight, codes)

    def _add_few(self, codes: Codes, batches: Sequence[Batch]) -> None:
        """Add rows of few slices, parted."""
        distinct = {id(batch): batch for batch in batches}  # models of one source have one and the same
        for code in range(_FEW):
            rows = np.flatnonzero(codes == code)
            if len(rows):
                parts = {key: picked(batch, rows) for key, batch in distinct.items()}
                self._tally_of(code).add([parts[id(batch)] for batch in batches])

    def _tally_of(self, code: int) -> PairsTally:
        tally = self.few.get(code)
        if tally is None:
            tally = self.few[code] = self.plan.of(code).tally()
        return tally

    def add_all(self, batches: Sequence[Batch]) -> None:
        """Add batches of any length, as `add` does."""
        size = block_rows(batches, self.plan.plan.plans)
        for together in zip(*(batch.split(size) for batch in batches), strict=True):
            self._add_block(together)

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def _add_loss(self, index: int, losses: Sequence[Array], weight: Array | None, codes: Codes) -> None:
        """Add the losses of all models by one loss."""
        linear = [mine.get(index) for mine in self.plan.linear]
        if losses[0].ndim > 1 and linear[0] is None:
            for of_model, loss in zip(self.parts, losses, strict=True):
                sums = of_model.setdefault(index, [GroupedSum() for _ in loss])
                for total, part in zip(sums, loss, strict=True):
                    total.add(part if weight is None else weight * part, codes)
            return
        moved = [_moved(of, loss, codes) for of, loss in zip(linear, losses, strict=True)]
        baselines = {one for one, _ in self.plan.plan.matches}
        for place, (values, own) in enumerate(zip(moved, self.own, strict=True)):
            if place in baselines:
                own[index].add(values, weight, codes)
            else:
                own[index].total.add(values if weight is None else weight * values, codes)
        if self.plan.plan.has_levels and linear[0] is None:
            for values, of_levels in zip(moved, self.levels, strict=True):
                of_levels[index].add(values, codes)
        margins: dict[int, Margin] = {}
        for (one, other), pairs in zip(self.plan.plan.matches, self.pairs, strict=True):
            gap = moved[other] - moved[one]
            pairs[index].add(moved[one], gap, weight, codes)
            mine, theirs = (_told(linear[one], losses[place], codes) for place in (one, other))
            if one not in margins:
                margins[one] = Margin(mine)
            pairs[index].count(margins[one], theirs, gap if linear[one] is None else theirs - mine, codes)

    def merge(self, other: SlicedPairsTally) -> None:
        """Take over what another worker found."""
        self.front.merge(other.front)
        self.rows.merge(other.rows)
        self.n_read.merge(other.n_read)
        self.weightless.merge(other.weightless)
        for name in ("own", "levels", "pairs"):
            for mine_of, their_of in zip(getattr(self, name), getattr(other, name), strict=True):
                for one, another in zip(mine_of, their_of, strict=True):
                    one.merge(another)
        for mine, theirs in zip(self.parts, other.parts, strict=True):
            for index, addends in theirs.items():
                sums = mine.setdefault(index, [GroupedSum() for _ in addends])
                for total, addend in zip(sums, addends, strict=True):
                    total.merge(addend)
        for code, tally in other.few.items():
            self._tally_of(code).merge(tally)

    @property
    def codes(self) -> int:
        """No code is as large: there is room for so many."""
        return max([len(self.n_read.array), *(code + 1 for code in self.few)])

    def n_of(self, codes: int) -> Codes:
        """Return how many rows of each slice count."""
        return self._counted(self.rows.n, codes, lambda tally: tally.models[0].rows.n)

    def n_read_of(self, codes: int) -> Codes:
        """Return how many rows each slice has."""
        return self._counted(self.n_read, codes, lambda tally: tally.models[0].n_read)

    def n_dropped_of(self, codes: int) -> Codes:
        """Return how many rows of each slice are left out, for a number that is missing or not finite."""
        counts = (self.n_read, self.rows.n, self.weightless)
        for each in counts:
            each.reserve(codes)
        read, kept, weightless = (each.array[:codes] for each in counts)
        found: Codes = read - kept - weightless
        for code, tally in self.few.items():
            found[code] += tally.models[0].n_dropped
        return found

    def _counted(self, counts: Counts, codes: int, count: Callable[[PairsTally], int]) -> Codes:
        counts.reserve(codes)
        found = counts.array[:codes].copy()
        for code, tally in self.few.items():
            found[code] += count(tally)
        return found

    def parts_of(self, place: int, index: int) -> tuple[list[GroupedSum], int]:
        """Return the sums of the parts of a loss of a model, and their number; of `few` there are no sums."""
        sums = self.parts[place].get(index)
        alone = [tally.models[place].parts[index] for tally in self.few.values() if index in tally.models[place].parts]
        if sums is None and alone:
            return [], len(alone[0])
        sums = sums or [self.own[place][index].total]
        return sums, len(sums)

    def vanished(self) -> set[int]:
        """Return the slices that have a row whose square is too small, of some model; see `ModelTally.vanished`."""
        tallies = [self.front, *self.few.values()]
        return {
            code for tally in tallies for model in tally.models for codes in model.vanished.values() for code in codes
        }

    def of(self, code: int) -> PairsTally:
        """Return the tally that a comparison of one slice alone would have ended with; it holds no faults."""
        made = self.plan.of(code).tally()
        for model, front, parts in zip(made.models, self.front.models, self.parts, strict=True):
            model.rows, model.vectors, model.n_read = self.rows.of(code), front.vectors, self.n_read.of(code)
            model.n_dropped = model.n_read - model.rows.n - self.weightless.of(code)
            model.parts = {index: [sum_of(each, code) for each in sums] for index, sums in parts.items()}
            model.vanished = {index: {code} for index, codes in front.vanished.items() if code in codes}
        for of_model, all_of_model in zip(made.own, self.own, strict=True):
            for own, every in zip(of_model, all_of_model, strict=True):
                own.merge(every.of(code))
        for levels, all_levels in zip(made.levels, self.levels, strict=True):
            for each, every_level in zip(levels, all_levels, strict=True):
                each.merge(every_level.of(code))
        for (one, _), of_match, all_of_match in zip(made.plan.matches, made.pairs, self.pairs, strict=True):
            for index, (pair, pairs) in enumerate(zip(of_match, all_of_match, strict=True)):
                pair.n, pair.wins, pair.ties = pairs.n.of(code), pairs.wins.of(code), pairs.ties.of(code)
                told = made.tells_winners(one, index)
                pair.losses = pair.n - pair.wins - pair.ties if told else 0
                pair.d.merge(pairs.d.of(code))
                if pair.cubes is not None and pairs.cubes is not None:
                    pair.cubes.merge(pairs.cubes.of(code))
                pair.cross.merge(sum_of(pairs.cross, code))
        if code in self.few:
            made.merge(self.few[code])
        return made


def _moved(linear: Linears | None, loss: Array, codes: Codes) -> Array:
    """Return what the value of a model moves with, row by row."""
    return loss if linear is None else linear.combine(np.atleast_2d(loss), codes)


def _told(baseline: Linears | None, loss: Array, codes: Codes) -> Array:
    """Return by what rows are won: their loss; of several parts, what these add to the value of the baseline."""
    return loss if loss.ndim == 1 else _moved(baseline, loss, codes)
