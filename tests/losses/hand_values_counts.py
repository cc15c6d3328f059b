"""Hand values of the losses of counts and positive values."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, Hand

COUNTS: Mapping[str, tuple[Hand, ...]] = {
    "poisson_nll": (
        Hand(2.0, 4.0, loss=4.0 - 4.0 * LN2, slope=0.5),
        Hand(3.0, 1.0, loss=1.0, slope=-2.0),
        Hand(2.0, 4.0, loss=4.0 - 3.0 * LN2, slope=0.5, params={"full": True}),
        Hand(4.0, 2.0, loss=2.0 - LN2 + LN3, slope=-1.0, params={"full": True}),
        Hand(0.0, 1.5, loss=1.5, slope=1.0, params={"full": True}),
    ),
    "poisson_nll_with_log_rate": (
        Hand(2.0, LN3, loss=3.0 - 2.0 * LN3, slope=1.0),
        Hand(2.5, -LN2, loss=0.5 + 2.5 * LN2, slope=-2.0),
        Hand(2.0, LN3, loss=3.0 - 2.0 * LN3 + LN2, slope=1.0, params={"full": True}),
        Hand(0.0, 0.0, loss=1.0, slope=1.0, params={"full": True}),
    ),
    "poisson_deviance": (
        Hand(2.0, 4.0, loss=4.0 - 4.0 * LN2, slope=1.0),
        Hand(3.0, 1.0, loss=6.0 * LN3 - 4.0, slope=-4.0),
        Hand(0.0, 1.5, loss=3.0, slope=2.0),
    ),
    "gamma_deviance": (
        Hand(2.0, 4.0, loss=2.0 * LN2 - 1.0, slope=0.25),
        Hand(3.0, 1.0, loss=4.0 - 2.0 * LN3, slope=-4.0),
    ),
    "inverse_gaussian_deviance": (
        Hand(2.0, 4.0, loss=0.125, slope=0.0625),
        Hand(3.0, 1.0, loss=4.0 / 3.0, slope=-4.0),
    ),
    "tweedie_deviance": (
        Hand(4.0, 1.0, loss=4.0, slope=-6.0),
        Hand(1.0, 4.0, loss=2.0, slope=0.75),
        Hand(0.0, 4.0, loss=8.0, slope=1.0),
        Hand(2.0, 1.0, loss=4.0 / 3.0, slope=-2.0, params={"power": -1.0}),
        Hand(2.5, 4.0, loss=2.25, slope=3.0, params={"power": 0.0}),
        Hand(2.0, 4.0, loss=4.0 - 4.0 * LN2, slope=1.0, params={"power": 1.0}),
        Hand(2.0, 4.0, loss=2.0 * LN2 - 1.0, slope=0.25, params={"power": 2.0}),
        Hand(0.0, 4.0, loss=math.inf, slope=0.5, params={"power": 2.0}),
        Hand(3.0, 1.0, loss=4.0 / 3.0, slope=-4.0, params={"power": 3.0}),
    ),
    "negative_binomial_deviance": (
        Hand(2.0, 4.0, loss=6.0 * LN5 - 4.0 * LN2 - 6.0 * LN3, slope=0.2),
        Hand(2.0, 4.0, loss=8.0 * LN3 - 12.0 * LN2, slope=1.0 / 3.0, params={"alpha": 0.5}),
        Hand(2.0, 4.0, loss=4.0 - 4.0 * LN2, slope=1.0, params={"alpha": 0.0}),
        Hand(0.0, 3.0, loss=4.0 * LN2, slope=0.5),
    ),
    "itakura_saito": (
        Hand(2.0, 4.0, loss=LN2 - 0.5, slope=0.125),
        Hand(3.0, 1.0, loss=2.0 - LN3, slope=-2.0),
    ),
    "generalized_kl": (
        Hand(2.0, 4.0, loss=2.0 - 2.0 * LN2, slope=0.5),
        Hand(3.0, 1.0, loss=3.0 * LN3 - 2.0, slope=-2.0),
        Hand(0.0, 1.5, loss=1.5, slope=1.0),
    ),
}
