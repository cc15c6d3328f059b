"""How many passes a run by slice takes: those of `lossctl.engine.passes`, for each slice and for the whole.

What a second pass needs to know (sums, means, centres) it knows of each slice. Only slices whose variance cancelled are
looked at again to centre them. Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from lossctl.core.losses.loss import Reduction
from lossctl.core.rows.block import Batch
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.accumulators.sliced import SlicedPlan, SlicedPlans, SlicedTally
from lossctl.engine.passes import centred_plan, linear_plan, normalized_plan, scaled_plan
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.run.local import run
from lossctl.engine.run.processes import Crew
from lossctl.engine.series import with_lags

__all__ = ["BySlice", "compute_by_slice"]

Found = tuple[list[ModelTally], list[SlicedTally]]
Runner = Callable[[Sequence[ModelPlan], Sequence[SlicedPlan]], Found]


@dataclass(slots=True)
class BySlice:
    """What was computed of one model: for the whole, and for each slice.

    Parameters
    ----------
    whole
        The tally of all rows.
    slices
        The tally of every slice.
    centred
        That of the slices whose variance cancelled, from a pass of its own.
    """

    whole: ModelTally
    slices: SlicedTally
    centred: SlicedTally | None = None

    def of(self, code: int) -> ModelTally:
        """Return the tally that a run over one slice alone would have ended with; it holds no faults."""
        return self.tally_of(code).of(code)

    def tally_of(self, code: int) -> SlicedTally:
        """Return the tally that holds what is known of a slice in the end."""
        centred = self.centred
        if centred is None or centred.plan.members is None or not centred.plan.members[code]:
            return self.slices
        return centred


def compute_by_slice(
    read: Callable[[], Iterable[Batch]],
    jobs: Sequence[tuple[ModelPlan, ModelPlan]],
    threads: int | None = None,
    on_rows: Callable[[int], None] | None = None,
    crew: Crew | None = None,
) -> list[BySlice]:
    """Compute plans for the whole and for every slice of what `read` gives, reading again where one pass is not enough.

    Parameters
    ----------
    read
        Starts to read from the first row; called once or more. Batches know the slices of their rows.
    jobs
        The plan for the whole and that for the slices: the same where they take the same losses of rows.
    threads, on_rows, crew
        As in `lossctl.engine.run.local.run`.

    Returns
    -------
    list[BySlice]
        One a job, in order.
    """

    def again(wholes: Sequence[ModelPlan], slices: Sequence[SlicedPlan]) -> Found:
        return _run(read, wholes, slices, threads, None, crew)

    apart = [whole for whole, plan in jobs if not _is_shared(whole, plan)]
    plain, sliced = _run(read, apart, [SlicedPlan(plan) for _, plan in jobs], threads, on_rows, crew)
    wholes = iter(plain)
    made = [
        BySlice(tally.whole() if _is_shared(*job) else next(wholes), tally)
        for job, tally in zip(jobs, sliced, strict=True)
    ]
    _repeat(again, made, [normalized_plan(each.whole) for each in made], [_normalized(each) for each in made])
    _repeat(again, made, [linear_plan(each.whole) for each in made], [_linear(each) for each in made])
    nothing: list[SlicedPlan | None] = [None for _ in made]
    _repeat(again, made, [scaled_plan(each.whole) for each in made], nothing)
    _repeat(again, made, [centred_plan(each.whole) for each in made], [_centred(each) for each in made])
    return made


def _is_shared(whole: ModelPlan, plan: ModelPlan) -> bool:
    """Return whether the whole is the sum over its slices."""
    if whole is not plan or type(plan) is not ModelPlan or plan.binding.group is not None:
        return False
    return not any(chosen.loss.series for chosen in plan.losses)


def _run(
    read: Callable[[], Iterable[Batch]],
    wholes: Sequence[ModelPlan],
    slices: Sequence[SlicedPlan],
    threads: int | None,
    on_rows: Callable[[int], None] | None,
    crew: Crew | None,
) -> Found:
    """Compute plans of wholes and of slices in one read."""
    together = [*wholes, SlicedPlans(tuple(slices))] if slices else list(wholes)
    plans = cast("list[ModelPlan]", together)  # all that is asked of a plan is its losses and a tally to add to
    tallies: list[Any] = list(run(with_lags(read(), [*wholes, *slices]), plans, threads, on_rows, crew))
    return tallies[: len(wholes)], tallies[-1].tallies if slices else []


def _repeat(
    again: Runner, made: list[BySlice], wholes: Sequence[ModelPlan | None], slices: Sequence[SlicedPlan | None]
) -> None:
    """Compute the plans that are given, and put what they find in the place of what was known."""
    wanted = [plan for plan in wholes if plan is not None], [plan for plan in slices if plan is not None]
    if not any(wanted):
        return
    found = again(*wanted)
    plain, sliced = iter(found[0]), iter(found[1])
    for each, whole, by_slice in zip(made, wholes, slices, strict=True):
        if whole is not None:
            each.whole = next(plain)
        if by_slice is not None and by_slice.centers:
            each.centred = next(sliced)
        elif by_slice is not None:
            each.slices = next(sliced)


def _normalized(made: BySlice) -> SlicedPlan | None:
    """Return the plan that divides distributions down the file by the sums of their slices."""
    tally, plan = made.slices, made.slices.plan
    if not plan.plan.normalize or made.whole.vectors:
        return None
    summed = [chosen.loss for chosen in plan.losses if made.whole.reduction(chosen) is Reduction.SUM]
    roles = {role for loss in summed for role in loss.roles}
    if not roles:
        return None
    sums = tally.column_sums()
    undivided = np.logical_or.reduce([sums[role] <= 0.0 for role in roles])
    divisors = {role: np.where(undivided, 1.0, each) for role, each in sums.items()}
    return replace(plan, plan=replace(plan.plan, column_sums=divisors), undivided=undivided)


def _linear(made: BySlice) -> SlicedPlan | None:
    """Return the plan that knows the means of the parts of losses in each slice."""
    tally = made.slices
    found = tally.linears(tally.codes)
    return replace(tally.plan, linear=found) if found else None


def _centred(made: BySlice) -> SlicedPlan | None:
    """Return the plan that centres the losses of slices whose variance cancelled, or scales what they square."""
    tally = made.slices
    codes = tally.codes
    members, exponents = np.zeros(codes, np.bool_), tally.exponents(codes)
    for each in exponents.values():
        members |= each != 0
    centers = [np.zeros(codes) for _ in tally.losses]
    for code in np.flatnonzero(tally.maybe_cancelled(codes) & ~members):
        alone = tally.of(int(code))
        for index, values in enumerate(centers):
            moments = alone.moments(index)
            if moments.cancelled:
                members[code], values[code] = True, moments.value
    if not members.any():
        return None
    return replace(tally.plan, centers=tuple(centers), exponents=exponents, members=members)
