"""The worst rows as a result: what `lossctl.worst_rows` returns. Imports the standard library and core."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lossctl.core.losses.loss import ChosenLoss, Value
from lossctl.core.results.repr import Shown, figure, line, lines, shown_by, whose
from lossctl.core.results.slices import Slice, slice_cells, slice_columns, slice_fields
from lossctl.core.results.view import Cell, Column, Scalar, View, finite_or_none
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOP_SCHEMA", "Figure", "WorstRow", "WorstRows"]

TOP_SCHEMA = "lossctl/top/1"

Figure = float | tuple[float, ...] | str | None
"""A number, a vector, a label, or nothing where a loss takes none."""

_MOST_SHOWN = 6
"""The most components of a vector that a person is shown."""
_SHORT_DIGITS = 4


@dataclass(frozen=True, slots=True)
class WorstRow(Shown):
    """A row whose loss is among the largest. The fields are those of the JSON of ``eval --top``.

    Parameters
    ----------
    source, model
        Where it is, and whose prediction it is.
    chosen
        The loss.
    rank
        From 1: the place among the rows of this loss, model and slice, by loss and then by row.
    row
        The number of the row, from 1, over all files of the source.
    key
        What names it, where there is a key column.
    weight
        What it weighs; 1 where there are no weights.
    value
        Its loss, as in the mean (of rmse, the squared error).
    slope
        d value / d prediction.
    target, prediction
        What was bound; a label as text.
    keep
        The columns asked for, as texts; ``None`` where one is missing.
    slice
        Of which slice it is among the worst: the value of each column that slices. Without any: of the whole.
    """

    source: str
    model: str
    chosen: ChosenLoss
    rank: int
    row: int
    key: str | None
    weight: float
    value: float
    slope: Figure
    target: Figure
    prediction: Figure
    keep: Mapping[str, str | None] = field(default_factory=dict)
    slice: Slice = field(default_factory=dict)

    def __repr__(self) -> str:
        name = str(self.row) if self.key is None else f"{self.row} ({whose(self.key, {})})"
        return line(self, f"row {name} of {whose(self.model, self.slice)}: {self.chosen.title} {figure(self.value)}")

    @property
    def loss(self) -> str:
        """The id of the loss."""
        return self.chosen.loss.id

    @property
    def params(self) -> Mapping[str, Value]:
        """The parameters of the loss."""
        return self.chosen.params

    @property
    def status(self) -> str:
        """``ok``, or ``inf``, ``-inf`` or ``nan`` where the loss is no number that JSON holds."""
        if math.isfinite(self.value):
            return "ok"
        return "nan" if math.isnan(self.value) else "inf" if self.value > 0.0 else "-inf"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "source": self.source,
            "model": self.model,
            "slice": dict(self.slice),
            "loss": self.loss,
            "params": dict(self.params),
            "rank": self.rank,
            "row": self.row,
            "key": self.key,
            "weight": self.weight,
            "value": finite_or_none(self.value),
            "slope": _json(self.slope),
            "target": _json(self.target),
            "prediction": _json(self.prediction),
            "keep": dict(self.keep),
            "status": self.status,
        }

    def record(self, by: Sequence[str] = ()) -> dict[str, Scalar]:
        """Return the same as one flat row: slices under ``slice.``, kept columns under ``keep.``, vectors as text."""
        row: dict[str, Scalar] = {}
        for name, value in self.to_dict().items():
            if name == "slice":
                row.update(slice_fields(self.slice, by))
            elif name == "keep":
                row.update({f"keep.{column}": each for column, each in value.items()})
            elif name == "params":
                row[name] = ";".join(f"{key}={each}" for key, each in value.items())
            else:
                row[name] = _list_text(value) if isinstance(value, list) else value
        return row


@dataclass(frozen=True, slots=True)
class WorstRows(Shown, Sequence[WorstRow]):
    """What `lossctl.worst_rows` returns: a sequence of `WorstRow`, the worst first of each model, loss and slice.

    Parameters
    ----------
    rows
        The rows.
    warnings
        What the caller should know.
    notices
        The same for a terminal.
    notes
        Lines for people under the table.
    key
        The column that names rows; ``None``: their number does.
    """

    rows: tuple[WorstRow, ...]
    warnings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    key: str | None = None

    def __repr__(self) -> str:
        return lines(self)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that slice; none where there is only the whole."""
        return slice_columns(row.slice for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of schema ``lossctl/top/1``."""
        return {
            "schema": TOP_SCHEMA,
            "version": __version__,
            "rows": self.items(),
            "warnings": list(self.warnings),
        }

    def items(self) -> list[dict[str, Any]]:
        """Return the JSON object of each row."""
        return [row.to_dict() for row in self.rows]

    def records(self) -> list[dict[str, Scalar]]:
        """Return each row flat."""
        by = self.by
        return [row.record(by) for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame with the columns of the CSV output."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def bare(self) -> list[Scalar]:
        """Return the numbers of the rows alone."""
        return [row.row for row in self.rows]

    def view(self) -> View:
        """Return the table for people: the columns that say something."""
        columns: dict[str, tuple[Column, list[Cell]]] = {
            "model": (Column("model"), [row.model for row in self.rows]),
            "loss": (Column("loss"), [row.chosen.title for row in self.rows]),
            **_slice_cells(self.rows, self.by),
            "row": (Column("row", "right"), [row.row for row in self.rows]),
            "key": (Column(self.key or "key"), [row.key for row in self.rows]),
            "weight": (Column("weight", "right", rank=3), [row.weight for row in self.rows]),
            "value": (Column("value", "right", "main"), [row.value for row in self.rows]),
            "slope": (Column("slope", "right"), [_cell(row.slope) for row in self.rows]),
            "target": (Column("target", "right", rank=1), [_cell(row.target) for row in self.rows]),
            "prediction": (Column("prediction", "right", rank=1), [_cell(row.prediction) for row in self.rows]),
        }
        kept = dict.fromkeys(name for row in self.rows for name in row.keep)
        columns |= {f"keep {name}": (Column(name, rank=2), [row.keep.get(name) for row in self.rows]) for name in kept}
        idle = {name for name in ("key", "target", "prediction") if all(cell is None for cell in columns[name][1])}
        idle |= {name for name in ("model", "loss") if len(set(columns[name][1])) < 2}  # noqa: PLR2004 -- all alike
        idle |= {"weight"} if all(row.weight == 1.0 for row in self.rows) else set()
        shown = [columns[name] for name in columns if name not in idle]
        rows = tuple(zip(*(cells for _, cells in shown), strict=True))
        return View(tuple(column for column, _ in shown), rows, notes=self.notes)


def _slice_cells(rows: Sequence[WorstRow], by: Sequence[str]) -> dict[str, tuple[Column, list[Cell]]]:
    """Return a column for each column that slices."""
    cells = [slice_cells(row.slice, by) for row in rows]
    return {f"by {name}": (Column(name), [each[place] for each in cells]) for place, name in enumerate(by)}


def _json(figure: Figure) -> Any:
    if isinstance(figure, tuple):
        return [finite_or_none(each) for each in figure]
    return finite_or_none(figure) if isinstance(figure, float) else figure


def _list_text(values: Sequence[float | None]) -> str:
    return f"[{', '.join('' if each is None else repr(each) for each in values)}]"


def _cell(figure: Figure) -> Cell:
    if not isinstance(figure, tuple):
        return figure
    shown = [f"{each:.{_SHORT_DIGITS}g}" for each in figure[:_MOST_SHOWN]]
    more = [f"… {len(figure) - _MOST_SHOWN} more"] if len(figure) > _MOST_SHOWN else []
    return f"[{', '.join([*shown, *more])}]"


shown_by(WorstRow, lambda one: WorstRows((one,)))
