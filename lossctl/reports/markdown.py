r"""A GitHub table, for step summaries and comments. Imports `lossctl.reports.shared`.

Text from the data must stay text. Marks of Markdown and HTML are escaped. What GitHub would turn into something live
even so (a mention that notifies a person, a reference to an issue, a link) is broken by ``&#8203;``, a blank of no
width, after its first character, as Dependabot and Renovate do: the text looks the same.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from lossctl.core.escape import visible
from lossctl.reports.shared.columns import Texts, each_line, woven_rows
from lossctl.reports.shared.numbers import format_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lossctl.core.results.view import Reportable, View
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render", "write"]

_MARK = re.compile(r"[\\`*_\[\]~|]")
_ENTITY = re.compile(r"[&<>$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}
"""``$`` starts mathematics, where a backslash would not help."""
_LIVE = re.compile(r"@(?=\w)|#(?=[\d#])|\bGH-(?=\d)|:(?=//|:|[\w+-]+:)|\bwww(?=\.)", re.IGNORECASE | re.ASCII)
_BREAK = "&#8203;"
_BLOCK = re.compile(r"^(\d+)?([-+=#.)])")
"""What at the start of a paragraph would make it a heading or a list."""


def render(result: Reportable, options: RenderOptions) -> str:
    r"""Write the table, its title above and its notes below.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.core.results.view import Column, View
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> view = View((Column("model"), Column("|grad|", "right")), (("a_b", 0.25), ("@ann", 12.0)))
    >>> print(render(SimpleNamespace(view=lambda: view), RenderOptions()), end="")
    | model | \|grad\| |
    | :--- | ---: |
    | a\_b | 0.250000 |
    | @&#8203;ann | 12.0000 |
    """
    return write(result.view(), options)


def write(view: View, options: RenderOptions) -> str:
    """Write a table for people, as `render` does that of a result."""
    lines = [
        _row(_inline(column.header) for column in view.columns),
        _row("---:" if column.justify == "right" else ":---" for column in view.columns),
        *_rows(view, options.significant),
    ]
    blocks = [_paragraph(view.title)] if view.title else []
    blocks += ["\n".join(lines), *map(_paragraph, view.below())]
    return "\n\n".join(blocks) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rows(view: View, digits: int) -> Iterator[str]:
    pieces: list[Texts] = ["| "]
    for cells in zip(*view.rows, strict=True):
        pieces += [each_line(format_cells(cells, digits), _inline, _unbroken), " | "]
    return woven_rows([*pieces[:-1], " |"], len(view.rows))


def _inline(text: str) -> str:
    """Escape one piece of text."""
    return _unbroken(visible(text))


def _unbroken(shown: str) -> str:
    """Escape lines that print as they are, the pieces between the breaks each by itself."""
    starts = [0, *(match.end() for match in _LIVE.finditer(shown)), len(shown)]
    return _BREAK.join(_escaped(shown[start:end]) for start, end in pairwise(starts))


def _escaped(text: str) -> str:
    marked = _MARK.sub(r"\\\g<0>", text)
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], marked)


def _paragraph(text: str) -> str:
    return _BLOCK.sub(r"\1\\\2", _inline(text).strip(" "))
