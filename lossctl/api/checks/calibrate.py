"""What a gate would do on other rows like these: how often it fails or is unsure, and which change it catches.

May import gates, stats and core.
"""

from __future__ import annotations

import math

from lossctl.gates.decide import Found, Test
from lossctl.gates.gate import Gate, Measure
from lossctl.stats.student import t_cdf, t_quantile

__all__ = ["Spread", "calibration"]

_POWER = 0.8

Spread = tuple[float, float]
"""A standard error and its degrees of freedom: of what is held against the limit."""


def calibration(found: Found, spread: Spread | None, level: float, family: int) -> str:
    """Return how a gate would do, in a line; of gates without a standard error, that there is none.

    The estimate is rough: fresh samples of as many rows, a figure that spreads as Student's t about the truth, and of
    gates corrected together the first of Holm's steps.

    Parameters
    ----------
    found
        The gate and what was found: of a delta the truth is taken to be no difference, of a value what was found.
    spread
        Its standard error.
    level
        The confidence of tests.
    family
        How many gates are corrected together.

    Examples
    --------
    >>> from lossctl.gates.grammar import parse_gate
    >>> found = Found(parse_gate("delta(mse) <= 0"), 0.1, 500, {}, Test.REGRESS)
    >>> calibration(found, (0.1, 499), 0.95, 1).partition("; ")[0]
    'calibration: fails an equal model in 5% of samples, and is unsure of it in 90%'
    """
    if spread is None or spread[0] <= 0.0 or found.value is None or not math.isfinite(found.value):
        return "calibration: there is no standard error to go by"
    error, freedom = spread
    gate, delta = found.gate, found.gate.measure is Measure.DELTA
    sign = 1.0 if gate.operator.keeps_low else -1.0
    room = sign * gate.bound.share - (0.0 if delta else sign * found.value)
    sure = t_quantile(1.0 - (1.0 - level) / family, freedom)
    shift = {Test.POINT: 0.0, Test.REGRESS: sure, Test.NONINFERIOR: -sure}[found.test]
    misses = 1.0 - t_cdf(room / error + shift, freedom)
    caught = room + (max(shift, 0.0) + t_quantile(_POWER, freedom)) * error
    unsure = 0.0
    if found.test is Test.REGRESS:
        shown = sure if room < 0.0 else t_quantile(level, freedom)  # an improvement is shown as one of the family
        unsure = max(0.0, 1.0 - misses - t_cdf(room / error - shown, freedom))
    words = _words(gate, found.test, misses, unsure)
    return f"calibration: {words}; catches a change of {_shown(caught, gate)} in 80% of samples"


def _words(gate: Gate, test: Test, misses: float, unsure: float) -> str:
    rate = f"{_percent(misses)} of samples"
    if gate.measure is not Measure.DELTA:
        return f"fails this very model in {rate}"
    if test is Test.NONINFERIOR:
        return f"does not clear an equal model in {rate}"
    also = f", and is unsure of it in {_percent(unsure)}" if test is Test.REGRESS else ""
    return f"fails an equal model in {rate}{also}"


def _percent(share: float) -> str:
    """Write a share with two digits; 100%, not 1e+02%."""
    return f"{float(f'{100.0 * share:.2g}'):g}%"


def _shown(change: float, gate: Gate) -> str:
    return f"{100.0 * change:.4g}%" if gate.bound.percent else f"{change:.4g}"
