"""Stored baselines read back: what one says of itself, and a candidate beside it, to be paired.

May import sources, engine, losses and core; what a run needs is imported when it runs.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from lossctl.api.setup.losses import Selection
from lossctl.core.errors import UsageError
from lossctl.core.results.baseline import Baseline, NotInBaselineError
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.system.input_files import note_input
from lossctl.sources import ColumnType, ReadOptions, open_source

if TYPE_CHECKING:
    from lossctl.api.comparisons.pairing import Model
    from lossctl.engine.plan import ModelPlan
    from lossctl.sources import Source
    from lossctl.sources.joins.fingerprint import Judged
    from lossctl.sources.joins.with_baseline import AgainstSource

__all__ = [
    "Stored",
    "apart",
    "join_stored",
    "judged_by",
    "keyed",
    "meaning_of",
    "models_against",
    "open_baseline",
    "require_held",
    "require_one_model",
    "require_order",
    "require_rows",
    "require_settings",
    "stand_in",
]

_HEAD = 200
_SIGN = b'"schema": "lossctl/'
"""Stands within so many bytes of a baseline without rows."""


@dataclass(slots=True)
class Stored:
    """A stored baseline, open.

    Parameters
    ----------
    name
        As the user named it.
    baseline
        What it says of itself.
    rows
        Its rows; ``None`` where none were kept.
    """

    name: str
    baseline: Baseline
    rows: Source | None = None


def open_baseline(stack: ExitStack, named: Any, settings: Settings, prediction: str | None = None) -> Stored | None:
    """Open a stored baseline; ``None``: the file is none, but may be one of predictions.

    Parameters
    ----------
    stack
        Closes what is opened.
    named
        A path, or ``git:REVISION:PATH``.
    settings
        How many threads read.
    prediction
        The column that is asked for: a stored baseline has none.

    Raises
    ------
    UsageError
        Where the name of a revision is malformed, or a column of a stored baseline is asked for.
    DataError
        Where the file is missing, cut short, damaged, of another schema, or of a newer version of it.
    """
    found = _opened(stack, named, settings)
    if found is not None and prediction is not None:
        problem = f"{found.name} is a stored baseline, of {found.baseline.model}: it has no column {prediction}"
        raise UsageError(problem, "leave out --baseline-pred")
    return found


def _opened(stack: ExitStack, named: Any, settings: Settings) -> Stored | None:
    from lossctl.sources.files.parquet import MAGIC
    from lossctl.sources.files.revision import file_named

    if not isinstance(named, (str, Path)):
        return None
    named = file_named(named)
    with ExitStack() as held:
        stream = _stream(held, named)
        head = b"" if stream is None else stream.read(_HEAD)
        if stream is not None and head.lstrip().startswith(b"{") and _SIGN in head:
            return Stored(named, Baseline.of((head + stream.read()).decode(errors="replace"), named))
    return _stored(stack, named, settings) if head.startswith(MAGIC) else None


def _stream(held: ExitStack, named: str) -> BinaryIO | None:
    """Return the bytes of a file; ``None`` where it is none, or can be read but once."""
    from lossctl.sources.files.revision import is_revision, open_revision

    if is_revision(named):
        return held.enter_context(open_revision(named))
    path = Path(named)
    note_input(path, named)
    return held.enter_context(path.open("rb")) if path.is_file() else None


def _stored(stack: ExitStack, named: str, settings: Settings) -> Stored | None:
    """Open a Parquet file, if it is a baseline."""
    from lossctl.sources import Source
    from lossctl.sources.duck.database import connect, disconnect
    from lossctl.sources.writing.stored import StoredPiece, metadata_of

    opened = stack.enter_context(open_source(named, ReadOptions(threads=settings.threads, format="parquet")))
    (piece,) = opened.pieces
    connection = connect([piece.path], settings.threads)
    stack.callback(disconnect, connection)
    text = metadata_of(piece.path, connection)
    if text is None:
        return None
    baseline = Baseline.of(text, opened.name)
    losses = [column.name for of in baseline.columns.values() for column in of]
    kept = StoredPiece(opened.name, connection, piece, losses)
    numbers = [name for name, kind in kept.columns.items() if kind is ColumnType.NUMBER]
    baseline.require_columns(kept.columns, numbers, kept.rows, opened.name)
    return Stored(opened.name, baseline, Source(opened.name, [kept], connection))


def models_against(
    stack: ExitStack, source: Source, stored: Stored, selection: Selection, settings: Settings
) -> list[tuple[Model, Model]]:
    """Return the stored baseline and the candidate as models of one source, to be paired.

    Parameters
    ----------
    stack
        Closes what is opened.
    source
        The candidate, open; it stays open.
    stored
        The baseline.
    selection, settings
        The losses, and how the candidate's rows are read.

    Returns
    -------
    list[tuple[Model, Model]]
        For each set of losses that bind alike the baseline and the candidate.

    Raises
    ------
    UsageError
        Where the baseline was made with other settings, or there is more than one candidate.
    DataError
        Where the file is damaged; what is wrong with rows shows when they are read.
    NotInBaselineError
        Where the baseline does not hold a loss, or keeps no rows.
    """
    from lossctl.api.comparisons.pairing import Model
    from lossctl.api.setup.plan import LeftOut, plan

    baseline = stored.baseline
    require_held(stored, selection, settings)
    plans = plan(source, selection, settings, LeftOut(source.name))
    require_one_model(plans, source.name)
    joined = join_stored(stack, source, stored, plans, settings)
    pairs = []
    for each in (alone for one in plans for alone in apart(one)):
        old = stand_in(each, joined, baseline.model)
        pairs.append((Model(baseline.model, joined, old), Model(each.binding.model, joined, each)))
    return pairs


def require_rows(stored: Stored) -> None:
    """Refuse a baseline that keeps values alone.

    Raises
    ------
    NotInBaselineError
        Where it does.
    """
    if stored.rows is None:
        cure = "store it with rows, or gate its values alone: test = point"
        raise NotInBaselineError(f"{stored.name} keeps no rows", cure)


def require_held(stored: Stored, selection: Selection, settings: Settings) -> None:
    """Refuse losses that a baseline holds no rows of, and settings it was not made with.

    Raises
    ------
    UsageError
        Where the settings are others.
    NotInBaselineError
        Where a loss is not held.
    """
    require_rows(stored)
    stored.baseline.require([chosen.label for chosen in selection.losses], stored.name)
    stored.baseline.require_parts({chosen.label: chosen.loss.parts for chosen in selection.losses}, stored.name)
    require_settings(stored, settings)


def join_stored(
    stack: ExitStack, source: Source, stored: Stored, plans: Sequence[ModelPlan], settings: Settings
) -> AgainstSource:
    """Return the rows of a candidate beside those that were stored.

    Parameters
    ----------
    stack
        Closes what is opened.
    source, plans
        The candidate, open, and what is to be computed of it.
    stored
        The baseline; it keeps rows.
    settings
        How the candidate's rows are read.

    Raises
    ------
    UsageError
        Where rows would be left out of groups whose losses are stored, or losses take several targets.
    """
    from lossctl.sources.joins.with_baseline import AgainstSource

    require_rows(stored)
    require_order(stored, plans, settings)
    _refuse_parts_of_groups(plans, settings)
    ordered = any(chosen.loss.series for each in plans for chosen in each.losses)
    joined = AgainstSource(
        source,
        cast("Source", stored.rows),
        stored.baseline,
        judged_by(plans),
        unmatched=settings.unmatched,
        ordered=ordered,
        threads=settings.threads,
    )
    stack.callback(joined.close)
    return joined


def apart(plan: ModelPlan) -> list[ModelPlan]:
    """Return plans of one loss each where rows stand in groups: they are put in order by their one column."""
    if plan.binding.group is None:
        return [plan]
    return [replace(plan, losses=(chosen,)) for chosen in plan.losses]


def stand_in(plan: ModelPlan, joined: AgainstSource, model: str) -> ModelPlan:
    """Return the plan of what was stored, for that of a candidate: its weights and groups, and the stored losses."""
    from lossctl.losses.stored import stored

    columns = [joined.columns_of(chosen.label) for chosen in plan.losses]
    firsts = np.cumsum([0, *map(len, columns)])
    losses = tuple(stored(chosen, int(first)) for chosen, first in zip(plan.losses, firsts, strict=False))
    every = tuple(name for of in columns for name in of)
    binding = replace(plan.binding, model=model, prediction=every, prediction_text=None, levels=(), order=())
    return replace(plan, binding=binding, losses=losses, clip=None, normalize=False)


def keyed(stored: Stored, sources: Iterable[Source], settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Take the key that a baseline was stored by, where none is given and all sources have its columns.

    Returns
    -------
    tuple
        The settings, and what is to be said of it.
    """
    key = stored.baseline.key
    if settings.key or not (key and stored.baseline.has_rows):
        return settings, ()
    if any(name not in source.columns for source in sources for name in key):
        return settings, ()
    said = f"{stored.name}: rows are matched by the key it was stored by: --key {' --key '.join(map(shlex.quote, key))}"
    return replace(settings, key=key), (said,)


