"""Which models are compared by which losses. May import sources and core.

The models of a comparison are the predictions of every source, the first of the first source being the baseline. Losses
that bind to other columns have other models: an interval and a mean of one file are two competitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from lossctl.api.evaluating import Progress, compute_source
from lossctl.api.naming import Origin, names_of
from lossctl.api.pairing import Model
from lossctl.api.planning import LeftOut, plan
from lossctl.api.selecting import Selection
from lossctl.api.shapes import lies_across
from lossctl.core.block import Binding
from lossctl.core.errors import UsageError
from lossctl.core.loss import ChosenLoss, Kind
from lossctl.core.settings import Settings
from lossctl.sources import Source

__all__ = ["Opened", "fitting_all", "line_up"]

Opened = tuple[str | None, Source]
"""A source, and what the user calls it."""

_PAIR = 2
_NO_ROWS = "down the file is one value, and no rows stand behind it"
_CURE = "name two predictions (-p old -p new), or two files of the same rows"


def line_up(opened: Sequence[Opened], selection: Selection, settings: Settings) -> list[list[Model]]:
    """Give the models of each set of losses that bind alike, the baseline first.

    Raises
    ------
    UsageError
        Where there is one model alone, or a loss has one value for a whole file.
    """
    groups: dict[tuple[str, ...], list[tuple[Origin, Model]]] = {}
    for number, (label, source) in enumerate(opened):
        for each in plan(source, selection, settings, LeftOut(source.name)):
            key = tuple(chosen.label for chosen in each.losses)
            origin = Origin(number, source.name, label, each.binding.model)
            groups.setdefault(key, []).append((origin, Model(origin.column, source, each)))
    for entries in groups.values():
        if len(entries) < _PAIR:
            raise _one_model(*entries[0])
        for _, model in entries:
            for chosen in model.plan.losses:
                if not _has_rows(chosen, model.source, model.plan.binding):
                    cure = "give distributions across columns: -t 'p_*' -p 'q_*'"
                    raise UsageError(f"{chosen.loss.id} {_NO_ROWS}", cure)
    return [_named(entries) for entries in groups.values()]


def _named(entries: Sequence[tuple[Origin, Model]]) -> list[Model]:
    names = names_of([origin for origin, _ in entries])
    return [replace(model, name=name) for (_, model), name in zip(entries, names, strict=True)]


def _one_model(origin: Origin, model: Model) -> UsageError:
    name = origin.label or origin.path
    return UsageError(f"{name}: there is one model, {model.plan.binding.model}, and nothing to compare", _CURE)


def _has_rows(chosen: ChosenLoss, source: Source, binding: Binding) -> bool:
    return chosen.loss.kind is not Kind.DISTRIBUTION or lies_across(source, binding)


def fitting_all(
    opened: Sequence[Opened], selection: Selection, settings: Settings, on_progress: Progress | None
) -> tuple[Selection, list[LeftOut]]:
    """Find the losses of ``all`` that every model can be compared by: a pass over each source tells.

    Returns
    -------
    Selection
        The losses that fit.
    list[LeftOut]
        Of each source, those that do not, with the reasons.

    Raises
    ------
    UsageError
        Where none does.
    DataError
        Where rows cannot be computed on.
    """
    left_out: list[LeftOut] = []
    models: Counter[str] = Counter()
    for _, source in opened:
        computed = compute_source(source, selection, settings, on_progress, None)
        left_out.append(computed.left_out)
        for tally, index in computed.reported:
            chosen, binding = tally.plan.losses[index], tally.plan.binding
            models[chosen.label] += 1
            if not _has_rows(chosen, source, binding):
                computed.left_out.add(chosen, _NO_ROWS)
    lost = {label for each in left_out for label in each.reasons}
    fitting = [chosen for chosen in selection.losses if chosen.label not in lost]
    for chosen in fitting:
        if models[chosen.label] < _PAIR:
            left_out[0].add(chosen, "there is one model it fits, and nothing to compare")
    fitting = [chosen for chosen in fitting if models[chosen.label] >= _PAIR]
    if not fitting:
        raise max(left_out, key=lambda each: len(each.reasons)).refusal(UsageError)
    return Selection(tuple(fitting)), left_out
