"""``python -m lossctl``, and what the program ``lossctl`` starts with: the command line."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

__all__ = ["run"]

_OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""Loading what a run needs makes tens of thousands of objects that stay: to look through them for rubbish again and
again, as Python would at every 700, takes a fortieth of a small run."""


def run() -> NoReturn:
    """Load the command line, and run it; Ctrl-C ends it quietly in either."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from lossctl.cli.main import run as run_commands
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        os._exit(130)  # ExitCode.INTERRUPTED, which may not be loaded yet
    run_commands()


if __name__ == "__main__":
    run()
