"""Charts as text: within their room, pure, and with every dot where its number says."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossctl.core.charts.chart import Axis, Chart, Panel, Point, Rule, Series
from lossctl.core.charts.curve import curve, has_curve
from lossctl.figures.terminal import draw
from lossctl.losses import LOSSES
from tests.each import for_each

CURVES = {row.id: curve(row.choose()) for row in LOSSES.values() if has_curve(row.choose())}
every_curve = for_each("chart", CURVES.values(), lambda chart: chart.title)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def chart_of(
    *series: Series, x: tuple[float, float] = (0.0, 10.0), y: tuple[float, float] = (0.0, 10.0), **marks: Any
) -> Chart:
    return Chart("a title", Axis("x", *x), (Panel(Axis("y", *y), series, **marks),))


def line(x: object, y: object, name: str = "line") -> Series:
    return Series(name, np.array(x, dtype=float), np.array(y, dtype=float))


def area(text: str) -> list[str]:
    """Cut out the panel's characters: what stands right of the axis, above the bottom."""
    rows = [row for row in text.split("\n") if re.match(r" *(-?[0-9.e+]+)? ?[┤│|+]", row)]
    return [re.split("[┤│|+]", row, maxsplit=1)[1] for row in rows if "┬" not in row and "++" not in row]


@every_curve
@pytest.mark.parametrize(
    ("width", "height", "color", "unicode"),
    [(80, 24, True, True), (40, 16, False, False), (23, 60, True, False), (120, 40, False, True)],
)
def test_it_stays_within_its_room(chart: Chart, width: int, height: int, *, color: bool, unicode: bool) -> None:
    text = draw(chart, width, height, color=color, unicode=unicode)
    lines = text.split("\n")
    assert lines.pop() == ""
    assert 0 < len(lines) <= height
    assert all(len(ANSI.sub("", one)) <= width for one in lines)
    assert ("\x1b" in text) == color
    assert text.isascii() == (not unicode)
    assert all(one == one.rstrip() for one in lines)


@every_curve
def test_colour_changes_no_character(chart: Chart) -> None:
    colored = draw(chart, 80, 24, color=True)
    plain = draw(chart, 80, 24, color=False)
    bare = "\n".join(one.rstrip() for one in ANSI.sub("", colored).split("\n"))
    if any(len(panel.series) > 1 for panel in chart.panels):  # letters tell lines apart where colours do not
        bare, plain = (re.sub("[*+\u2801-\u28ff]", "#", text) for text in (bare, plain))
    assert bare == plain
    assert re.search("\x1b\\[35m[\u2801-\u28ff]+\x1b\\[0m", colored)
    assert not re.search("\x1b\\[0?m[\u2801-\u28ff]", colored)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(-1, 130),
    height=st.integers(-1, 50),
    name=st.sampled_from(sorted(CURVES)),
    unicode=st.booleans(),
)
def test_any_room_is_kept_to_or_left_empty(width: int, height: int, name: str, *, unicode: bool) -> None:
    text = draw(CURVES[name], width, height, color=False, unicode=unicode)
    assert len(text.splitlines()) <= max(0, height)
    assert all(len(one) <= width for one in text.splitlines())
    if width >= 30 and height >= 24:
        assert text


@every_curve
def test_what_it_says_is_there(chart: Chart) -> None:
    flat = " ".join(draw(chart, 80, 30, color=False).split())
    assert flat.startswith(chart.title)
    for panel in chart.panels:
        assert panel.y.text in flat
        assert all(point.label in flat for point in panel.points)
        assert all(rule.label in flat for rule in panel.rules)
    assert chart.x.text in flat
    assert all(note in flat for note in chart.notes)


def test_the_ends_of_the_axes_are_the_outermost_dots() -> None:
    text = draw(chart_of(line([0, 10], [0, 10])), 33, 20, color=False)
    rows = area(text)
    assert ord(rows[0][-1]) & 0x08  # the dot at the top right of a Braille character
    assert ord(rows[-1][0]) & 0x40  # at the bottom left
    assert "10 ┤" in text
    assert text.count("┤") >= 3


def test_a_level_line_lies_in_the_row_of_its_number() -> None:
    text = draw(chart_of(line([0, 10], [4, 4]), y=(0.0, 10.0)), 60, 25, color=False, unicode=False)
    (row,) = (one for one in text.split("\n") if "*" in one)
    assert row.split()[0] == "4"
    assert row.count("*") == 56


