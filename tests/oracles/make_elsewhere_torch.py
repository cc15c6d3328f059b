"""Write torch's answers to ``frozen/elsewhere/``: where its losses agree with those here, and where they differ.

Run by hand where torch is installed: ``python tests/oracles/make_elsewhere_torch.py``. It imports nothing of lossctl.
"""

from __future__ import annotations

from typing import Any

import make_elsewhere as given
import numpy as np
import torch
from make_elsewhere import answer, one
from make_torch_labels import lists
from torch import distributions, nn
from torch.nn import functional

NONE = {"reduction": "none"}


def tensors(inputs: Any, dtype: Any = torch.float64) -> tuple[Any, Any]:
    """Return target and prediction to torch."""
    target, prediction = (torch.tensor(each, dtype=dtype) for each in inputs)
    return target, prediction.requires_grad_()


def plain(name: str, loss: str, inputs: Any, function: Any, **more: Any) -> dict[str, Any]:
    """Answer by ``function(prediction, target)``."""
    dtype = more.pop("dtype", torch.float64)
    target, prediction = tensors(inputs, dtype)
    value = function(prediction, target)
    if more.get("slope"):
        value.sum().backward()
        value = prediction.grad
    return answer(f"torch.{name}", loss, inputs, value.detach().numpy(), **more)


