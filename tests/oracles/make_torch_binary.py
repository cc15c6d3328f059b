"""Write torch's values and slopes of binary losses to ``frozen/``, as ``make_torch.py`` does those of others.

Run by hand where torch is installed: ``python tests/oracles/make_torch_binary.py``. It imports nothing of lossctl.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

ROWS = 24


def main() -> None:
    """Write the file."""
    import torch
    from make_torch import case
    from torch.nn import functional

    rng = np.random.default_rng(6)
    label = rng.integers(0, 2, ROWS).astype(float)
    chance, logit = rng.uniform(0.001, 0.999, ROWS), rng.normal(0.3, 4.0, ROWS)
    logit[:4], label[:4] = [40.0, -40.0, 300.0, 0.0], [0.0, 1.0, 0.0, 1.0]
    none = {"reduction": "none"}
    of_chance, of_logit = (label, chance), (label, logit)
    cases = [
        case("binary_cross_entropy", of_chance, lambda q, y: functional.binary_cross_entropy(q, y, **none)),
        case("brier", of_chance, lambda q, y: functional.mse_loss(q, y, **none)),
        case("bce_logits", of_logit, lambda s, y: functional.binary_cross_entropy_with_logits(s, y, **none)),
        case(
            "bce_logits(pos_weight=3.5)",
            (label, logit / 8.0),  # of larger ones torch's slope loses digits: it is σ(s) − 1 where y = 1
            lambda s, y: functional.binary_cross_entropy_with_logits(s, y, pos_weight=torch.tensor(3.5), **none),
        ),
        case("logistic", of_logit, lambda s, y: functional.soft_margin_loss(s, 2 * y - 1, **none)),
        case("hinge", of_logit, lambda s, y: functional.relu(1 - (2 * y - 1) * s)),
    ]
    version = torch.__version__.split("+")[0]
    document = {"library": "torch", "version": version, "dtype": "float64", "cases": cases}
    path = Path(__file__).parent / "frozen" / f"torch_binary_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
