"""Rows of forecasts by intervals and quantiles. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.errors import UsageError
from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.core.types import Array
from lossctl.losses import quantiles

__all__ = ["ROWS"]

_ROUNDING = 1e-9
"""How far two levels may be from a sum of 1: 0.05 and 0.95 miss it by 5e-17."""


def _levels_pair_up(levels: Array) -> None:
    """Refuse levels without the median, and those that are no ends of a central interval."""
    shown = ", ".join(f"{level:g}" for level in levels)
    cure = "bind levels that pair up about 0.5, such as 0.05, 0.5, 0.95, or choose crps_quantile, which takes any"
    alone = [one for one in levels if min(abs(one + other - 1.0) for other in levels) > _ROUNDING]
    if alone:
        problem = f"weighted_interval_score needs level {1.0 - alone[0]:g} beside {alone[0]:g}, and has {shown}"
        raise UsageError(problem, cure)
    if min(abs(one - 0.5) for one in levels) > _ROUNDING:
        raise UsageError(f"weighted_interval_score needs the median, level 0.5, and has {shown}", cure)


ROWS = (
    Loss(
        id="interval_score",
        aliases=("winkler", "winkler_score"),
        task="forecast",
        kind=Kind.INTERVAL,
        summary="interval score: width of a prediction interval, plus 2/α for each unit by which the target misses it",
        formula="(u − l) + (2/α) max(0, l − y, y − u) for the interval from l to u",
        slope="by l: −1, plus 2/α if y < l; by u: 1, minus 2/α if y > u; 0 by an end that y lies on",
        latex=r"(u - l) + \frac{2}{\alpha} \max(0,\ l - y,\ y - u)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=quantiles.interval_score,
        params=(
            Param(
                "alpha",
                0.05,
                "share of targets outside the interval: 0.05 for a central 95 % interval",
                Domain(low=0.0, high=1.0, low_open=True, high_open=True),
            ),
        ),
        facts=Facts(
            convex=True,
            lipschitz=lambda alpha: math.hypot(2.0 / alpha - 1.0, 1.0),
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="The slope by an end jumps where it meets the target. The best ends are the quantiles of the "
            "levels α/2 and 1 − α/2.",
        ),
        reference="Winkler (1972), A decision-theoretic approach to interval estimation, Journal of the American "
        "Statistical Association 67, 187–191",
        example="lossctl eval examples/data/diabetes_quantiles.csv --loss interval_score --alpha 0.1 -p q0.05,q0.95",
        elsewhere=(Elsewhere("scoringrules.interval_score"),),
        note="alpha is the share missed, as in scoringrules' interval_score; where a library asks for the coverage, it "
        "is 1 − alpha. Without --alpha it is read from names such as lo-90 and hi-90, or q0.05 and q0.95. "
        "An interval whose lower end is above its upper one is a data error.",
    ),
    Loss(
        id="weighted_interval_score",
        aliases=("wis",),
        task="forecast",
        kind=Kind.QUANTILES,
        summary="weighted interval score: absolute error of the median and interval scores of all levels, averaged",
        formula="(½|y − m| + Σ (α/2) IS_α)/(K + ½) over the K intervals with ends of the levels α/2 and 1 − α/2",
        slope="by q of level τ: (1 − τ)/(K + ½) if q > y, −τ/(K + ½) if q < y, else 0",
        latex=r"\frac{1}{K + \frac{1}{2}} \left(\frac{1}{2}|y - m| + \sum_{k=1}^{K} \frac{\alpha_k}{2}"
        r" \mathrm{IS}_{\alpha_k}(l_k, u_k; y)\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=quantiles.crps_quantile,
        check_columns=_levels_pair_up,
        facts=Facts(
            convex=True,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="Slopes are bounded; that by a quantile jumps where it meets the target. It is crps_quantile of "
            "levels that pair up.",
        ),
        reference="Bracher, Ray, Gneiting & Reich (2021), Evaluating epidemic forecasts in an interval format, PLOS "
        "Computational Biology 17, e1008618",
        example="lossctl eval examples/data/diabetes_quantiles.csv --loss wis -p 'q*'",
        elsewhere=(
            Elsewhere(
                "scoringrules.weighted_interval_score",
                differs="adds half of the median in place of half of its error: its score depends on where zero is",
            ),
        ),
        note="scoringrules 0.10 adds half of the median itself in place of half of its absolute error, so that its "
        "score depends on where zero is.",
    ),
    Loss(
        id="crps_quantile",
        task="forecast",
        kind=Kind.QUANTILES,
        summary="CRPS from quantiles: twice the mean pinball loss of all levels",
        formula="(2/K) Σ (τ(y − q) if q < y else (1 − τ)(q − y)) over the K levels τ, each with weight 1/K",
        slope="by q of level τ: 2(1 − τ)/K if q > y, −2τ/K if q < y, else 0",
        latex=r"\frac{2}{K} \sum_{k=1}^{K} \left(\mathbb{1}[y \le q_k] - \tau_k\right)(q_k - y)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=quantiles.crps_quantile,
        facts=Facts(
            convex=True,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            note="Slopes are bounded; that by a quantile jumps where it meets the target. It tends to the CRPS as "
            "evenly spread levels become many.",
        ),
        reference="Laio & Tamea (2007), Verification tools for probabilistic forecasts of continuous hydrological "
        "variables, Hydrology and Earth System Sciences 11, 1267–1277",
        example="lossctl eval examples/data/diabetes_quantiles.csv --loss crps_quantile -p 'q*'",
        elsewhere=(Elsewhere("scoringrules.crps_quantile"),),
        note="Every level counts the same, also where they are not evenly spread. As scoringrules' crps_quantile; the "
        "mean over the levels of scikit-learn's mean_pinball_loss is half of it.",
    ),
)
