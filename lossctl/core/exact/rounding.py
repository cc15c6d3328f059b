"""Rational numbers to doubles, rounded once and correctly: how every exact figure ends.

Imports the standard library.
"""

from __future__ import annotations

import math
from fractions import Fraction

__all__ = ["round_fraction", "sqrt_fraction"]


def round_fraction(x: Fraction) -> float:
    """Return the double nearest to a rational number (ties to even); an infinity beyond the largest double.

    Examples
    --------
    >>> round_fraction(Fraction(1, 3))
    0.3333333333333333
    >>> round_fraction(Fraction(-(10**400)))
    -inf
    """
    return _divide(x.numerator, x.denominator)


def sqrt_fraction(x: Fraction) -> float:
    """Return the double nearest to √x (ties to even); infinity beyond the largest double.

    Rounding x first and its root again would be wrong in the last bit now and then, and would overflow.

    Raises
    ------
    ValueError
        Where x is negative.

    Examples
    --------
    >>> sqrt_fraction(Fraction(2))
    1.4142135623730951
    >>> sqrt_fraction(Fraction(10**600))
    1e+300
    """
    if x < 0:
        raise ValueError("the square root of a negative number")
    # Scaled by 4^scale, the whole part of the root has at least 64 bits: enough to round it, if one more bit says
    # whether anything was cut off.
    scale = max(0, 66 - (x.numerator.bit_length() - x.denominator.bit_length()) // 2)
    scaled, rest = divmod(x.numerator << (2 * scale), x.denominator)
    root = math.isqrt(scaled)
    cut = rest != 0 or root * root != scaled
    return _divide(2 * root + cut, 1 << (scale + 1))


def _divide(numerator: int, denominator: int) -> float:
    """Return the correctly rounded quotient, as dividing two Python integers does; infinity where it overflows."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf
