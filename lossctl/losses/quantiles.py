"""Kernels of forecasts by intervals and quantiles. May import NumPy, core and `losses.stable`.

The target y is ``(n,)``; an interval ``(n, 2)``, its lower and its upper end; quantiles are ``(n, K)``, and their
``levels`` ``(K,)``, ascending. ``(loss, slope)`` is ``(n,)`` and shaped like the prediction. Every loss is a sum of
terms that are at least 0.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import row_sum

__all__ = ["crps_quantile", "interval_score"]


def interval_score(target: Array, prediction: Array, alpha: float) -> tuple[Array, Array]:
    """Compute ``u − l + (2/α) max(0, l − y, y − u)`` and its slopes by l and by u.

    The slopes are −1 and 1, with 2/α added to that by l where the target lies below it, taken from that by u where it
    lies above. A target on an end leaves 0, which lies between the slopes on its two sides.

    Examples
    --------
    >>> import numpy as np
    >>> y, ends = np.array([2.0, 5.0, 1.0]), np.array([[1.0, 4.0], [1.0, 4.0], [1.0, 4.0]])
    >>> loss, slope = interval_score(y, ends, alpha=0.1)
    >>> loss.tolist(), slope.tolist()
    ([3.0, 23.0, 3.0], [[-1.0, 1.0], [-1.0, -19.0], [0.0, 1.0]])
    """
    lower, upper = prediction[:, 0], prediction[:, 1]
    price = 2.0 / alpha
    missed = np.maximum(lower - target, 0.0)
    missed += np.maximum(target - upper, 0.0)
    missed *= price
    loss = upper - lower
    loss += missed
    slope = np.empty_like(prediction)
    slope[:, 0] = price * (target < lower) - 1.0
    slope[:, 1] = 1.0 - price * (target > upper)
    slope *= prediction != target[:, None]
    slope += 0.0
    return loss, slope


def crps_quantile(target: Array, prediction: Array, levels: Array) -> tuple[Array, Array]:
    """Compute ``(2/K) Σ ρ_τ(y − q_τ)``, twice the mean pinball loss of K levels τ, and its slope by each quantile.

    A quantile above the target costs 1 − τ for each unit, one below it τ. For levels that pair up about ½ it is the
    weighted interval score: the pair τ, 1 − τ costs τ(u − l) + max(0, l − y, y − u), the median ½|y − m|, and there are
    2K + 1 levels for K pairs.

    Examples
    --------
    >>> import numpy as np
    >>> y, q = np.array([2.0]), np.array([[1.0, 2.5, 4.0]])
    >>> loss, slope = crps_quantile(y, q, levels=np.array([0.25, 0.5, 0.75]))
    >>> loss.tolist(), (1.5 * slope).tolist()
    ([0.6666666666666666], [[-0.25, 0.5, 0.25]])
    """
    share = 2.0 / len(levels)
    over, under = share * (1.0 - levels), share * levels
    r = prediction - target[:, None]
    slope = (r > 0.0) * over
    slope -= (r < 0.0) * under
    r *= slope
    return row_sum(r), slope
