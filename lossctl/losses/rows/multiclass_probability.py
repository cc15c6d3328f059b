"""Rows of losses of a label given class probabilities. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import NONNEGATIVE, PROBABILITY, Domain, Facts, Kind, Loss, Param
from lossctl.losses import multiclass_probability

__all__ = ["FOCUS", "LABEL", "ROWS", "SMOOTHING"]

LABEL = Domain(low=0.0, whole=True)
"""The number of a class, counted from 0; the block guarantees that there is such a class."""

SMOOTHING = Param(
    "label_smoothing",
    default=0.0,
    summary="share of the label's weight that is spread evenly over all classes",
    domain=Domain(low=0.0, high=1.0, high_open=True),
)

FOCUS = Param("gamma", 2.0, "focus on hard rows; 0 gives the cross-entropy", NONNEGATIVE)

ROWS = (
    Loss(
        id="categorical_cross_entropy",
        aliases=("multiclass_log_loss",),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass log loss: −ln of the probability given to the true class, averaged",
        formula="−log q_y; with smoothing a: −Σ t log q, t = (1 − a)·1[k = y] + a/K",
        slope="−1/q_y at the label and 0 elsewhere; with smoothing −t/q, unconstrained",
        latex=r"-\sum_k t_k \log q_k,\quad t_k = (1 - a)\,1[k = y] + \frac{a}{K}",
        target=LABEL,
        prediction=PROBABILITY,
        kernel=multiclass_probability.categorical_cross_entropy,
        params=(SMOOTHING,),
        unit="nats",
        facts=Facts(
            convex=True,
            low=lambda label_smoothing: 0.0 if label_smoothing == 0.0 else None,
            minimum_at_target=lambda label_smoothing: label_smoothing == 0.0,
            slope_vanishes=False,
            note="+inf where q_y = 0. With smoothing it is least where q = t, and +inf where any q is 0.",
        ),
        reference="Good (1952), Rational decisions, Journal of the Royal Statistical Society B 14, 107–114; smoothing: "
        "Szegedy et al. (2016), Rethinking the Inception architecture, arXiv:1512.00567",
        example="lossctl eval examples/data/digits.csv --loss categorical_cross_entropy -t label -p 'p_*'",
        elsewhere=(
            Elsewhere(
                "torch.nn.NLLLoss",
                also="torch.nn.functional.nll_loss",
                differs="takes logarithms of probabilities, here it takes probabilities",
            ),
            Elsewhere(
                "keras.losses.CategoricalCrossentropy",
                also="keras.losses.categorical_crossentropy keras.metrics.CategoricalCrossentropy",
                note="label smoothing is the same",
            ),
            Elsewhere(
                "keras.losses.SparseCategoricalCrossentropy",
                also=("keras.losses.sparse_categorical_crossentropy keras.metrics.SparseCategoricalCrossentropy"),
            ),
            Elsewhere("sklearn.metrics.log_loss", negated="neg_log_loss"),
            Elsewhere("lightgbm: multi_logloss", also="multiclass softmax multiclassova multiclass_ova ova ovr"),
            Elsewhere("xgboost: mlogloss", also="multi:softprob"),
            Elsewhere(
                "xgboost: multi:softmax",
                differs="predicts labels; of the probabilities of multi:softprob it is the same",
            ),
        ),
        note="Nothing is clipped: scikit-learn's log_loss clips at 2.2e-16 and Keras at 1e-7, so that a probability of "
        "0 for what happened costs 36 or 16 there. PyTorch has no loss of probabilities: NLLLoss takes their "
        "logs.",
    ),
    Loss(
        id="multiclass_brier",
        aliases=("brier_multi", "quadratic_score"),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass Brier score: squared distance between the probabilities and the true class, from 0 to 2",
        formula="Σ (q_k − 1[k = y])²",
        slope="2(q_k − 1[k = y]), unconstrained",
        latex=r"\sum_k \left(q_k - 1[k = y]\right)^2",
        target=LABEL,
        prediction=PROBABILITY,
        kernel=multiclass_probability.multiclass_brier,
        facts=Facts(
            convex=True,
            lipschitz=2.0 * 2.0**0.5,
            smoothness=2.0,
            low=0.0,
            high=2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="For two classes it is twice the binary brier.",
        ),
        reference="Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review "
        "78, 1–3",
        example="lossctl eval examples/data/digits.csv --loss multiclass_brier -t label -p 'p_*'",
        elsewhere=(Elsewhere("sklearn.metrics.brier_score_loss(scale_by_half=False)"),),
        note="A sum over classes, as Brier wrote it and as scikit-learn gives with scale_by_half=False; a mean over "
        "classes, as Keras' MeanSquaredError gives on one-hot labels, is this over K.",
    ),
    Loss(
        id="multiclass_focal",
        aliases=("categorical_focal_cross_entropy",),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass focal loss: log loss in which rows that are nearly right count less, from probabilities",
        formula="−(1 − q_y)^γ log q_y",
        slope="(1 − q_y)^γ (γ log q_y/(1 − q_y) − 1/q_y) at the label, 0 elsewhere, unconstrained",
        latex=r"-(1 - q_y)^\gamma \log q_y",
        target=LABEL,
        prediction=PROBABILITY,
        kernel=multiclass_probability.multiclass_focal,
        params=(FOCUS,),
        unit="nats",
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=lambda gamma: gamma > 0.0,
            note="+inf where q_y = 0.",
        ),
        reference="Lin, Goyal, Girshick, He & Dollár (2017), Focal loss for dense object detection, arXiv:1708.02002",
        example="lossctl eval examples/data/digits.csv --loss multiclass_focal --gamma 2 -t label -p 'p_*'",
        elsewhere=(
            Elsewhere(
                "keras.losses.CategoricalFocalCrossentropy",
                also="keras.losses.categorical_focal_crossentropy",
                differs="is 0.25 times it, unless told another `alpha`",
            ),
        ),
        note="No alpha: Keras' CategoricalFocalCrossentropy multiplies by alpha = 0.25 unless told otherwise and "
        "clips at 1e-7. Class weights take alpha's place. It is no proper score: the best forecast is not the truth.",
    ),
    Loss(
        id="generalized_cross_entropy",
        aliases=("gce", "lq_loss"),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="generalized cross-entropy: between log loss (q → 0) and the missing probability of the true class "
        "(q = 1)",
        formula="(1 − p_y^q)/q, p the probabilities",
        slope="−p_y^(q−1) at the label, 0 elsewhere, unconstrained",
        latex=r"\frac{1 - p_y^{\,q}}{q}",
        target=LABEL,
        prediction=PROBABILITY,
        kernel=multiclass_probability.generalized_cross_entropy,
        params=(
            Param(
                "q",
                0.7,
                "1 is the most robust to wrong labels; near 0 the loss is cross-entropy",
                Domain(0.0, 1.0, low_open=True),
            ),
        ),
        facts=Facts(
            convex=True,
            lipschitz=lambda q: 1.0 if q == 1.0 else None,
            smoothness=lambda q: 0.0 if q == 1.0 else None,
            low=0.0,
            high=lambda q: 1.0 / q,
            minimum_at_target=True,
            slope_vanishes=False,
            note="At p_y = 1 the slope is −1.",
        ),
        reference="Zhang & Sabuncu (2018), Generalized cross entropy loss for training deep neural networks with noisy "
        "labels, arXiv:1805.07836",
        example="lossctl eval examples/data/digits.csv --loss generalized_cross_entropy --q 0.7 -t label -p 'p_*'",
        elsewhere=(
            Elsewhere(
                "keras.losses.CategoricalGeneralizedCrossEntropy",
                also="keras.losses.categorical_generalized_cross_entropy",
                params={"q": 0.5},
            ),
        ),
    ),
    Loss(
        id="multiclass_spherical",
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass spherical score: 1 minus the cosine between the probabilities and the true class",
        formula="1 − q_y/‖q‖",
        slope="q_y q_j/‖q‖³ for j ≠ y, −Σ_{j≠y} q_j²/‖q‖³ at the label, unconstrained",
        latex=r"1 - \frac{q_y}{\lVert q \rVert_2}",
        target=LABEL,
        prediction=PROBABILITY,
        kernel=multiclass_probability.multiclass_spherical,
        facts=Facts(
            convex=False,
            lipschitz=lambda columns: (math.sqrt(columns) + math.sqrt(columns - 1)) / 2.0,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="A strictly proper score. Its slope is bounded, the norm by at most (√K + √(K − 1))/2 for K classes.",
        ),
        reference="Good (1971), comment on Measuring information and uncertainty by R. J. Buehler, in Foundations of "
        "statistical inference, 337–339; Gneiting & Raftery (2007), Strictly proper scoring rules, JASA 102, 359–378",
        example="lossctl eval examples/data/digits.csv --loss multiclass_spherical -t label -p 'p_*'",
        note="The spherical score itself is q_y/‖q‖, larger for better; this is 1 less it.",
    ),
)
