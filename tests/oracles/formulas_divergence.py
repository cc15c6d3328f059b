"""The formulas of distances between distributions, in mpmath; see `tests.oracles.formulas`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any
Vector = Sequence[Number]


def _kl(p: Vector, q: Vector, base: Number = mp.e) -> Number:
    if any(b == 0 < a for a, b in zip(p, q, strict=True)):
        return mp.inf
    return mp.fsum(a * mp.log(a / b) for a, b in zip(p, q, strict=True) if a) / mp.log(base)


def _jeffreys(p: Vector, q: Vector, base: Number) -> Number:
    if any((a == 0) != (b == 0) for a, b in zip(p, q, strict=True)):
        return mp.inf
    return mp.fsum((b - a) * mp.log(b / a) for a, b in zip(p, q, strict=True) if a) / mp.log(base)


def _jensen_shannon(p: Vector, q: Vector, base: Number) -> Number:
    mean = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (_kl(p, mean, base) + _kl(q, mean, base)) / 2


def _squared_hellinger(p: Vector, q: Vector) -> Number:
    return mp.fsum((mp.sqrt(a) - mp.sqrt(b)) ** 2 for a, b in zip(p, q, strict=True)) / 2


def _chi_square(p: Vector, q: Vector) -> Number:
    if any(b == 0 < a for a, b in zip(p, q, strict=True)):
        return mp.inf
    return mp.fsum((a - b) ** 2 / b for a, b in zip(p, q, strict=True) if b)


def _powers(p: Vector, q: Vector, alpha: Number) -> Vector:
    if alpha > 1 and any(b == 0 < a for a, b in zip(p, q, strict=True)):
        return [mp.inf for _ in p]
    return [a**alpha * b ** (1 - alpha) if a and b else mp.mpf(0) for a, b in zip(p, q, strict=True)]


def _tsallis(p: Vector, target_q: Vector, q: Number) -> Number:
    """Compute it for p that sums to 1: the rounding of p is taken off with p itself."""
    if q == 1:
        return _kl(p, target_q)
    return mp.fsum(m - a for m, a in zip(_powers(p, target_q, q), p, strict=True)) / (q - 1)


def _renyi(p: Vector, q: Vector, alpha: Number, base: Number) -> Number:
    if alpha == 1:
        return _kl(p, q, base)
    total = mp.fsum(_powers(p, q, alpha))
    if total == 0:
        return mp.inf
    if total > 0.5:
        total = 1 + (alpha - 1) * _tsallis(p, q, alpha)
    return mp.log(total) / (alpha - 1) / mp.log(base)


def _alpha(p: Vector, q: Vector, alpha: Number) -> Number:
    return mp.fsum(_alpha_term(a, b, alpha) for a, b in zip(p, q, strict=True))


def _alpha_term(p: Number, q: Number, alpha: Number) -> Number:
    """Return one of the terms, none of which is below 0; near q = p it is the square of the difference over p."""
    if p == q:
        return mp.mpf(0)
    zeros = max(0, int(-mp.log10(abs(p - q) / max(p, q))))
    with mp.extradps(20 + 2 * zeros):
        if alpha == 1:
            return _kl([p], [q]) - p + q
        return (alpha * p + (1 - alpha) * q - _powers([p], [q], alpha)[0]) / (alpha * (1 - alpha))


def _cumulative(p: Vector, q: Vector) -> Vector:
    with mp.extradps(400):
        return list(itertools.accumulate(b - a for a, b in zip(p, q, strict=True)))[:-1]


DIVERGENCE: Mapping[str, Callable[..., Number]] = {
    "reverse_kl": lambda p, q, base: _kl(q, p, base),
    "jeffreys": _jeffreys,
    "jensen_shannon": _jensen_shannon,
    "jensen_shannon_distance": lambda p, q, base: mp.sqrt(max(_jensen_shannon(p, q, base), 0)),
    "squared_hellinger": _squared_hellinger,
    "hellinger": lambda p, q: mp.sqrt(_squared_hellinger(p, q)),
    "total_variation": lambda p, q: mp.fsum(abs(b - a) for a, b in zip(p, q, strict=True)) / 2,
    "chi_square": _chi_square,
    "renyi": _renyi,
    "tsallis": _tsallis,
    "alpha_divergence": _alpha,
    "bhattacharyya": lambda p, q, base: _renyi(p, q, mp.mpf("0.5"), base) / 2,
    "wasserstein1": lambda p, q: mp.fsum(abs(gap) for gap in _cumulative(p, q)),
    "energy_distance": lambda p, q: mp.sqrt(2 * mp.fsum(gap**2 for gap in _cumulative(p, q))),
    "cramer": lambda p, q: mp.fsum(gap**2 for gap in _cumulative(p, q)),
}
