"""The Python API, and the one place where sources, losses, engine, statistics and reports meet.

The command line calls these functions and prints what they return: nothing is computed in two places. Sees every
package but `cli`; what costs time to import is imported where it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, get_args

from lossctl.api.evaluate import evaluate
from lossctl.api.setup.losses import (
    Flag,
    Selection,
    draw_loss,
    is_loss,
    list_losses,
    loss_names,
    loss_parameters,
    parameter_synonyms,
    parameters_elsewhere,
    select,
    show_loss,
)
from lossctl.core.settings import NanPolicy
from lossctl.reports import RenderOptions, canonical, formats, render

if TYPE_CHECKING:
    from lossctl.api.baseline import store_baseline
    from lossctl.api.checks.check import check, check_formats, render_check
    from lossctl.api.checks.config import load_check_config
    from lossctl.api.comparisons.compare import compare
    from lossctl.api.rows import open_rows
    from lossctl.api.setup.usual import select_usual, usual_losses
    from lossctl.api.worst import worst_rows

__all__ = [
    "NAN_POLICIES",
    "Flag",
    "RenderOptions",
    "Selection",
    "canonical",
    "check",
    "check_formats",
    "compare",
    "draw_loss",
    "evaluate",
    "formats",
    "is_loss",
    "list_losses",
    "load_check_config",
    "loss_names",
    "loss_parameters",
    "open_rows",
    "parameter_synonyms",
    "parameters_elsewhere",
    "render",
    "render_check",
    "select",
    "select_usual",
    "show_loss",
    "store_baseline",
    "usual_losses",
    "worst_rows",
]

NAN_POLICIES: tuple[str, ...] = get_args(NanPolicy)


_LATE = {
    "check": "checks.check",
    "check_formats": "checks.check",
    "compare": "comparisons.compare",
    "load_check_config": "checks.config",
    "open_rows": "rows",
    "render_check": "checks.check",
    "select_usual": "setup.usual",
    "store_baseline": "baseline",
    "usual_losses": "setup.usual",
    "worst_rows": "worst",
}
"""What an evaluation does without, and the modules they live in."""


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
