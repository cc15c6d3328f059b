"""Rows of distances between distributions, event by event. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import PROBABILITY, Facts, Kind, Loss
from lossctl.losses import divergence, information
from lossctl.losses.rows.information import BASE, information_unit

__all__ = ["ROWS"]

_DATA = "lossctl eval examples/data/digit_shares.csv --target p --pred q --loss"
_LIN = (
    "Lin (1991), Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37, 145–151"
)


def _root_unit(base: float) -> str:
    return f"√{information_unit(base)}"


def _one_bit(base: float) -> float:
    return math.log(2.0) / math.log(base)


def _root_of_one_bit(base: float) -> float:
    return math.sqrt(_one_bit(base))


ROWS = (
    Loss(
        id="reverse_kl",
        aliases=("reverse_kl_divergence",),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="reverse Kullback-Leibler divergence: of the prediction from the target",
        formula="Σ q log_b(q/p)",
        slope="(ln(q/p) + 1)/ln b, for each event, unconstrained",
        latex=r"\sum_k q_k \log_b \frac{q_k}{p_k}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.reverse_kl,
        params=(BASE,),
        finish=information.floor_at_zero,
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=False,
            note="0 where q = p alone, +inf where p = 0 < q. The slope is −inf, so unbounded, where q = 0 < p.",
        ),
        reference="Kullback & Leibler (1951), On information and sufficiency, Annals of Mathematical Statistics 22, "
        "79–86",
        example=f"{_DATA} reverse_kl",
        note="kl_divergence with the columns exchanged, but for the slope, which is by q. Down a file each term is "
        "rounded before they are added, which makes a divergence of d wrong by about 1e-16 √d.",
    ),
    Loss(
        id="jeffreys",
        aliases=("jeffreys_divergence", "symmetric_kl"),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="Jeffreys divergence: Kullback-Leibler divergence both ways, added",
        formula="Σ (q − p) log_b(q/p)",
        slope="(ln(q/p) + (q − p)/q)/ln b, for each event, unconstrained",
        latex=r"\sum_k (q_k - p_k) \log_b \frac{q_k}{p_k}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.jeffreys,
        params=(BASE,),
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="+inf where an event has a probability in one distribution alone.",
        ),
        reference="Jeffreys (1946), An invariant form for the prior probability in estimation problems, Proceedings of "
        "the Royal Society A 186, 453–461",
        example=f"{_DATA} jeffreys",
        note="Some call half of it symmetric; this is the sum, as Jeffreys has it.",
    ),
    Loss(
        id="jensen_shannon",
        aliases=("jensen_shannon_divergence", "js_divergence"),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="Jensen-Shannon divergence: mean divergence of target and prediction from their mixture; at most one "
        "bit",
        formula="½ Σ (p log_b(p/m) + q log_b(q/m)), m = (p + q)/2",
        slope="½ log_b(q/m), for each event, unconstrained",
        latex=r"\frac12 \sum_k \left(p_k \log_b \frac{p_k}{m_k} + q_k \log_b \frac{q_k}{m_k}\right)",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.jensen_shannon,
        params=(BASE,),
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            high=_one_bit,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The slope is −inf, so unbounded, where q = 0 < p.",
        ),
        reference=_LIN,
        example=f"{_DATA} jensen_shannon",
        note="This is the divergence. scipy's jensenshannon is its root, in nats unless told otherwise: see "
        "jensen_shannon_distance.",
    ),
    Loss(
        id="jensen_shannon_distance",
        aliases=("js_distance",),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="Jensen-Shannon distance: root of jensen_shannon, a metric",
        formula="√(½ Σ (p log_b(p/m) + q log_b(q/m))), m = (p + q)/2",
        slope="log_b(q/m)/(4 × the distance), for each event, unconstrained; 0 where q = p",
        latex=r"\sqrt{\frac12 \sum_k \left(p_k \log_b \frac{p_k}{m_k} + q_k \log_b \frac{q_k}{m_k}\right)}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.jensen_shannon_distance,
        root=divergence.jensen_shannon_roots,
        params=(BASE,),
        finish=divergence.finish_root,
        unit=_root_unit,
        facts=Facts(
            convex=False,
            kinks=(0.0,),
            low=0.0,
            high=_root_of_one_bit,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="A metric. Its slope is −inf, so unbounded, where q = 0 < p.",
        ),
        reference="Endres & Schindelin (2003), A new metric for probability distributions, IEEE Transactions on "
        "Information Theory 49, 1858–1860",
        example=f"{_DATA} jensen_shannon_distance",
        elsewhere=(Elsewhere("scipy.spatial.distance.jensenshannon", params={"base": "e"}),),
        note="scipy's jensenshannon is this with base=e unless told otherwise; it keeps no digit below 1e-8.",
    ),
    Loss(
        id="squared_hellinger",
        task="distributions",
        kind=Kind.DISTRIBUTION,
        summary="squared Hellinger distance: half the squared distance between the roots of the probabilities",
        formula="½ Σ (√p − √q)²",
        slope="(√q − √p)/(2√q), for each event, unconstrained",
        latex=r"\frac12 \sum_k \left(\sqrt{p_k} - \sqrt{q_k}\right)^2",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.squared_hellinger,
        facts=Facts(
            convex=True,
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The slope is −inf where q = 0 < p.",
        ),
        reference="Le Cam (1986), Asymptotic methods in statistical decision theory, Springer",
        example=f"{_DATA} squared_hellinger",
    ),
    Loss(
        id="hellinger",
        aliases=("hellinger_distance",),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        summary="Hellinger distance: 0 for equal distributions, 1 for those that share no event",
        formula="√(½ Σ (√p − √q)²)",
        slope="(√q − √p)/(4√q × the distance), for each event, unconstrained; 0 where q = p",
        latex=r"\sqrt{\frac12 \sum_k \left(\sqrt{p_k} - \sqrt{q_k}\right)^2}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.hellinger,
        root=divergence.hellinger_roots,
        finish=divergence.finish_root,
        facts=Facts(
            convex=False,
            kinks=(0.0,),
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="A metric. Its slope is −inf where q = 0 < p.",
        ),
        reference="Hellinger (1909), Neue Begründung der Theorie quadratischer Formen von unendlichvielen "
        "Veränderlichen, Journal für die reine und angewandte Mathematik 136, 210–271",
        example=f"{_DATA} hellinger",
        note="Some leave out the factor ½, which makes the largest distance √2.",
    ),
    Loss(
        id="total_variation",
        aliases=("total_variation_distance", "tv"),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        summary="total variation distance: the share of probability that would have to move",
        formula="½ Σ |q − p|",
        slope="½ sign(q − p), 0 at 0, for each event, unconstrained",
        latex=r"\frac12 \sum_k \left|q_k - p_k\right|",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.total_variation,
        facts=Facts(
            convex=True,
            lipschitz=lambda columns: math.sqrt(columns) / 2.0,
            kinks=(0.0,),
            low=0.0,
            high=1.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The slope by each event is −½ or ½, and 0 where q = p in that event.",
        ),
        reference="Levin, Peres & Wilmer (2009), Markov chains and mixing times, American Mathematical Society, "
        "chapter 4",
        example=f"{_DATA} total_variation",
        note="Some leave out the factor ½.",
    ),
    Loss(
        id="chi_square",
        aliases=("chi_squared", "pearson_divergence"),
        task="distributions",
        kind=Kind.DISTRIBUTION,
        summary="Pearson's chi-square: of the target against the prediction, per observation",
        formula="Σ (p − q)²/q",
        slope="1 − (p/q)², for each event, unconstrained",
        latex=r"\sum_k \frac{(p_k - q_k)^2}{q_k}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=divergence.chi_square,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="+inf where q = 0 < p.",
        ),
        reference="Pearson (1900), On the criterion that a given system of deviations…, Philosophical Magazine 50, "
        "157–175",
        example=f"{_DATA} chi_square",
        elsewhere=(Elsewhere("scipy.stats.chisquare", differs="is of counts: n times it"),),
        note="scipy.stats.chisquare(n·p, n·q) is n times this. scikit-learn's chi2 kernels divide by p + q.",
    ),
)
