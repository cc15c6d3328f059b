"""What a gate says, parsed: an expression, a slice, an operator and a bound. Imports core.

A `Gate` writes itself back as text that parses to the same gate. See `lossctl.gates.grammar` for the language.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum
from operator import ge, gt, le, lt
from types import MappingProxyType

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import Direction
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["FIGURES", "GRADIENT_FIGURES", "QUANTILES", "Bound", "Gate", "Measure", "Operator", "Term"]

QUANTILES: Mapping[str, float] = MappingProxyType({"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0})
"""Figures of the losses of rows, and the share of rows at or below each."""
GRADIENT_FIGURES = (
    "l1",
    "l2",
    "linf",
    "row_mean_abs",
    "row_rms",
    "row_max",
    "zero_share",
    "sign_balance",
)
"""Figures of the gradient. Its ``mean`` is none: ``mean(mse)`` would be read as the mean loss, which is ``mse``."""
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType({"zero_share": (0.0, 1.0), "sign_balance": (-1.0, 1.0)})
"""What figures of the gradient lie between; the others are at least 0."""
FIGURES = (*QUANTILES, *GRADIENT_FIGURES)
"""What may stand before a loss in parentheses, beside ``delta`` and ``gap``."""


class Operator(StrEnum):
    """How a value is held against a bound."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"

    @property
    def keeps_low(self) -> bool:
        """Whether the bound is an upper one."""
        return self in {Operator.AT_MOST, Operator.BELOW}

    def holds(self, value: float, bound: float) -> bool:
        """Return whether a value keeps to a bound; one that is not finite never does.

        Examples
        --------
        >>> Operator.AT_MOST.holds(0.3, 0.3), Operator.BELOW.holds(0.3, 0.3), Operator.AT_MOST.holds(math.nan, 0.3)
        (True, False, False)
        """
        return math.isfinite(value) and math.isfinite(bound) and _COMPARE[self](value, bound)


_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.AT_MOST: le,
    Operator.BELOW: lt,
    Operator.AT_LEAST: ge,
    Operator.ABOVE: gt,
}


class Measure(StrEnum):
    """What of a loss, or of the rows, a gate looks at."""

    VALUE = "value"
    FIGURE = "figure"
    DELTA = "delta"
    GAP = "gap"
    ROWS = "n"
    NONFINITE = "nonfinite"


_BARE = re.compile(r"[^\s\[\]=,\"*()<>](?:[^\[\]=,\"*()<>]*[^\s\[\]=,\"*()<>])?")
"""What needs no quotes in a slice."""


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text) and text.isprintable() and text != "null":
        return text
    return json.dumps(text)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a slice.

    Parameters
    ----------
    column
        The column.
    value
        Its value as a text; ``None`` where it is missing.
    every
        Whether the gate is for every value there is, each by itself; `value` is then ``None``.
    """

    column: str
    value: str | None = None
    every: bool = False

    def __str__(self) -> str:
        value = "*" if self.every else "null" if self.value is None else _quoted(self.value)
        return f"{_quoted(self.column)}={value}"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a value is held against.

    Parameters
    ----------
    number
        As typed, finite.
    percent
        Whether it is a percentage of the baseline's value.
    """

    number: float
    percent: bool = False

    @property
    def share(self) -> float:
        """The number a value is held against: of a percentage a share of 1."""
        return self.number / 100.0 if self.percent else self.number

    def __str__(self) -> str:
        return f"{self.number!r}{'%' if self.percent else ''}"


@dataclass(frozen=True, slots=True)
class Gate:
    """A passing condition.

    Parameters
    ----------
    measure
        What is looked at.
    operator, bound
        What it must keep to.
    loss
        The loss as typed, with its parameters; empty of rows. Its name is the caller's to find.
    figure
        The figure of `FIGURES`, where `measure` is one.
    column
        The column whose slices a gap is between.
    terms
        The conditions of the slice; none for all rows.
    text
        As typed; a gate written back stands in for one that was made otherwise. It does not count in comparisons.

    Examples
    --------
    >>> gate = Gate(Measure.DELTA, Operator.AT_MOST, Bound(1.0, percent=True), "mse", terms=(Term("region", "a b"),))
    >>> str(gate)
    'delta(mse)[region=a b] <= 1.0%'
    """

    measure: Measure
    operator: Operator
    bound: Bound
    loss: str = ""
    figure: str = ""
    column: str = ""
    terms: tuple[Term, ...] = ()
    text: str = field(default="", compare=False)

    @property
    def expression(self) -> str:
        """What is looked at, written back."""
        match self.measure:
            case Measure.VALUE:
                return self.loss
            case Measure.FIGURE:
                return f"{self.figure}({self.loss})"
            case Measure.DELTA:
                return f"delta({self.loss})"
            case Measure.GAP:
                return f"gap({self.loss}, {_quoted(self.column)})"
            case _:
                return self.measure.value

    def __str__(self) -> str:
        terms = f"[{','.join(map(str, self.terms))}]" if self.terms else ""
        return f"{self.expression}{terms} {self.operator.value} {self.bound}"

    @property
    def shown(self) -> str:
        """As typed, or written back."""
        return self.text or str(self)

    def is_inverted(self, direction: Direction) -> bool:
        """Return whether the operator asks for worse: at least so much of what is better when lower.

        Figures of the gradient and the number of rows are neither better low nor high.

        Parameters
        ----------
        direction
            Which way the loss is better.
        """
        if self.measure is Measure.ROWS or self.figure in GRADIENT_FIGURES:
            return False
        lower = direction is Direction.LOWER or self.measure in {Measure.GAP, Measure.NONFINITE}
        return lower is not self.operator.keeps_low

    def always_holds(self, low: float | None = None, high: float | None = None) -> bool:
        """Return whether no rows could break it.

        Parameters
        ----------
        low, high
            What the value of the loss lies between, as far as that is known.

        Examples
        --------
        >>> Gate(Measure.ROWS, Operator.AT_LEAST, Bound(0.0)).always_holds()
        True
        """
        least, most = -math.inf if low is None else low, math.inf if high is None else high
        match self.measure:
            case Measure.ROWS | Measure.NONFINITE:
                least, most = 0.0, math.inf
            case Measure.GAP:
                least, most = 0.0, most - least
            case Measure.DELTA:
                spread = math.inf if self.bound.percent else most - least
                least, most = -spread, spread
            case Measure.FIGURE if self.figure in GRADIENT_FIGURES:
                least, most = _RANGES.get(self.figure, (0.0, math.inf))
        return _COMPARE[self.operator](most if self.operator.keeps_low else least, self.bound.share)

    def check_direction(self, direction: Direction, *, allow_inverted: bool = False) -> None:
        """Refuse an operator against the loss's direction, unless that is wanted.

        Raises
        ------
        UsageError
            Where it is inverted.
        """
        if self.is_inverted(direction) and not allow_inverted:
            better = "lower" if self.operator.keeps_low is False else "higher"
            problem = f"gate {self.shown!r}: {self.expression} is better when {better}, so it would pass by being worse"
            turned = {"<": ">", ">": "<"}[self.operator.value[0]] + self.operator.value[1:]
            raise UsageError(problem, f"write {turned}, or add --allow-inverted if it is meant")
