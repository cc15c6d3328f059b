"""Write the values and slopes of statsmodels to ``frozen/``, for tests that must not need statsmodels.

Run by hand where statsmodels is installed: ``python tests/oracles/make_statsmodels.py``. It imports nothing of lossctl.
The file is named after statsmodels' version. Residuals are at least 0.2, below which its biweight and its sine wave
lose digits to a difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

ROWS = 24


def main() -> None:
    """Write the file."""
    import statsmodels
    from statsmodels.robust import norms

    rng = np.random.default_rng(6)
    prediction = rng.choice([-1.0, 1.0], ROWS) * rng.uniform(0.2, 12.0, ROWS)
    pairs = [
        *((f"tukey(c={c})", norms.TukeyBiweight(c)) for c in (4.685, 2.5)),
        *((f"andrew(a={a})", norms.AndrewWave(a)) for a in (1.339, 0.8)),
        *((f"hampel(a={a},b={b},c={c})", norms.Hampel(a, b, c)) for a, b, c in ((2.0, 4.0, 8.0), (1.5, 1.5, 6.25))),
        *((f"trimmed(c={c})", norms.TrimmedMean(c)) for c in (2.0, 5.5)),
    ]
    cases = [
        {
            "loss": name,
            "target": [0.0] * ROWS,
            "prediction": prediction.tolist(),
            "values": norm.rho(prediction).tolist(),
            "slopes": norm.psi(prediction).tolist(),
        }
        for name, norm in pairs
    ]
    version = statsmodels.__version__
    document = {"library": "statsmodels", "version": version, "dtype": "float64", "cases": cases}
    path = Path(__file__).parent / "frozen" / f"statsmodels_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
