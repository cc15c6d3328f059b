"""Whether what was asked for makes sense: options that some loss uses, and, of ``all``, what columns are meant for.

A loss chosen by name takes the columns it is given. ``all`` takes what the columns are for, as far as their names and
values tell, and says of the rest why not. May import sources, engine and core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType

from lossctl.api.setup.shapes import width_of
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Kind, Loss, Role
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.fitting import simplex_roles
from lossctl.sources import Source
from lossctl.sources.columns.bind import has_usual_target
from lossctl.sources.columns.kinds import are_percent, reads_as
from lossctl.sources.columns.patterns import parts

__all__ = ["foreign_label", "require_meaning", "require_used", "unlikely"]

_READ_AS = {
    Kind.INTERVAL: "an interval",
    Kind.QUANTILES: "quantiles",
    Kind.PARAMETRIC: "a location and a scale",
}
_ONE_NUMBER = {Kind.REAL, Kind.BINARY, Kind.DISTRIBUTION, Kind.GROUPED}
"""Kinds whose columns leave no doubt: one number, or a distribution beside another."""

_SHOWN = 10
"""The most losses that a message names."""


@dataclass(frozen=True, slots=True)
class _Use:
    """An option that only some losses use: whether it is given, and whether a loss does."""

    given: Callable[[Settings], bool]
    used: Callable[[Loss], bool]
    takes: str


_USES: Mapping[str, _Use] = MappingProxyType(
    {
        "--clip": _Use(lambda s: s.clip is not None, lambda loss: loss.prediction == PROBABILITY, "probabilities"),
        "--normalize": _Use(lambda s: s.normalize, lambda loss: bool(simplex_roles(loss)), "distributions"),
        "--scale": _Use(lambda s: bool(s.scales), lambda loss: loss.kind is Kind.PARAMETRIC, "a scale"),
        "--levels": _Use(lambda s: bool(s.levels), lambda loss: loss.kind is Kind.QUANTILES, "levels of quantiles"),
        "--group": _Use(lambda s: s.group is not None, lambda loss: loss.kind is Kind.GROUPED, "groups"),
        "--classes": _Use(
            lambda s: bool(s.classes), lambda loss: loss.kind is Kind.MULTICLASS or loss.across, "classes"
        ),
        "--class-weights": _Use(lambda s: bool(s.class_weights), lambda loss: loss.kind is Kind.MULTICLASS, "classes"),
        "--ignore-label": _Use(
            lambda s: s.ignore_label is not None, lambda loss: loss.kind is Kind.MULTICLASS, "classes"
        ),
    }
)


def require_used(settings: Settings, losses: Iterable[ChosenLoss]) -> None:
    """Refuse an option that no chosen loss uses.

    Raises
    ------
    UsageError
        Naming the option and the losses.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> try:
    ...     require_used(Settings(clip=0.1), [LOSSES["mae"].choose()])
    ... except UsageError as error:
    ...     print(error)
    --clip is of no use: mae takes no probabilities
    """
    chosen = list(dict.fromkeys(losses))
    for flag, use in _USES.items():
        if use.given(settings) and not any(use.used(each.loss) for each in chosen):
            labels = ", ".join(each.title for each in chosen[:_SHOWN]) + (", …" if len(chosen) > _SHOWN else "")
            takes = f"takes no {use.takes}" if len(chosen) == 1 else f"take no {use.takes}"
            raise UsageError(f"{flag} is of no use: {labels} {takes.replace('no a ', 'no ')}", f"leave out {flag}")


def require_meaning(source: Source, chosen: ChosenLoss, bindings: Sequence[Binding], settings: Settings) -> None:
    """Leave out of ``all`` a loss that could take the columns, which are meant for another.

    Raises
    ------
    UsageError
        With the reason.
    """
    names = list(source.columns)
    if Role.TARGET not in chosen.loss.roles and (settings.target is not None or has_usual_target(names)):
        raise UsageError("it takes no target: its prediction is the probability of what happened")
    for binding in bindings:
        if chosen.loss.kind not in _ONE_NUMBER:
            _require_reading(source, chosen, binding, settings)


def _require_reading(source: Source, chosen: ChosenLoss, binding: Binding, settings: Settings) -> None:
    names = list(source.columns)
    kind, text = chosen.loss.kind, binding.text(Role.PREDICTION)
    reads = reads_as(binding.prediction, settings)
    if kind is Kind.MULTICLASS and are_percent(binding.prediction):  # classes called p_10 and p_90: the values tell
        reads = None
    listed = parts(text, names)
    several = len(listed) > 1
    if several and kind is not Kind.VECTORS and any(part not in names for part in listed):
        raise UsageError(f"{text} is read as several vectors")
    if reads is not None and reads is not kind and len(binding.target) < 2:  # noqa: PLR2004 -- no vector
        raise UsageError(f"{text} is read as {_READ_AS[reads]}")
    if reads is None and kind in {Kind.INTERVAL, Kind.PARAMETRIC, Kind.QUANTILES}:
        raise UsageError(f"the names of its columns do not say that {text} is {_READ_AS[kind]}: choose it by name")
    if kind is Kind.VECTORS and chosen.loss.vectors != 1 and not several:
        raise UsageError(f"{text} is one vector: list several, such as -p 'a_*,b_*'")
    if kind is Kind.ENSEMBLE and width_of(source, binding, Role.PREDICTION) == width_of(source, binding, Role.TARGET):
        raise UsageError(f"{text} is one vector, not several members")


def foreign_label(source: Source, binding: Binding, settings: Settings) -> bool:
    """Return whether a target holds a value that is none of the labels it would be read as; stops at the first."""
    column = binding.target[0]
    reading = source.read([column], where=settings.where, labels={column: binding.labels})
    with closing(reading) as batches:  # type: ignore[type-var]  # a generator, which can be closed
        return any(bool((batch.columns[column] < 0.0).any()) for batch in batches)


def unlikely(chosen: ChosenLoss, binding: Binding, fitting: Iterable[tuple[ChosenLoss, Binding]]) -> str | None:
    """Return why a loss of ``all`` is meant for other columns, given those that fit the values; ``None``: it is not.

    Where predictions all lie in [0, 1], or sum to 1 in each row, they are taken for probabilities: a loss that takes
    scores could compute something, and what it gave would mean nothing.
    """
    kinds = {Kind.MULTICLASS} if chosen.loss.kind is Kind.ENSEMBLE else {chosen.loss.kind}
    if chosen.loss.prediction == PROBABILITY or not kinds <= {Kind.BINARY, Kind.MULTICLASS}:
        return None
    for other, bound in fitting:
        probabilities = other.loss.kind in kinds and other.loss.prediction == PROBABILITY
        if probabilities and bound.prediction == binding.prediction:
            return f"{binding.text(Role.PREDICTION)} holds probabilities, and it takes none"
    return None
