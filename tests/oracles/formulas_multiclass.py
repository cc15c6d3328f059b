"""The formulas of losses of labels, as plainly as mpmath can say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Vector = Sequence[Number]
Formula = Callable[..., Number]


def log1p(x: Number) -> Number:
    return mp.log1p(x) if x > -1 else -mp.inf


def softplus(x: Number) -> Number:
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def code_length(q: Number) -> Number:
    return -mp.log(q) if q else mp.inf


def shares(y: Number, classes: int, smoothing: Number) -> list[Number]:
    return [(k == y) * (1 - smoothing) + smoothing / classes for k in range(classes)]


def others(y: Number, values: Vector) -> list[Number]:
    return [value for k, value in enumerate(values) if k != y]


def softmax_cost(y: Number, s: Vector) -> Number:
    """Return −log p_y without the difference that loses its digits."""
    return mp.log1p(mp.fsum(mp.exp(value - s[int(y)]) for value in others(y, s)))


def missing(y: Number, s: Vector) -> Number:
    rest = mp.fsum(mp.exp(value - s[int(y)]) for value in others(y, s))
    return rest / (1 + rest)


def smoothed(costs: Vector, y: Number, smoothing: Number) -> Number:
    return mp.fsum(t * cost for t, cost in zip(shares(y, len(costs), smoothing), costs, strict=True) if t)


def categorical_cross_entropy(y: Number, q: Vector, label_smoothing: Number) -> Number:
    return smoothed([code_length(value) for value in q], y, label_smoothing)


def softmax_cross_entropy(y: Number, s: Vector, label_smoothing: Number) -> Number:
    return smoothed([softmax_cost(k, s) for k in range(len(s))], y, label_smoothing)


def multiclass_focal(y: Number, q: Vector, gamma: Number) -> Number:
    own = q[int(y)]
    return (1 - own) ** gamma * code_length(own) if own != 1 else mp.mpf(0)


def generalized_cross_entropy(y: Number, p: Vector, q: Number) -> Number:
    own = p[int(y)]
    return -mp.expm1(q * mp.log(own)) / q if own else 1 / q


def multiclass_spherical(y: Number, q: Vector) -> Number:
    rest, own = mp.fsum(value**2 for value in others(y, q)), q[int(y)]
    norm = mp.sqrt(rest + own**2)
    return rest / (norm * (norm + own))


def ranked_probability_score(y: Number, q: Vector, *, normalized: bool) -> Number:
    total = mp.mpf(0)
    for threshold in range(len(q) - 1):
        wrong = q[: threshold + 1] if threshold < y else q[threshold + 1 :]
        total += mp.fsum(wrong) ** 2
    return total / (len(q) - 1) if normalized else total


def poly1(y: Number, s: Vector, epsilon: Number) -> Number:
    with mp.extradps(350 if epsilon < 0 else 0):  # at −1 the first term of the series goes, at 1e-150 to 1e-300
        return softmax_cost(y, s) + epsilon * missing(y, s)


def sparsemax(y: Number, s: Vector) -> Number:
    with mp.extradps(50):
        s = [value - max(s) for value in s]
        falling = sorted(s, reverse=True)
        size = max(k for k in range(1, len(s) + 1) if 1 + k * falling[k - 1] > mp.fsum(falling[:k]))
        threshold = (mp.fsum(falling[:size]) - 1) / size
        return mp.fsum(value**2 - threshold**2 for value in falling[:size]) / 2 + mp.mpf(0.5) - s[int(y)]


def multi_margin(y: Number, s: Vector, p: int, margin: Number) -> Number:
    return mp.fsum(max(0, margin + value - s[int(y)]) ** p for value in others(y, s)) / len(s)


def cumulative_link(y: Number, s: Vector) -> Number:
    y = int(y)
    total = softplus(-s[y]) if y < len(s) else mp.mpf(0)
    total += softplus(s[y - 1]) if y else 0
    if 0 < y < len(s):
        gap = s[y] - s[y - 1]
        total -= mp.log(-mp.expm1(-gap)) if gap > 0 else -mp.inf
    return total


def multilabel_margin(y: Vector, s: Vector) -> Number:
    pairs = [(a, b) for here, a in zip(y, s, strict=True) if here for there, b in zip(y, s, strict=True) if not there]
    return mp.fsum(max(0, 1 - (a - b)) for a, b in pairs) / len(s)


MULTICLASS: Mapping[str, Formula] = {
    "categorical_cross_entropy": categorical_cross_entropy,
    "multiclass_brier": lambda y, q: mp.fsum((value - (k == y)) ** 2 for k, value in enumerate(q)),
    "multiclass_focal": multiclass_focal,
    "generalized_cross_entropy": generalized_cross_entropy,
    "multiclass_spherical": multiclass_spherical,
    "ranked_probability_score": ranked_probability_score,
    "softmax_cross_entropy": softmax_cross_entropy,
    "multiclass_focal_with_logits": lambda y, s, gamma: missing(y, s) ** gamma * softmax_cost(y, s),
    "multiclass_poly1": poly1,
    "sparsemax": sparsemax,
    "crammer_singer": lambda y, s: max(0, 1 + max(others(y, s)) - s[int(y)]),
    "multi_margin": multi_margin,
    "multiclass_perceptron": lambda y, s: max(0, max(others(y, s)) - s[int(y)]),
    "cumulative_link": cumulative_link,
    "coral": lambda y, s: mp.fsum(softplus(-value if k < y else value) for k, value in enumerate(s)),
    "multilabel_soft_margin": lambda y, s: (
        mp.fsum(softplus(value * (1 - 2 * here)) for here, value in zip(y, s, strict=True)) / len(s)
    ),
    "multilabel_margin": multilabel_margin,
}
