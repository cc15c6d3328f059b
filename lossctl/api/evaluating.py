"""`lossctl.evaluate`: joins a source, the losses, the engine and the statistics.

Sees every package but `cli`; imports those that cost time inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.selecting import Selection, select
from lossctl.core.errors import DataError, UsageError
from lossctl.core.faults import Fault, What, explain
from lossctl.core.loss import ChosenLoss, Kind, Reduction, Role
from lossctl.core.result import Evaluation, Evaluations
from lossctl.core.settings import Options, Settings
from lossctl.core.version import __version__
from lossctl.losses import LOSSES
from lossctl.sources import split_label

if TYPE_CHECKING:
    from lossctl.core.block import Binding
    from lossctl.engine.plan import ModelPlan, ModelTally
    from lossctl.sources import Source

__all__ = ["evaluate"]

FEW_EFFECTIVE_ROWS = 100
"""Below this many effective rows an interval deserves a warning."""


def evaluate(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    *,
    on_progress: Callable[[int, float | None], None] | None = None,
    **options: Unpack[Options],
) -> Evaluations:
    """Evaluate losses and their gradients on predictions.

    Parameters
    ----------
    source
        A path (CSV, TSV, JSON lines, Parquet, plain or compressed), a glob, ``'-'`` for standard input, a pandas,
        Polars or Arrow frame, a dict of arrays; or a list of several of these, each a model.
    losses
        As in `select`.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input.
    **options
        See `lossctl.core.settings.Options`.

    Returns
    -------
    Evaluations
        One `Evaluation` for each model and loss, with the warnings.

    Raises
    ------
    UsageError
        Where losses, columns or options are wrong.
    DataError
        Where the data are: unreadable, missing or non-finite values, a domain that is left, no rows.

    Examples
    --------
    >>> import numpy as np
    >>> frame = {"target": np.array([1.0, 2.0, 4.0]), "prediction": np.array([1.5, 2.0, 1.0])}
    >>> [round(result.value, 4) for result in evaluate(frame, "mae,huber(delta=1)")]
    [1.1667, 0.875]
    """
    settings = Settings.of(**options)
    selection = losses if isinstance(losses, Selection) else select(losses)
    sources = list(source) if isinstance(source, (list, tuple)) else [source]
    if not sources:
        raise UsageError("no source is given", "name a file, or - for standard input")
    results: list[Evaluation] = []
    warnings: list[str] = []
    labels: list[str | None] = []
    for each in sources:
        label, location = split_label(each) if isinstance(each, str) else (None, each)
        with _open(location, selection, settings) as opened:
            part = _SourceRun(opened, selection, settings, on_progress).evaluate()
        results += part.results
        labels += [label] * len(part.results)
        warnings += part.warnings
    return Evaluations(tuple(_named(results, labels, several=len(sources) > 1)), tuple(warnings))


def _open(source: Any, selection: Selection, settings: Settings) -> Source:
    from lossctl.sources import ReadOptions, open_source
    from lossctl.sources.bind import can_bind

    def fits(names: Sequence[str]) -> bool:
        if selection.fitting_only:
            return any(can_bind(names, alike, settings) for alike in _by_kind(selection.losses))
        return can_bind(names, selection.losses, settings)

    reading = ReadOptions(
        delimiter=settings.delimiter,
        decimal=settings.decimal,
        null=settings.null,
        threads=settings.threads,
        format=settings.input_format,
    )
    return open_source(source, reading, fits=fits)


def _by_kind(losses: Sequence[ChosenLoss]) -> list[list[ChosenLoss]]:
    """Group losses that bind to columns alike: by input kind, and those of predictions alone apart."""
    groups: dict[tuple[Kind, bool], list[ChosenLoss]] = {}
    for chosen in losses:
        alone = chosen.loss.roles == (Role.PREDICTION,)
        groups.setdefault((chosen.loss.kind, alone), []).append(chosen)
    return list(groups.values())


def _named(results: Sequence[Evaluation], labels: Sequence[str | None], *, several: bool) -> list[Evaluation]:
    """Name models by what tells them apart: the label or path of the source, the column, or both."""
    named = []
    for result, label in zip(results, labels, strict=True):
        source = label or result.source
        columns = {other.prediction for other in results if other.source == result.source}
        if several or label:
            named.append(replace(result, model=f"{source}:{result.model}" if len(columns) > 1 else source))
        else:
            named.append(result)
    return named


class _SourceRun:
    """Everything `evaluate` does for one source."""

    def __init__(
        self,
        source: Source,
        selection: Selection,
        settings: Settings,
        on_progress: Callable[[int, float | None], None] | None,
    ) -> None:
        self._source = source
        self._selection = selection
        self._settings = settings
        self._on_progress = on_progress
        self._warnings: list[str] = []
        self._left_out: dict[str, str] = {}

    def evaluate(self) -> Evaluations:
        """Bind, compute, check, and report each loss of each model."""
        from lossctl.engine.passes import compute

        plans = self._plans()
        columns = list(dict.fromkeys(name for plan in plans for name in plan.binding.needed))

        def read() -> Any:
            return self._source.read(columns, where=self._settings.where)

        tallies = compute(read, plans, self._settings.threads, self._on_rows if self._on_progress else None)
        results = [result for tally in tallies for result in self._results(tally)]
        if not results:
            reasons = "; ".join(f"{', '.join(labels)}: {reason}" for reason, labels in self._reasons().items())
            raise DataError(f"{self._source.name}: no loss fits the data ({reasons})", "choose columns with -t and -p")
        for reason, labels in self._reasons().items():
            verb = "is" if len(labels) == 1 else "are"
            self._warnings.append(f"{self._source.name}: {', '.join(labels)} {verb} left out: {reason}")
        return Evaluations(tuple(results), tuple(self._warnings))

    def _on_rows(self, rows: int) -> None:
        if self._on_progress is not None:
            self._on_progress(rows, self._source.progress())

    # --- what to compute -----------------------------------------------------------------------------------------

    def _plans(self) -> list[ModelPlan]:
        from lossctl.engine.plan import ModelPlan
        from lossctl.sources.bind import bind

        names = list(self._source.columns)
        clip, normalize = self._settings.clip, self._settings.normalize
        losses = self._selection.losses
        if not self._selection.fitting_only:
            bindings = bind(names, losses, self._settings)
            for chosen in losses:
                for binding in bindings:
                    self._require_shape(chosen, binding)
            return [ModelPlan(binding, losses, clip, normalize) for binding in bindings]
        fitting: dict[Binding, list[ChosenLoss]] = {}
        for alike in _by_kind(losses):
            for chosen in alike:
                try:
                    bindings = bind(names, alike, self._settings)
                    self._require_meaning(chosen, names)
                    for binding in bindings:
                        self._require_shape(chosen, binding)
                except UsageError as reason:
                    self._left_out[chosen.label] = reason.problem
                    continue
                for binding in bindings:
                    fitting.setdefault(binding, []).append(chosen)
        if not fitting:
            reasons = "; ".join(f"{', '.join(labels)}: {reason}" for reason, labels in self._reasons().items())
            raise UsageError(f"no loss fits the columns ({reasons})", "name columns with -t and -p")
        return [ModelPlan(binding, tuple(group), clip, normalize) for binding, group in fitting.items()]

    def _reasons(self) -> dict[str, list[str]]:
        """Give each reason for leaving losses out, with the losses."""
        reasons: dict[str, list[str]] = {}
        for label, reason in self._left_out.items():
            reasons.setdefault(reason, []).append(label)
        return reasons

    def _require_shape(self, chosen: ChosenLoss, binding: Binding) -> None:
        from lossctl.sources import ColumnType

        for role in chosen.loss.roles:
            columns = binding.columns(role)
            listed = any(self._source.columns[name] is ColumnType.NUMBERS for name in columns)
            if chosen.loss.kind is Kind.REAL and (len(columns) > 1 or listed):
                raise UsageError(
                    f"{chosen.loss.id} takes one column of numbers as its {role}, and {binding.text(role)} is a vector",
                    "for several models, repeat -p",
                )
        if chosen.loss.kind is Kind.DISTRIBUTION and len(chosen.loss.roles) > 1:
            lengths = {len(binding.columns(role)) for role in chosen.loss.roles}
            if len(lengths) > 1:
                raise UsageError(
                    f"-t {binding.text(Role.TARGET)} and -p {binding.text(Role.PREDICTION)} have different lengths",
                    "both must list the same categories",
                )

    def _require_meaning(self, chosen: ChosenLoss, names: Sequence[str]) -> None:
        """Leave out of ``all`` a loss of predictions alone where there are targets to compare them with."""
        from lossctl.sources.bind import can_bind

        if Role.TARGET not in chosen.loss.roles and can_bind(names, [LOSSES["mae"].choose()], self._settings):
            raise UsageError("it takes no target: its prediction is the probability of what happened")

    # --- what was wrong ------------------------------------------------------------------------------------------

    def _error(self, fault: Fault) -> DataError:
        place = self._source.locate(fault.row)
        raw = place.raw(fault.column) if fault.what is not What.NOT_SUMMING_TO_ONE else None
        return DataError(*explain(fault, str(place), raw))

    def _check_rows(self, tally: ModelTally) -> None:
        name = self._source.name
        if tally.n_read == 0:
            where = "" if self._settings.where is None else f" meets the condition {self._settings.where!r}"
            raise DataError(f"{name}: no row{where}" if where else f"{name}: no rows", "check the file and --where")
        for fault in tally.faults.of(What.NEGATIVE_WEIGHT):
            raise self._error(fault)
        if self._settings.nan == "error":
            for fault in tally.faults.of(What.NOT_FINITE):
                raise self._error(fault)
        if tally.rows.n == 0 and tally.n_dropped < tally.n_read:
            column = tally.plan.binding.weight
            raise DataError(f'{name}, column "{column}": every weight is 0', "at least one row must count")
        if tally.rows.n == 0:
            raise DataError(
                f"{name}: all {tally.n_read} rows have a missing or non-finite value", "--nan omit left none"
            )

    def _loss_error(self, tally: ModelTally, index: int) -> DataError | None:
        """Give what keeps a loss from being computed on the data; ``None`` where nothing does."""
        faults = tally.loss_faults[index]
        for what in (What.OUT_OF_DOMAIN, What.NOT_SUMMING_TO_ONE):
            for fault in faults.of(what):
                return self._error(fault)
        chosen = tally.plan.losses[index]
        if tally.reduction(chosen) is Reduction.SUM and tally.plan.column_sums is None:
            return self._column_sum_error(tally, chosen)
        return None

    def _column_sum_error(self, tally: ModelTally, chosen: ChosenLoss) -> DataError | None:
        from lossctl.core.block import SUM_TOLERANCE

        for role in chosen.loss.roles:
            total = tally.column_sums()[role]
            if abs(total - 1.0) > SUM_TOLERANCE:
                return DataError(
                    f'{self._source.name}, column "{tally.plan.binding.text(role)}": '
                    f"the probabilities down the file sum to {total!r}, not to 1",
                    "--normalize divides each by their sum",
                )
        return None

    # --- what came out -------------------------------------------------------------------------------------------

    def _results(self, tally: ModelTally) -> list[Evaluation]:
        self._check_rows(tally)
        results = []
        for index, chosen in enumerate(tally.plan.losses):
            error = self._loss_error(tally, index)
            if error is None:
                results.append(self._result(tally, index))
            elif self._selection.fitting_only:
                self._left_out[chosen.label] = error.problem
            else:
                raise error
        effective = tally.rows.effective_rows
        if effective < FEW_EFFECTIVE_ROWS and any(result.ci is not None for result in results):
            text = f"{self._source.name}: {tally.plan.binding.model}: intervals rest on {effective:.6g} effective rows"
            self._warnings.append(text)
        return results

    def _result(self, tally: ModelTally, index: int) -> Evaluation:
        from lossctl.stats.intervals import t_interval

        chosen, binding = tally.plan.losses[index], tally.plan.binding
        reduction = tally.reduction(chosen)
        moments = tally.losses[index].moments(tally.rows, reduction)
        value, scale = moments.value, 1.0
        if chosen.loss.finish is not None:
            value, scale = chosen.loss.finish(value)
        error = moments.std_error
        error = None if error is None else abs(scale) * error
        if tally.losses[index].infinite:
            self._warn_of_infinities(tally, index)
        return Evaluation(
            source=self._source.name,
            model=binding.model,
            target=binding.target_text if Role.TARGET in chosen.loss.roles else None,
            prediction=binding.prediction_text if Role.PREDICTION in chosen.loss.roles else None,
            slice={},
            chosen=chosen,
            reduction=str(reduction),
            value=value,
            std_error=error,
            ci=t_interval(value, error, tally.rows.n, self._settings.level),
            n=tally.rows.n,
            n_read=tally.n_read,
            n_dropped=tally.n_dropped,
            weight_sum=float(tally.rows.total),
            gradient=moments.gradient(scale),
            status=_status(value),
            signature=self._signature(tally, chosen),
        )

    def _warn_of_infinities(self, tally: ModelTally, index: int) -> None:
        each, chosen = tally.losses[index], tally.plan.losses[index]
        place = self._source.locate(each.first_infinite)
        self._warnings.append(
            f"{chosen.label} is infinite: {each.infinite} of {each.n} rows give probability 0 to what happened "
            f"(first: {place}); --clip EPS bounds it"
        )

    def _signature(self, tally: ModelTally, chosen: ChosenLoss) -> str:
        settings = self._settings
        parts = [chosen.label, str(tally.reduction(chosen)), f"w={settings.weight or 'none'}", f"nan={settings.nan}"]
        if settings.where is not None:
            parts.append(f"where={settings.where}")
        if settings.clip is not None:
            parts.append(f"clip={settings.clip!r}")
        if settings.normalize:
            parts.append("normalize")
        return "|".join([*parts, f"n={tally.rows.n}/{tally.n_read}", f"lossctl={__version__}"])


def _status(value: float) -> str:
    if value != value:  # noqa: PLR0124 -- true of a NaN alone
        return "nan"
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value, "ok")
