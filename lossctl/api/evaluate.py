"""`lossctl.evaluate`: joins a source, the losses, the engine and the statistics.

Sees every package but `cli`. Importing this module is cheap: what a run needs is imported when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.results.quantiles import counting, quantiles_of, with_quantiles
from lossctl.api.results.signatures import signature_of
from lossctl.api.setup.chosen import settled
from lossctl.api.setup.losses import Selection, select
from lossctl.api.setup.naming import Origin, names_of
from lossctl.api.setup.open import labelled, open_for
from lossctl.api.setup.unmatched import reading_warnings
from lossctl.api.setup.workers import workers
from lossctl.core.errors import DataError, UsageError
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Kind, Role
from lossctl.core.method import DEFAULT_RESAMPLES, DEFAULT_SEED, Method
from lossctl.core.results.columns import SliceResults, joined, pieces_of
from lossctl.core.results.evaluation import NO_SPREAD, Evaluation, Evaluations
from lossctl.core.results.quantiles import require_levels
from lossctl.core.results.slices import few_units
from lossctl.core.settings import Options, Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.system.input_files import one_run
from lossctl.engine.accumulators.tally import FEW_FOR_SHARES, LARGE_SHARE

if TYPE_CHECKING:
    from lossctl.api.results.by_slice import Sliced
    from lossctl.api.setup.plan import LeftOut
    from lossctl.engine.plan import Linear, ModelPlan, ModelTally
    from lossctl.engine.run.processes import Crew
    from lossctl.sources import Source

__all__ = [
    "BY_SLICE",
    "Computed",
    "Progress",
    "compute_plans",
    "compute_source",
    "evaluate",
    "evaluate_source",
    "not_finite",
    "result_of",
    "tied_groups",
]

FEW_EFFECTIVE_ROWS = 100
"""Below this many effective rows an interval deserves a warning; of slices too."""

BY_SLICE = 3
"""Summing a loss by slice takes as long as computing so many."""

Progress = Callable[[int, float | None], None]


@one_run()
def evaluate(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    *,
    quantiles: Sequence[float] = (),
    bootstrap: bool = False,
    seed: int | None = None,
    resamples: int | None = None,
    on_progress: Progress | None = None,
    **options: Unpack[Options],
) -> Evaluations:
    """Evaluate losses and their gradients on predictions.

    Parameters
    ----------
    source
        A path (CSV, TSV, JSON lines, Parquet, plain or compressed), a glob, ``'-'`` for standard input, a pandas,
        Polars or Arrow frame, a dict of arrays; or a list of several of these, each a model. ``label=path`` names one.
    losses
        As in `lossctl.select`.
    quantiles
        Levels, such as ``(0.5, 0.99, 1.0)``, of exact quantiles of the losses and slopes of rows; they take a second
        look at the input. See `lossctl.core.results.quantiles.Quantiles`.
    bootstrap
        Take intervals from resampled rows, instead of Student's t: they take a second look at the input.
    seed, resamples
        Of the random numbers, 20 where it is not given, and how many replicates there are, 9999.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input.
    **options
        See `lossctl.core.settings.Options`.

    Returns
    -------
    Evaluations
        One `Evaluation` for each model and loss, with the warnings.

    Raises
    ------
    UsageError
        Where losses, columns or options are wrong.
    DataError
        Where the data are: unreadable, missing or non-finite values, a domain that is left, no rows.

    Examples
    --------
    >>> import numpy as np
    >>> frame = {"target": np.array([1.0, 2.0, 4.0]), "prediction": np.array([1.5, 2.0, 1.0])}
    >>> [round(result.value, 4) for result in evaluate(frame, "mae,huber(delta=1)")]
    [1.1667, 0.875]
    """
    settings = Settings.of(**options)
    if settings.key and settings.targets is None:
        problem = "--key pairs two files, and there is one"
        raise UsageError(problem, "name the file the targets are in: --targets FILE")
    selection = losses if isinstance(losses, Selection) else select(losses)
    levels = require_levels(quantiles) if len(quantiles) else ()
    method = _drawing(seed, resamples, bootstrap=bootstrap)
    return _all(labelled(source), selection, settings, levels, method, on_progress)


def _drawing(seed: int | None, resamples: int | None, *, bootstrap: bool) -> Method | None:
    """Return how intervals are drawn; ``None``: they are Student's."""
    if not bootstrap:
        for name, given in (("seed", seed), ("resamples", resamples)):
            if given is not None:
                cure = f"add bootstrap, or leave out {name}"
                raise UsageError(f"{name} is of no use: nothing is drawn at random", cure)
        return None
    drawn = (DEFAULT_SEED if seed is None else seed, DEFAULT_RESAMPLES if resamples is None else resamples)
    return Method("bootstrap", seed=drawn[0], resamples=drawn[1])


