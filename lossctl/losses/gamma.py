"""The logarithm of the factorial, to the last digits, without SciPy. May import NumPy, core and `losses.stable`."""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import polynomial

__all__ = ["log_factorial_less_entropy"]

_NEAR_ZERO = (
    4.226016675377439e-10,
    -8.187518192626581e-10,
    -1.3764318718154119e-09,
    2.4677273211107673e-09,
    4.885761922683655e-09,
    -8.94694735241493e-09,
    -6.830399052794191e-10,
    -7.949655282981058e-10,
    2.615457216445561e-08,
    -5.202855044913296e-08,
    8.75360413423732e-08,
    -1.861394163406513e-07,
    4.0551922127948146e-07,
    -8.554774837563847e-07,
    1.8074775340912791e-06,
    -3.846515815487828e-06,
    8.222342452139818e-06,
    -1.7661855072663184e-05,
    3.8168863787885225e-05,
    -8.309510001461691e-05,
    0.00018255264185594036,
    -0.0004057073999316111,
    0.0009153769220696921,
    -0.0021081308338295546,
    0.004998641164703528,
    -0.012384192193374345,
    0.03296500062115574,
    -0.1003173016743539,
    0.42278433509846713,
)
"""ln Γ(1+y) / (y(y−1)) on [0, 2] as a polynomial in y − 1: Chebyshev's, from 60-digit values, right to 3e-18."""

_STIRLING = (
    -4.972672942083694e-12,
    1.1217851902966477e-11,
    1.9464081817329182e-11,
    -1.4241595262956034e-10,
    3.2167494740434096e-10,
    2.43164533220552e-10,
    -4.965197407624248e-09,
    1.6913224631575717e-08,
    1.5224098462767288e-08,
    -4.346392169408267e-07,
    1.5576280806689785e-06,
    1.0052308385768573e-05,
    -0.0001568940161324936,
    -0.0003356054056173031,
    0.08316268841506036,
)
"""What Stirling's formula misses, times y, for y ≥ 2, as a polynomial in 4/y − 1; right to 5e-17."""

_SPLIT = 2.0


def log_factorial_less_entropy(y: Array) -> Array:
    """Compute ln Γ(y+1) − y ln y + y for y ≥ 0: what a Poisson distribution has beside its deviance.

    It is about ln √(2πy), while the terms it is made of grow like y ln y and cancel: at y = 1e10 their difference
    keeps no digit behind the point. Stirling's formula is that cancellation done by hand, and a polynomial for what
    it misses serves every y ≥ 2, with no recurrence.

    Parameters
    ----------
    y
        Of any shape, ≥ 0, real.

    Examples
    --------
    >>> import numpy as np
    >>> log_factorial_less_entropy(np.array([0.0, 1.0, 4.0])).round(12).tolist()
    [0.0, 1.0, 1.632876385868]
    """
    high = np.maximum(y, _SPLIT)
    out: Array = 0.5 * np.log(high) + 0.5 * math.log(2.0 * math.pi)
    out += polynomial(4.0 / high - 1.0, _STIRLING) / high
    near = np.flatnonzero(y < _SPLIT)
    if near.size:
        low = np.take(y, near)
        factorial = low * (low - 1.0) * polynomial(low - 1.0, _NEAR_ZERO)
        entropy = low - low * np.log(np.maximum(low, low == 0.0))
        np.put(out, near, factorial + entropy)
    return out
