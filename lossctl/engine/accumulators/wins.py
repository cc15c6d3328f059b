"""Which rows are won, tied and lost, by the losses of two models. Imports NumPy and core."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, Mask

__all__ = ["TIE", "Margin"]

TIE = 1e-9
"""Losses that differ by no more than this share of the baseline's tie."""


@dataclass(slots=True)
class Margin:
    """By how much the losses of a baseline, ``(n,)``, must be missed for a row to be won or lost."""

    baseline: Array
    width: Array = field(init=False)
    under: Array = field(init=False)
    is_finite: bool = field(init=False)

    @np.errstate(invalid="ignore")
    def __post_init__(self) -> None:
        self.width = TIE * np.abs(self.baseline)
        self.under = -self.width
        self.is_finite = bool(np.maximum.reduce(self.width, initial=0.0) < np.inf)  # not where one is NaN

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and counted as that
    def ties_and_wins(self, candidate: Array, gap: Array, *, is_known: bool = False) -> tuple[int, int]:
        """Count ties and wins of a candidate's losses; `gap` is what they are less the baseline's.

        `is_known`: none of that is NaN.
        """
        if self.is_finite and (is_known or not np.isnan(np.maximum.reduce(gap, initial=0.0))):
            wins = int(np.count_nonzero(gap < self.under))
            return len(gap) - wins - int(np.count_nonzero(gap > self.width)), wins
        tied, won = self.told(candidate, gap)
        return int(np.count_nonzero(tied)), int(np.count_nonzero(won))

    @np.errstate(over="ignore", invalid="ignore")
    def told(self, candidate: Array, gap: Array) -> tuple[Mask, Mask]:
        """Return which rows are tied, and which are won."""
        tied: Mask = np.abs(gap) <= self.width
        tied &= np.isfinite(self.baseline)
        tied |= candidate == self.baseline  # infinities too
        return tied, (candidate < self.baseline) & ~tied
