"""Losses and slopes worked out by hand, in general position: at least two for each row of the table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, LN10, Hand
from tests.losses.hand_values_binary import BINARY
from tests.losses.hand_values_counts import COUNTS
from tests.losses.hand_values_divergence import DIVERGENCE
from tests.losses.hand_values_ensemble import ENSEMBLE
from tests.losses.hand_values_forecast import FORECAST
from tests.losses.hand_values_multiclass import MULTICLASS
from tests.losses.hand_values_quantiles import QUANTILES
from tests.losses.hand_values_ranking import RANKING
from tests.losses.hand_values_regression import REGRESSION
from tests.losses.hand_values_vectors import EMBEDDINGS

HAND_VALUES: Mapping[str, tuple[Hand, ...]] = {
    "mae": (
        Hand(1.25, 4.0, loss=2.75, slope=1.0),
        Hand(2.5, -0.875, loss=3.375, slope=-1.0),
        Hand(-1.5, -1.5, loss=0.0, slope=0.0),
    ),
    "smooth_l1": (
        Hand(1.25, 4.0, loss=2.25, slope=1.0),
        Hand(2.5, 1.875, loss=0.1953125, slope=-0.625),
        Hand(2.5, 0.5, loss=1.0, slope=-1.0, params={"beta": 2.0}),
        Hand(2.5, 1.0, loss=0.5625, slope=-0.75, params={"beta": 2.0}),
        Hand(2.5, 1.0, loss=1.5, slope=-1.0, params={"beta": 0.0}),
    ),
    "huber": (
        Hand(1.25, 4.0, loss=2.25, slope=1.0),
        Hand(1.25, 4.0, loss=3.0, slope=1.5, params={"delta": 1.5}),
        Hand(2.5, 1.25, loss=0.78125, slope=-1.25, params={"delta": 1.5}),
        Hand(2.5, -0.5, loss=1.375, slope=-0.5, params={"delta": 0.5}),
    ),
    "mse": (
        Hand(1.25, 4.0, loss=7.5625, slope=5.5),
        Hand(2.5, 1.875, loss=0.390625, slope=-1.25),
    ),
    **REGRESSION,
    **BINARY,
    **COUNTS,
    **MULTICLASS,
    **QUANTILES,
    **ENSEMBLE,
    **EMBEDDINGS,
    **RANKING,
    "self_information": (
        Hand(None, 0.125, loss=3.0, slope=-8.0 / LN2),
        Hand(None, 0.2, loss=LN5 / LN2, slope=-5.0 / LN2),
        Hand(None, 0.2, loss=LN5, slope=-5.0, params={"base": math.e}),
        Hand(None, 0.001, loss=3.0, slope=-1000.0 / LN10, params={"base": 10.0}),
        Hand(None, 1.0 / 27.0, loss=3.0, slope=-27.0 / LN3, params={"base": 3.0}),
    ),
    "entropy": (
        Hand([0.5, 0.125, 0.375], None, loss=2.0 - 0.375 * LN3 / LN2, slope=[0.0] * 3),
        Hand([0.25, 0.0, 0.75], None, loss=2.0 * LN2 - 0.75 * LN3, slope=[0.0] * 3, params={"base": math.e}),
        Hand([0.0, 1.0], None, loss=0.0, slope=[0.0, 0.0]),
    ),
    "cross_entropy": (
        Hand([0.5, 0.125, 0.375], [0.25, 0.25, 0.5], loss=1.625, slope=[-2.0 / LN2, -0.5 / LN2, -0.75 / LN2]),
        Hand([0.25, 0.0, 0.75], [0.2, 0.8, 0.0], loss=math.inf, slope=[-1.25 / LN2, 0.0, -math.inf]),
        Hand(
            [0.25, 0.0, 0.75],
            [0.2, 0.7, 0.1],
            loss=LN5 + 0.75 * LN2,
            slope=[-1.25, 0.0, -7.5],
            params={"base": math.e},
        ),
    ),
    "kl_divergence": (
        Hand(
            [0.5, 0.125, 0.375],
            [0.25, 0.25, 0.5],
            loss=0.375 * LN3 / LN2 - 0.375,
            slope=[-2.0 / LN2, -0.5 / LN2, -0.75 / LN2],
        ),
        Hand(
            [0.25, 0.0, 0.75],
            [0.2, 0.7, 0.1],
            loss=LN5 - 1.25 * LN2 + 0.75 * LN3,
            slope=[-1.25, 0.0, -7.5],
            params={"base": math.e},
        ),
        Hand([0.25, 0.75], [1.0, 0.0], loss=math.inf, slope=[-0.25 / LN2, -math.inf]),
        Hand([0.3, 0.7], [0.3, 0.7], loss=0.0, slope=[-1.0 / LN2, -1.0 / LN2]),
    ),
    **DIVERGENCE,
    **FORECAST,
}
