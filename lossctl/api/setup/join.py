"""Sources whose targets stand in another file, opened and joined. May import sources and core."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from lossctl.api.setup.losses import Selection
from lossctl.core.errors import UsageError
from lossctl.core.settings import Settings
from lossctl.sources import ReadOptions, open_source
from lossctl.sources.joins.targets import JoinedSource, join

__all__ = ["open_joined"]


def open_joined(source: Any, selection: Selection, settings: Settings, reading: ReadOptions) -> JoinedSource:
    """Open predictions and the targets that settings name, and join them by the key.

    Raises
    ------
    UsageError
        Where one of them has no such column, or both are standard input.
    """
    if isinstance(settings.targets, str) and settings.targets == "-" == source:
        raise UsageError("standard input is named twice", "it can be read once")

    def fits(names: Sequence[str]) -> bool:
        return set(settings.key) <= set(names)

    with ExitStack() as stack:
        left, right = (
            stack.enter_context(open_source(each, reading, fits=fits)) for each in (source, settings.targets)
        )
        ordered = any(chosen.loss.series for chosen in selection.losses)
        joined = join(
            left, right, settings.key, unmatched=settings.unmatched, ordered=ordered, threads=settings.threads
        )
        stack.pop_all()
        return joined
