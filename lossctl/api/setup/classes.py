"""Models that are read or compared together, with their class columns in one order.

May import sources, engine and core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import Kind, Role
from lossctl.core.rows.block import Binding
from lossctl.engine.plan import ModelPlan
from lossctl.sources import Source
from lossctl.sources.columns.classes import have_numbers, names_of_columns
from lossctl.sources.names import listed

__all__ = ["share_classes"]


def share_classes(bound: Sequence[tuple[Source, ModelPlan]]) -> list[ModelPlan]:
    """Put the class columns of every model in the order of the first model with the same classes.

    Models of one source read one column of labels, and so need one order. Models of several sources need it where the
    order counts, and where distributions are matched column by column.

    Raises
    ------
    UsageError
        Where two models have other classes, naming those.
    """
    shared: list[tuple[Source, ModelPlan]] = []
    for source, each in bound:
        first = next((known for at, known in shared if _meet(at is source, known, each)), None)
        shared.append((source, each if first is None else _in_order_of(source, first, each)))
    return [plan for _, plan in shared]


def _meet(together: bool, known: ModelPlan, plan: ModelPlan) -> bool:  # noqa: FBT001 -- of one source
    """Return whether the classes of two models must stand in one order."""
    if together:
        return bool(known.binding.labels and plan.binding.labels and _names(known) and _names(plan))
    if [chosen.label for chosen in known.losses] != [chosen.label for chosen in plan.losses]:
        return False
    return any(chosen.loss.ordered or chosen.loss.kind is Kind.DISTRIBUTION for chosen in plan.losses)


def _names(plan: ModelPlan) -> tuple[str, ...]:
    """Return what the columns of a prediction are called: their classes where these are known."""
    binding = plan.binding
    names = names_of_columns(binding.text(Role.PREDICTION), binding.prediction)
    thresholds = any(chosen.loss.thresholds for chosen in plan.losses)
    return binding.labels[: len(names)] if binding.labels and not thresholds else names


def _in_order_of(source: Source, known: ModelPlan, plan: ModelPlan) -> ModelPlan:
    binding, names, wanted = plan.binding, _names(plan), _names(known)
    if names == wanted or (binding.labels and known.binding.labels == binding.labels):
        return plan
    if set(names) != set(wanted) or set(known.binding.labels) != set(binding.labels):
        if not binding.labels or (have_numbers(names) and have_numbers(wanted)):
            return plan
        raise _other_classes(source, known.binding, binding)
    places = [names.index(name) for name in wanted]
    weights = dict(zip(binding.labels, binding.label_weights, strict=False))
    moved = replace(
        binding,
        prediction=tuple(binding.prediction[place] for place in places),
        labels=known.binding.labels,
        label_weights=tuple(weights[label] for label in known.binding.labels) if weights else (),
    )
    if len(binding.target) == len(places) > 1:  # distributions: each category at the same place
        moved = replace(moved, target=tuple(binding.target[place] for place in places))
    return replace(plan, binding=moved)


def _other_classes(source: Source, known: Binding, binding: Binding) -> UsageError:
    one, other = known.text(Role.PREDICTION), binding.text(Role.PREDICTION)
    alone = [
        f"{text} alone has {listed(label for label in mine.labels if label not in theirs.labels)}"
        for text, mine, theirs in ((one, known, binding), (other, binding, known))
        if not set(mine.labels) <= set(theirs.labels)
    ]
    problem = f"{source.name}: {one} and {other} are not of the same classes: {', and '.join(alone)}"
    return UsageError(problem, "name columns of the same classes for both, or run them apart")
