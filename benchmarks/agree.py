"""Whether two contestants computed the same. A fast wrong answer must not win. Imports the standard library only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.contestants import Answers

__all__ = ["TOLERANCE", "DisagreementError", "check"]

TOLERANCE = 1e-9
"""Relative. The others sum in floating point, which is off by about 1e-13 at 10 M rows."""


class DisagreementError(Exception):
    """Two contestants gave different answers."""


def check(reference: Answers, other: Answers, names: tuple[str, str]) -> int:
    """Compare every figure that both gave, and say how many there were.

    Raises
    ------
    DisagreementError
        Where one differs, or a loss is missing.
    """
    compared = 0
    for loss, figures in other.items():
        if loss not in reference:
            raise DisagreementError(f"{names[0]} did not answer for {loss}")
        expected = reference[loss]
        for figure in figures.keys() & expected.keys():
            # The terms of these two cancel: the tolerance is relative to the terms.
            scale = {"mean": expected.get("row_mean_abs", 0.0), "sign_balance": 1.0}.get(figure, 0.0)
            compared += 1
            # Stated as what passes, so that a NaN or a missing number does not.
            if not within(figures[figure], expected[figure], scale):
                raise DisagreementError(
                    f"{loss} {figure}: {names[0]} {expected[figure]!r}, {names[1]} {figures[figure]!r}"
                )
    return compared


def within(one: float | None, other: float | None, scale: float) -> bool:
    """Return whether two numbers are the same up to the tolerance."""
    if one is None or other is None:
        return False
    return math.isfinite(one) and abs(one - other) <= TOLERANCE * max(abs(one), abs(other), scale)
