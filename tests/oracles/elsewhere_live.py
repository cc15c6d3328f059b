"""What scikit-learn, SciPy and scoringrules answer now, in the form of the answers frozen from heavier libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scoringrules
from scipy import optimize, special, stats
from scipy.spatial import distance
from sklearn import metrics
from sklearn._loss.loss import ExponentialLoss
from sklearn.decomposition._nmf import _beta_divergence
from sklearn.linear_model import _sgd_fast
from sklearn.metrics import pairwise

from lossctl.core.types import Array
from tests.oracles import make_elsewhere as given
from tests.oracles.make_elsewhere import answer, one

LEVELS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
NEAR_ONE = one(1.0, 1.0 + 2.0**-30)
SMALL_ANGLE = one([1.0, 0.0], [1.0, 1e-8])
IMPOSSIBLE = one(1.0, [1.0, 0.0, 0.0])
WRONG = {"differs": True}
_rng = np.random.default_rng(12)
_y = given.REAL[0]
QUANTILES = _y, np.sort(_y[:, None] + _rng.normal(0.5, 2.0, (given.ROWS, len(LEVELS))))
MEMBERS = _y, _y[:, None] + _rng.normal(0.5, 2.0, (given.ROWS, 7))
MANY = given.VECTORS[0], np.tile(given.VECTORS[1], 3) + _rng.normal(0.0, 1.0, (given.ROWS, 3 * given.LENGTH))


def by_row(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Call for each row alone."""
    return lambda p, q: np.array([float(measure(a, b)) for a, b in zip(p, q, strict=True)])


def plain(name: str, loss: str, inputs: Any, function: Any, **more: Any) -> dict[str, Any]:
    """Answer by ``function(target, prediction)``."""
    with np.errstate(all="ignore"):
        return answer(name, loss, inputs, function(*inputs), **more)


def of_sklearn() -> Iterator[dict[str, Any]]:
    """Answer by scikit-learn."""
    simple = {
        "mean_absolute_error": ("mae", given.REAL),
        "mean_squared_error": ("mse", given.REAL),
        "root_mean_squared_error": ("rmse", given.REAL),
        "mean_absolute_percentage_error": ("mape", given.REAL),
        "mean_squared_log_error": ("msle", given.POSITIVE),
        "root_mean_squared_log_error": ("rmsle", given.POSITIVE),
        "mean_poisson_deviance": ("poisson_deviance", given.POSITIVE),
        "mean_gamma_deviance": ("gamma_deviance", given.POSITIVE),
        "brier_score_loss": ("brier", given.CHANCE),
        "hinge_loss": ("hinge", given.LOGIT),
        "log_loss": ("binary_cross_entropy", given.CHANCE),
    }
    for name, (loss, inputs) in simple.items():
        yield plain(f"sklearn.metrics.{name}", loss, inputs, getattr(metrics, name))

    def tweedie(power: float) -> Any:
        return lambda y, mu: metrics.mean_tweedie_deviance(y, mu, power=power)

    def pinball(y: Any, x: Any) -> float:
        return metrics.mean_pinball_loss(y, x, alpha=0.3)

    def brier(y: Any, q: Any) -> float:
        return metrics.brier_score_loss(y, q, scale_by_half=False)

    def of_classes(measure: Any) -> Any:
        return lambda y, q: measure(y, q, labels=np.arange(q.shape[1]))

    of_three = "sklearn.metrics.mean_tweedie_deviance(power=3)"
    yield plain("sklearn.metrics.mean_pinball_loss", "quantile(tau=0.3)", given.REAL, pinball)
    yield plain(of_three, "inverse_gaussian_deviance", given.POSITIVE, tweedie(3.0))
    yield plain("sklearn.metrics.mean_tweedie_deviance", "tweedie_deviance(power=1.4)", given.POSITIVE, tweedie(1.4))
    yield plain("sklearn.metrics.brier_score_loss(scale_by_half=False)", "multiclass_brier", given.CHANCES, brier)
    log_loss, hinge = of_classes(metrics.log_loss), of_classes(metrics.hinge_loss)
    yield plain("sklearn.metrics.log_loss", "categorical_cross_entropy", given.CHANCES, log_loss)
    yield plain("sklearn.metrics.hinge_loss", "crammer_singer", given.SCORES, hinge)
    cosine, euclidean = pairwise.paired_cosine_distances, pairwise.paired_euclidean_distances
    yield plain("sklearn.metrics.pairwise.paired_cosine_distances", "cosine", given.VECTORS, cosine)
    yield plain("sklearn.metrics.pairwise.paired_euclidean_distances", "euclidean", given.VECTORS, euclidean)
    percentage = metrics.mean_absolute_percentage_error
    yield plain(
        "sklearn.metrics.mean_absolute_percentage_error", "mape", one(0.0, 1.0), percentage, refused=True, **WRONG
    )
    poisson, gamma = metrics.mean_poisson_deviance, metrics.mean_gamma_deviance
    yield plain("sklearn.metrics.mean_poisson_deviance", "poisson_deviance", NEAR_ONE, poisson, **WRONG)
    yield plain("sklearn.metrics.mean_gamma_deviance", "gamma_deviance", NEAR_ONE, gamma, **WRONG)
    power = 1.0 + 1e-13
    name, loss = "sklearn.metrics.mean_tweedie_deviance", f"tweedie_deviance(power={power!r})"
    yield plain(name, loss, one(2.0, 3.0), tweedie(power), **WRONG)
    certain = lambda y, q: metrics.log_loss(y, np.column_stack([1.0 - q, q]), labels=[0, 1])  # noqa: E731 -- one line
    yield plain("sklearn.metrics.log_loss", "binary_cross_entropy", one(1.0, 0.0), certain, **WRONG)
    yield plain("sklearn.metrics.log_loss", "categorical_cross_entropy", IMPOSSIBLE, log_loss, **WRONG)


