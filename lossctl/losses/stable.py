"""Pieces of formulas that stay accurate where the textbook form does not; kernels of every task share them.

Each says what it is stable against, and each has its own test against 50-digit arithmetic. Kernels run on real
and on complex arrays (tests differentiate by a complex step), so these do too. May import NumPy and core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from lossctl.core.types import Array

__all__ = [
    "compensated_row_sum",
    "exp_below_top",
    "log_base",
    "minus_product",
    "polynomial",
    "residual",
    "residual_tail",
    "row_max",
    "row_sum",
    "signed",
    "softplus_with_slope",
    "times_log",
    "u_minus_log1p",
    "u_minus_log1p_near",
    "where_positive",
]

SERIES_LIMIT = 0.3
"""Below this |u| the series of `u_minus_log1p` is used: its 12 terms are exact to the last bits up to 0.4, while
the difference loses 8 times the rounding error at 0.3 and 20 times at 0.1."""

_LARGEST = 1e300

_HALF_OF_THE_DIGITS = 2.0**27 + 1.0
"""Times this, a number splits into two of 26 bits each (Dekker, Numer. Math. 18, 1971)."""

_VANISHING = -750.0
"""Below this exp is 0."""

_SERIES = tuple(2.0 / (2 * k + 1) for k in range(12, 0, -1))

_LOGARITHMS: dict[float, Callable[[Array], Array]] = {2.0: np.log2, math.e: np.log, 10.0: np.log10}

_FEW_COLUMNS = 16
"""Up to here adding columns is 2 to 20 times faster than NumPy's sum along short rows, and as accurate."""


@np.errstate(divide="ignore")
def u_minus_log1p(u: Array) -> Array:
    """Compute g(u) = u − ln(1+u), for u ≥ −1.

    The plain difference loses every digit as u → 0, where g(u) ≈ u²/2. With v = u/(2+u), ln(1+u) = 2·artanh v,
    and u − 2v = u·v exactly, so g(u) = u·v − 2v³ Σₖ v²ᵏ⁻²/(2k+1).

    Parameters
    ----------
    u
        Any shape, every value ≥ −1.

    Returns
    -------
    Array
        Shaped like `u`; +inf at u = −1.

    Examples
    --------
    >>> import numpy as np
    >>> [float(g) for g in u_minus_log1p(np.array([2e-20, -1.0]))]
    [2e-40, inf]
    """
    gap = u - np.log1p(u)
    near = np.abs(u) < SERIES_LIMIT
    if near.any():
        gap[near] = u_minus_log1p_near(u[near])
    return gap


def u_minus_log1p_near(u: Array) -> Array:
    """Compute the same by the series alone, for |u| up to 0.4; at least twice as fast."""
    v = u / (u + 2.0)
    square = v * v
    total = np.full_like(v, _SERIES[0])
    for coefficient in _SERIES[1:]:
        total *= square
        total += coefficient
    total *= square
    np.subtract(u, total, out=total)
    total *= v
    return total


def residual(target: Array, prediction: Array) -> Array:
    """Compute r = ŷ − y, rounded."""
    r = prediction - target
    r += 0.0  # (−0.0) − 0.0 is −0.0, which would print as such; adding zero makes it 0.0
    return r


def residual_tail(target: Array, prediction: Array, r: Array) -> Array:
    """Compute what the rounding of `r` lost: r + tail is ŷ − y exactly.

    For what magnifies an error of r: |r| − ε near ε, or the exponential of a large r. Knuth's TwoSum, 2 ns an
    element. Where r itself overflows the tail is some finite number.

    Examples
    --------
    >>> import numpy as np
    >>> y, yhat = np.array([1e-20]), np.array([1.0])
    >>> r = residual(y, yhat)
    >>> r.tolist(), residual_tail(y, yhat, r).tolist()
    ([1.0], [-1e-20])
    """
    moved = r - prediction
    tail = r - moved
    np.subtract(prediction, tail, out=tail)
    moved += target
    tail -= moved
    return np.fmax(tail, -_LARGEST, out=tail)


def minus_product(x: Array, factor: Array, y: Array) -> Array:
    """Compute x − factor·y as if the product were not rounded, for sizes up to 1e290.

    For what is nearly nothing beside x: the part of one vector that another does not explain, the remainder of a
    division. The product's rounding error is itself computed exactly (Dekker's TwoProduct).

    Examples
    --------
    >>> import numpy as np
    >>> third, three, one = np.array([1.0 / 3.0]), np.array([3.0]), np.array([1.0])
    >>> (one - third * three).tolist(), minus_product(one, third, three).tolist()
    ([0.0], [5.551115123125783e-17])
    """
    product = factor * y
    coarse = _HALF_OF_THE_DIGITS * factor
    coarse = coarse - (coarse - factor)
    fine = factor - coarse
    large = _HALF_OF_THE_DIGITS * y
    large = large - (large - y)
    small = y - large
    lost = coarse * large
    lost -= product
    lost += coarse * small
    lost += fine * large
    small *= fine
    lost += small
    np.subtract(x, product, out=product)
    product -= lost
    return product


def signed(size: Array, r: Array) -> Array:
    """Return a size the sign of `r`; adding zero makes a −0.0, which an underflow leaves, 0.0."""
    slope = np.copysign(size, r)
    slope += 0.0
    return slope


