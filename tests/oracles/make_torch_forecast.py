"""Write torch's values and slopes of losses of forecasts to ``frozen/``, as ``make_torch.py`` does those of others.

Run by hand where torch is installed: ``python tests/oracles/make_torch_forecast.py``. It imports nothing of lossctl.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 24


def main() -> None:
    """Write the file."""
    import torch
    from make_torch import case
    from torch import distributions
    from torch.nn import functional

    def nll(name: str, *shape: float) -> Any:
        family = getattr(distributions, name)
        return lambda x, y: (
            -family(*(torch.tensor(each, dtype=x.dtype) for each in shape), x[:, 0], x[:, 1]).log_prob(y)
        )

    def gaussian(*, full: bool) -> Any:
        return lambda x, y: functional.gaussian_nll_loss(x[:, 0], y, x[:, 1], full=full, reduction="none")

    rng = np.random.default_rng(7)
    target, scale = rng.normal(0.4, 2.0, ROWS), 10.0 ** rng.uniform(-1, 1, ROWS)
    inputs = target, np.column_stack([target + scale * rng.normal(0.1, 2.5, ROWS), scale])
    positive = np.exp(target), inputs[1]
    cases = [
        case("gaussian_nll(variance=true)", inputs, gaussian(full=False)),
        case("gaussian_nll(variance=true,full=true)", inputs, gaussian(full=True)),
        case("gaussian_nll(full=true)", inputs, nll("Normal")),
        case("laplace_nll", inputs, nll("Laplace")),
        *(case(f"student_t_nll(df={df})", inputs, nll("StudentT", df)) for df in (0.7, 4.0, 31.5)),
        case("lognormal_nll", positive, nll("LogNormal")),
    ]
    version = torch.__version__.split("+")[0]
    document = {"library": "torch", "version": version, "dtype": "float64", "cases": cases}
    path = Path(__file__).parent / "frozen" / f"torch_forecast_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
