"""Hand values of the regression and robust losses beyond the first four."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, LN10, Hand

E = math.e

REGRESSION: Mapping[str, tuple[Hand, ...]] = {
    "half_mse": (
        Hand(1.25, 4.0, loss=3.78125, slope=2.75),
        Hand(2.5, 1.875, loss=0.1953125, slope=-0.625),
    ),
    "rmse": (
        Hand(1.25, 4.0, loss=7.5625, slope=5.5),
        Hand(2.5, 1.875, loss=0.390625, slope=-1.25),
    ),
    "epsilon_insensitive": (
        Hand(1.25, 4.0, loss=2.65, slope=1.0),
        Hand(2.5, 1.0, loss=1.25, slope=-1.0, params={"epsilon": 0.25}),
        Hand(2.5, 2.75, loss=0.0, slope=0.0, params={"epsilon": 0.25}),
    ),
    "squared_epsilon_insensitive": (
        Hand(1.25, 4.0, loss=7.0225, slope=5.3),
        Hand(2.5, 1.0, loss=1.5625, slope=-2.5, params={"epsilon": 0.25}),
        Hand(2.5, 2.625, loss=0.0, slope=0.0, params={"epsilon": 0.25}),
    ),
    "quantile": (
        Hand(1.25, 4.0, loss=1.375, slope=0.5),
        Hand(1.25, 4.0, loss=0.6875, slope=0.25, params={"tau": 0.75}),
        Hand(2.5, 1.875, loss=0.46875, slope=-0.75, params={"tau": 0.75}),
        Hand(2.5, 2.5, loss=0.0, slope=0.0, params={"tau": 0.75}),
    ),
    "expectile": (
        Hand(1.25, 4.0, loss=3.78125, slope=2.75),
        Hand(1.25, 4.0, loss=1.890625, slope=1.375, params={"tau": 0.75}),
        Hand(2.5, 1.875, loss=0.29296875, slope=-0.9375, params={"tau": 0.75}),
    ),
    "log_cosh": (
        Hand(1.25, 1.25 + LN2, loss=LN5 - 2.0 * LN2, slope=0.6),
        Hand(2.5, 2.5 - LN3, loss=LN5 - LN3, slope=-0.8),
        Hand(2.5, 2.5 + LN10, loss=math.log(5.05), slope=99.0 / 101.0),
    ),
    "pseudo_huber": (
        Hand(1.25, 2.0, loss=0.25, slope=0.6),
        Hand(2.5, -1.5, loss=6.0, slope=-2.4, params={"delta": 3.0}),
    ),
    "fair": (
        Hand(1.25, 4.25, loss=3.0 - 2.0 * LN2, slope=0.75),
        Hand(2.5, -1.5, loss=8.0 - 4.0 * LN3, slope=-4.0 / 3.0, params={"c": 2.0}),
    ),
    "cauchy": (
        Hand(1.25, 4.25, loss=0.5 * LN10, slope=0.3),
        Hand(2.5, -1.5, loss=2.0 * LN5, slope=-0.8, params={"c": 2.0}),
    ),
    "geman_mcclure": (
        Hand(1.25, 4.25, loss=0.45, slope=0.03),
        Hand(2.5, -1.5, loss=1.6, slope=-0.16, params={"c": 2.0}),
    ),
    "welsch": (
        Hand(1.25, 4.25, loss=4.5 * (1.0 - 1.0 / E), slope=3.0 / E, params={"c": 3.0}),
        Hand(2.5, -1.5, loss=2.0 - 2.0 / E**4, slope=-4.0 / E**4, params={"c": 2.0}),
        Hand(0.0, 2.985, loss=4.4551125 * (1.0 - 1.0 / E), slope=2.985 / E),
    ),
    "tukey": (
        Hand(1.25, 2.25, loss=37.0 / 96.0, slope=0.5625, params={"c": 2.0}),
        Hand(2.5, -1.5, loss=2.0 / 3.0, slope=0.0, params={"c": 2.0}),
        Hand(0.0, 9.0, loss=4.685**2 / 6.0, slope=0.0),
    ),
    "andrew": (
        Hand(1.25, 1.25 + math.pi, loss=4.0, slope=2.0, params={"a": 2.0}),
        Hand(0.25, 0.25 - math.pi / 6.0, loss=0.125, slope=-0.5 * 0.75**0.5, params={"a": 0.5}),
        Hand(2.5, -1.5, loss=0.5, slope=0.0, params={"a": 0.5}),
        Hand(0.0, 9.0, loss=2.0 * 1.339**2, slope=0.0),
    ),
    "hampel": (
        Hand(1.25, 2.75, loss=1.125, slope=1.5),
        Hand(2.5, -0.5, loss=4.0, slope=-2.0),
        Hand(0.25, 6.25, loss=9.0, slope=1.0),
        Hand(0.25, 9.25, loss=10.0, slope=0.0),
        Hand(2.5, 0.0, loss=2.4375, slope=-0.75, params={"a": 1.5, "b": 2.0, "c": 3.0}),
        Hand(0.0, 2.5, loss=2.375, slope=1.0, params={"a": 1.5, "b": 1.5, "c": 4.5}),
    ),
    "trimmed": (
        Hand(1.25, 2.75, loss=1.125, slope=1.5),
        Hand(2.5, -1.5, loss=2.0, slope=0.0),
        Hand(2.5, -1.5, loss=8.0, slope=-4.0, params={"c": 5.0}),
        Hand(2.5, -2.5, loss=12.5, slope=0.0, params={"c": 5.0}),
    ),
    "barron": (
        Hand(1.25, 2.0, loss=0.25, slope=0.6),
        Hand(2.5, -1.5, loss=2.0 / 3.0, slope=-0.8 / 3.0, params={"c": 3.0}),
        Hand(2.5, -1.5, loss=8.0, slope=-4.0, params={"alpha": 2.0}),
        Hand(2.5, -1.5, loss=2.0 * LN3, slope=-4.0 / 9.0, params={"alpha": 0.0}),
        Hand(2.5, -1.5, loss=1.6, slope=-0.16, params={"alpha": -2.0}),
        Hand(2.5, 4.5, loss=1.0 - 1.0 / E**2, slope=2.0 / E**2, params={"alpha": -1e300}),
    ),
    "mape": (
        Hand(1.25, 4.0, loss=2.2, slope=0.8),
        Hand(-2.5, -4.0, loss=0.6, slope=-0.4),
        Hand(2.5, 2.5, loss=0.0, slope=0.0),
    ),
    "wmape": (
        Hand([1.25, -2.5, 1.25], [4.0, -4.0, 1.25], loss=0.85, slope=[0.2, -0.2, 0.0]),
        Hand([3.0, 0.0], [2.0, 0.5], loss=0.5, slope=[-1.0 / 3.0, 1.0 / 3.0]),
    ),
    "mase": (
        Hand([1.0, 3.0, 2.0, 6.0], [2.0, 3.0, 1.0, 4.0], 3.0 / 7.0, [3 / 28, 0.0, -3 / 28, -3 / 28], {"period": 1}),
        Hand([1.0, 3.0, 2.0, 6.0], [2.0, 3.0, 1.0, 4.0], 0.5, [0.125, 0.0, -0.125, -0.125], {"period": 2}),
    ),
    "smape": (
        Hand(3.0, 5.0, loss=0.5, slope=0.1875),
        Hand(-3.0, -1.0, loss=1.0, slope=0.75),
        Hand(-3.0, 1.0, loss=2.0, slope=0.0),
        Hand(0.0, 0.0, loss=0.0, slope=0.0),
    ),
    "msle": (
        Hand(0.0, 1.0, loss=LN2**2, slope=LN2),
        Hand(4.0, 1.5, loss=LN2**2, slope=-0.8 * LN2),
        Hand(-0.5, 4.0, loss=LN10**2, slope=0.4 * LN10),
    ),
    "rmsle": (
        Hand(0.0, 1.0, loss=LN2**2, slope=LN2),
        Hand(4.0, 1.5, loss=LN2**2, slope=-0.8 * LN2),
    ),
    "linex": (
        Hand(1.25, 2.25, loss=E - 2.0, slope=E - 1.0),
        Hand(2.5, 2.0, loss=1.0 / E, slope=2.0 / E - 2.0, params={"a": 2.0}),
        Hand(2.5, 1.5, loss=E**3 - 4.0, slope=3.0 - 3.0 * E**3, params={"a": -3.0}),
    ),
}
