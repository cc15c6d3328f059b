"""Why a gate passed or failed, in words: figures in as many digits as tell them apart. Imports core and gates."""

from __future__ import annotations

import math

from lossctl.core.results.interval import Interval
from lossctl.gates.gate import Bound, Gate, Operator

__all__ = ["comparison_words", "distance_words", "figure_words", "interval_words"]

_CONTRARY = {
    Operator.AT_MOST: Operator.ABOVE,
    Operator.BELOW: Operator.AT_LEAST,
    Operator.AT_LEAST: Operator.BELOW,
    Operator.ABOVE: Operator.AT_MOST,
}
_FEW, _MANY = 4, 16
"""Digits people read, and the most before what it takes to tell any two float64 apart."""


def figure_words(value: float, *, percent: bool, digits: int = _FEW) -> str:
    """Write a figure; a share as a percentage with its sign.

    Examples
    --------
    >>> figure_words(0.30000000000000004, percent=False), figure_words(0.0312, percent=True)
    ('0.3', '+3.12%')
    """
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "+inf" if value > 0.0 else "-inf"
    if percent:
        return f"{100.0 * value + 0.0:+.{digits}g}%" if value else "0%"
    return f"{value + 0.0:.{digits}g}"


def distance_words(value: float, *, percent: bool) -> str:
    """Write how far a figure is from another, as a person says it: two digits, or all before the point.

    Examples
    --------
    >>> distance_words(0.0581938, percent=True), distance_words(281.68, percent=False)
    ('5.8%', '282')
    """
    size = 100.0 * value if percent else value
    digits = min(max(2, len(f"{size:.0f}")), _FEW) if math.isfinite(size) else _FEW
    return figure_words(value, percent=percent, digits=digits).removeprefix("+")


def _bound_words(bound: Bound, digits: int) -> str:
    return figure_words(bound.share, percent=bound.percent, digits=digits).removeprefix("+")


def comparison_words(value: float, gate: Gate) -> str:
    """Return how a value stands to the bound of a gate, with as many digits as show it.

    Examples
    --------
    >>> from lossctl.gates.grammar import parse_gate
    >>> gate = parse_gate("mse <= 0.3")
    >>> [comparison_words(value, gate) for value in (0.25, 0.31, 0.30000000001, float("nan"))]
    ['0.25 <= 0.3', '0.31 > 0.3', '0.30000000001 > 0.3', 'the value is not a number']
    >>> comparison_words(0.031, parse_gate("delta(mse) <= 1%"))
    '+3.1% > 1%'
    """
    if not math.isfinite(value):
        return f"the value is {figure_words(value, percent=False)}"
    bound = gate.bound
    operator = gate.operator if gate.operator.holds(value, bound.share) else _CONTRARY[gate.operator]
    for digits in range(_FEW, _MANY + 1):
        left, right = figure_words(value, percent=bound.percent, digits=digits), _bound_words(bound, digits)
        if left.removeprefix("+") != right or value == bound.share:
            return f"{left} {operator.value} {right}"
    if bound.percent:
        return f"{100.0 * value!r}% {operator.value} {bound}"
    return f"{value!r} {operator.value} {bound}"


def interval_words(ci: Interval | None, *, percent: bool) -> str:
    """Write an interval after what it is of; nothing where there is none.

    Examples
    --------
    >>> interval_words(Interval(0.95, 0.018, 0.044, "t"), percent=True)
    ', 95% CI [+1.8%, +4.4%]'
    """
    if ci is None:
        return ""
    low, high = (figure_words(end, percent=percent) for end in (ci.low, ci.high))
    return f", {100 * ci.level:g}% CI [{low}, {high}]"
