"""`lossctl.compare`: models side by side, paired row by row. Joins sources, the engine and the statistics.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import field
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.results.computed import Progress
from lossctl.api.setup.interval_levels import with_levels
from lossctl.api.setup.losses import Selection, select
from lossctl.api.setup.open import labelled
from lossctl.api.setup.workers import workers
from lossctl.core.compare_settings import OWN, CompareOptions, CompareSettings
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.results.comparison import Comparison
from lossctl.core.results.comparisons import Comparisons
from lossctl.core.results.evaluation import NO_SPREAD
from lossctl.core.results.ranking import Disagreement, disagreements
from lossctl.core.results.slices import Slice, of_slices
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.system.input_files import one_run

if TYPE_CHECKING:
    from lossctl.api.setup.plan import LeftOut

__all__ = ["compare"]

MOST_TOLD = 5
"""The most disagreements of losses that a terminal shows."""


@one_run()
def compare(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    *,
    baseline: Any = None,
    on_progress: Progress | None = None,
    **options: Unpack[CompareOptions],
) -> Comparisons:
    """Compare models by the paired differences of their losses; the first is the baseline, unless one is named.

    Values that are no means, such as rmse, are compared by what moves them row by row (the delta method).

    Parameters
    ----------
    source
        As in `lossctl.evaluate`: one source with several predictions, or several sources of the same rows, in the same
        order or matched by a key, with the same targets.
    losses
        As in `lossctl.select`. Of ``all``, those that do not fit every model are left out, and named.
    baseline
        What all models are compared with, if it is not the first of them: another source of the same rows, or what
        `lossctl.store_baseline` stored of one.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input.
    **options
        See `lossctl.core.compare_settings.CompareOptions`, and `lossctl.core.settings.Options`.

    Returns
    -------
    Comparisons
        One `Comparison` for each loss, slice and pair of models, loss by loss, of each the whole before its slices.

    Raises
    ------
    UsageError
        Where there is but one model, a loss has no value of its own for each row or group, or an option is wrong.
    DataError
        Where the data are wrong, or the targets of two sources differ.
    NotInBaselineError
        Where a stored baseline does not hold a loss, or keeps no rows.

    Examples
    --------
    >>> frame = {"y": [1.0, 2.0, 4.0, 3.0], "old": [1.5, 2.5, 3.0, 3.5], "new": [1.2, 2.1, 3.9, 3.1]}
    >>> (result,) = compare(frame, "mae", target="y", prediction=["old", "new"])
    >>> round(result.delta, 4), result.wins, result.significant
    (-0.5, 4, True)
    """
    asked = CompareSettings.of(options)
    settings = Settings.of(**{name: value for name, value in options.items() if name not in OWN})
    selection = losses if isinstance(losses, Selection) else select(losses)
    if settings.skill:
        raise UsageError("compare takes no skill", "its relative change compares two models, and one may be the mean")
    found, said, selection = _all((source, baseline), selection, settings, asked, on_progress)
    found = _of_value(found, said)
    places = {chosen: place for place, chosen in enumerate(selection.losses)}
    found.sort(key=lambda each: places[each.chosen])
    return _told(_adjusted(found, asked.adjust, settings.level), said, asked)


def _told(found: Sequence[Comparison], said: _Said, asked: CompareSettings) -> Comparisons:
    """Return the result, with what is to be said of it."""
    for line in [*_negative(found), *_infinite_slices(found)]:
        said.add(line)
    differing = disagreements(found)
    said.in_full += [each.line() for each in differing]
    said.in_short += _in_short(differing)
    listed = all(each.signature.endswith(f"|{asked.listed.signature}") for each in found)
    note = asked.listed.note if listed else asked.note
    notes = [] if note is None else [note]
    if asked.pairs == "all":
        notes += _in_short(disagreements(found, by_value=True))
    return Comparisons(tuple(found), tuple(said.in_full), asked.adjust, tuple(said.in_short), tuple(notes))


@dataclass(slots=True)
class _Said:
    """Warnings, each once: in full, and as a terminal shows them."""

    in_full: list[str] = field(default_factory=list)
    in_short: list[str] = field(default_factory=list)

    def add(self, line: str, short: str | None = None) -> None:
        """Add a line, unless it has been said."""
        for lines, each in ((self.in_full, line), (self.in_short, short or line)):
            if each not in lines:
                lines.append(each)


def _all(
    given: tuple[Any, Any],
    selection: Selection,
    settings: Settings,
    asked: CompareSettings,
    on_progress: Progress | None,
) -> tuple[list[Comparison], _Said, Selection]:
    """Compare the models of a source with each other, and with a baseline if one is given; by these losses."""
    from lossctl.api.comparisons.compared import compare_models
    from lossctl.api.comparisons.versus import open_field

    source, baseline = given
    named = labelled(source)
    if len(named) == 1 and settings.key and settings.targets is None and baseline is None:
        cure = "name another model's, or --targets FILE"
        if asked.method.resamples_units and not asked.method.is_grouped:
            cure += f"; to draw rows by their key: --cluster {settings.key[0]}"
        raise UsageError("--key pairs two files, and there is one", cure)
    found: list[Comparison] = []
    said = _Said()
    is_one = len(named) == 1 and baseline is None
    alone = [location for _, location in named] if is_one else []  # rows of several are aligned by one
    values = len(selection.losses) * max(2, len(settings.predictions))
    with workers(alone, settings.threads, values) as crew, ExitStack() as stack:
        entered = open_field(stack, named, baseline, asked.baseline_prediction, selection, settings)
        settings = entered.settings
        for line in entered.said:
            said.add(line)
        selection = with_levels(selection, [(each.source, each.settings) for each in entered.opened])
        left_out: list[LeftOut] = []
        if selection.fitting_only:
            selection, left_out = entered.fitting(selection, on_progress)
            on_progress = None
        for models in entered.line_up(selection):
            part = compare_models(models, settings, asked, on_progress, crew)
            found += part.comparisons
            for line in part.warnings:
                said.add(line)
        for line in entered.unmatched():
            said.add(line)
    for reasons in left_out:
        for line, short in zip(reasons.lines(), reasons.short_lines(), strict=True):
            said.add(line, short)
    return found, said, selection


def _in_short(differing: Sequence[Disagreement]) -> list[str]:
    """Return a line for each of a few disagreements, and one for the rest."""
    lines = [each.short_line() for each in differing]
    if len(lines) <= MOST_TOLD + 1:  # one more is as short as saying so
        return lines
    more = "losses disagree" if differing[0].sure else "by value alone, losses disagree"
    return [*lines[:MOST_TOLD], f"{more} about {len(lines) - MOST_TOLD} more pairs of models, or slices"]


def _of_value(found: Sequence[Comparison], said: _Said) -> list[Comparison]:
    """Leave out, and say so, slices too short for a loss that looks back: there is no row it has a value of."""
    short: dict[str, list[Comparison]] = {}
    for each in found:
        if each.slice and each.chosen.loss.series and math.isnan(each.baseline_value):
            short.setdefault(each.chosen.title, []).append(each)
    for label, some in short.items():
        period = some[0].params["period"]
        why = f"no row has a target {period} {'row' if period == 1 else 'rows'} before; choose a shorter --period"
        said.add(f"{of_slices(f'{label} is left out', (each.slice for each in some))}: {why}")
    left_out = {id(each) for some in short.values() for each in some}
    return [each for each in found if id(each) not in left_out] if left_out else list(found)


def _negative(found: Sequence[Comparison]) -> list[str]:
    """Return which values have no share, for they may be negative."""
    models: dict[str, list[str]] = {}
    for each in found:
        if each.baseline_value < 0.0:
            models.setdefault(each.baseline, []).append(each.chosen.title)
    return [
        f"{', '.join(dict.fromkeys(losses))} of {model} is negative: there is no relative change"
        for model, losses in models.items()
    ]


def _infinite_slices(found: Sequence[Comparison]) -> list[str]:
    """Return warnings of slices whose loss is not finite because of how it is finished, and not of a row."""
    slices: dict[ChosenLoss, list[Slice]] = {}
    for each in found:
        if each.slice and each.status not in {"ok", NO_SPREAD} and each.chosen.loss.infinite:
            slices.setdefault(each.chosen, []).append(each.slice)
    return [f"{of_slices(chosen.title, some)} is infinite: {chosen.loss.infinite}" for chosen, some in slices.items()]


def _adjusted(found: Sequence[Comparison], method: str, level: float) -> list[Comparison]:
    from lossctl.stats.adjust import adjust

    adjusted = adjust([each.p_value for each in found], method)
    return [
        each.adjusted(p, significant=p is not None and p < 1.0 - level) for each, p in zip(found, adjusted, strict=True)
    ]
