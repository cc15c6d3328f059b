"""Which names that exist a user may have meant by one that does not. Imports the standard library.

A name that is proposed must be another spelling of what was typed, never another thing: crps is no slip for rps, nor
median_absolute_error for mean_absolute_error. So names are compared word by word, digits must agree, and the share of
letters in common counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

__all__ = ["meant", "nearest", "one_of"]

_MOST = 3
_SHORT, _LONG = 4, 8
"""Letters of words in which a slip may not put another letter, and of those that may hold two slips."""
_WHOLE, _BEGINNING = 3, 4
"""The fewest letters of a word, and of a beginning, that stands for a longer name."""
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")


def nearest(name: str, known: Iterable[str], *, empty: Collection[str] = (), most: int = _MOST) -> list[str]:
    """Return the known names that a user may have meant.

    Parameters
    ----------
    name
        What was typed.
    known
        The names there are.
    empty
        Words that say nothing: a name with them is the name without.
    most
        How many to return.

    Returns
    -------
    list of str
        Names that differ in signs and capitals alone; else those that differ in `empty` words; else those that begin
        with `name`, or that it begins with; else those that hold it as whole words; else those that a slip of the
        keyboard makes of it.

    Examples
    --------
    >>> nearest("Predicton", ["target", "prediction", "weight"]), nearest("crps", ["rps", "crps_normal"])
    (['prediction'], ['crps_normal'])
    """
    typed, names = _words(name), {each: _words(each) for each in known}
    ways: tuple[Callable[[list[str]], bool], ...] = (
        lambda words: "".join(words) == "".join(typed),
        lambda words: _without(words, empty) == _without(typed, empty) != [],
        lambda words: _is_beginning(typed, words),
        lambda words: _is_part(typed, words),
        lambda words: _is_slip(typed, words),
    )
    for is_near in ways:
        if found := [each for each, words in names.items() if is_near(words)]:
            return found[:most]
    return []


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the question whether a near name was meant; ``None`` where there is none.

    Examples
    --------
    >>> meant("formt", ["format", "loss"])
    'did you mean format?'
    """
    near = nearest(name, known)
    return f"did you mean {one_of(near)}?" if near else None


def one_of(names: Sequence[str]) -> str:
    """Join names of which one is to be chosen.

    Examples
    --------
    >>> one_of(["mae", "mse", "huber"])
    'mae, mse or huber'
    """
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold())


def _without(words: Sequence[str], empty: Collection[str]) -> list[str]:
    return [each for each in words if each not in empty]


def _is_part(part: Sequence[str], words: Sequence[str]) -> bool:
    """Whether words are some of others, side by side."""
    starts = range(len(words) - len(part) + 1)
    return max(map(len, part), default=0) >= _WHOLE and any(words[at : at + len(part)] == part for at in starts)


def _is_beginning(typed: Sequence[str], words: Sequence[str]) -> bool:
    """Whether one name begins with the other: after whole words, or after letters enough."""
    (shorter, short), (longer, long) = sorted(
        (("".join(each), each) for each in (typed, words)), key=lambda pair: len(pair[0])
    )
    if not longer.startswith(shorter) or longer[len(shorter) :][:1].isdigit():
        return False
    return len(shorter) >= _BEGINNING or (short is typed and len(shorter) >= _WHOLE and long[: len(short)] == short)


def _is_slip(typed: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each word is a slip of the other, or all are where a space is lost or won."""
    if len(typed) != len(words):
        typed, words = ["".join(typed)], ["".join(words)]
    return all(map(_is_slip_of_word, typed, words)) and bool(typed)


def _is_slip_of_word(typed: str, word: str) -> bool:
    if typed == word:
        return True
    if re.sub(r"\D", "", typed) != re.sub(r"\D", "", word):
        return False
    if typed[:1] != word[:1] and typed[:2] != word[:2][::-1]:  # nobody misses the first letter
        return False
    if min(len(typed), len(word)) == 1:
        return False
    slips, length = _slips(typed, word), max(len(typed), len(word))
    if length > _SHORT:
        return slips <= 1 + (length >= _LONG)
    return slips == 1 and (len(typed) != len(word) or sorted(typed) == sorted(word))


def _slips(one: str, other: str) -> int:
    """Count the letters lost, won, changed or swapped with their neighbour."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, wanted in enumerate(other, start=1):
            least = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                least = min(least, rows[-2][j - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
