"""Kernels of distances between distributions, event by event. Imports NumPy, core and its siblings.

p is the target's probability, q the prediction's. As in `losses.information` a distribution comes in two shapes:
across columns, ``(n, K)``, the kernel gives the finished loss of each row; down a file, ``(n,)``, the terms whose sum
the row's `Loss.finish` maps to the value (a root, say). Slopes are with respect to the probabilities taken as free
numbers; where neither p nor q gives an event anything its slope is 0.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lossctl.core.losses.loss import Kernel
from lossctl.core.types import Array
from lossctl.losses.information import kl_divergence
from lossctl.losses.ratios import log_gap
from lossctl.losses.stable import row_sum

__all__ = [
    "chi_square",
    "finish_root",
    "hellinger",
    "hellinger_roots",
    "jeffreys",
    "jensen_shannon",
    "jensen_shannon_distance",
    "jensen_shannon_roots",
    "reverse_kl",
    "squared_hellinger",
    "total_variation",
]

_NEAR = 0.1225
"""Below this t² the Jensen–Shannon series is used; its 17 terms are then exact to the last bits."""

_SERIES = tuple(1.0 / (k * (2 * k - 1)) for k in range(17, 0, -1))

_LOWEST = -1e4
"""Below every logarithm of a float64, and finite: 0 times it is 0."""

_LEAST = 2.0**-900
_POWER = 600
"""Smaller losses have few digits; they are those of probabilities times 2 to this, times 2 to minus this."""


def over_events(terms: Array) -> Array:
    """Sum the terms of each row; down a file each event's term stands alone."""
    return terms if terms.ndim == 1 else row_sum(terms)


def divide_present(x: Array, by: Array) -> Array:
    """Divide, where 0/0 is 0."""
    return np.asarray(x / np.maximum(by, x == 0.0)) + 0.0


