"""What a reader should know of how columns were bound: where their names left a choice that moves the value.

May import sources, engine, losses and core.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

from lossctl.api.setup.unused import pooled, series_of
from lossctl.core.bound import note_used
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ALPHA, PROBABILITY, ChosenLoss, Kind, Role
from lossctl.core.method import Method
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.engine.plan import ModelTally
from lossctl.losses import negated
from lossctl.sources import Source
from lossctl.sources.columns.classes import have_numbers, order_of
from lossctl.sources.columns.kinds import alpha_of, coverage_text
from lossctl.sources.names import listed

__all__ = ["cautions"]

BoundLoss = tuple[ModelTally, ChosenLoss]

_LIKE_PROBABILITIES = r"(?<![a-z])(prob\w*|score|phat|p_hat)(?![a-z])"


def cautions(source: Source, bound: Iterable[BoundLoss], settings: Settings, method: Method | None = None) -> list[str]:
    """Return warnings about the columns that losses were bound to.

    Parameters
    ----------
    source
        Where the columns are.
    bound
        Each loss that is reported, with what was found of its model.
    settings
        What the user said of columns.
    method
        How models are compared; ``None``: they are not.
    """
    pairs = list(bound)
    columns = [(chosen, tally.plan.binding) for tally, chosen in pairs]
    lines = [*_negated(columns), *_orders(columns, settings), *_levels(columns), *_hard(source, pairs)]
    if settings.positive is not None:
        from lossctl.api.setup.turned import turned

        lines += turned(source, [(tally.plan, chosen) for tally, chosen in pairs], settings)
    bindings = [binding for _, binding in columns]
    cluster = None if method is None else method.cluster
    note_used([cluster])
    lines += [*pooled(source, bindings, settings, cluster), *_series(source, columns, settings, method)]
    return [f"{source.name}: {line}" for line in lines]


def _negated(bound: Iterable[tuple[ChosenLoss, Binding]]) -> list[str]:
    """Say of losses chosen by the name of their negative that they have the other sign."""
    names = dict.fromkeys(chosen.typed for chosen, _ in bound if negated(chosen))
    return [f"{name} is minus the loss in scikit-learn; here it is the loss, and lower is better" for name in names]


def _hard(source: Source, bound: Iterable[BoundLoss]) -> list[str]:
    """Warn of predicted probabilities that are all 0 or 1, as labels are, and name columns that may hold others."""
    lines: dict[str, None] = {}
    for tally, chosen in bound:
        binding = tally.plan.binding
        is_one = chosen.loss.prediction == PROBABILITY and chosen.loss.kind is not Kind.DISTRIBUTION
        if tally.soft or not is_one or not tally.rows.n:
            continue
        others = [
            name
            for name in source.columns
            if name not in binding.needed and re.search(_LIKE_PROBABILITIES, name.lower()) is not None
        ]
        text = binding.text(Role.PREDICTION)
        cure = f"; probabilities may be in {listed(others)}" if others else "; a loss of probabilities needs others"
        lines[f"{text} is exactly 0 or 1 in every row, as labels are{cure}"] = None
    return list(lines)


def _series(
    source: Source, bound: Sequence[tuple[ChosenLoss, Binding]], settings: Settings, method: Method | None
) -> list[str]:
    """Warn of several series that are taken for one."""
    labels = list(dict.fromkeys(chosen.title for chosen, _ in bound if chosen.loss.series))
    in_order = method is not None and (method.is_series or method.block is not None)
    if not labels and not in_order:
        return []
    lines = []
    for name in series_of(source, [binding for _, binding in bound], settings):
        if name in settings.by:
            what = ", ".join(labels) if method is None or not in_order else method.label
            lines.append(f'of all rows together {what} runs over the borders of the series in "{name}": see the slices')
            continue
        if labels:
            scale = "the scale is the naive forecast's error on these rows, not on those of training"
            verb = "looks" if len(labels) == 1 else "look"
            problem = f'{", ".join(labels)} {verb} back across the borders of the series in "{name}"'
            lines.append(f"{problem}: --by {name} keeps them apart; {scale}")
        if method is not None and in_order:
            problem = f'{method.label} takes the rows for one series, and "{name}" names several'
            lines.append(f"{problem}: compare them one by one, or by --cluster {name}")
    return lines


def _orders(bound: Iterable[tuple[ChosenLoss, Binding]], settings: Settings) -> list[str]:
    """Warn of classes that are texts, and stand in the order of their columns for want of a better one."""
    losses: dict[tuple[str, ...], dict[str, None]] = {}
    for chosen, binding in bound:
        order = order_of(chosen, binding)
        if order and not settings.classes and not have_numbers(order):
            losses.setdefault(order, {})[chosen.loss.id] = None
    return [
        f"{', '.join(ids)} {'takes' if len(ids) == 1 else 'take'} the classes in the order of the columns, "
        f"{' < '.join(order)}; --classes gives another"
        for order, ids in losses.items()
    ]


def _levels(bound: Iterable[tuple[ChosenLoss, Binding]]) -> list[str]:
    """Warn of intervals whose level nobody says, or of which the names say another than the user."""
    lines = []
    for chosen, binding in bound:
        if chosen.loss.kind is not Kind.INTERVAL or ALPHA not in chosen.params:
            continue
        alpha, text = float(cast("float", chosen.params[ALPHA])), binding.text(Role.PREDICTION)
        try:
            told = alpha_of(binding.prediction)
        except UsageError:  # they tell two, and the user one
            told = None
        if ALPHA in chosen.given and told is not None and told != alpha:
            says = f"the names of {text} say {coverage_text(told)}"
            lines.append(f"{says}, and --alpha {alpha:g} says {coverage_text(alpha)}: --alpha is used")
        elif ALPHA not in chosen.given and told is None:
            level = f"{coverage_text(alpha)} (alpha={alpha:g})"
            lines.append(f"the names of {text} give no level: {chosen.loss.id} takes it for {level}; --alpha sets it")
    return lines
