"""Rows of losses of embeddings. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.errors import UsageError
from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import BINARY, NONNEGATIVE, REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import embeddings

__all__ = ["ROWS", "TEMPERATURE"]

TEMPERATURE = Domain(low=1e-100, high=1e100)
"""Beyond, scores over a temperature have no float64."""


def _of_scores(components: int, margin: float) -> None:  # noqa: ARG001 -- any margin will do
    """Refuse pairs of vectors: a score is one number."""
    if components > 1:
        raise UsageError(
            f"margin_ranking takes a pair of scores, and there are {2 * components} columns",
            "name two: -p first,second",
        )


def _of_several(members: int, components: int, temperature: float) -> None:  # noqa: ARG001 -- any length will do
    """Refuse a partner without others: it is always the likeliest."""
    if members == 1:
        raise UsageError(
            "info_nce takes the anchor's partner and at least one other vector, and there is one vector",
            "list them all: -p 'b_*,n_*'",
        )


def _triplet_lipschitz(p: float, columns: float) -> float:
    """Return the largest Euclidean length of two slopes whose own length, by the power p/(p − 1), is 1."""
    return math.sqrt(2.0) * math.pow(columns / 2.0, max(0.0, 1.0 / p - 0.5))


ROWS = (
    Loss(
        id="cosine",
        aliases=("cosine_distance",),
        task="embeddings",
        kind=Kind.VECTORS,
        summary="cosine distance: 1 − the cosine between two vectors; 0 in one direction, 1 at right angles, 2 opposed",
        formula="1 − ŷ·y/(|ŷ||y|)",
        slope="−(y/|y| − cos ŷ/|ŷ|)/|ŷ|",
        latex=r"1 - \frac{\hat y \cdot y}{\|\hat y\| \|y\|}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=embeddings.cosine,
        nonzero=True,
        facts=Facts(
            convex=False,
            low=0.0,
            high=2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The length of the vectors changes nothing. A vector of zeros has no direction and is refused.",
        ),
        reference="Salton & McGill (1983), Introduction to modern information retrieval, McGraw-Hill, chapter 4",
        example="lossctl eval examples/data/digit_embeddings.csv --loss cosine -t 'a_*' -p 'b_*'",
        elsewhere=(
            Elsewhere(
                "torch.nn.CosineSimilarity",
                also="torch.nn.functional.cosine_similarity",
                differs="is the cosine itself, here it is 1 less the cosine",
            ),
            Elsewhere(
                "keras.losses.CosineSimilarity",
                also="keras.losses.cosine_similarity",
                differs="is minus the cosine, here it is 1 less the cosine",
            ),
            Elsewhere("keras.metrics.CosineSimilarity", differs="is the cosine itself, here it is 1 less the cosine"),
            Elsewhere("optax.cosine_distance"),
            Elsewhere("scipy.spatial.distance.cosine"),
            Elsewhere("sklearn.metrics.pairwise.paired_cosine_distances"),
            Elsewhere("torchmetrics.CosineSimilarity", differs="is the cosine itself, here it is 1 less the cosine"),
        ),
        note="Keras's cosine_similarity is −cos and Optax's cosine_distance is 1 − cos; PyTorch's cosine_similarity "
        "takes a length below 1e-8 for 1e-8, and gives 0 for vectors of 1e200. All lose the digits of small angles: at "
        "1e-8 their 1 − cos is 0, here 5e-17.",
    ),
    Loss(
        id="cosine_embedding",
        task="embeddings",
        kind=Kind.VECTORS,
        summary="cosine embedding loss: 1 − cos for a pair labelled similar, cos above the margin for another",
        formula="1 − cos(u, v) where the label is 1, max(0, cos(u, v) − margin) where it is 0",
        slope="∓(v/|v| − cos u/|u|)/|u| by u, and by v alike: − where 1, + where 0 and above the margin",
        latex=r"\begin{cases} 1 - \cos(u, v) & y = 1 \\ \max(0,\ \cos(u, v) - \mathrm{margin}) & y = 0 \end{cases}",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=embeddings.cosine_embedding,
        params=(
            Param("margin", 0.0, "largest cosine of dissimilar vectors that costs nothing", Domain(low=-1.0, high=1.0)),
        ),
        vectors=2,
        nonzero=True,
        facts=Facts(
            convex=False,
            low=0.0,
            high=2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="The first half of a row's numbers is u, the second v. A vector of zeros is refused.",
        ),
        reference="Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping, CVPR, "
        "1735–1742, for the pairs; the form is PyTorch's CosineEmbeddingLoss",
        example="lossctl eval examples/data/digit_pairs.csv --loss cosine_embedding -t same -p 'u_*,v_*'",
        elsewhere=(
            Elsewhere(
                "torch.nn.CosineEmbeddingLoss",
                also="torch.nn.functional.cosine_embedding_loss",
                note="labels are −1 and 1",
            ),
        ),
        note="PyTorch's CosineEmbeddingLoss, whose labels are 1 and −1. It adds 1e-12 to squared lengths: a pair of "
        "vectors of length 1e-6 at a cosine of 1 costs 0.5 there, and 0 here.",
    ),
    Loss(
        id="euclidean",
        aliases=("euclidean_distance", "l2_distance"),
        task="embeddings",
        kind=Kind.VECTORS,
        summary="Euclidean distance: the length of the difference between two vectors",
        formula="√Σ(ŷ_k − y_k)²",
        slope="(ŷ − y)/|ŷ − y|; 0 where they are equal",
        latex=r"\|\hat y - y\|",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=embeddings.euclidean,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The slope's length is 1 where the vectors differ. It is bounded, and turns at once where they meet.",
        ),
        reference="Deza & Deza (2009), Encyclopedia of distances, Springer, section 1.1",
        example="lossctl eval examples/data/digit_embeddings.csv --loss euclidean -t 'a_*' -p 'b_*'",
        elsewhere=(
            Elsewhere("torch.nn.PairwiseDistance", also="torch.nn.functional.pairwise_distance"),
            Elsewhere("scipy.spatial.distance.euclidean"),
            Elsewhere("sklearn.metrics.pairwise.paired_euclidean_distances"),
        ),
        note="PyTorch's pairwise_distance adds 1e-6 to each difference, so that equal vectors are not 0 apart.",
    ),
    Loss(
        id="contrastive",
        aliases=("contrastive_loss",),
        task="embeddings",
        kind=Kind.BINARY,
        summary="contrastive loss: half the squared distance of a similar pair, half the squared lack of margin of "
        "another",
        formula="d²/2 where the label is 1, max(0, margin − d)²/2 where it is 0",
        slope="d where the label is 1, −max(0, margin − d) where it is 0",
        latex=r"\begin{cases} d^2/2 & y = 1 \\ \max(0,\ \mathrm{margin} - d)^2/2 & y = 0 \end{cases}",
        target=BINARY,
        prediction=NONNEGATIVE,
        kernel=embeddings.contrastive,
        params=(Param("margin", 1.0, "smallest distance of dissimilar pairs that costs nothing", NONNEGATIVE),),
        facts=Facts(
            convex=True,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="The prediction is a distance: 0 or more.",
        ),
        reference="Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping, CVPR, "
        "1735–1742, equation 4",
        example="lossctl eval examples/data/digit_pairs.csv --loss contrastive --margin 20 -t same -p distance",
        elsewhere=(
            Elsewhere("sentence_transformers.losses.ContrastiveLoss", differs=UNCOMPARED),
            Elsewhere("tensorflow_addons.losses.ContrastiveLoss", differs=UNCOMPARED),
        ),
        note="Label 1 is similar, as in sentence-transformers, whose loss is the same, and in TensorFlow Addons, whose "
        "loss is twice this; in Hadsell et al. 0 is. pytorch-metric-learning's ContrastiveLoss does not square: that "
        "is hinge_embedding.",
    ),
    Loss(
        id="hinge_embedding",
        task="embeddings",
        kind=Kind.BINARY,
        summary="hinge embedding loss: the distance of a similar pair, what another lacks of the margin",
        formula="d where the label is 1, max(0, margin − d) where it is 0",
        slope="1 where the label is 1; where it is 0, −1, and 0 from the margin on",
        latex=r"\begin{cases} d & y = 1 \\ \max(0,\ \mathrm{margin} - d) & y = 0 \end{cases}",
        target=BINARY,
        prediction=NONNEGATIVE,
        kernel=embeddings.hinge_embedding,
        params=(Param("margin", 1.0, "smallest distance of dissimilar pairs that costs nothing", NONNEGATIVE),),
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            kinks=lambda margin: (-margin,) if margin > 0.0 else (),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            note="The prediction is a distance: 0 or more. The slope is bounded, and of dissimilar pairs jumps where "
            "it reaches the margin.",
        ),
        reference="Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping, CVPR, "
        "1735–1742, for the pairs; the form is PyTorch's HingeEmbeddingLoss",
        example="lossctl eval examples/data/digit_pairs.csv --loss hinge_embedding --margin 20 -t same -p distance",
        elsewhere=(
            Elsewhere(
                "torch.nn.HingeEmbeddingLoss",
                also="torch.nn.functional.hinge_embedding_loss",
                note="labels are −1 and 1; its slope at the margin is −1, here 0",
            ),
            Elsewhere("pytorch_metric_learning.losses.ContrastiveLoss", differs=UNCOMPARED),
        ),
        note="PyTorch's HingeEmbeddingLoss, whose labels are 1 and −1, which takes any number, and whose slope at the "
        "margin is −1; and pytorch-metric-learning's ContrastiveLoss, but for its means over pairs whose loss is not "
        "0.",
    ),
    Loss(
        id="margin_ranking",
        task="embeddings",
        kind=Kind.VECTORS,
        summary="margin ranking loss: how far the score that should be higher falls short of being so by the margin",
        formula="max(0, margin − (s₁ − s₂)) where the label is 1, max(0, margin − (s₂ − s₁)) where it is 0",
        slope="where the loss is above 0: −1 at the score that should be higher, 1 at the other",
        latex=r"\max\left(0,\ \mathrm{margin} - (2y - 1)(s_1 - s_2)\right)",
        target=BINARY,
        prediction=REAL_LINE,
        kernel=embeddings.margin_ranking,
        params=(Param("margin", 0.0, "lead of the higher score from which nothing counts", NONNEGATIVE),),
        vectors=2,
        check_columns=_of_scores,
        facts=Facts(
            convex=True,
            lipschitz=math.sqrt(2.0),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="The prediction is two columns, s₁ and s₂. The slope jumps where the margin is just kept; there it "
            "is 0.",
        ),
        reference="Herbrich, Graepel & Obermayer (2000), Large margin rank boundaries for ordinal regression, Advances "
        "in large margin classifiers, MIT Press, 115–132",
        example="lossctl eval examples/data/digit_pairs.csv --loss margin_ranking -t more_ink -p a_ink,b_ink",
        elsewhere=(
            Elsewhere(
                "torch.nn.MarginRankingLoss",
                also="torch.nn.functional.margin_ranking_loss",
                note="labels are −1 and 1; its slope where the margin is just kept is ∓1, here 0",
            ),
        ),
        note="PyTorch's MarginRankingLoss, whose labels are 1 and −1, and whose slope where the margin is just kept is "
        "∓1.",
    ),
    Loss(
        id="triplet_margin",
        aliases=("triplet",),
        task="embeddings",
        kind=Kind.VECTORS,
        summary="triplet loss: how far the anchor is from being nearer to its positive than its negative by the margin",
        formula="max(0, |a − v₊|_p − |a − v₋|_p + margin), |r|_p = (Σ|r_k|^p)^(1/p)",
        slope="where the loss is above 0: sign(r)(|r|/|r|_p)^(p−1), r = v₊ − a, at v₊; −the same, r = v₋ − a, at v₋",
        latex=r"\max\left(0,\ \|a - v_+\|_p - \|a - v_-\|_p + \mathrm{margin}\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=embeddings.triplet_margin,
        params=(
            Param("margin", 1.0, "lead in distance of the positive from which nothing counts", NONNEGATIVE),
            Param("p", 2.0, "power of the distance", Domain(low=1.0)),
        ),
        vectors=2,
        facts=Facts(
            convex=False,
            lipschitz=_triplet_lipschitz,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="The target is the anchor; the prediction is the positive, then the negative. The slope is by these "
            "two, of length K each: its norm is at most √2 for p ≥ 2, √2·K^(1/p − 1/2) below. It jumps where the "
            "margin is just kept, and where a distance is 0; there it is 0.",
        ),
        reference="Weinberger & Saul (2009), Distance metric learning for large margin nearest neighbor "
        "classification, Journal of Machine Learning Research 10, 207–244",
        example="lossctl eval examples/data/digit_embeddings.csv --loss triplet_margin -t 'a_*' -p 'b_*,n_*'",
        elsewhere=(
            Elsewhere(
                "torch.nn.TripletMarginLoss",
                also=(
                    "torch.nn.functional.triplet_margin_loss torch.nn.TripletMarginWithDistanceLoss "
                    "torch.nn.functional.triplet_margin_with_distance_loss"
                ),
            ),
            Elsewhere("optax.losses.triplet_margin_loss", renamed={"norm_degree": "p"}),
        ),
        note="PyTorch's TripletMarginLoss adds 1e-6 to each difference, and Optax's as much under the root. Optax "
        "takes powers of differences with their sign: for p = 3 it gives NaN where they are negative. FaceNet squares "
        "the distances.",
    ),
    Loss(
        id="info_nce",
        aliases=("nt_xent", "ntxent"),
        task="embeddings",
        kind=Kind.VECTORS,
        summary="InfoNCE: −ln of the softmax probability of the anchor's partner among M vectors, by their cosines",
        formula="−log(exp(c_0/τ)/Σ_m exp(c_m/τ)), c_m = cos(a, v_m), τ the temperature",
        slope="(p_m − 1[m = 0])(a/|a| − c_m v_m/|v_m|)/(τ|v_m|) at v_m, p = softmax(c/τ)",
        latex=r"-\log \frac{e^{\cos(a, v_0)/\tau}}{\sum_m e^{\cos(a, v_m)/\tau}}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=embeddings.info_nce,
        params=(
            Param(
                "temperature", 0.07, "divides the cosines: the smaller, the more the nearest vectors count", TEMPERATURE
            ),
        ),
        vectors=0,
        check_columns=_of_several,
        nonzero=True,
        unit="nats",
        facts=Facts(
            convex=False,
            minimum_at_target=True,
            slope_vanishes=True,
            note="The target is the anchor; the prediction is its positive, then one or more negatives. The slope is "
            "by these. The loss is bounded: it lies between log(1 + (M − 1)e^(−2/τ)) and log(1 + (M − 1)e^(2/τ)). A "
            "vector of zeros is refused.",
        ),
        reference="van den Oord, Li & Vinyals (2018), Representation learning with contrastive predictive coding, "
        "arXiv:1807.03748; with cosines and this temperature He et al. (2020), Momentum contrast, CVPR, 9729–9738",
        example="lossctl eval examples/data/digit_embeddings.csv --loss info_nce -t 'a_*' -p 'b_*,n_*'",
        elsewhere=(
            Elsewhere(
                "optax.losses.ntxent", differs="takes the rest of the batch for negatives, here those of the row"
            ),
            Elsewhere("pytorch_metric_learning.losses.NTXentLoss", differs=UNCOMPARED),
        ),
        note="The negatives are those of the row, as in MoCo; NT-Xent and Optax's ntxent take the rest of a batch.",
    ),
)
