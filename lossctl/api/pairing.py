"""The passes of a comparison: all models over the same rows, once, and again for what only a first pass can tell.

A loss that is no mean needs its value before it is known what moves it row by row; differences whose digits cancel
need their mean before they are squared. May import sources, engine, stats and core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from lossctl.api.checking import check_rows, loss_error
from lossctl.api.model_rows import Model, ModelRows, identity_of
from lossctl.core.dataclass import dataclass
from lossctl.core.errors import DataError, UsageError
from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.loss import ChosenLoss, Kind
from lossctl.core.method import Method
from lossctl.core.settings import Settings
from lossctl.engine.crew import Crew
from lossctl.engine.pairs import Centre, PairsPlan, PairsTally, PairTally
from lossctl.engine.plan import Linear, ModelTally
from lossctl.sources import Slices
from lossctl.stats.methods import compared_together
from lossctl.stats.paired import Difference, PairedSums, Values
from lossctl.stats.series import Lags
from lossctl.stats.units import Units

__all__ = ["Model", "Paired", "pair_up", "tell_apart"]


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
    """

    tally: PairsTally
    pairs: list[list[PairTally]]
    linear: list[dict[int, Linear]]
    sums: list[list[PairedSums]]
    slices: dict[int, Paired] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    n_unmatched: int = 0

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

    def values(self, place: int, index: int) -> Values:
        """Give what is compared of a candidate, by its place among the models, and a loss."""
        return self.values_of(place - 1, index)

    def values_of(self, match: int, index: int) -> Values:
        """Give what is compared of a match and a loss."""
        places = self.matches[match]
        if index in self.linear[0]:
            one, other = (self.linear[at][index].value for at in places)
            return Values(one, other, _gap(one, other))
        pair, weight = self.pairs[match][index], self.tally.models[0].units.total
        one, other = (_mean(total, self.tally) for total in (pair.b.total, pair.c))
        if not (pair.b.total.is_finite and pair.c.is_finite):
            return Values(one, other, other - one)
        return Values(one, other, round_fraction((pair.c.fraction() - pair.b.total.fraction()) / weight))

    def differences(self, level: float) -> list[list[Difference]]:
        """Tell the differences of all pairs from chance, by match and loss, with intervals of a level."""
        return tell_apart([self], level)[0]


def pair_up(
    models: Sequence[Model],
    settings: Settings,
    on_progress: Callable[[int, float | None], None] | None,
    method: Method | None = None,
    *,
    every: bool = False,
    by: Slices | None = None,
    crew: Crew | None = None,
) -> Paired:
    """Read the rows of all models side by side.

    Parameters
    ----------
    models
        The baseline first; plans of the same losses.
    settings
        What the run was asked to do.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input, in the first pass.
    method
        How differences are told from chance; Student's t where it is not given.
    every
        Compare every model with every other that comes after it, not with the first alone.
    by
        Compare by slice, too: see `Paired.slices`.
    crew
        Processes to compute in.

    Raises
    ------
    UsageError
        Where a method needs a series, and there is none.
    DataError
        Where rows cannot be computed on, or those of two sources differ; where all are of one cluster or block, or a
        series is no longer than its horizon.
    """
    method = method or Method()
    if method.is_series and models[0].plan.binding.group is not None:
        problem = f"{models[0].plan.losses[0].label} is computed group by group, and groups are no series"
        raise UsageError(problem, "choose another method than Diebold-Mariano")
    baselines = range(len(models) if every else 1)
    matches = tuple((one, other) for one in baselines for other in range(one + 1, len(models)))
    plan = PairsPlan(tuple(model.plan for model in models), matches, method)
    ordered = method.is_series or method.has_units or by is not None
    rows = ModelRows(models, settings, identity_of(method, settings), by, crew, ordered)
    tallies = rows.compare({None: plan}, None if by is None else plan, on_progress)
    for tally, alone in zip(tallies[None].models, rows.alone(), strict=True):
        tally.n_read += alone
        tally.n_dropped += alone
    _check(models, tallies[None], settings)
    everything = {code: _start(tally) for code, tally in tallies.items() if tally.models[0].units.n}
    paired = everything[None]
    _require_units(paired)
    paired.slices = {code: everything[code] for code in sorted(code for code in everything if code is not None)}
    _finish(everything, rows)
    _centre(everything, rows)
    paired.warnings, paired.n_unmatched = rows.unmatched(), rows.alone()[0]
    return paired


