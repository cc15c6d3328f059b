"""What the passes of a comparison found of a whole or a slice: sums, and how they tell differences from chance.

May import engine, stats and core.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction

from lossctl.core.exact.sum import ExactSum, round_fraction
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.method import Method
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.accumulators.pairs import Centre, PairsPlan, PairsTally, PairTally
from lossctl.engine.accumulators.wins import TIE
from lossctl.engine.plan import Linear, ModelTally, exponent_of
from lossctl.stats.differences import TELLING, Difference, PairedSums, Values
from lossctl.stats.hits import Hits
from lossctl.stats.methods import compared_together
from lossctl.stats.series import Lags
from lossctl.stats.units import Units

__all__ = [
    "Paired",
    "centre_of",
    "find_exponents",
    "finished",
    "is_finished",
    "lags_of",
    "linear_of",
    "move",
    "scaled",
    "some_of",
    "start",
    "tell_apart",
]


@dataclass(slots=True)
class Paired:
    """What the passes found. Lists of pairs are by match, then by loss.

    Parameters
    ----------
    tally
        Of the first pass: rows, groups and faults of each model.
    pairs
        Who won how many rows, and exact sums.
    linear
        Of the losses that are no means: how each model's value moves with its rows, by model and index.
    sums
        What the statistics need of each pair.
    slices
        The same of each slice that has rows, by its code.
    warnings
        What the caller should know of rows that others lack.
    n_unmatched
        How many of these the baseline's source has.
    exponents
        Of the losses whose squares are scaled, by model and index; see `ModelPlan.exponents`.
    """

    tally: PairsTally
    pairs: list[list[PairTally]]
    linear: list[dict[int, Linear]]
    sums: list[list[PairedSums]]
    slices: Mapping[int, Paired] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    n_unmatched: int = 0
    exponents: list[dict[int, int]] = field(default_factory=list)

    @property
    def method(self) -> Method:
        """How differences are told from chance."""
        return self.tally.plan.method

    @property
    def matches(self) -> tuple[tuple[int, int], ...]:
        """Which models are compared: the places of a baseline and a candidate each."""
        return self.tally.plan.matches

    @property
    def n_units(self) -> int | None:
        """How many clusters or blocks there are (or buckets of them); ``None`` where rows stand alone."""
        units = self.tally.units
        return None if units is None or not self.method.is_grouped else len(units)

    @property
    def effective_units(self) -> float | None:
        """How many clusters or blocks of equal weight would be as sure; ``None`` where rows stand alone."""
        units = self.sums[0][0].units
        return None if units is None or not self.method.is_grouped else units.effective

    def values(self, place: int, index: int) -> Values:
        """Return what is compared of a candidate, by its place among the models, and a loss."""
        return self.values_of(place - 1, index)

    def values_of(self, match: int, index: int) -> Values:
        """Return what is compared of a match and a loss."""
        places = self.matches[match]
        if index in self.linear[0]:
            one, other = (self.linear[at][index].value for at in places)
            return Values(one, other, _gap(one, other))
        pair, weight = self.pairs[match][index], self.tally.models[0].units.total
        one, other = (_mean(total, self.tally) for total in (pair.b.total, pair.c))
        if not (pair.b.total.is_finite and pair.c.is_finite):
            return Values(one, other, other - one)
        return Values(one, other, round_fraction((pair.c.fraction() - pair.b.total.fraction()) / weight))

    def carried(self) -> list[tuple[int, int, float]]:
        """Return the matches and losses where one row (cluster, block) has too much of Σ|w(d − D)|, with its share.

        That is more than a tenth, and more than three times as much as all would have alike.
        """
        found = []
        for match, sums in enumerate(self.sums):
            for index, each in enumerate(sums):
                units = each.n if each.units is None else len(each.units)
                share = each.carried if each.units is None else each.carried_by_unit()
                if share is not None and share > max(TELLING, 3.0 / units):
                    found.append((match, index, share))
        return found

    def differences(self, level: float) -> list[list[Difference]]:
        """Test the differences of all pairs, by match and loss, with intervals of a level."""
        return tell_apart([self], level)[0]


def tell_apart(found: Sequence[Paired], level: float) -> list[list[list[Difference]]]:
    """Test the differences of several, those of a whole and its slices: by match and loss of each.

    One for each; random numbers are drawn once for all.
    """
    pairs = [
        (each.sums[match][index], each.values_of(match, index), each.method)
        for each in found
        for match in range(len(each.matches))
        for index in range(len(each.sums[match]))
    ]
    if not pairs:
        return []
    told = iter(compared_together([sums for sums, _, _ in pairs], [of for _, of, _ in pairs], pairs[0][2], level))
    return [[[next(told) for _ in sums] for sums in each.sums] for each in found]


def start(tally: PairsTally) -> Paired:
    """Begin with what a first pass found."""
    for each in tally.models:
        move(each)
    sums = [[_sums(tally, match, index) for index in range(len(pairs))] for match, pairs in enumerate(tally.pairs)]
    nothing: list[dict[int, int]] = [{} for _ in tally.models]
    return Paired(tally, [list(each) for each in tally.pairs], [{} for _ in tally.models], sums, exponents=nothing)


def move(tally: ModelTally) -> None:
    """Tell the plan of a tally how values of several parts move with each part."""
    tally.plan = replace(tally.plan, linear={index: tally.linear(index) for index in tally.parts})


def is_finished(chosen: ChosenLoss) -> bool:
    """Return whether a value is more than the mean of its rows; the rows of distributions are finished one by one."""
    return chosen.loss.finish is not None and chosen.loss.kind is not Kind.DISTRIBUTION


def linear_of(paired: Paired, place: int, index: int) -> Linear:
    """Return the value of a model by a loss that is no mean, and how it moves with its rows."""
    tally = paired.tally.models[place]
    if index in paired.exponents[place]:
        return paired.linear[place][index]
    if index in tally.plan.linear:
        return tally.plan.linear[index]
    mean = _mean(paired.tally.own[place][index].total, paired.tally)
    return Linear.at(tally.plan.losses[index], (mean,))


def centre_of(sums: PairedSums, values: Values, *, always: bool = False) -> Centre | None:
    """Return what is taken off before differences are squared; ``None`` where that is not needed."""
    if not (always or sums.needs_centring(values)):
        return None
    share = values.relative or 0.0
    gap, rest = sums.means(share)
    return Centre(gap, share, rest)


def _sums(tally: PairsTally, match: int, index: int) -> PairedSums:
    pair, rows = tally.pairs[match][index], tally.models[0].units
    units = None
    if tally.units is not None and pair.n:
        units = Units(*tally.unit_sums(match, index))
    lags, hits = lags_of(tally, match, index), _hits(tally, match, index)
    weights = (rows.total, rows.total_square)
    cubes = None if pair.cubes is None else pair.cubes.fractions()
    return PairedSums(pair.n, weights, pair.b, pair.d, pair.cross, units=units, lags=lags, hits=hits, cubes=cubes)


def _hits(tally: PairsTally, match: int, index: int) -> Hits | None:
    """Return which model has which loss in how many rows; ``None`` where there are not two losses, told apart."""
    pair, (one, other) = tally.pairs[match][index], tally.plan.matches[match]
    levels = tally.levels[one][index].with_those_of(tally.levels[other][index]).values
    if levels is None or len(levels) != 2 or not pair.d.is_finite:  # noqa: PLR2004 -- two values
        return None
    low, high = levels
    if not (math.isfinite(high - low) and high - low > TIE * max(abs(low), abs(high))):
        return None
    rows = (pair.b.total.fraction() - pair.n * Fraction(low)) / (Fraction(high) - Fraction(low))
    return Hits.of(pair.n, pair.losses, pair.wins, int(rows), (low, high))


def lags_of(tally: PairsTally, match: int, index: int) -> Lags | None:
    """Return the products of rows of a series; ``None`` where the method takes none, or they are not finite."""
    products = tally.lags[match][index].fractions() if tally.lags else None
    if products is None:
        return None
    return Lags((), products) if tally.plan.centres else Lags(products)


def some_of(paired: Paired, chosen: Sequence[int]) -> PairsPlan:
    """Return the plan of some of the losses, by what their values move with."""
    plan = paired.tally.plan
    plans = (
        replace(
            each,
            losses=tuple(each.losses[index] for index in chosen),
            linear={number: linear[index] for number, index in enumerate(chosen) if index in linear},
            exponents={number: exponents[index] for number, index in enumerate(chosen) if index in exponents},
        )
        for each, linear, exponents in zip(plan.plans, paired.linear, paired.exponents, strict=True)
    )
    return replace(plan, plans=tuple(plans))


def find_exponents(paired: Paired) -> bool:
    """Find the losses whose squares do not fit into float64, of each model; return whether there are any."""
    for tally, own, exponents in zip(paired.tally.models, paired.tally.own, paired.exponents, strict=True):
        for index, chosen in enumerate(tally.plan.losses):
            if chosen.loss.root is not None and index not in tally.parts:
                mean = _mean(own[index].total, paired.tally)
                exponent = exponent_of(mean, moves=bool(tally.vanished.get(index)))
                if exponent:
                    exponents[index] = exponent
    return any(paired.exponents)


def scaled(paired: Paired, again: PairsTally, chosen: Sequence[int]) -> None:
    """Take over the values that a pass over scaled squares found."""
    for own, linear, exponents, plan in zip(again.own, paired.linear, paired.exponents, again.plan.plans, strict=True):
        for number, index in enumerate(chosen):
            if index in exponents:
                mean = _mean(own[number].total, again)
                linear[index] = Linear.at_scaled(plan.losses[number], mean, exponents[index])


def _mean(total: ExactSum, tally: PairsTally) -> float:
    return round_fraction(total.fraction() / tally.models[0].units.total) if total.is_finite else total.result()


def _gap(one: float, other: float) -> float:
    return 0.0 if one == other and math.isfinite(one) else other - one


def finished(paired: Paired, again: PairsTally, chosen: Sequence[int]) -> None:
    """Take over what a second pass found of the losses that are no means."""
    for match in range(len(paired.matches)):
        for number, index in enumerate(chosen):
            paired.pairs[match][index] = again.pairs[match][number]
            paired.sums[match][index] = replace(_sums(again, match, number), is_linear=True)