def of_sklearn_models() -> Iterator[dict[str, Any]]:
    """Answer by the losses that scikit-learn's models minimize, which no public function gives."""
    regressor, classifier = "sklearn.linear_model.SGDRegressor", "sklearn.linear_model.SGDClassifier"
    width = _sgd_fast.EpsilonInsensitive(0.7), _sgd_fast.SquaredEpsilonInsensitive(0.7)
    for loss, each in zip(("epsilon_insensitive", "squared_epsilon_insensitive"), width, strict=True):
        found = _by_numbers(each.py_loss, given.REAL)
        yield answer(f"{regressor}(loss='{loss}')", f"{loss}(epsilon=0.7)", given.REAL, found)
    signed = 2.0 * given.LOGIT[0] - 1.0, 2.0 * given.LOGIT[1]  # so that margins are below −1 too
    inputs = given.LOGIT[0], signed[1]
    for loss, each in (("perceptron", _sgd_fast.Hinge(0.0)), ("modified_huber", _sgd_fast.ModifiedHuber())):
        yield answer(f"{classifier}(loss='{loss}')", loss, inputs, _by_numbers(each.py_loss, signed))
    boosting = "sklearn.ensemble.GradientBoostingClassifier(loss='exponential')"
    yield plain(boosting, "exponential", given.LOGIT, ExponentialLoss().loss)
    for loss, name, beta in (("itakura_saito", "itakura-saito", 0), ("generalized_kl", "kullback-leibler", 1)):
        y, mu = (values[:, None] for values in given.POSITIVE)
        found = _beta_divergence(y, mu, np.ones((1, 1)), beta) / given.ROWS
        yield answer(f"sklearn.decomposition.NMF(beta_loss='{name}')", loss, given.POSITIVE, found)


def _by_numbers(loss: Callable[[float, float], float], inputs: Any) -> Array:
    """Call for each row, with the prediction first."""
    return np.array([loss(float(x), float(y)) for y, x in zip(*inputs, strict=True)])


