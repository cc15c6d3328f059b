"""``python -m lossctl``, and what the program ``lossctl`` starts with: the command line."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the folder where the command runs: a signal.py or numpy.py in it is no part of lossctl

import gc
import os
import signal

TYPE_CHECKING = (
    False  # as type checkers take it, without typing, which takes long to load: no signal is heard till then
)
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["run"]

_OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""Loading what a run needs makes tens of thousands of objects that stay: to look through them for rubbish again and
again, as Python would at every 700, takes a fortieth of a small run."""


def run() -> NoReturn:
    """Load the command line, and run it; Ctrl-C ends it quietly in either."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    _open_closed_streams()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from lossctl.cli.main import run as run_commands
    except BaseException as error:  # noqa: BLE001 -- Python would exit with 1, which is for gates that failed
        said = f"error: lossctl can't start: {type(error).__name__}: {error!r:.500}\n"
        _end(f"{said}hint:  install it and what it needs anew\n", 70)  # ExitCode.INTERNAL
    run_commands()


def _interrupted(_number: int, _frame: object) -> NoReturn:
    """End while modules are loaded: there is nothing to close, and some would turn an exception into one of theirs."""
    _end("error: interrupted\n", 130)  # ExitCode.INTERRUPTED, which may not be loaded yet


def _end(said: str, code: int) -> NoReturn:
    try:
        os.write(2, said.encode(errors="backslashreplace"))
    finally:
        os._exit(code)


def _open_closed_streams() -> None:
    """Give streams that were closed, as by ``>&-``, a place: the next file that is opened would take it otherwise.

    Standard input stays closed to what reads it, and writing to standard output is an error of its own, not to
    standard error: what is said there may go unheard.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 -- it stays open


if __name__ == "__main__":
    run()
