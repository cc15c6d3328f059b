"""``python -m lossctl``, and what the program ``lossctl`` starts with: the command line."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

__all__ = ["run"]


def run() -> NoReturn:
    """Load the command line, and run it; Ctrl-C ends it quietly in either."""
    try:
        from lossctl.cli.main import run as run_commands
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        os._exit(130)  # ExitCode.INTERRUPTED, which may not be loaded yet
    run_commands()


if __name__ == "__main__":
    run()
