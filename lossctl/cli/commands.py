"""The commands, by name, and the application made of those a run needs.

Each command is a module of this package. Making one costs several milliseconds, for every parameter of the registry is
a flag of it, so a run makes the one it names. May import Typer and core; the commands when they are wanted.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Annotated

import typer

from lossctl.cli.command import Command, Program
from lossctl.core.version import __version__

__all__ = ["COMMANDS", "application", "with_command"]

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "eval": "evaluate",
        "compare": "compare",
        "check": "check",
        "baseline": "baseline",
        "losses": "losses",
        "show": "show",
    }
)
"""The function of each command, in the module of its name."""


def with_command(arguments: Sequence[str]) -> list[str]:
    """Put ``eval`` before a file that stands where a command does, unless there are gates, which `check` takes.

    Examples
    --------
    >>> with_command(["losses", "huber"])
    ['losses', 'huber']
    """
    first = arguments[0]
    is_file = first not in COMMANDS and not first.startswith("-") and os.path.isfile(first)  # noqa: PTH113 -- as typed
    return ["eval", *arguments] if is_file and not {"--gate", "-g"} & set(arguments) else [*arguments]


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """Make the application: with the command that the arguments begin with, or with all of them.

    Examples
    --------
    >>> len(application(["losses", "huber"]).registered_commands)
    1
    """
    app = typer.Typer(
        name="lossctl",
        cls=Program,
        help="Evaluate losses and their gradients on files of predictions.",
        epilog="lossctl eval preds.csv --loss huber --delta 1.0\nlossctl check preds.csv --gate 'mse <= 3200'",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    named = [arguments[0]] if arguments and arguments[0] in COMMANDS else COMMANDS
    for name in named:
        module = import_module(f"lossctl.cli.{name}")
        app.command(name, cls=Command, epilog="\n".join(module.EXAMPLES))(getattr(module, COMMANDS[name]))
    app.callback()(_global)
    return app


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"lossctl {__version__}")
        raise typer.Exit


def _global(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None: ...
