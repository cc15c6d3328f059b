"""Sums of products of three of what rows move with: what the skewness of their differences is made of. Imports core.

With w the weight of a row, b the baseline's loss and d the candidate's less that, the products are of w, wb and wd,
three at a time; where no weights differ, of b and d alone. From these the third moment of d − rb about its mean follows
for any share r, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction

import numpy as np

from lossctl.core.dataclass import dataclass
from lossctl.core.exact import ExactSum
from lossctl.core.grouped import Codes, GroupedSum
from lossctl.core.loss import Array
from lossctl.core.spread import Powers
from lossctl.core.tallies import sum_of

__all__ = ["CubeTallies", "CubeTally"]

_PLAIN: tuple[Powers, ...] = ((0, 0, 3), (0, 1, 2), (0, 2, 1), (0, 3, 0))
_WEIGHTED: tuple[Powers, ...] = (
    *_PLAIN,
    (1, 0, 2),
    (1, 1, 1),
    (1, 2, 0),
    (2, 0, 1),
    (2, 1, 0),
    (3, 0, 0),
)


def _products(b: Array, d: Array, weight: Array | None) -> Mapping[Powers, Array]:
    """Return the products, of wb and wd ``(n,)`` and the weights."""
    columns = (weight, b, d)
    found = {}
    for powers in _PLAIN if weight is None else _WEIGHTED:
        chosen = [column for column, power in zip(columns, powers, strict=True) for _ in range(power)]
        one, two, three = (each for each in chosen if each is not None)
        found[powers] = one * two * three
    return found


@dataclass(slots=True)
class CubeTally:
    """The sums of one pair of models, by what is multiplied."""

    sums: dict[Powers, ExactSum] = field(default_factory=dict)

    @np.errstate(over="ignore", invalid="ignore", under="ignore")
    def add(self, b: Array, d: Array, weight: Array | None) -> None:
        """Add rows: wb and wd, ``(n,)`` each, and the weights."""
        for powers, values in _products(b, d, weight).items():
            self.sums.setdefault(powers, ExactSum()).add(values)

    def add_cubes(self, d: Array) -> None:
        """Add the cubes of wd alone, ``(n,)``."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            self.sums.setdefault(_PLAIN[0], ExactSum()).add(d * d * d)

    def merge(self, other: CubeTally) -> None:
        """Take over the rows of another part."""
        for powers, total in other.sums.items():
            self.sums.setdefault(powers, ExactSum()).merge(total)

    def fractions(self) -> Mapping[Powers, Fraction] | None:
        """Return the sums; ``None`` where there are none, or one is not finite."""
        if not self.sums or not all(total.is_finite for total in self.sums.values()):
            return None
        return {powers: total.fraction() for powers, total in self.sums.items()}


@dataclass(slots=True)
class CubeTallies:
    """The same for each code."""

    sums: dict[Powers, GroupedSum] = field(default_factory=dict)

    @np.errstate(over="ignore", invalid="ignore", under="ignore")
    def add(self, b: Array, d: Array, weight: Array | None, codes: Codes) -> None:
        """Add rows with their codes."""
        for powers, values in _products(b, d, weight).items():
            self.sums.setdefault(powers, GroupedSum()).add(values, codes)

    def merge(self, other: CubeTallies) -> None:
        """Take over the rows of another part."""
        for powers, total in other.sums.items():
            self.sums.setdefault(powers, GroupedSum()).merge(total)

    def of(self, code: int) -> CubeTally:
        """Return that of one code."""
        return CubeTally({powers: sum_of(total, code) for powers, total in self.sums.items()})
