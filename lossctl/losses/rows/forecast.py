"""Rows of losses of forecasts that are a location and a scale. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import POSITIVE, REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import crps, forecast

__all__ = ["ROWS"]

_EXAMPLE = "lossctl eval examples/data/diabetes_forecasts.csv --loss {} --scale prediction_scale"
_JORDAN = (
    "Jordan, Krüger & Lerch (2019), Evaluating probabilistic forecasts with scoringRules, Journal of Statistical "
    "Software 90(12), appendix A"
)
_CRPS = "Jointly convex in location and scale; for a scale near 0 it is mae."
_UNBOUNDED = "Unbounded below: the logarithm of the scale has no floor, and none is put there."

_HAS_A_MEAN = Domain(low=1.0, low_open=True)

ROWS = (
    Loss(
        id="gaussian_nll",
        aliases=("normal_nll",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="Gaussian negative log-likelihood: of the target, with predicted mean and scale",
        formula="z²/2 + ln σ with z = (μ − y)/σ, plus ½ ln 2π if full",
        slope="z/σ by μ, (1 − z²)/σ by σ; with variance (1 − z²)/2σ² by σ²",
        latex=r"\frac{1}{2} \left(\frac{\mu - y}{\sigma}\right)^2 + \ln \sigma \; [+ \tfrac{1}{2} \ln 2\pi]",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.gaussian_nll,
        params=(
            Param("full", default=False, summary="add ½ ln 2π: the loss is then the exact −log of the density"),
            Param("variance", default=False, summary="the scale column holds variances σ², not standard deviations σ"),
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
        elsewhere=(
            Elsewhere(
                "torch.nn.GaussianNLLLoss", also="torch.nn.functional.gaussian_nll_loss", params={"variance": True}
            ),
            Elsewhere("torch.distributions.Normal", differs="gives `log_prob`, minus it", params={"full": True}),
            Elsewhere("scoringrules.logs_normal", params={"full": True}),
            Elsewhere("scipy.stats.norm.logpdf", differs="is minus it", params={"full": True}),
        ),
        note="torch's gaussian_nll_loss takes variances (variance=true) and raises one below 1e-6 to 1e-6: a forecast "
        "that is surer than that is scored as another. SciPy's norm.logpdf and scoringrules' logs_normal are full.",
    ),
    Loss(
        id="laplace_nll",
        aliases=("laplacian_nll", "logs_laplace"),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="Laplace negative log-likelihood: of the target, with predicted location and scale",
        formula="|z| + ln 2σ with z = (μ − y)/σ",
        slope="sign(μ − y)/σ by μ, 0 where μ = y; (1 − |z|)/σ by σ",
        latex=r"\frac{|\mu - y|}{\sigma} + \ln 2\sigma",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.laplace_nll,
        unit="nats",
        facts=Facts(
            convex=False,
            kinks=(0.0,),
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_UNBOUNDED} For a given residual σ = |μ − y| is best.",
        ),
        reference="Laplace (1774), Mémoire sur la probabilité des causes par les évènements, Mémoires de l'Académie "
        "royale des sciences présentés par divers savans 6, 621–656",
        example=_EXAMPLE.format("laplace_nll"),
        elsewhere=(
            Elsewhere("torch.distributions.Laplace", differs="gives `log_prob`, minus it"),
            Elsewhere("scoringrules.logs_laplace"),
            Elsewhere("scipy.stats.laplace.logpdf", differs="is minus it"),
        ),
        note="The scale is b, the mean of |μ − y|; the standard deviation is √2 times that. As scoringrules' "
        "logs_laplace, which is inf from 745 scales on, and torch.distributions.Laplace.",
    ),
    Loss(
        id="logistic_nll",
        aliases=("logs_logistic",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="logistic negative log-likelihood: of the target, with predicted location and scale",
        formula="|z| + 2 ln(1 + e^(−|z|)) + ln σ with z = (μ − y)/σ",
        slope="tanh(z/2)/σ by μ, (1 − z tanh(z/2))/σ by σ",
        latex=r"|z| + 2 \ln\left(1 + e^{-|z|}\right) + \ln \sigma, \quad z = \frac{\mu - y}{\sigma}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.logistic_nll,
        unit="nats",
        facts=Facts(
            convex=False,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_UNBOUNDED} For a given residual σ = |μ − y|/1.5434 is best.",
        ),
        reference=_JORDAN,
        example=_EXAMPLE.format("logistic_nll"),
        elsewhere=(
            Elsewhere("scoringrules.logs_logistic"),
            Elsewhere("scipy.stats.logistic.logpdf", differs="is minus it"),
        ),
        note="The scale is s; the standard deviation is πs/√3. As scoringrules' logs_logistic, which is "
        "NaN where the target lies 355 scales below, and inf 746 above. `logistic` is another loss, of binary labels.",
    ),
    Loss(
        id="student_t_nll",
        aliases=("t_nll", "logs_t"),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="Student's t negative log-likelihood: of the target, with predicted location and scale; for heavy "
        "tails",
        formula="(ν+1)/2 ln(1 + z²/ν) + ln σ + ln √(νπ) Γ(ν/2)/Γ((ν+1)/2) with z = (μ − y)/σ, ν = df",
        slope="(ν+1) z/(ν + z²)/σ by μ, (1 − z²)/(1 + z²/ν)/σ by σ",
        latex=r"\frac{\nu + 1}{2} \ln\left(1 + \frac{z^2}{\nu}\right) + \ln \frac{\sigma \sqrt{\nu\pi}\, "
        r"\Gamma(\nu/2)}{\Gamma((\nu + 1)/2)}, \quad z = \frac{\mu - y}{\sigma}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.student_t_nll,
        params=(
            Param("df", 4.0, "degrees of freedom: 1 is the Cauchy distribution, many approach the normal", POSITIVE),
        ),
        unit="nats",
        facts=Facts(
            convex=False,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_UNBOUNDED} For a given residual σ = |μ − y| is best, whatever the degrees of freedom.",
        ),
        reference="Lange, Little & Taylor (1989), Robust statistical modeling using the t distribution, Journal of the "
        "American Statistical Association 84, 881–896",
        example=_EXAMPLE.format("student_t_nll"),
        elsewhere=(
            Elsewhere("torch.distributions.StudentT", differs="gives `log_prob`, minus it"),
            Elsewhere("scoringrules.logs_t"),
            Elsewhere("scipy.stats.t.logpdf", differs="is minus it"),
        ),
        note="The scale is no standard deviation, which is √(df/(df − 2)) times it. As scoringrules' logs_t and "
        "torch.distributions.StudentT, which lose the constant where there are many degrees of freedom: "
        "torch's is off by 8e-4 at 1e12.",
    ),
    Loss(
        id="lognormal_nll",
        aliases=("logs_lognormal",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="log-normal negative log-likelihood: of the target, with predicted location and scale of its logarithm",
        formula="z²/2 + ln σ + ln y + ½ ln 2π with z = (μ − ln y)/σ",
        slope="z/σ by μ, (1 − z²)/σ by σ",
        latex=r"\frac{1}{2} \left(\frac{\mu - \ln y}{\sigma}\right)^2 + \ln \sigma + \ln y + \tfrac{1}{2} \ln 2\pi",
        target=POSITIVE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.lognormal_nll,
        unit="nats",
        facts=Facts(
            convex=False,
            minimum_at_target=True,
            slope_vanishes=False,
            note=f"{_UNBOUNDED} For a given scale μ = ln y is best, for a given location σ = |μ − ln y|.",
        ),
        reference="Aitchison & Brown (1957), The lognormal distribution, Cambridge University Press",
        example="lossctl eval examples/data/diabetes_forecasts.csv --loss lognormal_nll --pred log_prediction "
        "--scale log_prediction_scale",
        elsewhere=(
            Elsewhere("torch.distributions.LogNormal", differs="gives `log_prob`, minus it"),
            Elsewhere("scoringrules.logs_lognormal"),
            Elsewhere(
                "scipy.stats.lognorm.logpdf", differs="is minus it, with `s` the scale and `scale` e to the location"
            ),
            Elsewhere(
                "xgboost: aft-nloglik",
                also="survival:aft",
                differs=(
                    "is of times that may be censored; of times all seen and normal errors of their logarithm it is "
                    "the same"
                ),
            ),
        ),
        note="As scoringrules' logs_lognormal and torch.distributions.LogNormal. In SciPy it is lognorm(s=σ, "
        "scale=e^μ). gaussian_nll of the logarithm of the target differs by ln y, which no forecast moves.",
    ),
    Loss(
        id="dawid_sebastiani",
        aliases=("dss",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="Dawid-Sebastiani score: squared error in units of the predicted scale, plus twice the log of the "
        "scale",
        formula="z² + 2 ln σ with z = (μ − y)/σ",
        slope="2z/σ by μ, 2(1 − z²)/σ by σ",
        latex=r"\left(\frac{\mu - y}{\sigma}\right)^2 + 2 \ln \sigma",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=forecast.dawid_sebastiani,
        facts=Facts(
            convex=False,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_UNBOUNDED} Proper for any distribution that has a variance, and twice gaussian_nll.",
        ),
        reference="Dawid & Sebastiani (1999), Coherent dispersion criteria for optimal experimental design, Annals of "
        "Statistics 27, 65–81",
        example=_EXAMPLE.format("dawid_sebastiani"),
        elsewhere=(
            Elsewhere(
                "scoringrules.dssuv_ensemble",
                differs="is of an ensemble, by its mean and its standard deviation over n − 1, here of these two",
            ),
        ),
        note="scoringrules and scoringRules compute it of ensembles, with the variance of the members.",
    ),
    Loss(
        id="crps_normal",
        aliases=("crps_gaussian",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="CRPS of a normal distribution: in the unit of the data, like mae",
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
        elsewhere=(Elsewhere("scoringrules.crps_normal"), Elsewhere("properscoring.crps_gaussian", differs=UNCOMPARED)),
        note="As scoringrules' crps_normal. In the unit of the data, like mae.",
    ),
    Loss(
        id="crps_laplace",
        aliases=("crps_laplacian",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="CRPS of a Laplace distribution: in the unit of the data, like mae",
        formula="σ(|z| + e^(−|z|) − ¾) with z = (μ − y)/σ",
        slope="sign(z)(1 − e^(−|z|)) by μ, (1 + |z|) e^(−|z|) − ¾ by σ",
        latex=r"\sigma \left( |z| + e^{-|z|} - \frac{3}{4} \right), \quad z = \frac{\mu - y}{\sigma}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=crps.crps_laplace,
        facts=Facts(
            convex=True,
            lipschitz=1.25,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_CRPS} Its least value for a scale is σ/4, at μ = y.",
        ),
        reference=_JORDAN,
        example=_EXAMPLE.format("crps_laplace"),
        elsewhere=(Elsewhere("scoringrules.crps_laplace"),),
        note="The scale is b, the mean of |μ − y|. As scoringrules' crps_laplace. In the unit of the data, like mae.",
    ),
    Loss(
        id="crps_logistic",
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="CRPS of a logistic distribution: in the unit of the data, like mae",
        formula="σ(|z| + 2 ln(1 + e^(−|z|)) − 1) with z = (μ − y)/σ",
        slope="tanh(z/2) by μ, 2 ln(1 + e^(−|z|)) − 1 + 2|z|/(1 + e^|z|) by σ",
        latex=r"\sigma \left( |z| + 2 \ln\left(1 + e^{-|z|}\right) - 1 \right), \quad z = \frac{\mu - y}{\sigma}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=crps.crps_logistic,
        facts=Facts(
            convex=True,
            lipschitz=math.sqrt(2.0),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=f"{_CRPS} Its least value for a scale is 0.386 σ, at μ = y.",
        ),
        reference=_JORDAN,
        example=_EXAMPLE.format("crps_logistic"),
        elsewhere=(Elsewhere("scoringrules.crps_logistic"),),
        note="The scale is s; the standard deviation is πs/√3. As scoringrules' crps_logistic, which is inf "
        "where the target lies 710 scales below. In the unit of the data, like mae.",
    ),
    Loss(
        id="crps_student_t",
        aliases=("crps_t",),
        task="forecast",
        kind=Kind.PARAMETRIC,
        summary="CRPS of Student's t distribution: in the unit of the data, like mae",
        formula="σ(z(2F(z) − 1) + 2f(z)(ν + z²)/(ν − 1) − 2√ν B(½, ν−½)/((ν − 1) B(½, ν/2)²)) with z = (μ − y)/σ, "
        "ν = df, f and F the density and the distribution function",
        slope="2F(z) − 1 by μ, (ℓ − (μ − y)(2F(z) − 1))/σ by σ",
        latex=r"\sigma \left( z (2F_\nu(z) - 1) + 2 f_\nu(z) \frac{\nu + z^2}{\nu - 1} - \frac{2\sqrt{\nu}}{\nu - 1} "
        r"\frac{B(\frac{1}{2}, \nu - \frac{1}{2})}{B(\frac{1}{2}, \frac{\nu}{2})^2} \right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        scale=POSITIVE,
        kernel=crps.crps_student_t,
        params=(Param("df", 4.0, "degrees of freedom, above 1; many approach the normal distribution", _HAS_A_MEAN),),
        facts=Facts(
            convex=True,
            lipschitz=crps.steepest_student_t,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=False,
            symmetric=True,
            note=_CRPS,
        ),
        reference=_JORDAN,
        example=_EXAMPLE.format("crps_student_t"),
        elsewhere=(Elsewhere("scoringrules.crps_t"),),
        note="As scoringrules' crps_t, which loses digits as df nears 1, and the constant from 1e16 on. The scale is "
        "no standard deviation, which is √(df/(df − 2)) times it. In the unit of the data, like mae.",
    ),
)
