"""`lossctl eval`: value, uncertainty and gradient norms of each loss for each model. May import the api and core."""

from __future__ import annotations

from typing import Any

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags

EPILOG = "Example: lossctl eval preds.csv --loss huber --delta 1.0"


@options.loss_flags
@reading_flags
def evaluate(
    *,
    sources: options.Sources,
    loss: options.Losses,
    reading: dict[str, Any],
    format: options.Format = "table",  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    **parameters: Any,
) -> Outcome:
    """Evaluate losses on files of predictions: value, uncertainty and gradient norms."""
    destination = Destination.of(format, export, output, digits)
    destination.spare(sources)
    selection = api.select(loss, parameters)
    with progress() as on_progress:
        result = api.evaluate(sources, selection, on_progress=on_progress, **reading)
    return Outcome(result, destination, result.warnings)
