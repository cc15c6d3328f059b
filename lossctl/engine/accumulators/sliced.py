"""Every loss by slice: what a run over the rows of each slice alone would give, in the passes of one run.

Rows carry the code of their slice. Kernels run once on blocks of all slices, and their losses and slopes are summed by
code, so that many slices cost little more than one. Where the whole takes the same losses of rows, it is the sum over
the slices; where it does not (ranking within groups, series, second passes), it is computed beside them. Imports core
and its own package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Reduction, Role
from lossctl.core.rows.block import BLOCK_ROWS, WIDE_ROW, Batch, Block, weights_of
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.linears import Linears
from lossctl.engine.accumulators.moment_columns import Figures, Units, figures_of, means_of, round_sums
from lossctl.engine.accumulators.tallies import Counts, LossTallies, WeightTallies, sum_of
from lossctl.engine.fitting import lag_column, sliced_lag
from lossctl.engine.plan import Linear, ModelPlan, ModelTally, exponent_of, scaled_squares
from lossctl.engine.slice_order import by_slice, by_slice_within_groups, codes_of, copied, joined, picked, slices_of

__all__ = ["SlicedPlan", "SlicedPlans", "SlicedTallies", "SlicedTally"]

_FEW = 6
"""Up to so many slices it is faster to part the rows of a block than to sum by code (measured)."""
_MANY = 2**15
"""Above, the sums of a block's rows lie all over the memory unless these are ordered by slice first (measured)."""
_MOST = 2**18
"""Above, a block has so few rows of a slice that several are ordered together (measured)."""
_WINDOW = 2**18
"""So many rows, fewer where each has more than `WIDE_ROW` numbers."""


@dataclass(frozen=True, slots=True)
class SlicedPlan:
    """What to compute of one model for every slice.

    Parameters
    ----------
    plan
        The losses. Its ``column_sums`` and ``references`` hold a number for each code.
    linear
        What a first pass found of each loss of several parts, by index.
    centers
        What is taken off each loss, by code, in a second pass; empty: nothing.
    exponents
        As in `ModelPlan`, by code.
    members
        Which codes to look at; ``None``: all.
    undivided
        Of which codes a distribution cannot be normalized, for its sum is 0; ``None``: of none.
    """

    plan: ModelPlan
    linear: Mapping[int, Linears] = field(default_factory=dict)
    centers: tuple[Array, ...] = ()
    exponents: Mapping[int, Codes] = field(default_factory=dict)
    members: npt.NDArray[np.bool_] | None = None
    undivided: npt.NDArray[np.bool_] | None = None

    @property
    def losses(self) -> tuple[ChosenLoss, ...]:
        """The losses, in order."""
        return self.plan.losses

    def tally(self) -> SlicedTally:
        """Start with nothing added."""
        return SlicedTally(self)

    def of(self, code: int) -> ModelPlan:
        """Return the plan that would compute one slice alone."""
        sums = self.plan.column_sums
        alone = None
        if sums is not None and not (self.undivided is not None and self.undivided[code]):
            alone = {role: float(np.asarray(each)[code]) for role, each in sums.items()}
        linear = {index: linears.of(code) for index, linears in self.linear.items()}
        centers = tuple(float(each[code]) for each in self.centers)
        exponents = {index: int(each[code]) for index, each in self.exponents.items() if each[code]}
        references = self.plan.references
        one = references if references is None or isinstance(references, float) else float(references[code])
        plan = replace(self.plan, column_sums=alone, references=one)
        return replace(plan, linear=linear, centers=centers, exponents=exponents)


