"""What a loss is: one row of the registry, and a row with its parameters chosen.

Everything the rest of lossctl knows about a loss (flags, help, validation, documentation, curves, tests) is
read from these fields. Imports the standard library, NumPy and core.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np

from lossctl.core.errors import UsageError
from lossctl.core.losses.domain import BINARY, NONNEGATIVE, POSITIVE, PROBABILITY, REAL_LINE, Domain
from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.param import Param, Value
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = [
    "ALPHA",
    "BINARY",
    "NONNEGATIVE",
    "POSITIVE",
    "PROBABILITY",
    "REAL_LINE",
    "ChosenLoss",
    "Direction",
    "Domain",
    "Facts",
    "Kind",
    "Loss",
    "Param",
    "Reduction",
    "Role",
    "Value",
]

ALPHA = "alpha"
"""The parameter of losses of intervals that says which share of targets an interval may miss."""

Kernel = Callable[..., tuple[Array, Array]]
"""``kernel(target, prediction, **params) -> (loss, slope)``; see `Loss.kernel`."""
Finish = Callable[..., tuple[float, tuple[float, ...]]]
"""``finish(means, **params) -> (value, derivatives)``; see `Loss.finish`."""
Check = Callable[..., None]
"""``check(**params)``: returns nothing, or raises UsageError with a cure; see `Loss.check` and `Loss.check_columns`."""
Fact = float | Callable[..., float | None] | None
"""A number, or a function that gives it; ``None``: there is none.

