"""One small HTML page that needs nothing else. Imports `lossctl.reports.shared`.

No script, no link, no font: a content security policy in the page forbids them, should a text from the data ever get
past the escaping. Colours are the reader's own, light or dark.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lossctl.core.escape import visible
from lossctl.reports.shared.columns import Texts, each_line, woven_rows
from lossctl.reports.shared.numbers import format_cells

if TYPE_CHECKING:
    from lossctl.core.results.view import Column, Reportable, View
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["fragment", "render"]

_MOST_ROWS = 100
"""Of a table in a page of somebody else's."""

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 2rem; background: Canvas; color: CanvasText; font: 15px/1.5 system-ui, sans-serif; }}
main {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
caption {{ text-align: left; font-weight: 600; padding-bottom: .5rem; }}
th, td {{ padding: .3rem .8rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }}
td {{ overflow-wrap: break-word; }}
th {{ border-bottom-width: 2px; }}
.right {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.main {{ font-weight: 600; }}
.side {{ opacity: .75; }}
</style>
</head>
<body>
<main>
"""


def render(result: Reportable, options: RenderOptions) -> str:
    """Write the page: a table, its title as caption, its notes below.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.core.results.view import Column, View
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> view = View((Column("model"), Column("value", "right")), (("<b>", 0.25),))
    >>> page = render(SimpleNamespace(view=lambda: view), RenderOptions())
    >>> [line for line in page.splitlines() if "&lt;" in line]
    ['<tr><td>&lt;b&gt;</td><td class="right">0.250000</td></tr>']
    """
    view = result.view()
    body = "\n".join([*_table(view, options), "</main>", "</body>", "</html>"])
    return _HEAD.format(title=_text(view.title or "lossctl")) + body + "\n"


def fragment(result: Reportable, options: RenderOptions) -> str:
    """Write the table alone, for a page of somebody else's such as a notebook; of many rows the first."""
    view = result.view()
    more = len(view.rows) - _MOST_ROWS
    notes = (f"and {more} more rows", *view.notes) if more > 0 else view.notes
    return "\n".join(_table(replace(view, rows=view.rows[:_MOST_ROWS], notes=notes), options)) + "\n"


def _table(view: View, options: RenderOptions) -> list[str]:
    lines = ["<table>"]
    if view.title:
        lines.append(f"<caption>{_text(view.title)}</caption>")
    heads = "".join(_element("th", column, column.header) for column in view.columns)
    lines += ["<thead>", f"<tr>{heads}</tr>", "</thead>", "<tbody>"]
    pieces: list[Texts] = ["<tr>"]
    for column, cells in zip(view.columns, zip(*view.rows, strict=True), strict=False):  # where there are rows
        texts = each_line(format_cells(cells, options.significant), _text, _lines)
        pieces += [_start("td", column), texts, "</td>"]
    lines += [*woven_rows([*pieces, "</tr>"], len(view.rows)), "</tbody>", "</table>"]
    return [*lines, *(f'<p class="side">{_text(note)}</p>' for note in view.below())]


def _element(tag: str, column: Column, text: str) -> str:
    return f"{_start(tag, column)}{_text(text)}</{tag}>"


def _start(tag: str, column: Column) -> str:
    names = []
    if column.justify == "right":
        names.append("right")
    if tag == "td" and column.style in {"main", "side"}:
        names.append(column.style)
    scope = ' scope="col"' if tag == "th" else ""
    classes = f' class="{" ".join(names)}"' if names else ""
    return f"<{tag}{scope}{classes}>"


def _text(text: str) -> str:
    return _lines(visible(text))


def _lines(text: str) -> str:
    from html import escape

    # the second of two # would complete the mark of a CI command
    return escape(text).replace("##", "#&#35;")