def test_a_marked_line_and_point_stand_over_their_number() -> None:
    marks = {"points": (Point(7.0, 2.0, "here"),), "rules": (Rule(4.0, "there"),)}
    text = draw(chart_of(line([0, 10], [9, 9]), **marks), 66, 25, color=False, unicode=False)
    lines = text.split("\n")
    numbers = next(i for i, one in enumerate(lines) if re.fullmatch(r" *0 +2 +4 +6 +8 +10", one))
    body = lines[2 : numbers - 1]
    (row,) = (one for one in body if "o" in one)
    assert row.split()[0] == "2"
    assert numbers > 0
    under = {int(m[0]): m.start() for m in re.finditer(r"\d+", lines[numbers])}
    assert {one.index(":") for one in body if ":" in one} == {under[4]}
    assert abs(row.index("o") - (under[6] + under[8]) / 2) <= 1
    assert "o here (7, 2)" in text
    assert ": there" in text


def test_ticks_stand_under_the_axis_where_their_numbers_are() -> None:
    text = draw(chart_of(line([0, 10], [0, 0])), 66, 20, color=False)
    lines = text.split("\n")
    axis = next(i for i, one in enumerate(lines) if "┬" in one)
    ticks = [m.start() for m in re.finditer("┬", lines[axis])]
    labels = [(m.start(), m.end()) for m in re.finditer(r"\d+", lines[axis + 1])]
    assert len(ticks) == len(labels) == 6
    assert all(start <= tick < end for tick, (start, end) in zip(ticks, labels, strict=True))


def test_numbers_stand_in_the_middle_under_their_ticks_and_never_touch() -> None:
    chart = chart_of(line([0, 5000], [0, 0]), x=(-1000.0, 5000.0))
    lines = draw(chart, 80, 20, color=False).split("\n")
    axis = next(i for i, one in enumerate(lines) if "┬" in one)
    ticks = [m.start() for m in re.finditer("┬", lines[axis])]
    middles = [(m.start() + m.end() - 1) / 2 for m in re.finditer(r"\S+", lines[axis + 1])]
    assert len(ticks) == len(middles) == 7
    assert max(abs(tick - middle) for tick, middle in zip(ticks[:-1], middles[:-1], strict=True)) <= 0.5
    long = chart_of(line([-2e-5, 2e-5], [0, 0]), x=(-2e-5, 2e-5))
    for width in range(15, 60):
        lines = draw(long, width, 20, color=False).split("\n")
        axis = next(i for i, one in enumerate(lines) if "┬" in one)
        assert set(lines[axis + 1].split()) <= {"-2e-05", "-1e-05", "0", "1e-05", "2e-05"}


def test_too_low_is_left_empty() -> None:
    chart = chart_of(line([0, 10], [0, 10]))
    assert [len(draw(chart, 60, height, color=False).splitlines()) for height in range(10)] == [0] * 8 + [8, 9]


def test_the_zero_line_is_drawn_where_zero_is_in_sight() -> None:
    down = draw(chart_of(line([0, 10], [-3, -3]), y=(-4.0, 4.0)), 60, 20, color=False)
    (row,) = (one for one in down.split("\n") if "╌" in one)
    assert row.split()[0] == "0"
    assert "╌" not in draw(chart_of(line([0, 10], [3, 3]), y=(1.0, 4.0)), 60, 20, color=False)


def test_a_nan_breaks_the_line() -> None:
    whole = draw(chart_of(line([0, 4, 5, 6, 10], [5, 5, 5, 5, 5])), 60, 20, color=False, unicode=False)
    broken = draw(chart_of(line([0, 4, 5, 6, 10], [5, 5, np.nan, 5, 5])), 60, 20, color=False, unicode=False)
    (row,) = (one for one in whole.split("\n") if "*" in one)
    (gap,) = (one for one in broken.split("\n") if "*" in one)
    assert re.search(r"\*+", row)[0] == re.search(r"\*.*\*", gap)[0].replace(" ", "*")
    assert 10 <= gap.strip("5 +").count(" ") <= 12


def test_a_line_that_leaves_does_so_on_the_right_side_and_costs_no_time() -> None:
    text = draw(chart_of(line([0, 5, 5.01, 10], [5, 5, 1e12, 1e300])), 60, 20, color=False, unicode=False)
    rows = area(text)
    middle = len(rows) // 2
    assert any("*" in row for row in rows[:middle])
    assert not any("*" in row for row in rows[middle + 1 :])
    assert not any("*" in row[31:] for row in rows)


