"""The losses to compute on an open source: those that were named, or the usual ones. May import sources and core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.api.setup.interval_levels import with_levels
from lossctl.api.setup.losses import Selection
from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.sources import Source

__all__ = ["settled"]


def settled(selection: Selection, source: Source, settings: Settings) -> Selection:
    """Return the losses to compute: those named, else the usual ones; with the levels that the columns tell."""
    if selection.told is not None:
        from lossctl.api.setup.usual import usual_of

        selection = usual_of(source, settings, selection.told)
    return with_levels(selection, [(source, settings)])
