"""Quantiles of the losses and slopes of the rows of every slice, in as many looks as those of one take.

May import sources, engine, losses and core; what a run needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lossctl.api.results.quantiles import alone
from lossctl.api.results.slices import named
from lossctl.core.losses.loss import ChosenLoss, Kind, Reduction
from lossctl.core.results.columns import SliceResults
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.quantiles import Quantiles, level_name
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.accumulators.sketch import unit_of
from lossctl.engine.accumulators.slice_sketch import Search, Sieve
from lossctl.engine.accumulators.slice_watch import SliceWatch, look, rows_plan
from lossctl.engine.plan import ModelTally
from lossctl.engine.sliced_passes import BySlice
from lossctl.sources import Source

if TYPE_CHECKING:
    from lossctl.api.results.computed import Computed, Sliced
    from lossctl.engine.accumulators.watched import Of
    from lossctl.engine.run.processes import Crew

__all__ = ["QuantilesBySlice", "with_quantiles"]

_MOST_VALUES = 2**21
"""Beginnings of values that may be told apart at once, of all losses and models together: some 100 MB a worker."""

_BOTH: tuple[Of, Of] = ("loss", "slope")


@dataclass(frozen=True, slots=True, eq=False)
class QuantilesBySlice:
    """The quantiles of one loss of one model in every slice.

    Parameters
    ----------
    names
        The levels.
    loss, slope
        By slice and level: as those of `Quantiles`; ``None``: rows have no losses of their own.
    places
        Where a slice stands among them, by its values.
    """

    names: Sequence[str]
    loss: Sequence[Sequence[float]] | None
    slope: Sequence[Sequence[float]] | None
    places: Mapping[tuple[str | None, ...], int]

    def put(self, found: Evaluation | SliceResults) -> list[Evaluation]:
        """Put quantiles beside what was found of slices."""
        each = [found] if isinstance(found, Evaluation) else found.all()
        return [replace(one, quantiles=self._of(tuple(one.slice.values()))) for one in each]

    def _of(self, values: tuple[str | None, ...]) -> Quantiles:
        if self.loss is None or self.slope is None:
            return Quantiles(dict.fromkeys(self.names), dict.fromkeys(self.names))
        place, names = self.places[values], self.names
        return Quantiles(
            dict(zip(names, self.loss[place], strict=True)), dict(zip(names, self.slope[place], strict=True))
        )


@dataclass(slots=True)
class _Model:
    """One model: what was computed of its slices, and what is looked for."""

    made: BySlice
    codes: Codes
    wanted: Sequence[int]
    units: Codes | None
    searches: dict[int, dict[Of, Search]] = field(default_factory=dict)

    def open_ones(self) -> dict[int, dict[Of, Search]]:
        """Return the searches that need another look, by the place of the loss among those wanted."""
        every = ((place, of, each) for place, some in self.searches.items() for of, each in some.items())
        found: dict[int, dict[Of, Search]] = {}
        for place, of, search in every:
            if search.is_open:
                found.setdefault(place, {})[of] = search
        return found


def _quantiles_by_slice(
    source: Source, computed: Computed, levels: Sequence[float], settings: Settings, crew: Crew | None
) -> list[QuantilesBySlice]:
    """Find the quantiles of each loss reported in every slice.

    Memory does not grow with the rows; see `lossctl.engine.accumulators.slice_sketch`.
    """
    tallies, reported, sliced = computed.tallies, computed.reported, computed.sliced
    if sliced is None:
        raise ValueError("there are no slices")
    models = {
        id(tally): _model(tally, made, [index for one, index in reported if one is tally], levels, sliced)
        for tally, made in zip(tallies, sliced.made, strict=True)
        if any(one is tally for one, _ in reported)
    }
    while any(model.open_ones() for model in models.values()):
        _look(source, [model for model in models.values() if model.open_ones()], sliced, settings, crew)
    found = []
    places: dict[int, dict[tuple[str | None, ...], int]] = {}
    names = [level_name(level) for level in levels]
    for tally, index in reported:
        model = models[id(tally)]
        if id(tally) not in places:
            slices = (tuple(named(sliced.slices, code).values()) for code in model.codes.tolist())
            places[id(tally)] = {values: place for place, values in enumerate(slices)}
        found.append(QuantilesBySlice(names, *_told(model, index), places[id(tally)]))
    return found


def _model(tally: ModelTally, made: BySlice, indices: Sequence[int], levels: Sequence[float], sliced: Sliced) -> _Model:
    """Begin to look for the quantiles of those losses of a model whose rows have losses of their own."""
    count = len(sliced.slices)
    codes = np.flatnonzero(made.slices.n_of(count))
    several = {*tally.plan.linear, *made.slices.plan.linear}
    wanted = [index for index in indices if index not in several]
    units = None
    if made.slices.plan.plan.binding.weighted:
        units = np.zeros(count, np.int64)
        units[codes] = [unit_of(made.of(code).rows.total) for code in codes.tolist()]
    searches = {place: {of: Search(levels, codes, Sieve(count)) for of in _BOTH} for place in range(len(wanted))}
    return _Model(made, codes, wanted, units, searches)


def _look(source: Source, models: Sequence[_Model], sliced: Sliced, settings: Settings, crew: Crew | None) -> None:
    """Read the source once more for all that is still looked for; once for each grouping."""
    from lossctl.api.setup.plan import read_for

    open_ones = [model.open_ones() for model in models]
    tables = sum(len(some) for each in open_ones for some in each.values())
    room = max(search.least_room for each in open_ones for some in each.values() for search in some.values())
    most = max(_MOST_VALUES // tables, room)
    watches = []
    for model, each in zip(models, open_ones, strict=True):
        sieves = {place: {of: search.sieve for of, search in some.items()} for place, some in each.items()}
        plan = rows_plan(model.made, model.wanted)
        watches.append(SliceWatch(plan, np.ones(len(sliced.slices), np.bool_), 0, sieves, most, model.units))
    for group in dict.fromkeys(watch.plan.binding.group for watch in watches):
        places = [place for place, watch in enumerate(watches) if watch.plan.binding.group == group]
        together = [watches[place] for place in places]
        reading = partial(read_for, source, [watch.plan for watch in together], settings, sliced.slices)
        for place, tally in zip(places, look(reading, together, settings.threads, crew), strict=True):
            for at, some in open_ones[place].items():
                for of, search in some.items():
                    search.advance(tally.counts[at][of])


def _told(model: _Model, index: int) -> tuple[list[list[float]] | None, list[list[float]] | None]:
    """Return the quantiles of a loss and of its slope, these scaled as those of the gradient are."""
    if index not in model.wanted:  # made of several means
        return None, None
    found = {of: search.values() for of, search in model.searches[model.wanted.index(index)].items()}
    tally = model.made.slices
    losses = _alone(tally.plan.losses[index], tally.reduction(index), found["loss"])
    slopes = _scales(model.made, index, model.codes) * found["slope"]
    return losses.T.tolist(), slopes.T.tolist()


def _alone(chosen: ChosenLoss, reduction: Reduction, losses: Array) -> Array:
    """Return the values that a loss would have on each row alone, as `lossctl.api.results.quantiles.alone`."""
    if chosen.loss.finish is None:
        return losses
    return np.array([[alone(chosen, reduction, loss) for loss in some] for some in losses.tolist()])


def _scales(made: BySlice, index: int, codes: Codes) -> Array:
    """Return |d value / d mean| of a loss in each slice, as `lossctl.engine.plan.ModelTally.finished`."""
    tally = made.slices
    chosen, count = tally.plan.losses[index], int(codes.max(initial=-1)) + 1
    if chosen.loss.finish is None or chosen.loss.kind is Kind.DISTRIBUTION:
        return np.ones(len(codes))
    figures = tally.figures(index, count)
    doubtful = figures.doubtful | ~np.isfinite(figures.value)
    if made.centred is not None and made.centred.plan.members is not None:
        doubtful |= made.centred.plan.members[:count]
    means, unsure = figures.value.tolist(), doubtful.tolist()
    scales = [
        made.of(code).finished(index)[1] if unsure[code] else chosen.finish((means[code],))[1][0] for code in codes
    ]
    found: Array = np.abs(np.array(scales))
    return found


def with_quantiles(
    source: Source,
    computed: Computed,
    results: Sequence[Evaluation | SliceResults],
    levels: Sequence[float],
    settings: Settings,
    crew: Crew | None,
) -> Sequence[Evaluation | SliceResults]:
    """Put quantiles beside the results of slices, which follow the whole for each loss reported."""
    quantiles = iter(_quantiles_by_slice(source, computed, levels, settings, crew))
    made: list[Evaluation | SliceResults] = []
    mine = None
    for each in results:
        if isinstance(each, Evaluation) and not each.slice:
            mine = next(quantiles)
            made.append(each)
        elif mine is not None:
            made += mine.put(each)
    return made
