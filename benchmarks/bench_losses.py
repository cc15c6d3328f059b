"""Each loss beside its one-liner in NumPy, in nanoseconds a row: what value and slope cost, and what the sums add.

``python -m benchmarks.bench_losses`` prints the table; ``--write docs/performance.md`` replaces the one there. The
one-liners are the formulas that the tests differentiate, in plain NumPy: the value alone, with none of a kernel's care.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import scipy
from scipy import special

# The formulas are written for autograd, whose arrays cost several times as much as NumPy's: here NumPy stands for it.
sys.modules |= {"autograd.numpy": np, "autograd.scipy": scipy, "autograd.scipy.special": special}
for _name, _holds in (("autograd", {"numpy": np, "scipy": scipy}), ("autograd.tracer", {"getval": np.asarray})):
    sys.modules[_name] = ModuleType(_name)
    sys.modules[_name].__dict__.update(_holds)

from benchmarks.page import markdown, print_or_write  # noqa: E402
from lossctl.core.losses.loss import Kind, Loss  # noqa: E402
from lossctl.core.rows.block import BLOCK_ROWS, Batch, Block  # noqa: E402
from lossctl.engine.accumulators.tally import LossTally  # noqa: E402
from lossctl.engine.run.memory import keep_freed_memory  # noqa: E402
from lossctl.losses import LOSSES  # noqa: E402
from tests.oracles.libraries import ROW_FORMULAS  # noqa: E402
from tests.support import everyday  # noqa: E402

__all__ = ["main", "table"]

LIMIT = 3.0
"""Times its one-liner; above, the reason is written."""
_SLOPE = "the slope costs more than the value"
_CANCELS = "the plain form loses its digits where the terms cancel"
_RANGE = "the plain form overflows or vanishes at the ends of float64"
_ORDER = "the slope needs the order of the members: a sort with places, and a scatter"
REASONS = {
    "mae": _SLOPE,
    "perceptron": _SLOPE,
    "epsilon_insensitive": _SLOPE,
    "squared_epsilon_insensitive": _SLOPE,
    "fair": _CANCELS,
    "cauchy": _CANCELS,
    "welsch": "expm1 for the value and exp for the slope, where the plain form has one exp and loses its digits",
    "geman_mcclure": _RANGE,
    "tangent": _CANCELS,
    "barron": "a power for any alpha; the plain form here is that of alpha = 1 alone",
    "mape": _SLOPE,
    "msle": _CANCELS,
    "rmsle": _CANCELS,
    "linex": _CANCELS,
    "tweedie_deviance": "a series for near and three powers for far, computed where they are needed",
    "negative_binomial_deviance": _CANCELS,
    "dice": _SLOPE,
    "jaccard": _SLOPE,
    "tversky": _SLOPE,
    "wmape": _SLOPE,
    "hinge_embedding": _SLOPE,
    "interval_score": _SLOPE,
    "pairwise_hinge": _SLOPE,
    "kl_divergence": _CANCELS,
    "reverse_kl": _CANCELS,
    "jeffreys": _CANCELS,
    "jensen_shannon": _CANCELS,
    "jensen_shannon_distance": _CANCELS,
    "renyi": _CANCELS,
    "tsallis": _CANCELS,
    "alpha_divergence": _CANCELS,
    "bhattacharyya": _CANCELS,
    "crps_ensemble": _ORDER,
    "variogram_score": _CANCELS,
    "gaussian_nll": _CANCELS,
    "laplace_nll": _SLOPE,
    "logistic_nll": _RANGE,
    "lognormal_nll": _RANGE,
    "dawid_sebastiani": _SLOPE,
    "crps_laplace": _SLOPE,
    "crps_logistic": _SLOPE,
    "cosine": _RANGE,
    "margin_ranking": _SLOPE,
    "triplet_margin": _RANGE,
    "hampel": _SLOPE,
}
"""Why a kernel takes longer than three times its one-liner."""
_ROUNDS = 5
_SLOW_SECONDS = 0.3
"""A job that takes longer is timed once."""
_VECTOR_ROWS = 2**11
"""Rows of vectors and groups: as many numbers as in a block of scalars, near enough, and some formulas are slow."""


def fastest(job: Callable[[], object], rows: int) -> float:
    """Return the nanoseconds a row of the fastest of several rounds."""
    once = timeit.timeit(job, number=1)
    if once > _SLOW_SECONDS:
        return once / rows * 1e9
    number = max(1, min(200, int(0.02 / once)))
    return min(timeit.repeat(job, number=number, repeat=_ROUNDS)) / number / rows * 1e9


def row_of(loss: Loss) -> tuple[str, ...]:
    """Time one loss with the defaults of its parameters."""
    chosen, rng = loss.choose(), np.random.default_rng(5)
    rows = BLOCK_ROWS if loss.kind in {Kind.REAL, Kind.BINARY} else _VECTOR_ROWS
    sample = everyday(loss, rng, rows)
    given: dict[str, Any] = {**sample.context, **chosen.params}
    formula = ROW_FORMULAS[loss.id]
    kernel = fastest(lambda: sample.compute(chosen), rows)
    like = sample.prediction if sample.prediction is not None else sample.target
    block = Block(None, None, None, Batch({}, 0, len(like)), None)
    value, slope = sample.compute(chosen)
    sums = _sums(loss, value, slope, block)
    if formula is None:
        return (f"`{loss.id}`", f"{kernel:.1f}", "", "", f"{sums:.1f}", "")
    with np.errstate(all="ignore"):
        plainly = fastest(lambda: formula(sample.target, sample.prediction, **given), rows)
    times = kernel / plainly
    reason = REASONS.get(loss.id, "**no reason is given**") if times > LIMIT else ""
    return (f"`{loss.id}`", f"{kernel:.1f}", f"{plainly:.1f}", f"{times:.1f}", f"{sums:.1f}", reason)


def _sums(loss: Loss, value: Any, slope: Any, block: Block) -> float:
    tally = LossTally(weighted=False)
    if loss.parts > 1:
        value, slope = value[0], slope[0]
    if len(slope) != len(value):  # groups
        return fastest(lambda: tally.loss.add(value), len(slope))
    return fastest(lambda: tally.add(value, slope, block), len(slope))


def table() -> str:
    """Return the table of all losses, in Markdown."""
    keep_freed_memory()  # as a run does
    rows = [("loss", "value and slope", "one-liner", "times", "exact sums", "why above 3")]
    rows += [row_of(loss) for loss in LOSSES.values()]
    return markdown(rows)


def main() -> None:
    """Print the table, or write it into the page."""
    print_or_write(__doc__, table, "losses")


if __name__ == "__main__":
    main()
