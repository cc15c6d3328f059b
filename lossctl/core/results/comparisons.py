"""The comparisons of a run: a sequence, a JSON document, and a table. Imports the standard library and core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lossctl.core.results.comparison_table import table
from lossctl.core.results.repr import Shown, lines, shown_by
from lossctl.core.results.slices import slice_columns
from lossctl.core.results.view import Scalar, View
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd

from lossctl.core.results.comparison import Comparison

__all__ = ["COMPARE_SCHEMA", "Comparisons"]

COMPARE_SCHEMA = "lossctl/compare/1"


@dataclass(frozen=True, slots=True)
class Comparisons(Shown, Sequence[Comparison]):
    """What `lossctl.compare` returns: a sequence of `Comparison`, with warnings.

    Parameters
    ----------
    comparisons
        One for each loss, slice and pair of models, loss by loss.
    warnings
        What a reader should know.
    adjustment
        How p-values were adjusted: ``holm``, ``bh`` or ``none``.
    notices
        The warnings for a terminal: where many losses are named, a few of them are.
    notes
        Lines for people under the table.
    """

    comparisons: tuple[Comparison, ...]
    warnings: tuple[str, ...] = field(default=())
    adjustment: str = "none"
    notices: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return lines(self)

    def __len__(self) -> int:
        return len(self.comparisons)

    def __getitem__(self, index: Any) -> Any:
        return self.comparisons[index]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of schema ``lossctl/compare/1``."""
        return {
            "schema": COMPARE_SCHEMA,
            "version": __version__,
            "comparisons": self.items(),
            "warnings": list(self.warnings),
        }

    def items(self) -> list[dict[str, Any]]:
        """Return the JSON object of each comparison."""
        return [each.to_dict() for each in self.comparisons]

    def records(self) -> list[dict[str, Scalar]]:
        """Return each comparison as a flat row."""
        by = slice_columns(each.slice for each in self.comparisons)
        return [each.record(by) for each in self.comparisons]

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame, one row a comparison, with the columns of the CSV output."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def bare(self) -> list[Scalar]:
        """Return the differences alone, those that are not finite too."""
        return [each.delta for each in self.comparisons]

    def view(self) -> View:
        """Return the table for people: a block for each loss and slice, ``~`` without a significant difference."""
        return table(self.comparisons, self._notes())

    def _notes(self) -> tuple[str, ...]:
        notes = []
        count = sum(each.p_value is not None for each in self.comparisons)  # what has no p-value takes no part
        if self.adjustment != "none" and count > 1:
            name = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[self.adjustment]
            notes.append(f"p is adjusted for {count} comparisons ({name})")
        return (*notes, *self.notes)


shown_by(Comparison, lambda one: Comparisons((one,)))
