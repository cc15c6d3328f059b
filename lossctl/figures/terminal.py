"""Draw a chart as text: Braille dots where the terminal has them, plain ASCII where not. Imports NumPy and core.

plotille turns lines into dots, and is imported when a chart is drawn. Its own axes and colours are not used: the axes
have no round ticks, and the colours depend on the environment and on whether stdout is a terminal.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from lossctl.core.system.fast_dataclass import dataclass

if TYPE_CHECKING:
    from lossctl.core.charts.chart import Axis, Chart, Panel, Series
    from lossctl.core.types import Array

__all__ = ["draw"]

_MIN_COLUMNS, _MIN_ROWS = 10, 3
"""The smallest panel that still shows a curve."""
_BLANK = "\u2800"
"""The Braille character of no dots."""
_LINE_COLORS = ("35", "36", "32", "34", "31", "33")
_GRID_COLOR, _POINT_COLOR = "2", "1"
_LETTERS = "*+x#@%"
"""What draws each line where neither colour nor shape of dots can tell them apart."""
_SPELLED = str.maketrans({"ŷ": "yhat", "−": "-", "∂": "d", "ℓ": "l", "·": "*", "≤": "<=", "≥": ">=", "√": "sqrt "})


@dataclass(frozen=True, slots=True)
class _Style:
    """The characters to draw with."""

    point: str
    rule: str
    zero: str
    corner: str
    side: str
    bottom: str
    tick_left: str
    tick_below: str
    unicode: bool
    color: bool


@dataclass(frozen=True, slots=True)
class _Cell:
    """A text, mostly one character, and the code of its colour."""

    text: str
    sgr: str = ""


_GAP = _Cell("   ")


@dataclass(frozen=True, slots=True)
class _Frame:
    """The area of one panel: characters, and the values at the outermost dots."""

    columns: int
    rows: int
    x: Axis
    y: Axis

    def column(self, value: float) -> int:
        """Return the column of a value of x; one outside where it is out of range."""
        return math.floor(self._dot(value, self.x, 2 * self.columns) / 2)

    def row(self, value: float) -> int:
        """Return the row from the top of a value of y; one outside where it is out of range."""
        return self.rows - 1 - math.floor(self._dot(value, self.y, 4 * self.rows) / 4)

    @staticmethod
    def _dot(value: float, axis: Axis, dots: int) -> int:
        return round((value - axis.low) / (axis.high - axis.low) * (dots - 1))


def draw(chart: Chart, width: int, height: int, *, color: bool, unicode: bool = True) -> str:
    """Draw a chart as text.

    Parameters
    ----------
    chart
        What to draw.
    width, height
        The columns and lines there are. No line is wider, and there are at most as many.
    color
        Whether to colour by ANSI escape codes.
    unicode
        Whether to use characters out of ASCII. Without, labels are spelled (``yhat - y``).

    Returns
    -------
    str
        The text, ending in one newline; empty where there is no room for it. The same arguments give the same text:
        the environment and the terminal are not looked at.

    Examples
    --------
    >>> from lossctl.core.charts.chart import Axis, Chart, Panel, Series
    >>> line = Series("half", np.array([0.0, 4.0]), np.array([0.0, 2.0]))
    >>> chart = Chart("half of x", Axis("x", 0.0, 4.0), (Panel(Axis("y", 0.0, 2.0), (line,)),))
    >>> print(draw(chart, 26, 9, color=False, unicode=False), end="")
    half of x
    y
    2 +                 ******
    1 +           *******
      |     *******
    0 +******-----------------
      ++----------+----------+
       0          2          4
                  x
    """
    style = _style(color=color, unicode=unicode)
    head = _wrap([chart.title], width, style)
    headings = [_heading(panel, width, style) for panel in chart.panels]
    foot = _wrap(chart.notes, width, style)
    taken = len(head) + sum(map(len, headings)) + len(foot) + 3  # the bottom axis, its numbers, its label
    rows = (height - taken) // len(chart.panels)
    if rows < _MIN_ROWS:
        return ""
    ticks = [_ticks(panel.y, max(_MIN_ROWS, rows // 2)) for panel in chart.panels]
    margin = max(len(label) for panel in ticks for _, label in panel) + 1
    columns = width - margin - 1
    if columns < _MIN_COLUMNS:
        return ""
    lines = head
    for panel, heading, panel_ticks in zip(chart.panels, headings, ticks, strict=True):
        lines += heading
        lines += _panel_lines(panel, _Frame(columns, rows, chart.x, panel.y), panel_ticks, style, margin)
    lines += _bottom_lines(_Frame(columns, rows, chart.x, chart.panels[-1].y), style, margin)
    lines += foot
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _style(*, color: bool, unicode: bool) -> _Style:
    if unicode:
        return _Style("●", "┊", "╌", "└", "│", "─", "┤", "┬", unicode, color)
    return _Style("o", ":", "-", "+", "|", "-", "+", "+", unicode, color)


def _heading(panel: Panel, width: int, style: _Style) -> list[str]:
    """Return what a panel shows and what its marks mean, in as many lines as it takes."""
    parts = [_Cell(panel.y.text)]
    if len(panel.series) > 1:
        keys = enumerate(panel.series)
        parts += [_Cell(f"{_glyph(i, panel, style) or '⠒'} {series.name}", _line_color(i)) for i, series in keys]
    parts += [_Cell(f"{style.point} {point.label} ({point.x:.4g}, {point.y:.4g})") for point in panel.points]
    parts += [_Cell(f"{style.rule} {rule.label}") for rule in panel.rules]
    lines: list[list[_Cell]] = []
    for part in parts:
        cell = _Cell(_spell(part.text, style)[:width], part.sgr)
        if lines and sum(len(each.text) for each in lines[-1]) + len(_GAP.text) + len(cell.text) <= width:
            lines[-1] += [_GAP, cell]
        else:
            lines.append([cell])
    return [_join(line, style) for line in lines]


def _wrap(texts: Iterable[str], width: int, style: _Style) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(_spell(text, style), max(1, width))]


def _spell(text: str, style: _Style) -> str:
    if style.unicode:
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    return plain.encode("ascii", "replace").decode("ascii")


def _ticks(axis: Axis, most: int) -> list[tuple[float, str]]:
    """Return at most so many round values in the range of an axis, each with its label."""
    span = axis.high - axis.low
    power = 10.0 ** math.floor(math.log10(span / most))
    for step in (power, 2 * power, 2.5 * power, 5 * power, 10 * power, 20 * power, 50 * power):
        first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
        if last - first + 1 <= most:
            break
    digits = max(6, math.ceil(math.log10(max(abs(axis.low), abs(axis.high)) / step)) + 2)  # so that no two look alike
    return [(i * step, f"{i * step:.{digits}g}") for i in range(first, last + 1)]


def _panel_lines(
    panel: Panel, frame: _Frame, ticks: Sequence[tuple[float, str]], style: _Style, margin: int
) -> list[str]:
    cells = _grid(panel, frame, style)
    for index, series in enumerate(panel.series):
        glyph = _glyph(index, panel, style)
        for row, dots in enumerate(_dots(series, frame)):
            for column, character in enumerate(dots):
                if character != _BLANK:
                    cells[row][column] = _Cell(glyph or character, _line_color(index))
    for point in panel.points:
        row, column = frame.row(point.y), frame.column(point.x)
        if 0 <= row < frame.rows and 0 <= column < frame.columns:
            cells[row][column] = _Cell(style.point, _POINT_COLOR)
    labels = {frame.row(value): label for value, label in ticks}
    return [_side(labels.get(row), style, margin) + _join(cells[row], style) for row in range(frame.rows)]


def _grid(panel: Panel, frame: _Frame, style: _Style) -> list[list[_Cell]]:
    """Make the cells of a panel, with the zero line and the marked vertical lines."""
    cells = [[_Cell(" ")] * frame.columns for _ in range(frame.rows)]
    if panel.y.low <= 0.0 <= panel.y.high:
        cells[frame.row(0.0)] = [_Cell(style.zero, _GRID_COLOR)] * frame.columns
    for rule in panel.rules:
        column = frame.column(rule.x)
        if 0 <= column < frame.columns:
            for row in cells:
                row[column] = _Cell(style.rule, _GRID_COLOR)
    return cells


def _glyph(index: int, panel: Panel, style: _Style) -> str | None:
    """Return the character that draws a line; ``None``: Braille dots."""
    if style.unicode and (style.color or len(panel.series) == 1):
        return None
    return _LETTERS[index % len(_LETTERS)]


def _line_color(index: int) -> str:
    return _LINE_COLORS[index % len(_LINE_COLORS)]


def _dots(series: Series, frame: _Frame) -> list[str]:
    """Draw a line in Braille, a text for each row."""
    from plotille import Canvas

    x, y = frame.x, frame.y
    # A canvas ends one dot beyond its last: stretched by that dot, the ends of the axes lie on the outermost dots.
    x_end = x.low + (x.high - x.low) * 2 * frame.columns / (2 * frame.columns - 1)
    y_end = y.low + (y.high - y.low) * 4 * frame.rows / (4 * frame.rows - 1)
    canvas = Canvas(frame.columns, frame.rows, x.low, y.low, x_end, y_end)
    for start, end in _segments(series.x, series.y, y):
        canvas.line(*start, *end)
    text: str = canvas.plot(linesep="\n")
    return text.split("\n")


def _segments(x: Array, y: Array, axis: Axis) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
    """Return the unbroken parts of a line, cut not far out of sight: the canvas steps through every dot of each."""
    room = axis.high - axis.low
    near = np.clip(y, axis.low - room, axis.high + room)
    points = list(zip(x.tolist(), near.tolist(), strict=True))
    return [(points[i], points[i + 1]) for i in np.flatnonzero(~(np.isnan(y[:-1]) | np.isnan(y[1:])))]


def _side(label: str | None, style: _Style, margin: int) -> str:
    return " " * margin + style.side if label is None else f"{label:>{margin - 1}} {style.tick_left}"


def _join(cells: Sequence[_Cell], style: _Style) -> str:
    if not style.color:
        return "".join(cell.text for cell in cells)
    runs = ((sgr, "".join(cell.text for cell in run)) for sgr, run in groupby(cells, key=lambda cell: cell.sgr))
    return "".join(f"\x1b[{sgr}m{text}\x1b[0m" if sgr else text for sgr, text in runs)


def _bottom_lines(frame: _Frame, style: _Style, margin: int) -> list[str]:
    """Draw the axis of x: its line, its numbers, its label."""
    axis = [style.bottom] * frame.columns
    numbers = [" "] * (margin + 1 + frame.columns)
    for value, label in _ticks(frame.x, max(_MIN_ROWS, frame.columns // 10)):
        column = frame.column(value)
        axis[column] = style.tick_below
        start = min(max(0, margin + 1 + column - (len(label) - 1) // 2), len(numbers) - len(label))
        if all(character == " " for character in numbers[max(0, start - 1) : start + len(label) + 1]):
            numbers[start : start + len(label)] = label
    label = textwrap.shorten(_spell(frame.x.text, style), frame.columns, placeholder="")
    line = " " * margin + style.corner + "".join(axis)
    return [line, "".join(numbers), " " * (margin + 1) + label.center(frame.columns)]
