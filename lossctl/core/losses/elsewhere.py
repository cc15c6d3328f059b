"""What another library calls a loss, and whether its number is the same. Imports the standard library.

Rows of the registry hold these. ``--loss`` takes the names of the same number, `lossctl losses` and `lossctl show` list
them, `docs/differences.md` is written from them, and where a number differs the error is what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = ["UNCOMPARED", "Elsewhere"]

UNCOMPARED = "has not been compared with it"
"""What is said of a number that has not been looked at."""

_NONE: Mapping[str, Any] = MappingProxyType({})


class Elsewhere(NamedTuple):
    """A name in another library for a loss here.

    Parameters
    ----------
    name
        The name in full, ``torch.nn.HuberLoss``, or after the library that takes it as a text, ``xgboost: mae``. With
        arguments it is this loss only where they are given.
    also
        Its other names in that library, in full, with blanks between.
    negated
        Names under which that library gives minus the number.
    differs
        How the number differs, a sentence without its subject; empty: it is the same on ordinary values.
    params
        The library's own defaults, by our parameters, where they are not ours.
    renamed
        Our parameters by that library's names for them.
    note
        What to know though the number is the same.
    """

    name: str
    also: str = ""
    negated: str = ""
    differs: str = ""
    params: Mapping[str, Any] = _NONE
    renamed: Mapping[str, str] = _NONE
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All names of it, the first first."""
        return (self.name, *self._split(self.also), *self._split(self.negated))

    @property
    def library(self) -> str:
        """The library's name: ``torch``."""
        return self.name.partition(":")[0].partition(".")[0]

    def _split(self, names: str) -> tuple[str, ...]:
        of = f"{self.library}: " if ": " in self.name else ""
        return tuple(of + each for each in names.split())
