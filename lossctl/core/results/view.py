"""What a report renders: the shapes every output format can rely on.

A result offers itself in four ways (`Reportable`), and a format picks the one it needs: machines get full
precision and every field, people get a `View` whose numbers the format may round. Imports the standard library and
NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from lossctl.core.system.fast_dataclass import dataclass

__all__ = [
    "Alike",
    "Brief",
    "Cell",
    "Change",
    "Column",
    "Columnar",
    "Field",
    "Repetitive",
    "Reportable",
    "Scalar",
    "Span",
    "View",
    "about",
    "finite_or_none",
    "flat",
    "listed",
    "rounded",
    "transposed",
]

Scalar = float | int | str | bool | None
"""A value in a table. ``None`` is missing and prints empty; a string may come from the data: formats escape it."""

Field = Sequence[Scalar] | npt.NDArray[np.float64] | npt.NDArray[np.int64]
"""A field of all rows. In an array NaN is missing."""


@dataclass(frozen=True, slots=True)
class Span:
    """Two ends that a person reads as one cell: ``[low, high]``."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Change:
    """A relative change, which a person reads as a percentage with its sign: ``+7.54%``."""

    share: float


@dataclass(frozen=True, slots=True)
class Brief:
    """A number of which a person wants a few digits, such as a p-value."""

    value: float


Cell = Scalar | Span | Change | Brief
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
        What it is, for formats that can show it: the main figure, a side figure, a verdict, or none of these.
    rank
        0 for a column that is always shown. Where a table is too wide for its terminal, the columns of the highest
        rank are left out first.
    wraps
        Whether its text may be broken at spaces: the header, and the cells where they are set left. Names are never
        broken.
    """

    header: str
    justify: Literal["left", "right"] = "left"
    style: Literal["plain", "main", "side", "verdict"] = "plain"
    rank: int = 0
    wraps: bool = False


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
    legend
        Lines above the notes, each with the header of the column that it explains.
    narrow
        Makes a table that says the same in a narrower way; ``None`` where there is none.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    narrow: Callable[[], View] | None = None

    def below(self, left_out: Collection[str] = ()) -> tuple[str, ...]:
        """Return the lines under the table, without those that explain a column that is left out.

        Examples
        --------
        >>> View((), (), notes=("p is adjusted",), legend=(("p", "p: of chance"),)).below({"p"})
        ('p is adjusted',)
        """
        return (*(text for header, text in self.legend if header not in left_out), *self.notes)


@runtime_checkable
class Reportable(Protocol):
    """A result that every output format can render."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document: fixed fields, full precision, ``None`` for what is missing or not finite."""

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return the entries of the JSON document, one a line of JSON lines."""

    def records(self) -> Sequence[Mapping[str, Scalar]]:
        """Return the entries as flat rows with the same keys each, for CSV."""

    def view(self) -> View:
        """Return the table for people."""

    def bare(self) -> Sequence[Scalar]:
        """Return the values alone."""


@runtime_checkable
class Columnar(Protocol):
    """A result that has its flat rows by column too."""

    def columns(self) -> Mapping[str, Field]:
        """Return the fields of `Reportable.records` by name, each of all rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Entries of a JSON document that differ in some of their fields alone.

    Parameters
    ----------
    places
        Which entries of the document they are, counted from 0.
    pattern
        One of them.
    fields
        By the names that lead to a field which differs, its values. In an array what is not finite is missing.
    """

    places: Sequence[int]
    pattern: Mapping[str, Any]
    fields: Mapping[tuple[str, ...], Field]


@runtime_checkable
class Repetitive(Protocol):
    """A result of many entries that knows what they have in common."""

    def alike(self) -> Sequence[Alike]:
        """Return the entries of `Reportable.items`; none where they are better taken from there."""

    def document(self, entries: Sequence[Any]) -> dict[str, Any]:
        """Return the JSON document of `Reportable.to_dict` with other entries."""


def listed(values: Field) -> list[Scalar]:
    """Return a field of all rows as the values of `Reportable.records`.

    Examples
    --------
    >>> listed(np.array([1.5, np.nan])), listed((1, "a"))
    ([1.5, None], [1, 'a'])
    """
    if not isinstance(values, np.ndarray):
        return [*values]
    found: list[Scalar] = values.tolist()
    for place in np.flatnonzero(np.isnan(values)).tolist():
        found[place] = None
    return found


def transposed(records: Sequence[Mapping[str, Scalar]]) -> dict[str, list[Scalar]]:
    """Return by name the fields of flat rows, in the order they are met; ``None`` where a row has none.

    Examples
    --------
    >>> transposed([{"a": 1, "b": 2}, {"a": 3, "c": 4}])
    {'a': [1, 3], 'b': [2, None], 'c': [None, 4]}
    """
    names: dict[str, None] = {}
    last: list[str] = []
    for record in records:
        met = list(record)
        if met != last:  # mostly they are the same
            names.update(dict.fromkeys(met))
            last = met
    return {name: [record.get(name) for record in records] for name in names}


def finite_or_none(value: float | None) -> float | None:
    """Return a number that JSON can hold: a NaN or an infinity becomes ``None``."""
    return value if value is not None and math.isfinite(value) else None


def about(count: int) -> str:
    """Write a count that is an estimate with two digits, as people read it.

    Examples
    --------
    >>> about(1279), about(96), about(9_951)
    ('about 1,300', 'about 96', 'about 10,000')
    """
    return f"about {rounded(count)}"


def rounded(count: int) -> str:
    """Write a count that is an estimate with two digits.

    Examples
    --------
    >>> rounded(1279)
    '1,300'
    """
    return f"{int(float(f'{count:.1e}')):,}"


def _typed(value: Any) -> str:
    """Write a parameter as it is typed: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def flat(document: Mapping[str, Any], nested: Mapping[str, Sequence[str]]) -> dict[str, Scalar]:
    """Return a JSON object as one flat row, with the same keys whatever is missing.

    Parameters
    ----------
    document
        The object.
    nested
        Its fields that hold an object of fixed keys, or ``None``, and those keys: they are joined by a dot. Any other
        object is written ``key=value;key=value``.

    Examples
    --------
    >>> flat({"loss": "huber", "params": {"delta": 1.0}, "ci": None}, {"ci": ("low", "high")})
    {'loss': 'huber', 'params': 'delta=1.0', 'ci.low': None, 'ci.high': None}
    >>> flat({"params": {"full": True, "base": "e"}}, {})
    {'params': 'full=true;base=e'}
    """
    row: dict[str, Scalar] = {}
    for name, value in document.items():
        if isinstance(value, (str, int, float)):  # asking for a mapping takes longer, and long tables ask often
            row[name] = value
        elif name in nested:
            row.update({f"{name}.{key}": None if value is None else value[key] for key in nested[name]})
        elif isinstance(value, Mapping):
            row[name] = ";".join(f"{key}={_typed(each)}" for key, each in value.items())
        else:
            row[name] = value
    return row
