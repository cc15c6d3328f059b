"""Progress of a long run, on standard error, only on a terminal. May import core; rich only once it is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lossctl.cli.streams import at_terminal

__all__ = ["progress"]

_SHOW_AFTER_SECONDS = 1.0
"""A run shorter than this shows nothing and never imports rich's progress code."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Callable[[int, float | None], None] | None]:
    """Open a bar as `lossctl.evaluate` takes it; ``None`` off a terminal, and where there is to be none."""
    if quiet or not at_terminal(sys.stderr):
        yield None
        return
    bar = _Bar()
    try:
        yield bar.update
    finally:
        bar.close()


class _Bar:
    """A bar that appears when a run takes long."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown: object | None = None

    def update(self, rows: int, fraction: float | None) -> None:
        """Show how far the run is."""
        if self._shown is None:
            if time.monotonic() - self._started < _SHOW_AFTER_SECONDS:
                return
            self._show()
        from rich.progress import Progress

        if isinstance(self._shown, Progress):
            total = None if fraction is None else 1.0
            self._shown.update(self._task, completed=fraction or 0.0, total=total, rows=f"{rows:,} rows")

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (TextColumn("reading"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeRemainingColumn())
        bar = Progress(*columns, console=console, transient=True)
        self._task = bar.add_task("reading", total=None, rows="")
        bar.start()
        self._shown = bar

    def close(self) -> None:
        """Take the bar off the screen."""
        from_rich = self._shown
        if from_rich is not None:
            from_rich.stop()  # type: ignore[attr-defined]  # a rich Progress
