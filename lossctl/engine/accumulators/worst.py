"""The rows of the largest losses: a tally that no order, cut or merge of rows can change. Imports NumPy and core."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from lossctl.core.rows.block import Block, Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.engine.accumulators.sketch import keys_of

__all__ = ["Worst", "beside_of", "deciding"]


@dataclass(slots=True)
class Worst:
    """The rows of the largest losses, the largest first; of equal ones, those that come first.

    Parameters
    ----------
    size
        How many to keep.
    rows
        ``(k,)``: their numbers in the source, from 0.
    losses
        ``(k,)``.
    finer
        ``(k,)``: what tells apart losses that are infinite, or 0 though something is there; see `add`.
    beside
        Of each, ``(k,)`` or ``(k, K)``: ``slope``, ``weight``, ``target`` and ``prediction``, as far as there are any.
    """

    size: int
    rows: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    losses: Array = field(default_factory=lambda: np.zeros(0))
    finer: Array = field(default_factory=lambda: np.zeros(0))
    beside: dict[str, Array] = field(default_factory=dict)

    def add(self, loss: Array, slope: Array, block: Block, finer: Array | None = None) -> None:
        """Offer the rows of a block, with losses ``(n,)`` and slopes ``(n,)`` or ``(n, K)``.

        `finer` is larger where a loss is, and neither overflows nor vanishes: such as the root of a square. It decides
        between losses that are infinite, or 0.
        """
        if len(loss) == 0:
            return
        places = self._promising(loss)
        if len(places) == 0:
            return
        beside = {name: values[places] for name, values in beside_of(slope, block).items()}
        self._take(block.row_numbers()[places], loss[places], deciding(loss, finer, places), beside)

    def merge(self, other: Worst) -> None:
        """Take over the rows of another part."""
        if len(other.rows):
            self._take(other.rows, other.losses, other.finer, other.beside)

    def _promising(self, loss: Array) -> Rows:
        """Return the places of losses that may be among the largest."""
        if len(self.rows) < self.size:
            return np.arange(len(loss))
        return np.flatnonzero(~(loss < self.losses[-1]))  # NaN is above all

    def _take(self, rows: Rows, losses: Array, finer: Array, beside: dict[str, Array]) -> None:
        """Put rows among those there are, and let go of those that are too many."""
        if len(self.rows):
            rows = np.concatenate([self.rows, rows])
            losses = np.concatenate([self.losses, losses])
            finer = np.concatenate([self.finer, finer])
            beside = {name: np.concatenate([self.beside[name], values]) for name, values in beside.items()}
        chosen = np.lexsort((rows, -finer, ~keys_of(losses)))[: self.size]
        self.rows, self.losses, self.finer = rows[chosen], losses[chosen], finer[chosen]
        self.beside = {name: values[chosen] for name, values in beside.items()}


def deciding(loss: Array, finer: Array | None, places: Rows) -> Array:
    """Return what decides between equal losses of some rows: `finer` of those that are infinite or 0, else 0."""
    if finer is None:
        return np.zeros(len(places))
    losses = loss[places]
    return np.where((losses == 0.0) | np.isinf(losses), finer[places], 0.0)


def beside_of(slope: Array, block: Block) -> dict[str, Array]:
    """Return what is kept beside the losses of the rows of a block, as far as there is any."""
    beside = {"slope": slope, "weight": block.weight, "target": block.target, "prediction": block.prediction}
    return {name: values for name, values in beside.items() if values is not None}
