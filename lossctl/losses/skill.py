"""Losses relative to those of the best that knows nothing of a row: predicting the mean of the targets throughout.

Relative squared error, relative absolute error and root relative squared error are mse, mae and rmse made so.
Imports NumPy and core.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind, Role
from lossctl.core.types import Array

__all__ = ["UNIT", "relative_to", "takes_skill", "target_mean"]

UNIT = "of the mean's"
"""The unit of a relative value: a share of what predicting the mean would cost."""


_LEAST_SQUARE = 1e-290
"""A square below, or past every float64, is not divided by: its digits are lost."""


def takes_skill(chosen: ChosenLoss) -> bool:
    """Return whether a loss compares one number with another, so that a constant can be predicted too."""
    return chosen.loss.kind is Kind.REAL and chosen.loss.roles == (Role.TARGET, Role.PREDICTION)


def target_mean(like: ChosenLoss) -> ChosenLoss:
    """Return, as a loss, the targets themselves: its value is their mean, over the rows that `like` is taken over."""

    def kernel(target: Array, _prediction: Array, **_given: Any) -> tuple[Array, Array]:
        return target, np.zeros(len(target))

    return ChosenLoss(
        replace(like.loss, id="target_mean", kernel=kernel, finish=None, root=None, parts=1, series=False), {}
    )


def relative_to(chosen: ChosenLoss, constant: float | None) -> ChosenLoss:
    """Return the loss whose value is that of the model over that of the constant: ``L(ŷ)/L(constant)``.

    Parameters
    ----------
    chosen
        A loss that compares one number with another.
    constant
        What would be predicted for every row; ``None``: the kernel gets it for each row, as ``reference``.

    Returns
    -------
    ChosenLoss
        With twice the parts: those of the model, then those of the constant. Its value is NaN where the constant's loss
        is 0.

    Raises
    ------
    UsageError
        Where the loss compares anything else.

    References
    ----------
    Witten, Frank and Hall (2011), Data Mining, 3rd edition, section 5.8: relative squared and absolute error.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> relative = relative_to(LOSSES["mse"].choose(), 2.0)
    >>> relative.compute(np.array([1.0, 3.0]), np.array([1.5, 3.0]))[0].tolist()
    [[0.25, 0.0], [1.0, 1.0]]
    >>> relative.finish((0.125, 1.0))
    (0.125, (1.0, -0.125))
    """
    if not takes_skill(chosen):
        raise UsageError(
            f"{chosen.loss.id} compares no number with another: --skill says nothing of it", "leave it out"
        )
    parts = chosen.loss.parts

    def kernel(target: Array, prediction: Array, **given: Any) -> tuple[Array, Array]:
        reference = given.pop("reference") if constant is None else np.full(len(target), constant)
        loss, slope = chosen.loss.kernel(target, prediction, **given)
        known, _ = chosen.loss.kernel(target, reference, **given)
        still = np.zeros((parts, len(target)))
        return np.vstack([loss, known]), np.vstack([slope, still])

    def finish(means: tuple[float, ...], **_params: Any) -> tuple[float, tuple[float, ...]]:
        value, moves = chosen.finish(means[:parts])
        known, shifts = chosen.finish(means[parts:])
        if known == 0.0:
            return math.nan, (0.0,) * len(means)
        square, share = known * known, value / known
        inside = _LEAST_SQUARE < square < math.inf
        changes = (-value * shift / square if inside else -share * shift / known for shift in shifts)
        return share, (*(move / known for move in moves), *changes)

    row = replace(chosen.loss, kernel=kernel, finish=finish, parts=2 * parts, root=None, unit=UNIT)
    return replace(chosen, loss=row)
