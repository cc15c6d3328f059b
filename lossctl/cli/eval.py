"""`lossctl eval`: value, uncertainty and gradient norms of each loss for each model. May import the api and core."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags

EPILOG = "Example: lossctl eval preds.csv --loss huber --delta 1.0"


Skill = Annotated[
    bool,
    typer.Option(
        "--skill",
        help="Values relative to those of predicting the mean of the targets: mse gives relative squared error.",
        rich_help_panel="Output",
    ),
]


@options.loss_flags
@reading_flags
def evaluate(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    loss: options.Losses,
    reading: dict[str, Any],
    skill: Skill = False,
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
        result = api.evaluate(sources, selection, on_progress=on_progress, skill=skill, **reading)
    return Outcome(result, destination, result.notices)
