"""Losses as they are named on a command line, and what is said where none is. May import the api and core."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lossctl import api
from lossctl.core.errors import UsageError

__all__ = ["named", "refuse_names"]

_OF_EVAL = re.compile(r"--(?:skill|quantiles)\b")
"""What cures of a measure that is no loss name, and no other command has."""


def named(
    loss: Sequence[str] | None, parameters: Mapping[str, str], sources: Sequence[str], command: str, reading: Any
) -> api.Selection:
    """Return the losses that are named.

    Raises
    ------
    UsageError
        Where there are none; the cure is those that are usual for what the first source holds.
    """
    if loss:
        try:
            return api.select(loss, parameters)
        except UsageError as error:
            if error.cure and _OF_EVAL.search(error.cure):
                error.say(error.problem, f"with lossctl eval: {error.cure}")
            raise
    refuse_names(sources, command)
    names, words = api.usual_losses(sources[0], **reading)
    raise UsageError(f"lossctl {command} needs --loss NAME", f"{words}: --loss {names}")


def refuse_names(sources: Sequence[str], command: str) -> None:
    """Refuse a loss that stands where a file does."""
    for each in sources:
        if api.is_loss(each) and not Path(each).exists():
            raise UsageError(f"lossctl {command} needs --loss NAME", f"--loss {each} names it")
