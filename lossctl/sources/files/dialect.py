"""The header record of a text file and its delimiter: read here, because a sniffer guesses and can be wrong.

Imports the standard library and core.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import shlex
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

from lossctl.core.errors import DataError, UsageError
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.files.options import ReadOptions

__all__ = [
    "LINE_END",
    "Dialect",
    "Fits",
    "check_delimiter",
    "line_ends_cure",
    "not_utf8",
    "parse_record",
    "read_dialect",
    "refuse_wide",
]

Fits = Callable[[Sequence[str]], bool]
"""Says whether a header's names yield the columns that are needed."""

CANDIDATES = (",", ";", "\t", "|")
SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
MOST_HEADER = 1 << 24
"""Bytes within which the header record must end."""
SAMPLE = 1 << 16
MOST_LOOKED = 100
"""Lines below the first in which the header is looked for."""
_TWO = 2
LINE_END = re.compile(rb"\r\n|\r|\n")
_NAMED_ENDS = {b"\n": "LF", b"\r\n": "CRLF", b"\r": "CR"}
_SEPARATOR = re.compile(rb"\"?sep=([^A-Za-z0-9\"\r\n\x80-\xff])\"? *(?:\r\n|\r|\n)", re.IGNORECASE)
"""The first line of a file that says what separates its values, as Excel reads and writes it."""


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
        Lines before the header record: those the user skips, blank ones, and one such as ``sep=;``.
    sample
        The first records after the header, for what types they show.
    bytes_per_row
        The mean length of the sample's records; 0 where there are none.
    """

    delimiter: str
    names: tuple[str, ...]
    skip: int
    sample: tuple[tuple[str, ...], ...]
    bytes_per_row: float


def check_delimiter(delimiter: str | None, decimal: str) -> str | None:
    """Return the delimiter a user means, or refuse it.

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


def read_dialect(
    stream: IO[bytes], name: str, options: ReadOptions, delimiter: str | None, fits: Fits | None
) -> Dialect:
    """Read the header record and settle the delimiter.

    Parameters
    ----------
    stream
        The decompressed bytes, at their start.
    name
        The file, for messages.
    options
        How to read it: the lines to skip, and the decimal sign, which is no candidate for the delimiter.
    delimiter
        The delimiter where it is known.
    fits
        Settles the delimiter; ``None``: the one that cuts the header into most columns.

    Raises
    ------
    DataError
        Where the file is empty, is not UTF-8 text, or its header is unusable.
    UsageError
        Where the columns that are needed would be found with another flag.
    """
    data = _start(stream, name, options.skip)
    above, told = _above(data, options.skip)
    text = data[len(above) :]
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
        raise _no_header(name, options.skip)
    skip = _count_lines(above)
    header = _decode(record, name, skip + 1)
    rest = text[end:] + stream.read(SAMPLE)
    settled = delimiter or check_delimiter(told, options.decimal) or _settle(header, options.decimal, fits)
    names = parse_record(header, settled)
    if fits is not None and not (names and fits(names)):
        delimiters = (delimiter,) if delimiter else CANDIDATES
        _look_above(above, f"{name} line ", skip + 1, delimiters, fits)
        _look_elsewhere(header, rest, f"{name} line ", skip, delimiters, fits)
    if names is None:
        raise DataError(f"{name} line {skip + 1}: a quote in the header is never closed", "mend the header line")
    _check_line_ends(data[: len(above)] + text[:end], name)
    _check_above(above, name, settled)
    sample, mean = _sample(rest, settled)
    return Dialect(settled, tuple(names), skip, sample, mean)


def _start(stream: IO[bytes], name: str, skip: int) -> bytes:
    """Read the first bytes of a text, without its mark, and so many that the lines to skip are among them."""
    data = stream.read(SAMPLE)
    refuse_wide(data, name)
    _refuse_binary(data, name)
    while _count_lines(data) <= skip and len(data) < MOST_HEADER and (more := stream.read(len(data))):
        data += more
    return data.removeprefix(codecs.BOM_UTF8)


def _above(data: bytes, skip: int) -> tuple[bytes, str | None]:
    """Return the lines before the header, and the delimiter that a line ``sep=;`` among them tells.

    Above it stand the lines to skip, blank ones, and the line by which Excel says what separates values.
    """
    ends = [found.end() for found in islice(LINE_END.finditer(data), skip)]
    position = len(data) if len(ends) < skip else ends[-1] if ends else 0
    position += len(data[position:]) - len(data[position:].lstrip(b"\r\n"))
    told = _SEPARATOR.match(data, position)
    if told is None:
        return data[:position], None
    rest = data[told.end() :]
    return data[: len(data) - len(rest.lstrip(b"\r\n"))], told[1].decode()


def _no_header(name: str, skip: int) -> DataError:
    if skip:
        return DataError(f"{name} has no line after the first {skip}, which --skip passes over", "choose a smaller one")
    return DataError(f"{name} is empty", "it needs a header line with the names of its columns")


