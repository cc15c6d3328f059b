"""What to compute: the losses of each model, and what one worker accumulates for them.

Imports core and its own package.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from fractions import Fraction
from typing import cast

import numpy as np

from lossctl.core.exact.sum import ExactSum, round_fraction
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Kind, Reduction, Role
from lossctl.core.rows.block import CLIP_REACH, Batch, Binding, Block, Rows
from lossctl.core.rows.faults import Fault, Faults, What, first_bad
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Mask
from lossctl.engine.accumulators.tally import LossTally, Moments, WeightTally
from lossctl.engine.fitting import context_of, fits, simplex_roles, target_of

__all__ = ["Linear", "ModelPlan", "ModelTally", "exponent_of", "finished_mean", "roots_of", "scaled_squares"]


@dataclass(frozen=True, slots=True)
class Linear:
    """A loss of several parts near the means that a first pass found.

    Its value is not the mean of anything, but moves with Σ derivative·part, whose mean, variance and slopes a
    second pass tallies: the delta method for the standard error, the chain rule for the gradient.

    Parameters
    ----------
    value
        The value at the means.
    derivatives
        d value / d mean of each part; NaN throughout where it is not known how the value moves.
    overflown
        Whether the mean of some part is past every float64.
    """

    value: float
    derivatives: tuple[float, ...]
    overflown: bool = False

    @classmethod
    def at(cls, chosen: ChosenLoss, means: tuple[float, ...]) -> Linear:
        """Finish a loss at the means of its parts.

        A derivative that is not finite says nothing, and neither do derivatives of 0 of a value that is not finite.
        """
        value, derivatives = chosen.finish(means)
        if all(map(math.isfinite, derivatives)) and (math.isfinite(value) or any(derivatives)):
            return cls(value, derivatives)
        return cls(value, (math.nan,) * len(derivatives), not all(map(math.isfinite, means)))

    @classmethod
    def at_scaled(cls, chosen: ChosenLoss, mean: float, exponent: int) -> Linear:
        """Return the root of a mean of squares that are scaled, as `ModelPlan.exponents` says, and how it moves."""
        made = cls.at(chosen, (mean,))
        moved = tuple(times_two_to(each, exponent) for each in made.derivatives)
        return replace(made, value=times_two_to(made.value, exponent), derivatives=moved)

    @property
    def is_known(self) -> bool:
        """Whether it is known how the value moves."""
        return not any(map(math.isnan, self.derivatives))

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def combine(self, parts: Array) -> Array:
        """Return Σ derivative·part, for ``(parts, …)``; a part that moves nothing adds nothing, even where infinite."""
        moving = [d * part for d, part in zip(self.derivatives, parts, strict=True) if d != 0.0]
        return np.sum(moving, axis=0) if moving else np.zeros(parts.shape[1:])


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
        Predicted probabilities are moved into [clip, 1 − clip] first; ``None``: not. Those outside [0, 1] by no more
        than that or `CLIP_REACH` are taken in.
    normalize
        Whether distributions are divided by their sums first.
    column_sums
        The sums to divide by, for distributions down the file that are normalized: known after a first pass. Numbers,
        or arrays with one for each code of a slice.
    linear
        What a first pass found of each loss of several parts, by index.
    centers
        What is taken off each loss in a second pass over losses whose variance cancelled; see `LossTally`.
    exponents
        Of losses that are a root of squares, by index: the squares are of 2^−exponent times what they were, in a second
        pass over what is too large or too small to be squared. Numbers, or arrays with one for each code of a slice.
    references
        What a kernel gets as ``reference``: a number for each code of a slice, or one for all rows; ``None``: it does
        not ask for one.
    """

    binding: Binding
    losses: tuple[ChosenLoss, ...]
    clip: float | None = None
    normalize: bool = False
    column_sums: Mapping[Role, float | Array] | None = None
    linear: Mapping[int, Linear] = field(default_factory=dict)
    centers: tuple[float, ...] = ()
    exponents: Mapping[int, int] = field(default_factory=dict)
    references: Array | float | None = None

    @property
    def reach(self) -> float:
        """How far outside [0, 1] predicted probabilities are taken in."""
        return 0.0 if self.clip is None else max(self.clip, CLIP_REACH)

    def tally(self) -> ModelTally:
        """Start with nothing added."""
        return ModelTally(self)