def tell_apart(found: Sequence[Paired], level: float) -> list[list[list[Difference]]]:
    """Tell the differences of several from chance, those of a whole and its slices: by match and loss of each.

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


def _check(models: Sequence[Model], tally: PairsTally, settings: Settings) -> None:
    """Raise what keeps rows from being compared."""
    for model, each in zip(models, tally.models, strict=True):
        check_rows(model.source, each, settings)
        _move(each)
        for index in range(len(each.losses)):
            error = loss_error(model.source, each, index)
            if error is not None:
                raise error


def _start(tally: PairsTally) -> Paired:
    """Begin with what a first pass found."""
    for each in tally.models:
        _move(each)
    sums = [[_sums(tally, match, index) for index in range(len(pairs))] for match, pairs in enumerate(tally.pairs)]
    return Paired(tally, [list(each) for each in tally.pairs], [{} for _ in tally.models], sums)


def _move(tally: ModelTally) -> None:
    """Say how values of several parts move with each."""
    tally.plan = replace(tally.plan, linear={index: tally.linear(index) for index in tally.parts})


def _require_units(paired: Paired) -> None:
    """Refuse what gives no two clusters or blocks to compare, or a series that is no longer than its horizon."""
    method, n = paired.method, paired.tally.models[0].units.n
    if method.is_series and 1 < n <= method.lags + 1:
        problem = f"a forecast {method.lags + 1} rows ahead is not told from chance by {n} rows"
        raise DataError(problem, "give a series that is longer than the horizon, better many times as long")
    if paired.n_units != 1:
        return
    if method.cluster is not None:
        problem = f'all {n} rows are of one cluster of "{method.cluster}"'
        raise DataError(problem, "clusters are what is compared: there must be two, better twenty")
    problem = f"all {n} rows are of one block of {method.block}"
    raise DataError(problem, "blocks are what is compared: make them shorter")


def _finish(everything: Mapping[int | None, Paired], rows: ModelRows) -> None:
    """Pair anew, by what moves their values, the losses that are no means."""
    losses = rows.models[0].plan.losses
    chosen = [index for index, each in enumerate(losses) if _is_finished(each)]
    if not chosen:
        return
    plans: dict[int | None, PairsPlan] = {}
    for code, paired in everything.items():
        places = range(len(rows.models))
        paired.linear = [{index: _linear(paired, place, index) for index in chosen} for place in places]
        plans[code] = _some(paired, chosen)
    for code, again in rows.compare(plans).items():
        paired = everything[code]
        for match in range(len(paired.matches)):
            for number, index in enumerate(chosen):
                paired.pairs[match][index] = again.pairs[match][number]
                paired.sums[match][index] = replace(_sums(again, match, number), is_linear=True)


def _is_finished(chosen: ChosenLoss) -> bool:
    """Say whether a value is more than the mean of its rows; the rows of distributions are finished one by one."""
    return chosen.loss.finish is not None and chosen.loss.kind is not Kind.DISTRIBUTION


def _linear(paired: Paired, place: int, index: int) -> Linear:
    tally = paired.tally.models[place]
    if index in tally.plan.linear:
        return tally.plan.linear[index]
    mean = _mean(paired.tally.own[place][index].total, paired.tally)
    return Linear(*tally.plan.losses[index].finish((mean,)))


def _centre(everything: Mapping[int | None, Paired], rows: ModelRows) -> None:
    """Square anew, less their means, the differences whose digits cancelled."""
    plans: dict[int | None, PairsPlan] = {}
    chosen: dict[int | None, list[int]] = {}
    for code, paired in everything.items():
        if paired.method.has_units:  # their sums are few enough to be centred as they are
            return
        centres = [
            [_centre_of(each, paired.values_of(match, index)) for index, each in enumerate(sums)]
            for match, sums in enumerate(paired.sums)
        ]
        some = [index for index, of_loss in enumerate(zip(*centres, strict=True)) if any(of_loss)]
        if some:
            chosen[code] = some
            plans[code] = replace(_some(paired, some), centres=tuple(tuple(of[i] for i in some) for of in centres))
    if not plans:
        return
    for code, again in rows.compare(plans).items():
        for match, sums in enumerate(everything[code].sums):
            for number, index in enumerate(chosen[code]):
                pair = again.pairs[match][number]
                if pair.centre is not None:
                    lags = _lags(again, match, number)
                    sums[index] = replace(sums[index], centred=pair.d, rest=pair.rest, lags=lags)


def _centre_of(sums: PairedSums, values: Values) -> Centre | None:
    if not sums.needs_centring(values):
        return None
    share = values.relative or 0.0
    gap, rest = sums.means(share)
    return Centre(gap, share, rest)


def _sums(tally: PairsTally, match: int, index: int) -> PairedSums:
    pair, rows = tally.pairs[match][index], tally.models[0].units
    units = None
    if tally.units is not None and pair.n:
        units = Units(*tally.unit_sums(match, index))
    lags = _lags(tally, match, index)
    return PairedSums(pair.n, (rows.total, rows.total_square), pair.b, pair.d, pair.cross, units=units, lags=lags)


def _lags(tally: PairsTally, match: int, index: int) -> Lags | None:
    """Give the products of rows of a series; ``None`` where the method takes none, or they are not finite."""
    products = tally.lags[match][index].fractions() if tally.lags else None
    if products is None:
        return None
    return Lags((), products) if tally.plan.centres else Lags(products)


def _some(paired: Paired, chosen: Sequence[int]) -> PairsPlan:
    """Give the plan of some of the losses, by what their values move with."""
    plan = paired.tally.plan
    plans = (
        replace(
            each,
            losses=tuple(each.losses[index] for index in chosen),
            linear={number: linear[index] for number, index in enumerate(chosen) if index in linear},
        )
        for each, linear in zip(plan.plans, paired.linear, strict=True)
    )
    return replace(plan, plans=tuple(plans))


def _mean(total: ExactSum, tally: PairsTally) -> float:
    return round_fraction(total.fraction() / tally.models[0].units.total) if total.is_finite else total.result()


def _gap(one: float, other: float) -> float:
    return 0.0 if one == other and math.isfinite(one) else other - one
