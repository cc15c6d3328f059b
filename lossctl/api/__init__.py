"""The Python API, and the one place where sources, losses, engine, statistics and reports meet.

The command line calls these functions and prints what they return: nothing is computed in two places. Sees every
package but `cli`; what costs time to import is imported where it is used.
"""

from typing import TYPE_CHECKING, get_args

from lossctl.api.evaluating import evaluate
from lossctl.api.selecting import Selection, draw_loss, list_losses, loss_parameters, select, show_loss
from lossctl.core.settings import NanPolicy
from lossctl.reports import RenderOptions, formats, render

if TYPE_CHECKING:
    from lossctl.api.comparing import compare

__all__ = [
    "NAN_POLICIES",
    "RenderOptions",
    "Selection",
    "compare",
    "draw_loss",
    "evaluate",
    "formats",
    "list_losses",
    "loss_parameters",
    "render",
    "select",
    "show_loss",
]

NAN_POLICIES: tuple[str, ...] = get_args(NanPolicy)


def __getattr__(name: str) -> object:
    if name == "compare":  # an evaluation does without
        from lossctl.api.comparing import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
