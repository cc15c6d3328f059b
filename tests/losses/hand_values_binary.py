"""Binary losses worked out by hand: probabilities, then logits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, Hand

_ROOT_10, _ROOT_58 = math.sqrt(10.0), math.sqrt(58.0)
_E = math.e
_ATAN_2 = math.atan(2.0)

BINARY: Mapping[str, tuple[Hand, ...]] = {
    "binary_cross_entropy": (
        Hand(1.0, 0.125, loss=3.0 * LN2, slope=-8.0),
        Hand(0.0, 0.2, loss=LN5 - 2.0 * LN2, slope=1.25),
        Hand(0.0, 1e-20, loss=1e-20, slope=1.0),
        Hand(1.0, 0.0, loss=math.inf, slope=-math.inf),
        Hand(0.0, 0.0, loss=0.0, slope=1.0),
        Hand(1.0, 0.2, loss=3.0 * LN5, slope=-15.0, params={"pos_weight": 3.0}),
        Hand(0.0, 0.2, loss=LN5 - 2.0 * LN2, slope=1.25, params={"pos_weight": 3.0}),
        Hand(1.0, 0.2, loss=LN5 - 0.5 * LN2, slope=-3.4375, params={"label_smoothing": 0.5}),
        Hand(
            0.0,
            0.2,
            loss=1.5 * LN5 - 1.5 * LN2,
            slope=-2.8125,
            params={"label_smoothing": 0.5, "pos_weight": 3.0},
        ),
    ),
    "brier": (
        Hand(1.0, 0.125, loss=0.765625, slope=-1.75),
        Hand(0.0, 0.625, loss=0.390625, slope=1.25),
        Hand(0.0, 1e-20, loss=1e-40, slope=2e-20),
    ),
    "focal": (
        Hand(1.0, 0.125, loss=0.765625 * 3.0 * LN2, slope=-(1.75 * 3.0 * LN2 + 0.765625 * 8.0)),
        Hand(0.0, 0.75, loss=0.421875 * 2.0 * LN2, slope=1.6875 * 2.0 * LN2 + 1.6875, params={"gamma": 3.0}),
        Hand(1.0, 0.2, loss=LN5, slope=-5.0, params={"gamma": 0.0}),
        Hand(1.0, 0.25, loss=0.28125 * LN2, slope=-(0.75 * LN2 + 0.5625), params={"alpha": 0.25}),
        Hand(
            0.0, 0.25, loss=0.046875 * (2.0 * LN2 - LN3), slope=0.375 * (2 * LN2 - LN3) + 0.0625, params={"alpha": 0.25}
        ),
    ),
    "spherical": (
        Hand(1.0, 0.25, loss=1.0 - 1.0 / _ROOT_10, slope=-4.8 / _ROOT_10),
        Hand(0.0, 0.3, loss=1.0 - 7.0 / _ROOT_58, slope=300.0 / 58.0 / _ROOT_58),
        Hand(1.0, 1.0, loss=0.0, slope=0.0),
        Hand(0.0, 1e-20, loss=5e-41, slope=1e-20),
    ),
    "poly1": (
        Hand(1.0, 0.125, loss=3.0 * LN2 + 0.875, slope=-9.0),
        Hand(0.0, 0.75, loss=2.0 * LN2 + 1.5, slope=6.0, params={"epsilon": 2.0}),
        Hand(1.0, 0.25, loss=2.0 * LN2 - 0.75, slope=-3.0, params={"epsilon": -1.0}),
        Hand(0.0, 1e-20, loss=5e-41, slope=1e-20, params={"epsilon": -1.0}),
    ),
    "dice": (
        Hand([1.0, 0.0, 1.0, 0.0], [0.75, 0.5, 0.25, 0.0], loss=1.5 / 3.5, slope=[-5.0 / 12.25, 2.0 / 12.25] * 2),
        Hand(
            [1.0, 0.0, 1.0, 0.0],
            [0.75, 0.5, 0.25, 0.0],
            loss=1.5 / 5.5,
            slope=[-7.0 / 30.25, 4.0 / 30.25] * 2,
            params={"smooth": 0.5},
        ),
        Hand([0.0, 0.0], [0.0, 0.0], loss=0.0, slope=[0.0, 0.0]),
    ),
    "jaccard": (
        Hand([1.0, 0.0, 1.0, 0.0], [0.75, 0.5, 0.25, 0.0], loss=0.6, slope=[-0.4, 0.16] * 2),
        Hand([0.0, 1.0], [0.25, 0.0], loss=1.0, slope=[0.0, -0.8]),
        Hand([0.0, 0.0], [0.0, 0.0], loss=0.0, slope=[0.0, 0.0]),
    ),
    "tversky": (
        Hand([1.0, 0.0, 1.0, 0.0], [0.75, 0.5, 0.25, 0.0], loss=1.5 / 3.5, slope=[-5.0 / 12.25, 2.0 / 12.25] * 2),
        Hand(
            [1.0, 0.0, 1.0, 0.0],
            [0.75, 0.5, 0.25, 0.0],
            loss=2.25 / 3.25,
            slope=[-4.25 / 3.25**2, 0.5 / 3.25**2] * 2,
            params={"alpha": 0.5, "beta": 2.0},
        ),
    ),
    "focal_tversky": (
        Hand(
            [1.0, 0.0, 1.0, 0.0],
            [0.75, 0.5, 0.25, 0.0],
            loss=(0.85 / 1.85) ** 0.75,
            slope=[-0.75 * (1.85 / 0.85) ** 0.25 * 1.55 / 1.85**2, 0.75 * (1.85 / 0.85) ** 0.25 * 0.3 / 1.85**2] * 2,
        ),
        Hand(
            [1.0, 0.0, 1.0, 0.0],
            [0.75, 0.5, 0.25, 0.0],
            loss=81.0 / 169.0,
            slope=[-18.0 / 13.0 * 4.25 / 3.25**2, 18.0 / 13.0 * 0.5 / 3.25**2] * 2,
            params={"alpha": 0.5, "beta": 2.0, "gamma": 0.5},
        ),
        Hand([1.0, 0.0], [1.0, 0.0], loss=0.0, slope=[0.0, 0.0]),
    ),
    "binary_cross_entropy_with_logits": (
        Hand(1.0, LN3, loss=2.0 * LN2 - LN3, slope=-0.25),
        Hand(0.0, LN3, loss=2.0 * LN2, slope=0.75),
        Hand(1.0, LN3, loss=8.0 * LN2 - 4.0 * LN3, slope=-1.0, params={"pos_weight": 4.0}),
        Hand(0.0, LN3, loss=2.0 * LN2, slope=0.75, params={"pos_weight": 4.0}),
        Hand(0.0, -700.0, loss=math.exp(-700.0), slope=math.exp(-700.0)),
        Hand(1.0, -1e300, loss=1e300, slope=-1.0),
    ),
    "focal_with_logits": (
        Hand(1.0, -LN3, loss=1.125 * LN2, slope=-0.5625 * (LN2 + 0.75)),
        Hand(0.0, LN3, loss=0.84375 * LN2, slope=0.421875 * (1.5 * LN2 + 0.75), params={"gamma": 3.0}),
        Hand(1.0, -LN3, loss=2.0 * LN2, slope=-0.75, params={"gamma": 0.0}),
        Hand(1.0, -LN3, loss=0.28125 * LN2, slope=-0.140625 * (LN2 + 0.75), params={"alpha": 0.25}),
        Hand(0.0, LN3, loss=0.84375 * LN2, slope=0.421875 * (LN2 + 0.75), params={"alpha": 0.25}),
    ),
    "hinge": (
        Hand(1.0, 0.25, loss=0.75, slope=-1.0),
        Hand(0.0, 0.5, loss=1.5, slope=1.0),
        Hand(0.0, -1.0, loss=0.0, slope=0.0),
        Hand(1.0, 2.5, loss=0.0, slope=0.0),
    ),
    "squared_hinge": (
        Hand(1.0, 0.25, loss=0.5625, slope=-1.5),
        Hand(0.0, 0.5, loss=2.25, slope=3.0),
        Hand(0.0, -1.5, loss=0.0, slope=0.0),
    ),
    "smooth_hinge": (
        Hand(1.0, 0.25, loss=0.28125, slope=-0.75),
        Hand(0.0, 1.5, loss=2.0, slope=1.0),
        Hand(1.0, -0.25, loss=0.75, slope=-1.0),
        Hand(0.0, -1.5, loss=0.0, slope=0.0),
    ),
    "perceptron": (
        Hand(1.0, -0.25, loss=0.25, slope=-1.0),
        Hand(0.0, 1.5, loss=1.5, slope=1.0),
        Hand(0.0, 0.0, loss=0.0, slope=0.0),
        Hand(1.0, 1.5, loss=0.0, slope=0.0),
    ),
    "exponential": (
        Hand(1.0, 1.0, loss=1.0 / _E, slope=-1.0 / _E),
        Hand(0.0, 2.0, loss=_E * _E, slope=_E * _E),
    ),
    "modified_huber": (
        Hand(1.0, 0.25, loss=0.5625, slope=-1.5),
        Hand(0.0, 1.5, loss=6.0, slope=4.0),
        Hand(1.0, -0.5, loss=2.25, slope=-3.0),
        Hand(0.0, -1.5, loss=0.0, slope=0.0),
        Hand(0.0, 1e300, loss=4e300, slope=4.0),
    ),
    "savage": (
        Hand(1.0, LN3, loss=0.0625, slope=-0.09375),
        Hand(0.0, LN3, loss=0.5625, slope=0.28125),
    ),
    "tangent": (
        Hand(1.0, 2.0, loss=(2.0 * _ATAN_2 - 1.0) ** 2, slope=0.8 * (2.0 * _ATAN_2 - 1.0)),
        Hand(0.0, 2.0, loss=(2.0 * _ATAN_2 + 1.0) ** 2, slope=0.8 * (2.0 * _ATAN_2 + 1.0)),
        Hand(0.0, 1.0, loss=(math.pi / 2.0 + 1.0) ** 2, slope=2.0 * (math.pi / 2.0 + 1.0)),
    ),
}
