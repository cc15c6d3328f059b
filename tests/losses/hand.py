"""The form of a value worked out by hand, and the constants such values are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Values = float | list[float]

LN2, LN3, LN5, LN10 = math.log(2), math.log(3), math.log(5), math.log(10)


@dataclass(frozen=True)
class Hand:
    """One row of input and what must come out of it."""

    target: Values | None
    prediction: Values | None
    loss: float
    slope: Values
    params: Mapping[str, float | str] = field(default_factory=dict)
    context: Mapping[str, list[float]] = field(default_factory=dict)
    """What the kernel gets beside its columns, such as the levels of quantiles."""
