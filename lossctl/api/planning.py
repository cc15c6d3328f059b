"""From losses and columns to plans: which losses are computed on which columns of a source.

May import sources, engine, losses and core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lossctl.api.selecting import Selection
from lossctl.core.block import Binding
from lossctl.core.errors import UsageError
from lossctl.core.loss import PROBABILITY, ChosenLoss, Kind, Role
from lossctl.core.settings import Settings
from lossctl.engine.plan import ModelPlan
from lossctl.sources import ColumnType, Source
from lossctl.sources.bind import bind, can_bind, has_usual_target

__all__ = ["LeftOut", "could_bind", "labels_of", "plan"]

BINARY_CODES = (0.0, 1.0)
_MOST_SHOWN = 5
"""The most values of a target that a message shows."""


@dataclass(slots=True)
class LeftOut:
    """Losses of ``all`` that do not fit, each with the reason."""

    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, chosen: ChosenLoss, reason: str) -> None:
        """Leave a loss out."""
        self.reasons[chosen.label] = reason.removeprefix(f"{chosen.loss.id} ")

    def lines(self) -> list[str]:
        """Say in a line each which losses were left out for which reason."""
        by_reason: dict[str, list[str]] = {}
        for label, reason in self.reasons.items():
            by_reason.setdefault(reason, []).append(label)
        return [
            f"{', '.join(labels)} {'is' if len(labels) == 1 else 'are'} left out: {reason}"
            for reason, labels in by_reason.items()
        ]


def could_bind(names: Sequence[str], selection: Selection, settings: Settings) -> bool:
    """Say whether columns of these names would do: what settles the delimiter of a text file."""
    if selection.fitting_only:
        return any(can_bind(names, alike, settings) for alike in _by_kind(selection.losses))
    return can_bind(names, selection.losses, settings)


def plan(source: Source, selection: Selection, settings: Settings, left_out: LeftOut) -> list[ModelPlan]:
    """Bind columns and say what to compute for each model.

    Losses of ``all`` that do not fit the columns are added to `left_out`.

    Raises
    ------
    UsageError
        Where columns are missing or ambiguous, or a loss takes others than those bound.
    """
    losses = selection.losses
    if not selection.fitting_only:
        try:
            bindings = bind(list(source.columns), losses, settings)
            for chosen in losses:
                _require_shapes(source, chosen, bindings)
        except UsageError as error:
            raise UsageError(f"{source.name}: {error.problem}", error.cure) from None
        bindings = [_with_positive(source, binding, settings) for binding in bindings]
        return [ModelPlan(binding, losses, settings.clip, settings.normalize) for binding in bindings]
    fitting: dict[Binding, list[ChosenLoss]] = {}
    for alike in _by_kind(losses):
        for chosen in alike:
            try:
                bindings = bind(list(source.columns), alike, settings)
                _require_meaning(source, chosen, settings)
                _require_shapes(source, chosen, bindings)
                bindings = [_with_positive(source, binding, settings) for binding in bindings]
            except UsageError as reason:
                left_out.add(chosen, reason.problem)
                continue
            for binding in bindings:
                fitting.setdefault(binding, []).append(chosen)
    _leave_out_numbers(fitting, left_out)
    if not fitting:
        reasons = "; ".join(left_out.lines())
        raise UsageError(f"{source.name}: no loss fits the columns: {reasons}", "name columns with -t and -p")
    return [ModelPlan(binding, tuple(group), settings.clip, settings.normalize) for binding, group in fitting.items()]


def _leave_out_numbers(fitting: dict[Binding, list[ChosenLoss]], left_out: LeftOut) -> None:
    """Leave out the losses that take for numbers a target that others take for labels."""
    labelled = {name for binding in fitting if binding.labels for name in binding.target}
    for binding in [each for each in fitting if not each.labels and not labelled.isdisjoint(each.target)]:
        for chosen in fitting.pop(binding):
            left_out.add(chosen, f'column "{binding.target_text}" holds labels')


def labels_of(plans: Sequence[ModelPlan]) -> dict[str, tuple[str, ...]]:
    """Give the columns to be read as labels, and their labels.

    Raises
    ------
    UsageError
        Where two losses take one column for different things.
    """
    labels: dict[str, tuple[str, ...]] = {}
    for each in plans:
        for name in each.binding.target:
            if labels.setdefault(name, each.binding.labels) != each.binding.labels:
                problem = f"{', '.join(chosen.label for chosen in each.losses)} and other losses read column"
                raise UsageError(f'{problem} "{name}" as different labels', "run them apart")
    return {name: found for name, found in labels.items() if found}


def _with_positive(source: Source, binding: Binding, settings: Settings) -> Binding:
    """Let a target of two texts count as 0 and 1, as ``--positive`` says."""
    if settings.positive is None or len(binding.target) != 1 or binding.labels:
        return binding
    column = binding.target[0]
    found = source.distinct(column, _MOST_SHOWN)
    if settings.positive not in found or len(found) > len(BINARY_CODES):
        shown = ", ".join(repr(each) for each in found)
        raise UsageError(
            f'column "{column}" holds {shown}: not {settings.positive!r} and one other value',
            "--positive names one of the two values of the target",
        )
    other = next((each for each in found if each != settings.positive), "")
    return replace(binding, labels=(other, settings.positive))


def _by_kind(losses: Sequence[ChosenLoss]) -> list[list[ChosenLoss]]:
    """Group losses that bind to columns alike: by input kind, by probabilities or scores, predictions alone apart."""
    groups: dict[tuple[object, ...], list[ChosenLoss]] = {}
    for chosen in losses:
        alone = chosen.loss.roles == (Role.PREDICTION,)
        scores = chosen.loss.kind is Kind.MULTICLASS and chosen.loss.prediction != PROBABILITY
        groups.setdefault((chosen.loss.kind, alone, scores, chosen.loss.thresholds), []).append(chosen)
    return list(groups.values())


def _require_shapes(source: Source, chosen: ChosenLoss, bindings: Sequence[Binding]) -> None:
    for binding in bindings:
        if chosen.loss.kind in {Kind.REAL, Kind.BINARY}:
            _require_numbers(source, chosen, binding)
        elif chosen.loss.kind is Kind.MULTICLASS:
            _require_classes(source, chosen, binding)
        elif chosen.loss.kind in {Kind.DISTRIBUTION, Kind.VECTORS}:
            _require_distributions(source, chosen, binding)


def _is_list(source: Source, binding: Binding, role: Role) -> bool:
    return any(source.columns[name] is ColumnType.NUMBERS for name in binding.columns(role))


def _require_numbers(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    for role in chosen.loss.roles:
        if len(binding.columns(role)) > 1 or _is_list(source, binding, role):
            raise UsageError(
                f"{chosen.loss.id} takes one column of numbers as its {role}, and {binding.text(role)} is a vector",
                "for several models, repeat -p",
            )


def _require_classes(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    if len(binding.target) != 1 or _is_list(source, binding, Role.TARGET):
        problem = (
            f"{chosen.loss.id} takes one column of labels as its target, and {binding.text(Role.TARGET)} is several"
        )
        raise UsageError(problem, "name it with -t COLUMN")
    if len(binding.prediction) == 1 and not _is_list(source, binding, Role.PREDICTION):
        raise UsageError(
            f"{chosen.loss.id} takes a column for each class, and {binding.text(Role.PREDICTION)} is one column",
            "name them with a glob: -p 'p_*'",
        )


def _require_distributions(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    shapes = {(len(binding.columns(role)), _is_list(source, binding, role)) for role in chosen.loss.roles}
    if len(shapes) > 1:
        raise UsageError(
            f"-t {binding.text(Role.TARGET)} and -p {binding.text(Role.PREDICTION)} do not list the same categories",
            "give both as as many columns, or both as list columns",
        )
    if shapes == {(1, False)} and chosen.loss.kind is Kind.VECTORS:
        raise UsageError(f"{chosen.loss.id} takes vectors", "name their columns with globs: -t 'y_*' -p 's_*'")
    if shapes == {(1, False)} and chosen.loss.across:
        raise UsageError(
            f"{chosen.loss.id} takes a distribution across columns, in the order of its categories",
            "name the columns with globs: -t 'p_*' -p 'q_*'",
        )


def _require_meaning(source: Source, chosen: ChosenLoss, settings: Settings) -> None:
    """Leave out of ``all`` a loss of predictions alone where there are targets to compare them with."""
    if Role.TARGET in chosen.loss.roles:
        return
    if settings.target is not None or has_usual_target(list(source.columns)):
        raise UsageError("it takes no target: its prediction is the probability of what happened")
