"""How a chunk of doubles is summed without rounding: as integers, on grids of powers of two.

On a grid of 2ᵍ, with ``c = 1.5·2^(g+52)``, the sum ``t = x + c`` rounds x to the grid, and
the bits of t read as an integer are those of c plus that multiple. So an integer sum of t is exact in any order, and
``x − (t − c)`` is exactly what is left for the next, finer grid. The largest and the least magnitude of the block say
beforehand how many grids are needed: two for most data, at about 2 ns an element for the whole.
(Demmel and Nguyen, "Parallel reproducible summation", IEEE TC 2015; Ahrens, Demmel and Nguyen, ACM TOMS 2020;
Neal, arXiv:1505.05571.)

Imports the standard library and NumPy, and `core.domain` for the type of an array.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from lossctl.core.types import Array

__all__ = [
    "CHUNK",
    "LEAST",
    "SQUARABLE",
    "Span",
    "lost_bits",
    "measure",
    "multiplied",
    "scratch",
    "squared",
    "sum_chunk",
]

CHUNK = 2**16
"""Values summed at once: with the scratch they stay in a core's cache (measured)."""

LEAST = -1074
"""Every finite double is a multiple of 2^-1074."""

SQUARABLE = 500
"""Magnitudes from 2^-500 to 2^500 have squares that neither overflow nor lose bits to underflow."""

_NOT_FINITE = 10**6
"""Stands as the limit of a chunk that holds NaN or an infinity."""


class _Scratch(threading.local):
    """Buffers of one thread, kept: fresh ones would cost a page fault every 512 values, ten times the sum."""

    def __init__(self) -> None:
        self.remainder: Array = np.empty(CHUNK)
        self.rounded: Array = np.empty(CHUNK)
        self.derived: Array = np.empty(CHUNK)


scratch = _Scratch()


class Span(NamedTuple):
    """Between which powers of two the bits of a chunk lie.

    Every magnitude is at most 2^limit, every one above 0 at least 2^(floor − 1), and every value a multiple of
    2^unit. `most`: the largest magnitude. `zeros`: some value is 0.
    """

    limit: int
    floor: int
    unit: int
    most: float
    zeros: bool


def measure(chunk: Array) -> Span:
    """Find between which powers of two the bits of a chunk that is not empty lie."""
    least, most = float(np.minimum.reduce(chunk)), float(np.maximum.reduce(chunk))
    if not math.isfinite(least) or not math.isfinite(most):  # either is NaN where any value is
        return Span(_NOT_FINITE, LEAST, LEAST, _largest(chunk), zeros=bool(np.any(chunk == 0.0)))
    if least < 0:
        most = max(most, -least)
        chunk = np.abs(chunk, scratch.remainder[: chunk.size])
        least = float(np.minimum.reduce(chunk))
    if most == 0:
        return Span(0, 0, 0, 0.0, zeros=True)
    zeros = least == 0
    if zeros:
        least = _least_above_zero(chunk)
    mantissa, exponent = math.frexp(least)
    limit, unit = math.frexp(most)[1], exponent - 53
    if least == most:  # as the slopes of an absolute error: one bit, where the exponent alone would claim 53
        digits = int(math.ldexp(mantissa, 53))
        unit += (digits & -digits).bit_length() - 1
    return Span(limit, exponent, max(unit, LEAST), most, zeros)


def _largest(chunk: Array) -> float:
    """Return the largest magnitude but NaN; 0 where there is nothing else."""
    return float(np.fmax.reduce(np.abs(chunk), initial=0.0))


def squared(span: Span) -> Span:
    """Return the span of the squares, each rounded to 53 bits, of values whose squares fit into float64."""
    unit = max(2 * span.unit, 2 * span.floor - 54)  # a square is at least 2^(2·floor − 2)
    return Span(2 * span.limit, 2 * span.floor - 1, unit, span.most**2, span.zeros)


def multiplied(one: Span, other: Span) -> Span:
    """Return a span of the products of values with others, rounded to 53 bits; both as for `squared`."""
    floor = one.floor + other.floor - 1
    unit = max(one.unit + other.unit, floor - 53)  # no product that is not 0 is below 2^(floor − 1)
    return Span(one.limit + other.limit, floor, unit, one.most * other.most, one.zeros or other.zeros)


def _least_above_zero(magnitudes: Array) -> float:
    """Return the least magnitude but 0: as bits less one, zeros are the largest of all integers."""
    bits = scratch.rounded[: magnitudes.size].view(np.uint64)
    np.subtract(magnitudes.view(np.uint64), np.uint64(1), bits)
    return float((np.minimum.reduce(bits) + np.uint64(1)).view(np.float64))


def lost_bits(chunk: Array, squares: Array, span: Span) -> bool:
    """Return whether a square of the chunk underflowed: to 0, or to where doubles have fewer than 53 bits."""
    if span.unit < -2 * SQUARABLE - 53:
        return True
    return span.zeros and bool(np.any((squares == 0) & (chunk != 0)))


def sum_chunk(chunk: Array, span: Span) -> int:
    """Sum a chunk exactly, in units of 2^-1074; see the top of this module."""
    source, limit, total = chunk, span.limit, 0
    digits = (chunk.size - 1).bit_length()
    spare, other = scratch.remainder[: chunk.size], scratch.rounded[: chunk.size]
    # |t − c| ≤ 2^width on the grid, so that the sum of them all stays below 2^63, and t in the range of c's exponent.
    width = min(50, 62 - digits)
    while True:
        if limit + digits - span.unit <= 53:  # noqa: PLR2004 -- no partial sum has more bits than a double
            return total + (int(math.ldexp(float(np.add.reduce(source)), -span.unit)) << (span.unit - LEAST))
        grid = max(limit - width, LEAST)
        last = grid <= span.unit
        constant = math.ldexp(1.5, grid + 52)
        shifted = np.add(source, constant, source if last and source is not chunk else spare)
        total += _sum_on_grid(shifted, grid) << (grid - LEAST)
        if last:
            return total
        np.subtract(shifted, constant, shifted)
        np.subtract(source, shifted, shifted)
        source, spare, other = shifted, other, shifted
        limit = grid - 1
        if limit - 2 * width > span.unit:  # many grids to come: leap over gaps, and leave out what is summed already
            left = source != 0.0
            count = int(np.count_nonzero(left))
            if count == 0:  # the span of products bounds them, and need not be reached
                return total
            if count < source.size // 4:
                source = source[left]
                spare, other = scratch.remainder[:count], scratch.rounded[:count]
            limit = math.frexp(max(float(np.maximum.reduce(source)), -float(np.minimum.reduce(source))))[1]


def _sum_on_grid(shifted: Array, grid: int) -> int:
    """Sum ``t − c`` in units of the grid, from the bits of t; the bits of c are taken off at the end.

    The sum of the bits wraps around at 2^64, and what is left of it is right, for it lies within ±2^63. NumPy adds them
    half as fast again as integers without a sign.
    """
    bits_of_c = (1023 + grid + 52 << 52) + (1 << 51)
    total = int(np.add.reduce(shifted.view(np.uint64))) - shifted.size * bits_of_c
    return (total + 2**63) % 2**64 - 2**63
