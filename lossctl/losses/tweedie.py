"""Kernel of Tweedie's deviance, for every power at which there is one. May import NumPy, core and its siblings.

y is the target, μ the prediction, both ``(n,)``; μ > 0. Throughout b = 2 − power, z = ln(y/μ) and e₂(x) = eˣ − 1 − x.
The textbook form is a difference of three powers over b(b − 1): it cancels where y is near μ, and where the power is
near 1 or 2. Each form below is used where what it subtracts is at most a few times what is left.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from lossctl.core.types import Array
from lossctl.losses.counts import gamma_deviance, poisson_deviance
from lossctl.losses.ratios import expm1_minus, log_gap

__all__ = ["tweedie_deviance"]

_TERMS = 18
"""Terms of the series: at its limit the next is below 1e-17 of the sum."""
_STEEP = 5.0
"""Beyond this |bz| the exponential of bz, which magnifies its rounding, is taken from a power of y."""
_FLOOR = -1e4
"""Below every logarithm of a float64, and finite."""


def tweedie_deviance(target: Array, prediction: Array, power: float) -> tuple[Array, Array]:
    """Compute ``2(y^b/(b(b−1)) − y μ^(b−1)/(b−1) + μ^b/b)``, b = 2 − power, and its slope ``2(μ − y)/μ^power``.

    The limits at the powers 1 and 2 are the deviances of Poisson and gamma. At y = 0 it is 2μ^b/b for b > 0, and +inf
    for a power of 2 or more.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = tweedie_deviance(np.array([4.0, 0.0]), np.array([1.0, 4.0]), power=1.5)
    >>> loss.round(14).tolist(), slope.round(14).tolist()
    ([4.0, 8.0], [-6.0, 1.0])
    >>> loss = tweedie_deviance(np.array([1.0]), np.array([1.0 + 2.0**-30]), power=1.5)[0]
    >>> f"{loss[0]:.4g}"
    '8.674e-19'
    """
    if power == 0.0:
        excess = prediction - target
        excess += 0.0
        return excess * excess, 2.0 * excess
    if power == 1.0:
        return poisson_deviance(target, prediction)
    if power == 2.0:  # noqa: PLR2004 -- a limit of the formula, like 1
        return gamma_deviance(target, prediction)
    half = _half_power(prediction, power)
    return _deviance(target, prediction, half, power), _slope(target, prediction, half, power)


def _slope(y: Array, mu: Array, half: Array, power: float) -> Array:
    """Compute 2(μ − y)/μ^power, with half of the power at a time: no intermediate is out of range alone."""
    excess = mu - y
    equal = excess == 0.0
    if power > 0.0:  # a ratio first, which loses no digit of a subnormal difference
        excess /= mu
        excess *= half
        excess *= half / mu
    else:
        half = np.power(mu, -0.5 * power)
        excess *= half
        excess *= half
    excess[equal] = 0.0  # times a power that overflows too
    excess *= 2.0
    excess += 0.0
    return excess


def _deviance(y: Array, mu: Array, half: Array, power: float) -> Array:
    b = 2.0 - power
    z = log_gap(y, mu)
    z *= 1.0 - 2.0 * (y < mu)
    size = np.abs(z)
    loss = np.empty_like(z)
    near = size * max(1.0, abs(b)) <= 1.0
    far = size >= 1.0
    far &= ~near
    for rows, form in ((near, _near), (~(near | far), _between), (far, _far)):
        index = np.flatnonzero(rows)
        if index.size:
            part = [np.take(values, index) for values in (y, mu, z, half)]
            np.put(loss, index, form(part[0], part[1], part[2], part[3], power))
    loss *= 2.0
    return loss


def _half_power(x: Array, power: float) -> Array:
    """Compute x^(b/2), whose square is x^b, also where the rounding of b = 2 − power would show in a large power."""
    b = 2.0 - power
    half: Array = np.power(x, 0.5 * b)
    lost = float(2 - Fraction(power) - Fraction(b))
    if lost:  # for a negative power alone
        half *= 1.0 + 0.5 * lost * np.maximum(np.log(x), _FLOOR)
    return half


def _near(_y: Array, _mu: Array, z: Array, half: Array, power: float) -> Array:
    """Compute it for |z| max(1, |b|) ≤ 1 as μ^b Σₖ zᵏ/k! (1 + b + … + b^(k−2)), from k = 2: no limit divides by 0.

    Horner's scheme in z·widest, with the sums in units of widest^(k−2), so that neither over- nor underflows.
    """
    b = 2.0 - power
    widest = max(1.0, abs(b))
    sums = [1.0]
    for k in range(1, _TERMS):
        sums.append(sums[-1] * (b / widest) + widest**-k)
    coefficients = [total / math.factorial(k + 2) for k, total in enumerate(sums)]
    x = z * widest
    series = np.full_like(z, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        series *= x
        series += coefficient
    equal = z == 0.0
    half = half * z  # neither μ^b nor z² need exist where their product does
    half[equal] = 0.0
    half *= half
    half *= series
    return half


def _between(y: Array, _mu: Array, z: Array, half: Array, power: float) -> Array:
    """Compute it for 1/|b| < |z| < 1 as μ^b (e₂(bz)/b − e₂(z))/(b − 1); for b < 0 both terms are above 0."""
    b = 2.0 - power
    exponent = b * z
    steep = np.abs(exponent) > _STEEP
    own = _half_power(y, power)
    gap = np.where(steep, -1.0 - exponent, expm1_minus(exponent))
    gap /= b
    gap -= expm1_minus(z)
    gap /= b - 1.0
    gap *= half
    gap *= half
    own_share = own / b / (b - 1.0)
    own_share *= own
    return _infinite_if_lost(gap + np.where(steep, own_share, 0.0))


def _far(y: Array, mu: Array, z: Array, half: Array, power: float) -> Array:
    """Compute it for |z| ≥ 1 as the sum of three powers; where b or b − 1 is near 0, two of them as one difference.

    With c = b − 1, from (y^b − y μ^c)/c − (y^b − μ^b)/b: the first difference is y μ^c (e^(cz) − 1)/c where |cz| ≤ 1,
    the second μ^b (e^(bz) − 1)/b where |bz| ≤ 1.
    """
    b = 2.0 - power
    c = 1.0 - power
    first, second = np.abs(c * z) <= 1.0, np.abs(b * z) <= 1.0
    differs = np.expm1(c * z) / c
    of_middle = np.where(first, differs - np.where(second, 0.0, np.exp(c * z) / b), -1.0 / c)
    differs = np.expm1(b * z) / b
    of_mu = np.where(second, np.where(first, 0.0, np.exp(b * z) / c) - differs, 1.0 / b)
    own = _half_power(y, power)
    of_own = np.where(first | second, 0.0, own / b / c * own)
    ratio = y / mu
    middle = np.where(np.isinf(ratio), (y * half) * (half / mu), (ratio * half) * half)
    return _infinite_if_lost(of_own + of_middle * middle + (of_mu * half) * half)


def _infinite_if_lost(loss: Array) -> Array:
    """Replace inf − inf: where two terms are too large for a float64, so is the loss."""
    loss[np.isnan(loss)] = np.inf
    return loss
