"""Which models are compared by which losses. May import sources and core.

The models of a comparison are the predictions of every source, the first of the first source being the baseline. Losses
that bind to other columns have other models: an interval and a mean of one file are two competitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from lossctl.api.comparisons.pairing import Model
from lossctl.api.results.computed import Progress, compute_source
from lossctl.api.setup.classes import share_classes
from lossctl.api.setup.losses import Selection
from lossctl.api.setup.naming import Origin, names_of
from lossctl.api.setup.plan import LeftOut, plan
from lossctl.api.setup.shapes import lies_across
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources import Source

__all__ = ["Opened", "Origin", "fitting_all", "line_up", "named_models", "require_each_row"]

_PAIR = 2
_NO_ROWS = "down the file is one value, and no rows stand behind it"
_CURE = "name two predictions (-p old -p new), or two files of the same rows"


@dataclass(frozen=True, slots=True)
class Opened:
    """A source of models.

    Parameters
    ----------
    label
        What the user calls it; ``None`` where he does not say.
    source
        The source. It may stand twice, with other settings.
    settings
        How its columns are bound.
    is_baseline
        Whether it has but the one model that others are compared with.
    """

    label: str | None
    source: Source
    settings: Settings
    is_baseline: bool = False


def line_up(opened: Sequence[Opened], selection: Selection) -> list[list[Model]]:
    """Return the models of each set of losses that bind alike, the baseline first.

    Raises
    ------
    UsageError
        Where there is one model alone, a baseline is of several or a candidate too, or a loss has one value for a
        whole file.
    """
    sources = list(dict.fromkeys(each.source for each in opened))
    plans = [plan(one.source, selection, one.settings, LeftOut(one.source.name)) for one in opened]
    shared = iter(share_classes([(one.source, each) for one, own in zip(opened, plans, strict=True) for each in own]))
    groups: dict[tuple[str, ...], list[tuple[Origin, Model]]] = {}
    for one, own in zip(opened, plans, strict=True):
        for each in islice(shared, len(own)):
            entries = groups.setdefault(tuple(chosen.label for chosen in each.losses), [])
            if one.is_baseline and entries:
                raise _two_baselines(one.source, [entries[0][1], Model("", one.source, each)])
            if opened[0].is_baseline and any(_is_same(known, one.source, each.binding) for _, known in entries[:1]):
                problem = f"{one.source.name}: candidate and baseline are both {each.binding.model}"
                raise UsageError(problem, "name the candidate with -p")
            origin = Origin(sources.index(one.source), one.source.name, one.label, each.binding.model)
            entries.append((origin, Model(origin.column, one.source, each)))
    for entries in groups.values():
        if len(entries) < _PAIR:
            raise _one_model(*entries[0])
        require_each_row([model for _, model in entries])
    return [named_models(entries) for entries in groups.values()]


def require_each_row(models: Sequence[Model]) -> None:
    """Refuse losses that are one value for a whole file.

    Raises
    ------
    UsageError
        Naming the first.
    """
    for model in models:
        for chosen in model.plan.losses:
            if not _has_rows(chosen, model.source, model.plan.binding):
                raise UsageError(f"{chosen.loss.id} {_NO_ROWS}", "give distributions across columns: -t 'p_*' -p 'q_*'")


def named_models(entries: Sequence[tuple[Origin, Model]]) -> list[Model]:
    """Return models the names that tell them apart."""
    names = names_of([origin for origin, _ in entries])
    return [replace(model, name=name) for (_, model), name in zip(entries, names, strict=True)]


def _one_model(origin: Origin, model: Model) -> UsageError:
    name = origin.label or origin.path
    return UsageError(f"{name}: there is one model, {model.plan.binding.model}, and nothing to compare", _CURE)


def _is_same(model: Model, source: Source, binding: Binding) -> bool:
    return model.source is source and model.plan.binding == binding


def _two_baselines(source: Source, models: Sequence[Model]) -> UsageError:
    names = ", ".join(model.plan.binding.model for model in models)
    return UsageError(f"{source.name}: a baseline is one model, and here are {names}", "name it: --baseline-pred COL")


def _has_rows(chosen: ChosenLoss, source: Source, binding: Binding) -> bool:
    return chosen.loss.kind is not Kind.DISTRIBUTION or lies_across(source, binding)


def fitting_all(
    opened: Sequence[Opened], selection: Selection, on_progress: Progress | None, *, fewest: int = _PAIR
) -> tuple[Selection, list[LeftOut]]:
    """Find the losses of ``all`` that every model can be compared by: a pass over each source tells.

    Parameters
    ----------
    opened
        The sources.
    selection
        The losses that may fit.
    on_progress
        As in `lossctl.evaluate`.
    fewest
        How many models a loss must fit; one, where what they are compared with is not among these.

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
    for each in opened:
        source, whole = each.source, replace(each.settings, by=(), min_n=None)
        computed = compute_source(source, selection, whole, on_progress, None)
        left_out.append(computed.left_out)
        for tally, index in computed.reported:
            chosen, binding = tally.plan.losses[index], tally.plan.binding
            models[chosen.label] += 1
            if not _has_rows(chosen, source, binding):
                computed.left_out.add(chosen, _NO_ROWS)
    lost = {label for reasons in left_out for label in reasons.reasons}
    fitting = [chosen for chosen in selection.losses if chosen.label not in lost]
    for chosen in fitting:
        if models[chosen.label] < fewest:
            left_out[0].add(chosen, "there is one model it fits, and nothing to compare")
    fitting = [chosen for chosen in fitting if models[chosen.label] >= fewest]
    if not fitting:
        raise max(left_out, key=lambda reasons: len(reasons.reasons)).refusal(UsageError)
    return Selection(tuple(fitting)), left_out
