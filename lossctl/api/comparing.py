"""`lossctl.compare`: models side by side, paired row by row. Joins sources, the engine and the statistics.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Unpack

from lossctl.api.evaluating import Progress, open_for, require_apart, signature_of
from lossctl.api.selecting import Selection, select
from lossctl.core.comparison import Comparison, Comparisons
from lossctl.core.errors import UsageError
from lossctl.core.loss import ChosenLoss, Reduction
from lossctl.core.settings import Options, Settings
from lossctl.sources import split_label

if TYPE_CHECKING:
    from lossctl.core.block import Batch
    from lossctl.engine.pairs import PairsTally
    from lossctl.engine.plan import Linear, ModelPlan
    from lossctl.sources import Source

__all__ = ["ADJUSTMENT_NAMES", "Adjustment", "compare"]

Adjustment = Literal["bh", "holm", "none"]
ADJUSTMENT_NAMES: tuple[Adjustment, ...] = ("bh", "holm", "none")


@dataclass(frozen=True, slots=True)
class _Model:
    """One model of one source, by the name the user knows it by."""

    name: str
    source: Source
    plan: ModelPlan


def compare(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    *,
    adjust: Adjustment = "bh",
    on_progress: Progress | None = None,
    **options: Unpack[Options],
) -> Comparisons:
    """Compare models by the paired differences of their losses; the first is the baseline.

    The interval of a difference is Student's t on the differences of rows; values that are no means, such as rmse, are
    compared by what moves them row by row (the delta method).

    Parameters
    ----------
    source
        As in `lossctl.evaluate`: one source with several predictions, or several sources of the same rows in the same
        order, with the same targets.
    losses
        As in `lossctl.select`, but not ``all``.
    adjust
        How p-values are adjusted for the number of comparisons: ``bh`` (Benjamini and Hochberg), ``holm`` or ``none``.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input.
    **options
        See `lossctl.core.settings.Options`.

    Returns
    -------
    Comparisons
        One `Comparison` for each loss and candidate, loss by loss.

    Raises
    ------
    UsageError
        Where there is but one model, a loss has no value of its own for each row or group, or an option is wrong.
    DataError
        Where the data are wrong, or the targets of two sources differ.

    Examples
    --------
    >>> frame = {"y": [1.0, 2.0, 4.0, 3.0], "old": [1.5, 2.5, 3.0, 3.5], "new": [1.2, 2.1, 3.9, 3.1]}
    >>> (result,) = compare(frame, "mae", target="y", prediction=["old", "new"])
    >>> round(result.delta, 4), result.wins, result.significant
    (-0.5, 4, True)
    """
    settings = Settings.of(**options)
    if adjust not in ADJUSTMENT_NAMES:
        raise UsageError(f"adjust: there is no {adjust!r}", f"one of {', '.join(ADJUSTMENT_NAMES)}")
    selection = losses if isinstance(losses, Selection) else select(losses)
    if settings.skill:
        raise UsageError("compare takes no skill", "its relative change compares two models, and one may be the mean")
    if selection.fitting_only:
        raise UsageError("compare takes losses by name, not all of them", "name them: --loss mae,mse")
    found = _all(source, selection, settings, adjust, on_progress)
    places = {chosen: place for place, chosen in enumerate(selection.losses)}
    found.sort(key=lambda each: places[each.chosen])
    return Comparisons(tuple(_adjusted(found, adjust, settings.level)), (), adjust)


def _all(
    source: Any, selection: Selection, settings: Settings, adjust: str, on_progress: Progress | None
) -> list[Comparison]:
    sources = list(source) if isinstance(source, (list, tuple)) else [source]
    named = [split_label(each) if isinstance(each, str) else (None, each) for each in sources]
    require_apart(named)
    found: list[Comparison] = []
    with ExitStack() as stack:
        opened = [(label, stack.enter_context(open_for(each, selection, settings))) for label, each in named]
        for models in _by_losses(opened, selection, settings):
            found += _compared(models, settings, adjust, on_progress)
    return found


def _by_losses(
    opened: Sequence[tuple[str | None, Source]], selection: Selection, settings: Settings
) -> list[list[_Model]]:
    """Give the models of each set of losses that bind alike, the baseline first."""
    from lossctl.api.planning import LeftOut, plan

    groups: dict[tuple[str, ...], list[_Model]] = {}
    for label, source in opened:
        for each in plan(source, selection, settings, LeftOut(source.name)):
            key = tuple(chosen.label for chosen in each.losses)
            groups.setdefault(key, []).append(_Model(label or source.name, source, each))
    for models in groups.values():
        if len(models) < 2:  # noqa: PLR2004 -- a pair
            problem = f"{models[0].name}: there is one model, {models[0].plan.binding.model}, and nothing to compare"
            raise UsageError(problem, "name two predictions (-p old -p new), or two files of the same rows")
    return [_named(models, several=len(opened) > 1) for models in groups.values()]


def _named(models: Sequence[_Model], *, several: bool) -> list[_Model]:
    """Name models by what tells them apart: the source, the column, or both."""
    columns = len({model.plan.binding.model for model in models}) > 1
    crowded = len({model.name for model in models}) < len(models)
    if not several:
        return [replace(model, name=model.plan.binding.model) for model in models]
    both = columns and crowded
    return [replace(m, name=f"{m.name}:{m.plan.binding.model}" if both else m.name) for m in models]


def _compared(
    models: Sequence[_Model], settings: Settings, adjust: str, on_progress: Progress | None
) -> list[Comparison]:
    from lossctl.api.checking import check_rows, loss_error
    from lossctl.engine.pairs import compare_rows

    linear = [_linear(model, settings) for model in models]
    plans = [replace(model.plan, linear=moved) for model, moved in zip(models, linear, strict=True)]
    tally = compare_rows(_rows(models, plans, settings, on_progress), plans, linear)
    for model, each in zip(models, tally.models, strict=True):
        check_rows(model.source, each, settings)
        for index, chosen in enumerate(each.plan.losses):
            if each.reduction(chosen) is Reduction.SUM:
                problem = f"{chosen.loss.id} down the file is one value, and no rows stand behind it"
                raise UsageError(problem, "give distributions across columns: -t 'p_*' -p 'q_*'")
            error = loss_error(model.source, each, index)
            if error is not None:
                raise error
    return [
        _comparison(models, tally, place, index, settings, adjust)
        for index in range(len(plans[0].losses))
        for place in range(1, len(models))
    ]


def _linear(model: _Model, settings: Settings) -> dict[int, Linear]:
    """Find the values of the losses that are no means, and how they move with the rows: a pass of its own."""
    from lossctl.api.checking import check_rows, loss_error
    from lossctl.api.evaluating import compute_plans
    from lossctl.engine.plan import Linear

    places = [index for index, chosen in enumerate(model.plan.losses) if chosen.loss.finish is not None]
    if not places:
        return {}
    plan = replace(model.plan, losses=tuple(model.plan.losses[index] for index in places))
    (tally,) = compute_plans(model.source, [plan], settings, None, None)
    check_rows(model.source, tally, settings)
    found = {}
    for number, index in enumerate(places):
        error = loss_error(model.source, tally, number)
        if error is not None:
            raise error
        value, scale = tally.finished(number)
        found[index] = tally.plan.linear.get(number) or Linear(value, (scale,))
    return found


def _rows(
    models: Sequence[_Model], plans: Sequence[ModelPlan], settings: Settings, on_progress: Progress | None
) -> Iterable[Sequence[Batch]]:
    """Read each source once, and give each model its rows."""
    from lossctl.api.aligning import side_by_side
    from lossctl.api.planning import labels_of
    from lossctl.engine.series import with_lags

    sources = list(dict.fromkeys(model.source for model in models))
    own = [[plan for model, plan in zip(models, plans, strict=True) if model.source is each] for each in sources]
    streams: list[Iterable[Batch]] = []
    for source, mine in zip(sources, own, strict=True):
        columns = list(dict.fromkeys(name for plan in mine for name in plan.binding.needed))
        group = mine[0].binding.group
        batches = source.read(columns, where=settings.where, labels=labels_of(mine), group=group)
        streams.append(with_lags(batches, mine))
    place = [sources.index(model.source) for model in models]
    rows = 0
    together: Iterable[list[Batch]] = ([batch] for batch in streams[0])
    if len(sources) > 1:
        together = side_by_side(sources, streams, [mine[0] for mine in own])
    for side in together:
        rows += len(side[0])
        if on_progress is not None:
            on_progress(rows, sources[0].progress())
        yield [side[each] for each in place]


def _comparison(
    models: Sequence[_Model], tally: PairsTally, place: int, index: int, settings: Settings, adjust: str
) -> Comparison:
    from lossctl.stats.paired import PairedSums, difference

    pair, baseline, candidate = tally.pairs[place - 1][index], tally.models[0], tally.models[place]
    chosen, weighted = baseline.plan.losses[index], baseline.plan.binding.weighted
    units = baseline.units
    sums = PairedSums(
        n=pair.n,
        weight=units.total,
        weight_square=units.total_square,
        d=pair.d,
        d_square=pair.d_square,
        d_weight=pair.d_weight if weighted else pair.d,
        b=pair.b,
        b_square=pair.b_square,
        b_weight=pair.b_weight if weighted else pair.b,
        cross=pair.cross,
    )
    values = [
        tally.linear[at][index].value if index in tally.linear[at] else _mean(total, units.total)
        for at, total in ((0, pair.b), (place, pair.c))
    ]
    found = difference(sums, values[0], values[1], settings.level)
    return Comparison(
        chosen=chosen,
        slice={},
        baseline=models[0].name,
        candidate=models[place].name,
        baseline_value=values[0],
        candidate_value=values[1],
        delta=found.delta,
        delta_ci=found.delta_ci,
        relative=found.relative,
        relative_ci=found.relative_ci,
        p_value=found.p_value,
        p_adjusted=found.p_value,
        significant=False,
        wins=pair.wins,
        ties=pair.ties,
        losses=pair.losses,
        detectable=found.detectable,
        rows_needed=found.rows_needed,
        n=pair.n,
        status=_status(values),
        signature=f"{signature_of(candidate, chosen, settings)}|method=t|adjust={adjust}",
    )


def _mean(total: Any, weight: Any) -> float:
    from lossctl.core.exact import round_fraction

    return round_fraction(total.fraction() / weight) if total.is_finite else float(total.result())


def _status(values: Sequence[float]) -> str:
    if all(map(math.isfinite, values)):
        return "ok"
    return "nan" if any(map(math.isnan, values)) else "inf"


def _adjusted(found: Sequence[Comparison], method: str, level: float) -> list[Comparison]:
    from lossctl.stats.adjust import adjust

    adjusted = adjust([each.p_value for each in found], method)
    return [
        replace(each, p_adjusted=p, significant=p is not None and p < 1.0 - level)
        for each, p in zip(found, adjusted, strict=True)
    ]
