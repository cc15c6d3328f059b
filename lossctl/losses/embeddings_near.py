"""What a hinge subtracts, with twice the digits, for rows so near its kink that all digits of float64 cancel.

Vectors come as ``(n, K)``, and the answers as ``(n,)``. May import NumPy, core and its siblings `stable` and `twofold`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import compensated_row_sum, row_max, row_sum
from lossctl.losses.twofold import Twofold, difference, product

__all__ = ["cosine_above", "distance_beyond"]

_LEAST_EXPONENT, _LARGEST_EXPONENT = -1000, 1025
"""Of vectors that a power of two can scale; one beyond has no float64."""
_EUCLIDEAN, _CLOSE = 2.0, 0.2
"""A power; and beside a distance, a difference that is better computed as what it grows by."""


def _scale(*vectors: Array) -> Array:
    """Return the power of two, for each row, that brings twice the largest of its numbers near 1."""
    top = np.max([row_max(np.abs(each)) for each in vectors], axis=0)
    exponent = np.clip(np.frexp(top)[1] + 1, _LEAST_EXPONENT, _LARGEST_EXPONENT)
    return np.asarray(np.ldexp(1.0, -exponent))


def cosine_above(first: Array, second: Array, margin: float) -> Array:
    """Compute the cosine of two vectors less a margin.

    Examples
    --------
    >>> import numpy as np
    >>> above = cosine_above(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]), 0.96)
    >>> float(above[0]) == 24 / 25 - 0.96, f"{float(above[0]):.4g}"
    (False, '3.553e-17')
    """
    u, v = (vectors * _scale(vectors)[:, None] for vectors in (first, second))
    norms = (product(u, u).row_sum() * product(v, v).row_sum()).root()
    return (product(u, v).row_sum() / norms - Twofold.of(np.full(len(u), margin))).rounded


def distance_beyond(anchor: Array, near: Array, far: Array, margin: float, p: float) -> Array:
    """Compute ``|a − n|_p − |a − f|_p + margin``, also where n and f are nearly equal beside a, however far that is.

    Of Euclidean distances from the difference of their squares, Σ (n − f)(n + f − 2a), over their sum. Those of other
    powers than 1 and 2 have the digits of float64 only, of the sum of differences |n − a|^p − |f − a|^p.

    Examples
    --------
    >>> import numpy as np
    >>> a, n, f = np.array([[1e20, 1.0]]), np.array([[0.0, 1.0]]), np.array([[1e-10, 1.0]])
    >>> distance_beyond(a, n, f, 0.0, 2.0).tolist(), distance_beyond(a, n, f, 0.0, 1.0).tolist()
    ([1e-10], [1e-10])
    """
    scale = _scale(*(0.5 * vectors - 0.5 * anchor for vectors in (near, far)))  # a difference itself may overflow
    a, n, f = (vectors * scale[:, None] for vectors in (anchor, near, far))
    to_near, to_far, apart = difference(n, a), difference(f, a), difference(n, f)
    if p == 1.0:
        gap = _difference_of_sizes(to_near, to_far, apart).row_sum()
    elif p == _EUCLIDEAN:
        squares = (apart * (to_near + to_far)).row_sum()
        gap = squares / ((to_near * to_near).row_sum().root() + (to_far * to_far).row_sum().root())
    else:
        shorter = _difference_of_sizes(to_near, to_far, apart).rounded
        gap = Twofold.of(_gap_of_powers(np.abs(to_near.high), np.abs(to_far.high), shorter, p))
    gap = Twofold(gap.high / scale, gap.low / scale)
    return (gap + Twofold.of(np.full(len(a), margin))).rounded


def _gap_of_powers(x: Array, y: Array, apart: Array, p: float) -> Array:
    """Compute |x|_p − |y|_p of x, y ≥ 0 and their differences; where they are close by what |y|_p grows by."""
    ratio = np.where(apart < y, apart / np.maximum(y, y == 0.0), np.inf)
    powers = y**p
    terms = np.where(ratio < 1.0, powers * np.expm1(p * np.log1p(np.maximum(ratio, -1.0))), x**p - powers)
    total = row_sum(powers)
    length = total ** (1.0 / p)
    grown = np.expm1(np.log1p(np.maximum(compensated_row_sum(terms) / total, -1.0)) / p)
    return np.where(np.abs(grown) < _CLOSE, length * grown, row_sum(x**p) ** (1.0 / p) - length)


def _difference_of_sizes(one: Twofold, other: Twofold, apart: Twofold) -> Twofold:
    """Compute |x| − |y| from x, y and x − y: where they have one sign it is ±(x − y)."""
    sizes, sign = one.size() - other.size(), np.sign(one.high)
    alike = one.high * other.high > 0.0
    return Twofold(np.where(alike, sign * apart.high, sizes.high), np.where(alike, sign * apart.low, sizes.low))
