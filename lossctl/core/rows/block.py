"""Batches as they leave a source, and Blocks as kernels receive them.

A `Batch` is what was read: columns of numbers, missing values as NaN. A `Block` is what a kernel may rely on: finite
values, a weight above 0 in every row, distributions that are distributions. Every check of values stands here and
nowhere else. Imports NumPy and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lossctl.core.losses.loss import Domain, Role
from lossctl.core.rows.faults import LEAST_WEIGHT, MOST_WEIGHT, Fault, Faults, What, first_bad
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Mask

__all__ = [
    "BLOCK_NUMBERS",
    "BLOCK_ROWS",
    "CLIP_REACH",
    "SUM_TOLERANCE",
    "WIDE_ROW",
    "Batch",
    "Binding",
    "Block",
    "Rows",
    "weights_of",
]

BLOCK_ROWS = 2**16
"""Rows a kernel gets at once: what stays in a core's cache (measured; see docs/performance.md)."""

SUM_TOLERANCE = 1e-6
"""How far the sum of a distribution may lie from 1."""

BLOCK_NUMBERS = 2**19
"""Numbers a kernel gets at once, at most, where a row has more than eight: memory must not grow with the width."""

WIDE_ROW = 16
"""Of rows with more numbers fewer wait for their slices: memory must not grow with the width."""

