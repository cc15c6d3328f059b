"""The formulas of losses of embeddings, as plainly as mpmath can say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Vector = Sequence[Number]
Formula = Callable[..., Number]


def inner(u: Vector, v: Vector) -> Number:
    return mp.fsum(a * b for a, b in zip(u, v, strict=True))


def versine(u: Vector, v: Vector) -> Number:
    """Return 1 − cos; of small angles by Lagrange's identity, whose 2 × 2 determinants keep their digits."""
    product, norms = inner(u, v), mp.sqrt(inner(u, u) * inner(v, v))
    if product <= 0:
        return 1 - product / norms
    pairs = combinations(range(len(u)), 2)
    return mp.fsum((u[i] * v[j] - u[j] * v[i]) ** 2 for i, j in pairs) / (norms * (norms + product))


def distance(u: Vector, v: Vector, p: Number = 2) -> Number:
    gaps = [abs(a - b) for a, b in zip(u, v, strict=True)]
    return mp.fsum(gap**p for gap in gaps if gap) ** (1 / mp.mpf(p))


def parts(values: Vector, length: int) -> list[Vector]:
    return [values[start : start + length] for start in range(0, len(values), length)]


def cosine_embedding(y: Number, pair: Vector, margin: Number) -> Number:
    u, v = parts(pair, len(pair) // 2)
    return versine(u, v) if y else max(0, 1 - versine(u, v) - margin)


def triplet_margin(a: Vector, pair: Vector, margin: Number, p: Number) -> Number:
    positive, negative = parts(pair, len(a))
    apart = [abs(n - f) for n, f in zip(positive, negative, strict=True) if n != f]
    zeros = mp.log10(max(map(abs, [*a, *pair])) / min([*apart, margin or apart[0]])) if apart else 0
    with mp.extradps(20 + max(0, int(zeros))):  # so many digits an anchor that is far off has before the others
        return max(0, distance(a, positive, p) - distance(a, negative, p) + margin)


def info_nce(a: Vector, others: Vector, temperature: Number) -> Number:
    first, *rest = (versine(a, v) for v in parts(others, len(a)))
    return mp.log1p(mp.fsum(mp.exp((first - other) / temperature) for other in rest))


EMBEDDINGS: Mapping[str, Formula] = {
    "cosine": versine,
    "cosine_embedding": cosine_embedding,
    "euclidean": distance,
    "contrastive": lambda y, d, margin: (d if y else max(0, margin - d)) ** 2 / 2,
    "hinge_embedding": lambda y, d, margin: d if y else max(0, margin - d),
    "margin_ranking": lambda y, s, margin: max(0, margin - (s[0] - s[1]) * (1 if y else -1)),
    "triplet_margin": triplet_margin,
    "info_nce": info_nce,
}
