"""Losses of labels worked out by hand; the form is that of `hand_values`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.losses.hand import LN2, LN3, LN5, Hand

SMALL = 1 / (1 + math.exp(50))

MULTICLASS: Mapping[str, tuple[Hand, ...]] = {
    "categorical_cross_entropy": (
        Hand(target=1.0, prediction=[0.5, 0.2, 0.3], loss=LN5, slope=[0.0, -5.0, 0.0]),
        Hand(target=0.0, prediction=[0.0, 1.0], loss=math.inf, slope=[-math.inf, 0.0]),
        Hand(
            target=2.0,
            prediction=[0.5, 0.25, 0.25],
            loss=0.1 * LN2 + 0.9 * 2.0 * LN2,
            slope=[-0.2, -0.4, -3.2],
            params={"label_smoothing": 0.3},
        ),
    ),
    "multiclass_brier": (
        Hand(target=1.0, prediction=[0.5, 0.125, 0.375], loss=1.15625, slope=[1.0, -1.75, 0.75]),
        Hand(target=0.0, prediction=[0.75, 0.0, 0.25], loss=0.125, slope=[-0.5, 0.0, 0.5]),
    ),
    "multiclass_focal": (
        Hand(target=1.0, prediction=[0.5, 0.2, 0.3], loss=0.64 * LN5, slope=[0.0, -3.2 - 1.6 * LN5, 0.0]),
        Hand(
            target=0.0,
            prediction=[0.75, 0.25],
            loss=0.5 * math.log(4 / 3),
            slope=[math.log(0.75) - 2 / 3, 0.0],
            params={"gamma": 0.5},
        ),
        Hand(target=0.0, prediction=[0.25, 0.75], loss=2 * LN2, slope=[-4.0, 0.0], params={"gamma": 0.0}),
        Hand(target=0.0, prediction=[1.0, 0.0], loss=0.0, slope=[0.0, 0.0], params={"gamma": 0.5}),
    ),
    "generalized_cross_entropy": (
        Hand(target=1.0, prediction=[0.75, 0.25], loss=1.0, slope=[0.0, -2.0], params={"q": 0.5}),
        Hand(target=1.0, prediction=[0.5, 0.2, 0.3], loss=0.8, slope=[0.0, -1.0, 0.0], params={"q": 1.0}),
        Hand(target=0.0, prediction=[2.0**-10, 0.75], loss=(1 - 2**-7) / 0.7, slope=[-8.0, 0.0]),
        Hand(target=0.0, prediction=[0.0625, 0.9375], loss=2.0, slope=[-8.0, 0.0], params={"q": 0.25}),
        Hand(target=0.0, prediction=[0.0, 1.0], loss=4.0, slope=[-math.inf, 0.0], params={"q": 0.25}),
        Hand(target=0.0, prediction=[0.0, 1.0], loss=1.0, slope=[-1.0, 0.0], params={"q": 1.0}),
    ),
    "multiclass_spherical": (
        Hand(target=0.0, prediction=[2 / 11, 3 / 11, 6 / 11], loss=5 / 7, slope=[-495 / 343, 66 / 343, 132 / 343]),
        Hand(target=1.0, prediction=[0.6, 0.8], loss=0.2, slope=[0.48, -0.36]),
    ),
    "ranked_probability_score": (
        Hand(target=1.0, prediction=[0.5, 0.125, 0.375], loss=0.390625, slope=[1.0, 0.0, 0.75]),
        Hand(target=0.0, prediction=[0.5, 0.125, 0.375], loss=0.390625, slope=[0.0, 1.0, 1.75]),
        Hand(
            target=3.0,
            prediction=[0.125, 0.5, 0.25, 0.125],
            loss=1.171875 / 3,
            slope=[3.25 / 3, 1.0, 1.75 / 3, 0.0],
            params={"normalized": True},
        ),
    ),
    "softmax_cross_entropy": (
        Hand(target=1.0, prediction=[LN3, LN2, 0.0], loss=LN3, slope=[0.5, -2 / 3, 1 / 6]),
        Hand(target=0.0, prediction=[50.0, 0.0], loss=math.log1p(math.exp(-50.0)), slope=[-SMALL, SMALL]),
        Hand(
            target=0.0,
            prediction=[LN3, LN2, 0.0],
            loss=LN2 + 0.2 * LN3 - 0.1 * LN2,
            slope=[-0.3, 7 / 30, 1 / 15],
            params={"label_smoothing": 0.3},
        ),
    ),
    "multiclass_focal_with_logits": (
        Hand(
            target=1.0,
            prediction=[LN3, LN2, 0.0],
            loss=4 / 9 * LN3,
            slope=[(8 / 27 + 8 / 27 * LN3) * share for share in (0.75, -1.0, 0.25)],
        ),
        Hand(target=1.0, prediction=[LN3, 0.0], loss=2 * LN2, slope=[0.75, -0.75], params={"gamma": 0.0}),
    ),
    "multiclass_poly1": (
        Hand(target=1.0, prediction=[LN3, LN2, 0.0], loss=LN3 + 2 / 3, slope=[2 / 3, -8 / 9, 2 / 9]),
        Hand(
            target=0.0,
            prediction=[LN3, LN2, 0.0],
            loss=LN2 - 0.25,
            slope=[-0.375, 0.25, 0.125],
            params={"epsilon": -0.5},
        ),
    ),
    "sparsemax": (
        Hand(target=1.0, prediction=[0.5, 0.25, -1.0], loss=0.390625, slope=[0.625, -0.625, 0.0]),
        Hand(target=2.0, prediction=[0.5, 0.25, -1.0], loss=1.640625, slope=[0.625, 0.375, -1.0]),
        Hand(target=0.0, prediction=[1.0, 0.75, 0.5, -3.0], loss=7 / 48, slope=[-5 / 12, 1 / 3, 1 / 12, 0.0]),
        Hand(target=0.0, prediction=[1.5, 0.5, -2.0], loss=0.0, slope=[0.0, 0.0, 0.0]),
    ),
    "crammer_singer": (
        Hand(target=1.0, prediction=[0.25, 0.5, -1.0], loss=0.75, slope=[1.0, -1.0, 0.0]),
        Hand(target=0.0, prediction=[0.25, 2.5, -1.0, 2.5], loss=3.25, slope=[-1.0, 0.5, 0.0, 0.5]),
        Hand(target=0.0, prediction=[1.5, 0.5, 0.25], loss=0.0, slope=[0.0, 0.0, 0.0]),
    ),
    "multi_margin": (
        Hand(target=1.0, prediction=[0.25, 0.5, -1.0, 1.0], loss=2.25 / 4, slope=[0.25, -0.5, 0.0, 0.25]),
        Hand(target=0.0, prediction=[1.5, 0.5], loss=0.0, slope=[0.0, 0.0]),
        Hand(
            target=1.0,
            prediction=[0.25, 0.5, -1.5, 1.0],
            loss=(1.75**2 + 2.5**2) / 4,
            slope=[0.875, -2.125, 0.0, 1.25],
            params={"p": 2, "margin": 2.0},
        ),
    ),
    "multiclass_perceptron": (
        Hand(target=1.0, prediction=[0.75, 0.5, -1.0], loss=0.25, slope=[1.0, -1.0, 0.0]),
        Hand(target=1.0, prediction=[0.5, 0.5, -1.0], loss=0.0, slope=[0.0, 0.0, 0.0]),
        Hand(target=1.0, prediction=[2.0, 0.5, 2.0], loss=1.5, slope=[0.5, -1.0, 0.5]),
    ),
    "cumulative_link": (
        Hand(target=0.0, prediction=[LN2, LN5], loss=math.log(1.5), slope=[-1 / 3, 0.0]),
        Hand(target=1.0, prediction=[LN2, LN5], loss=math.log(6.0), slope=[4 / 3, -5 / 6]),
        Hand(target=2.0, prediction=[LN2, LN5], loss=math.log(6.0), slope=[0.0, 5 / 6]),
        Hand(target=1.0, prediction=[LN5, LN2], loss=math.inf, slope=[math.inf, -math.inf]),
    ),
    "coral": (
        Hand(target=1.0, prediction=[LN5, LN2], loss=math.log(1.2) + LN3, slope=[-1 / 6, 2 / 3]),
        Hand(target=0.0, prediction=[LN5, -LN2, -LN3], loss=math.log(12.0), slope=[5 / 6, 1 / 3, 0.25]),
    ),
    "multilabel_soft_margin": (
        Hand(target=[1.0, 0.0], prediction=[LN5, LN2], loss=math.log(3.6) / 2, slope=[-1 / 12, 1 / 3]),
        Hand(
            target=[0.0, 1.0, 1.0],
            prediction=[LN5, -LN2, LN3],
            loss=math.log(24.0) / 3,
            slope=[5 / 18, -2 / 9, -1 / 12],
        ),
    ),
    "multilabel_margin": (
        Hand(
            target=[1.0, 0.0, 0.0, 1.0],
            prediction=[0.5, 0.25, -2.0, 1.0],
            loss=(0.75 + 0.25) / 4,
            slope=[-0.25, 0.5, 0.0, -0.25],
        ),
        Hand(target=[1.0, 0.0], prediction=[1.5, 0.5], loss=0.0, slope=[0.0, 0.0]),
        Hand(target=[0.0, 1.0, 0.0], prediction=[1.5, 0.5, 2.0], loss=1.5, slope=[1 / 3, -2 / 3, 1 / 3]),
    ),
}
