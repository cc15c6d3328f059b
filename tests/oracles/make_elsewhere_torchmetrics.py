"""Write torchmetrics' answers to ``frozen/elsewhere/``: where they agree with the losses here, and where they differ.

Run by hand where torchmetrics is installed: ``python tests/oracles/make_elsewhere_torchmetrics.py``. It imports nothing
of lossctl. The answers are means over the rows.
"""

from __future__ import annotations

from typing import Any

import make_elsewhere as given
import numpy as np
import torch
import torchmetrics
from make_elsewhere import answer, one

CLASSES = given.CLASSES


def plain(name: str, loss: str, inputs: Any, **more: Any) -> dict[str, Any]:
    """Answer by a metric of that name; `options` are its, and `finish` makes of its number the loss."""
    options, finish = more.pop("options", {}), more.pop("finish", float)
    target, prediction = (torch.tensor(each) for each in inputs)
    if loss.startswith(("hinge", "squared_hinge", "crammer_singer")):
        target = target.to(torch.int64)
    if loss.startswith("kl"):
        target, prediction = prediction, target
    metric = getattr(torchmetrics, name.partition("(")[0])(**options).set_dtype(torch.float64)
    return answer(f"torchmetrics.{name}", loss, inputs, finish(metric(prediction, target)), **more)


def deviance(power: float) -> dict[str, Any]:
    """Return the options of a deviance."""
    return {"options": {"power": power}}


def main() -> None:
    """Write the file."""
    hinge = "HingeLoss(task='binary')"
    hinges = "HingeLoss(task='binary', squared=True)"
    classes = "HingeLoss(task='multiclass')"
    shares = given.CHANCE  # scores within [0, 1], which it takes as they are
    wrong = {"differs": True}
    of_cosine = {"options": {"reduction": "mean"}, "finish": lambda value: 1.0 - float(value)}
    answers = [
        plain("MeanAbsoluteError", "mae", given.REAL),
        plain("MeanSquaredError", "mse", given.REAL),
        plain("MeanSquaredError(squared=False)", "rmse", given.REAL, options={"squared": False}),
        plain("LogCoshError", "log_cosh", given.REAL),
        plain("MeanAbsolutePercentageError", "mape", given.REAL),
        plain("WeightedMeanAbsolutePercentageError", "wmape", given.REAL),
        plain("SymmetricMeanAbsolutePercentageError", "smape", given.REAL),
        plain("MeanSquaredLogError", "msle", given.POSITIVE),
        plain("TweedieDevianceScore(power=1)", "poisson_deviance", given.POSITIVE, **deviance(1.0)),
        plain("TweedieDevianceScore(power=2)", "gamma_deviance", given.POSITIVE, **deviance(2.0)),
        plain("TweedieDevianceScore(power=3)", "inverse_gaussian_deviance", given.POSITIVE, **deviance(3.0)),
        plain("TweedieDevianceScore", "tweedie_deviance(power=1.4)", given.POSITIVE, **deviance(1.4)),
        plain(hinge, "hinge", shares, options={"task": "binary"}),
        plain(hinges, "squared_hinge", shares, options={"task": "binary", "squared": True}),
        plain(classes, "crammer_singer", given.CHANCES, options={"task": "multiclass", "num_classes": CLASSES}),
        plain("KLDivergence", "kl(base=e)", given.PAIR),
        plain("CosineSimilarity", "cosine", given.VECTORS, **of_cosine),
        plain("LogCoshError", "log_cosh", one(0.0, 711.0), **wrong),
        plain("LogCoshError", "log_cosh", one(0.0, 1e-9), **wrong),
        plain("MeanAbsolutePercentageError", "mape", one(1e-9, 3e-9), **wrong),
        plain("WeightedMeanAbsolutePercentageError", "wmape", one(1e-9, 3e-9), **wrong),
        plain("SymmetricMeanAbsolutePercentageError", "smape", one(1e-9, 3e-9), **wrong),
        plain("TweedieDevianceScore(power=1)", "poisson_deviance", one(1.0, 1.0 + 2.0**-30), **deviance(1.0), **wrong),
        plain("TweedieDevianceScore(power=2)", "gamma_deviance", one(1.0, 1.0 + 2.0**-30), **deviance(2.0), **wrong),
        plain(hinge, "hinge", (np.ones(2), np.array([0.5, 7.0])), options={"task": "binary"}, **wrong),
        plain(
            hinges,
            "squared_hinge",
            (np.ones(2), np.array([0.5, 7.0])),
            options={"task": "binary", "squared": True},
            **wrong,
        ),
        plain(
            classes,
            "crammer_singer",
            one(0.0, [1.5, 0.0, 0.0, 0.0]),
            options={"task": "multiclass", "num_classes": CLASSES},
            **wrong,
        ),
        plain("KLDivergence", "kl(base=e)", given.NEARLY, **wrong),
        plain("CosineSimilarity", "cosine", one([1.0, 0.0], [1.0, 1e-8]), **of_cosine, **wrong),
    ]
    given.write("torchmetrics", torchmetrics.__version__, answers)


if __name__ == "__main__":
    main()
