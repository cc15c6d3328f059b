"""How a source is to be read, and what its columns hold. Imports the standard library only."""

from __future__ import annotations

from enum import StrEnum

from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["ColumnType", "ReadOptions"]


class ColumnType(StrEnum):
    """What a column holds, as far as it is known before its values are read."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    NUMBERS = "numbers"
    """A list or array of numbers in each row."""
    UNKNOWN = "unknown"
    """Text that may stand for a number: settled when it is read as one."""
    OTHER = "other"
    """Dates, structures, bytes: nothing a loss can use."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read what the user names.

    Parameters
    ----------
    delimiter
        What stands between the values of a text file; ``None``: by extension, else the one of ``, ; tab |`` whose
        header yields the columns needed.
    decimal
        The decimal sign of numbers in a text file: ``.`` or ``,``.
    null
        Texts that mark a missing value, beside the empty field.
    skip
        Lines of a text file to pass over before its header.
    threads
        Threads to read with; ``None``: all cores.
    format
        ``csv``, ``tsv``, ``jsonl`` or ``parquet``; ``None``: by extension and content.
    """

    delimiter: str | None = None
    decimal: str = "."
    null: tuple[str, ...] = ()
    skip: int = 0
    threads: int | None = None
    format: str | None = None
