"""A word on the command line that follows a flag, or its value, and names no file. Imports core.

Loaded where there is one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from lossctl.core.errors import UsageError

__all__ = ["could_be_a_file", "stray"]

_RESAMPLES = {"--bootstrap", "--permutation"}


_FILE = re.compile(r"/|\.[A-Za-z]|[*?]|.=.|^git:|^-$|^$")
"""What is no plain word, and so the name of a file."""
_COMPARISON = re.compile(r"[<>]=?|==?(?=\s|$)|!=")
"""What begins no name of a file, but goes on with a gate or a condition."""


def could_be_a_file(word: str) -> bool:
    """Return whether a word is the name of a file, or looks like one."""
    return bool(_FILE.search(word)) or Path(word).exists()


def stray(before: Any, option: str, value: str | None, words: Sequence[str]) -> UsageError | None:
    """Return the error for a word that follows a flag, or its value, and names no file; ``None``: it may be one.

    Parameters
    ----------
    before
        What Typer knows of the flag.
    option, value
        The flag and its value, as typed; ``None`` where it takes none.
    words
        The word, and what follows it.
    """
    text = words[0]
    if value is not None and _COMPARISON.match(text):
        return _cut_by_spaces(option, value, words)
    if could_be_a_file(text):
        return None
    if value is None:
        problem = f"{option} takes no value, and there is no file {text!r}"
        if option in _RESAMPLES and text.isdigit():
            return UsageError(problem, f"{option} --resamples {text} says how many resamples are drawn")
        return UsageError(problem, f"leave out {text!r}, or name a file")
    if f"--no-{option[2:]}" in before.opts:
        return UsageError(f"{option}: {text!r} is not true or false", f"write {option} or --no-{option[2:]}")
    problem = f"{option} {value} is followed by {text!r}, and there is no file of that name"
    parts = [value, *takewhile(lambda word: not word.startswith("-") and not Path(word).exists(), words)]
    cure = f"put quotes around a value that has spaces: {option} {shlex.quote(' '.join(parts))}"
    if before.multiple:
        cure = f"each takes its own flag: {option} {value} {option} {text}"
    return UsageError(problem, cure)


def _cut_by_spaces(option: str, value: str, words: Sequence[str]) -> UsageError:
    """Return the error for a gate, or a condition, that stands without quotes."""
    parts = [value, *takewhile(lambda word: not word.startswith("-"), words)]
    problem = f"{option} {value} is followed by {words[0]!r}, and what has spaces is several words to a shell"
    return UsageError(problem, f"put quotes around it: {option} {shlex.quote(' '.join(parts))}")
