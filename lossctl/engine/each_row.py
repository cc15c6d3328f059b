"""The losses and slopes of single rows, in file order: what is written row by row.

Values are those a tally would add up: before any root or ratio is taken of their mean. Imports core and its own
package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lossctl.core.results.row_lines import Layout, Lines, key_text
from lossctl.core.rows.block import BLOCK_ROWS, Batch, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Mask, RowCodes
from lossctl.engine.plan import ModelPlan
from lossctl.engine.series import with_lags
from lossctl.engine.slice_order import codes_of, slices_of

__all__ = ["MissingKeyError", "lines_of", "rows_only"]


_MOST_NUMBERS = 2**22
"""Of the slopes of a piece: 32 MB."""


class MissingKeyError(Exception):
    """A row has no key: the column, and the number of the row from 0."""

    def __init__(self, column: str, row: int) -> None:
        super().__init__(column, row)
        self.column, self.row = column, row


@dataclass(frozen=True, slots=True)
class _Part:
    """One loss of one model on a piece of the rows."""

    rows: Rows
    weight: Array | None
    value: Array
    slope: Array


def rows_only(plan: ModelPlan, wanted: Sequence[int]) -> ModelPlan:
    """Return the plan of some of the losses, by index: those whose rows have losses of their own."""
    return replace(plan, losses=tuple(plan.losses[index] for index in wanted), linear={}, centers=())


def lines_of(
    batches: Iterable[Batch],
    plans: Sequence[ModelPlan],
    order: Sequence[int],
    layout: Layout,
    members: Sequence[Mask] = (),
) -> Iterator[Lines]:
    """Compute the losses of rows, piece by piece: at most `BLOCK_ROWS` rows each, fewer where slopes are long.

    Parameters
    ----------
    batches
        The rows, in file order.
    plans
        What to compute. The rows must have been found to fit.
    order
        The place of each loss among the entries, plan after plan.
    layout
        What lines tell. Where a model has no weights, they are 1; where any slope is a vector, all are lists.
    members
        Of each plan, the slices whose rows are told of, by code; none: rows are not told apart by slice.
    """
    among: Sequence[Mask | None] = members or [None] * len(plans)
    size = max(1, min(BLOCK_ROWS, _MOST_NUMBERS // (layout.width * len(layout.entries))))
    for batch in with_lags(batches, plans):
        for piece in batch.split(size):
            found = (part for plan, some in zip(plans, among, strict=True) for part in _parts(plan, piece, some))
            parts = dict(zip(order, found, strict=True))
            lines = _interleaved([parts[place] for place in sorted(parts)], layout)
            if layout.slices:
                lines = replace(lines, slices=slices_of(piece)[_places(piece, lines.rows)])
            yield lines if layout.key is None else replace(lines, keys=_keys(piece, lines.rows, layout.key))


def _parts(plan: ModelPlan, piece: Batch, members: Mask | None) -> list[_Part]:
    """Compute each loss of a plan, on the rows of some slices; where no row is left, each has none."""
    nothing = np.empty(0)
    found = [_Part(np.empty(0, np.int64), None, nothing, nothing) for _ in plan.losses]
    for index, loss, slope, block in plan.tally().computed(piece):
        part = _Part(block.row_numbers(), block.weight, loss, slope)
        if members is not None and not members.all():
            kept = np.flatnonzero(members[codes_of(block)])
            weight = None if part.weight is None else part.weight[kept]
            part = _Part(part.rows[kept], weight, loss[kept], slope[kept])
        found[index] = part
    return found


def _places(piece: Batch, rows: Rows) -> Rows:
    """Return where rows, by number, stand in a piece."""
    return rows - piece.first_row if piece.rows is None else np.searchsorted(piece.rows, rows)


def _keys(piece: Batch, rows: Rows, columns: Sequence[str]) -> list[str]:
    """Return what names each row: the texts of the key columns."""
    places = _places(piece, rows)
    texts = []
    for name in columns:
        values = np.array(piece.texts[name].to_pylist(), dtype=object)[places].tolist()
        if None in values:
            raise MissingKeyError(name, int(rows[values.index(None)]))
        texts.append(values)
    return texts[0] if len(texts) == 1 else [*map(key_text, zip(*texts, strict=True))]


def _interleaved(parts: Sequence[_Part], layout: Layout) -> Lines:
    entries = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.rows) for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable") if len(parts) > 1 else slice(None)
    weights = None
    if layout.weighted:
        ones = [np.ones(len(part.rows)) if part.weight is None else part.weight for part in parts]
        weights = np.concatenate(ones)[order]
    values = np.concatenate([part.value for part in parts])[order]
    if not layout.vectors:
        slopes = np.concatenate([part.slope for part in parts])[order]
        return Lines(entries[order], rows[order], weights, values, slopes)
    widths = np.repeat([_width(part) for part in parts], [len(part.rows) for part in parts])
    flat = np.concatenate([part.slope.reshape(-1) for part in parts])
    slopes, ends = _lists(flat, widths, np.arange(len(rows))[order])
    return Lines(entries[order], rows[order], weights, values, slopes, ends=ends)


def _width(part: _Part) -> int:
    return 1 if part.slope.ndim == 1 else int(part.slope.shape[1])


def _lists(flat: Array, widths: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> tuple[Array, RowCodes]:
    """Put lists that stand one after another into another order; give where each begins there."""
    begins = np.cumsum(widths) - widths
    ends = np.append(0, np.cumsum(widths[order]))
    places = np.repeat(begins[order] - ends[:-1], widths[order]) + np.arange(ends[-1])
    return flat[places], ends.astype(np.int32)
