"""What a loss is: one row of the registry, and a row with its parameters chosen.

Everything the rest of lossctl knows about a loss (flags, help, validation, documentation, curves, tests) is
read from these fields. Imports the standard library, NumPy and `core.errors`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from lossctl.core.errors import UsageError

__all__ = [
    "NONNEGATIVE",
    "POSITIVE",
    "PROBABILITY",
    "REAL_LINE",
    "Array",
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

Array = npt.NDArray[np.float64]
Value = float | int | bool | str
"""A parameter's value."""
Kernel = Callable[..., tuple[Array, Array]]
"""``kernel(target, prediction, **params) -> (loss, slope)``; see `Loss.kernel`."""
Fact = float | Callable[..., float | None] | None
"""A number, or a function of the loss's parameters (by keyword) that gives it; ``None``: there is none."""


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
class Domain:
    """An interval of real numbers that a column's values must lie in.

    Parameters
    ----------
    low, high
        The ends; infinite where there is none.
    low_open, high_open
        Whether the end itself is out.

    Examples
    --------
    >>> print(PROBABILITY)
    [0, 1]
    >>> print(POSITIVE)
    (0, inf)
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def contains(self, values: Array) -> npt.NDArray[np.bool_]:
        """Say of each value whether it lies in the domain (a NaN never does)."""
        above = values > self.low if self.low_open else values >= self.low
        below = values < self.high if self.high_open else values <= self.high
        return above & below

    def contains_all(self, values: Array) -> bool:
        """Say whether every value lies in the domain, without making an array the size of the input."""
        if values.size == 0 or self.is_real_line:
            return True
        low, high = float(values.min()), float(values.max())
        above = low > self.low if self.low_open else low >= self.low
        below = high < self.high if self.high_open else high <= self.high
        return above and below

    @property
    def is_real_line(self) -> bool:
        """Whether every finite number lies in the domain."""
        return math.isinf(self.low) and math.isinf(self.high)

    def __str__(self) -> str:
        left = "(" if self.low_open or math.isinf(self.low) else "["
        right = ")" if self.high_open or math.isinf(self.high) else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


REAL_LINE = Domain()
NONNEGATIVE = Domain(low=0.0)
POSITIVE = Domain(low=0.0, low_open=True)
PROBABILITY = Domain(low=0.0, high=1.0)


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a loss: a flag, a field of ``--loss 'name(param=value)'``, a keyword of the kernel.

    Parameters
    ----------
    name
        The flag without its dashes, and the kernel's keyword.
    default
        The value when none is given. Its type is the parameter's type.
    summary
        What it means, for help and documentation.
    domain
        The values allowed, for a number.
    constants
        Names that stand for numbers, such as ``e``.
    choices
        The values allowed, for a text.
    """

    name: str
    default: Value
    summary: str
    domain: Domain = REAL_LINE
    constants: Mapping[str, float] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> Value:
        """Read a value as typed by a user.

        Raises
        ------
        UsageError
            Where the text is no value of this parameter's type, or lies out of its domain.
        """
        stripped = text.strip()
        if isinstance(self.default, bool):
            return self._parse_bool(stripped)
        if isinstance(self.default, str):
            return self.check(stripped)
        if stripped.lower() in self.constants:
            return self.check(self.constants[stripped.lower()])
        try:
            return self.check(int(stripped) if isinstance(self.default, int) else float(stripped))
        except ValueError:
            raise UsageError(f"parameter {self.name}: {text!r} is not {self.expects}") from None

    def check(self, value: Value) -> Value:
        """Return the value in the parameter's own type, or refuse it.

        Raises
        ------
        UsageError
            Where the value is of another type or lies out of the domain.
        """
        wrong = UsageError(f"parameter {self.name}: {value!r} is not {self.expects}")
        if isinstance(self.default, bool) or isinstance(value, bool):
            if isinstance(self.default, bool) and isinstance(value, bool):
                return value
            raise wrong
        if isinstance(self.default, str):
            if isinstance(value, str) and value in self.choices:
                return value
            raise wrong
        if isinstance(value, str):
            return self.parse(value)
        number = float(value)
        if not math.isfinite(number) or not self.domain.contains_all(np.array([number])):
            raise wrong
        if isinstance(self.default, int):
            if number != int(number):
                raise wrong
            return int(number)
        return number

    def _parse_bool(self, text: str) -> bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise UsageError(f"parameter {self.name}: {text!r} is not {self.expects}")
        return words[text.lower()]

    @property
    def expects(self) -> str:
        """What a value must be, in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, str):
            return "one of " + ", ".join(self.choices)
        noun = "a whole number" if isinstance(self.default, int) else "a number"
        where = "" if self.domain.is_real_line else f" in {self.domain}"
        names = "".join(f" or {name}" for name in self.constants)
        return f"{noun}{where}{names}"

    def format(self, value: Value) -> str:
        """Write a value so that `parse` reads it back."""
        for name, constant in self.constants.items():
            if value == constant:
                return name
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value) if not isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a loss as a function of its prediction. Every fact given is tested.

    Parameters
    ----------
    convex
        Whether it is convex in the prediction.
    lipschitz
        The largest |slope|; ``None`` where it is unbounded.
    smoothness
        The Lipschitz constant of the slope; ``None`` where there is none.
    kinks
        Residuals ŷ − y at which the loss is not differentiable.
    low, high
        The bounds of a row's loss.
    minimum_at_target
        Whether ŷ = y minimises the loss.
    slope_vanishes
        Whether the slope is zero there.
    symmetric
        Whether ŷ − y and y − ŷ give the same loss.
    note
        What the fields cannot say.
    """

    convex: bool | None = None
    lipschitz: Fact = None
    smoothness: Fact = None
    kinks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
    low: Fact = None
    high: Fact = None
    minimum_at_target: bool | None = None
    slope_vanishes: bool | None = None
    symmetric: bool | None = None
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
        column is ``None``. At a kink the slope is the subgradient of least norm.
    reference
        Where it comes from.
    example
        A command that runs it on a file of ``examples/data``.
    params
        Its parameters.
    finish
        Maps the mean (or sum) of the rows to ``(value, d value / d mean)`` where the loss is no plain mean.
    unit
        The unit of the value, or a function of the parameters that gives it; ``None``: that of the data.
    facts
        What is known of it.
    direction
        Which way is better.
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
    finish: Callable[[float], tuple[float, float]] | None = None
    unit: str | Callable[..., str | None] | None = None
    facts: Facts = Facts()
    direction: Direction = Direction.LOWER
    note: str = ""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The columns the loss uses."""
        used = ((Role.TARGET, self.target), (Role.PREDICTION, self.prediction))
        return tuple(role for role, domain in used if domain is not None)

    def domain(self, role: Role) -> Domain | None:
        """Give the domain of a column; ``None`` where the loss does not use it."""
        return self.target if role is Role.TARGET else self.prediction

    def param(self, name: str) -> Param | None:
        """Find a parameter by name; ``None`` where the loss has no such parameter."""
        return next((param for param in self.params if param.name == name), None)

    def choose(self, **values: Value) -> ChosenLoss:
        """Fix the parameters: those given, the defaults for the rest.

        Raises
        ------
        UsageError
            Where a name is no parameter of this loss, or a value lies out of its domain.

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
        return ChosenLoss(self, MappingProxyType(params))


