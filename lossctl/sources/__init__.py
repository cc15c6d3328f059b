"""Where rows come from: files, streams and frames, read by DuckDB into batches of NumPy columns. Imports core alone.

Importing this package is cheap: DuckDB is loaded when a source is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.sources.open import open_source, shared_file, size_of, split_label
from lossctl.sources.options import ColumnType, ReadOptions
from lossctl.sources.place import Place

if TYPE_CHECKING:
    from lossctl.sources.slices import Slices
    from lossctl.sources.source import Source

__all__ = [
    "ColumnType",
    "Place",
    "ReadOptions",
    "Slices",
    "Source",
    "open_source",
    "shared_file",
    "size_of",
    "split_label",
]


def __getattr__(name: str) -> object:
    if name == "Source":
        from lossctl.sources.source import Source

        return Source
    if name == "Slices":
        from lossctl.sources.slices import Slices

        return Slices
    raise AttributeError(name)
