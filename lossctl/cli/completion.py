"""Words for a shell that completes a command line, by the variables that its script sets. May import Typer and core."""

from __future__ import annotations

import os
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from lossctl.core.errors import ExitCode

__all__ = ["complete", "take_instruction"]

_VARIABLE = "_LOSSCTL_COMPLETE"


def take_instruction(arguments: list[str]) -> str | None:
    """Return what a shell asks for, and take it out of the environment.

    The scripts of shells call the command without arguments. With some it runs as usual: a variable that is left over
    in a CI job must not stand in for the check.
    """
    asked = os.environ.pop(_VARIABLE, None)
    return None if arguments else asked or None


def complete(command: Any, instruction: str) -> ExitCode:
    """Print the words that may follow; whatever the variables hold, nothing but an exit code says that they are wrong.

    Text on standard error would end up in the line that somebody is typing.
    """
    from typer.completion import shell_complete

    try:
        with redirect_stderr(StringIO()):
            failed = shell_complete(command, {}, "lossctl", _VARIABLE, instruction)
    except Exception:  # noqa: BLE001 -- COMP_CWORD=x, and what else a shell may set
        return ExitCode.USAGE
    return ExitCode.USAGE if failed else ExitCode.OK
