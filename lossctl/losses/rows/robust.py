"""Rows of robust losses: an outlier counts for less than its square. Imports core and the kernels."""

from __future__ import annotations

import math

from lossctl.core.errors import UsageError
from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import POSITIVE, REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import adaptive, robust

__all__ = ["ROWS"]

_HOLLAND = (
    "Holland & Welsch (1977), Robust regression using iteratively reweighted least-squares, "
    "Communications in Statistics: Theory and Methods 6, 813–827"
)
_REDESCENDING = "Not convex: the slope falls back towards 0, so that a far outlier no longer pulls."
_EFFICIENT = "for errors of variance 1 the default is 95 % as efficient as least squares"
_SHAPE = Domain(high=2.0)


def _steepest(alpha: float, c: float) -> float | None:
    """Return the largest slope of `barron`: at t² = (2 − α)/(1 − α) for α < 1, at infinity for α = 1."""
    if alpha >= 1.0:
        return 1.0 / c if alpha == 1.0 else None
    return math.pow((2.0 - alpha) / (1.0 - alpha), (alpha - 1.0) / 2.0) / c


def _in_order(a: float, b: float, c: float) -> None:
    if not a <= b < c:
        raise UsageError(
            f"hampel(a={a!r},b={b!r},c={c!r}): the slope cannot rise until a, stay until b and fall until c",
            "choose them so that a ≤ b < c",
        )


