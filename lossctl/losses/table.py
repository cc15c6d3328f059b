"""The registry: every loss lossctl knows, in the catalogue's order. One row is all there is to say of a loss.

To add one, write its kernel in the module of its task and its row here: flags, help, validation, documentation,
curves and tests follow from the row. Imports core and the kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from lossctl.core.loss import NONNEGATIVE, POSITIVE, PROBABILITY, REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import information, regression

__all__ = ["LOSSES"]

_BASE = Param(
    "base",
    default=2.0,
    summary="base of the logarithm: 2 gives bits, e nats, 10 hartleys",
    domain=Domain(low=1.0, low_open=True),
    constants={"e": math.e},
)


def _information_unit(base: float) -> str:
    return {2.0: "bits", math.e: "nats", 10.0: "hartleys"}.get(base, f"log base {base:g}")


_ROWS = (
    Loss(
        id="mae",
        aliases=("l1", "mean_absolute_error"),
        task="regression",
        kind=Kind.REAL,
        summary="mean absolute error: the mean distance between prediction and target",
        formula="|ŷ − y|",
        slope="sign(ŷ − y), 0 at 0",
        latex=r"\left|\hat y - y\right|",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.mae,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The best constant prediction is the median. At the kink the slope is 0.",
        ),
        reference="Willmott & Matsuura (2005), Advantages of the mean absolute error over the root mean square "
        "error, Climate Research 30, 79–82",
        example="lossctl eval examples/data/preds.csv --loss mae",
        note="jax gives |x| the derivative 1 at 0; here it is 0.",
    ),
    Loss(
        id="smooth_l1",
        task="regression",
        kind=Kind.REAL,
        summary="absolute error, rounded off by a parabola within beta of the target",
        formula="(ŷ − y)²/(2β) if |ŷ − y| < β else |ŷ − y| − β/2",
        slope="(ŷ − y)/β if |ŷ − y| < β else sign(ŷ − y)",
        latex=r"\begin{cases}\frac{(\hat y - y)^2}{2\beta} & |\hat y - y| < \beta\\"
        r" |\hat y - y| - \frac{\beta}{2} & \text{otherwise}\end{cases}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.smooth_l1,
        params=(Param("beta", 1.0, "residual at which the parabola becomes a line; 0 gives mae", NONNEGATIVE),),
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            smoothness=lambda beta: 1.0 / beta if beta > 0.0 else None,
            kinks=lambda beta: () if beta > 0.0 else (0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="It is huber(delta=beta)/beta.",
        ),
        reference="Girshick (2015), Fast R-CNN, ICCV, equation 3, arXiv:1504.08083",
        example="lossctl eval examples/data/diabetes.csv --loss smooth_l1 --beta 20 --pred ridge",
        note="As in torch, the slope far out is 1 whatever beta is; that of huber is delta.",
    ),
    Loss(
        id="huber",
        task="regression",
        kind=Kind.REAL,
        summary="squared error near the target, absolute error beyond delta: outliers count, but not by their square",
        formula="(ŷ − y)²/2 if |ŷ − y| < δ else δ(|ŷ − y| − δ/2)",
        slope="ŷ − y, held within [−δ, δ]",
        latex=r"\begin{cases}\frac{1}{2}(\hat y - y)^2 & |\hat y - y| < \delta\\"
        r" \delta\left(|\hat y - y| - \frac{\delta}{2}\right) & \text{otherwise}\end{cases}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.huber,
        params=(Param("delta", 1.0, "residual at which the parabola becomes a line", POSITIVE),),
        facts=Facts(
            convex=True,
            lipschitz=lambda delta: delta,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The limits are half of mse as δ → ∞, and δ·mae as δ → 0.",
        ),
        reference="Huber (1964), Robust estimation of a location parameter, Annals of Mathematical Statistics 35, "
        "73–101",
        example="lossctl eval examples/data/preds.csv --loss huber --delta 1.0",
        note="Weights divide by their sum; torch divides a weighted huber by n.",
    ),
    Loss(
        id="mse",
        aliases=("l2", "mean_squared_error"),
        task="regression",
        kind=Kind.REAL,
        summary="mean squared error",
        formula="(ŷ − y)²",
        slope="2(ŷ − y)",
        latex=r"(\hat y - y)^2",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.mse,
        facts=Facts(
            convex=True,
            smoothness=2.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The best constant prediction is the mean.",
        ),
        reference="Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix",
        example="lossctl eval examples/data/preds.csv --loss mse",
        note="No factor ½: some libraries call half of this the squared error.",
    ),
    Loss(
        id="self_information",
        aliases=("surprisal", "code_length", "ignorance"),
        task="information",
        kind=Kind.REAL,
        summary="how surprising what happened was, given the probability predicted for it",
        formula="−log_b q",
        slope="−1/(q ln b)",
        latex=r"-\log_b q",
        target=None,
        prediction=PROBABILITY,
        kernel=information.self_information,
        params=(_BASE,),
        unit=_information_unit,
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
        summary="how uncertain the target itself is: what cross_entropy cannot go below",
        formula="−Σ p log_b p",
        slope="0: no prediction moves it",
        latex=r"-\sum_k p_k \log_b p_k",
        target=PROBABILITY,
        prediction=None,
        kernel=information.entropy,
        params=(_BASE,),
        unit=_information_unit,
        facts=Facts(
            convex=True,
            lipschitz=0.0,
            smoothness=0.0,
            low=0.0,
            note="It is at most log_b K for K events. It does not use the prediction, so its slope is 0.",
        ),
        reference="Shannon (1948), A mathematical theory of communication, Bell System Technical Journal 27, 379–423, "
        "section 6",
        example="lossctl eval examples/data/digit_shares.csv --loss entropy --target p --pred q",
    ),
    Loss(
        id="cross_entropy",
        task="information",
        kind=Kind.DISTRIBUTION,
        summary="code length of events from the target under a code made for the prediction",
        formula="−Σ p log_b q",
        slope="−p/(q ln b), for each event, unconstrained",
        latex=r"-\sum_k p_k \log_b q_k",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=information.cross_entropy,
        params=(_BASE,),
        unit=_information_unit,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=False,
            note="At least the entropy of the target, and equal to it where q = p alone. That minimum is among "
            "distributions: the slope there is the same for every event. It is +inf where q = 0 < p.",
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
        summary="code length wasted by a code made for the prediction: cross_entropy less entropy",
        formula="Σ p log_b(p/q)",
        slope="−p/(q ln b), for each event, unconstrained",
        latex=r"\sum_k p_k \log_b \frac{p_k}{q_k}",
        target=PROBABILITY,
        prediction=PROBABILITY,
        kernel=information.kl_divergence,
        params=(_BASE,),
        finish=information.floor_at_zero,
        unit=_information_unit,
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
        note="The target comes first: KL(p‖q). torch's kl_div takes log q, divides by the count unless told otherwise, "
        "and counts in nats.",
    ),
)

LOSSES: Mapping[str, Loss] = MappingProxyType({row.id: row for row in _ROWS})
"""Every loss by its id, in the catalogue's order. Read-only."""