@dataclass(slots=True)
class ModelTally:
    """What one worker accumulates for one model; `merge` joins the workers' parts.

    `soft` tells whether some predicted probability was neither 0 nor 1, of losses that take them. `vanished` holds, by
    the index of losses that are roots of squares, in which slices the square of a row is too small though its root is
    not 0; it is found where models are compared.
    """

    plan: ModelPlan
    rows: WeightTally = field(init=False)
    groups: WeightTally = field(default_factory=lambda: WeightTally(weighted=False))
    losses: list[LossTally] = field(init=False)
    loss_faults: list[Faults] = field(init=False)
    faults: Faults = field(default_factory=Faults)
    n_read: int = 0
    n_dropped: int = 0
    tied: int = 0
    none_relevant: int = 0
    n_outside: int = 0
    vectors: bool = False
    soft: bool = False
    vanished: dict[int, set[int]] = field(default_factory=dict)
    sums: dict[Role, ExactSum] = field(init=False)
    parts: dict[int, list[ExactSum]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weighted = self.plan.binding.weighted
        centers = self.plan.centers or (0.0,) * len(self.plan.losses)
        self.rows = WeightTally(weighted)
        self.losses = [LossTally(weighted, center) for center in centers]
        self.loss_faults = [Faults() for _ in self.plan.losses]
        self.sums = {role: ExactSum() for role in Role}

    def add(self, batch: Batch) -> None:
        """Compute every loss of the plan on a batch, block by block."""
        for piece in batch.split(batch.rows_of(self.plan.binding)):
            for index, loss, slope, block in self.computed(piece):
                self.add_rows(index, loss, slope, block)

    def add_rows(self, index: int, loss: Array, slope: Array, block: Block) -> None:
        """Add the rows of a block to one loss, as its kernel gave them."""
        linear = self.plan.linear.get(index)
        if index in self.plan.exponents:
            loss = scaled_squares(self.plan.losses[index], block, self.plan.exponents[index])
        if linear is not None:
            self.losses[index].add(linear.combine(loss), linear.combine(slope), block)
        elif loss.ndim > 1:
            self.add_parts(index, loss, block)
        else:
            self.losses[index].add(loss, slope, block)

    def computed(self, batch: Batch) -> Iterator[tuple[int, Array, Array, Block]]:
        """Count the rows of a batch, and give the index, losses, slopes and block of each loss that fits them."""
        return self.losses_of(self.counted(batch))

    def counted(self, batch: Batch, made: tuple[Block, int] | None = None) -> Block:
        """Make a block of a batch, and count its rows; `made` is what `Block.of` gave, where it is made already."""
        block, dropped = Block.of(batch, self.plan.binding, self.faults) if made is None else made
        self.n_read += len(batch)
        self.n_dropped += dropped
        self.vectors = self.vectors or any(v is not None and v.ndim > 1 for v in (block.target, block.prediction))
        self.rows.add(block)
        self._count_groups(block)
        outside = self.outside(block)
        if outside is not None:
            self._count_outside(block, outside)
        self._add_sums(block)
        return block

    def outside(self, block: Block) -> Mask | None:
        """Return which rows have a probability outside [0, 1] that is taken in; ``None``: none has."""
        values, reach = block.prediction, self.plan.reach
        if not reach or values is None or not any(each.loss.prediction == PROBABILITY for each in self.plan.losses):
            return None
        if PROBABILITY.contains_all(values):
            return None
        found = _just_outside(values, reach)
        return found if found.ndim == 1 else np.logical_or.reduce(found, axis=1)

    def _count_outside(self, block: Block, outside: Mask) -> None:
        """Count rows whose probabilities are taken in, and remember the first."""
        if not outside.any():
            return
        values = cast("Array", block.prediction)
        count, row, _ = first_bad(~outside, values if values.ndim == 1 else values[:, 0], block.rows)
        self.n_outside += count
        mine = values[row : row + 1].reshape(-1)
        value = float(mine[_just_outside(mine, self.plan.reach)][0])
        column = self.plan.binding.text(Role.PREDICTION)
        self.faults.record(Fault(What.MOVED_IN, column, count, block.row_number(row), value))

    def _taken_in(self, values: Array) -> Array:
        """Return values, those just outside [0, 1] moved to its ends."""
        if PROBABILITY.contains_all(values):
            return values
        return np.where(_just_outside(values, self.plan.reach), np.clip(values, 0.0, 1.0), values)

    def _count_groups(self, block: Block) -> None:
        """Count groups, those in which no two targets differ, and those of these in which none is above 0."""
        if block.starts is None or block.target is None or block.target.ndim > 1 or len(block) == 0:
            return
        highest = np.maximum.reduceat(block.target, block.starts)
        tied = highest == np.minimum.reduceat(block.target, block.starts)
        self.groups.n += len(block.starts)
        self.tied += int(np.count_nonzero(tied))
        self.none_relevant += int(np.count_nonzero(tied & (highest <= 0.0)))

    def losses_of(self, block: Block) -> Iterator[tuple[int, Array, Array, Block]]:
        """Yield what `computed` does, for a block whose rows are counted."""
        if len(block) == 0:
            return
        plain = self._normalized(block)
        taken_in = plain
        if self.plan.clip is not None and plain.prediction is not None:
            taken_in = replace(plain, prediction=self._taken_in(plain.prediction))
        for index, chosen in enumerate(self.plan.losses):
            prepared = taken_in if chosen.loss.prediction == PROBABILITY else plain
            if fits(chosen, prepared, self.plan.binding, self.loss_faults[index]):
                loss, slope = self._compute(chosen, prepared)
                yield index, loss, slope, prepared

    def add_parts(self, index: int, parts: Array, block: Block) -> None:
        """Sum each of the parts of a loss, ``(parts, n)``: how many there are is for the kernel to say."""
        for total, part in zip(self._totals(index, len(parts)), parts, strict=True):
            total.add(part if block.weight is None else block.weight * part)

    def compared(self, computed: Iterable[tuple[int, Array, Array, Block]]) -> dict[int, tuple[Array, Block]]:
        """Return the losses of rows by index, with their block, as `computed` gives them: squares scaled where asked.

        Rows whose squares are too small are remembered.
        """
        found = {}
        for index, loss, _, block in computed:
            chosen = self.plan.losses[index]
            if index in self.plan.exponents:
                found[index] = scaled_squares(chosen, block, self.plan.exponents[index]), block
                continue
            if chosen.loss.root is not None and len(loss) and np.minimum.reduce(loss) < _LEAST_MEAN:
                small = (loss < _LEAST_MEAN) & (chosen.loss.root(block.target, block.prediction, **chosen.params) > 0.0)
                if small.any():
                    codes = [-1] if block.slices is None else np.unique(block.slices[small]).tolist()
                    self.vanished.setdefault(index, set()).update(codes)
            found[index] = loss, block
        return found

    def _totals(self, index: int, count: int) -> list[ExactSum]:
        return self.parts.setdefault(index, [ExactSum() for _ in range(count)])

    def _add_sums(self, block: Block) -> None:
        """Sum distributions down the file, so that the whole can be checked at the end."""
        if self.plan.column_sums is not None:
            return
        for role, values in self.distributions(block, dimensions=1):
            self.sums[role].add(values)

    def _normalized(self, block: Block) -> Block:
        if not self.plan.normalize:
            return block
        values = {role: block.values(role) for role in Role}
        with np.errstate(all="ignore"):  # a sum of 0 gives NaN, which no sum of 1 is
            for role, array in self.distributions(block, dimensions=2):
                values[role] = array / array.sum(axis=1, keepdims=True)
            for role, array in self.distributions(block, dimensions=1):
                if self.plan.column_sums is not None:
                    values[role] = array / _divisor(self.plan.column_sums[role], block)
        return replace(block, target=values[Role.TARGET], prediction=values[Role.PREDICTION])

    def distributions(self, block: Block, dimensions: int) -> list[tuple[Role, Array]]:
        """Return the values of the roles that some loss takes as a distribution of so many dimensions."""
        roles = {role for chosen in self.plan.losses for role in simplex_roles(chosen.loss)}
        found = [(role, block.values(role)) for role in Role if role in roles]
        known = [(role, values) for role, values in found if values is not None and values.ndim == dimensions]
        if self.plan.clip is None:
            return known
        return [(role, self._taken_in(values) if role is Role.PREDICTION else values) for role, values in known]

    def _compute(self, chosen: ChosenLoss, block: Block) -> tuple[Array, Array]:
        prediction, clip = block.prediction, self.plan.clip
        if not self.soft and prediction is not None and chosen.loss.prediction == PROBABILITY:
            self.soft = bool(((prediction > 0.0) & (prediction < 1.0)).any())
        clipped = None
        if clip is not None and prediction is not None and chosen.loss.prediction == PROBABILITY:
            inside = np.clip(prediction, clip, 1.0 - clip)
            clipped = inside != prediction
            prediction = inside
        if self.plan.binding.order and prediction is not None:
            prediction = prediction[:, self.plan.binding.order]
        context = context_of(chosen, block, self.plan.binding)
        references = self.plan.references
        if references is not None:
            is_one = isinstance(references, float)
            context["reference"] = np.full(len(block), references) if is_one else np.asarray(references)[block.slices]
        loss, slope = chosen.compute(target_of(chosen, block), prediction, **context)
        _require_shapes(chosen, loss, slope, block)
        if clipped is not None:
            slope = np.where(clipped, 0.0, slope)  # a clipped prediction moves nothing
        return loss, slope

    def merge(self, other: ModelTally) -> None:
        """Take over what another worker found."""
        self.n_read += other.n_read
        self.n_dropped += other.n_dropped
        self.tied += other.tied
        self.none_relevant += other.none_relevant
        self.n_outside += other.n_outside
        self.vectors = self.vectors or other.vectors
        self.soft = self.soft or other.soft
        self.rows.merge(other.rows)
        self.groups.merge(other.groups)
        self.faults.merge(other.faults)
        for role in Role:
            self.sums[role].merge(other.sums[role])
        for mine, theirs in zip(self.losses, other.losses, strict=True):
            mine.merge(theirs)
        for index, codes in other.vanished.items():
            self.vanished.setdefault(index, set()).update(codes)
        for index, addends in other.parts.items():
            for total, addend in zip(self._totals(index, len(addends)), addends, strict=True):
                total.merge(addend)
        for mine_faults, their_faults in zip(self.loss_faults, other.loss_faults, strict=True):
            mine_faults.merge(their_faults)

    @property
    def units(self) -> WeightTally:
        """What losses are averaged over: groups where the model has them, else rows."""
        return self.rows if self.plan.binding.group is None else self.groups

    def moments(self, index: int) -> Moments:
        """Return the exact moments of a loss."""
        return self.losses[index].moments(self.units, self.reduction(self.plan.losses[index]))

    def column_sums(self) -> dict[Role, float]:
        """Return the correctly rounded sums of the distributions down the file."""
        return {role: round_fraction(total.fraction()) for role, total in self.sums.items()}

    def reduction(self, chosen: ChosenLoss) -> Reduction:
        """Return how the losses of rows become one value: a distribution down the file is summed, all else averaged."""
        down_the_file = chosen.loss.kind is Kind.DISTRIBUTION and not self.vectors
        return Reduction.SUM if down_the_file else Reduction.MEAN

    def linear(self, index: int) -> Linear:
        """Return the value of a loss of several parts, and how it moves with each."""
        chosen = self.plan.losses[index]
        by = Fraction(1) if self.reduction(chosen) is Reduction.SUM else self.units.total
        means = (
            round_fraction(total.fraction() / by) if total.is_finite else total.result() for total in self.parts[index]
        )
        return Linear.at(chosen, tuple(means))

    def finished(self, index: int) -> tuple[float, float]:
        """Return the value of a loss, and d value / d mean: the scale of what its tally holds; NaN where not known."""
        linear = self.plan.linear.get(index)
        if linear is not None:
            return linear.value, 1.0 if linear.is_known else math.nan
        chosen = self.plan.losses[index]
        reduction = self.reduction(chosen)
        value = self.moments(index).value
        if chosen.loss.kind is Kind.DISTRIBUTION and reduction is Reduction.MEAN:
            return value, 1.0  # the kernel has finished each row
        value, scale = finished_mean(chosen, value)
        exponent = self.plan.exponents.get(index, 0)
        return times_two_to(value, exponent), times_two_to(scale, -exponent)

    def std_error(self, index: int) -> float | None:
        """Return the standard error of a value; ``None`` where it is not defined, or not known."""
        error, (_, scale) = self.moments(index).std_error, self.finished(index)
        if error is None or math.isnan(scale):
            return None
        exponent = self.plan.exponents.get(index, 0)
        return times_two_to(abs(times_two_to(scale, exponent)) * error, exponent)


def scaled_squares(chosen: ChosenLoss, block: Block, exponent: int | Rows) -> Array:
    """Return the squares of 2^−exponent times the roots of the losses of rows."""
    if chosen.loss.root is None:
        raise ValueError(f"{chosen.loss.id} is no root of squares")
    with np.errstate(all="ignore"):
        roots = np.ldexp(chosen.loss.root(block.target, block.prediction, **chosen.params), np.negative(exponent))
        squares: Array = roots * roots
    return squares


def roots_of(chosen: ChosenLoss, loss: Array, block: Block) -> Array:
    """Return what the losses of rows are the squares of, in its own scale; of stored ones the root."""
    if chosen.loss.root is None:
        return np.sqrt(loss)
    with np.errstate(all="ignore"):  # an event that is given no probability is infinitely far
        return chosen.loss.root(block.target, block.prediction, **chosen.params)


def exponent_of(mean: float, *, moves: bool) -> int:
    """Return by which power of two roots are scaled, whose squares have a mean; 0 where these fit into float64.

    Where some root is above 2^511, those that vanish once they are scaled are too small to count; where all are below
    2^−450, none overflows.

    Parameters
    ----------
    mean
        The mean of the squares, as far as they could be summed.
    moves
        Whether some row is not 0.

    Examples
    --------
    >>> exponent_of(math.inf, moves=True), exponent_of(0.0, moves=True), exponent_of(2.0, moves=True)
    (600, -600, 0)
    """
    if mean == math.inf:
        return _EXPONENT
    return -_EXPONENT if mean < _LEAST_MEAN and moves else 0


_EXPONENT = 600
_LEAST_MEAN = 2.0**-900


def times_two_to(value: float, exponent: int) -> float:
    """Return 2^exponent·value; infinity where it overflows.

    Examples
    --------
    >>> times_two_to(1.5, 1), times_two_to(-1.0, 2000)
    (3.0, -inf)
    """
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.copysign(math.inf, value)


def finished_mean(chosen: ChosenLoss, mean: float) -> tuple[float, float]:
    """Finish the mean of a loss: give the value, and d value / d mean; NaN where that is not known."""
    linear = Linear.at(chosen, (mean,))
    return linear.value, linear.derivatives[0]


def _require_shapes(chosen: ChosenLoss, loss: Array, slope: Array, block: Block) -> None:
    """Refuse what a kernel gave in another shape than that of the block, before NumPy broadcasts it."""
    units = len(block) if block.starts is None else len(block.starts)
    values = block.target if block.prediction is None else block.prediction
    shape = () if values is None else values.shape
    in_parts = loss.ndim > 1 and (chosen.loss.finish is not None or len(loss) == chosen.loss.parts > 1)
    losses = (len(loss), units) if in_parts else (units,)
    if loss.shape == losses and slope.shape in {shape, (*losses[:-1], *shape)}:
        return
    raise RuntimeError(
        f"the kernel of {chosen.label} gave losses of shape {loss.shape} and slopes of shape {slope.shape} "
        f"for {units} {'rows' if block.starts is None else 'groups'} and predictions of shape {shape}"
    )


def _just_outside(values: Array, reach: float) -> Mask:
    """Return which values lie outside [0, 1], and by no more than `reach`."""
    found: Mask = ((values < 0.0) & (values >= -reach)) | ((values > 1.0) & (values <= 1.0 + reach))
    return found


def _divisor(sums: float | Array, block: Block) -> np.float64 | Array:
    """Return what the rows of a block are divided by: one number, or that of the slice of each."""
    if isinstance(sums, np.ndarray):
        divisors: Array = sums[block.slices]
        return divisors
    return np.float64(sums)
