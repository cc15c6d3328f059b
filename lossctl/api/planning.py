"""From losses and columns to plans: which losses are computed on which columns of a source.

May import sources, engine, losses and core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lossctl.api.selecting import Selection
from lossctl.core.block import Binding
from lossctl.core.errors import UsageError
from lossctl.core.loss import ChosenLoss, Kind, Role
from lossctl.core.settings import Settings
from lossctl.engine.plan import ModelPlan
from lossctl.sources import ColumnType, Source
from lossctl.sources.bind import bind, can_bind, has_usual_target

__all__ = ["LeftOut", "could_bind", "plan"]


@dataclass(slots=True)
class LeftOut:
    """Losses of ``all`` that do not fit, each with the reason."""

    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, chosen: ChosenLoss, reason: str) -> None:
        """Leave a loss out."""
        self.reasons[chosen.label] = reason

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
        return [ModelPlan(binding, losses, settings.clip, settings.normalize) for binding in bindings]
    fitting: dict[Binding, list[ChosenLoss]] = {}
    for alike in _by_kind(losses):
        for chosen in alike:
            try:
                bindings = bind(list(source.columns), alike, settings)
                _require_meaning(source, chosen, settings)
                _require_shapes(source, chosen, bindings)
            except UsageError as reason:
                left_out.add(chosen, reason.problem)
                continue
            for binding in bindings:
                fitting.setdefault(binding, []).append(chosen)
    if not fitting:
        reasons = "; ".join(left_out.lines())
        raise UsageError(f"{source.name}: no loss fits the columns: {reasons}", "name columns with -t and -p")
    return [ModelPlan(binding, tuple(group), settings.clip, settings.normalize) for binding, group in fitting.items()]


def _by_kind(losses: Sequence[ChosenLoss]) -> list[list[ChosenLoss]]:
    """Group losses that bind to columns alike: by input kind, and those of predictions alone apart."""
    groups: dict[tuple[Kind, bool], list[ChosenLoss]] = {}
    for chosen in losses:
        alone = chosen.loss.roles == (Role.PREDICTION,)
        groups.setdefault((chosen.loss.kind, alone), []).append(chosen)
    return list(groups.values())


def _require_shapes(source: Source, chosen: ChosenLoss, bindings: Sequence[Binding]) -> None:
    for binding in bindings:
        if chosen.loss.kind in {Kind.REAL, Kind.BINARY}:
            _require_numbers(source, chosen, binding)
        elif chosen.loss.kind is Kind.DISTRIBUTION:
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


def _require_distributions(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    shapes = {(len(binding.columns(role)), _is_list(source, binding, role)) for role in chosen.loss.roles}
    if len(shapes) > 1:
        raise UsageError(
            f"-t {binding.text(Role.TARGET)} and -p {binding.text(Role.PREDICTION)} do not list the same categories",
            "give both as as many columns, or both as list columns",
        )
    if chosen.loss.across and shapes == {(1, False)}:
        raise UsageError(
            f"{chosen.loss.id} takes a distribution across columns, in the order of its categories",
            "name the columns with a glob: -t 'p_*' -p 'q_*'",
        )


def _require_meaning(source: Source, chosen: ChosenLoss, settings: Settings) -> None:
    """Leave out of ``all`` a loss of predictions alone where there are targets to compare them with."""
    if Role.TARGET in chosen.loss.roles:
        return
    if settings.target is not None or has_usual_target(list(source.columns)):
        raise UsageError("it takes no target: its prediction is the probability of what happened")
