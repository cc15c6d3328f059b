"""Arrays by what they hold. Imports NumPy alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Codes", "Mask", "RowCodes"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
"""A whole number a row: the code of its slice, a count, or where it stands."""
RowCodes = npt.NDArray[np.int32]
"""Codes of rows that are handed on to be written."""
