"""Units: rows, clusters, blocks of rows or buckets of many, each with its sums; and the ratios that are compared.

A difference of means is a ratio of sums over units, and so is a relative change. Of such a ratio θ = Σx/Σw, a unit adds
u = x − θw to what makes it uncertain. Imports the standard library, NumPy and core.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossctl.core.exact.sum import ExactSum, sqrt_fraction
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

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
    def effective(self) -> float:
        """(Σw)²/Σw²: how many units of equal weight would be as sure."""
        return float(len(self)) if _are_alike(self.w) else 1.0 / _total(np.square(_shares(self.w)))

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
    size
        The weight of each unit: of its rows, or how many these are.
    """

    value: float
    u: Array
    w: Array
    size: Array

    @property
    def x(self) -> Array:
        """What adds up to the figure, u + θw."""
        return self.u + self.value * self.w

    @property
    def std_error(self) -> float:
        """The root of G/(G−1)·Σu², divided by Σw: as of a mean, where each unit is one row."""
        units = len(self.u)
        return self._error(self.u, Fraction(units, units - 1))

    @property
    def reduced_error(self) -> float:
        """The root of Σu²/(1 − p), divided by Σw, with p the unit's share of all weight: CR2, of Bell and McCaffrey.

        Of units alike it is `std_error`. A unit that is nearly all there is says nothing of its own deviation from the
        mean, for which 1/(1 − p) makes up; of the only one there is no error.
        """
        if _are_alike(self.size):
            return self.std_error
        rest = 1.0 - _shares(self.size)
        return self._error(self.u / np.sqrt(rest), Fraction(1)) if bool((rest > 0.0).all()) else float("inf")

    @property
    def freedom(self) -> float:
        """The degrees of freedom of `reduced_error`, of Bell and McCaffrey: G − 1 of units alike, fewer of others.

        Rows taken for independent and alike, the covariance of u of two units is p(1 − p) or −pq, that of the terms of
        CR2 so many times 1/(1 − p), and the degrees (Σ of their means)²/(half the variance of their sum).

        References
        ----------
        Bell and McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples,
        Survey Methodology 28, 169-181. Imbens and Kolesár (2016), Robust standard errors in small samples, Review of
        Economics and Statistics 98, 701-712.
        """
        if _are_alike(self.size):
            return float(len(self.size) - 1)
        shares = _shares(self.size)
        first = int(np.argmax(shares))
        with np.errstate(divide="ignore"):
            terms = shares * shares / (1.0 - shares)
        largest, terms = float(terms[first]), np.delete(terms, first)  # apart: its square would swallow the others
        others = _total(terms)
        between = 2.0 * largest * others + (others * others - _total(terms * terms))
        return max(1.0, 1.0 / (_total(shares * shares) + between))

    def _error(self, u: Array, factor: Fraction) -> float:
        squares, total = ExactSum(), ExactSum()
        squares.add_squares(u)
        total.add(self.w)
        by = total.fraction()
        return sqrt_fraction(squares.fraction() * factor / by**2) if by else float("inf")


def _are_alike(sizes: Array) -> bool:
    return float(sizes.min()) == float(sizes.max())


def _shares(sizes: Array) -> Array:
    """Return which share of all weight each unit has."""
    found: Array = sizes / _total(sizes)
    return found


def _total(values: Array) -> float:
    """Return a sum that does not depend on the order."""
    total = ExactSum()
    total.add(values)
    return total.result()
