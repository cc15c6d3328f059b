"""Write the values and slopes of torch to ``frozen/``, for tests that must not need torch.

Run by hand where torch is installed: ``python tests/oracles/make_torch.py``. It imports nothing of lossctl, so that
it runs in an environment of its own. The file is named after torch's version.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 24


def residuals(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw targets and predictions, among them large, tiny and zero residuals."""
    target = rng.normal(0.4, 2.0, ROWS)
    prediction = target + rng.normal(0.1, 1.5, ROWS)
    prediction[:4] = target[:4] + np.array([1e3, -1e6, 1e-3, 0.0])
    return target, prediction


def distributions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of distributions, one of them with a probability of zero."""
    target, prediction = rng.dirichlet([0.7] * 5, ROWS), rng.dirichlet([1.3] * 5, ROWS)
    target[0] = [0.5, 0.0, 0.3, 0.0, 0.2]
    return target, prediction


def case(loss: str, inputs: tuple[np.ndarray, np.ndarray], function: Callable[..., Any]) -> dict[str, Any]:
    """Compute one loss and its slopes."""
    import torch  # here, so that pytest can import this module without it

    target = torch.tensor(inputs[0], dtype=torch.float64)
    prediction = torch.tensor(inputs[1], dtype=torch.float64, requires_grad=True)
    values = function(prediction, target)
    values.sum().backward()
    return {
        "loss": loss,
        "target": target.tolist(),
        "prediction": prediction.tolist(),
        "values": values.tolist(),
        "slopes": prediction.grad.tolist(),
    }


def main() -> None:
    """Write the file."""
    import torch
    from torch.nn import functional

    rng = np.random.default_rng(4)
    real, pair = residuals(rng), distributions(rng)
    none = {"reduction": "none"}
    cases = [
        case("mae", real, lambda x, y: functional.l1_loss(x, y, **none)),
        case("mse", real, lambda x, y: functional.mse_loss(x, y, **none)),
        *(
            case(f"huber(delta={d})", real, lambda x, y, d=d: functional.huber_loss(x, y, delta=d, **none))
            for d in (1.0, 0.3, 4.5)
        ),
        *(
            case(f"smooth_l1(beta={b})", real, lambda x, y, b=b: functional.smooth_l1_loss(x, y, beta=b, **none))
            for b in (1.0, 0.3, 4.5, 0.0)
        ),
        case("kl(base=e)", pair, lambda q, p: functional.kl_div(q.log(), p, **none).sum(dim=1)),
    ]
    version = torch.__version__.split("+")[0]
    document = {"library": "torch", "version": version, "dtype": "float64", "cases": cases}
    folder = Path(__file__).parent / "frozen"
    folder.mkdir(exist_ok=True)
    path = folder / f"torch_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
