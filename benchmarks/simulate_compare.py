"""How often intervals hold what is true, and gates at their bound err: the tables of docs/statistics.md, by simulation.

Run ``python -m benchmarks.simulate_compare --write docs/statistics.md``: some eight minutes on one core. Each cell has
its own seed, so that the same version of NumPy gives the same tables, byte for byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import MappingProxyType

import numpy as np
from scipy.signal import lfilter

from benchmarks.page import markdown, print_or_write
from lossctl.core.exact.levels import Levels
from lossctl.core.exact.spread import Spread, error_square, freedom_of
from lossctl.core.exact.sum import ExactSum, round_fraction, sqrt_fraction
from lossctl.core.method import HAC_NAMES, Method
from lossctl.core.results.interval import Interval
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.cubes import CubeTally
from lossctl.engine.accumulators.lags import LagTally
from lossctl.engine.accumulators.units import Identities, SeriesTally, UnitTally
from lossctl.stats.differences import Difference, PairedSums, Values
from lossctl.stats.hits import Hits
from lossctl.stats.intervals import t_interval
from lossctl.stats.margin import margins
from lossctl.stats.measured import Measured, measured_alone
from lossctl.stats.methods import bootstrap_intervals, compared_together
from lossctl.stats.series import PAIRS, Lags
from lossctl.stats.student import t_quantile
from lossctl.stats.units import Ratio, Units

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
    weigh
        Gives the weights of so many rows; ``None``: there are none.
    """

    draw: Callable[[Rng, int, float], Sample]
    delta: float
    relative: float
    samples: Mapping[int, int]
    weigh: Callable[[Rng, int], Array] | None = None


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


