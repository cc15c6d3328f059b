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
from lossctl.core.exact import ExactSum, round_fraction
from lossctl.core.loss import Kind
from lossctl.core.settings import Settings
from lossctl.engine.pairs import Centre, PairsTally, PairTally, compare_rows
from lossctl.engine.plan import Linear, ModelPlan
from lossctl.engine.series import with_lags
from lossctl.sources import Source
from lossctl.stats.paired import PairedSums, Values

__all__ = ["Model", "Paired", "pair_up"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one source, by the name the user knows it by."""

    name: str
    source: Source
    plan: ModelPlan


@dataclass(slots=True)
class Paired:
    """What the passes found. Lists of pairs are by candidate, then by loss.

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
    """

    tally: PairsTally
    pairs: list[list[PairTally]]
    linear: list[dict[int, Linear]]
    sums: list[list[PairedSums]]

    def values(self, place: int, index: int) -> Values:
        """Give what is compared of a candidate and a loss."""
        if index in self.linear[0]:
            one, other = (self.linear[at][index].value for at in (0, place))
            return Values(one, other, _gap(one, other))
        pair, weight = self.pairs[place - 1][index], self.tally.models[0].units.total
        one, other = (_mean(total, self.tally) for total in (pair.b.total, pair.c))
        if not (pair.b.total.is_finite and pair.c.is_finite):
            return Values(one, other, other - one)
        return Values(one, other, round_fraction((pair.c.fraction() - pair.b.total.fraction()) / weight))


def pair_up(
    models: Sequence[Model], settings: Settings, on_progress: Callable[[int, float | None], None] | None
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

    Raises
    ------
    DataError
        Where rows cannot be computed on, or those of two sources differ.
    """
    plans = [model.plan for model in models]
    tally = compare_rows(_rows(models, plans, settings, on_progress), plans)
    for model, each in zip(models, tally.models, strict=True):
        check_rows(model.source, each, settings)
        each.plan = replace(each.plan, linear={index: each.linear(index) for index in each.parts})
        for index in range(len(each.losses)):
            error = loss_error(model.source, each, index)
            if error is not None:
                raise error
    paired = Paired(tally, [list(each) for each in tally.pairs], [{} for _ in models], [])
    _finish(paired, models, settings)
    paired.sums = [[_sums(tally, pair) for pair in each] for each in paired.pairs]
    _centre(paired, models, settings)
    return paired


def _finish(paired: Paired, models: Sequence[Model], settings: Settings) -> None:
    """Pair anew, by what moves their values, the losses that are no means."""
    losses = models[0].plan.losses
    chosen = [index for index, each in enumerate(losses) if _is_finished(paired, index)]
    if not chosen:
        return
    paired.linear = [{index: _linear(paired, place, index) for index in chosen} for place in range(len(models))]
    plans = [_some(model.plan, chosen, linear) for model, linear in zip(models, paired.linear, strict=True)]
    again = compare_rows(_rows(models, plans, settings, None), plans)
    for mine, theirs in zip(paired.pairs, again.pairs, strict=True):
        for number, index in enumerate(chosen):
            mine[index] = theirs[number]


def _is_finished(paired: Paired, index: int) -> bool:
    """Say whether a value is more than the mean of its rows; the rows of distributions are finished one by one."""
    loss = paired.tally.plans[0].losses[index].loss
    return loss.finish is not None and loss.kind is not Kind.DISTRIBUTION


def _linear(paired: Paired, place: int, index: int) -> Linear:
    tally = paired.tally.models[place]
    if index in tally.plan.linear:
        return tally.plan.linear[index]
    total = paired.pairs[place - 1][index].c if place else paired.pairs[0][index].b.total
    return Linear(*tally.plan.losses[index].finish((_mean(total, paired.tally),)))


def _centre(paired: Paired, models: Sequence[Model], settings: Settings) -> None:
    """Square anew, less their means, the differences whose digits cancelled."""
    centres = [
        [_centre_of(each, paired.values(place, index)) for index, each in enumerate(sums)]
        for place, sums in enumerate(paired.sums, start=1)
    ]
    chosen = [index for index, of_loss in enumerate(zip(*centres, strict=True)) if any(of_loss)]
    if not chosen:
        return
    plans = [_some(model.plan, chosen, linear) for model, linear in zip(models, paired.linear, strict=True)]
    some = [[each[index] for index in chosen] for each in centres]
    again = compare_rows(_rows(models, plans, settings, None), plans, some)
    for sums, theirs in zip(paired.sums, again.pairs, strict=True):
        for number, index in enumerate(chosen):
            if theirs[number].centre is not None:
                sums[index] = replace(sums[index], centred=theirs[number].d, rest=theirs[number].rest)


def _centre_of(sums: PairedSums, values: Values) -> Centre | None:
    if not sums.needs_centring(values):
        return None
    share = values.relative or 0.0
    gap, rest = sums.means(share)
    return Centre(gap, share, rest)


def _sums(tally: PairsTally, pair: PairTally) -> PairedSums:
    units = tally.models[0].units
    return PairedSums(pair.n, (units.total, units.total_square), pair.b, pair.d, pair.cross)


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
