"""What a candidate is held against: another prediction column, another file, or what a baseline stored.

May import sources and core; what reads is imported when it reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossctl.api.setup.classes import share_classes
from lossctl.api.setup.losses import Selection
from lossctl.api.setup.open import open_for
from lossctl.api.setup.plan import LeftOut, plan
from lossctl.core.errors import UsageError
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass

if TYPE_CHECKING:
    from lossctl.api.comparisons.pairing import Model
    from lossctl.api.comparisons.stored import Stored
    from lossctl.sources import Source

__all__ = ["Opponent", "open_opponent"]


@dataclass(frozen=True, slots=True)
class Opponent:
    """A candidate and its baseline, on the same rows.

    Parameters
    ----------
    pairs
        For each set of losses that bind alike the baseline and the candidate, in this order: their plans are of the
        same losses, and their sources give the same rows (or are one and the same).
    location
        Where the baseline is, whose `digest_of` waivers are bound to. To hash a large file takes as long as to read it.
    stored
        A stored baseline that keeps no rows: there are no pairs, but its values.
    said
        What a reader should know of how they were paired.
    """

    pairs: tuple[tuple[Model, Model], ...]
    location: Any
    stored: Stored | None = None
    said: tuple[str, ...] = ()


def open_opponent(
    stack: ExitStack,
    source: Source,
    baseline: Any,
    prediction: str | None,
    selection: Selection,
    settings: Settings,
) -> Opponent:
    """Open what a candidate is held against.

    Parameters
    ----------
    stack
        Closes what is opened.
    source
        The candidate's predictions, open.
    baseline
        A path, what `lossctl.store_baseline` wrote too, or a frame; ``None``: the baseline is a column of `source`.
    prediction
        The baseline's column, where it is not called as the candidate's is.
    selection, settings
        The losses of deltas, and how rows are read.

    Raises
    ------
    UsageError
        Where the columns, or the baseline itself, are not named.
    DataError
        Where the baseline is missing, or is none of these rows.
    """
    theirs = settings if prediction is None else replace(settings, predictions=(prediction,))
    if baseline is None:
        if prediction is None:
            raise UsageError("a delta needs a baseline", "name one: --baseline FILE or --baseline-pred COL")
        return Opponent(_pairs(source, source, selection, settings, theirs), source.name)
    from lossctl.api.comparisons.stored import keyed, models_against, open_baseline

    stored = open_baseline(stack, baseline, settings, prediction)
    if stored is not None:
        if stored.rows is None:
            return Opponent((), baseline, stored)
        settings, said = keyed(stored, [source], settings)
        return Opponent(tuple(models_against(stack, source, stored, selection, settings)), baseline, said=said)
    other = stack.enter_context(open_for(baseline, selection, theirs))
    return Opponent(_pairs(source, other, selection, settings, theirs), baseline)


def digest_of(location: object) -> str | None:
    """Return the SHA-256 of a file, its first 16 digits; ``None`` where it is no single file.

    Examples
    --------
    >>> digest_of("-") is None
    True
    """
    from lossctl.sources.files.revision import is_revision, open_revision

    if not isinstance(location, str):
        return None
    if is_revision(location):
        with open_revision(location) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    path = Path(location)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16] if path.is_file() else None
    except OSError:
        return None


def _pairs(
    source: Source, other: Source, selection: Selection, mine: Settings, theirs: Settings
) -> tuple[tuple[Model, Model], ...]:
    """Bind the columns of candidate and baseline, and put together what is of the same losses."""
    from lossctl.api.comparisons.pairing import Model

    plans = plan(source, selection, mine, LeftOut(source.name))
    against = plan(other, selection, theirs, LeftOut(other.name))
    bound = [*((other, each) for each in against), *((source, each) for each in plans)]
    plans = share_classes(bound)[len(against) :]
    candidates = {_losses(each): each for each in plans}
    pairs = []
    for each in against:
        candidate = candidates.pop(_losses(each), None)
        if candidate is None:
            raise UsageError(f"{source.name}: there is more than one model, and a check is of one", "name it with -p")
        if source is other and candidate.binding == each.binding:
            problem = f"{source.name}: candidate and baseline are both {each.binding.model}"
            raise UsageError(problem, "name the candidate with -p")
        pairs.append((Model("baseline", other, each), Model("candidate", source, candidate)))
    return tuple(pairs)


def _losses(each: Any) -> Sequence[str]:
    return tuple(chosen.label for chosen in each.losses)
