"""`lossctl.store_baseline`, and stored baselines read back for paired comparison.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

import numpy as np

from lossctl.api.evaluating import Progress, evaluate_source
from lossctl.api.opening import open_for
from lossctl.api.opponents import digest_of
from lossctl.api.selecting import Selection, select
from lossctl.api.working import workers
from lossctl.core.baseline import Baseline, Column, NotInBaselineError
from lossctl.core.errors import DataError, UsageError
from lossctl.core.loss import ChosenLoss, Kind
from lossctl.core.settings import Options, Settings
from lossctl.core.stored_baseline import StoredBaseline
from lossctl.sources import ReadOptions, open_source, split_label

if TYPE_CHECKING:
    from lossctl.api.pairing import Model
    from lossctl.core.result import Evaluations
    from lossctl.engine.plan import ModelPlan
    from lossctl.sources import Source
    from lossctl.sources.against import AgainstSource
    from lossctl.sources.fingerprint import Judged
    from lossctl.sources.stored import Kept, Summary

__all__ = ["Stored", "judged_by", "models_against", "open_baseline", "require_settings", "store_baseline"]

_HEAD = 200
_SIGN = b'"schema": "lossctl/'
"""Stands within so many bytes of a baseline without rows."""


def store_baseline(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    path: str | Path,
    *,
    rows: bool = True,
    on_progress: Progress | None = None,
    **options: Unpack[Options],
) -> StoredBaseline:
    """Store the losses of a model's rows by key, so that another model is compared with it row by row later.

    Parameters
    ----------
    source
        As in `lossctl.evaluate`; one source, and one model in it.
    losses
        As in `lossctl.select`.
    path
        A Parquet file, or without rows a JSON file; written over.
    rows
        Whether to store rows. Without them there are the values alone, and differences have no intervals.
    on_progress
        As in `lossctl.evaluate`.
    **options
        See `lossctl.core.settings.Options`. Rows need a `key`.

    Returns
    -------
    StoredBaseline
        What was stored.

    Raises
    ------
    UsageError
        Where there is no key, more than one model, or a loss whose rows have no losses of their own.
    DataError
        As `lossctl.evaluate`; and where a key is missing or stands twice, or the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> frame = {"id": ["a", "b"], "target": [1.0, 2.0], "prediction": [1.5, 2.5]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stored = store_baseline(frame, "mse", f"{folder}/base.parquet", key="id")
    >>> stored.baseline.n, stored.baseline.value("mse")["value"]
    (2, 0.25)
    """
    settings = Settings.of(**options)
    selection = losses if isinstance(losses, Selection) else select(losses)
    if rows and not settings.key:
        raise UsageError(
            "rows are stored by key, and there is none", "name the column that says which row is which: -k COL"
        )
    if settings.skill:
        raise UsageError("a baseline takes no skill", "its differences compare two models, and one may be the mean")
    label, location = split_label(source) if isinstance(source, str) else (None, source)
    with workers([location], settings.threads, len(selection.losses)) as crew, ExitStack() as stack:
        opened = stack.enter_context(open_for(location, selection, settings))
        found = evaluate_source(opened, selection, settings, (), on_progress, crew)
        made = _Maker(opened, settings, found, label).store(str(path), rows=rows)
    file, size = str(path), Path(path).stat().st_size
    return StoredBaseline(made, found.results, file, size, digest_of(file), found.warnings, found.notices)


@dataclass(slots=True)
class _Maker:
    """Makes a baseline of a source that has been evaluated."""

    source: Source
    settings: Settings
    found: Evaluations
    label: str | None

    def store(self, path: str, *, rows: bool) -> Baseline:
        """Write the file."""
        from lossctl.sources.stored import write_stored

        plans = self._plans()
        names = [_names(chosen) for plan in plans for chosen in plan.losses] if rows else []
        flat = [name for each in names for name in each]
        made: list[Baseline] = []

        def document(summary: Summary) -> str:
            checks = iter(summary.checksums)
            columns = {
                chosen.label: tuple(Column(name, next(checks)) for name in own)
                for chosen, own in zip((c for plan in plans for c in plan.losses), names, strict=bool(rows))
            }
            made.append(self._baseline(summary, columns))
            return json.dumps(made[0].to_dict(), ensure_ascii=False)

        kept = self._kept(plans, rows=rows)
        summary = write_stored(kept, self.source, self.settings.key, flat, path if rows else None, document)
        if not rows:
            document(summary)
            _write_text(Path(path), json.dumps(made[0].to_dict(), ensure_ascii=False, indent=1) + "\n")
        return made[0]

    def _plans(self) -> list[ModelPlan]:
        """Give the plans of the losses that were reported; all of one model."""
        from lossctl.api.planning import LeftOut, plan

        chosen = dict.fromkeys(result.chosen for result in self.found.results)
        plans = plan(self.source, Selection(tuple(chosen)), self.settings, LeftOut(self.source.name))
        _require_one_model(plans, self.source.name)
        return plans

    def _kept(self, plans: Sequence[ModelPlan], *, rows: bool) -> Iterator[Kept]:
        """Read the rows again, with their keys."""
        from lossctl.api.planning import read_for
        from lossctl.engine.keeping import kept_rows
        from lossctl.sources.stored import Kept

        judged = judged_by(plans)
        texts = tuple(dict.fromkeys([*self.settings.key, *judged.texts]))
        batches = read_for(self.source, plans, self.settings, texts=texts)
        if not rows:
            for batch in batches:
                yield Kept(batch, judged.hashes(batch), (), ())
            return
        _require_rows(self.source, plans)
        for each in kept_rows(batches, plans):
            yield Kept(each.batch, judged.hashes(each.batch), each.values, each.usable)

    def _baseline(self, summary: Summary, columns: dict[str, tuple[Column, ...]]) -> Baseline:
        models = list(dict.fromkeys(result.model for result in self.found.results))
        return Baseline(
            model=self.label or ", ".join(models),
            source=self.source.name,
            key=self.settings.key,
            n=summary.n,
            targets=summary.targets,
            settings=_meaning(self.settings),
            results=tuple({"label": each.chosen.label, **each.to_dict()} for each in self.found.results),
            columns=columns,
        )


def _meaning(settings: Settings) -> dict[str, Any]:
    """Give the settings that change what a loss is, or which rows there are."""
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
    """Say what the rows of plans are judged by.

    Raises
    ------
    UsageError
        Where that is not the same for all of them.
    """
    from lossctl.sources.fingerprint import Judged

    bindings = [each.binding for each in plans]
    groups = {each.group for each in bindings}
    targets = {(each.target, each.labels) for each in bindings if each.target}
    if len(groups) > 1:
        raise UsageError("a baseline holds losses of groups, or losses of rows, not both", "store them apart")
    if len(targets) > 1:
        raise UsageError("a baseline is of one target, and its losses take several", "store them apart")
    target, labels = next(iter(targets), ((), ()))
    return Judged(target, dict.fromkeys(target, labels) if labels else {}, bindings[0].weight, groups.pop())


def _names(chosen: ChosenLoss) -> tuple[str, ...]:
    parts = chosen.loss.parts
    return (chosen.label,) if parts == 1 else tuple(f"{chosen.label}[{part}]" for part in range(1, parts + 1))


def _require_rows(source: Source, plans: Sequence[ModelPlan]) -> None:
    """Refuse losses whose rows have none of their own."""
    from lossctl.api.shapes import lies_across

    for plan in plans:
        for chosen in plan.losses:
            if chosen.loss.kind is Kind.DISTRIBUTION and not lies_across(source, plan.binding):
                problem = f"{chosen.loss.id} down the file is one value, and no rows stand behind it"
                raise UsageError(problem, "store values alone: --no-rows")


def _write_text(path: Path, text: str) -> None:
    from lossctl.sources.replacing import replacing

    try:
        with replacing(str(path)) as name:
            Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} can't be written: {error.strerror}", "choose another path") from error


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


def open_baseline(stack: ExitStack, named: Any, settings: Settings) -> Stored | None:
    """Open a stored baseline; ``None``: the file is none, but may be one of predictions.

    Parameters
    ----------
    stack
        Closes what is opened.
    named
        A path, or ``git:REVISION:PATH``.
    settings
        How many threads read.

    Raises
    ------
    UsageError
        Where the name of a revision is malformed.
    DataError
        Where the file is missing, cut short, damaged, of another schema, or of a newer version of it.
    """
    from lossctl.sources.parquet import MAGIC

    if not isinstance(named, (str, Path)):
        return None
    with ExitStack() as held:
        stream = _stream(held, str(named))
        head = b"" if stream is None else stream.read(_HEAD)
        if stream is not None and head.lstrip().startswith(b"{") and _SIGN in head:
            return Stored(str(named), Baseline.of((head + stream.read()).decode(errors="replace"), str(named)))
    return _stored(stack, str(named), settings) if head.startswith(MAGIC) else None


def _stream(held: ExitStack, named: str) -> BinaryIO | None:
    """Give the bytes of a file; ``None`` where it is none, or can be read but once."""
    from lossctl.sources.revision import is_revision, open_revision

    if is_revision(named):
        return held.enter_context(open_revision(named))
    path = Path(named)
    return held.enter_context(path.open("rb")) if path.is_file() else None


def _stored(stack: ExitStack, named: str, settings: Settings) -> Stored | None:
    """Open a Parquet file, if it is a baseline."""
    from lossctl.sources import Source
    from lossctl.sources.database import connect, disconnect
    from lossctl.sources.stored import StoredPiece, metadata_of

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
    baseline.require_columns(kept.columns, kept.rows, opened.name)
    return Stored(opened.name, baseline, Source(opened.name, [kept], connection))


def models_against(
    stack: ExitStack, source: Source, stored: Stored, selection: Selection, settings: Settings
) -> list[tuple[Model, Model]]:
    """Give the stored baseline and the candidate as models of one source, to be paired.

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
    from lossctl.api.pairing import Model
    from lossctl.api.planning import LeftOut, plan
    from lossctl.sources.against import AgainstSource

    baseline = stored.baseline
    if stored.rows is None:
        raise NotInBaselineError(
            f"{stored.name} keeps no rows", "store it with rows, or gate its values alone: test = point"
        )
    baseline.require([chosen.label for chosen in selection.losses], stored.name)
    require_settings(stored, settings)
    plans = plan(source, selection, settings, LeftOut(source.name))
    _require_one_model(plans, source.name)
    _refuse_parts_of_groups(plans, settings)
    judged = judged_by(plans)
    ordered = any(chosen.loss.series for chosen in selection.losses)
    joined = AgainstSource(
        source, stored.rows, baseline, judged, unmatched=settings.unmatched, ordered=ordered, threads=settings.threads
    )
    stack.callback(joined.close)
    pairs = []
    for each in (alone for one in plans for alone in _apart(one)):
        old = _stand_in(each, joined, baseline.model)
        pairs.append((Model(baseline.model, joined, old), Model(each.binding.model, joined, each)))
    return pairs


def _apart(plan: ModelPlan) -> list[ModelPlan]:
    """Give plans of one loss each where rows stand in groups: they are put in order by their one column."""
    if plan.binding.group is None:
        return [plan]
    return [replace(plan, losses=(chosen,)) for chosen in plan.losses]


def _stand_in(plan: ModelPlan, joined: AgainstSource, model: str) -> ModelPlan:
    """Give the plan of what was stored, for that of a candidate: its weights and groups, and the stored losses."""
    from lossctl.losses.stored import stored

    columns = [joined.columns_of(chosen.label) for chosen in plan.losses]
    firsts = np.cumsum([0, *map(len, columns)])
    losses = tuple(stored(chosen, int(first)) for chosen, first in zip(plan.losses, firsts, strict=False))
    every = tuple(name for of in columns for name in of)
    binding = replace(plan.binding, model=model, prediction=every, prediction_text=None, levels=(), order=())
    return replace(plan, binding=binding, losses=losses, clip=None, normalize=False)


def require_settings(stored: Stored, settings: Settings) -> None:
    """Refuse to compare losses that were computed otherwise."""
    baseline = stored.baseline
    if settings.key != baseline.key:
        cure = f"name it: --key {' --key '.join(baseline.key)}"
        raise UsageError(f"{stored.name} was stored by the key {', '.join(baseline.key)}", cure)
    for name, mine in _meaning(settings).items():
        theirs = baseline.settings.get(name)
        if mine != theirs:
            flag = "--" + name.replace("_", "-")
            problem = f"{stored.name} was made with {name} = {theirs!r}, and this run has {mine!r}"
            raise UsageError(problem, f"give the same {flag}, or make the baseline anew")


def _refuse_parts_of_groups(plans: Sequence[ModelPlan], settings: Settings) -> None:
    """Refuse to leave rows out of groups: what was stored is the loss of whole ones."""
    if all(each.binding.group is None for each in plans):
        return
    if settings.nan == "omit":
        raise UsageError("--nan omit would change groups whose losses are stored", "mend the rows")
    if settings.unmatched == "drop":
        raise UsageError("--unmatched drop would change groups whose losses are stored", "give all rows")


def _require_one_model(plans: Sequence[ModelPlan], name: str) -> None:
    """Refuse a loss that is of several models."""
    labels = [chosen.label for each in plans for chosen in each.losses]
    if len(set(labels)) < len(labels):
        models = ", ".join(dict.fromkeys(each.binding.model for each in plans))
        raise UsageError(
            f"{name}: a baseline is of one model, and here are {models}",
            "name one with -p",
        )
