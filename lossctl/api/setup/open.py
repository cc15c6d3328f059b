"""What the user names, opened: each source with its label, and joined with its targets where they stand apart.

May import sources and core; what reads is imported when it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lossctl.api.setup.losses import Selection
from lossctl.core.errors import UsageError
from lossctl.core.settings import Settings
from lossctl.sources import ReadOptions, open_source, size_of, split_label
from lossctl.sources.query.background import Beside

if TYPE_CHECKING:
    from lossctl.sources import Source

__all__ = ["labelled", "one_file", "open_for", "reading_of"]

_NEEDED_NEXT = (
    "lossctl.api.setup.plan",
    "lossctl.api.setup.faults",
    "lossctl.engine.passes",
    "lossctl.stats.intervals",
)


def labelled(source: Any) -> list[tuple[str | None, Any]]:
    """Return each source with its label, if any; refuse none, and those whose results could not be told apart."""
    sources = list(source) if isinstance(source, (list, tuple)) else [source]
    if not sources:
        raise UsageError("no source is given", "name a file, or - for standard input")
    named = [split_label(each) if isinstance(each, str) else (None, each) for each in sources]
    texts = [location for _, location in named if isinstance(location, str)]
    if texts.count("-") > 1:
        raise UsageError("standard input is named twice", "it can be read once")
    names = [label or location for label, location in named if isinstance(location, str)]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two models are called {name!r}", "label them apart: one=a.csv other=b.csv")
    return named


def open_for(source: Any, selection: Selection, settings: Settings) -> Source:
    """Open a source whose columns the selected losses can bind to, joined with its targets where they stand apart."""
    if settings.targets is not None:
        from lossctl.api.setup.join import open_joined

        return open_joined(source, selection, settings, reading_of(settings))

    def fits(names: Sequence[str]) -> bool:
        from lossctl.api.setup.plan import could_bind  # loads DuckDB, which is better started first

        return could_bind(names, selection, settings)

    reading = reading_of(settings)
    if not size_of(source):  # a stream is copied first, which Ctrl-C must be able to stop
        return open_source(source, reading, fits=fits)
    opening = Beside(partial(open_source, source, reading, fits=fits))
    for name in _NEEDED_NEXT:  # while DuckDB starts and looks at the file
        import_module(name)
    return opening.result()


def one_file(name: str) -> UsageError:
    """Return the error for a file that is both the candidate and its baseline: it is no worse than itself."""
    return UsageError(f"{name}: candidate and baseline are one file", "name another file, or --baseline-pred COL")


def reading_of(settings: Settings) -> ReadOptions:
    """Return what settings say of how to read."""
    return ReadOptions(
        delimiter=settings.delimiter,
        decimal=settings.decimal,
        null=settings.null,
        skip=settings.skip,
        threads=settings.threads,
        format=settings.input_format,
    )
