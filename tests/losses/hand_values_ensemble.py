"""Hand values of ensemble forecasts."""

from __future__ import annotations

from collections.abc import Mapping

from tests.losses.hand import Hand

FAIR = {"estimator": "fair"}

ENSEMBLE: Mapping[str, tuple[Hand, ...]] = {
    "crps_ensemble": (
        Hand(1.0, [4.0, 0.0, 2.0], loss=7.0 / 9.0, slope=[1.0 / 9.0, -1.0 / 9.0, 1.0 / 3.0]),
        Hand(1.0, [4.0, 0.0, 2.0], loss=1.0 / 3.0, slope=[0.0, 0.0, 1.0 / 3.0], params=FAIR),
        Hand(0.0, [1.0, 3.0, 1.0], loss=11.0 / 9.0, slope=[4.0 / 9.0, 1.0 / 9.0, 4.0 / 9.0]),
        Hand(2.5, [2.5, -1.5], loss=1.0, slope=[0.0, -0.25]),
        Hand(2.5, [-1.5], loss=4.0, slope=[-1.0]),
    ),
    "energy_score": (
        Hand([0.0, 0.0], [3.0, 4.0, 3.0, -4.0], loss=3.0, slope=[0.3, 0.15, 0.3, -0.15]),
        Hand([0.0, 0.0], [3.0, 4.0, 3.0, -4.0], loss=1.0, slope=[0.3, -0.1, 0.3, 0.1], params=FAIR),
        Hand([1.0, 1.0], [1.0, 1.0, 4.0, 5.0], loss=1.25, slope=[0.0, 0.0, 0.15, 0.2]),
        Hand([1.0, 1.0], [4.0, 5.0, 4.0, 5.0], loss=5.0, slope=[0.3, 0.4, 0.3, 0.4]),
        Hand(1.0, [4.0, 0.0, 2.0], loss=7.0 / 9.0, slope=[1.0 / 9.0, -1.0 / 9.0, 1.0 / 3.0]),
    ),
    "variogram_score": (
        Hand([0.0, 1.0], [0.0, 1.0, 0.0, 9.0], loss=2.0, slope=[-1.0, 1.0, -1.0 / 3.0, 1.0 / 3.0]),
        Hand([0.0, 4.0], [0.0, 1.0, 5.0, -4.0], loss=2.0, slope=[-2.0, 2.0, 2.0, -2.0], params={"p": 1.0}),
        Hand([0.0, 1.0, 3.0], [0.0, 2.0, 2.0], loss=100.0, slope=[32.0, 48.0, -80.0], params={"p": 2.0}),
        Hand([0.0, 4.0], [1.0, 1.0, 0.0, 16.0], loss=0.0, slope=[0.0, 0.0, 0.0, 0.0]),
    ),
}
