"""Runs a command at a terminal of a given size, and returns what it shows."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Shown", "at_terminal"]

_SECONDS = 60
_UNSET = ("CI", "PAGER", "LESS", "LINES", "COLUMNS")


@dataclass(frozen=True)
class Shown:
    """What a terminal showed, with the line ends of files; the exit code; `errors` where they went elsewhere."""

    text: str
    code: int
    errors: str = ""


def at_terminal(
    arguments: Sequence[str],
    size: tuple[int, int] = (80, 24),
    *,
    env: Mapping[str, str] | None = None,
    apart: bool = False,
) -> Shown:
    """Run lossctl at a terminal of so many columns and lines.

    Parameters
    ----------
    arguments
        What follows ``lossctl``.
    size
        Columns and lines.
    env
        Variables beside those of this process.
    apart
        Whether standard error goes to a pipe.
    """
    here, there = pty.openpty()
    columns, lines = size
    termios.tcsetwinsize(there, (lines, columns))
    inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
    process = subprocess.Popen(
        [sys.executable, "-m", "lossctl", *arguments],
        stdin=there,
        stdout=there,
        stderr=subprocess.PIPE if apart else there,
        env={**inherited, "TERM": "xterm", **(env or {})},
    )
    os.close(there)
    text = b""
    while select.select([here], [], [], _SECONDS)[0]:
        try:
            text += os.read(here, 65536)
        except OSError:  # the other end is closed
            break
    os.close(here)
    errors = process.stderr.read().decode() if process.stderr is not None else ""
    code = process.wait(_SECONDS)
    if process.stderr is not None:
        process.stderr.close()
    return Shown(text.decode().replace("\r\n", "\n"), code, errors)
