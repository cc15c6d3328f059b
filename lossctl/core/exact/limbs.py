"""Many exact sums at once as doubles: the integers of `exact.by_slice` turned into the doubles nearest to them.

Limbs are added from the highest down without error into a double, what it leaves, and a bound of what both leave.
Where the bound cannot decide how to round, the caller is told, and asks Python's integers. Imports NumPy and core.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.double_double import Doubles, two_sum

__all__ = ["add_limbs"]

_LEAST_GRID, _MOST_GRID = -960, 960
"""Limbs between are ordinary doubles."""
_BELOW = 2.0 ** (_LEAST_GRID + 40)
"""No integer of a lower limb counts as much."""
_SAFE_LOW, _SAFE_HIGH = 2.0**-900, 2.0**1000
"""Magnitudes between round as if exponents had no end."""


def add_limbs(limbs: Sequence[npt.NDArray[np.int64]], grids: Sequence[int], groups: int) -> Doubles:
    """Add ``limb·2^grid`` for each code, limbs from the highest down, each integer within ±2^40.

    Examples
    --------
    >>> made = add_limbs([np.array([3, -1]), np.array([0, 1])], [0, -60], 2)
    >>> made.high.tolist(), made.low.tolist()
    ([3.0, -1.0], [0.0, 8.673617379884035e-19])
    """
    high, low, bound = np.zeros(groups), np.zeros(groups), np.zeros(groups)
    for limb, grid in zip(limbs, grids, strict=True):
        if grid > _MOST_GRID:
            bound[limb != 0] = np.nan
        elif grid < _LEAST_GRID:
            bound += np.where(limb != 0, _BELOW, 0.0)
        else:
            high, left = two_sum(high, np.ldexp(limb.astype(np.float64), grid))
            low, lost = two_sum(low, left)
            bound += np.abs(lost)
    high, low = two_sum(high, low)
    magnitude = np.abs(high)
    outside = (magnitude < _SAFE_LOW) | (magnitude > _SAFE_HIGH)
    outside &= (magnitude != 0.0) | (bound != 0.0)
    bound[outside] = np.nan
    return Doubles(high, low, bound * (1.0 + 2.0**-20))
