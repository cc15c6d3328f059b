"""Rows as a series: beside each target the one some rows before it, for losses that compare a row with the past.

Batches must come in file order: this runs where they are read, before anyone computes. Each file is a series of its
own. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from lossctl.core.block import Batch
from lossctl.core.loss import Array
from lossctl.engine.fitting import lag_column
from lossctl.engine.plan import ModelPlan

__all__ = ["with_lags"]


def with_lags(batches: Iterable[Batch], plans: Sequence[ModelPlan]) -> Iterable[Batch]:
    """Add to batches the columns of earlier targets that losses of the plans ask for; NaN where there is no such row.

    Memory holds as many targets as the longest period has rows.
    """
    wanted = {lag_column(chosen, plan.binding) for plan in plans for chosen in plan.losses if chosen.loss.series}
    return _lagged(batches, sorted(wanted)) if wanted else batches


def _lagged(batches: Iterable[Batch], wanted: Sequence[tuple[str, int, str]]) -> Iterator[Batch]:
    longest = max(period for _, period, _ in wanted)
    past: dict[str, Array] = {}
    file = -1
    for batch in batches:
        if batch.file != file:
            past, file = {name: np.empty(0) for name, _, _ in wanted}, batch.file
        joined = {name: np.concatenate([past[name], batch.columns[name]]) for name in past}
        lags = {lag: _before(joined[name], len(batch), period) for name, period, lag in wanted}
        past = {name: values[-longest:] for name, values in joined.items()}
        yield replace(batch, columns={**batch.columns, **lags})


def _before(values: Array, length: int, period: int) -> Array:
    """Give, for each of the last `length` values, the one `period` before it."""
    first = len(values) - length - period  # where the past of the first of them stands
    lagged = np.full(length, np.nan)
    lagged[max(0, -first) :] = values[max(0, first) : max(0, len(values) - period)]
    return lagged
