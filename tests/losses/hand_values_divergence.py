"""Hand values of the distances between distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, Hand

P, Q = [0.5, 0.125, 0.375], [0.25, 0.25, 0.5]
NATS = {"base": math.e}
_JS = math.sqrt(0.75 * LN3 - LN2)

DIVERGENCE: Mapping[str, tuple[Hand, ...]] = {
    "reverse_kl": (
        Hand(P, Q, loss=1.0 - LN3 / LN2 / 2, slope=[1 / LN2 - 1, 1 / LN2 + 1, 2 + (1 - LN3) / LN2]),
        Hand([0.25, 0.75], [0.5, 0.5], loss=LN2 - LN3 / 2, slope=[LN2 + 1, LN2 - LN3 + 1], params=NATS),
        Hand([1.0, 0.0], [0.5, 0.5], loss=math.inf, slope=[1.0 / LN2 - 1.0, math.inf]),
    ),
    "jeffreys": (
        Hand(P, Q, loss=0.625 - LN3 / LN2 / 8, slope=[-1 - 1 / LN2, 1 + 0.5 / LN2, 2 + (0.25 - LN3) / LN2]),
        Hand([0.25, 0.75], [0.5, 0.5], loss=LN3 / 4, slope=[LN2 + 0.5, LN2 - LN3 - 0.5], params=NATS),
    ),
    "jensen_shannon": (
        Hand([0.5, 0.5, 0.0], [0.5, 0.0, 0.5], loss=0.5, slope=[0.0, -math.inf, 0.5]),
        Hand([0.25, 0.75], [0.75, 0.25], loss=0.75 * LN3 - LN2, slope=[(LN3 - LN2) / 2, -LN2 / 2], params=NATS),
    ),
    "jensen_shannon_distance": (
        Hand([0.5, 0.5, 0.0], [0.5, 0.0, 0.5], loss=math.sqrt(0.5), slope=[0.0, -math.inf, math.sqrt(0.125)]),
        Hand([0.25, 0.75], [0.75, 0.25], loss=_JS, slope=[(LN3 - LN2) / 4 / _JS, -LN2 / 4 / _JS], params=NATS),
        Hand(P, P, loss=0.0, slope=[0.0] * 3),
    ),
    "squared_hellinger": (
        Hand([0.64, 0.36], [0.36, 0.64], loss=0.04, slope=[-1.0 / 6.0, 0.125]),
        Hand([0.25, 0.75], [1.0, 0.0], loss=0.5, slope=[0.25, -math.inf]),
    ),
    "hellinger": (
        Hand([0.64, 0.36], [0.36, 0.64], loss=0.2, slope=[-5.0 / 12.0, 0.3125]),
        Hand([0.25, 0.75], [1.0, 0.0], loss=math.sqrt(0.5), slope=[math.sqrt(1 / 32), -math.inf]),
        Hand(P, P, loss=0.0, slope=[0.0] * 3),
    ),
    "total_variation": (
        Hand(P, Q, loss=0.25, slope=[-0.5, 0.5, 0.5]),
        Hand([0.25, 0.5, 0.25], [0.5, 0.25, 0.25], loss=0.25, slope=[0.5, -0.5, 0.0]),
    ),
    "chi_square": (
        Hand(P, Q, loss=0.34375, slope=[-3.0, 0.75, 0.4375]),
        Hand([0.25, 0.75], [0.5, 0.5], loss=0.25, slope=[0.75, -1.25]),
    ),
    "renyi": (
        Hand([0.25, 0.75], [1.0, 0.0], loss=2.0, slope=[-1.0 / LN2, -math.inf]),
        Hand([0.25, 0.75], [0.5, 0.5], loss=LN5 - 2 * LN2, slope=[-0.2, -1.8], params={"alpha": 2.0, **NATS}),
        Hand(P, Q, loss=0.375 * LN3 / LN2 - 0.375, slope=[-2 / LN2, -0.5 / LN2, -0.75 / LN2], params={"alpha": 1.0}),
    ),
    "tsallis": (
        Hand([0.25, 0.75], [0.5, 0.5], loss=0.25, slope=[-0.25, -2.25]),
        Hand([0.25, 0.75], [1.0, 0.0], loss=1.0, slope=[-0.5, -math.inf], params={"q": 0.5}),
    ),
    "alpha_divergence": (
        Hand([0.25, 0.75], [1.0, 0.0], loss=2.0, slope=[1.0, -math.inf]),
        Hand([0.25, 0.75], [0.5, 0.5], loss=0.125, slope=[0.375, -0.625], params={"alpha": 2.0}),
    ),
    "bhattacharyya": (
        Hand([0.25, 0.75], [1.0, 0.0], loss=1.0, slope=[-0.5 / LN2, -math.inf]),
        Hand(
            [0.64, 0.36],
            [0.36, 0.64],
            loss=2 * LN5 - 3 * LN2 - LN3,
            slope=[-2.0 / 3.0 / 0.96, -0.375 / 0.96],
            params=NATS,
        ),
    ),
    "wasserstein1": (
        Hand(P, Q, loss=0.375, slope=[-2.0, -1.0, 0.0]),
        Hand([0.25, 0.5, 0.25], [0.25, 0.75, 0.0], loss=0.25, slope=[1.0, 1.0, 0.0]),
    ),
    "energy_distance": (
        Hand(P, Q, loss=math.sqrt(0.15625), slope=[-0.75 / math.sqrt(0.15625), -0.25 / math.sqrt(0.15625), 0.0]),
        Hand([0.5, 0.5, 0.0], [0.0, 0.5, 0.5], loss=1.0, slope=[-2.0, -1.0, 0.0]),
        Hand(P, P, loss=0.0, slope=[0.0] * 3),
    ),
    "cramer": (
        Hand(P, Q, loss=0.078125, slope=[-0.75, -0.25, 0.0]),
        Hand([0.5, 0.5, 0.0], [0.0, 0.5, 0.5], loss=0.5, slope=[-2.0, -1.0, 0.0]),
    ),
}
