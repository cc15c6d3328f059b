"""A chart as data: what is drawn, and nothing of how. Every renderer of `lossctl.figures` reads this one spec.

Panels stand one above the other and share the x axis. Imports the standard library and NumPy.
"""

from __future__ import annotations

import math

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["Axis", "Chart", "Panel", "Point", "Rule", "Series"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it measures, and the range shown.

    Parameters
    ----------
    label
        What is measured, in words or the field's sign.
    low, high
        The range shown; finite, `low` below `high`.
    unit
        The unit; ``None`` where there is none to name.

    Raises
    ------
    ValueError
        Where the range is empty, reversed or not finite.

    Examples
    --------
    >>> Axis("loss", 0.0, 1.0, unit="bits").text
    'loss (bits)'
    """

    label: str
    low: float
    high: float
    unit: str | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"axis {self.label!r}: {self.low} to {self.high} is no range")

    @property
    def text(self) -> str:
        """The label with its unit."""
        return self.label if self.unit is None else f"{self.label} ({self.unit})"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A line.

    Parameters
    ----------
    name
        What a legend calls it.
    x, y
        Its points in order, both of shape ``(n,)``; `x` finite. A NaN in `y` breaks the line. The arrays are copied
        and made read-only.

    Raises
    ------
    ValueError
        Where the shapes differ or are no ``(n,)``, `x` is not finite, or `y` is infinite.
    """

    name: str
    x: Array
    y: Array

    def __post_init__(self) -> None:
        x, y = np.array(self.x, dtype=np.float64), np.array(self.y, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError(f"series {self.name!r}: x of shape {x.shape} and y of shape {y.shape} make no line")
        if not np.isfinite(x).all() or np.isinf(y).any():
            raise ValueError(f"series {self.name!r}: a point is at infinity; NaN in y breaks the line")
        x.flags.writeable = y.flags.writeable = False
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)


@dataclass(frozen=True, slots=True)
class Point:
    """A marked point."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A marked vertical line."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes.

    Parameters
    ----------
    y
        The vertical axis. Where 0 is in its range, renderers draw the zero line.
    series
        The lines.
    points
        Marked points.
    rules
        Marked vertical lines.
    """

    y: Axis
    series: tuple[Series, ...]
    points: tuple[Point, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """What a renderer draws.

    Parameters
    ----------
    title
        What it shows, in a line.
    x
        The horizontal axis, shared by every panel.
    panels
        From top to bottom; at least one.
    notes
        What a reader must know to read it right, a line each.
    """

    title: str
    x: Axis
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.panels:
            raise ValueError(f"chart {self.title!r} has no panel")
