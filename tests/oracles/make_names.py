"""Write ``frozen/names/``: the names of losses and metrics in torch, Keras, LightGBM and XGBoost, and their numbers.

Run by hand where they are installed: ``KERAS_BACKEND=torch python tests/oracles/make_names.py``. It imports nothing of
lossctl. The number is what the name gives unless told otherwise, the mean over the rows where the library gives one for
each; ``null`` where it has none: an objective of which there are gradients alone, or a metric that is no loss.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import lightgbm
import make_elsewhere as given
import numpy as np
import torch
import xgboost
from make_elsewhere import hot
from torch import nn
from torch.nn import functional

FOLDER = Path(__file__).parent / "frozen" / "names"
Numbers = Mapping[str, tuple[str, Callable[[np.ndarray, np.ndarray], Any]]]
"""By name the inputs, a name in `make_elsewhere`, and ``function(target, prediction)``."""

OF_LIGHTGBM = """
l1 mean_absolute_error mae regression_l1 l2 mean_squared_error mse regression_l2 regression rmse root_mean_squared_error
l2_root quantile mape mean_absolute_percentage_error huber fair poisson gamma gamma_deviance tweedie ndcg map
mean_average_precision auc average_precision r2 binary_logloss binary binary_error auc_mu multi_logloss multiclass
softmax multiclassova multiclass_ova ova ovr multi_error cross_entropy xentropy cross_entropy_lambda xentlambda
kullback_leibler kldiv lambdarank rank_xendcg xendcg
"""
"""Metrics and objectives in the parameters of LightGBM, with their aliases."""
OF_XGBOOST = """
rmse rmsle mae mape mphe logloss error error@0.7 merror mlogloss auc aucpr pre ndcg map ndcg@3 map@3 pre@3
poisson-nloglik gamma-nloglik cox-nloglik gamma-deviance tweedie-nloglik@1.5 aft-nloglik interval-regression-accuracy
quantile reg:squarederror reg:squaredlogerror reg:logistic reg:pseudohubererror reg:absoluteerror reg:quantileerror
reg:gamma reg:tweedie reg:linear binary:logistic binary:logitraw binary:hinge count:poisson survival:cox survival:aft
multi:softmax multi:softprob rank:ndcg rank:map rank:pairwise
"""
"""Metrics of XGBoost's documentation, and the objectives that its library lists."""
SAME_REAL = """
l1 mean_absolute_error mae regression_l1 l2 mean_squared_error mse regression_l2 regression rmse root_mean_squared_error
l2_root quantile mape mean_absolute_percentage_error huber fair
"""
"""Metrics of LightGBM that take numbers."""
OF_CLASSES = "multi_logloss multiclass softmax multiclassova multiclass_ova ova ovr"


def main() -> None:
    """Write the files."""
    write("torch", torch.__version__.partition("+")[0], names_of_torch(), of_torch())
    write("keras", keras.__version__, names_of_keras(), of_keras())
    write("lightgbm", lightgbm.__version__, OF_LIGHTGBM.split(), of_lightgbm())
    write("xgboost", xgboost.__version__, OF_XGBOOST.split(), of_xgboost())


def write(library: str, version: str, names: Iterable[str], numbers: Numbers) -> None:
    """Write a file: each name, with the number it gives where there is one."""
    entries: list[dict[str, Any]] = []
    for name in names:
        inputs, function = numbers.get(name, ("", None))
        value = None if function is None else float(np.mean(_array(function(*getattr(given, inputs)))))
        entries.append({"name": name, "inputs": inputs or None, "value": value})
    assert not set(numbers) - {each["name"] for each in entries}
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(each) for each in entries)
    path = FOLDER / f"{library}_{version.replace('.', '_')}.json"
    path.write_text(f'{{"library": "{library}", "version": "{version}", "names": [\n{lines}\n]}}\n')


def _array(value: Any) -> np.ndarray:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value, dtype=float)


def names_of_torch() -> list[str]:
    """List the losses and distances of ``torch.nn``, and the functions of the same."""
    classes = [name for name in dir(nn) if name.endswith("Loss") or name in {"CosineSimilarity", "PairwiseDistance"}]
    words = ("loss", "entropy", "kl_div", "cosine", "pairwise")
    found = [name for name in dir(functional) if callable(getattr(functional, name)) and any(w in name for w in words)]
    return [*(f"torch.nn.{name}" for name in classes), *(f"torch.nn.functional.{name}" for name in found)]


def names_of_keras() -> list[str]:
    """List the classes and functions of ``keras.losses``, and the classes of ``keras.metrics``."""
    no_loss = {"Loss", "deserialize", "get", "serialize"}
    losses = [name for name in dir(keras.losses) if not name.startswith("_") and name not in no_loss]
    base = {"Mean", "MeanMetricWrapper", "Metric", "Sum"}
    metrics = [
        name for name in dir(keras.metrics) if inspect.isclass(getattr(keras.metrics, name)) and name not in base
    ]
    return [*(f"keras.losses.{name}" for name in losses), *(f"keras.metrics.{name}" for name in metrics)]


