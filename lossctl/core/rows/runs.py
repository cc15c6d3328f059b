"""Runs of equal values that stand one after the other. Imports NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["starts_of_runs"]


def starts_of_runs(values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return where each run of equal values begins, of values of shape ``(n,)``; of none, none.

    Examples
    --------
    >>> import numpy as np
    >>> starts_of_runs(np.array([3, 3, 5, 3])).tolist(), starts_of_runs(np.array([])).tolist()
    ([0, 2, 3], [])
    """
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
