"""Write torch's values and slopes of losses of labels to ``frozen/``, for tests that must not need torch.

Run by hand where torch is installed: ``python tests/oracles/make_torch_labels.py``. It imports nothing of lossctl.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROWS, CLASSES = 24, 5


def case(loss: str, target: np.ndarray, scores: np.ndarray, function: Callable[..., Any]) -> dict[str, Any]:
    """Compute one loss and its slopes."""
    import torch  # here, so that pytest can import this module without it

    prediction = torch.tensor(scores, requires_grad=True)
    values = function(prediction, torch.tensor(target))
    values.sum().backward()
    return {
        "loss": loss,
        "target": target.astype(float).tolist(),
        "prediction": scores.tolist(),
        "values": values.tolist(),
        "slopes": prediction.grad.tolist(),
    }


def lists(labels: Any) -> Any:
    """Return sets of labels as torch's multilabel margin wants them: their numbers, ended by −1."""
    import torch

    ended = torch.full(labels.shape, -1, dtype=torch.int64)
    for row, values in enumerate(labels):
        numbers = values.nonzero()[:, 0]
        ended[row, : len(numbers)] = numbers
    return ended


def main() -> None:
    """Write the file."""
    import torch
    from torch.nn import functional

    rng = np.random.default_rng(5)
    label, labels = rng.integers(0, CLASSES, ROWS), rng.integers(0, 2, (ROWS, CLASSES)).astype(float)
    scores = rng.normal(0.2, 2.5, (ROWS, CLASSES))
    none = {"reduction": "none"}
    cases = [
        *(
            case(
                f"softmax_cross_entropy(label_smoothing={a})",
                label,
                scores,
                lambda s, y, a=a: functional.cross_entropy(s, y, label_smoothing=a, **none),
            )
            for a in (0.0, 0.2)
        ),
        *(
            case(
                f"multi_margin(p={p},margin={m})",
                label,
                scores,
                lambda s, y, p=p, m=m: functional.multi_margin_loss(s, y, p=p, margin=m, **none),
            )
            for p, m in ((1, 1.0), (2, 1.0), (1, 0.4), (2, 3.5))
        ),
        case(
            "multilabel_soft_margin",
            labels,
            scores,
            lambda s, y: functional.multilabel_soft_margin_loss(s, y, **none),
        ),
        case(
            "multilabel_margin",
            labels,
            scores,
            lambda s, y: functional.multilabel_margin_loss(s, lists(y), **none),
        ),
    ]
    version = torch.__version__.split("+")[0]
    document = {"library": "torch", "version": version, "dtype": "float64", "cases": cases}
    path = Path(__file__).parent / "frozen" / f"torch_labels_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