def require_settings(stored: Stored, settings: Settings) -> None:
    """Refuse to compare losses that were computed otherwise."""
    baseline = stored.baseline
    if baseline.has_rows and settings.key != baseline.key:  # values alone are of rows that nobody looks for
        cure = f"name it: --key {' --key '.join(baseline.key)}"
        raise UsageError(f"{stored.name} was stored by the key {', '.join(baseline.key)}", cure)
    for name, mine in meaning_of(settings).items():
        theirs = baseline.settings.get(name)
        if mine != theirs:
            flag = _flag(name)
            problem = f"{stored.name} was made with {_said(name, theirs)}, and this run has {_said(name, mine)}"
            same = f"give the same {flag}" if theirs else f"leave out {flag}"
            raise UsageError(problem, f"{same}, or make the baseline anew")


def _flag(name: str) -> str:
    return "--weight" if name == "weighted" else "--" + name.replace("_", "-")


def _said(name: str, value: Any) -> str:
    """Write a setting as it is typed; a stored one may be anything, as a file may hold it."""
    if not value:
        return f"no {_flag(name)}"
    if isinstance(value, Mapping):
        value = ",".join(f"{each}={weight}" for each, weight in value.items())
    elif isinstance(value, list):
        value = ",".join(map(str, value))
    return _flag(name) if value is True else f"{_flag(name)} {value}"


