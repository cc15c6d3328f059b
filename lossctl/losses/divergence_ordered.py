"""Kernels of distances between distributions over ordered categories. Imports NumPy, core and its siblings.

They compare cumulative sums, so that a probability put one category off costs less than one put far off, and no event
can be taken alone: p and q lie across columns, ``(n, K)``, in the order of the categories, one apart.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.divergence import root_of_rows
from lossctl.losses.stable import row_max, row_sum

__all__ = ["cramer", "energy_distance", "wasserstein1"]


def _cumulative(p: Array, q: Array) -> Array:
    """Return the sums of q − p up to each category but the last, as if with twice the digits; ``(n, K−1)``.

    Where p and q are close a plain running sum is all rounding error. Knuth's TwoSum keeps what each addition drops.
    """
    rows, columns = p.shape
    out = np.empty((rows, max(columns - 1, 0)), dtype=np.result_type(p, q))
    total, error = np.zeros_like(q[:, 0]), np.zeros_like(q[:, 0])
    for column in range(columns - 1):
        for added in (q[:, column], -p[:, column]):
            sum_ = total + added
            part = sum_ - total
            error += (total - (sum_ - part)) + (added - part)
            total = sum_
        out[:, column] = total + error
    return out


def _back(slopes: Array, columns: int) -> Array:
    """Sum slopes by cumulative sums into slopes by probabilities: event k moves every sum from k on."""
    out = np.zeros((len(slopes), columns), dtype=slopes.dtype)
    for column in range(columns - 2, -1, -1):
        np.add(out[:, column + 1], slopes[:, column], out=out[:, column])
    return out


def wasserstein1(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``Σ_k |Q_k − P_k|``, P and Q the cumulative sums, and its slope ``Σ_{j≥k} sign(Q_j − P_j)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = wasserstein1(np.array([[0.5, 0.5, 0.0]]), np.array([[0.0, 0.5, 0.5]]))
    >>> loss.tolist(), slope.tolist()
    ([1.0], [[-2.0, -1.0, 0.0]])
    """
    gaps = _cumulative(target, prediction)
    return _sum(np.abs(gaps), target), _back(np.sign(gaps), target.shape[1]) + 0.0


def cramer(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``Σ_k (Q_k − P_k)²``, P and Q the cumulative sums, and its slope ``2 Σ_{j≥k} (Q_j − P_j)``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = cramer(np.array([[0.5, 0.5, 0.0]]), np.array([[0.0, 0.5, 0.5]]))
    >>> loss.tolist(), slope.tolist()
    ([0.5], [[-2.0, -1.0, 0.0]])
    """
    gaps = _cumulative(target, prediction)
    return _sum(gaps * gaps, target), 2.0 * _back(gaps, target.shape[1]) + 0.0


def energy_distance(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``√(2 Σ_k (Q_k − P_k)²)``: √(2E|X−Y| − E|X−X′| − E|Y−Y′|); its slope is 0 where q = p.

    Examples
    --------
    >>> import numpy as np
    >>> energy_distance(np.array([[0.5, 0.5, 0.0]]), np.array([[0.0, 0.5, 0.5]]))[0].tolist()
    [1.0]
    """
    gaps = _cumulative(target, prediction) * math.sqrt(2.0)
    up = np.where(row_max(np.abs(gaps)) < _SMALL, _UP, 1.0) if gaps.shape[1] else np.ones(len(gaps))
    gaps *= up[:, None]
    root, slope = root_of_rows(_sum(gaps * gaps, target), 2.0 * math.sqrt(2.0) * _back(gaps, target.shape[1]) + 0.0)
    return root / up, slope


_SMALL, _UP = 2.0**-400, 2.0**600
"""Squares of numbers below lose their digits, and below 1e-162 are 0: such numbers are raised first."""


def _sum(terms: Array, like: Array) -> Array:
    return row_sum(terms) if terms.shape[1] else np.zeros(len(like))
