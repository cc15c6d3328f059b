"""From losses and columns to plans: which losses are computed on which columns of a source.

May import sources, engine, losses and core.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from lossctl.api.setup.classes import share_classes
from lossctl.api.setup.fit import foreign_label, require_meaning, require_used
from lossctl.api.setup.losses import Selection
from lossctl.api.setup.shapes import ShapeError, require_shape
from lossctl.core.bound import note_bound, note_names, note_used
from lossctl.core.errors import LossctlError, UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind, Role
from lossctl.core.rows.block import Batch, Binding
from lossctl.core.settings import Settings
from lossctl.core.spelling import canonical
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.plan import ModelPlan
from lossctl.sources import ColumnType, Source
from lossctl.sources.columns.bind import alike, bind, can_bind
from lossctl.sources.columns.classes import numbers_after

if TYPE_CHECKING:
    from lossctl.sources.query.slicing import Slices
    from lossctl.sources.query.stream import Request

__all__ = ["LeftOut", "could_bind", "plan", "read_for", "request_for", "several", "wrong_positive"]

_TWO = 2
_MOST_SHOWN = 5
"""The most values of a target that a message shows."""
_MOST_NAMED, _MOST_NAMED_TOGETHER = 5, 3
"""The most losses that a warning names, and each line of an error."""


@dataclass(slots=True)
class LeftOut:
    """Losses of ``all`` that do not fit a source, each with the reason.

    Parameters
    ----------
    source
        The name of the source; reasons do not repeat it.
    reasons
        Of each loss, by label.
    titles
        What people read of each loss, by label.
    """

    source: str
    reasons: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def add(self, chosen: ChosenLoss, reason: str) -> None:
        """Leave a loss out."""
        for known in (f"{chosen.loss.id} ", f"{self.source} ", f"{self.source}, "):
            reason = reason.removeprefix(known)
        self.reasons[chosen.label] = reason
        self.titles[chosen.label] = chosen.title

    def lines(self) -> list[str]:
        """Say in a line each which losses were left out for which reason."""
        return [f"{self.source}: {_left_out(titles, len(titles))}: {reason}" for reason, titles in self._groups()]

    def short_lines(self) -> list[str]:
        """Say so with a few names in each line.

        Examples
        --------
        >>> from lossctl.losses import LOSSES
        >>> left_out = LeftOut("a.csv")
        >>> for name in ("mae", "mse", "rmse", "huber", "log_cosh", "cauchy", "mape"):
        ...     left_out.add(LOSSES[name].choose(), "too dull")
        >>> left_out.short_lines()
        ['a.csv: mae, mse, rmse, huber, log_cosh and 2 more are left out: too dull']
        """
        return [
            f"{self.source}: {_left_out(_names(titles), _MOST_NAMED)}: {reason}" for reason, titles in self._groups()
        ]

    def refusal(self, kind: type[LossctlError]) -> LossctlError:
        """Return the error that no loss fits: what keeps most of them out first, a note for each reason."""
        problem = f"{self.source}: none of the {len(self.reasons)} losses fits"
        error = kind(problem, "name columns with -t and -p; --loss NAME tells what a loss takes")
        for reason, titles in sorted(self._groups(), key=lambda group: -len(group[1])):
            error.add_note(f"{several(_names(titles), _MOST_NAMED_TOGETHER)}: {reason}")
        return error

    def _groups(self) -> list[tuple[str, list[str]]]:
        """Return each reason with the losses that it keeps out, as people read them."""
        by_reason: dict[str, list[str]] = {}
        for label, reason in self.reasons.items():
            by_reason.setdefault(reason, []).append(self.titles[label])
        return list(by_reason.items())


def _left_out(names: Sequence[str], most: int) -> str:
    return f"{several(names, most)} {'is' if len(names) == 1 else 'are'} left out"


def several(names: Sequence[str], most: int) -> str:
    """Return the names of losses, of many the first few."""
    rest = len(names) - most
    if rest <= 1:  # one more name is as short as "and 1 more"
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {rest} more"


def _names(titles: Sequence[str]) -> list[str]:
    """Return the names of losses without their parameters, each once."""
    return list(dict.fromkeys(title.partition("(")[0] for title in titles))


def could_bind(names: Sequence[str], selection: Selection, settings: Settings) -> bool:
    """Return whether columns of these names would do: what settles the delimiter of a text file."""
    groups = (can_bind(names, group, settings) for group in alike(selection.losses))
    return any(groups) if selection.fitting_only else all(groups)


def plan(source: Source, selection: Selection, settings: Settings, left_out: LeftOut) -> list[ModelPlan]:
    """Bind columns and say what to compute for each model.

    Losses of ``all`` that do not fit the columns are added to `left_out`.

    Raises
    ------
    UsageError
        Where columns are missing or ambiguous, a loss takes others than those bound, or an option is of no use.
    """
    fitting: dict[Binding, list[ChosenLoss]] = {}
    for group in alike(selection.losses):
        for chosen in group:
            try:
                bindings = _bind(source, chosen, group, selection, settings)
            except (UsageError, ShapeError) as error:
                if not selection.fitting_only:
                    raise _of_source(source, error) from None
                left_out.add(chosen, error.problem)
                continue
            for binding in bindings:
                fitting.setdefault(binding, []).append(chosen)
    fitting = {_with_positive(source, binding, settings): group for binding, group in fitting.items()}
    fitting = {_with_numbers(source, binding, settings): group for binding, group in fitting.items()}
    if selection.fitting_only:
        _leave_out_labels(source, fitting, settings, left_out)
    if not fitting:
        raise left_out.refusal(UsageError)
    require_used(settings, [chosen for group in fitting.values() for chosen in group])
    _note(source, fitting, settings)
    note_names([source.name, *(each.title for group in fitting.values() for each in group)])
    note_names(binding.model for binding in fitting)
    made = [ModelPlan(binding, tuple(group), settings.clip, settings.normalize) for binding, group in fitting.items()]
    return share_classes([(source, each) for each in made])


def _note(source: Source, bindings: Iterable[Binding], settings: Settings) -> None:
    """Note which columns are bound and used, for who tells a person of it."""
    spaces = source.spaces
    outside = {} if spaces is None else {inside: name for name, inside in spaces.targets.items()}
    names = [*source.columns] if spaces is None else [*spaces.predictions, *spaces.targets]
    words = set(re.findall(r"\w+", (settings.where or "").lower()))
    note_used([*settings.by, *settings.key, *(name for name in names if words & set(re.findall(r"\w+", name.lower())))])
    for each in bindings:
        note_used(outside.get(name, name) for name in (*each.needed, each.group) if name is not None)
        texts = {str(role): each.text(role) for role in (Role.TARGET, Role.PREDICTION) if each.columns(role)}
        others = {"weight": each.weight, "group": each.group}
        note_bound(names, texts | {role: name for role, name in others.items() if name is not None})


def _bind(
    source: Source, chosen: ChosenLoss, group: Sequence[ChosenLoss], selection: Selection, settings: Settings
) -> list[Binding]:
    """Bind the columns of one loss of a group that binds alike, for each model."""
    bindings = bind(list(source.columns), group, settings, source.spaces)
    for binding in bindings:
        require_shape(source, chosen, binding)
        if chosen.loss.kind is Kind.MULTICLASS and settings.positive is None:
            _require_names_of_classes(source, binding)
    if selection.fitting_only:
        require_meaning(source, chosen, bindings, settings)
    return bindings


def _require_names_of_classes(source: Source, binding: Binding) -> None:
    """Refuse labels that are texts beside a list, which does not name its classes."""
    texts = [name for name in binding.target if source.columns[name] is ColumnType.TEXT]
    if binding.labels or not texts:
        return
    labels = source.distinct(texts[0], _MOST_SHOWN)
    if any(re.search("[^0-9.+-]", label) for label in labels):
        problem = (
            f'column "{texts[0]}" holds labels such as {labels[0]!r}, and {binding.prediction_text} names no classes'
        )
        named = ",".join(labels) if len(labels) < _MOST_SHOWN else "A,B,C"
        raise UsageError(problem, f"name them in the order of the list: --classes {named}")


def _of_source(source: Source, error: UsageError | ShapeError) -> LossctlError:
    """Say of which source an error is."""
    sign = "," if isinstance(error, ShapeError) else ":"
    return type(error)(f"{source.name}{sign} {error.problem}", error.cure)


def _leave_out_labels(
    source: Source, fitting: dict[Binding, list[ChosenLoss]], settings: Settings, left_out: LeftOut
) -> None:
    """Where some losses take a target for labels and others for numbers, leave out those that are wrong."""
    numbers = {name for binding in fitting if not binding.labels for name in binding.target}
    for binding in [each for each in fitting if each.labels and not numbers.isdisjoint(each.target)]:
        if foreign_label(source, binding, settings):
            for chosen in fitting.pop(binding):
                left_out.add(chosen, f'column "{binding.target_text}" holds no labels of {binding.prediction_text}')
    labelled = {name for binding in fitting if binding.labels for name in binding.target}
    for binding in [each for each in fitting if not each.labels and not labelled.isdisjoint(each.target)]:
        for chosen in fitting.pop(binding):
            left_out.add(chosen, f'column "{binding.target_text}" holds labels')


def read_for(
    source: Source,
    plans: Sequence[ModelPlan],
    settings: Settings,
    slices: Slices | None = None,
    identity: Sequence[str] = (),
    texts: Sequence[str] = (),
) -> Iterable[Batch]:
    """Read what plans of one grouping need of a source; where `slices` or columns are given, rows know who they are.

    `texts` are columns to read as texts beside.

    Raises
    ------
    UsageError
        Where two losses take one column for different things.
    """
    columns = list(dict.fromkeys(name for each in plans for name in each.binding.needed))
    group, labels = plans[0].binding.group, _labels_of(plans)
    if slices is None and not identity and not texts:
        return source.read(columns, where=settings.where, labels=labels, group=group)
    return source.read(
        columns, where=settings.where, labels=labels, group=group, by=slices, identity=identity, texts=texts
    )


def request_for(
    source: Source,
    plans: Sequence[ModelPlan],
    settings: Settings,
    slices: Slices | None = None,
    identity: Sequence[str] = (),
) -> Request:
    """Return what `read_for` would read, for sources that are read together.

    Raises
    ------
    UsageError
        Where two losses take one column for different things, or compare the rows of a group.
    """
    from lossctl.sources.query.row_marks import Marks

    if plans[0].binding.group is not None:
        problem = f"{source.name}: {plans[0].losses[0].title} takes rows group by group, and --key one by one"
        cure = "leave out --key, and let rows stand in the same order within each group of every file"
        if settings.targets is not None:  # which are found by the key alone
            cure = "give the predictions as columns of one file"
        raise UsageError(problem, cure)
    columns = list(dict.fromkeys(name for each in plans for name in each.binding.needed))
    return source.request(columns, settings.where, _labels_of(plans), None, Marks(slices, tuple(identity)))


def _labels_of(plans: Sequence[ModelPlan]) -> dict[str, tuple[str, ...]]:
    """Return the columns to be read as labels, and their labels.

    Raises
    ------
    UsageError
        Where two losses take one column for different things.
    """
    labels: dict[str, tuple[str, ...]] = {}
    for each in plans:
        for name in each.binding.target:
            if labels.setdefault(name, each.binding.labels) != each.binding.labels:
                problem = f"{', '.join(chosen.title for chosen in each.losses)} and other losses read column"
                raise UsageError(f'{problem} "{name}" as different labels', "run them apart")
    return {name: found for name, found in labels.items() if found}


def _with_numbers(source: Source, binding: Binding, settings: Settings) -> Binding:
    """Let columns such as ``p1`` and ``p2`` be of the classes 1 and 2, where the labels are those and not ``p1``."""
    classes = binding.labels[: len(binding.prediction)]
    named = settings.classes or settings.positive is not None
    numbers = numbers_after(classes) if classes and not named else ()
    if not numbers:
        return binding
    found = source.distinct(binding.target[0], _MOST_SHOWN)
    if not any(number in found for number in numbers):
        return binding
    return replace(binding, labels=(*numbers, *binding.labels[len(numbers) :]))


def _with_positive(source: Source, binding: Binding, settings: Settings) -> Binding:
    """Let a target of two texts count as 0 and 1, as ``--positive`` says."""
    if settings.positive is None or len(binding.target) != 1 or binding.labels:
        return binding
    column, positive = binding.target[0], canonical(settings.positive)
    found = source.distinct(column, _MOST_SHOWN)
    if positive not in found or len(found) > _TWO:
        raise wrong_positive("", column, settings.positive, found)
    other = next((each for each in found if each != positive), "")
    return replace(binding, labels=(other, positive))


def wrong_positive(where: str, column: str, positive: str, labels: Sequence[str]) -> UsageError:
    """Return the error of a label that ``--positive`` names, of a target that does not hold it and one other."""
    from lossctl.core.names import nearest

    shown = ", ".join(repr(each) for each in labels)
    near = nearest(positive, labels)
    cure = "--positive names one of the two values of the target"
    if near and len(labels) <= _TWO:
        cure = f"did you mean --positive {shlex.quote(near[0])}?"
    return UsageError(f'{where}column "{column}" holds {shown}: not {positive!r} and one other value', cure)
