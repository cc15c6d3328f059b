"""From what the user names (a path, a glob, ``-``, a frame) to a `Source`.

Imports the standard library and core; duckdb only once a source is opened.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lossctl.core.errors import DataError, UsageError
from lossctl.core.system.input_files import note_input, note_listing
from lossctl.core.system.shutdown import remember
from lossctl.sources.files.options import ReadOptions
from lossctl.sources.files.revision import file_named, is_revision, open_revision
from lossctl.sources.query.background import Beside

if TYPE_CHECKING:
    import duckdb

    from lossctl.sources.files.dialect import Fits
    from lossctl.sources.files.piece import Piece
    from lossctl.sources.query.source import Source

__all__ = ["open_source", "shared_file", "size_of", "split_label"]

FORMATS = ("csv", "tsv", "jsonl", "parquet")
EXTENSIONS = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
}
MOST_NEAR = 3


def open_source(source: object, options: ReadOptions | None = None, *, fits: Fits | None = None) -> Source:
    """Open what the user names.

    Parameters
    ----------
    source
        A path; a glob, for the rows of all its files; ``git:REVISION:PATH``; ``-`` for standard input; a pandas,
        Polars or Arrow frame; a dict of NumPy arrays.
    options
        How to read it.
    fits
        Says of the names in a header whether they yield the columns needed: settles the delimiter of a text file.

    Raises
    ------
    UsageError
        Where the options or the kind of source are wrong.
    DataError
        Where there is no such file, or it cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> with open_source({"target": np.array([1.0, 2.0]), "prediction": np.array([1.5, 2.0])}) as opened:
    ...     [batch.columns["prediction"].tolist() for batch in opened.read(["prediction"])]
    [[1.5, 2.0]]
    """
    chosen = options or ReadOptions()
    if chosen.format is not None and chosen.format not in FORMATS:
        raise UsageError(f"no format is called {chosen.format!r}", f"choose one of {', '.join(FORMATS)}")
    if chosen.threads is not None and chosen.threads < 1:
        raise UsageError(f"{chosen.threads} threads cannot read", "give at least 1")
    if not isinstance(source, str | os.PathLike):
        return _open_frame(source, chosen)
    named = file_named(source)
    if not named:
        raise UsageError("a source has an empty name", "name a file, or - for standard input")
    if named == "-":
        if sys.stdin is None:
            raise DataError("standard input is closed", "name a file")
        return _open_stream(sys.stdin.buffer, "<stdin>", chosen, fits)
    if is_revision(named):
        with open_revision(named) as stream:
            return _open_stream(stream, named, chosen, fits)
    if _is_stream(named):
        with Path(named).open("rb") as stream:
            return _open_stream(stream, named, chosen, fits)
    return _open_files(named, [(path, path) for path in _noted(named)], chosen, fits, None)


def split_label(text: str) -> tuple[str | None, str]:
    """Cut ``label=path`` into its two parts; a path or glob that names files as it stands is never cut.

    Examples
    --------
    >>> split_label("ridge=ridge.csv"), split_label("ridge.csv"), split_label("runs/day=1.parquet")
    (('ridge', 'ridge.csv'), (None, 'ridge.csv'), (None, 'runs/day=1.parquet'))
    """
    label, _, path = text.partition("=")
    names_files = Path(text).exists() or any(glob.iglob(text, recursive=True))  # noqa: PTH207 -- a pattern, not a path
    return (None, text) if not (label and path) or "/" in label or names_files else (label, path)


def size_of(source: object) -> int:
    """Return the bytes of the files a source stands for; 0 where there are none, as of frames and streams."""
    if not isinstance(source, (str, os.PathLike)):
        return 0
    named = file_named(source)
    try:
        paths = [named] if Path(named).exists() else glob.glob(named, recursive=True)  # noqa: PTH207 -- a pattern
        return sum(Path(path).stat().st_size for path in paths)
    except (OSError, ValueError):  # opening it will say what is wrong
        return 0


def shared_file(one: object, other: object) -> str | None:
    """Return a file that two sources both stand for, by whatever names, links or globs; ``None``: there is none."""
    if not all(isinstance(each, (str, os.PathLike)) for each in (one, other)):
        return None
    names = [file_named(each) for each in (one, other) if isinstance(each, (str, os.PathLike))]
    if names[0] == names[1]:
        return names[0]
    here = _identities(names[1])
    return next((path for own, path in _identities(names[0]).items() if own in here), None)


def _identities(named: str) -> dict[tuple[int, int], str]:
    """Return the device and inode of each file that a path or a glob stands for."""
    found = {}
    try:
        for path in [named] if Path(named).exists() else _matches(named):
            state = Path(path).stat()
            if stat.S_ISREG(state.st_mode) and not is_revision(named):
                found[state.st_dev, state.st_ino] = path
    except (OSError, ValueError):  # opening it will say what is wrong
        return {}
    return found


def _open_frame(source: object, options: ReadOptions) -> Source:
    from lossctl.sources.duck.database import connect, disconnect
    from lossctl.sources.files.frame import open_frame
    from lossctl.sources.query.source import Source

    with ExitStack() as stack:
        connection = connect([], options.threads)
        stack.callback(disconnect, connection)
        piece = open_frame(source, "<frame>", connection)
        stack.pop_all()
        return Source("<frame>", [piece], connection)


def _is_stream(named: str) -> bool:
    """Return whether a path is a pipe or a device, which can be read once: ``<(command)``, a FIFO."""
    try:
        mode = Path(named).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _open_stream(stream: BinaryIO, name: str, options: ReadOptions, fits: Fits | None) -> Source:
    with ExitStack() as stack:
        path, remove = _spool(stream)
        stack.callback(remove)
        opened = _open_files(name, [(path, name)], options, fits, remove)
        stack.pop_all()
        return opened


def _open_files(
    name: str,
    files: list[tuple[str, str]],
    options: ReadOptions,
    fits: Fits | None,
    on_close: Callable[[], object] | None,
) -> Source:
    from lossctl.sources.duck.database import connect, disconnect

    placed = [(os.path.abspath(path), shown) for path, shown in files]  # noqa: PTH100 -- keep /proc/self/fd as it is
    for path, shown in placed:
        _check_readable(path, shown)
    with ExitStack() as stack:
        connecting = Beside(lambda: connect([path for path, _ in placed], options.threads))
        from lossctl.sources.query.source import Source  # loads while DuckDB starts: together a tenth of a small run

        connection = connecting.result()
        stack.callback(disconnect, connection)
        pieces = [_open_file(path, shown, options, fits, connection) for path, shown in placed]
        opened = Source(name, pieces, connection, on_close)
        stack.pop_all()
        return opened


def _open_file(
    path: str,
    name: str,
    options: ReadOptions,
    fits: Fits | None,
    connection: duckdb.DuckDBPyConnection,
) -> Piece:
    kind = options.format or _format_of(path, name)
    if kind == "parquet":
        from lossctl.sources.files.parquet import open_parquet

        return open_parquet(path, name, connection)
    if kind == "jsonl":
        from lossctl.sources.files.jsonl import open_jsonl

        return open_jsonl(path, name, options.null)
    from lossctl.sources.files.text import open_text

    return open_text(path, name, options, fits, tabs=kind == "tsv")


def _format_of(path: str, name: str) -> str:
    """Settle the format: Parquet by its first bytes, others by extension, else by the first character."""
    from lossctl.sources.files.compression import Compression, damage_of, damaged, open_bytes, settle_compression

    compression = settle_compression(path, name)
    try:
        with open_bytes(path, compression) as stream:
            start = stream.read(64)
    except damage_of(compression) as error:
        raise damaged(name, compression, error) from error
    if start.startswith(b"PAR1"):
        if compression is not Compression.NONE:
            raise DataError(f"{name} is a compressed Parquet file", "decompress it first: Parquet compresses inside")
        return "parquet"
    suffixes = [each.lower() for each in Path(name).suffixes if each.lower() not in {".gz", ".zst"}]
    if suffixes and suffixes[-1] in EXTENSIONS:
        return EXTENSIONS[suffixes[-1]]
    return "jsonl" if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def _expand(named: str) -> list[str]:
    """Return the files a path or a glob stands for; a file that exists is itself, whatever signs its name holds."""
    try:
        named.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the file name {named!a} is not UTF-8", "rename the file") from error
    if url := re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", named):
        if url[1].lower() == "file":
            raise UsageError(f"{named} is a URL, and only paths are read", "name its path, without file://")
        cure = "download it first" + (", such as with: curl -O" if url[1].lower() in {"http", "https", "ftp"} else "")
        raise UsageError(f"{named} is remote, and only files are read", cure)
    if Path(named).exists() or not glob.has_magic(named):
        return [named]
    found = _matches(named)
    if not found:
        raise DataError(f"no file matches {named}", "check the pattern, and quote it so that the shell leaves it alone")
    return found


def _noted(named: str) -> list[str]:
    """Expand a path or a glob, and note the files: they must not change until the run ends."""
    paths = _expand(named)
    for path in paths:
        note_input(path, path)
    if paths != [named]:
        note_listing(named, paths, partial(_matches, named))
    return paths


def _matches(pattern: str) -> list[str]:
    matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 -- Path.glob takes no absolute pattern
    return sorted(path for path in matches if Path(path).is_file())


def _check_readable(path: str, name: str) -> None:
    place = Path(path)
    if place.is_dir():
        raise DataError(f"{name} is a directory", f"name its files, such as with: '{name.rstrip('/')}/*.csv'")
    try:
        with place.open("rb"):
            return
    except FileNotFoundError:
        if place.is_symlink():
            problem = f"{name} is a link to {place.readlink()}, which is not there"
            raise DataError(problem, "mend the link, or name the file") from None
        from lossctl.core.names import nearest, one_of

        folder = place.parent
        beside = [each.name for each in folder.iterdir()] if folder.is_dir() else []
        same = sorted(each for each in beside if Path(each).stem.split(".")[0] == place.stem.split(".")[0])
        near = nearest(place.name, beside) or same[:MOST_NEAR]
        cure = (
            f"did you mean {one_of([str(Path(name).with_name(each)) for each in near])}?" if near else "check the path"
        )
        raise DataError(f"there is no file {name}", cure) from None
    except OSError as error:
        cure = "check its permissions" if isinstance(error, PermissionError) else "check the path"
        raise DataError(f"{name} cannot be read: {error.strerror}", cure) from error


def _spool(stream: BinaryIO) -> tuple[str, Callable[[], None]]:
    """Copy a stream to a temporary file: it is read more than once, and Parquet from its end.

    Where the system allows, the file has no name from the start, so that nothing is left behind however lossctl ends.
    """
    # /proc/self/fd names even a file that has no name
    nameless = Path("/proc/self/fd").is_dir()
    file = (tempfile.TemporaryFile if nameless else tempfile.NamedTemporaryFile)(prefix="lossctl-")
    try:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
    except OSError as error:
        file.close()
        problem = f"a stream cannot be kept in {tempfile.gettempdir()}: {error.strerror}"
        raise DataError(problem, "set TMPDIR to a folder with room") from error
    except BaseException:
        file.close()
        raise
    if nameless:
        return f"/proc/self/fd/{file.fileno()}", file.close
    remember(file.name)
    return file.name, file.close
