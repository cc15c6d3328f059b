"""Sums of doubles that are exact until the end, so that no order, cut or merge of the rows can change them.

`ExactSum` holds one Python integer. Merging is integer addition; only `ExactSum.result` rounds, once and
correctly. Imports the standard library, NumPy, `core.grid`, `core.rounding`, and `core.loss` for a type.
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from lossctl.core.exact.grid import (
    CHUNK,
    LEAST,
    SQUARABLE,
    Span,
    lost_bits,
    measure,
    multiplied,
    scratch,
    squared,
    sum_chunk,
)
from lossctl.core.exact.rounding import round_fraction, sqrt_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lossctl.core.types import Array, Mask

__all__ = [
    "ExactSum",
    "Extent",
    "add_products",
    "add_values",
    "extreme_products",
    "is_squarable",
    "round_fraction",
    "spans_of",
    "sqrt_fraction",
]

_UNIT = 2 * LEAST
"""Every square of a double, rounded to 53 bits, is a multiple of 2^-2148: the unit of a sum."""

_UP = 400
"""Products of a small and an ordinary number are scaled by 2 to this, so that none is subnormal."""

_LARGE = 1000
"""Magnitudes above 2^1000 are summed scaled, for the constant c must not overflow."""

_HEADER = struct.Struct("<BQQQH")
_VERSION = 1


class Extent(NamedTuple):
    """What is known of values once they are summed: the largest magnitude, and whether some are 0."""

    largest: float
    zeros: bool


class ExactSum:
    """A sum of doubles without rounding: ``Σ x`` exactly, for any order and any cut of the values.

    NaN, +inf and −inf are counted apart, and decide the result as IEEE 754 addition would. A sum that overflows
    on the way but not at the end is finite here. Threads must not add to the same sum.

    Attributes
    ----------
    units
        The exact sum of the finite values, counted in units of 2^-2148: the square of the least double.
    n_nan, n_posinf, n_neginf
        How many values of each kind were added.

    References
    ----------
    Ahrens, Demmel and Nguyen, "Algorithms for efficient reproducible floating point summation", ACM TOMS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> total = ExactSum()
    >>> total.add(np.array([1e300, 0.1, 0.1, 0.1, -1e300]))
    >>> total.result()
    0.30000000000000004
    """

    __slots__ = ("n_nan", "n_neginf", "n_posinf", "units")

    def __init__(self) -> None:
        self.units = 0
        self.n_nan = 0
        self.n_posinf = 0
        self.n_neginf = 0

    def add(self, values: Array) -> None:
        """Add every value.

        Parameters
        ----------
        values
            ``(n,)`` float64, any n, any stride; may be read-only; left as it is.

        Raises
        ------
        TypeError
            Where the array is not float64: converting could round.
        ValueError
            Where it does not have one dimension.
        """
        for chunk in _chunks(values):
            span = measure(chunk)
            if span.limit > _LARGE:
                self._add_extremes(chunk)
            else:
                self.units += sum_chunk(chunk, span) << -LEAST

    def add_squares(self, values: Array) -> None:
        """Add the square of every value, each rounded once to 53 bits and none lost to overflow or underflow.

        Parameters
        ----------
        values
            As in `add`.

        Raises
        ------
        TypeError, ValueError
            As in `add`.

        Examples
        --------
        >>> import numpy as np
        >>> total = ExactSum()
        >>> total.add_squares(np.array([3e200, 4e200]))
        >>> sqrt_fraction(total.fraction())
        5e+200
        """
        for chunk in _chunks(values):
            squares = scratch.derived[: chunk.size]
            with np.errstate(over="ignore", under="ignore"):
                np.multiply(chunk, chunk, squares)
            span = measure(squares)
            if span.limit > _LARGE or lost_bits(chunk, squares, span):
                self._add_extreme_squares(chunk)
            else:
                self.units += sum_chunk(squares, span) << -LEAST

    def merge(self, other: ExactSum) -> None:
        """Add what `other` holds; `other` stays as it is."""
        self.units += other.units
        self.n_nan += other.n_nan
        self.n_posinf += other.n_posinf
        self.n_neginf += other.n_neginf

    def subtract(self, other: ExactSum) -> None:
        """Take off what `other` holds; `other` stays as it is."""
        self.units -= other.units
        self.n_nan += other.n_nan
        self.n_posinf += other.n_neginf
        self.n_neginf += other.n_posinf

    @property
    def is_finite(self) -> bool:
        """Whether every value added was finite."""
        return not (self.n_nan or self.n_posinf or self.n_neginf)

    def fraction(self) -> Fraction:
        """Return the exact sum of the finite values."""
        return Fraction(self.units, 1 << -_UNIT)

    def result(self) -> float:
        """Return the sum, correctly rounded to the nearest double (ties to even).

        Returns
        -------
        float
            NaN where a NaN or both infinities were added; an infinity where one was, or where the sum lies beyond
            the largest double.
        """
        if self.n_nan or (self.n_posinf and self.n_neginf):
            return math.nan
        if not self.is_finite:
            return math.inf if self.n_posinf else -math.inf
        return round_fraction(self.fraction())

    def to_bytes(self) -> bytes:
        """Return the state: equal sums give equal bytes, on any machine."""
        shift = (self.units & -self.units).bit_length() - 1 if self.units else 0
        digits = self.units >> shift
        header = _HEADER.pack(_VERSION, self.n_nan, self.n_posinf, self.n_neginf, shift)
        return header + digits.to_bytes(digits.bit_length() // 8 + 1, "little", signed=True)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` gave.

        Raises
        ------
        ValueError
            Where the bytes are not such a state, or one of another version.
        """
        if len(data) <= _HEADER.size or data[0] != _VERSION:
            raise ValueError("not the bytes of an exact sum of version 1")
        total = cls()
        _, total.n_nan, total.n_posinf, total.n_neginf, shift = _HEADER.unpack_from(data)
        total.units = int.from_bytes(data[_HEADER.size :], "little", signed=True) << shift
        return total

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExactSum):
            return NotImplemented
        return self._state() == other._state()

    __hash__ = None  # type: ignore[assignment]  # mutable, so equality must not make it a key

    def __repr__(self) -> str:
        return f"ExactSum({self.result()!r})"

    def _state(self) -> tuple[int, int, int, int]:
        return self.units, self.n_nan, self.n_posinf, self.n_neginf

    def _add_extremes(self, chunk: Array) -> None:
        """Add a chunk that holds values that are not finite, or too large for the constant c."""
        finite = self._set_apart(chunk)
        large = np.abs(finite) > 2.0**_LARGE
        self._add_scaled(finite[large] * 2.0**-_LARGE, _LARGE)
        self._add_scaled(finite[~large], 0)

    def _add_extreme_squares(self, chunk: Array) -> None:
        """Add the squares of a chunk class by class, each scaled so that its squares are ordinary numbers."""
        finite = self._set_apart(np.abs(chunk))
        for members, exponent in _classes(finite):
            scaled = np.ldexp(finite[members], -exponent)
            self._add_scaled(scaled * scaled, 2 * exponent)

    def add_extreme_products(self, values: Array, others: Array) -> None:
        """Add the products of two chunks, each rounded once, and none lost to overflow or underflow.

        Each is made class by class, as squares are.
        """
        known = np.isfinite(values) & np.isfinite(others)
        with np.errstate(invalid="ignore"):
            self.add(values[~known] * others[~known])
        for _, products, exponent in extreme_products(np.where(known, values, math.nan), others):
            self._add_scaled(products, exponent)

    def _set_apart(self, chunk: Array) -> Array:
        """Count what is not finite and give the rest."""
        self.n_nan += int(np.count_nonzero(np.isnan(chunk)))
        self.n_posinf += int(np.count_nonzero(chunk == math.inf))
        self.n_neginf += int(np.count_nonzero(chunk == -math.inf))
        return chunk[np.isfinite(chunk)]

    def _add_scaled(self, values: Array, exponent: int) -> None:
        """Add 2^exponent times every value; all are below 2^1000."""
        if values.size:
            self.units += sum_chunk(values, measure(values)) << (exponent - LEAST)


