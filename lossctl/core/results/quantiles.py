"""Quantiles of the losses and slopes of rows, as a result tells them. Imports the standard library and core."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from lossctl.core.errors import UsageError
from lossctl.core.results.view import Scalar, finite_or_none
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["LEVELS", "Quantiles", "level_name", "read_levels", "require_levels"]

LEVELS = (0.5, 0.9, 0.95, 0.99, 1.0)
"""The levels that are told unless others are asked for: p50, p90, p95, p99 and max."""

_ENDS = {"min": 0.0, "max": 1.0}


def level_name(level: float) -> str:
    """Name a level.

    Examples
    --------
    >>> [level_name(each) for each in (0.5, 0.999, 0.0, 1.0)]
    ['p50', 'p99.9', 'min', 'max']
    """
    for name, end in _ENDS.items():
        if level == end:
            return name
    return f"p{(Decimal(repr(level)) * 100).normalize():f}"


def read_levels(text: str) -> tuple[float, ...]:
    """Read levels as typed: shares, names or both.

    Raises
    ------
    UsageError
        Where one is neither.

    Examples
    --------
    >>> read_levels("0.1,p50,max")
    (0.1, 0.5, 1.0)
    """
    return require_levels([_level(each.strip()) for each in text.split(",")])


def require_levels(levels: Sequence[Any]) -> tuple[float, ...]:
    """Check levels.

    Raises
    ------
    UsageError
        Where there are none, one is no number from 0 to 1, or stands twice.
    """
    cure = "levels lie between 0 and 1, such as 0.5,0.99, or are called p50, p99, min and max"
    if not levels:
        raise UsageError("quantiles: no level is given", cure)
    for level in levels:
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0.0 <= level <= 1.0:
            raise UsageError(f"quantiles: {level!r} is no level", cure)
        if list(levels).count(level) > 1:
            raise UsageError(f"quantiles: {level_name(float(level))} stands twice", "give each level once")
    return tuple(float(level) for level in levels)


def _level(text: str) -> float:
    if text in _ENDS:
        return _ENDS[text]
    try:
        return float(Decimal(text[1:]) / 100) if text.startswith("p") else float(text)
    except (ArithmeticError, ValueError):
        cure = "levels lie between 0 and 1, such as 0.5,0.99, or are called p50, p99, min and max"
        raise UsageError(f"quantiles: {text!r} is no level", cure) from None


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Exact quantiles over the rows that counted.

    The quantile of level p is the least value that rows with at least a share p of the weight do not exceed: always the
    value of some row, never one between two.

    Parameters
    ----------
    loss
        Of the value that the loss would have on a row alone (on a group, where losses are of groups), by the name of
        the level: of rmse ``|ŷ − y|``. ``None``: rows have no losses of their own, as of a ratio of means.
    slope
        Of a row's |slope|, its Euclidean norm for vectors: of what `Gradient.row_max` is the largest.

    Examples
    --------
    >>> Quantiles({"p50": 0.25, "max": float("inf")}, {"p50": 1.0, "max": 6.0}).to_dict()["status"]
    'inf'
    """

    loss: Mapping[str, float | None]
    slope: Mapping[str, float | None]

    @property
    def status(self) -> str:
        """``ok``; ``inf`` or ``nan`` where some are not finite; ``none`` where rows have no losses of their own."""
        values = [*self.loss.values(), *self.slope.values()]
        found = [each for each in values if each is not None]
        if len(found) < len(values):
            return "none"
        if any(math.isnan(each) for each in found):
            return "nan"
        return "ok" if all(math.isfinite(each) for each in found) else "inf"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        told = {
            of: {name: finite_or_none(each) for name, each in values.items()}
            for of, values in (("loss", self.loss), ("slope", self.slope))
        }
        return {**told, "status": self.status}

    def record(self) -> dict[str, Scalar]:
        """Return the same as flat fields."""
        row: dict[str, Scalar] = {}
        for name, value in self.to_dict().items():
            if isinstance(value, dict):
                row.update({f"quantiles.{name}.{level}": each for level, each in value.items()})
            else:
                row[f"quantiles.{name}"] = value
        return row
