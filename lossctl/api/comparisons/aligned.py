"""Sources read side by side: the same rows of each, checked to be of the same targets.

May import sources, engine and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lossctl.core.errors import DataError
from lossctl.core.rows.block import Batch
from lossctl.core.types import Array
from lossctl.engine.plan import ModelPlan
from lossctl.sources import Source

__all__ = ["KEY_CURE", "require_same", "side_by_side"]

_GROUPS_CURE = "models are compared on the same rows: give files of the same rows, in the same order"
_CURE = f"{_GROUPS_CURE}, or match them with --key"
KEY_CURE = "models are compared on the same rows: those of one key must have one target, and one weight"


def side_by_side(
    sources: Sequence[Source], streams: Sequence[Iterable[Batch]], plans: Sequence[ModelPlan]
) -> Iterator[list[Batch]]:
    """Yield batches of equally many rows of each source.

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
        now = [batch.cut(0, size) for batch in batches]
        require_same(sources, now, plans)
        yield now
        held = [batch.cut(size, len(batch)) for batch in batches]
        row += size


def _filled(batch: Batch | None, reader: Iterator[Batch]) -> Batch | None:
    """Return what is left of a batch, or the next one that has rows."""
    while batch is None or len(batch) == 0:
        batch = next(reader, None)
        if batch is None:
            return None
    return batch


def _lengths(sources: Sequence[Source], held: Sequence[Batch | None], row: int) -> DataError:
    short = next(source for source, batch in zip(sources, held, strict=True) if batch is None)
    long = next(source for source, batch in zip(sources, held, strict=True) if batch is not None)
    return DataError(
        f"{short.name} ends after {row} rows, and {long.name} goes on",
        _CURE,
    )


def require_same(
    sources: Sequence[Source], batches: Sequence[Batch], plans: Sequence[ModelPlan], cure: str = _CURE
) -> None:
    """Refuse batches whose targets or weights differ from those of the first, row by row.

    Raises
    ------
    DataError
        Naming the first row that does, in both sources.
    """
    first = plans[0].binding
    if first.group is not None:  # no key matches rows of groups
        cure = _GROUPS_CURE
    for source, batch, plan in zip(sources[1:], batches[1:], plans[1:], strict=True):
        binding = plan.binding
        pairs = [*zip(first.target, binding.target, strict=False)]
        if first.weight is not None and binding.weight is not None:
            pairs.append((first.weight, binding.weight))
        for mine, theirs in pairs:
            left, right = batches[0].columns[mine], batch.columns[theirs]
            if mine in first.target and first.labels != binding.labels:
                right = _recoded(right, binding.labels, first.labels)
            if left.shape != right.shape or not np.array_equal(left, right, equal_nan=True):
                raise _differ((sources[0], source), (batches[0], batch), (mine, theirs), (left, right), cure)
        _require_same_groups((sources[0], source), (batches[0], batch), (first.group, binding.group))


def _recoded(codes: Array, labels: Sequence[str], wanted: Sequence[str]) -> Array:
    """Return codes of labels in the order of others, or numbers no code has where there is no such label."""
    if not (labels and wanted):
        return codes
    table = [wanted.index(each) if each in wanted else -2.0 - place for place, each in enumerate(labels)]
    known = (codes >= 0.0) & (codes < len(table))
    return np.where(known, np.array(table)[np.where(known, codes, 0.0).astype(np.intp)], codes)


def _require_same_groups(
    sources: tuple[Source, Source], batches: tuple[Batch, Batch], columns: tuple[str | None, str | None]
) -> None:
    """Refuse groups that begin in other rows, or that are called otherwise."""
    mine, theirs = (batch.starts for batch in batches)
    if mine is None or theirs is None:
        return
    if not np.array_equal(mine, theirs):
        index = int(np.setxor1d(mine, theirs)[0])
        places = [source.locate(batch.row_number(index)) for source, batch in zip(sources, batches, strict=True)]
        began = 0 if index in mine else 1
        problem = f"{places[began]} begins a group, but {places[1 - began]} does not"
        raise DataError(problem, _GROUPS_CURE)
    names = [
        batch.texts[column].take(mine).to_pylist()
        for batch, column in zip(batches, columns, strict=True)
        if column is not None and column in batch.texts
    ]
    if names and names[0] != names[-1]:
        first = next(place for place, (one, other) in enumerate(zip(*names, strict=True)) if one != other)
        said = [
            f'{source.locate(batch.row_number(int(mine[first])))} is of the group "{of[first]}"'
            for source, batch, of in zip(sources, batches, names, strict=True)
        ]
        raise DataError(", but ".join(said), _GROUPS_CURE)


def _differ(
    sources: tuple[Source, Source],
    batches: tuple[Batch, Batch],
    names: tuple[str, str],
    values: tuple[Array, Array],
    cure: str,
) -> DataError:
    left, right = values
    if left.shape != right.shape:
        problem = f'{sources[0].name} and {sources[1].name}: the vectors of "{names[0]}" are not equally long'
        return DataError(problem, cure)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    if same.ndim > 1:
        same = same.all(axis=1)
    index = int(np.flatnonzero(~same)[0])
    said = []
    for source, batch, name, each in zip(sources, batches, names, values, strict=True):
        row = batch.row_number(index)
        shown = source.raw(row, name) or np.array2string(np.asarray(each[index]), separator=", ")
        said.append(f'{source.locate(row)}, column "{name}": {shown}')
    return DataError(", but ".join(said), cure)
