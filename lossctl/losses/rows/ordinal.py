"""Rows of losses of a label among ordered classes. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import PROBABILITY, REAL_LINE, Facts, Kind, Loss, Param
from lossctl.losses import ordinal
from lossctl.losses.rows.multiclass_probability import LABEL

__all__ = ["ROWS"]


def _steepest(*, normalized: bool, columns: float) -> float:
    """Return the length of the slope where the last class happened and the first was certain: 2(K − 1), …, 2, 0."""
    whole = math.sqrt(2.0 * (columns - 1.0) * columns * (2.0 * columns - 1.0) / 3.0)
    return whole / (columns - 1.0) if normalized else whole


def _sharpest(*, normalized: bool, columns: float) -> float:
    """Return twice the largest eigenvalue of the matrix of cumulative sums times its transpose."""
    whole = 0.5 / math.sin(math.pi / (4.0 * columns - 2.0)) ** 2
    return whole / (columns - 1.0) if normalized else whole


ROWS = (
    Loss(
        id="ranked_probability_score",
        aliases=("rps",),
        task="ordinal",
        kind=Kind.MULTICLASS,
        summary="ranked probability score: squared error of the cumulative probabilities of ordered classes, summed",
        formula="Σ_{k<K} (F_k − 1[y ≤ k])², F_k = q_1 + … + q_k; over K − 1 if normalized",
        slope="at j < y: 2 Σ_{j≤k<y} F_k; at j > y: 2 Σ_{y≤k<j} (1 − F_k); 0 at the label; over K − 1 if normalized",
        latex=r"\sum_{k=1}^{K-1} \left(\sum_{j \le k} q_j - 1[y \le k]\right)^2",
        target=LABEL,
        prediction=PROBABILITY,
        kernel=ordinal.ranked_probability_score,
        params=(Param("normalized", default=False, summary="divide by the number of thresholds, K − 1"),),
        facts=Facts(
            convex=True,
            lipschitz=_steepest,
            smoothness=_sharpest,
            low=0.0,
            high=lambda normalized, columns: 1.0 if normalized else columns - 1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="Classes stand in the order of --classes, of numbers, or of the columns. "
            "The loss is at most K − 1, or 1 if normalized; the norm of "
            "its slope √(2(K − 1)K(2K − 1)/3), over K − 1 if normalized. The slope takes 1 − F_k as the probability "
            "beyond k: along distributions that changes nothing.",
        ),
        reference="Epstein (1969), A scoring system for probability forecasts of ranked categories, Journal of Applied "
        "Meteorology 8, 985–987",
        example="lossctl eval examples/data/digits.csv --loss ranked_probability_score -t label -p 'p_*'",
        elsewhere=(Elsewhere("scoringrules.rps_score"),),
        note="Libraries differ in the factor: R's verification::rps divides by K − 1, which normalized does here.",
    ),
    Loss(
        id="cumulative_link",
        aliases=("proportional_odds", "ordinal_logistic"),
        task="ordinal",
        kind=Kind.MULTICLASS,
        summary="cumulative link loss: −ln of the true class's probability, from logits of thresholds between classes",
        formula="−log(σ(s_y) − σ(s_{y−1})), s_k the logit of y ≤ k, −∞ before the first class and +∞ at the last",
        slope="−σ(−s_y) − 1/(e^d − 1) at s_y, σ(s_{y−1}) + 1/(e^d − 1) at s_{y−1}, d = s_y − s_{y−1}; 0 elsewhere",
        latex=r"-\log\left(\sigma(s_y) - \sigma(s_{y-1})\right)",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=ordinal.cumulative_link,
        unit="nats",
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="K classes have K − 1 logits, which increase. Where those about the label do not, nothing is left "
            "for it and the loss is +inf. It has no minimum: it falls to 0 as they part.",
        ),
        reference="McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B "
        "42, 109–142",
        example="lossctl eval examples/data/diabetes_thirds.csv --loss cumulative_link -t third -p 'at_most_*'",
        thresholds=True,
        elsewhere=(
            Elsewhere(
                "statsmodels.miscmodels.ordinal_model.OrderedModel",
                differs="gives `loglikeobs`, minus it; s is the thresholds less the linear predictor",
            ),
        ),
        note="In a proportional-odds model s_k = θ_k − f(x), as statsmodels' OrderedModel has it: subtract its linear "
        "predictor from its thresholds. With one threshold it is cross-entropy of the first class.",
    ),
    Loss(
        id="coral",
        aliases=("consistent_rank_logits",),
        task="ordinal",
        kind=Kind.MULTICLASS,
        summary="CORAL loss: log loss at each threshold between ordered classes, from logits of passing it, summed",
        formula="Σ_k log(1 + exp(∓s_k)), s_k the logit of y > k: − where y > k, + where not",
        slope="−σ(−s_k) where y > k, σ(s_k) where not",
        latex=r"-\sum_k \left(1[y > k] \log \sigma(s_k) + 1[y \le k] \log\left(1 - \sigma(s_k)\right)\right)",
        target=LABEL,
        prediction=REAL_LINE,
        kernel=ordinal.coral,
        unit="nats",
        facts=Facts(
            convex=True,
            lipschitz=lambda columns: columns**0.5,
            smoothness=0.25,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="K classes have K − 1 logits. The norm of the slope is at most √(K − 1). It has no minimum: it falls "
            "to 0 as the logits leave 0 on the right sides.",
        ),
        reference="Cao, Mirjalili & Raschka (2020), Rank consistent ordinal regression for neural networks, Pattern "
        "Recognition Letters 140, 325–331",
        example="lossctl eval examples/data/diabetes_thirds.csv --loss coral -t third -p 'above_*'",
        thresholds=True,
        elsewhere=(Elsewhere("coral_pytorch.losses.coral_loss", differs=UNCOMPARED),),
        note="As coral_pytorch's coral_loss: a sum over thresholds, a mean over rows, without importance weights.",
    ),
)
