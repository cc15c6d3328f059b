"""What `lossctl baseline` tells: what was stored, and how large it is. Imports core; nothing here computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from lossctl.core.results.baseline import Baseline
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.repr import Shown, line, lines, whose
from lossctl.core.results.slices import slice_cells, slice_columns
from lossctl.core.results.view import Cell, Column, Scalar, View
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["StoredBaseline"]


@dataclass(frozen=True, slots=True)
class StoredBaseline(Shown):
    """A baseline that was stored.

    Parameters
    ----------
    baseline
        What it says of itself.
    results
        The values in it.
    file
        Where it is.
    size
        How many bytes it takes.
    digest
        The SHA-256 of the file, its first 16 digits: what waivers are bound to.
    warnings
        What the caller should know.
    notices
        The same for a terminal.
    """

    baseline: Baseline
    results: Sequence[Evaluation]
    file: str
    size: int
    digest: str | None
    warnings: tuple[str, ...] = field(default=())
    notices: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return lines(self.results, line(self, whose(self._note(), {})))

    def to_dict(self) -> dict[str, Any]:
        """Return the document that was stored, with the file, its size and its digest."""
        beside = {"file": self.file, "bytes": self.size, "digest": self.digest}
        return {**self.baseline.to_dict(), **beside, "warnings": list(self.warnings)}

    def items(self) -> list[Mapping[str, Any]]:
        """Return the JSON object of each value."""
        return [result.to_dict() for result in self.results]

    def records(self) -> list[dict[str, Scalar]]:
        """Return each value as a flat row."""
        by = slice_columns(result.slice for result in self.results)
        return [result.record(by) for result in self.results]

    def bare(self) -> list[Scalar]:
        """Return the values alone, those that are not finite too."""
        return [result.value for result in self.results]

    def view(self) -> View:
        """Return the table for people."""
        by = slice_columns(result.slice for result in self.results)
        columns = [Column("loss"), *(Column(name) for name in by)]
        columns += [Column("value", "right", "main"), Column("n", "right", "side")]
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (result.chosen.label, *slice_cells(result.slice, by), result.value, result.n) for result in self.results
        )
        return View(tuple(columns), rows, notes=(self._note(),))

    def _note(self) -> str:
        baseline = self.baseline
        if not baseline.has_rows:
            return f"{self.file}: values of {baseline.n} rows, {self.size} bytes"
        by = ", ".join(baseline.key)
        each = self.size / baseline.n
        return f"{self.file}: {baseline.n} rows by {by}, {self.size} bytes ({each:.3g} a row)"
