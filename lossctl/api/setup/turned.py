"""Whether the labels that --positive binds may be bound the wrong way round. May import sources, engine and core."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from contextlib import closing

import numpy as np

from lossctl.api.setup.plan import several
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Kind, Role
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.types import Array
from lossctl.engine.plan import ModelPlan
from lossctl.sources import Source

__all__ = ["turned"]

_ROWS = 10_000
"""So many rows are looked at."""
_MOST_SHOWN = 5


def turned(source: Source, bound: Iterable[tuple[ModelPlan, ChosenLoss]], settings: Settings) -> list[str]:
    """Warn of losses that exceed those of a constant guess, and would be lower if the other label counted as 1.

    Parameters
    ----------
    source
        Where the columns are.
    bound
        Each loss that is reported, with the plan it is of.
    settings
        What the user said of columns.
    """
    losses: dict[Binding, list[tuple[ModelPlan, ChosenLoss]]] = {}
    for plan, chosen in bound:
        if chosen.loss.kind is Kind.BINARY and chosen.loss.parts == 1 and chosen.loss.finish is None:
            losses.setdefault(plan.binding, []).append((plan, chosen))
    lines = []
    for binding, group in losses.items():
        target, prediction = _first(source, binding, settings)
        found = [chosen.title for plan, chosen in group if _is_turned(plan, chosen, target, prediction)]
        if found:
            other, positive = map(shlex.quote, binding.labels[:2])
            verb = "is" if len(found) == 1 else "are"
            guess = f"{several(found, _MOST_SHOWN)} {verb} worse than guessing the share of {positive}"
            cure = f"lower with --positive {other}: is --positive {positive} right?"
            lines.append(f"{binding.text(Role.PREDICTION)}: {guess}, and {cure}")
    return lines


def _first(source: Source, binding: Binding, settings: Settings) -> tuple[Array, Array]:
    """Read the first rows that have a label and a finite prediction."""
    columns, found, rows = [*binding.target, *binding.prediction], list[Array](), 0
    reading = source.read(columns, where=settings.where, labels={binding.target[0]: binding.labels})
    with closing(reading) as batches:  # type: ignore[type-var]  # a generator, which can be closed
        for batch in batches:
            found.append(np.column_stack([batch.columns[name] for name in columns]))
            rows += len(found[-1])
            if rows >= _ROWS:
                break
    pairs = np.concatenate(found)[:_ROWS]
    pairs = pairs[np.isfinite(pairs).all(axis=1) & (pairs[:, 0] >= 0.0)]
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def _is_turned(plan: ModelPlan, chosen: ChosenLoss, target: Array, prediction: Array) -> bool:
    """Return whether a loss exceeds that of a constant guess, and that of the same predictions of the other label."""
    rate = float(target.mean()) if len(target) else 0.0
    if not 0.0 < rate < 1.0:
        return False
    probability = chosen.loss.prediction == PROBABILITY
    if probability and plan.clip is not None:
        prediction = np.clip(prediction, plan.clip, 1.0 - plan.clip)
    guesses = (rate, 0.5) if probability else (float(np.log(rate / (1.0 - rate))), -1.0, 0.0, 1.0)

    def mean(labels: Array, values: Array) -> float:
        loss, _ = chosen.loss.kernel(labels, values, **chosen.params)
        return float(np.mean(loss))

    with np.errstate(all="ignore"):
        value, other = mean(target, prediction), mean(1.0 - target, prediction)
        return value > max(other, min(mean(target, np.full_like(target, guess)) for guess in guesses))
