"""Batches as they leave a source, and Blocks as kernels receive them.

A `Batch` is what was read: columns of numbers, missing values as NaN. A `Block` is what a kernel may rely on:
finite values, a weight above 0 in every row. The check stands here and nowhere else. Imports NumPy and core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossctl.core.loss import Array

__all__ = ["BLOCK_ROWS", "Batch", "Rows"]

BLOCK_ROWS = 2**15
"""Rows a kernel gets at once: what stays in a core's cache (measured; see docs/performance.md)."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as read.

    Parameters
    ----------
    columns
        By name, ``(n,)`` float64 for a number column or ``(n, K)`` for a list column. Missing is NaN. May be
        read-only and shared: never written to.
    first_row
        The number of the first row in the source, counted from 0 (after filters: see `rows`).
    length
        The number of rows.
    rows
        The row numbers in the source, where a filter left gaps; ``None``: consecutive from `first_row`.
    """

    columns: Mapping[str, Array]
    first_row: int
    length: int
    rows: Rows | None = None

    def __len__(self) -> int:
        return self.length

    def row_number(self, index: int) -> int:
        """Give the number in the source, from 0, of a row of this batch."""
        return int(self.rows[index]) if self.rows is not None else self.first_row + index

    def split(self, size: int = BLOCK_ROWS) -> list[Batch]:
        """Cut into batches of at most `size` rows, without copying."""
        if self.length <= size:
            return [self]
        return [self._slice(start, min(start + size, self.length)) for start in range(0, self.length, size)]

    def _slice(self, start: int, stop: int) -> Batch:
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        rows = None if self.rows is None else self.rows[start:stop]
        return Batch(columns, self.first_row + start, stop - start, rows)
