r"""TSV: one flat row an entry, full precision, no quoting. Imports `lossctl.reports.shared`.

A line is an entry and a tab ends a field, always: ``cut`` and ``awk`` need no parser. Text that holds a tab, a line
end or a quote starts with an apostrophe and is in backslash escapes (``\t``, ``\n``, ``\x22``), as is all that
is escaped in CSV, see `lossctl.core.escape.guarded`. No quote is ever written, because some readers give
it a meaning in TSV and some do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.columns import lines_of, table_cells
from lossctl.reports.shared.machine import scalar_text, table

if TYPE_CHECKING:
    from lossctl.core.results.view import Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


def render(result: Reportable, options: RenderOptions) -> str:
    r"""Write a header and a row an entry.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> result = SimpleNamespace(records=lambda: [{"model": "a\tb", "value": 0.1}])
    >>> print(render(result, RenderOptions()).expandtabs(8), end="")
    model   value
    'a\tb   0.1
    """
    del options  # for people
    columns = table(result)
    if not columns:
        return ""
    header = "\t".join(scalar_text(name, also='"') for name in columns)
    lines = lines_of([*columns.values()], lambda values: table_cells(values, also='"'), "\t")
    return "\n".join([header, *lines, ""])
