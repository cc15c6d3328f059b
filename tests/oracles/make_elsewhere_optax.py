"""Write Optax's answers to ``frozen/elsewhere/``: where its losses agree with those here, and where they differ.

Run by hand where Optax is installed: ``python tests/oracles/make_elsewhere_optax.py``. It imports nothing of lossctl.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import make_elsewhere as given
import numpy as np
import optax
from make_elsewhere import answer, one

CLASSES = given.CLASSES


def plain(name: str, loss: str, inputs: Any, function: Any, **more: Any) -> dict[str, Any]:
    """Answer by ``function(prediction, target)``."""
    target, prediction = (jnp.asarray(each) for each in inputs)
    if more.get("slope"):
        value = jax.grad(lambda x: function(x, target).sum())(prediction)
    else:
        value = function(prediction, target)
    return answer(name, loss, inputs, value, **more)


def triplet(margin: float, power: float = 2.0) -> Any:
    """Make the loss of an anchor, a positive and a negative."""

    def of(pair: Any, anchor: Any) -> Any:
        half = pair.shape[1] // 2
        return optax.losses.triplet_margin_loss(
            anchor, pair[:, :half], pair[:, half:], margin=margin, norm_degree=power
        )

    return of


def ntxent() -> dict[str, Any]:
    """Answer for a batch of pairs; of each vector the rest of the batch are the negatives."""
    pairs = given.ROWS
    batch, labels = np.concatenate(given.VECTORS), np.tile(np.arange(pairs), 2)
    theirs = optax.losses.ntxent(jnp.asarray(batch), jnp.asarray(labels), temperature=0.5)
    partner = np.roll(np.arange(2 * pairs), pairs)
    others = [[partner[i], *(j for j in range(2 * pairs) if j not in {i, partner[i]})] for i in range(2 * pairs)]
    rows = batch, np.array([batch[one].ravel() for one in others])
    return answer("optax.losses.ntxent", "info_nce(temperature=0.5)", rows, theirs)


def integer(y: Any) -> Any:
    """Return labels as whole numbers."""
    return y.astype(int)


def agreeing() -> list[dict[str, Any]]:
    """Answer where Optax agrees."""
    losses = optax.losses
    counts = given.COUNTS[0] + 0.5, given.COUNTS[1]
    return [
        plain("optax.huber_loss", "huber(delta=0.7)", given.REAL, lambda x, y: optax.huber_loss(x, y, delta=0.7)),
        plain("optax.squared_error", "mse", given.REAL, optax.squared_error),
        plain("optax.l2_loss", "half_mse", given.REAL, optax.l2_loss),
        plain("optax.log_cosh", "log_cosh", given.REAL, optax.log_cosh),
        plain(
            "optax.losses.generalized_kl_divergence",
            "generalized_kl",
            counts,
            lambda x, y: losses.generalized_kl_divergence(jnp.log(x)[:, None], y[:, None]),
        ),
        plain("optax.sigmoid_binary_cross_entropy", "bce_logits", given.LOGIT, optax.sigmoid_binary_cross_entropy),
        plain("optax.sigmoid_focal_loss", "focal_with_logits", given.LOGIT, optax.sigmoid_focal_loss),
        plain("optax.hinge_loss", "hinge", given.LOGIT, lambda s, y: optax.hinge_loss(s, 2 * y - 1)),
        plain(
            "optax.losses.perceptron_loss",
            "perceptron",
            given.LOGIT,
            lambda s, y: losses.perceptron_loss(s, 2 * y - 1),
        ),
        plain(
            "optax.softmax_cross_entropy",
            "softmax_cross_entropy",
            given.SCORES,
            lambda s, y: optax.softmax_cross_entropy(s, jax.nn.one_hot(y, CLASSES)),
        ),
        plain(
            "optax.softmax_cross_entropy_with_integer_labels",
            "softmax_cross_entropy",
            given.SCORES,
            lambda s, y: optax.softmax_cross_entropy_with_integer_labels(s, integer(y)),
        ),
        plain(
            "optax.losses.poly_loss_cross_entropy",
            "multiclass_poly1(epsilon=2)",
            given.SCORES,
            lambda s, y: losses.poly_loss_cross_entropy(s, jax.nn.one_hot(y, CLASSES)),
        ),
        plain(
            "optax.losses.multiclass_sparsemax_loss",
            "sparsemax",
            given.SCORES,
            lambda s, y: losses.multiclass_sparsemax_loss(s, integer(y)),
        ),
        plain(
            "optax.losses.multiclass_hinge_loss",
            "crammer_singer",
            given.SCORES,
            lambda s, y: losses.multiclass_hinge_loss(s, integer(y)),
        ),
        plain(
            "optax.losses.multiclass_perceptron_loss",
            "multiclass_perceptron",
            given.SCORES,
            lambda s, y: losses.multiclass_perceptron_loss(s, integer(y)),
        ),
        plain("optax.cosine_distance", "cosine", given.VECTORS, optax.cosine_distance),
        ntxent(),
        plain("optax.losses.triplet_margin_loss", "triplet_margin(margin=3)", given.TRIPLE, triplet(3.0)),
        plain(
            "optax.losses.kl_divergence",
            "kl(base=e)",
            given.PAIR,
            lambda q, p: losses.kl_divergence(jnp.log(q), p),
        ),
        plain(
            "optax.losses.ranking_softmax_loss",
            "listnet",
            (given.LABELS[0], given.SCORES[1]),
            lambda s, y: losses.ranking_softmax_loss(s, jax.nn.softmax(y), reduce_fn=None),
        ),
    ]


def differing() -> list[dict[str, Any]]:
    """Answer where Optax, or JAX below it, differs."""
    losses, wrong = optax.losses, {"differs": True}
    sure = one(0.0, [40.0, 0.0, 0.1])
    return [
        plain("jax.numpy.abs", "mae", one(0.5, 0.5), lambda x, y: jnp.abs(x - y), slope=True, true=0.0, **wrong),
        plain("optax.log_cosh", "log_cosh", one(0.0, 1e-9), optax.log_cosh, **wrong),
        plain(
            "optax.losses.generalized_kl_divergence",
            "generalized_kl",
            one(0.3, 0.3 + 1e-9),
            lambda x, y: losses.generalized_kl_divergence(jnp.log(x)[:, None], y[:, None]),
            **wrong,
        ),
        plain(
            "optax.losses.perceptron_loss",
            "perceptron",
            one(1.0, 0.0),
            lambda s, y: losses.perceptron_loss(s, 2 * y - 1),
            slope=True,
            true=0.0,
            **wrong,
        ),
        plain(
            "optax.softmax_cross_entropy",
            "softmax_cross_entropy",
            sure,
            lambda s, y: optax.softmax_cross_entropy(s, jax.nn.one_hot(y, 3)),
            **wrong,
        ),
        plain(
            "optax.softmax_cross_entropy_with_integer_labels",
            "softmax_cross_entropy",
            sure,
            lambda s, y: optax.softmax_cross_entropy_with_integer_labels(s, integer(y)),
            **wrong,
        ),
        plain("optax.cosine_distance", "cosine", one([1.0, 0.0], [1.0, 1e-8]), optax.cosine_distance, **wrong),
        plain(
            "optax.losses.triplet_margin_loss",
            "triplet_margin(p=3)",
            one([0.0, 0.0], [3.0, 4.0, 0.0, 2.0]),
            triplet(1.0, 3.0),
            **wrong,
        ),
        plain(
            "optax.losses.triplet_margin_loss",
            "triplet_margin",
            one([0.0, 0.0], [0.0, 0.0, 0.5, 0.0]),
            triplet(1.0),
            **wrong,
        ),
        plain(
            "optax.losses.kl_divergence",
            "kl(base=e)",
            one([0.0, 1.0], [0.0, 1.0]),
            lambda q, p: losses.kl_divergence(jnp.log(q), p),
            **wrong,
        ),
        plain(
            "optax.losses.kl_divergence",
            "kl(base=e)",
            given.NEARLY,
            lambda q, p: losses.kl_divergence(jnp.log(q), p),
            **wrong,
        ),
    ]


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", val=True)
    given.write("optax", optax.__version__, [*agreeing(), *differing()])