def of_scipy() -> Iterator[dict[str, Any]]:
    """Answer by SciPy."""
    y, x = given.REAL

    def squares(loss: str) -> Any:
        def mean(target: Any, prediction: Any) -> float:
            found = optimize.least_squares(lambda _: prediction - target, [0.0], loss=loss, f_scale=0.7, max_nfev=1)
            return float(found.cost) / len(target)

        return mean

    losses = {"linear": "half_mse", "huber": "huber(delta=0.7)", "soft_l1": "pseudo_huber(delta=0.7)"}
    for name, loss in {**losses, "cauchy": "cauchy(c=0.7)"}.items():
        yield plain(f"scipy.optimize.least_squares(loss='{name}')", loss, given.REAL, squares(name))
    yield answer("scipy.special.huber", "huber(delta=0.7)", given.REAL, special.huber(0.7, x - y))
    yield answer("scipy.special.pseudo_huber", "pseudo_huber(delta=0.7)", given.REAL, special.pseudo_huber(0.7, x - y))
    yield plain("scipy.special.kl_div", "generalized_kl", given.POSITIVE, special.kl_div)
    yield plain("scipy.special.kl_div", "generalized_kl", one(1.0, 1.0 + 2.5e-9), special.kl_div, **WRONG)

    def rel_entr(p: Any, q: Any) -> Any:
        return special.rel_entr(p, q).sum(axis=1)

    def relative(p: Any, q: Any) -> Any:
        return stats.entropy(p, q, axis=1)

    def shannon(p: Any, q: Any) -> Any:
        return distance.jensenshannon(p, q, axis=1)

    def pearson(p: Any, q: Any) -> Any:
        return stats.chisquare(50.0 * p, 50.0 * q, axis=1).statistic / 50.0

    steps = np.arange(given.CLASSES)
    for name, function in (("scipy.special.rel_entr", rel_entr), ("scipy.stats.entropy(pk, qk)", relative)):
        yield plain(name, "kl(base=e)", given.PAIR, function)
        yield plain(name, "kl(base=e)", given.NEARLY, function, **WRONG)
    yield plain("scipy.stats.entropy", "entropy(base=e)", given.PAIR, lambda p, _: stats.entropy(p, axis=1))
    yield plain("scipy.spatial.distance.jensenshannon", "jensen_shannon_distance(base=e)", given.PAIR, shannon)
    yield plain(
        "scipy.spatial.distance.jensenshannon", "jensen_shannon_distance(base=e)", given.NEARLY, shannon, **WRONG
    )
    yield plain("scipy.stats.chisquare", "chi_square", given.PAIR, pearson)
    moved = by_row(lambda p, q: stats.wasserstein_distance(steps, steps, p, q))
    energy = by_row(lambda p, q: stats.energy_distance(steps, steps, p, q))
    yield plain("scipy.stats.wasserstein_distance", "wasserstein1", given.PAIR, moved)
    yield plain("scipy.stats.energy_distance", "energy_distance", given.PAIR, energy)
    yield plain("scipy.spatial.distance.cosine", "cosine", given.VECTORS, by_row(distance.cosine))
    yield plain("scipy.spatial.distance.cosine", "cosine", SMALL_ANGLE, by_row(distance.cosine), **WRONG)
    yield plain("scipy.spatial.distance.euclidean", "euclidean", given.VECTORS, by_row(distance.euclidean))
    y, forecast = given.FORECAST
    families = {"norm": "gaussian_nll(full=true)", "laplace": "laplace_nll", "logistic": "logistic_nll"}
    for name, loss in families.items():
        found = -getattr(stats, name).logpdf(y, *forecast.T)
        yield answer(f"scipy.stats.{name}.logpdf", loss, given.FORECAST, found)
    location, scale = forecast.T
    yield answer(
        "scipy.stats.t.logpdf", "student_t_nll(df=4)", given.FORECAST, -stats.t.logpdf(y, 4.0, location, scale)
    )
    found = -stats.lognorm.logpdf(np.exp(y), s=scale, scale=np.exp(location))
    yield answer("scipy.stats.lognorm.logpdf", "lognormal_nll", (np.exp(y), forecast), found)


