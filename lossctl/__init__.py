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
    from lossctl.api.rows import RowStream
    from lossctl.core.errors import DataError, ExitCode, LossctlError, UsageError
    from lossctl.core.results.comparison import Comparison
    from lossctl.core.results.comparisons import Comparisons
    from lossctl.core.results.evaluation import Evaluation, Gradient
    from lossctl.core.results.evaluations import Evaluations
    from lossctl.core.results.interval import Interval
    from lossctl.core.results.quantiles import Quantiles
    from lossctl.core.results.worst_rows import WorstRow, WorstRows
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
    "lossctl.api.rows": {"RowStream"},
    "lossctl.core.results.comparison": {"Comparison"},
    "lossctl.core.results.comparisons": {"Comparisons"},
    "lossctl.core.errors": {"DataError", "ExitCode", "LossctlError", "UsageError"},
    "lossctl.core.results.quantiles": {"Quantiles"},
    "lossctl.core.results.evaluation": {"Evaluation", "Gradient"},
    "lossctl.core.results.interval": {"Interval"},
    "lossctl.core.results.evaluations": {"Evaluations"},
    "lossctl.core.results.worst_rows": {"WorstRow", "WorstRows"},
    "lossctl.losses": {"LOSSES"},
}
"""Where each name lives: it is loaded when it is first used, so that the command line sets up before NumPy loads."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            found: object = getattr(import_module(home), name)
            if home == "lossctl.api" and name != "Selection":
                from lossctl.api.keywords import said_in_keywords

                found = said_in_keywords(found)  # type: ignore[arg-type]  # a function
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
