"""Hand values of forecasts by intervals and quantiles."""

from __future__ import annotations

from collections.abc import Mapping

from tests.losses.hand import Hand

THREE = {"levels": [0.125, 0.5, 0.875]}
FIVE = {"levels": [0.125, 0.25, 0.5, 0.75, 0.875]}
UNEVEN = {"levels": [0.25, 0.375]}

QUANTILES: Mapping[str, tuple[Hand, ...]] = {
    "interval_score": (
        Hand(1.25, [0.5, 2.5], loss=2.0, slope=[-1.0, 1.0]),
        Hand(0.25, [0.5, 2.5], loss=12.0, slope=[39.0, 1.0]),
        Hand(4.5, [0.5, 2.5], loss=10.0, slope=[-1.0, -3.0], params={"alpha": 0.5}),
        Hand(2.5, [0.5, 2.5], loss=2.0, slope=[-1.0, 0.0], params={"alpha": 0.5}),
        Hand(0.5, [0.5, 0.5], loss=0.0, slope=[0.0, 0.0]),
    ),
    "weighted_interval_score": (
        # (½·2 + ⅛·(4 − 0.5))/1.5, and the same five times 2/5
        Hand(3.5, [0.5, 1.5, 4.5], loss=1.0, slope=[-0.25 / 3.0, -1.0 / 3.0, 0.25 / 3.0], context=THREE),
        Hand(
            5.5,
            [0.5, 1.0, 2.0, 3.0, 4.5],
            loss=(0.5 * 3.5 + 0.5 + 1.0 + 0.5 + 2.5) / 2.5,
            slope=[-0.05, -0.1, -0.2, -0.3, -0.35],
            context=FIVE,
        ),
        Hand(2.5, [-1.5], loss=4.0, slope=[-1.0], context={"levels": [0.5]}),
    ),
    "crps_quantile": (
        Hand(3.5, [0.5, 1.5, 4.5], loss=1.0, slope=[-0.25 / 3.0, -1.0 / 3.0, 0.25 / 3.0], context=THREE),
        Hand(1.0, [0.0, 3.0], loss=0.25 + 1.25, slope=[-0.25, 0.625], context=UNEVEN),
        Hand(1.0, [1.0, -1.0], loss=0.75, slope=[0.0, -0.375], context=UNEVEN),
    ),
}
