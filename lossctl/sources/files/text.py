"""CSV, TSV and their kin: as an SQL relation whose every setting is stated, and their faults in words.

Imports duckdb and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lossctl.core.errors import DataError, LossctlError
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.duck.database import connect, disconnect, glob_escape
from lossctl.sources.duck.place import Place
from lossctl.sources.duck.sql import quote_name, quote_text
from lossctl.sources.files import compression as packed
from lossctl.sources.files.compression import Compression
from lossctl.sources.files.dialect import (
    Dialect,
    Fits,
    check_delimiter,
    line_ends_cure,
    not_utf8,
    parse_record,
    read_dialect,
)
from lossctl.sources.files.options import ColumnType, ReadOptions
from lossctl.sources.files.piece import Piece
from lossctl.sources.files.scan import first_stray_quote, line_at, mixed_line_ends, record_at
from lossctl.sources.files.surplus import length_cure, refuse_shifted, surplus_warning
from lossctl.sources.names import repeated

if TYPE_CHECKING:
    from threading import Event

__all__ = ["TextPiece", "open_text"]

SQL_TYPES = {ColumnType.NUMBER: "DOUBLE", ColumnType.BOOLEAN: "BOOLEAN", ColumnType.TEXT: "VARCHAR"}
_LONG_LINE = "does not support a full read"
"""What DuckDB says of a line that is longer than it reads at once."""
MOST_REJECTS = 100_000
"""More than the cells of one DuckDB vector of a wide file: the first fault of the file is among them."""


def open_text(path: str, name: str, options: ReadOptions, fits: Fits | None, *, tabs: bool = False) -> TextPiece:
    """Open a text file.

    Parameters
    ----------
    path, name
        Where it is, and what the user calls it.
    options
        How to read it.
    fits
        Settles the delimiter.
    tabs
        Whether the delimiter is the tab unless the options say otherwise.

    Raises
    ------
    UsageError
        Where the delimiter or the decimal sign is none.
    DataError
        Where the header cannot be read.
    """
    delimiter = check_delimiter(options.delimiter, options.decimal) or ("\t" if tabs else None)
    compression = packed.settle_compression(path, name)
    try:
        with closing(packed.open_bytes(path, compression)) as stream:
            dialect = read_dialect(stream, name, options, delimiter, fits)
    except packed.damage_of(compression) as error:
        raise packed.damaged(name, compression, error) from error
    inside = packed.long_end(path) if compression is Compression.NONE else None
    if inside is not None:
        raise packed.too_long(f"{name} line {line_at(path, compression, inside)[0]}")
    return TextPiece(path, name, compression, dialect, options)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record DuckDB rejected."""

    place: str
    line: int
    record: bytes
    column: int
    kind: str


