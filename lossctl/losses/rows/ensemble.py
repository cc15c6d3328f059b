"""Rows of ensemble forecasts. Imports core and the kernels."""

from __future__ import annotations

from lossctl.core.errors import UsageError
from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import ensemble

__all__ = ["ROWS"]

_PAIR = 2
_POWERS = Domain(low=0.0, high=2.0, low_open=True)
"""Those of the variograms in use: of order 2, of order 1, and the square root of the latter."""

_ESTIMATOR = Param(
    "estimator",
    "standard",
    "standard scores the members as the whole forecast; fair scores the distribution that they are a sample of",
    choices=("standard", "fair"),
)
_GNEITING = (
    "Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, Journal of the American "
    "Statistical Association 102, 359–378"
)
_FAIR = (
    "scoringrules calls the standard estimator nrg; its fair is the one here, and for one number its pwm too. Fair "
    "scores of ensembles of different sizes compare; standard ones favour the larger."
)


def _enough(name: str, members: int, estimator: str) -> None:
    if estimator == "fair" and members < _PAIR:
        raise UsageError(
            f"{name} needs at least 2 members for its fair estimator, and there is {members}",
            "bind more columns, or choose estimator=standard",
        )


def _of_one_number(members: int, estimator: str, components: int = 1) -> None:
    if components > 1:
        raise UsageError(
            f"crps_ensemble takes one number a row as its target, and there are {components}",
            "choose energy_score, which is the same for vectors, or name one target with -t COLUMN",
        )
    _enough("crps_ensemble", members, estimator)


def _of_vectors(members: int, estimator: str, components: int = 1) -> None:  # noqa: ARG001 -- any number will do
    _enough("energy_score", members, estimator)


def _of_pairs(members: int, p: float, components: int = _PAIR) -> None:  # noqa: ARG001 -- called with all there is
    if components < _PAIR:
        raise UsageError(
            "variogram_score compares the numbers of a target with each other, and there is one a row",
            "name several targets with a glob: -t 'y_*'",
        )


ROWS = (
    Loss(
        id="crps_ensemble",
        task="forecast",
        kind=Kind.ENSEMBLE,
        summary="CRPS of an ensemble: mean distance of members to the target, minus half of that between members",
        formula="(1/M) Σ |xᵢ − y| − (1/(2M²)) ΣΣ |xᵢ − xⱼ|; fair: with M(M − 1) for M²",
        slope="by the member in place i from below: −(2i − 1)/M² if x < y, (2(M − i) + 1)/M² if x > y; fair: "
        "−2(i − 1)/(M(M − 1)) and 2(M − i)/(M(M − 1)); 0 if x = y",
        latex=r"\frac{1}{M} \sum_{i} |x_i - y| - \frac{1}{2 M^2} \sum_{i} \sum_{j} |x_i - x_j|"
        r" \quad [M(M-1) \text{ for } M^2]",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ensemble.crps_ensemble,
        params=(_ESTIMATOR,),
        check_columns=_of_one_number,
        vectors=0,
        facts=Facts(
            convex=False,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="Slopes are bounded by 2/M. That by a member jumps where it meets the target or another; members that "
            "tie share theirs evenly. Of one member it is mae.",
        ),
        reference="Hersbach (2000), Decomposition of the continuous ranked probability score for ensemble prediction "
        "systems, Weather and Forecasting 15, 559–570; fair: Ferro (2014), Fair scores for ensemble forecasts, "
        "Quarterly Journal of the Royal Meteorological Society 140, 1917–1923",
        example="lossctl eval examples/data/diabetes_ensemble.csv --loss crps_ensemble -p 'm_*'",
        elsewhere=(
            Elsewhere("scoringrules.crps_ensemble", note="its `nrg` is `standard`"),
            Elsewhere("properscoring.crps_ensemble", differs=UNCOMPARED),
        ),
        note=f"{_FAIR} scoringrules' own default, qd, takes members that are sorted already if told so.",
    ),
    Loss(
        id="energy_score",
        task="forecast",
        kind=Kind.ENSEMBLE,
        summary="energy score: crps_ensemble for vectors",
        formula="(1/M) Σ ‖xᵢ − y‖ − (1/(2M²)) ΣΣ ‖xᵢ − xⱼ‖; fair: with M(M − 1) for M²",
        slope="(1/M)(xᵢ − y)/‖xᵢ − y‖ − (1/M²) Σⱼ (xᵢ − xⱼ)/‖xᵢ − xⱼ‖; fair: with M(M − 1) for M²; 0 if xᵢ = y",
        latex=r"\frac{1}{M} \sum_{i} \lVert x_i - y \rVert - \frac{1}{2 M^2} \sum_{i} \sum_{j} \lVert x_i - x_j \rVert"
        r" \quad [M(M-1) \text{ for } M^2]",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ensemble.energy_score,
        params=(_ESTIMATOR,),
        check_columns=_of_vectors,
        vectors=0,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="Slopes are bounded by 2/M for each member. Two members that tie do not pull at each other. The time "
            "grows with the square of the number of members; for one number a row crps_ensemble is the same, faster.",
        ),
        reference=_GNEITING,
        example="lossctl eval examples/data/iris_ensemble.csv --loss energy_score -t 'y_*' -p 'm*_*'",
        elsewhere=(Elsewhere("scoringrules.es_ensemble"),),
        note=f"All components count the same: bring them to one scale first. {_FAIR}",
    ),
    Loss(
        id="variogram_score",
        task="forecast",
        kind=Kind.ENSEMBLE,
        summary="variogram score: squared error of an ensemble's differences between components, to a power",
        formula="Σᵢ Σⱼ (|yᵢ − yⱼ|^p − (1/M) Σₘ |xₘᵢ − xₘⱼ|^p)² over all ordered pairs of components i, j",
        slope="Σⱼ (4p/M) dᵢⱼ |xₘᵢ − xₘⱼ|^(p−1) sign(xₘᵢ − xₘⱼ) with dᵢⱼ = (1/M) Σₘ |xₘᵢ − xₘⱼ|^p − |yᵢ − yⱼ|^p",
        latex=r"\sum_{i} \sum_{j} \left(|y_i - y_j|^p - \frac{1}{M} \sum_{m} |x_{mi} - x_{mj}|^p\right)^2",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=ensemble.variogram_score,
        params=(Param("p", 0.5, "power of the differences; the larger, the more large differences count", _POWERS),),
        check_columns=_of_pairs,
        vectors=0,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="It does not change where all components of the target, or of a member, move by one step, so that it "
            "says nothing of a bias they share. For p below 1 slopes are unbounded as two components of a member come "
            "close, and 0 where they meet.",
        ),
        reference="Scheuerer & Hamill (2015), Variogram-based proper scoring rules for probabilistic forecasts of "
        "multivariate quantities, Monthly Weather Review 143, 1321–1334",
        example="lossctl eval examples/data/iris_ensemble.csv --loss variogram_score -t 'y_*' -p 'm*_*'",
        elsewhere=(Elsewhere("scoringrules.vs_ensemble"),),
        note="Each pair of components counts twice, with weight 1, as in scoringrules and in the paper.",
    ),
)
