"""Exact sums of the values of rows, from which the standard error of their mean is rounded once.

Imports the standard library, NumPy for a type, and core.
"""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction

from lossctl.core.exact.sum import ExactSum, add_values, round_fraction
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["Powers", "Spread", "error_square", "freedom_of", "is_lost"]

Powers = tuple[int, int, int]
"""How often w, wb and wd stand in a product of three: a weight, the baseline's loss and the difference from it."""

_CANCELLED = Fraction(1, 10**8)
"""What is left of squares, as a share of them, once half of their digits have cancelled."""


@dataclass(slots=True)
class Spread:
    """With w the weight of a row and x its value: Σwx, Σ(wx)² and Σw²x.

    Parameters
    ----------
    weighted
        Whether rows differ in weight; Σw²x is Σwx where they do not.
    """

    weighted: bool
    total: ExactSum = field(default_factory=ExactSum)
    square: ExactSum = field(default_factory=ExactSum)
    heavy: ExactSum = field(default_factory=ExactSum)

    def add(self, values: Array, weight: Array | None) -> None:
        """Add values ``(n,)`` with their weights; ``None``: each weighs 1."""
        if weight is None:
            add_values(values, self.total, self.square)
            return
        pulled = weight * values
        add_values(pulled, self.total, self.square)
        self.heavy.add(weight * pulled)

    def merge(self, other: Spread) -> None:
        """Take over the values of another part."""
        self.total.merge(other.total)
        self.square.merge(other.square)
        self.heavy.merge(other.heavy)

    @property
    def is_finite(self) -> bool:
        """Whether every value was."""
        return self.total.is_finite and self.square.is_finite and self.heavy.is_finite

    @property
    def by_weight(self) -> Fraction:
        """Σw²x."""
        return (self.heavy if self.weighted else self.total).fraction()


def error_square(
    total: Fraction, square: Fraction, by_weight: Fraction, weights: tuple[Fraction, Fraction]
) -> tuple[Fraction, bool]:
    """Return the squared standard error of the mean m = Σwx/Σw: Σw²(x − m)²/((Σw)² − Σw²).

    That is unbiased where variances go with 1/w, as of means of w rows each; n/(n−1)·Σ(x − m)²/n² where weights are
    equal.

    Parameters
    ----------
    total, square, by_weight
        Σwx, Σ(wx)² and Σw²x.
    weights
        Σw and Σw², of at least 2 rows.

    Returns
    -------
    tuple[Fraction, bool]
        The square, and whether so many digits cancelled in it that values must be centred before they are squared.

    Examples
    --------
    >>> error_square(Fraction(6), Fraction(14), Fraction(6), (Fraction(3), Fraction(3)))
    (Fraction(1, 3), False)
    """
    mean = total / weights[0]
    spread = square - 2 * mean * by_weight + mean**2 * weights[1]
    return max(spread, Fraction(0)) / (weights[0] ** 2 - weights[1]), is_lost(spread, square)


def freedom_of(weights: tuple[Fraction, Fraction]) -> float:
    """Return the degrees of freedom of that error, (Σw)²/Σw² − 1, and at least 1.

    Satterthwaite's are never fewer where variances go with 1/w, and as many where weights are equal: n − 1. Two rows of
    whatever weights have 1.

    Examples
    --------
    >>> freedom_of((Fraction(3), Fraction(3))), freedom_of((Fraction(101), Fraction(10001)))
    (2.0, 1.0)
    """
    return max(1.0, round_fraction(weights[0] ** 2 / weights[1] - 1))


def is_lost(left: Fraction, squares: Fraction) -> bool:
    """Return whether so little is left of a sum of squares that the rounding of each shows."""
    return left < squares * _CANCELLED
