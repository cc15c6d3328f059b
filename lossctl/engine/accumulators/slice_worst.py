"""The rows of the largest losses of every slice, for each what `accumulators.worst` keeps. Imports NumPy and core."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from lossctl.core.rows.block import Block, Rows
from lossctl.core.rows.runs import starts_of_runs
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes, Mask
from lossctl.engine.accumulators.sketch import keys_of
from lossctl.engine.accumulators.worst import Worst, beside_of, deciding

__all__ = ["SliceWorst"]

_WAITING = 2**16
"""Rows that may wait to be put in order."""

_Taken = tuple[Codes, Rows, Array, Array, dict[str, Array]]


@dataclass(slots=True)
class SliceWorst:
    """The rows of the largest losses of each slice: slice by slice the largest first, of equal ones the first rows.

    Parameters
    ----------
    size
        How many to keep of a slice.
    members
        Of which slices, by code.
    codes, rows, losses, finer, beside
        The slice of each row kept, and what `Worst` has of it.
    """

    size: int
    members: Mask
    codes: Codes = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    losses: Array = field(default_factory=lambda: np.zeros(0))
    finer: Array = field(default_factory=lambda: np.zeros(0))
    beside: dict[str, Array] = field(default_factory=dict)
    _least: Array = field(init=False)
    _waiting: list[_Taken] = field(default_factory=list)
    _waits: int = 0

    def __post_init__(self) -> None:
        self._least = np.full(len(self.members), -np.inf)  # what a loss must reach to be among the largest of its slice

    def add(self, loss: Array, slope: Array, block: Block, codes: Codes, finer: Array | None = None) -> None:
        """Offer the rows of a block, with losses ``(n,)``, slopes ``(n,)`` or ``(n, K)``, and their slices.

        `finer` decides between losses that are infinite, or 0, as of `Worst`.
        """
        places = np.flatnonzero(~(loss < self._least[codes]) & self.members[codes])  # NaN is above all
        if len(places) == 0:
            return
        beside = {name: values[places] for name, values in beside_of(slope, block).items()}
        self._take((codes[places], block.row_numbers()[places], loss[places], deciding(loss, finer, places), beside))

    def merge(self, other: SliceWorst) -> None:
        """Take over the rows of another part."""
        other.settle()
        if len(other.rows):
            self._take((other.codes, other.rows, other.losses, other.finer, other.beside))

    def of(self, code: int) -> Worst:
        """Return the rows of one slice; those that wait must be settled."""
        first, end = np.searchsorted(self.codes, [code, code + 1]).tolist()
        beside = {name: values[first:end] for name, values in self.beside.items()}
        rows, losses = self.rows[first:end], self.losses[first:end]
        return Worst(self.size, rows, losses, self.finer[first:end], beside)

    def settle(self) -> None:
        """Put the rows that wait among those there are, and let go of those that are too many."""
        if not self._waiting:
            return
        kept = (self.codes, self.rows, self.losses, self.finer, self.beside)
        parts = [*([kept] if len(self.rows) else []), *self._waiting]
        self._waiting, self._waits = [], 0
        codes, rows = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        losses, finer = np.concatenate([part[2] for part in parts]), np.concatenate([part[3] for part in parts])
        order = np.lexsort((rows, -finer, ~keys_of(losses), codes))
        ordered = codes[order]
        starts = starts_of_runs(ordered)
        rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
        chosen = order[rank < self.size]
        self.codes, self.rows, self.losses, self.finer = codes[chosen], rows[chosen], losses[chosen], finer[chosen]
        names = parts[0][4]
        self.beside = {name: np.concatenate([part[4][name] for part in parts])[chosen] for name in names}
        last = order[rank == self.size - 1]
        self._least[codes[last]] = losses[last]

    def _take(self, taken: _Taken) -> None:
        self._waiting.append(taken)
        self._waits += len(taken[1])
        if self._waits > max(_WAITING, len(self.rows)):
            self.settle()
