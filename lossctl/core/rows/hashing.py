"""Whole numbers scattered over all 64-bit numbers. Imports NumPy alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["STEP", "finalize"]

STEP = 0x9E3779B97F4A7C15
"""What the generator splitmix64 adds at each step: 2^64 divided by the golden ratio, made odd."""


def finalize(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the finalizer of splitmix64: no two numbers come to one.

    References
    ----------
    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Examples
    --------
    >>> finalize(np.array([0, STEP], dtype=np.uint64)).tolist()
    [0, 16294208416658607535]
    """
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
