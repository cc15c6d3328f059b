"""Single values of a file, looked up for messages and reports. Imports duckdb and core."""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from lossctl.core.errors import DataError
from lossctl.sources.duck.condition_faults import kind_of
from lossctl.sources.duck.sql import quote_name
from lossctl.sources.files.cures import cure_of_text
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece
from lossctl.sources.files.typed import TypedPiece
from lossctl.sources.query.stream import ROW, numbered, unreadable

__all__ = ["differ_alone", "distinct_of", "not_numbers", "texts_of", "varies"]

_FIRST_ROWS, _MOST_VALUES = 1000, 2**19
"""What a look at a file takes: so many rows are looked for, among so many values."""
_MOST_LABELS = 100
EXAMPLE = 40
"""The most characters of a value shown as an example."""


def texts_of(
    piece: Piece, connection: duckdb.DuckDBPyConnection, rows: Sequence[int], columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Yield the values of some rows of a piece as texts, each with its row number."""
    types = dict.fromkeys(columns, ColumnType.TEXT)
    values = ", ".join(piece.text(name) for name in columns) or "1"
    number, wanted = piece.row_number or ROW, ", ".join(map(str, rows))
    query = f"select {number}, {values} from {numbered(piece, types)} where {number} in ({wanted})"
    for row, *each in _fetched(piece, connection, query, types):
        yield row, dict(zip(columns, each, strict=False))


def distinct_of(piece: Piece, connection: duckdb.DuckDBPyConnection, column: str, most: int) -> list[str]:
    """Return the values of a column as texts, in order, at most so many."""
    types = {column: ColumnType.TEXT}
    query = (
        f"select distinct {piece.label(column)} as label from {piece.relation(types)} "
        f"where label is not null order by 1 limit {most}"
    )
    return [row[0] for row in _fetched(piece, connection, query, types)]


def differ_alone(
    pieces: Sequence[Piece], connection: duckdb.DuckDBPyConnection, column: str, others: Sequence[str]
) -> bool:
    """Return whether most cases, rows equal in other columns, stand under several values of one, as often each.

    The cases of the first rows are looked for among the rows that follow, as many as make a moment's read. A column
    that never repeats a value names the rows; one whose values are not as frequent in a case is a feature of it.
    """
    types = dict.fromkeys([*others, column], ColumnType.TEXT)
    most = max(_FIRST_ROWS, _MOST_VALUES // (len(types) * len(pieces)))
    names, found = ", ".join(map(quote_name, others)), dict[int, Counter[int]]()
    for piece in pieces:
        rows = f"select hash({names}) as h, hash({quote_name(column)}) as v from {piece.relation(types)} limit"
        if piece is pieces[0]:
            first = _fetched(piece, connection, f"select distinct h from ({rows} {_FIRST_ROWS})", types)
            found = {case: Counter() for (case,) in first}
        cases = ", ".join(map(str, found)) or "null"
        query = f"select h, v, count(*) from ({rows} {most}) where h in ({cases}) group by h, v"
        for case, value, count in _fetched(piece, connection, query, types):
            found[case][value] += count
    total = sum(found.values(), Counter())
    several = sum(len(each) > 1 and len(set(each.values())) == 1 for each in found.values())
    return total.total() > len(total) and 2 * several > len(found)


def varies(pieces: Sequence[Piece], connection: duckdb.DuckDBPyConnection, column: str) -> bool:
    """Return whether a column has more than one value in the first rows of some file, or not the same in all."""
    types, found = {column: ColumnType.TEXT}, set[int]()
    for piece in pieces:
        rows = f"(select hash({quote_name(column)}) as v from {piece.relation(types)} limit {_MOST_VALUES})"
        found.update(value for (value,) in _fetched(piece, connection, f"select distinct v from {rows} limit 2", types))
    return len(found) > 1


_HELD = {"a date": "dates", "a time": "times", "a duration": "durations", "a list": "lists", "an object": "objects"}
"""What columns hold, by the word for one."""


def not_numbers(
    pieces: Sequence[Piece], connection: duckdb.DuckDBPyConnection, name: str, kind: ColumnType
) -> DataError:
    """Return the error that a column of this kind holds no numbers, with the first value there is."""
    piece = next(each for each in pieces if each.columns[name] is kind)
    held = "text" if kind is ColumnType.TEXT else "values"
    if isinstance(piece, TypedPiece) and kind is not ColumnType.TEXT:
        held = _HELD.get(kind_of(piece.sql_types[name]), held)
    column, relation = quote_name(name), piece.relation({name: kind})
    query = f"select {column}::varchar from {relation} where {column} is not null limit 1"
    with connection.cursor() as cursor:
        piece.prepare(cursor)
        found = cursor.execute(query).fetchall()
    example = f' such as "{found[0][0][:EXAMPLE]}"' if found else ""
    problem = f'{piece.named(name)}, column "{name}" holds {held}{example}, not numbers'
    cure = "choose another column, or write it as numbers"
    if kind is ColumnType.TEXT and found:
        labels = distinct_of(piece, connection, name, _MOST_LABELS)
        others = [each for each in labels if each != found[0][0]]
        cure = cure_of_text(found[0][0], name, beside=others)
    return DataError(problem, cure)


def _fetched(
    piece: Piece, connection: duckdb.DuckDBPyConnection, query: str, types: dict[str, ColumnType]
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        piece.prepare(cursor)
        try:
            return cursor.execute(query).fetchall()
        except duckdb.Error as error:
            raise piece.explain(types, (), str(error)) or unreadable(piece.name, error) from error
