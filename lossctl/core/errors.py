"""Errors a user can act on, and the exit codes of the command line.

Imports nothing of ours. Code anywhere raises these; `lossctl.cli.main` is the only place that turns them
into text and an exit code.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "MORE_MEMORY",
    "NO_THREAD",
    "DataError",
    "ExitCode",
    "LossctlError",
    "UsageError",
    "plain_line",
    "reason_of",
    "system_reason",
]


MORE_MEMORY = "give it more memory, choose fewer --threads, or point TMPDIR at a disk with room"
"""The cure where memory ran out."""
NO_THREAD = "no further thread can be started"
"""What a MemoryError says where a thread has no room, or a limit of the system is reached."""


class ExitCode(IntEnum):
    """What the process tells its caller. Fixed: scripts rely on the numbers."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    DATA = 3
    NOT_EVALUATED = 4
    INTERNAL = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141


class LossctlError(Exception):
    """A problem and its cure.

    Parameters
    ----------
    problem
        What is wrong, with file, line, column and value where they are known. No final full stop.
    cure
        What the user can do about it, in the imperative; ``None`` where there is nothing to add.

    Attributes
    ----------
    __notes__
        The cure as Python shows it under a traceback, then what ``add_note`` adds.

    Examples
    --------
    >>> error = UsageError("no loss is called 'hubr'", "did you mean huber?")
    >>> str(error), error.__notes__
    ("no loss is called 'hubr'", ['hint:  did you mean huber?'])
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, problem: str, cure: str | None = None) -> None:
        super().__init__(problem)
        self.say(problem, cure)

    def say(self, problem: str, cure: str | None) -> None:
        """Put other words in the place of the problem and its cure; what was added stays."""
        notes = self.notes if hasattr(self, "problem") else ()  # made just now, it has none
        self.args = (problem,)
        self.problem = problem
        self.cure = cure
        if said := [*([f"hint:  {cure}"] if cure else []), *notes]:
            self.__notes__ = said

    @property
    def notes(self) -> tuple[str, ...]:
        """What was added to the problem, beside the cure."""
        return tuple(getattr(self, "__notes__", ())[bool(self.cure) :])


class UsageError(LossctlError):
    """The command or configuration is wrong: unknown loss, column, flag; bad threshold. Exit code 2."""

    exit_code = ExitCode.USAGE


class DataError(LossctlError):
    """The data are wrong: unreadable file, bad value, domain violation, no rows. Exit code 3."""

    exit_code = ExitCode.DATA


def plain_line(error: BaseException) -> str:
    """Return the first line of an error of DuckDB, without its class and where it came from.

    Examples
    --------
    >>> plain_line(OSError("C Data interface error: Out of Memory Error: Failed to allocate block"))
    'Failed to allocate block'
    """
    import re

    line = str(error).removeprefix("C Data interface error: ").split("\n", 1)[0]
    return re.sub(r"^(\w+ )+Error: ", "", line)


def system_reason(error: BaseException) -> str | None:
    """Return what the system said, at the end of an error of DuckDB or as a number in it; ``None``: it said nothing.

    Examples
    --------
    >>> system_reason(OSError('IO Error: Cannot write "a": No space left on device'))
    'No space left on device'
    """
    import errno
    import os
    import re

    if number := re.search(r'"errno":"(\d+)"', str(error)):
        return os.strerror(int(number[1]))
    end = plain_line(error).rpartition(": ")[2]
    return end if end in map(os.strerror, errno.errorcode) else None


def reason_of(error: BaseException) -> str:
    """Return what the system said where DuckDB could not do something: its own words are a line of JSON at times."""
    return system_reason(error) or plain_line(error)
