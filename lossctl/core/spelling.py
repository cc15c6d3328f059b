"""One text for one value: how a value that a file spells in its own way is written everywhere.

A slice, a key, a class or a group is told by a text, and formats spell the same value differently: a boolean of Parquet
or JSON has no spelling, pandas writes ``True``, Polars ``true`` and R ``TRUE``; a whole number becomes ``7.0`` where
a column also holds missing values; a time has a ``T`` or a space, and zeros at its end or none.
`lossctl.sources.files.piece.canonical_text` is the same in SQL. Imports nothing of ours.
"""

from __future__ import annotations

import re

__all__ = ["LOCAL_TIME", "UTC_TIME", "canonical", "spellings"]

_BOOLEANS = {"true": "True", "TRUE": "True", "false": "False", "FALSE": "False"}
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))[.]0+")
LOCAL_TIME = "([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.]0+|([.][0-9]*[1-9])0*)?"
"""A regular expression, of Python and DuckDB: a day, a time, and the digits of a fraction that are not idle zeros."""
UTC_TIME = f"{LOCAL_TIME}(?:Z|[+]00(?::?00)?)"


def canonical(text: str) -> str:
    """Write a text as the value it is, where it is a boolean, a whole number or a time; as pandas writes these.

    Any other text stays as it is: ``007`` is no number, and ``1.10`` may be a version.

    Examples
    --------
    >>> [canonical(text) for text in ("true", "TRUE", "7.0", "-0.0", "007", "1.10", "north")]
    ['True', 'True', '7', '0', '007', '1.10', 'north']
    >>> [canonical(text) for text in ("2024-05-01T10:30:00.500", "2024-05-01 00:00:00", "2024-05-01T00:00:00Z")]
    ['2024-05-01 10:30:00.5', '2024-05-01', '2024-05-01 00:00:00+00:00']
    """
    if found := _WHOLE.fullmatch(text):
        return "0" if found[1] == "-0" else found[1]
    if found := re.fullmatch(LOCAL_TIME, text):
        return f"{found[1]} {found[2]}{found[3] or ''}".removesuffix(" 00:00:00")
    if found := re.fullmatch(UTC_TIME, text):
        return f"{found[1]} {found[2]}{found[3] or ''}+00:00"
    return _BOOLEANS.get(text, text)


def spellings(text: str) -> tuple[str, ...]:
    """Return the usual texts that are `canonical` as this one, itself first.

    Examples
    --------
    >>> spellings("True"), spellings("7"), spellings("north")
    (('True', 'true', 'TRUE'), ('7', '7.0', '7.00'), ('north',))
    >>> spellings("2024-05-01")[1:4]
    ('2024-05-01 00:00:00', '2024-05-01 00:00:00.000', '2024-05-01 00:00:00.000000')
    """
    if re.fullmatch(r"0|-?[1-9][0-9]*", text):
        return text, f"{text}.0", f"{text}.00"
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return text, *spellings(f"{text} 00:00:00")
    zones = ("+00:00", "+00", "+0000", "Z") if text.endswith("+00:00") else ("",)
    if found := re.fullmatch(LOCAL_TIME, text.removesuffix(zones[0])):
        digits = (found[3] or "").removeprefix(".")
        fractions = dict.fromkeys([found[3] or "", *(f".{digits.ljust(places, '0')}" for places in (3, 6))])
        return tuple(f"{found[1]}{sep}{found[2]}{part}{zone}" for sep in " T" for part in fractions for zone in zones)
    return text, *(other for other, meant in _BOOLEANS.items() if meant == text)
