"""How often gates fail equal models, and how often they catch a worse one: the table of ``docs/ci.md``.

Run ``python -m benchmarks.simulate_gates --write docs/ci.md``: a minute or two on one core.

Two models predict the same rows. Their errors are normal and correlated (0.95), so their squared errors are skewed as
those of real models are. Each gate looks at rows of its own, as gates of slices do: ``delta(mse)[slice=*] <= 5%``.
All gates are of models that are equally good, but for one where the candidate's mean squared error is truly higher.
Rates are of whole runs: exit code 1 where a gate failed, 4 where none did and one is inconclusive, else 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.page import markdown, print_or_write
from lossctl.stats.student import t_quantile

Array = npt.NDArray[np.float64]

ROWS, RUNS, SEED = 500, 2000, 20
CORRELATION, LEVEL = 0.95, 0.95
GATES = (1, 5, 20, 80)
WORSE = (0.0, 0.05, 0.10, 0.20)
KINDS = (("point", 0.05), ("regress", 0.0), ("regress", 0.05), ("noninferior", 0.05))


@dataclass(frozen=True)
class Rates:
    """The shares of runs of each exit code, in percent."""

    passed: float
    failed: float
    inconclusive: float


def losses(random: np.random.Generator, runs: int, gates: int, worse: float) -> tuple[Array, Array]:
    """Give squared errors of baseline and candidate, ``(runs, gates, ROWS)``; by the first gate the latter is worse."""
    old = random.standard_normal((runs, gates, ROWS))
    new = CORRELATION * old + np.sqrt(1.0 - CORRELATION**2) * random.standard_normal((runs, gates, ROWS))
    new[:, 0] *= np.sqrt(1.0 + worse)
    return old**2, new**2


def distances(old: Array, new: Array, bound: float) -> tuple[Array, Array]:
    """Give mean and t statistic of c − (1 + bound)·b, ``(runs, gates)``."""
    gap = new - (1.0 + bound) * old
    mean = gap.mean(axis=-1)
    return mean, mean / (gap.std(axis=-1, ddof=1) / np.sqrt(gap.shape[-1]))


def shown(statistic: Array, *, holm: bool) -> npt.NDArray[np.bool_]:
    """Say which of a run's one-sided tests reject at 5 %, by Holm's steps or each by itself."""
    gates = statistic.shape[1]
    if not holm:
        return statistic > t_quantile(LEVEL, ROWS - 1)
    steps = np.array([t_quantile(1.0 - (1.0 - LEVEL) / (gates - step), ROWS - 1) for step in range(gates)])
    order = np.argsort(-statistic, axis=1)
    held = np.logical_and.accumulate(np.take_along_axis(statistic, order, axis=1) > steps, axis=1)
    found = np.zeros_like(held)
    np.put_along_axis(found, order, held, axis=1)
    return found


def verdicts(old: Array, new: Array, test: str, bound: float, *, holm: bool) -> npt.NDArray[np.int64]:
    """Give the exit code of each run."""
    mean, statistic = distances(old, new, bound)
    if test == "point":
        return np.where((mean > 0.0).any(axis=1), 1, 0)
    fails = shown(statistic, holm=holm)
    passes = shown(-statistic, holm=holm) if test == "noninferior" else np.ones_like(fails)
    unsure = ~fails & ~passes
    return np.where(fails.any(axis=1), 1, np.where(unsure.any(axis=1), 4, 0))


def rates(gates: int, worse: float) -> dict[tuple[str, float, bool], Rates]:
    """Simulate runs of so many gates."""
    random = np.random.default_rng([SEED, gates, round(1000 * worse)])
    codes: dict[tuple[str, float, bool], list[npt.NDArray[np.int64]]] = {}
    at_once = max(1, 2**22 // (gates * ROWS))
    for start in range(0, RUNS, at_once):
        old, new = losses(random, min(at_once, RUNS - start), gates, worse)
        for test, bound in KINDS:
            for holm in (True, False):
                codes.setdefault((test, bound, holm), []).append(verdicts(old, new, test, bound, holm=holm))
    found = {}
    for key, parts in codes.items():
        every = np.concatenate(parts)
        found[key] = Rates(*(100.0 * float((every == code).mean()) for code in (0, 1, 4)))
    return found


def table() -> str:
    """Give the table in Markdown: the share of runs that fail, and in brackets of those that are inconclusive."""
    lines = [["gates", "test", "bound", "Holm", "equal", "worse by 5%", "by 10%", "by 20%"]]
    for gates in GATES:
        found = [rates(gates, worse) for worse in WORSE]
        for test, bound in KINDS:
            for holm in (True, False):
                if holm and (gates == 1 or test == "point"):
                    continue  # the same as without
                cells = [_cell(each[test, bound, holm]) for each in found]
                lines.append([f"{gates}", test, f"{100 * bound:g}%", "yes" if holm else "no", *cells])
    return markdown(lines)


def _cell(each: Rates) -> str:
    return f"{each.failed:.1f}" + (f" ({each.inconclusive:.1f})" if each.inconclusive else "")


if __name__ == "__main__":
    print_or_write(__doc__, table, "gates")
