"""From sums to evaluations, and what is said of values that are not finite. Imports sources, engine, stats and core."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lossctl.api.results.signatures import signature_of
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Kind, Role
from lossctl.core.results.evaluation import NO_SPREAD, Evaluation
from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.engine.plan import Linear, ModelTally
    from lossctl.sources import Source

__all__ = ["FEW_EFFECTIVE_ROWS", "infinities", "not_finite", "result_of", "tied_groups"]

FEW_EFFECTIVE_ROWS = 100
"""Below this many effective rows an interval deserves a warning; of slices too."""


def tied_groups(tally: ModelTally, whose: str = "") -> list[str]:
    """Warn of groups with nothing to order, which count as 0; `whose` begins the line."""
    labels = [chosen.title for chosen in tally.plan.losses if chosen.loss.zero_where_tied]
    if not labels or not tally.tied:
        return []
    groups, tied, none = tally.groups.n, tally.tied, tally.none_relevant
    of = f"{tied} of {groups} {'group' if groups == 1 else 'groups'}"
    why = "no two relevances differ" + (f" (in {none} of them no relevance is above 0)" if none else "")
    return [f"{whose}{', '.join(labels)}: {of} {'counts' if tied == 1 else 'count'} as 0, because {why}"]


def result_of(
    source: Source, tally: ModelTally, index: int, settings: Settings, values: Mapping[str, str | None]
) -> Evaluation:
    """Return the result of one loss from a tally."""
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


def infinities(source: Source, tally: ModelTally, index: int) -> list[str]:
    """Return which losses of rows, or which value, are infinite, and why."""
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
    """Return what the value is where it is no number JSON can hold."""
    if math.isfinite(value):
        return "ok"
    return "nan" if math.isnan(value) else "inf" if value > 0.0 else "-inf"
