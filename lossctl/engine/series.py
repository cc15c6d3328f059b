"""Rows as a series: beside each target the one some rows before it, for losses that compare a row with the past.

Batches must come in file order: this runs where they are read, before anyone computes. Each file is a series of its
own. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

import numpy as np

from lossctl.core.rows.block import Batch, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.engine.fitting import lag_column, sliced_lag
from lossctl.engine.plan import ModelPlan

if TYPE_CHECKING:
    from lossctl.engine.accumulators.sliced import SlicedPlan  # which most runs do without

__all__ = ["with_lags"]

_Lag = tuple[str, int, str]
"""A column, how far to look back, and what to call its past."""


def with_lags(batches: Iterable[Batch], plans: Sequence[ModelPlan | SlicedPlan]) -> Iterable[Batch]:
    """Add to batches the columns of earlier targets that losses of the plans ask for; NaN where there is no such row.

    Plans of slices look back within a slice. Memory holds as many targets as the longest period has rows, of each
    slice.
    """
    wanted = _wanted([plan for plan in plans if isinstance(plan, ModelPlan)])
    sliced = _wanted([plan.plan for plan in plans if not isinstance(plan, ModelPlan)])
    return _lagged(batches, wanted, sliced) if wanted or sliced else batches


def _wanted(plans: Sequence[ModelPlan]) -> list[_Lag]:
    return sorted({lag_column(chosen, plan.binding) for plan in plans for chosen in plan.losses if chosen.loss.series})


def _lagged(batches: Iterable[Batch], wanted: Sequence[_Lag], sliced: Sequence[_Lag]) -> Iterator[Batch]:
    past, pasts = _Past(wanted), _SlicedPast(sliced)
    file = -1
    for batch in batches:
        if batch.file != file:
            past, pasts, file = _Past(wanted), _SlicedPast(sliced), batch.file
        lags = {**past.before(batch), **pasts.before(batch)}
        yield replace(batch, columns={**batch.columns, **lags})


@dataclass(slots=True)
class _Past:
    """The last rows that were read of one file."""

    wanted: Sequence[_Lag]
    columns: dict[str, Array] = field(default_factory=dict)

    def before(self, batch: Batch) -> dict[str, Array]:
        """Return the columns of earlier values of a batch, and keep its last rows."""
        if not self.wanted:
            return {}
        longest = max(period for _, period, _ in self.wanted)
        names = {name for name, _, _ in self.wanted}
        nothing = np.empty(0)
        joined = {name: np.concatenate([self.columns.get(name, nothing), batch.columns[name]]) for name in names}
        self.columns = {name: values[-longest:] for name, values in joined.items()}
        return {lag: _before(joined[name], len(batch), period) for name, period, lag in self.wanted}


@dataclass(slots=True)
class _SlicedPast:
    """The last rows that were read of each slice of one file, in file order."""

    wanted: Sequence[_Lag]
    columns: dict[str, Array] = field(default_factory=dict)
    codes: Rows = field(default_factory=lambda: np.empty(0, np.int64))

    def before(self, batch: Batch) -> dict[str, Array]:
        """Return the columns of earlier values of a batch, and keep the last rows of each slice."""
        if not self.wanted or batch.slices is None:
            return {}
        longest = max(period for _, period, _ in self.wanted)
        nothing, kept = np.empty(0), len(self.codes)
        codes = np.concatenate([self.codes, batch.slices])
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        found: dict[str, Array] = {}
        joined = {}
        for name, period, lag in self.wanted:
            joined[name] = np.concatenate([self.columns.get(name, nothing), batch.columns[name]])
            lagged = np.full(len(codes), np.nan)
            same = ordered[period:] == ordered[:-period]
            lagged[order[period:][same]] = joined[name][order[:-period][same]]
            found[sliced_lag(lag)] = lagged[kept:]
        last = np.ones(len(codes), np.bool_)
        last[: max(0, len(codes) - longest)] = ordered[longest:] != ordered[:-longest]
        keep = np.sort(order[last])
        self.codes, self.columns = codes[keep], {name: values[keep] for name, values in joined.items()}
        return found


def _before(values: Array, length: int, period: int) -> Array:
    """Return, for each of the last `length` values, the one `period` before it."""
    first = len(values) - length - period  # where the past of the first of them stands
    lagged = np.full(length, np.nan)
    lagged[max(0, -first) :] = values[max(0, first) : max(0, len(values) - period)]
    return lagged
