"""From the sums of pairs to comparisons, of the whole and of each slice. May import sources, engine, stats and core."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from lossctl.api.comparisons.pairing import Model, Paired, pair_up, tell_apart
from lossctl.api.results.computed import Progress
from lossctl.api.results.evaluations import FEW_EFFECTIVE_ROWS, not_finite, tied_groups
from lossctl.api.results.signatures import signature_asked, signature_of
from lossctl.api.setup.faults import taken_in
from lossctl.core.compare_settings import CompareSettings
from lossctl.core.method import Method
from lossctl.core.results.comparison import Comparison
from lossctl.core.results.evaluation import NO_SPREAD
from lossctl.core.results.slices import Slice, few_line, few_units
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.run.processes import Crew
from lossctl.sources import Slices
from lossctl.stats.differences import Difference, Values

if TYPE_CHECKING:
    from lossctl.api.comparisons.compared_slices import Pattern, ShownSlices

__all__ = ["Compared", "carried_lines", "compare_models", "unit_lines", "value_lines"]

FEW_UNITS = 20
"""Below this many clusters or blocks the error of an interval is itself poorly known."""

ROWS_OF_HORIZON = 10
"""So many times its horizon a series must be as long for its error to be known."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found of models that are compared by the same losses.

    Parameters
    ----------
    comparisons
        Loss by loss, of each the whole before its slices; not yet adjusted for how many there are.
    warnings
        What the caller should know.
    """

    comparisons: list[Comparison]
    warnings: list[str]


def compare_models(
    models: Sequence[Model],
    settings: Settings,
    asked: CompareSettings,
    on_progress: Progress | None,
    crew: Crew | None,
) -> Compared:
    """Pair models, and tell their differences from chance.

    Raises
    ------
    UsageError, DataError
        As `lossctl.compare`.
    """
    slices = Slices(settings.by) if settings.by else None
    every = asked.pairs == "all"
    paired = pair_up(models, settings, on_progress, asked.method, every=every, by=slices, crew=crew)
    warnings = [*paired.warnings, *_warnings(models, paired)]
    parts = [_Part({}, paired)]
    if slices is not None:
        from lossctl.api.comparisons.compared_slices import ShownSlices
        from lossctl.api.comparisons.paired_slices import PairedSlices

        if isinstance(paired.slices, PairedSlices):
            rows = (paired.tally.models[0].n_read, paired.n_unmatched)
            shown, lines = ShownSlices.of(paired.slices, slices, settings, rows, _units(models))
            return Compared(_by_column(models, paired, shown, settings, asked), [*warnings, *lines])
        some, lines = _sliced(models, paired, slices, settings)
        parts += some
        warnings += lines
    told = tell_apart([part.paired for part in parts], settings.level)
    found = [
        comparison
        for index in range(len(models[0].plan.losses))
        for part, differences in zip(parts, told, strict=True)
        for comparison in _comparisons(models, part, differences, index, settings, asked)
    ]
    return Compared(found, warnings)


def _by_column(
    models: Sequence[Model], paired: Paired, shown: ShownSlices, settings: Settings, asked: CompareSettings
) -> list[Comparison]:
    """Return the comparisons by each loss, where the figures of slices stand together."""
    (whole,) = tell_apart([paired], settings.level)
    told_of = cache(lambda code: shown.slices[code].differences(settings.level))
    found: list[Comparison] = []
    for index in range(len(models[0].plan.losses)):
        found += _comparisons(models, _Part({}, paired), whole, index, settings, asked)

        def alone(code: int, name: Slice, index: int = index) -> list[Comparison]:
            return _comparisons(models, _Part(name, shown.slices[code]), told_of(code), index, settings, asked)

        patterns = [_pattern(models, paired, match, index, settings, asked) for match in range(len(paired.matches))]
        columns = [shown.comparisons(pattern, alone) for pattern in patterns]
        found += [each for together in zip(*columns, strict=True) for each in together]
    return found


def _pattern(
    models: Sequence[Model], paired: Paired, match: int, index: int, settings: Settings, asked: CompareSettings
) -> Pattern:
    from lossctl.api.comparisons.compared_slices import Pattern

    one, other = paired.matches[match]
    chosen = models[-1].plan.losses[index]  # a stored baseline has stand-ins
    signature = signature_asked(paired.tally.models[other], chosen, settings, settings.by)
    ends = (signature, f"|{asked.signature}")
    return Pattern(match, index, chosen, models[one].name, models[other].name, ends, settings.level)


@dataclass(frozen=True, slots=True)
class _Part:
    """The whole, or a slice: what it is called, and what was found."""

    slice: Slice
    paired: Paired


def _comparisons(
    models: Sequence[Model],
    part: _Part,
    differences: Sequence[Sequence[Difference]],
    index: int,
    settings: Settings,
    asked: CompareSettings,
) -> list[Comparison]:
    """Return the comparisons by one loss."""
    chosen, paired = models[-1].plan.losses[index], part.paired  # a stored baseline has stand-ins
    by = settings.by if part.slice else ()
    found = []
    for match, (one, other) in enumerate(paired.matches):
        pair, values, told = paired.pairs[match][index], paired.values_of(match, index), differences[match][index]
        signed = asked.listed.signature if told.listed else asked.signature
        found.append(
            Comparison(
                chosen=chosen,
                slice=part.slice,
                baseline=models[one].name,
                candidate=models[other].name,
                baseline_value=values.baseline,
                candidate_value=values.candidate,
                delta=told.delta,
                delta_ci=told.delta_ci,
                relative=told.relative,
                relative_ci=told.relative_ci,
                p_value=told.p_value,
                p_adjusted=told.p_value,
                significant=False,
                wins=pair.wins,
                ties=pair.ties,
                losses=pair.losses,
                detectable=told.detectable,
                rows_needed=told.rows_needed,
                rows_needed_low=told.rows_between[0],
                rows_needed_high=told.rows_between[1],
                n=pair.n,
                status=NO_SPREAD if told.no_spread else _status(values),
                signature=f"{signature_of(paired.tally.models[other], chosen, settings, by)}|{signed}",
            )
        )
    return found


def _status(values: Values) -> str:
    if math.isfinite(values.delta) and math.isfinite(values.baseline):
        return "ok"
    return "nan" if math.isnan(values.baseline) or math.isnan(values.candidate) else "inf"


def value_lines(models: Sequence[Model], paired: Paired) -> list[str]:
    """Return warnings of infinite losses, of groups with nothing to order, and of models that are one and the same."""
    said = [
        line for model, tally in zip(models, paired.tally.models, strict=True) for line in taken_in(model.source, tally)
    ]
    said += tied_groups(paired.tally.models[-1])
    n = paired.pairs[0][0].n
    for index, chosen in enumerate(models[0].plan.losses):
        for place, (model, own) in enumerate(zip(models, paired.tally.own, strict=True)):
            total, linear = own[index].total, paired.linear[place].get(index)
            if index in paired.exponents[place]:  # what is infinite are the squares alone
                continue
            if total.n_posinf:
                said.append(f"{chosen.title} of {model.name} is infinite in {total.n_posinf} of {n}")
            elif linear is not None and not math.isfinite(linear.value):
                said.append(f"{chosen.title} of {model.name} {not_finite(chosen, linear.value, linear)}")
    return [*said, *_same(models, paired)]


def _same(models: Sequence[Model], paired: Paired) -> list[str]:
    """Return a line for each two models whose losses are equal in every row: they may be one file by two names."""
    said = []
    for (one, other), pairs in zip(paired.matches, paired.pairs, strict=True):
        tied = [
            chosen.title
            for chosen, pair in zip(models[-1].plan.losses, pairs, strict=True)
            if pair.n and pair.ties == pair.n
        ]
        if tied:
            rows = f"all {pairs[0].n} {_units(models)}"
            names = f"{models[other].name} and {models[one].name}"
            said.append(f"{names} have the same {', '.join(tied)} in {rows}: are they the same predictions?")
    return said


def _warnings(models: Sequence[Model], paired: Paired) -> list[str]:
    """Return warnings of the values, and of intervals that rest on few rows."""
    said = value_lines(models, paired)
    units = paired.tally.models[0].units
    if units.n > 1 and units.effective_rows < FEW_EFFECTIVE_ROWS:
        said.append(few_units(units.n, units.effective_rows, _units(models)))
    return [*said, *unit_lines(paired), *carried_lines(models, paired)]


def unit_lines(paired: Paired) -> list[str]:
    """Return what is to be said of few clusters or blocks, or a series that is short for its horizon."""
    effective, method, n = paired.effective_units, paired.method, paired.tally.models[0].units.n
    if paired.n_units is not None and effective is not None and effective < FEW_UNITS:
        return [few_units(paired.n_units, effective, "blocks" if method.cluster is None else "clusters")]
    horizon = method.lags + 1
    if method.is_series and n < ROWS_OF_HORIZON * horizon:
        of = f"forecasts {horizon} rows ahead" if horizon > 1 else "a series"
        return [f"only {n} rows for {of}: intervals are unreliable below {ROWS_OF_HORIZON * horizon}"]
    return []


def carried_lines(models: Sequence[Model], paired: Paired) -> list[str]:
    """Return a warning where one row, cluster or block makes up more than a tenth of how differences vary."""
    found = paired.carried()
    if not found:
        return []
    match, index, share = max(found, key=lambda each: each[2])
    one, other = (models[place].name for place in paired.matches[match])
    method = paired.method
    unit = _units(models)[:-1] if not method.is_grouped else "block" if method.cluster is None else "cluster"
    more = len(found) - 1
    also = "" if not more else f" (and more than a tenth in {more} {'other' if more == 1 else 'others'})"
    loss = models[-1].plan.losses[index].title
    where = f"how the differences vary between {one} and {other} in {loss}{also}"
    return [f"one {unit} makes up {share:.0%} of {where}: intervals and p depend on it"]


def _units(models: Sequence[Model]) -> str:
    return "rows" if models[0].plan.binding.group is None else "groups"


def _sliced(
    models: Sequence[Model], paired: Paired, slices: Slices, settings: Settings
) -> tuple[list[_Part], list[str]]:
    """Return the slices that are shown, in order, and what is to be said of them."""
    from lossctl.api.results.slices import Shown, in_order, named

    order = in_order(slices)
    tallies = {code: each.tally.models[0] for code, each in paired.slices.items()}
    few = [code for code, tally in tallies.items() if tally.rows.n < (settings.min_n or 1)]
    codes = [code for code in order if code in tallies and code not in few]
    elsewhere = paired.n_unmatched + sum(tally.n_read for tally in tallies.values())
    shown = Shown(
        codes,
        few=(len(few), sum(tallies[code].n_read for code in few)),
        empty=(len(order) - len(tallies), paired.tally.models[0].n_read - elsewhere),
        slices=len(order),
    )
    parts = [_Part(named(slices, code), paired.slices[code]) for code in codes]
    return parts, [*shown.lines(settings), *_few_of_slices(parts, _units(models))]


def _few_of_slices(parts: Sequence[_Part], units: str) -> list[str]:
    """Return warnings that the intervals of some slices rest on few rows, clusters or blocks."""
    rows = [(part.paired.tally.models[0].units.effective_rows, part) for part in parts]
    units_of = [(part.paired.effective_units, part) for part in parts]
    groups = [(effective, part) for effective, part in units_of if effective is not None]
    said = []
    of_groups = "effective blocks" if not parts or parts[0].paired.method.cluster is None else "effective clusters"
    method = parts[0].paired.method if parts else Method()
    series = [(float(part.paired.tally.models[0].units.n), part) for part in parts if method.is_series]
    for counts, least, of in (
        (rows, FEW_EFFECTIVE_ROWS, f"effective {units}"),
        (groups, FEW_UNITS, of_groups),
        (series, ROWS_OF_HORIZON * (method.lags + 1), f"rows, {ROWS_OF_HORIZON} times the horizon"),
    ):
        below = [(count, part) for count, part in counts if count < least]
        if below:
            count, part = min(below, key=lambda each: each[0])
            said.append(few_line((len(below), len(parts)), least, of, (count, part.slice)))
    return said
