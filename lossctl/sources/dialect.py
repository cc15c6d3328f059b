"""The header record of a text file and its delimiter: read here, because a sniffer guesses and can be wrong.

Imports the standard library and core.
"""

from __future__ import annotations

import codecs
import csv
import io
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from lossctl.core.dataclass import dataclass
from lossctl.core.errors import DataError, UsageError

__all__ = ["Dialect", "Fits", "check_delimiter", "not_utf8", "parse_record", "read_dialect", "refuse_wide"]

Fits = Callable[[Sequence[str]], bool]
"""Says whether a header's names yield the columns that are needed."""

CANDIDATES = (",", ";", "\t", "|")
SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
MOST_HEADER = 1 << 24
"""Bytes within which the header record must end."""
SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is laid out.

    Parameters
    ----------
    delimiter
        What stands between values.
    names
        The names in the header record, in file order; empty where a column has none.
    skip
        Blank lines before the header record.
    lines
        Physical lines of the header record, more than 1 where a quoted name holds a line end.
    sample
        The first records after the header, for what types they show.
    bytes_per_row
        The mean length of the sample's records; 0 where there are none.
    """

    delimiter: str
    names: tuple[str, ...]
    skip: int
    lines: int
    sample: tuple[tuple[str, ...], ...]
    bytes_per_row: float


def check_delimiter(delimiter: str | None, decimal: str) -> str | None:
    """Give the delimiter a user means, or refuse it.

    Raises
    ------
    UsageError
        Where it is not one character, or stands for something else.
    """
    if decimal not in {".", ","}:
        raise UsageError(
            f"the decimal sign {decimal!r} is neither a point nor a comma", "use --decimal . or --decimal ,"
        )
    if delimiter is None:
        return None
    meant = SPELLED.get(delimiter.lower(), delimiter)
    if len(meant) != 1 or meant in '"\r\n\0':
        raise UsageError(f"{delimiter!r} cannot be a delimiter", "give one character, or 'tab'")
    if meant == decimal:
        raise UsageError(f"{delimiter!r} cannot be both the delimiter and the decimal sign", "change one of the two")
    return meant


def read_dialect(stream: IO[bytes], name: str, delimiter: str | None, decimal: str, fits: Fits | None) -> Dialect:
    """Read the header record and settle the delimiter.

    Parameters
    ----------
    stream
        The decompressed bytes, at their start.
    name
        The file, for messages.
    delimiter
        The delimiter where it is known.
    decimal
        The decimal sign: it is no candidate for the delimiter.
    fits
        Settles the delimiter; ``None``: the one that cuts the header into most columns.

    Raises
    ------
    DataError
        Where the file is empty, is not UTF-8 text, or its header is unusable.
    """
    data = stream.read(SAMPLE)
    refuse_wide(data, name)
    _refuse_binary(data, name)
    data = data.removeprefix(codecs.BOM_UTF8)
    text = data.lstrip(b"\r\n")
    blank = data[: len(data) - len(text)]
    while (end := _record_end(text)) is None:
        more = stream.read(len(text) or SAMPLE)
        if not more:
            end = len(text)
            break
        if len(text) > MOST_HEADER:
            raise DataError(f"{name}: the header record does not end within 16 MiB", "check its quotes and line ends")
        text += more
    record = text[:end].rstrip(b"\r\n")
    if not record.strip():
        raise DataError(f"{name} is empty", "it needs a header line with the names of its columns")
    skip = _count_lines(blank)
    header = _decode(record, name, skip + 1)
    settled = delimiter or _settle(header, decimal, fits)
    names = parse_record(header, settled)
    if names is None:
        raise DataError(f"{name} line {skip + 1}: a quote in the header is never closed", "mend the header line")
    _refuse_duplicates(names, name, skip + 1)
    rest = text[end:] + stream.read(SAMPLE)
    sample, mean = _sample(rest, settled)
    return Dialect(settled, tuple(names), skip, _count_lines(record) + 1, sample, mean)


def parse_record(record: str, delimiter: str) -> list[str] | None:
    """Cut one record into its values; ``None`` where a quote is wrong."""
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def not_utf8(name: str, line: int, record: bytes) -> DataError | None:
    """Give the error for a record that is not UTF-8, naming the first byte that is not; ``None`` where it is."""
    try:
        record.decode()
    except UnicodeDecodeError as error:
        byte = record[error.start]
        return DataError(
            f"{name} line {line} is not UTF-8: byte 0x{byte:02x} at position {error.start + 1} of the line",
            f"convert it, such as with: {iconv('ISO-8859-1', name)}",
        )
    return None


def iconv(encoding: str, name: str) -> str:
    """Give the command that converts a file to UTF-8."""
    base = Path(name).name
    files = "" if name.startswith("<") else f" {shlex.quote(name)} > {shlex.quote('utf8-' + base)}"
    return f"iconv -f {encoding} -t UTF-8{files}"


def _decode(record: bytes, name: str, line: int) -> str:
    if error := not_utf8(name, line, record):
        raise error
    return record.decode()


def refuse_wide(data: bytes, name: str) -> None:
    """Refuse UTF-32 and UTF-16, the latter also without its mark: every other byte of it is mostly 0.

    Raises
    ------
    DataError
        Where the data, the first of a file, are that.
    """
    halves = sorted(data[start::2].count(0) * 2 / len(data) if data else 0.0 for start in (0, 1))
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        encoding = "UTF-32"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (halves[0] < _FEW and halves[1] > _MANY):
        encoding = "UTF-16"
    else:
        return
    raise DataError(f"{name} is {encoding} text, not UTF-8", f"convert it: {iconv(encoding, name)}")


_FEW, _MANY = 0.1, 0.6
_DECOMPRESS = "decompress it first: .gz and .zst are read as they are"
_EXPORT = "write its table as CSV, JSON lines or Parquet"
_BINARY = {
    b"PK\x03\x04": ("a ZIP archive, as .xlsx and .npz files are too", _EXPORT),
    b"BZh": ("compressed with bzip2", _DECOMPRESS),
    b"\xfd7zXZ": ("compressed with xz", _DECOMPRESS),
    b"\x93NUMPY": ("a NumPy array", _EXPORT),
    b"\x89HDF": ("an HDF5 file", _EXPORT),
    b"ARROW1": ("an Arrow file", _EXPORT),
    b"SQLite": ("an SQLite database", _EXPORT),
    b"\x80": ("a Python pickle", _EXPORT),
}
"""First bytes of files that people take for tables, where they hold NUL too."""


def _refuse_binary(data: bytes, name: str) -> None:
    """Refuse what is no text."""
    if b"\0" in data:
        other = ("not text: it holds NUL bytes", "name a CSV, TSV, JSON lines or Parquet file")
        kind, cure = next((each for start, each in _BINARY.items() if data.startswith(start)), other)
        raise DataError(f"{name} is {kind}", cure)


def _record_end(text: bytes) -> int | None:
    """Give where the first record ends: at the first line end that no quote encloses."""
    position, quotes = 0, 0
    while True:
        ends = [found for found in (text.find(b"\n", position), text.find(b"\r", position)) if found >= 0]
        if not ends:
            return None
        quotes += text.count(b'"', position, min(ends))
        position = min(ends) + 1
        if text[position - 1 : position + 1] == b"\r\n":
            position += 1
        if quotes % 2 == 0:
            return position


def _settle(header: str, decimal: str, fits: Fits | None) -> str:
    candidates = [each for each in CANDIDATES if each != decimal]
    cut = {each: parse_record(header, each) or [] for each in candidates}
    if fits is not None:
        for each in candidates:
            if len(set(cut[each])) == len(cut[each]) and fits(cut[each]):
                return each
    return max(candidates, key=lambda each: len(cut[each]))


def _refuse_duplicates(names: Sequence[str], file: str, line: int) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        at = " and ".join(str(number + 1) for number, name in enumerate(names) if name == twice[0])
        raise DataError(f'{file} line {line}: two columns are called "{twice[0]}": {at}', "rename one of them")


def _sample(data: bytes, delimiter: str) -> tuple[tuple[tuple[str, ...], ...], float]:
    """Give the records that the data hold whole, and their mean length."""
    whole = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    text = io.StringIO(whole.decode(errors="replace"), newline="")
    try:
        records = tuple(tuple(record) for record in csv.reader(text, delimiter=delimiter, strict=True) if record)
    except csv.Error:
        records = ()
    return records, len(whole) / len(records) if records else 0.0


def _count_lines(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
