"""Confidence intervals of one value. Imports core and its own package."""

from __future__ import annotations

from lossctl.core.results.interval import Interval
from lossctl.stats.signs import varies
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
        ``None`` where there is no standard error, or where it is 0 or what rounding leaves: rows whose losses are all
        equal do not say how others vary.

    Examples
    --------
    >>> round(t_interval(1.0, 0.5, 10, 0.95).high, 9)
    2.114069426
    >>> t_interval(1.0, 0.0, 10, 0.95) is None
    True
    """
    if std_error is None or not varies(std_error, value):
        return None
    half = t_quantile(0.5 + 0.5 * level, freedom) * std_error
    return Interval(level, value - half, value + half, "t")
