"""A number less the logarithm of another, to the last digits. May import NumPy, core and `losses.stable`."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from functools import lru_cache

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import polynomial, residual, residual_tail

__all__ = ["less_log"]

_CELLS = 256.0
"""A mantissa is rounded to a multiple of its inverse, the middle of a cell."""
_FIRST = 181
"""The cell of √½."""
_GRID = 2.0**42
"""The leading parts of the logarithms of middles are multiples of its inverse, so that they add up exactly."""
_TO_53_BITS = 0.75
"""Added and taken away again, it leaves a number below ¼ the bits down to 2⁻⁵³."""
_SERIES = (1 / 7, 1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2)
"""u − ln(1 + u) over u², in powers of −u; |u| < 0.003."""


def less_log(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Compute x − ln y for y > 0, what its rounding lost, and ln y.

    Where x is near ln y the plain difference has the rounding error of the logarithm: at x = ln y + 1e-10 and ln y = 7
    it keeps six digits. Here the error is 1e-21. With y = m 2ᵏ, √½ ≤ m < √2, and F the middle of m's cell,
    ln y = k ln 2 + ln F + ln(1 + u), u = (m − F)/F, where F is short enough for u F to be exact (Tang, Table-driven
    implementation of the logarithm function in IEEE floating-point arithmetic, ACM TOMS 16, 1990, 378–400).

    Examples
    --------
    >>> import numpy as np
    >>> rest, tail, log = less_log(np.array([0.5]), np.array([2.0]))
    >>> rest.round(15).tolist(), log.tolist()
    ([-0.193147180559945], [0.6931471805599453])
    >>> less_log(log, np.array([2.0]))[0]
    array([-2.31904681e-17])
    """
    high, low, log_2, log_2_low = _table()
    mantissa, exponent = np.frexp(y)
    below = mantissa < math.sqrt(0.5)
    power = exponent - below.astype(np.float64)
    mantissa += mantissa * below
    middle = np.rint(mantissa * _CELLS)
    cell = middle.astype(np.intp)
    cell -= _FIRST
    middle /= _CELLS
    mantissa -= middle
    u = mantissa / middle
    lead = u + _TO_53_BITS
    lead -= _TO_53_BITS
    mantissa -= lead * middle
    mantissa /= middle
    rest = polynomial(-u, _SERIES)
    rest *= u
    rest *= u
    np.subtract(mantissa, rest, out=rest)
    rest += np.take(low, cell)
    rest += power * log_2_low
    power *= log_2
    power += np.take(high, cell)
    first = residual(power, x)
    second = residual(lead, first)
    small = residual_tail(power, x, first)
    small += residual_tail(lead, first, second)
    small -= rest
    distance = second + small
    second -= distance
    second += small
    lead += rest
    lead += power
    return distance, second, lead


@lru_cache(maxsize=1)
def _table() -> tuple[Array, Array, float, float]:
    """Return the logarithms of the middles, in two parts each, and that of 2. They are worked out once, in 15 ms."""
    last = math.floor(2 * _FIRST) + 1
    pairs = [_two_parts(Decimal(cell) / int(_CELLS)) for cell in range(_FIRST, last)]
    high, low = np.array(pairs).T.copy()
    return high, low, *_two_parts(Decimal(2))


def _two_parts(x: Decimal) -> tuple[float, float]:
    digits = Context(prec=36)
    log = digits.ln(x)
    high = round(float(log) * _GRID) / _GRID
    return high, float(digits.subtract(log, Decimal(high)))
