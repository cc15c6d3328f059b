"""Sources read side by side: the same rows of each, checked to be of the same targets.

May import sources, engine and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lossctl.core.block import Batch
from lossctl.core.errors import DataError
from lossctl.core.loss import Array
from lossctl.engine.plan import ModelPlan
from lossctl.sources import Source

__all__ = ["side_by_side"]


def side_by_side(
    sources: Sequence[Source], streams: Sequence[Iterable[Batch]], plans: Sequence[ModelPlan]
) -> Iterator[list[Batch]]:
    """Give batches of equally many rows of each source.

    Parameters
    ----------
    sources, streams
        What is read, and the batches of each.
    plans
        One model of each source: its targets and weights must be those of the first, row by row.

    Raises
    ------
    DataError
        Where targets or weights differ, or one source has more rows than another.
    """
    readers = [iter(stream) for stream in streams]
    held: list[Batch | None] = [None] * len(readers)
    row = 0
    while True:
        held = [_filled(batch, reader) for batch, reader in zip(held, readers, strict=True)]
        ended = [batch is None for batch in held]
        if all(ended):
            return
        if any(ended):
            raise _lengths(sources, held, row)
        batches = [batch for batch in held if batch is not None]
        size = min(len(batch) for batch in batches)
        now = [_cut(batch, 0, size) for batch in batches]
        _require_same(sources, now, plans)
        yield now
        held = [_cut(batch, size, len(batch)) for batch in batches]
        row += size


def _filled(batch: Batch | None, reader: Iterator[Batch]) -> Batch | None:
    """Give what is left of a batch, or the next one that has rows."""
    while batch is None or len(batch) == 0:
        batch = next(reader, None)
        if batch is None:
            return None
    return batch


def _cut(batch: Batch, start: int, stop: int) -> Batch:
    if (start, stop) == (0, len(batch)):
        return batch
    columns = {name: values[start:stop] for name, values in batch.columns.items()}
    rows = None if batch.rows is None else batch.rows[start:stop]
    return Batch(columns, batch.first_row + start, stop - start, rows, file=batch.file)


def _lengths(sources: Sequence[Source], held: Sequence[Batch | None], row: int) -> DataError:
    short = next(source for source, batch in zip(sources, held, strict=True) if batch is None)
    long = next(source for source, batch in zip(sources, held, strict=True) if batch is not None)
    return DataError(
        f"{short.name} ends after {row} rows, and {long.name} goes on",
        "models are compared on the same rows: give files of the same rows, in the same order",
    )


def _require_same(sources: Sequence[Source], batches: Sequence[Batch], plans: Sequence[ModelPlan]) -> None:
    first = plans[0].binding
    for source, batch, plan in zip(sources[1:], batches[1:], plans[1:], strict=True):
        binding = plan.binding
        pairs = [*zip(first.target, binding.target, strict=False)]
        if first.weight is not None and binding.weight is not None:
            pairs.append((first.weight, binding.weight))
        for mine, theirs in pairs:
            left, right = batches[0].columns[mine], batch.columns[theirs]
            if left.shape != right.shape or not np.array_equal(left, right, equal_nan=True):
                raise _differ(sources[0], source, batches[0], batch, (mine, theirs), left, right)


def _differ(
    one: Source, other: Source, mine: Batch, theirs: Batch, names: tuple[str, str], left: Array, right: Array
) -> DataError:
    cure = "models are compared on the same rows: give files of the same rows, in the same order"
    if left.shape != right.shape:
        return DataError(f'{one.name} and {other.name}: the vectors of "{names[0]}" are not equally long', cure)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    if same.ndim > 1:
        same = same.all(axis=1)
    index = int(np.flatnonzero(~same)[0])
    values = [np.array2string(np.asarray(values[index]), separator=", ") for values in (left, right)]
    return DataError(
        f'{one.locate(mine.row_number(index))}, column "{names[0]}": {values[0]}, '
        f'but {other.locate(theirs.row_number(index))}, column "{names[1]}": {values[1]}',
        cure,
    )
