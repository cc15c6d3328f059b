"""Rows of binary losses that take a probability. Imports core and the kernels."""

from __future__ import annotations

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import BINARY, NONNEGATIVE, POSITIVE, PROBABILITY, Domain, Facts, Kind, Loss, Param
from lossctl.losses import binary_probability

__all__ = ["ALPHA", "GAMMA", "POS_WEIGHT", "ROWS"]

GAMMA = Param("gamma", 2.0, "focus on hard rows: a row of probability w weighs (1 − w)^gamma", domain=NONNEGATIVE)
ALPHA = Param(
    "alpha",
    default=None,
    summary="weight of targets of 1; targets of 0 weigh 1 − alpha; none: both weigh 1",
    domain=Domain(low=0.0, high=1.0, low_open=True, high_open=True),
    constants={"none": None},
)
POS_WEIGHT = Param("pos_weight", 1.0, "weight of targets of 1; targets of 0 weigh 1", domain=POSITIVE)

_OVERLAP_NOTE = (
    "Of the whole, not of a row: 0 where every probability is its target, 1 where nothing overlaps. Without any target "
    "of 1 and any probability above 0 it is 0."
)


def _focal_tversky_is_convex(alpha: float, beta: float, gamma: float) -> bool:
    """Return whether (E/(H + E))^(1/γ) bends upwards without hits and with hits alone; never with false alarms."""
    if alpha == 0.0 and beta > 0.0:
        return gamma <= 1.0 and 1.0 / gamma - 1.0 >= 2.0 * (beta - 1.0)
    return alpha == beta == 0.0


