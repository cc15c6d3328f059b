"""What a slice is called: in messages, in tables and in flat rows. Imports core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lossctl.core.results.view import Scalar

__all__ = [
    "Slice",
    "decided_line",
    "few_line",
    "few_units",
    "of_slices",
    "slice_cells",
    "slice_columns",
    "slice_fields",
    "slice_text",
    "slice_texts",
]

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


def slice_texts(columns: Mapping[str, Sequence[str | None]]) -> list[str]:
    """Name many slices, given the values of each column that slices.

    Examples
    --------
    >>> slice_texts({"sex": ["f", "m"], "age": [None, "7"]})
    ['sex=f;age missing', 'sex=m;age=7']
    """
    parts = [
        [f"{name} missing" if value is None else f"{name}={value}" for value in values]
        for name, values in columns.items()
    ]
    return parts[0] if len(parts) == 1 else [";".join(each) for each in zip(*parts, strict=True)]


def of_slices(what: str, slices: Iterable[Slice]) -> str:
    """Return the words that something is of some slices: how many there are, each counted once, and the first.

    Examples
    --------
    >>> of_slices("wmape", [{"sex": "f"}]), of_slices("wmape", [{"sex": "m"}, {"sex": "f"}, {"sex": "m"}])
    ('wmape of 1 slice (first: sex=f)', 'wmape of 2 slices (first: sex=m)')
    """
    names = list(dict.fromkeys(map(slice_text, slices)))
    return f"{what} of {'1 slice' if len(names) == 1 else f'{len(names)} slices'} (first: {names[0]})"


def slice_columns(slices: Iterable[Slice]) -> tuple[str, ...]:
    """Return the columns that slice, in order; none where there is only the whole.

    Examples
    --------
    >>> slice_columns([{}, {"sex": "f"}, {"sex": "m"}])
    ('sex',)
    """
    return next((tuple(each) for each in slices if each), ())


def slice_fields(values: Slice, columns: Iterable[str]) -> dict[str, Scalar]:
    """Return the fields of a flat row: the slice in a line, and each column; those of the whole are empty.

    Examples
    --------
    >>> slice_fields({"sex": "f"}, ["sex"])
    {'slice': 'sex=f', 'slice.sex': 'f'}
    """
    return {"slice": slice_text(values), **{f"slice.{name}": values.get(name) for name in columns}}


def slice_cells(values: Slice, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the cells of a table for people, one a column.

    Examples
    --------
    >>> slice_cells({}, ["sex"]), slice_cells({"sex": None}, ["sex"])
    (('(all)',), ('(missing)',))
    """
    if not values:
        return tuple(_WHOLE for _ in columns)
    return tuple(values[name] or (_MISSING if values[name] is None else "") for name in columns)


def few_line(counts: tuple[int, int], least: int, units: str, fewest: tuple[float, Slice]) -> str:
    """Return a warning that the intervals of some slices rest on few rows.

    Parameters
    ----------
    counts
        How many slices have fewer than `least`, and how many there are.
    least, units
        How many are not few, and what of.
    fewest
        The fewest, and of which slice.

    Examples
    --------
    >>> few_line((2, 5), 100, "rows", (12.0, {"sex": "f"}))
    'the confidence intervals of 2 of 5 slices are approximate: fewer than 100 rows (the fewest: 12, in sex=f)'
    """
    few, slices = counts
    of = "1 slice" if slices == 1 else f"{few} of {slices} slices"
    least_of = f"the fewest: {fewest[0]:.6g}, in {slice_text(fewest[1])}"
    return f"the confidence intervals of {of} are approximate: fewer than {least} {units} ({least_of})"


def decided_line(few: tuple[int, int], slices: int, unit: str, worst: Sequence[tuple[float, Slice]]) -> str:
    """Return a warning that one row decides the interval of some slices.

    Parameters
    ----------
    few
        Of how many slices that is so, by the fewest and the most of several losses.
    slices
        How many there are.
    unit
        What slices consist of.
    worst
        The largest shares of a variance that one row makes up, and of which slices.

    Examples
    --------
    >>> decided_line((2, 2), 5, "row", [(0.86, {"sex": "f"}), (0.4, {"sex": None})])  # doctest: +NORMALIZE_WHITESPACE
    'in 2 of 5 slices one row makes up much of the variance (86% in sex=f, 40% in sex missing):
    the intervals may be far too narrow; --bootstrap widens them'
    """
    of = "the slice" if slices == 1 else f"{'up to ' if few[0] < few[1] else ''}{few[1]} of {slices} slices"
    most = ", ".join(f"{share:.0%} in {slice_text(each)}" for share, each in worst)
    more = ", …" if len(worst) < few[1] else ""
    where = f"in {of} one {unit} makes up much of the variance ({most}{more})"
    return f"{where}: the intervals may be far too narrow; --bootstrap widens them"


def few_units(n: int, effective: float, units: str) -> str:
    """Return a warning that intervals rest on few rows, or clusters, of which some may weigh more than others.

    Examples
    --------
    >>> few_units(45, 45.0, "rows")
    'only 45 rows: the confidence intervals are approximate'
    >>> few_units(30, 3.63, "clusters")
    'only 30 clusters of unequal weight, worth 3.63 equal ones: the confidence intervals are approximate'
    """
    worth = "" if round(effective, 6) == n else f" of unequal weight, worth {effective:.3g} equal ones"
    return f"only {n} {units}{worth}: the confidence intervals are approximate"