def _all(
    named: Sequence[tuple[str | None, Any]],
    selection: Selection,
    settings: Settings,
    levels: Sequence[float],
    method: Method | None,
    on_progress: Progress | None,
) -> Evaluations:
    """Evaluate each source, and name the models so that they can be told apart."""
    results: list[Evaluation | SliceResults] = []
    origins: list[Origin] = []
    warnings: list[str] = []
    notices: list[str] = []
    values = len(selection.losses) * max(1, len(settings.predictions)) * (BY_SLICE if settings.by else 1)
    with workers((location for _, location in named), settings.threads, values) as crew:
        for number, (label, location) in enumerate(named):
            with open_for(location, selection, settings) as opened:
                taken = settled(selection, opened, settings)
                part = evaluate_source(opened, taken, settings, levels, on_progress, crew, method=method)
            pieces = pieces_of(part.results)
            results += pieces
            origins += [Origin(number, each.source, label, each.model) for each in pieces]
            warnings += part.warnings
            notices += part.notices
    results = [
        each.renamed(name, origin.label) if origin.label or each.model != name else each
        for each, name, origin in zip(results, names_of(origins), origins, strict=True)
    ]
    return Evaluations(joined(results), tuple(warnings), tuple(notices))


def evaluate_source(
    source: Source,
    selection: Selection,
    settings: Settings,
    levels: Sequence[float],
    on_progress: Progress | None,
    crew: Crew | None,
    *,
    method: Method | None = None,
) -> Evaluations:
    """Bind, compute, check, and report each loss of each model of one source."""
    computed = compute_source(source, selection, settings, on_progress, crew, watched=counting(levels))
    wholes = [result_of(source, tally, index, settings, {}) for tally, index in computed.reported]
    if levels:
        found = quantiles_of(source, computed.reported, levels, settings, crew)
        wholes = [replace(each, quantiles=one) for each, one in zip(wholes, found, strict=True)]
    warnings = [*reading_warnings(source), *computed.cautions(source, settings), *computed.value_warnings(source)]
    warnings += [each for tally in computed.tallies for each in _few_rows(source, tally, wholes)]
    warnings += [] if method is not None else _heavy_tails(source, computed.reported, wholes)
    results: Sequence[Evaluation | SliceResults] = wholes
    if computed.sliced is not None:
        from lossctl.api.results.by_slice import with_slices

        results, told = with_slices(source, computed, computed.sliced, wholes, settings, drawn=method is not None)
        results = with_quantiles(source, computed, results, levels, settings, crew)
        warnings += told
    if method is not None:
        from lossctl.api.comparisons.bootstrapped import with_bootstrap

        results = with_bootstrap(source, computed, results, method, settings, crew)
    left_out = computed.left_out
    in_full, in_short = ((*warnings, *lines) for lines in (left_out.lines(), left_out.short_lines()))
    return Evaluations(joined(results), tuple(dict.fromkeys(in_full)), tuple(dict.fromkeys(in_short)))


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

        lines = [each for tally, index in self.reported for each in _infinities(source, tally, index)]
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
        from lossctl.api.results.by_slice import Sliced
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
    """Give what is to be called with the rows read so far."""
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
    """Give the losses to report, model by model and in the order they were chosen in.

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


def tied_groups(tally: ModelTally, whose: str = "") -> list[str]:
    """Warn of groups with nothing to order, which count as 0; `whose` begins the line."""
    labels = [chosen.title for chosen in tally.plan.losses if chosen.loss.zero_where_tied]
    if not labels or not tally.tied:
        return []
    groups, tied, none = tally.groups.n, tally.tied, tally.none_relevant
    of = f"{tied} of {groups} {'group' if groups == 1 else 'groups'}"
    why = "no two relevances differ" + (f" (in {none} of them no relevance is above 0)" if none else "")
    return [f"{whose}{', '.join(labels)}: {of} {'counts' if tied == 1 else 'count'} as 0, because {why}"]


def _few_rows(source: Source, tally: ModelTally, results: Sequence[Evaluation]) -> list[str]:
    model, effective = tally.plan.binding.model, tally.units.effective_rows
    if effective >= FEW_EFFECTIVE_ROWS or not any(each.ci is not None and each.model == model for each in results):
        return []
    units = "rows" if tally.plan.binding.group is None else "groups"
    return [f"{source.name}: {model}: {few_units(tally.units.n, effective, units)}"]


def _heavy_tails(
    source: Source, reported: Sequence[tuple[ModelTally, int]], results: Sequence[Evaluation]
) -> list[str]:
    """Warn of intervals that one row decides: too narrow where rows as rare were left out by chance."""
    said = []
    for (tally, index), result in zip(reported, results, strict=True):
        if result.ci is None or tally.units.n < FEW_FOR_SHARES:
            continue
        share = tally.moments(index).largest_share
        if share > LARGE_SHARE:
            units = "row" if tally.plan.binding.group is None else "group"
            said.append(
                f"{source.name}: {result.model}: {result.chosen.title}: one {units} of {tally.units.n} makes up "
                f"{share:.0%} of the variance: the interval may be far too narrow; --bootstrap widens it"
            )
    return said


def result_of(
    source: Source, tally: ModelTally, index: int, settings: Settings, values: Mapping[str, str | None]
) -> Evaluation:
    """Give the result of one loss from a tally."""
    from lossctl.core.exact.sum import round_fraction
    from lossctl.stats.intervals import t_interval

    chosen, binding = tally.plan.losses[index], tally.plan.binding
    reduction = tally.reduction(chosen)
    moments = tally.moments(index)
    value, scale = tally.finished(index)
    std_error = tally.std_error(index)
    ci = None if std_error is None else t_interval(value, std_error, moments.freedom, settings.level)
    return Evaluation(
        source=source.name,
        model=binding.model,
        target=binding.target_text if Role.TARGET in chosen.loss.roles else None,
        prediction=binding.prediction_text if Role.PREDICTION in chosen.loss.roles else None,
        slice=values,
        chosen=chosen,
        reduction=str(reduction),
        value=value,
        std_error=std_error,
        ci=ci,
        n=tally.rows.n,
        n_read=tally.n_read,
        n_dropped=tally.n_dropped,
        weight_sum=round_fraction(tally.units.total),
        gradient=moments.gradient(scale),
        status=NO_SPREAD if ci is None and std_error is not None else _status(value),
        signature=signature_of(tally, chosen, settings, by=tuple(values)),
        n_outside=None if settings.clip is None else tally.n_outside * (chosen.loss.prediction == PROBABILITY),
        freedom=None if std_error is None else moments.freedom,
    )


def _infinities(source: Source, tally: ModelTally, index: int) -> list[str]:
    each, chosen = tally.losses[index], tally.plan.losses[index]
    if not each.infinite:
        value = tally.finished(index)[0]
        if math.isfinite(value):
            return []
        return [f"{chosen.title} {not_finite(chosen, value, tally.plan.linear.get(index))}"]
    place = source.locate(each.first_infinite)
    units = f"{tally.units.n} {'rows' if tally.plan.binding.group is None else 'groups'}"
    probability = chosen.loss.prediction == PROBABILITY
    if probability:
        labels = chosen.loss.kind is not Kind.DISTRIBUTION and not tally.soft
        why = "every predicted probability is 0 or 1" if labels else "--clip EPS bounds it"
    else:
        why = "it is too large for a 64-bit float"
    return [f"{chosen.title} is infinite in {each.infinite} of {units} (first: {place}); {why}"]


def not_finite(chosen: ChosenLoss, value: float, linear: Linear | None) -> str:
    """Return the words that a value is not finite though the losses of rows are, and why."""
    large = not chosen.loss.infinite or linear is None or linear.overflown
    why = "a sum of its rows is too large for a 64-bit float" if large else chosen.loss.infinite
    return f"is {'not a number' if math.isnan(value) else 'infinite'}: {why}"


def _status(value: float) -> str:
    """Say what the value is where it is no number JSON can hold."""
    if math.isfinite(value):
        return "ok"
    return "nan" if math.isnan(value) else "inf" if value > 0.0 else "-inf"
