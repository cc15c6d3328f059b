"""Which losses have rows of their own, and the sources they were found in: for whatever looks at single rows.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from lossctl.api.results.computed import BY_SLICE, Progress, compute_source
from lossctl.api.setup.chosen import settled
from lossctl.api.setup.losses import Selection
from lossctl.api.setup.naming import Origin, names_of
from lossctl.api.setup.open import labelled, open_for
from lossctl.api.setup.unmatched import reading_warnings
from lossctl.api.setup.workers import workers
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass

if TYPE_CHECKING:
    from lossctl.api.results.computed import Computed
    from lossctl.api.results.row_slices import RowSlices
    from lossctl.engine.plan import ModelPlan, ModelTally
    from lossctl.sources import Source

__all__ = ["Found", "find_rows", "kept_columns", "model_names", "why_no_rows"]


@dataclass(frozen=True, slots=True)
class Found:
    """A source, open, and those of the losses computed on it that rows have.

    Parameters
    ----------
    label
        What the user calls it.
    source
        The source.
    reported
        The tally and the place in it of each loss, model by model.
    warnings
        What the caller should know.
    notices
        The same for a terminal.
    slices
        The slices of the rows; ``None``: there are none.
    """

    label: str | None
    source: Source
    reported: tuple[tuple[ModelTally, int], ...]
    warnings: tuple[str, ...]
    notices: tuple[str, ...]
    slices: RowSlices | None = None


def find_rows(
    stack: ExitStack,
    source: Any,
    selection: Selection,
    settings: Settings,
    on_progress: Progress | None,
    *,
    watched: Callable[[ModelPlan], ModelPlan] = lambda plan: plan,
    keep: Sequence[str] = (),
) -> list[Found]:
    """Compute losses on all sources, so that every fault of theirs is known before a row is told of.

    Parameters
    ----------
    stack
        Closes the sources.
    source, selection, settings, on_progress
        As in `lossctl.evaluate`.
    watched
        As in `lossctl.api.results.computed.compute_source`.
    keep
        Columns that each source must have, beside those of the key.

    Raises
    ------
    UsageError, DataError
        As `lossctl.evaluate`; and UsageError where a row has no loss of its own.
    """
    if settings.skill:
        raise UsageError("rows take no skill", "what predicting the mean costs is no loss of a row")
    _require_losses_of_rows(selection)
    named = labelled(source)
    values = len(selection.losses) * max(1, len(settings.predictions)) * (BY_SLICE if settings.by else 1)
    with workers((location for _, location in named), settings.threads, values) as crew:
        opened = [(label, stack.enter_context(open_for(each, selection, settings))) for label, each in named]
        for _, each in opened:
            _require_columns(each, keep, settings.key)
        return [
            _found(
                label,
                each,
                compute_source(each, _require_losses_of_rows(taken), settings, on_progress, crew, watched=watched),
                settings,
            )
            for label, each in opened
            for taken in [settled(selection, each, settings)]
        ]


def _require_losses_of_rows(selection: Selection) -> Selection:
    """Refuse losses whose rows have none of their own; those of ``all`` are left out later."""
    for chosen in () if selection.fitting_only else selection.losses:
        reason = why_no_rows(chosen)
        if reason is not None:
            raise UsageError(f"{chosen.loss.id}: {reason}", "choose a loss that is a mean over rows")
    return selection


def why_no_rows(chosen: ChosenLoss) -> str | None:
    """Return why the rows of a loss have no losses of their own; ``None``: they have."""
    if chosen.loss.kind is Kind.GROUPED:
        return "its losses are of groups, not of rows"
    if chosen.loss.parts > 1:
        return "it is made of several means, and no loss of a row stands behind it"
    return None


def kept_columns(source: Source, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to show beside rows, each a name, a glob or a list.

    Raises
    ------
    UsageError
        Where there is no such column.
    """
    from lossctl.sources.columns.patterns import expand

    names = list(source.columns)
    return tuple(dict.fromkeys(name for each in columns for name in expand(each, names, "--keep")))


def _require_columns(source: Source, keep: Sequence[str], key: Sequence[str]) -> None:
    """Refuse columns that are not there, before anything is read."""
    from lossctl.sources.columns.patterns import require

    kept_columns(source, keep)
    for name in key:
        require(name, list(source.columns), "--key")


def model_names(found: Sequence[Found]) -> list[str]:
    """Name the model of each loss reported, source by source, as `lossctl.evaluate` does."""
    origins = [
        Origin(number, one.source.name, one.label, tally.plan.binding.model)
        for number, one in enumerate(found)
        for tally, _ in one.reported
    ]
    return names_of(origins)


def _found(label: str | None, source: Source, computed: Computed, settings: Settings) -> Found:
    reported = []
    for tally, index in computed.reported:
        reason = why_no_rows(tally.plan.losses[index])
        if reason is None and index in tally.plan.linear:  # of a distribution down the file
            reason = "down the file it is made of several sums, and no loss of a row stands behind it"
        if reason is None:
            reported.append((tally, index))
        else:
            computed.left_out.add(tally.plan.losses[index], reason)
    if not reported:
        raise computed.left_out.refusal(UsageError)
    told = [*computed.cautions(source, settings), *computed.value_warnings(source)]
    said = [*reading_warnings(source), *told, *_left_out(source, computed)]
    slices = None
    if computed.sliced is not None:
        from lossctl.api.results.row_slices import row_slices

        slices, told = row_slices(source, computed, computed.sliced, reported, settings)
        said += told
    in_full, in_short = computed.left_out.lines(), computed.left_out.short_lines()
    return Found(label, source, tuple(reported), (*said, *in_full), (*said, *in_short), slices)


def _left_out(source: Source, computed: Computed) -> list[str]:
    """Return how many rows each model leaves out."""
    lines = []
    for tally in computed.tallies:
        dropped = tally.n_dropped - source.alone[0]  # of those without a partner is told already
        light = tally.n_read - tally.n_dropped - tally.rows.n
        counts = [f"{dropped} with a missing or non-finite number"] if dropped else []
        counts += [f"{light} of weight 0"] if light else []
        if counts:
            model, told = tally.plan.binding.model, " and ".join(counts)
            verb = "is" if dropped + light == 1 else "are"
            lines.append(f"{source.name}: {model}: of {tally.n_read} rows, {told} {verb} left out")
    return list(dict.fromkeys(lines))
