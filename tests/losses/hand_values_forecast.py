"""Losses and slopes of forecasts worked out by hand; a prediction is a location and a scale."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, Hand

HALF_LOG_2PI = math.log(2 * math.pi) / 2
ROOT_PI = math.sqrt(math.pi)
ONE_SIGMA = 0.6826894921370859  # of a normal distribution within one standard deviation of its mean
BELL = math.exp(-0.5) / math.sqrt(2 * math.pi)

FORECAST: Mapping[str, tuple[Hand, ...]] = {
    "gaussian_nll": (
        Hand(1.0, [4.0, 2.0], loss=1.125 + LN2, slope=[0.75, -0.625]),
        Hand(1.5, [1.25, 0.5], loss=0.125 - LN2, slope=[-1.0, 1.5]),
        Hand(1.0, [4.0, 2.0], loss=1.125 + LN2 + HALF_LOG_2PI, slope=[0.75, -0.625], params={"full": True}),
        Hand(1.0, [4.0, 4.0], loss=1.125 + LN2, slope=[0.75, -0.15625], params={"variance": True}),
        Hand(4.0, [4.0, 0.25], loss=-LN2, slope=[0.0, 2.0], params={"variance": True}),
    ),
    "laplace_nll": (
        Hand(1.0, [4.0, 2.0], loss=1.5 + 2.0 * LN2, slope=[0.5, -0.25]),
        Hand(1.5, [1.25, 0.5], loss=0.5, slope=[-2.0, 1.0]),
        Hand(1.5, [1.5, 0.25], loss=-LN2, slope=[0.0, 4.0]),
    ),
    "logistic_nll": (
        Hand(0.0, [2.0 * LN3, 2.0], loss=5.0 * LN2 - LN3, slope=[0.25, 0.5 - LN3 / 4.0]),
        Hand(0.0, [-0.5 * LN2, 0.5], loss=2.0 * LN3 - 2.0 * LN2, slope=[-2.0 / 3.0, 2.0 - LN2 * 2.0 / 3.0]),
    ),
    "student_t_nll": (
        Hand(0.0, [2.0, 1.0], loss=5.5 * LN2 - LN3, slope=[1.25, -1.5]),
        Hand(1.0, [3.0, 2.0], loss=4.0 * LN2 - 1.5 * LN3 + math.log(math.pi), slope=[0.5, 0.0], params={"df": 3.0}),
        Hand(
            4.0,
            [1.0, 2.0],
            loss=math.log(3.25) + LN2 + math.log(math.pi),
            slope=[-6.0 / 13.0, -5.0 / 26.0],
            params={"df": 1.0},
        ),
    ),
    "lognormal_nll": (
        Hand(1.0, [3.0, 2.0], loss=1.125 + LN2 + HALF_LOG_2PI, slope=[0.75, -0.625]),
        Hand(2.0, [0.0, 0.5], loss=2.0 * LN2**2 + HALF_LOG_2PI, slope=[-4.0 * LN2, 2.0 - 8.0 * LN2**2]),
    ),
    "dawid_sebastiani": (
        Hand(1.0, [4.0, 2.0], loss=2.25 + 2.0 * LN2, slope=[1.5, -1.25]),
        Hand(1.5, [1.25, 0.5], loss=0.25 - 2.0 * LN2, slope=[-2.0, 3.0]),
    ),
    "crps_normal": (
        Hand(
            1.5,
            [-0.5, 2.0],
            loss=2.0 * (ONE_SIGMA + 2.0 * BELL - 1.0 / ROOT_PI),
            slope=[-ONE_SIGMA, 2.0 * BELL - 1.0 / ROOT_PI],
        ),
        Hand(
            3.0,
            [3.0, 0.5],
            loss=0.5 * (math.sqrt(2.0) - 1.0) / ROOT_PI,
            slope=[0.0, (math.sqrt(2.0) - 1.0) / ROOT_PI],
        ),
    ),
    "crps_student_t": (  # with two degrees of freedom the score is √(2 + z²) − √2 π/4
        Hand(
            3.0,
            [3.0, 0.5],
            loss=0.5 - 15.0 * math.pi / 128.0,
            slope=[0.0, 1.0 - 15.0 * math.pi / 64.0],
        ),
        Hand(
            3.0,
            [1.0, 2.0],
            loss=2.0 * math.sqrt(3.0) - math.pi / math.sqrt(2.0),
            slope=[-1.0 / math.sqrt(3.0), 2.0 / math.sqrt(3.0) - math.pi / math.sqrt(8.0)],
            params={"df": 2.0},
        ),
    ),
    "crps_laplace": (
        Hand(0.0, [2.0 * LN2, 2.0], loss=2.0 * LN2 - 0.5, slope=[0.5, LN2 / 2.0 - 0.25]),
        Hand(0.0, [-0.5 * LN3, 0.5], loss=LN3 / 2.0 - 5.0 / 24.0, slope=[-2.0 / 3.0, LN3 / 3.0 - 5.0 / 12.0]),
        Hand(3.0, [3.0, 0.5], loss=0.125, slope=[0.0, 0.25]),
    ),
    "crps_logistic": (
        Hand(
            0.0,
            [2.0 * LN3, 2.0],
            loss=8.0 * LN2 - 2.0 * LN3 - 2.0,
            slope=[0.5, 4.0 * LN2 - 1.5 * LN3 - 1.0],
        ),
        Hand(0.0, [-0.5 * LN2, 0.5], loss=LN3 - LN2 / 2.0 - 0.5, slope=[-1.0 / 3.0, 2.0 * LN3 - LN2 * 4.0 / 3.0 - 1.0]),
        Hand(3.0, [3.0, 0.5], loss=LN2 - 0.5, slope=[0.0, 2.0 * LN2 - 1.0]),
    ),
}
