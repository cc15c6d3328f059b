"""Losses of several parts near their means, slice by slice. Imports NumPy, core and its own package."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.plan import Linear

__all__ = ["Linears"]


@dataclass(frozen=True, slots=True)
class Linears:
    """A `Linear` for each code.

    Parameters
    ----------
    values
        ``(codes,)``.
    derivatives
        ``(parts, codes)``.
    overflown
        The codes of which the mean of some part is past every float64.
    """

    values: Array
    derivatives: Array
    overflown: frozenset[int] = frozenset()

    @classmethod
    def of_each(cls, linears: Mapping[int, Linear], parts: int, codes: int) -> Linears:
        """Put together those of some of so many codes; the value of the others is NaN, and nothing moves it."""
        values, derivatives = np.full(codes, np.nan), np.zeros((parts, codes))
        for code, linear in linears.items():
            values[code], derivatives[:, code] = linear.value, linear.derivatives
        return cls(values, derivatives, frozenset(code for code, linear in linears.items() if linear.overflown))

    @np.errstate(over="ignore", invalid="ignore")  # 0 times what is infinite, which is left out
    def combine(self, parts: Array, codes: Codes) -> Array:
        """Return Σ derivative·part, for ``(parts, …)``; a part that moves nothing adds nothing, even where infinite."""
        total = np.zeros(parts.shape[1:])
        for derivatives, part in zip(self.derivatives, parts, strict=True):
            each = derivatives[codes]
            moving = each if part.ndim == 1 else each[:, None]
            total += np.where(moving == 0.0, 0.0, moving * part)
        return total

    def of(self, code: int) -> Linear:
        """Return that of one code."""
        return Linear(float(self.values[code]), tuple(self.derivatives[:, code].tolist()), code in self.overflown)
