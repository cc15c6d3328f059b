"""A text file read record by record in Python: slow, and so only for messages and the rows they name.

Imports the standard library and core.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

from lossctl.sources.compression import Compression, open_bytes
from lossctl.sources.dialect import Dialect

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["Lines", "line_at", "mixed_line_ends", "record_at", "text_lines"]

CHUNK = 1 << 20
csv.field_size_limit(1 << 31 - 1)

Lines = Generator[tuple[int, str]]


def record_at(path: str, compression: Compression, dialect: Dialect, row: int) -> tuple[int, list[str]] | None:
    """Give the physical line and the values of a record, counted from 0 after the header; ``None``: there is none."""
    with closing(open_bytes(path, compression)) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="backslashreplace", newline="")
        reader = csv.reader(text, delimiter=dialect.delimiter)
        blank_counts = len(dialect.names) == 1
        return next(islice(_records(reader, blank_counts=blank_counts, skip=dialect.skip), row + 1, None), None)


def _records(reader: Reader, *, blank_counts: bool, skip: int) -> Iterator[tuple[int, list[str]]]:
    before = 0
    for record in reader:
        line = before + 1
        before = reader.line_num
        if record or (blank_counts and line > skip):
            yield line, record or [""]


def text_lines(path: str, compression: Compression) -> Lines:
    """Give every line of a file that is not blank, with its number from 1."""
    with closing(open_bytes(path, compression)) as stream:
        for number, line in enumerate(stream, 1):
            text = line.decode(errors="surrogateescape")
            if text.strip():
                yield number, text


def line_at(path: str, compression: Compression, offset: int) -> tuple[int, bytes]:
    """Give the physical line of the first record at or after a byte, and the bytes that follow there."""
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


def mixed_line_ends(path: str, compression: Compression) -> tuple[tuple[int, str], tuple[int, str]] | None:
    """Give the first line, and the first line that ends in another way, each with its end; ``None``: all are alike."""
    names = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}
    first: tuple[int, str] | None = None
    with closing(open_bytes(path, compression)) as stream:
        text = io.TextIOWrapper(stream, encoding="latin-1", newline="")
        for number, line in enumerate(text, 1):
            end = "\r\n" if line.endswith("\r\n") else line[-1:]
            if end in names:
                first = first or (number, names[end])
                if names[end] != first[1]:
                    return first, (number, names[end])
    return None
