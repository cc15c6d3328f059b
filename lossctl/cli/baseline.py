"""`lossctl baseline`: stores what a later comparison needs to stay paired. May import the api and core."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.named import named
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags
from lossctl.core.errors import UsageError

EXAMPLES = (
    "lossctl baseline preds.csv -k id -l mse -o main.parquet",
    "lossctl baseline preds.csv -l mae,mse --no-rows -o main.json",
)

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="Predictions of the model; label=path names it.",
        show_default=False,
    ),
]
File = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Store it in FILE: Parquet, or JSON with --no-rows.",
        show_default=False,
        rich_help_panel="Output",
    ),
]
Rows = Annotated[
    bool,
    typer.Option(
        "--rows/--no-rows",
        help="Store each row's loss, or values only (default rows). Rows are stored by --key; only they can be "
        "paired later.",
        rich_help_panel="Output",
    ),
]


@options.loss_flags
@reading_flags
def baseline(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    source: Source,
    output: File,
    loss: options.Losses = None,
    reading: dict[str, Any],
    rows: Rows = True,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    digits: options.Digits = None,
    quiet: options.Quiet = False,
    **parameters: Any,
) -> Outcome:
    """Store a model's losses, for compare and check to pair with later."""
    kind = "parquet" if rows else "json"
    written = Destination.of(kind, None, output, known=(kind,), read=(source, reading.get("targets")))
    if written.file is None:
        raise UsageError("a baseline is a file, and can't be printed", "name one: -o main.parquet")
    destination = Destination.of(format, None, None, digits)
    selection = named(loss, parameters, [source], "baseline", reading)
    with progress(quiet=quiet) as on_progress:
        stored = api.store_baseline(source, selection, output, rows=rows, on_progress=on_progress, **reading)
    return Outcome(stored, destination, stored.notices, quiet=quiet)
