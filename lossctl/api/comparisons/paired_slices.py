"""Comparisons of many slices: sums stay together as columns; a slice is looked at alone where these do not settle it.

May import engine, stats and core.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

import numpy as np

from lossctl.api.comparisons.paired import Paired, finished, is_finished, linear_of, start
from lossctl.core.exact.by_slice import GroupedSum
from lossctl.core.exact.double_double import Doubles, divide, exactly, is_rounded, is_safe, multiply
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes, Mask
from lossctl.engine.accumulators.linears import Linears
from lossctl.engine.accumulators.pair_slices import SlicedPairsPlan, SlicedPairsTally
from lossctl.engine.accumulators.wins import TIE
from lossctl.engine.plan import Linear
from lossctl.stats.difference_columns import DifferenceColumns, PairColumns, ValueColumns, differences_of, mean_values
from lossctl.stats.hits import Hits
from lossctl.stats.measured import Measured, measured_together

__all__ = ["BLOCK", "PairedSlices"]

BLOCK = 2**14
"""Slices that are looked at together: columns of many more do not stay in a cache, and take twice as long."""


@dataclass(slots=True)
class PairedSlices(Mapping[int, Paired]):
    """What the passes found of slices, by code; of one slice made where somebody asks for it.

    Parameters
    ----------
    first
        Of the first pass.
    again
        Of the second, where losses are no means.
    linears
        Of those, how each model's value moves with its rows, by model and index.
    known
        Slices that were looked at alone.
    n, n_read, n_dropped
        How many rows of each slice count, how many it has, and how many are left out for a missing number, by code.
    """

    first: SlicedPairsTally
    again: SlicedPairsTally | None = None
    linears: list[dict[int, Linears]] = field(default_factory=list)
    known: dict[int, Paired] = field(default_factory=dict)
    n: Codes = field(init=False)
    n_read: Codes = field(init=False)
    n_dropped: Codes = field(init=False)
    _told: dict[tuple[int, int, float], tuple[ValueColumns, DifferenceColumns]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        codes = self.first.codes
        self.n, self.n_read = self.first.n_of(codes), self.first.n_read_of(codes)
        self.n_dropped = self.first.n_dropped_of(codes)

    def __getitem__(self, code: int) -> Paired:
        found = self.known.get(code)
        if found is None:
            if not 0 <= code < self.codes or not self.n[code]:
                raise KeyError(code)
            found = self.known[code] = self._alone(code)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self.n).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self.n))

    @property
    def codes(self) -> int:
        """No code is as large."""
        return len(self.n)

    def second(self) -> SlicedPairsPlan | None:
        """Return the plan that pairs anew, by what moves their values, the losses that are no means.

        ``None`` where there are none.
        """
        plan = self.first.plan.plan
        chosen = self._chosen()
        if not chosen:
            return None
        self.linears = [{index: self._linears(place, index) for index in chosen} for place in range(len(plan.plans))]
        plans = tuple(replace(each, losses=tuple(each.losses[index] for index in chosen)) for each in plan.plans)
        linear = tuple({number: of[index] for number, index in enumerate(chosen)} for of in self.linears)
        return SlicedPairsPlan(replace(plan, plans=plans), linear)

    def differences(self, match: int, index: int, level: float) -> tuple[ValueColumns, DifferenceColumns]:
        """Return the values and the differences of a match and a loss, by code, with intervals of a level."""
        key = (match, index, level)
        if key not in self._told:
            sums = self._columns(match, index)
            values = self._values(sums, match, index)
            blocks = sums.blocks(values, BLOCK)
            found = DifferenceColumns.joined([differences_of(*each, level) for each in blocks])
            found.doubtful[[*self.first.vanished()]] = True
            self._told[key] = values, found
        return self._told[key]

    def measured(self, match: int, index: int, share: float) -> tuple[Measured, Mask]:
        """Measure by code how the differences of a match and a loss stand, with where they are to be looked at alone.

        What is measured is D − rB, with r a share of the baseline.
        """
        sums = self._columns(match, index)
        tally, place = self._place_of(index)
        cubes, made = tally.pairs[match][place].cubes, _Columns(self.codes, ())
        if cubes is None:
            raise ValueError("nothing is summed that skewness is made of")
        known = {powers: made.known(total) for (powers, exponent), total in cubes.sums.items() if not exponent}
        blocks, parts = sums.blocks(self._values(sums, match, index), BLOCK), []
        for first, block in zip(range(0, self.codes, BLOCK), blocks, strict=True):
            some = {powers: Doubles(*(each[first : first + BLOCK] for each in of)) for powers, of in known.items()}
            parts.append(measured_together(*block, some, share))
        found = Measured.joined([each for each, _ in parts])
        doubtful = np.concatenate([each for _, each in parts]) | made.doubtful
        for (_, exponent), total in cubes.sums.items():
            if exponent:  # of losses so large or small they are few
                doubtful |= _filled(total.doubles(), self.codes).high != 0.0
        doubtful[[*self.first.vanished()]] = True
        return found, doubtful

    def doubtful(self, match: int, index: int, level: float) -> Codes:
        """Return the slices that are to be looked at alone."""
        return np.flatnonzero(self.differences(match, index, level)[1].doubtful & (self.n > 0))

    def counts(self, match: int, index: int) -> tuple[Codes, Codes, Codes]:
        """Return how many rows were won, tied and compared, by code."""
        tally, place = self._place_of(index)
        pairs = tally.pairs[match][place]
        for each in (pairs.wins, pairs.ties, pairs.n):
            each.reserve(self.codes)
        wins, ties, n = (each.array[: self.codes] for each in (pairs.wins, pairs.ties, pairs.n))
        return wins, ties, n

    def are_tied(self, match: int, index: int, codes: Codes) -> bool:
        """Return whether every row of some slices has one and the same loss by both models."""
        _, ties, n = self.counts(match, index)
        if (ties[codes] < n[codes]).any():
            return False
        few = (self[code].pairs[match][index] for code in codes[np.isin(codes, [*self.first.few])].tolist())
        return all(each.ties == each.n for each in few)

    def effective_rows(self) -> Array:
        """Return (Σw)²/Σw² by code; NaN of those without rows."""
        if not self.first.rows.weighted:
            return np.where(self.n > 0, self.n.astype(np.float64), math.nan)
        with np.errstate(all="ignore"):
            rows = self.first.rows
            weights, squares = (_filled(each.doubles(), self.codes) for each in (rows.weights, rows.squares))
            found = divide(multiply(weights, weights), squares)
        effective = found.high
        unsure = ~is_rounded(found)
        unsure[list(self.first.few)] = True
        for code in np.flatnonzero(unsure & (self.n > 0)).tolist():
            effective[code] = self[code].tally.models[0].units.effective_rows
        return effective

    def _chosen(self) -> list[int]:
        return [index for index, each in enumerate(self.first.plan.losses) if is_finished(each)]

    def _alone(self, code: int) -> Paired:
        """Return what a comparison of one slice alone would have found."""
        paired = start(self.first.of(code))
        if self.again is not None:
            paired.linear = [{index: linears.of(code) for index, linears in mine.items()} for mine in self.linears]
            finished(paired, self.again.of(code), self._chosen())
        return paired

    def _linears(self, place: int, index: int) -> Linears:
        """Return the values of a model by a loss that is no mean, and how they move with its parts."""
        sums, parts = self.first.parts_of(place, index)
        chosen, made = self.first.plan.losses[index], _Columns(self.codes, self.first.few)
        weights = self._weights(made)
        with np.errstate(all="ignore"):  # of slices without rows, nothing is known
            means = [divide(made.known(each), weights) for each in sums]
        for each in means:
            made.doubtful |= ~is_rounded(each)
        columns = [each.high.tolist() for each in means]
        linears: dict[int, Linear] = {}
        for code in self:
            if made.doubtful[code]:
                linears[code] = linear_of(start(self.first.of(code)), place, index)
            else:
                linears[code] = Linear.at(chosen, tuple(column[code] for column in columns))
        return Linears.of_each(linears, parts, self.codes)

    def _weights(self, made: _Columns) -> Doubles:
        rows = self.first.rows
        return made.known(rows.weights) if rows.weighted else exactly(self.n.astype(np.float64))

    def _place_of(self, index: int) -> tuple[SlicedPairsTally, int]:
        """Return the tally that has the pairs of a loss, and the loss's place there."""
        if self.again is None or index not in self.linears[0]:
            return self.first, index
        return self.again, list(self.linears[0]).index(index)

    def _columns(self, match: int, index: int) -> PairColumns:
        """Return the sums of a match and a loss by code."""
        tally, place = self._place_of(index)
        one, other = tally.plan.plan.matches[match]
        pairs, b, c = tally.pairs[match][place], tally.own[one][place], tally.own[other][place]
        rows, made = self.first.rows, _Columns(self.codes, [*self.first.few, *tally.few])
        weights = self._weights(made)
        sums = [made.known(each) for each in (b.total, b.square, c.total, pairs.d.total, pairs.d.square, pairs.cross)]
        b_heavy, d_heavy, weight_squares = sums[0], sums[3], weights
        if rows.weighted:
            b_heavy, d_heavy, weight_squares = (made.known(each) for each in (b.heavy, pairs.d.heavy, rows.squares))
        return PairColumns(
            n=self.n,
            weights=weights,
            weight_squares=weight_squares,
            b=sums[0],
            b_square=sums[1],
            b_heavy=b_heavy,
            c=sums[2],
            d=sums[3],
            d_square=sums[4],
            d_heavy=d_heavy,
            cross=sums[5],
            doubtful=made.doubtful,
            hits=self._hits(match, index, sums[0].high),
        )

    def _hits(self, match: int, index: int, baseline: Array) -> tuple[Hits, Codes] | None:
        """Return which model has which of two losses in how many rows, and the codes of the slices with two losses."""
        if (self.linears and index in self.linears[0]) or not self.first.plan.plan.has_levels:
            return None
        one, other = self.first.plan.plan.matches[match]
        levels = self.first.levels
        lows, highs, codes = levels[one][index].pairs(levels[other][index], self.codes)
        low, high = lows[codes], highs[codes]
        with np.errstate(all="ignore"):
            apart = np.isfinite(high - low) & (high - low > TIE * np.maximum(np.abs(low), np.abs(high)))
        low, high, codes = low[apart], high[apart], codes[apart]
        if not len(codes):
            return None
        wins, ties, n = (each[codes].astype(np.float64) for each in self.counts(match, index))
        above = np.rint((baseline[codes] - n * low) / (high - low))
        return Hits(n, n - wins - ties, wins, above, low, high - low), codes

    def _values(self, sums: PairColumns, match: int, index: int) -> ValueColumns:
        if index not in (self.linears or [{}])[0]:
            return mean_values(sums, weighted=self.first.rows.weighted)
        one, other = (self.linears[place][index].values for place in self.first.plan.plan.matches[match])
        with np.errstate(invalid="ignore"):
            delta = np.where(one == other, 0.0, other - one)
        return ValueColumns(one, other, delta, ~(np.isfinite(one) & np.isfinite(other) & np.isfinite(delta)))


class _Columns:
    """Sums for so many codes, of which it remembers where one is not known well enough, or elsewhere."""

    def __init__(self, codes: int, elsewhere: Iterable[int]) -> None:
        self.doubtful: Mask = np.zeros(codes, np.bool_)
        self.doubtful[list(elsewhere)] = True

    def known(self, sums: GroupedSum) -> Doubles:
        """Return sums by code."""
        codes = len(self.doubtful)
        found = _filled(sums.doubles(), codes)
        self.doubtful |= ~is_safe(found) | sums.not_finite(codes)
        return found


def _filled(numbers: Doubles, codes: int) -> Doubles:
    missing = np.zeros(max(0, codes - len(numbers.high)))
    return Doubles(*(np.append(each, missing)[:codes] for each in numbers))
