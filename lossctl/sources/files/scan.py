"""A text file read record by record in Python: slow, and so only for messages and the rows they name.

Imports the standard library and core.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from typing import IO, TYPE_CHECKING

from lossctl.sources.files.compression import Compression, open_bytes
from lossctl.sources.files.dialect import LINE_END, Dialect

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["Lines", "first_stray_quote", "line_at", "mixed_line_ends", "record_at", "text_lines"]

CHUNK = 1 << 20
csv.field_size_limit(1 << 31 - 1)

Lines = Generator[tuple[int, str]]


def record_at(path: str, compression: Compression, dialect: Dialect, row: int) -> tuple[int, list[str]] | None:
    """Return the physical line and the values of a record, counted from 0 after the header; ``None``: there is none."""
    with closing(open_bytes(path, compression)) as stream:
        pass_lines(stream, dialect.skip)
        lines = _skip_plain(stream, row)
        encoding = "utf-8" if lines or dialect.skip else "utf-8-sig"
        text = io.TextIOWrapper(stream, encoding=encoding, errors="backslashreplace", newline="")
        records = _records(csv.reader(text, delimiter=dialect.delimiter), blank_counts=len(dialect.names) == 1)
        found = next(islice(records, row + 1 - lines, None), None)
        return None if found is None else (found[0] + lines + dialect.skip, found[1])


def pass_lines(stream: IO[bytes], count: int) -> None:
    """Pass over so many physical lines at the start of a stream."""
    data, position = b"", 0
    while count:
        more = stream.read(CHUNK)
        data += more
        ends = [found.end() for found in islice(LINE_END.finditer(data), count)]
        if (len(ends) == count and ends[-1] < len(data)) or not more:
            position = ends[-1] if len(ends) == count else len(data)
            break
    stream.seek(position)


def _skip_plain(stream: IO[bytes], most: int) -> int:
    """Pass over whole chunks in which each line is a record, and say how many lines those were."""
    lines = 0
    while True:
        start = stream.tell()
        chunk = stream.read(CHUNK) + stream.readline()
        count = chunk.count(b"\n")
        odd = b'"' in chunk or b"\r" in chunk or b"\n\n" in chunk or chunk.startswith(b"\n")
        if odd or not chunk or lines + count > most:
            stream.seek(start)
            return lines
        lines += count


def _records(reader: Reader, *, blank_counts: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its first line; a blank line is one where a column alone may be empty."""
    before = 0
    for record in reader:
        line = before + 1
        before = reader.line_num
        if record or blank_counts:
            yield line, record or [""]


def first_stray_quote(path: str, compression: Compression, dialect: Dialect) -> int | None:
    """Return the line of the first record whose quotes are wrong; ``None``: there is none."""
    with closing(open_bytes(path, compression)) as stream:
        pass_lines(stream, dialect.skip)
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="backslashreplace", newline="")
        reader = csv.reader(text, delimiter=dialect.delimiter, strict=True)
        line = 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error:
            return line + dialect.skip
    return None


def text_lines(path: str, compression: Compression) -> Lines:
    """Yield every line of a file that is not blank, with its number from 1."""
    with closing(open_bytes(path, compression)) as stream:
        for number, line in enumerate(stream, 1):
            text = line.decode(errors="surrogateescape").removeprefix("\ufeff" if number == 1 else "")
            if text.strip():
                yield number, text


def line_at(path: str, compression: Compression, offset: int) -> tuple[int, bytes]:
    """Return the physical line of the first record at or after a byte, and the bytes that follow there."""
    with closing(open_bytes(path, compression)) as stream:
        feeds, returns, pairs, position, last = 0, 0, 0, 0, b""
        while position < offset:
            chunk = stream.read(min(CHUNK, offset - position))
            if not chunk:
                break
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            position, last = position + len(chunk), chunk[-1:]
        rest = stream.read(CHUNK)
    text = rest.lstrip(b"\r\n")
    blank = rest[: len(rest) - len(text)]
    ends = feeds + returns - pairs + blank.count(b"\n") + blank.count(b"\r") - (last + blank).count(b"\r\n")
    return ends + 1, text


def mixed_line_ends(
    path: str, compression: Compression, until: int | None = None
) -> tuple[tuple[int, str], tuple[int, str]] | None:
    """Return the first line, and the first line that ends in another way, each with its end; ``None``: all are alike.

    The lines after `until` are not looked at. Line ends inside quotes belong to a value and do not count.
    """
    names = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}
    first: tuple[int, str] | None = None
    with closing(open_bytes(path, compression)) as stream:
        text = io.TextIOWrapper(stream, encoding="latin-1", newline="")
        inside = False
        for number, line in enumerate(islice(text, until), 1):
            inside ^= line.count('"') % 2 == 1
            end = "\r\n" if line.endswith("\r\n") else line[-1:]
            if end in names and not inside:
                first = first or (number, names[end])
                if names[end] != first[1]:
                    return first, (number, names[end])
    return None
