"""`lossctl losses`: the registry as a table. May import the api and core."""

from __future__ import annotations

from typing import Annotated

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome

EXAMPLES = (
    "lossctl losses regression",
    "lossctl losses HuberLoss",
)


def losses(
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="[WORD]",
            help="Only losses that WORD finds. It is looked for in names (those of other libraries too), task, kind "
            "and summary.",
        ),
    ] = None,
    *,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    no_pager: options.NoPager = False,
) -> Outcome:
    """List the losses, all or those that a word finds."""
    destination = Destination.of(format, export, output)
    return Outcome(api.list_losses(word), destination, pages=not no_pager)
