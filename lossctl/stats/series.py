"""Differences of a series whose rows depend on those before: the test of Diebold and Mariano. Imports core.

With u = w(d − D) of each row, and γ(k) = Σ u(t)·u(t − k), the squared standard error of D is
(γ(0) + 2γ(1) + … + 2γ(h − 1))/(Σw)²: a forecast h rows ahead cannot know the errors of the h − 1 rows between.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lossctl.core.dataclass import dataclass
from lossctl.core.exact import sqrt_fraction

__all__ = ["PAIRS", "Lags", "series_error"]

PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Of w, wb and wd: the products that are summed."""


@dataclass(frozen=True, slots=True)
class Lags:
    """Sums of products of rows, by how far they are apart.

    Parameters
    ----------
    products
        By lag, for each of `PAIRS`: Σ of xᵢ(t)·xⱼ(t − k) + xⱼ(t)·xᵢ(t − k); half of that of a column with itself.
    centred
        In their place, by lag, the products of u = w(d − D) and of w(d − ρb) less its mean, from a second pass.
    """

    products: Sequence[Sequence[Fraction]]
    centred: Sequence[Sequence[Fraction]] = ()

    @property
    def horizon(self) -> int:
        """How many lags there are."""
        return len(self.centred or self.products)

    def gap(self, mean: Fraction) -> list[Fraction]:
        """Give γ of d − mean."""
        return [each[0] for each in self.centred] or self._of((-mean, Fraction(0), Fraction(1)))

    def rest(self, share: Fraction, mean: Fraction) -> list[Fraction]:
        """Give γ of d − share·b − mean."""
        return [each[1] for each in self.centred] or self._of((-mean, -share, Fraction(1)))

    def _of(self, by: tuple[Fraction, Fraction, Fraction]) -> list[Fraction]:
        """Give γ of a sum of the columns."""
        return [
            sum((by[i] * by[j] * each for (i, j), each in zip(PAIRS, of, strict=True)), Fraction(0))
            for of in self.products
        ]


def series_error(products: Sequence[Fraction], n: int, weight: Fraction) -> float:
    """Give the standard error of a mean of a series.

    Where γ(0) + 2Σγ(k) is not above 0, which it may be by chance, γ(k) is weighted by 1 − k/h (Bartlett). The whole is
    widened for few rows by n²/((n − h)(n − h + 1)), with h the number of products (Harvey, Leybourne and Newbold).

    Parameters
    ----------
    products
        γ(0), …, γ(h − 1).
    n
        How many rows there are, more than h.
    weight
        Σw.

    References
    ----------
    Diebold and Mariano (1995), Comparing predictive accuracy, Journal of Business & Economic Statistics 13, 253-263.
    Harvey, Leybourne and Newbold (1997), Testing the equality of prediction mean squared errors, International Journal
    of Forecasting 13, 281-291.

    Examples
    --------
    >>> series_error([Fraction(14)], 8, Fraction(8))
    0.5
    """
    horizon = len(products)
    square = products[0] + 2 * sum(products[1:], Fraction(0))
    if square <= 0:
        weighted = (Fraction(horizon - lag, horizon) * each for lag, each in enumerate(products[1:], start=1))
        square = products[0] + 2 * sum(weighted, Fraction(0))
    widened = Fraction(n * n, (n - horizon) * (n - horizon + 1))
    return sqrt_fraction(max(square, Fraction(0)) * widened / weight**2)
