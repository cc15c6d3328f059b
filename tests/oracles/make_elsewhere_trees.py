"""Write the answers of LightGBM's and XGBoost's metrics to ``frozen/elsewhere/``.

Run by hand where both are installed: ``python tests/oracles/make_elsewhere_trees.py``. It imports nothing of lossctl.
No tree is grown: the scores that are judged come in as ``init_score`` and ``base_margin``. XGBoost computes in single
precision. Their gradients are surrogates, and no oracles.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import make_elsewhere as given
import numpy as np
import xgboost
from make_elsewhere import answer, one

SINGLE = {"digits": 5}


def single(inputs: Any) -> Any:
    """Round inputs to single precision, which both hold labels in."""
    return tuple(each.astype(np.float32).astype(float) for each in inputs)


def of_lightgbm(name: str, loss: str, inputs: Any, objective: str = "regression", **more: Any) -> dict[str, Any]:
    """Answer by a metric of LightGBM; `scores` are what the prediction is made of."""
    options, scores = more.pop("options", {}), more.pop("scores", inputs[1])
    settings = {"objective": objective, "metric": name, "boost_from_average": False, "verbosity": -1, "num_threads": 1}
    nothing = np.arange(len(scores), dtype=float)[:, None]
    data = lightgbm.Dataset(nothing, inputs[0], init_score=scores.T.ravel(), params={"min_data_in_bin": 1})
    found = lightgbm.Booster({**settings, **options}, data).eval_train()
    return answer(f"lightgbm: {name}", loss, inputs, found[0].metric_value, **more)


def of_xgboost(name: str, loss: str, inputs: Any, objective: str = "reg:squarederror", **more: Any) -> dict[str, Any]:
    """Answer by a metric of XGBoost."""
    options, scores = more.pop("options", {}), more.pop("scores", inputs[1])
    settings = {"objective": objective, "eval_metric": name, "base_score": 0.5, "verbosity": 0, "nthread": 1}
    data = xgboost.DMatrix(np.zeros((len(scores), 1)), inputs[0], base_margin=scores)
    found = xgboost.train({**settings, **options}, data, 0).eval(data)
    return answer(f"xgboost: {name}", loss, inputs, float(found.rpartition(":")[2]), **SINGLE, **more)


def sure(q: np.ndarray) -> np.ndarray:
    """Return the log-odds of probabilities."""
    return np.log(q) - np.log1p(-q)


def main() -> None:
    """Write the files."""
    real, positive, chance, chances = map(single, (given.REAL, given.POSITIVE, given.CHANCE, given.CHANCES))
    logits, classes = sure(chance[1]), {"num_class": given.CLASSES}
    wrong = {"differs": True}
    softmax = np.exp(chances[1] - chances[1].max())
    softmax = given.CLASS, softmax / softmax.sum(axis=1, keepdims=True)
    gamma = of_lightgbm("gamma_deviance", "gamma_deviance", positive, **wrong)
    lights = [
        of_lightgbm("l1", "mae", real),
        of_lightgbm("l2", "mse", real),
        of_lightgbm("rmse", "rmse", real),
        of_lightgbm("quantile", "quantile(tau=0.3)", real, options={"alpha": 0.3}),
        of_lightgbm("huber", "huber(delta=0.7)", real, options={"alpha": 0.7}),
        of_lightgbm("fair", "fair(c=1.3)", real, options={"fair_c": 1.3}),
        of_lightgbm("poisson", "poisson_nll", positive),
        of_lightgbm("binary_logloss", "binary_cross_entropy", chance, "binary", scores=logits),
        of_lightgbm(
            "multi_logloss", "categorical_cross_entropy", softmax, "multiclass", scores=chances[1], options=classes
        ),
        {**gamma, "answer": gamma["answer"] / given.ROWS, "differs": False},
        of_lightgbm("mape", "mape", one(0.5, 0.75), **wrong),
        gamma,
        of_lightgbm("binary_logloss", "binary_cross_entropy", one(1.0, 1e-20), "binary", scores=-TWENTY, **wrong),
    ]
    boosts = [
        of_xgboost("mae", "mae", real),
        of_xgboost("rmse", "rmse", real),
        of_xgboost("rmsle", "rmsle", positive),
        of_xgboost("mape", "mape", real),
        of_xgboost("mphe", "pseudo_huber(delta=0.7)", real, options={"huber_slope": 0.7}),
        of_xgboost("poisson-nloglik", "poisson_nll(full=true)", positive),
        of_xgboost("gamma-deviance", "gamma_deviance", positive),
        of_xgboost("logloss", "binary_cross_entropy", chance, "binary:logistic", scores=logits),
        of_xgboost(
            "mlogloss", "categorical_cross_entropy", softmax, "multi:softprob", scores=chances[1], options=classes
        ),
        of_xgboost("logloss", "binary_cross_entropy", one(1.0, 1e-20), "binary:logistic", scores=-TWENTY, **wrong),
    ]
    given.write("lightgbm", lightgbm.__version__, lights)
    given.write("xgboost", xgboost.__version__, boosts)


TWENTY = np.array([20.0 * np.log(10.0)])
"""The log-odds of 1 − 1e-20."""

if __name__ == "__main__":
    main()
