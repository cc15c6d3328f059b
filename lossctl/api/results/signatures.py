"""Signatures of results: what was computed, on what, with which settings. May import sources, engine and core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lossctl.api.setup.unmatched import key_parts
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.version import __version__
from lossctl.sources.columns.classes import have_numbers, order_of

if TYPE_CHECKING:
    from lossctl.engine.plan import ModelTally

__all__ = ["order_in", "order_part", "signature_asked", "signature_of"]

_ORDER = "classes="


def signature_of(tally: ModelTally, chosen: ChosenLoss, settings: Settings, by: Sequence[str] = ()) -> str:
    """Write what was computed, on what, with which settings, so that it reads back into flags."""
    asked = signature_asked(tally, chosen, settings, by)
    return f"{asked}|n={tally.rows.n}/{tally.n_read}|lossctl={__version__}"


def signature_asked(tally: ModelTally, chosen: ChosenLoss, settings: Settings, by: Sequence[str] = ()) -> str:
    """Write a signature as far as the rows, which differ from slice to slice."""
    parts = [chosen.label, str(tally.reduction(chosen)), f"w={settings.weight or 'none'}", f"nan={settings.nan}"]
    parts += _class_parts(tally, chosen, settings)
    if tally.plan.binding.levels:
        parts.append("levels=" + ",".join(map(repr, tally.plan.binding.levels)))
    if tally.plan.binding.group is not None:
        parts.append(f"group={tally.plan.binding.group}")
    parts += [f"by={name}" for name in by]
    parts += key_parts(settings)
    if settings.where is not None:
        parts.append(f"where={settings.where}")
    if settings.clip is not None:
        parts.append(f"clip={settings.clip!r}")
    if settings.normalize:
        parts.append("normalize")
    if settings.skill:
        parts.append("skill")
    return "|".join(parts)


def _class_parts(tally: ModelTally, chosen: ChosenLoss, settings: Settings) -> list[str]:
    """Write what a signature says of classes: their weights, and their order where it counts and is not of numbers."""
    parts = []
    if settings.class_weights and tally.plan.binding.labels:
        parts.append("class_weights=" + ",".join(f"{k}={v!r}" for k, v in settings.class_weights.items()))
    if settings.ignore_label is not None and tally.plan.binding.labels:
        parts.append(f"ignore_label={settings.ignore_label}")
    order = order_part(chosen, tally.plan.binding, settings)
    return [*parts, order] if order else parts


def order_part(chosen: ChosenLoss, binding: Binding, settings: Settings) -> str:
    """Write the order of the classes, where it counts and is not that of numbers; else nothing."""
    order = order_of(chosen, binding)
    if chosen.loss.ordered and settings.classes:
        order = settings.classes
    elif have_numbers(order):
        order = ()
    return f"{_ORDER}{','.join(order)}" if order else ""


def order_in(signature: str) -> str:
    """Return what `order_part` wrote into a signature; nothing where it wrote nothing."""
    return next((part for part in signature.split("|") if part.startswith(_ORDER)), "")
