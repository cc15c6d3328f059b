"""The Python API, and the one place where sources, losses, engine, statistics and reports meet.

The command line calls these functions and prints what they return: nothing is computed in two places. Sees every
package but `cli`; what costs time to import is imported where it is used.
"""

from typing import get_args

from lossctl.api.comparing import ADJUSTMENT_NAMES, compare
from lossctl.api.evaluating import evaluate
from lossctl.api.selecting import Selection, draw_loss, list_losses, loss_parameters, select, show_loss
from lossctl.core.settings import NanPolicy
from lossctl.reports import RenderOptions, formats, render

__all__ = [
    "ADJUSTMENT_NAMES",
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
