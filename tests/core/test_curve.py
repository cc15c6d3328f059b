"""The curve of every row: derived from the row, right in its numbers, and showing what it should."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.charts.chart import Axis, Chart, Panel, Series
from lossctl.core.charts.curve import curve, has_curve
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import NONNEGATIVE, POSITIVE, PROBABILITY, ChosenLoss, Domain, Facts, Kind, Loss, Role
from lossctl.core.types import Array
from lossctl.losses import LOSSES
from tests.each import for_each

CHOSEN = [chosen for chosen in (row.choose() for row in LOSSES.values()) if has_curve(chosen)] + [
    LOSSES["huber"].choose(delta=0.5),
    LOSSES["huber"].choose(delta=3e4),
    LOSSES["smooth_l1"].choose(beta=0.0),
    LOSSES["smooth_l1"].choose(beta=1e-3),
    LOSSES["self_information"].choose(base=math.e),
    LOSSES["kl_divergence"].choose(base=10.0),
    LOSSES["focal"].choose(gamma=0.5, alpha=0.2),
    LOSSES["binary_cross_entropy_with_logits"].choose(pos_weight=3.0),
    LOSSES["contrastive"].choose(margin=20.0),
    LOSSES["hinge_embedding"].choose(margin=20.0),
]
every_loss = for_each("chosen", CHOSEN, lambda chosen: chosen.label)
P = np.array([0.3, 0.7])


def loss_line(chart: Chart) -> Series:
    return chart.panels[0].series[0]


def slope_line(chart: Chart) -> Series:
    return chart.panels[1].series[0]


def targets(chart: Chart) -> list[float]:
    """Read the target of each line as a reader of the chart does: off its name, else off a note; else any is right."""
    said = [re.search(r"\by = (-?[0-9.]+)", text) for text in [line.name for line in chart.panels[0].series]]
    noted = re.search(r"for the target y = (-?[0-9.]+)", " ".join(chart.notes))
    return [float(name[1]) if name else float(noted[1]) if noted else 0.0 for name in said]


def oracle(chosen: ChosenLoss, chart: Chart, x: Array) -> list[tuple[Array, Array | None]]:
    """Compute the loss of each line, and the slope along the line x moves on, straight from the kernel."""
    if chosen.loss.kind is Kind.DISTRIBUTION:
        pairs = np.array([[value, 1.0 - value] for value in x])
        if chosen.loss.prediction is None:
            return [(chosen.compute(pairs, None)[0], None)]
        loss, slope = chosen.compute(np.tile(P, (len(x), 1)), pairs)
        return [(loss, slope[:, 0] - slope[:, 1])]
    if chosen.loss.target is None:
        return [chosen.compute(None, x)]
    is_residual = chart.x.label.startswith("residual")
    return [chosen.compute(np.full_like(x, y), y + x if is_residual else x) for y in targets(chart)]


def kinks(chosen: ChosenLoss, chart: Chart) -> list[list[float]]:
    """Place the kinks of the facts on x, line by line: they are residuals, and of labels margins, inside the domain."""
    facts = chosen.fact("kinks")
    if chosen.loss.kind is Kind.BINARY:
        low = chosen.loss.prediction.low
        return [[at for at in ((2.0 * y - 1.0) * kink for kink in facts) if at >= low] for y in targets(chart)]
    return [[(P[0] if chosen.loss.kind is Kind.DISTRIBUTION else 0.0) + kink for kink in facts]]


def toy(kernel: Callable[..., tuple[Array, Array]], **fields: Any) -> Loss:
    """Make a row that is not in the registry, of mse but for the fields given."""
    return dataclasses.replace(LOSSES["mse"], id="toy", kernel=kernel, **fields)


@every_loss
def test_the_lines_are_the_kernels_numbers_and_break_where_those_are_infinite(chosen: ChosenLoss) -> None:
    chart = curve(chosen)
    x = loss_line(chart).x
    lines = oracle(chosen, chart, x)
    for series, (loss, _) in zip(chart.panels[0].series, lines, strict=True):
        assert_array_equal(series.x, x)
        assert_array_equal(series.y, np.where(np.isfinite(loss), loss, np.nan))
    if Role.PREDICTION not in chosen.loss.roles:
        assert len(chart.panels) == 1
        return
    for series, (_, slope), places in zip(chart.panels[1].series, lines, kinks(chosen, chart), strict=True):
        assert_array_equal(series.x, x)
        at = np.isin(x, places)
        assert np.count_nonzero(at) == len(places)
        assert_array_equal(series.y, np.where(np.isfinite(slope) & ~at, slope, np.nan))


@every_loss
def test_the_slope_is_the_derivative_of_the_line_above_it(chosen: ChosenLoss) -> None:
    chart = curve(chosen)
    if len(chart.panels) == 1:
        assert Role.PREDICTION not in chosen.loss.roles
        return
    span = chart.x.high - chart.x.low
    h = 1e-6 * span
    for index, (series, places) in enumerate(zip(chart.panels[1].series, kinks(chosen, chart), strict=True)):
        x, slope = series.x, series.y
        inside = np.isfinite(slope) & (x > chart.x.low + 0.01 * span) & (x < chart.x.high - 0.01 * span)
        for kink in places:
            inside &= abs(x - kink) > 2 * h
        steady = x[inside]
        ahead, behind = (oracle(chosen, chart, steady + step)[index][0] for step in (h, -h))
        # Where a parabola meets a line the second derivative jumps: the difference is off by up to h·β/2.
        scale = float(np.abs(slope[inside]).max())
        assert_allclose(slope[inside], (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-5 * scale)


@every_loss
def test_the_target_drawn_lies_in_its_domain_and_is_told_where_it_makes_a_difference(chosen: ChosenLoss) -> None:
    chart = curve(chosen)
    target, prediction = chosen.loss.target, chosen.loss.prediction
    if chosen.loss.kind is Kind.DISTRIBUTION or target is None or prediction is None:
        return
    drawn = targets(chart)
    assert target.contains_all(np.array(drawn))
    x = loss_line(chart).x
    if chosen.loss.kind is Kind.BINARY:
        assert drawn == [1.0, 0.0]
        assert [line.name for line in chart.panels[1].series] == ["y = 1", "y = 0"]
        ends = {PROBABILITY: (0.0, 1.0), NONNEGATIVE: (0.0, chart.x.high)}.get(prediction, (-4.0, 4.0))
        assert (chart.x.low, chart.x.high) == ends
    elif not chart.notes:
        there = chosen.compute(np.full_like(x, 2.0), 2.0 + x)[0]
        assert_allclose(there, loss_line(chart).y, rtol=1e-6, atol=1e-6 * float(np.nanmax(loss_line(chart).y)))
    else:
        assert chart.notes == (f"for the target y = {drawn[0]:g}",)
        assert prediction.contains_all(drawn[0] + x if chart.x.label.startswith("residual") else x)


@every_loss
def test_every_axis_has_a_range_that_holds_most_of_the_line(chosen: ChosenLoss) -> None:
    chart = curve(chosen)
    for panel in chart.panels:
        seen = []
        for line in panel.series:
            assert line.x[0] == chart.x.low
            assert line.x[-1] == chart.x.high
            assert (np.diff(line.x) > 0.0).all()
            shown = line.y[(line.y >= panel.y.low) & (line.y <= panel.y.high)]
            assert len(shown) >= 0.85 * len(line.y)
            seen.append(shown)
        assert np.ptp(np.concatenate(seen)) >= 0.5 * (panel.y.high - panel.y.low)


@every_loss
def test_the_minimum_is_marked_where_the_facts_say_so_and_is_the_lowest_point(chosen: ChosenLoss) -> None:
    chart = curve(chosen)
    points = chart.panels[0].points
    scores = chosen.loss.kind is Kind.BINARY and chosen.loss.prediction != PROBABILITY
    logarithm = chosen.loss.kind is Kind.REAL and chosen.fact("symmetric") is None
    if scores or logarithm or not chosen.fact("minimum_at_target"):
        assert points == ()
        return
    assert {point.label for point in points} == {"minimum"}
    if chosen.loss.kind is Kind.BINARY:
        assert [point.x for point in points] == targets(chart)
    else:
        (lowest,) = points
        assert lowest.x == (0.3 if chosen.loss.kind is Kind.DISTRIBUTION else 0.0)
        assert chart.panels[0].rules[0].x == chart.panels[1].rules[0].x == lowest.x
    for point, line in zip(points, chart.panels[0].series, strict=True):
        assert point.y == line.y[line.x == point.x]
        assert point.y == np.nanmin(line.y)


@pytest.mark.parametrize("name", ["cross_entropy", "kl_divergence"])
def test_along_the_simplex_the_slope_vanishes_at_q_equal_to_p_and_only_there(name: str) -> None:
    chart = curve(LOSSES[name].choose())
    line = slope_line(chart)
    assert_array_equal(line.x[line.y == 0.0], [0.3])
    assert "along q₁ + q₂ = 1" in chart.panels[1].y.label
    assert np.isnan(line.y[[0, -1]]).all()
    assert "p = (0.3, 0.7)" in chart.notes[0]


def test_entropy_is_drawn_against_the_target_and_has_no_slope_to_draw() -> None:
    chart = curve(LOSSES["entropy"].choose())
    assert len(chart.panels) == 1
    line = loss_line(chart)
    assert_allclose(np.interp([0.0, 0.25, 0.5, 1.0], line.x, line.y), [0.0, 0.811278, 1.0, 0.0], atol=1e-6)
    assert "p₁" in chart.x.label
    assert any("slope is 0" in note for note in chart.notes)


def test_a_prediction_alone_is_drawn_over_its_whole_domain() -> None:
    chart = curve(LOSSES["self_information"].choose())
    assert (chart.x.low, chart.x.high) == (0.0, 1.0)
    assert np.isnan(loss_line(chart).y[0])
    assert chart.panels[0].y.unit == "bits"
    assert 3.0 < chart.panels[0].y.high < 8.0  # of the 8.6 bits at the first point beside 0
    assert chart.panels[1].y.low > -50.0  # of −577


@pytest.mark.parametrize(
    ("name", "params", "half"),
    [
        ("mae", {}, 4.0),
        ("mse", {}, 4.0),
        ("huber", {"delta": 0.5}, 2.0),
        ("huber", {"delta": 20.0}, 80.0),
        ("huber", {"delta": 3e4}, 1.2e5),
        ("smooth_l1", {"beta": 1e-3}, 4e-3),
        ("smooth_l1", {"beta": 0.0}, 4.0),
        ("huber", {"delta": 0.7123}, 2.85),
    ],
)
def test_the_range_shows_where_the_shape_changes(name: str, params: dict[str, float], half: float) -> None:
    chart = curve(LOSSES[name].choose(**params))
    assert chart.x.low == -chart.x.high
    assert chart.x.high == float(f"{chart.x.high:.2g}")
    assert_allclose(chart.x.high, half, rtol=0.25)


def test_a_jump_of_the_slope_breaks_the_line_and_is_marked_with_the_slope_it_has() -> None:
    chart = curve(LOSSES["mae"].choose())
    line = slope_line(chart)
    at = int(np.flatnonzero(line.x == 0.0)[0])
    assert_array_equal(line.y[at - 1 : at + 2], [-1.0, np.nan, 1.0])
    assert line.x[at + 1] < 1e-6
    (jump,) = chart.panels[1].points
    assert (jump.x, jump.y) == (0.0, 0.0)


def test_kinks_off_the_target_set_the_range_and_are_marked() -> None:
    def insensitive(target: Array, prediction: Array) -> tuple[Array, Array]:
        r = prediction - target
        return np.maximum(np.abs(r) - 0.1, 0.0), np.sign(r) * (np.abs(r) > 0.1)

    chart = curve(toy(insensitive, facts=Facts(kinks=(-0.1, 0.1), minimum_at_target=True)).choose())
    assert_allclose([chart.x.low, chart.x.high], [-0.4, 0.4], rtol=1e-12)
    assert [(jump.x, jump.y) for jump in chart.panels[1].points] == [(-0.1, 0.0), (0.1, 0.0)]


def test_a_slope_that_is_zero_near_the_target_sets_no_range() -> None:
    def dead_zone(target: Array, prediction: Array) -> tuple[Array, Array]:
        r = prediction - target
        past = np.maximum(np.abs(r) - 0.5, 0.0)
        return past, np.sign(r) * (past > 0.0)

    assert curve(toy(dead_zone).choose()).x.high == 4.0


def test_one_side_that_changes_shape_later_is_still_shown() -> None:
    def lopsided(target: Array, prediction: Array) -> tuple[Array, Array]:
        r = prediction - target
        slope = np.clip(r, -2.0, 10.0)
        return slope * (r - slope / 2.0), slope

    assert_allclose(curve(toy(lopsided).choose()).x.high, 40.0, rtol=0.25)


def test_residuals_stay_inside_the_domain_of_the_prediction() -> None:
    def poisson(target: Array, prediction: Array) -> tuple[Array, Array]:
        with np.errstate(divide="raise", invalid="raise"):
            return prediction - target * np.log(prediction), 1.0 - target / prediction

    chart = curve(toy(poisson, target=NONNEGATIVE, prediction=POSITIVE).choose())
    assert -1.0 < chart.x.low < -0.95
    assert "y = 1" in chart.notes[0]
    assert_allclose(loss_line(chart).y, 1.0 + loss_line(chart).x - np.log1p(loss_line(chart).x), rtol=1e-9)
    assert chart.panels[0].points[0].y == 1.0


def test_a_loss_relative_to_the_target_is_drawn_for_one_that_shows_its_shape() -> None:
    chart = curve(LOSSES["smape"].choose())
    assert chart.notes == ("for the target y = 1",)
    x, loss = loss_line(chart).x, loss_line(chart).y
    assert_allclose(loss, 2.0 * np.abs(x) / (np.abs(1.0 + x) + 1.0), rtol=1e-12, atol=1e-16)


def test_a_prediction_on_another_scale_is_drawn_against_itself() -> None:
    chart = curve(LOSSES["poisson_nll_with_log_rate"].choose())
    assert (chart.x.label, chart.x.low, chart.x.high) == ("prediction ŷ", -4.0, 4.0)
    assert chart.panels[0].rules == chart.panels[0].points == ()
    x, loss = loss_line(chart).x, loss_line(chart).y
    assert_allclose(loss, np.exp(x) - x, rtol=1e-12)
    assert x[np.argmin(loss)] == 0.0


def test_labels_have_a_line_each_over_every_probability() -> None:
    chart = curve(LOSSES["brier"].choose())
    assert (chart.x.label, chart.panels[1].y.label) == ("probability q", "slope dℓ/dq")
    for place, y, loss, slope in zip((0, 1), (1.0, 0.0), chart.panels[0].series, chart.panels[1].series, strict=True):
        assert_allclose(loss.y, np.square(loss.x - y), rtol=1e-12)
        assert_allclose(slope.y, 2.0 * (loss.x - y), rtol=1e-12)
        assert chart.panels[0].points[place].x == y
    assert chart.panels[0].rules == ()


def test_kinks_of_labels_are_margins_and_marked_once() -> None:
    chart = curve(LOSSES["hinge"].choose())
    assert (chart.x.label, chart.panels[1].y.label) == ("logit s", "slope dℓ/ds")
    assert [(jump.x, jump.y) for jump in chart.panels[1].points] == [(1.0, 0.0), (-1.0, 0.0)]
    for line, kink, sides in zip(chart.panels[1].series, (1.0, -1.0), ([-1.0, 0.0], [0.0, 1.0]), strict=True):
        at = int(np.flatnonzero(line.x == kink)[0])
        assert_array_equal(line.y[at - 1 : at + 2], [sides[0], np.nan, sides[1]])
        assert line.x[at + 1] - line.x[at - 1] < 1e-6
    (jump,) = curve(LOSSES["perceptron"].choose()).panels[1].points
    assert (jump.x, jump.y) == (0.0, 0.0)


@pytest.mark.parametrize("margin", [1.0, 20.0])
@pytest.mark.parametrize("name", ["contrastive", "hinge_embedding"])
def test_a_distance_is_drawn_from_0_to_past_the_margin(name: str, margin: float) -> None:
    chart = curve(LOSSES[name].choose(margin=margin))
    assert (chart.x.label, chart.panels[1].y.label) == ("distance d", "slope dℓ/dd")
    assert chart.x.low == 0.0
    assert 1.25 * margin <= chart.x.high <= 5.0 * margin
    assert chart.panels[0].points == ()
    similar, other = chart.panels[0].series
    power = 2 if name == "contrastive" else 1
    assert_allclose(similar.y, similar.x**power / power, rtol=1e-12)
    assert_allclose(other.y, np.maximum(margin - other.x, 0.0) ** power / power, rtol=1e-12)
    jumps = [(point.x, point.y) for point in chart.panels[1].points]
    assert jumps == ([] if name == "contrastive" else [(margin, 0.0)])


def test_a_kink_of_a_distribution_stands_where_q_is_p() -> None:
    facts = Facts(kinks=(0.0,), minimum_at_target=True)
    chart = curve(dataclasses.replace(LOSSES["total_variation"], facts=facts).choose())
    line = slope_line(chart)
    at = int(np.flatnonzero(line.x == 0.3)[0])
    assert_array_equal(line.y[at - 1 : at + 2], [-1.0, np.nan, 1.0])
    assert line.x[at + 1] - line.x[at - 1] < 1e-6
    assert [(jump.x, jump.y) for jump in chart.panels[1].points] == [(0.3, 0.0)]


@pytest.mark.parametrize(
    ("domain", "y"),
    [
        (Domain(low=2.0, low_open=True), 3.0),
        (Domain(high=-5.0), -6.0),
        (Domain(low=0.0, high=1.0), 0.5),
        (Domain(low=0.0, high=3.0, whole=True), 1.0),
        (Domain(low=0.0, whole=True), 1.0),
        (Domain(low=-7.0), 1.0),
    ],
)
def test_the_target_of_a_bounded_domain_is_inside_it(domain: Domain, y: float) -> None:
    facts = Facts(minimum_at_target=True, symmetric=True)
    chart = curve(toy(LOSSES["mse"].kernel, target=domain, facts=facts).choose())
    assert targets(chart) == [y]
    assert chart.panels[0].points[0].y == 0.0


def test_one_number_moves_some_losses_and_not_others() -> None:
    having = {row.id for row in LOSSES.values() if has_curve(row.choose())}
    assert {"mae", "mape", "rmse", "brier", "hinge", "entropy", "wasserstein1", "self_information"} <= having
    without = {"wmape", "dice", "focal_tversky", "softmax_cross_entropy", "multilabel_margin", "coral"}
    assert without <= set(LOSSES) - having


@pytest.mark.parametrize("fact", [False, None])
def test_no_minimum_is_marked_unless_the_facts_say_so(fact: bool | None) -> None:  # noqa: FBT001 -- a fact is one
    chart = curve(toy(LOSSES["mse"].kernel, facts=Facts(minimum_at_target=fact)).choose())
    assert chart.panels[0].points == ()
    assert chart.panels[0].rules[0].x == 0.0


def test_a_target_alone_is_a_curve_without_slope() -> None:
    chart = curve(toy(lambda y, _: (y * y, np.zeros_like(y)), prediction=None).choose())
    assert (chart.x.label, chart.x.low, chart.x.high, len(chart.panels)) == ("target y", -4.0, 4.0, 1)


def test_no_name_of_a_loss_is_needed() -> None:
    for chosen in CHOSEN:
        renamed = dataclasses.replace(chosen.loss, id="someone_elses", aliases=()).choose(**chosen.params)
        for panel, other in zip(curve(chosen).panels, curve(renamed).panels, strict=True):
            for line, same in zip(panel.series, other.series, strict=True):
                assert_array_equal(line.y, same.y)
            assert (panel.y, panel.points, panel.rules) == (other.y, other.points, other.rules)


@pytest.mark.parametrize(
    ("name", "fields", "cause"),
    [
        ("mse", {"kind": Kind.GROUPED}, "mse has no curve: its kind is grouped"),
        ("wmape", {}, "wmape has no curve: a row has 2 parts"),
        ("softmax_cross_entropy", {}, "softmax_cross_entropy has no curve: its kind is multiclass"),
    ],
)
def test_a_loss_without_a_curve_says_so(name: str, fields: dict[str, Any], cause: str) -> None:
    row: Loss = dataclasses.replace(LOSSES[name], **fields)
    assert not has_curve(row.choose())
    with pytest.raises(UsageError, match=cause) as caught:
        curve(row.choose())
    assert caught.value.cure == "binary and distribution and real losses of one part have one"


def test_a_constant_and_an_all_infinite_line_have_a_range() -> None:
    flat = curve(toy(lambda _, q: (np.full_like(q, 7.0), np.full_like(q, np.inf))).choose())
    assert flat.panels[0].y.low < 7.0 < flat.panels[0].y.high
    assert np.isnan(slope_line(flat).y).all()
    assert flat.panels[1].y.low < flat.panels[1].y.high
    nothing = curve(toy(lambda _, q: (np.zeros_like(q), np.zeros_like(q))).choose())
    assert nothing.panels[0].y.low < 0.0 < nothing.panels[0].y.high


def test_a_series_is_a_copy_that_nobody_can_change() -> None:
    x, y = np.array([0.0, 1.0]), np.array([2.0, np.nan])
    series = Series("line", x, y)
    x[0] = 9.0
    assert series.x[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        series.y[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        series.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("x", "y"),
    [([0.0, 1.0], [1.0]), ([[0.0]], [[1.0]]), ([np.nan], [1.0]), ([np.inf], [1.0]), ([0.0], [-np.inf])],
)
def test_a_series_that_is_no_line_is_refused(x: object, y: object) -> None:
    with pytest.raises(ValueError, match="series 'bad'"):
        Series("bad", np.array(x), np.array(y))


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, math.inf), (math.nan, 1.0)])
def test_an_axis_without_a_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="is no range"):
        Axis("x", low, high)


def test_a_chart_needs_a_panel_and_an_axis_names_its_unit() -> None:
    with pytest.raises(ValueError, match="no panel"):
        Chart("empty", Axis("x", 0.0, 1.0), ())
    assert Panel(Axis("loss", 0.0, 1.0, "bits"), ()).y.text == "loss (bits)"
    assert Axis("loss", 0.0, 1.0).text == "loss"
