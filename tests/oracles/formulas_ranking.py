"""The formulas of losses of rankings, as plainly as mpmath can say them; each takes the documents of one group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mpmath import mp

Number = Any  # mpmath's types are not published
Vector = Sequence[Number]
Formula = Callable[..., Number]

FAR = 900
"""From here on a sigmoid is 0 or 1 to more digits than 1 − NDCG may need."""


def softplus(x: Number) -> Number:
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def sigmoid(x: Number) -> Number:
    if abs(x) > FAR:
        return mp.mpf(x > 0)
    return 1 / (1 + mp.exp(-x))


def pairs(y: Vector) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(len(y)) for j in range(len(y)) if y[i] > y[j])


def mean(values: Sequence[Number]) -> Number:
    return mp.fsum(values) / len(values) if values else mp.mpf(0)


def listnet(y: Vector, s: Vector) -> Number:
    shares = [1 / mp.fsum(mp.exp(other - mine) for other in y) for mine in y]
    costs = [mp.log1p(mp.fsum(mp.exp(s[j] - s[i]) for j in range(len(s)) if j != i)) for i in range(len(s))]
    return mp.fsum(share * cost for share, cost in zip(shares, costs, strict=True))


def listmle(y: Vector, s: Vector) -> Number:
    total = mp.mpf(0)
    for level in sorted(set(y))[1:]:
        tied, below = ([s[i] for i in range(len(y)) if is_in(y[i], level)] for is_in in (_equal, _less))
        for drawn, mine in enumerate(tied):
            share = 1 - mp.mpf(drawn) / len(tied)
            among = share * mp.fsum(mp.exp(other - mine) for other in tied) - 1  # 0 of a document that does not tie
            total += mp.log1p(mp.fsum(mp.exp(other - mine) for other in below) + among)
    return total


def _equal(a: Number, b: Number) -> bool:
    return bool(a == b)


def _less(a: Number, b: Number) -> bool:
    return bool(a < b)


def discount(place: Number, k: int = 0) -> Number:
    return 1 / mp.log(1 + place, 2) if not k or place <= k else mp.mpf(0)


def gain(y: Number) -> Number:
    return mp.expm1(y * mp.log(2))


def ideal(y: Vector, k: int = 0) -> Number:
    return mp.fsum(gain(value) * discount(place, k) for place, value in enumerate(sorted(y, reverse=True), 1))


def lambda_rank(y: Vector, s: Vector, k: int) -> Number:
    total, best = mp.mpf(0), ideal(y, k)
    worth = [discount(place, k) for place in range(1, len(s) + 1)]
    falling = sorted(s, reverse=True)
    places = [[place for place, score in enumerate(falling) if score == mine] for mine in s]
    for i, j in pairs(y):
        apart = mean([abs(worth[a] - worth[b]) for a in places[i] for b in places[j] if a != b])
        more = mp.mpf(2) ** y[j] * gain(y[i] - y[j])
        total += more * apart / best * softplus(s[j] - s[i])
    return total


def approx_ndcg(y: Vector, s: Vector, temperature: Number) -> Number:
    if len(set(y)) == 1:
        return mp.mpf(0)
    gap = min((max(s) - min(s)) / temperature, FAR)
    with mp.extradps(10 + int(gap / 2)):  # what 1 − NDCG of a good ranking loses
        places = [
            1 + mp.fsum(sigmoid((s[j] - s[i]) / temperature) for j in range(len(s)) if j != i) for i in range(len(s))
        ]
        reached = mp.fsum(gain(value) * discount(place) for value, place in zip(y, places, strict=True))
        return 1 - reached / ideal(y)


RANKING: Mapping[str, Formula] = {
    "pairwise_logistic": lambda y, s: mean([softplus(s[j] - s[i]) for i, j in pairs(y)]),
    "pairwise_hinge": lambda y, s, margin: mean([max(0, margin - (s[i] - s[j])) for i, j in pairs(y)]),
    "listnet": listnet,
    "listmle": listmle,
    "lambda_rank": lambda_rank,
    "approx_ndcg": approx_ndcg,
}
