"""Evaluate losses and their gradients on files of predictions: exact, at a shell and in CI.

>>> import lossctl
>>> result = lossctl.evaluate({"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}, losses="mse")
>>> round(result[0].value, 4)
3.0833
"""

from lossctl.api import Selection, evaluate, list_losses, render, select, show_loss
from lossctl.core.errors import DataError, ExitCode, LossctlError, UsageError
from lossctl.core.result import Evaluation, Evaluations, Gradient, Interval
from lossctl.core.version import __version__
from lossctl.losses import LOSSES

__all__ = [
    "LOSSES",
    "DataError",
    "Evaluation",
    "Evaluations",
    "ExitCode",
    "Gradient",
    "Interval",
    "LossctlError",
    "Selection",
    "UsageError",
    "__version__",
    "evaluate",
    "list_losses",
    "render",
    "select",
    "show_loss",
]