ROWS = (
    Loss(
        id="binary_cross_entropy",
        aliases=("log_loss", "bce"),
        task="binary",
        kind=Kind.BINARY,
        of_classes="categorical_cross_entropy",
        summary="log loss: −ln of the probability given to what happened, averaged",
        formula="−[ω t ln q + (1 − t) ln(1 − q)], t = y(1 − ε) + ε/2",
        slope="(1 − t)/(1 − q) − ω t/q",
        latex=r"-\left[\omega t \ln q + (1 - t) \ln(1 - q)\right],"
        r"\quad t = y(1 - \varepsilon) + \frac{\varepsilon}{2}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.binary_cross_entropy,
        params=(
            Param("label_smoothing", 0.0, "share ε of each target that is moved towards one half", domain=PROBABILITY),
            POS_WEIGHT,
        ),
        unit="nats",
        facts=Facts(
            convex=True,
            low=lambda label_smoothing: 0.0 if label_smoothing == 0.0 else None,
            minimum_at_target=lambda label_smoothing: label_smoothing == 0.0,
            slope_vanishes=False,
            note="The mean over many rows is least where q is the chance of y = 1. With label smoothing, and "
            "pos_weight 1, a row's is least at q = t, where it is the entropy of t. It is +inf where what happened "
            "was given the probability 0.",
        ),
        reference="Good (1952), Rational decisions, Journal of the Royal Statistical Society B 14, 107–114",
        example="lossctl eval examples/data/breast_cancer.csv --loss binary_cross_entropy -p logistic_probability",
        elsewhere=(
            Elsewhere("torch.nn.BCELoss", also="torch.nn.functional.binary_cross_entropy"),
            Elsewhere(
                "keras.losses.BinaryCrossentropy",
                also="keras.losses.binary_crossentropy keras.metrics.BinaryCrossentropy",
                note="label smoothing is the same",
            ),
            Elsewhere("sklearn.metrics.log_loss", negated="neg_log_loss"),
            Elsewhere("lightgbm: binary_logloss", also="binary"),
            Elsewhere("lightgbm: cross_entropy", also="xentropy", note="its labels may lie between 0 and 1"),
            Elsewhere(
                "lightgbm: kullback_leibler",
                also="kldiv",
                differs=(
                    "takes labels between 0 and 1, and leaves out their entropy; of labels 0 and 1 it is the same"
                ),
            ),
            Elsewhere(
                "lightgbm: cross_entropy_lambda",
                also="xentlambda",
                differs="takes a rate λ, of which the probability is 1 − e^(−λ)",
            ),
            Elsewhere("xgboost: logloss", also="binary:logistic reg:logistic"),
        ),
        note="Nothing is clipped: scikit-learn's log_loss clips q to within 2.2e-16 of 0 and 1, Keras to 1e-7, and "
        "torch stops each logarithm at −100. Label smoothing moves towards one half, as in Keras and with two classes "
        "in torch.",
    ),
    Loss(
        id="brier",
        aliases=("brier_score",),
        task="binary",
        kind=Kind.BINARY,
        of_classes="multiclass_brier",
        summary="Brier score: squared difference between the probability and what happened (0 or 1), averaged",
        formula="(q − y)²",
        slope="2(q − y)",
        latex=r"(q - y)^2",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.brier,
        facts=Facts(
            convex=True,
            lipschitz=2.0,
            smoothness=2.0,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="A proper score: the mean over many rows is least where q is the chance of y = 1.",
        ),
        reference="Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review "
        "78, 1–3",
        example="lossctl eval examples/data/breast_cancer.csv --loss brier -p logistic_probability",
        elsewhere=(
            Elsewhere("sklearn.metrics.brier_score_loss", negated="neg_brier_score"),
            Elsewhere("scoringrules.brier_score"),
        ),
        note="The binary form, as in scikit-learn's brier_score_loss: half of Brier's own, which sums over both "
        "outcomes.",
    ),
    Loss(
        id="focal",
        task="binary",
        kind=Kind.BINARY,
        of_classes="multiclass_focal",
        summary="focal loss: log loss in which rows that are already predicted well count less",
        formula="−αₜ(1 − w)^γ ln w, w the probability of what happened, αₜ = α if y = 1 else 1 − α",
        slope="(2y − 1)αₜ(1 − w)^γ [γ ln w/(1 − w) − 1/w]",
        latex=r"-\alpha_t (1 - w)^\gamma \ln w,\quad w = \begin{cases} q & y = 1\\ 1 - q & y = 0\end{cases}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.focal,
        params=(GAMMA, ALPHA),
        unit="nats",
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=lambda gamma: gamma > 0.0,
            note="With gamma 0 it is binary_cross_entropy. Not a proper score: its best q is nearer to one half than "
            "the chance of y = 1.",
        ),
        reference="Lin, Goyal, Girshick, He & Dollár (2017), Focal loss for dense object detection, ICCV, equation 5, "
        "arXiv:1708.02002",
        example="lossctl eval examples/data/breast_cancer.csv --loss 'focal(gamma=2,alpha=0.25)' "
        "-p logistic_probability",
        elsewhere=(Elsewhere("keras.losses.BinaryFocalCrossentropy", also="keras.losses.binary_focal_crossentropy"),),
        note="No alpha unless one is given. Torchvision and Optax take logits (focal_with_logits here), and "
        "torchvision sets alpha 0.25 by default. Keras clips q to within 1e-7 of 0 and 1.",
    ),
    Loss(
        id="spherical",
        aliases=("spherical_score",),
        task="binary",
        kind=Kind.BINARY,
        of_classes="multiclass_spherical",
        summary="spherical score: 1 minus the cosine between the prediction (q, 1 − q) and what happened",
        formula="1 − w/√(q² + (1 − q)²), w the probability of what happened",
        slope="−(2y − 1)(1 − w)/(q² + (1 − q)²)^(3/2)",
        latex=r"1 - \frac{w}{\sqrt{q^2 + (1 - q)^2}},\quad w = \begin{cases} q & y = 1\\ 1 - q & y = 0\end{cases}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.spherical,
        facts=Facts(
            convex=False,
            lipschitz=1.6164249282925453,
            smoothness=3.9505283736922875,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="A proper score: the mean over many rows is least where q is the chance of y = 1. It is steepest at "
            "w = (7 − √17)/8.",
        ),
        reference="Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, Journal of "
        "the American Statistical Association 102, 359–378, section 3.1",
        example="lossctl eval examples/data/breast_cancer.csv --loss spherical -p logistic_probability",
        note="1 less the spherical score, so that lower is better and the best is 0.",
    ),
    Loss(
        id="poly1",
        task="binary",
        kind=Kind.BINARY,
        summary="poly-1 loss: log loss with epsilon times the missing probability added",
        formula="−ln w + ε(1 − w), w the probability of what happened",
        slope="−(2y − 1)(1/w + ε)",
        latex=r"-\ln w + \varepsilon (1 - w),\quad w = \begin{cases} q & y = 1\\ 1 - q & y = 0\end{cases}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.poly1,
        params=(Param("epsilon", 1.0, "weight added to the first term of the series, 1 − w", Domain(low=-1.0)),),
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=lambda epsilon: epsilon == -1.0,
            note="With epsilon 0 it is binary_cross_entropy.",
        ),
        reference="Leng, Tan, Liu, Cubuk, Shi, Cheng & Anguelov (2022), PolyLoss: a polynomial expansion perspective "
        "of classification loss functions, ICLR, section 4, arXiv:2204.12511",
        example="lossctl eval examples/data/breast_cancer.csv --loss poly1 -p logistic_probability",
    ),
    Loss(
        id="dice",
        aliases=("soft_dice", "sorensen_dice"),
        task="binary",
        kind=Kind.BINARY,
        summary="Dice loss: 1 minus twice the overlap of targets and predictions, divided by their sum",
        formula="1 − (2 mean(y q) + s)/(mean(y) + mean(q) + s)",
        slope="(2H + s)/(nS²) where y = 0, −(2H + 2M + s)/(nS²) where y = 1, with H = mean(y q), M = mean|q − y|, "
        "S = 2H + M + s",
        latex=r"1 - \frac{2\,\overline{yq} + s}{\overline{y} + \overline{q} + s}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.hits_and_misses,
        params=(Param("smooth", 0.0, "added to numerator and denominator of the ratio of means", domain=NONNEGATIVE),),
        finish=binary_probability.finish_dice,
        parts=2,
        facts=Facts(
            convex=False,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=False,
            note=_OVERLAP_NOTE,
        ),
        reference="Dice (1945), Measures of the amount of ecologic association between species, Ecology 26, 297–302",
        example="lossctl eval examples/data/breast_cancer.csv --loss dice -p logistic_probability",
        elsewhere=(
            Elsewhere("keras.losses.Dice", also="keras.losses.dice"),
            Elsewhere("monai.losses.DiceLoss", differs=UNCOMPARED),
        ),
        note="smooth is added to means, so that it does not depend on the number of rows; a library that adds S to "
        "sums over n rows has smooth = S/n. One ratio over all rows, never a mean of ratios of batches. The "
        "denominator has q, not the q² of V-Net.",
    ),
    Loss(
        id="jaccard",
        aliases=("soft_jaccard", "soft_iou"),
        task="binary",
        kind=Kind.BINARY,
        summary="Jaccard loss: 1 minus intersection over union of targets and predictions",
        formula="1 − mean(y q)/(mean(y) + mean(q) − mean(y q))",
        slope="H/(nU²) where y = 0, −1/(nU) where y = 1, with H = mean(y q), U = H + mean|q − y|",
        latex=r"1 - \frac{\overline{yq}}{\overline{y} + \overline{q} - \overline{yq}}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.hits_and_misses,
        finish=binary_probability.finish_overlap,
        parts=2,
        facts=Facts(
            convex=False,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=False,
            note=_OVERLAP_NOTE,
        ),
        reference="Rahman & Wang (2016), Optimizing intersection-over-union in deep neural networks for image "
        "segmentation, ISVC, 234–244",
        example="lossctl eval examples/data/breast_cancer.csv --loss jaccard -p logistic_probability",
        note="It is 2d/(1 + d) of the dice loss d. One ratio over all rows, never a mean of ratios of batches.",
    ),
    Loss(
        id="tversky",
        task="binary",
        kind=Kind.BINARY,
        summary="Tversky loss: 1 minus the overlap of targets and predictions, with weights for false alarms and "
        "misses",
        formula="1 − TP/(TP + α FP + β FN), TP = mean(y q), FP = mean((1 − y)q), FN = mean(y(1 − q))",
        slope="α TP/(nS²) where y = 0, −(β TP + α FP + β FN)/(nS²) where y = 1, with S = TP + α FP + β FN",
        latex=r"1 - \frac{\overline{yq}}{\overline{yq} + \alpha\,\overline{(1-y)q} + \beta\,\overline{y(1-q)}}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.hits_and_errors,
        params=(
            Param("alpha", 0.5, "weight of false alarms, (1 − y)q", domain=NONNEGATIVE),
            Param("beta", 0.5, "weight of misses, y(1 − q)", domain=NONNEGATIVE),
        ),
        finish=binary_probability.finish_overlap,
        parts=2,
        facts=Facts(
            convex=lambda alpha, beta: alpha == 0.0 and beta <= 1.0,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=lambda alpha, beta: alpha == beta == 0.0,
            note=_OVERLAP_NOTE + " With alpha = beta = 0.5 it is dice; with 1, jaccard.",
        ),
        reference="Salehi, Erdogmus & Gholipour (2017), Tversky loss function for image segmentation using 3D fully "
        "convolutional deep networks, MLMI, 379–387, arXiv:1706.05721",
        example="lossctl eval examples/data/breast_cancer.csv --loss 'tversky(alpha=0.3,beta=0.7)' "
        "-p logistic_probability",
        elsewhere=(
            Elsewhere(
                "keras.losses.Tversky",
                also="keras.losses.tversky",
                renamed={"alpha": "beta", "beta": "alpha"},
                note="its `alpha` weighs misses and its `beta` false alarms: the other way round here",
            ),
            Elsewhere("monai.losses.TverskyLoss", differs=UNCOMPARED),
        ),
        note="alpha weighs false alarms and beta misses, as in Salehi et al. and in MONAI; Keras has them the other "
        "way round.",
    ),
    Loss(
        id="focal_tversky",
        task="binary",
        kind=Kind.BINARY,
        summary="focal Tversky loss: a root of tversky, so that a small lack of overlap counts more",
        formula="tversky(α, β)^(1/γ)",
        slope="(1/γ) tversky^(1/γ − 1) times that of tversky, 0 where tversky is 0",
        latex=r"\left(1 - \frac{\overline{yq}}{\overline{yq} + \alpha\,\overline{(1-y)q}"
        r" + \beta\,\overline{y(1-q)}}\right)^{1/\gamma}",
        target=BINARY,
        prediction=PROBABILITY,
        kernel=binary_probability.hits_and_errors,
        params=(
            Param("alpha", 0.3, "weight of false alarms, (1 − y)q", domain=NONNEGATIVE),
            Param("beta", 0.7, "weight of misses, y(1 − q)", domain=NONNEGATIVE),
            Param("gamma", 4.0 / 3.0, "exponent: the loss is tversky to the power 1/gamma", domain=POSITIVE),
        ),
        finish=binary_probability.finish_focal_tversky,
        parts=2,
        facts=Facts(
            convex=_focal_tversky_is_convex,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=lambda alpha, beta, gamma: gamma != 1.0 or alpha == beta == 0.0,
            note=_OVERLAP_NOTE + " For gamma above 1 the slope has no bound near there, where it is taken as 0.",
        ),
        reference="Abraham & Khan (2019), A novel focal Tversky loss function with improved attention U-Net for lesion "
        "segmentation, ISBI, equation 4, arXiv:1810.07842",
        example="lossctl eval examples/data/breast_cancer.csv --loss focal_tversky -p logistic_probability",
        note="The exponent is 1/gamma, as in the paper; many programs take the exponent itself, 3/4. The paper's alpha "
        "weighs misses: it is our beta.",
    ),
)
