"""Sums of products of what rows of a series move with, so many rows apart: what autocovariances are made of.

A row is told by its position in the series, so that neither order nor cut nor merge can change what is summed: of each
part the rows near its ends are kept, to be multiplied with those of its neighbours. Imports core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction

import numpy as np

from lossctl.core.exact.sum import ExactSum
from lossctl.core.rows.block import Block, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["LagTally", "positions_of"]


def positions_of(block: Block, read: Rows | None, first: int) -> Rows:
    """Return the positions in the series of the rows of a block.

    Parameters
    ----------
    block
        What is left of the rows that were read.
    read
        The row numbers in the source of all that were read, ascending; ``None``: consecutive.
    first
        The position of the first that was read.
    """
    batch = block.batch
    rows = batch.rows if batch.rows is not None else np.arange(batch.first_row, batch.first_row + len(batch))
    if block.kept is not None:
        rows = rows[block.kept]
    found: Rows = rows - batch.first_row if read is None else np.searchsorted(read, rows)
    return first + found


@dataclass(slots=True)
class LagTally:
    """Σ xᵢ(t)·xⱼ(t − k) + xⱼ(t)·xᵢ(t − k) of columns x, for each lag k; of one with itself, half of that.

    Rows that are missing add nothing.

    Parameters
    ----------
    lags
        The longest.
    pairs
        The places of the columns that are multiplied.
    """

    lags: int
    pairs: tuple[tuple[int, int], ...]
    sums: list[list[ExactSum]] = field(init=False)
    _ends: list[tuple[Rows, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sums = [[ExactSum() for _ in self.pairs] for _ in range(self.lags + 1)]

    def add(self, columns: Sequence[Array], positions: Rows) -> None:
        """Add rows, ``(n,)`` of each column, at ascending positions."""
        if len(positions) == 0:
            return
        values = np.stack(columns)
        _add_products(self.sums, self.pairs, values, positions, None)
        near = (positions < positions[0] + self.lags) | (positions > positions[-1] - self.lags)
        self._ends.append((positions[near], values[:, near]))

    def merge(self, other: LagTally) -> None:
        """Take over the rows of another part of the series."""
        for mine, theirs in zip(self.sums, other.sums, strict=True):
            for total, addend in zip(mine, theirs, strict=True):
                total.merge(addend)
        self._ends += other._ends

    def fractions(self) -> list[list[Fraction]] | None:
        """Return the sums by lag, for each pair; ``None`` where one is not finite."""
        sums = [[ExactSum() for _ in self.pairs] for _ in range(self.lags + 1)]
        if self._ends:
            positions = np.concatenate([rows for rows, _ in self._ends])
            values = np.concatenate([each for _, each in self._ends], axis=1)
            parts = np.repeat(np.arange(len(self._ends)), [len(rows) for rows, _ in self._ends])
            order = np.argsort(positions)
            _add_products(sums, self.pairs, values[:, order], positions[order], parts[order])
        for across, within in zip(sums, self.sums, strict=True):
            for total, addend in zip(across, within, strict=True):
                total.merge(addend)
        if not all(total.is_finite for of in sums for total in of):
            return None
        return [[total.fraction() for total in of] for of in sums]


def _add_products(
    sums: list[list[ExactSum]], pairs: Sequence[tuple[int, int]], values: Array, positions: Rows, parts: Rows | None
) -> None:
    """Add the products of rows by lag: of all, or of those of different parts."""
    for lag, totals in enumerate(sums):
        places = np.searchsorted(positions, positions - lag)
        found = positions[places] == positions - lag
        if parts is not None:
            found &= parts[places] != parts
        late, early = values[:, found], values[:, places[found]]
        for (i, j), total in zip(pairs, totals, strict=True):
            total.add(late[i] * early[j])
            if i != j:
                total.add(late[j] * early[i])
