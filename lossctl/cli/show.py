"""`lossctl show`: all about one loss. May import the api and core."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome

EXAMPLES = (
    "lossctl show huber --delta 0.5",
    "lossctl show log_loss",
)


@options.loss_flags
def show(
    loss: Annotated[str, typer.Argument(metavar="LOSS", help="Name of a loss, such as huber or 'huber(delta=0.5)'.")],
    *,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    no_pager: options.NoPager = False,
    **parameters: Any,
) -> Outcome:
    """One loss: formula, gradient, parameters, domain, reference, curve."""
    destination = Destination.of(format, export, output)
    card = api.show_loss(loss, parameters)
    return Outcome(card, destination, below=lambda options: api.draw_loss(card, options), pages=not no_pager)