A function names what it depends on: parameters of the loss, and ``columns``, how many columns the prediction has; that
is NaN where no prediction is at hand, and a fact that is NaN then depends on it.
"""
Truth = bool | Callable[..., bool] | None
"""A fact that holds or not, or a function of parameters, as `Fact`; ``None``: it makes no sense to ask."""


class Kind(StrEnum):
    """How columns bind to a loss (the table "Binding columns" of the command-line documentation)."""

    REAL = "real"
    BINARY = "binary"
    MULTICLASS = "multiclass"
    DISTRIBUTION = "distribution"
    INTERVAL = "interval"
    QUANTILES = "quantiles"
    PARAMETRIC = "parametric"
    ENSEMBLE = "ensemble"
    GROUPED = "grouped"
    VECTORS = "vectors"


class Role(StrEnum):
    """What a column can be to a loss."""

    TARGET = "target"
    PREDICTION = "prediction"


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Reduction(StrEnum):
    """How the losses of rows become one value."""

    MEAN = "mean"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a loss as a function of its prediction. Every fact given is tested.

    Parameters
    ----------
    convex
        Whether it is convex in the prediction.
    lipschitz
        The largest |slope|; ``None`` where it is unbounded, or the note says what bounds it.
    smoothness
        The Lipschitz constant of the slope; ``None`` where there is none.
    kinks
        Residuals ŷ − y at which the loss is not differentiable.
    low, high
        The bounds of a row's loss.
    minimum_at_target
        Whether the loss is least where the prediction is the target: ŷ = y, a logarithm or a location that means y,
        certainty of the label, a score or a distance that is far on its right side. ``None`` where there is no
        prediction beside the target.
    slope_vanishes
        Whether the slope is zero there.
    symmetric
        Whether ŷ and y may change places; ``None`` where they are not of one kind.
    note
        What the fields cannot say.
    """

    convex: Truth = None
    lipschitz: Fact = None
    smoothness: Fact = None
    kinks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
    low: Fact = None
    high: Fact = None
    minimum_at_target: Truth = None
    slope_vanishes: Truth = None
    symmetric: Truth = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """A row of the registry.

    Parameters
    ----------
    id
        The field's name for it; what a result calls it.
    aliases
        Other names a user may type.
    task
        The group it is listed under.
    kind
        How columns bind to it.
    summary
        What it measures, in a line.
    formula, latex
        The loss of a row.
    slope
        Its derivative by the prediction.
    target, prediction
        The domains of the values; ``None`` where the loss does not use that column.
    kernel
        ``kernel(target, prediction, **params) -> (loss, slope)``, pure NumPy on a valid Block. Scalars per row
        come as ``(n,)``, vectors as ``(n, K)``; ``slope`` is dℓᵢ/dŷᵢ, shaped like the prediction. An unused
        column is ``None``. At a kink the slope is the subgradient of least norm. An interval comes as ``(n, 2)``, a
        location with its scale too. Of quantiles the kernel also gets ``levels``, ``(K,)`` and ascending; of groups
        ``starts``, the index of the first row of each, and its loss is ``(groups,)``.
    reference
        Where it comes from.
    example
        A command that runs it on a file of ``examples/data``.
    params
        Its parameters.
    check
        ``check(**params)``, where values that are each in their domain may not go together: raises UsageError.
    check_columns
        ``check_columns(**context, **params)``, where not every number of columns will do: raises UsageError. Called
        before the first row, of quantiles with ``levels``, of an ensemble with ``members`` and ``components``: how
        many there are, and how many numbers each has; of labelled pairs of vectors with ``components``.
    finish
        ``finish(means, **params) -> (value, derivatives)``, where the loss is no plain mean: maps the means (or sums)
        of the parts to the value, and gives d value / d mean for each part. Of a distribution it maps the sum down
        a file; across columns the kernel gives finished losses of rows.
    root
        ``root(target, prediction, **params)`` gives the roots of the losses of rows, where these are squares and
        `finish` takes the root of their mean: what is too large or too small to be squared is scaled first.
    infinite
        Why `finish` may give an infinite value of means that are finite, for a warning; empty where it never does.
    parts
        How many parts a row has. With several, the kernel's loss is ``(parts, n)`` and its slope ``(parts, n)`` or
        ``(parts, n, K)``: weighted MAPE, for one, needs the means of |ŷ − y| and of |y|. Of a distribution the number
        is that across columns, 1; down a file its kernel may give several parts.
    across
        Whether a distribution must lie across columns: its categories are ordered, so that no event stands alone.
    thresholds
        Whether a multiclass prediction has a column for each threshold between ordered classes: one fewer than classes.
    scale
        The domain of the second column of a parametric prediction, its scale; `prediction` is that of the first.
    vectors
        Of embeddings and ensembles: how many vectors of one length a row's prediction holds, one after the other; 0:
        any whole number. They are as long as the target, where that is a vector; see `labels_pairs`.
    nonzero
        Whether a vector of zeros alone, in target or prediction, is a data error.
    zero_where_tied
        Of groups: whether the loss of one in which no two targets differ is 0, for it has nothing to order.
    series
        Whether rows are a series in file order: the kernel then also gets ``lagged``, the targets of ``period`` rows
        before, NaN where there is none. The loss has a parameter ``period``.
    unit
        The unit of the value, or a function of the parameters that gives it; ``None``: that of the data.
    facts
        What is known of it.
    direction
        Which way is better.
    of_classes
        The id of the loss of several classes that is this one where there are two; empty: there is none.
    elsewhere
        What it is called in other libraries, such as ``torch.nn.HuberLoss``, and whether the number is the same there.
    note
        What a user of other libraries should know.
    """

    id: str
    task: str
    kind: Kind
    summary: str
    formula: str
    slope: str
    latex: str
    target: Domain | None
    prediction: Domain | None
    kernel: Kernel
    reference: str
    example: str
    aliases: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    check: Check | None = None
    check_columns: Check | None = None
    finish: Finish | None = None
    root: Callable[..., Array] | None = None
    infinite: str = ""
    parts: int = 1
    across: bool = False
    thresholds: bool = False
    scale: Domain | None = None
    vectors: int = 1
    nonzero: bool = False
    zero_where_tied: bool = False
    series: bool = False
    unit: str | Callable[..., str | None] | None = None
    facts: Facts = Facts()
    direction: Direction = Direction.LOWER
    of_classes: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        return f"<Loss {self.id}: {self.summary}>"

    @property
    def roles(self) -> tuple[Role, ...]:
        """The columns the loss uses."""
        used = ((Role.TARGET, self.target), (Role.PREDICTION, self.prediction))
        return tuple(role for role, domain in used if domain is not None)

    @property
    def labels_pairs(self) -> bool:
        """Whether the target is one label a row, of the pair of vectors that the prediction holds."""
        return self.kind is Kind.VECTORS and self.vectors > 1 and self.target == BINARY

    @property
    def ordered(self) -> bool:
        """Whether the order of the classes or categories counts: that of the columns moves the value."""
        return self.across or self.task == "ordinal"

    def domain(self, role: Role) -> Domain | None:
        """Return the domain of a column; ``None`` where the loss does not use it."""
        return self.target if role is Role.TARGET else self.prediction

    def param(self, name: str) -> Param | None:
        """Find a parameter by name; ``None`` where the loss has no such parameter."""
        return next((param for param in self.params if param.name == name), None)

    def choose(self, **values: Value) -> ChosenLoss:
        """Fix the parameters: those given, the defaults for the rest.

        Raises
        ------
        UsageError
            Where a name is no parameter of this loss, a value lies out of its domain, or values do not go together.

        Examples
        --------
        >>> from lossctl.losses import LOSSES
        >>> LOSSES["huber"].choose(delta=0.5).label
        'huber(delta=0.5)'
        """
        for name in values:
            if self.param(name) is None:
                known = ", ".join(param.name for param in self.params) or "none"
                raise UsageError(f"{self.id} has no parameter {name!r}", f"its parameters: {known}")
        params = {param.name: param.check(values.get(param.name, param.default)) for param in self.params}
        if self.check is not None:
            self.check(**params)
        return ChosenLoss(self, MappingProxyType(params), frozenset(values))


