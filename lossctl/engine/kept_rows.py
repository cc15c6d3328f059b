"""The losses of rows as columns, one for each part of each loss: what a stored baseline keeps.

Values are those a tally would add up: before any root or ratio is taken of their mean. The loss of a group stands in
every row of it. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lossctl.core.rows.block import Batch, Block
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.engine.plan import ModelPlan
from lossctl.engine.series import with_lags

__all__ = ["Kept", "kept_rows"]


@dataclass(frozen=True, slots=True)
class Kept:
    """The losses of some rows.

    Parameters
    ----------
    batch
        The rows as read.
    values
        Of each part of each loss, plan after plan, ``(n,)``.
    usable
        Of each of `values`, whether a row has that loss; ``(n,)``.
    """

    batch: Batch
    values: list[Array]
    usable: list[npt.NDArray[np.bool_]]


def kept_rows(batches: Iterable[Batch], plans: Sequence[ModelPlan]) -> Iterator[Kept]:
    """Compute the losses of rows, piece by piece: at most `BLOCK_ROWS` rows each, or one group.

    Parameters
    ----------
    batches
        All rows, also those no loss can use; in file order where a plan has a series.
    plans
        What to compute; the rows must have been found to fit.
    """
    for batch in with_lags(batches, plans):
        for piece in batch.split(batch.rows_of(*(plan.binding for plan in plans))):
            values: list[Array] = []
            usable: list[npt.NDArray[np.bool_]] = []
            for plan in plans:
                tally = plan.tally()
                block = tally.counted(piece)
                computed = {index: loss for index, loss, _, _ in tally.losses_of(block)}
                there = _there(block, len(piece))
                for index, chosen in enumerate(plan.losses):
                    parts = np.atleast_2d(computed.get(index, np.empty((chosen.loss.parts, 0))))
                    values += [_spread(part, block, len(piece)) for part in parts]
                    usable += [there] * len(parts)
            yield Kept(piece, values, usable)


def _there(block: Block, length: int) -> npt.NDArray[np.bool_]:
    if block.kept is None:
        return np.ones(length, dtype=np.bool_)
    there = np.zeros(length, dtype=np.bool_)
    there[block.kept] = True
    return there


def _spread(loss: Array, block: Block, length: int) -> Array:
    """Return each row of a batch its loss, or that of its group; 0 where it has none."""
    if block.starts is not None and len(block):
        loss = np.repeat(loss, np.diff(block.starts, append=len(block)))
    if block.kept is None:
        return loss
    spread = np.zeros(length)
    spread[block.kept] = loss
    return spread
