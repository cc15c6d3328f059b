"""Long tables written column by column: what is alike is written once, and what differs in few calls. Imports core.

Floats are written by ``repr``, or by Arrow where that gives the same; arro3 is imported inside functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

from lossctl.reports.shared.machine import json_text, scalar_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from lossctl.core.results.view import Field, Scalar

__all__ = [
    "AT_ONCE",
    "Texts",
    "column_texts",
    "each_line",
    "json_cells",
    "lines_of",
    "table_cells",
    "woven_rows",
    "written",
]

AT_ONCE = 2**14
"""Rows to write together: their texts stay in a cache, and take no memory beside the lines they end in."""

Texts = str | Sequence[str]
"""A column of texts: one for each row, or the one that all rows have."""

_LONG = 1_000
"""A column from here on is worth what it takes to import Arrow."""
_SAMPLE = 64
"""Of so many numbers most are alike where it pays to look at all."""
_SMALL, _LARGE = 1e-4, 1e16
"""Between these no float is written with a power of ten."""
_SIMPLE = re.compile(r"(?:(?:[0-9A-Za-z/][\x20\x21\x24-\x7e]*+)?+\n)*+")
"""Lines without hazard, as almost all are: they are found faster than what `lossctl.core.escape.guarded` looks for."""
_NEVER_SIMPLE = '"'
"""No such character is in such text."""
_PLAIN = re.compile(r"(?:[\x20\x21\x24-\x5b\x5d-\x7e]*+\n)*+")
"""Lines that JSON writes as they are."""


def table_cells(values: Field, also: str = "") -> Texts:
    """Write a column of a table: each field as `lossctl.reports.shared.machine.scalar_text`.

    Examples
    --------
    >>> table_cells([0.1, 2.0]), table_cells(["=x", "x"]), table_cells([1, None]), table_cells(["x", "x"])
    (['0.1', '2.0'], ["'=x", 'x'], ['1', ''], 'x')
    """

    def texts(values: Sequence[str | None]) -> Sequence[str]:
        if also in _NEVER_SIMPLE:
            simple = [each or "" for each in values]
            if _are(_SIMPLE, simple):
                return simple
        return _alike_once(values, lambda each: scalar_text(each, also))

    return _column(values, lambda each: scalar_text(each, also), texts, "")


def json_cells(values: Field) -> Texts:
    r"""Write a column of JSON values: each as `lossctl.reports.shared.machine.json_text`.

    Examples
    --------
    >>> json_cells([0.1, float("inf")]), json_cells(["a", None]), json_cells(['"', "##"])
    (['0.1', 'null'], ['"a"', 'null'], ['"\\""', '"#\\u0023"'])
    """

    def texts(values: Sequence[str | None]) -> Sequence[str]:
        if None not in values and _are(_PLAIN, cast("Sequence[str]", values)):
            return [f'"{each}"' for each in values]
        return _alike_once(values, json_text)

    return _column(values, json_text, texts, "null")


def column_texts(values: Field, also: str = "") -> Sequence[str]:
    """Write a column of a table as `table_cells`, a text for each row.

    Examples
    --------
    >>> column_texts(["x", "x"])
    ['x', 'x']
    """
    texts = table_cells(values, also)
    return [texts] * len(values) if isinstance(texts, str) else texts


def written(columns: Sequence[Field], start: int, write: Callable[[Field], Texts]) -> list[Texts]:
    """Write up to `AT_ONCE` rows of each column, from row `start` on; columns of the same numbers once."""
    known: dict[tuple[str, bytes], Texts] = {}
    found: list[Texts] = []
    for column in columns:
        values = column[start : start + AT_ONCE]
        if isinstance(values, Sequence):
            found.append(write(values))
            continue
        key = values.dtype.kind, values.tobytes()
        if key not in known:
            known[key] = write(values)
        found.append(known[key])
    return found


def woven_rows(pieces: Sequence[Texts], count: int, between: str = "") -> Iterator[str]:
    """Return each of so many rows: its pieces one after the other, with a text between.

    Examples
    --------
    >>> [*woven_rows(["<", ["a", "b"], ">"], 2)], [*woven_rows(["x", "y", ["a", "b"]], 2, between=",")]
    (['<a>', '<b>'], ['x,y,a', 'x,y,b'])
    """
    columns: list[Texts] = []
    for piece in pieces:  # those that all rows have are put together where they are neighbours
        if isinstance(piece, str) and columns and isinstance(columns[-1], str):
            columns[-1] += between + piece
        else:
            columns.append(piece)
    rows = zip(*(repeat(each, count) if isinstance(each, str) else each for each in columns), strict=True)
    return map(between.join, rows)


def lines_of(columns: Sequence[Field], write: Callable[[Field], Texts], between: str) -> Iterator[str]:
    """Write the rows of a table, one after the other, with a text between fields.

    Examples
    --------
    >>> [*lines_of([[1, 2], ["a", "b"]], table_cells, ";")]
    ['1;a', '2;b']
    """
    count = len(columns[0])
    for start in range(0, count, AT_ONCE):
        yield from woven_rows(written(columns, start, write), min(AT_ONCE, count - start), between)


def each_line(texts: Sequence[str], change: Callable[[str], str], plain: Callable[[str], str]) -> Sequence[str]:
    """Change the texts of a column: all of them in one call where they are plain ASCII, as almost all are.

    Parameters
    ----------
    texts
        The texts.
    change
        What is to be done to each.
    plain
        Does the same to several lines of text that prints as itself.

    Examples
    --------
    >>> each_line(["a|b", "c"], ascii, lambda lines: lines.replace("|", "/")), each_line(["é"], str.upper, str)
    (['a/b', 'c'], ['É'])
    """
    beside = "".join(texts)
    if not texts or not (beside.isascii() and beside.isprintable()):
        return [*map(change, texts)]
    return plain("\n".join(texts)).split("\n")


def _column(
    values: Field, one: Callable[[Scalar], str], texts: Callable[[Sequence[str | None]], Sequence[str]], missing: str
) -> Texts:
    """Write a column: `one` writes a field, `texts` those of a column of texts; `missing` is no number."""
    if not isinstance(values, Sequence):  # an array
        return _numbers(values, missing)
    first = values[0] if values else None
    if (first is None or isinstance(first, str)) and values.count(first) == len(values):
        return one(first)
    kinds = set(map(type, values))
    if kinds == {float} and len(values) >= _LONG:
        import arro3.core as arro

        return _numbers(arro.Array(values, type=arro.DataType.float64()).to_numpy(), missing)
    if kinds == {int}:
        return [*map(str, values)]
    if kinds <= {str, type(None)}:
        return texts(cast("Sequence[str | None]", values))
    return [one(each) for each in values]


def _are(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    text = "\n".join([*lines, ""])
    return text.count("\n") == len(lines) and pattern.fullmatch(text) is not None


def _alike_once(values: Sequence[str | None], write: Callable[[str | None], str]) -> Sequence[str]:
    """Write texts: those that are alike once."""
    different = set(values)
    if 2 * len(different) > len(values):
        return [write(each) for each in values]
    texts = {each: write(each) for each in different}
    return [texts[each] for each in values]


def _numbers(values: npt.NDArray[Any], missing: str) -> Texts:
    """Write numbers: those that are alike, to the bit, once."""
    whole = values.dtype.kind != "f"
    keys = values if whole else values.view("int64")
    listed = keys.tolist()
    sample = listed[:_SAMPLE]
    if 2 * len(set(sample)) <= len(sample):
        different = dict(zip(listed, values.tolist(), strict=True))
        if len(different) == 1:
            return _number(next(iter(different.values())), missing)
        if 2 * len(different) <= len(listed):
            texts = {key: _number(value, missing) for key, value in different.items()}
            return [texts[key] for key in listed]
    return [*map(str, listed)] if whole else _float_texts(values, missing)


def _number(value: float, missing: str) -> str:
    return scalar_text(value) or missing


def _float_texts(values: npt.NDArray[Any], missing: str) -> Sequence[str]:
    """Write floats as ``repr`` does.

    Arrow writes the same shortest digits in a third of the time, save that it has another way with powers of ten.
    """
    if len(values) < _LONG:
        return [_number(each, missing) for each in values.tolist()]
    import arro3.core as arro

    texts = cast("list[str]", arro.Array.from_numpy(values).cast(arro.DataType.utf8()).to_pylist())
    sizes = abs(values)
    other = ~((sizes >= _SMALL) & (sizes < _LARGE) | (values == 0.0))
    for place in other.nonzero()[0].tolist():
        texts[place] = _number(float(values[place]), missing)
    return texts