ROWS = (
    Loss(
        id="log_cosh",
        aliases=("logcosh",),
        task="robust",
        kind=Kind.REAL,
        summary="log-cosh loss: half of squared error near the target, absolute error far away",
        formula="ln cosh(ŷ − y)",
        slope="tanh(ŷ − y)",
        latex=r"\ln \cosh\left(\hat y - y\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.log_cosh,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="About r²/2 near the target and |r| − ln 2 far from it.",
        ),
        reference="Green (1990), Bayesian reconstructions from emission tomography data using a modified EM algorithm, "
        "IEEE Transactions on Medical Imaging 9, 84–93",
        example="lossctl eval examples/data/preds.csv --loss log_cosh",
        elsewhere=(
            Elsewhere("keras.losses.LogCosh", also="keras.losses.log_cosh keras.metrics.LogCoshError"),
            Elsewhere("optax.log_cosh"),
            Elsewhere("torchmetrics.LogCoshError"),
        ),
        note="Keras and optax subtract ln 2 from a sum and give 0 for a residual of 1e-9, where the loss is 5e-19; "
        "torchmetrics takes cosh itself, which overflows for a residual of 711.",
    ),
    Loss(
        id="pseudo_huber",
        aliases=("charbonnier",),
        task="robust",
        kind=Kind.REAL,
        summary="pseudo-Huber loss: a smooth Huber loss, quadratic near the target and linear far away",
        formula="δ²(√(1 + ((ŷ − y)/δ)²) − 1)",
        slope="(ŷ − y)/√(1 + ((ŷ − y)/δ)²)",
        latex=r"\delta^2\left(\sqrt{1 + \left(\frac{\hat y - y}{\delta}\right)^2} - 1\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.pseudo_huber,
        params=(Param("delta", 1.0, "residual around which the loss turns from quadratic to linear", POSITIVE),),
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
        reference="Charbonnier, Blanc-Féraud, Aubert & Barlaud (1997), Deterministic edge-preserving regularization "
        "in computed imaging, IEEE Transactions on Image Processing 6, 298–311",
        example="lossctl eval examples/data/diabetes.csv --loss pseudo_huber --delta 20 --pred ridge",
        elsewhere=(
            Elsewhere("scipy.special.pseudo_huber"),
            Elsewhere(
                "scipy.optimize.least_squares(loss='soft_l1')",
                differs="is the `cost`, a sum over the rows",
                renamed={"f_scale": "delta"},
            ),
            Elsewhere("xgboost: mphe", also="reg:pseudohubererror", renamed={"huber_slope": "delta"}),
        ),
        note="As scipy's pseudo_huber. XGBoost's reg:pseudohubererror is the same, with delta as huber_slope. "
        "scipy's soft_l1 of least_squares is twice this for δ = 1.",
    ),
    Loss(
        id="fair",
        task="robust",
        kind=Kind.REAL,
        summary="Fair loss: half of squared error near the target, almost linear far away",
        formula="c²(|ŷ − y|/c − ln(1 + |ŷ − y|/c))",
        slope="(ŷ − y)/(1 + |ŷ − y|/c)",
        latex=r"c^2\left(\frac{\left|\hat y - y\right|}{c} - \ln\left(1 + \frac{\left|\hat y - y\right|}{c}\right)"
        r"\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.fair,
        params=(Param("c", 1.0, "scale of the loss: residuals well beyond c count less", POSITIVE),),
        facts=Facts(
            convex=True,
            lipschitz=lambda c: c,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="With c = 1.3998 it is, for errors of variance 1, 95 % as efficient as least squares.",
        ),
        reference="Fair (1974), On the robust estimation of econometric models, Annals of Economic and Social "
        "Measurement 3, 667–677",
        example="lossctl eval examples/data/diabetes.csv --loss fair --c 20 --pred ridge",
        elsewhere=(Elsewhere("lightgbm: fair", renamed={"fair_c": "c"}),),
        note="As LightGBM's metric fair, whose fair_c is c.",
    ),
    Loss(
        id="cauchy",
        aliases=("lorentzian",),
        task="robust",
        kind=Kind.REAL,
        summary="Cauchy loss: outliers count by the logarithm of their size",
        formula="(c²/2) ln(1 + ((ŷ − y)/c)²)",
        slope="(ŷ − y)/(1 + ((ŷ − y)/c)²)",
        latex=r"\frac{c^2}{2}\ln\left(1 + \left(\frac{\hat y - y}{c}\right)^2\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.cauchy,
        params=(Param("c", 1.0, "scale of the loss: the slope is steepest at residual c", POSITIVE),),
        facts=Facts(
            convex=False,
            lipschitz=lambda c: c / 2.0,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note=f"{_REDESCENDING} With c = 2.385 it is, for errors of variance 1, 95 % as efficient as least squares.",
        ),
        reference="Black & Anandan (1996), The robust estimation of multiple motions, Computer Vision and Image "
        "Understanding 63, 75–104",
        example="lossctl eval examples/data/diabetes.csv --loss cauchy --c 20 --pred ridge",
        elsewhere=(
            Elsewhere(
                "scipy.optimize.least_squares(loss='cauchy')",
                differs="is the `cost`, a sum over the rows",
                renamed={"f_scale": "c"},
            ),
        ),
        note="scipy's loss='cauchy' of least_squares is twice this for c = 1.",
    ),
    Loss(
        id="geman_mcclure",
        task="robust",
        kind=Kind.REAL,
        summary="Geman-McClure loss: half of squared error near the target, at most c²/2 for an outlier",
        formula="((ŷ − y)²/2)/(1 + ((ŷ − y)/c)²)",
        slope="(ŷ − y)/(1 + ((ŷ − y)/c)²)²",
        latex=r"\frac{\frac{1}{2}(\hat y - y)^2}{1 + \left(\frac{\hat y - y}{c}\right)^2}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.geman_mcclure,
        params=(Param("c", 1.0, "scale of the loss: residual c costs half of the upper bound", POSITIVE),),
        facts=Facts(
            convex=False,
            lipschitz=lambda c: c * 3.0 * math.sqrt(3.0) / 16.0,
            smoothness=1.0,
            low=0.0,
            high=lambda c: c * c / 2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note=_REDESCENDING,
        ),
        reference="Geman & McClure (1985), Bayesian image analysis: an application to single photon emission "
        "tomography, Proceedings of the American Statistical Association, Statistical Computing Section, 12–18",
        example="lossctl eval examples/data/diabetes.csv --loss geman_mcclure --c 20 --pred ridge",
        note="Barron's form puts 2 for ½ and 4 for 1: it is this with c doubled, over c².",
    ),
    Loss(
        id="welsch",
        aliases=("leclerc", "correntropy"),
        task="robust",
        kind=Kind.REAL,
        summary="Welsch loss: one minus a Gaussian bell, at most c²/2 for an outlier",
        formula="(c²/2)(1 − e^(−((ŷ − y)/c)²))",
        slope="(ŷ − y) e^(−((ŷ − y)/c)²)",
        latex=r"\frac{c^2}{2}\left(1 - e^{-\left(\frac{\hat y - y}{c}\right)^2}\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.welsch,
        params=(Param("c", 2.985, f"scale of the loss: residuals well beyond c count less; {_EFFICIENT}", POSITIVE),),
        facts=Facts(
            convex=False,
            lipschitz=lambda c: c * math.exp(-0.5) / math.sqrt(2.0),
            smoothness=1.0,
            low=0.0,
            high=lambda c: c * c / 2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note=_REDESCENDING,
        ),
        reference=_HOLLAND,
        example="lossctl eval examples/data/diabetes.csv --loss welsch --c 150 --pred ridge",
        note="Barron's limit α = −∞ has t²/2 for t²: it is this with c multiplied by √2, over c².",
    ),
    Loss(
        id="tukey",
        aliases=("biweight", "bisquare"),
        task="robust",
        kind=Kind.REAL,
        summary="Tukey's biweight: half of squared error near the target, c²/6 for every outlier beyond c",
        formula="(c²/6)(1 − (1 − ((ŷ − y)/c)²)³) if |ŷ − y| ≤ c else c²/6",
        slope="(ŷ − y)(1 − ((ŷ − y)/c)²)² if |ŷ − y| ≤ c else 0",
        latex=r"\begin{cases}\frac{c^2}{6}\left(1 - \left(1 - \left(\frac{\hat y - y}{c}\right)^2\right)^3\right)"
        r" & |\hat y - y| \le c\\ \frac{c^2}{6} & \text{otherwise}\end{cases}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.tukey,
        params=(Param("c", 4.685, f"residuals beyond c have no influence; {_EFFICIENT}", POSITIVE),),
        facts=Facts(
            convex=False,
            lipschitz=lambda c: c * 16.0 / (25.0 * math.sqrt(5.0)),
            smoothness=1.0,
            low=0.0,
            high=lambda c: c * c / 6.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="Not convex: beyond c the slope is 0, so that an outlier no longer pulls.",
        ),
        reference="Beaton & Tukey (1974), The fitting of power series, meaning polynomials, illustrated on "
        "band-spectroscopic data, Technometrics 16, 147–185",
        example="lossctl eval examples/data/diabetes.csv --loss tukey --c 250 --pred ridge",
        elsewhere=(Elsewhere("statsmodels.robust.norms.TukeyBiweight"),),
        note="As statsmodels' TukeyBiweight. The residual is taken as it stands: divide by a scale first.",
    ),
    Loss(
        id="andrew",
        aliases=("andrews", "andrews_sine"),
        task="robust",
        kind=Kind.REAL,
        summary="Andrews' sine wave: half of squared error near the target, 2a² for every outlier beyond πa",
        formula="a²(1 − cos((ŷ − y)/a)) if |ŷ − y| ≤ πa else 2a²",
        slope="a sin((ŷ − y)/a) if |ŷ − y| ≤ πa else 0",
        latex=r"\begin{cases}a^2\left(1 - \cos\frac{\hat y - y}{a}\right) & |\hat y - y| \le \pi a\\"
        r" 2a^2 & \text{otherwise}\end{cases}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.andrew,
        params=(
            Param(
                "a", 1.339, f"Andrews' tuning constant: residuals beyond πa have no influence; {_EFFICIENT}", POSITIVE
            ),
        ),
        facts=Facts(
            convex=False,
            lipschitz=lambda a: a,
            smoothness=1.0,
            low=0.0,
            high=lambda a: 2.0 * a * a,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="Not convex: beyond πa the slope is 0, so that an outlier no longer pulls.",
        ),
        reference="Andrews (1974), A robust method for multiple linear regression, Technometrics 16, 523–531",
        example="lossctl eval examples/data/diabetes.csv --loss andrew --a 80 --pred ridge",
        elsewhere=(Elsewhere("statsmodels.robust.norms.AndrewWave"),),
        note="As statsmodels' AndrewWave. The residual is taken as it stands: divide by a scale first.",
    ),
    Loss(
        id="hampel",
        aliases=("hampel_three_part",),
        task="robust",
        kind=Kind.REAL,
        summary="Hampel's three-part loss: half of squared error up to a, linear up to b, constant beyond c",
        formula="r²/2 if r ≤ a, a r − a²/2 if a < r ≤ b, a(b + c − a)/2 − a(c − r)²/(2(c − b)) if b < r ≤ c, else "
        "a(b + c − a)/2, with r = |ŷ − y|",
        slope="sign(ŷ − y) times r if r ≤ a, a if a < r ≤ b, a(c − r)/(c − b) if b < r ≤ c, else 0",
        latex=r"\begin{cases}\frac{1}{2} r^2 & r \le a\\ a r - \frac{a^2}{2} & a < r \le b\\"
        r" \frac{a(b + c - a)}{2} - \frac{a (c - r)^2}{2 (c - b)} & b < r \le c\\"
        r" \frac{a(b + c - a)}{2} & \text{otherwise}\end{cases} \quad r = |\hat y - y|",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.hampel,
        params=(
            Param("a", 2.0, "residual up to which the loss is half of squared error", POSITIVE),
            Param("b", 4.0, "residual from which the slope falls; at least a", POSITIVE),
            Param("c", 8.0, "residuals beyond c have no influence; above b", POSITIVE),
        ),
        check=_in_order,
        facts=Facts(
            convex=False,
            lipschitz=lambda a, b, c: a,  # noqa: ARG005 -- facts take every parameter
            smoothness=lambda a, b, c: max(1.0, a / (c - b)),
            low=0.0,
            high=lambda a, b, c: a * (b - 0.5 * a) + 0.5 * a * (c - b),
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note=_REDESCENDING,
        ),
        reference="Andrews, Bickel, Hampel, Huber, Rogers & Tukey (1972), Robust estimates of location: survey and "
        "advances, Princeton University Press",
        example="lossctl eval examples/data/diabetes.csv --loss hampel --a 50 --b 100 --c 200 --pred ridge",
        elsewhere=(Elsewhere("statsmodels.robust.norms.Hampel"),),
        note="As statsmodels' Hampel. The residual is taken as it stands: divide by a scale first.",
    ),
    Loss(
        id="trimmed",
        aliases=("truncated_squares", "talwar"),
        task="robust",
        kind=Kind.REAL,
        summary="trimmed squares: half of squared error up to c, c²/2 beyond",
        formula="(ŷ − y)²/2 if |ŷ − y| < c else c²/2",
        slope="ŷ − y if |ŷ − y| < c else 0",
        latex=r"\min\left(\frac{1}{2}(\hat y - y)^2,\ \frac{c^2}{2}\right)",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=robust.trimmed,
        params=(Param("c", 2.0, "residuals beyond c have no influence", POSITIVE),),
        facts=Facts(
            convex=False,
            lipschitz=lambda c: c,
            kinks=lambda c: (-c, c),
            low=0.0,
            high=lambda c: c * c / 2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="At ±c the slope falls from c to 0, and is 0 there.",
        ),
        reference="Hinich & Talwar (1975), A simple method for robust regression, Journal of the American Statistical "
        "Association 70, 113–119",
        example="lossctl eval examples/data/diabetes.csv --loss trimmed --c 100 --pred ridge",
        elsewhere=(Elsewhere("statsmodels.robust.norms.TrimmedMean"),),
        note="statsmodels' TrimmedMean has this slope.",
    ),
    Loss(
        id="barron",
        aliases=("adaptive_robust", "general_robust"),
        task="robust",
        kind=Kind.REAL,
        summary="Barron's general robust loss: from squared error over pseudo-Huber and Cauchy to Welsch, by alpha",
        formula="(b/α)((1 + t²/b)^(α/2) − 1) with t = (ŷ − y)/c and b = 2 − α; its limits t²/2 at α = 2 and "
        "ln(1 + t²/2) at α = 0",
        slope="(t/c)(1 + t²/b)^(α/2 − 1)",
        latex=r"\frac{2 - \alpha}{\alpha}\left(\left(1 + \frac{t^2}{2 - \alpha}\right)^{\alpha/2} - 1\right),"
        r"\quad t = \frac{\hat y - y}{c}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=adaptive.barron,
        params=(
            Param(
                "alpha",
                1.0,
                "shape: 2 mse, 1 pseudo-huber, 0 cauchy, −2 geman-mcclure; the smaller, the more robust",
                _SHAPE,
            ),
            Param("c", 1.0, "scale of the loss: beyond c it is no longer quadratic", POSITIVE),
        ),
        facts=Facts(
            convex=lambda alpha: alpha >= 1.0,
            lipschitz=_steepest,
            smoothness=lambda c: 1.0 / c**2,
            low=0.0,
            high=lambda alpha: (2.0 - alpha) / -alpha if alpha < 0.0 else None,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The limit for α → −∞ is 1 − e^(−t²/2), which α = −1e300 gives exactly. For α below −10 the slope "
            "far out, below 1e-10 of its largest, loses up to three digits.",
        ),
        reference="Barron (2019), A general and adaptive robust loss function, CVPR, equation 8, arXiv:1701.03077",
        example="lossctl eval examples/data/diabetes.csv --loss barron --alpha 0.5 --c 20 --pred ridge",
        note="Over c²: pseudo_huber, cauchy and geman_mcclure have the factor c². Barron's own code moves α off its "
        "special values; here they are limits.",
    ),
)