def test_a_line_that_crosses_the_range_between_two_points_is_drawn_where_it_does() -> None:
    rows = area(draw(chart_of(line([0, 10], [15, -5])), 60, 21, color=False, unicode=False))
    assert all("*" in row for row in rows)
    assert abs(rows[0].index("*") - 0.25 * 56) <= 2
    assert abs(rows[-1].rindex("*") - 0.75 * 56) <= 2


def test_too_narrow_is_left_empty_and_a_label_at_the_end_keeps_inside() -> None:
    wide = chart_of(line([0, 1e7], [0, 1]), x=(0.0, 1e7))
    for width in range(30):
        text = draw(wide, width, 40, color=False)
        assert all(len(one) <= width for one in text.splitlines())
        assert bool(text) == (width >= 14)
    assert "1e+07" in draw(wide, 60, 20, color=False)


def test_a_line_below_the_range_is_not_drawn() -> None:
    assert "*" not in draw(chart_of(line([0, 10], [-5, -1])), 60, 20, color=False, unicode=False)
    assert "*" not in draw(chart_of(line([0, 10], [11, 15])), 60, 20, color=False, unicode=False)


def test_marks_out_of_sight_are_left_out() -> None:
    marks = {"points": (Point(11.0, 2.0, "a"), Point(2.0, 99.0, "b")), "rules": (Rule(-3.0, "c"),)}
    text = draw(chart_of(line([0, 10], [5, 5]), **marks), 60, 20, color=False)
    assert "●" not in "".join(area(text))
    assert "┊" not in "".join(area(text))


def test_several_lines_can_be_told_apart_with_and_without_colour() -> None:
    chart = chart_of(line([0, 10], [2, 2], "low"), line([0, 10], [8, 8], "high"))
    plain = draw(chart, 60, 20, color=False)
    assert "* low   + high" in plain
    rows = plain.split("\n")
    high, low = (next(i for i, row in enumerate(rows) if glyphs in row) for glyphs in ("+++", "***"))
    assert high < low
    colored = draw(chart, 60, 20, color=True)
    assert "\x1b[35m⠒ low\x1b[0m   \x1b[36m⠒ high\x1b[0m" in colored
    assert colored.count("\x1b[35m") >= 2
    assert colored.count("\x1b[36m") >= 2


def test_ascii_spells_the_signs() -> None:
    text = draw(CURVES["mse"], 80, 24, color=False, unicode=False)
    assert "residual yhat - y" in text
    assert "slope dl/dyhat" in text
    assert "q1 + q2 = 1" in draw(CURVES["kl_divergence"], 80, 24, color=False, unicode=False)
    assert "?" not in "".join(draw(chart, 80, 24, color=False, unicode=False) for chart in CURVES.values())


@pytest.mark.parametrize(
    "axis",
    [(0.0, 1e-9), (-1e15, 1e15), (1e6, 1e6 + 1e-3), (-0.02, 8.4), (0.1, 0.45), (-7e-4, 2e-5)],
)
def test_ticks_of_any_range_are_in_it_and_distinct(axis: tuple[float, float]) -> None:
    text = draw(chart_of(line([0, 10], axis), y=axis), 70, 24, color=False)
    labels = [float(m[1]) for m in re.finditer(r"^ *(\S+) ┤", text, re.MULTILINE)]
    assert len(labels) >= 2
    span = axis[1] - axis[0]
    assert all(axis[0] - 1e-6 * span <= label <= axis[1] + 1e-6 * span for label in labels)
    assert labels == sorted(set(labels), reverse=True)


def test_the_same_arguments_give_the_same_text_whatever_the_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    once = draw(CURVES["mae"], 80, 24, color=True)
    plain = draw(CURVES["mae"], 80, 24, color=False)
    for name, value in {"NO_COLOR": "1", "FORCE_COLOR": "0", "COLUMNS": "20", "LINES": "5", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
        assert draw(CURVES["mae"], 80, 24, color=True) == once
    draw(CURVES["kl_divergence"], 33, 40, color=True, unicode=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert draw(CURVES["mae"], 80, 24, color=False) == plain


def test_the_library_is_imported_for_a_drawing_alone() -> None:
    script = (
        "import sys, lossctl.figures.terminal, lossctl.core.charts.curve\n"
        "from lossctl.losses import LOSSES\n"
        "chart = lossctl.core.charts.curve.curve(LOSSES['mae'].choose())\n"
        "assert 'plotille' not in sys.modules\n"
        "lossctl.figures.terminal.draw(chart, 80, 24, color=False)\n"
        "assert 'plotille' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
