"""The passes of a comparison: all models over the same rows, once, and again for what only a first pass can tell.

A loss that is no mean needs its value before it is known what moves it row by row; differences whose digits cancel
need their mean before they are squared. May import sources, engine, stats and core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from lossctl.api.comparisons.model_rows import Model, ModelRows, identity_of
from lossctl.api.comparisons.paired import (
    Paired,
    centre_of,
    find_exponents,
    finished,
    is_finished,
    lags_of,
    linear_of,
    move,
    scaled,
    some_of,
    start,
    tell_apart,
)
from lossctl.api.setup.faults import check_rows, loss_error
from lossctl.core.errors import DataError, UsageError
from lossctl.core.method import Method
from lossctl.core.settings import Settings
from lossctl.engine.accumulators.pairs import Centre, PairsPlan, PairsTally
from lossctl.engine.run.processes import Crew
from lossctl.sources import Slices
from lossctl.stats.differences import PairedSums

if TYPE_CHECKING:
    from lossctl.api.comparisons.paired_slices import PairedSlices
    from lossctl.engine.accumulators.linears import Linears

__all__ = ["Model", "Paired", "pair_up", "tell_apart"]


def pair_up(  # noqa: PLR0913 -- what is read, and how it is looked at
    models: Sequence[Model],
    settings: Settings,
    on_progress: Callable[[int, float | None], None] | None,
    method: Method | None = None,
    *,
    every: bool = False,
    by: Slices | None = None,
    crew: Crew | None = None,
    skewed: bool = False,
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
    skewed
        Sum what the skewness of differences is made of, too: for one-sided tests.

    Raises
    ------
    UsageError
        Where a method needs a series, and there is none.
    DataError
        Where rows cannot be computed on, or those of two sources differ; where all are of one cluster or block, or a
        series is no longer than its horizon.
    """
    method = method or Method()
    _refuse_groups(models[0], method)
    baselines = range(len(models) if every else 1)
    matches = tuple((one, other) for one in baselines for other in range(one + 1, len(models)))
    plan = PairsPlan(tuple(model.plan for model in models), matches, method, skewed)
    ordered = method.is_series or method.has_units or by is not None
    rows = ModelRows(models, settings, identity_of(method, settings), by, crew, ordered)
    tallies, slices = _first(rows, plan, on_progress)
    for tally, alone in zip(tallies[None].models, rows.alone(), strict=True):
        tally.n_read += alone
        tally.n_dropped += alone
    _check(models, tallies[None], settings)
    everything = {code: start(tally) for code, tally in tallies.items() if tally.models[0].units.n}
    paired = everything[None]
    _require_units(paired)
    _finish_all(everything, slices, rows)
    _centre(everything, rows)
    paired.warnings = [*rows.unmatched(), *_cautions(models, paired, settings)]
    paired.n_unmatched = rows.alone()[0]
    return paired


def _cautions(models: Sequence[Model], paired: Paired, settings: Settings) -> list[str]:
    """Warn of what the names of columns left open, source by source, and of rows that seem to be no pairs."""
    from lossctl.api.setup.cautions import cautions
    from lossctl.api.setup.unused import misaligned

    sources = list(dict.fromkeys(model.source for model in models))
    by_order = len(sources) > 1 and not settings.key and models[0].plan.binding.group is None
    said = misaligned(sources, settings) if by_order else []
    for source in sources:
        own = [tally for model, tally in zip(models, paired.tally.models, strict=True) if model.source is source]
        bound = ((tally, chosen) for tally in own for chosen in tally.plan.losses)
        said += cautions(source, bound, settings, paired.method)
    return said


def _refuse_groups(model: Model, method: Method) -> None:
    """Refuse a series of groups."""
    if method.is_series and model.plan.binding.group is not None:
        problem = f"{model.plan.losses[0].title} is computed group by group, and groups are no series"
        raise UsageError(problem, "choose another method than Diebold-Mariano")


def _first(
    rows: ModelRows, plan: PairsPlan, on_progress: Callable[[int, float | None], None] | None
) -> tuple[dict[int | None, PairsTally], PairedSlices | None]:
    """Read all rows: give what was found of the whole and of slices, these together where they may stand so."""
    if rows.by is None:
        return rows.compare({None: plan}, on_progress=on_progress), None
    from lossctl.api.comparisons.paired_slices import PairedSlices
    from lossctl.engine.accumulators.pair_slices import SlicedPairsPlan, can_sum_by_slice

    if not can_sum_by_slice(plan):
        return rows.compare({None: plan}, plan, on_progress), None
    nothing: tuple[dict[int, Linears], ...] = tuple({} for _ in plan.plans)
    whole, sliced = rows.compare_slices(plan, SlicedPairsPlan(plan, nothing), on_progress)
    return {None: whole}, PairedSlices(sliced)