CLIP_REACH = 1e-4
"""How far outside [0, 1] a probability may lie to be clipped: rounding to float32, or to four digits, is no mistake."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as read.

    Parameters
    ----------
    columns
        By name, ``(n,)`` float64 for a number column or ``(n, K)`` for a list column. Missing is NaN. May be
        read-only and shared: never written to.
    first_row
        The number of the first row in the source, counted from 0.
    length
        The number of rows.
    rows
        The row numbers in the source, where a filter left gaps; ``None``: consecutive from `first_row`.
    starts
        Where the rows stand group by group: the index of the first row of each. ``None``: they stand in file order.
    file
        The number, from 0, of the file that rows in file order are of.
    slices
        ``(n,)``, where rows are read by slices: the code of the slice each row is of.
    identity
        ``(n,)``, where it is asked for: a number that says which row (its key) or cluster each is, the same in every
        order and file.
    texts
        Columns as Arrow arrays of texts, where they are asked for; what does not come straight from a source has none.
    """

    columns: Mapping[str, Array]
    first_row: int
    length: int
    rows: Rows | None = None
    starts: Rows | None = None
    file: int = 0
    slices: Rows | None = None
    identity: npt.NDArray[np.uint64] | None = None
    texts: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.length

    def row_number(self, index: int) -> int:
        """Return the number in the source, from 0, of a row of this batch."""
        return int(self.rows[index]) if self.rows is not None else self.first_row + index

    def split(self, size: int = BLOCK_ROWS) -> list[Batch]:
        """Cut into batches of at most `size` rows, without copying; a group is never cut, however large."""
        if self.length <= size:
            return [self]
        return [self.cut(start, stop) for start, stop in pairwise(self._cuts(size))]

    def numbers(self, names: Iterable[str]) -> int:
        """Return how many numbers a row has in some columns."""
        given = (self.columns.get(name) for name in names)
        return sum(1 if values is None or values.ndim == 1 else values.shape[1] for values in given)

    def rows_of(self, *bindings: Binding) -> int:
        """Return how many rows a block of some models may have: of wide rows, what holds `BLOCK_NUMBERS`."""
        numbers = max(self.numbers((*each.target, *each.prediction)) for each in bindings)
        return min(BLOCK_ROWS, max(1, BLOCK_NUMBERS // max(1, numbers)))

    def _cuts(self, size: int) -> list[int]:
        if self.starts is None:
            return [*range(0, self.length, size), self.length]
        ends = np.append(self.starts[1:], self.length)
        cuts = [0]
        while cuts[-1] < self.length:
            within = int(np.searchsorted(ends, cuts[-1] + size, side="right")) - 1
            first = int(np.searchsorted(ends, cuts[-1], side="right"))
            cuts.append(int(ends[max(within, first)]))
        return cuts

    def cut(self, start: int, stop: int) -> Batch:
        """Return the rows from `start` to before `stop`, without copying, even where that cuts a group."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        rows = None if self.rows is None else self.rows[start:stop]
        starts = self.starts
        if starts is not None:
            starts = starts[(starts >= start) & (starts < stop)] - start
        slices = None if self.slices is None else self.slices[start:stop]
        identity = None if self.identity is None else self.identity[start:stop]
        texts = {name: values.slice(start, stop - start) for name, values in self.texts.items()}
        return Batch(columns, self.first_row + start, stop - start, rows, starts, self.file, slices, identity, texts)


@dataclass(frozen=True, slots=True)
class Binding:
    """Which columns are what to one model.

    Parameters
    ----------
    model
        What a result calls the model.
    target, prediction
        Their columns in order: none, one, or several that make a vector.
    weight
        The column of weights.
    target_text, prediction_text
        The columns as a person names them, such as ``p_*``.
    labels
        What the target column holds, where it is read as labels: their codes are their places here.
    label_weights
        What a row weighs for each label, beside its own weight: 0 for a label to be ignored. Empty: 1 for each.
    levels
        The levels of quantiles, ascending.
    order
        The places of the prediction's numbers in the order of `levels`. Empty: they stand in that order.
    group
        The column that says which rows belong together.
    """

    model: str
    target: tuple[str, ...]
    prediction: tuple[str, ...]
    weight: str | None = None
    target_text: str | None = None
    prediction_text: str | None = None
    labels: tuple[str, ...] = ()
    label_weights: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    order: tuple[int, ...] = ()
    group: str | None = None

    def columns(self, role: Role) -> tuple[str, ...]:
        """Return the columns of a role."""
        return self.target if role is Role.TARGET else self.prediction

    def text(self, role: Role) -> str:
        """Name the columns of a role to a person."""
        text = self.target_text if role is Role.TARGET else self.prediction_text
        return text or ",".join(self.columns(role))

    @property
    def weighted(self) -> bool:
        """Whether rows may differ in weight."""
        return self.weight is not None or bool(self.label_weights)

    @property
    def weight_text(self) -> str:
        """Name what rows weigh by to a person."""
        return self.weight if self.weight is not None else "weights of labels"

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that must be read, once each."""
        weight = () if self.weight is None else (self.weight,)
        return tuple(dict.fromkeys(self.target + self.prediction + weight))


@dataclass(frozen=True, slots=True)
class Block:
    """Rows a kernel may rely on: finite, and each of weight above 0.

    Parameters
    ----------
    target, prediction
        ``(n,)`` or, for a vector, ``(n, K)``; ``None`` where the model has none.
    weight
        ``(n,)``, or ``None`` where every row weighs 1.
    batch
        The rows it was made of.
    kept
        The indices of its rows in `batch`; ``None``: all of them, in order.
    starts
        The index of the first row of each group, where the rows stand group by group, and in one by prediction and
        target: an order that does not depend on that of the file.
    """

    target: Array | None
    prediction: Array | None
    weight: Array | None
    batch: Batch
    kept: npt.NDArray[np.intp] | None
    starts: Rows | None = None

    def __len__(self) -> int:
        return self.batch.length if self.kept is None else len(self.kept)

    def values(self, role: Role) -> Array | None:
        """Return the values of a role."""
        return self.target if role is Role.TARGET else self.prediction

    def row_number(self, index: int) -> int:
        """Return the number in the source, from 0, of a row of this block."""
        return self.batch.row_number(index if self.kept is None else int(self.kept[index]))

    @property
    def rows(self) -> Rows | None:
        """The row numbers in the source; ``None``: consecutive."""
        rows = self.batch.rows
        return rows if rows is None or self.kept is None else rows[self.kept]

    @property
    def slices(self) -> Rows | None:
        """The code of the slice each row is of; ``None`` where rows are not read by slices."""
        slices = self.batch.slices
        return slices if slices is None or self.kept is None else slices[self.kept]

    def row_numbers(self) -> Rows:
        """Return the number in the source, from 0, of each row of this block."""
        rows = self.rows
        if rows is not None:
            return rows
        first = self.batch.first_row
        return np.arange(first, first + self.batch.length) if self.kept is None else first + self.kept.astype(np.int64)

    def first_row(self, found: Mask) -> int:
        """Return the first number in the source of the rows found, a mask of rows or of groups that has some."""
        if self.starts is None and self.batch.rows is None:
            return self.row_number(int(np.flatnonzero(found)[0]))
        if self.starts is not None and len(found) != len(self):
            found = np.repeat(found, np.diff(self.starts, append=len(self)))
        return int(self.row_numbers()[found].min())

    @classmethod
    def of(cls, batch: Batch, binding: Binding, faults: Faults) -> tuple[Block, int]:
        """Make a block of a batch, and say how many rows had a number that is missing or not finite.

        Those rows and the rows of weight 0 are left out; what was wrong is recorded in `faults`.
        """
        target = _stack(batch, binding.target)
        prediction = _stack(batch, binding.prediction)
        if binding.levels and prediction is not None:  # one level is a vector of one number
            prediction = prediction.reshape(len(prediction), -1)
        weight = weights_of(batch, binding)
        keep: Mask | None = None
        if weight is not None:
            keep = weight != 0.0  # a NaN weight stays in, to be found below
            negative = weight < 0.0
            if negative.any():
                _record(faults, What.NEGATIVE_WEIGHT, binding.weight_text, batch, ~negative, weight)
                keep &= ~negative
            _record_extreme(weight, binding.weight_text, batch, faults)
        n_weighing = batch.length if keep is None else int(np.count_nonzero(keep))
        for name in binding.needed:
            keep = _drop_not_finite(batch, name, keep, faults)
        starts = None
        if binding.group is not None and batch.starts is not None:
            kept, starts = _by_group(batch.starts, batch.length, keep, target, prediction)
        elif keep is None or keep.all():
            return cls(target, prediction, weight, batch, None), 0
        else:
            kept = np.flatnonzero(keep)
        block = cls(_pick(target, kept), _pick(prediction, kept), _pick(weight, kept), batch, kept, starts)
        return block, n_weighing - len(kept)

    def check_domain(self, role: Role, domain: Domain, column: str, faults: Faults) -> bool:
        """Return whether every value of a role lies in a domain; record those that do not."""
        values = self.values(role)
        if values is None or domain.contains_all(values):
            return True
        good, beyond = domain.contains(values), domain.beyond(values)
        if good.ndim == 2:  # noqa: PLR2004 -- a vector: name the component that is out
            divided: Mask = np.logical_and.reduce(np.isfinite(values), axis=1)
            if not divided.all():  # values were finite as they were read: such a row was divided by its sum
                count, row, _ = first_bad(divided, values[:, 0], self.rows)
                faults.record(Fault(What.ZERO_SUM, column, count, self.row_number(row), 0.0))
                return False
            every: Mask = np.logical_and.reduce(good, axis=1)
            count, row, _ = first_bad(every, values[:, 0], self.rows)
            value = float(values[row][~good[row]][0])
        else:
            count, row, value = first_bad(good, values, self.rows)
        fault = Fault(What.OUT_OF_DOMAIN, column, count, self.row_number(row), value, str(domain), beyond=beyond)
        faults.record(fault)
        return False

    def check_component(self, place: int, domain: Domain, column: str, faults: Faults) -> bool:
        """Return whether one number of every prediction, such as its scale, is in a domain; record those not in it."""
        if self.prediction is None or domain.contains_all(self.prediction[:, place]):
            return True
        values = self.prediction[:, place]
        count, row, value = first_bad(domain.contains(values), values, self.rows)
        faults.record(Fault(What.OUT_OF_DOMAIN, column, count, self.row_number(row), value, str(domain)))
        return False

    def check_ends(self, column: str, faults: Faults) -> bool:
        """Return whether no prediction's first number lies above its second; record those where it does."""
        if self.prediction is None:
            return True
        low, high = self.prediction[:, 0], self.prediction[:, 1]
        good = low <= high
        if good.all():
            return True
        count, row, value = first_bad(good, low, self.rows)
        faults.record(Fault(What.CROSSED, column, count, self.row_number(row), value, other=float(high[row])))
        return False

    def check_not_zero(self, role: Role, width: int, column: str, faults: Faults) -> bool:
        """Return whether no vector of a role, each `width` long, is zero; record those that are."""
        values = self.values(role)
        if values is None or values.ndim == 1:
            return True
        nonzero: Mask = np.logical_or.reduce(values.reshape(len(values), -1, width) != 0.0, axis=2)
        good: Mask = np.logical_and.reduce(nonzero, axis=1)
        if good.all():
            return True
        count, row, value = first_bad(good, values[:, 0], self.rows)
        faults.record(Fault(What.ZERO_VECTOR, column, count, self.row_number(row), value))
        return False

    def check_sums(self, role: Role, column: str, faults: Faults) -> bool:
        """Return whether every vector of a role sums to 1 within `SUM_TOLERANCE`; record those that do not."""
        values = self.values(role)
        if values is None:
            return True
        sums = values.sum(axis=1)
        good = np.abs(sums - 1.0) <= SUM_TOLERANCE
        if good.all():
            return True
        count, row, value = first_bad(good, sums, self.rows)
        faults.record(Fault(What.NOT_SUMMING_TO_ONE, column, count, self.row_number(row), value))
        return False


def weights_of(batch: Batch, binding: Binding) -> Array | None:
    """Return what each row of a batch weighs, as read; ``None`` where all weigh 1."""
    weight = None if binding.weight is None else batch.columns[binding.weight]
    if not binding.label_weights or not binding.target:
        return weight
    target = _stack(batch, binding.target)
    return weight if target is None else _times_label_weight(weight, target, binding.label_weights)


def _stack(batch: Batch, names: tuple[str, ...]) -> Array | None:
    if not names:
        return None
    if len(names) == 1:
        return batch.columns[names[0]]
    return np.column_stack([batch.columns[name] for name in names])


def _by_group(
    starts: Rows, length: int, keep: Mask | None, target: Array | None, prediction: Array | None
) -> tuple[npt.NDArray[np.intp], Rows]:
    """Order the rows of each group by prediction, then target, then as they come; say where groups start then."""
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=length))
    keys = [values for values in (target, prediction) if values is not None]
    order = np.lexsort((*keys, group))
    if keep is not None:
        order = order[keep[order]]
    found = group[order]
    return order, np.flatnonzero(np.diff(found, prepend=-1)).astype(np.int64)


