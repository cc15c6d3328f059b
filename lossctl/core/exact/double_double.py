"""Arithmetic on many numbers of about 106 bits at once, each with a bound of its error.

A number is the sum of two doubles. Where its bound leaves no doubt what it rounds to, that is the figure that
`lossctl.core.exact.rounding` would give from fractions, a thousand times faster; where there is doubt, the caller asks
fractions. (Dekker, "A floating-point technique for extending the available precision", 1971; Joldes, Muller and
Popescu, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", ACM TOMS 2017.) Imports
NumPy, and core for the types of arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossctl.core.types import Array, Mask

__all__ = [
    "Doubles",
    "add",
    "divide",
    "error_squares",
    "exactly",
    "freedoms",
    "is_rounded",
    "is_safe",
    "multiply",
    "root",
    "two_sum",
]


_UNIT = 2.0**-100
"""Far above what an operation on two doubles loses, 2^-102 at most."""
_SPLIT = 2.0**27 + 1.0
_LOW, _HIGH = 1e-100, 1e100
_LEAST_PRODUCT = 1e-250
_VAGUE = 1e-6
"""A number whose bound is a larger share of it has no root to speak of."""


class Doubles(NamedTuple):
    """Many numbers, each within `bound` of ``high + low``, where `high` is what ``high + low`` rounds to.

    A bound is NaN where nothing is known.
    """

    high: Array
    low: Array
    bound: Array


def exactly(values: Array) -> Doubles:
    """Return doubles as they are.

    Examples
    --------
    >>> third = divide(exactly(np.array([1.0])), exactly(np.array([3.0])))
    >>> third.high.tolist(), is_rounded(third).tolist()
    ([0.3333333333333333], [True])
    """
    return Doubles(values, np.zeros_like(values), np.zeros_like(values))


def is_rounded(numbers: Doubles) -> Mask:
    """Return for which numbers `high` is certainly the double nearest to them, ties to even.

    Examples
    --------
    >>> is_rounded(Doubles(np.array([1.0, 1.0]), np.array([0.0, 2.0**-53]), np.array([0.0, 2.0**-100]))).tolist()
    [True, False]
    """
    high, low, bound = numbers
    up = 0.5 * (np.nextafter(high, np.inf) - high)
    down = 0.5 * (high - np.nextafter(high, -np.inf))
    sure: Mask = (bound == 0.0) | ((low + bound < up) & (low - bound > -down))
    return sure


def is_safe(numbers: Doubles) -> Mask:
    """Return which numbers are known, and 0 or so far from the ends of float64 that squares and quotients fit."""
    magnitude = np.abs(numbers.high)
    inside = (magnitude > _LOW) & (magnitude < _HIGH)
    safe: Mask = (inside | ((magnitude == 0.0) & (numbers.bound == 0.0))) & np.isfinite(numbers.bound)
    return safe


def add(a: Doubles, b: Doubles) -> Doubles:
    """Return a + b; exact where two doubles hold it."""
    total, left = two_sum(a.high, b.high)
    lows, lost = two_sum(a.low, b.low)
    rest, more = two_sum(left, lows)
    high, low = two_sum(total, rest)
    lost = np.where((lost == 0.0) & (more == 0.0), 0.0, _UNIT * (np.abs(a.high) + np.abs(b.high)))
    return Doubles(high, low, (1.0 + 2.0**-20) * (a.bound + b.bound) + lost)  # the sum of bounds is rounded too


def multiply(a: Doubles, b: Doubles) -> Doubles:
    """Return a·b; exact where both are doubles, and what rounding leaves of their product fits into a double."""
    product, left = _two_product(a.high, b.high)
    high, low = two_sum(product, left + (a.high * b.low + a.low * b.high))
    bound = np.abs(a.high) * b.bound + np.abs(b.high) * a.bound + a.bound * b.bound
    size = np.abs(high)
    lost = np.where((a.low == 0.0) & (b.low == 0.0) & (size > _LEAST_PRODUCT), 0.0, _UNIT * size)
    return Doubles(high, low, (1.0 + 2.0**-20) * bound + lost)


def divide(a: Doubles, b: Doubles) -> Doubles:
    """Return a/b, for b that is not 0; exact where a is, b is one exact double, and two doubles hold the quotient.

    So a mean that lies half way between two doubles is known to.
    """
    first = a.high / b.high
    rest = add(a, multiply(exactly(-first), b))
    second = rest.high / b.high
    third = add(rest, multiply(exactly(-second), b)).high / b.high
    high, low = two_sum(first, second)
    high, low = two_sum(high, low + third)
    lost = (a.bound + np.abs(first) * b.bound) / np.abs(b.high)
    bound = (1.0 + 2.0**-20) * lost + _UNIT * np.abs(high)
    exact = (third == 0.0) & (a.bound == 0.0) & (b.bound == 0.0) & (b.low == 0.0)
    exact &= _is_quotient(a, b.high, first, second)
    return Doubles(high, low, np.where(exact, 0.0, bound))


def _is_quotient(a: Doubles, b: Array, first: Array, second: Array) -> Mask:
    """Return where ``(first + second)·b`` is a, to the last bit; `first` is ``a.high / b``."""
    product, left = _two_product(first, b)
    rest, lost = two_sum((a.high - product) - left, a.low)  # what division leaves is a double
    product, left = _two_product(second, b)
    same: Mask = (product == rest) & (left == 0.0) & (lost == 0.0)
    return same


def root(a: Doubles) -> Doubles:
    """Return √a, for a of at least 0."""
    first = np.sqrt(a.high)
    product, left = _two_product(first, first)
    rest = ((a.high - product) - left) + a.low
    twice = np.where(first > 0.0, 2.0 * first, 1.0)
    high, low = two_sum(first, rest / twice)
    bound = 2.0 * a.bound / twice + _UNIT * np.abs(high)
    return Doubles(high, low, np.where(a.bound > _VAGUE * a.high, np.inf, bound))


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the rounded sum and exactly what that leaves (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the rounded product and exactly what that leaves (Dekker, Veltkamp)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    left = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, left


def _halves(a: Array) -> tuple[Array, Array]:
    scaled = _SPLIT * a
    high = scaled - (scaled - a)
    return high, a - high


def error_squares(spread: Doubles, weights: Doubles, weight_squares: Doubles) -> Doubles:
    """Return squared standard errors from Σw²(x − m)², Σw and Σw²: see `lossctl.core.exact.spread.error_square`."""
    return divide(spread, _less(multiply(weights, weights), weight_squares))


def freedoms(weights: Doubles, weight_squares: Doubles) -> tuple[Array, Mask]:
    """Return degrees of freedom, and where they may be wrong in the last bit: see `spread.freedom_of`."""
    found = divide(_less(multiply(weights, weights), weight_squares), weight_squares)
    unsure: Mask = ~(is_rounded(found) | (found.high + found.bound < 1.0))
    return np.fmax(found.high, 1.0), unsure  # what is not known must not be searched for: NaN lies on neither side


def _less(a: Doubles, b: Doubles) -> Doubles:
    return add(a, Doubles(-b.high, -b.low, b.bound))
