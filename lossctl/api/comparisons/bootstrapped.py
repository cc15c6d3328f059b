"""`lossctl eval --bootstrap`: intervals of values from resampled rows, which a pass of their own sums.

May import sources, engine, stats and core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from lossctl.api.comparisons.model_rows import Model, ModelRows, identity_of
from lossctl.api.comparisons.paired import is_finished
from lossctl.api.results.computed import Computed
from lossctl.core.exact.sum import round_fraction
from lossctl.core.method import Method
from lossctl.core.results.columns import SliceResults, has_interval
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.interval import Interval
from lossctl.core.settings import Settings
from lossctl.engine.accumulators.pairs import PairsPlan, PairsTally
from lossctl.engine.plan import Linear, ModelPlan, ModelTally
from lossctl.engine.run.processes import Crew
from lossctl.sources import Slices, Source
from lossctl.stats.methods import bootstrap_intervals
from lossctl.stats.units import Ratio

__all__ = ["with_bootstrap"]

Results = Sequence[Evaluation | SliceResults]


def with_bootstrap(
    source: Source, computed: Computed, results: Results, method: Method, settings: Settings, crew: Crew | None
) -> list[Evaluation | SliceResults]:
    """Return results with intervals from resampled rows in place of Student's t.

    Parameters
    ----------
    source, computed, settings, crew
        What was computed, of what, how, and who computes.
    results
        Of each loss reported, the whole before its slices.
    method
        The bootstrap, with its seed and how many replicates.
    """
    groups = _by_loss(results)
    found: list[list[Evaluation | SliceResults]] = [[] for _ in groups]
    for number, tally in enumerate(computed.tallies):
        places = [place for place, (each, _) in enumerate(computed.reported) if each is tally]
        places = [place for place in places if any(has_interval(each) for each in groups[place])]
        chosen = [computed.reported[place][1] for place in places]
        if not chosen:
            continue
        wanted = _tallies(computed, number, tally)
        plans = {code: _plan(each, chosen, method) for code, each in wanted.items()}
        units = _units(source, plans, None if computed.sliced is None else computed.sliced.slices, settings, crew)
        intervals = {code: _intervals(each, method, settings.level) for code, each in units.items()}
        codes = _codes(computed)
        for at, place in enumerate(places):
            by_slice = {codes[code]: each[at] for code, each in intervals.items()}
            found[place] = [_put(each, by_slice, method) for each in groups[place]]
    return [each for mine, old in zip(found, groups, strict=True) for each in (mine or old)]


def _by_loss(results: Results) -> list[list[Evaluation | SliceResults]]:
    """Return the results of each loss apart: each begins with that of the whole."""
    groups: list[list[Evaluation | SliceResults]] = []
    for each in results:
        if isinstance(each, Evaluation) and not each.slice:
            groups.append([])
        groups[-1].append(each)
    return groups


def _tallies(computed: Computed, number: int, whole: ModelTally) -> dict[int | None, ModelTally]:
    """Return what was found of the whole, and of each slice that has two rows or more."""
    found: dict[int | None, ModelTally] = {None: whole}
    if computed.sliced is not None:
        made = computed.sliced.made[number]
        counts = made.slices.n_of(len(computed.sliced.slices))
        found |= {code: made.of(code) for code in np.flatnonzero(counts > 1).tolist()}
    return found


def _codes(computed: Computed) -> dict[int | None, tuple[str | None, ...]]:
    """Return what the slice of each code is called; the whole is called nothing."""
    found: dict[int | None, tuple[str | None, ...]] = {None: ()}
    if computed.sliced is not None:
        slices = computed.sliced.slices
        found |= {code: tuple(slices.values(code)) for code in range(len(slices))}
    return found


def _plan(tally: ModelTally, chosen: Sequence[int], method: Method) -> PairsPlan:
    """Return the plan that sums the losses by unit, near the values that are known: of a model beside itself."""
    given = {each.name: getattr(tally.plan, each.name) for each in fields(ModelPlan)}
    linear = {number: _linear(tally, index) for number, index in enumerate(chosen)}
    given |= {
        "losses": tuple(tally.plan.losses[index] for index in chosen),
        "linear": {number: each for number, each in linear.items() if each is not None},
        "centers": (),
        "exponents": {
            number: tally.plan.exponents[index] for number, index in enumerate(chosen) if index in tally.plan.exponents
        },
    }
    return PairsPlan((ModelPlan(**given),), ((0, 0),), method)


def _linear(tally: ModelTally, index: int) -> Linear | None:
    """Return how the value of a loss moves with its rows; ``None`` where it is their mean."""
    chosen = tally.plan.losses[index]
    if index in tally.plan.linear or not is_finished(chosen):
        return tally.plan.linear.get(index)
    return Linear.at_scaled(chosen, tally.moments(index).value, tally.plan.exponents.get(index, 0))


def _units(
    source: Source,
    plans: dict[int | None, PairsPlan],
    by: Slices | None,
    settings: Settings,
    crew: Crew | None,
) -> dict[int | None, PairsTally]:
    """Read the rows once more, and sum their losses by unit."""
    whole = plans[None]
    (plan,) = whole.plans
    model = Model(plan.binding.model, source, plan)
    rows = ModelRows([model], settings, identity_of(whole.method, settings), by, crew, ordered=True)
    return rows.compare(plans)


def _intervals(tally: PairsTally, method: Method, level: float) -> list[Interval | None]:
    """Return the interval of each loss; ``None`` where units cannot be drawn."""
    ratios: dict[int, Ratio] = {}
    for index in range(len(tally.plan.losses)):
        own = tally.own[0][index].total
        weight, sums, _ = tally.unit_sums(0, index)
        if len(weight) > 1 and own.is_finite and bool(np.isfinite(sums).all()):
            mean = round_fraction(own.fraction() / tally.models[0].units.total)
            linear = tally.plan.plans[0].linear.get(index)
            value = mean if linear is None else linear.value
            ratios[index] = Ratio(value, sums - mean * weight, weight, weight)
    found = dict(zip(ratios, bootstrap_intervals([*ratios.values()], method, level), strict=True)) if ratios else {}
    return [found.get(index) for index in range(len(tally.plan.losses))]


def _put(
    result: Evaluation | SliceResults, found: dict[tuple[str | None, ...], Interval | None], method: Method
) -> Evaluation | SliceResults:
    """Put intervals into the place of those that are there."""
    if isinstance(result, Evaluation):
        interval = found.get(tuple(result.slice.values()))
        ci = None if result.ci is None else interval
        return replace(result, ci=ci, signature=f"{result.signature}|{method.signature}")
    names = [*zip(*result.slices.values(), strict=True)]
    given = [found.get(name) for name in names]
    ends = {
        "low": np.array([np.nan if each is None else each.low for each in given]),
        "high": np.array([np.nan if each is None else each.high for each in given]),
    }
    unvaried = np.isnan(result.figures["low"])
    for values in ends.values():
        values[unvaried] = np.nan
    others = {place: _evaluated(_put(each, found, method)) for place, each in result.others.items()}
    return replace(
        result, figures={**result.figures, **ends}, others=others, method=method.label, tail=f"|{method.signature}"
    )


def _evaluated(result: Evaluation | SliceResults) -> Evaluation:
    if not isinstance(result, Evaluation):
        raise TypeError("the result of one slice stands alone")
    return result
