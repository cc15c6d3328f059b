"""Relations that know their types (Parquet, frames): DuckDB's types as ours. Imports duckdb and core."""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb

from lossctl.sources.duck.sql import quote_name
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece, canonical_text, label_text
from lossctl.sources.names import repeated

__all__ = ["TypedPiece", "column_type"]

NUMBERS = r"(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|BIGNUM)"

WHOLE = r"(?:TINY|SMALL|BIG|UTINY|USMALL)INT|U?INTEGER"
"""Types whose values all fit into a BIGINT."""


def column_type(sql: str) -> ColumnType:
    """Return what a DuckDB type holds.

    Examples
    --------
    >>> column_type("DECIMAL(10,2)").value, column_type("DOUBLE[3]").value, column_type("DATE").value
    ('number', 'numbers', 'other')
    """
    if re.fullmatch(NUMBERS, sql):
        return ColumnType.NUMBER
    if re.fullmatch(rf"(?:{NUMBERS}|BOOLEAN)\[\d*\]", sql):
        return ColumnType.NUMBERS
    if sql == "BOOLEAN":
        return ColumnType.BOOLEAN
    return ColumnType.TEXT if sql == "VARCHAR" or sql.startswith("ENUM(") else ColumnType.OTHER


class TypedPiece(Piece):
    """A relation whose columns have types of their own."""

    keeps_types = True

    def __init__(
        self,
        name: str,
        connection: duckdb.DuckDBPyConnection,
        scan: str,
        own_names: Sequence[str],
        rows: int,
    ) -> None:
        described = connection.execute(f"describe select * from {scan}").fetchall()[: len(own_names)]
        types = {own: column_type(row[1]) for own, row in zip(own_names, described, strict=True)}
        super().__init__(name, {own: each for own, each in types.items() if own}, rows)  # SQL has no empty name
        # DuckDB tells columns apart without regard to case, and renames the second of "a" and "A".
        self.sql_names = {own: row[0] for own, row in zip(own_names, described, strict=True)}
        self.sql_types = {own: str(row[1]) for own, row in zip(own_names, described, strict=True)}
        self.scan = scan
        self.twice = repeated(own_names)

    def relation(self, types: Mapping[str, ColumnType]) -> str:
        """Return the relation; the columns keep their types."""
        self.refuse_twice(types)
        chosen = [f"{quote_name(self.sql_names[name])} as {quote_name(name)}" for name in types]
        chosen += [self.row_number] if self.row_number else []
        return f"(select {', '.join(chosen) or '1'} from {self.scan})"

    def whole_number(self, name: str) -> str | None:
        """Return the SQL for a value as a BIGINT, where the column holds nothing else."""
        return f"{quote_name(name)}::bigint" if re.fullmatch(WHOLE, self.sql_types[name]) else None

    def text(self, name: str, read_as: ColumnType = ColumnType.TEXT) -> str:
        """Return the SQL for a value as a text, whatever it was asked for as; a number that is none is missing."""
        del read_as
        kind = self.columns[name]
        if kind is ColumnType.OTHER:
            return canonical_text(f"{quote_name(name)}::varchar")
        text = label_text(quote_name(name), kind)
        return f"nullif({text}, 'nan')" if kind is ColumnType.NUMBER else text

    def label(self, name: str) -> str:
        """Return the SQL for a label as a text."""
        return label_text(quote_name(name), self.columns[name])

    def from_text(self, name: str, kind: ColumnType) -> str:
        """Return the SQL for a value: it keeps its type, whatever it was asked for as."""
        del kind
        return quote_name(name)

    def has_group(self, name: str) -> str:
        """Return the SQL condition that the group of a row is neither missing nor a number that is none."""
        floating = self.sql_types[name] in {"DOUBLE", "FLOAT"}
        return f"not isnan({quote_name(name)})" if floating else super().has_group(name)
