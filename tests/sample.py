"""The inputs of a kernel, as tests draw them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.types import Array


@dataclass(frozen=True)
class Sample:
    """Inputs of a kernel; a column the loss does not use is None.

    `context` is what a kernel gets beside its columns, such as the levels of quantiles. Of groups each row is one: they
    are all of one size, the columns of both arrays.
    """

    target: Array | None
    prediction: Array | None
    context: Mapping[str, Array] = field(default_factory=dict)

    def with_prediction(self, prediction: Array) -> Sample:
        return replace(self, prediction=prediction)

    def take(self, rows: slice) -> Sample:
        cut = [None if values is None else values[rows] for values in (self.target, self.prediction)]
        return Sample(*cut, self.context)

    def compute(self, chosen: ChosenLoss) -> tuple[Array, Array]:
        if chosen.loss.kind is Kind.GROUPED and self.target is not None and self.prediction is not None:
            groups, size = self.target.shape
            starts = np.arange(groups) * size
            loss, slope = chosen.compute(self.target.ravel(), self.prediction.ravel(), starts=starts)
            return loss, slope.reshape(groups, size)
        if chosen.loss.series and self.target is not None:  # rows are in the order of the series
            before = np.full(int(chosen.params["period"]), np.nan)
            lagged = np.concatenate([before, self.target])[: len(self.target)]
            return chosen.compute(self.target, self.prediction, lagged=lagged)
        return chosen.compute(self.target, self.prediction, **self.context)
