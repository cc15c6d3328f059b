"""What `lossctl.core.exact.by_slice` reads off doubles, and gives as exact sums. Imports NumPy and core."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.grid import LEAST
from lossctl.core.exact.sum import ExactSum
from lossctl.core.types import Array

__all__ = ["NAN", "NOT_FINITE", "ZERO", "limit_of", "not_finite_sum", "units_of", "whole_sum"]

NAN = 0.0
"""Stands for NaN, which no dictionary finds, among the kinds of values that are not finite."""
NOT_FINITE, ZERO = 10**6, -(10**6)
"""Stand as the limit of a chunk that holds NaN or an infinity, and of one of zeros."""
_UNIT = 2 * LEAST
"""Every sum is a multiple of 2^-2148, as in `ExactSum`."""


def limit_of(chunk: Array) -> int:
    """Return the least power of two above every magnitude."""
    most = max(float(np.maximum.reduce(chunk)), -float(np.minimum.reduce(chunk)))
    if not math.isfinite(most):
        return NOT_FINITE
    return math.frexp(most)[1] if most > 0.0 else ZERO


def not_finite_sum(counts: dict[float, int]) -> ExactSum:
    """Return a sum that holds so many values that are not finite, by kind."""
    total = ExactSum()
    total.n_nan, total.n_posinf = counts.get(NAN, 0), counts.get(math.inf, 0)
    total.n_neginf = counts.get(-math.inf, 0)
    return total


def units_of(integers: dict[int, int]) -> int:
    """Return Σ integer·2^grid in units of 2^-2148; limbs below that hold multiples of it."""
    lowest = min([_UNIT, *integers])
    return sum(each << (grid - lowest) for grid, each in integers.items()) >> (_UNIT - lowest)


def whole_sum(integers: npt.NDArray[np.int64]) -> int:
    """Sum integers of 64 bits as if they had no end."""
    high = integers >> 32
    return (int(high.sum()) << 32) + int((integers - (high << 32)).sum())
