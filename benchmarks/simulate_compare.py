"""How often the intervals of `lossctl compare` hold what is true, by simulation: the table of docs/statistics.md.

Run ``python -m benchmarks.simulate_compare --write docs/statistics.md``. Each cell has its own seed, so that the same
version of NumPy gives the same table.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.loss import Array
from lossctl.core.spread import Spread
from lossctl.engine.pairs import PairTally
from lossctl.stats.paired import Difference, PairedSums, Values, difference

__all__ = ["SIZES", "WORLDS", "Cell", "simulate", "table"]

SIZES = {10: 1600, 30: 1600, 100: 1600, 1000: 800, 10_000: 200}
"""Rows, and how many samples of so many are drawn."""
LEVEL = 0.95
BEGIN, END = "<!-- simulated: begin -->\n", "<!-- simulated: end -->\n"

Rng = np.random.Generator


@dataclass(frozen=True)
class World:
    """Where losses come from.

    Parameters
    ----------
    draw
        Gives the losses of baseline and candidate, of so many rows; the candidate is no better where `null`.
    delta, relative
        What is true of them where it is not.
    """

    draw: Callable[[Rng, int, bool], tuple[Array, Array]]
    delta: float
    relative: float


def _normal(rng: Rng, n: int, null: bool) -> tuple[Array, Array]:  # noqa: FBT001 -- one signature for all
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + rng.normal(0.0 if null else 0.2, 1.0, size=n)


def _log_normal(rng: Rng, n: int, null: bool) -> tuple[Array, Array]:  # noqa: FBT001 -- one signature for all
    b = rng.gamma(4.0, 0.5, size=n)
    return b, b + rng.lognormal(0.0, 1.0, size=n) - (math.exp(0.5) if null else 0.0)


def _zero_one(rng: Rng, n: int, null: bool) -> tuple[Array, Array]:  # noqa: FBT001 -- one signature for all
    both = rng.choice(4, size=n, p=[0.55, 0.125, 0.125, 0.2] if null else [0.55, 0.15, 0.10, 0.2])
    return np.isin(both, [2, 3]).astype(float), np.isin(both, [1, 3]).astype(float)


WORLDS: Mapping[str, World] = MappingProxyType(
    {
        "normal": World(_normal, 0.2, 0.1),
        "log-normal": World(_log_normal, math.exp(0.5), 0.5 * math.exp(0.5)),
        "0/1 losses": World(_zero_one, 0.05, 0.05 / 0.3),
    }
)


@dataclass(frozen=True)
class Cell:
    """Shares of the samples: whose interval holds the difference, or the relative change; with a false alarm."""

    delta: float
    relative: float
    alarms: float

    def __str__(self) -> str:
        return f"{self.delta:.3f} | {self.relative:.3f} | {self.alarms:.3f}"


def compared(b: Array, c: Array) -> Difference:
    """Compare as `lossctl.compare` does, without a file."""
    own = Spread(weighted=False), ExactSum()
    own[0].add(b, None)
    own[1].add(c)
    pair = PairTally(weighted=False, centre=None, b=own[0], c=own[1])
    pair.add(b, c - b, None)
    n = Fraction(len(b))
    values = [round_fraction(total.fraction() / n) for total in (pair.b.total, pair.c)]
    delta = round_fraction((pair.c.fraction() - pair.b.total.fraction()) / n)
    sums = PairedSums(len(b), (n, n), pair.b, pair.d, pair.cross)
    return difference(sums, Values(values[0], values[1], delta), LEVEL)


def simulate(world: str, n: int, *, ordered: bool) -> Cell:
    """Draw samples of n rows, sorted by their difference or as they come, and count."""
    rng = np.random.default_rng([20, list(WORLDS).index(world), n])
    of, samples = WORLDS[world], SIZES[n]
    held = shares = alarms = 0
    for _ in range(samples):
        found = [compared(*_sorted(of.draw(rng, n, null), ordered=ordered)) for null in (False, True)]
        held += _holds(found[0].delta_ci, of.delta)
        shares += _holds(found[0].relative_ci, of.relative)
        alarms += found[1].p_value is not None and found[1].p_value < 1.0 - LEVEL
    return Cell(held / samples, shares / samples, alarms / samples)


def _sorted(pair: tuple[Array, Array], *, ordered: bool) -> tuple[Array, Array]:
    if not ordered:
        return pair
    order = np.argsort(pair[1] - pair[0], kind="stable")
    return pair[0][order], pair[1][order]


def _holds(interval: object, true: float) -> bool:
    low, high = getattr(interval, "low", math.inf), getattr(interval, "high", -math.inf)
    return bool(low <= true <= high)


def table() -> str:
    """Give the table of all cells, as Markdown."""
    lines = [
        "| differences | rows | samples | input | interval of the difference | of the relative change | false alarms |",
        "|---|---|---|---|---|---|---|",
    ]
    for world in WORLDS:
        for n, samples in SIZES.items():
            cells = {ordered: simulate(world, n, ordered=ordered) for ordered in (False, True)}
            if cells[True] == cells[False]:
                lines.append(f"| {world} | {n} | {samples} | shuffled = sorted | {cells[False]} |")
            else:
                lines += [
                    f"| {world} | {n} | {samples} | {i} | {cells[i == 'sorted']} |" for i in ("shuffled", "sorted")
                ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or write it between its marks in a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="the document whose table is replaced")
    arguments = parser.parse_args()
    found = table()
    if arguments.write is None:
        print(found, end="")
        return
    text = arguments.write.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    arguments.write.write_text(f"{before}{BEGIN}{found}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
