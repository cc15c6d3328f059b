"""What is accumulated for each loss by code: for every code what a `LossTally` of its rows alone would hold.

Sums are those of `exact.by_slice`; counts and largest values are arrays with a place for each code. Nothing here
takes longer for many codes than for few. Imports NumPy and core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.exact.sum import ExactSum
from lossctl.core.rows.block import Block, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.tally import LossTally, Peak, WeightTally, row_norms, weighted_squares

__all__ = ["Counts", "LossTallies", "WeightTallies"]

Kind = TypeVar("Kind", Array, Codes)

_NO_ROW = np.iinfo(np.int64).max


class Counts:
    """How many of something each code has.

    Examples
    --------
    >>> counts = Counts()
    >>> counts.add(np.array([2, 0, 2]))
    >>> counts.of(2), counts.of(7), counts.total()
    (2, 0, 3)
    """

    __slots__ = ("array",)

    def __init__(self) -> None:
        self.array: Codes = np.zeros(0, np.int64)

    def reserve(self, groups: int) -> None:
        """Make room for so many codes."""
        self.array = longer(self.array, groups, 0)

    def add(self, codes: Codes) -> None:
        """Count each code given."""
        if codes.size:
            self.reserve(int(np.maximum.reduce(codes)) + 1)
            np.add.at(self.array, codes, 1)

    def merge(self, other: Counts) -> None:
        """Add what `other` counted."""
        self.reserve(len(other.array))
        self.array[: len(other.array)] += other.array

    def of(self, code: int) -> int:
        """Return the count of a code."""
        return int(self.array[code]) if code < len(self.array) else 0

    def total(self) -> int:
        """Return the count over all codes."""
        return int(self.array.sum())


def longer(array: Kind, groups: int, filling: float) -> Kind:
    """Return an array room for so many codes; the new ones hold `filling`."""
    if groups <= len(array):
        return array
    made = np.full(max(groups, len(array) + len(array) // 2), filling, array.dtype)
    made[: len(array)] = array
    return made


@dataclass(slots=True)
class WeightTallies:
    """The rows of each code and their weights: a `WeightTally` for each."""

    weighted: bool
    n: Counts = field(default_factory=Counts)
    weights: GroupedSum = field(default_factory=GroupedSum)
    squares: GroupedSum = field(default_factory=GroupedSum)

    def add(self, weight: Array | None, codes: Codes) -> None:
        """Count rows with their weights."""
        self.n.add(codes)
        if self.weighted and weight is not None:
            self.weights.add(weight, codes)
            self.squares.add_squares(weight, codes)

    def merge(self, other: WeightTallies) -> None:
        """Take over the rows of another part."""
        self.n.merge(other.n)
        self.weights.merge(other.weights)
        self.squares.merge(other.squares)

    def of(self, code: int) -> WeightTally:
        """Return the tally of one code."""
        return WeightTally(self.weighted, self.n.of(code), sum_of(self.weights, code), sum_of(self.squares, code))


def sum_of(sums: GroupedSum, code: int) -> ExactSum:
    """Return the sum of a code, which may never have been seen."""
    return sums.sum_of(code) if code < len(sums) else ExactSum()


def _floats(sums: GroupedSum, codes: int) -> Array:
    """Return the sum of each of so many codes."""
    floats = sums.floats()
    return np.append(floats, np.zeros(codes - len(floats)))


@dataclass(slots=True)
class _Peaks:
    """The largest |slope| among the rows of each code, and the first row that has it."""

    values: Array = field(default_factory=lambda: np.empty(0))
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    last: int = -1

    def offer(self, sizes: Array, codes: Codes, block: Block, groups: int) -> None:
        """Look at the sizes of the slopes of a block's rows."""
        self._reserve(groups)
        known, rows = self.values[codes], block.row_numbers()
        if np.minimum.reduce(rows) > self.last:
            found = np.flatnonzero(sizes > known)  # rows that come later lose where they tie
        else:
            found = np.flatnonzero(sizes >= known)
            first = (sizes[found] > known[found]) | (rows[found] < self.rows[codes[found]])
            found = found[first]
        self.last = max(self.last, int(np.maximum.reduce(rows)))
        if found.size:
            self._take(sizes[found], codes[found], rows[found])

    def merge(self, other: _Peaks) -> None:
        """Take over what was found in other rows."""
        codes = np.flatnonzero(other.rows != _NO_ROW).astype(np.int64)
        self._reserve(len(other.values))
        self.last = max(self.last, other.last)
        self._take(other.values[codes], codes, other.rows[codes])

    def of(self, code: int) -> Peak:
        """Return the largest of one code."""
        if code >= len(self.rows) or self.rows[code] == _NO_ROW:
            return Peak()
        return Peak(float(self.values[code]), int(self.rows[code]))

    def arrays(self, codes: int) -> tuple[Array, Rows]:
        """Return the largest of so many codes, and their rows; −inf where there is no row."""
        self._reserve(codes)
        return self.values[:codes], self.rows[:codes]

    def whole(self) -> Peak:
        """Return the largest of all."""
        if not len(self.values) or not np.any(self.rows != _NO_ROW):
            return Peak()
        value = float(self.values.max())
        return Peak(value, int(self.rows[self.values == value].min()))

    def _take(self, sizes: Array, codes: Codes, rows: Rows) -> None:
        before = self.values[codes]
        np.maximum.at(self.values, codes, sizes)
        now = self.values[codes]
        self.rows[codes[now > before]] = _NO_ROW
        largest = sizes == now
        np.minimum.at(self.rows, codes[largest], rows[largest])

    def _reserve(self, groups: int) -> None:
        self.values = longer(self.values, groups, -np.inf)
        self.rows = longer(self.rows, groups, _NO_ROW)