def log_base(x: Array, base: float) -> Array:
    """Compute the logarithm of `x` to `base`, exactly where the answer is a whole number of bits.

    ln x / ln 2 misses log₂ of powers of two by a bit (2²⁹ gives 29.000000000000004), so bases 2 and 10 have their
    own functions.

    Examples
    --------
    >>> import numpy as np
    >>> float(log_base(np.array(2.0**29), 2.0))
    29.0
    """
    logarithm = _LOGARITHMS.get(base)
    return np.log(x) / math.log(base) if logarithm is None else logarithm(x)


def where_positive(weight: Array, x: Array) -> Array:
    """Replace `x` by 1 where `weight` is 0, for an `x` that is in [0, 1] there.

    A term that does not occur (0·log 0, 0/0) then comes out as 0, with no mask: the maximum costs 0.8 ns an
    element and `numpy.where` 4.
    """
    present: Array = np.maximum(x, weight == 0.0)
    return present


def times_log(weight: Array, x: Array, base: float) -> Array:
    """Compute weight·log x to `base` for x > 0, or x = 0 where the weight is above 0 (−inf).

    Pass `x` through `where_positive` first, so that 0·log 0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.array([0.0, 0.5]), np.array([0.0, 0.25])
    >>> [float(term) for term in times_log(p, where_positive(p, q), 2.0)]
    [0.0, -1.0]
    """
    terms = log_base(x, base)
    terms *= weight
    return terms


def row_sum(terms: Array) -> Array:
    """Sum each row of an ``(n, K)`` array; the bits depend on the row alone, not on its neighbours or the layout.

    NumPy's own sum picks its order by memory layout, and is slow on short rows.
    """
    columns = terms.shape[1]
    if columns > _FEW_COLUMNS:
        return np.asarray(np.ascontiguousarray(terms).sum(axis=1))
    total = terms[:, 0].copy()
    for column in range(1, columns):
        total += terms[:, column]
    return total


def compensated_row_sum(terms: Array) -> Array:
    """Sum each row of a finite ``(n, K)`` array as if with twice the digits.

    For sums that cancel, such as Σ(p − q), where the rounding of a plain sum is larger than the answer. Knuth's
    TwoSum: the rounding error of every addition is itself computed exactly and added at the end. (Ogita, Rump &
    Oishi, SIAM J. Sci. Comput. 26, 2005.)

    Examples
    --------
    >>> import numpy as np
    >>> [float(total) for total in compensated_row_sum(np.array([[1.0, 1e-20, -1.0]]))]
    [1e-20]
    """
    total = terms[:, 0].copy()
    error = np.zeros_like(total)
    sum_, part, rest = np.empty_like(total), np.empty_like(total), np.empty_like(total)
    for column in range(1, terms.shape[1]):
        added = terms[:, column]
        np.add(total, added, out=sum_)
        np.subtract(sum_, total, out=part)
        np.subtract(sum_, part, out=rest)
        np.subtract(total, rest, out=rest)
        np.subtract(added, part, out=part)
        error += rest
        error += part
        total, sum_ = sum_, total
    total += error
    return total


def row_max(values: Array) -> Array:
    """Find the largest of each row of an ``(n, K)`` array; on short rows faster than NumPy's own."""
    columns = values.shape[1]
    if columns > _FEW_COLUMNS:
        return np.asarray(values.max(axis=1))
    top = values[:, 0].copy()
    for column in range(1, columns):
        np.maximum(top, values[:, column], out=top)
    return top


def exp_below_top(scores: Array, far_below: float = -32.0) -> tuple[Array, Array]:
    """Compute e^(s − top) for each score of a row, and top, the row's largest: what softmax and log-sum-exp share.

    No score overflows, and the largest gives 1. A gap far below 0 is rounded by more than e^gap can bear (at −700
    by 6e-14): beyond `far_below` what the rounding lost is put back. At −32 that is 4e-15.

    Examples
    --------
    >>> import numpy as np
    >>> exps, top = exp_below_top(np.array([[1e300, 1e300, 0.0]]))
    >>> exps.tolist(), top.tolist()
    ([[1.0, 1.0, 0.0]], [1e+300])
    """
    top = row_max(scores)
    gap = scores - top[:, None]
    exps = np.exp(gap)
    far = np.flatnonzero((gap < far_below) & (gap > _VANISHING))
    if far.size:
        below, peak, rounded = np.take(scores, far), np.take(top, far // scores.shape[1]), np.take(gap, far)
        known = np.take(exps, far)
        np.put(exps, far, known + known * residual_tail(peak, below, rounded))
    return exps, top


def polynomial(t: Array, coefficients: Sequence[float]) -> Array:
    """Compute a polynomial by Horner's rule; the coefficient of the highest power comes first.

    Examples
    --------
    >>> import numpy as np
    >>> polynomial(np.array([2.0, -1.0]), (3.0, 0.0, 1.0)).tolist()
    [13.0, 4.0]
    """
    total = np.full_like(t, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= t
        total += coefficient
    return total


def softplus_with_slope(x: Array) -> tuple[Array, Array]:
    """Compute log(1 + eˣ) and its slope σ(x), neither of which overflows or loses a small value.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = softplus_with_slope(np.array([-750.0, 0.0, 1e300]))
    >>> loss.round(4).tolist(), slope.tolist()
    ([0.0, 0.6931, 1e+300], [0.0, 0.5, 1.0])
    """
    small = np.minimum(x, -x)  # −|x|, which a complex step passes through
    np.exp(small, out=small)
    loss = np.log1p(small)
    loss += np.maximum(x, 0.0)
    slope = np.maximum(small, x > 0.0)
    slope /= small + 1.0
    return loss, slope
