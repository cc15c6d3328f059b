"""`lossctl baseline`: stores what a later comparison needs to stay paired. May import the api and core."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags
from lossctl.core.errors import UsageError

EPILOG = "Example: lossctl baseline preds.csv -k id -l mse -o main.parquet"

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="The predictions of the model that later ones are held against; label=path names it.",
        show_default=False,
    ),
]
File = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to store it: a Parquet file, or with --no-rows a JSON file.",
        show_default=False,
        rich_help_panel="Output",
    ),
]
Rows = Annotated[
    bool,
    typer.Option(
        "--rows/--no-rows",
        help="Keep the loss of each row, by --key; or values alone, which no difference is paired with.",
        rich_help_panel="Output",
    ),
]


@options.loss_flags
@reading_flags
def baseline(
    *,
    source: Source,
    loss: options.Losses,
    output: File,
    reading: dict[str, Any],
    rows: Rows = True,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    digits: options.Digits = None,
    **parameters: Any,
) -> Outcome:
    """Store the losses of a model's rows by key, for later models to be compared with: paired, without its file."""
    kind = "parquet" if rows else "json"
    written = Destination.of(kind, None, output, known=(kind,), read=(source, reading.get("targets")))
    if written.file is None:
        raise UsageError("a baseline is a file, and can't be printed", "name one: -o main.parquet")
    destination = Destination.of(format, None, None, digits)
    selection = api.select(loss, parameters)
    with progress() as on_progress:
        stored = api.store_baseline(source, selection, output, rows=rows, on_progress=on_progress, **reading)
    return Outcome(stored, destination, stored.notices)
