"""Losses of several parts near their means, slice by slice. Imports NumPy, core and its own package."""

from __future__ import annotations

import numpy as np

from lossctl.core.dataclass import dataclass
from lossctl.core.grouped import Codes
from lossctl.core.loss import Array
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
    """

    values: Array
    derivatives: Array

    def combine(self, parts: Array, codes: Codes) -> Array:
        """Give Σ derivative·part, for ``(parts, …)``; a part that moves nothing adds nothing, even where infinite."""
        total = np.zeros(parts.shape[1:])
        for derivatives, part in zip(self.derivatives, parts, strict=True):
            each = derivatives[codes]
            moving = each if part.ndim == 1 else each[:, None]
            total += np.where(moving == 0.0, 0.0, moving * part)
        return total

    def of(self, code: int) -> Linear:
        """Give that of one code."""
        return Linear(float(self.values[code]), tuple(self.derivatives[:, code].tolist()))
