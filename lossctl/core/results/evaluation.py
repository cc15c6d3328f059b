"""Frozen results: what was computed, on what, with which settings.

Imports the standard library and core. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any

from lossctl.core.losses.loss import ChosenLoss, Value
from lossctl.core.results.quantiles import Quantiles
from lossctl.core.results.repr import Shown, figure, interval, line, lines, whose
from lossctl.core.results.slices import Slice, slice_cells, slice_columns, slice_fields
from lossctl.core.results.view import Alike, Cell, Column, Field, Scalar, Span, View, finite_or_none, flat, transposed
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from lossctl.core.results.columns import Pieces

__all__ = ["EVAL_SCHEMA", "NO_SPREAD", "Evaluation", "Evaluations", "Gradient", "Interval", "cells_of"]

EVAL_SCHEMA = "lossctl/eval/1"
NO_SPREAD = "no_spread"
"""The status of results without an interval, because what was measured is the same in every row."""
_LEVEL = 0.95
"""In the header of a table without intervals."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval.

    Parameters
    ----------
    level
        The nominal coverage, such as 0.95.
    low, high
        Its ends.
    method
        How it was computed, such as ``t``.
    """

    level: float
    low: float
    high: float
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON object."""
        low, high = finite_or_none(self.low), finite_or_none(self.high)
        return {"level": self.level, "low": low, "high": high, "method": self.method}


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
        """Give the JSON object."""
        return {name: finite_or_none(getattr(self, name)) for name in GRADIENT_FIGURES}


GRADIENT_FIGURES = tuple(item.name for item in fields(Gradient))
"""The names of the figures of a gradient, in order."""
_NESTED = {"ci": tuple(item.name for item in fields(Interval)), "gradient": GRADIENT_FIGURES}


@dataclass(frozen=True, slots=True)
class Evaluation:
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

    def _repr_html_(self) -> str | None:
        return Evaluations((self,))._repr_html_()

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
        """Give the same of a model that is called otherwise, and of a source where that is given."""
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
        """Give the same as one flat row: nested fields joined by a dot, and one for each column that slices."""
        row: dict[str, Any] = {}
        for name, value in self.to_dict().items():
            if name == "slice":
                row.update(slice_fields(self.slice, by))
            elif name != "quantiles":
                row[name] = value
        return {**flat(row, _NESTED), **({} if self.quantiles is None else self.quantiles.record())}


