"""Signatures of results: what was computed, on what, with which settings. May import engine and core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lossctl.api.matched import key_parts
from lossctl.core.loss import ChosenLoss
from lossctl.core.settings import Settings
from lossctl.core.version import __version__

if TYPE_CHECKING:
    from lossctl.engine.plan import ModelTally

__all__ = ["signature_asked", "signature_of"]


def signature_of(tally: ModelTally, chosen: ChosenLoss, settings: Settings, by: Sequence[str] = ()) -> str:
    """Write what was computed, on what, with which settings, so that it reads back into flags."""
    asked = signature_asked(tally, chosen, settings, by)
    return f"{asked}|n={tally.rows.n}/{tally.n_read}|lossctl={__version__}"


def signature_asked(tally: ModelTally, chosen: ChosenLoss, settings: Settings, by: Sequence[str] = ()) -> str:
    """Write a signature as far as the rows, which differ from slice to slice."""
    parts = [chosen.label, str(tally.reduction(chosen)), f"w={settings.weight or 'none'}", f"nan={settings.nan}"]
    if settings.class_weights and tally.plan.binding.labels:
        parts.append("class_weights=" + ",".join(f"{k}={v!r}" for k, v in settings.class_weights.items()))
    if settings.ignore_label is not None and tally.plan.binding.labels:
        parts.append(f"ignore_label={settings.ignore_label}")
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
