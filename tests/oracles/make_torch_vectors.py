"""Write torch's values and slopes of losses of embeddings to ``frozen/``, as ``make_torch.py`` does those of others.

Run by hand where torch is installed: ``python tests/oracles/make_torch_vectors.py``. It imports nothing of lossctl.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

ROWS, LENGTH = 12, 5


def halves(pair: Any) -> tuple[Any, Any]:
    """Return the two vectors of each row."""
    return pair[:, : pair.shape[1] // 2], pair[:, pair.shape[1] // 2 :]


def main() -> None:
    """Write the file."""
    import torch
    from make_torch import case
    from torch.nn import functional

    rng = np.random.default_rng(7)
    label = rng.integers(0, 2, ROWS).astype(float)
    anchor, distance = rng.normal(0.3, 2.0, (ROWS, LENGTH)), rng.gamma(1.5, 0.8, ROWS)
    alike = anchor + rng.normal(0.1, 1.0, (ROWS, LENGTH))
    many = np.concatenate([alike, rng.normal(0.2, 2.0, (ROWS, 3 * LENGTH))], axis=1)
    pair, two = np.concatenate([anchor, alike], axis=1), rng.normal(0.3, 1.5, (ROWS, 2))
    none = {"reduction": "none"}

    def info_nce(others: Any, one: Any, temperature: float) -> Any:
        angles = functional.cosine_similarity(one[:, None], others.reshape(ROWS, -1, LENGTH), dim=2)
        return functional.cross_entropy(angles / temperature, torch.zeros(ROWS, dtype=torch.int64), **none)

    cases = [
        case("cosine", (anchor, alike), lambda v, u: 1 - functional.cosine_similarity(u, v)),
        *(
            case(
                f"cosine_embedding(margin={m})",
                (label, 1e3 * pair),  # torch adds 1e-12 to squared lengths: beside these it is nothing
                lambda v, y, m=m: functional.cosine_embedding_loss(*halves(v), 2 * y - 1, margin=m, **none),
            )
            for m in (0.0, 0.4)
        ),
        case("euclidean", (anchor, alike), lambda v, u: functional.pairwise_distance(u, v, eps=0.0)),
        *(
            case(
                f"hinge_embedding(margin={m})",
                (label, distance),
                lambda d, y, m=m: functional.hinge_embedding_loss(d, 2 * y - 1, margin=m, **none),
            )
            for m in (1.0, 2.5)
        ),
        *(
            case(
                f"margin_ranking(margin={m})",
                (label, two),
                lambda s, y, m=m: functional.margin_ranking_loss(s[:, 0], s[:, 1], 2 * y - 1, margin=m, **none),
            )
            for m in (0.0, 1.5)
        ),
        *(
            case(
                f"triplet_margin(margin={m},p={p})",
                (anchor, many[:, : 2 * LENGTH]),
                lambda v, a, m=m, p=p: functional.triplet_margin_loss(a, *halves(v), margin=m, p=p, eps=0.0, **none),
            )
            for m, p in ((1.0, 2.0), (6.0, 2.0), (6.0, 1.0), (6.0, 3.5))
        ),
        *(
            case(f"info_nce(temperature={t})", (anchor, many), lambda v, a, t=t: info_nce(v, a, t)) for t in (0.4, 1.0)
        ),  # of small losses it keeps fewer digits
    ]
    version = torch.__version__.split("+")[0]
    document = {"library": "torch", "version": version, "dtype": "float64", "cases": cases}
    path = Path(__file__).parent / "frozen" / f"torch_vectors_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
