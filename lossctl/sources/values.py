"""Single values of a file, looked up for messages and reports. Imports duckdb and core."""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from lossctl.sources.options import ColumnType
from lossctl.sources.piece import Piece
from lossctl.sources.stream import ROW, numbered, unreadable

__all__ = ["distinct_of", "texts_of"]


def texts_of(
    piece: Piece, connection: duckdb.DuckDBPyConnection, rows: Sequence[int], columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Give the values of some rows of a piece as texts, each with its row number."""
    types = dict.fromkeys(columns, ColumnType.TEXT)
    values = ", ".join(piece.text(name) for name in columns) or "1"
    number, wanted = piece.row_number or ROW, ", ".join(map(str, rows))
    query = f"select {number}, {values} from {numbered(piece, types)} where {number} in ({wanted})"
    for row, *each in _fetched(piece, connection, query, types):
        yield row, dict(zip(columns, each, strict=False))


def distinct_of(piece: Piece, connection: duckdb.DuckDBPyConnection, column: str, most: int) -> list[str]:
    """Give the values of a column as texts, in order, at most so many."""
    types = {column: ColumnType.TEXT}
    query = (
        f"select distinct {piece.label(column)} as label from {piece.relation(types)} "
        f"where label is not null order by 1 limit {most}"
    )
    return [row[0] for row in _fetched(piece, connection, query, types)]


def _fetched(
    piece: Piece, connection: duckdb.DuckDBPyConnection, query: str, types: dict[str, ColumnType]
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        piece.prepare(cursor)
        try:
            return cursor.execute(query).fetchall()
        except duckdb.Error as error:
            raise piece.explain(types, (), str(error)) or unreadable(piece.name, error) from error
