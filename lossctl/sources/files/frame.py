"""Frames in memory: pandas, Polars, Arrow, and dicts of NumPy arrays. Imports duckdb, arro3, NumPy and core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np

from lossctl.core.errors import DataError, UsageError
from lossctl.core.rows.block import BLOCK_NUMBERS
from lossctl.sources.files.typed import TypedPiece

__all__ = ["open_frame"]

MATRIX = 2
_VECTOR = 2048
"""The rows of a vector of DuckDB's, which ends where a chunk of a table does."""
_NUMBERS = count()
"""No two frames share a name, so that they can be joined."""


class FramePiece(TypedPiece):
    """A frame in memory."""

    def __init__(self, name: str, connection: duckdb.DuckDBPyConnection, table: Any, names: Sequence[str]) -> None:
        self.table = table
        self.view = f"frame_{next(_NUMBERS)}"
        self.prepare(connection)
        super().__init__(name, connection, self.view, names, len(table))

    def prepare(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Register the frame: DuckDB keeps a registration to one cursor."""
        cursor.register(self.view, self.table)


def open_frame(source: object, name: str, connection: duckdb.DuckDBPyConnection) -> TypedPiece:
    """Open a frame; its rows are read where they lie.

    Raises
    ------
    UsageError
        Where this is no frame, or arrays of a dict cannot be columns.
    DataError
        Where two columns have one name, or a column is of a type DuckDB cannot read.
    """
    table: Any
    if _is_pandas(source):
        table = _forward(source)
    elif isinstance(source, Mapping):
        table = _from_arrays(source)
    elif hasattr(source, "__arrow_c_stream__"):
        table = _from_arrow(source)
    else:
        kinds = "a pandas, Polars or Arrow frame, or a dict of NumPy arrays"
        raise UsageError(f"this is no source: {type(source).__name__}", f"give a path, {kinds}")
    if isinstance(table, arro.Table):
        table = _in_few_rows(table)
    names = [str(each) for each in (table.columns if _is_pandas(table) else table.column_names)]
    if not names:
        raise DataError(f"{name} has no columns", "give a frame with a target and a prediction")
    try:
        return FramePiece(name, connection, table, names)
    except duckdb.Error as error:
        raise DataError(f"{name} cannot be read ({str(error).splitlines()[0]})", "give columns of numbers") from error


def _in_few_rows(table: arro.Table) -> arro.Table:
    """Return the same table, cut into chunks of few rows where lists are long: DuckDB copies a vector of them."""
    size = table.nbytes / max(1, table.num_rows)
    lists = any("List" in str(column.type) for column in table.columns)
    most = 8 * BLOCK_NUMBERS  # bytes
    return table.rechunk(max_chunksize=max(1, int(most // size))) if lists and _VECTOR * size > 2 * most else table


def _forward(frame: Any) -> Any:
    """Copy a pandas frame that runs backwards through memory, as a reversed one does: DuckDB cannot read that."""
    numbers = (values.to_numpy() for _, values in frame.items() if isinstance(values.dtype, np.dtype))
    backwards = any(stride < 0 for values in numbers for stride in values.strides)
    return frame.copy() if backwards else frame


def _from_arrow(source: Any) -> arro.Table:
    try:
        return arro.Table.from_arrow(source)
    except Exception as error:  # arro3 raises what the foreign library raises
        problem = f"a {type(source).__module__.split('.')[0]} {type(source).__name__} is no frame"
        raise UsageError(problem, "give a frame with named columns") from error


def _is_pandas(source: object) -> bool:
    kind = type(source)
    return kind.__name__ == "DataFrame" and kind.__module__.split(".")[0] == "pandas"


def _from_arrays(arrays: Mapping[Any, Any]) -> arro.Table:
    columns: dict[str, Any] = {str(name): _from_array(str(name), values) for name, values in arrays.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name}: {len(column)}" for name, column in columns.items())
        raise UsageError(f"the arrays are not of one length ({told})", "give one value a row in each")
    return arro.Table.from_pydict(columns)


def _from_array(name: str, given: Any) -> arro.Array:
    values = np.asarray(given)
    if isinstance(given, np.ma.MaskedArray):
        values = np.ma.filled(given.astype(np.float64), np.nan)
    if values.ndim not in {1, MATRIX} or (values.ndim == MATRIX and not (values.dtype.kind in "biuf" and values.size)):
        cure = "give one number, or one row of numbers, for each row"
        raise UsageError(f'the array "{name}" has the shape {values.shape} and holds {values.dtype}', cure)
    if values.dtype.kind == "M":  # a day and a time, however fine
        values = np.array([None if each == "NaT" else each for each in np.datetime_as_string(values)], dtype=object)
    kinds = {type(each) for each in values.tolist()} - {type(None)} if values.dtype.kind == "O" else set()
    if kinds and kinds <= {bool, np.bool_}:
        return arro.Array(values.tolist(), type=arro.DataType.bool())
    if values.dtype.kind == "O" and all(each is None or isinstance(each, int | float) for each in values.tolist()):
        values = values.astype(np.float64)
    if values.dtype.kind == "b" and values.ndim == 1:
        return arro.Array.from_numpy(np.ascontiguousarray(values))
    if values.dtype.kind in "biuf":
        flat = arro.Array.from_numpy(np.ascontiguousarray(values, dtype=np.float64).reshape(-1))
        return arro.fixed_size_list_array(flat, values.shape[1]) if values.ndim == MATRIX else flat
    return arro.Array([None if each is None else str(each) for each in values.tolist()], type=arro.DataType.utf8())
