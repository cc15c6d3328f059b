"""What a comparison is of: sources of models, and a baseline named apart from them, which comes first.

That may be a prediction column, another source, or what `lossctl.store_baseline` wrote. May import sources and core;
what reads is imported when it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lossctl.api.comparisons.contenders import Opened, Origin, fitting_all, line_up, named_models, require_each_row
from lossctl.api.comparisons.pairing import Model
from lossctl.api.results.computed import Progress
from lossctl.api.setup.losses import Selection
from lossctl.api.setup.open import one_file, open_for
from lossctl.api.setup.plan import LeftOut, plan
from lossctl.api.setup.unmatched import reading_warnings
from lossctl.core.errors import UsageError
from lossctl.core.results.baseline import NotInBaselineError
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources import shared_file

if TYPE_CHECKING:
    from lossctl.api.comparisons.stored import Stored
    from lossctl.engine.plan import ModelPlan

__all__ = ["Field", "open_field"]


@dataclass(slots=True)
class Field:
    """All that takes part in a comparison, open.

    Parameters
    ----------
    stack
        Closes what is opened.
    opened
        The sources of models, the baseline first unless it was stored.
    settings
        How rows are read.
    stored
        The stored baseline.
    said
        What a reader should know of how rows are matched.
    """

    stack: ExitStack
    opened: Sequence[Opened]
    settings: Settings
    stored: Stored | None = None
    said: tuple[str, ...] = ()

    def fitting(self, selection: Selection, on_progress: Progress | None) -> tuple[Selection, list[LeftOut]]:
        """Find the losses of ``all`` that every model can be compared by, and why others cannot.

        Raises
        ------
        UsageError
            Where none can.
        NotInBaselineError
            Where a stored baseline holds none of them.
        """
        if self.stored is None:
            return fitting_all(self.opened, selection, on_progress)
        held, lacking = self.stored.baseline.columns, LeftOut(self.stored.name)
        for chosen in selection.losses:
            if chosen.label not in held:
                lacking.add(chosen, "the baseline does not hold it")
        some = tuple(chosen for chosen in selection.losses if chosen.label in held)
        if not some:
            problem = f"{self.stored.name} holds none of the losses that all stands for"
            raise NotInBaselineError(problem, f"name those it holds: {', '.join(held)}")
        found, left_out = fitting_all(self.opened, replace(selection, losses=some), on_progress, fewest=1)
        return found, [lacking, *left_out] if lacking.reasons else left_out

    def line_up(self, selection: Selection) -> list[list[Model]]:
        """Return the models of each set of losses that bind alike, the baseline first.

        Raises
        ------
        UsageError
            As `lossctl.api.comparisons.contenders.line_up`; and where a stored baseline was made with other settings.
        NotInBaselineError
            Where a stored baseline does not hold a loss.
        """
        return line_up(self.opened, selection) if self.stored is None else self._beside(self.stored, selection)

    def unmatched(self) -> list[str]:
        """Return which rows were left out, for another file had no such key."""
        return list(dict.fromkeys(line for each in self.opened for line in reading_warnings(each.source)))

    def _beside(self, stored: Stored, selection: Selection) -> list[list[Model]]:
        """Line up candidates with what was stored: beside the rows of the first of them, to which others are joined."""
        from lossctl.api.comparisons.stored import apart, join_stored, require_held, stand_in

        require_held(stored, selection, self.settings)
        model, source = stored.baseline.model, self.opened[0].source
        plans = [plan(each.source, selection, self.settings, LeftOut(each.source.name)) for each in self.opened]
        _refuse_groups_of_files(plans)
        joined = join_stored(self.stack, source, stored, plans[0], self.settings)
        groups: dict[tuple[str, ...], list[tuple[Origin, Model]]] = {}
        for number, (each, own) in enumerate(zip(self.opened, plans, strict=True), 1):
            for made in (alone for one in own for alone in apart(one)):
                labels = tuple(chosen.label for chosen in made.losses)
                if number == 1 and labels not in groups:
                    old = Model(model, joined, stand_in(made, joined, model))
                    groups[labels] = [(Origin(0, stored.name, _label_of(stored), model), old)]
                if labels not in groups:
                    problem = f"{each.source.name}: {', '.join(labels)} are not of one model, as in {source.name}"
                    raise UsageError(problem, "compare by these losses apart")
                origin = Origin(number, each.source.name, each.label, made.binding.model)
                groups[labels].append((origin, Model(origin.column, joined if number == 1 else each.source, made)))
        for entries in groups.values():
            require_each_row([candidate for _, candidate in entries[1:]])
        return [named_models(entries) for entries in groups.values()]


def open_field(
    stack: ExitStack,
    named: Sequence[tuple[str | None, Any]],
    baseline: Any,
    prediction: str | None,
    selection: Selection,
    settings: Settings,
) -> Field:
    """Open the sources of a comparison.

    Parameters
    ----------
    stack
        Closes what is opened.
    named
        The sources, with their labels.
    baseline
        What they are compared with: a path, what `lossctl.store_baseline` wrote too, or a frame; ``None``: the first
        model, or the column `prediction` of the one source.
    prediction
        The baseline's column, where it is not called as the candidate's is.
    selection, settings
        The losses, and how rows are read.

    Raises
    ------
    UsageError
        Where it is not clear which column is the baseline, or a stored one keeps no rows.
    DataError
        Where a file is missing or damaged.
    """
    theirs = settings if prediction is None else replace(settings, predictions=(prediction,))
    stored, lead = None, []
    if baseline is not None:
        if isinstance(baseline, str) and baseline == "-" and any(_is_named(each, "-") for _, each in named):
            raise UsageError("standard input is named twice", "it can be read once")
        itself = prediction is None or settings.predictions == (prediction,)
        for shared in (shared_file(each, baseline) for _, each in named) if itself else ():
            if shared is not None:
                raise one_file(shared)
        from lossctl.api.comparisons.stored import keyed, open_baseline, require_rows

        stored = open_baseline(stack, baseline, settings, prediction)
        if stored is not None:
            require_rows(stored)
        else:
            lead = [Opened(None, stack.enter_context(open_for(baseline, selection, theirs)), theirs, is_baseline=True)]
    opened = [Opened(label, stack.enter_context(open_for(of, selection, settings)), settings) for label, of in named]
    if baseline is None and prediction is not None:
        if len(opened) > 1:
            raise UsageError(f"--baseline-pred {prediction}: of which file?", "name it: --baseline FILE")
        lead = [replace(opened[0], settings=theirs, is_baseline=True)]
    said: tuple[str, ...] = ()
    if stored is not None:
        settings, said = keyed(stored, [each.source for each in opened], settings)
        opened = [replace(each, settings=settings) for each in opened]
    return Field(stack, [*lead, *opened], settings, stored, said)


def _is_named(source: object, name: str) -> bool:
    return isinstance(source, str) and source == name


def _label_of(stored: Stored) -> str | None:
    """Return what the user called the model when it was stored; ``None``: it was called by its columns."""
    baseline = stored.baseline
    columns = ", ".join(dict.fromkeys(str(each.get("prediction")) for each in baseline.results))
    return None if baseline.model == columns else baseline.model


def _refuse_groups_of_files(plans: Sequence[Sequence[ModelPlan]]) -> None:
    """Refuse groups of several files: what is stored is matched by key, and a key matches rows one by one."""
    if len(plans) > 1 and any(each.binding.group is not None for own in plans for each in own):
        problem = "losses of groups are compared with a stored baseline in one file alone"
        raise UsageError(problem, "compare the files one by one, or put their predictions into one")
