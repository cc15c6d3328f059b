"""The table for people at a terminal. Imports `lossctl.reports.shared`.

No rules and no boxes, so that it also reads well in a log and splits at two blanks. On a terminal it keeps to the width
where it can and never loses a character, see `lossctl.reports.shared.layout`; elsewhere it is as wide as it needs. A
view that offers a narrow table is shown as that where it fits better.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from lossctl.core.escape import terminal, unmarked
from lossctl.reports.shared.columns import each_line, woven_rows
from lossctl.reports.shared.layout import GAP, Extent, Line, arrange, cells_wide, folded, folded_header
from lossctl.reports.shared.numbers import format_cells
from lossctl.reports.shared.styles import STYLES, VERDICTS, styled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lossctl.core.results.view import Reportable, View
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


def render(result: Reportable, options: RenderOptions) -> str:
    """Write the table.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.core.results.view import Column, View
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> view = View((Column("loss"), Column("value", "right", "main")), (("mse", 0.25), ("mae", 12.0)))
    >>> print(render(SimpleNamespace(view=lambda: view), RenderOptions()), end="")
    loss     value
    mse   0.250000
    mae    12.0000
    """
    table = _Table(result.view(), options)
    if table.view.narrow is not None and table.strain:
        table = min(table, _Table(table.view.narrow(), options), key=lambda each: each.strain)
    view, lines = table.view, table.lines()
    left_out = [view.columns[index].header for index in table.plan.left_out]
    below = view.below(left_out)
    blocks = [_text(view.title, "title", options)] if view.title else []
    is_shown = bool(view.rows) or not below  # where notes say it all, headers of nothing would be in the way
    if is_shown:
        blocks.append("".join(f"{line.rstrip(' ')}\n" for line in lines))
    if notes := [*([_left_out_line(left_out, options.width)] if left_out and is_shown else []), *below]:
        blocks.append("".join(_text(note, "side", options) for note in notes))
    return "\n".join(blocks)


def _left_out_line(headers: Sequence[str], width: int | None) -> str:
    return f"not shown at width {width}: {', '.join(headers)} (--wide or -f json shows all)"


def _text(text: str, style: str, options: RenderOptions) -> str:
    """Write a line of text, folded where it must be."""
    shown = terminal(text)
    lines = [shown] if options.width is None else folded(shown, options.width)
    code = STYLES[style] if options.color else ""
    return "".join(f"{styled(line.rstrip(' '), code)}\n" for line in lines)


class _Table:
    """A table as it is printed: what stands in its columns, and how that is laid out."""

    def __init__(self, view: View, options: RenderOptions) -> None:
        self.view, self._columns = view, view.columns
        self._headers = [terminal(column.header) for column in view.columns]
        cells = [*zip(*view.rows, strict=True)] or [()] * len(view.columns)
        self._texts = [each_line(format_cells(each, options.significant), terminal, unmarked) for each in cells]
        extents = [Extent.of(*each) for each in zip(view.columns, self._headers, self._texts, strict=True)]
        self.plan = arrange(extents, options.width)
        self.strain = self.plan.strain(extents, options.width)
        self._styles = STYLES if options.color else {}
        self._verdicts = VERDICTS if options.color else {}

    def lines(self) -> Iterator[str]:
        """Return the lines: the headers, and each of the rows, below its names where these stand apart."""
        names, rest, count = self.plan.names, self.plan.rest, len(self.view.rows)
        indent = " " * GAP if names else ""
        yield from self._header(names)
        yield from (f"{indent}{line}" for line in self._header(rest))
        last, above = "", self._plain(names, count) if names else repeat("")
        for name, block in zip(above, self._rows(rest, count), strict=False):
            if name.strip(" ") and name != last:
                yield name
            last = name
            yield from (f"{indent}{line}" for line in block)

    def _header(self, line: Line) -> list[str]:
        """Lay out the headers, the last line of each just above its column, underlined."""
        parts = []
        for index, width in line:
            header = self._headers[index]
            parts.append(folded_header(header, width) if self._columns[index].wraps else [header])
        height = max(map(len, parts), default=0)
        columns = [
            _filled([""] * (height - len(part)) + part, width, self._columns[index].justify)
            for (index, width), part in zip(line, parts, strict=True)
        ]
        lines = [(" " * GAP).join(row) for row in zip(*columns, strict=True)]
        return [*lines[:-1], *(styled(last, self._styles.get("header", "")) for last in lines[-1:])]

    def _rows(self, line: Line, count: int) -> Iterator[list[str]]:
        """Return the lines of each row: several where prose folds."""
        prose = {index: width for index, width in line if self._folds(index, width)}
        if not prose:
            return ([text] for text in self._plain(line, count))
        columns = {index: self._column(index, width) for index, width in line if index not in prose}
        return (self._folded(line, {at: texts[row] for at, texts in columns.items()}, row) for row in range(count))

    def _plain(self, line: Line, count: int) -> Iterator[str]:
        """Lay out rows of a line each, all in a few calls: some tables have 100,000."""
        return woven_rows([self._column(index, width) for index, width in line], count, " " * GAP)

    def _folds(self, index: int, width: int) -> bool:
        is_prose = self._columns[index].wraps and self._columns[index].justify == "left"
        return is_prose and any(cells_wide(text) > width for text in self._texts[index])

    def _column(self, index: int, width: int) -> Sequence[str]:
        """Fill up the texts of a column, in its style."""
        column, texts = self._columns[index], self._texts[index]
        filled, code = _filled(texts, width, column.justify), self._styles.get(column.style, "")
        if not code and (column.style != "verdict" or not self._verdicts):
            return filled
        codes = [code or self._verdicts.get(text, "") for text in texts]
        return [
            blanks.replace(text, styled(text, each), 1) for text, blanks, each in zip(texts, filled, codes, strict=True)
        ]

    def _folded(self, line: Line, cells: Mapping[int, str], row: int) -> list[str]:
        """Lay out a row that has prose; where that has a word wider than its column, it stands below the others."""
        lines: dict[int, list[str]] = {}
        below: list[str] = []
        for index, width in line:
            if index in cells:
                continue
            lines[index] = folded(self._texts[index][row], width)
            if any(cells_wide(part) > width for part in lines[index]):
                room = sum(each + GAP for _, each in line) - 2 * GAP
                below += [f"{' ' * GAP}{part}" for part in folded(self._texts[index][row], room)]
                lines[index] = [""]
        found = []
        for at in range(max(map(len, lines.values()))):
            beside = [
                cells[index] if index in cells and not at else "".join(lines.get(index, ())[at : at + 1]).ljust(width)
                for index, width in line
            ]
            found.append((" " * GAP).join(beside))
        return [*found, *below]


def _filled(texts: Sequence[str], width: int, justify: str) -> Sequence[str]:
    """Fill texts up with blanks."""
    if "".join(texts).isascii():
        fill = str.rjust if justify == "right" else str.ljust
        return [fill(text, width) for text in texts]
    blanks = [" " * (width - cells_wide(text)) for text in texts]
    pairs = zip(blanks, texts, strict=True) if justify == "right" else zip(texts, blanks, strict=True)
    return [*map("".join, pairs)]