@dataclass(frozen=True, slots=True)
class ChosenLoss:
    """A loss with all its parameters fixed: what a plan computes.

    Parameters
    ----------
    loss
        The row.
    params
        A value for each of its parameters.
    """

    loss: Loss
    params: Mapping[str, Value]

    @property
    def label(self) -> str:
        """The name with its parameters, which ``--loss`` reads back: ``huber(delta=0.5)``."""
        if not self.loss.params:
            return self.loss.id
        inside = ",".join(f"{p.name}={p.format(self.params[p.name])}" for p in self.loss.params)
        return f"{self.loss.id}({inside})"

    @property
    def unit(self) -> str | None:
        """The unit of the value; ``None``: that of the data."""
        return self.loss.unit(**self.params) if callable(self.loss.unit) else self.loss.unit

    def fact(self, name: str) -> Any:
        """Give a fact of `Facts` for these parameters."""
        value = getattr(self.loss.facts, name)
        return value(**self.params) if callable(value) else value

    def compute(self, target: Array | None, prediction: Array | None) -> tuple[Array, Array]:
        """Give ``(loss, slope)`` per row. The arrays must come from a valid Block."""
        with np.errstate(all="ignore"):  # kernels meet the ends of float64 on purpose: inf is a right answer there
            return self.loss.kernel(target, prediction, **self.params)

    def __hash__(self) -> int:
        return hash(self.label)
