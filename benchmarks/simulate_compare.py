"""How often the intervals of `lossctl compare` hold what is true, by simulation: the tables of docs/statistics.md.

Run ``python -m benchmarks.simulate_compare --write docs/statistics.md``. Each cell has its own seed, so that the same
version of NumPy gives the same tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from benchmarks.page import markdown, print_or_write
from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.levels import Levels
from lossctl.core.loss import Array
from lossctl.core.method import Method
from lossctl.core.spread import Spread
from lossctl.engine.buckets import Identities, SeriesTally, UnitTally
from lossctl.engine.cubes import CubeTally
from lossctl.engine.lags import LagTally
from lossctl.stats.hits import Hits
from lossctl.stats.methods import compared_together
from lossctl.stats.paired import Difference, PairedSums, Values
from lossctl.stats.series import PAIRS, Lags
from lossctl.stats.units import Units

__all__ = ["CLUSTERED", "PLAIN", "SERIES", "WORLDS", "Cell", "paired", "simulate", "tables"]

LEVEL = 0.95
RESAMPLES = 1999
TOGETHER = 100
"""Samples that share their replicates: drawing these is most of the work."""

Rng = np.random.Generator
Sample = tuple[Array, Array, Identities]
"""Losses of baseline and candidate, and who the rows are: their numbers, or their clusters."""


@dataclass(frozen=True)
class World:
    """Where losses come from.

    Parameters
    ----------
    draw
        Gives a sample of so many rows, with a mean difference of 0 where the last argument is false.
    delta, relative
        What is true of them where it is not.
    samples
        How many samples are drawn, by how many rows.
    """

    draw: Callable[[Rng, int, float], Sample]
    delta: float
    relative: float
    samples: Mapping[int, int]


def _rows(n: int) -> Identities:
    return np.arange(n, dtype=np.uint64)


def _normal(rng: Rng, n: int, shift: float) -> Sample:
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + rng.normal(shift, 1.0, size=n), _rows(n)


def _log_normal(rng: Rng, n: int, shift: float) -> Sample:
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + rng.lognormal(0.0, 1.0, size=n) - math.exp(0.5) + shift, _rows(n)


def _zero_one(rng: Rng, n: int, shift: float) -> Sample:
    both = rng.choice(4, size=n, p=[0.55, 0.125 + shift / 2, 0.125 - shift / 2, 0.2])
    return np.isin(both, [2, 3]).astype(float), np.isin(both, [1, 3]).astype(float), _rows(n)


def _clustered(rng: Rng, n: int, shift: float) -> Sample:
    """Draw clusters of 1 to 19 rows, whose differences have half of their variance in common."""
    sizes = rng.integers(1, 20, size=n // 10)
    of = np.repeat(np.arange(n // 10), sizes)
    b = rng.gamma(4.0, 0.5, size=len(of))
    common = rng.normal(size=n // 10)
    d = shift + math.sqrt(0.5) * (common[of] + rng.normal(size=len(of)))
    return b, b + d, of.astype(np.uint64)


def _forecast(rng: Rng, n: int, shift: float) -> Sample:
    """Draw a series each of whose differences shares the shocks of the two before, as of a forecast three ahead."""
    shocks = rng.normal(size=n + 2) / math.sqrt(3.0)
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + shift + shocks[2:] + shocks[1:-1] + shocks[:-2], _rows(n)


def _fading(rng: Rng, n: int, shift: float) -> Sample:
    """Draw a series each of whose differences keeps half of the one before."""
    shocks = rng.normal(size=n + 50) * math.sqrt(0.75)
    d = np.zeros(n + 50)
    for place in range(1, n + 50):
        d[place] = 0.5 * d[place - 1] + shocks[place]
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + shift + d[50:], _rows(n)


_PLAIN_SAMPLES = MappingProxyType({10: 1000, 30: 1000, 100: 1000, 1000: 500, 10_000: 200})
_GROUPED_SAMPLES = MappingProxyType({100: 1000, 300: 1000, 1000: 500, 10_000: 200})
_SERIES_SAMPLES = MappingProxyType({30: 1000, 100: 1000, 1000: 500, 10_000: 200})
WORLDS: Mapping[str, World] = MappingProxyType(
    {
        "normal": World(_normal, 0.2, 0.1, _PLAIN_SAMPLES),
        "log-normal": World(_log_normal, math.exp(0.5), 0.5 * math.exp(0.5), _PLAIN_SAMPLES),
        "0/1 losses": World(_zero_one, 0.05, 0.05 / 0.3, _PLAIN_SAMPLES),
        "clusters of 10": World(_clustered, 0.2, 0.1, _GROUPED_SAMPLES),
        "shocks of 3 rows": World(_forecast, 0.2, 0.1, _SERIES_SAMPLES),
        "half of the last": World(_fading, 0.2, 0.1, _SERIES_SAMPLES),
    }
)
PLAIN = (Method(), Method("bootstrap", resamples=RESAMPLES), Method("permutation", resamples=RESAMPLES))
CLUSTERED = (
    Method(),
    Method(cluster="c"),
    Method("bootstrap", cluster="c", resamples=RESAMPLES),
    Method("permutation", cluster="c", resamples=RESAMPLES),
)
SERIES = (
    Method(),
    Method("diebold_mariano", horizon=3),
    Method(block=10),
    Method("bootstrap", block=10, resamples=RESAMPLES),
    Method("permutation", block=10, resamples=RESAMPLES),
)


@dataclass(frozen=True)
class Cell:
    """Shares of the samples: whose interval holds the difference, or the relative change; with a false alarm."""

    delta: float
    relative: float
    alarms: float

    def __str__(self) -> str:
        return f"{self.delta:.3f} {self.relative:.3f} {self.alarms:.3f}"


def paired(b: Array, c: Array, who: Identities, method: Method) -> tuple[PairedSums, Values]:
    """Sum what a method needs of losses, as `lossctl.compare` does, without a file."""
    own, gaps, total, cross = Spread(weighted=False), Spread(weighted=False), ExactSum(), ExactSum()
    own.add(b, None)
    gaps.add(c - b, None)
    total.add(c)
    cross.add(b * (c - b))
    n = Fraction(len(b))
    values = [round_fraction(each.fraction() / n) for each in (own.total, total)]
    delta = round_fraction((total.fraction() - own.total.fraction()) / n)
    units = lags = None
    if method.has_units:
        tally = SeriesTally(method) if method.is_smoothed else UnitTally(method)
        codes = tally.codes(who if method.block is None else who // np.uint64(method.block))
        tally.add_weights(None, codes)
        for name, column in (("b", b), ("d", c - b)):
            tally.add(name, column, codes)
        units = Units(*tally.floats(["b", "d"]))
    if method.is_series and not method.is_smoothed:
        products = LagTally(method.lags, PAIRS)
        products.add([np.ones(len(b)), b, c - b], np.arange(len(b)))
        of_lags = products.fractions()
        lags = None if of_lags is None else Lags(of_lags)
    hits = None if method.has_units or method.is_series else _hits(b, c)
    cubes = CubeTally()
    cubes.add(b, c - b, None)
    found = {"units": units, "lags": lags, "hits": hits, "cubes": cubes.fractions()}
    sums = PairedSums(len(b), (n, n), own, gaps, cross, **found)
    return sums, Values(*values, delta)


def _hits(b: Array, c: Array) -> Hits | None:
    levels = Levels()
    levels.add(np.concatenate([b, c]))
    if levels.values is None or len(levels.values) < 2:  # noqa: PLR2004 -- two values
        return None
    low, high = levels.values
    counts = (int(np.count_nonzero(each)) for each in (c > b, c < b, b == high))
    return Hits.of(len(b), *counts, (low, high))


def simulate(world: str, n: int, method: Method, *, ordered: bool = False) -> Cell:
    """Draw samples of n rows, sorted by their difference or as they come, and count."""
    rng = np.random.default_rng([20, list(WORLDS).index(world), n])
    of = WORLDS[world]
    held = shares = alarms = drawn = 0
    while drawn < of.samples[n]:
        pairs = []
        for _ in range(min(TOGETHER, of.samples[n] - drawn)):
            for shift in (of.delta, 0.0):
                b, c, who = of.draw(rng, n, shift)
                order = np.argsort(c - b, kind="stable") if ordered else np.arange(len(b))
                moved = who if method.cluster is None else who[order]  # a number is a place, a cluster is a row's own
                pairs.append(paired(b[order], c[order], moved, method))
        found = compared_together([sums for sums, _ in pairs], [values for _, values in pairs], method, LEVEL)
        held += sum(_holds(each.delta_ci, of.delta) for each in found[::2])
        shares += sum(_holds(each.relative_ci, of.relative) for each in found[::2])
        alarms += sum(_alarms(each) for each in found[1::2])
        drawn += len(pairs) // 2
    return Cell(held / drawn, shares / drawn, alarms / drawn)


def _holds(interval: object, true: float) -> bool:
    low, high = getattr(interval, "low", math.inf), getattr(interval, "high", -math.inf)
    return bool(low <= true <= high)


def _alarms(found: Difference) -> bool:
    return found.p_value is not None and found.p_value < 1.0 - LEVEL


def table(worlds: Sequence[str], methods: Sequence[Method]) -> str:
    """Give the table of some worlds, as Markdown."""
    lines = [["differences", "rows", "samples", "input", *(method.label for method in methods)]]
    for world in worlds:
        for n, samples in WORLDS[world].samples.items():
            inputs = {"shuffled": False}
            if methods is not SERIES:  # a series that is sorted is another
                inputs["sorted"] = True
            for name, ordered in inputs.items():
                cells = [str(simulate(world, n, method, ordered=ordered)) for method in methods]
                lines.append([world, str(n), str(samples), name, *cells])
    return markdown(lines)


def tables() -> str:
    """Give all tables."""
    names = list(WORLDS)
    parts = [(names[:3], PLAIN), (names[3:4], CLUSTERED), (names[4:], SERIES)]
    return "\n".join(table(*part) for part in parts)


if __name__ == "__main__":
    print_or_write(__doc__, tables, "simulated")