def _check(models: Sequence[Model], tally: PairsTally, settings: Settings) -> None:
    """Raise what keeps rows from being compared."""
    for model, each in zip(models, tally.models, strict=True):
        check_rows(model.source, each, settings)
        move(each)
        for index in range(len(each.losses)):
            error = loss_error(model.source, each, index)
            if error is not None:
                raise error


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
    chosen = [index for index, each in enumerate(losses) if is_finished(each)]
    if not chosen or not everything:
        return
    plans: dict[int | None, PairsPlan] = {}
    for code, paired in everything.items():
        places = range(len(rows.models))
        paired.linear = [{index: linear_of(paired, place, index) for index in chosen} for place in places]
        plans[code] = some_of(paired, chosen)
    for code, again in rows.compare(plans).items():
        finished(everything[code], again, chosen)


def _finish_all(everything: dict[int | None, Paired], slices: PairedSlices | None, rows: ModelRows) -> None:
    """Finish the whole and its slices; leave in `everything` what may need to be centred."""
    whole = everything[None]
    if slices is None:
        whole.slices = {code: everything[code] for code in sorted(code for code in everything if code is not None)}
        _scale(everything, rows)
        _finish(everything, rows)
        return
    whole.slices = slices
    _scale(everything, rows)
    _finish_slices(whole, slices, rows)
    doubtful = _in_doubt(slices, rows.settings.level)
    _finish(_scale(doubtful, rows), rows)
    everything |= doubtful


def _scale(everything: Mapping[int | None, Paired], rows: ModelRows) -> dict[int | None, Paired]:
    """Find the roots of squares that do not fit into float64, of scaled ones; return those that have any."""
    found = {code: paired for code, paired in everything.items() if find_exponents(paired)}
    if not found:
        return {}
    chosen = {code: sorted({index for of in paired.exponents for index in of}) for code, paired in found.items()}
    plans = {code: some_of(paired, chosen[code]) for code, paired in found.items()}
    plain = {
        code: replace(plan, plans=tuple(replace(each, linear={}) for each in plan.plans))
        for code, plan in plans.items()
    }
    for code, again in rows.compare(plain).items():
        scaled(found[code], again, chosen[code])
    return found


def _finish_slices(whole: Paired, slices: PairedSlices, rows: ModelRows) -> None:
    """Do the same of the whole and of slices whose sums stand together."""
    plan = slices.second()
    if plan is None:
        return
    chosen = list(slices.linears[0])
    whole.linear = [{index: linear_of(whole, place, index) for index in chosen} for place in range(len(rows.models))]
    again, slices.again = rows.compare_slices(some_of(whole, chosen), plan)
    finished(whole, again, chosen)


def _in_doubt(slices: PairedSlices, level: float) -> dict[int | None, Paired]:
    """Return the slices whose figures arrays do not settle, or whose differences must be centred."""
    plan = slices.first.plan.plan
    pairs = product(range(len(plan.matches)), range(len(plan.losses)))
    codes = {code for match, index in pairs for code in slices.doubtful(match, index, level).tolist()}
    return {code: slices[code] for code in sorted(codes)}


def _centre(everything: Mapping[int | None, Paired], rows: ModelRows) -> None:
    """Square anew, less their means, differences whose digits cancelled; look at what one row carries of the whole."""
    plans: dict[int | None, PairsPlan] = {}
    chosen: dict[int | None, list[int]] = {}
    for code, paired in everything.items():
        if paired.method.has_units:  # their sums are few enough to be centred as they are
            return
        centres = [
            [_centre_of(paired, match, index, whole=code is None) for index in range(len(sums))]
            for match, sums in enumerate(paired.sums)
        ]
        some = [index for index, of_loss in enumerate(zip(*centres, strict=True)) if any(of_loss)]
        if some:
            chosen[code] = some
            plans[code] = replace(some_of(paired, some), centres=tuple(tuple(of[i] for i in some) for of in centres))
    if not plans:
        return
    for code, again in rows.compare(plans).items():
        for match, sums in enumerate(everything[code].sums):
            for number, index in enumerate(chosen[code]):
                if again.pairs[match][number].centre is not None:
                    sums[index] = _centred(everything[code], again, (match, index, number))


def _centre_of(paired: Paired, match: int, index: int, *, whole: bool) -> Centre | None:
    """Return what is taken off in a pass of its own; ``None`` where none is needed."""
    sums, values = paired.sums[match][index], paired.values_of(match, index)
    carried = whole and sums.may_be_carried(paired.pairs[match][index].range)
    return centre_of(sums, values, always=carried)


def _centred(paired: Paired, again: PairsTally, places: tuple[int, int, int]) -> PairedSums:
    """Return sums with what a second pass found: squares where they had cancelled, and what one row carries."""
    match, index, number = places
    sums, pair = paired.sums[match][index], again.pairs[match][number]
    total = pair.sizes.result()
    if pair.sizes.is_finite and total > 0.0:
        sums = replace(sums, carried=pair.largest / total)
    if not sums.needs_centring(paired.values_of(match, index)):
        return sums
    cubes = None if pair.cubes is None else pair.cubes.fractions()
    lags = lags_of(again, match, number)
    return replace(sums, centred=pair.d, rest=pair.rest, lags=lags, centred_cubes=cubes)
