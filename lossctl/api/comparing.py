"""`lossctl.compare`: models side by side, paired row by row. Joins sources, the engine and the statistics.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.evaluating import FEW_EFFECTIVE_ROWS, Progress, labelled, open_for, signature_of
from lossctl.api.selecting import Selection, select
from lossctl.core.compare_settings import OWN, CompareOptions, CompareSettings
from lossctl.core.comparison import Comparison, Comparisons
from lossctl.core.errors import UsageError
from lossctl.core.loss import ChosenLoss
from lossctl.core.ranking import disagreements
from lossctl.core.settings import Settings

if TYPE_CHECKING:
    from lossctl.api.pairing import Model, Paired
    from lossctl.api.planning import LeftOut
    from lossctl.engine.pairs import PairTally
    from lossctl.stats.paired import Difference, Values

FEW_UNITS = 20
"""Below this many clusters or blocks the error of an interval is itself poorly known."""

__all__ = ["compare"]


def compare(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    *,
    on_progress: Progress | None = None,
    **options: Unpack[CompareOptions],
) -> Comparisons:
    """Compare models by the paired differences of their losses; the first is the baseline.

    Values that are no means, such as rmse, are compared by what moves them row by row (the delta method).

    Parameters
    ----------
    source
        As in `lossctl.evaluate`: one source with several predictions, or several sources of the same rows in the same
        order, with the same targets.
    losses
        As in `lossctl.select`. Of ``all``, those that do not fit every model are left out, and named.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input.
    **options
        See `lossctl.core.compare_settings.CompareOptions`, and `lossctl.core.settings.Options`.

    Returns
    -------
    Comparisons
        One `Comparison` for each loss and pair of models, loss by loss.

    Raises
    ------
    UsageError
        Where there is but one model, a loss has no value of its own for each row or group, or an option is wrong.
    DataError
        Where the data are wrong, or the targets of two sources differ.

    Examples
    --------
    >>> frame = {"y": [1.0, 2.0, 4.0, 3.0], "old": [1.5, 2.5, 3.0, 3.5], "new": [1.2, 2.1, 3.9, 3.1]}
    >>> (result,) = compare(frame, "mae", target="y", prediction=["old", "new"])
    >>> round(result.delta, 4), result.wins, result.significant
    (-0.5, 4, True)
    """
    asked = CompareSettings.of(options)
    settings = Settings.of(**{name: value for name, value in options.items() if name not in OWN})
    if asked.method.cluster is not None:
        raise UsageError(f"{asked.method.label} is not there yet", "choose another method")
    selection = losses if isinstance(losses, Selection) else select(losses)
    if settings.skill:
        raise UsageError("compare takes no skill", "its relative change compares two models, and one may be the mean")
    found, said = _all(source, selection, settings, asked, on_progress)
    places = {chosen: place for place, chosen in enumerate(selection.losses)}
    found.sort(key=lambda each: places[each.chosen])
    found = _adjusted(found, asked.adjust, settings.level)
    for line in _negative(found):
        said.add(line)
    for each in disagreements(found):
        said.add(each.line(), each.short_line())
    notes = [] if asked.note is None else [asked.note]
    if asked.pairs == "all":
        notes += [each.short_line() for each in disagreements(found, by_value=True)]
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
    source: Any, selection: Selection, settings: Settings, asked: CompareSettings, on_progress: Progress | None
) -> tuple[list[Comparison], _Said]:
    from lossctl.api.contenders import fitting_all, line_up

    named = labelled(source)
    found: list[Comparison] = []
    said = _Said()
    with ExitStack() as stack:
        opened = [(label, stack.enter_context(open_for(each, selection, settings))) for label, each in named]
        left_out: list[LeftOut] = []
        if selection.fitting_only:
            selection, left_out = fitting_all(opened, selection, settings, on_progress)
            on_progress = None
        for models in line_up(opened, selection, settings):
            some, lines = _compared(models, settings, asked, on_progress)
            found += some
            for line in lines:
                said.add(line)
    for each in left_out:
        for line, short in zip(each.lines(), each.short_lines(), strict=True):
            said.add(line, short)
    return found, said


def _compared(
    models: Sequence[Model], settings: Settings, asked: CompareSettings, on_progress: Progress | None
) -> tuple[list[Comparison], list[str]]:
    from lossctl.api.pairing import pair_up

    paired = pair_up(models, settings, on_progress, asked.method, every=asked.pairs == "all")
    differences = paired.differences(settings.level)
    found: list[Comparison] = []
    for index, chosen in enumerate(models[0].plan.losses):
        for match, (one, other) in enumerate(paired.matches):
            pair, values, difference = paired.pairs[match][index], paired.values_of(match, index), differences[match]
            found.append(
                _comparison(
                    chosen,
                    (models[one].name, models[other].name),
                    (values, difference[index]),
                    pair,
                    f"{signature_of(paired.tally.models[other], chosen, settings)}|{asked.signature}",
                )
            )
    return found, _warnings(models, paired)


def _comparison(
    chosen: ChosenLoss, names: tuple[str, str], figures: tuple[Values, Difference], pair: PairTally, signature: str
) -> Comparison:
    values, found = figures
    return Comparison(
        chosen=chosen,
        slice={},
        baseline=names[0],
        candidate=names[1],
        baseline_value=values.baseline,
        candidate_value=values.candidate,
        delta=found.delta,
        delta_ci=found.delta_ci,
        relative=found.relative,
        relative_ci=found.relative_ci,
        p_value=found.p_value,
        p_adjusted=found.p_value,
        significant=False,
        wins=pair.wins,
        ties=pair.ties,
        losses=pair.losses,
        detectable=found.detectable,
        rows_needed=found.rows_needed,
        n=pair.n,
        status=_status(values),
        signature=signature,
    )


def _status(values: Values) -> str:
    if math.isfinite(values.delta) and math.isfinite(values.baseline):
        return "ok"
    return "nan" if math.isnan(values.baseline) or math.isnan(values.candidate) else "inf"


def _warnings(models: Sequence[Model], paired: Paired) -> list[str]:
    """Say which losses are infinite in some rows, and that intervals rest on few."""
    said = []
    n = paired.pairs[0][0].n
    for index, chosen in enumerate(models[0].plan.losses):
        for model, own in zip(models, paired.tally.own, strict=True):
            total = own[index].total
            if total.n_posinf and index not in paired.linear[0]:
                said.append(f"{chosen.label} of {model.name} is infinite in {total.n_posinf} of {n}")
    units = paired.tally.models[0].units
    if units.n > 1 and units.effective_rows < FEW_EFFECTIVE_ROWS:
        of = "rows" if models[0].plan.binding.group is None else "groups"
        said.append(f"intervals rest on {units.effective_rows:.6g} effective {of}, which is few")
    if paired.n_units is not None and paired.n_units < FEW_UNITS:
        of = "blocks" if paired.method.cluster is None else "clusters"
        said.append(f"intervals rest on {paired.n_units} {of}, which is few")
    return said


def _negative(found: Sequence[Comparison]) -> list[str]:
    """Say which values have no share, for they may be negative."""
    models: dict[str, list[str]] = {}
    for each in found:
        if each.baseline_value < 0.0:
            models.setdefault(each.baseline, []).append(each.chosen.label)
    return [
        f"{', '.join(dict.fromkeys(losses))} of {model} is negative: there is no relative change"
        for model, losses in models.items()
    ]


def _adjusted(found: Sequence[Comparison], method: str, level: float) -> list[Comparison]:
    from lossctl.stats.adjust import adjust

    adjusted = adjust([each.p_value for each in found], method)
    return [
        replace(each, p_adjusted=p, significant=p is not None and p < 1.0 - level)
        for each, p in zip(found, adjusted, strict=True)
    ]
