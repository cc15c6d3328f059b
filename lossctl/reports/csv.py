"""CSV: one flat row an entry, full precision. Imports `lossctl.reports.shared`.

RFC 4180 with LF line ends. Missing and not finite is an empty field; which it was stands in ``status``. Text that a
spreadsheet would run as a formula, that does not print as itself, or that a CI log would take for a command
starts with an apostrophe and is in backslash escapes, see `lossctl.core.escape.guarded`. Numbers are
never touched: a leading minus is a minus.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lossctl.core.results.view import listed
from lossctl.reports.shared.columns import Texts, lines_of, table_cells
from lossctl.reports.shared.machine import scalar_text, table

if TYPE_CHECKING:
    from lossctl.core.results.view import Field, Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_SPECIAL = re.compile('[,"\n]')
_QUOTE, _TWO = '"', '""'


def render(result: Reportable, options: RenderOptions) -> str:
    """Write a header and a row an entry.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> result = SimpleNamespace(records=lambda: [{"model": "a,b", "value": -0.1}, {"model": "=1+1", "value": None}])
    >>> print(render(result, RenderOptions()), end="")
    model,value
    "a,b",-0.1
    '=1+1,
    """
    del options  # for people
    columns = table(result)
    if not columns:
        return ""
    header = [_quoted(scalar_text(name)) for name in columns]
    fields = [*columns.values()]
    if len(fields) == 1:  # an empty line would be no row
        return "".join((_quoted(scalar_text(each)) or '""') + "\n" for each in (*columns, *listed(fields[0])))
    return "\n".join([",".join(header), *lines_of(fields, _cells, ","), ""])


def _cells(values: Field) -> Texts:
    """Write a column, and quote the fields that need it."""
    texts = table_cells(values)
    if isinstance(texts, str):
        return _quoted(texts)
    beside = "".join(texts)
    needed = "," in beside or '"' in beside or "\n" in beside  # found faster than by the pattern
    return [_quoted(each) for each in texts] if needed else texts


def _quoted(text: str) -> str:
    return f'"{text.replace(_QUOTE, _TWO)}"' if _SPECIAL.search(text) else text