def halves(pair: Any) -> tuple[Any, Any]:
    """Return the two vectors of each row."""
    return pair[:, : pair.shape[1] // 2], pair[:, pair.shape[1] // 2 :]


def whole(target: Any) -> Any:
    """Return labels as torch wants them."""
    return target.to(torch.int64)


def logarithm(family: Any) -> Any:
    """Make the negative log-likelihood of a family of a location and a scale."""
    return lambda x, y: -family(x[:, 0], x[:, 1]).log_prob(y)


def agreeing() -> list[dict[str, Any]]:
    """Answer where torch agrees."""
    signs = lambda y: 2 * y - 1  # noqa: E731 -- a word for what is said many times below
    return [
        plain("nn.L1Loss", "mae", given.REAL, nn.L1Loss(**NONE)),
        plain("nn.SmoothL1Loss", "smooth_l1(beta=0.7)", given.REAL, nn.SmoothL1Loss(beta=0.7, **NONE)),
        plain("nn.HuberLoss", "huber(delta=0.7)", given.REAL, nn.HuberLoss(delta=0.7, **NONE)),
        plain("nn.MSELoss", "mse", given.REAL, nn.MSELoss(**NONE)),
        plain("nn.PoissonNLLLoss(log_input=False)", "poisson_nll", given.COUNTS, rate(eps=0.0)),
        plain(
            "nn.PoissonNLLLoss(log_input=True)",
            "poisson_nll_with_log_rate",
            (given.COUNTS[0], np.log(given.COUNTS[1])),
            nn.PoissonNLLLoss(**NONE),
        ),
        plain("nn.BCELoss", "binary_cross_entropy", given.CHANCE, nn.BCELoss(**NONE)),
        plain("nn.BCEWithLogitsLoss", "bce_logits", given.LOGIT, nn.BCEWithLogitsLoss(**NONE)),
        plain("nn.SoftMarginLoss", "bce_logits", given.LOGIT, lambda s, y: nn.SoftMarginLoss(**NONE)(s, signs(y))),
        plain(
            "nn.NLLLoss",
            "categorical_cross_entropy",
            given.CHANCES,
            lambda q, y: nn.NLLLoss(**NONE)(q.log(), whole(y)),
        ),
        plain(
            "nn.CrossEntropyLoss",
            "softmax_cross_entropy(label_smoothing=0.2)",
            given.SCORES,
            lambda s, y: nn.CrossEntropyLoss(label_smoothing=0.2, **NONE)(s, whole(y)),
        ),
        plain(
            "nn.MultiMarginLoss",
            "multi_margin(p=2,margin=1.3)",
            given.SCORES,
            lambda s, y: nn.MultiMarginLoss(p=2, margin=1.3, **NONE)(s, whole(y)),
        ),
        plain(
            "nn.MultiLabelSoftMarginLoss", "multilabel_soft_margin", given.LABELS, nn.MultiLabelSoftMarginLoss(**NONE)
        ),
        plain(
            "nn.MultiLabelMarginLoss",
            "multilabel_margin",
            given.LABELS,
            lambda s, y: nn.MultiLabelMarginLoss(**NONE)(s, lists(y)),
        ),
        plain("nn.CosineSimilarity", "cosine", given.VECTORS, lambda v, u: 1 - nn.CosineSimilarity()(u, v)),
        plain(
            "nn.CosineEmbeddingLoss",
            "cosine_embedding(margin=0.2)",
            given.LABELLED,
            lambda v, y: nn.CosineEmbeddingLoss(margin=0.2, **NONE)(*halves(v), signs(y)),
        ),
        plain("nn.PairwiseDistance", "euclidean", given.VECTORS, lambda v, u: nn.PairwiseDistance(eps=0.0)(u, v)),
        plain(
            "nn.HingeEmbeddingLoss",
            "hinge_embedding",
            given.DISTANCE,
            lambda d, y: nn.HingeEmbeddingLoss(**NONE)(d, signs(y)),
        ),
        plain(
            "nn.MarginRankingLoss",
            "margin_ranking(margin=0.6)",
            given.TWO,
            lambda s, y: nn.MarginRankingLoss(margin=0.6, **NONE)(s[:, 0], s[:, 1], signs(y)),
        ),
        plain(
            "nn.TripletMarginLoss",
            "triplet_margin(margin=3)",
            given.TRIPLE,
            lambda v, a: nn.TripletMarginLoss(margin=3.0, eps=0.0, **NONE)(a, *halves(v)),
        ),
        plain("nn.KLDivLoss", "kl(base=e)", given.PAIR, lambda q, p: nn.KLDivLoss(**NONE)(q.log(), p).sum(dim=1)),
        plain(
            "nn.GaussianNLLLoss",
            "gaussian_nll(variance=true)",
            given.FORECAST,
            lambda x, y: nn.GaussianNLLLoss(**NONE)(x[:, 0], y, x[:, 1]),
        ),
        plain("distributions.Normal", "gaussian_nll(full=true)", given.FORECAST, logarithm(distributions.Normal)),
        plain("distributions.Laplace", "laplace_nll", given.FORECAST, logarithm(distributions.Laplace)),
        plain("distributions.StudentT", "student_t_nll(df=4)", given.FORECAST, student(4.0)),
        plain(
            "distributions.LogNormal",
            "lognormal_nll",
            (np.exp(given.FORECAST[0]), given.FORECAST[1]),
            logarithm(distributions.LogNormal),
        ),
    ]


def rate(**options: Any) -> Any:
    """Make the Poisson loss of a mean."""
    return nn.PoissonNLLLoss(log_input=False, **NONE, **options)


def student(df: float) -> Any:
    """Make the negative log-likelihood of Student's t."""
    freedom = torch.tensor(df, dtype=torch.float64)
    return lambda x, y: -distributions.StudentT(freedom, x[:, 0], x[:, 1]).log_prob(y)


def differing() -> list[dict[str, Any]]:
    """Answer where torch differs."""
    weights = torch.tensor(given.WEIGHTS)
    at_margin = np.array([[1.5, 0.5]])
    wrong = {"differs": True}
    return [
        plain(
            "nn.HuberLoss",
            "huber(delta=0.7)",
            given.REAL,
            lambda x, y: functional.huber_loss(x, y, delta=0.7, weight=weights),
            weights=given.WEIGHTS,
            **wrong,
        ),
        plain("nn.PoissonNLLLoss(log_input=False)", "poisson_nll(full=true)", one(2.0, 2.5), rate(full=True), **wrong),
        plain("nn.PoissonNLLLoss(log_input=False)", "poisson_nll", one(1.0, 1e-12), rate(), **wrong),
        plain(
            "nn.PoissonNLLLoss(log_input=True)",
            "poisson_nll_with_log_rate(full=true)",
            one(2.0, 0.9),
            nn.PoissonNLLLoss(full=True, **NONE),
            **wrong,
        ),
        plain("nn.BCELoss", "binary_cross_entropy", one(1.0, 1e-50), nn.BCELoss(**NONE), **wrong),
        plain("nn.BCEWithLogitsLoss", "bce_logits", one(1.0, 40.0), nn.BCEWithLogitsLoss(**NONE), slope=True, **wrong),
        plain(
            "nn.SoftMarginLoss", "bce_logits", one(1.0, -100.0), nn.SoftMarginLoss(**NONE), dtype=torch.float32, **wrong
        ),
        plain("nn.SoftMarginLoss", "bce_logits", one(1.0, -800.0), nn.SoftMarginLoss(**NONE), **wrong),
        plain(
            "nn.CrossEntropyLoss",
            "softmax_cross_entropy",
            one(0.0, [40.0, 0.0, 0.1]),
            lambda s, y: nn.CrossEntropyLoss(**NONE)(s, whole(y)),
            **wrong,
        ),
        plain(
            "nn.CosineSimilarity",
            "cosine",
            one([1.0, 0.0], [1.0, 1e-8]),
            lambda v, u: 1 - nn.CosineSimilarity()(u, v),
            **wrong,
        ),
        plain(
            "nn.CosineEmbeddingLoss",
            "cosine_embedding",
            one(1.0, [6e-7, 8e-7, 6e-7, 8e-7]),
            lambda v, y: nn.CosineEmbeddingLoss(**NONE)(*halves(v), 2 * y - 1),
            **wrong,
        ),
        plain(
            "nn.PairwiseDistance",
            "euclidean",
            one([1.0, 0.5], [1.0, 0.5]),
            lambda v, u: nn.PairwiseDistance()(u, v),
            **wrong,
        ),
        plain(
            "nn.HingeEmbeddingLoss",
            "hinge_embedding",
            one(0.0, 1.0),
            lambda d, y: nn.HingeEmbeddingLoss(**NONE)(d, 2 * y - 1),
            slope=True,
            true=0.0,
            **wrong,
        ),
        plain(
            "nn.MarginRankingLoss",
            "margin_ranking(margin=1)",
            (np.ones(1), at_margin),
            lambda s, y: nn.MarginRankingLoss(margin=1.0, **NONE)(s[:, 0], s[:, 1], 2 * y - 1),
            slope=True,
            true=[0.0, 0.0],
            **wrong,
        ),
        plain(
            "nn.TripletMarginLoss",
            "triplet_margin",
            one([0.0, 0.0], [0.0, 0.0, 0.5, 0.0]),
            lambda v, a: nn.TripletMarginLoss(**NONE)(a, *halves(v)),
            **wrong,
        ),
        plain(
            "nn.KLDivLoss",
            "kl(base=e)",
            given.NEARLY,
            lambda q, p: nn.KLDivLoss(**NONE)(q.log(), p).sum(dim=1),
            **wrong,
        ),
        plain(
            "nn.GaussianNLLLoss",
            "gaussian_nll(variance=true)",
            one(1e-3, [0.0, 1e-8]),
            lambda x, y: nn.GaussianNLLLoss(**NONE)(x[:, 0], y, x[:, 1]),
            **wrong,
        ),
        plain("distributions.StudentT", "student_t_nll(df=1e12)", one(1.0, [3.0, 2.0]), student(1e12), **wrong),
    ]


if __name__ == "__main__":
    given.write("torch", torch.__version__.split("+")[0], [*agreeing(), *differing()])
