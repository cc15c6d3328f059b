"""`lossctl losses`: the registry as a table. May import the api and core."""

from __future__ import annotations

from typing import Annotated

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome

EPILOG = "Example: lossctl losses regression"


def losses(
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="[WORD]",
            help="Only losses with this in a name, here or in another library, in task, kind or summary.",
        ),
    ] = None,
    *,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
) -> Outcome:
    """List the losses, filtered by a word."""
    destination = Destination.of(format, export, output)
    return Outcome(api.list_losses(word), destination)