def require_order(stored: Stored, plans: Sequence[ModelPlan], settings: Settings) -> None:
    """Refuse losses of ordered classes that were stored of another order."""
    from lossctl.api.results.signatures import order_in, order_part

    for each in plans:
        for chosen in each.losses:
            result = stored.baseline.value(chosen.label) if chosen.loss.ordered else None
            mine, theirs = order_part(chosen, each.binding, settings), order_in(str((result or {}).get("signature")))
            if theirs and mine != theirs:
                order = theirs.partition("=")[2]
                problem = f"{stored.name} was made with the classes in the order {order}, not that of this run"
                raise UsageError(f"{problem} ({chosen.loss.id})", f"give the same order: --classes {order}")


def _refuse_parts_of_groups(plans: Sequence[ModelPlan], settings: Settings) -> None:
    """Refuse to leave rows out of groups: what was stored is the loss of whole ones."""
    if all(each.binding.group is None for each in plans):
        return
    if settings.nan == "omit":
        raise UsageError("--nan omit would change groups whose losses are stored", "mend the rows")
    if settings.unmatched == "drop":
        raise UsageError("--unmatched drop would change groups whose losses are stored", "give all rows")


def require_one_model(plans: Sequence[ModelPlan], name: str) -> None:
    """Refuse a loss that is of several models."""
    labels = [chosen.label for each in plans for chosen in each.losses]
    if len(set(labels)) < len(labels):
        models = ", ".join(dict.fromkeys(each.binding.model for each in plans))
        raise UsageError(
            f"{name}: a baseline is of one model, and here are {models}",
            "name one with -p",
        )


def meaning_of(settings: Settings) -> dict[str, Any]:
    """Return the settings that change what a loss is, or which rows there are."""
    return {
        "where": settings.where,
        "clip": settings.clip,
        "normalize": settings.normalize,
        "positive": settings.positive,
        "class_weights": dict(settings.class_weights),
        "ignore_label": settings.ignore_label,
        "weighted": settings.weight is not None,
        "levels": list(settings.levels),
    }


def judged_by(plans: Sequence[ModelPlan]) -> Judged:
    """Return what the rows of plans are judged by.

    Raises
    ------
    UsageError
        Where that is not the same for all of them.
    """
    from lossctl.sources.joins.fingerprint import Judged

    bindings = [each.binding for each in plans]
    groups = {each.group for each in bindings}
    targets = {(each.target, each.labels) for each in bindings if each.target}
    if len(groups) > 1:
        raise UsageError("a baseline holds losses of groups, or losses of rows, not both", "store them apart")
    if len(targets) > 1:
        raise UsageError("a baseline is of one target, and its losses take several", "store them apart")
    target, labels = next(iter(targets), ((), ()))
    return Judged(target, dict.fromkeys(target, labels) if labels else {}, bindings[0].weight, groups.pop())
