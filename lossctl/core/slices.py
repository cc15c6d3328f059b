"""What a slice is called: in messages, in tables and in flat rows. Imports core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lossctl.core.view import Scalar

__all__ = ["Slice", "slice_cells", "slice_columns", "slice_fields", "slice_text"]

Slice = Mapping[str, str | None]
"""The value of each column that slices, as a text; ``None`` where it is missing. Without columns: the whole."""

_WHOLE, _MISSING = "(all)", "(missing)"


def slice_text(values: Slice) -> str:
    """Name a slice in a line; the whole is empty.

    Examples
    --------
    >>> slice_text({"sex": "f", "age": None})
    'sex=f;age missing'
    """
    return ";".join(f"{name} missing" if value is None else f"{name}={value}" for name, value in values.items())


def slice_columns(slices: Iterable[Slice]) -> tuple[str, ...]:
    """Give the columns that slice, in order; none where there is only the whole.

    Examples
    --------
    >>> slice_columns([{}, {"sex": "f"}, {"sex": "m"}])
    ('sex',)
    """
    return next((tuple(each) for each in slices if each), ())


def slice_fields(values: Slice, columns: Iterable[str]) -> dict[str, Scalar]:
    """Give the fields of a flat row: the slice in a line, and each column; those of the whole are empty.

    Examples
    --------
    >>> slice_fields({"sex": "f"}, ["sex"])
    {'slice': 'sex=f', 'slice.sex': 'f'}
    """
    return {"slice": slice_text(values), **{f"slice.{name}": values.get(name) for name in columns}}


def slice_cells(values: Slice, columns: Iterable[str]) -> tuple[str, ...]:
    """Give the cells of a table for people, one a column.

    Examples
    --------
    >>> slice_cells({}, ["sex"]), slice_cells({"sex": None}, ["sex"])
    (('(all)',), ('(missing)',))
    """
    if not values:
        return tuple(_WHOLE for _ in columns)
    return tuple(values[name] or (_MISSING if values[name] is None else "") for name in columns)
