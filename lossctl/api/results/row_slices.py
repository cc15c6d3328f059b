"""The slices of single rows: which rows are told of, and what is kept of those of every slice.

May import sources, engine, losses and core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lossctl.api.results.by_slice import lines_of_models
from lossctl.api.results.computed import Sliced
from lossctl.api.results.slices import Shown, in_order, named, shown, unfit
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import Reduction
from lossctl.core.results.slices import Slice
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Mask
from lossctl.engine.accumulators.slice_watch import SliceWatch, look, rows_plan
from lossctl.engine.accumulators.slice_worst import SliceWorst
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.sliced_passes import BySlice
from lossctl.sources import Source
from lossctl.sources.query.slicing import Slices

if TYPE_CHECKING:
    from lossctl.api.results.computed import Computed

__all__ = ["RowSlices", "row_slices", "worst_of_slices"]

_MOST_ROWS = 1_000_000
"""The most of the worst rows of one model and loss, of all slices together."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSlices:
    """The slices that the rows of a source fall into.

    Parameters
    ----------
    slices
        Which there are.
    made, shown
        What was computed of them, and which are told of: one for each tally of the whole, by its `id`.
    """

    slices: Slices
    made: Mapping[int, BySlice]
    shown: Mapping[int, Shown]

    def plan(self, tally: ModelTally, wanted: Sequence[int]) -> ModelPlan:
        """Return the plan of the rows of every slice, of some of the losses of a model, by index."""
        return rows_plan(self.made[id(tally)], wanted)

    def members(self, tally: ModelTally) -> Mask:
        """Return which slices of a model are told of, by code."""
        found = np.zeros(len(self.slices), np.bool_)
        found[self.shown[id(tally)].codes] = True
        return found

    def name(self, code: int) -> Slice:
        """Return what a slice is called."""
        return named(self.slices, code)

    def texts(self) -> dict[str, list[str | None]]:
        """Return for each column that slices its value in each slice, by code."""
        coded = zip(self.slices.columns, self.slices.coded_columns(), strict=True)
        return {name: [different[place] for place in places.tolist()] for name, (different, places) in coded}


def row_slices(
    source: Source,
    computed: Computed,
    sliced: Sliced,
    reported: Sequence[tuple[ModelTally, int]],
    settings: Settings,
) -> tuple[RowSlices, list[str]]:
    """Return the slices of the rows of a source, and warnings of those that are left out.

    Raises
    ------
    DataError
        Where a slice is no distribution though the file is to hold one.
    """
    order = in_order(sliced.slices)
    made = {id(tally): each for tally, each in zip(computed.tallies, sliced.made, strict=True)}
    visible = {key: shown(each, order, settings) for key, each in made.items()}
    found = RowSlices(sliced.slices, made, visible)
    told: dict[str, list[str]] = {}
    for tally in computed.tallies:
        for line in visible[id(tally)].lines(settings):
            told.setdefault(line, []).append(tally.plan.binding.model)
    for tally, index in reported:
        if tally.reduction(tally.plan.losses[index]) is Reduction.SUM:
            for code in visible[id(tally)].codes:
                unfit(source, made[id(tally)].of(code), index, found.name(code))
    return found, lines_of_models(source, computed, told)


def worst_of_slices(
    source: Source,
    slices: RowSlices,
    reported: Sequence[tuple[ModelTally, int]],
    count: int,
    settings: Settings,
) -> dict[tuple[int, int], SliceWorst]:
    """Find the worst rows of every slice: of each loss reported, by the `id` of its tally and its place.

    Raises
    ------
    UsageError
        Where these are more rows than memory should hold.
    """
    from lossctl.api.setup.plan import read_for

    tallies = {id(tally): tally for tally, _ in reported}
    wanted = {key: [index for tally, index in reported if id(tally) == key] for key in tallies}
    for key in tallies:
        _require_few(slices, key, count)
    watches = [
        SliceWatch(slices.plan(tally, wanted[key]), slices.members(tally), count) for key, tally in tallies.items()
    ]
    reading = partial(read_for, source, [each.plan for each in watches], settings, slices.slices)
    looked = look(reading, watches, settings.threads)
    return {
        (key, index): worst
        for key, found in zip(tallies, looked, strict=True)
        for index, worst in zip(wanted[key], found.worst, strict=True)
    }


def _require_few(slices: RowSlices, key: int, count: int) -> None:
    """Refuse more rows than memory should hold."""
    codes = slices.shown[key].codes
    rows = slices.made[key].slices.n_of(len(slices.slices))[codes]
    total = int(np.minimum(rows, count).sum())
    if total > _MOST_ROWS:
        problem = (
            f"the {count} worst rows of each of {len(codes):,} slices are {total:,}, and {_MOST_ROWS:,} are the most"
        )
        raise UsageError(problem, "ask for fewer, leave out small slices with --min-n, or take every row: --per-row")
