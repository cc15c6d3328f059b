"""Evaluate losses and their gradients on files of predictions: exact, at a shell and in CI.

>>> import lossctl
>>> result = lossctl.evaluate({"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}, losses="mse")
>>> round(result[0].value, 4)
3.0833
"""

from __future__ import annotations

from importlib import import_module

from lossctl.core.version import __version__

TYPE_CHECKING = False  # as type checkers take it: typing takes longer to load than all else here
if TYPE_CHECKING:
    from lossctl.api import (
        Selection,
        check,
        compare,
        evaluate,
        list_losses,
        open_rows,
        render,
        select,
        show_loss,
        store_baseline,
        worst_rows,
    )
    from lossctl.api.streaming import RowStream
    from lossctl.core.comparison import Comparison, Comparisons
    from lossctl.core.errors import DataError, ExitCode, LossctlError, UsageError
    from lossctl.core.quantiles import Quantiles
    from lossctl.core.result import Evaluation, Evaluations, Gradient, Interval
    from lossctl.core.worst_rows import WorstRow, WorstRows
    from lossctl.losses import LOSSES

__all__ = [
    "LOSSES",
    "Comparison",
    "Comparisons",
    "DataError",
    "Evaluation",
    "Evaluations",
    "ExitCode",
    "Gradient",
    "Interval",
    "LossctlError",
    "Quantiles",
    "RowStream",
    "Selection",
    "UsageError",
    "WorstRow",
    "WorstRows",
    "__version__",
    "check",
    "compare",
    "evaluate",
    "list_losses",
    "open_rows",
    "render",
    "select",
    "show_loss",
    "store_baseline",
    "worst_rows",
]

_HOMES = {
    "lossctl.api": {
        "Selection",
        "check",
        "compare",
        "evaluate",
        "list_losses",
        "open_rows",
        "render",
        "select",
        "show_loss",
        "store_baseline",
        "worst_rows",
    },
    "lossctl.api.streaming": {"RowStream"},
    "lossctl.core.comparison": {"Comparison", "Comparisons"},
    "lossctl.core.errors": {"DataError", "ExitCode", "LossctlError", "UsageError"},
    "lossctl.core.quantiles": {"Quantiles"},
    "lossctl.core.result": {"Evaluation", "Evaluations", "Gradient", "Interval"},
    "lossctl.core.worst_rows": {"WorstRow", "WorstRows"},
    "lossctl.losses": {"LOSSES"},
}
"""Where each name lives: it is loaded when it is first used, so that the command line sets up before NumPy loads."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            found: object = getattr(import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
