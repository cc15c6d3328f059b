"""Rows of losses of forecasts that are a location and a scale. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.loss import POSITIVE, REAL_LINE, Facts, Kind, Loss, Param
from lossctl.losses import crps, forecast

__all__ = ["ROWS"]

_EXAMPLE = "lossctl eval examples/data/diabetes_forecasts.csv --loss {} --scale prediction_scale"
_JORDAN = (
    "Jordan, Krüger & Lerch (2019), Evaluating probabilistic forecasts with scoringRules, Journal of Statistical "
    "Software 90(12), appendix A"
)
_CRPS = "Jointly convex in location and scale; for a scale near 0 it is mae."
_UNBOUNDED = "Unbounded below: the logarithm of the scale has no floor, and none is put there."

ROWS = (
    Loss(
        id="gaussian_nll",
        aliases=("normal_nll", "logs_normal"),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="negative log-likelihood of the target under a normal distribution with the predicted mean and scale",
        formula="z²/2 + ln σ with z = (μ − y)/σ, plus ½ ln 2π if full",
        slope="z/σ by μ, (1 − z²)/σ by σ; with variance (1 − z²)/2σ² by σ²",
        latex=r"\frac{1}{2} \left(\frac{\mu - y}{\sigma}\right)^2 + \ln \sigma \; [+ \tfrac{1}{2} \ln 2\pi]",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.gaussian_nll,
        params=(
            Param("full", default=False, summary="add ½ ln 2π, which makes it the exact −log of the density"),
            Param("variance", default=False, summary="the scale column holds variances σ², not σ"),
        ),
        unit="nats",
        facts=Facts(
            convex=False,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_UNBOUNDED} For a given residual σ = |μ − y| is best.",
        ),
        reference="Good (1952), Rational decisions, Journal of the Royal Statistical Society B 14, 107–114",
        example=_EXAMPLE.format("gaussian_nll"),
        note="torch's gaussian_nll_loss takes variances (variance=true) and raises one below 1e-6 to 1e-6: a forecast "
        "that is surer than that is scored as another. SciPy's norm.logpdf and scoringrules' logs_normal are full.",
    ),
    Loss(
        id="crps_normal",
        aliases=("crps_gaussian",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="continuous ranked probability score of a normal distribution: absolute error that asks for a "
        "distribution",
        formula="σ(z(2Φ(z) − 1) + 2φ(z) − 1/√π) with z = (μ − y)/σ",
        slope="2Φ(z) − 1 by μ, 2φ(z) − 1/√π by σ",
        latex=r"\sigma \left( z (2\Phi(z) - 1) + 2\varphi(z) - \frac{1}{\sqrt{\pi}} \right), \quad z = "
        r"\frac{\mu - y}{\sigma}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=crps.crps_normal,
        facts=Facts(
            convex=True,
            lipschitz=math.sqrt(1.0 + 1.0 / math.pi),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_CRPS} Its least value for a scale is 0.234 σ, at μ = y.",
        ),
        reference="Gneiting, Raftery, Westveld & Goldman (2005), Calibrated probabilistic forecasting using ensemble "
        "model output statistics and minimum CRPS estimation, Monthly Weather Review 133, 1098–1118, equation 5",
        example=_EXAMPLE.format("crps_normal"),
        note="As scoringrules' crps_normal. In the unit of the data, like mae.",
    ),
)
