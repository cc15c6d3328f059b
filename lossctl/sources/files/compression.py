"""Compressed files as streams of bytes, and whether they are whole.

DuckDB decompresses fast but trusts too much: measured with 2.0, a gzip file with a broken block gave fewer rows and
no error, a wrong checksum went unseen, and so did a cut zstd file. So lossctl reads a compressed file a second
time, beside DuckDB, only to check it. Imports the standard library, `backports.zstd` before Python 3.14, and core.
"""

from __future__ import annotations

import gzip
import importlib
import re
import sys
import zlib
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from lossctl.core.errors import DataError

if TYPE_CHECKING:
    from threading import Event
    from types import ModuleType

__all__ = [
    "Compression",
    "damage_of",
    "damaged",
    "long_end",
    "open_bytes",
    "settle_compression",
    "too_long",
    "verify",
]

CHUNK = 1 << 20
LONGEST = 2_000_000
"""How many bytes a line of text may have: DuckDB's own limit."""


class Compression(StrEnum):
    """How a file is compressed, in DuckDB's words."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


MAGIC = {Compression.GZIP: b"\x1f\x8b", Compression.ZSTD: b"\x28\xb5\x2f\xfd"}
SUFFIXES = {".gz": Compression.GZIP, ".zst": Compression.ZSTD}


def settle_compression(path: str, name: str) -> Compression:
    """Return how a file is compressed: by its first bytes, which its extension must not deny.

    Raises
    ------
    DataError
        Where the file is called ``.gz`` or ``.zst`` and is not.
    """
    with Path(path).open("rb") as stream:
        start = stream.read(4)
    found = next((each for each, magic in MAGIC.items() if start.startswith(magic)), Compression.NONE)
    promised = SUFFIXES.get(Path(name).suffix.lower())
    if promised is not None and found is not promised and start:
        raise DataError(f"{name} is not {promised} data", "check the download, or rename the file if it is plain")
    return found


def open_bytes(path: str, compression: Compression) -> IO[bytes]:
    """Open the decompressed bytes of a file."""
    if compression is Compression.GZIP:
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if compression is Compression.ZSTD:
        return cast("IO[bytes]", _zstd().open(path, "rb"))
    return Path(path).open("rb")


def verify(path: str, name: str, compression: Compression, stop: Event | None = None, *, lines: bool = False) -> None:
    """Read a compressed file to its end, or until `stop` is set, to see that it is whole.

    Parameters
    ----------
    path, name, compression, stop
        The file, and when to give up.
    lines
        Whether to refuse a line of more than `LONGEST`, of which DuckDB may pass over the last without a word.

    Raises
    ------
    DataError
        Where it is cut short or damaged, or such a line is in it.
    """
    if compression is Compression.NONE:
        return
    try:
        with closing(open_bytes(path, compression)) as stream:
            run = 0
            while (chunk := stream.read(CHUNK)) and not (stop is not None and stop.is_set()):
                if not lines:
                    continue
                last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
                if run + CHUNK > LONGEST and run + len(re.split(rb"[\r\n]", chunk, maxsplit=1)[0]) > LONGEST:
                    raise too_long(f"{name}: a line")
                run = run + len(chunk) if last < 0 else len(chunk) - last - 1
    except damage_of(compression) as error:
        raise damaged(name, compression, error) from error


def long_end(path: str) -> int | None:
    """Return a place within the last line of a plain text file where that is longer than `LONGEST`, else ``None``.

    DuckDB 2.0 refuses long lines within a file, and gives no row and no error for a last one of more than 32 MB.
    """
    size = Path(path).stat().st_size
    if size <= LONGEST:
        return None
    with Path(path).open("rb") as stream:
        for length in (1 << 12, LONGEST + 1):
            stream.seek(size - length)
            end = stream.read(length).rstrip(b"\r\n")
            if b"\n" in end or b"\r" in end or not end:
                return None
    return size - length


def too_long(place: str) -> DataError:
    """Return the error for a line of text that is too long to be one."""
    return DataError(f"{place} is longer than 2 MB", "check its quotes and line ends")


def damage_of(compression: Compression) -> tuple[type[Exception], ...]:
    """Return the exceptions that reading a damaged file raises."""
    if compression is Compression.ZSTD:
        return (EOFError, cast("type[Exception]", _zstd().ZstdError))
    return (EOFError, zlib.error, gzip.BadGzipFile) if compression is Compression.GZIP else ()


def _zstd() -> ModuleType:
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def damaged(name: str, compression: Compression, error: Exception) -> DataError:
    """Return the error for a compressed file that is not whole."""
    how = "is cut short" if isinstance(error, EOFError) else f"is damaged ({error})"
    return DataError(f"{name} {how}: its {compression} data do not decompress", "copy or download it again")
