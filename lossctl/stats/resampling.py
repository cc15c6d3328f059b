"""Replicates of many ratios at once: units drawn anew, or their signs flipped, the same for all ratios.

Random numbers are the raw words of NumPy's Philox, a counter turned into bits, whose stream is fixed for good: a
`Generator`'s distributions are not. What is multiplied by counts or signs is rounded first to so coarse a grid that
every partial sum is a double: then no order of summing, and no library for matrices, can change a bit. Imports NumPy
and its own package.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lossctl.core.types import Array
from lossctl.stats.units import Ratio

__all__ = ["Words", "draws", "flipped", "lists_signs", "signs_of", "studentised"]

_AT_ONCE = 2**20
"""Counts or signs made at once, and sums of them: memory stays flat however many there are."""

_DOUBLE = 53
"""Bits of a double."""

_NOTHING = 1e-9
"""A variance that is less than this share of its terms is one of equals."""


def studentised(ratios: Sequence[Ratio], seed: int, resamples: int) -> list[Array]:
    """Return |θ* − θ|/se* of each ratio for each replicate, ``(resamples,)``, ascending.

    A replicate draws as many units as there are, with replacement. Where all it draws are equal its standard error is
    0, and the figure infinite; 0 where the ratio is that of all units.

    Parameters
    ----------
    ratios
        Of the same units, at least 2: each replicate draws the same for all.
    seed
        Of the random numbers.
    resamples
        How many replicates.

    References
    ----------
    Hall (1988), Theoretical comparison of bootstrap confidence intervals, Annals of Statistics 16, 927-953.
    """
    units = len(ratios[0].u)
    columns: list[Array] = []
    for ratio in ratios:
        u, w = _scaled(ratio.u), _scaled(ratio.w)
        columns += [u, w, u * u, u * w, w * w]
    table = np.column_stack([_on_grid(column, units) for column in columns])
    found = [np.empty(resamples) for _ in ratios]
    for start, counts in draws(seed, units, resamples, _step(table)):
        sums = counts @ table
        for place, each in enumerate(found):
            each[start : start + len(counts)] = _student(*sums[:, 5 * place : 5 * place + 5].T, units=units)
    for each in found:
        each.sort()
    return found


def _student(u: Array, w: Array, uu: Array, uw: Array, ww: Array, *, units: int) -> Array:
    """Return δ/se* with δ = Σu/Σw and se*² = G/(G−1)·Σ(u − δw)²/(Σw)²."""
    with np.errstate(all="ignore"):
        gap = u / w
        spread = uu - 2.0 * gap * uw + gap * gap * ww
        spread[spread <= _NOTHING * uu] = 0.0
        found: Array = np.abs(gap * w) / np.sqrt(spread * (units / (units - 1)))
        found[np.isnan(found)] = 0.0  # no difference, whatever its standard error
    return found


def flipped(ratios: Sequence[Ratio], seed: int, resamples: int) -> list[tuple[int, Array, Array]]:
    """Flip the signs of the units of ratios, and say what each replicate cannot tell from what was found.

    Where there are no more signs than replicates are asked for, each is one, and nothing is drawn. With s the signs, a
    replicate counts against a figure t where |Σs(x − tw)| ≥ |Σ(x − tw)|: from θ + Σsu/(Σsw − Σw) to
    θ + Σsu/(Σsw + Σw), or the other way round, for x − tw = u + (θ − t)w.

    Parameters
    ----------
    ratios, seed, resamples
        As in `studentised`.

    Returns
    -------
    list[tuple[int, Array, Array]]
        For each ratio how many replicates count against 0, and from where to where below and above θ they count,
        ``(replicates,)``, ascending.

    References
    ----------
    Fisher (1935), The Design of Experiments, section 21. Tukey and McLaughlin (1963), Sankhya A 25, 331-352 (the
    interval of what is not rejected).
    """
    table = np.column_stack([_on_grid_of_sum(_scaled(each)) for r in ratios for each in (r.x, r.u, r.w)])
    totals = table.sum(axis=0)
    slack = len(table) * np.array([_unit_of_sum(column) for column in table.T])
    counts, units = [0] * len(ratios), len(table)
    replicates = resamples
    parts = signs_of(seed, units, resamples, _step(table))
    if lists_signs(units, resamples):
        replicates, parts = 2**units, _every_sign(units, _step(table))
    ends = [(np.empty(replicates), np.empty(replicates)) for _ in ratios]
    for start, signs in parts:
        sums = signs @ table
        for place, (low, high) in enumerate(ends):
            x, u, w = sums[:, 3 * place : 3 * place + 3].T
            of = slice(start, start + len(signs))
            counts[place] += int(np.count_nonzero(np.abs(x) >= abs(totals[3 * place]) - slack[3 * place]))
            low[of], high[of] = _ends(u, w, totals[3 * place + 2])
    found = []
    for place, ratio in enumerate(ratios):
        scale = _scale(ratio.u) / _scale(ratio.w)
        low, high = (np.sort(each) * scale for each in ends[place])
        found.append((counts[place], low, high))
    return found


def _ends(u: Array, w: Array, weight: float) -> tuple[Array, Array]:
    """Return u/(w − weight) and u/(w + weight), the lower first; all figures where w outweighs the weight."""
    with np.errstate(all="ignore"):
        one, other = u / (w - weight), u / (w + weight)
    beyond = ~(np.abs(w) < abs(weight))
    return np.where(beyond, -np.inf, np.minimum(one, other)), np.where(beyond, np.inf, np.maximum(one, other))


def _step(table: Array) -> int:
    """Return how many replicates to make at once of the columns of a table."""
    return max(1, _AT_ONCE // max(len(table), len(table.T)))


def draws(seed: int, units: int, resamples: int, step: int) -> Iterator[tuple[int, Array]]:
    """Yield how often each unit is drawn in some replicates, ``(some, units)``, and the number of the first of them."""
    words = Words(seed, 0)
    for start in range(0, resamples, step):
        some = min(step, resamples - start)
        halves = words(some * ((units + 1) // 2)).view(np.uint32).reshape(some, -1)[:, :units]
        places = (halves.astype(np.uint64) * np.uint64(units)) >> np.uint64(32)
        places += (np.arange(some, dtype=np.uint64) * np.uint64(units))[:, None]
        counts = np.bincount(places.ravel().astype(np.int64), minlength=some * units)
        yield start, counts.reshape(some, units).astype(np.float64)


def signs_of(seed: int, units: int, resamples: int, step: int) -> Iterator[tuple[int, Array]]:
    """Yield the signs of units in some replicates, ``(some, units)``, and the number of the first of them."""
    words = Words(seed, 1)
    for start in range(0, resamples, step):
        some = min(step, resamples - start)
        raw = words(some * -(-units // 64)).view(np.uint8).reshape(some, -1)
        yield start, 1.0 - 2.0 * np.unpackbits(raw, axis=1)[:, :units].astype(np.float64)


def lists_signs(units: int, resamples: int) -> bool:
    """Return whether so many units have no more signs than replicates are asked for.

    Examples
    --------
    >>> lists_signs(13, 9999), lists_signs(14, 9999)
    (True, False)
    """
    return units < resamples.bit_length() and 2**units <= resamples


def _every_sign(units: int, step: int) -> Iterator[tuple[int, Array]]:
    """Yield all signs of units as `signs_of` yields some: those of the binary digits of each number."""
    for start in range(0, 2**units, step):
        numbers = np.arange(start, min(start + step, 2**units))
        yield start, 1.0 - 2.0 * ((numbers[:, None] >> np.arange(units)) & 1).astype(np.float64)


class Words:
    """The words of one stream, so many at a time: as little-endian bytes, on any machine."""

    def __init__(self, seed: int, stream: int) -> None:
        from numpy.random import Philox

        self._philox = Philox(key=np.array([seed, stream], dtype=np.uint64))

    def __call__(self, count: int) -> npt.NDArray[np.uint64]:
        """Return the next words."""
        found: npt.NDArray[np.uint64] = np.asarray(self._philox.random_raw(count), dtype="<u8")
        return found


def _scale(column: Array) -> float:
    """Return a power of two near the largest magnitude; 1 where that is 0."""
    most = float(np.abs(column).max(initial=0.0))
    return math.ldexp(1.0, min(max(math.frexp(most)[1], -1000), 1000)) if most else 1.0


def _scaled(column: Array) -> Array:
    """Bring the largest magnitude near 1: squares then neither overflow nor vanish, and ratios do not change."""
    return column / _scale(column)


def _on_grid(column: Array, draws: int) -> Array:
    """Round so that every sum of so many draws is exact."""
    return _rounded(column, draws * float(np.abs(column).max(initial=0.0)))


def _on_grid_of_sum(column: Array) -> Array:
    """Round so that every sum of its numbers, with whatever signs, is exact."""
    return _rounded(column, _unit_of_sum(column) * 2.0**_DOUBLE)


def _unit_of_sum(column: Array) -> float:
    """Return a power of two of which no sum of the column's magnitudes holds 2^53."""
    return math.ldexp(1.0, math.frexp(math.fsum(np.abs(column)))[1] + 1 - _DOUBLE)


def _rounded(column: Array, most: float) -> Array:
    """Round to multiples of a power of two of which `most` holds fewer than 2^53."""
    exponent = math.frexp(most)[1] + 1 - _DOUBLE
    found: Array = np.ldexp(np.rint(np.ldexp(column, -exponent)), exponent)
    return found
