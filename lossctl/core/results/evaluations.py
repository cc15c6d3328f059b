"""The evaluations of a run: a sequence, a JSON document, and a table. Imports the standard library and core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lossctl.core.results.repr import Shown, lines, shown_by
from lossctl.core.results.slices import slice_columns
from lossctl.core.results.view import Alike, Cell, Column, Field, Scalar, View, transposed
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from lossctl.core.results.columns import Pieces

from lossctl.core.results.evaluation import Evaluation, cells_of

__all__ = ["EVAL_SCHEMA", "Evaluations"]

EVAL_SCHEMA = "lossctl/eval/1"


_LEVEL = 0.95
"""In the header of a table without intervals."""


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
        """Return the JSON document of schema ``lossctl/eval/1``."""
        return self.document(self.items())

    def document(self, entries: Sequence[Any]) -> dict[str, Any]:
        """Return the JSON document with other entries."""
        return {
            "schema": EVAL_SCHEMA,
            "version": __version__,
            "results": list(entries),
            "warnings": list(self.warnings),
        }

    def alike(self) -> Sequence[Alike]:
        """Return the JSON objects of results by what they have in common; none where they are few."""
        pieces = self._pieces()
        if pieces is None:
            return ()
        from lossctl.core.results.column_tables import alike

        return alike(pieces)

    def _pieces(self) -> Pieces | None:
        """Return the results of many slices together; ``None`` where each is to be asked."""
        from lossctl.core.results.columns import Pieces

        return self.results if isinstance(self.results, Pieces) and not self.results.has_quantiles else None

    def items(self) -> list[dict[str, Any]]:
        """Return the JSON object of each result."""
        return [result.to_dict() for result in self.results]

    def records(self) -> list[dict[str, Scalar]]:
        """Return each result as a flat row."""
        by = self.by
        return [result.record(by) for result in self.results]

    def columns(self) -> Mapping[str, Field]:
        """Return the same by field: for many results this takes a fraction of the time."""
        from lossctl.core.results.columns import Pieces

        if isinstance(self.results, Pieces):
            return self.results.columns()
        return transposed(self.records())

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame, one row a result, with the columns of the CSV output."""
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
        """Return the table for people: the columns that say something."""
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
        """Return the coverage of intervals."""
        pieces = self._pieces()
        if pieces is not None:
            return pieces.level or _LEVEL
        return next((result.ci.level for result in self.results if result.ci is not None), _LEVEL)

    def _cells(self) -> Mapping[str, Sequence[Cell]]:
        """Return the cells of the table by column; none where there is no result."""
        pieces, by = self._pieces(), self.by
        if pieces is None:
            rows = [{**cells_of(result, by), **_quantile_cells(result)} for result in self.results]
            return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
        from lossctl.core.results.column_tables import cells

        return cells(pieces, by)


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


shown_by(Evaluation, lambda one: Evaluations((one,)))
