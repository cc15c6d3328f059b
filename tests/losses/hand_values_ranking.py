"""Losses of rankings worked out by hand, of one group each; the form is that of `hand_values`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, Hand

RANKING: Mapping[str, tuple[Hand, ...]] = {
    "pairwise_logistic": (
        Hand(
            [2.0, 0.0, 1.0],
            [LN3, LN2, 0.0],
            loss=(math.log(5 / 3) + math.log(4 / 3) + LN3) / 3,
            slope=[-13 / 60, 16 / 45, -5 / 36],
        ),
        Hand([1.0, 1.0, 0.0], [0.0, LN2, 0.0], loss=(LN2 + math.log(3 / 2)) / 2, slope=[-1 / 4, -1 / 6, 5 / 12]),
        Hand([1.0, 1.0], [0.5, -3.0], loss=0.0, slope=[0.0, 0.0]),
    ),
    "pairwise_hinge": (
        Hand([2.0, 0.0, 1.0], [1.5, 1.0, 0.25], loss=(0.5 + 1.75) / 3, slope=[-1 / 3, 2 / 3, -1 / 3]),
        Hand([0.0, 3.0], [1.0, 1.5], loss=2.0, slope=[1.0, -1.0], params={"margin": 2.5}),
        Hand([0.0, 3.0], [1.0, 3.5], loss=0.0, slope=[0.0, 0.0], params={"margin": 2.5}),
    ),
    "listnet": (
        Hand([0.0, LN3], [LN2, 0.0], loss=math.log(3 / 2) + 0.75 * LN2, slope=[2 / 3 - 1 / 4, 1 / 3 - 3 / 4]),
        Hand([LN2, 0.0, 0.0], [0.0, LN2, 0.0], loss=2 * LN2 - 0.25 * LN2, slope=[-1 / 4, 1 / 4, 0.0]),
        Hand([1.0, 1.0], [0.0, LN3], loss=2 * LN2 - 0.5 * LN3, slope=[-1 / 4, 1 / 4]),
    ),
    "listmle": (
        Hand(
            [2.0, 0.0, 1.0],
            [LN2, LN3, 0.0],
            loss=math.log(6 / 2) + math.log(4),
            slope=[1 / 3 - 1, 1 / 2 + 3 / 4, 1 / 6 + 1 / 4 - 1],
        ),
        Hand(
            [1.0, 1.0, 0.0],
            [LN2, 0.0, LN3],
            loss=math.log(6) + math.log(4.5) - LN2,
            slope=[2 / 6 + 1 / 4.5 - 1, 1 / 6 + 0.5 / 4.5 - 1, 3 / 6 + 3 / 4.5],
        ),
        Hand([1.0, 1.0, 1.0], [LN2, 0.0, LN3], loss=0.0, slope=[0.0, 0.0, 0.0]),
        Hand([0.0, 0.0, 5.0], [LN2, 0.0, LN3], loss=LN2, slope=[1 / 3, 1 / 6, -1 / 2]),
    ),
    "lambda_rank": (
        Hand(
            [1.0, 0.0],
            [0.0, LN2],
            loss=(1 - LN2 / LN3) * LN3,
            slope=[-2 / 3 * (1 - LN2 / LN3), 2 / 3 * (1 - LN2 / LN3)],
        ),
        Hand(
            [0.0, 1.0, 0.0],
            [LN3, LN2, 0.0],
            loss=(1 - LN2 / LN3) * math.log(5 / 2) + (LN2 / LN3 - 0.5) * math.log(3 / 2),
            slope=[0.6 * (1 - LN2 / LN3), -0.6 * (1 - LN2 / LN3) - (LN2 / LN3 - 0.5) / 3, (LN2 / LN3 - 0.5) / 3],
        ),
        Hand([0.0, 1.0, 0.0], [LN3, LN2, 0.0], loss=math.log(5 / 2), slope=[0.6, -0.6, 0.0], params={"k": 1}),
        Hand([2.0, 0.0], [1.0, 1.0], loss=(1 - LN2 / LN3) * LN2, slope=[-0.5 * (1 - LN2 / LN3), 0.5 * (1 - LN2 / LN3)]),
        Hand([0.0, 0.0], [1.0, -1.0], loss=0.0, slope=[0.0, 0.0]),
    ),
    "approx_ndcg": (
        Hand(
            [1.0, 0.0],
            [0.0, 0.0],
            loss=1 - LN2 / math.log(2.5),
            slope=[-LN2 / (2.5 * math.log(2.5) ** 2) / 4, LN2 / (2.5 * math.log(2.5) ** 2) / 4],
            params={"temperature": 1.0},
        ),
        Hand(
            [0.0, 2.0],
            [LN3, 0.0],
            loss=1 - LN2 / math.log(2.9),
            slope=[2 * 0.09 * LN2 / (2.9 * math.log(2.9) ** 2), -2 * 0.09 * LN2 / (2.9 * math.log(2.9) ** 2)],
            params={"temperature": 0.5},
        ),
        Hand([2.0, 2.0], [LN5, 0.0], loss=0.0, slope=[0.0, 0.0]),
    ),
}
