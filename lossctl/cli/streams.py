"""Standard output and standard error: how wide they are, whether they take colours, and what is said on the second.

Imports the standard library and core.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from contextlib import suppress
from typing import TextIO

from lossctl.core.escape import terminal

__all__ = ["at_terminal", "error_width", "in_color", "labelled", "say", "width"]

_NARROWEST = 20
_USUAL_WIDTH = 80
_LOGS = ("GITHUB_ACTIONS", "GITLAB_CI")
"""Set by CI systems whose logs show colours, though they are no terminals."""
_CODES = {"error": "1;31", "hint": "1", "note": "1", "columns": "1", "warning": "1;35"}
"""Red, bold and magenta, which can be read on white and on black. The word is there as well."""
_WIDTHS = dict.fromkeys(("columns", "note", "warning"), len("warning: "))
"""Of a kind with the blanks after it, where it is not that of errors and hints, which stand below each other."""
_MOST_CHARACTERS = 3000
"""Of a line that is said."""


def width() -> int | None:
    """Return the width to wrap words at: COLUMNS where it is set, else the terminal's; none off a terminal."""
    if os.environ.get("COLUMNS", "").strip("0").isdigit() or sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, _NARROWEST)
    return None


def error_width() -> int | None:
    """Return the width of the terminal that standard error is, unless COLUMNS says another; none off a terminal."""
    if not at_terminal(sys.stderr):
        return None
    if os.environ.get("COLUMNS", "").strip("0").isdigit():
        return int(os.environ["COLUMNS"])
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):  # no stream of the system's
        return _USUAL_WIDTH


def at_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can do more than print lines."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def in_color(stream: TextIO) -> bool:
    """Whether a stream takes colours: NO_COLOR rules, then FORCE_COLOR, then what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return at_terminal(stream) or (os.environ.get("TERM") != "dumb" and _is_log(stream))


def _is_log(stream: TextIO) -> bool:
    """Whether a stream goes to the log of a CI system, and not to a file."""
    if not any(os.environ.get(name) for name in _LOGS):
        return False
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # no stream of the system's, or a closed one
        return False


def labelled(kind: str, text: str) -> str:
    """Return a line for standard error, after its kind; at a terminal as many as it takes, the others below its text.

    Parameters
    ----------
    kind
        ``error``, ``hint``, ``note``, ``columns`` or ``warning``; empty for what belongs to the line above.
    text
        It is escaped here, and cut where nobody would read to its end. At a terminal it is broken at words.
    """
    label = f"{kind}:" if kind else ""
    code = _CODES.get(kind) if in_color(sys.stderr) else None
    shown = f"\x1b[{code}m{label}\x1b[0m" if code else label
    beside = _WIDTHS.get(kind, len("error: "))
    lines, columns = [_short(terminal(text))], error_width()
    if columns is not None and len(lines[0]) > (columns - beside) // 2:  # of which some may be two columns wide
        from lossctl.cli.wrapping import wrapped

        lines = wrapped(lines[0], columns - beside)
    below = f"\n{' ' * beside}".join(lines)
    return f"{shown}{' ' * (beside - len(label))}{below}\n"


def say(lines: str) -> None:
    """Write to standard error; where that is full or gone, the exit code must stay what it is."""
    with suppress(OSError):
        sys.stderr.write(lines)


def _short(text: str) -> str:
    """Cut the middle out of a line that nobody would read to its end: the value in it may be a megabyte long."""
    end = _MOST_CHARACTERS // 3
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: 2 * end]} … {text[-end:]}"
