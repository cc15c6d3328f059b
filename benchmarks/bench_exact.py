"""How long exact sums take, in ns an element, beside NumPy's inexact sum: ``python benchmarks/bench_exact.py``."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lossctl.core.exact.sum import ExactSum, add_values
from lossctl.core.rows.block import BLOCK_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, BLOCKS = 7, 60


def fastest(job: Callable[[], object], rows: int) -> float:
    """Return the ns an element of the fastest of some rounds: what the machine can do when nothing else runs."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(BLOCKS):
            job()
        best = min(best, time.perf_counter() - start)
    return best / BLOCKS / rows * 1e9


def samples() -> dict[str, np.ndarray]:
    """Return arrays such as losses and slopes are."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=BLOCK_ROWS)
    return {
        "squared normals": normal**2,
        "normals": normal,
        "normals clipped to ±1": np.clip(normal, -1, 1),
        "lognormals, sigma 3": np.exp(3 * normal),
        "half zeros": np.maximum(normal, 0),
        "signs": np.sign(normal),
        "signs and zeros": np.sign(np.round(normal)),
        "integers": np.round(normal * 1000),
        "ones": np.ones_like(normal),
        "all exponents": np.ldexp(normal, rng.integers(-1000, 1000, BLOCK_ROWS).astype(np.int32)),
    }


def main() -> None:
    """Print the table."""
    print(f"ns an element, blocks of {BLOCK_ROWS}")
    print(f"{'values':24}{'np.sum':>8}{'add':>8}{'squares':>9}{'all three':>10}")
    for name, values in samples().items():
        total, squares, absolute = ExactSum(), ExactSum(), ExactSum()
        jobs = (
            values.sum,
            partial(total.add, values),
            partial(total.add_squares, values),
            partial(add_values, values, total, squares, absolute),
        )
        times = [fastest(job, values.size) for job in jobs]
        print(f"{name:24}{times[0]:8.2f}{times[1]:8.2f}{times[2]:9.2f}{times[3]:10.2f}")


if __name__ == "__main__":
    main()
