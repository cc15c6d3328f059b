"""JSON lines: one object a line. Imports duckdb and core."""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossctl.core.errors import DataError, LossctlError
from lossctl.sources.duck.database import glob_escape
from lossctl.sources.duck.place import Place
from lossctl.sources.duck.sql import quote_name, quote_text
from lossctl.sources.files import compression as packed
from lossctl.sources.files.compression import Compression
from lossctl.sources.files.dialect import SAMPLE, not_utf8, refuse_wide
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import LEAST_ROUNDED, Piece, canonical_text
from lossctl.sources.files.scan import text_lines

if TYPE_CHECKING:
    from threading import Event

__all__ = ["JsonPiece", "open_jsonl"]

SAMPLE_RECORDS = 100
_MOST_DIGITS = 1000
SQL_TYPES = {
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.NUMBERS: "DOUBLE[]",
    ColumnType.OTHER: "JSON",
}
EXPECTED = {
    ColumnType.NUMBER: "a number",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.NUMBERS: "a list of numbers",
}


_NUMBER = re.compile(
    r"-?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)", re.IGNORECASE
)
"""A text that DuckDB reads as a number: Python's float reads more, such as spaces around it."""
_ONE_A_LINE = "write one JSON object a line"
_MADE_WITH = {"[": f"{_ONE_A_LINE}, such as with: jq -c '.[]'", "{": f"{_ONE_A_LINE}, such as with: jq -c ."}
"""What makes lines of a list, or of objects that do not keep to theirs."""


def open_jsonl(path: str, name: str, null: Collection[str] = ()) -> JsonPiece:
    """Open a JSON lines file: its first records say which columns there are.

    Parameters
    ----------
    path, name
        Where it is, and what the user calls it.
    null
        Texts that stand for a missing value.

    Raises
    ------
    DataError
        Where it is empty or its first records are no JSON objects.
    """
    compression = packed.settle_compression(path, name)
    columns: dict[str, ColumnType] = {}
    size, count = 0, 0
    try:
        with closing(packed.open_bytes(path, compression)) as stream:
            refuse_wide(stream.read(SAMPLE), name)
        for number, line in islice(text_lines(path, compression), SAMPLE_RECORDS):
            for key, value in _parse(name, number, line).items():
                if key:  # SQL has no empty name
                    known, seen = columns.get(key, ColumnType.UNKNOWN), _type_of(value, null)
                    columns[key] = seen if known is ColumnType.UNKNOWN else known
            size, count = size + len(line), count + 1
    except packed.damage_of(compression) as error:
        raise packed.damaged(name, compression, error) from error
    if not count:
        raise DataError(f"{name} is empty", "it needs one JSON object a line")
    plain = compression is Compression.NONE and size
    rows = Path(path).stat().st_size * count / size if plain else None
    return JsonPiece(path, name, compression, columns, likely_rows=rows, null=null)


