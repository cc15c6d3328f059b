"""Rows of binary losses that take a logit or a score. Imports core and the kernels."""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import BINARY, REAL_LINE, Facts, Kind, Loss
from lossctl.core.types import Array
from lossctl.losses import binary_logit
from lossctl.losses.rows.binary_probability import ALPHA, GAMMA, POS_WEIGHT

__all__ = ["ROWS"]


def _focal_steepest(gamma: float, alpha: float | None) -> float:
    """Find the largest |slope| of focal_with_logits: where its second derivative changes sign, or 1 far out."""
    if gamma == 0.0:
        return _heavier(alpha)
    margins = np.linspace(-60.0, 10.0, 70_001)
    one = np.ones_like(margins)
    slope = -binary_logit.focal_with_logits(one, margins, gamma, None)[1]
    return _heavier(alpha) * float(slope.max()) * _ROUNDED_UP


def _focal_sharpest(gamma: float, alpha: float | None) -> float:
    """Find the largest |second derivative| of focal_with_logits."""
    margins = np.linspace(-60.0, 10.0, 70_001)
    below, above = 1.0 / (1.0 + np.exp(margins)), 1.0 / (1.0 + np.exp(-margins))
    surprise: Array = np.logaddexp(0.0, -margins)
    bend = gamma * gamma * above * surprise + 2.0 * gamma * below - gamma * below * surprise + below
    return _heavier(alpha) * float(np.abs(below**gamma * above * bend).max()) * _ROUNDED_UP


_ROUNDED_UP = 1.0 + 1e-6
"""More than the best of a grid of steps of 0.001 falls short of a maximum."""


def _heavier(alpha: float | None) -> float:
    return 1.0 if alpha is None else max(alpha, 1.0 - alpha)