def _times_label_weight(weight: Array | None, codes: Array, label_weights: tuple[float, ...]) -> Array:
    """Multiply weights by those of the labels; a code that is none weighs 1, and is found where domains are checked."""
    known = (codes >= 0.0) & (codes < len(label_weights))
    places = np.where(known, codes, 0.0).astype(np.intp)
    factors = np.where(known, np.take(np.array(label_weights), places), 1.0)
    return factors if weight is None else weight * factors


def _pick(values: Array | None, kept: npt.NDArray[np.intp]) -> Array | None:
    return None if values is None else values[kept]


def _record_extreme(weight: Array, name: str, batch: Batch, faults: Faults) -> None:
    """Record weights too large or too small to compute with; what is computed all the same is never reported."""
    if np.fmax.reduce(weight, initial=0.0) <= MOST_WEIGHT and np.fmin.reduce(weight, initial=1.0) >= LEAST_WEIGHT:
        return
    extreme = ((weight > MOST_WEIGHT) & (weight < np.inf)) | ((weight > 0.0) & (weight < LEAST_WEIGHT))
    if extreme.any():
        _record(faults, What.EXTREME_WEIGHT, name, batch, ~extreme, weight)


def _drop_not_finite(batch: Batch, name: str, keep: Mask | None, faults: Faults) -> Mask | None:
    """Take out of `keep` the rows where a column is missing or not finite, and record them."""
    values = batch.columns[name]
    finite = np.isfinite(values)
    if finite.all():
        return keep
    good: Mask = finite if finite.ndim == 1 else np.logical_and.reduce(finite, axis=1)
    excused = good if keep is None else good | ~keep  # a row that is out already is not counted again
    if not excused.all():
        shown = values if finite.ndim == 1 else np.where(good, 0.0, values.sum(axis=1))
        _record(faults, What.NOT_FINITE, name, batch, excused, shown)
    return good if keep is None else keep & good


def _record(faults: Faults, what: What, column: str, batch: Batch, good: Mask, values: Array) -> None:
    count, index, value = first_bad(good, values, batch.rows)
    faults.record(Fault(what, column, count, batch.row_number(index), value))