def _classes(sizes: Array) -> tuple[tuple[Mask, int], ...]:
    """Return which magnitudes are large, small or ordinary, and the power of two that makes their products ordinary.

    2^-537 makes the square of the least double a multiple of 2^-1074, so that no bit of a small square is lost. What is
    NaN is none of them.
    """
    large, small = sizes > 2.0**SQUARABLE, sizes < 2.0**-SQUARABLE
    return (large, 600), (small, LEAST // 2), ((sizes >= 2.0**-SQUARABLE) & ~large, 0)


def extreme_products(values: Array, others: Array) -> Iterator[tuple[Mask, Array, int]]:
    """Return products class by class: where they are, they divided by a power of two, and its exponent.

    Each is rounded once, and none lost to overflow or underflow; there is none where a value is NaN.
    """
    for mine, exponent in _classes(np.abs(values)):
        for theirs, other in _classes(np.abs(others)):
            members = mine & theirs
            if members.any():
                up = _UP if min(exponent, other) < 0 == max(exponent, other) else 0  # of small and ordinary ones
                pair = np.ldexp(values[members], -exponent), np.ldexp(others[members], -other)
                yield members, np.ldexp(pair[0], up) * pair[1], exponent + other - up


def add_values(values: Array, total: ExactSum, squares: ExactSum, absolute: ExactSum | None = None) -> Extent:
    """Add every value to one sum, its square to another and its magnitude to a third, measuring the values once.

    Parameters
    ----------
    values
        As in `ExactSum.add`.
    total, squares, absolute
        The sums of x, of x² (each rounded once, as in `ExactSum.add_squares`) and of ``|x|``, where that is wanted.

    Returns
    -------
    Extent
        The largest magnitude and whether some value is 0: of no values, 0 and no.

    Raises
    ------
    TypeError, ValueError
        As in `ExactSum.add`.

    Examples
    --------
    >>> import numpy as np
    >>> total, squares, absolute = ExactSum(), ExactSum(), ExactSum()
    >>> add_values(np.array([1.5, -2.0]), total, squares, absolute).largest
    2.0
    >>> total.result(), squares.result(), absolute.result()
    (-0.5, 6.25, 3.5)
    """
    largest, zeros = 0.0, False
    for chunk in _chunks(values):
        magnitudes = chunk if absolute is None else np.abs(chunk, scratch.derived[: chunk.size])
        span = measure(magnitudes)
        largest, zeros = max(largest, span.most), zeros or span.zeros
        for sums, signed in ((total, chunk), (absolute, magnitudes)):
            if sums is not None and span.limit <= _LARGE:
                sums.units += sum_chunk(signed, span) << -LEAST
            elif sums is not None:
                sums.add(signed)
        if is_squarable(span):
            squares_of = np.multiply(chunk, chunk, scratch.derived[: chunk.size])
            squares.units += sum_chunk(squares_of, squared(span)) << -LEAST
        else:
            squares.add_squares(chunk)
    return Extent(largest, zeros)


def spans_of(values: Array) -> list[Span]:
    """Measure values once, for `add_products`."""
    return [measure(chunk) for chunk in _chunks(values)]


def add_products(
    values: Array, others: Array, spans: Sequence[Span], total: ExactSum, squares: ExactSum, products: ExactSum
) -> None:
    """Add every value to one sum, its square to another and its product with another value to a third.

    Each product is rounded once; values are measured once, and what is known of the others bounds the products.

    Parameters
    ----------
    values, others
        As in `ExactSum.add`, of one length.
    spans
        What `spans_of` gives of the others.
    total, squares, products
        The sums of x, of x² and of xy.

    Raises
    ------
    TypeError, ValueError
        As in `ExactSum.add`.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.array([1.5, -2.0]), np.array([2.0, 0.25])
    >>> sums = ExactSum(), ExactSum(), ExactSum()
    >>> add_products(x, y, spans_of(y), *sums)
    >>> [each.result() for each in sums]
    [-0.5, 6.25, 2.5]
    """
    for chunk, other, span_of_other in zip(_chunks(values), _chunks(others), spans, strict=True):
        span = measure(chunk)
        if not (is_squarable(span) and is_squarable(span_of_other)):
            total.add(chunk)
            squares.add_squares(chunk)
            products.add_extreme_products(chunk, other)
            continue
        derived = scratch.derived[: chunk.size]
        total.units += sum_chunk(chunk, span) << -LEAST
        squares.units += sum_chunk(np.multiply(chunk, chunk, derived), squared(span)) << -LEAST
        products.units += sum_chunk(np.multiply(chunk, other, derived), multiplied(span, span_of_other)) << -LEAST


def is_squarable(span: Span) -> bool:
    """Return whether products of two such values neither overflow nor lose bits to underflow."""
    return span.limit <= SQUARABLE and span.floor >= -SQUARABLE


def _chunks(values: Array) -> Iterator[Array]:
    """Cut an array into chunks that fit the scratch, without copying."""
    if values.dtype != np.float64:
        raise TypeError(f"an exact sum takes float64, not {values.dtype}")
    if values.ndim != 1:
        raise ValueError(f"an exact sum takes one dimension, not {values.ndim}")
    return (values[start : start + CHUNK] for start in range(0, values.size, CHUNK))
