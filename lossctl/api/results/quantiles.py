"""Quantiles of the losses and slopes of rows: a look at their first bits, then one at the values near each quantile.

May import sources, engine, losses and core; what a run needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lossctl.core.losses.loss import ChosenLoss, Kind, Reduction
from lossctl.core.results.quantiles import Quantiles, level_name
from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.engine.accumulators.sketch import Bucket
    from lossctl.engine.accumulators.watched import Of, WatchedTally
    from lossctl.engine.plan import ModelPlan, ModelTally
    from lossctl.engine.run.processes import Crew
    from lossctl.sources import Source

__all__ = ["alone", "counting", "quantiles_of"]

_MOST_VALUES = 2**22
"""Different values that may be kept at once for all quantiles together: 64 MB a worker."""

_FEWEST_VALUES = 2**10
"""And for each of them, however many there are."""

_BOTH: tuple[Of, Of] = ("loss", "slope")


def counting(levels: Sequence[float]) -> Callable[[ModelPlan], ModelPlan]:
    """Return what makes plans count values by magnitude, where quantiles are asked for and rows weigh alike.

    Weights are counted in a pass of its own: it must know what they sum to.
    """

    def watched(plan: ModelPlan) -> ModelPlan:
        if not levels or plan.binding.weighted:
            return plan
        from lossctl.engine.accumulators.watched import Watch, WatchedPlan

        return WatchedPlan.of(plan, Watch(counts=True))

    return watched


def quantiles_of(
    source: Source,
    reported: Sequence[tuple[ModelTally, int]],
    levels: Sequence[float],
    settings: Settings,
    crew: Crew | None,
) -> list[Quantiles]:
    """Return the quantiles of each loss reported, a tally and the place of the loss in it.

    Memory does not grow with the rows: where a bucket holds more values than may be kept, it is cut into narrower ones
    and looked at once more.
    """
    tallies = list({id(tally): tally for tally, _ in reported}.values())
    units = [_unit(tally) for tally in tallies]
    counted = _counted(source, tallies, units, settings, crew)
    found: list[dict[int, dict[Of, list[Bucket]]]] = [
        {
            index: {of: [counts.bucket(level) for level in levels] for of, counts in tally.counts[index].items()}
            for one, index in reported
            if one is tallies[place] and tally.counts[index]["loss"].total
        }
        for place, tally in enumerate(counted)
    ]
    while any(bucket.dropped for some in found for each in some.values() for one in each.values() for bucket in one):
        _narrow(source, tallies, found, units, settings, crew)
    places = {id(tally): place for place, tally in enumerate(tallies)}
    return [_told(tally, index, found[places[id(tally)]].get(index), levels) for tally, index in reported]


def _told(
    tally: ModelTally, index: int, found: Mapping[Of, Sequence[Bucket]] | None, levels: Sequence[float]
) -> Quantiles:
    """Turn what was found of a loss into a result; slopes are scaled as those of the gradient are."""
    from lossctl.engine.accumulators.sketch import value_of

    names = [level_name(level) for level in levels]
    if found is None:  # made of several means
        return Quantiles(dict.fromkeys(names), dict.fromkeys(names))
    scale = abs(tally.finished(index)[1])
    chosen, reduction = tally.plan.losses[index], tally.reduction(tally.plan.losses[index])
    losses, slopes = ([value_of(bucket.key) for bucket in found[of]] for of in _BOTH)
    return Quantiles(
        dict(zip(names, (alone(chosen, reduction, loss) for loss in losses), strict=True)),
        dict(zip(names, (scale * slope for slope in slopes), strict=True)),
    )


def alone(chosen: ChosenLoss, reduction: Reduction, loss: float) -> float:
    """Return the value that a loss would have on a row alone: of rmse ``|ŷ − y|``."""
    if chosen.loss.kind is Kind.DISTRIBUTION or reduction is Reduction.SUM:
        return loss  # rows across columns are finished; terms of a sum have no value of their own
    return chosen.finish((loss,))[0]


def _unit(tally: ModelTally) -> int | None:
    """Return the exponent of what weights are counted in; ``None``: rows weigh alike."""
    from lossctl.engine.accumulators.sketch import unit_of

    return unit_of(tally.rows.total) if tally.plan.binding.weighted else None


def _counted(
    source: Source,
    tallies: Sequence[ModelTally],
    units: Sequence[int | None],
    settings: Settings,
    crew: Crew | None,
) -> list[WatchedTally]:
    """Return tallies that have counted values by magnitude: those at hand, or, of rows with weights, fresh ones."""
    from lossctl.engine.accumulators.watched import Watch, WatchedPlan, WatchedTally

    plans = {
        place: WatchedPlan.of(tally.plan, Watch(counts=True, unit=unit))
        for place, (tally, unit) in enumerate(zip(tallies, units, strict=True))
        if unit is not None
    }
    fresh = _run(source, plans, settings, crew)
    every = [fresh.get(place, tally) for place, tally in enumerate(tallies)]
    return [each for each in every if isinstance(each, WatchedTally)]


def _narrow(
    source: Source,
    tallies: Sequence[ModelTally],
    found: Sequence[dict[int, dict[Of, list[Bucket]]]],
    units: Sequence[int | None],
    settings: Settings,
    crew: Crew | None,
) -> None:
    """Look once more at the buckets that hold several values, and put narrower ones in their place."""
    from lossctl.engine.accumulators.watched import NearPlan, NearTally

    wanted: dict[int, dict[int, dict[Of, tuple[Bucket, ...]]]] = {}
    for place, some in enumerate(found):
        for index, each in some.items():
            open_ones = {of: tuple(b for b in buckets if b.dropped) for of, buckets in each.items()}
            if any(open_ones.values()):
                wanted.setdefault(place, {})[index] = open_ones
    count = sum(len(some) for each in wanted.values() for one in each.values() for some in one.values())
    most = max(_FEWEST_VALUES, _MOST_VALUES // count)
    plans = {place: NearPlan.after(tallies[place].plan, each, most, units[place]) for place, each in wanted.items()}
    for place, tally in _run(source, plans, settings, crew).items():
        if not isinstance(tally, NearTally):
            raise TypeError("a pass over buckets gives the values of buckets")
        for index, looked in tally.near.items():
            for of, nears in looked.items():
                narrower = {near.bucket: near.found() for near in nears}
                found[place][index][of] = [narrower.get(bucket, bucket) for bucket in found[place][index][of]]


def _run(
    source: Source, plans: Mapping[int, ModelPlan], settings: Settings, crew: Crew | None
) -> dict[int, ModelTally]:
    """Read a source once more for some plans, by place."""
    from lossctl.api.setup.plan import read_for
    from lossctl.engine.run.local import run
    from lossctl.engine.series import with_lags

    found: dict[int, ModelTally] = {}
    for group in dict.fromkeys(each.binding.group for each in plans.values()):
        places = [place for place, each in plans.items() if each.binding.group == group]
        together = [plans[place] for place in places]
        batches = with_lags(read_for(source, together, settings), together)
        found.update(zip(places, run(batches, together, settings.threads, None, crew), strict=True))
    return found