@dataclass(slots=True)
class SlicedTally:
    """What one worker accumulates for one model, slice by slice; `merge` joins the workers' parts.

    `front` counts the rows of all slices and finds what is wrong with them. `few` holds what came while slices were
    few: a tally for each, whose rows were parted instead of summed by code.
    """

    plan: SlicedPlan
    front: ModelTally = field(init=False)
    rows: WeightTallies = field(init=False)
    losses: list[LossTallies] = field(init=False)
    n_read: Counts = field(default_factory=Counts)
    n_dropped: Counts = field(default_factory=Counts)
    groups: Counts = field(default_factory=Counts)
    n_outside: Counts = field(default_factory=Counts)
    sums: dict[Role, GroupedSum] = field(init=False)
    parts: dict[int, list[GroupedSum]] = field(default_factory=dict)
    few: dict[int, ModelTally] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weighted = self.plan.plan.binding.weighted
        self.front = self.plan.plan.tally()
        self.rows = WeightTallies(weighted)
        centers = self.plan.centers or (None,) * len(self.plan.losses)
        self.losses = [LossTallies(weighted, each) for each in centers]
        self.sums = {role: GroupedSum() for role in Role}

    def add(self, batch: Batch) -> None:
        """Compute every loss of the plan on a batch of rows that know their slices, block by block."""
        batch = self._arranged(batch)
        if len(batch):
            for piece in batch.split(batch.rows_of(self.plan.plan.binding)):
                self._add_block(piece)

    def _add_block(self, batch: Batch) -> None:
        block = self.front.counted(batch)
        codes = self._count(batch, block)
        if codes.size == 0:
            return
        for index, loss, slope, computed in self.front.losses_of(block):
            linear = self.plan.linear.get(index)
            if index in self.plan.exponents:
                exponents = self.plan.exponents[index][codes]
                scaled = scaled_squares(self.plan.losses[index], computed, exponents)
                self.losses[index].add(np.where(exponents == 0, loss, scaled), slope, computed, codes)
            elif linear is not None:
                combined = linear.combine(loss, codes), linear.combine(slope, codes)
                self.losses[index].add(*combined, computed, codes)
            elif loss.ndim > 1:
                self._add_parts(index, loss, computed, codes)
            else:
                self.losses[index].add(loss, slope, computed, codes)

    def add_few(self, code: int, batch: Batch) -> None:
        """Compute every loss of the plan on rows that are all of one slice, where slices are few."""
        batch = self._arranged(batch)
        if len(batch):
            self._tally_of(code).add(batch)

    def _tally_of(self, code: int) -> ModelTally:
        tally = self.few.get(code)
        if tally is None:
            tally = self.few[code] = self.plan.of(code).tally()
        return tally

    def _count(self, batch: Batch, block: Block) -> Codes:
        """Count the rows of each slice, those left out too; give the codes of those that are not."""
        slices, codes = slices_of(batch), codes_of(block)
        self.n_read.add(slices)
        if len(codes) < len(slices) and block.kept is not None:
            out = np.ones(len(batch), np.bool_)
            out[block.kept] = False
            weight = weights_of(batch, self.plan.plan.binding)
            if weight is not None:
                out &= ~(weight <= 0.0)  # a weight that is missing is not 0
            self.n_dropped.add(slices[out])
        outside = self.front.outside(block)
        if outside is not None:
            self.n_outside.add(codes[outside])
        self.rows.add(block.weight, codes)
        if block.starts is not None:
            self.groups.add(codes[block.starts])
        if self.plan.plan.column_sums is None:
            for role, values in self.front.distributions(block, dimensions=1):
                self.sums[role].add(values, codes)
        return codes

    def _add_parts(self, index: int, parts: Array, block: Block, codes: Codes) -> None:
        for total, part in zip(self._totals(index, len(parts)), parts, strict=True):
            total.add(part if block.weight is None else block.weight * part, codes)

    def _totals(self, index: int, count: int) -> list[GroupedSum]:
        return self.parts.setdefault(index, [GroupedSum() for _ in range(count)])

    def _arranged(self, batch: Batch) -> Batch:
        """Leave out slices nobody asks for, look back within slices, and let no group reach over two of them."""
        plan = self.plan.plan
        if self.plan.members is not None:
            wanted = self.plan.members[slices_of(batch)]
            batch = batch if wanted.all() else picked(batch, np.flatnonzero(wanted))
        past = {
            name: batch.columns[sliced_lag(name)]
            for chosen in plan.losses
            if chosen.loss.series
            for name in lag_column(chosen, plan.binding)[2:]
        }
        if past:
            batch = replace(batch, columns={**batch.columns, **past})
        return batch if plan.binding.group is None else by_slice_within_groups(batch)

    def merge(self, other: SlicedTally) -> None:
        """Take over what another worker found."""
        self.front.merge(other.front)
        self.rows.merge(other.rows)
        for counts, more in (
            (self.n_read, other.n_read),
            (self.n_dropped, other.n_dropped),
            (self.groups, other.groups),
            (self.n_outside, other.n_outside),
        ):
            counts.merge(more)
        for role, total in self.sums.items():
            total.merge(other.sums[role])
        for mine, theirs in zip(self.losses, other.losses, strict=True):
            mine.merge(theirs)
        for index, addends in other.parts.items():
            for total, addend in zip(self._totals(index, len(addends)), addends, strict=True):
                total.merge(addend)
        for code, tally in other.few.items():
            self._tally_of(code).merge(tally)

    def whole(self) -> ModelTally:
        """Return the tally of all slices together, where the losses of rows are the same for it."""
        made = self.front
        made.losses = [each.whole(made.rows.n) for each in self.losses]
        made.parts = {index: [each.total() for each in sums] for index, sums in self.parts.items()}
        for tally in self.few.values():
            made.merge(tally)
        return made

    def of(self, code: int) -> ModelTally:
        """Return the tally that a run over one slice alone would have ended with; it holds no faults."""
        made = self.plan.of(code).tally()
        made.n_read, made.n_dropped = self.n_read.of(code), self.n_dropped.of(code)
        made.rows = self.rows.of(code)
        made.groups.n = self.groups.of(code)
        made.n_outside = self.n_outside.of(code)
        made.vectors = self.front.vectors
        made.sums = {role: sum_of(sums, code) for role, sums in self.sums.items()}
        made.parts = {index: [sum_of(each, code) for each in sums] for index, sums in self.parts.items()}
        made.losses = [each.of(code, made.rows.n) for each in self.losses]
        if code in self.few:
            made.merge(self.few[code])
        return made

    @property
    def codes(self) -> int:
        """No code is as large: there is room for so many."""
        return max([len(self.n_read.array), *(code + 1 for code in self.few)])

    def column_sums(self) -> dict[Role, Array]:
        """Return the correctly rounded sums of the distributions down the file, of each slice."""
        found = {}
        for role, total in self.sums.items():
            floats = total.floats()
            found[role] = np.append(floats, np.zeros(self.codes - len(floats)))
            for code in self.few:
                found[role][code] = self.of(code).column_sums()[role]
        return found

    def figures(self, index: int, codes: int) -> Figures:
        """Return the figures of one loss for so many codes, of a loss whose value is a mean."""
        found = figures_of(self.losses[index], self._units(codes), codes)
        found.doubtful[list(self.few)] = True
        return found

    def largest_shares(self, index: int, codes: int) -> Array:
        """Return of each code which share of the variance of a loss its largest makes up; of a few it is not known."""
        return self.losses[index].largest_shares(self.rows, self.units_of(codes))

    def linears(self, codes: int) -> dict[int, Linears]:
        """Return the value of each loss of several parts, and how it moves with each, for so many codes."""
        few = {code: self.of(code) for code in self.few}
        counts = {index: len(sums) for tally in few.values() for index, sums in tally.parts.items()}
        counts |= {index: len(sums) for index, sums in self.parts.items()}
        return {index: self._linears(index, counts[index], codes) for index in sorted(counts)}

    def _linears(self, index: int, parts: int, codes: int) -> Linears:
        linears: dict[int, Linear] = {}
        chosen, units = self.plan.losses[index], self._units(codes)
        doubtful = np.full(codes, self.reduction(index) is Reduction.SUM)
        doubtful[list(self.few)] = True
        columns = []
        for sums in self.parts.get(index, []):
            means, doubts = means_of(sums, units, codes)
            columns.append(means.tolist())
            doubtful |= doubts
        for code in np.flatnonzero(units.units).tolist():
            if doubtful[code] or not columns:
                linears[code] = self.of(code).linear(index)
            else:
                linears[code] = Linear.at(chosen, tuple(means[code] for means in columns))
        return Linears.of_each(linears, parts, codes)

    def _units(self, codes: int) -> Units:
        return Units(self.rows, self.n_of(codes), self.units_of(codes))

    def weight_sums(self, codes: int) -> Array:
        """Return the correctly rounded sum of the weights of each code, or the number of its rows or groups."""
        if self.plan.plan.binding.weighted:
            return round_sums(self.rows.weights, codes)
        return self.units_of(codes).astype(np.float64)

    def n_read_of(self, codes: int) -> Codes:
        """Return how many rows each slice has."""
        return self._counted(self.n_read, codes, lambda tally: tally.n_read)

    def n_of(self, codes: int) -> Codes:
        """Return how many rows of each slice count."""
        return self._counted(self.rows.n, codes, lambda tally: tally.rows.n)

    def n_dropped_of(self, codes: int) -> Codes:
        """Return how many rows of each slice were left out for a number that is missing or not finite."""
        return self._counted(self.n_dropped, codes, lambda tally: tally.n_dropped)

    def n_outside_of(self, codes: int, index: int) -> Codes:
        """Return how many rows of each slice have a probability outside [0, 1] that was taken in for a loss."""
        found = self._counted(self.n_outside, codes, lambda tally: tally.n_outside)
        return found * (self.plan.losses[index].loss.prediction == PROBABILITY)

    def reduction(self, index: int) -> Reduction:
        """Return how the losses of rows become one value: as `ModelTally.reduction`."""
        front = next(iter(self.few.values()), self.front)
        return front.reduction(self.plan.losses[index]) if not self.front.vectors else Reduction.MEAN

    def units_of(self, codes: int) -> Codes:
        """Return how many rows, or groups of them, losses are averaged over in each slice."""
        by_group = self.plan.plan.binding.group is not None
        counts = self.groups if by_group else self.rows.n
        return self._counted(counts, codes, lambda tally: tally.units.n)

    def exponents(self, codes: int) -> dict[int, Codes]:
        """Return, of losses that are a root of squares, by which power of two each slice scales these, if one does."""
        found: dict[int, Codes] = {}
        for index in (index for index, chosen in enumerate(self.plan.losses) if chosen.loss.root is not None):
            unsure, exponents = self.losses[index].maybe_lost(codes), np.zeros(codes, np.int64)
            unsure[list(self.few)] = True
            for code in np.flatnonzero(unsure & (self.units_of(codes) > 0)).tolist():
                alone = self.of(code)
                moves = alone.losses[index].peak.value > 0.0
                exponents[code] = exponent_of(alone.moments(index).value, moves=moves)
            if exponents.any():
                found[index] = exponents
        return found

    def _counted(self, counts: Counts, codes: int, count: Callable[[ModelTally], int]) -> Codes:
        counts.reserve(codes)
        found = counts.array[:codes].copy()
        for code, tally in self.few.items():
            found[code] += count(tally)
        return found

    def maybe_cancelled(self, codes: int) -> npt.NDArray[np.bool_]:
        """Return for which codes the variance of some loss may have lost its digits; the rest have not."""
        found = np.zeros(codes, np.bool_)
        units = self.units_of(codes)
        for each in self.losses:
            squares, spread = each.spread(self.rows, units)
            with np.errstate(invalid="ignore"):
                found |= ~(spread > _NEARLY * squares)
        found[list(self.few)] = True
        return found & (units > 1)