def of_scoringrules() -> Iterator[dict[str, Any]]:
    """Answer by scoringrules, whose numbers are those of its NumPy backend."""
    y, forecast = given.FORECAST
    location, scale = forecast.T
    far = one(1.0, [3.0, 1e-3])
    families = {
        "logs_normal": "gaussian_nll(full=true)",
        "logs_laplace": "laplace_nll",
        "logs_logistic": "logistic_nll",
        "crps_normal": "crps_normal",
        "crps_laplace": "crps_laplace",
        "crps_logistic": "crps_logistic",
    }
    for name, loss in families.items():
        yield answer(f"scoringrules.{name}", loss, given.FORECAST, getattr(scoringrules, name)(y, location, scale))
    with np.errstate(all="ignore"):
        for name in ("logs_laplace", "logs_logistic", "crps_logistic"):
            theirs = [getattr(scoringrules, name)(1.0, 3.0, 1e-3)]
            yield answer(f"scoringrules.{name}", families[name], far, theirs, **WRONG)
    found = scoringrules.logs_lognormal(np.exp(y), location, scale)
    yield answer("scoringrules.logs_lognormal", "lognormal_nll", (np.exp(y), forecast), found)
    for name, loss in (("logs_t", "student_t_nll"), ("crps_t", "crps_student_t")):
        function = getattr(scoringrules, name)
        yield answer(f"scoringrules.{name}", f"{loss}(df=4)", given.FORECAST, function(y, 4.0, location, scale))
        many = [function(1.0, 1e16, 3.0, 2.0)]
        yield answer(f"scoringrules.{name}", f"{loss}(df=1e16)", one(1.0, [3.0, 2.0]), many, **WRONG)
    poisson = scoringrules.logs_poisson(*given.COUNTS)
    yield answer("scoringrules.logs_poisson", "poisson_nll(full=true)", given.COUNTS, poisson)
    yield answer("scoringrules.brier_score", "brier", given.CHANCE, scoringrules.brier_score(*given.CHANCE))
    y, q = QUANTILES
    levels = {"levels": LEVELS}
    found = scoringrules.quantile_score(y, q[:, 1], 0.3)
    yield answer("scoringrules.quantile_score", "quantile(tau=0.3)", (y, q[:, 1]), found)
    found = scoringrules.crps_quantile(y, q, LEVELS)
    yield answer("scoringrules.crps_quantile", "crps_quantile", QUANTILES, found, context=levels)
    found = scoringrules.interval_score(y, q[:, 0], q[:, -1], 0.2)
    yield answer("scoringrules.interval_score", "interval_score(alpha=0.2)", (y, q[:, [0, -1]]), found)
    found = scoringrules.weighted_interval_score(y, q[:, 2], q[:, :2], q[:, :2:-1], 2.0 * LEVELS[:2])
    yield answer(
        "scoringrules.weighted_interval_score", "weighted_interval_score", QUANTILES, found, context=levels, **WRONG
    )
    yield from of_ensembles()


def of_ensembles() -> Iterator[dict[str, Any]]:
    """Answer by scoringrules for ensembles."""
    y, x = MEMBERS
    for theirs, ours in (("nrg", "standard"), ("fair", "fair")):
        found = scoringrules.crps_ensemble(y, x, estimator=theirs)
        yield answer("scoringrules.crps_ensemble", f"crps_ensemble(estimator={ours})", MEMBERS, found)
    far = one(0.2, [0.1, 1e17, 0.3])
    found = scoringrules.crps_ensemble(*far, estimator="fair")
    yield answer("scoringrules.crps_ensemble", "crps_ensemble(estimator=fair)", far, found, **WRONG)
    y, x = MANY
    members = x.reshape(len(x), -1, y.shape[1])
    yield answer("scoringrules.es_ensemble", "energy_score", MANY, scoringrules.es_ensemble(y, members))
    yield answer(
        "scoringrules.vs_ensemble", "variogram_score(p=0.5)", MANY, scoringrules.vs_ensemble(y, members, p=0.5)
    )
    near = one([0.1, 1.3], [0.1, 1.3 + 2.0**-40])
    found = scoringrules.vs_ensemble(near[0], near[1][:, None, :], p=0.5)
    yield answer("scoringrules.vs_ensemble", "variogram_score(p=0.5)", near, found, **WRONG)
    y, x = MEMBERS
    moments = np.column_stack([x.mean(axis=1), x.std(axis=1, ddof=1)])
    yield answer("scoringrules.dssuv_ensemble", "dawid_sebastiani", (y, moments), scoringrules.dssuv_ensemble(y, x))
    cumulative = given.CHANCES
    found = scoringrules.rps_score(cumulative[0] + 1, cumulative[1])
    yield answer("scoringrules.rps_score", "ranked_probability_score", cumulative, found)


def live() -> list[dict[str, Any]]:
    """Return all answers."""
    return [*of_sklearn(), *of_sklearn_models(), *of_scipy(), *of_scoringrules()]
