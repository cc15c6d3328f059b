"""`lossctl.store_baseline`: the losses of rows by key, for later comparisons.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.checks.wording import without_bootstrap
from lossctl.api.comparisons.opponents import digest_of
from lossctl.api.comparisons.stored import judged_by, meaning_of, require_one_model
from lossctl.api.evaluate import evaluate_source
from lossctl.api.results.computed import Progress
from lossctl.api.setup.interval_levels import with_levels
from lossctl.api.setup.losses import Selection, select
from lossctl.api.setup.open import open_for
from lossctl.api.setup.workers import workers
from lossctl.core.errors import DataError, UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.results.baseline import Baseline, Column
from lossctl.core.results.stored_baseline import StoredBaseline
from lossctl.core.settings import Options, Settings
from lossctl.core.system.atomic_file import replacing
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.system.input_files import Inputs, one_run
from lossctl.sources import split_label

if TYPE_CHECKING:
    from lossctl.core.results.evaluations import Evaluations
    from lossctl.core.types import Array
    from lossctl.engine.plan import ModelPlan
    from lossctl.sources import Source
    from lossctl.sources.writing.stored import Kept, Summary

__all__ = ["store_baseline"]

_LEAST_ROOT = 2.0**-450
"""The squares of smaller values vanish, or have few digits."""


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
    _require_storable(settings, rows=rows)
    label, location = split_label(source) if isinstance(source, str) else (None, source)
    with (
        one_run() as inputs,
        workers([location], settings.threads, len(selection.losses)) as crew,
        open_for(location, selection, settings) as opened,
    ):
        found = evaluate_source(opened, with_levels(selection, [(opened, settings)]), settings, (), on_progress, crew)
        made = _Maker(opened, settings, found, label, inputs).store(str(path), rows=rows)
    file, size = str(path), Path(path).stat().st_size
    return StoredBaseline(made, found.results, file, size, digest_of(file), *_said(found))


def _said(found: Evaluations) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the warnings of an evaluation, and the short ones, that hold of a command without ``--bootstrap``."""
    warnings, notices = (tuple(map(without_bootstrap, lines)) for lines in (found.warnings, found.notices))
    return warnings, notices


@dataclass(slots=True)
class _Maker:
    """Makes a baseline of a source that has been evaluated."""

    source: Source
    settings: Settings
    found: Evaluations
    label: str | None
    inputs: Inputs

    def store(self, path: str, *, rows: bool) -> Baseline:
        """Write the file."""
        from lossctl.sources.writing.stored import write_stored

        plans = self._plans()
        names = [_names(chosen) for plan in plans for chosen in plan.losses] if rows else []
        flat = [name for each in names for name in each]
        made: list[Baseline] = []

        def document(summary: Summary) -> str:
            self.inputs.settle()  # all rows have been read, and nothing stands in its place yet
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
        """Return the plans of the losses that were reported; all of one model."""
        from lossctl.api.setup.plan import LeftOut, plan

        chosen = dict.fromkeys(result.chosen for result in self.found.results)
        plans = plan(self.source, Selection(tuple(chosen)), self.settings, LeftOut(self.source.name))
        require_one_model(plans, self.source.name)
        return plans

    def _kept(self, plans: Sequence[ModelPlan], *, rows: bool) -> Iterator[Kept]:
        """Read the rows again, with their keys."""
        from lossctl.api.setup.plan import read_for
        from lossctl.engine.kept_rows import kept_rows
        from lossctl.sources.writing.stored import Kept

        judged = judged_by(plans)
        texts = tuple(dict.fromkeys([*self.settings.key, *judged.texts]))
        batches = read_for(self.source, plans, self.settings, texts=texts)
        if not rows:
            for batch in batches:
                yield Kept(batch, judged.hashes(batch), (), ())
            return
        _require_rows(self.source, plans)
        columns = [chosen for plan in plans for chosen in plan.losses for _ in range(chosen.loss.parts)]
        for each in kept_rows(batches, plans):
            self._require_squares(columns, each.values)
            yield Kept(each.batch, judged.hashes(each.batch), each.values, each.usable)

    def _require_squares(self, columns: Sequence[ChosenLoss], values: Sequence[Array]) -> None:
        """Refuse rows of roots of squares that do not fit into float64: rows are stored as squares."""
        for chosen, column in zip(columns, values, strict=True):
            if chosen.loss.root is None or chosen.loss.kind is Kind.DISTRIBUTION:
                continue
            (value,) = (each.value for each in self.found.results if each.chosen == chosen and not each.slice)
            import numpy as np

            if np.isinf(column).any() or 0.0 < value < _LEAST_ROOT:
                problem = (
                    f"{self.source.name}: {chosen.title} is {value:.4g}, and the squares of its rows do not fit into"
                )
                raise DataError(
                    f"{problem} 64-bit floats: rows are stored as squares",
                    "store values alone: --no-rows; or give targets and predictions in another unit",
                )

    def _baseline(self, summary: Summary, columns: dict[str, tuple[Column, ...]]) -> Baseline:
        models = list(dict.fromkeys(result.model for result in self.found.results))
        return Baseline(
            model=self.label or ", ".join(models),
            source=self.source.name,
            key=self.settings.key,
            n=summary.n,
            targets=summary.targets,
            settings=meaning_of(self.settings),
            results=tuple({"label": each.chosen.label, **each.to_dict()} for each in self.found.results),
            columns=columns,
        )


def _names(chosen: ChosenLoss) -> tuple[str, ...]:
    parts = chosen.loss.parts
    return (chosen.label,) if parts == 1 else tuple(f"{chosen.label}[{part}]" for part in range(1, parts + 1))


def _require_storable(settings: Settings, *, rows: bool) -> None:
    """Refuse settings that no baseline can have."""
    if rows and not settings.key:
        raise UsageError(
            "rows are stored by key, and there is none", "name the column that says which row is which: -k COL"
        )
    if settings.skill:
        raise UsageError("a baseline takes no skill", "its differences compare two models, and one may be the mean")


def _require_rows(source: Source, plans: Sequence[ModelPlan]) -> None:
    """Refuse losses whose rows have none of their own."""
    from lossctl.api.setup.shapes import lies_across

    for plan in plans:
        for chosen in plan.losses:
            if chosen.loss.kind is Kind.DISTRIBUTION and not lies_across(source, plan.binding):
                problem = f"{chosen.loss.id} down the file is one value, and no rows stand behind it"
                raise UsageError(problem, "store values alone: --no-rows")


def _write_text(path: Path, text: str) -> None:
    try:
        with replacing(path) as name:
            Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} can't be written: {error.strerror}", "choose another path") from error