_NEARLY = 2e-8
"""Twice the share of squares at which a variance is taken to have cancelled: far above the rounding of this look."""


@dataclass(frozen=True, slots=True)
class SlicedPlans:
    """Plans of slices that are computed on the same rows: what is done to these is done once for all."""

    plans: tuple[SlicedPlan, ...]

    @property
    def losses(self) -> tuple[ChosenLoss, ...]:
        """The losses of all of them."""
        return tuple(chosen for plan in self.plans for chosen in plan.losses)

    def tally(self) -> SlicedTallies:
        """Start with nothing added."""
        return SlicedTallies([plan.tally() for plan in self.plans])


@dataclass(slots=True)
class SlicedTallies:
    """What one worker accumulates for `SlicedPlans`.

    Where slices are many, rows are ordered by slice, and wait for more where a block of them is too few: then what
    follows one another touches but a part of the sums, which stays in a core's cache.
    """

    tallies: list[SlicedTally]
    waiting: list[Batch] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Compute every loss of the plans on a batch of at most `BLOCK_ROWS` rows that know their slices."""
        codes = slices_of(batch)
        groups = int(codes.max(initial=-1)) + 1
        if groups > _MOST and batch.starts is None:
            self.waiting.append(copied(batch))  # the memory it was read into may be used again
            if sum(map(len, self.waiting)) * max(1, batch.numbers(batch.columns) // WIDE_ROW) >= _WINDOW:
                self.flush()
        elif groups > _FEW:
            if groups > _MANY and batch.starts is None:
                batch = by_slice(batch)
            for tally in self.tallies:
                tally.add(batch)
        else:
            for code in range(groups):
                rows = np.flatnonzero(codes == code)
                if len(rows):
                    self._add_few(code, picked(batch, rows))

    def _add_few(self, code: int, piece: Batch) -> None:
        for tally in self.tallies:
            tally.add_few(code, piece)

    def flush(self) -> None:
        """Compute what is still waiting."""
        if not self.waiting:
            return
        batch = joined(self.waiting)
        self.waiting = []
        for piece in by_slice(batch).split(BLOCK_ROWS):
            for tally in self.tallies:
                tally.add(piece)

    def merge(self, other: SlicedTallies) -> None:
        """Take over what another worker found."""
        other.flush()
        for mine, theirs in zip(self.tallies, other.tallies, strict=True):
            mine.merge(theirs)

    def __getstate__(self) -> list[SlicedTally]:
        self.flush()
        return self.tallies

    def __setstate__(self, tallies: list[SlicedTally]) -> None:
        self.tallies, self.waiting = tallies, []
