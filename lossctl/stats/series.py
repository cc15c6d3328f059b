"""Differences of a series whose rows depend on those before: the test of Diebold and Mariano.

With u = w(d − D) of each row, and γ(k) = Σ u(t)·u(t − k), the squared standard error of D is
(γ(0) + 2γ(1) + … + 2γ(h − 1))/(Σw)²: a forecast h rows ahead cannot know the errors of the h − 1 rows between.

That holds no more where differences depend on each other for longer, and many rows do not mend it. Cosines that turn
slowly over the series do: each weighs u to a figure whose variance is that of the sum of u, whatever the dependence, if
it fades. Imports the standard library, NumPy, core and its own package.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from lossctl.core.exact.sum import ExactSum, sqrt_fraction
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.stats.units import Ratio

__all__ = ["PAIRS", "Lags", "cosine_count", "cosine_error", "series_error"]

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
        """Return γ of d − mean."""
        return [each[0] for each in self.centred] or self._of((-mean, Fraction(0), Fraction(1)))

    def rest(self, share: Fraction, mean: Fraction) -> list[Fraction]:
        """Return γ of d − share·b − mean."""
        return [each[1] for each in self.centred] or self._of((-mean, -share, Fraction(1)))

    def _of(self, by: tuple[Fraction, Fraction, Fraction]) -> list[Fraction]:
        """Return γ of a sum of the columns."""
        return [
            sum((by[i] * by[j] * each for (i, j), each in zip(PAIRS, of, strict=True)), Fraction(0))
            for of in self.products
        ]


def series_error(products: Sequence[Fraction], n: int, weight: Fraction) -> float:
    """Return the standard error of a mean of a series.

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


def cosine_count(n: int, horizon: int) -> int:
    """Return how many cosines the error of a series of n rows rests on: its degrees of freedom.

    That is the least of 0.4·n^(2/3), which Lazarus and others advise, 2·n^(1/3), as many as the periodogram of Coroneo
    and Iacone has, and n/(2·horizon), whose cosines turn more slowly than what forecasts cannot know; at least 2.

    Examples
    --------
    >>> [cosine_count(n, 1) for n in (3, 24, 100, 1000, 10**6)], cosine_count(100, 12)
    ([2, 3, 8, 20, 200], 4)
    """
    count = 2
    while (
        125 * (count + 1) ** 3 <= 8 * n * n and (count + 1) ** 3 <= 8 * n and 2 * horizon * (count + 1) <= n
    ):  # in whole numbers, which round nowhere
        count += 1
    return max(1, min(count, n - 1))


def cosine_error(ratio: Ratio, count: int) -> float:
    """Return the standard error of a ratio over units in their order: √(2/B·Σ(Σu·cos)²), divided by Σw.

    Parameters
    ----------
    ratio
        Of units that follow each other, at least 2.
    count
        B, how many cosines there are: √2·cos(π·j·(t + ½)/T) at unit t of T, for j from 1 to B. Student's t has as many
        degrees of freedom.

    References
    ----------
    Lazarus, Lewis, Stock and Watson (2018), HAR inference: recommendations for practice, Journal of Business & Economic
    Statistics 36, 541-559. Coroneo and Iacone (2020), Comparing predictive accuracy in small samples using
    fixed-smoothing asymptotics, Journal of Applied Econometrics 35, 391-409.

    Examples
    --------
    >>> u = np.array([1.0, -1.0, 1.0, -1.0])
    >>> round(cosine_error(Ratio(0.0, u, np.ones(4), np.ones(4)), 3), 12) == round(math.sqrt(4 / 3) / 2, 12)
    True
    """
    units = len(ratio.u)
    turns = _cosines(units)
    odd = 2 * np.arange(units) + 1
    squares, by = ExactSum(), ExactSum()
    by.add(ratio.w)
    for j in range(1, count + 1):
        total = ExactSum()
        total.add(turns[(j * odd) % (4 * units)] * ratio.u)
        squares.add_squares(np.array([total.result()]))
    weight = by.fraction()
    return sqrt_fraction(2 * squares.fraction() / count / weight**2) if weight else math.inf


@lru_cache(maxsize=8)
def _cosines(units: int) -> Array:
    """Return cos(π·k/(2·units)) for each k of a turn: by Python's own, for NumPy's differ from machine to machine."""
    return np.array([math.cos(math.pi * k / (2 * units)) for k in range(4 * units)])
