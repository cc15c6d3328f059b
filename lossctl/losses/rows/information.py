"""Rows of information theory: surprise, entropy, and distances in bits. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import PROBABILITY, Domain, Facts, Kind, Loss, Param
from lossctl.losses import information

__all__ = ["BASE", "ROWS", "information_unit"]

BASE = Param(
    "base",
    default=2.0,
    summary="base of the logarithm: 2 gives bits, e nats, 10 hartleys",
    domain=Domain(low=1.0, low_open=True),
    constants={"e": math.e},
)


def information_unit(base: float) -> str:
    """Name the unit of information that a base of logarithms counts in."""
    return {2.0: "bits", math.e: "nats", 10.0: "hartleys"}.get(base, f"log base {base:g}")


ROWS = (
    Loss(
        id="self_information",
        aliases=("surprisal", "code_length", "ignorance"),
        task="information",
        kind=Kind.REAL,
        summary="self-information: −log of the probability given to what happened (surprisal)",
        formula="−log_b q",
        slope="−1/(q ln b)",
        latex=r"-\log_b q",
        target=None,
        prediction=PROBABILITY,
        kernel=information.self_information,
        params=(BASE,),
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            note="It is 0 at q = 1 and +inf at q = 0. The prediction column holds the probability given to the event "
            "that happened.",
        ),
        reference="Shannon (1948), A mathematical theory of communication, Bell System Technical Journal 27, 379–423",
        example="lossctl eval examples/data/digit_shares.csv --loss self_information --pred q",
    ),
    Loss(
        id="entropy",
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="entropy: how uncertain the target is; cross_entropy cannot be lower",
        formula="−Σ p log_b p",
        slope="0: no prediction moves it",
        latex=r"-\sum_k p_k \log_b p_k",
        target=PROBABILITY,
        prediction=None,
        kernel=information.entropy,
        params=(BASE,),
        unit=information_unit,
        facts=Facts(
            convex=True,
            lipschitz=0.0,
            smoothness=0.0,
            low=0.0,
            high=lambda base, columns: math.log(columns) / math.log(base),
            note="It is at most log_b K for K events. It does not use the prediction, so its slope is 0.",
        ),
        reference="Shannon (1948), A mathematical theory of communication, Bell System Technical Journal 27, 379–423, "
        "section 6",
        example="lossctl eval examples/data/digit_shares.csv --loss entropy --target p --pred q",
        elsewhere=(Elsewhere("scipy.stats.entropy", params={"base": "e"}),),
    ),
    Loss(
        id="cross_entropy",
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="cross-entropy: −Σ p log q, the code length of events from p under a code made for q",
        formula="−Σ p log_b q",
        slope="−p/(q ln b), for each event, unconstrained",
        latex=r"-\sum_k p_k \log_b q_k",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=information.cross_entropy,
        params=(BASE,),
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=False,
            note="At least the entropy of the target, and equal to it where q = p alone; near that the last bit may "
            "differ, for probabilities of 64 bits sum to 1 only within rounding. That minimum is among distributions: "
            "the slope there is the same for every event. It is +inf where q = 0 < p.",
        ),
        reference="Kerridge (1961), Inaccuracy and inference, Journal of the Royal Statistical Society B 23, 184–194",
        example="lossctl eval examples/data/digit_shares.csv --loss cross_entropy --target p --pred q",
        note="Takes two distributions. For labels and class probabilities see the multiclass losses. Nothing is "
        "clipped.",
    ),
    Loss(
        id="kl_divergence",
        aliases=("kl", "relative_entropy"),
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="Kullback-Leibler divergence: cross_entropy minus entropy, the code length wasted by predicting q",
        formula="Σ p log_b(p/q)",
        slope="−p/(q ln b), for each event, unconstrained",
        latex=r"\sum_k p_k \log_b \frac{p_k}{q_k}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=information.kl_divergence,
        params=(BASE,),
        finish=information.floor_at_zero,
        unit=information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=False,
            note="0 where q = p alone, and +inf where q = 0 < p. That minimum is among distributions: the slope there "
            "is the same for every event. Down a file the terms of single events can be negative; their sum is not.",
        ),
        reference="Kullback & Leibler (1951), On information and sufficiency, Annals of Mathematical Statistics 22, "
        "79–86",
        example="lossctl eval examples/data/digit_shares.csv --loss kl_divergence --target p --pred q",
        elsewhere=(
            Elsewhere(
                "torch.nn.KLDivLoss",
                also="torch.nn.functional.kl_div",
                differs=(
                    "takes the logarithm of q, and divides by the number of all elements unless reduction='batchmean'"
                ),
                params={"base": "e"},
            ),
            Elsewhere(
                "keras.losses.KLDivergence",
                also="keras.losses.kl_divergence keras.metrics.KLDivergence KLD",
                params={"base": "e"},
            ),
            Elsewhere("optax.losses.kl_divergence", differs="takes the logarithm of q", params={"base": "e"}),
            Elsewhere("scipy.stats.entropy(pk, qk)", params={"base": "e"}),
            Elsewhere("scipy.special.rel_entr", differs="gives the terms of it", params={"base": "e"}),
            Elsewhere("torchmetrics.KLDivergence", params={"base": "e"}),
        ),
        note="The target comes first: KL(p‖q). torch's kl_div takes log q, divides by the count unless told otherwise, "
        "and counts in nats. Down a file each term is rounded before they are added, which makes a divergence of d "
        "wrong by about 1e-16 √d; across columns it keeps all its digits.",
    ),
)
