"""Rows of a text file that hold more or fewer values than the header has names: which reading of them is meant.

R writes row names without a name for their column, so that every value stands one column further right than its name;
other programs end every row in a delimiter. A row of both has as many values beside its last, empty one as a row of
neither, and only its first value tells. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lossctl.core.errors import DataError
from lossctl.sources.files.dialect import Dialect
from lossctl.sources.files.options import ColumnType, ReadOptions

__all__ = ["length_cure", "refuse_shifted", "surplus_warning"]

_SPELLED = {"\t": "a tab", " ": "a space"}


def surplus_warning(name: str, dialect: Dialect) -> str | None:
    """Warn that rows end in a delimiter after their last column; ``None``: none of the first rows does."""
    if not _ending_in_delimiter(dialect):
        return None
    return (
        f"{name}: rows end in {_sign(dialect)} after the last column that the header names, which is passed over; "
        f"if their first value is a row name, {_name_first(dialect)}"
    )


def refuse_shifted(name: str, dialect: Dialect, types: Mapping[str, ColumnType], options: ReadOptions) -> None:
    """Refuse rows that end in a delimiter and begin with their number, where both readings give numbers.

    Parameters
    ----------
    name
        The file.
    dialect
        Its names and its first records.
    types
        What columns are read as.
    options
        Say what a number and a missing value are.

    Raises
    ------
    DataError
        Naming both readings, each with its cure.
    """
    rows = _ending_in_delimiter(dialect)
    if not (rows and _count_up(row[0] for row in rows)):
        return
    numbers = [place for place, each in enumerate(dialect.names) if types.get(each) is ColumnType.NUMBER]
    if not numbers or not all(_could_be_numbers([row[place + 1] for row in rows], options) for place in numbers):
        return
    problem = (
        f"{name} line {dialect.skip + 1}: the header names {len(dialect.names)} columns, and rows have one value more: "
        "either the first, which numbers the rows, or the last, which is empty"
    )
    raise DataError(
        problem,
        f"if the first value is a row name, {_name_first(dialect)}; "
        f"if rows merely end in {_sign(dialect)}, end the header in one too",
    )


def length_cure(dialect: Dialect, found: int) -> str | None:
    """Return what to do where every row differs from the header by one value; ``None``: they do not."""
    lengths = {len(row) for row in dialect.sample}
    named = len(dialect.names)
    if lengths == {named + 1} == {found}:
        return f"if the first value of each row is a row name, {_name_first(dialect)}; else name the last column"
    if lengths == {named - 1} == {found}:
        if not dialect.names[-1]:
            return f"remove {_sign(dialect)} from the end of the header"
        return "remove the name in the header that has no values, or write its values"
    return None


def _ending_in_delimiter(dialect: Dialect) -> list[Sequence[str]]:
    """Return those of the first records that hold more values than there are names, all of them empty."""
    named = len(dialect.names)
    return [row for row in dialect.sample if len(row) > named and not any(row[named:])]


def _count_up(values: Iterable[str]) -> bool:
    """Return whether values number rows: 0, 1, 2 or 1, 2, 3."""
    texts = [each.strip() for each in values]
    return texts[:1] in (["0"], ["1"]) and texts == [str(int(texts[0]) + place) for place in range(len(texts))]


def _could_be_numbers(values: Sequence[str], options: ReadOptions) -> bool:
    """Return whether all values are numbers, or missing, but not all of them."""
    given = [each.strip() for each in values if each.strip() not in {"", *options.null}]
    try:
        return bool([float(each.replace(options.decimal, ".")) for each in given])
    except ValueError:
        return False


def _name_first(dialect: Dialect) -> str:
    return f"begin the header with a name for it and {_sign(dialect)} (R: row.names = FALSE leaves it out)"


def _sign(dialect: Dialect) -> str:
    return _SPELLED.get(dialect.delimiter, f'"{dialect.delimiter}"')
