"""Rows of losses of a label given class scores. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import NONNEGATIVE, REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import multiclass_logit, sparsemax
from lossctl.losses.rows.multiclass_probability import FOCUS, LABEL, SMOOTHING

__all__ = ["ROWS"]

_ROOT2 = math.sqrt(2.0)


def _smoothed_lipschitz(label_smoothing: float, columns: float) -> float:
    """Return the length of p − t where p is certain of a class that is not the label."""
    if label_smoothing == 0.0:
        return _ROOT2
    share = label_smoothing / columns
    return math.sqrt((1.0 - share) ** 2 + (1.0 - label_smoothing + share) ** 2 + (columns - 2.0) * share**2)


def _poly1_lipschitz(epsilon: float) -> float:
    """Return √2 times the largest (1 − p)(1 + εp), which lies inside [0, 1] for ε > 1."""
    return _ROOT2 * ((1.0 + epsilon) ** 2 / (4.0 * epsilon) if epsilon > 1.0 else 1.0)


ROWS = (
    Loss(
        id="softmax_cross_entropy",
        aliases=("cross_entropy_with_logits", "categorical_cross_entropy_with_logits", "multinomial_logistic"),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="softmax cross-entropy: −ln of the softmax probability of the true class, from logits",
        formula="log Σ exp(s_k) − s_y; with smoothing a: −Σ t log p, t = (1 − a)·1[k = y] + a/K, p = softmax(s)",
        slope="p − t",
        latex=r"-\sum_k t_k \log \frac{e^{s_k}}{\sum_j e^{s_j}},\quad t_k = (1 - a)\,1[k = y] + \frac{a}{K}",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=multiclass_logit.softmax_cross_entropy,
        params=(SMOOTHING,),
        unit="nats",
        facts=Facts(
            convex=True,
            lipschitz=_smoothed_lipschitz,
            smoothness=0.5,
            low=lambda label_smoothing: 0.0 if label_smoothing == 0.0 else None,
            minimum_at_target=False,
            slope_vanishes=False,
            note="Without smoothing it has no minimum: it falls to 0 as s_y leaves the others behind. With smoothing "
            "it is least where p = t.",
        ),
        reference="Bridle (1990), Probabilistic interpretation of feedforward classification network outputs, in "
        "Neurocomputing, 227–236; smoothing: Szegedy et al. (2016), arXiv:1512.00567",
        example="lossctl eval examples/data/digits.csv --loss softmax_cross_entropy -t label -p 's_*'",
        elsewhere=(
            Elsewhere(
                "torch.nn.CrossEntropyLoss",
                also="torch.nn.functional.cross_entropy",
                note="label smoothing is the same",
            ),
            Elsewhere(
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
                also=(
                    "keras.losses.sparse_categorical_crossentropy(from_logits=True) "
                    "keras.losses.CategoricalCrossentropy(from_logits=True) "
                    "keras.losses.categorical_crossentropy(from_logits=True)"
                ),
            ),
            Elsewhere("optax.softmax_cross_entropy", note="takes rows of probabilities for labels"),
            Elsewhere("optax.softmax_cross_entropy_with_integer_labels"),
        ),
        note="PyTorch's CrossEntropyLoss and Optax's softmax_cross_entropy_with_integer_labels: log-sum-exp less s_y "
        "there, which gives 0, or noise of 1e-16 of s_y, for a loss of 1e-17.",
    ),
    Loss(
        id="multiclass_focal_with_logits",
        aliases=("softmax_focal",),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass focal loss with logits: log loss in which rows that are nearly right count less, from "
        "logits",
        formula="−(1 − p_y)^γ log p_y, p = softmax(s)",
        slope="−(1 − p_y)^γ (1 − p_y − γ p_y log p_y) at the label; the others share the opposite by p_k/(1 − p_y)",
        latex=r"-(1 - p_y)^\gamma \log p_y,\quad p = \mathrm{softmax}(s)",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=multiclass_logit.multiclass_focal_with_logits,
        params=(FOCUS,),
        unit="nats",
        facts=Facts(
            convex=lambda gamma: gamma == 0.0,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="It has no minimum: it falls to 0 as s_y leaves the others behind. Its slope is bounded, and so is "
            "the slope's, by numbers that depend on γ.",
        ),
        reference="Lin, Goyal, Girshick, He & Dollár (2017), Focal loss for dense object detection, arXiv:1708.02002",
        example="lossctl eval examples/data/digits.csv --loss multiclass_focal_with_logits --gamma 2 -t label -p 's_*'",
        note="No alpha: class weights take its place. torchvision's sigmoid_focal_loss is another loss, a sum over "
        "classes of binary focal losses.",
    ),
    Loss(
        id="multiclass_poly1",
        aliases=("poly1_cross_entropy",),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass poly-1 loss: softmax cross-entropy with epsilon times the missing probability added",
        formula="−log p_y + ε (1 − p_y), p = softmax(s)",
        slope="(1 + ε p_y)(p_k − 1[k = y])",
        latex=r"-\log p_y + \varepsilon\,(1 - p_y),\quad p = \mathrm{softmax}(s)",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=multiclass_logit.multiclass_poly1,
        params=(
            Param("epsilon", 1.0, "weight added to the first term of the series; −1 removes it", Domain(low=-1.0)),
        ),
        unit="nats",
        facts=Facts(
            convex=lambda epsilon: epsilon <= 1.0,
            lipschitz=_poly1_lipschitz,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="It has no minimum: it falls to 0 as s_y leaves the others behind. The slope's slope is bounded, by "
            "a number that depends on ε.",
        ),
        reference="Leng et al. (2022), PolyLoss: a polynomial expansion perspective of classification loss functions, "
        "arXiv:2204.12511",
        example="lossctl eval examples/data/digits.csv --loss multiclass_poly1 --epsilon 1 -t label -p 's_*'",
        elsewhere=(Elsewhere("optax.losses.poly_loss_cross_entropy", params={"epsilon": 2.0}),),
        note="Optax calls it poly_loss_cross_entropy, with epsilon = 2 unless told otherwise.",
    ),
    Loss(
        id="sparsemax",
        aliases=("sparsemax_loss",),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="sparsemax loss: of logits, for probabilities that can be exactly 0",
        formula="½ Σ_{p>0} (s_k² − τ²) + ½ − s_y, p = max(0, s − τ), τ such that Σ p = 1",
        slope="p_k − 1[k = y]",
        latex=r"\frac{1}{2} \sum_{k:\,p_k>0} \left(s_k^2 - \tau^2\right) + \frac{1}{2} - s_y,"
        r"\quad p = \max(0, s - \tau),\ \sum_k p_k = 1",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=sparsemax.sparsemax,
        facts=Facts(
            convex=True,
            lipschitz=_ROOT2,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 where the label's score is ahead of all others by 1 or more: a margin, as in crammer_singer, but "
            "smooth.",
        ),
        reference="Martins & Astudillo (2016), From softmax to sparsemax: a sparse model of attention and multi-label "
        "classification, ICML, arXiv:1602.02068",
        example="lossctl eval examples/data/digits.csv --loss sparsemax -t label -p 's_*'",
        elsewhere=(
            Elsewhere("optax.losses.multiclass_sparsemax_loss"),
            Elsewhere("tensorflow_addons.losses.SparsemaxLoss", differs=UNCOMPARED),
        ),
        note="Optax calls it multiclass_sparsemax_loss; TensorFlow Addons called it sparsemax_loss. The same, but for "
        "the digits that their differences lose near 0.",
    ),
    Loss(
        id="crammer_singer",
        aliases=("multiclass_hinge",),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass hinge loss: how far the true class's score is from beating the best other by 1",
        formula="max(0, 1 + max_{k≠y} s_k − s_y)",
        slope="1 at the best other class and −1 at the label; 0 where the loss is 0; tied classes share",
        latex=r"\max\left(0,\ 1 + \max_{k \ne y} s_k - s_y\right)",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=multiclass_logit.crammer_singer,
        facts=Facts(
            convex=True,
            lipschitz=_ROOT2,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 where the label's score is ahead by 1 or more. Kinks: where it is ahead by 1, and where others "
            "tie for the best; there the slope is the subgradient of least norm.",
        ),
        reference="Crammer & Singer (2001), On the algorithmic implementation of multiclass kernel-based vector "
        "machines, Journal of Machine Learning Research 2, 265–292",
        example="lossctl eval examples/data/digits.csv --loss crammer_singer -t label -p 's_*'",
        elsewhere=(
            Elsewhere("optax.losses.multiclass_hinge_loss"),
            Elsewhere("sklearn.metrics.hinge_loss"),
            Elsewhere(
                "keras.losses.CategoricalHinge",
                also="keras.losses.categorical_hinge keras.metrics.CategoricalHinge",
                differs="counts a score of 0 among the rivals",
            ),
            Elsewhere(
                "torchmetrics.HingeLoss(task='multiclass')",
                differs="puts all scores through a softmax where one of them is outside [0, 1]",
            ),
        ),
        note="scikit-learn's hinge_loss with more than two classes, and torchmetrics' MulticlassHingeLoss.",
    ),
    Loss(
        id="multi_margin",
        aliases=("multiclass_margin", "weston_watkins"),
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multi-margin loss: how far other classes come within the margin of the true class, summed, over K",
        formula="(1/K) Σ_{k≠y} max(0, margin + s_k − s_y)^p",
        slope="p max(0, margin + s_k − s_y)^(p−1)/K at k ≠ y, less their sum at the label; 0 at a kink",
        latex=r"\frac{1}{K} \sum_{k \ne y} \max(0,\ \mathrm{margin} + s_k - s_y)^p",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=multiclass_logit.multi_margin,
        params=(
            Param("p", 1, "power of each excess: 1 or 2", Domain(low=1.0, high=2.0, whole=True)),
            Param("margin", 1.0, "lead of the label's score from which nothing counts", NONNEGATIVE),
        ),
        facts=Facts(
            convex=True,
            lipschitz=lambda p, columns: math.sqrt(1.0 - 1.0 / columns) if p == 1 else None,
            smoothness=lambda p: 2.0 if p > 1 else None,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 where the label's score is ahead of all others by the margin. For p = 1 the norm of the slope is "
            "at most √(1 − 1/K), and it jumps where a class just keeps the margin.",
        ),
        reference="Weston & Watkins (1999), Support vector machines for multi-class pattern recognition, ESANN, "
        "219–224",
        example="lossctl eval examples/data/digits.csv --loss multi_margin --margin 1 -t label -p 's_*'",
        elsewhere=(
            Elsewhere("torch.nn.MultiMarginLoss", also="torch.nn.functional.multi_margin_loss", note="1/K included"),
        ),
        note="As PyTorch's MultiMarginLoss, which divides by K; Weston & Watkins do not. At a kink PyTorch's slope is "
        "0 too.",
    ),
    Loss(
        id="multiclass_perceptron",
        task="multiclass",
        kind=Kind.MULTICLASS,
        summary="multiclass perceptron loss: how far the true class's score is behind the best other",
        formula="max(0, max_{k≠y} s_k − s_y)",
        slope="1 at the best other class and −1 at the label; 0 where the loss is 0; tied classes share",
        latex=r"\max\left(0,\ \max_{k \ne y} s_k - s_y\right)",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=multiclass_logit.multiclass_perceptron,
        facts=Facts(
            convex=True,
            lipschitz=_ROOT2,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 where the label's score is the largest, alone or tied. At the kinks, the ties, the slope is the "
            "subgradient of least norm.",
        ),
        reference="Collins (2002), Discriminative training methods for hidden Markov models, EMNLP, 1–8",
        example="lossctl eval examples/data/digits.csv --loss multiclass_perceptron -t label -p 's_*'",
        elsewhere=(Elsewhere("optax.losses.multiclass_perceptron_loss"),),
        note="Optax calls it multiclass_perceptron_loss.",
    ),
)
