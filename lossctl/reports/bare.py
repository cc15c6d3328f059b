"""Bare: the values alone, for a shell variable. Imports `lossctl.reports.shared`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.machine import scalar_text

if TYPE_CHECKING:
    from lossctl.core.view import Reportable
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


def render(result: Reportable, options: RenderOptions) -> str:
    r"""Write one value a line, full precision; an empty line where there is none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> render(SimpleNamespace(bare=lambda: [0.1, None, 2]), RenderOptions())
    '0.1\n\n2\n'
    """
    del options  # for people
    return "".join(scalar_text(value) + "\n" for value in result.bare())
