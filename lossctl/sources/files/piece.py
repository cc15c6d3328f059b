"""What every input format gives: one file (or frame) as an SQL relation with known columns and places.

Imports the standard library and core.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from lossctl.core.errors import DataError
from lossctl.core.spelling import LOCAL_TIME, UTC_TIME
from lossctl.sources.duck.place import Place
from lossctl.sources.duck.sql import quote_name, quote_text
from lossctl.sources.files.options import ColumnType

if TYPE_CHECKING:
    from threading import Event

    import duckdb

    from lossctl.core.errors import LossctlError
    from lossctl.sources.files.wide import Apart

__all__ = ["NOT_TOLD_APART", "Piece", "canonical_text", "label_text"]


def canonical_text(text: str, decimal: str = ".") -> str:
    """Return the SQL for a text as the value it is: what `lossctl.core.spelling.canonical` says, in SQL.

    Where numbers of the file are written with a comma, one that a text is gets its point.
    """
    whole = f"suffix({text}, '0') and contains({text}, '{decimal}')"
    whole += f" and regexp_full_match({text}, '-?(0|[1-9][0-9]*)[{decimal}]0+')"
    number = f"case when {text} like '-0{decimal}%' then '0' else split_part({text}, '{decimal}', 1) end"
    time = f"regexp_replace({text}, '{UTC_TIME}?$', '\\1 \\2\\3')"
    day = f"case when suffix({time}, ' 00:00:00') then left({text}, 10) else {time} end"
    times = f"case when regexp_full_match({text}, '{LOCAL_TIME}') then {day} "
    times += f"when regexp_full_match({text}, '{UTC_TIME}') then {time} || '+00:00' else {text} end"
    comma = f"when contains({text}, ',') and regexp_full_match({text}, '-?(0|[1-9][0-9]*),[0-9]+') "
    comma += f"then replace({text}, ',', '.') "
    return (
        f"case when {text} = 'true' or {text} = 'TRUE' then 'True' "
        f"when {text} = 'false' or {text} = 'FALSE' then 'False' "
        f"when {whole} then {number} when contains({text}, ':') then {times} "
        f"{comma if decimal == ',' else ''}else {text} end"
    )


def label_text(column: str, kind: ColumnType, decimal: str = ".") -> str:
    """Return the SQL for a value as a text: the same however it is stored."""
    if kind is ColumnType.BOOLEAN:
        return f"case {column}::boolean when true then 'True' when false then 'False' end"
    if kind is not ColumnType.NUMBER:
        return canonical_text(f"{column}::varchar", decimal)
    whole = f"try_cast({column} as bigint)"
    return f"case when {whole} = {column} then {whole}::varchar else {column}::varchar end"


LEAST_ROUNDED = "9007199254740992"
"""From here on a double may stand for more than one whole number."""
_FROM_TEXT = MappingProxyType({ColumnType.NUMBER: "double", ColumnType.BOOLEAN: "boolean"})
NOT_TOLD_APART = "and would not be told apart"


class Piece(ABC):
    """One file, or one frame.

    Attributes
    ----------
    name
        As the user would name it.
    columns
        What each column holds, in file order.
    rows
        The number of rows where the format tells.
    likely_rows
        The number of rows as far as can be guessed, for progress alone.
    row_number
        The column of `relation` that numbers its rows from 0, where the format has one: a filter is then pushed
        down to the reader, and skips what it can.
    row_groups
        Whether rows are stored by groups, whose size settles how much memory long lists take.
    path
        The file to be read; empty: there is none.
    keeps_types
        Whether columns have types of their own, whatever they are asked for as.
    decimal
        The sign in its numbers, where it is a text file.
    twice
        Names that two columns have: they can be named in no other way, and so not be read.
    warning
        What a reader of the result should know of the file; empty: nothing.
    """

    row_number: str | None = None
    row_groups = False
    keeps_types = False
    path: str = ""
    decimal: str = "."
    twice: frozenset[str] = frozenset()
    warning: str = ""

    def __init__(
        self,
        name: str,
        columns: Mapping[str, ColumnType],
        rows: int | None = None,
        likely_rows: float | None = None,
    ) -> None:
        self.name = name
        self.columns = dict(columns)
        self.rows = rows
        self.likely_rows = likely_rows if rows is None else float(rows)

    @abstractmethod
    def relation(self, types: Mapping[str, ColumnType]) -> str:
        """Return an SQL relation with these columns, under their own names, text read as the type asked for."""

    def refuse_twice(self, names: Iterable[str]) -> None:
        """Refuse to read columns of one name.

        Raises
        ------
        DataError
            Where one of the names is that of two columns.
        """
        for name in names:
            if name in self.twice:
                raise DataError(f'{self.name}: two columns are called "{name}"', "rename one of them")

    def keeps_type(self, name: str) -> bool:
        """Return whether a column has a type of its own, whatever it is asked for as."""
        del name
        return self.keeps_types

    def text(self, name: str, read_as: ColumnType = ColumnType.TEXT) -> str:
        """Return the SQL for a value as a text, of a column that `relation` was asked for as this type.

        A text is `canonical_text`. A number is written without a decimal point where it is whole, and is missing where
        it is none; one that cannot be told from its neighbours is an error.
        """
        column = quote_name(name)
        if read_as is not ColumnType.NUMBER:
            return label_text(column, read_as, self.decimal)
        text = f"nullif({label_text(column, read_as)}, 'nan')"
        message = f'column "{name}": whole numbers beyond 2^53 are read as numbers, {NOT_TOLD_APART}'
        return f"case when abs({column}) >= {LEAST_ROUNDED} then error({quote_text(message)}) else {text} end"

    def from_text(self, name: str, kind: ColumnType) -> str:
        """Return the SQL for a value as this type, of a column that `relation` was asked for as text."""
        return f"{quote_name(name)}::{_FROM_TEXT[kind]}" if kind in _FROM_TEXT else quote_name(name)

    def label(self, name: str) -> str:
        """Return the SQL for a label as a text, of a column that `relation` was asked for as text."""
        return canonical_text(quote_name(name), self.decimal)

    def paths(self) -> list[str]:
        """Return the files to be read."""
        return [self.path] if self.path else []

    def named(self, column: str) -> str:
        """Name the file that a column is of."""
        del column
        return self.name

    def whole_number(self, name: str) -> str | None:
        """Return the SQL for a value as a BIGINT, where the column holds nothing else."""
        del name
        return None

    def has_group(self, name: str) -> str:
        """Return the SQL condition that the group of a row is not missing."""
        return f"{quote_name(name)} is not null"

    def prepare(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make what `relation` speaks of known to a cursor."""
        del cursor

    def apart(self, cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Apart | None:
        """Open what reads some columns of numbers a few rows at a time; ``None``: `relation` is as good."""
        del cursor, names
        return None

    def place(self, row: int) -> Place:
        """Return where a row stands, counted from 0 within the piece."""
        return Place(self.name, None, row + 1)

    def explain(
        self,
        types: Mapping[str, ColumnType],
        filtered: Collection[str],
        message: str,
    ) -> LossctlError | None:
        """Find what is wrong with the data, where DuckDB failed with `message`; ``None``: nothing is.

        The names in `filtered` are read for a filter alone, which settled their types.
        """
        del types, filtered, message
        return None

    def verify(self, stop: Event) -> None:
        """Check what DuckDB does not. Runs beside the reader, in a thread of its own.

        Raises
        ------
        DataError
            Where the file is not whole.
        """
        del stop

    @property
    def needs_verifying(self) -> bool:
        """Whether `verify` has anything to do."""
        return False
