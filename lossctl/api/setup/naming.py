"""What models are called: by what tells them apart, the source, the column, or both. Imports core alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lossctl.core.bound import note_names
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Origin", "names_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from.

    Parameters
    ----------
    source
        Which of the sources it is in, counted from 0.
    path
        What the source is called.
    label
        What the user calls the source; ``None`` where he does not say.
    column
        The column or columns of its predictions.
    """

    source: int
    path: str
    label: str | None
    column: str


def names_of(origins: Sequence[Origin]) -> list[str]:
    """Name models so that they can be told apart.

    Models of one source that has no label are called by their columns; else by their source, with the column where the
    source has several models. Sources without a name of their own, such as frames, are counted.

    Examples
    --------
    >>> names_of([Origin(0, "a.csv", None, "old"), Origin(0, "a.csv", None, "new")])
    ['old', 'new']
    >>> names_of([Origin(0, "a.csv", None, "p"), Origin(1, "b.csv", "new", "p"), Origin(1, "b.csv", "new", "q")])
    ['a.csv', 'new:p', 'new:q']
    >>> names_of([Origin(0, "<frame>", None, "p"), Origin(1, "<frame>", None, "p")])
    ['<frame> 1', '<frame> 2']
    >>> names_of([Origin(0, "a.csv", None, "old"), Origin(1, "a.csv", None, "new")])
    ['old', 'new']
    """
    origins = _of_one_file(origins)
    columns: dict[int, set[str]] = {}
    sources: dict[str, list[int]] = {}
    for origin in origins:
        columns.setdefault(origin.source, set()).add(origin.column)
        alike = sources.setdefault(origin.label or origin.path, [])
        if origin.source not in alike:
            alike.append(origin.source)
    names = []
    for origin in origins:
        name = origin.label or origin.path
        if len(sources[name]) > 1:
            name = f"{name} {sources[name].index(origin.source) + 1}"
        if len(columns) == 1 and origin.label is None:
            name = origin.column
        elif len(columns[origin.source]) > 1:
            name = f"{name}:{origin.column}"
        names.append(name)
    note_names(names)
    return names


def _of_one_file(origins: Sequence[Origin]) -> list[Origin]:
    """Count a file that is opened twice, for other columns, as one source: its columns tell its models apart."""
    sources: dict[tuple[str, str], set[int]] = {}
    for origin in origins:
        sources.setdefault((origin.path, origin.column), set()).add(origin.source)
    twice = {path for (path, _), numbers in sources.items() if len(numbers) > 1}
    firsts: dict[str, int] = {}
    return [
        origin
        if origin.label is not None or origin.path.startswith("<") or origin.path in twice  # <frame> is no one frame
        else replace(origin, source=firsts.setdefault(origin.path, origin.source))
        for origin in origins
    ]
