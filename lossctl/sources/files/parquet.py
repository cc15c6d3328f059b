"""Parquet files. Imports duckdb and core."""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lossctl.core.errors import DataError, LossctlError, system_reason
from lossctl.sources.duck.database import connect, disconnect, glob_escape
from lossctl.sources.duck.sql import quote_text
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.typed import TypedPiece

if TYPE_CHECKING:
    from lossctl.sources.files.wide import Apart

__all__ = ["MAGIC", "ParquetPiece", "open_parquet"]

MAGIC = b"PAR1"
_SPLIT = "BYTE_STREAM_SPLIT"
_LEAST_COLUMNS = 512
"""Of fewer columns of one number each DuckDB holds little; and the time it takes grows faster than their number."""


class ParquetPiece(TypedPiece):
    """A Parquet file."""

    row_number = "file_row_number"
    row_groups = True

    def __init__(
        self, name: str, connection: duckdb.DuckDBPyConnection, path: str, own_names: Sequence[str], rows: int
    ) -> None:
        pattern = quote_text(glob_escape(path))
        scan = f"read_parquet({pattern}, file_row_number=true, hive_partitioning=false)"
        super().__init__(name, connection, scan, own_names, rows)
        self.path = path
        self._places = {own: place for place, own in enumerate(own_names)}

    def apart(self, cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Apart | None:
        """Open what reads wide rows a few at a time; of other columns and few, nothing is looked up."""
        lists = any(self.columns[name] is ColumnType.NUMBERS for name in names)
        many = len(names) >= _LEAST_COLUMNS
        if not lists and not many:
            return None
        from lossctl.sources.files.wide import read_apart

        places = {name: self._places[name] for name in names}
        return read_apart(cursor, self.name, self.path, places, self.sql_types, many=many)

    def explain(self, types: Mapping[str, ColumnType], filtered: Collection[str], message: str) -> LossctlError | None:
        """Return the error that names the column written in a way that is not read."""
        del filtered
        if _SPLIT not in message:
            return None
        connection = connect([self.path])
        try:
            query = f"select path_in_schema, encodings from parquet_metadata({quote_text(glob_escape(self.path))})"
            found = connection.execute(query).fetchall()
        finally:
            disconnect(connection)
        names = [name for name, encodings in found if name in types and _SPLIT in encodings]
        column = f', column "{names[0]}"' if len(set(names)) == 1 else ""
        problem = f"{self.name}{column}: numbers of this size are not read in the encoding {_SPLIT}"
        return DataError(problem, "write them as 32- or 64-bit floats, or without that encoding")


def open_parquet(path: str, name: str, connection: duckdb.DuckDBPyConnection) -> ParquetPiece:
    """Open a Parquet file.

    Raises
    ------
    DataError
        Where it is cut short, damaged, or something else.
    """
    with Path(path).open("rb") as stream:
        start = stream.read(4)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 4))
        end = stream.read(4)
    if not size:
        raise DataError(f"{name} is empty", "a Parquet file has at least a footer: write it again")
    if start == b"PARE":
        raise DataError(f"{name} is an encrypted Parquet file", "write it without encryption")
    if start != MAGIC:
        raise DataError(f"{name} is not a Parquet file", "name it by what it is, such as .csv or .jsonl")
    if end != MAGIC:
        raise DataError(f"{name} is cut short: it starts as Parquet but has no footer", "copy or write it again")
    pattern = quote_text(glob_escape(path))
    try:
        schema = connection.execute(f"select name, num_children from parquet_schema({pattern})").fetchall()
        length = connection.execute(f"select sum(num_rows) from parquet_file_metadata({pattern})").fetchall()[0][0]
        names = list(_top_names(schema))
        return ParquetPiece(name, connection, path, names, int(length))
    except duckdb.InterruptException as error:  # Ctrl-C that reached DuckDB first
        raise KeyboardInterrupt from error
    except duckdb.OutOfMemoryException:  # which says nothing of the file
        raise
    except duckdb.Error as error:
        if reason := system_reason(error):
            raise DataError(f"{name} cannot be read: {reason}", "check its disk, or copy it") from error
        raise DataError(f"{name} is a damaged Parquet file ({str(error).splitlines()[0]})", "write it again") from error


def _top_names(schema: list[tuple[str, int | None]]) -> Iterator[str]:
    """Yield the names of the columns: the schema is a tree, written depth first."""
    nodes = iter(schema)
    _, count = next(nodes)
    for _ in range(count or 0):
        name, children = next(nodes)
        yield name
        pending = children or 0
        while pending:
            pending += (next(nodes)[1] or 0) - 1
