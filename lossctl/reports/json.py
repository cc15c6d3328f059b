"""JSON: the whole document, full precision. Imports `lossctl.reports.shared`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.entries import alike_of, entry_texts, unlike
from lossctl.reports.shared.machine import json_text

if TYPE_CHECKING:
    from lossctl.core.results.view import Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


def render(result: Reportable, options: RenderOptions) -> str:
    """Write the document, indented by 2, keys in the documented order. Missing and not finite is ``null``.

    Examples
    --------
    >>> from lossctl.core.results.evaluations import Evaluations
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> print(render(Evaluations((), ("few rows",)), RenderOptions()), end="")
    {
      "schema": "lossctl/eval/1",
      "version": "0.1.0",
      "results": [],
      "warnings": [
        "few rows"
      ]
    }
    """
    del options  # for people
    found = alike_of(result)
    if found is None:
        return json_text(result.to_dict(), indent=2) + "\n"
    repetitive, alike = found
    mark = unlike(json_text(repetitive.document([])))
    before, after = json_text(repetitive.document([mark]), indent=2).split(f'"{mark}"')
    margin = before.rpartition("\n")[2]
    texts = entry_texts(alike, 2, margin)
    texts[0], texts[-1] = before + texts[0], f"{texts[-1]}{after}\n"
    return f",\n{margin}".join(texts)
