"""Rows of losses of rankings. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import NONNEGATIVE, REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import ranking, ranking_ndcg
from lossctl.losses.rows.embeddings import TEMPERATURE

__all__ = ["ROWS"]

_COMMAND = "lossctl eval examples/data/digit_ranking.csv --loss {} -t relevance -p score --group query"
_GRADE = Domain(low=0.0, high=1000.0)
"""Relevances y for gains 2^y − 1: from 1024 on these are past every float64."""

_NO_PAIR = (
    "A group in which no two relevances differ, such as one without a relevant document, has nothing to order: its "
    "loss is 0, and so is its slope. A warning says how many groups there are of these; they lower the mean."
)

ROWS = (
    Loss(
        id="pairwise_logistic",
        aliases=("ranknet", "pairwise_logistic_ranking"),
        task="ranking",
        kind=Kind.GROUPED,
        summary="RankNet loss: log loss of the order of two documents of a group, averaged over pairs of unequal "
        "relevance",
        formula="mean over pairs with y_i > y_j of log(1 + exp(s_j − s_i))",
        slope="(Σ_{j: y_j > y_i} σ(s_i − s_j) − Σ_{j: y_j < y_i} σ(s_j − s_i))/pairs",
        latex=r"\frac{1}{|P|} \sum_{(i,j) \in P} \log\left(1 + e^{s_j - s_i}\right),\quad P = \{(i,j): y_i > y_j\}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ranking.pairwise_logistic,
        zero_where_tied=True,
        unit="nats",
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note=f"{_NO_PAIR} The slope is bounded, its norm by √2, and the slope's slope by 1/2. It has no minimum: "
            "it falls to 0 as the scores part in the right order.",
        ),
        reference="Burges et al. (2005), Learning to rank using gradient descent, ICML, 89–96",
        example=_COMMAND.format("pairwise_logistic"),
        elsewhere=(
            Elsewhere("rax.pairwise_logistic_loss", differs=UNCOMPARED),
            Elsewhere("tensorflow_ranking.keras.losses.PairwiseLogisticLoss", differs=UNCOMPARED),
            Elsewhere(
                "xgboost: rank:pairwise",
                differs="is an objective, of which XGBoost gives gradients alone, of pairs that it draws",
            ),
        ),
        note="Each group counts the same, however many pairs it has. RankNet, and TensorFlow Ranking and Rax when told "
        "to, sum over pairs; Rax's default is a mean over the pairs of all groups together.",
    ),
    Loss(
        id="pairwise_hinge",
        aliases=("ranking_hinge", "pairwise_hinge_ranking"),
        task="ranking",
        kind=Kind.GROUPED,
        summary="hinge loss on pairs: penalty when the more relevant document does not score `margin` higher",
        formula="mean over pairs with y_i > y_j of max(0, margin − (s_i − s_j))",
        slope="(pairs with y_j > y_i − pairs with y_j < y_i, both of those that miss the margin)/pairs",
        latex=r"\frac{1}{|P|} \sum_{(i,j) \in P} \max\left(0,\ \mathrm{margin} - (s_i - s_j)\right),"
        r"\quad P = \{(i,j): y_i > y_j\}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ranking.pairwise_hinge,
        zero_where_tied=True,
        params=(
            Param("margin", 1.0, "lead of the more relevant document's score from which nothing counts", NONNEGATIVE),
        ),
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note=f"{_NO_PAIR} The slope is bounded, its norm by √2; it jumps where a pair just keeps the margin, and "
            "such a pair adds 0 to it.",
        ),
        reference="Joachims (2002), Optimizing search engines using clickthrough data, KDD, 133–142",
        example=_COMMAND.format("pairwise_hinge"),
        elsewhere=(
            Elsewhere("rax.pairwise_hinge_loss", differs=UNCOMPARED),
            Elsewhere("tensorflow_ranking.keras.losses.PairwiseHingeLoss", differs=UNCOMPARED),
        ),
        note="Each group counts the same, however many pairs it has. Rax's default is a mean over the pairs of all "
        "groups together.",
    ),
    Loss(
        id="listnet",
        aliases=("listnet_top_one",),
        task="ranking",
        kind=Kind.GROUPED,
        summary="ListNet loss: cross-entropy between softmax(relevance) and softmax(score) in each group",
        formula="−Σ_i P_i log Q_i, P = softmax(y), Q = softmax(s)",
        slope="Q_i − P_i",
        latex=r"-\sum_i \frac{e^{y_i}}{\sum_j e^{y_j}} \log \frac{e^{s_i}}{\sum_j e^{s_j}}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ranking.listnet,
        unit="nats",
        facts=Facts(
            convex=True,
            lipschitz=math.sqrt(2.0),
            smoothness=0.5,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="At its minimum it is the entropy of softmax(y). In a group in which no two relevances differ, P is "
            "uniform.",
        ),
        reference="Cao, Qin, Liu, Tsai & Li (2007), Learning to rank: from pairwise approach to listwise approach, "
        "ICML, 129–136",
        example=_COMMAND.format("listnet"),
        elsewhere=(
            Elsewhere("rax.softmax_loss", differs=UNCOMPARED),
            Elsewhere(
                "optax.losses.ranking_softmax_loss",
                differs="takes a distribution as labels, here the relevances whose softmax it is",
            ),
            Elsewhere("tensorflow_ranking.keras.losses.SoftmaxLoss", differs=UNCOMPARED),
            Elsewhere(
                "lightgbm: rank_xendcg",
                also="xendcg xe_ndcg xe_ndcg_mart xendcg_mart",
                differs="is an objective, of which LightGBM gives gradients alone, with random weights",
            ),
        ),
        note="Rax's softmax_loss with label_fn=softmax. TensorFlow Ranking's and Optax's softmax losses take y, not "
        "softmax(y), for P.",
    ),
    Loss(
        id="listmle",
        aliases=("plackett_luce",),
        task="ranking",
        kind=Kind.GROUPED,
        summary="ListMLE: −ln of the Plackett-Luce probability of the order by relevance in each group",
        formula="Σ over sets of d tied relevances but the least, over l < d, of "
        "log(Σ_below e^s + (1 − l/d) Σ_tied e^s), − Σ_i s_i; without ties Σ_i log Σ_{j: y_j ≤ y_i} e^(s_j − s_i)",
        slope="Σ over draws of i's share of the sum drawn from, − 1 if i is drawn itself",
        latex=r"\sum_i \log \sum_{j:\, y_j \le y_i} e^{s_j - s_i}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ranking.listmle,
        zero_where_tied=True,
        unit="nats",
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="Ties are Efron's: the l-th of d is drawn from those below and a share 1 − l/d of each of the d. The "
            "least relevant have nothing below them to be before, and are left out: alone they add log 1. "
            f"{_NO_PAIR} The slope is bounded, its norm by √2 times the draws.",
        ),
        reference="Xia, Liu, Wang, Zhang & Li (2008), Listwise approach to learning to rank: theory and algorithm, "
        "ICML, 1192–1199; ties as in Efron (1977), The efficiency of Cox's likelihood function for censored data, "
        "Journal of the American Statistical Association 72, 557–565",
        example=_COMMAND.format("listmle"),
        elsewhere=(
            Elsewhere("rax.listmle_loss", differs=UNCOMPARED),
            Elsewhere("tensorflow_ranking.keras.losses.ListMLELoss", differs=UNCOMPARED),
            Elsewhere(
                "xgboost: cox-nloglik",
                also="survival:cox",
                differs="is of times that may be censored, here of rankings",
            ),
        ),
        note="Without ties as in Rax's listmle_loss. With ties Rax, TensorFlow Ranking and allRank put them in an "
        "order by chance or by row, the least relevant too, so that their number changes with that order.",
    ),
    Loss(
        id="lambda_rank",
        aliases=("lambdarank",),
        task="ranking",
        kind=Kind.GROUPED,
        summary="LambdaRank loss: log loss on pairs, each weighted by the change of NDCG when the two swap, summed",
        formula="Σ over pairs with y_i > y_j of |ΔNDCG_ij| log(1 + exp(s_j − s_i)), "
        "ΔNDCG_ij = (2^y_i − 2^y_j)(1/log2(1 + r_i) − 1/log2(1 + r_j))/ideal DCG, r places by score",
        slope="Σ_{j: y_j > y_i} |ΔNDCG_ij| σ(s_i − s_j) − Σ_{j: y_j < y_i} |ΔNDCG_ij| σ(s_j − s_i), ΔNDCG fixed",
        latex=r"\sum_{(i,j):\, y_i > y_j} |\Delta \mathrm{NDCG}_{ij}| \log\left(1 + e^{s_j - s_i}\right)",
        target=_GRADE,
        prediction=REAL_LINE,
        kernel=ranking_ndcg.lambda_rank,
        zero_where_tied=True,
        params=(Param("k", 0, "NDCG counts the first k places; 0: all", Domain(low=0.0, whole=True)),),
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="The slope holds ΔNDCG fixed, as LambdaRank has it: where no scores tie it is the loss's own, which "
            "jumps where places change. Where scores tie ΔNDCG is its mean over the orders of the ties. The slope is "
            f"bounded. {_NO_PAIR}",
        ),
        reference="Burges, Ragno & Le (2006), Learning to rank with nonsmooth cost functions, NIPS 19; as a loss Wang, "
        "Li, Golbandi, Bendersky & Najork (2018), The LambdaLoss framework for ranking metric optimization, CIKM, "
        "1313–1322",
        example=_COMMAND.format("lambda_rank"),
        elsewhere=(
            Elsewhere(
                "lightgbm: lambdarank",
                differs=(
                    "is an objective, of which LightGBM gives gradients alone, divided by the sum of all "
                    "(`lambdarank_norm`); its metric is `ndcg`, no loss"
                ),
            ),
            Elsewhere(
                "xgboost: rank:ndcg",
                also="rank:map",
                differs=(
                    "is an objective, of which XGBoost gives gradients alone; its metric is `ndcg` or `map`, no loss"
                ),
            ),
        ),
        note="LightGBM's lambdarank also divides by the distance of the scores, then by the sum of the lambdas "
        "(lambdarank_norm), and puts ties in the order of rows; Rax multiplies by the size of the group.",
    ),
    Loss(
        id="approx_ndcg",
        aliases=("approxndcg", "approximate_ndcg"),
        task="ranking",
        kind=Kind.GROUPED,
        summary="approximate NDCG: 1 minus NDCG with smooth ranks",
        formula="1 − Σ_i (2^y_i − 1)/log2(1 + π_i)/ideal DCG, π_i = 1 + Σ_{j≠i} σ((s_j − s_i)/temperature)",
        slope="Σ_j (h_j − h_i) σ'((s_j − s_i)/temperature)/temperature, "
        "h_i = (2^y_i − 1) ln 2/((1 + π_i) ln²(1 + π_i))/ideal DCG",
        latex=r"1 - \frac{1}{\mathrm{IDCG}} \sum_i \frac{2^{y_i} - 1}{\log_2(1 + \pi_i)},"
        r"\quad \pi_i = 1 + \sum_{j \ne i} \sigma\left(\frac{s_j - s_i}{T}\right)",
        target=_GRADE,
        prediction=REAL_LINE,
        kernel=ranking_ndcg.approx_ndcg,
        zero_where_tied=True,
        params=(Param("temperature", 0.1, "smoothing: scores further apart than this count as ordered", TEMPERATURE),),
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=False,
            slope_vanishes=False,
            note="The loss is bounded by 1. The slope is bounded by a number that depends on the temperature, and so "
            f"is the slope's slope. {_NO_PAIR}",
        ),
        reference="Qin, Liu & Li (2010), A general approximation framework for direct optimization of information "
        "retrieval measures, Information Retrieval 13, 375–397",
        example=_COMMAND.format("approx_ndcg"),
        elsewhere=(Elsewhere("tensorflow_ranking.keras.losses.ApproxNDCGLoss", differs=UNCOMPARED),),
        note="Qin et al. have α = 1/temperature. TensorFlow Ranking's ApproxNDCGLoss, with this temperature too, and "
        "Rax's approx_t12n of ndcg_metric are −NDCG: 1 less.",
    ),
)
