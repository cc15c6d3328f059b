"""Rows of batches that know their slices: picked, joined and ordered. Imports NumPy and core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lossctl.core.rows.block import Batch, Block
from lossctl.core.types import Codes

__all__ = ["by_slice", "by_slice_within_groups", "codes_of", "copied", "joined", "picked", "slices_of"]


def copied(batch: Batch) -> Batch:
    """Return a batch in memory of its own, with its rows numbered."""
    columns = {name: values.copy() for name, values in batch.columns.items()}
    return replace(batch, columns=columns, rows=numbers(batch).copy(), slices=slices_of(batch).copy(), identity=None)


def joined(batches: Sequence[Batch]) -> Batch:
    """Put batches of numbered rows one after the other."""
    if len(batches) == 1:
        return batches[0]
    names = batches[0].columns
    return replace(
        batches[0],
        columns={name: np.concatenate([each.columns[name] for each in batches]) for name in names},
        length=sum(map(len, batches)),
        rows=np.concatenate([numbers(each) for each in batches]),
        slices=np.concatenate([slices_of(each) for each in batches]),
    )


def numbers(batch: Batch) -> Codes:
    return batch.rows if batch.rows is not None else np.arange(batch.first_row, batch.first_row + len(batch))


def slices_of(batch: Batch) -> Codes:
    """Return the slice of each row of a batch."""
    if batch.slices is None:
        raise ValueError("the batch does not know the slices of its rows")
    return batch.slices


def codes_of(block: Block) -> Codes:
    """Return the slice of each row of a block."""
    return slices_of(block.batch) if block.kept is None else slices_of(block.batch)[block.kept]


def picked(batch: Batch, rows: npt.NDArray[np.intp]) -> Batch:
    """Return some rows of a batch, in the order given; groups lose the rows that are not among them."""
    starts = batch.starts
    if starts is not None:
        group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(batch)))[rows]
        starts = np.flatnonzero(np.diff(group, prepend=-1)).astype(np.int64)
    return replace(
        batch,
        columns={name: values[rows] for name, values in batch.columns.items()},
        length=len(rows),
        rows=rows + batch.first_row if batch.rows is None else batch.rows[rows],
        starts=starts,
        slices=slices_of(batch)[rows],
        identity=None if batch.identity is None else batch.identity[rows],
    )


def by_slice(batch: Batch) -> Batch:
    """Bring the rows of slices that lie near each other together: integers of 16 bits are sorted by their digits."""
    codes = slices_of(batch)
    shift = max(0, int(codes.max(initial=0)).bit_length() - 16)
    return picked(batch, np.argsort((codes >> shift).astype(np.uint16), kind="stable"))


def by_slice_within_groups(batch: Batch) -> Batch:
    """Order the rows of each group by slice, and let a group end where its slice does."""
    if batch.starts is None:
        return batch
    group = np.repeat(np.arange(len(batch.starts)), np.diff(batch.starts, append=len(batch)))
    order = np.lexsort((slices_of(batch), group))
    made = picked(batch, order)
    ends = np.diff(group[order], prepend=-1) != 0
    ends |= np.diff(slices_of(made), prepend=-1) != 0
    return replace(made, starts=np.flatnonzero(ends).astype(np.int64))