_SMALL = 1e-150
"""Far above any sum of squares with weights that lost digits to the end of float64."""

_SUMS = ("loss", "loss_square", "loss_weight", "slope_square", "row_norm", "row_square")


@dataclass(slots=True)
class LossTallies:
    """The sums of one loss for one model by code: a `LossTally` for each.

    Slopes are summed apart where they are negative, which gives both Σws and Σ|ws|: those of code c at 2c, or at
    2c + 1 where they are.

    Parameters
    ----------
    weighted
        Whether blocks carry weights.
    centers
        What is taken off each loss before it is squared, by code; ``None``: nothing.
    """

    weighted: bool
    centers: Array | None = None
    vector: bool = False
    width: int = 1
    first_infinite: int = -1
    signs: Counts = field(default_factory=Counts)
    zeros: Counts = field(default_factory=Counts)
    zero_rows: Counts = field(default_factory=Counts)
    peaks: _Peaks = field(default_factory=_Peaks)
    largest_loss: Array = field(default_factory=lambda: np.empty(0))
    largest_component: Array = field(default_factory=lambda: np.empty(0))
    slopes: GroupedSum = field(default_factory=GroupedSum)
    sums: dict[str, GroupedSum] = field(default_factory=lambda: {name: GroupedSum() for name in _SUMS})

    @np.errstate(over="ignore", invalid="ignore")  # a product that overflows is infinite, and counted as that
    def add(self, loss: Array, slope: Array, block: Block, codes: Codes) -> None:
        """Add the rows of a block: as `LossTally.add`, with the code of each row."""
        if len(slope) == 0:
            return
        groups = int(np.maximum.reduce(codes)) + 1
        for sums in self.sums.values():
            sums.reserve(groups)
        self.slopes.reserve(2 * groups)
        self.signs.reserve(2 * groups)
        self._add_loss(loss, block, codes if block.starts is None else codes[block.starts])
        weight, sizes = block.weight, np.abs(slope) if slope.ndim == 1 else row_norms(slope)
        self.peaks.offer(sizes, codes, block, groups)
        if np.minimum.reduce(sizes) == 0.0:
            self.zero_rows.add(codes[sizes == 0.0])
        if weight is not None:
            self._add_weighted_squares(weight, sizes, codes)
        if slope.ndim == 1:
            self._add_components(slope, sizes, weight, codes)
            return
        self.vector, self.width = True, slope.shape[1]
        self.sums["row_norm"].add_known(sizes if weight is None else weight * sizes, codes)
        flat, codes = slope.reshape(-1), np.repeat(codes, self.width)
        weight = None if weight is None else np.repeat(weight, self.width)
        if not flat.all():
            self.zeros.add(codes[flat == 0.0])
        self._add_components(flat, np.abs(flat), weight, codes)

    def _add_loss(self, loss: Array, block: Block, codes: Codes) -> None:
        if self.centers is not None:
            loss = loss - self.centers[codes]
        if block.weight is not None:
            loss = block.weight * loss
            self.sums["loss_weight"].add_known(block.weight * loss, codes)
        else:
            self.largest_loss = _largest(self.largest_loss, np.abs(loss), codes)
        self.sums["loss"].add_known(loss, codes)
        self.sums["loss_square"].add_known_squares(loss, codes)
        if np.fmax.reduce(loss) == np.inf:
            row = block.first_row(loss == np.inf)
            self.first_infinite = row if self.first_infinite < 0 else min(row, self.first_infinite)

    def _add_components(self, slope: Array, sizes: Array, weight: Array | None, codes: Codes) -> None:
        """Add the components of slopes, each with its magnitude and with the weight and the code of its row."""
        signed = codes + codes
        signed += slope < 0.0
        np.add.at(self.signs.array, signed, 1)
        pulled = sizes if weight is None else weight * sizes
        self.slopes.add_known(pulled, signed)
        self.sums["slope_square"].add_known_squares(pulled, codes)
        if weight is None and not self.vector:
            return  # the largest is that of the rows
        self.largest_component = _largest(self.largest_component, pulled, codes)

    def _add_weighted_squares(self, weight: Array, sizes: Array, codes: Codes) -> None:
        total = self.sums["row_square"]
        products, lost = weighted_squares(weight, sizes)
        if lost is not None:
            total.add_known_squares(np.sqrt(weight[lost]) * sizes[lost], codes[lost])
            products, codes = products[~lost], codes[~lost]
        total.add_known(products, codes)

    def spread(self, rows: WeightTallies, units: Codes) -> tuple[Array, Array]:
        """Return, by code, Σ(wd)² and what is left of it about the mean, to about ten digits of the former.

        Parameters
        ----------
        rows
            The rows and their weights.
        units
            How many rows (or groups) each code has.
        """
        codes = len(units)
        n = units.astype(np.float64)
        weights, weight_squares = (
            (_floats(rows.weights, codes), _floats(rows.squares, codes)) if self.weighted else (n, n)
        )
        total, squares = _floats(self.sums["loss"], codes), _floats(self.sums["loss_square"], codes)
        heavy = _floats(self.sums["loss_weight"], codes) if self.weighted else total
        with np.errstate(all="ignore"):  # no rows, or infinite losses: what cannot be told is NaN
            mean = total / weights
            return squares, squares - 2.0 * mean * heavy + mean * mean * weight_squares

    def largest_shares(self, rows: WeightTallies, units: Codes) -> Array:
        """Return, by code, `Moments.largest_share` to about two digits; of a variance that cancelled it is not known.

        Parameters
        ----------
        rows, units
            As in `spread`.
        """
        if self.weighted:
            return np.zeros(len(units))
        _, spread = self.spread(rows, units)
        with np.errstate(all="ignore"):  # no rows, no spread, or infinite losses
            mean = _floats(self.sums["loss"], len(units)) / units
            apart = longer(self.largest_loss, len(units), 0.0)[: len(units)] - np.abs(mean)
            shares = np.minimum(apart * apart / spread, 1.0)
            return np.where((apart > 0.0) & (spread > 0.0) & np.isfinite(shares), shares, 0.0)

    def maybe_lost(self, codes: int) -> npt.NDArray[np.bool_]:
        """Return of which codes losses are infinite, or so small that they lost digits to the end of float64."""
        totals = self.sums["loss"].doubles().high
        small = np.append(totals, np.zeros(max(0, codes - len(totals))))[:codes] < _SMALL
        peaks, _ = self.peaks.arrays(codes)
        found: npt.NDArray[np.bool_] = self.sums["loss"].not_finite(codes) | (small & (peaks > 0.0))
        return found

    def merge(self, other: LossTallies) -> None:
        """Take over the rows of another part."""
        if other.first_infinite >= 0:
            both = (self.first_infinite, other.first_infinite)
            self.first_infinite = min(both) if self.first_infinite >= 0 else other.first_infinite
        self.vector, self.width = self.vector or other.vector, max(self.width, other.width)
        self.signs.merge(other.signs)
        self.zeros.merge(other.zeros)
        self.zero_rows.merge(other.zero_rows)
        self.peaks.merge(other.peaks)
        self.largest_component = _larger(self.largest_component, other.largest_component)
        self.largest_loss = _larger(self.largest_loss, other.largest_loss)
        self.slopes.merge(other.slopes)
        for name, sums in self.sums.items():
            sums.merge(other.sums[name])

    def of(self, code: int, n: int) -> LossTally:
        """Return the tally of one code, which has n rows; it does not say where the first infinite loss is."""
        center = 0.0 if self.centers is None else float(self.centers[code])
        made = LossTally(self.weighted, center, self.vector, n)
        made.negative, made.zero_rows = self.signs.of(2 * code + 1), self.zero_rows.of(code)
        zeros = self.zeros.of(code) if self.vector else made.zero_rows
        made.positive = self.signs.of(2 * code) - zeros
        made.peak = self.peaks.of(code)
        if code < len(self.largest_component):
            made.largest_component = float(self.largest_component[code])
        if code < len(self.largest_loss):
            made.largest_loss = float(self.largest_loss[code])
        _fill(made, {name: sum_of(sums, code) for name, sums in self.sums.items()})
        _fill_slopes(made, [sum_of(self.slopes, 2 * code), sum_of(self.slopes, 2 * code + 1)], self.width)
        return made

    def counts(self, codes: int) -> tuple[Codes, Codes, Codes]:
        """Return how many slopes of each code are negative and positive, and of how many rows they are 0."""
        for counts in (self.signs, self.zeros, self.zero_rows):
            counts.reserve(2 * codes)
        signs, zero_rows = self.signs.array[: 2 * codes], self.zero_rows.array[:codes]
        zeros = self.zeros.array[:codes] if self.vector else zero_rows
        return signs[1::2], signs[::2] - zeros, zero_rows

    def whole(self, n: int) -> LossTally:
        """Return the tally of all codes together, which have n rows; there must be no centers."""
        made = LossTally(self.weighted, vector=self.vector, n=n)
        signs = self.signs.array
        made.negative, made.zero_rows = int(signs[1::2].sum()), self.zero_rows.total()
        made.positive = int(signs[::2].sum()) - (self.zeros.total() if self.vector else made.zero_rows)
        made.peak = self.peaks.whole()
        made.largest_component = float(self.largest_component.max(initial=0.0))
        _fill(made, {name: sums.total() for name, sums in self.sums.items()})
        _fill_slopes(made, self.slopes.totals(2), self.width)
        made.first_infinite, made.largest_loss = self.first_infinite, float(self.largest_loss.max(initial=0.0))
        return made


def _largest(known: Array, values: Array, codes: Codes) -> Array:
    """Return the largest value of each code, among those known and those given with their codes."""
    known = longer(known, int(np.maximum.reduce(codes)) + 1, 0.0)
    found = np.flatnonzero(values > known[codes])
    np.maximum.at(known, codes[found], values[found])
    return known


def _larger(known: Array, other: Array) -> Array:
    """Return the larger of two values of each code."""
    known = longer(known, len(other), 0.0)
    np.maximum(known[: len(other)], other, out=known[: len(other)])
    return known


def _fill(tally: LossTally, sums: Mapping[str, ExactSum]) -> None:
    for name, total in sums.items():
        setattr(tally, name, total)
    tally.infinite = tally.loss.n_posinf


def _fill_slopes(tally: LossTally, magnitudes: Sequence[ExactSum], width: int) -> None:
    """Set what follows from the sums of the magnitudes of slopes above 0, and of those below."""
    up, down = magnitudes
    tally.components = tally.n * width
    tally.slope_abs.merge(up)
    tally.slope_abs.merge(down)
    tally.slope.merge(up)
    tally.slope.subtract(down)
    if not tally.vector and not tally.weighted and tally.n:
        tally.largest_component = tally.peak.value
