"""Comparisons made by hand, for tests of what is said about them."""

from __future__ import annotations

from typing import Any

from lossctl.core.results.comparison import Comparison
from lossctl.core.results.interval import Interval
from lossctl.losses import LOSSES

__all__ = ["made", "settled"]


def made(loss: str, models: tuple[str, str], values: tuple[float, float], **changed: Any) -> Comparison:
    """Make a comparison of two models, not significant unless it is said to be."""
    delta = values[1] - values[0]
    fields: dict[str, Any] = {
        "chosen": LOSSES[loss].choose(),
        "slice": {},
        "baseline": models[0],
        "candidate": models[1],
        "baseline_value": values[0],
        "candidate_value": values[1],
        "delta": delta,
        "delta_ci": Interval(0.9, delta - 1.0, delta + 1.0, "t"),
        "relative": delta / values[0] if values[0] else None,
        "relative_ci": None,
        "p_value": 0.25,
        "p_adjusted": 0.5,
        "significant": False,
        "wins": 3,
        "ties": 2,
        "losses": 1,
        "detectable": 0.75,
        "rows_needed": 20,
        "rows_needed_low": 5,
        "rows_needed_high": None,
        "n": 6,
        "status": "ok",
        "signature": "none",
    }
    return Comparison(**{**fields, **changed})


def settled(loss: str, models: tuple[str, str], values: tuple[float, float], **changed: Any) -> Comparison:
    """Make a significant one."""
    return made(loss, models, values, significant=True, p_value=0.001, p_adjusted=0.002, **changed)
