"""Frozen results: what was computed, on what, with which settings.

Imports the standard library and core. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from lossctl.core.losses.loss import ChosenLoss, Value
from lossctl.core.results.interval import Interval
from lossctl.core.results.quantiles import Quantiles
from lossctl.core.results.repr import Shown, figure, interval, line, whose
from lossctl.core.results.slices import Slice, slice_cells, slice_fields
from lossctl.core.results.view import Cell, Scalar, Span, finite_or_none, flat
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["NO_SPREAD", "Evaluation", "Gradient", "cells_of"]

NO_SPREAD = "no_spread"
"""The status of results without an interval, because what was measured is the same in every row."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """Figures of the gradient of a value with respect to the predictions.

    Parameters
    ----------
    l1, l2, linf
        Norms of ∂value/∂ŷ over all rows: what an optimizer would see. For a weighted mean the component of a
        row is wᵢ·slopeᵢ/Σw.
    mean
        The weighted mean slope.
    row_mean_abs, row_rms, row_max
        Weighted mean, root mean square and maximum of a row's |slope| (its Euclidean norm for vectors). They do
        not depend on the number of rows.
    row_max_at
        The row of `row_max`, counted from 1; the first of equals.
    zero_share
        The share of rows whose slope is zero.
    sign_balance
        The share of positive slopes less that of negative ones; of a vector each component counts.
    """

    l1: float | None
    l2: float | None
    linf: float | None
    mean: float | None
    row_mean_abs: float | None
    row_rms: float | None
    row_max: float | None
    row_max_at: int | None
    zero_share: float | None
    sign_balance: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {name: finite_or_none(getattr(self, name)) for name in GRADIENT_FIGURES}


GRADIENT_FIGURES = tuple(item.name for item in fields(Gradient))
"""The names of the figures of a gradient, in order."""
_NESTED = {"ci": tuple(item.name for item in fields(Interval)), "gradient": GRADIENT_FIGURES}


@dataclass(frozen=True, slots=True)
class Evaluation(Shown):
    """The value of one loss for one model on one slice. The fields are those of the JSON of `eval`.

    And `freedom`, the degrees of freedom of the standard error.
    """

    source: str
    model: str
    target: str | None
    prediction: str | None
    slice: Slice
    chosen: ChosenLoss
    reduction: str
    value: float
    std_error: float | None
    ci: Interval | None
    n: int
    n_read: int
    n_dropped: int
    weight_sum: float
    gradient: Gradient
    status: str
    signature: str
    quantiles: Quantiles | None = None
    n_outside: int | None = None
    freedom: float | None = None

    def __repr__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        value = f"{self.chosen.title} {figure(self.value)}{unit}{interval(self.ci)}"
        return line(self, f"{whose(self.model, self.slice)}: {value}, n {self.n}")

    @property
    def loss(self) -> str:
        """The id of the loss."""
        return self.chosen.loss.id

    @property
    def params(self) -> Mapping[str, Value]:
        """The parameters of the loss."""
        return self.chosen.params

    @property
    def unit(self) -> str | None:
        """The unit of the value; ``None``: that of the data."""
        return self.chosen.unit

    def renamed(self, model: str, source: str | None = None) -> Evaluation:
        """Return the same of a model that is called otherwise, and of a source where that is given."""
        return replace(self, model=model, source=source or self.source)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: the same fields always, and what was asked for: ``n_outside``, ``quantiles``."""
        outside: dict[str, Any] = {} if self.n_outside is None else {"n_outside": self.n_outside}
        asked = outside if self.quantiles is None else {**outside, "quantiles": self.quantiles.to_dict()}
        return {
            "source": self.source,
            "target": self.target,
            "prediction": self.prediction,
            "slice": dict(self.slice),
            "loss": self.loss,
            "params": dict(self.params),
            "unit": self.unit,
            "reduction": self.reduction,
            "value": finite_or_none(self.value),
            "std_error": finite_or_none(self.std_error),
            "ci": None if self.ci is None else self.ci.to_dict(),
            "n": self.n,
            "n_read": self.n_read,
            "n_dropped": self.n_dropped,
            "weight_sum": self.weight_sum,
            "gradient": self.gradient.to_dict(),
            "status": self.status,
            "signature": self.signature,
            **asked,
        }

    def record(self, by: Sequence[str] = ()) -> dict[str, Scalar]:
        """Return the same as one flat row: nested fields joined by a dot, and one for each column that slices."""
        row: dict[str, Any] = {}
        for name, value in self.to_dict().items():
            if name == "slice":
                row.update(slice_fields(self.slice, by))
            elif name != "quantiles":
                row[name] = value
        return {**flat(row, _NESTED), **({} if self.quantiles is None else self.quantiles.record())}


def cells_of(result: Evaluation, by: Sequence[str]) -> dict[str, Cell]:
    """Return the cells of a table for one result, but its quantiles."""
    gradient, ci = result.gradient, result.ci
    slices = slice_cells(result.slice, by)
    return {
        "model": result.model,
        "loss": result.chosen.title,
        **{f"by {name}": cell for name, cell in zip(by, slices, strict=True)},
        "value": result.value,
        "unit": result.unit,
        "std_error": result.std_error,
        "ci": None if ci is None else Span(ci.low, ci.high),
        "l2": gradient.l2,
        "row_mean_abs": gradient.row_mean_abs,
        "row_max": gradient.row_max,
        "n": result.n,
        "dropped": result.n_dropped,
    }
