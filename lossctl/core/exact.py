"""Sums of doubles that are exact until the end, so that no order, cut or merge of the rows can change them.

`ExactSum` holds one Python integer. Merging is integer addition; only `ExactSum.result` rounds, once and
correctly. Imports the standard library, NumPy, `core.rounding`, and `core.loss` for the type of an array.

How a block is summed: on a grid of 2ᵍ, with ``c = 1.5·2^(g+52)``, the sum ``t = x + c`` rounds x to the grid, and
the bits of t read as an integer are those of c plus that multiple. So an integer sum of t is exact in any order, and
``x − (t − c)`` is exactly what is left for the next, finer grid. The largest and the least magnitude of the block say
beforehand how many grids are needed: two for most data, at about 2 ns an element for the whole.
(Demmel and Nguyen, "Parallel reproducible summation", IEEE TC 2015; Ahrens, Demmel and Nguyen, ACM TOMS 2020;
Neal, arXiv:1505.05571.)
"""

from __future__ import annotations

import math
import struct
import threading
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from lossctl.core.rounding import round_fraction, sqrt_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossctl.core.loss import Array

__all__ = ["ExactSum", "Extent", "add_values", "round_fraction", "sqrt_fraction"]

_CHUNK = 2**16
"""Values summed at once: with the scratch they stay in a core's cache (measured)."""

_LEAST = -1074
"""Every finite double is a multiple of 2^-1074 ..."""

_UNIT = 2 * _LEAST
"""... and every square of one, rounded to 53 bits, of 2^-2148: the unit of a sum."""

_LARGE = 1000
"""Magnitudes above 2^1000 are summed scaled, for the constant c must not overflow."""

_SQUARABLE = 500
"""Magnitudes from 2^-500 to 2^500 have squares that neither overflow nor lose bits to underflow."""

_NOT_FINITE = 10**6
"""Stands as the limit of a chunk that holds NaN or an infinity."""

_HEADER = struct.Struct("<BQQQH")
_VERSION = 1


class _Scratch(threading.local):
    """Buffers of one thread, kept: fresh ones would cost a page fault every 512 values, ten times the sum."""

    def __init__(self) -> None:
        self.remainder: Array = np.empty(_CHUNK)
        self.rounded: Array = np.empty(_CHUNK)
        self.derived: Array = np.empty(_CHUNK)


_scratch = _Scratch()


