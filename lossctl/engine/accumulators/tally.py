"""What is accumulated for each loss: mergeable in any order, exact, and turned into moments at the end.

`LossTally` adds blocks of losses and slopes, `merge` joins the tallies of parts, and `moments` gives exact rational
numbers from which every figure of a result is rounded once. Imports NumPy and core.
"""

from __future__ import annotations

import math
from dataclasses import field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.spread import error_square, freedom_of, is_lost
from lossctl.core.exact.sum import ExactSum, add_values, round_fraction, sqrt_fraction
from lossctl.core.losses.loss import Reduction
from lossctl.core.results.evaluation import Gradient
from lossctl.core.rows.block import Block
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = [
    "FEW_FOR_SHARES",
    "LARGE_SHARE",
    "SUMS",
    "LossTally",
    "Moments",
    "Peak",
    "WeightTally",
    "row_norms",
    "weighted_squares",
]


@dataclass(slots=True)
class WeightTally:
    """The rows of a model and their weights, shared by all of its losses."""

    weighted: bool
    n: int = 0
    weights: ExactSum = field(default_factory=ExactSum)
    squares: ExactSum = field(default_factory=ExactSum)

    def add(self, block: Block) -> None:
        """Count the rows of a block."""
        self.n += len(block)
        if self.weighted and block.weight is not None:
            self.weights.add(block.weight)
            self.squares.add_squares(block.weight)

    def merge(self, other: WeightTally) -> None:
        """Take over the rows of another part."""
        self.n += other.n
        self.weights.merge(other.weights)
        self.squares.merge(other.squares)

    @property
    def total(self) -> Fraction:
        """Σw."""
        return self.weights.fraction() if self.weighted else Fraction(self.n)

    @property
    def total_square(self) -> Fraction:
        """Σw²."""
        return self.squares.fraction() if self.weighted else Fraction(self.n)

    @property
    def effective_rows(self) -> float:
        """(Σw)²/Σw²: how many rows of equal weight would tell as much."""
        return round_fraction(self.total**2 / self.total_square) if self.n else 0.0


@dataclass(slots=True)
class Peak:
    """The largest |slope| of a row, the first of equals."""

    value: float = -math.inf
    row: int = -1

    def offer(self, value: float, row: int) -> None:
        """Take a slope over, unless an earlier row has as large a one."""
        if value > self.value or (value == self.value and row < self.row):
            self.value, self.row = value, row


LARGE_SHARE = 0.3
"""A row that makes up a larger share of the variance of a loss makes its interval doubtful."""

FEW_FOR_SHARES = 20
"""Of fewer rows one often makes up as much, and there is a warning that they are few."""

SUMS = ("loss", "loss_square", "loss_weight", "slope", "slope_abs", "slope_square", "row_norm", "row_square")
"""The exact sums of a `LossTally`, by name."""


