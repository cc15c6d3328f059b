"""A confidence interval. Imports the standard library and core."""

from __future__ import annotations

from typing import Any

from lossctl.core.results.view import finite_or_none
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Interval"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval.

    Parameters
    ----------
    level
        The nominal coverage, such as 0.95.
    low, high
        Its ends.
    method
        How it was computed, such as ``t``.
    """

    level: float
    low: float
    high: float
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        low, high = finite_or_none(self.low), finite_or_none(self.high)
        return {"level": self.level, "low": low, "high": high, "method": self.method}
