"""JSON lines: one entry a line, full precision. Imports `lossctl.reports.shared`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.entries import alike_of, entry_texts
from lossctl.reports.shared.machine import json_text

if TYPE_CHECKING:
    from lossctl.core.results.view import Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


def render(result: Reportable, options: RenderOptions) -> str:
    """Write each entry of the JSON document on its own line, without the document around it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> result = SimpleNamespace(items=lambda: [{"loss": "mse", "value": 0.1}, {"loss": "mae", "value": None}])
    >>> print(render(result, RenderOptions()), end="")
    {"loss": "mse", "value": 0.1}
    {"loss": "mae", "value": null}
    """
    del options  # for people
    found = alike_of(result)
    if found is None:
        return "".join(json_text(item) + "\n" for item in result.items())
    return "\n".join([*entry_texts(found[1]), ""])
