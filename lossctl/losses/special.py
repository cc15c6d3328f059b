"""Distribution functions of the normal and of Student's t distribution, to the last digits, without SciPy.

May import NumPy, core and `losses.stable`.
"""

from __future__ import annotations

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.stable import polynomial

__all__ = ["within_normal"]

_NEAR = (
    -1.9016547223729656e-12,
    2.689853182379047e-11,
    -3.4728822703300046e-10,
    4.215057487788533e-09,
    -4.7010042736352855e-08,
    4.780047833376881e-07,
    -4.392481457562303e-06,
    3.608990792520495e-05,
    -0.00026173848027987156,
    0.0016497340815716905,
    -0.008874108625280066,
    0.04000146298508267,
    -0.15117705942927218,
    0.5958794452060241,
)
"""erf(a/√2)/a on [0, 2] as a polynomial in a²/2 − 1: Chebyshev's, from 60-digit values, right to 3e-17."""

_FAR = (
    3.9459129271614906e-11,
    1.0264240338999598e-10,
    -2.6827649633925106e-09,
    -2.4890381347366563e-08,
    3.829345583597058e-08,
    2.832230528664207e-06,
    3.4541461941429526e-05,
    0.00027275433069875023,
    0.0016447269631631317,
    0.008044412981659284,
    0.032838099887586694,
    0.1134719833871153,
    0.17989464034123692,
)
"""e^(a²/2) erfc(a/√2) on [2, 8.5] as a polynomial in (378/(a + 5) − 41)/13; times e^(−a²/2) right to 2e-18."""

_SPLIT, _END = 2.0, 8.5
"""Where the two polynomials meet, and where less than half a unit of the last digit is left beyond."""


def within_normal(a: Array) -> Array:
    """Compute P(|Z| ≤ a) = erf(a/√2) of a standard normal Z, for a ≥ 0, with a relative error below 4e-16.

    In the style of Cody (1969), Rational Chebyshev approximations for the error function, Mathematics of Computation
    23, 631–637: erf(a/√2)/a near 0, which no small a cancels, and beyond 2 the complement over e^(−a²/2). Polynomials
    do instead of his quotients, as division is what NumPy is slow at.

    Examples
    --------
    >>> import numpy as np
    >>> [f"{share:.12g}" for share in within_normal(np.array([0.0, 1e-300, 1.0, 1e300]))]
    ['0', '7.97884560803e-301', '0.682689492137', '1']
    """
    t = np.minimum(a, _SPLIT)
    inside = t * 0.5
    inside *= t
    inside -= 1.0
    share: Array = polynomial(inside, _NEAR)
    share *= t
    far = np.flatnonzero(a > _SPLIT)
    if far.size:
        high = np.minimum(np.take(a, far), _END)
        tail = polynomial((378.0 / (high + 5.0) - 41.0) / 13.0, _FAR)
        tail *= np.exp(-0.5 * high * high)
        np.put(share, far, 1.0 - tail)
    return share
