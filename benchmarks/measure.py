"""Run a command and say how long it took and how much memory it needed. Imports the standard library only.

The measuring process stays small on purpose: Linux counts the memory of the process that starts a child into the
child's peak, so whatever this process holds is the least that can be seen.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass

__all__ = ["FailedRunError", "Run", "measure"]

UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONWARNINGS")
"""Settings of the caller's shell that would change what is measured."""


class FailedRunError(Exception):
    """A contestant did not finish."""


@dataclass(frozen=True)
class Run:
    """What one run showed.

    Parameters
    ----------
    seconds
        Wall time of the whole process.
    cpu
        Seconds of processor time, all threads together.
    peak
        The largest resident memory, in bytes.
    output
        Its stdout.
    """

    seconds: float
    cpu: float
    peak: int
    output: str


def measure(command: list[str]) -> Run:
    """Run a command to its end.

    Raises
    ------
    FailedRunError
        Where it ends with another exit code than 0.
    """
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it again
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            message = err.read().decode(errors="replace").strip()
            raise FailedRunError(f"exit code {child.returncode}: {' '.join(command)}\n{message}")
        cpu = usage.ru_utime + usage.ru_stime
        return Run(seconds, cpu, usage.ru_maxrss * 1024, out.read().decode())
