"""`lossctl eval --per-row`: where the losses of rows go, and as what. May import the api and core."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from lossctl import api
from lossctl.api.rows import ROW_FORMATS, RowStream, open_rows
from lossctl.cli.output import Destination, Outcome, cannot_write, format_of
from lossctl.cli.progress import progress
from lossctl.core.errors import UsageError
from lossctl.core.system.atomic_file import replacing
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["ROW_FORMATS", "RowDestination", "per_row"]


@dataclass(frozen=True, slots=True)
class RowDestination:
    """Where rows go.

    Parameters
    ----------
    kind
        One of `ROW_FORMATS`.
    gzip
        Whether to compress text.
    file
        Takes the place of standard output.
    """

    kind: str
    gzip: bool = False
    file: Path | None = None

    @classmethod
    def of(cls, format_name: str | None, file: Path | None) -> RowDestination:
        """Read the options as typed: the format is that of the file's name, else the one named, else CSV.

        Raises
        ------
        UsageError
            Where the format is none of rows, or another than the file's name says.

        Examples
        --------
        >>> RowDestination.of(None, Path("rows.tsv.gz"))
        RowDestination(kind='tsv', gzip=True, file=PosixPath('rows.tsv.gz'))
        """
        if format_name is not None and format_name not in ROW_FORMATS:
            raise UsageError(f"--per-row prints no {format_name}", f"choose one of {', '.join(ROW_FORMATS)}")
        if file is None:
            if format_name == "parquet":
                raise UsageError("Parquet can't be printed", "name a file: -o rows.parquet")
            return cls(format_name or "csv")
        gzip = file.suffix.lower() == ".gz"
        kind = format_of(file.with_suffix("") if gzip else file, format_name, ROW_FORMATS)
        if kind is None:
            cure = "end it in .csv, .tsv, .jsonl or .parquet, or say which with --format"
            raise UsageError(f"{file}: its name does not say which format rows are to be written in", cure)
        if gzip and kind == "parquet":
            raise UsageError(f"{file}: Parquet compresses inside", "leave out .gz")
        return cls(kind, gzip, file)

    def write(self, rows: RowStream) -> None:
        """Write all rows."""
        if self.file is None:
            try:
                rows.write(self.kind, _standard_output())
            except BrokenPipeError:
                raise
            except OSError as error:
                raise cannot_write("standard output", error) from error
            return
        try:
            if self.file.exists() and not self.file.is_file():  # a device or a pipe
                with self.file.open("wb") as stream:
                    rows.write(self.kind, stream, gzip=self.gzip)
                return
            with replacing(self.file) as name:
                rows.write(self.kind, name, gzip=self.gzip)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot_write(self.file, error) from error


def _standard_output() -> BinaryIO:
    """Return where bytes are printed; a stream that takes text alone, as where output is caught, is fed that."""
    stream: BinaryIO | None = getattr(sys.stdout, "buffer", None)
    return cast("BinaryIO", _Decoded()) if stream is None else stream


class _Decoded:
    """Prints bytes as text, cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, data: bytes) -> None:
        sys.stdout.write(self._decoder.decode(data))

    def flush(self) -> None:
        sys.stdout.flush()


def per_row(
    sources: Sequence[str],
    selection: api.Selection,
    destination: Destination,
    to: RowDestination,
    reading: Any,
    *,
    quiet: bool = False,
) -> Outcome:
    """Check the rows, and hand on what writes them."""
    with progress(quiet=quiet) as on_progress:
        rows = open_rows(list(sources), selection, on_progress=on_progress, **reading)

    def stream() -> None:
        with rows:
            to.write(rows)

    return Outcome(None, destination, rows.notices, stream=stream, quiet=quiet)