def _in_clusters(rng: Rng, sizes: Codes, shift: float) -> Sample:
    """Draw clusters of given sizes, whose differences have half of their variance in common."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    b = rng.gamma(4.0, 0.5, size=len(of))
    d = shift + math.sqrt(0.5) * (rng.normal(size=len(sizes))[of] + rng.normal(size=len(of)))
    return b, b + d, of.astype(np.uint64)


def _half(rng: Rng, n: int, shift: float) -> Sample:
    """Draw 30 clusters of which one holds half of the rows."""
    return _in_clusters(rng, np.array([n // 2, *[n // 58] * 29]), shift)


def _designs(rng: Rng, n: int, shift: float) -> Sample:
    """Draw 12 clusters of sizes that are log-normal: another design for each sample."""
    shares = rng.lognormal(0.0, 1.5, size=12)
    return _in_clusters(rng, 1 + (n * shares / shares.sum()).astype(np.int64), shift)


def _pareto(shape: float) -> Callable[[Rng, int], Array]:
    return lambda rng, n: 1.0 + rng.pareto(shape, size=n)


def _forecast(rng: Rng, n: int, shift: float) -> Sample:
    """Draw a series each of whose differences shares the shocks of the two before, as of a forecast three ahead."""
    shocks = rng.normal(size=n + 2) / math.sqrt(3.0)
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + shift + shocks[2:] + shocks[1:-1] + shocks[:-2], _rows(n)


def _fading(kept: float, before: int) -> Callable[[Rng, int, float], Sample]:
    """Draw a series each of whose differences keeps a share of the one before, from some time before it begins."""

    def draw(rng: Rng, n: int, shift: float) -> Sample:
        shocks = rng.normal(size=n + before) * math.sqrt(1.0 - kept**2)
        shocks[0] = 0.0
        d = lfilter([1.0], [1.0, -kept], shocks)
        b = rng.gamma(4.0, 0.5, size=n)
        return b, b + shift + d[before:], _rows(n)

    return draw


def _shocks(rng: Rng, n: int, shift: float) -> Sample:
    """Draw a series each of whose differences shares the shocks of the eleven before."""
    sums = np.cumsum(np.append(0.0, rng.normal(size=n + 11) / math.sqrt(12.0)))
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + shift + sums[12:] - sums[:-12], _rows(n)


_PLAIN_SAMPLES = MappingProxyType({5: 1000, 10: 1000, 30: 1000, 100: 1000, 1000: 500, 10_000: 200})
_GROUPED_SAMPLES = MappingProxyType({100: 1000, 300: 1000, 1000: 500, 10_000: 200})
_SERIES_SAMPLES = MappingProxyType({30: 1000, 100: 1000, 1000: 500, 10_000: 200})
_UNEQUAL_SAMPLES = MappingProxyType({300: 2000, 3000: 2000})
_WEIGHTED_SAMPLES = MappingProxyType({10: 1000, 30: 1000, 100: 1000, 1000: 500})
_SHORT_SAMPLES = MappingProxyType({24: 1000, 50: 1000, 100: 1000, 200: 1000, 500: 1000})
WORLDS: Mapping[str, World] = MappingProxyType(
    {
        "normal": World(_normal, 0.2, 0.1, _PLAIN_SAMPLES),
        "log-normal": World(_log_normal, math.exp(0.5), 0.5 * math.exp(0.5), _PLAIN_SAMPLES),
        "0/1 losses": World(_zero_one, 0.05, 0.05 / 0.3, _PLAIN_SAMPLES),
        "clusters of 10": World(_clustered, 0.2, 0.1, _GROUPED_SAMPLES),
        "shocks of 3 rows": World(_forecast, 0.2, 0.1, _SERIES_SAMPLES),
        "half of the last": World(_fading(0.5, 50), 0.2, 0.1, _SERIES_SAMPLES),
        "one of 30 has half": World(_half, 0.2, 0.1, _UNEQUAL_SAMPLES),
        "12 of any size": World(_designs, 0.2, 0.1, _UNEQUAL_SAMPLES),
        "weights, shape 1": World(_normal, 0.2, 0.1, _WEIGHTED_SAMPLES, _pareto(1.0)),
        "weights, shape 1.5": World(_normal, 0.2, 0.1, _WEIGHTED_SAMPLES, _pareto(1.5)),
        "weights, shape 2": World(_normal, 0.2, 0.1, _WEIGHTED_SAMPLES, _pareto(2.0)),
        "0.5 of the last": World(_fading(0.5, 50), 0.2, 0.1, _SHORT_SAMPLES),
        "0.9 of the last": World(_fading(0.9, 100), 0.2, 0.1, _SHORT_SAMPLES),
        "shocks of 12 rows": World(_shocks, 0.2, 0.1, _SHORT_SAMPLES),
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
    Method("diebold_mariano", horizon=3, hac="dm"),
    Method(block=10),
    Method("bootstrap", block=10, resamples=RESAMPLES),
    Method("permutation", block=10, resamples=RESAMPLES),
)


RELATED = (Method("diebold_mariano"), Method("diebold_mariano", hac="dm"), Method(block=10))
AHEAD = tuple(Method("diebold_mariano", horizon=12, hac=hac) for hac in HAC_NAMES)
TABLES: tuple[tuple[tuple[str, ...], tuple[Method, ...]], ...] = (
    (("normal", "log-normal", "0/1 losses"), PLAIN),
    (("clusters of 10",), CLUSTERED),
    (("one of 30 has half", "12 of any size"), CLUSTERED[1:]),
    (("weights, shape 1", "weights, shape 1.5", "weights, shape 2"), PLAIN[:2]),
    (("shocks of 3 rows", "half of the last"), SERIES),
    (("0.5 of the last", "0.9 of the last"), RELATED),
    (("shocks of 12 rows",), AHEAD),
)
"""What stands in each table: worlds, and methods."""


@dataclass(frozen=True)
class Cell:
    """Shares of the samples: whose interval holds the difference, or the relative change; with a false alarm."""

    delta: float
    relative: float
    alarms: float

    def __str__(self) -> str:
        return f"{self.delta:.3f} {self.relative:.3f} {self.alarms:.3f}"


def paired(
    b: Array, c: Array, who: Identities, method: Method, weight: Array | None = None
) -> tuple[PairedSums, Values]:
    """Sum what a method needs of losses, as `lossctl.compare` does, without a file."""
    own, gaps, total, cross = (
        *(Spread(weighted=weight is not None) for _ in range(2)),
        *(ExactSum() for _ in range(2)),
    )
    w = np.ones(len(b)) if weight is None else weight
    own.add(b, weight)
    gaps.add(c - b, weight)
    total.add(w * c)
    cross.add((w * b) * (w * (c - b)))
    weights, squares = ExactSum(), ExactSum()
    weights.add(w)
    squares.add_squares(w)
    n = weights.fraction()
    values = [round_fraction(each.fraction() / n) for each in (own.total, total)]
    delta = round_fraction((total.fraction() - own.total.fraction()) / n)
    units = lags = None
    if method.has_units:
        tally = SeriesTally(method) if method.is_smoothed else UnitTally(method)
        codes = tally.codes(who if method.block is None else who // np.uint64(method.block))
        tally.add_weights(weight, codes)
        for name, column in (("b", w * b), ("d", w * (c - b))):
            tally.add(name, column, codes)
        units = Units(*tally.floats(["b", "d"]))
    if method.is_series and not method.is_smoothed:
        products = LagTally(method.lags, PAIRS)
        products.add([w, w * b, w * (c - b)], np.arange(len(b)))
        of_lags = products.fractions()
        lags = None if of_lags is None else Lags(of_lags)
    hits = None if weight is not None or method.has_units or method.is_series else _hits(b, c)
    cubes = CubeTally()
    cubes.add(w * b, w * (c - b), weight)
    found = {"units": units, "lags": lags, "hits": hits, "cubes": cubes.fractions()}
    sums = PairedSums(len(b), (n, squares.fraction()), own, gaps, cross, **found)
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
    """Draw samples of n rows, sorted by their difference or as they come, and count.

    Student's t adds numbers up exactly: it knows no order, and is not simulated in another.
    """
    return _simulated(world, n, method, ordered=ordered and method != Method())


@cache
def _simulated(world: str, n: int, method: Method, *, ordered: bool) -> Cell:
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
                weight = None if of.weigh is None else of.weigh(rng, n)
                pairs.append(paired(b[order], c[order], moved, method, weight))
        found = compared_together([sums for sums, _ in pairs], [values for _, values in pairs], method, LEVEL)
        held += sum(_holds(each.delta_ci, of.delta) for each in found[::2])
        shares += sum(_holds(each.relative_ci, of.relative) for each in found[::2])
        alarms += sum(_alarms(each) for each in found[1::2])
        drawn += len(pairs) // 2
    return Cell(held / drawn, shares / drawn, alarms / drawn)


def _holds(interval: object, true: float) -> bool:
    """Return whether an interval holds what is true; none at all leaves nothing out."""
    low, high = getattr(interval, "low", -math.inf), getattr(interval, "high", math.inf)
    return bool(low <= true <= high)


def _alarms(found: Difference) -> bool:
    return found.p_value is not None and found.p_value < 1.0 - LEVEL


def table(worlds: Sequence[str], methods: Sequence[Method]) -> str:
    """Return the table of some worlds, as Markdown."""
    lines = [["differences", "rows", "samples", "input", *(method.label for method in methods)]]
    for world in worlds:
        for n, samples in WORLDS[world].samples.items():
            inputs = {"shuffled": False}
            if methods in (PLAIN, CLUSTERED):  # a series that is sorted is another
                inputs["sorted"] = True
            for name, ordered in inputs.items():
                cells = [str(simulate(world, n, method, ordered=ordered)) for method in methods]
                lines.append([world, str(n), str(samples), name, *cells])
    return markdown(lines)


VALUES: Mapping[str, tuple[Callable[[Rng, int], Array], float]] = MappingProxyType(
    {
        "mse, normal errors": (lambda rng, n: rng.normal(size=n) ** 2, 1.0),
        "mse, log-normal errors": (lambda rng, n: rng.lognormal(size=n) ** 2, math.exp(2.0)),
    }
)
"""Losses of rows, and what their mean estimates."""
_VALUE_SAMPLES = MappingProxyType({30: 1000, 100: 1000, 1000: 500})


def intervals_of(losses: Array, method: Method) -> Interval | None:
    """Return the interval of a mean, as `lossctl eval` gives it, without a file."""
    spread, n = Spread(weighted=False), Fraction(len(losses))
    spread.add(losses, None)
    mean = round_fraction(spread.total.fraction() / n)
    if method.resamples_units:
        ones = np.ones(len(losses))
        return bootstrap_intervals([Ratio(mean, losses - mean, ones, ones)], method, LEVEL)[0]
    square, _ = error_square(spread.total.fraction(), spread.square.fraction(), spread.by_weight, (n, n))
    return t_interval(mean, sqrt_fraction(square), freedom_of((n, n)), LEVEL)


def simulate_value(name: str, n: int, method: Method) -> float:
    """Return in which share of samples of n rows the interval of a value holds what it estimates."""
    rng = np.random.default_rng([21, list(VALUES).index(name), n])
    draw, true = VALUES[name]
    samples = _VALUE_SAMPLES[n]
    return sum(_holds(intervals_of(draw(rng, n), method), true) for _ in range(samples)) / samples


def value_table() -> str:
    """Return the table of intervals of values, as Markdown."""
    lines = [["losses", "rows", "samples", *(method.label for method in PLAIN[:2])]]
    for name in VALUES:
        for n, samples in _VALUE_SAMPLES.items():
            cells = [f"{simulate_value(name, n, method):.3f}" for method in PLAIN[:2]]
            lines.append([name, str(n), str(samples), *cells])
    return markdown(lines)


SINGLE_SAMPLES, SEED = 2000, 20


@dataclass(frozen=True)
class Single:
    """Where the rows of a single gate come from: losses of baseline and candidate, and what is allowed."""

    draw: Callable[[Rng, int], tuple[Array, Array]]
    bound: float
    rows: tuple[int, ...]
    span: float | None = None


def _even(random: Rng, n: int) -> tuple[Array, Array]:
    """Draw normal differences of mean 0."""
    b = random.gamma(4.0, 0.5, size=n)
    return b, b + random.normal(size=n)


def _skewed(sign: float) -> Callable[[Rng, int], tuple[Array, Array]]:
    """Draw log-normal differences of mean 0, to the one side or the other."""

    def draw(random: Rng, n: int) -> tuple[Array, Array]:
        b = random.gamma(4.0, 0.5, size=n)
        return b, b + sign * (random.lognormal(0.0, 1.0, size=n) - np.exp(0.5))

    return draw


def _two_values(worse: float, better: float) -> Callable[[Rng, int], tuple[Array, Array]]:
    """Draw 0/1 losses, by how often the candidate alone has a loss and the baseline alone."""

    def draw(random: Rng, n: int) -> tuple[Array, Array]:
        kinds = random.choice(4, size=n, p=[worse, better, 0.1, 0.9 - worse - better])
        return np.isin(kinds, [1, 2]).astype(float), np.isin(kinds, [0, 2]).astype(float)

    return draw


SINGLE = {
    "normal": Single(_even, 0.0, (10, 30, 100, 500)),
    "log-normal": Single(_skewed(1.0), 0.0, (10, 30, 100, 500)),
    "log-normal, to the left": Single(_skewed(-1.0), 0.0, (10, 30, 100, 500)),
    "0/1, 30 % differ, +0.05": Single(_two_values(0.175, 0.125), 0.01, (2, 5, 10, 20, 50, 200), 1.0),
    "0/1, 11 % differ, +0.05": Single(_two_values(0.08, 0.03), 0.01, (2, 5, 10, 20, 50, 200), 1.0),
    "0/1, 5 % differ, +0.05": Single(_two_values(0.05, 0.0), 0.01, (2, 5, 10, 20, 50, 200), 1.0),
}


def singles(world: str, n: int, samples: int = SINGLE_SAMPLES) -> tuple[float, float, float, float]:
    """Return the shares of samples that pass and that fail, by lossctl, and by Student's t of before."""
    random = np.random.default_rng([SEED, list(SINGLE).index(world), n])
    of = SINGLE[world]
    measured, counts, small = [], np.zeros(2), 1.0 - LEVEL
    for _ in range(samples):
        b, c = of.draw(random, n)
        sums, values = paired(b, c, np.arange(n, dtype=np.uint64), Method())
        measured.append(measured_alone(sums, values, Method(), 0.0))
        gap = c - b
        error = gap.std(ddof=1) / np.sqrt(n)
        half = t_quantile(LEVEL, n - 1) * error
        counts += [gap.mean() + half <= of.bound, gap.mean() - half > of.bound]
    told = margins(Measured.joined(measured), limit=of.bound, level=LEVEL, span=of.span)
    passed, failed = (float(each.mean()) for each in (told.p_above <= small, told.p_below < small))
    passed_by_t, failed_by_t = (float(each) for each in counts / samples)
    return passed, failed, passed_by_t, failed_by_t


def single_table() -> str:
    """Return the table of single gates: how often they pass, and fail, and how often Student's t would let them."""
    lines = [["differences", "rows", "passes", "fails", "passes by t", "fails by t"]]
    for world, of in SINGLE.items():
        lines += [[world, str(n), *(f"{each:.3f}" for each in singles(world, n))] for n in of.rows]
    return markdown(lines)


def tables() -> str:
    """Return all tables."""
    return "\n".join([*(table(*part) for part in TABLES), value_table(), single_table()])


if __name__ == "__main__":
    print_or_write(__doc__, tables, "simulated")
