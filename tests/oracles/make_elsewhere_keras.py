"""Write Keras's answers to ``frozen/elsewhere/``: where its losses agree with those here, and where they differ.

Run by hand where Keras and torch are installed: ``KERAS_BACKEND=torch python tests/oracles/make_elsewhere_keras.py``.
It imports nothing of lossctl.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import make_elsewhere as given
import numpy as np
from make_elsewhere import answer, hot, one

NONE = {"reduction": "none"}


def plain(name: str, loss: str, inputs: Any, function: Any, **more: Any) -> dict[str, Any]:
    """Answer by ``function(target, prediction)``; Keras means over the last axis, so that a number is a row of one."""
    target, prediction = (each[:, None] if each.ndim == 1 else each for each in inputs)
    value = keras.ops.convert_to_numpy(function(target, prediction))
    return answer(f"keras.{name}", loss, inputs, value, **more)


def named(name: str, **options: Any) -> Any:
    """Make a loss of Keras that gives each row its own."""
    return getattr(keras.losses, name)(**NONE, **options)


def on_hot(loss: Any) -> Any:
    """Return labels as rows of 0 and a 1."""
    return lambda y, q: loss(hot(y[:, 0], q.shape[1]), q)


def agreeing() -> list[dict[str, Any]]:
    """Answer where Keras agrees, to the 1e-7 that it adds or clips by."""
    half = {"alpha": 0.3, "beta": 0.7}
    return [
        plain("losses.MeanAbsoluteError", "mae", given.REAL, named("MeanAbsoluteError")),
        plain("losses.MeanSquaredError", "mse", given.REAL, named("MeanSquaredError")),
        plain("losses.Huber", "huber(delta=0.7)", given.REAL, named("Huber", delta=0.7)),
        plain("losses.LogCosh", "log_cosh", given.REAL, named("LogCosh")),
        plain(
            "losses.MeanAbsolutePercentageError",
            "mape",
            given.REAL,
            lambda y, x: named("MeanAbsolutePercentageError")(y, x) / 100.0,
        ),
        plain(
            "losses.MeanSquaredLogarithmicError",
            "msle",
            given.POSITIVE,
            named("MeanSquaredLogarithmicError"),
            digits=4,  # it takes its logarithms in single precision
        ),
        plain("metrics.RootMeanSquaredError", "rmse", given.REAL, keras.metrics.RootMeanSquaredError()),
        plain("losses.Poisson", "poisson_nll", given.COUNTS, named("Poisson")),
        plain("losses.BinaryCrossentropy", "binary_cross_entropy", given.CHANCE, named("BinaryCrossentropy")),
        plain(
            "losses.BinaryCrossentropy",
            "binary_cross_entropy(label_smoothing=0.2)",
            given.CHANCE,
            named("BinaryCrossentropy", label_smoothing=0.2),
        ),
        plain(
            "losses.BinaryCrossentropy(from_logits=True)",
            "bce_logits",
            given.LOGIT,
            named("BinaryCrossentropy", from_logits=True),
        ),
        plain("losses.BinaryFocalCrossentropy", "focal", given.CHANCE, named("BinaryFocalCrossentropy")),
        plain(
            "losses.BinaryFocalCrossentropy",
            "focal(alpha=0.25)",
            given.CHANCE,
            named("BinaryFocalCrossentropy", apply_class_balancing=True),
        ),
        plain(
            "losses.BinaryFocalCrossentropy(from_logits=True)",
            "focal_with_logits",
            given.LOGIT,
            named("BinaryFocalCrossentropy", from_logits=True),
        ),
        plain("losses.Dice", "dice", given.CHANCE, named("Dice")),
        plain(
            "losses.Tversky",
            "tversky(alpha=0.7,beta=0.3)",
            given.CHANCE,
            named("Tversky", **half),
        ),
        plain("losses.Hinge", "hinge", given.LOGIT, named("Hinge")),
        plain("losses.SquaredHinge", "squared_hinge", given.LOGIT, named("SquaredHinge")),
        plain(
            "losses.CategoricalCrossentropy",
            "categorical_cross_entropy(label_smoothing=0.2)",
            given.CHANCES,
            on_hot(named("CategoricalCrossentropy", label_smoothing=0.2)),
        ),
        plain(
            "losses.SparseCategoricalCrossentropy",
            "categorical_cross_entropy",
            given.CHANCES,
            named("SparseCategoricalCrossentropy"),
        ),
        plain(
            "losses.SparseCategoricalCrossentropy(from_logits=True)",
            "softmax_cross_entropy",
            given.SCORES,
            named("SparseCategoricalCrossentropy", from_logits=True),
        ),
        plain(
            "losses.CategoricalFocalCrossentropy",
            "multiclass_focal",
            given.CHANCES,
            on_hot(named("CategoricalFocalCrossentropy", alpha=1.0)),
        ),
        plain(
            "losses.CategoricalGeneralizedCrossEntropy",
            "generalized_cross_entropy(q=0.7)",
            given.CHANCES,
            lambda y, q: named("CategoricalGeneralizedCrossEntropy", q=0.7)(y[:, 0], q),
        ),
        plain(
            "losses.CategoricalHinge",
            "crammer_singer",
            (given.SCORES[0], given.SCORES[1] + 9.0),
            on_hot(named("CategoricalHinge")),
        ),
        plain("losses.KLDivergence", "kl(base=e)", given.PAIR, named("KLDivergence")),
        plain(
            "losses.CosineSimilarity",
            "cosine",
            given.VECTORS,
            lambda u, v: 1.0 + named("CosineSimilarity")(u, v),
        ),
    ]


def differing() -> list[dict[str, Any]]:
    """Answer where Keras differs."""
    wrong = {"differs": True}
    impossible = one(1.0, [1.0, 0.0, 0.0])
    return [
        plain(
            "losses.MeanSquaredError",
            "mse",
            given.REAL,
            lambda y, x: keras.losses.MeanSquaredError()(y, x, sample_weight=given.WEIGHTS),
            weights=given.WEIGHTS,
            **wrong,
        ),
        plain("losses.LogCosh", "log_cosh", one(0.0, 1e-9), named("LogCosh"), **wrong),
        plain(
            "losses.MeanAbsolutePercentageError",
            "mape",
            one(0.0, 1.0),
            named("MeanAbsolutePercentageError"),
            refused=True,
            **wrong,
        ),
        plain(
            "losses.MeanSquaredLogarithmicError",
            "msle",
            one(1.0, -0.5),
            named("MeanSquaredLogarithmicError"),
            **wrong,
        ),
        plain("losses.Poisson", "poisson_nll", one(1.0, 1e-12), named("Poisson"), **wrong),
        plain("losses.BinaryCrossentropy", "binary_cross_entropy", one(1.0, 0.0), named("BinaryCrossentropy"), **wrong),
        plain("losses.BinaryFocalCrossentropy", "focal", one(1.0, 1e-20), named("BinaryFocalCrossentropy"), **wrong),
        plain(
            "losses.BinaryFocalCrossentropy(from_logits=True)",
            "focal_with_logits",
            one(1.0, -40.0),
            named("BinaryFocalCrossentropy", from_logits=True),
            **wrong,
        ),
        plain("losses.Dice", "dice", (np.zeros(3), np.zeros(3)), named("Dice"), **wrong),
        plain(
            "losses.Tversky",
            "tversky(alpha=0.3,beta=0.7)",
            given.CHANCE,
            named("Tversky", alpha=0.3, beta=0.7),
            **wrong,
        ),
        plain(
            "losses.CategoricalCrossentropy",
            "categorical_cross_entropy",
            impossible,
            on_hot(named("CategoricalCrossentropy")),
            **wrong,
        ),
        plain(
            "losses.SparseCategoricalCrossentropy",
            "categorical_cross_entropy",
            impossible,
            named("SparseCategoricalCrossentropy"),
            **wrong,
        ),
        plain(
            "losses.SparseCategoricalCrossentropy(from_logits=True)",
            "softmax_cross_entropy",
            one(0.0, [40.0, 0.0, 0.1]),
            named("SparseCategoricalCrossentropy", from_logits=True),
            **wrong,
        ),
        plain(
            "losses.CategoricalFocalCrossentropy",
            "multiclass_focal",
            one(1.0, [0.5, 0.25, 0.25]),
            on_hot(named("CategoricalFocalCrossentropy")),
            **wrong,
        ),
        plain(
            "losses.CategoricalHinge",
            "crammer_singer",
            one(0.0, [-2.0, -3.0, -4.0]),
            on_hot(named("CategoricalHinge")),
            **wrong,
        ),
        plain("losses.KLDivergence", "kl(base=e)", one([0.5, 0.5], [1.0, 0.0]), named("KLDivergence"), **wrong),
        plain(
            "losses.CosineSimilarity",
            "cosine",
            one([1.0, 0.0], [1.0, 1e-8]),
            lambda u, v: 1.0 + named("CosineSimilarity")(u, v),
            **wrong,
        ),
    ]


if __name__ == "__main__":
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    given.write("keras", keras.__version__, [*agreeing(), *differing()])
