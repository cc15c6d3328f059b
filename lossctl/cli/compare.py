"""`lossctl compare`: models side by side, paired row by row. May import the api and core."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from lossctl import api
from lossctl.api.comparing import ADJUSTMENT_NAMES
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags

EPILOG = "Example: lossctl compare examples/data/diabetes.csv -p ridge -p knn -l mae"

Adjust = Annotated[
    str,
    typer.Option(
        "--adjust",
        metavar="|".join(ADJUSTMENT_NAMES),
        help="Adjust p for many comparisons: Benjamini-Hochberg, Holm, or not.",
        rich_help_panel="Output",
    ),
]


@options.loss_flags
@reading_flags
def compare(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    loss: options.Losses,
    reading: dict[str, Any],
    adjust: Adjust = "bh",
    format: options.Format = "table",  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    **parameters: Any,
) -> Outcome:
    """Compare models: paired differences with intervals, p-values, wins and losses. The first is the baseline."""
    destination = Destination.of(format, export, output, digits)
    destination.spare(sources)
    selection = api.select(loss, parameters)
    with progress() as on_progress:
        result = api.compare(sources, selection, adjust=cast("Any", adjust), on_progress=on_progress, **reading)
    return Outcome(result, destination, result.notices)