def parse_record(record: str, delimiter: str) -> list[str] | None:
    """Cut one record into its values; ``None`` where a quote is wrong."""
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def not_utf8(name: str, line: int, record: bytes) -> DataError | None:
    """Return the error for a record that is not UTF-8, naming the first byte that is not; ``None`` where it is."""
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
    """Return the command that converts a file to UTF-8."""
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
    """Return where the first record ends: at the first line end that no quote encloses."""
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
            if fits(cut[each]):
                return each
    return max(candidates, key=lambda each: len(cut[each]))


def _look_above(above: bytes, line: str, header: int, delimiters: Sequence[str], fits: Fits) -> None:
    """Look for the columns that are needed in the lines that are skipped.

    Raises
    ------
    UsageError
        Where they are there: too many lines are skipped.
    """
    lines = LINE_END.sub(b"\n", above).decode(errors="replace").split("\n")[:MOST_LOOKED]
    for number, record in enumerate(lines):
        if any(fits(parse_record(record, each) or []) for each in delimiters):
            problem = f"{line}{header} does not name the columns that are needed, and line {number + 1} does"
            cure = f"choose --skip {number}" if number else "leave out --skip"
            raise UsageError(problem, f"{cure}; if another file needs it, remove the lines above the header there")


def _look_elsewhere(header: str, rest: bytes, line: str, skip: int, delimiters: Sequence[str], fits: Fits) -> None:
    """Look for the columns that are needed where spaces separate values, and in the lines below.

    Raises
    ------
    UsageError
        Where they are there: the cure names the flag.
    """
    below = LINE_END.sub(b"\n", rest).decode(errors="replace").split("\n")[:MOST_LOOKED]
    if " " in header.strip() and delimiters == CANDIDATES:
        _refuse_spaces(header, below, f"{line}{skip + 1}", fits)
    first = skip + 1 + header.count("\n") + 1
    for number, record in enumerate(below, first):
        if any(fits(parse_record(record, each) or []) for each in delimiters):
            problem = f"{line}{skip + 1} does not name the columns that are needed, and line {number} does"
            raise UsageError(problem, f"add --skip {number - 1}")


def _refuse_spaces(header: str, below: Sequence[str], place: str, fits: Fits) -> None:
    """Refuse a file whose values spaces separate."""
    names, rows = _cut_at_spaces(header), [_cut_at_spaces(each) for each in below if each.strip()]
    table = len(names) > 1 and rows and all(len(row) - len(names) in {0, 1} for row in rows[:-1] or rows)
    if not (fits(names) or (table and all(len(parse_record(header, each) or []) < _TWO for each in CANDIDATES))):
        return
    several = any("  " in each.strip() for each in (header, *below))
    if several:
        file = place.rpartition(" line ")[0]
        cure = f"make each run of spaces one: {_squeeze(file)}; then add --delimiter ' '"
        raise UsageError(f"{place}: several spaces separate the values, and a delimiter is one character", cure)
    raise UsageError(f"{place}: spaces separate the values", "add --delimiter ' '")


def _cut_at_spaces(record: str) -> list[str]:
    try:
        return next(csv.reader([record.strip()], delimiter=" ", skipinitialspace=True, strict=True), [])
    except csv.Error:
        return []


def _squeeze(name: str) -> str:
    files = "" if name.startswith("<") else f" < {shlex.quote(name)} > {shlex.quote('one-space-' + Path(name).name)}"
    return f"tr -s ' '{files}"


def _check_line_ends(data: bytes, name: str) -> None:
    """Refuse a line end up to that of the header, inside quotes too, that is not the header's: rows would be lost."""
    ends = [found[0] for found in LINE_END.finditer(data)]
    for number, end in enumerate(ends, 1):
        if end != ends[-1]:
            last, other = _NAMED_ENDS[ends[-1]], _NAMED_ENDS[end]
            problem = f"{name} mixes line ends: line {number} ends in {other}, line {len(ends)} in {last}"
            raise DataError(problem, line_ends_cure(name))


def line_ends_cure(name: str) -> str:
    """Return how to make line ends alike."""
    files = "" if name.startswith("<") else f" {shlex.quote(name)}"
    return f"make them alike, such as with: dos2unix{files}"


def _check_above(above: bytes, name: str, delimiter: str) -> None:
    """Refuse a quote in a line to skip that would run on into the lines below it."""
    for number, line in enumerate(LINE_END.split(above), 1):
        text = line.decode(errors="replace")
        if '"' in text and parse_record(text, delimiter) is None:
            problem = f"{name} line {number}, which is skipped, holds a quote that is not closed in it"
            raise DataError(problem, "remove the quote, or the line")


def _sample(data: bytes, delimiter: str) -> tuple[tuple[tuple[str, ...], ...], float]:
    """Return the records that the data hold whole, and their mean length."""
    whole = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    text = io.StringIO(whole.decode(errors="replace"), newline="")
    try:
        records = tuple(tuple(record) for record in csv.reader(text, delimiter=delimiter, strict=True) if record)
    except csv.Error:
        records = ()
    return records, len(whole) / len(records) if records else 0.0


def _count_lines(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
