"""Where a row stands, for messages. Imports the standard library only."""

from __future__ import annotations

from dataclasses import field

from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in what the user named.

    Parameters
    ----------
    file
        The file as the user would name it, or ``<frame>``.
    line
        The physical line the record starts on, counted from 1; ``None`` where there are no lines.
    row
        The row within the file, counted from 1, without the header.
    values
        The row's values as they stand in a text file, by column.

    Examples
    --------
    >>> print(Place("preds.csv", 100002, 100001), "|", Place("preds.parquet", None, 17))
    preds.csv line 100002 | preds.parquet row 17
    """

    file: str
    line: int | None
    row: int
    values: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.file} line {self.line}" if self.line is not None else f"{self.file} row {self.row}"
