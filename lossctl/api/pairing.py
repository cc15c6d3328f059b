"""The passes of a comparison: all models over the same rows, once, and again for what only a first pass can tell.

A loss that is no mean needs its value before it is known what moves it row by row; differences whose digits cancel
need their mean before they are squared. May import sources, engine, stats and core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from lossctl.api.aligning import side_by_side
from lossctl.api.checking import check_rows, loss_error
from lossctl.api.planning import read_for
from lossctl.core.block import Batch
from lossctl.core.errors import DataError, UsageError
from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.loss import Kind
from lossctl.core.method import Method
from lossctl.core.settings import Settings
from lossctl.engine.pairs import Centre, PairsPlan, PairsTally, PairTally, compare_rows
from lossctl.engine.plan import Linear, ModelPlan
from lossctl.engine.series import with_lags
from lossctl.sources import Source
from lossctl.stats.methods import compared_together
from lossctl.stats.paired import Difference, PairedSums, Values
from lossctl.stats.series import Lags
from lossctl.stats.units import Units

__all__ = ["Model", "Paired", "pair_up"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one source, by the name the user knows it by."""

    name: str
    source: Source
    plan: ModelPlan


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
    method
        How differences are told from chance.
    """

    tally: PairsTally
    pairs: list[list[PairTally]]
    linear: list[dict[int, Linear]]
    sums: list[list[PairedSums]]
    method: Method

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
        indices = range(len(self.tally.plan.losses))
        values = [self.values_of(match, index) for match in range(len(self.matches)) for index in indices]
        found = compared_together([sums for each in self.sums for sums in each], values, self.method, level)
        return [found[match * len(indices) : (match + 1) * len(indices)] for match in range(len(self.matches))]


def pair_up(
    models: Sequence[Model],
    settings: Settings,
    on_progress: Callable[[int, float | None], None] | None,
    method: Method | None = None,
    *,
    every: bool = False,
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
    plans = tuple(model.plan for model in models)
    baselines = range(len(models) if every else 1)
    matches = tuple((one, other) for one in baselines for other in range(one + 1, len(models)))
    tally = compare_rows(_rows(models, plans, settings, on_progress), PairsPlan(plans, matches, method))
    for model, each in zip(models, tally.models, strict=True):
        check_rows(model.source, each, settings)
        each.plan = replace(each.plan, linear={index: each.linear(index) for index in each.parts})
        for index in range(len(each.losses)):
            error = loss_error(model.source, each, index)
            if error is not None:
                raise error
    paired = Paired(tally, [list(each) for each in tally.pairs], [{} for _ in models], [], method)
    _require_units(paired)
    paired.sums = [
        [_sums(tally, match, index) for index in range(len(tally.plan.losses))] for match in _places(matches)
    ]
    _finish(paired, models, settings)
    _centre(paired, models, settings)
    return paired


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


def _finish(paired: Paired, models: Sequence[Model], settings: Settings) -> None:
    """Pair anew, by what moves their values, the losses that are no means."""
    losses = models[0].plan.losses
    chosen = [index for index, each in enumerate(losses) if _is_finished(paired, index)]
    if not chosen:
        return
    paired.linear = [{index: _linear(paired, place, index) for index in chosen} for place in range(len(models))]
    plans = tuple(_some(model.plan, chosen, linear) for model, linear in zip(models, paired.linear, strict=True))
    plan = replace(paired.tally.plan, plans=plans)
    again = compare_rows(_rows(models, plans, settings, None), plan)
    for match in _places(paired.matches):
        for number, index in enumerate(chosen):
            paired.pairs[match][index] = again.pairs[match][number]
            paired.sums[match][index] = replace(_sums(again, match, number), is_linear=True)


def _is_finished(paired: Paired, index: int) -> bool:
    """Say whether a value is more than the mean of its rows; the rows of distributions are finished one by one."""
    loss = paired.tally.plan.losses[index].loss
    return loss.finish is not None and loss.kind is not Kind.DISTRIBUTION


def _linear(paired: Paired, place: int, index: int) -> Linear:
    tally = paired.tally.models[place]
    if index in tally.plan.linear:
        return tally.plan.linear[index]
    mean = _mean(paired.tally.own[place][index].total, paired.tally)
    return Linear(*tally.plan.losses[index].finish((mean,)))


def _centre(paired: Paired, models: Sequence[Model], settings: Settings) -> None:
    """Square anew, less their means, the differences whose digits cancelled."""
    if paired.method.has_units:  # their sums are few enough to be centred as they are
        return
    centres = [
        [_centre_of(each, paired.values_of(match, index)) for index, each in enumerate(sums)]
        for match, sums in enumerate(paired.sums)
    ]
    chosen = [index for index, of_loss in enumerate(zip(*centres, strict=True)) if any(of_loss)]
    if not chosen:
        return
    plans = tuple(_some(model.plan, chosen, linear) for model, linear in zip(models, paired.linear, strict=True))
    some = tuple(tuple(each[index] for index in chosen) for each in centres)
    plan = replace(paired.tally.plan, plans=plans, centres=some)
    again = compare_rows(_rows(models, plans, settings, None), plan)
    for match, (sums, theirs) in enumerate(zip(paired.sums, again.pairs, strict=True)):
        for number, index in enumerate(chosen):
            if theirs[number].centre is not None:
                lags = _lags(again, match, number, sums[index].lags)
                sums[index] = replace(sums[index], centred=theirs[number].d, rest=theirs[number].rest, lags=lags)


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
    lags = _lags(tally, match, index, None)
    return PairedSums(pair.n, (rows.total, rows.total_square), pair.b, pair.d, pair.cross, units=units, lags=lags)


def _lags(tally: PairsTally, match: int, index: int, before: Lags | None) -> Lags | None:
    """Give the products of rows of a series; where they are centred, beside those of the pass before."""
    products = tally.lags[match][index].fractions() if tally.lags else None
    if products is None:
        return before
    return Lags(products) if before is None else replace(before, centred=products)


def _places(matches: Sequence[object]) -> range:
    return range(len(matches))


def _some(plan: ModelPlan, chosen: Sequence[int], linear: dict[int, Linear]) -> ModelPlan:
    """Give the plan of some of the losses."""
    losses = tuple(plan.losses[index] for index in chosen)
    return replace(plan, losses=losses, linear={n: linear[index] for n, index in enumerate(chosen) if index in linear})


def _mean(total: ExactSum, tally: PairsTally) -> float:
    return round_fraction(total.fraction() / tally.models[0].units.total) if total.is_finite else total.result()


def _gap(one: float, other: float) -> float:
    return 0.0 if one == other and math.isfinite(one) else other - one


def _rows(
    models: Sequence[Model],
    plans: Sequence[ModelPlan],
    settings: Settings,
    on_progress: Callable[[int, float | None], None] | None,
) -> Iterable[Sequence[Batch]]:
    """Read each source once, and give each model its rows."""
    sources = list(dict.fromkeys(model.source for model in models))
    own = [[plan for model, plan in zip(models, plans, strict=True) if model.source is each] for each in sources]
    streams: list[Iterable[Batch]] = []
    for source, mine in zip(sources, own, strict=True):
        streams.append(with_lags(read_for(source, mine, settings), mine))
    place = [sources.index(model.source) for model in models]
    rows = 0
    together: Iterable[list[Batch]] = ([batch] for batch in streams[0])
    if len(sources) > 1:
        together = side_by_side(sources, streams, [mine[0] for mine in own])
    for side in together:
        rows += len(side[0])
        if on_progress is not None:
            on_progress(rows, sources[0].progress())
        yield [side[each] for each in place]
