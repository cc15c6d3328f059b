"""Rows of losses of sets of labels given a score for each. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import BINARY, REAL_LINE, Facts, Kind, Loss
from lossctl.losses import multilabel

__all__ = ["ROWS"]

ROWS = (
    Loss(
        id="multilabel_soft_margin",
        aliases=("multilabel_logistic",),
        task="multilabel",
        kind=Kind.VECTORS,
        summary="multilabel log loss with logits: log loss of each label that applies or not, averaged over labels",
        formula="(1/K) Σ log(1 + exp(−m_k)), m_k = s_k(2y_k − 1)",
        slope="(σ(s_k) − y_k)/K",
        latex=r"\frac{1}{K} \sum_k \log\left(1 + e^{-s_k (2 y_k - 1)}\right)",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=multilabel.multilabel_soft_margin,
        unit="nats",
        facts=Facts(
            convex=True,
            lipschitz=lambda columns: 1.0 / math.sqrt(columns),
            smoothness=lambda columns: 0.25 / columns,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="The norm of the slope is at most 1/√K, that of its own 1/(4K). It has no minimum: it falls to 0 as "
            "the logits leave 0 on the right sides.",
        ),
        reference="Zhang & Zhou (2006), Multilabel neural networks with applications to functional genomics and text "
        "categorization, IEEE TKDE 18, 1338–1351, section 2",
        example="lossctl eval examples/data/digit_shapes.csv --loss multilabel_soft_margin -t 'y_*' -p 's_*'",
        elsewhere=(
            Elsewhere("torch.nn.MultiLabelSoftMarginLoss", also="torch.nn.functional.multilabel_soft_margin_loss"),
        ),
        note="As PyTorch's MultiLabelSoftMarginLoss: a mean over labels. PyTorch's SoftMarginLoss overflows to inf at "
        "−100 in single precision.",
    ),
    Loss(
        id="multilabel_margin",
        task="multilabel",
        kind=Kind.VECTORS,
        summary="multilabel margin loss: how far labels that do not apply come within 1 of those that do, over pairs",
        formula="(1/K) Σ_{i: y_i=1} Σ_{j: y_j=0} max(0, 1 − (s_i − s_j))",
        slope="at each label its number of pairs too close, over K: − where it applies, + where not; 0 at a kink",
        latex=r"\frac{1}{K} \sum_{i:\,y_i=1}\ \sum_{j:\,y_j=0} \max\left(0,\ 1 - (s_i - s_j)\right)",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=multilabel.multilabel_margin,
        facts=Facts(
            convex=True,
            lipschitz=lambda columns: math.sqrt((columns // 2) * (columns - columns // 2) / columns),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="0 where every label that applies is ahead of every other by 1. With P labels that apply the norm of "
            "the slope is at most √(P(K − P)/K); it jumps where a pair is just ahead by 1.",
        ),
        reference="Elisseeff & Weston (2001), A kernel method for multi-labelled classification, NeurIPS 14, 681–687",
        example="lossctl eval examples/data/digit_shapes.csv --loss multilabel_margin -t 'y_*' -p 's_*'",
        elsewhere=(
            Elsewhere(
                "torch.nn.MultiLabelMarginLoss",
                also="torch.nn.functional.multilabel_margin_loss",
                note="takes lists of label numbers ended by −1, here 0 or 1 for each label",
            ),
        ),
        note="As PyTorch's MultiLabelMarginLoss, which takes lists of label numbers ended by −1: here 0 or 1 a label.",
    ),
)