@dataclass(frozen=True, slots=True)
class Evaluations(Shown, Sequence[Evaluation]):
    """What `lossctl.evaluate` returns: a sequence of `Evaluation`, with warnings.

    Parameters
    ----------
    results
        One for each model and loss.
    warnings
        What the caller should know.
    notices
        The same for a terminal: where many losses are left out for one reason, a few are named.
    """

    results: Sequence[Evaluation]
    warnings: tuple[str, ...] = field(default=())
    notices: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return lines(self)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: Any) -> Any:
        return self.results[index]

    def __iter__(self) -> Iterator[Evaluation]:
        return iter(self.results)

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that slice; none where there is only the whole."""
        from lossctl.core.results.columns import Pieces

        if isinstance(self.results, Pieces):
            return self.results.by
        return slice_columns(result.slice for result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON document of schema ``lossctl/eval/1``."""
        return self.document(self.items())

    def document(self, entries: Sequence[Any]) -> dict[str, Any]:
        """Give the JSON document with other entries."""
        return {
            "schema": EVAL_SCHEMA,
            "version": __version__,
            "results": list(entries),
            "warnings": list(self.warnings),
        }

    def alike(self) -> Sequence[Alike]:
        """Give the JSON objects of results by what they have in common; none where they are few."""
        pieces = self._pieces()
        if pieces is None:
            return ()
        from lossctl.core.results.column_tables import alike

        return alike(pieces)

    def _pieces(self) -> Pieces | None:
        """Give the results of many slices together; ``None`` where each is to be asked."""
        from lossctl.core.results.columns import Pieces

        return self.results if isinstance(self.results, Pieces) and not self.results.has_quantiles else None

    def items(self) -> list[dict[str, Any]]:
        """Give the JSON object of each result."""
        return [result.to_dict() for result in self.results]

    def records(self) -> list[dict[str, Scalar]]:
        """Give each result as a flat row."""
        by = self.by
        return [result.record(by) for result in self.results]

    def columns(self) -> Mapping[str, Field]:
        """Give the same by field: for many results this takes a fraction of the time."""
        from lossctl.core.results.columns import Pieces

        if isinstance(self.results, Pieces):
            return self.results.columns()
        return transposed(self.records())

    def to_frame(self) -> pd.DataFrame:
        """Give a pandas DataFrame, one row a result, with the columns of the CSV output."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def bare(self) -> list[Scalar]:
        """Return the values alone, those that are not finite too."""
        pieces = self._pieces()
        if pieces is None:
            return [result.value for result in self.results]
        from lossctl.core.results.column_tables import values

        return [*values(pieces)]

    def view(self) -> View:
        """Give the table for people: the columns that say something."""
        by, level, cells = self.by, self._level(), self._cells()
        columns = {
            "model": Column("model"),
            "loss": Column("loss"),
            **{f"by {name}": Column(name) for name in by},
            "value": Column("value", "right", "main"),
            "unit": Column("unit", rank=2),
            "std_error": Column("std error", "right", "side", rank=6, wraps=True),
            "ci": Column(f"{100 * level:g}% CI", "right", "side"),
            "l2": Column("|grad|₂", "right"),
            "row_mean_abs": Column("mean |slope|", "right", rank=4, wraps=True),
            "row_max": Column("max |slope|", "right", rank=5, wraps=True),
        }
        quantiles = {} if self._pieces() is not None else _quantile_columns(self.results)
        dropped = Column("dropped", "right", "side", rank=1)
        columns |= {**quantiles, "n": Column("n", "right", "side"), "dropped": dropped}
        idle = {name for name in ("unit", "std_error", "ci") if all(cell is None for cell in cells.get(name, ()))}
        idle |= set() if len(set(cells.get("model", ()))) > 1 else {"model"}
        idle |= set() if any(cells.get("dropped", ())) else {"dropped"}
        if quantiles:
            idle |= {"row_mean_abs", "row_max"}  # who asks for quantiles wants to see those
        shown = [name for name in columns if name not in idle]
        rows = zip(*(cells.get(name, ()) for name in shown), strict=True)
        return View(tuple(columns[name] for name in shown), tuple(rows))

    def _level(self) -> float:
        """Give the coverage of intervals."""
        pieces = self._pieces()
        if pieces is not None:
            return pieces.level or _LEVEL
        return next((result.ci.level for result in self.results if result.ci is not None), _LEVEL)

    def _cells(self) -> Mapping[str, Sequence[Cell]]:
        """Give the cells of the table by column; none where there is no result."""
        pieces, by = self._pieces(), self.by
        if pieces is None:
            rows = [{**cells_of(result, by), **_quantile_cells(result)} for result in self.results]
            return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
        from lossctl.core.results.column_tables import cells

        return cells(pieces, by)


def cells_of(result: Evaluation, by: Sequence[str]) -> dict[str, Cell]:
    """Give the cells of a table for one result, but its quantiles."""
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


def _quantile_columns(results: Sequence[Evaluation]) -> dict[str, Column]:
    asked = next((result.quantiles for result in results if result.quantiles is not None), None)
    if asked is None:
        return {}
    losses = {f"loss {name}": Column(name, "right", rank=3) for name in asked.loss}
    return losses | {f"slope {name}": Column(f"|slope| {name}", "right", rank=3, wraps=True) for name in asked.slope}


def _quantile_cells(result: Evaluation) -> dict[str, Cell]:
    if result.quantiles is None:
        return {}
    found = {"loss": result.quantiles.loss, "slope": result.quantiles.slope}
    return {f"{of} {name}": value for of, values in found.items() for name, value in values.items()}
