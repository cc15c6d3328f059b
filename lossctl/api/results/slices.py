"""`--by`: which slices there are, in which order they are shown, which are left out, and what is computed of each.

May import sources, engine, losses and core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lossctl.api.results.sliced import Pattern, effective_rows, quick_results
from lossctl.core.errors import DataError
from lossctl.core.losses.loss import ChosenLoss, Reduction
from lossctl.core.results.columns import SliceResults, has_interval
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.slices import Slice, few_line, of_slices, slice_text
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Codes
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.sliced_passes import BySlice, compute_by_slice
from lossctl.losses.skill import UNIT
from lossctl.sources import Source
from lossctl.sources.query.slicing import Slices

if TYPE_CHECKING:
    from lossctl.engine.run.processes import Crew

__all__ = [
    "FEW_EFFECTIVE_ROWS",
    "Shown",
    "SlicedResults",
    "compute_sliced",
    "in_order",
    "named",
    "results_of",
    "shown",
    "unfit",
]

FEW_EFFECTIVE_ROWS = 100
"""Below this many effective rows an interval deserves a warning."""


def named(slices: Slices, code: int) -> Slice:
    """Return what a slice is called: by the columns of `slices`, in their order."""
    return dict(zip(slices.columns, slices.values(code), strict=True))


def in_order(slices: Slices) -> list[int]:
    """Return the codes of slices ordered by value: numbers as numbers, then other texts, a missing value last."""
    ranks = [_ranks(different)[codes] for different, codes in slices.coded_columns()]
    order: list[int] = np.lexsort(ranks[::-1]).tolist()
    return order


def _ranks(different: Sequence[Any]) -> Codes:
    """Return the rank of each of the different values of a column: texts, and ``None`` where they are missing."""
    known = np.array([place for place, text in enumerate(different) if text is not None], dtype=np.int64)
    texts = [different[place] for place in known.tolist()]
    numbers = _numbers(texts)
    if len(np.unique(numbers)) < len(known):
        by_text = sorted(range(len(texts)), key=texts.__getitem__)
        known, numbers = known[by_text], numbers[by_text]
    ranks = np.full(len(different), len(known))
    ranks[known[np.argsort(numbers, kind="stable")]] = np.arange(len(known))
    return ranks


def _numbers(texts: Sequence[str]) -> Array:
    """Return texts as numbers; +inf, after all others, where one is none that is finite."""
    try:
        numbers = np.array([*map(float, texts)], dtype=np.float64)
    except ValueError:
        numbers = np.array([*map(_number, texts)], dtype=np.float64)
    numbers[~np.isfinite(numbers)] = np.inf
    return numbers


def _number(text: str) -> float:
    try:
        return math.inf if text[:1].isalpha() else float(text)  # an exception takes long, and few are needed
    except ValueError:
        return math.inf


def compute_sliced(
    source: Source,
    plans: Sequence[ModelPlan],
    slices: Slices,
    settings: Settings,
    told: Callable[[int], None] | None,
    crew: Crew | None,
    watched: Callable[[ModelPlan], ModelPlan] = lambda plan: plan,
) -> list[BySlice]:
    """Compute plans for the whole and for each slice, in their order.

    Parameters
    ----------
    source, slices, settings, crew
        What to read, by which slices, how, and who computes.
    plans
        What to compute. With ``--skill`` its losses are made relative to the mean of the targets: of the whole for the
        whole, of a slice for that.
    told
        Called with the number of rows read so far.
    watched
        Gives for each plan the one to compute for the whole in its place.
    """
    from lossctl.api.setup.plan import read_for

    found: dict[int, BySlice] = {}
    for group in dict.fromkeys(each.binding.group for each in plans):
        places = [place for place, each in enumerate(plans) if each.binding.group == group]
        together = [plans[place] for place in places]
        reading = partial(read_for, source, together, settings, slices)
        jobs = [(plan, plan) for plan in together]
        if settings.skill:
            jobs = [_relative(source, plan, slices, settings, crew) for plan in together]
        jobs = [(watched(whole), plan) for whole, plan in jobs]
        made = compute_by_slice(reading, jobs, settings.threads, told, crew)
        found.update(zip(places, made, strict=True))
    return [found[place] for place in range(len(plans))]


def _relative(
    source: Source, plan: ModelPlan, slices: Slices, settings: Settings, crew: Crew | None
) -> tuple[ModelPlan, ModelPlan]:
    """Make losses relative to those of predicting the mean: a pass finds that of the whole and of each slice."""
    from lossctl.api.setup.faults import check_rows
    from lossctl.api.setup.plan import read_for
    from lossctl.losses.skill import relative_to, target_mean

    relative = [relative_to(chosen, None) for chosen in plan.losses]  # refuses what cannot be, before anything is read
    means = replace(plan, losses=(target_mean(relative[0]),))
    (made,) = compute_by_slice(
        partial(read_for, source, [means], settings, slices), [(means, means)], settings.threads, None, crew
    )
    check_rows(source, made.whole, settings)
    mean, _ = made.whole.finished(0)
    figures = made.slices.figures(0, len(slices))
    references = figures.value.copy()
    for code in np.flatnonzero(figures.doubtful & (made.slices.n_of(len(slices)) > 0)).tolist():
        references[code], _ = made.of(code).finished(0)
    whole = replace(plan, losses=tuple(relative_to(chosen, mean) for chosen in plan.losses))
    return whole, replace(plan, losses=tuple(relative), references=references)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which slices of one model are shown.

    Parameters
    ----------
    codes
        Those of enough rows, in order.
    few, empty
        How many slices have fewer rows, or none that counts, and how many rows these are.
    slices
        How many there are in all.
    """

    codes: Sequence[int]
    few: tuple[int, int]
    empty: tuple[int, int]
    slices: int

    def lines(self, settings: Settings) -> list[str]:
        """Return what is left out."""
        lines = []
        for (count, rows), why in (
            (self.few, f"fewer than {settings.min_n} rows"),
            (self.empty, "no row that counts"),
        ):
            if count:
                has, them = ("has", "is") if count == 1 else ("have", "are")
                of = f"of {self.slices} slices"
                lines.append(f"{count} {of} {has} {why} and {them} left out ({_count(rows, 'row')})")
        return lines


