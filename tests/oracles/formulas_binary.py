"""The formulas of binary losses, as plainly as mpmath can say them.

Overlap losses are no means of rows: theirs take all targets and all predictions, and give the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Formula = Callable[..., Number]


def _log(x: Number) -> Number:
    return mp.log(x) if x else -mp.inf


def _log_chance(y: Number, q: Number) -> Number:
    """Return the logarithm of the probability of what happened, of 1 − 1e-300 too."""
    if y:
        return _log(q)
    return mp.log1p(-q) if q != 1 else -mp.inf


def _times(weight: Number, x: Number) -> Number:
    return weight * x if weight else mp.mpf(0)


def _of_what_happened(y: Number, q: Number) -> Number:
    return q if y else 1 - q


def _margin(y: Number, s: Number) -> Number:
    return s if y else -s


def _binary_cross_entropy(y: Number, q: Number, label_smoothing: Number, pos_weight: Number) -> Number:
    t = y * (1 - label_smoothing) + label_smoothing / 2
    return -_times(pos_weight * t, _log_chance(1, q)) - _times(1 - t, _log_chance(0, q))


def _share(y: Number, alpha: Number | None) -> Number:
    if alpha is None:
        return mp.mpf(1)
    return alpha if y else 1 - alpha


def _focal(y: Number, q: Number, gamma: Number, alpha: Number) -> Number:
    weight = _share(y, alpha) * (1 - q if y else q) ** gamma
    return -_times(weight, _log_chance(y, q))


def _spherical(y: Number, q: Number) -> Number:
    with mp.extradps(700):  # 1 less a cosine of 1 − 1e-640
        return 1 - _of_what_happened(y, q) / mp.sqrt(q**2 + (1 - q) ** 2)


def _poly1(y: Number, q: Number, epsilon: Number) -> Number:
    with mp.extradps(700):
        w = _of_what_happened(y, q)
        return -_log(w) + epsilon * (1 - w)


def _tversky(ys: Sequence[Number], qs: Sequence[Number], alpha: Number, beta: Number) -> Number:
    hits = mp.fsum(y * q for y, q in zip(ys, qs, strict=True))
    false = mp.fsum((1 - y) * q for y, q in zip(ys, qs, strict=True))
    missed = mp.fsum(y * (1 - q) for y, q in zip(ys, qs, strict=True))
    whole = hits + alpha * false + beta * missed
    return 1 - hits / whole if whole else mp.mpf(0)


def _dice(ys: Sequence[Number], qs: Sequence[Number], smooth: Number) -> Number:
    both = mp.fsum(y * q for y, q in zip(ys, qs, strict=True))
    whole = mp.fsum(ys) + mp.fsum(qs) + smooth * len(ys)
    return 1 - (2 * both + smooth * len(ys)) / whole if whole else mp.mpf(0)


def _sigmoid(x: Number) -> Number:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: Number) -> Number:
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def _focal_with_logits(y: Number, s: Number, gamma: Number, alpha: Number) -> Number:
    m = _margin(y, s)
    return _share(y, alpha) * _sigmoid(-m) ** gamma * _softplus(-m)


def _shortfall(y: Number, s: Number) -> Number:
    return max(mp.mpf(0), 1 - _margin(y, s))


def _smooth_hinge(y: Number, s: Number) -> Number:
    m = _margin(y, s)
    return mp.mpf(1) / 2 - m if m <= 0 else _shortfall(y, s) ** 2 / 2


def _modified_huber(y: Number, s: Number) -> Number:
    m = _margin(y, s)
    return _shortfall(y, s) ** 2 if m >= -1 else -4 * m


BINARY: Mapping[str, Formula] = {
    "binary_cross_entropy": _binary_cross_entropy,
    "brier": lambda y, q: (q - y) ** 2,
    "focal": _focal,
    "spherical": _spherical,
    "poly1": _poly1,
    "dice": _dice,
    "jaccard": lambda ys, qs: _tversky(ys, qs, mp.mpf(1), mp.mpf(1)),
    "tversky": _tversky,
    "focal_tversky": lambda ys, qs, alpha, beta, gamma: _tversky(ys, qs, alpha, beta) ** (1 / gamma),
    "binary_cross_entropy_with_logits": lambda y, s, pos_weight: (pos_weight if y else 1) * _softplus(-_margin(y, s)),
    "focal_with_logits": _focal_with_logits,
    "hinge": _shortfall,
    "squared_hinge": lambda y, s: _shortfall(y, s) ** 2,
    "smooth_hinge": _smooth_hinge,
    "perceptron": lambda y, s: max(mp.mpf(0), -_margin(y, s)),
    "exponential": lambda y, s: mp.exp(-_margin(y, s)),
    "modified_huber": _modified_huber,
    "savage": lambda y, s: _sigmoid(-_margin(y, s)) ** 2,
    "tangent": lambda y, s: (2 * mp.atan(_margin(y, s)) - 1) ** 2,
}
