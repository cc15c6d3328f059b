"""The curve of a loss: its value and slope over a range that shows its shape, as a `Chart`.

Derived from the row alone: kind, domains and facts say what stands on the x axis, the kernel gives the numbers.
Imports NumPy and core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lossctl.core.chart import Axis, Chart, Panel, Point, Rule, Series
from lossctl.core.errors import UsageError
from lossctl.core.loss import Array, ChosenLoss, Domain, Kind, Role

__all__ = ["CURVED_KINDS", "curve"]

CURVED_KINDS = frozenset({Kind.REAL, Kind.DISTRIBUTION})
"""The kinds of loss that have a curve: those that one number moves."""

_INTERVALS = 400
_SPAN = 4.0
"""The range reaches this many times as far as the first change of shape: a huber loss then shows its parabola in the
middle quarter, and a redescending loss its way back to slope 0."""
_P1 = 0.3
"""p₁ of the target of distribution curves: in general position, so that nothing is zero by symmetry."""
_KINK_GAP = 1e-9
"""How near to a kink, as a share of the range, the line is drawn on either side."""


@dataclass(frozen=True, slots=True)
class _Samples:
    """A loss evaluated along a line.

    Parameters
    ----------
    label
        What `x` measures.
    x
        Increasing.
    loss, slope
        At `x`; `slope` is ``None`` where the loss does not use the prediction.
    slope_label
        What the slope is.
    target
        Where on `x` the prediction is the target, and how that is written; ``None`` where no place is.
    kinks
        Where on `x` the slope jumps.
    notes
        What holds all along the line.
    """

    label: str
    x: Array
    loss: Array
    slope: Array | None
    slope_label: str = "slope dℓ/dŷ"
    target: tuple[float, str] | None = None
    kinks: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def curve(chosen: ChosenLoss) -> Chart:
    """Give the curve of a row's loss and that of its slope, a panel each.

    - Target and prediction, a number each: against the residual ŷ − y, for a fixed y.
    - Prediction or target alone: against it, over its domain.
    - Distributions: of two events, against q₁ for p = (0.3, 0.7). There the slope is that along the line
      q₁ + q₂ = 1, ∂ℓ/∂q₁ − ∂ℓ/∂q₂, which is 0 at the best q. A loss of the target alone is drawn against p₁.

    A loss that does not use the prediction has no panel for the slope. The line breaks where it is infinite or jumps,
    and the range of y leaves out what would flatten the rest.

    Parameters
    ----------
    chosen
        The loss and its parameters.

    Raises
    ------
    UsageError
        Where the loss is of a kind not in `CURVED_KINDS`.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> chart = curve(LOSSES["huber"].choose(delta=0.5))
    >>> chart.title, chart.x.text, chart.x.low, chart.x.high
    ('huber(delta=0.5)', 'residual ŷ − y', -2.0, 2.0)
    >>> [panel.y.text for panel in chart.panels]
    ['loss ℓ', 'slope dℓ/dŷ']
    """
    if chosen.loss.kind not in CURVED_KINDS:
        known = " and ".join(sorted(CURVED_KINDS))
        raise UsageError(f"{chosen.loss.id} has no curve: its kind is {chosen.loss.kind}", f"{known} losses have one")
    if chosen.loss.kind is Kind.DISTRIBUTION:
        return _chart(chosen, _along_simplex(chosen))
    return _chart(chosen, _along_residual(chosen) if len(chosen.loss.roles) > 1 else _along_column(chosen))


def _along_residual(chosen: ChosenLoss) -> _Samples:
    y = _inside(chosen.loss.target or Domain())
    domain = chosen.loss.prediction or Domain()
    kinks = tuple(float(kink) for kink in chosen.fact("kinks"))
    half = _SPAN * (max(map(abs, kinks), default=0.0) or _first_change(chosen, y, domain))
    half = _rounded(half)
    gap = _KINK_GAP * half
    around = [kink + side for kink in kinks for side in (-gap, 0.0, gap)]
    x = np.unique([*np.linspace(-half, half, _INTERVALS + 1), *around, 0.0])
    x = x[domain.contains(y + x)]
    loss, slope = chosen.compute(np.full_like(x, y), y + x)
    notes = () if y == 0.0 else (f"for the target y = {y:g}",)
    return _Samples("residual ŷ − y", x, loss, slope, target=(0.0, "ŷ = y"), kinks=kinks, notes=notes)


def _along_column(chosen: ChosenLoss) -> _Samples:
    role = chosen.loss.roles[0]
    domain = chosen.loss.domain(role) or Domain()
    start = 0.0 if domain.is_real_line else _inside(domain)
    low = domain.low if math.isfinite(domain.low) else start - _SPAN
    high = domain.high if math.isfinite(domain.high) else start + _SPAN
    x = np.linspace(low, high, _INTERVALS + 1)
    x = x[domain.contains(x)]
    if role is Role.PREDICTION:
        loss, slope = chosen.compute(None, x)
        return _Samples("prediction ŷ", x, loss, slope)
    loss, _ = chosen.compute(x, None)
    return _Samples("target y", x, loss, None, notes=("It does not use the prediction: its slope is 0.",))


def _along_simplex(chosen: ChosenLoss) -> _Samples:
    x = np.unique([*np.linspace(0.0, 1.0, _INTERVALS + 1), _P1])
    pairs = np.column_stack([x, 1.0 - x])
    target = np.broadcast_to([_P1, 1.0 - _P1], pairs.shape).copy()
    fixed = f"p = ({_P1:g}, {1.0 - _P1:g})"
    if chosen.loss.prediction is None:
        loss, _ = chosen.compute(pairs, None)
        notes = ("p₂ = 1 − p₁. It does not use the prediction: its slope is 0.",)
        return _Samples("target's p₁", x, loss, None, notes=notes)
    if chosen.loss.target is None:
        loss, slope = chosen.compute(None, pairs)
        where, notes = None, ("q₂ = 1 − q₁",)
    else:
        loss, slope = chosen.compute(target, pairs)
        where, notes = (_P1, "q = p"), (f"for the target {fixed}; q₂ = 1 − q₁",)
    along = slope[:, 0] - slope[:, 1]
    return _Samples("prediction's q₁", x, loss, along, "slope along q₁ + q₂ = 1", where, notes=notes)


def _inside(domain: Domain) -> float:
    """Give a number in the domain, 0 or 1 away from its end where it has one, else in the middle."""
    if domain.is_real_line:
        return 0.0
    if math.isinf(domain.high):
        return domain.low + 1.0
    return domain.high - 1.0 if math.isinf(domain.low) else 0.5 * (domain.low + domain.high)


def _first_change(chosen: ChosenLoss, y: float, domain: Domain) -> float:
    """Give the least residual at which the loss changes shape; 1 where it has one shape at every scale.

    The shape is the exponent e of slope ∝ |r|ᵉ, which is the same at every r for a power such as mae or mse; it has
    changed where it differs by more than ½ from that near the target. So no row need say which of its parameters is
    a length.
    """
    r = np.logspace(-9.0, 9.0, 361)
    changes: list[float] = []
    for side in (1.0, -1.0):
        distances = r[domain.contains(y + side * r)]
        _, slope = chosen.compute(np.full_like(distances, y), y + side * distances)
        size = np.abs(slope)
        usable = np.isfinite(size) & (size > 0.0)
        log_r, log_size = np.log(distances[usable]), np.log(size[usable])
        exponent = np.diff(log_size) / np.diff(log_r)
        changed = np.flatnonzero(np.abs(exponent - exponent[:1]) > 0.5)  # noqa: PLR2004 -- the ½ above
        changes.extend(np.exp(log_r[changed[:1]]).tolist())
    return float(max(changes, default=1.0))


def _rounded(value: float) -> float:
    """Round to the nearest number of few digits, so that the ends of an axis read well."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
    return min((step * power for step in steps), key=lambda step: abs(math.log(step / value)))


