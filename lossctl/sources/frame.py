"""Frames in memory: pandas, Polars, Arrow, and dicts of NumPy arrays. Imports duckdb, arro3, NumPy and core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import arro3.core as arro
import duckdb
import numpy as np

from lossctl.core.errors import DataError, UsageError
from lossctl.sources.typed import TypedPiece

__all__ = ["open_frame"]

MATRIX = 2
VIEW = "frame"


class FramePiece(TypedPiece):
    """A frame in memory."""

    def __init__(self, name: str, connection: duckdb.DuckDBPyConnection, table: Any, names: Sequence[str]) -> None:
        self.table = table
        self.prepare(connection)
        super().__init__(name, connection, VIEW, names, len(table))

    def prepare(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Register the frame: DuckDB keeps a registration to one cursor."""
        cursor.register(VIEW, self.table)


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
        table = source
    elif isinstance(source, Mapping):
        table = _from_arrays(source)
    elif hasattr(source, "__arrow_c_stream__"):
        table = arro.Table.from_arrow(source)
    else:
        kinds = "a pandas, Polars or Arrow frame, or a dict of NumPy arrays"
        raise UsageError(f"a {type(source).__name__} is no source", f"give a path, {kinds}")
    names = [str(each) for each in (table.columns if _is_pandas(table) else table.column_names)]
    twice = [each for each, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f'{name}: two columns are called "{twice[0]}"', "rename one of them")
    if not names:
        raise DataError(f"{name} has no columns", "give a frame with a target and a prediction")
    try:
        return FramePiece(name, connection, table, names)
    except duckdb.Error as error:
        raise DataError(f"{name} cannot be read ({str(error).splitlines()[0]})", "give columns of numbers") from error


def _is_pandas(source: object) -> bool:
    kind = type(source)
    return kind.__name__ == "DataFrame" and kind.__module__.split(".")[0] == "pandas"


def _from_arrays(arrays: Mapping[Any, Any]) -> arro.Table:
    columns: dict[str, Any] = {str(name): _from_array(str(name), np.asarray(values)) for name, values in arrays.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name}: {len(column)}" for name, column in columns.items())
        raise UsageError(f"the arrays are not of one length ({told})", "give one value a row in each")
    return arro.Table.from_pydict(columns)


def _from_array(name: str, values: np.ndarray[Any, Any]) -> arro.Array:
    if values.ndim == MATRIX and values.dtype.kind in "biuf" and values.shape[1]:
        flat = arro.Array.from_numpy(np.ascontiguousarray(values, dtype=np.float64).reshape(-1))
        return arro.fixed_size_list_array(flat, values.shape[1])
    if values.ndim != 1:
        raise UsageError(
            f'the array "{name}" has {values.ndim} dimensions', "give one value, or one row of values, a row"
        )
    if values.dtype.kind in "iuf":
        known = values if values.dtype.itemsize <= np.dtype(np.float64).itemsize else values.astype(np.float64)
        native = known.astype(known.dtype.newbyteorder("="), copy=False)
        return arro.Array.from_numpy(np.ascontiguousarray(native))
    if values.dtype.kind == "b":
        return arro.Array.from_numpy(np.ascontiguousarray(values))
    texts = [None if value is None else str(value) for value in values.tolist()]
    return arro.Array(texts, type=arro.DataType.utf8())