def of_torch() -> Numbers:
    """Return the numbers of torch, for its classes and its functions."""
    numbers: dict[str, tuple[str, Any]] = {}

    def add(inputs: str, name: str, function: str, call: Any) -> None:
        ways = {
            f"torch.nn.{name}": getattr(nn, name)(),
            f"torch.nn.functional.{function}": getattr(functional, function),
        }
        for way, made in ways.items():
            numbers[way] = inputs, lambda y, x, made=made: call(made, *map(torch.tensor, (y, x)))

    def halves(pair: Any) -> Any:
        return pair[:, : pair.shape[1] // 2], pair[:, pair.shape[1] // 2 :]

    for name, function in (("L1", "l1"), ("SmoothL1", "smooth_l1"), ("Huber", "huber"), ("MSE", "mse")):
        add("REAL", f"{name}Loss", f"{function}_loss", lambda f, y, x: f(x, y))
    add("LOG_COUNTS", "PoissonNLLLoss", "poisson_nll_loss", lambda f, y, x: f(x, y))
    add("CHANCE", "BCELoss", "binary_cross_entropy", lambda f, y, x: f(x, y))
    add("LOGIT", "BCEWithLogitsLoss", "binary_cross_entropy_with_logits", lambda f, y, x: f(x, y))
    add("LOGIT", "SoftMarginLoss", "soft_margin_loss", lambda f, y, x: f(x, 2 * y - 1))
    add("CHANCES", "NLLLoss", "nll_loss", lambda f, y, x: f(x, y.long()))
    add("SCORES", "CrossEntropyLoss", "cross_entropy", lambda f, y, x: f(x, y.long()))
    add("SCORES", "MultiMarginLoss", "multi_margin_loss", lambda f, y, x: f(x, y.long()))
    add("LABELS", "MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", lambda f, y, x: f(x, y))
    add("LABELS", "MultiLabelMarginLoss", "multilabel_margin_loss", lambda f, y, x: f(x, lists(y)))
    add("VECTORS", "CosineSimilarity", "cosine_similarity", lambda f, y, x: f(x, y))
    add("VECTORS", "PairwiseDistance", "pairwise_distance", lambda f, y, x: f(x, y))
    add("LABELLED", "CosineEmbeddingLoss", "cosine_embedding_loss", lambda f, y, x: f(*halves(x), 2 * y - 1))
    add("DISTANCE", "HingeEmbeddingLoss", "hinge_embedding_loss", lambda f, y, x: f(x, 2 * y - 1))
    add("TWO", "MarginRankingLoss", "margin_ranking_loss", lambda f, y, x: f(x[:, 0], x[:, 1], 2 * y - 1))
    for name, function in (("", ""), ("WithDistance", "_with_distance")):
        call = lambda f, y, x: f(y, *halves(x))  # noqa: E731 -- a word for what is called twice
        add("TRIPLE", f"TripletMargin{name}Loss", f"triplet_margin{function}_loss", call)
    add("PAIR", "KLDivLoss", "kl_div", lambda f, y, x: f(x, y))
    add("FORECAST", "GaussianNLLLoss", "gaussian_nll_loss", lambda f, y, x: f(x[:, 0], y, x[:, 1]))
    return numbers


def lists(labels: Any) -> Any:
    """Write labels as torch's multilabel margin wants them: the numbers of those that apply, then −1."""
    found = torch.full(labels.shape, -1, dtype=torch.int64)
    for place, row in enumerate(labels):
        applies = torch.nonzero(row).ravel()
        found[place, : len(applies)] = applies
    return found


def of_keras() -> Numbers:
    """Return the numbers of Keras, for its classes, its functions and its metrics."""
    keras.config.set_floatx("float64")
    numbers: dict[str, tuple[str, Any]] = {}

    def add(inputs: str, call: Any, *names: str) -> None:
        for name in names:
            module, _, own = name.partition(".")
            made = getattr(getattr(keras, module), own)
            made = made() if inspect.isclass(made) else made
            numbers[f"keras.{name}"] = inputs, lambda y, x, made=made: _number(call(made, _rows(y), _rows(x)))

    def same(made: Any, y: Any, x: Any) -> Any:
        return made(y, x)

    def coded(made: Any, y: Any, x: Any) -> Any:
        return made(hot(y[:, 0], x.shape[1]), x)

    for inputs, name, function in (
        ("REAL", "MeanAbsoluteError", "mean_absolute_error"),
        ("REAL", "MeanSquaredError", "mean_squared_error"),
        ("REAL", "MeanAbsolutePercentageError", "mean_absolute_percentage_error"),
        ("POSITIVE", "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error"),
        ("COUNTS", "Poisson", "poisson"),
        ("CHANCE", "BinaryCrossentropy", "binary_crossentropy"),
        ("LOGIT", "Hinge", "hinge"),
        ("LOGIT", "SquaredHinge", "squared_hinge"),
        ("PAIR", "KLDivergence", "kl_divergence"),
        ("CHANCES", "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"),
    ):
        add(inputs, same, f"losses.{name}", f"losses.{function}", f"metrics.{name}")
    add("REAL", same, "losses.Huber", "losses.huber", "losses.LogCosh", "losses.log_cosh", "metrics.LogCoshError")
    add("REAL", same, "metrics.RootMeanSquaredError")
    add("CHANCE", same, "losses.BinaryFocalCrossentropy", "losses.binary_focal_crossentropy")
    add("CHANCE", same, "losses.Dice", "losses.dice", "losses.Tversky", "losses.tversky")
    add("VECTORS", same, "losses.CosineSimilarity", "losses.cosine_similarity", "metrics.CosineSimilarity")
    names = ("losses.CategoricalCrossentropy", "losses.categorical_crossentropy", "metrics.CategoricalCrossentropy")
    add("CHANCES", coded, *names, "losses.CategoricalFocalCrossentropy", "losses.categorical_focal_crossentropy")
    add("CHANCES", lambda made, y, x: made(y[:, 0], x), "losses.CategoricalGeneralizedCrossEntropy")
    numbers["keras.losses.categorical_generalized_cross_entropy"] = (  # which asks for q; the class has 0.5
        numbers["keras.losses.CategoricalGeneralizedCrossEntropy"]
    )
    add("LOW_SCORES", coded, "losses.CategoricalHinge", "losses.categorical_hinge", "metrics.CategoricalHinge")
    return numbers


def _rows(values: np.ndarray) -> np.ndarray:
    """Return Keras a number as a row of one: it means over the last axis."""
    return values[:, None] if values.ndim == 1 else values


def _number(value: Any) -> float:
    return float(np.mean(keras.ops.convert_to_numpy(value)))


def sure(q: np.ndarray) -> np.ndarray:
    """Return the log-odds of probabilities."""
    return np.log(q) - np.log1p(-q)


def of_lightgbm() -> Numbers:
    """Return the numbers of LightGBM's metrics: no tree is grown, the scores come in as ``init_score``."""

    def metric(name: str, objective: str = "regression", scores: Any = None, **options: Any) -> Any:
        def number(y: np.ndarray, x: np.ndarray) -> float:
            settings = {"objective": objective, "metric": name, "boost_from_average": False, "verbosity": -1}
            start = x if scores is None else scores(x)
            nothing = np.arange(len(y), dtype=float)[:, None]
            data = lightgbm.Dataset(nothing, y, init_score=start.T.ravel(), params={"min_data_in_bin": 1})
            return float(lightgbm.Booster({**settings, **options, "num_threads": 1}, data).eval_train()[0].metric_value)

        return number

    numbers: dict[str, tuple[str, Any]] = {}
    for name in SAME_REAL.split():
        numbers[name] = "REAL", metric(name)
    for name in ("poisson", "gamma", "gamma_deviance"):
        numbers[name] = "POSITIVE", metric(name)
    numbers["tweedie"] = "POSITIVE", metric("tweedie")
    for name in ("binary_logloss", "binary", "cross_entropy", "xentropy"):
        objective = "binary" if name.startswith("binary") else "cross_entropy"
        numbers[name] = "CHANCE", metric(name, objective, sure)
    classes = {"num_class": given.CLASSES}
    for name in OF_CLASSES.split():
        numbers[name] = "CHANCES", metric(name, "multiclass", np.log, **classes)
    return numbers


def of_xgboost() -> Numbers:
    """Return the numbers of XGBoost's metrics, in single precision: the scores come in as ``base_margin``."""

    def metric(name: str, objective: str = "reg:squarederror", scores: Any = None, **options: Any) -> Any:
        def number(y: np.ndarray, x: np.ndarray) -> float:
            start = x if scores is None else scores(x)
            settings = {"objective": objective, "eval_metric": name, "base_score": 0.5, "verbosity": 0, "nthread": 1}
            data = xgboost.DMatrix(np.zeros((len(y), 1)), y, base_margin=start)
            return float(xgboost.train({**settings, **options}, data, 0).eval(data).rpartition(":")[2])

        return number

    numbers: dict[str, tuple[str, Any]] = {name: ("REAL", metric(name)) for name in ("rmse", "mae", "mape", "mphe")}
    numbers["quantile"] = "REAL", metric("quantile", quantile_alpha=0.5)
    for name in ("rmsle", "poisson-nloglik", "gamma-nloglik", "gamma-deviance", "tweedie-nloglik@1.5"):
        numbers[name] = "POSITIVE", metric(name)
    numbers["logloss"] = "CHANCE", metric("logloss", "binary:logistic", sure)
    numbers["mlogloss"] = "CHANCES", metric("mlogloss", "multi:softprob", np.log, num_class=given.CLASSES)
    return numbers


if __name__ == "__main__":
    main()
