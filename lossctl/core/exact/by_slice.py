"""Sums of doubles by code, each exact until the end: what `lossctl.core.exact.sum` does for one sum, for many at once.

A limb holds, for every code, an integer count of 2^grid; limbs lie 40 bits apart. Values are rounded to the grid of
the limb that holds their leading bits, as in `exact.grid`; the bits that are read off are scattered into the
limb by code, and what is left goes round again one limb lower until nothing is. Integers of 64 bits leave room for
2^22 values of 40 bits before carries must be taken up. Two limbs take most data, at about 2 ns a value each, whatever
the number of codes. Imports the standard library, NumPy and core.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Self

import numpy as np
import numpy.typing as npt

from lossctl.core.exact.double_double import Doubles, is_rounded
from lossctl.core.exact.grid import CHUNK, SQUARABLE, lost_bits, measure, scratch
from lossctl.core.exact.limb import NAN, ZERO, limit_of, not_finite_sum, units_of, whole_sum
from lossctl.core.exact.limbs import add_limbs
from lossctl.core.exact.sum import ExactSum, extreme_products, is_squarable
from lossctl.core.types import Array, Codes

__all__ = ["GroupedSum"]


_WIDTH = 40
"""Bits from one limb to the next."""
_HEADROOM = 2
"""Bits above the first values, so that somewhat larger ones that follow need no limb of their own."""
_MOST_ROWS = 2**22
"""Values between two carries: |Σ| stays below 2^62."""
_LARGE, _SMALL = 960, -960
"""Between 2^-960 and 2^960 the constants are ordinary numbers; beyond, values are scaled first."""
_LARGE_ROOT = _LARGE // 2
_SCALE = 600
"""By how many bits: whole limbs, so that scaled values meet the same limbs."""


class _Bits(threading.local):
    """Buffers of one thread, kept."""

    def __init__(self) -> None:
        self.integers: Codes = np.empty(CHUNK, np.int64)
        self.more: npt.NDArray[np.bool_] = np.empty(CHUNK, np.bool_)


_bits = _Bits()


class GroupedSum:
    """Exact sums of doubles by code: for each code what one `ExactSum` of its values would hold.

    Order, cut and merge of the values change nothing. NaN, +inf and −inf are counted apart for each code. Threads
    must not add to the same sums.

    Parameters
    ----------
    groups
        How many codes there are at least; more are made room for as they come.

    Examples
    --------
    >>> import numpy as np
    >>> sums = GroupedSum()
    >>> sums.add(np.array([0.1, 1e300, 0.1, 0.1, -1e300]), np.array([0, 1, 0, 0, 1]))
    >>> sums.floats().tolist()
    [0.30000000000000004, 0.0]
    >>> sums.sum_of(0).result(), sums.total().result()
    (0.30000000000000004, 0.30000000000000004)
    """

    __slots__ = ("_groups", "_limbs", "_origin", "_room", "_special", "_waiting")

    def __init__(self, groups: int = 0) -> None:
        self._groups = groups
        self._room = groups
        self._limbs: dict[int, Codes] = {}
        self._origin: int | None = None
        self._special: dict[float, Codes] = {}  # by kind of value
        self._waiting = 0

    def __len__(self) -> int:
        """One more than the largest code seen, or the number of groups given if that is more."""
        return self._groups

    def add(self, values: Array, codes: Codes) -> None:
        """Add each value to the sum of its code.

        Parameters
        ----------
        values
            ``(n,)`` float64, any n; may be read-only; left as it is.
        codes
            ``(n,)`` int64, each at least 0.

        Raises
        ------
        TypeError
            Where values are not float64 or codes not int64.
        ValueError
            Where shapes differ or a code is negative.
        """
        self._require(values, codes)
        self.add_known(values, codes)

    def add_known(self, values: Array, codes: Codes) -> None:
        """Add as `add` does, what is known to fit, by codes for which there is room: nothing is checked."""
        for chunk, their_codes in self._chunks(values, codes):
            self._add_chunk(chunk, their_codes)

    def add_squares(self, values: Array, codes: Codes) -> None:
        """Add the square of each value to the sum of its code, as `ExactSum.add_squares` does.

        Each is rounded once to 53 bits, and none is lost to overflow or underflow.

        Parameters
        ----------
        values, codes
            As in `add`.

        Raises
        ------
        TypeError, ValueError
            As in `add`.
        """
        self._require(values, codes)
        self.add_known_squares(values, codes)

    def add_known_squares(self, values: Array, codes: Codes) -> None:
        """Add as `add_squares` does, what is known to fit, by codes for which there is room: nothing is checked."""
        for chunk, their_codes in self._chunks(values, codes):
            squares = scratch.derived[: chunk.size]
            with np.errstate(over="ignore", under="ignore"):
                np.multiply(chunk, chunk, squares)
            span = measure(squares)
            if span.limit > _LARGE or lost_bits(chunk, squares, span):
                self._add_extreme_squares(chunk, their_codes)
            elif span.most > 0.0:
                self._scatter(squares, their_codes, span.limit, 0)

    def add_products(self, values: Array, others: Array, codes: Codes) -> None:
        """Add the product of each value with another to the sum of its code, as `sum.add_products` does.

        Each is rounded once to 53 bits, and none is lost to overflow or underflow.

        Parameters
        ----------
        values, others, codes
            As in `add`.

        Raises
        ------
        TypeError, ValueError
            As in `add`.
        """
        self._require(values, codes)
        self._require(others, codes)
        starts = range(0, values.size, CHUNK)
        for start, (chunk, their_codes) in zip(starts, self._chunks(values, codes), strict=True):
            other = others[start : start + CHUNK]
            if is_squarable(measure(chunk)) and is_squarable(measure(other)):
                self._add_chunk(chunk * other, their_codes)
                continue
            known = np.isfinite(chunk) & np.isfinite(other)
            if not known.all():
                with np.errstate(invalid="ignore"):
                    self._add_chunk(chunk[~known] * other[~known], their_codes[~known])
            for members, products, exponent in extreme_products(np.where(known, chunk, math.nan), other):
                self._scatter_all(products, their_codes[members], exponent)

    def merge(self, other: GroupedSum) -> None:
        """Add what `other` holds, code by code; `other` stays as it is."""
        self.reserve(other._groups)
        for kind, counts in other._special.items():
            self._counts(kind)[: other._groups] += counts[: other._groups]
        for grid, limb in other._limbs.items():
            self._make_room_for_rows(4)
            if self._origin is None:
                self._origin = other._origin
            self._take_over(grid, limb[: other._groups])

    def regrouped(self, codes: Codes) -> GroupedSum:
        """Return the sums by other codes, where several may fall together.

        Parameters
        ----------
        codes
            ``(len(self),)``: the new code of each old one. At most 2^22 of them.

        Examples
        --------
        >>> import numpy as np
        >>> sums = GroupedSum()
        >>> sums.add(np.array([0.5, 2.0, 8.0]), np.array([0, 1, 2]))
        >>> sums.regrouped(np.array([1, 0, 1])).floats().tolist()
        [2.0, 8.5]
        """
        if codes.shape != (self._groups,):
            raise ValueError(f"{codes.size} codes are not one for each of {self._groups}")
        self._carry()
        made = GroupedSum(int(codes.max(initial=-1)) + 1)
        made._gather(self, codes)
        return made

    def sum_of(self, code: int) -> ExactSum:
        """Return the sum of one code; 0 where nothing was added to it."""
        if not 0 <= code < self._groups:
            raise IndexError(f"no code is {code}: there are {self._groups}")
        total = not_finite_sum({kind: int(counts[code]) for kind, counts in self._special.items()})
        total.units = units_of({grid: int(limb[code]) for grid, limb in self._limbs.items()})
        return total

    def total(self) -> ExactSum:
        """Return the sum over all codes."""
        (total,) = self.totals(1)
        return total

    def totals(self, step: int) -> tuple[ExactSum, ...]:
        """Return the sum over every `step`-th code: from code 0, from code 1, and so on to ``step − 1``."""
        found = []
        for first in range(step):
            total = not_finite_sum({kind: int(counts[first::step].sum()) for kind, counts in self._special.items()})
            total.units = units_of({grid: whole_sum(limb[first::step]) for grid, limb in self._limbs.items()})
            found.append(total)
        return tuple(found)

    def floats(self) -> Array:
        """Return every sum, ``(len(self),)``, correctly rounded as `ExactSum.result` gives it."""
        doubles = self.doubles()
        found = doubles.high
        for code in np.flatnonzero(~is_rounded(doubles)):
            found[code] = self.sum_of(int(code)).result()
        if self._special:
            nan, up, down = (self._counts(kind)[: self._groups] > 0 for kind in (NAN, math.inf, -math.inf))
            found[up] = np.inf
            found[down] = -np.inf
            found[nan | (up & down)] = np.nan
        return found

    def doubles(self) -> Doubles:
        """Return the sum of the finite values of every code to about 100 bits, with what is known of the rest."""
        self._carry()
        grids = sorted(self._limbs, reverse=True)
        return add_limbs([self._limbs[grid][: self._groups] for grid in grids], grids, self._groups)

    def of_pairs(self) -> tuple[Doubles, Doubles]:
        """Return, of codes 2c and 2c + 1, the difference and the sum of their sums."""
        self._carry()
        grids, even = sorted(self._limbs, reverse=True), self._groups - self._groups % 2
        pairs = [self._limbs[grid][:even].reshape(-1, 2) for grid in grids]
        apart, together = [each[:, 0] - each[:, 1] for each in pairs], [each[:, 0] + each[:, 1] for each in pairs]
        return add_limbs(apart, grids, even // 2), add_limbs(together, grids, even // 2)

    def not_finite(self, codes: int) -> npt.NDArray[np.bool_]:
        """Return to which of so many codes something was added that is not finite."""
        found = np.zeros(codes, np.bool_)
        for counts in self._special.values():
            found[: len(counts)] |= counts[:codes] > 0
        return found

    def _require(self, values: Array, codes: Codes) -> None:
        """Refuse arrays that do not fit, and make room for the codes."""
        if values.dtype != np.float64 or codes.dtype != np.int64:
            raise TypeError(f"sums by code take float64 and int64, not {values.dtype} and {codes.dtype}")
        if values.ndim != 1 or values.shape != codes.shape:
            raise ValueError(f"sums by code take a code for each value, not {codes.shape} for {values.shape}")
        if codes.size == 0:
            return
        if np.minimum.reduce(codes) < 0:
            raise ValueError("a code is negative")
        self.reserve(int(np.maximum.reduce(codes)) + 1)

    def _chunks(self, values: Array, codes: Codes) -> Iterator[tuple[Array, Codes]]:
        """Cut values and codes into chunks that fit the scratch."""
        for start in range(0, values.size, CHUNK):
            chunk = values[start : start + CHUNK]
            self._make_room_for_rows(chunk.size)
            yield chunk, codes[start : start + CHUNK]

    def _add_chunk(self, chunk: Array, codes: Codes) -> None:
        limit = limit_of(chunk)
        if limit > _LARGE:
            finite, codes = self._set_apart(chunk, codes)
            large = np.abs(finite) > 2.0**_LARGE
            self._scatter_all(np.ldexp(finite[large], -_SCALE), codes[large], _SCALE)
            self._scatter_all(finite[~large], codes[~large], 0)
        elif limit > ZERO:
            self._scatter(chunk, codes, limit, 0)

    def _add_extreme_squares(self, chunk: Array, codes: Codes) -> None:
        """Add the squares of a chunk class by class, each scaled so that its squares are ordinary numbers."""
        finite, codes = self._set_apart(np.abs(chunk), codes)
        large = finite > 2.0**_LARGE_ROOT
        small = finite < 2.0**-SQUARABLE
        for members, exponent in ((large, _SCALE), (small, -_SCALE), (~(large | small), 0)):
            scaled = np.ldexp(finite[members], -exponent)
            self._scatter_all(scaled * scaled, codes[members], 2 * exponent)

    def _set_apart(self, chunk: Array, codes: Codes) -> tuple[Array, Codes]:
        """Count what is not finite, and give the rest."""
        finite = np.isfinite(chunk)
        if finite.all():
            return chunk, codes
        for kind, found in ((NAN, np.isnan(chunk)), (math.inf, chunk == math.inf), (-math.inf, chunk == -math.inf)):
            if found.any():
                np.add.at(self._counts(kind), codes[found], 1)
        return chunk[finite], codes[finite]

    def _scatter_all(self, values: Array, codes: Codes, exponent: int) -> None:
        limit = limit_of(values) if values.size else ZERO
        if limit > ZERO:
            self._scatter(values, codes, limit, exponent)

    def _scatter(self, source: Array, codes: Codes, limit: int, exponent: int) -> None:
        """Add 2^exponent times every value of a chunk; each is below 2^limit, and limit at most 960."""
        while True:
            grid = self._grid(limit + exponent) - exponent
            if grid < _SMALL:  # the constant would be subnormal
                source, exponent, limit = np.ldexp(source, _SCALE), exponent - _SCALE, limit + _SCALE
                continue
            constant = math.ldexp(1.5, grid + 52)
            bits_of_constant = (1023 + grid + 52 << 52) + (1 << 51)
            shifted = np.add(source, constant, scratch.rounded[: source.size])
            integers = np.subtract(shifted.view(np.int64), bits_of_constant, _bits.integers[: source.size])
            np.add.at(self._limb(grid + exponent), codes, integers)
            np.subtract(shifted, constant, shifted)
            source = np.subtract(source, shifted, scratch.remainder[: source.size])
            more = np.not_equal(source, 0.0, _bits.more[: source.size])  # counted faster than numbers are
            if not (left := int(np.count_nonzero(more))):
                return
            limit = grid - 1
            if left < source.size // 4:  # most need no more limbs: go on with the rest alone
                rest = np.flatnonzero(more)
                source, codes = source[rest], codes[rest]
                limit = math.frexp(max(float(np.maximum.reduce(source)), -float(np.minimum.reduce(source))))[1]

    def _grid(self, limit: int) -> int:
        """Return the grid of the limb that takes values below 2^limit: the lowest that is wide enough."""
        if self._origin is None:
            self._origin = limit + _HEADROOM - _WIDTH
        return self._origin - (self._origin + _WIDTH - limit) // _WIDTH * _WIDTH

    def _limb(self, grid: int) -> Codes:
        limb = self._limbs.get(grid)
        if limb is None:
            limb = self._limbs[grid] = np.zeros(self._room, np.int64)
        return limb

    def _counts(self, kind: float) -> Codes:
        counts = self._special.get(kind)
        if counts is None:
            counts = self._special[kind] = np.zeros(self._room, np.int64)
        return counts

    def reserve(self, groups: int) -> None:
        """Make room for so many codes."""
        self._groups = max(self._groups, groups)
        if groups > self._room:
            self._room = max(groups, self._room + self._room // 2)
            self._limbs = {grid: self._longer(old) for grid, old in self._limbs.items()}
            self._special = {kind: self._longer(old) for kind, old in self._special.items()}

    def _longer(self, old: Codes) -> Codes:
        longer = np.zeros(self._room, np.int64)
        longer[: old.size] = old
        return longer

    def _make_room_for_rows(self, rows: int) -> None:
        """Take up carries before integers could overflow."""
        if self._waiting + rows > _MOST_ROWS:
            self._carry()
            self._waiting = 1
        self._waiting += rows

    def _carry(self) -> None:
        """Bring every integer into ±2^39, from the lowest limb up; the highest grows as it must."""
        if not self._limbs:
            return
        grid, last = min(self._limbs), max(self._limbs)
        while True:
            limb = self._limbs.get(grid)
            if limb is not None:
                high = (limb + (1 << _WIDTH - 1)) >> _WIDTH
                if high.any():
                    limb -= high << _WIDTH
                    self._limb(grid + _WIDTH)[...] += high
                    last = max(last, grid + _WIDTH)
            if grid >= last:
                return
            grid += _WIDTH

    def _gather(self, other: GroupedSum, codes: Codes) -> None:
        """Take over sums whose carries are taken up, by other codes."""
        self._origin, self._waiting = other._origin, len(codes)
        for grid, limb in other._limbs.items():
            np.add.at(self._limb(grid), codes, limb[: len(codes)])
        for kind, counts in other._special.items():
            np.add.at(self._counts(kind), codes, counts[: len(codes)])

    def _take_over(self, grid: int, limb: Codes) -> None:
        """Add integers counted in 2^grid, whatever the limbs here are."""
        lower = self._grid(grid + _WIDTH)
        if lower > grid:
            lower -= _WIDTH
        up = grid - lower
        high = limb >> (_WIDTH - up)
        low = limb - (high << (_WIDTH - up))
        self._limb(lower)[: limb.size] += low << up
        top = high >> _WIDTH
        self._limb(lower + _WIDTH)[: limb.size] += high - (top << _WIDTH)
        if top.any():
            self._limb(lower + 2 * _WIDTH)[: limb.size] += top

    def __getstate__(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def copy(self) -> Self:
        """Return sums of their own that hold the same."""
        made = type(self)(len(self))
        made.merge(self)
        return made
