"""How often gates fail equal models, and how often they catch a worse one: the tables of ``docs/ci.md``.

Run ``python -m benchmarks.simulate_gates --write docs/ci.md``: two minutes on one core.

Two models predict the same rows. Their errors are normal and correlated (0.95), so their squared errors are skewed as
those of real models are. Each gate looks at rows of its own, as gates of slices do: ``delta(mse)[slice=*] <= 5%``.
All gates are of models that are equally good, but for one where the candidate's mean squared error is truly higher.
Rates are of whole runs: exit code 1 where a gate failed, 4 where none did and one is inconclusive, else 0.

The tables under "Many commits" are of many runs: of one pair of models on a file that grows, looked at a hundred times,
by Student's t and by ``--sequential``; and of many equal candidates on one file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from benchmarks.page import markdown, print_or_write
from lossctl.stats.sequence import one_look

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
    """Return the mean of c − (1 + bound)·b, and P(T > t) of t corrected for skewness, ``(runs, gates)``."""
    gap = new - (1.0 + bound) * old
    mean = gap.mean(axis=-1)
    apart = gap - mean[..., None]
    return mean, tails(mean, (apart**2).mean(axis=-1), (apart**3).mean(axis=-1), gap.shape[-1])


def tails(mean: Array, square: Array, cube: Array, n: int | Array) -> Array:
    """Return P(T > t) of t corrected for skewness, from the mean of n differences and their central moments."""
    skewness = cube / square**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
    t, a = mean / np.sqrt(square / (n - 1)), skewness / np.sqrt(n)
    straight = t + a * t**2 / 3.0 + a**2 * t**3 / 27.0 + a / 6.0
    found: Array = stdtr((n - 1) / (1.0 + 0.75 * skewness**2), -straight)
    return found


def shown(tails: Array, *, holm: bool) -> npt.NDArray[np.bool_]:
    """Return which of a run's one-sided p-values are significant at 5 %, by Holm's steps or each by itself."""
    gates, small = tails.shape[1], 1.0 - LEVEL
    if not holm:
        return tails < small
    steps = small / (gates - np.arange(gates))
    order = np.argsort(tails, axis=1)
    held = np.logical_and.accumulate(np.take_along_axis(tails, order, axis=1) < steps, axis=1)
    found = np.zeros_like(held)
    np.put_along_axis(found, order, held, axis=1)
    return found


def verdicts(mean: Array, tails: Array, test: str, *, holm: bool) -> npt.NDArray[np.int64]:
    """Return the exit code of each run, from what `distances` gives."""
    if test == "point":
        return np.where((mean > 0.0).any(axis=1), 1, 0)
    fails = shown(tails, holm=holm)
    passes = shown(1.0 - tails, holm=holm) if test == "noninferior" else np.ones_like(fails)
    unsure = ~fails & ~passes
    return np.where(fails.any(axis=1), 1, np.where(unsure.any(axis=1), 4, 0))


def rates(gates: int, worse: float) -> dict[tuple[str, float, bool], Rates]:
    """Simulate runs of so many gates."""
    random = np.random.default_rng([SEED, gates, round(1000 * worse)])
    codes: dict[tuple[str, float, bool], list[npt.NDArray[np.int64]]] = {}
    at_once = max(1, 2**22 // (gates * ROWS))
    for start in range(0, RUNS, at_once):
        old, new = losses(random, min(at_once, RUNS - start), gates, worse)
        found_by = {bound: distances(old, new, bound) for bound in {bound for _, bound in KINDS}}
        for test, bound in KINDS:
            for holm in (True, False):
                codes.setdefault((test, bound, holm), []).append(verdicts(*found_by[bound], test, holm=holm))
    found = {}
    for key, parts in codes.items():
        every = np.concatenate(parts)
        found[key] = Rates(*(100.0 * float((every == code).mean()) for code in (0, 1, 4)))
    return found


def table() -> str:
    """Return the table in Markdown: the share of runs that fail, and in brackets of those that are inconclusive."""
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


LOOKS, STEP, HISTORIES = 100, 100, 2000
"""A file grows by as many rows a day."""

Grow = Callable[[np.random.Generator, tuple[int, ...]], Array]

GROWING: dict[str, Grow] = {
    "normal": lambda random, shape: random.standard_normal(shape),
    "squared errors of equal models": lambda random, shape: np.diff(_changed(random, shape, 1), axis=0)[0],
    "log-normal": lambda random, shape: random.lognormal(size=shape) - np.exp(0.5),
    "log-normal, to the left": lambda random, shape: np.exp(0.5) - random.lognormal(size=shape),
    "0/1, 10 % differ": lambda random, shape: random.choice([-1.0, 0.0, 1.0], size=shape, p=[0.05, 0.9, 0.05]),
}
"""Differences of rows whose mean is the bound, 0."""


@dataclass(frozen=True)
class Ever:
    """The shares of histories with a look at which a gate fails: by one look after the other, and by a sequence."""

    by_t: float
    by_sequence: float


def _changed(random: np.random.Generator, shape: tuple[int, ...], times: int) -> Array:
    """Draw squared errors of a model and, one after the other, of changes each to the one before, all equally good."""
    errors = [random.standard_normal(shape)]
    for _ in range(times):
        errors.append(_changed_from(random, errors[-1]))
    return np.stack(errors) ** 2


def _changed_from(random: np.random.Generator, errors: Array) -> Array:
    """Draw errors of another model that is as good, correlated with those given."""
    return CORRELATION * errors + np.sqrt(1.0 - CORRELATION**2) * random.standard_normal(errors.shape)


def growing(world: str, worse: float = 0.0, histories: int = HISTORIES) -> Ever:
    """Simulate gates on files that grow: differences lie above their bound by `worse` standard deviations."""
    random = np.random.default_rng([SEED, list(GROWING).index(world), round(1000 * worse)])
    n = STEP * np.arange(1.0, LOOKS + 1.0)
    small = np.array([1.0 - one_look(LEVEL, each) for each in n])
    counts, at_once = np.zeros(2), 100
    for start in range(0, histories, at_once):
        gap = GROWING[world](random, (min(at_once, histories - start), LOOKS, STEP))
        gap += worse * gap.std()
        first, second, third = (np.cumsum((gap**power).sum(axis=-1), axis=-1) / n for power in (1, 2, 3))
        if world.startswith("0/1"):
            found = ndtr(-first * np.sqrt(n / second))  # McNemar's score
        else:
            found = tails(first, second - first**2, third - 3.0 * first * second + 2.0 * first**3, n)
        counts += [(found < 1.0 - LEVEL).any(axis=-1).sum(), (found < small).any(axis=-1).sum()]
    return Ever(*(float(each) for each in counts / histories))


CANDIDATES, CANDIDATE_ROWS = 50, 300
CANDIDATE_OF = (
    "the one before it, which it changes",
    "one baseline, which it changes",
    "one baseline, which is one of their kind",
)


def candidates(histories: int = HISTORIES) -> tuple[float, ...]:
    """Return in which share of histories one of many equal candidates fails, on the same rows, by `CANDIDATE_OF`."""
    random = np.random.default_rng([SEED, CANDIDATES])
    counts, at_once = np.zeros(len(CANDIDATE_OF)), 100
    for start in range(0, histories, at_once):
        shape = (min(at_once, histories - start), CANDIDATE_ROWS)
        chain = _changed(random, shape, CANDIDATES)
        first = random.standard_normal(shape)
        changed = _changed_from(random, np.tile(first, (CANDIDATES, 1, 1))) ** 2
        common, own = random.standard_normal(shape), random.standard_normal((CANDIDATES + 1, *shape))
        alike = (np.sqrt(CORRELATION) * common + np.sqrt(1.0 - CORRELATION) * own) ** 2
        for place, (old, new) in enumerate(((chain[:-1], chain[1:]), (first**2, changed), (alike[0], alike[1:]))):
            counts[place] += (distances(old, new, 0.0)[1] < 1.0 - LEVEL).any(axis=0).sum()
    return tuple(float(each) for each in counts / histories)


def looks_table() -> str:
    """Return the tables of many runs, in percent of histories."""
    lines = [["differences", "ever fails", "--sequential", "worse by 0.03: ever fails", "--sequential"]]
    for world in GROWING:
        equal, worse = growing(world), growing(world, 0.03)
        shares = (equal.by_t, equal.by_sequence, worse.by_t, worse.by_sequence)
        lines.append([world, *(f"{100.0 * each:.1f}" for each in shares)])
    fails = [[f"{CANDIDATES} equal candidates, each compared with", "one of them fails"]]
    fails += [[what, f"{100.0 * each:.1f}"] for what, each in zip(CANDIDATE_OF, candidates(), strict=True)]
    return f"{markdown(lines)}\n{markdown(fails)}"


def _cell(each: Rates) -> str:
    return f"{each.failed:.1f}" + (f" ({each.inconclusive:.1f})" if each.inconclusive else "")


if __name__ == "__main__":
    print_or_write(__doc__, table, "gates")
    print_or_write(__doc__, looks_table, "looks")