class _Span(NamedTuple):
    """Between which powers of two the bits of a chunk lie.

    Every magnitude is at most 2^limit, every one above 0 at least 2^(floor − 1), and every value a multiple of
    2^unit. `most`: the largest magnitude. `zeros`: some value is 0.
    """

    limit: int
    floor: int
    unit: int
    most: float
    zeros: bool


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
            span = _measure(chunk)
            if span.limit > _LARGE:
                self._add_extremes(chunk)
            else:
                self.units += _sum(chunk, span) << -_LEAST

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
            squares = _scratch.derived[: chunk.size]
            with np.errstate(over="ignore", under="ignore"):
                np.multiply(chunk, chunk, squares)
            span = _measure(squares)
            if span.limit > _LARGE or _lost_bits(chunk, squares, span):
                self._add_extreme_squares(chunk)
            else:
                self.units += _sum(squares, span) << -_LEAST

    def merge(self, other: ExactSum) -> None:
        """Add what `other` holds; `other` stays as it is."""
        self.units += other.units
        self.n_nan += other.n_nan
        self.n_posinf += other.n_posinf
        self.n_neginf += other.n_neginf

    @property
    def is_finite(self) -> bool:
        """Whether every value added was finite."""
        return not (self.n_nan or self.n_posinf or self.n_neginf)

    def fraction(self) -> Fraction:
        """Give the exact sum of the finite values."""
        return Fraction(self.units, 1 << -_UNIT)

    def result(self) -> float:
        """Give the sum, correctly rounded to the nearest double (ties to even).

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
        """Give the state: equal sums give equal bytes, on any machine."""
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
        large = finite > 2.0**_SQUARABLE
        small = finite < 2.0**-_SQUARABLE
        # 2^-537 makes the square of the least double a multiple of 2^-1074, so that no bit of a small square is lost.
        for members, exponent in ((large, 600), (small, _LEAST // 2), (~(large | small), 0)):
            scaled = np.ldexp(finite[members], -exponent)
            self._add_scaled(scaled * scaled, 2 * exponent)

    def _set_apart(self, chunk: Array) -> Array:
        """Count what is not finite and give the rest."""
        self.n_nan += int(np.count_nonzero(np.isnan(chunk)))
        self.n_posinf += int(np.count_nonzero(chunk == math.inf))
        self.n_neginf += int(np.count_nonzero(chunk == -math.inf))
        return chunk[np.isfinite(chunk)]

    def _add_scaled(self, values: Array, exponent: int) -> None:
        """Add 2^exponent times every value; all are below 2^1000."""
        if values.size:
            self.units += _sum(values, _measure(values)) << (exponent - _LEAST)


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
        magnitudes = chunk
        if absolute is not None:
            magnitudes = np.abs(chunk, _scratch.derived[: chunk.size])
        span = _measure(magnitudes)
        largest, zeros = max(largest, span.most), zeros or span.zeros
        if span.limit > _LARGE:
            total.add(chunk)
            if absolute is not None:
                absolute.add(np.abs(chunk))
        else:
            total.units += _sum(chunk, span) << -_LEAST
            if absolute is not None:
                absolute.units += _sum(magnitudes, span) << -_LEAST
        if span.limit > _SQUARABLE or span.floor < -_SQUARABLE:
            squares.add_squares(chunk)
        else:
            squared = np.multiply(chunk, chunk, _scratch.derived[: chunk.size])
            squares.units += _sum(squared, _squared(span)) << -_LEAST
    return Extent(largest, zeros)


def _chunks(values: Array) -> Iterator[Array]:
    """Cut an array into chunks that fit the scratch, without copying."""
    if values.dtype != np.float64:
        raise TypeError(f"an exact sum takes float64, not {values.dtype}")
    if values.ndim != 1:
        raise ValueError(f"an exact sum takes one dimension, not {values.ndim}")
    return (values[start : start + _CHUNK] for start in range(0, values.size, _CHUNK))


def _measure(chunk: Array) -> _Span:
    """Find between which powers of two the bits of a chunk that is not empty lie."""
    least, most = float(np.minimum.reduce(chunk)), float(np.maximum.reduce(chunk))
    if not math.isfinite(least) or not math.isfinite(most):  # either is NaN where any value is
        return _Span(_NOT_FINITE, _LEAST, _LEAST, _largest(chunk), zeros=bool(np.any(chunk == 0.0)))
    if least < 0:
        most = max(most, -least)
        chunk = np.abs(chunk, _scratch.remainder[: chunk.size])
        least = float(np.minimum.reduce(chunk))
    if most == 0:
        return _Span(0, 0, 0, 0.0, zeros=True)
    zeros = least == 0
    if zeros:
        least = _least_above_zero(chunk)
    mantissa, exponent = math.frexp(least)
    limit, unit = math.frexp(most)[1], exponent - 53
    if least == most:  # as the slopes of an absolute error: one bit, where the exponent alone would claim 53
        digits = int(math.ldexp(mantissa, 53))
        unit += (digits & -digits).bit_length() - 1
    return _Span(limit, exponent, max(unit, _LEAST), most, zeros)


def _largest(chunk: Array) -> float:
    """Give the largest magnitude but NaN; 0 where there is nothing else."""
    return float(np.fmax.reduce(np.abs(chunk), initial=0.0))


def _squared(span: _Span) -> _Span:
    """Give the span of the squares, each rounded to 53 bits, of values that neither overflow nor underflow squared."""
    unit = max(2 * span.unit, 2 * span.floor - 54)  # a square is at least 2^(2·floor − 2)
    return _Span(2 * span.limit, 2 * span.floor - 1, unit, span.most**2, span.zeros)


def _least_above_zero(magnitudes: Array) -> float:
    """Give the least magnitude but 0: as bits less one, zeros are the largest of all integers."""
    bits = _scratch.rounded[: magnitudes.size].view(np.uint64)
    np.subtract(magnitudes.view(np.uint64), np.uint64(1), bits)
    return float((np.minimum.reduce(bits) + np.uint64(1)).view(np.float64))


def _lost_bits(chunk: Array, squares: Array, span: _Span) -> bool:
    """Say whether a square of the chunk underflowed: to 0, or to where doubles have fewer than 53 bits."""
    if span.unit < -2 * _SQUARABLE - 53:
        return True
    return span.zeros and bool(np.any((squares == 0) & (chunk != 0)))


def _sum(chunk: Array, span: _Span) -> int:
    """Sum a chunk exactly, in units of 2^-1074; see the top of this module."""
    source, limit, total = chunk, span.limit, 0
    digits = (chunk.size - 1).bit_length()
    spare, other = _scratch.remainder[: chunk.size], _scratch.rounded[: chunk.size]
    # |t − c| ≤ 2^width on the grid, so that the sum of them all stays below 2^63, and t in the range of c's exponent.
    width = min(50, 62 - digits)
    while True:
        if limit + digits - span.unit <= 53:  # noqa: PLR2004 -- no partial sum has more bits than a double
            return total + (int(math.ldexp(float(np.add.reduce(source)), -span.unit)) << (span.unit - _LEAST))
        grid = max(limit - width, _LEAST)
        last = grid <= span.unit
        constant = math.ldexp(1.5, grid + 52)
        shifted = np.add(source, constant, source if last and source is not chunk else spare)
        total += _sum_on_grid(shifted, grid) << (grid - _LEAST)
        if last:
            return total
        np.subtract(shifted, constant, shifted)
        np.subtract(source, shifted, shifted)
        source, spare, other = shifted, other, shifted
        limit = grid - 1
        if limit - 2 * width > span.unit:  # many grids to come: leap over gaps, and leave out what is summed already
            left = source != 0.0
            count = int(np.count_nonzero(left))  # never 0: the least value lies below this grid whole
            if count < source.size // 4:
                source = source[left]
                spare, other = _scratch.remainder[:count], _scratch.rounded[:count]
            limit = math.frexp(max(float(np.maximum.reduce(source)), -float(np.minimum.reduce(source))))[1]


def _sum_on_grid(shifted: Array, grid: int) -> int:
    """Sum ``t − c`` in units of the grid, from the bits of t; the bits of c are taken off at the end.

    The sum of the bits wraps around at 2^64, and what is left of it is right, for it lies within ±2^63.
    """
    bits_of_c = (1023 + grid + 52 << 52) + (1 << 51)
    total = int(np.add.reduce(shifted.view(np.int64))) - shifted.size * bits_of_c
    return (total + 2**63) % 2**64 - 2**63
