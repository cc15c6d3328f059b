"""What a report renders: the shapes every output format can rely on.

A result offers itself in four ways (`Reportable`), and a format picks the one it needs: machines get full
precision and every field, people get a `View` whose numbers the format may round. Imports the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

__all__ = ["Cell", "Column", "Reportable", "Scalar", "Span", "View", "finite_or_none"]

Scalar = float | int | str | bool | None
"""A value in a table. ``None`` is missing and prints empty; a string may come from the data: formats escape it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Two ends that a person reads as one cell: ``[low, high]``."""

    low: float
    high: float


Cell = Scalar | Span
"""What may stand in a cell of a `View`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a `View`.

    Parameters
    ----------
    header
        What stands above it.
    justify
        Numbers right, words left.
    style
        What it is, for formats that can show it: the main figure, a side figure, or neither.
    """

    header: str
    justify: Literal["left", "right"] = "left"
    style: Literal["plain", "main", "side"] = "plain"


@dataclass(frozen=True, slots=True)
class View:
    """A table for people.

    Parameters
    ----------
    columns
        Its columns.
    rows
        Its rows, each as long as `columns`.
    title
        What it shows, in a line; empty for none.
    notes
        Lines under the table.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()


@runtime_checkable
class Reportable(Protocol):
    """A result that every output format can render."""

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON document: fixed fields, full precision, ``None`` for what is missing or not finite."""

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Give the entries of the JSON document, one a line of JSON lines."""

    def records(self) -> Sequence[Mapping[str, Scalar]]:
        """Give the entries as flat rows with the same keys each, for CSV."""

    def view(self) -> View:
        """Give the table for people."""

    def bare(self) -> Sequence[Scalar]:
        """Give the values alone."""


def finite_or_none(value: float | None) -> float | None:
    """Give a number that JSON can hold: a NaN or an infinity becomes ``None``."""
    return value if value is not None and math.isfinite(value) else None