class JsonPiece(Piece):
    """A JSON lines file."""

    def __init__(
        self,
        path: str,
        name: str,
        compression: Compression,
        columns: Mapping[str, ColumnType],
        *,
        likely_rows: float | None = None,
        null: Collection[str] = (),
    ) -> None:
        super().__init__(name, columns, likely_rows=likely_rows)
        self.path, self.compression, self.null = path, compression, tuple(null)

    def relation(self, types: Mapping[str, ColumnType]) -> str:
        """Return the relation; keys that are not asked for are not read."""
        truths = {name for name, each in types.items() if each is ColumnType.BOOLEAN}
        plain = {name for name, each in types.items() if not self.null or each is ColumnType.NUMBERS} - truths
        declared = ", ".join(
            f"{quote_text(name)}: '{SQL_TYPES[each] if name in plain else 'JSON'}'" for name, each in types.items()
        )
        chosen = ", ".join(
            quote_name(name) if name in plain else self._chosen(quote_name(name), SQL_TYPES[each])
            for name, each in types.items()
        )
        return (
            f"(select {chosen or '1'} from read_json({quote_text(glob_escape(self.path))}, auto_detect=false, "
            f"format='newline_delimited', records=true, compression='{self.compression}', hive_partitioning=false, "
            f"columns={{{declared or 'x: JSON'}}}))"
        )

    def _chosen(self, column: str, kind: str) -> str:
        """Return the SQL for a value of this type, missing where it is a text that stands for that.

        DuckDB reads every number but 0 as true; where truth values stand, a number is an error.
        """
        text, tokens = f"({column}->>'$')", ", ".join(map(quote_text, self.null))
        value = text if kind == "VARCHAR" else f"{column}::{kind}"
        if kind == "BOOLEAN":
            value = f"case {text} when 'true' then true when 'false' then false else error('no truth value') end"
        given = f"{text} not in ({tokens})" if tokens else f"{text} is not null"
        return f"case when {given} then {value} end as {column}"

    def label(self, name: str) -> str:
        """Return the SQL for a label as a text: a number is read as one, and only a whole one loses its point."""
        text = quote_name(name)
        if self.columns[name] is not ColumnType.NUMBER:
            return canonical_text(text)
        number = f"try_cast({text} as double)"
        return (
            f"case when regexp_full_match({text}, '\\s*[+-]?\\d+\\s*') "
            f"then coalesce(try_cast({text} as hugeint)::varchar, {text}) "
            f"when abs({number}) >= {LEAST_ROUNDED} or not coalesce(isfinite({number}), false) then {text} "
            f"when {number} = trunc({number}) then {number}::bigint::varchar else {number}::varchar end"
        )

    @property
    def needs_verifying(self) -> bool:
        """Whether the file is compressed."""
        return self.compression is not Compression.NONE

    def verify(self, stop: Event) -> None:
        """Check that a compressed file is whole."""
        packed.verify(self.path, self.name, self.compression, stop)

    def place(self, row: int) -> Place:
        """Return which line a row stands on, and what its values are as written."""
        with closing(text_lines(self.path, self.compression)) as lines:
            found = next(islice(lines, row, None), None)
        if found is None:
            return Place(self.name, None, row + 1)
        raw = json.loads(found[1], parse_float=str, parse_int=str, parse_constant=str)
        plain = json.loads(found[1], parse_int=_whole)
        values = dict.fromkeys(self.columns, "")  # where the row has no such key
        values |= {key: value if isinstance(value, str) else json.dumps(plain[key]) for key, value in raw.items()}
        return Place(self.name, found[0], row + 1, values)

    def explain(
        self,
        types: Mapping[str, ColumnType],
        filtered: Collection[str],
        message: str,
    ) -> LossctlError | None:
        """Find the first record that is no object, or a value of another type."""
        del filtered, message
        packed.verify(self.path, self.name, self.compression)
        for number, line in text_lines(self.path, self.compression):
            try:
                record = _parse(self.name, number, line)
            except DataError as error:
                return error
            for key, wanted in types.items():
                if record.get(key) not in self.null and not _fits(record.get(key), wanted):
                    return self._describe(number, key, record[key], EXPECTED.get(wanted, wanted))
        return None

    def _describe(self, line: int, key: str, value: object, wanted: str) -> DataError:
        shown = json.dumps(value, ensure_ascii=False)
        cure = "write numbers, or null for a missing value and choose --nan omit"
        if isinstance(value, str):
            from lossctl.sources.files.cures import cure_of_text

            cure = cure_of_text(value, key, beside=self._beside(key))
        elif wanted == EXPECTED[ColumnType.BOOLEAN]:
            cure = "write 0 and 1 in the whole column, or false and true"
        elif isinstance(value, list) is not (wanted == EXPECTED[ColumnType.NUMBERS]):
            cure = "write a list in every line, or in none"
        return DataError(f'{self.name} line {line}, column "{key}": {shown} is not {wanted}', cure)

    def _beside(self, key: str) -> list[str]:
        """Return the texts of a key in the first records."""
        records = (_parse(self.name, *each) for each in islice(text_lines(self.path, self.compression), SAMPLE_RECORDS))
        values = {str(record[key]) for record in records if isinstance(record.get(key), str | int | float)}
        return sorted(values.difference(self.null))


def _whole(text: str) -> float:
    """Return a whole number; one of more digits than Python reads is past every float anyway."""
    return int(text) if len(text) < _MOST_DIGITS else float(text)


def _parse(name: str, number: int, line: str) -> dict[str, Any]:
    place = f"{name} line {number}"
    if fault := not_utf8(name, number, line.encode(errors="surrogateescape")):
        raise fault
    if "\0" in line:
        raise DataError(f"{name} is not UTF-8 text: line {number} holds NUL bytes", "convert it to UTF-8")
    if line.startswith("\ufeff"):
        raise DataError(f"{place} starts with a byte-order mark, which only a file may", "remove it")
    try:
        record = json.loads(line, object_pairs_hook=_unique, parse_int=_whole)
    except json.JSONDecodeError as error:
        cure = _MADE_WITH.get(line.lstrip()[:1], _ONE_A_LINE)
        raise DataError(f"{place} is not JSON: {error.msg} at character {error.pos + 1}", cure) from error
    except RecursionError as error:
        raise DataError(f"{place} is nested too deep", "write one flat JSON object a line") from error
    except DuplicateKeyError as error:
        raise DataError(f'{place}: the key "{error}" stands twice', "write it once") from error
    if not isinstance(record, dict):
        kind = "a list" if isinstance(record, list) else "a single value"
        raise DataError(f"{place} is {kind}, not an object", _MADE_WITH["["])
    return record


class DuplicateKeyError(Exception):
    """A key that stands twice in one object."""


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in pairs:
        if key in record:
            raise DuplicateKeyError(key)
        record[key] = value
    return record


def _type_of(value: object, null: Collection[str]) -> ColumnType:
    if value is None or (isinstance(value, str) and value in null):
        return ColumnType.UNKNOWN
    if isinstance(value, bool):
        return ColumnType.BOOLEAN
    if _is_number(value):
        return ColumnType.NUMBER
    if isinstance(value, str):
        return ColumnType.TEXT
    if isinstance(value, list):
        return ColumnType.NUMBERS if all(each is None or _is_number(each) for each in value) else ColumnType.OTHER
    return ColumnType.OTHER


def _fits(value: object, wanted: ColumnType) -> bool:
    if value is None or wanted in {ColumnType.TEXT, ColumnType.OTHER}:
        return True
    if wanted is ColumnType.NUMBERS:
        return isinstance(value, list) and all(each is None or _is_number(each) for each in value)
    if wanted is ColumnType.BOOLEAN:
        return isinstance(value, bool)
    return _is_number(value)


def _is_number(value: object) -> bool:
    """Return whether DuckDB reads this as a number: also a text that is one, as writers without NaN make it."""
    return bool(_NUMBER.fullmatch(value)) if isinstance(value, str) else isinstance(value, int | float)
