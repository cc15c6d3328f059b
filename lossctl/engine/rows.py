"""The losses and slopes of single rows, in file order: what is written row by row.

Values are those a tally would add up: before any root or ratio is taken of their mean. Imports core and its own
package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lossctl.core.block import BLOCK_ROWS, Batch, Rows
from lossctl.core.lines import Codes, Lines
from lossctl.core.loss import Array
from lossctl.engine.plan import ModelPlan
from lossctl.engine.series import with_lags

__all__ = ["lines_of", "rows_only"]


@dataclass(frozen=True, slots=True)
class _Part:
    """One loss of one model on a piece of the rows."""

    rows: Rows
    weight: Array | None
    value: Array
    slope: Array


def rows_only(plan: ModelPlan, wanted: Sequence[int]) -> ModelPlan:
    """Give the plan of some of the losses, by index: those whose rows have losses of their own."""
    return replace(plan, losses=tuple(plan.losses[index] for index in wanted), linear={}, centers=())


def lines_of(
    batches: Iterable[Batch], plans: Sequence[ModelPlan], order: Sequence[int], *, weighted: bool, vectors: bool
) -> Iterator[Lines]:
    """Compute the losses of rows, piece by piece: at most `BLOCK_ROWS` rows each.

    Parameters
    ----------
    batches
        The rows, in file order.
    plans
        What to compute. The rows must have been found to fit.
    order
        The place of each loss among the entries, plan after plan.
    weighted
        Whether to give weights too: 1 where a model has none.
    vectors
        Whether slopes are given as lists, those of one number too.
    """
    for batch in with_lags(batches, plans):
        for piece in batch.split(BLOCK_ROWS):
            parts = dict(zip(order, (part for plan in plans for part in _parts(plan, piece)), strict=True))
            yield _interleaved([parts[place] for place in sorted(parts)], weighted=weighted, vectors=vectors)


def _parts(plan: ModelPlan, piece: Batch) -> list[_Part]:
    """Compute each loss of a plan; where no row is left, each has none."""
    nothing = np.empty(0)
    found = [_Part(np.empty(0, np.int64), None, nothing, nothing) for _ in plan.losses]
    for index, loss, slope, block in plan.tally().computed(piece):
        found[index] = _Part(block.row_numbers(), block.weight, loss, slope)
    return found


def _interleaved(parts: Sequence[_Part], *, weighted: bool, vectors: bool) -> Lines:
    entries = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.rows) for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable") if len(parts) > 1 else slice(None)
    weights = None
    if weighted:
        ones = [np.ones(len(part.rows)) if part.weight is None else part.weight for part in parts]
        weights = np.concatenate(ones)[order]
    values = np.concatenate([part.value for part in parts])[order]
    if not vectors:
        slopes = np.concatenate([part.slope for part in parts])[order]
        return Lines(entries[order], rows[order], weights, values, slopes)
    widths = np.repeat([_width(part) for part in parts], [len(part.rows) for part in parts])
    flat = np.concatenate([part.slope.reshape(-1) for part in parts])
    slopes, ends = _lists(flat, widths, np.arange(len(rows))[order])
    return Lines(entries[order], rows[order], weights, values, slopes, ends=ends)


def _width(part: _Part) -> int:
    return 1 if part.slope.ndim == 1 else int(part.slope.shape[1])


def _lists(flat: Array, widths: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> tuple[Array, Codes]:
    """Put lists that stand one after another into another order; give where each begins there."""
    begins = np.cumsum(widths) - widths
    ends = np.append(0, np.cumsum(widths[order]))
    places = np.repeat(begins[order] - ends[:-1], widths[order]) + np.arange(ends[-1])
    return flat[places], ends.astype(np.int32)
