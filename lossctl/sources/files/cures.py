"""What to do about a text where a number should stand: said of what the text is, not of what would make it go away.

A flag that leaves rows out is proposed only for texts by which people mark a missing value: of a label or a
percentage it would drop rows, or a class. Imports the standard library alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from decimal import Decimal
from functools import partial

__all__ = ["cure_of_text", "label_cure", "means_missing"]

_MISSING = frozenset(
    """
    na n/a n.a. #n/a #na <na> nan #nan nat null none nil missing undefined empty - -- --- ? ?? . .. ... *
    \\n (null) (none) #null! #value! #div/0! #ref! #num! #name? nd n/d nr 1.#ind -1.#ind 1.#qnan -nan
    """.split(),  # noqa: SIM905 -- as people write them
)
"""What people, spreadsheets, R, pandas and databases write for a missing value, in lower case."""
_POSITIVE = frozenset({"yes", "y", "true", "t", "pos", "positive", "present", "case", "event"})
_NEGATIVE = frozenset({"no", "n", "false", "f", "neg", "negative", "absent", "control", "none"})
"""What people call the two labels of a target, in lower case."""
_MOST_LABELS = 2
_PERCENT = 100
_NUMBER = r"[+-]?\d[\d.,'’_\s]*"


def means_missing(text: str) -> bool:
    """Return whether a text is one by which a missing value is marked.

    Examples
    --------
    >>> [means_missing(text) for text in ("NA", " #N/A ", "-", "yes", "0", "")]
    [True, True, True, False, False, False]
    """
    return text.strip().lower() in _MISSING


def cure_of_text(
    value: str, name: str, decimal: str = ".", line: int | None = None, beside: Collection[str] = ()
) -> str:
    """Return what to do about a text where a number should stand.

    Parameters
    ----------
    value
        The text.
    name
        The column.
    decimal
        The decimal sign of numbers.
    line
        Where it stands, in a file that has lines.
    beside
        What else the column holds, as far as it was looked at.

    Examples
    --------
    >>> cure_of_text("NA", "y")
    'if it marks a missing value, add --null NA and choose --nan omit'
    >>> cure_of_text("80%", "y")
    'write percentages as numbers: 80% is 0.8'
    """
    bare = value.strip()
    matches = partial(re.fullmatch, string=bare)
    point = decimal == "."
    comma, thousands = "if the comma is the decimal sign, add --decimal ,", "write numbers without thousands separators"
    cures = (
        (bare == name and line is not None, f"the header stands again on line {line}: remove it"),
        (means_missing(value), f"if it marks a missing value, add --null {shlex.quote(value)} and choose --nan omit"),
        (point and matches(r"[+-]?\d{1,3},\d{3}"), f"{comma}; if it marks thousands, {thousands}"),
        (point and matches(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+([eE][+-]?\d+)?"), comma),
        (matches(r"[+-]?\d{1,3}([,.'’\s]\d{3})+([.,]\d+)?"), thousands),
        (not point and matches(r"[+-]?\d*\.\d+([eE][+-]?\d+)?"), "its decimal sign is a point: leave out --decimal ,"),
        (matches(r"−[\d.,]+([eE][+−-]?\d+)?"), "write the minus sign as a hyphen: -"),
        (bare != value and _is_number(bare, decimal), "write numbers without spaces around them"),
        (not bare.isascii() and _is_number(bare, decimal), "write numbers in the digits 0 to 9"),
        (bare.lower() in {"true", "false"}, "write 0 and 1 in the whole column, or false and true"),
        (matches(rf"{_NUMBER}%"), f"write percentages as numbers: {bare} {_of_percent(bare, decimal)}"),
        (
            matches(rf"\(?[+-]?\s*[$€£¥₹]\s*{_NUMBER}\)?|{_NUMBER}[$€£¥₹]"),
            "write amounts without the sign of the currency",
        ),
        (matches(r"[\[(].*[\])]"), "write a list as a column for each number, or as a list in JSON lines or Parquet"),
        (matches(r"[+-]?0[xX][0-9a-fA-F]+"), "write numbers in decimal"),
        (matches(r"\d{4}-\d{2}-\d{2}([ T].*)?"), "a day or a time is no number: choose another column (-t, -p)"),
    )
    found = next((cure for applies, cure in cures if applies), None)
    return found or _cure_of_word(value, decimal, beside)


def _cure_of_word(value: str, decimal: str, beside: Collection[str]) -> str:
    """Return what to do about a word: among numbers it is a slip, among words a label."""
    words = dict.fromkeys([value, *(each for each in beside if each.strip() and not means_missing(each))])
    if any(each.strip().lower() in {"true", "false"} for each in words):
        return "write 0 and 1 in the whole column, or false and true"
    if any(_is_number(each, decimal) for each in words):
        return "write a number there, or nothing where it is missing"
    return label_cure([*words])


def _of_percent(text: str, decimal: str) -> str:
    """Return what a percentage is as a number, as far as it can be told."""
    number = text.rstrip("%").strip()
    if not _is_number(number, decimal):
        return "is a hundredth of its number"
    share = Decimal(number.replace(decimal, ".")) / _PERCENT
    return f"is {share.normalize():f}".replace(".", decimal)


def label_cure(labels: Collection[str]) -> str:
    """Return what to do about a column of labels where numbers should stand.

    Examples
    --------
    >>> label_cure(["no", "yes"])
    'of a target of two texts, name the one that counts as 1: --positive yes'
    >>> label_cure(["cat", "dog"])
    'of a target of two texts, name the one that counts as 1: --positive cat or --positive dog'
    """
    (first, *_) = labels
    if len(labels) == 1:
        if first.strip().lower() in _NEGATIVE:
            return "write numbers; or, if it is the label of a target that counts as 0, 0"
        label = f"--positive {shlex.quote(first)}"
        return f"write numbers; or, if it is the label of a target, say that it counts as 1: {label}"
    if len(labels) == _MOST_LABELS:
        one = " or ".join(f"--positive {shlex.quote(each)}" for each in _positive(*labels))
        return f"of a target of two texts, name the one that counts as 1: {one}"
    several = "a target of several labels is for losses of classes, with a column for each"
    return f"{several}; else choose another column (-t, -p)"


def _positive(one: str, other: str) -> tuple[str, ...]:
    """Return which of two labels counts as 1, as far as they say it: else both, for the wrong one would turn a loss."""
    words = one.strip().lower(), other.strip().lower()
    ends = [re.fullmatch(r"(.*?)(\d+)", word) for word in words]
    if ends[0] and ends[1] and ends[0][1] == ends[1][1]:
        return (one if int(ends[0][2]) > int(ends[1][2]) else other,)
    says = [(word in _POSITIVE) - (word in _NEGATIVE) for word in words]
    if says[0] == says[1]:
        return one, other
    return (one if says[0] > says[1] else other,)


def _is_number(text: str, decimal: str) -> bool:
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True
