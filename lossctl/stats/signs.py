"""Differences that do not vary: what flipped signs, and how many rows there are, say of them.

Where all differences of rows are equal, a standard error is 0, or what rounding leaves, and says nothing about how
other rows would differ. The signs still do: were neither model better, each of n differences might as well have the
other sign, and all would agree in 2 of 2^n cases. Imports the standard library.

References
----------
Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?, JAMA 249, 1743-1745: the bound for n
rows of which none differs.
"""

from __future__ import annotations

import math

__all__ = ["NEAR", "ROUNDING", "agreeing", "none_of", "rows_for_agreeing", "rows_for_none", "varies"]

ROUNDING = 10.0 * 2.0**-52
"""A standard error below this share of a mean is made of rounding."""

NEAR = 1e-9
"""One that is below this share of the mean difference leaves no doubt about the sign of any."""

_LEAST = math.ulp(0.0)
"""No p-value is 0: the smallest number stands for all that are less."""


def varies(std_error: float, mean: float, scale: float = 0.0) -> bool:
    """Return whether differences vary: their standard error is more than rounding leaves.

    Parameters
    ----------
    std_error, mean
        Of the differences.
    scale
        The size of what is subtracted, whose rounding the differences keep.

    Examples
    --------
    >>> varies(0.1, 1.0), varies(1e-17, 0.1), varies(0.0, 0.0)
    (True, False, False)
    >>> varies(2e-16, 0.01), varies(2e-16, 0.01, scale=1.0)
    (True, False)
    """
    return std_error > max(ROUNDING * abs(mean), min(ROUNDING * abs(scale), NEAR * abs(mean)))


def agreeing(units: int) -> float:
    """Return the chance that so many differences all have one given sign, 2^−n.

    Examples
    --------
    >>> agreeing(3), agreeing(10_000) > 0.0
    (0.125, True)
    """
    return max(math.ldexp(1.0, -units), _LEAST)


def none_of(share: float, units: float) -> float:
    """Return the chance that none of so many rows differs where a share of all rows does.

    Examples
    --------
    >>> round(none_of(0.01, 299), 4)
    0.0495
    """
    return max(math.exp(units * math.log1p(-share)), _LEAST) if share < 1.0 else _LEAST


def rows_for_agreeing(small: float) -> int:
    """Return how many differences of one sign have a chance of no more than `small`.

    Examples
    --------
    >>> rows_for_agreeing(0.05)
    5
    """
    return math.ceil(-math.log2(small))


def rows_for_none(share: float, small: float) -> int | None:
    """Return of how many rows none would differ with a chance of no more than `small`; ``None`` where no number does.

    Examples
    --------
    >>> rows_for_none(0.01, 0.05)
    299
    """
    if not 0.0 < share < 1.0:
        return None if share <= 0.0 else 1
    return math.ceil(math.log(small) / math.log1p(-share))
