"""Confidence intervals of one value. Imports core and its own package."""

from __future__ import annotations

from lossctl.core.result import Interval
from lossctl.stats.student import t_quantile

__all__ = ["t_interval"]


def t_interval(value: float, std_error: float | None, freedom: float, level: float) -> Interval | None:
    """Return value ± t·se.

    Parameters
    ----------
    value, std_error
        The estimate and its standard error, in the same unit.
    freedom
        The degrees of freedom of the standard error.
    level
        The coverage, between 0 and 1.

    Returns
    -------
    Interval or None
        ``None`` where there is no standard error.

    Examples
    --------
    >>> round(t_interval(1.0, 0.5, 10, 0.95).high, 9)
    2.114069426
    """
    if std_error is None:
        return None
    half = t_quantile(0.5 + 0.5 * level, freedom) * std_error
    return Interval(level, value - half, value + half, "t")