def _chart(chosen: ChosenLoss, samples: _Samples) -> Chart:
    x = Axis(samples.label, float(samples.x[0]), float(samples.x[-1]))
    rules = () if samples.target is None else (Rule(*samples.target),)
    lowest: tuple[Point, ...] = ()
    if samples.target is not None and chosen.fact("minimum_at_target"):
        at = samples.target[0]
        lowest = (Point(at, float(samples.loss[np.searchsorted(samples.x, at)]), "minimum"),)
    panels = [_panel("loss ℓ", chosen.unit, Series("loss", samples.x, _breaking(samples.loss)), lowest, rules)]
    if samples.slope is not None:
        kink = np.isin(samples.x, samples.kinks)
        there = zip(samples.x[kink].tolist(), samples.slope[kink].tolist(), strict=True)
        line = np.where(kink, np.nan, _breaking(samples.slope))
        jumps = tuple(Point(at, slope, "at the kink") for at, slope in there)
        panels.append(_panel(samples.slope_label, chosen.unit, Series("slope", samples.x, line), jumps, rules))
    return Chart(chosen.label, x, tuple(panels), samples.notes)


def _panel(label: str, unit: str | None, series: Series, points: tuple[Point, ...], rules: tuple[Rule, ...]) -> Panel:
    low, high = _shown(series.y)
    return Panel(Axis(label, low, high, unit), (series,), points, rules)


def _breaking(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)


def _shown(values: Array) -> tuple[float, float]:
    """Choose the range of y: all of the values, unless a few would flatten the rest.

    The middle 80 % of them are always shown, and half as much again at either end. A tail that is longer is cut there,
    unless little would be cut.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return -1.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    near_low, near_high = (float(quantile) for quantile in np.quantile(finite, [0.1, 0.9]))
    reach = 0.5 * (near_high - near_low)
    if reach > 0.0:
        low = low if near_low - low <= 1.5 * reach else near_low - reach
        high = high if high - near_high <= 1.5 * reach else near_high + reach
    margin = 0.04 * (high - low) or abs(low) or 1.0
    return low - margin, high + margin
