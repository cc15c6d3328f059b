"""Runs of the program in forked children, so that a hundred of them take the time of a few starts.

What they load is loaded once, here, and no thread is started: a child is as a fresh process would be after its imports.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Done", "forked", "load_what_runs_need"]

PATIENCE = 30.0
"""Seconds until a child is taken to hang."""


@dataclass(frozen=True)
class Done:
    """How a run ended; a negative code is that of a signal."""

    code: int
    out: str
    err: str
    note: str
    """What the child noted on file descriptor 3."""


def forked(words: Sequence[str], before: Callable[[], object] = lambda: None) -> Done:
    """Run the program in a child, after `before` was called there."""
    from lossctl.__main__ import run

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as note:
        child = os.fork()
        if child == 0:
            for file, number in ((out, 1), (err, 2), (note, 3)):
                os.dup2(file.fileno(), number)
            sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
            sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
            sys.argv = ["lossctl", *words]
            try:
                before()
                run()
            finally:  # `run` ends the process: what comes here has escaped it
                os.write(2, f"Traceback: escaped {sys.exc_info()[1]!r}\n".encode())
                os._exit(99)
        code = _wait(child)
        texts = []
        for file in (out, err, note):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Done(code, *texts)


def _wait(child: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def load_what_runs_need(runs: Sequence[Sequence[str]]) -> None:
    """Load the modules that some runs load, without running them here."""

    def note_modules() -> None:
        import atexit

        atexit.register(lambda: os.write(3, "\n".join(sys.modules).encode()))

    wanted: dict[str, None] = {}
    for words in runs:
        wanted |= dict.fromkeys(forked(words, note_modules).note.split("\n"))
    for name in wanted:
        if name and not name.startswith("__"):
            importlib.import_module(name)
