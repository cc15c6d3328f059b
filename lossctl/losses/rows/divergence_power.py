"""Rows of distances made of Σ p^α q^{1−α}, and of those over ordered categories. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import POSITIVE, PROBABILITY, Facts, Kind, Loss, Param
from lossctl.losses import divergence_ordered, divergence_power, information
from lossctl.losses.rows.information import BASE, information_unit

__all__ = ["ROWS"]

_DATA = "lossctl eval examples/data/digit_shares.csv --target p --pred q --loss"
_ACROSS = "lossctl eval examples/data/iris_soft.csv -t 'p_*' -p 'q_*' --loss"


def _unit(base: float, **_: float) -> str:
    return information_unit(base)


def _high_tsallis(q: float) -> float | None:
    return 1.0 / (1.0 - q) if q < 1.0 else None


def _high_alpha(alpha: float) -> float | None:
    return 1.0 / (alpha * (1.0 - alpha)) if alpha < 1.0 else None


def _longest_sum(columns: float) -> float:
    """Return the length of the vector K − 1, …, 1, 0: how many cumulative sums each category counts in."""
    return math.sqrt((columns - 1.0) * columns * (2.0 * columns - 1.0) / 6.0)


def _sharpest(columns: float) -> float:
    """Return twice the largest eigenvalue of the matrix of cumulative sums times its transpose."""
    return 0.5 / math.sin(math.pi / (4.0 * columns - 2.0)) ** 2


ROWS = (
    Loss(
        id="renyi",
        aliases=("renyi_divergence",),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="Rényi divergence: from overlap (alpha near 0) through Kullback-Leibler (1) to the worst event (∞)",
        formula="log_b(Σ p^α q^(1−α))/(α − 1)",
        slope="−(p/q)^α/(ln b × the sum), for each event, unconstrained",
        latex=r"\frac{1}{\alpha - 1} \log_b \sum_k p_k^\alpha q_k^{1-\alpha}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_power.renyi,
        params=(Param("alpha", 0.5, "order of the divergence; 1 gives kl_divergence", POSITIVE), BASE),
        finish=divergence_power.finish_renyi,
        infinite="the two distributions give no event in common a probability above 0",
        unit=_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=lambda alpha: alpha == 1.0 - alpha,
            note="+inf where no event has both p > 0 and q > 0; for alpha ≥ 1 wherever q = 0 < p. The minimum is "
            "among distributions. Down a file a divergence whose sum is past every float64 is +inf.",
        ),
        reference="Rényi (1961), On measures of entropy and information, 4th Berkeley Symposium on Mathematical "
        "Statistics and Probability 1, 547–561; van Erven & Harremoës (2014), IEEE Transactions on Information "
        "Theory 60, 3797–3820",
        example=f"{_DATA} renyi",
    ),
    Loss(
        id="tsallis",
        aliases=("tsallis_divergence",),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        summary="Tsallis divergence: of order q; Kullback-Leibler divergence at q = 1",
        formula="(Σ p^q q̂^(1−q) − 1)/(q − 1), q̂ the prediction",
        slope="−(p/q̂)^q, for each event, unconstrained",
        latex=r"\frac{1}{q - 1}\left(\sum_k p_k^q \hat q_k^{1-q} - 1\right)",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_power.tsallis,
        params=(Param("q", 2.0, "order of the divergence; 1 gives kl_divergence in nats", POSITIVE),),
        finish=information.floor_at_zero,
        facts=Facts(
            convex=True,
            low=0.0,
            high=_high_tsallis,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=lambda q: q == 1.0 - q,
            note="The minimum is among distributions: the slope there is the same for every event. With q = 2 it is "
            "chi_square.",
        ),
        reference="Tsallis (1998), Generalized entropy-based criterion for consistent testing, Physical Review E 58, "
        "1442–1445",
        example=f"{_DATA} tsallis",
    ),
    Loss(
        id="alpha_divergence",
        aliases=("amari_alpha_divergence",),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        summary="alpha divergence: a family with Hellinger (0.5), Kullback-Leibler (1) and half of chi_square (2)",
        formula="Σ (αp + (1−α)q − p^α q^(1−α))/(α(1 − α))",
        slope="(1 − (p/q)^α)/α, for each event, unconstrained",
        latex=r"\sum_k \frac{\alpha p_k + (1-\alpha) q_k - p_k^\alpha q_k^{1-\alpha}}{\alpha(1-\alpha)}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_power.alpha_divergence,
        params=(Param("alpha", 0.5, "order of the divergence; 1 gives kl_divergence in nats", POSITIVE),),
        facts=Facts(
            convex=True,
            low=0.0,
            high=_high_alpha,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=lambda alpha: alpha == 1.0 - alpha,
            note="Every event's term is at least 0. For alpha ≤ 0 exchange the columns and take 1 − alpha.",
        ),
        reference="Cichocki & Amari (2010), Families of alpha- beta- and gamma-divergences, Entropy 12, 1532–1568",
        example=f"{_DATA} alpha_divergence",
        note="Amari's own parameter is 1 − 2α or 2α − 1; here it is the power of p.",
    ),
    Loss(
        id="bhattacharyya",
        aliases=("bhattacharyya_distance",),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="Bhattacharyya distance: −log of the overlap of two distributions; half of renyi with alpha = 0.5",
        formula="−log_b Σ √(pq)",
        slope="−√(p/q)/(2 ln b × the sum), for each event, unconstrained",
        latex=r"-\log_b \sum_k \sqrt{p_k q_k}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_power.bhattacharyya,
        params=(BASE,),
        finish=divergence_power.finish_bhattacharyya,
        infinite="the two distributions give no event in common a probability above 0",
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note="+inf where the distributions share no event. The minimum is among distributions.",
        ),
        reference="Bhattacharyya (1943), On a measure of divergence between two statistical populations, Bulletin of "
        "the Calcutta Mathematical Society 35, 99–109",
        example=f"{_DATA} bhattacharyya",
    ),
    Loss(
        id="wasserstein1",
        aliases=("earth_movers_distance", "emd"),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        across=True,
        summary="earth mover's distance: least probability times distance to move, between ordered categories",
        formula="Σ |Q − P|, P and Q the cumulative sums of p and q",
        slope="Σ sign(Q − P) from the category on, unconstrained",
        latex=r"\sum_k \left|Q_k - P_k\right|",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_ordered.wasserstein1,
        facts=Facts(
            convex=True,
            lipschitz=_longest_sum,
            kinks=(0.0,),
            low=0.0,
            high=lambda columns: columns - 1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="Categories lie one apart, in the order of --classes, of numbers, or of the columns; "
            "the loss is at most K − 1 for K of them, and the norm of the slope √((K − 1)K(2K − 1)/6).",
        ),
        reference="Vaserstein (1969), Markov processes over denumerable products of spaces, Problems of Information "
        "Transmission 5, 47–52",
        example=f"{_ACROSS} wasserstein1",
        elsewhere=(Elsewhere("scipy.stats.wasserstein_distance"),),
        note="scipy.stats.wasserstein_distance(range(K), range(K), p, q).",
    ),
    Loss(
        id="energy_distance",
        task="distributions",
        kind=Kind.DISTRIBUTION,
        across=True,
        summary="energy distance: the root of twice cramer, between ordered categories",
        formula="√(2 Σ (Q − P)²), P and Q the cumulative sums of p and q",
        slope="2 Σ (Q − P) from the category on, over the distance; 0 where q = p",
        latex=r"\sqrt{2 \sum_k \left(Q_k - P_k\right)^2}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_ordered.energy_distance,
        facts=Facts(
            convex=True,
            lipschitz=lambda columns: math.sqrt(_sharpest(columns)),
            kinks=(0.0,),
            low=0.0,
            high=lambda columns: math.sqrt(2.0 * (columns - 1.0)),
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="Categories lie one apart, in the order of --classes, of numbers, or of the columns; "
            "the loss is at most √(2(K − 1)) for K of them.",
        ),
        reference="Székely & Rizzo (2013), Energy statistics: a class of statistics based on distances, Journal of "
        "Statistical Planning and Inference 143, 1249–1272",
        example=f"{_ACROSS} energy_distance",
        elsewhere=(Elsewhere("scipy.stats.energy_distance"),),
        note="scipy.stats.energy_distance(range(K), range(K), p, q). Székely's own is the square of it.",
    ),
    Loss(
        id="cramer",
        aliases=("cramer_distance",),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        across=True,
        summary="Cramér distance: squared difference of the cumulative sums of two distributions of ordered categories",
        formula="Σ (Q − P)², P and Q the cumulative sums of p and q",
        slope="2 Σ (Q − P) from the category on, unconstrained",
        latex=r"\sum_k \left(Q_k - P_k\right)^2",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence_ordered.cramer,
        facts=Facts(
            convex=True,
            lipschitz=lambda columns: 2.0 * _longest_sum(columns),
            smoothness=_sharpest,
            low=0.0,
            high=lambda columns: columns - 1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="Categories lie one apart, in the order of --classes, of numbers, or of the columns; "
            "the loss is at most K − 1 for K of them.",
        ),
        reference="Cramér (1928), On the composition of elementary errors, Scandinavian Actuarial Journal 11, 13–74",
        example=f"{_ACROSS} cramer",
        note="With a certain target it is the ranked probability score. Some take the root of it.",
    ),
)
