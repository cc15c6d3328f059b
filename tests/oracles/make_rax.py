"""Write the values and slopes of Rax, a library of ranking losses on JAX, to ``frozen/``.

Run by hand where Rax is installed: ``python tests/oracles/make_rax.py``. It imports nothing of lossctl, so that it runs
in an environment of its own. The file is named after Rax's version. Every row is a group of documents.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

GROUPS, SIZE = 12, 6


def case(loss: str, relevance: np.ndarray, scores: np.ndarray, function: Callable[..., Any]) -> dict[str, Any]:
    """Compute one loss and its slopes, group by group."""
    import jax  # here, so that pytest can import this module without it

    found = [jax.value_and_grad(function)(s, y) for s, y in zip(scores, relevance, strict=True)]
    return {
        "loss": loss,
        "target": relevance.tolist(),
        "prediction": scores.tolist(),
        "values": [float(value) for value, _ in found],
        "slopes": [slope.tolist() for _, slope in found],
    }


def main() -> None:
    """Write the file."""
    import jax
    import jax.numpy as jnp
    import rax

    jax.config.update("jax_enable_x64", val=True)
    rng = np.random.default_rng(8)
    grades = rng.integers(0, 4, (GROUPS, SIZE)).astype(float)
    grades[:, :2] = [0.0, 3.0]  # every group has a pair
    untied = rng.permuted(np.arange(SIZE) + rng.uniform(0.0, 0.9, (GROUPS, SIZE)), axis=1)
    scores = rng.normal(0.2, 1.5, (GROUPS, SIZE))

    def lambda_rank(s: Any, y: Any, k: int | None) -> Any:
        weigh = functools.partial(rax.dcg_lambdaweight, normalize=True, topn=k)
        return rax.pairwise_logistic_loss(s, y, lambdaweight_fn=weigh, reduce_fn=jnp.sum) / SIZE

    def softmax(labels: Any, **_: Any) -> Any:
        return jax.nn.softmax(labels)

    def approx_ndcg(s: Any, y: Any, temperature: float) -> Any:
        # what rax.approx_t12n does, which asks of JAX what it no longer has
        ranks = functools.partial(rax.utils.approx_ranks, step_fn=lambda x: jax.nn.sigmoid(x / temperature))
        return 1.0 - rax.ndcg_metric(s, y, rank_fn=ranks)

    cases = [
        case("pairwise_logistic", grades, scores, rax.pairwise_logistic_loss),
        case("pairwise_hinge", grades, scores, rax.pairwise_hinge_loss),
        case("listnet", grades, scores, functools.partial(rax.softmax_loss, label_fn=softmax)),
        case("listmle", untied, scores, rax.listmle_loss),
        *(case(f"lambda_rank(k={k})", grades, scores, functools.partial(lambda_rank, k=k or None)) for k in (0, 1, 3)),
        *(
            case(f"approx_ndcg(temperature={t})", grades, scores, functools.partial(approx_ndcg, temperature=t))
            for t in (0.3, 1.0)
        ),
    ]
    document = {"library": "rax", "version": rax.__version__, "dtype": "float64", "cases": cases}
    path = Path(__file__).parent / "frozen" / f"rax_{rax.__version__.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
