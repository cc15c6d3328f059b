"""Losses computed on one source: bound, summed and checked. Joins a source, the losses and the engine.

What a run needs, this module imports when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lossctl.api.setup.losses import Selection
from lossctl.core.errors import DataError
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass

if TYPE_CHECKING:
    from lossctl.api.setup.plan import LeftOut
    from lossctl.engine.plan import ModelPlan, ModelTally
    from lossctl.engine.run.processes import Crew
    from lossctl.engine.sliced_passes import BySlice
    from lossctl.sources import Source
    from lossctl.sources.query.slicing import Slices

from lossctl.api.results.evaluations import infinities, tied_groups

__all__ = ["BY_SLICE", "Computed", "Progress", "Sliced", "compute_source"]

BY_SLICE = 3
"""Summing a loss by slice takes as long as computing so many."""


Progress = Callable[[int, float | None], None]


@dataclass(frozen=True, slots=True)
class Sliced:
    """What was computed of slices.

    Parameters
    ----------
    slices
        Which there are.
    made
        One for each tally of the whole, in order.
    """

    slices: Slices
    made: Sequence[BySlice]


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed on one source.

    Parameters
    ----------
    tallies
        One a model and way to bind.
    reported
        The losses to report, as the tally and the place of the loss in it: model by model, in the order chosen.
    left_out
        The losses of ``all`` that do not fit.
    sliced
        The same by slice; ``None`` where there are no slices.
    """

    tallies: Sequence[ModelTally]
    reported: Sequence[tuple[ModelTally, int]]
    left_out: LeftOut
    sliced: Sliced | None = None

    def cautions(self, source: Source, settings: Settings) -> list[str]:
        """Warn of what the names of columns left open."""
        from lossctl.api.setup.cautions import cautions

        return cautions(source, ((tally, tally.plan.losses[index]) for tally, index in self.reported), settings)

    def value_warnings(self, source: Source) -> list[str]:
        """Warn of infinite losses, of probabilities that were taken in, and of groups with nothing to order."""
        from lossctl.api.setup.faults import taken_in

        lines = [each for tally, index in self.reported for each in infinities(source, tally, index)]
        for tally in self.tallies:
            lines += taken_in(source, tally)
            lines += tied_groups(tally, f"{source.name}: {tally.plan.binding.model}: ")
        return lines


def compute_source(
    source: Source,
    selection: Selection,
    settings: Settings,
    on_progress: Progress | None,
    crew: Crew | None,
    *,
    watched: Callable[[ModelPlan], ModelPlan] = lambda plan: plan,
) -> Computed:
    """Bind, compute and check each loss of each model of one source.

    Parameters
    ----------
    source, selection, settings, on_progress, crew
        What to compute, on what, how, and who does.
    watched
        Gives for each plan the one to compute in its place, which may look at single rows too.

    Raises
    ------
    UsageError, DataError
        As `evaluate`.
    """
    from lossctl.api.setup.plan import LeftOut, plan

    left_out = LeftOut(source.name)
    plans = plan(source, selection, settings, left_out)
    sliced = None
    if settings.by:
        from lossctl.api.results.slices import compute_sliced
        from lossctl.sources.query.slicing import Slices

        slices = Slices(settings.by)
        told = _told(source, on_progress)
        sliced = Sliced(slices, compute_sliced(source, plans, slices, settings, told, crew, watched))
        tallies = [each.whole for each in sliced.made]
    else:
        if settings.skill:
            plans = [_relative(source, each, settings, crew) for each in plans]
        tallies = compute_plans(source, [watched(each) for each in plans], settings, on_progress, crew)
    for tally in tallies:  # they were read, and had no target
        tally.n_read += source.alone[0]
        tally.n_dropped += source.alone[0]
    reported = _reported(source, tallies, selection, settings, left_out)
    if not reported:
        raise left_out.refusal(DataError)
    return Computed(tallies, reported, left_out, sliced)


def _told(source: Source, on_progress: Progress | None) -> Callable[[int], None] | None:
    """Return what is to be called with the rows read so far."""
    if on_progress is None:
        return None
    return lambda rows: on_progress(rows, source.progress())


def compute_plans(
    source: Source,
    plans: Sequence[ModelPlan],
    settings: Settings,
    on_progress: Progress | None,
    crew: Crew | None,
) -> list[ModelTally]:
    """Compute plans in their order: those that take rows in file order in one read, those of groups in another."""
    from lossctl.api.setup.plan import read_for
    from lossctl.engine.passes import compute

    found: dict[int, ModelTally] = {}
    told = _told(source, on_progress)
    for group in dict.fromkeys(each.binding.group for each in plans):
        places = [place for place, each in enumerate(plans) if each.binding.group == group]
        together = [plans[place] for place in places]
        tallies = compute(partial(read_for, source, together, settings), together, settings.threads, told, crew)
        found.update(zip(places, tallies, strict=True))
    return [found[place] for place in range(len(plans))]


def _relative(source: Source, plan: ModelPlan, settings: Settings, crew: Crew | None) -> ModelPlan:
    """Make the losses of a plan relative to those of predicting the mean of the targets: a pass finds that."""
    from lossctl.api.setup.faults import check_rows
    from lossctl.losses.skill import relative_to, target_mean

    relative = [relative_to(chosen, 0.0) for chosen in plan.losses]  # refuses what cannot be, before anything is read
    (tally,) = compute_plans(source, [replace(plan, losses=(target_mean(relative[0]),))], settings, None, crew)
    check_rows(source, tally, settings)
    mean, _ = tally.finished(0)
    return replace(plan, losses=tuple(relative_to(chosen, mean) for chosen in plan.losses))


def _reported(
    source: Source, tallies: Sequence[ModelTally], selection: Selection, settings: Settings, left_out: LeftOut
) -> list[tuple[ModelTally, int]]:
    """Return the losses to report, model by model and in the order they were chosen in.

    Raises
    ------
    DataError
        Where the data keep a chosen loss from being computed; of ``all``, such losses are added to `left_out`.
    """
    from lossctl.api.setup.faults import check_rows, loss_error
    from lossctl.api.setup.fit import unlikely

    for tally in tallies:
        check_rows(source, tally, settings)
    fitting: list[tuple[ModelTally, int]] = []
    for tally in tallies:
        for index, chosen in enumerate(tally.plan.losses):
            error = loss_error(source, tally, index)
            if error is None:
                fitting.append((tally, index))
            elif selection.fitting_only:
                left_out.add(chosen, error.problem)
            else:
                raise error
    if selection.fitting_only:
        bound = [(tally.plan.losses[index], tally.plan.binding) for tally, index in fitting]
        reasons = [unlikely(chosen, binding, bound) for chosen, binding in bound]
        for (chosen, _), reason in zip(bound, reasons, strict=True):
            if reason is not None:
                left_out.add(chosen, reason)
        fitting = [each for each, reason in zip(fitting, reasons, strict=True) if reason is None]
    models = list(dict.fromkeys(tally.plan.binding.model for tally in tallies))
    places = {chosen.label: place for place, chosen in enumerate(selection.losses)}
    return sorted(fitting, key=lambda f: (models.index(f[0].plan.binding.model), places[f[0].plan.losses[f[1]].label]))
