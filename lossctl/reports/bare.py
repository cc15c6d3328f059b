"""Bare: the values alone, for a shell variable. Imports `lossctl.reports.shared`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.reports.shared.machine import scalar_text

if TYPE_CHECKING:
    from lossctl.core.results.view import Reportable, Scalar
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]


def render(result: Reportable, options: RenderOptions) -> str:
    r"""Write one value a line, full precision.

    A number that is not finite is ``inf``, ``-inf`` or ``nan``, as the status of JSON calls it: an empty line would
    count as 0 where a shell or awk compares it with a bound. A line is empty only where there is no number at all.

    Examples
    --------
    >>> import math
    >>> from types import SimpleNamespace
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> render(SimpleNamespace(bare=lambda: [0.1, math.inf, 2, None]), RenderOptions())
    '0.1\ninf\n2\n\n'
    """
    del options  # for people
    return "".join(_text(value) + "\n" for value in result.bare())


def _text(value: Scalar) -> str:
    return repr(float(value)) if isinstance(value, float) else scalar_text(value)
