"""Why a condition cannot be read, or not be computed: what DuckDB says of it, in words of the reader. Imports core."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ["Fault", "kind_of", "not_computed", "not_parsed"]

Fault = tuple[str, str]
"""A problem and its cure."""

_CAST = "cast(COLUMN as varchar) is text, cast(COLUMN as double) a number"
_AND = "join conditions with and, or, not: --where \"region = 'north' and weight > 0\""
_ONE = "give one condition over the columns, such as --where \"region = 'north' and weight > 0\""
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        r".*\[\d*\]|LIST.*": "a list",
        r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?\d*|UINT\d+|FLOAT|DOUBLE|DECIMAL.*|INTEGER_LITERAL": "a number",
        r"VARCHAR|STRING_LITERAL": "a text",
        r"BOOL(?:EAN)?": "true or false",
        r"DATE": "a date",
        r"TIMESTAMP.*|TIME.*": "a time",
        r"INTERVAL": "a duration",
        r"STRUCT.*|MAP.*|JSON": "an object",
    }
)
_JOINS = {"&&", "&", "|", "||"}
_OPERATORS = {"~~": "like", "!~~": "not like", "~~*": "ilike", "!~~*": "not ilike", "array_extract": "[ ]"}


def kind_of(sql_type: str) -> str:
    """Return what a type of SQL holds.

    Examples
    --------
    >>> kind_of("DOUBLE"), kind_of("DECIMAL(3,1)"), kind_of("VARCHAR"), kind_of("DATE[]"), kind_of("NULL")
    ('a number', 'a number', 'a text', 'a list', 'a value')
    """
    return next((word for pattern, word in _KINDS.items() if re.fullmatch(pattern, sql_type)), "a value")


def not_parsed(message: str, condition: str) -> Fault:
    """Return why a condition is none.

    Examples
    --------
    >>> not_parsed('syntax error at or near ")"', "w >")[0]
    'it ends too early'
    >>> not_parsed('syntax error at or near "≥"', "w ≥ 1")[0]
    "it can't be read from '≥' on"
    """
    if "Chained comparisons" in message:
        return "two comparisons stand side by side", _AND
    if found := re.match(r"unterminated (.*?)(?: at or near.*)?$", message, re.DOTALL):
        what = "a comment" if "comment" in found[1] else "a quote"
        return f"{what} is not closed", "close it, or leave it out"
    near = re.search(r'at or near "(.*)"', message, re.DOTALL)
    closed = condition.count(")") > condition.count("(")
    if near is None or (near[1] == ")" and not closed):
        return ("it ends too early" if near or "end of input" in message else "it is no SQL"), _ONE
    return f"it can't be read from {near[1]!r} on", _ONE


def not_computed(message: str) -> Fault:
    """Return why a condition fails.

    Examples
    --------
    >>> not_computed("Could not convert string 'F' to INT32 when casting from source column sex")[0]
    "'F' is not a number"
    >>> not_computed("No function matches the given name and argument types 'year(DOUBLE)'. You might")[0]
    'year() does not take a number'
    """
    for pattern, tell in _FAULTS:
        if found := re.search(pattern, message, re.DOTALL):
            return tell(found)
    return "it can't be computed", "try its parts one by one"


def _call(found: re.Match[str]) -> Fault:
    name, kinds = found[1], [kind_of(each) for each in re.split(r",\s+(?![^(]*\))", found[2])]
    name = _OPERATORS.get(name, name)
    if found[1] in _JOINS:
        return f"{name} does not join conditions", _AND
    if name.isidentifier() and found[1] == name:
        return f"{name}() does not take {' and '.join(kinds)}", _CAST
    shown = f" {name} ".join(kinds) if len(kinds) > 1 else f"{name} {kinds[0]}"
    return f"there is no {shown}", _CAST


def _comparison(found: re.Match[str]) -> Fault:
    return f"{kind_of(found[1])} can't be compared with {kind_of(found[2])}", _CAST


def _value(found: re.Match[str]) -> Fault:
    return f"{found[1]!r} is not {kind_of(found[2])}", f"compare texts with texts: {_CAST}"


def _date(found: re.Match[str]) -> Fault:
    return f"{found[1]!r} is no date or time", "write dates as '2026-12-31', times as '2026-12-31 23:59:00'"


def _part(found: re.Match[str]) -> Fault:
    cure = f'a column whose name holds a dot stands in double quotes: "{found[2]}.{found[1]}"'
    return f'"{found[2]}" has no part {found[1]!r}', cure


def _regular(found: re.Match[str]) -> Fault:
    return f"a regular expression in it is wrong: {found[0]}", "write \\ before a sign that stands for itself"


_FAULTS: tuple[tuple[str, Callable[[re.Match[str]], Fault]], ...] = (
    (r"No function matches the given name and argument types '(\S+?)\((.*?)\)'\.", _call),
    (r"Cannot compare values of type (.+?) and type (.+?) - ", _comparison),
    (r"Could not convert string '(.*)' to (\w+)", _value),
    (r'(?:date|time|timestamp) field value out of range: "(.*?)"', _date),
    (r'invalid (?:date|time|timestamp) field format: "(.*?)"', _date),
    (r"Cannot extract field '(.*?)' from expression \"(.*?)\"", _part),
    (r"^(?:missing|no argument|bad|invalid|unexpected|trailing) [^\n]*: [^\n]*$", _regular),
)
