"""Units: rows, clusters, blocks of rows or buckets of many, each with its sums; and the ratios that are compared.

A difference of means is a ratio of sums over units, and so is a relative change. Of such a ratio θ = Σx/Σw, a unit adds
u = x − θw to what makes it uncertain. Imports NumPy and core.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.dataclass import dataclass
from lossctl.core.exact import ExactSum, sqrt_fraction
from lossctl.core.loss import Array

__all__ = ["Ratio", "Units"]


@dataclass(frozen=True, slots=True)
class Units:
    """The sums of a pair of models by unit, ``(units,)`` each, in an order that says nothing about that of the rows.

    Parameters
    ----------
    w, b, d
        Σw, Σwb and Σwd of the rows of each: weights, losses of the baseline, the candidate's less those.
    """

    w: Array
    b: Array
    d: Array

    def __len__(self) -> int:
        return len(self.w)

    @property
    def is_finite(self) -> bool:
        """Whether every sum is."""
        return all(bool(np.isfinite(each).all()) for each in (self.w, self.b, self.d))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure that is Σx/Σw over units, or moves like one.

    Parameters
    ----------
    value
        The figure θ.
    u
        What each unit adds to its uncertainty, x − θw: they sum to 0, but for rounding.
    w
        What the units are divided by.
    """

    value: float
    u: Array
    w: Array

    @property
    def x(self) -> Array:
        """What adds up to the figure, u + θw."""
        return self.u + self.value * self.w

    @property
    def std_error(self) -> float:
        """The root of G/(G−1)·Σu², divided by Σw: as of a mean, where each unit is one row."""
        squares, total = ExactSum(), ExactSum()
        squares.add_squares(self.u)
        total.add(self.w)
        units = len(self.u)
        by = total.fraction()
        return sqrt_fraction(squares.fraction() * units / (units - 1) / by**2) if by else float("inf")
