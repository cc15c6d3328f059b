"""Rows of losses of counts and positive values. Imports core and the kernels."""

from __future__ import annotations

from lossctl.core.errors import UsageError
from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import NONNEGATIVE, POSITIVE, REAL_LINE, Facts, Kind, Loss, Param
from lossctl.losses import counts, tweedie

__all__ = ["ROWS"]

_FULL = Param("full", default=False, summary="add ln Γ(y+1): the loss is then the exact −log of the probability")

_NELDER = (
    "Nelder & Wedderburn (1972), Generalized linear models, Journal of the Royal Statistical Society A 135, 370–384"
)


def _low_of_nll(*, full: bool) -> float | None:
    return 0.0 if full else None


def _power_exists(power: float) -> None:
    if 0.0 < power < 1.0:
        raise UsageError(
            f"tweedie_deviance(power={power!r}): no Tweedie distribution has a power between 0 and 1",
            "choose 0, below 0, or 1 and above; 1 is poisson_deviance, 2 gamma_deviance",
        )


ROWS = (
    Loss(
        id="poisson_nll",
        aliases=("poisson_negative_log_likelihood",),
        task="counts",
        kind=Kind.REAL,
        summary="Poisson negative log-likelihood: of counts, given the predicted mean",
        formula="μ − y ln μ, plus ln Γ(y+1) if full",
        slope="(μ − y)/μ",
        latex=r"\mu - y \ln \mu \; [+ \ln\Gamma(y+1)]",
        target=NONNEGATIVE,
        prediction=POSITIVE,
        kernel=counts.poisson_nll,
        params=(_FULL,),
        facts=Facts(
            convex=True,
            low=_low_of_nll,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="Without full it may be negative. The best constant prediction is the mean.",
        ),
        reference="Cameron & Trivedi (1998), Regression analysis of count data, Cambridge University Press",
        example="lossctl eval examples/data/preds.csv --loss poisson_nll",
        elsewhere=(
            Elsewhere(
                "torch.nn.PoissonNLLLoss(log_input=False)", also="torch.nn.functional.poisson_nll_loss(log_input=False)"
            ),
            Elsewhere("keras.losses.Poisson", also="keras.losses.poisson keras.metrics.Poisson"),
            Elsewhere("scoringrules.logs_poisson", params={"full": True}),
            Elsewhere("lightgbm: poisson"),
            Elsewhere("xgboost: poisson-nloglik", also="count:poisson", params={"full": True}),
        ),
        note="torch takes the log of the mean unless told otherwise, adds 1e-8 inside its logarithm, and its full is "
        "Stirling's formula, 0 for y ≤ 1: at y = 2 it is off by 0.04. Here it is exact. For a predicted log of the "
        "mean see poisson_nll_with_log_rate.",
    ),
    Loss(
        id="poisson_nll_with_log_rate",
        task="counts",
        kind=Kind.REAL,
        summary="Poisson negative log-likelihood, log rate: of counts, given the logarithm of their mean",
        formula="eˢ − y s, plus ln Γ(y+1) if full, for s the predicted log of the mean",
        slope="eˢ − y",
        latex=r"e^s - y s \; [+ \ln\Gamma(y+1)]",
        target=NONNEGATIVE,
        prediction=REAL_LINE,
        kernel=counts.poisson_nll_with_log_rate,
        params=(_FULL,),
        facts=Facts(
            convex=True,
            low=_low_of_nll,
            minimum_at_target=True,
            slope_vanishes=True,
            note="Its minimum is at s = ln y; a count of 0 has none. Without full it may be negative.",
        ),
        reference="Cameron & Trivedi (1998), Regression analysis of count data, Cambridge University Press",
        example="lossctl eval examples/data/breast_cancer.csv --loss poisson_nll_with_log_rate --target target "
        "--pred boosting_logit",
        elsewhere=(
            Elsewhere(
                "torch.nn.PoissonNLLLoss(log_input=True)",
                also=(
                    "torch.nn.PoissonNLLLoss torch.nn.functional.poisson_nll_loss(log_input=True) "
                    "torch.nn.functional.poisson_nll_loss"
                ),
            ),
        ),
        note="torch's PoissonNLLLoss with log_input=True, which is its default; its full is Stirling's formula, here "
        "it is exact.",
    ),
    Loss(
        id="poisson_deviance",
        aliases=("mean_poisson_deviance",),
        task="counts",
        kind=Kind.REAL,
        summary="Poisson deviance: of counts whose variance is their mean",
        formula="2(y ln(y/μ) − y + μ)",
        slope="2(μ − y)/μ",
        latex=r"2\left(y \ln\frac{y}{\mu} - y + \mu\right)",
        target=NONNEGATIVE,
        prediction=POSITIVE,
        kernel=counts.poisson_deviance,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
        ),
        reference=_NELDER,
        example="lossctl eval examples/data/preds.csv --loss poisson_deviance",
        elsewhere=(
            Elsewhere("sklearn.metrics.mean_poisson_deviance", negated="neg_mean_poisson_deviance"),
            Elsewhere("torchmetrics.TweedieDevianceScore(power=1)"),
        ),
        note="scikit-learn's mean_poisson_deviance loses its digits where μ is near y, and gives 0 for 1e-18.",
    ),
    Loss(
        id="gamma_deviance",
        aliases=("mean_gamma_deviance",),
        task="counts",
        kind=Kind.REAL,
        summary="gamma deviance: of positive values whose spread grows with their mean; it depends on y/μ alone",
        formula="2(y/μ − ln(y/μ) − 1)",
        slope="2(μ − y)/μ²",
        latex=r"2\left(\frac{y}{\mu} - \ln\frac{y}{\mu} - 1\right)",
        target=POSITIVE,
        prediction=POSITIVE,
        kernel=counts.gamma_deviance,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="Convex for μ ≤ 2y alone.",
        ),
        reference=_NELDER,
        example="lossctl eval examples/data/preds.csv --loss gamma_deviance",
        elsewhere=(
            Elsewhere("sklearn.metrics.mean_gamma_deviance", negated="neg_mean_gamma_deviance"),
            Elsewhere("torchmetrics.TweedieDevianceScore(power=2)"),
            Elsewhere("lightgbm: gamma_deviance", differs="is the sum over the rows, here the mean"),
            Elsewhere("lightgbm: gamma", differs="is half of it, and 1 + ln y more in each row"),
            Elsewhere("xgboost: gamma-deviance"),
            Elsewhere(
                "xgboost: gamma-nloglik", also="reg:gamma", differs="is half of it, and 1 + ln y more in each row"
            ),
        ),
        note="LightGBM's gamma_deviance is the sum over the rows, here it is the mean.",
    ),
    Loss(
        id="inverse_gaussian_deviance",
        task="counts",
        kind=Kind.REAL,
        summary="inverse Gaussian deviance: of positive values with heavy tails; Tweedie deviance with power 3",
        formula="(y − μ)²/(μ² y)",
        slope="2(μ − y)/μ³",
        latex=r"\frac{(y - \mu)^2}{\mu^2 y}",
        target=POSITIVE,
        prediction=POSITIVE,
        kernel=counts.inverse_gaussian_deviance,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="Convex for μ ≤ 3y/2 alone.",
        ),
        reference="Tweedie (1957), Statistical properties of inverse Gaussian distributions, Annals of Mathematical "
        "Statistics 28, 362–377",
        example="lossctl eval examples/data/preds.csv --loss inverse_gaussian_deviance",
        elsewhere=(
            Elsewhere("sklearn.metrics.mean_tweedie_deviance(power=3)"),
            Elsewhere("torchmetrics.TweedieDevianceScore(power=3)"),
        ),
        note="scikit-learn's mean_tweedie_deviance with power=3.",
    ),
    Loss(
        id="tweedie_deviance",
        task="counts",
        kind=Kind.REAL,
        summary="Tweedie deviance: of values whose variance is a power of their mean; between 1 and 2 with many zeros",
        formula="2(y^(2−p)/((1−p)(2−p)) − y μ^(1−p)/(1−p) + μ^(2−p)/(2−p)) for power p; its limits "
        "2(y ln(y/μ) − y + μ) at p = 1 and 2(y/μ − ln(y/μ) − 1) at p = 2",
        slope="2(μ − y)/μ^p",
        latex=r"2\left(\frac{y^{2-p}}{(1-p)(2-p)} - \frac{y \mu^{1-p}}{1-p} + \frac{\mu^{2-p}}{2-p}\right)",
        target=NONNEGATIVE,
        prediction=POSITIVE,
        kernel=tweedie.tweedie_deviance,
        params=(
            Param(
                "power",
                1.5,
                "the variance is this power of the mean: 0 normal, 1 Poisson, 2 gamma, 3 inverse Gaussian",
            ),
        ),
        check=_power_exists,
        facts=Facts(
            convex=lambda power: power in {0.0, 1.0},
            smoothness=lambda power: 2.0 if power == 0.0 else None,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=lambda power: power == 0.0,
            note="No power lies between 0 and 1. A target of 0 costs 2μ^(2−p)/(2−p) for a power below 2, and +inf "
            "from 2 on, whose distributions never give it.",
        ),
        reference="Jørgensen (1987), Exponential dispersion models, Journal of the Royal Statistical Society B 49, "
        "127–162",
        example="lossctl eval examples/data/preds.csv --loss tweedie_deviance --power 1.5",
        elsewhere=(
            Elsewhere("sklearn.metrics.mean_tweedie_deviance", params={"power": 0.0}),
            Elsewhere("torchmetrics.TweedieDevianceScore", params={"power": 0.0}),
            Elsewhere(
                "lightgbm: tweedie",
                differs="is half of it, less a term of the target alone in each row",
                renamed={"tweedie_variance_power": "power"},
            ),
            Elsewhere(
                "xgboost: tweedie-nloglik",
                also="reg:tweedie",
                differs="is half of it, less a term of the target alone in each row",
                renamed={"tweedie_variance_power": "power"},
            ),
        ),
        note="scikit-learn's mean_tweedie_deviance, which loses its digits where μ is near y or the power near 1 or 2. "
        "For the power 0 and below it takes negative targets too; here they are refused: they have no deviance of 0 at "
        "any mean, or are mse's.",
    ),
    Loss(
        id="negative_binomial_deviance",
        task="counts",
        kind=Kind.REAL,
        summary="negative binomial deviance: of counts that spread more than Poisson's, with variance μ + αμ²",
        formula="2(y ln(y/μ) − (y + 1/α) ln((1 + αy)/(1 + αμ)))",
        slope="2(μ − y)/(μ(1 + αμ))",
        latex=r"2\left(y \ln\frac{y}{\mu} - \left(y + \frac{1}{\alpha}\right)"
        r"\ln\frac{1 + \alpha y}{1 + \alpha\mu}\right)",
        target=NONNEGATIVE,
        prediction=POSITIVE,
        kernel=counts.negative_binomial_deviance,
        params=(Param("alpha", 1.0, "overdispersion; 0 gives poisson_deviance", NONNEGATIVE),),
        facts=Facts(
            convex=lambda alpha: alpha == 0.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
        ),
        reference="Hilbe (2011), Negative binomial regression, Cambridge University Press",
        example="lossctl eval examples/data/preds.csv --loss negative_binomial_deviance",
        elsewhere=(
            Elsewhere(
                "statsmodels.genmod.families.NegativeBinomial",
                differs="has a `deviance` that is the sum over the rows, here the mean",
            ),
        ),
        note="statsmodels' NegativeBinomial(alpha).deviance is the sum over the rows, here it is the mean.",
    ),
    Loss(
        id="itakura_saito",
        aliases=("itakura_saito_distance",),
        task="counts",
        kind=Kind.REAL,
        summary="Itakura-Saito distance: of a spectrum and its model, the same at every loudness; half of "
        "gamma_deviance",
        formula="y/μ − ln(y/μ) − 1",
        slope="(μ − y)/μ²",
        latex=r"\frac{y}{\mu} - \ln\frac{y}{\mu} - 1",
        target=POSITIVE,
        prediction=POSITIVE,
        kernel=counts.itakura_saito,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="Convex for μ ≤ 2y alone. Scaling y and μ together leaves it as it is.",
        ),
        reference="Itakura & Saito (1968), Analysis synthesis telephony based on the maximum likelihood method, 6th "
        "International Congress on Acoustics, C-17–C-20",
        example="lossctl eval examples/data/preds.csv --loss itakura_saito",
        elsewhere=(
            Elsewhere(
                "sklearn.decomposition.NMF(beta_loss='itakura-saito')",
                differs="is the sum over the numbers of a matrix, here the mean",
            ),
        ),
    ),
    Loss(
        id="generalized_kl",
        aliases=("i_divergence", "kullback_leibler_of_counts"),
        task="counts",
        kind=Kind.REAL,
        summary="generalized Kullback-Leibler divergence: of numbers that need not sum to 1; half of poisson_deviance",
        formula="y ln(y/μ) − y + μ",
        slope="(μ − y)/μ",
        latex=r"y \ln\frac{y}{\mu} - y + \mu",
        target=NONNEGATIVE,
        prediction=POSITIVE,
        kernel=counts.generalized_kl,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
        ),
        reference="Csiszár (1991), Why least squares and maximum entropy?, Annals of Statistics 19, 2032–2066",
        example="lossctl eval examples/data/preds.csv --loss generalized_kl",
        elsewhere=(
            Elsewhere("scipy.special.kl_div"),
            Elsewhere("optax.losses.generalized_kl_divergence", differs="takes ln μ"),
            Elsewhere(
                "sklearn.decomposition.NMF(beta_loss='kullback-leibler')",
                differs="is the sum over the numbers of a matrix, here the mean",
            ),
        ),
        note="scipy.special.kl_div loses its digits where μ is near y: it gives 0 for 3.3e-18.",
    ),
)