def reverse_kl(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``Σ q log_b(q/p)`` and its slope ``(ln(q/p) + 1)/ln b``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, _ = reverse_kl(np.array([[0.25, 0.25, 0.5]]), np.array([[0.5, 0.25, 0.25]]), base=2.0)
    >>> loss.tolist()
    [0.25]
    """
    loss, _ = kl_divergence(prediction, target, base)
    slope = np.sign(prediction - target) * log_gap(target, prediction)
    slope += (target > 0.0) | (prediction > 0.0)
    slope /= math.log(base)
    slope += 0.0
    return loss, slope


def jeffreys(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``Σ (q − p) log_b(q/p)`` and its slope ``(ln(q/p) + (q − p)/q)/ln b``.

    Every term is at least 0, and so are both parts of a slope where q > p.

    Examples
    --------
    >>> import numpy as np
    >>> loss, _ = jeffreys(np.array([[0.25, 0.25, 0.5]]), np.array([[0.5, 0.25, 0.25]]), base=2.0)
    >>> loss.tolist()
    [0.5]
    """
    excess = prediction - target
    gap = log_gap(target, prediction)
    gap /= math.log(base)
    slope = divide_present(excess, prediction)
    slope /= math.log(base)
    slope += np.sign(excess) * gap
    slope += 0.0
    up = np.maximum(target, prediction) - np.minimum(target, prediction)
    up *= gap
    return over_events(up), slope


def jensen_shannon(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute ``½ Σ [p log_b(p/m) + q log_b(q/m)]``, m = (p+q)/2, and its slope ``½ log_b(q/m)``.

    With t = (q − p)/(q + p) a term is m·s(t)/2, s(t) = (1−t) ln(1−t) + (1+t) ln(1+t) = t² + t⁴/6 + t⁶/15 + …, which
    serves for small t. The logarithms are those of 1 + |q−p|/(q+p) or so, which lose nothing where p and q are close.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.array([[0.25, 0.75]]), np.array([[0.75, 0.25]])
    >>> jensen_shannon(p, q, base=2.0)[0].round(4).tolist()
    [0.1887]
    """
    total = target + prediction
    excess = prediction - target
    of_q = _log_to_mean(prediction, target)
    terms = prediction * np.maximum(of_q, _LOWEST)
    terms += target * np.maximum(_log_to_mean(target, prediction), _LOWEST)
    t = excess / np.maximum(total, total == 0.0)
    t *= t
    near = np.flatnonzero(np.abs(t) < _NEAR)
    if near.size:
        np.put(terms, near, _near(np.take(t, near)) * np.take(total, near))
    terms *= 0.5 / math.log(base)
    of_q *= 0.5 / math.log(base)
    return over_events(terms), of_q


def _log_to_mean(q: Array, p: Array) -> Array:
    """Compute ln(q/m), m = (p+q)/2, by a logarithm of 1 + something ≥ 0; 0 where both are 0."""
    low = np.minimum(p, q)
    size = np.maximum(p, q) - low
    divisor = q + low
    gap: Array = np.log1p(size / np.maximum(divisor, size == 0.0))
    overflown = np.isinf(gap) & (q > 0.0)
    if overflown.any():
        gap[overflown] = np.log(0.5 * (p + q)[overflown]) - np.log(q[overflown])
    gap *= np.sign((q - p).real)
    gap += 0.0
    return gap


def _near(square: Array) -> Array:
    total = np.full_like(square, _SERIES[0])
    for coefficient in _SERIES[1:]:
        total *= square
        total += coefficient
    total *= square
    total *= 0.5
    return total


def jensen_shannon_distance(target: Array, prediction: Array, base: float) -> tuple[Array, Array]:
    """Compute the square root of `jensen_shannon`; its slope is 0 where the distributions are equal.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.array([[0.25, 0.75]]), np.array([[0.75, 0.25]])
    >>> jensen_shannon_distance(p, q, base=2.0)[0].round(4).tolist()
    [0.4344]
    """
    return _root_of_rows(partial(jensen_shannon, base=base), target, prediction)


def jensen_shannon_roots(target: Array, prediction: Array, base: float) -> Array:
    """Compute the roots of the terms of `jensen_shannon` down a file.

    Examples
    --------
    >>> import numpy as np
    >>> roots = jensen_shannon_roots(np.array([0.5, 5e-324]), np.array([0.5, 2e-323]), base=2.0)
    >>> [f"{root:.4g}" for root in roots]
    ['0', '1.853e-162']
    """
    return _term_roots(partial(jensen_shannon, base=base), target, prediction)


def _term_roots(kernel: Kernel, target: Array, prediction: Array) -> Array:
    """Take the roots of terms that grow with their probabilities, whose digits are those of larger ones."""
    terms, _ = kernel(*(np.ldexp(each, _POWER) for each in (target, prediction)))
    return np.ldexp(np.sqrt(terms), -_POWER // 2)


def _root_of_rows(kernel: Kernel, target: Array, prediction: Array) -> tuple[Array, Array]:
    """Take the roots of losses that grow with their probabilities, as `root_of_rows` does.

    Their slopes do not grow. What is too small to have its digits is scaled first.
    """
    loss, slope = kernel(target, prediction)
    root, found = root_of_rows(loss, slope)
    if loss.ndim < slope.ndim:
        small = np.flatnonzero((loss < _LEAST) & (target != prediction).any(axis=1))
        if small.size:
            larger = kernel(*(np.ldexp(each[small], _POWER) for each in (target, prediction)))
            roots, by_root = root_of_rows(*larger)
            root[small], found[small] = np.ldexp(roots, -_POWER // 2), np.ldexp(by_root, _POWER // 2)
    return root, found


def root_of_rows(loss: Array, slope: Array) -> tuple[Array, Array]:
    """Take the root of each row's loss, and the chain rule; terms down a file are left to `finish_root`."""
    if loss.ndim == slope.ndim:
        return loss, slope
    root = np.sqrt(loss)
    factor = 0.5 / np.maximum(root, root == 0.0) * (root > 0.0)
    return root, slope * factor[:, None] + 0.0


def finish_root(means: tuple[float, ...], **_params: float) -> tuple[float, tuple[float, ...]]:
    """Take the root of the sum of the terms, as a `Loss.finish`; the derivative is 0 at 0.

    Examples
    --------
    >>> finish_root((0.25,)), finish_root((0.0,))
    ((0.5, (1.0,)), (0.0, (0.0,)))
    """
    root = math.sqrt(means[0])
    return root, (0.5 / root if root > 0.0 else 0.0,)


def squared_hellinger(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``½ Σ (√p − √q)²`` and its slope ``(√q − √p)/(2√q)``, by √q − √p = (q − p)/(√p + √q).

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = squared_hellinger(np.array([[0.64, 0.36]]), np.array([[0.36, 0.64]]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.04], [[-0.1667, 0.125]])
    """
    root = np.sqrt(prediction)
    gap = divide_present(prediction - target, np.sqrt(target) + root)
    slope = divide_present(gap, root)
    slope *= 0.5
    gap *= gap
    gap *= 0.5
    return over_events(gap), slope


def hellinger(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute the square root of `squared_hellinger`; its slope is 0 where the distributions are equal.

    Examples
    --------
    >>> import numpy as np
    >>> hellinger(np.array([[0.64, 0.36]]), np.array([[0.36, 0.64]]))[0].round(4).tolist()
    [0.2]
    """
    return _root_of_rows(squared_hellinger, target, prediction)


def hellinger_roots(target: Array, prediction: Array) -> Array:
    """Compute the roots of the terms of `squared_hellinger` down a file.

    Examples
    --------
    >>> import numpy as np
    >>> roots = hellinger_roots(np.array([0.5, 5e-324]), np.array([0.5, 2e-323]))
    >>> [f"{root:.4g}" for root in roots]
    ['0', '1.572e-162']
    """
    return _term_roots(squared_hellinger, target, prediction)


def total_variation(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``½ Σ |q − p|`` and its slope ``½ sign(q − p)``, 0 at the kink.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = total_variation(np.array([[0.25, 0.5, 0.25]]), np.array([[0.5, 0.25, 0.25]]))
    >>> loss.tolist(), slope.tolist()
    ([0.25], [[0.5, -0.5, 0.0]])
    """
    gap = prediction - target
    slope = np.sign(gap)
    slope *= 0.5
    return over_events(0.5 * np.abs(gap)), slope


def chi_square(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``Σ (p − q)²/q`` and its slope ``1 − (p/q)²``, as (q − p)/q · (q + p)/q.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = chi_square(np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]]))
    >>> loss.round(15).tolist(), slope.tolist()
    ([0.25], [[0.75, -1.25]])
    """
    excess = prediction - target
    relative = divide_present(excess, prediction)
    terms = divide_present(excess, np.sqrt(prediction))  # (p − q)/q may overflow where its square times q does not
    terms *= terms
    relative *= divide_present(prediction + target, prediction)
    relative += 0.0
    return over_events(terms), relative