def _count(count: int, of: str) -> str:
    return f"{count} {of}" if count == 1 else f"{count} {of}s"


def shown(made: BySlice, order: Sequence[int], settings: Settings) -> Shown:
    """Return which slices of a model are shown: those with a row that counts, and with ``--min-n`` rows of these."""
    counted = made.slices.n_of(len(order))
    empty = counted == 0
    few = ~empty & (counted < (settings.min_n or 1))
    ordered = np.asarray(order, dtype=np.int64)
    codes = ordered[~(empty | few)[ordered]].tolist()
    rows = made.slices.n_read_of(len(order))
    return Shown(
        codes,
        (int(few.sum()), int(rows[few].sum())),
        (int(empty.sum()), int(rows[empty].sum())),
        len(order),
    )


@dataclass(slots=True)
class SlicedResults:
    """The results of the slices of one model, and what is to be said of them.

    Parameters
    ----------
    found
        By the index of a loss: one for each slice shown that it fits, together where they are many.
    warnings
        What the caller should know.
    """

    found: dict[int, list[Evaluation | SliceResults]]
    warnings: list[str]


def results_of(
    source: Source,
    made: BySlice,
    patterns: Mapping[int, Pattern],
    slices: Slices,
    order: Sequence[int],
    settings: Settings,
    result: Callable[[ModelTally, int, Slice], Evaluation],
) -> SlicedResults:
    """Return the results of some losses of a model for each slice shown.

    Parameters
    ----------
    source, made, slices, settings
        What was computed, of what.
    patterns
        Of each loss, by index, what the results of its slices share.
    order
        The codes of all slices, ordered by value.
    result
        Gives the result of one loss from the tally of a slice.

    Raises
    ------
    DataError
        Where a slice is no distribution though the file is to hold one.
    """
    visible = shown(made, order, settings)
    columns = dict(zip(slices.columns, slices.coded_columns(), strict=True))
    results = SlicedResults({}, visible.lines(settings))
    tally_of = cache(made.of)
    for index, pattern in patterns.items():
        others: dict[int, Evaluation] = {}
        tallies: dict[int, ModelTally] = {}
        errors: dict[int, DataError] = {}
        quick = quick_results(pattern, made, index, columns, visible.codes)
        places = range(len(visible.codes)) if quick is None else quick.doubtful
        for place in places:
            tally, name = tally_of(visible.codes[place]), named(slices, visible.codes[place])
            error = unfit(source, tally, index, name)
            if error is None:
                others[place] = result(tally, index, name)
                tallies[place] = tally
            else:
                errors[place] = error
        if quick is None or len(others) + len(errors) == len(visible.codes):
            results.found[index] = [*others.values()]
        else:
            results.found[index] = [quick.results(others, [*errors])]
        infinite = _infinite_slices(pattern.whole.chosen, others, tallies, index)
        if infinite:
            results.warnings.append(infinite)
        if errors:
            label, where = pattern.whole.chosen.title, _count(len(errors), "slice")
            first = next(iter(errors.values()))
            results.warnings.append(f"{label} is left out of {where}: {first.problem}; {first.cure}")
    if any(has_interval(each) for found in results.found.values() for each in found):
        results.warnings += _few_effective(made, visible.codes, slices)
    return results


