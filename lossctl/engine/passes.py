"""How many passes a run takes: one, and a second for what only a first can tell.

A distribution down the file that is to be normalized needs its sum before its losses; a loss of several parts needs
their means before its gradient; a root of squares that overflow is taken again, of scaled ones; a variance whose digits
cancelled needs the mean before its squares. All are exact, so a second pass gives the same bits in any order too.
Imports core and its own package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lossctl.core.losses.loss import Reduction
from lossctl.core.rows.block import Batch
from lossctl.engine.plan import ModelPlan, ModelTally, exponent_of
from lossctl.engine.run.local import run
from lossctl.engine.run.processes import Crew
from lossctl.engine.series import with_lags

__all__ = ["centred_plan", "compute", "linear_plan", "normalized_plan", "scaled_plan"]


def compute(
    read: Callable[[], Iterable[Batch]],
    plans: Sequence[ModelPlan],
    threads: int | None = None,
    on_rows: Callable[[int], None] | None = None,
    crew: Crew | None = None,
) -> list[ModelTally]:
    """Compute plans over what `read` gives, reading again where a first pass did not suffice.

    Parameters
    ----------
    read
        Starts to read from the first row; called once or more.
    plans, threads, on_rows, crew
        As in `lossctl.engine.run.local.run`.

    Returns
    -------
    list[ModelTally]
        One tally a plan, in order.
    """
    tallies = run(with_lags(read(), plans), plans, threads, on_rows, crew)
    again = [normalized_plan(tally) for tally in tallies]
    tallies = _repeat(read, tallies, again, threads, crew)
    again = [linear_plan(tally) for tally in tallies]
    tallies = _repeat(read, tallies, again, threads, crew)
    again = [scaled_plan(tally) for tally in tallies]
    tallies = _repeat(read, tallies, again, threads, crew)
    again = [centred_plan(tally) for tally in tallies]
    return _repeat(read, tallies, again, threads, crew)


def _repeat(
    read: Callable[[], Iterable[Batch]],
    tallies: list[ModelTally],
    plans: list[ModelPlan | None],
    threads: int | None,
    crew: Crew | None,
) -> list[ModelTally]:
    """Compute the plans that are given, and keep the tallies of those that are not."""
    wanted = [plan for plan in plans if plan is not None]
    if not wanted:
        return tallies
    fresh = iter(run(with_lags(read(), wanted), wanted, threads, None, crew))
    return [tally if plan is None else next(fresh) for tally, plan in zip(tallies, plans, strict=True)]


def normalized_plan(tally: ModelTally) -> ModelPlan | None:
    """Return the plan that divides distributions down the file by their sums; ``None`` where there is nothing to do."""
    if not tally.plan.normalize or tally.vectors:
        return None
    sums = tally.column_sums()
    summed = [chosen.loss for chosen in tally.plan.losses if tally.reduction(chosen) is Reduction.SUM]
    roles = {role for loss in summed for role in loss.roles}
    if not roles or any(sums[role] <= 0.0 for role in roles):
        return None  # nothing to divide, or nothing to divide by: that is reported as a sum that is not 1
    return replace(tally.plan, column_sums=sums)


def linear_plan(tally: ModelTally) -> ModelPlan | None:
    """Return the plan that knows the means of the parts of losses; ``None`` where there are none."""
    if not tally.parts or tally.units.n == 0:
        return None
    return replace(tally.plan, linear={index: tally.linear(index) for index in tally.parts})


def scaled_plan(tally: ModelTally) -> ModelPlan | None:
    """Return the plan that scales what it squares, where squares do not fit into float64; ``None`` where all do."""
    found = {
        index: exponent_of(tally.moments(index).value, moves=tally.losses[index].peak.value > 0.0)
        for index, chosen in enumerate(tally.plan.losses)
        if chosen.loss.root is not None and tally.units.n
    }
    exponents = {index: exponent for index, exponent in found.items() if exponent}
    return replace(tally.plan, exponents=exponents) if exponents else None


def centred_plan(tally: ModelTally) -> ModelPlan | None:
    """Return the plan that centres losses whose variance cancelled; ``None`` where none did."""
    moments = [tally.moments(index) for index in range(len(tally.losses))]
    if tally.units.n == 0 or not any(each.cancelled for each in moments):
        return None
    centers = tuple(each.value if each.cancelled else 0.0 for each in moments)
    return replace(tally.plan, centers=centers)
