"""Warnings of one kind in one line: what differs between them is a name, or a number. Imports the standard library.

Twenty losses that one row decides are one thing to know, and not twenty. JSON and reports keep a line for each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

__all__ = ["merged"]

_MOST = 5
"""So many names are shown; of more, how many there are as well."""
_NUMBER = r"(?<![\w.,])(?<!line )(?<!row )(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?%?(?![\w])(?!\.\d)"
"""A number that is no place in a file."""

_ARE = {" is ": " are ", " has ": " have "}
_IS = re.compile("^(?: is | has )")
"""The verb after a name, which changes where there are several."""

_Line = tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]
"""What a line is made of: the words between slots, the names in slots, and the numbers in slots."""


def merged(lines: Sequence[str], names: Collection[str]) -> list[str]:
    """Put lines together that differ in a name of these, and in numbers.

    Lines about two losses of two models become one where each model has both. Each stands where its first line did.

    Examples
    --------
    >>> merged(["a.csv: mae: one row of 9 makes up 31%", "a.csv: mse: one row of 9 makes up 45%"], ["mae", "mse"])
    ['a.csv: mae, mse: one row of 9 makes up 31% to 45%']
    """
    found = [_parsed(line, names) for line in dict.fromkeys(lines)]
    most = max((len(slots) for _, slots, _ in found), default=0)
    for place in range(most - 1, -1, -1):  # losses are named after models, and these after files
        found = _together(found, place)
    return [_written(each) for each in found]


def _parsed(line: str, names: Collection[str]) -> _Line:
    """Take a line apart: every second of its words says whether a name or a number stands there."""
    known = "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True) if each)
    slots = re.compile(rf"(?<![\w./-])(?:{known})(?![\w(/-]|\.\w)|({_NUMBER})" if known else f"({_NUMBER})")
    words: list[str] = []
    named: list[tuple[str, ...]] = []
    numbers: list[tuple[str, ...]] = []
    end = 0
    for match in slots.finditer(line):
        is_number = match[1] is not None
        (numbers if is_number else named).append((match[0],))
        words += [line[end : match.start()], "number" if is_number else "name"]
        end = match.end()
    return (*words, line[end:]), tuple(named), tuple(numbers)


def _together(found: Iterable[_Line], place: int) -> list[_Line]:
    """Merge lines that differ in the names of one slot, and in numbers."""
    groups: dict[object, _Line] = {}
    for number, (words, names, numbers) in enumerate(found):
        if place >= len(names):
            groups[number] = (words, names, numbers)
            continue
        key = words, names[:place], names[place + 1 :]
        if key not in groups:
            groups[key] = (words, names, numbers)
            continue
        _, others, before = groups[key]
        joined = tuple(dict.fromkeys((*others[place], *names[place])))
        all_numbers = tuple((*old, *new) for old, new in zip(before, numbers, strict=True))
        groups[key] = (words, (*names[:place], joined, *names[place + 1 :]), all_numbers)
    return [*groups.values()]


def _written(line: _Line) -> str:
    words, names, numbers = line
    name, number = iter(names), iter(numbers)
    texts, several = [], False
    for at, word in enumerate(words):
        if at % 2 == 0:
            texts.append(_IS.sub(lambda verb: _ARE[verb[0]], word) if several and words[at - 1] == "name" else word)
        elif word == "name":
            slot = next(name)
            several = several or len(slot) > 1
            texts.append(_named(slot))
        else:
            texts.append(_range(next(number)))
    return "".join(texts)


def _named(names: Sequence[str]) -> str:
    rest = len(names) - _MOST
    if rest <= 1:  # one more name is as short as "and 1 more"
        return ", ".join(names)
    return f"{len(names)} ({', '.join(names[:_MOST])} and {rest} more)"


def _range(numbers: Sequence[str]) -> str:
    low, high = min(numbers, key=_value), max(numbers, key=_value)
    return low if low == high else f"{low} to {high}"


def _value(text: str) -> float:
    return float(text.rstrip("%").replace(",", ""))
