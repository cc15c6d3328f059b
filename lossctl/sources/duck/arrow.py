"""Arrow columns as NumPy arrays. Imports arro3, NumPy and core."""

from __future__ import annotations

from typing import Any

import arro3.core as arro
import numpy as np
import numpy.typing as npt

from lossctl.core.errors import DataError
from lossctl.core.types import Array
from lossctl.sources.duck.place import Place

__all__ = ["UnevenError", "lists_to_numpy", "to_mask", "to_numbers"]


class UnevenError(Exception):
    """A list of another length: its column, its row in the batch, its length, and the length of the first."""

    def __init__(self, name: str, index: int, length: int, width: int) -> None:
        super().__init__(name, index, length, width)
        self.name, self.index, self.length, self.width = name, index, length, width

    def explained(self, place: Place) -> DataError:
        """Return where it stands."""
        values = f"{self.length} value" + ("" if self.length == 1 else "s")
        problem = f'{place}, column "{self.name}": a list of {values}, where the first has {self.width}'
        return DataError(problem, "write lists of one length")


def to_numbers(column: arro.Array) -> Array:
    """Return a column of doubles; a null, where one is left, is a NaN."""
    if column.null_count:
        return np.array(column.to_pylist(), dtype=np.float64)
    return np.asarray(column)


def to_mask(column: arro.Array) -> npt.NDArray[np.bool_]:
    """Return a column of truth values; a null is false."""
    if column.null_count:
        return np.array([value is True for value in column.to_pylist()])
    return np.asarray(column, dtype=np.bool_)


def lists_to_numpy(column: Any, width: int, name: str) -> Array:
    """Return the column `name` of lists as ``(n, width)``; a null list is a row of NaN.

    Raises
    ------
    UnevenError
        Where a list is not `width` long.
    """
    if width == 0:  # no list holds anything: every row lacks its vector
        return np.full((len(column), 1), np.nan)
    offsets = np.asarray(arro.list_offsets(column))
    lengths = np.diff(offsets)
    values = to_numbers(arro.list_flatten(column))
    if not column.null_count and bool((lengths == width).all()):
        return values.reshape(-1, width)
    missing = np.array([column.slice(row, 1).null_count == 1 for row in range(len(lengths))], dtype=np.bool_)
    for index in np.flatnonzero(~missing & (lengths != width)):
        raise UnevenError(name, int(index), int(lengths[index]), width)
    table = np.full((len(lengths), width), np.nan)
    table[~missing] = values.reshape(-1, width)
    return table