def _infinite_slices(
    chosen: ChosenLoss, results: Mapping[int, Evaluation], tallies: Mapping[int, ModelTally], index: int
) -> str:
    """Return a warning of slices whose value is not finite though the losses of rows are; empty where there is none."""
    from lossctl.api.results.evaluations import not_finite

    bad = {place: each for place, each in results.items() if not math.isfinite(each.value)}
    bad = {place: each for place, each in bad.items() if not tallies[place].losses[index].infinite}
    if not bad:
        return ""
    place, first = next(iter(bad.items()))
    why = not_finite(chosen, first.value, tallies[place].plan.linear.get(index))
    return f"{of_slices(chosen.title, (each.slice for each in bad.values()))} {why}"


def _few_effective(made: BySlice, codes: Sequence[int], slices: Slices) -> list[str]:
    """Warn of slices whose intervals rest on few effective rows."""
    effective = effective_rows(made.slices, len(slices))[np.asarray(codes, dtype=np.int64)]
    few = effective < FEW_EFFECTIVE_ROWS
    if not few.any():
        return []
    units = "rows" if made.whole.plan.binding.group is None else "groups"
    least = int(np.argmin(effective))
    counts, fewest = (int(np.count_nonzero(few)), len(codes)), (float(effective[least]), named(slices, codes[least]))
    return [few_line(counts, FEW_EFFECTIVE_ROWS, f"effective {units}", fewest)]


def unfit(source: Source, tally: ModelTally, index: int, values: Slice) -> DataError | None:
    """Return what keeps a loss from being computed on a slice, though it can be on the whole; ``None``: nothing.

    Raises
    ------
    DataError
        Where the slice is no distribution though the file is to hold one.
    """
    from lossctl.api.setup.faults import loss_error

    chosen = tally.plan.losses[index]
    summed = tally.reduction(chosen) is Reduction.SUM
    if not (chosen.loss.series or chosen.unit == UNIT or summed):
        return None
    error = loss_error(source, tally, index)
    if error is None:
        return None
    told = DataError(error.problem.replace(source.name, f"{source.name}, slice {slice_text(values)}", 1), error.cure)
    if summed:
        raise told
    return told