ROWS = (
    Loss(
        id="binary_cross_entropy_with_logits",
        aliases=("bce_logits", "logistic"),
        task="binary",
        kind=Kind.BINARY,
        of_classes="softmax_cross_entropy",
        summary="log loss with logits: log loss of the probability σ(s), computed from the logit s",
        formula="ln(1 + e^(−m)), m = (2y − 1)s; times ω where y = 1",
        slope="−(2y − 1)σ(−m); times ω where y = 1",
        latex=r"\omega_y \ln\left(1 + e^{-(2y - 1)s}\right)",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.binary_cross_entropy_with_logits,
        params=(POS_WEIGHT,),
        unit="nats",
        facts=Facts(
            convex=True,
            lipschitz=lambda pos_weight: max(pos_weight, 1.0),
            smoothness=lambda pos_weight: 0.25 * max(pos_weight, 1.0),
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="It falls towards 0 as the margin m grows, and is 0 nowhere. The mean over many rows is least where "
            "σ(s) is the chance of y = 1.",
        ),
        reference="Cox (1958), The regression analysis of binary sequences, Journal of the Royal Statistical Society B "
        "20, 215–242",
        example="lossctl eval examples/data/breast_cancer.csv --loss binary_cross_entropy_with_logits "
        "-p logistic_logit",
        elsewhere=(
            Elsewhere("torch.nn.BCEWithLogitsLoss", also="torch.nn.functional.binary_cross_entropy_with_logits"),
            Elsewhere(
                "torch.nn.SoftMarginLoss", also="torch.nn.functional.soft_margin_loss", note="labels are −1 and 1"
            ),
            Elsewhere(
                "keras.losses.BinaryCrossentropy(from_logits=True)",
                also="keras.losses.binary_crossentropy(from_logits=True)",
            ),
            Elsewhere("optax.sigmoid_binary_cross_entropy"),
            Elsewhere(
                "xgboost: binary:logitraw",
                note="an objective whose predictions are logits; its metric `logloss` takes their probabilities",
            ),
        ),
        note="In nats, as elsewhere; some texts divide by ln 2, so that it bounds the share of errors. With "
        "pos_weight, weights still divide by their own sum alone, as in torch.",
    ),
    Loss(
        id="focal_with_logits",
        aliases=("sigmoid_focal",),
        task="binary",
        kind=Kind.BINARY,
        of_classes="multiclass_focal_with_logits",
        summary="focal loss with logits: focal loss of the probability σ(s), computed from the logit s",
        formula="αₜ σ(−m)^γ ln(1 + e^(−m)), m = (2y − 1)s, αₜ = α if y = 1 else 1 − α",
        slope="−(2y − 1)αₜ σ(−m)^γ [γ σ(m) ln(1 + e^(−m)) + σ(−m)]",
        latex=r"\alpha_t\, \sigma(-m)^\gamma \ln\left(1 + e^{-m}\right),\quad m = (2y - 1)s",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.focal_with_logits,
        params=(GAMMA, ALPHA),
        unit="nats",
        facts=Facts(
            convex=lambda gamma: gamma == 0.0,
            lipschitz=_focal_steepest,
            smoothness=_focal_sharpest,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="It falls towards 0 as the margin m grows. With gamma 0 it is binary_cross_entropy_with_logits. Not "
            "a proper score.",
        ),
        reference="Lin, Goyal, Girshick, He & Dollár (2017), Focal loss for dense object detection, ICCV, equation 5, "
        "arXiv:1708.02002",
        example="lossctl eval examples/data/breast_cancer.csv --loss focal_with_logits -p logistic_logit",
        elsewhere=(
            Elsewhere("optax.sigmoid_focal_loss"),
            Elsewhere("torchvision.ops.sigmoid_focal_loss", differs=UNCOMPARED),
            Elsewhere(
                "keras.losses.BinaryFocalCrossentropy(from_logits=True)",
                also="keras.losses.binary_focal_crossentropy(from_logits=True)",
            ),
        ),
        note="No alpha unless one is given, as in Optax; torchvision's sigmoid_focal_loss has alpha 0.25 unless told "
        "otherwise.",
    ),
    Loss(
        id="hinge",
        task="binary",
        kind=Kind.BINARY,
        of_classes="crammer_singer",
        summary="hinge loss: how far the score falls short of a margin of 1",
        formula="max(0, 1 − m), m = (2y − 1)s",
        slope="−(2y − 1) if m < 1 else 0",
        latex=r"\max(0, 1 - (2y - 1)s)",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.hinge,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            kinks=(1.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 from a margin of 1 on; at that kink the slope is 0. It bounds the share of errors.",
        ),
        reference="Cortes & Vapnik (1995), Support-vector networks, Machine Learning 20, 273–297",
        example="lossctl eval examples/data/breast_cancer.csv --loss hinge -p logistic_logit",
        elsewhere=(
            Elsewhere("keras.losses.Hinge", also="keras.losses.hinge keras.metrics.Hinge"),
            Elsewhere("optax.hinge_loss", note="labels are −1 and 1"),
            Elsewhere("sklearn.metrics.hinge_loss"),
            Elsewhere(
                "torchmetrics.HingeLoss(task='binary')",
                differs="puts all scores through a sigmoid where one of them is outside [0, 1]",
            ),
            Elsewhere("xgboost: binary:hinge", differs="predicts labels of 0 and 1, here it takes scores"),
        ),
        note="Labels are 0 and 1, scores any number. scikit-learn's hinge_loss of two classes; of more it is "
        "crammer_singer. Keras takes labels 0 and 1 as well as ±1; Optax wants ±1. "
        "Torchmetrics puts all scores through a sigmoid as soon as one of a batch lies outside [0, 1]: there the loss "
        "of a row depends on its batch.",
    ),
    Loss(
        id="squared_hinge",
        task="binary",
        kind=Kind.BINARY,
        summary="squared hinge loss: the square of how far the score falls short of a margin of 1",
        formula="max(0, 1 − m)², m = (2y − 1)s",
        slope="−2(2y − 1) max(0, 1 − m)",
        latex=r"\max(0, 1 - (2y - 1)s)^2",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.squared_hinge,
        facts=Facts(
            convex=True,
            smoothness=2.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 from a margin of 1 on.",
        ),
        reference="Chang, Hsieh & Lin (2008), Coordinate descent method for large-scale L2-loss linear support vector "
        "machines, Journal of Machine Learning Research 9, 1369–1398",
        example="lossctl eval examples/data/breast_cancer.csv --loss squared_hinge -p logistic_logit",
        elsewhere=(
            Elsewhere("keras.losses.SquaredHinge", also="keras.losses.squared_hinge keras.metrics.SquaredHinge"),
            Elsewhere(
                "torchmetrics.HingeLoss(task='binary', squared=True)",
                differs="puts all scores through a sigmoid where one of them is outside [0, 1]",
            ),
        ),
    ),
    Loss(
        id="smooth_hinge",
        task="binary",
        kind=Kind.BINARY,
        summary="smooth hinge loss: hinge with its corner rounded off between the margins 0 and 1",
        formula="½ − m if m ≤ 0, ½(1 − m)² if 0 < m < 1, else 0; m = (2y − 1)s",
        slope="−(2y − 1)·(1 − m held within [0, 1])",
        latex=r"\begin{cases}\frac{1}{2} - m & m \le 0\\ \frac{1}{2}(1 - m)^2 & 0 < m < 1\\ 0 & m \ge 1\end{cases}",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.smooth_hinge,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 from a margin of 1 on.",
        ),
        reference="Rennie & Srebro (2005), Loss functions for preference levels: regression with discrete ordered "
        "labels, IJCAI workshop on preference handling",
        example="lossctl eval examples/data/breast_cancer.csv --loss smooth_hinge -p logistic_logit",
    ),
    Loss(
        id="perceptron",
        task="binary",
        kind=Kind.BINARY,
        of_classes="multiclass_perceptron",
        summary="perceptron loss: how far the score is on the wrong side of 0",
        formula="max(0, −m), m = (2y − 1)s",
        slope="−(2y − 1) if m < 0 else 0",
        latex=r"\max(0, -(2y - 1)s)",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.perceptron,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 wherever the sign is right, and at s = 0, where its slope is 0: a model that always gives 0 has no "
            "loss.",
        ),
        reference="Rosenblatt (1958), The perceptron, Psychological Review 65, 386–408",
        example="lossctl eval examples/data/breast_cancer.csv --loss perceptron -p logistic_logit",
        elsewhere=(
            Elsewhere("optax.losses.perceptron_loss", note="labels are −1 and 1; its slope at s = 0 is ∓½, here 0"),
            Elsewhere("sklearn.linear_model.SGDClassifier(loss='perceptron')", note="labels are −1 and 1"),
        ),
        note="At m = 0 scikit-learn gives the slope −(2y − 1) and jax half of it; here it is 0, that of least norm.",
    ),
    Loss(
        id="exponential",
        task="binary",
        kind=Kind.BINARY,
        summary="exponential loss: e to the minus margin, which AdaBoost minimises",
        formula="e^(−m), m = (2y − 1)s",
        slope="−(2y − 1)e^(−m)",
        latex=r"e^{-(2y - 1)s}",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.exponential,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="It falls towards 0 as the margin m grows. The mean over many rows is least where s is half the "
            "log-odds of y = 1. Beyond a margin of −709.8 it is too large for a float64.",
        ),
        reference="Friedman, Hastie & Tibshirani (2000), Additive logistic regression: a statistical view of boosting, "
        "Annals of Statistics 28, 337–407",
        example="lossctl eval examples/data/breast_cancer.csv --loss exponential -p logistic_logit",
        elsewhere=(Elsewhere("sklearn.ensemble.GradientBoostingClassifier(loss='exponential')"),),
        note="The exponent is the score itself, as in AdaBoost and scikit-learn: it is half the log-odds.",
    ),
    Loss(
        id="modified_huber",
        task="binary",
        kind=Kind.BINARY,
        summary="modified Huber loss: squared hinge near the margin, linear where the score is far on the wrong side",
        formula="max(0, 1 − m)² if m ≥ −1 else −4m, m = (2y − 1)s",
        slope="−2(2y − 1)·(1 − m held within [0, 2])",
        latex=r"\begin{cases}\max(0, 1 - m)^2 & m \ge -1\\ -4m & \text{otherwise}\end{cases}",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.modified_huber,
        facts=Facts(
            convex=True,
            lipschitz=4.0,
            smoothness=2.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 from a margin of 1 on.",
        ),
        reference="Zhang (2004), Solving large scale linear prediction problems using stochastic gradient descent "
        "algorithms, ICML",
        example="lossctl eval examples/data/breast_cancer.csv --loss modified_huber -p logistic_logit",
        elsewhere=(Elsewhere("sklearn.linear_model.SGDClassifier(loss='modified_huber')", note="labels are −1 and 1"),),
        note="As in scikit-learn's SGDClassifier.",
    ),
    Loss(
        id="savage",
        task="binary",
        kind=Kind.BINARY,
        summary="Savage loss: the squared probability given to what did not happen, bounded so that outliers hardly "
        "count",
        formula="1/(1 + e^m)², m = (2y − 1)s",
        slope="−2(2y − 1)σ(−m)²σ(m)",
        latex=r"\frac{1}{\left(1 + e^{(2y - 1)s}\right)^2}",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.savage,
        facts=Facts(
            convex=False,
            lipschitz=8.0 / 27.0,
            smoothness=0.15405857012135054,
            low=0.0,
            high=1.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="brier of the probability σ(s). It falls towards 0 as the margin m grows.",
        ),
        reference="Masnadi-Shirazi & Vasconcelos (2008), On the design of loss functions for classification: theory, "
        "robustness to outliers, and SavageBoost, NIPS 21",
        example="lossctl eval examples/data/breast_cancer.csv --loss savage -p logistic_logit",
        note="For s the log-odds. The paper has half the log-odds, and so e^(2m).",
    ),
    Loss(
        id="tangent",
        task="binary",
        kind=Kind.BINARY,
        summary="tangent loss: bounded, and larger again where the margin is too large",
        formula="(2 arctan m − 1)², m = (2y − 1)s",
        slope="4(2y − 1)(2 arctan m − 1)/(1 + m²)",
        latex=r"\left(2 \arctan((2y - 1)s) - 1\right)^2",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=binary_logit.tangent,
        facts=Facts(
            convex=False,
            lipschitz=6.1685713088280545,
            smoothness=8.484612157278837,
            low=0.0,
            high=(math.pi + 1.0) ** 2,
            minimum_at_target=False,
            slope_vanishes=False,
            note="0 at the margin tan ½ alone, and (π − 1)² for a margin without end. The mean over many rows is least "
            "where ½ + arctan s is the chance of y = 1.",
        ),
        reference="Masnadi-Shirazi, Mahadevan & Vasconcelos (2010), On the design of robust classifiers for computer "
        "vision, CVPR, 779–786",
        example="lossctl eval examples/data/breast_cancer.csv --loss tangent -p logistic_logit",
    ),
)
