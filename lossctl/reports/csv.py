"""CSV: one flat row an entry, full precision. Imports `lossctl.reports.shared`.

RFC 4180 with LF line ends. Missing and not finite is an empty field; which it was stands in ``status``. Text that a
spreadsheet would run as a formula, that does not print as itself, or that a CI log would take for a command
starts with an apostrophe and is in backslash escapes, see `lossctl.core.escape.guarded`. Numbers are
never touched: a leading minus is a minus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.machine import columns, fields, scalar_text

if TYPE_CHECKING:
    from lossctl.core.view import Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


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
    import csv
    from io import StringIO

    del options  # for people
    records = result.records()
    names = columns(records)
    if not names:
        return ""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([scalar_text(name) for name in names])
    writer.writerows(fields(record, names) for record in records)
    return stream.getvalue()
