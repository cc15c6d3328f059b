"""Sides of a join: the rows of sources with their keys, as SQL, and what to say of keys that do not do.

Imports duckdb, NumPy and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text, or parsed first by parse_filter

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from lossctl.core.errors import DataError, LossctlError, UsageError
from lossctl.core.settings import Unmatched
from lossctl.sources.duck.sql import quote_name
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece
from lossctl.sources.joins.audit import Audit
from lossctl.sources.names import listed, unknown_column
from lossctl.sources.query.row_marks import as_text
from lossctl.sources.query.stream import Request, numbered

if TYPE_CHECKING:
    import duckdb

    from lossctl.sources.query.source import Source

__all__ = [
    "Unmatched",
    "join_condition",
    "key_name",
    "key_texts",
    "key_values",
    "keyed",
    "keyless",
    "missing_key",
    "refuse_alone",
    "repeated",
    "require_keys",
    "row_name",
]

_CURE_TWICE = "a key names one row: remove the others, or name further columns that make it one: -k KEY -k OTHER"


def key_name(side: int, number: int) -> str:
    """Name a column of the key of a side, in SQL, as no column of a file is named."""
    return quote_name(f"key {number} of side {side} within lossctl")


def row_name(side: int) -> str:
    """Name the row number of a side, in SQL, as no column of a file is named."""
    return quote_name(f"row of side {side} within lossctl")


def require_keys(sources: Sequence[Source], keys: Sequence[str]) -> None:
    """Refuse keys that some source has no column for, or that are named twice."""
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"--key {key} is given twice", "name each column once")
        for source in sources:
            if key not in source.columns:
                raise unknown_column(key, source.columns, f"{source.name}, --key")


def key_texts(sources: Sequence[Source], keys: Sequence[str]) -> list[bool]:
    """Return for each key whether it is compared as a text: as a number only where all sides hold whole numbers."""
    pieces = [piece for source in sources for piece in source.pieces]
    return [not all(piece.whole_number(key) for piece in pieces) for key in keys]


def key_values(
    piece: Piece,
    keys: Sequence[str],
    texts: Sequence[bool],
    types: Mapping[str, ColumnType],
    twofold: Collection[str] = (),
) -> list[str]:
    """Return the SQL of the keys of a piece, from a relation with columns of these types (`stream.with_texts`)."""
    wholes = [None if text else piece.whole_number(key) for key, text in zip(keys, texts, strict=True)]
    written = [piece.text(as_text(key)) if key in twofold else piece.text(key, types[key]) for key in keys]
    return [whole or text for whole, text in zip(wholes, written, strict=True)]


def keyed(piece: Piece, side: int, keys: Sequence[str], texts: Sequence[bool], request: Request) -> str:
    """Return the relation of a piece with its keys, as `key_name` says, and its rows numbered.

    What else a key is read as, it is joined as the text it is: a filter that takes it for a number changes no match.
    """
    types = request.types
    others = [key for key in keys if types[key] is not ColumnType.TEXT and not piece.keeps_type(key)]
    twofold = dict.fromkeys([*request.twofold(piece), *others])
    values = key_values(piece, keys, texts, types, twofold)
    given = [f"{value} as {key_name(side, number)}" for number, value in enumerate(values)]
    return f"(select {', '.join(['*', *given])} from {numbered(piece, types, twofold)})"


def join_condition(side: int, keys: int) -> str:
    """Return the SQL by which a side joins those before it."""
    said = []
    for key in range(keys):
        before = ", ".join(key_name(each, key) for each in range(side))
        said.append(f"{f'coalesce({before})' if side > 1 else before} = {key_name(side, key)}")
    return " and ".join(said)


def keyless(sides: int, keys: int) -> str:
    """Return the SQL that a row of the join has no key, or not all of it."""
    every = [f"coalesce({', '.join(key_name(side, key) for side in range(sides))}) is null" for key in range(keys)]
    return f"({' or '.join(every)})"


def repeated(
    cursor: duckdb.DuckDBPyConnection, sources: Sequence[Source], sides: Sequence[str], keys: Sequence[str]
) -> LossctlError:
    """Return the error that a key stands twice: the first one that does, with its places.

    Parameters
    ----------
    cursor
        Knows the relations.
    sources, sides
        The sources, and the relation of each: columns `row_name` and `key_name`.
    keys
        The columns of the key.
    """
    for place, (source, side) in enumerate(zip(sources, sides, strict=True)):
        own = [key_name(place, number) for number in range(len(keys))]
        given = " and ".join(f"{each} is not null" for each in own)
        twice = (
            f"select min({row_name(place)}, 2) as rows, {', '.join(own)} from {side} where {given} "
            f"group by {', '.join(own)} having count(*) > 1"
        )
        found = cursor.execute(f"select *, count(*) over () from ({twice}) order by rows[1] limit 1").fetchone()
        if found is not None:
            rows, values, count = found[0], found[1:-1], found[-1]
            first, second = (source.locate(row) for row in rows)
            many = "" if count == 1 else f"; {count} keys stand in more than one row"
            problem = f"{second}: {named(keys, values)} occurs twice (first: {first}){many}"
            return DataError(problem, _CURE_TWICE)
    return DataError(f"{sources[0].name}: a key stands twice", _CURE_TWICE)


def named(keys: Sequence[str], values: Sequence[object]) -> str:
    """Name a key to a person."""
    return "the key " + ", ".join(f'{key} "{value}"' for key, value in zip(keys, values, strict=True))


def missing_key(source: Source, keys: Sequence[str], first: int, count: int) -> DataError:
    """Return the error for rows without a key: the first of them, and how many there are."""
    more = "" if count == 1 else f" (so it is in {count} rows)"
    problem = f'{source.locate(first)}, column "{listed(keys)}": the key is missing{more}'
    return DataError(problem, f"fill it in, or leave such rows out: --where '\"{keys[0]}\" is not null'")


def refuse_alone(audit: Audit, sources: Sequence[Source], keys: Sequence[str], unmatched: Unmatched) -> None:
    """Refuse rows without a key, and, unless they are to be dropped and others stay, rows whose key another side lacks.

    Raises
    ------
    DataError
        Naming the first of them, and how many there are.
    """
    for tally, source in zip(audit.sides, sources, strict=True):
        if tally.keyless:
            raise missing_key(source, keys, tally.first_keyless, tally.keyless)
    alone = [(tally, source) for tally, source in zip(audit.sides, sources, strict=True) if tally.alone]
    if not alone or (unmatched == "drop" and audit.matched):
        return
    said, firsts = [], []
    for tally, source in alone:
        others = " and ".join(_names(sources, without=source))
        if len(sources) > 2:  # noqa: PLR2004 -- one other, or several
            others = f"all of {others}"
        rows = "1 row has a key" if tally.alone == 1 else f"{tally.alone} rows have a key"
        (values,) = source.texts([tally.first_alone], keys)
        firsts.append([*values.values()])
        first = f"first: {source.locate(tally.first_alone)}, {named(keys, firsts[-1])}"
        (name,) = _names(sources, of=source)
        said.append(f"{name}: {rows} that is not in {others} ({first})")
    cure = "--unmatched drop leaves such rows out and counts them"
    if not audit.matched:
        cure = "no key is in both: name the column that is with --key, or write keys alike"
    raise DataError("; ".join(said), f"{_nearly(firsts)}{cure}")


def _names(sources: Sequence[Source], *, of: Source | None = None, without: Source | None = None) -> list[str]:
    """Name sources so that they can be told apart: two frames have one name."""
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        names = [f"{name} {number}" for number, name in enumerate(names, 1)]
    chosen = zip(names, sources, strict=True)
    return [name for name, source in chosen if source is not without and of in {None, source}]


def _nearly(keys: Sequence[Sequence[str | None]]) -> str:
    """Return what the first keys without a partner differ in, where they look alike; empty where they do not."""
    if len(keys) != 2 or keys[0] == keys[1]:  # noqa: PLR2004 -- those of one source and of the other
        return ""
    one, other = ([each or "" for each in key] for key in keys)
    for difference, alike in _DIFFERENCES.items():
        if [alike(each) for each in one] == [alike(each) for each in other]:
            return f"these keys differ in {difference}; "
    return ""


def _normal(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


def _number(text: str) -> str:
    """Write a number as others would; any other text stays as it is."""
    from decimal import Decimal

    try:
        return str(Decimal(text).normalize() + 0)
    except ArithmeticError:
        return text


def _day(text: str) -> str:
    return re.sub(r"[ T]00:00(:00)?$", "", text)


_DIFFERENCES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "spaces at their ends": str.strip,
        "upper and lower case": str.casefold,
        "how accents are written (Unicode NFC, NFD)": _normal,
        "how a number is written": _number,
        "a time of day": _day,
    }
)
"""What keys that look alike to a person may differ in, and what makes them alike then."""
