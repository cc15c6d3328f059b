"""Student's t distribution to the last digits, for any degrees of freedom, without SciPy.

May import NumPy, core, `losses.special` and `losses.stable`.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.losses.special import within_normal
from lossctl.losses.stable import polynomial

__all__ = ["least_crps", "log_normaliser", "mean_size", "within_student"]

_STIRLING = (1 / 8, -1 / 192, 1 / 640, -17 / 14336, 31 / 18432, -691 / 180224, 5461 / 425984, -929569 / 15728640)
"""½ ln x − ln Γ(x+½)/Γ(x) in odd powers of 1/x; from 10 on right to 4e-18."""
_STEPS = 10

_DENSITY = (
    1.0,
    0.75,
    0.2604166666666667,
    0.0546875,
    0.00771484375,
    0.0008056640625,
    7.451778997189154e-05,
    6.842234778025794e-06,
    4.3647840119753774e-07,
    8.388801857277199e-10,
    3.83817788326379e-10,
    5.872842209335701e-10,
    1.9196866406662006e-11,
    -1.2483440499612423e-11,
    -3.376660585238254e-13,
    3.0065628061584214e-13,
    7.151601070928333e-15,
    -7.209987166950634e-15,
    -1.525107744411193e-16,
    1.7373601328615925e-16,
    3.307370617212933e-18,
)
"""e^(3q/4) √((q/2)/sinh(q/2)) in powers of q: a t distribution's density over a normal one's, see `within_student`."""
_ENOUGH = 16.0
"""From here on the expansion about the normal distribution is right to the last digits."""
_FAR = 1e3
"""A normal deviate beyond which nothing is left."""
_LARGEST = 1e150
"""Its square is a float64, and of few degrees of freedom, 1 and more, nothing is left beyond it."""
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class _Terms:
    """What `within_student` makes of the degrees of freedom alone.

    Parameters
    ----------
    m
        By how much ln(1 + a²/ν) is multiplied to make it the square of a normal deviate.
    near
        The coefficients of what is taken off the normal distribution, the highest first.
    steps
        Those of the steps back to few degrees of freedom; none where there are many.
    """

    m: float
    near: tuple[float, ...]
    steps: tuple[float, ...]


def within_student(a: Array, freedom: float) -> tuple[Array, Array]:
    """Compute P(|T| ≤ a) of Student's t distribution, for a ≥ 0, and ln(1 + a²/ν).

    With m = ν + 1 and u = √(m ln(1 + a²/ν)) the density is that of a normal u times W(u²/m), see `_DENSITY`. So P is
    erf(u/√2) − u e^(−u²/2) B(u²/m), and comparing powers of q in P' gives the coefficients of B from the last to the
    first. (Temme 1979, The asymptotic expansion of the incomplete gamma functions, SIAM Journal on Mathematical
    Analysis 10, 757–766, is the like for another distribution.) Few degrees of freedom are reached from more, two by
    two, by the recurrence of the incomplete beta function (https://dlmf.nist.gov/8.17.E21). The relative error is at
    most 4e-15 near ν = 1, and 1e-15 from ν = 9 on.

    Examples
    --------
    >>> import numpy as np
    >>> share, log = within_student(np.array([0.0, 1.0, 1e300]), 3.0)
    >>> share.round(12).tolist(), log[:2].round(12).tolist()
    ([0.0, 0.608997781044, 1.0], [0.0, 0.287682072452])
    """
    terms = _terms(freedom)
    w = a / math.sqrt(freedom)
    np.minimum(w, _LARGEST, out=w)
    square = w * w
    log = square + _TINY
    ratio = np.log1p(log)
    ratio /= log
    np.multiply(square, ratio, out=log)
    ratio *= terms.m / freedom
    u = np.sqrt(ratio)
    u *= a
    np.minimum(u, _FAR, out=u)
    share = within_normal(u)
    less = polynomial(log, terms.near)
    less *= u
    u *= u
    u *= -0.5
    less *= np.exp(u, out=u)
    share -= less
    if terms.steps:
        square += 1.0
        np.divide(1.0, square, out=square)
        less = polynomial(square, terms.steps)
        less *= w
        less *= np.sqrt(square)
        less *= np.exp(log * (-0.5 * freedom))
        share -= less
    return share, log


@lru_cache(maxsize=64)
def _terms(freedom: float) -> _Terms:
    steps = max(0, math.ceil(0.5 * (_ENOUGH - 1.0 - freedom)))
    m = freedom + 2.0 * steps + 1.0
    near = [0.0]
    for power in range(len(_DENSITY) - 1, 0, -1):
        near.append(((2.0 * power + 1.0) * near[-1] + _DENSITY[power]) / m)
    factor = math.sqrt(2.0 / math.pi) / (1.0 + near[-1])
    half, term, back = 0.5 * freedom, 2.0 * math.exp(-log_normaliser(freedom)) / math.sqrt(freedom), list[float]()
    for step in range(steps):
        back.insert(0, term)
        term *= (half + step + 0.5) / (half + step + 1.0)
    return _Terms(m, tuple(factor * each for each in near[1:]), tuple(back))


@lru_cache(maxsize=64)
def log_normaliser(freedom: float) -> float:
    """Compute −ln f(0) = ln √(νπ) Γ(ν/2)/Γ((ν+1)/2), of which ½ ln 2π is left where ν is large.

    Examples
    --------
    >>> round(log_normaliser(1.0), 12) == round(math.log(math.pi), 12)
    True
    """
    x = 0.5 * freedom
    if x >= _STEPS:
        return 0.5 * math.log(2.0 * math.pi) + _stirling(x)
    steps = [math.log1p(0.5 / (x + step)) for step in range(1, _STEPS)]
    rising = math.log(x + 0.5) - 0.5 * math.log(x + _STEPS) - 0.5 * (math.log(freedom) - math.log(2.0))
    return math.fsum([0.5 * math.log(2.0 * math.pi), _stirling(x + _STEPS), rising, *steps])


def _stirling(x: float) -> float:
    return math.fsum(each * x ** -(2 * k + 1) for k, each in enumerate(_STIRLING))


def mean_size(freedom: float) -> float:
    """Compute E|T| = 2 f(0) ν/(ν − 1), for ν > 1.

    Examples
    --------
    >>> round(mean_size(3.0), 12) == round(2.0 * math.sqrt(3.0) / math.pi, 12)
    True
    """
    return 2.0 * math.exp(-log_normaliser(freedom)) * (freedom / (freedom - 1.0))


@lru_cache(maxsize=64)
def least_crps(freedom: float) -> float:
    """Compute E|T| (1 − B(½, ν−½)/B(½, ν/2)), the score of the standard distribution at its middle, for ν > 1.

    Near ν = 1 the first factor goes to infinity and the second to 0. The logarithm of the ratio is
    −ln Γ(x+h+½)/Γ(x+h) + ln Γ(x+½)/Γ(x) with x = ν/2 and h = (ν−1)/2, of which each term is written as a multiple of h.

    Examples
    --------
    >>> round(least_crps(1e300), 12) == round((math.sqrt(2.0) - 1.0) / math.sqrt(math.pi), 12)
    True
    """
    x, h = 0.5 * freedom, 0.5 * (freedom - 1.0)
    end = x + _STEPS
    terms = [math.log1p(0.5 * h / (x + step) / (x + step + h + 0.5)) for step in range(_STEPS)]
    terms.append(0.5 * math.log1p(h / end))
    for k, each in enumerate(_STIRLING):
        power = 2 * k + 1
        terms.append(-each * end**-power * math.expm1(-power * math.log1p(h / end)))
    return -mean_size(freedom) * math.expm1(-math.fsum(terms))
