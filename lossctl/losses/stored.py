"""Losses whose rows are read, not computed: what stands in for those of a stored baseline. Imports core."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lossctl.core.losses.domain import REAL_LINE
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.results.baseline import ABOVE, BELOW, NOT_A_NUMBER
from lossctl.core.types import Array

__all__ = ["stored"]


def stored(chosen: ChosenLoss, first: int) -> ChosenLoss:
    """Return the loss that finds its parts among the columns of its prediction, and hands them on.

    It has the name, the parameters, the direction and the `finish` of the loss it stands for.

    Parameters
    ----------
    chosen
        The loss it stands for.
    first
        The place of the column of its first part.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> loss, _ = stored(LOSSES["rmse"].choose(), 1).compute(None, np.array([[1.0, 4.0], [2.0, ABOVE]]))
    >>> loss.tolist()
    [4.0, inf]
    """
    loss = chosen.loss
    grouped = loss.kind is Kind.GROUPED
    finish = None if loss.kind is Kind.DISTRIBUTION else loss.finish  # rows across columns are finished

    def kernel(_target: Array | None, prediction: Array, **given: Array) -> tuple[Array, Array]:
        columns = prediction.reshape(len(prediction), -1).T
        values = columns[first] if loss.parts == 1 else columns[first : first + loss.parts]
        if grouped:
            values = values[..., given["starts"]]
        return _decoded(values), np.zeros_like(prediction)

    made = replace(
        loss,
        kind=Kind.GROUPED if grouped else Kind.REAL,
        target=None,
        prediction=REAL_LINE,
        kernel=kernel,
        finish=finish,
        root=None,
        check_columns=None,
        across=False,
        thresholds=False,
        scale=None,
        vectors=1,
        nonzero=False,
        series=False,
    )
    return replace(chosen, loss=made)


def _decoded(values: Array) -> Array:
    """Return infinities and NaN for the numbers that stand for them."""
    if float(np.max(np.abs(values), initial=0.0)) < NOT_A_NUMBER:
        return values
    known = [values == ABOVE, values == BELOW, values == NOT_A_NUMBER]
    return np.select(known, [np.inf, -np.inf, np.nan], values)