class TextPiece(Piece):
    """A delimited text file."""

    def __init__(self, path: str, name: str, compression: Compression, dialect: Dialect, options: ReadOptions) -> None:
        columns = {each: ColumnType.UNKNOWN for each in dialect.names if each}
        for position, each in enumerate(dialect.names):
            values = {record[position].lower() for record in dialect.sample if position < len(record)}
            values -= {"", *(token.lower() for token in options.null)}
            if each and values and values <= {"true", "false"}:
                columns[each] = ColumnType.BOOLEAN
        size = Path(path).stat().st_size
        plain = compression is Compression.NONE and dialect.bytes_per_row
        super().__init__(name, columns, likely_rows=size / dialect.bytes_per_row if plain else None)
        self.path, self.compression, self.dialect, self.options = path, compression, dialect, options
        self.twice, self.decimal = repeated(dialect.names), options.decimal
        self.warning = surplus_warning(name, dialect) or ""

    def relation(self, types: Mapping[str, ColumnType]) -> str:
        """Return the relation, with all that a sniffer would guess stated."""
        for name in self.twice.intersection(types):
            places = [str(place) for place, each in enumerate(self.dialect.names, 1) if each == name]
            problem = f'{self.name} line {self.dialect.skip + 1}: two columns are called "{name}"'
            raise DataError(f"{problem}: {' and '.join(places)}", "rename one of them")
        refuse_shifted(self.name, self.dialect, types, self.options)
        chosen = ", ".join(f"{self._field(name)} as {quote_name(name)}" for name in types)
        return f"(select {chosen or '1'} from {self._scan(types)})"

    def from_text(self, name: str, kind: ColumnType) -> str:
        """Return the SQL for a value as this type, of a column that `relation` was asked for as text."""
        if kind is ColumnType.NUMBER and self.options.decimal != ".":
            return f"replace({quote_name(name)}, {quote_text(self.options.decimal)}, '.')::double"
        return super().from_text(name, kind)

    def _field(self, name: str) -> str:
        return f"c{self.dialect.names.index(name)}"

    def _scan(self, types: Mapping[str, ColumnType], extra: str = "") -> str:
        declared = (
            f"c{index}: '{SQL_TYPES.get(types[name], 'VARCHAR') if name in types else 'VARCHAR'}'"
            for index, name in enumerate(self.dialect.names)
        )
        nulls = ", ".join(quote_text(token) for token in ("", *self.options.null))
        return (
            f"read_csv({quote_text(glob_escape(self.path))}, auto_detect=false, header=true, skip={self.dialect.skip}, "
            f"delim={quote_text(self.dialect.delimiter)}, quote='\"', escape='\"', strict_mode=true, "
            f"compression='{self.compression}', decimal_separator='{self.options.decimal}', nullstr=[{nulls}], "
            f"hive_partitioning=false, columns={{{', '.join(declared)}}}{extra})"
        )

    @property
    def needs_verifying(self) -> bool:
        """Whether the file is compressed."""
        return self.compression is not Compression.NONE

    def verify(self, stop: Event) -> None:
        """Check that a compressed file is whole."""
        packed.verify(self.path, self.name, self.compression, stop, lines=True)

    def place(self, row: int) -> Place:
        """Return which line a row starts on, and what stands there."""
        found = record_at(self.path, self.compression, self.dialect, row)
        if found is None:
            return Place(self.name, None, row + 1)
        line, values = found
        return Place(self.name, line, row + 1, dict(zip(self.dialect.names, values, strict=False)))

    def explain(
        self,
        types: Mapping[str, ColumnType],
        filtered: Collection[str],
        message: str,
    ) -> LossctlError | None:
        """Find the first record that cannot be read, and say why."""
        packed.verify(self.path, self.name, self.compression)
        if _LONG_LINE in message:
            return packed.too_long(f"{self.name}: a line")
        try:
            fault = self._first_fault(types)
        except duckdb.Error:  # the reader lost its way even while collecting: only a stray quote does that
            fault = None
        mixed = mixed_line_ends(self.path, self.compression, None if fault is None else fault.line)
        if mixed is not None:
            (first, end), (other, another) = mixed
            problem = f"{self.name} mixes line ends: line {first} ends in {end}, line {other} in {another}"
            return DataError(problem, line_ends_cure(self.name))
        if fault is not None:
            return self._describe(fault, types, filtered)
        stray = first_stray_quote(self.path, self.compression, self.dialect)
        return None if stray is None else self._bad_quote(f"{self.name} line {stray}")

    def _first_fault(self, types: Mapping[str, ColumnType]) -> Fault | None:
        """Read again, on one thread and to the end: only then does DuckDB tell what it rejected."""
        scan = self._scan(types, f", store_rejects=true, rejects_limit={MOST_REJECTS}")
        connection = connect([self.path], threads=1)
        try:
            chosen = ", ".join(f"count({self._field(name)})" for name in types)
            fields = ", ".join(self._field(name) for name in types) or "1"
            connection.execute(f"select {chosen or 'count(*)'} from (select {fields} from {scan})").fetchall()
            found = connection.execute(
                "select line, line_byte_position, coalesce(column_idx, 1), error_type, csv_line from reject_errors "
                "order by line, column_idx limit 1"
            ).fetchone()
        finally:
            disconnect(connection)
        if found is None:
            return None
        _, byte, column, kind, _ = found
        line, rest = line_at(self.path, self.compression, max(byte - 1, 0))
        return Fault(f"{self.name} line {line}", line, rest, column - 1, kind)

    def _describe(self, fault: Fault, types: Mapping[str, ColumnType], filtered: Collection[str]) -> LossctlError:
        first_line = re.split(rb"[\r\n]", fault.record, maxsplit=1)[0]
        if error := not_utf8(self.name, fault.line, first_line):
            return error
        record = _whole_record(fault.record)
        values = None if record is None else parse_record(record, self.dialect.delimiter)
        if values is None or fault.kind == "UNQUOTED VALUE":
            return self._bad_quote(fault.place)
        if fault.kind in {"MISSING COLUMNS", "TOO MANY COLUMNS", "CAST"} and len(values) != len(self.dialect.names):
            return self._describe_length(fault, values)
        if fault.kind == "CAST":
            return self._describe_value(fault, values[fault.column], types, filtered)
        if fault.kind == "LINE SIZE OVER MAXIMUM":
            return packed.too_long(fault.place)
        return DataError(f"{fault.place} is unreadable: {fault.kind.lower()}", "check its quotes and line ends")

    def _describe_value(
        self,
        fault: Fault,
        value: str,
        types: Mapping[str, ColumnType],
        filtered: Collection[str],
    ) -> LossctlError:
        name = self.dialect.names[fault.column]
        what = "true or false" if types[name] is ColumnType.BOOLEAN else "a number"
        problem = f'{fault.place}, column "{name}": "{value}" is not {what}'
        if name in filtered and types[name] is ColumnType.BOOLEAN:
            return DataError(problem, f'compare it with a value in the condition, such as "{name}" > 0')
        if name in filtered:
            cure = f'compare it with a text in single quotes, or write cast("{name}" as varchar)'
            return DataError(problem, f"the condition takes it for a number; {cure}")
        beside = {record[fault.column] for record in self.dialect.sample if fault.column < len(record)}
        beside = {each for each in beside if each not in self.options.null}
        from lossctl.sources.files.cures import cure_of_text

        return DataError(problem, cure_of_text(value, name, self.options.decimal, fault.line, sorted(beside)))

    def _bad_quote(self, place: str) -> LossctlError:
        cure = "quote whole values, and write a quote inside a quoted value twice"
        return DataError(f"{place} has a quote that is never closed, or closed before its value ends", cure)

    def _describe_length(self, fault: Fault, values: list[str]) -> LossctlError:
        if len(values) == 1 and not values[0].strip():
            return DataError(f"{fault.place} holds only spaces", "remove the line")
        found = f"{len(values)} value" + ("" if len(values) == 1 else "s")
        mend = "mend the line; a value that holds the delimiter must stand in quotes"
        cure = length_cure(self.dialect, len(values)) or mend
        return DataError(f"{fault.place} has {found} where the header has {len(self.dialect.names)} columns", cure)


def _whole_record(data: bytes) -> str | None:
    """Return the text of the first record in the data, without its line end; ``None`` where a quote stays open."""
    text = data.decode(errors="backslashreplace")
    start, quotes = 0, 0
    for found in re.finditer(r"\r|\n|\Z", text):
        quotes += text.count('"', start, found.start())
        start = found.start()
        if quotes % 2 == 0:
            return text[:start]
    return None
