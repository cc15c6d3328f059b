"""Who computes: processes for large files, threads for the rest. Sees the engine, the losses and sources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lossctl.sources import size_of

if TYPE_CHECKING:
    from lossctl.engine.run.processes import Crew

__all__ = ["workers"]

LARGE_BYTES = 2**24
"""Of files; below, forking costs more than it saves."""

FEWEST_VALUES = 2
"""For one loss, handing the rows over costs as much as it saves (10 M rows of CSV: 1.15 × SQL, 1.07 without)."""


@contextmanager
def workers(sources: Iterable[object], threads: int | None, values: int) -> Iterator[Crew | None]:
    """Open processes to compute in, where that pays and is safe: it must come before anything starts a thread.

    Parameters
    ----------
    sources
        What will be read.
    threads
        How many may compute at once; as many as there are cores where it is not given.
    values
        How many losses of models are computed on each row.
    """
    size = min(threads or os.cpu_count() or 1, os.cpu_count() or 1)
    if size == 1 or values < FEWEST_VALUES or sum(map(size_of, sources)) < LARGE_BYTES:
        yield None
        return
    from lossctl.engine.run.processes import Crew, can_fork
    from lossctl.losses import LOSSES

    if not can_fork():
        yield None
        return
    try:
        crew = Crew(size, LOSSES)
    except OSError:  # no more processes, or no more memory, may be had: threads will do
        yield None
        return
    with crew:
        yield crew