@dataclass(slots=True)
class LossTally:
    """The sums of one loss for one model.

    With w the weight of a row (1 where there is none), d = ℓ − center and s its slope, it keeps Σwd, Σ(wd)², Σw²d,
    Σws, Σ|ws|, Σ(ws)², and, where they differ from those, Σw‖s‖ and Σw‖s‖².

    Parameters
    ----------
    weighted
        Whether blocks carry weights.
    center
        What is taken off each loss before it is squared. A second pass sets it to the mean where the variance is
        so small beside the mean that its digits would cancel.
    """

    weighted: bool
    center: float = 0.0
    vector: bool = False
    n: int = 0
    infinite: int = 0
    first_infinite: int = -1
    components: int = 0
    positive: int = 0
    negative: int = 0
    zero_rows: int = 0
    largest_component: float = 0.0
    largest_loss: float = 0.0
    peak: Peak = field(default_factory=Peak)
    loss: ExactSum = field(default_factory=ExactSum)
    loss_square: ExactSum = field(default_factory=ExactSum)
    loss_weight: ExactSum = field(default_factory=ExactSum)
    slope: ExactSum = field(default_factory=ExactSum)
    slope_abs: ExactSum = field(default_factory=ExactSum)
    slope_square: ExactSum = field(default_factory=ExactSum)
    row_norm: ExactSum = field(default_factory=ExactSum)
    row_square: ExactSum = field(default_factory=ExactSum)

    @np.errstate(over="ignore", invalid="ignore")  # a product that overflows is infinite, and counted as that
    def add(self, loss: Array, slope: Array, block: Block) -> None:
        """Add the rows of a block: ``loss`` of shape (n,) or (groups,), ``slope`` of shape (n,) or (n, K)."""
        self.n += len(slope)
        self._add_loss(loss if self.center == 0.0 else loss - self.center, block)
        if slope.ndim == 1:
            self._add_slopes(slope, block)
        else:
            self._add_vectors(slope, block)

    def _add_loss(self, loss: Array, block: Block) -> None:
        seen = self.loss.n_posinf
        if block.weight is None:
            extent = add_values(loss, self.loss, self.loss_square)
            self.largest_loss = max(self.largest_loss, extent.largest)
        else:
            weighted = block.weight * loss
            add_values(weighted, self.loss, self.loss_square)
            self.loss_weight.add(block.weight * weighted)
            loss = weighted  # what is added up, and may overflow where the loss does not
        if self.loss.n_posinf > seen:
            row = block.first_row(loss == np.inf)
            self.first_infinite = row if self.infinite == 0 else min(row, self.first_infinite)
            self.infinite = self.loss.n_posinf

    def _add_slopes(self, slope: Array, block: Block) -> None:
        if block.weight is None:
            extent = add_values(slope, self.slope, self.slope_square, self.slope_abs)
            zeros = extent.zeros
            self._offer_peak(extent.largest, slope, block)
            self.largest_component = max(self.largest_component, extent.largest)
        else:
            pulled = block.weight * slope
            extent = add_values(pulled, self.slope, self.slope_square, self.slope_abs)
            zeros = True  # a product may vanish where the slope does not
            self._offer_peak(float(np.abs(slope).max(initial=0.0)), slope, block)
            _add_weighted_squares(self.row_square, block.weight, slope)
            self.largest_component = max(self.largest_component, extent.largest)
        positive = int(np.count_nonzero(slope > 0.0))
        zero_rows = len(slope) - int(np.count_nonzero(slope)) if zeros else 0
        self.positive += positive
        self.negative += len(slope) - positive - zero_rows
        self.zero_rows += zero_rows
        self.components += len(slope)

    def _add_vectors(self, slope: Array, block: Block) -> None:
        self.vector = True
        norms = row_norms(slope)
        self._offer_peak(float(norms.max(initial=0.0)), norms, block)
        self.positive += int(np.count_nonzero(slope > 0.0))
        self.negative += int(np.count_nonzero(slope < 0.0))
        self.zero_rows += len(slope) - int(np.count_nonzero(norms))
        self.components += slope.size
        weight = block.weight
        pulled = (slope if weight is None else weight[:, None] * slope).reshape(-1)
        extent = add_values(pulled, self.slope, self.slope_square, self.slope_abs)
        self.largest_component = max(self.largest_component, extent.largest)
        self.row_norm.add(norms if weight is None else weight * norms)
        if weight is not None:
            _add_weighted_squares(self.row_square, weight, norms)

    def _offer_peak(self, largest: float, sizes: Array, block: Block) -> None:
        """Remember where a block's largest slope is, unless an earlier row has as large a one."""
        if len(sizes) == 0 or largest < self.peak.value:
            return
        if block.starts is not None:  # rows stand group by group, not in their order
            self.peak.offer(largest, block.first_row(np.abs(sizes) == largest))
        elif largest > self.peak.value or block.row_number(0) < self.peak.row:
            self.peak.offer(largest, block.row_number(int(np.abs(sizes).argmax())))

    def merge(self, other: LossTally) -> None:
        """Take over the rows of another part."""
        if other.infinite:
            both = (self.first_infinite, other.first_infinite)
            self.first_infinite = min(both) if self.infinite else other.first_infinite
        for name in ("n", "infinite", "components", "positive", "negative", "zero_rows"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.vector = self.vector or other.vector
        self.largest_component = max(self.largest_component, other.largest_component)
        self.largest_loss = max(self.largest_loss, other.largest_loss)
        self.peak.offer(other.peak.value, other.peak.row)
        for name in SUMS:
            getattr(self, name).merge(getattr(other, name))

    def moments(self, rows: WeightTally, reduction: Reduction) -> Moments:
        """Return the exact moments of the loss of a row, for the rows (or groups) whose weights `rows` holds."""
        return Moments(self, rows, reduction)


@dataclass(frozen=True, slots=True)
class Moments:
    """What a tally says at the end. Every figure is exact until it is rounded once."""

    tally: LossTally
    rows: WeightTally
    reduction: Reduction

    @property
    def value(self) -> float:
        """The mean Σwℓ/Σw, or the sum Σwℓ, correctly rounded."""
        if not self.tally.loss.is_finite:
            return self.tally.loss.result()
        return round_fraction(self._mean)

    @property
    def _mean(self) -> Fraction:
        center = Fraction(self.tally.center)
        if self.reduction is Reduction.SUM:
            return self.tally.loss.fraction() + center * self.rows.total
        return self.tally.loss.fraction() / self.rows.total + center

    @property
    def std_error(self) -> float | None:
        """The standard error of the mean; ``None`` where it is not defined."""
        square = self._error_square
        return None if square is None else sqrt_fraction(square)

    @property
    def freedom(self) -> float:
        """The degrees of freedom of the standard error."""
        return freedom_of((self.rows.total, self.rows.total_square))

    @property
    def _error_square(self) -> Fraction | None:
        tally, rows = self.tally, self.rows
        if self.reduction is Reduction.SUM or rows.n <= 1:
            return None
        if not (tally.loss_square.is_finite and tally.loss_weight.is_finite):
            return None
        total = tally.loss.fraction()
        by_weight = tally.loss_weight.fraction() if tally.weighted else total
        weights = (rows.total, rows.total_square)
        return error_square(total, tally.loss_square.fraction(), by_weight, weights)[0]

    @property
    def largest_share(self) -> float:
        """Which share of Σ(ℓ − D)² the largest loss makes up, at least; 0 where rows differ in weight.

        Its root is no less than the skewness over √n, by which Student's t errs.
        """
        tally, n = self.tally, self.rows.n
        if tally.weighted or n <= 1 or not (tally.loss_square.is_finite and math.isfinite(tally.largest_loss)):
            return 0.0
        total = tally.loss.fraction()
        spread = tally.loss_square.fraction() - total**2 / n
        apart = Fraction(tally.largest_loss) - abs(total) / n
        return min(1.0, round_fraction(apart**2 / spread)) if apart > 0 and spread > 0 else 0.0

    @property
    def cancelled(self) -> bool:
        """Whether so many digits of the variance cancelled that a second pass must centre the losses."""
        square = self._error_square
        if square is None or self.tally.center != 0.0 or not self.tally.loss_square.is_finite:
            return False
        return is_lost(square * self.rows.total**2, self.tally.loss_square.fraction())

    def gradient(self, scale: float) -> Gradient:
        """Return the figures of the gradient; `scale` is d value / d mean (1 for a plain mean; NaN where not known).

        ``row_max_at`` counts from 1.
        """
        tally = self.tally
        if tally.n == 0 or math.isnan(scale):
            return Gradient(None, None, None, None, None, None, None, None, None, None)
        by = Fraction(1) if self.reduction is Reduction.SUM else self.rows.total
        factor = abs(scale)
        squares = tally.slope_square
        row_square = tally.row_square if tally.weighted else squares
        row_norm = tally.row_norm if tally.vector else tally.slope_abs
        weight = self.rows.total if tally.weighted else Fraction(tally.n)  # rows, also where losses are of groups
        components = Fraction(tally.components, tally.n)
        return Gradient(
            l1=factor * _ratio(tally.slope_abs, by),
            l2=factor * _root(squares, by**2),
            linf=factor * _divide(tally.largest_component, by),
            mean=scale * _ratio(tally.slope, weight * components),
            row_mean_abs=factor * _ratio(row_norm, weight),
            row_rms=factor * _root(row_square, weight),
            row_max=factor * tally.peak.value,
            row_max_at=tally.peak.row + 1,
            zero_share=tally.zero_rows / tally.n,
            sign_balance=(tally.positive - tally.negative) / tally.components,
        )


def weighted_squares(weight: Array, values: Array) -> tuple[Array, npt.NDArray[np.bool_] | None]:
    """Return w·v² of each row, and where that leaves float64 though its root need not; ``None``: nowhere.

    Of the rows found (√w·v)² is to be added instead, which costs a bit.
    """
    products = weight * values * values
    if products.min(initial=1.0) > _LEAST_PRODUCT and products.max(initial=1.0) < np.inf:
        return products, None
    lost = ((products <= _LEAST_PRODUCT) & (values != 0.0) | np.isinf(products)) & np.isfinite(values)
    return products, lost


def _add_weighted_squares(total: ExactSum, weight: Array, values: Array) -> None:
    products, lost = weighted_squares(weight, values)
    if lost is not None:
        total.add_squares(np.sqrt(weight[lost]) * values[lost])
        products = products[~lost]
    total.add(products)


_LEAST_PRODUCT = 1e-290
"""Products below lose digits to the end of float64."""


def row_norms(slope: Array) -> Array:
    """Euclidean norms of rows; those whose squares could overflow or vanish are scaled first, whatever the others."""
    largest = np.abs(slope).max(axis=1, initial=0.0)
    with np.errstate(over="ignore", under="ignore"):
        norms: Array = np.sqrt(np.square(slope).sum(axis=1))
    unusual = (largest >= 1e150) | (largest <= 1e-150) & (largest > 0.0)  # noqa: PLR2004 -- well inside float64
    if unusual.any():
        scale = np.where(np.isfinite(largest[unusual]), largest[unusual], 1.0)
        norms[unusual] = scale * np.sqrt(np.square(slope[unusual] / scale[:, None]).sum(axis=1))
    return norms


def _ratio(total: ExactSum, by: Fraction) -> float:
    return round_fraction(total.fraction() / by) if total.is_finite else total.result()


def _divide(value: float, by: Fraction) -> float:
    return round_fraction(Fraction(value) / by) if math.isfinite(value) else value


def _root(total: ExactSum, by: Fraction) -> float:
    return sqrt_fraction(total.fraction() / by) if total.is_finite else math.inf
