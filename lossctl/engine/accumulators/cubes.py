"""Sums of products of three of what rows move with: what the skewness of their differences is made of. Imports core.

With w the weight of a row, b the baseline's loss and d the candidate's less that, the products are of w, wb and wd,
three at a time; where no weights differ, of b and d alone. From these the third moment of d − rb about its mean follows
for any share r, whatever the order of the rows.

Three ordinary losses of 1e110 or of 1e-110 have a product that float64 does not hold: such products are summed divided
by a power of two, by how large they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction

import numpy as np

from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.exact.spread import Powers
from lossctl.core.exact.sum import ExactSum
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes, Mask
from lossctl.engine.accumulators.tallies import sum_of

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

_ORDINARY = 2.0**300
"""Magnitudes between this and its inverse have products of three that neither overflow nor lose bits to underflow."""

_STEP = 600
"""By how many powers of two the sums of larger and smaller products are apart."""

Scaled = tuple[Powers, int]
"""What is multiplied, and the exponent of the power of two that the products were divided by."""


def _factors(b: Array, d: Array, weight: Array | None) -> Iterator[tuple[Powers, list[Array]]]:
    """Return what is multiplied, of wb and wd ``(n,)`` and the weights."""
    columns = (weight, b, d)
    for powers in _powers(weighted=weight is not None):
        chosen = [column for column, power in zip(columns, powers, strict=True) for _ in range(power)]
        yield powers, [each for each in chosen if each is not None]


def _powers(*, weighted: bool) -> tuple[Powers, ...]:
    return _WEIGHTED if weighted else _PLAIN


def _are_ordinary(*columns: Array | None) -> bool:
    """Return whether products of three of any are ordinary numbers."""
    for column in columns:
        if column is not None:
            sizes = np.abs(column)
            if not ((sizes == 0.0) | ((sizes >= 1.0 / _ORDINARY) & (sizes <= _ORDINARY))).all():
                return False
    return True


def _parts(factors: list[Array]) -> Iterator[tuple[int, Mask, Array]]:
    """Return products of three by size: the exponent of what they are divided by, where they are, and they."""
    (one, first), (two, second), (three, third) = (np.frexp(each) for each in factors)
    mantissas = one * two * three  # rounded as the product is
    exponents = np.where(np.isfinite(mantissas), first + second + third, 0)
    steps = np.where(mantissas == 0.0, 0, (exponents + _STEP // 2) // _STEP)
    for step in np.unique(steps).tolist():
        members = steps == step
        yield step * _STEP, members, np.ldexp(mantissas[members], exponents[members] - step * _STEP)


@dataclass(slots=True)
class CubeTally:
    """The sums of one pair of models, by what is multiplied and how it is scaled."""

    sums: dict[Scaled, ExactSum] = field(default_factory=dict)

    @np.errstate(over="ignore", invalid="ignore", under="ignore")
    def add(self, b: Array, d: Array, weight: Array | None) -> None:
        """Add rows: wb and wd, ``(n,)`` each, and the weights."""
        ordinary = _are_ordinary(b, d, weight)
        for powers, factors in _factors(b, d, weight):
            self._add(powers, factors, ordinary=ordinary)

    @np.errstate(over="ignore", invalid="ignore", under="ignore")
    def add_cubes(self, d: Array) -> None:
        """Add the cubes of wd alone, ``(n,)``."""
        self._add(_PLAIN[0], [d, d, d], ordinary=_are_ordinary(d))

    def _add(self, powers: Powers, factors: list[Array], *, ordinary: bool) -> None:
        if ordinary:
            one, two, three = factors
            self._sum(powers, 0).add(one * two * three)
            return
        for exponent, _, values in _parts(factors):
            self._sum(powers, exponent).add(values)

    def _sum(self, powers: Powers, exponent: int) -> ExactSum:
        return self.sums.setdefault((powers, exponent), ExactSum())

    def merge(self, other: CubeTally) -> None:
        """Take over the rows of another part."""
        for (powers, exponent), total in other.sums.items():
            self._sum(powers, exponent).merge(total)

    def fractions(self) -> Mapping[Powers, Fraction] | None:
        """Return the sums; ``None`` where there are none, or one is not finite."""
        if not self.sums or not all(total.is_finite for total in self.sums.values()):
            return None
        found: dict[Powers, Fraction] = {}
        for (powers, exponent), total in self.sums.items():
            found[powers] = found.get(powers, Fraction(0)) + total.fraction() * Fraction(2) ** exponent
        return found


@dataclass(slots=True)
class CubeTallies:
    """The same for each code."""

    weighted: bool
    sums: dict[Scaled, GroupedSum] = field(init=False)

    def __post_init__(self) -> None:
        self.sums = {(powers, 0): GroupedSum() for powers in _powers(weighted=self.weighted)}

    @np.errstate(over="ignore", invalid="ignore", under="ignore")
    def add(self, b: Array, d: Array, weight: Array | None, codes: Codes) -> None:
        """Add rows with their codes."""
        ordinary = _are_ordinary(b, d, weight)
        for powers, factors in _factors(b, d, weight):
            if ordinary:
                one, two, three = factors
                self.sums[powers, 0].add(one * two * three, codes)
                continue
            for exponent, members, values in _parts(factors):
                self.sums.setdefault((powers, exponent), GroupedSum()).add(values, codes[members])

    def merge(self, other: CubeTallies) -> None:
        """Take over the rows of another part."""
        for scaled, total in other.sums.items():
            self.sums.setdefault(scaled, GroupedSum()).merge(total)

    def of(self, code: int) -> CubeTally:
        """Return that of one code."""
        return CubeTally({scaled: sum_of(total, code) for scaled, total in self.sums.items()})
