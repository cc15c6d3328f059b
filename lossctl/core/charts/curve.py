"""The curve of a loss: its value and slope over a range that shows its shape, as a `Chart`.

Derived from the row alone: kind, domains and facts say what stands on the x axis, the kernel gives the numbers.
Imports NumPy and core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossctl.core.charts.chart import Axis, Chart, Panel, Point, Rule, Series
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Domain, Kind, Role
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["curve", "has_curve"]

_CURVED_KINDS = frozenset({Kind.REAL, Kind.BINARY, Kind.DISTRIBUTION})
"""The kinds of loss that one number moves."""

_INTERVALS = 400
_SPAN = 4.0
"""The range reaches this many times as far as the first change of shape: a huber loss then shows its parabola in the
middle quarter, and a redescending loss its way back to slope 0."""
_PROBES = np.array([-8.0, -2.0, -0.5, 0.5, 2.0, 8.0])
"""Residuals that float64 adds to 0 and to 1 without rounding, and that lie about a kernel's usual scale of 1."""
_P1 = 0.3
"""p₁ of the target of distribution curves: in general position, so that nothing is zero by symmetry."""
_KINK_GAP = 1e-9
"""How near to a kink, as a share of the range, the line is drawn on either side."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A loss for one target, evaluated along x.

    Parameters
    ----------
    loss, slope
        At each x; `slope` is ``None`` where the loss does not use the prediction.
    best
        Where on x the prediction is the target; ``None`` where no place is.
    kinks
        Where on x the slope jumps.
    name
        What tells it from the other line; empty where there is none.
    """

    loss: Array
    slope: Array | None
    best: float | None = None
    kinks: tuple[float, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Samples:
    """What is drawn.

    Parameters
    ----------
    label
        What `x` measures.
    x
        Increasing.
    lines
        One or more.
    slope_label
        What the slope is.
    rules
        Where on `x` the prediction is the target, and how that is written.
    notes
        What holds all along the lines.
    """

    label: str
    x: Array
    lines: tuple[_Line, ...]
    slope_label: str = "slope dℓ/dŷ"
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()


def has_curve(chosen: ChosenLoss) -> bool:
    """Return whether one number moves the loss of a row, so that `curve` can draw it.

    It does for numbers, labels 0 and 1, and distributions, of which two events are drawn. Not where a row has several
    parts, as in wmape: no row has a loss of its own there.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> [name for name in ("mae", "wmape", "brier", "dice", "entropy") if has_curve(LOSSES[name].choose())]
    ['mae', 'brier', 'entropy']
    """
    return chosen.loss.kind in _CURVED_KINDS and chosen.loss.parts == 1


def curve(chosen: ChosenLoss) -> Chart:
    """Return the curve of a row's loss and that of its slope, a panel each.

    - Target and prediction, a number each: against the residual ŷ − y. Where the loss is no function of that alone,
      for a fixed y, which a note tells. Where the prediction is on another scale, such as a logarithm: against it.
    - Labels 0 and 1: against the prediction, a probability, a logit or a distance, with a line for each label.
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
        Where the loss has no curve: see `has_curve`.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> chart = curve(LOSSES["huber"].choose(delta=0.5))
    >>> chart.title, chart.x.text, chart.x.low, chart.x.high
    ('huber(delta=0.5)', 'residual ŷ − y', -2.0, 2.0)
    >>> [panel.y.text for panel in chart.panels]
    ['loss ℓ', 'slope dℓ/dŷ']
    """
    if not has_curve(chosen):
        loss = chosen.loss
        cause = f"its kind is {loss.kind}" if loss.kind not in _CURVED_KINDS else f"a row has {loss.parts} parts"
        known = " and ".join(sorted(_CURVED_KINDS))
        raise UsageError(f"{loss.id} has no curve: {cause}", f"{known} losses of one part have one")
    return _chart(chosen, _sampled(chosen))


def _sampled(chosen: ChosenLoss) -> _Samples:
    if chosen.loss.kind is Kind.DISTRIBUTION:
        return _along_simplex(chosen)
    target, prediction = chosen.loss.target, chosen.loss.prediction
    if target is None or prediction is None:
        return _along_column(chosen, chosen.loss.roles[0])
    if chosen.loss.kind is Kind.BINARY:
        return _along_prediction(chosen, prediction)
    if not target.is_real_line and prediction.is_real_line and chosen.fact("symmetric") is None:  # a logarithm
        return _along_other_scale(chosen, _inside(target), prediction)
    return _along_residual(chosen, _target(chosen, target, prediction), prediction)


def _along_residual(chosen: ChosenLoss, y: float, domain: Domain) -> _Samples:
    kinks = tuple(float(kink) for kink in chosen.fact("kinks"))
    half = _reach(chosen, kinks, y, domain)
    x = np.unique([*np.linspace(-half, half, _INTERVALS + 1), *_beside(kinks, half), 0.0])
    x = x[domain.contains(y + x)]
    line = _Line(*chosen.compute(np.full_like(x, y), y + x), best=0.0, kinks=kinks)
    notes = () if y == 0.0 else (f"for the target y = {y:g}",)
    return _Samples("residual ŷ − y", x, (line,), rules=(Rule(0.0, "ŷ = y"),), notes=notes)


def _along_other_scale(chosen: ChosenLoss, y: float, domain: Domain) -> _Samples:
    x = _across(domain)
    line = _Line(*chosen.compute(np.full_like(x, y), x))
    return _Samples("prediction ŷ", x, (line,), notes=(f"for the target y = {y:g}",))


def _along_prediction(chosen: ChosenLoss, domain: Domain) -> _Samples:
    """Go along a probability, a logit or a distance, with a line for either label.

    Kinks of such losses are margins, (2y − 1)s. A distance has none below 0.
    """
    margins = [float(kink) for kink in chosen.fact("kinks")]
    bounded = math.isfinite(domain.low), math.isfinite(domain.high)
    is_share, is_distance = all(bounded), bounded == (True, False)
    reach = _reach(chosen, margins, 0.0, domain) if is_distance else _SPAN
    x = np.linspace(domain.low, domain.low + reach, _INTERVALS + 1) if is_distance else _across(domain)
    sides = {1.0: _inner(margins, domain), 0.0: _inner([-margin for margin in margins], domain)}
    x = np.unique([*x, *(place for kinks in sides.values() for place in _beside(kinks, reach))])
    x = x[domain.contains(x)]
    drawn = tuple(
        _Line(
            *chosen.compute(np.full_like(x, y), x),
            best=y if is_share else None,
            kinks=kinks,
            name=f"y = {y:g}",
        )
        for y, kinks in sides.items()
    )
    label, letter = ("probability", "q") if is_share else ("distance", "d") if is_distance else ("logit", "s")
    return _Samples(f"{label} {letter}", x, drawn, f"slope dℓ/d{letter}")


def _along_column(chosen: ChosenLoss, role: Role) -> _Samples:
    x = _across(chosen.loss.domain(role) or Domain())
    if role is Role.PREDICTION:
        return _Samples("prediction ŷ", x, (_Line(*chosen.compute(None, x)),))
    loss, _ = chosen.compute(x, None)
    notes = ("It does not use the prediction: its slope is 0.",)
    return _Samples("target y", x, (_Line(loss, None),), notes=notes)


def _along_simplex(chosen: ChosenLoss) -> _Samples:
    kinks = tuple(_P1 + float(kink) for kink in chosen.fact("kinks"))
    x = np.unique([*np.linspace(0.0, 1.0, _INTERVALS + 1), *_beside(kinks, 1.0), _P1])
    pairs = np.column_stack([x, 1.0 - x])
    target = np.broadcast_to([_P1, 1.0 - _P1], pairs.shape).copy()
    fixed = f"p = ({_P1:g}, {1.0 - _P1:g})"
    if chosen.loss.prediction is None:
        loss, _ = chosen.compute(pairs, None)
        notes = ("p₂ = 1 − p₁. It does not use the prediction: its slope is 0.",)
        return _Samples("target's p₁", x, (_Line(loss, None),), notes=notes)
    label, slope_label = "prediction's q₁", "slope along q₁ + q₂ = 1"
    if chosen.loss.target is None:
        loss, slope = chosen.compute(None, pairs)
        line = _Line(loss, slope[:, 0] - slope[:, 1])
        return _Samples(label, x, (line,), slope_label, notes=("q₂ = 1 − q₁",))
    loss, slope = chosen.compute(target, pairs)
    line = _Line(loss, slope[:, 0] - slope[:, 1], best=_P1, kinks=kinks)
    notes = (f"for the target {fixed}; q₂ = 1 − q₁",)
    return _Samples(label, x, (line,), slope_label, (Rule(_P1, "q = p"),), notes)


def _across(domain: Domain) -> Array:
    """Return places all over a domain; 4 far from where it has no end."""
    start = 0.0 if domain.is_real_line else _inside(domain)
    low = domain.low if math.isfinite(domain.low) else start - _SPAN
    high = domain.high if math.isfinite(domain.high) else start + _SPAN
    x = np.linspace(low, high, _INTERVALS + 1)
    return x[domain.contains(x)]


def _inner(places: Sequence[float], domain: Domain) -> tuple[float, ...]:
    return tuple(np.array(places)[domain.contains(np.array(places))].tolist())


def _beside(kinks: Sequence[float], size: float) -> list[float]:
    """Return the kinks and a place just before and after each, on a range of some size."""
    gap = _KINK_GAP * size
    return [kink + side for kink in kinks for side in (-gap, 0.0, gap)]


def _target(chosen: ChosenLoss, target: Domain, prediction: Domain) -> float:
    """Return the target to draw residuals for: 0 where it makes no difference.

    A loss relative to the target has no curve to show at 0, where all may be lost: sMAPE is 2 there whatever the
    prediction. So a target of 1 is asked whether it changes anything.
    """
    if not (target.is_real_line and prediction.is_real_line):
        return _inside(target)
    at_0, at_1 = (chosen.compute(np.full_like(_PROBES, y), y + _PROBES)[0] for y in (0.0, 1.0))
    return 0.0 if np.array_equal(at_0, at_1, equal_nan=True) else 1.0


def _inside(domain: Domain) -> float:
    """Return a number inside a domain: its middle, or where it has none 1, or what is 1 away from its end."""
    if math.isfinite(domain.low) and math.isfinite(domain.high):
        middle = 0.5 * (domain.low + domain.high)
        return float(math.floor(middle)) if domain.whole else middle
    if bool(domain.contains(np.array([1.0]))[0]):
        return 1.0
    return domain.low + 1.0 if math.isfinite(domain.low) else domain.high - 1.0


def _first_change(chosen: ChosenLoss, y: float, domain: Domain) -> float:
    """Return the least residual at which the loss changes shape; 1 where it has one shape at every scale.

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


def _reach(chosen: ChosenLoss, kinks: Sequence[float], y: float, domain: Domain) -> float:
    """Return how far from the target the range goes, so that it shows the kinks, or else where the shape changes."""
    return _rounded(_SPAN * (max(map(abs, kinks), default=0.0) or _first_change(chosen, y, domain)))


def _rounded(value: float) -> float:
    """Round to the nearest number of few digits, so that the ends of an axis read well."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
    return min((step * power for step in steps), key=lambda step: abs(math.log(step / value)))


def _chart(chosen: ChosenLoss, samples: _Samples) -> Chart:
    x = Axis(samples.label, float(samples.x[0]), float(samples.x[-1]))
    losses = tuple(Series(line.name or "loss", samples.x, _breaking(line.loss)) for line in samples.lines)
    lowest = _lowest(samples) if chosen.fact("minimum_at_target") else ()
    panels = [_panel("loss ℓ", chosen.unit, losses, lowest, samples.rules)]
    slopes: list[Series] = []
    jumps: dict[Point, None] = {}  # ordered, and each once: both labels may have the same kink
    for line in samples.lines:
        if line.slope is None:
            continue
        kink = np.isin(samples.x, line.kinks)
        there = zip(samples.x[kink].tolist(), line.slope[kink].tolist(), strict=True)
        jumps |= dict.fromkeys(Point(at, slope, "at the kink") for at, slope in there)
        slopes.append(Series(line.name or "slope", samples.x, np.where(kink, np.nan, _breaking(line.slope))))
    if slopes:
        panels.append(_panel(samples.slope_label, chosen.unit, tuple(slopes), tuple(jumps), samples.rules))
    return Chart(chosen.title, x, tuple(panels), samples.notes)


def _lowest(samples: _Samples) -> tuple[Point, ...]:
    best = [(line.best, line.loss) for line in samples.lines if line.best is not None]
    return tuple(Point(at, float(loss[np.searchsorted(samples.x, at)]), "minimum") for at, loss in best)


def _panel(
    label: str, unit: str | None, lines: tuple[Series, ...], points: tuple[Point, ...], rules: tuple[Rule, ...]
) -> Panel:
    lows, highs = zip(*(_shown(line.y) for line in lines), strict=True)
    return Panel(Axis(label, min(lows), max(highs), unit), lines, points, rules)


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
