"""The level of intervals, where the names of their ends tell it. May import sources and core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lossctl.api.setup.losses import Selection
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ALPHA, ChosenLoss, Kind
from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.sources import Source

__all__ = ["with_levels"]


def with_levels(selection: Selection, opened: Iterable[tuple[Source, Settings]]) -> Selection:
    """Set the level of losses of intervals to what the names of the columns tell, where nobody chose it.

    Where the names of two models tell different levels the losses stay as they are: the columns are refused later.

    Parameters
    ----------
    selection
        The losses.
    opened
        The sources of models, and how their columns are bound.
    """
    if not any(_is_open(chosen) for chosen in selection.losses):
        return selection
    sources = list(opened)
    losses = [_with_level(chosen, sources) if _is_open(chosen) else chosen for chosen in selection.losses]
    return replace(selection, losses=tuple({chosen.label: chosen for chosen in losses}.values()))


def _is_open(chosen: ChosenLoss) -> bool:
    """Return whether a loss is of intervals whose level nobody chose."""
    return chosen.loss.kind is Kind.INTERVAL and ALPHA in chosen.params and ALPHA not in chosen.given


def _with_level(chosen: ChosenLoss, sources: Sequence[tuple[Source, Settings]]) -> ChosenLoss:
    from lossctl.sources.columns.bind import bind
    from lossctl.sources.columns.kinds import alpha_of

    told: set[float | None] = set()
    for source, settings in sources:
        try:
            bindings = bind(list(source.columns), [chosen], settings, source.spaces)
            told |= {alpha_of(each.prediction) for each in bindings}
        except UsageError:  # the columns are refused where they are bound for good
            return chosen
    (alpha,) = told if len(told) == 1 else (None,)
    return chosen if alpha is None else replace(chosen, params=MappingProxyType({**chosen.params, ALPHA: alpha}))
