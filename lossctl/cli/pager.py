"""A pager for what is longer than the terminal. Loaded where there is one to fill. Imports the standard library.

It is that of ``PAGER``, else less, which ends by itself where all fits and leaves the text on the screen.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["paged"]

_USUAL = "less"
_LESS = "-FRX"
"""End where all fits a screen, show colours, leave the text on the screen."""
_NONE = ("", "cat")


def paged(text: str) -> bool:
    """Show a text in the pager; false where it fits the screen, or there is no pager.

    A reader who leaves before the end of the text wants no more of it, and hears of nothing.
    """
    if text.count("\n") < shutil.get_terminal_size().lines:
        return False
    words = _words(os.environ.get("PAGER", _USUAL))
    if not words or shutil.which(words[0]) is None:
        return False
    options = os.environ.get("LESS")
    environment = {**os.environ, "LESS": _LESS if options is None else f"-R {options}"}
    sys.stdout.flush()
    pager = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)  # noqa: S603 -- the user's own choice
    with _ended(pager), _interrupts_left_to_it(), suppress(BrokenPipeError):
        pager.communicate(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
    return True


@contextmanager
def _ended(pager: subprocess.Popen[bytes]) -> Iterator[None]:
    """Wait for the pager, which has the terminal; where this process is to end before it, end it too."""
    try:
        yield
    except BaseException:
        pager.terminate()
        raise
    finally:
        pager.wait()


def _words(command: str) -> list[str]:
    """Return the words of a command; none where it is no pager, or does not parse."""
    with suppress(ValueError):
        words = shlex.split(command)
        return [] if " ".join(words) in _NONE else words
    return []


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Let Ctrl-C reach the pager alone, which stops a search with it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
