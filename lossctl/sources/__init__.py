"""Where rows come from: files, streams and frames, read by DuckDB into batches of NumPy columns. Imports core alone.

Importing this package is cheap: DuckDB is loaded when a source is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.sources.duck.place import Place
from lossctl.sources.files.options import ColumnType, ReadOptions
from lossctl.sources.query.open import open_source, shared_file, size_of, split_label

if TYPE_CHECKING:
    from lossctl.sources.query.slicing import Slices
    from lossctl.sources.query.source import Source

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
        from lossctl.sources.query.source import Source

        return Source
    if name == "Slices":
        from lossctl.sources.query.slicing import Slices

        return Slices
    raise AttributeError(name)