@dataclass(frozen=True, slots=True)
class ChosenLoss:
    """A loss with all its parameters fixed: what a plan computes.

    Parameters
    ----------
    loss
        The row.
    params
        A value for each of its parameters.
    given
        Those of them that somebody chose: the others have their defaults. It does not tell losses apart.
    typed
        The name that somebody chose it by; empty: its id. It does not tell losses apart either.
    """

    loss: Loss
    params: Mapping[str, Value]
    given: frozenset[str] = frozenset()
    typed: str = ""

    @property
    def label(self) -> str:
        """The name with its parameters, which ``--loss`` reads back: ``huber(delta=0.5)``."""
        return _with_parameters(self.loss.id, self.loss.params, self.params)

    @property
    def title(self) -> str:
        """What people read: the name as it was typed, with the parameters that were chosen or are no defaults.

        ``log_loss``, where `label` is ``binary_cross_entropy(label_smoothing=0.0,pos_weight=1.0)``.
        """
        shown = [p for p in self.loss.params if p.name in self.given or self.params[p.name] != p.default]
        return _with_parameters(self.typed or self.loss.id, shown, self.params)

    @property
    def unit(self) -> str | None:
        """The unit of the value; ``None``: that of the data."""
        return self.loss.unit(**self.params) if callable(self.loss.unit) else self.loss.unit

    def fact(self, name: str, columns: int | None = None) -> Any:
        """Return a fact of `Facts` for these parameters, and for a prediction of so many columns.

        NaN where it depends on how many there are, and that is not given.
        """
        value = getattr(self.loss.facts, name)
        if not callable(value):
            return value
        known = {**self.params, "columns": math.nan if columns is None else columns}
        return value(**{each: known[each] for each in inspect.signature(value).parameters})

    def check_columns(self, **context: Any) -> None:
        """Refuse columns the loss cannot use, before the first row; see `Loss.check_columns`.

        Raises
        ------
        UsageError
            Where levels do not pair up, or members are too few.
        """
        if self.loss.check_columns is not None:
            self.loss.check_columns(**context, **self.params)

    def compute(self, target: Array | None, prediction: Array | None, **context: Any) -> tuple[Array, Array]:
        """Return ``(loss, slope)`` per row. The arrays must come from a valid Block.

        `context` is what a kernel of quantiles or groups gets beside its columns; see `Loss.kernel`.
        """
        with np.errstate(all="ignore"):  # kernels meet the ends of float64 on purpose: inf is a right answer there
            return self.loss.kernel(_in_one_piece(target), _in_one_piece(prediction), **context, **self.params)

    def finish(self, means: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
        """Return the value, and its derivative by the mean of each part."""
        if self.loss.finish is None:
            return means[0], (1.0,)
        return self.loss.finish(means, **self.params)

    def __repr__(self) -> str:
        return f"<ChosenLoss {self.label}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChosenLoss) and (self.loss, self.params) == (other.loss, other.params)

    def __hash__(self) -> int:
        return hash(self.label)


def _with_parameters(name: str, params: Sequence[Param], values: Mapping[str, Value]) -> str:
    inside = ",".join(f"{param.name}={param.format(values[param.name])}" for param in params)
    return f"{name}({inside})" if inside else name


def _in_one_piece(values: Array | None) -> Array | None:
    """Return a column without gaps in memory: where processors have wide vectors, NumPy takes other code for gaps.

    Its ``exp`` and powers then differ in the last bit.
    """
    return values if values is None or values.ndim > 1 else np.ascontiguousarray(values)
