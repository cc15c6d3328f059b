"""Losses of embeddings worked out by hand; the form is that of `hand_values`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, Hand

EMBEDDINGS: Mapping[str, tuple[Hand, ...]] = {
    "cosine": (
        Hand([3.0, 4.0], [0.0, 2.0], loss=0.2, slope=[-0.3, 0.0]),
        Hand([2.0, -1.0, 2.0], [-1.0, -2.0, 2.0], loss=5 / 9, slope=[-22 / 81, 1 / 81, -10 / 81]),
        Hand([1.0, 2.0], [-2.0, -4.0], loss=2.0, slope=[0.0, 0.0]),
    ),
    "cosine_embedding": (
        Hand(1.0, [3.0, 4.0, 0.0, 2.0], loss=0.2, slope=[0.096, -0.072, -0.3, 0.0]),
        Hand(0.0, [3.0, 4.0, 0.0, 2.0], loss=0.3, slope=[-0.096, 0.072, 0.3, 0.0], params={"margin": 0.5}),
        Hand(0.0, [3.0, 4.0, 0.0, 2.0], loss=0.0, slope=[0.0] * 4, params={"margin": 0.875}),
    ),
    "euclidean": (
        Hand([1.0, 1.0], [4.0, 5.0], loss=5.0, slope=[0.6, 0.8]),
        Hand([1.0, 2.0, 3.0], [-1.0, 1.0, 5.0], loss=3.0, slope=[-2 / 3, -1 / 3, 2 / 3]),
        Hand([1.0, -2.0], [1.0, -2.0], loss=0.0, slope=[0.0, 0.0]),
    ),
    "contrastive": (
        Hand(1.0, 1.5, loss=1.125, slope=1.5),
        Hand(0.0, 0.25, loss=0.28125, slope=-0.75),
        Hand(0.0, 1.5, loss=0.5, slope=-1.0, params={"margin": 2.5}),
        Hand(0.0, 3.0, loss=0.0, slope=0.0, params={"margin": 2.5}),
    ),
    "hinge_embedding": (
        Hand(1.0, 1.5, loss=1.5, slope=1.0),
        Hand(0.0, 0.25, loss=0.75, slope=-1.0),
        Hand(0.0, 1.5, loss=1.0, slope=-1.0, params={"margin": 2.5}),
        Hand(0.0, 2.5, loss=0.0, slope=0.0, params={"margin": 2.5}),
    ),
    "margin_ranking": (
        Hand(1.0, [0.5, 2.0], loss=1.5, slope=[-1.0, 1.0]),
        Hand(0.0, [0.5, 2.0], loss=0.0, slope=[0.0, 0.0]),
        Hand(0.0, [0.5, 2.0], loss=0.75, slope=[1.0, -1.0], params={"margin": 2.25}),
        Hand(1.0, [2.0, 0.5], loss=0.0, slope=[0.0, 0.0], params={"margin": 1.5}),
    ),
    "triplet_margin": (
        Hand([1.0, 1.0], [4.0, 5.0, 1.0, 3.5], loss=3.5, slope=[0.6, 0.8, 0.0, -1.0]),
        Hand([1.0, 1.0], [1.0, 3.5, 4.0, 5.0], loss=0.0, slope=[0.0] * 4),
        Hand(
            [1.0, 1.0],
            [1.0, 3.5, -2.0, 5.0],
            loss=0.5,
            slope=[0.0, 1.0, 0.6, -0.8],
            params={"margin": 3.0},
        ),
        Hand([1.0, 1.0], [0.0, 3.0, 2.0, 1.5], loss=2.5, slope=[-1.0, 1.0, -1.0, -1.0], params={"p": 1.0}),
        Hand(
            [0.0, 0.0, 0.0],
            [-3.0, 4.0, 5.0, 0.0, 0.0, 2.0],
            loss=5.0,
            slope=[-0.25, 4 / 9, 25 / 36, 0.0, 0.0, -1.0],
            params={"p": 3.0},
        ),
    ),
    "info_nce": (
        Hand(
            [3.0, 4.0],
            [0.0, 2.0, 5.0, 0.0],
            loss=2.0 * LN2 - LN3,
            slope=[-0.375 * LN3, 0.0, 0.0, 0.2 * LN3],
            params={"temperature": 0.2 / LN3},
        ),
        Hand([1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0], loss=LN3, slope=[0.0] * 6),
        Hand(
            [2.0, 0.0],
            [0.0, 3.0, 0.0, -1.0],
            loss=LN2,
            slope=[-0.5 / (3.0 * 0.07), 0.0, 0.5 / 0.07, 0.0],
        ),
        Hand(
            [1.0, 0.0],
            [-1.0, 0.0, 1.0, 0.0],
            loss=math.log1p(math.exp(4.0)),
            slope=[0.0] * 4,
            params={"temperature": 0.5},
        ),
    ),
}
