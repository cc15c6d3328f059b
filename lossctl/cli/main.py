"""The entry point: builds the commands, runs one, and is the only place that prints errors and exits.

May import the api and core.
"""

from __future__ import annotations

import atexit
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

import typer

from lossctl.cli.commands import application, with_command
from lossctl.cli.completion import complete, take_instruction, use_own_scripts
from lossctl.cli.output import Outcome, deliver
from lossctl.cli.streams import error_width, labelled, say
from lossctl.core.bound import BoundColumns, noting_columns
from lossctl.core.errors import MORE_MEMORY, ExitCode, LossctlError, plain_line, reason_of
from lossctl.core.system.input_files import one_run
from lossctl.core.system.shutdown import GRACE_SECONDS, end_after, leave_nothing

__all__ = ["main", "run"]

_OUT_OF_MEMORY, _NOT_READ = "OutOfMemoryException", "IOException"
"""Of DuckDB, which few runs that end here have loaded."""


def run() -> NoReturn:
    """Run the command line of this process and exit it.

    All is closed and flushed by then, so Python need not take down module after module: that would be a fifth of a
    small run.
    """
    end_after(_end_interrupted, _end_failed)
    sys.unraisablehook = _unraisable
    try:
        _on_signals(_interrupt)
        code = main(sys.argv[1:])
        _on_signals(_end_interrupted)
    except KeyboardInterrupt:  # it came while `main` was about to return, or told of an error
        _end_interrupted()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = ExitCode.CLOSED_PIPE
    except OSError as error:
        if code != ExitCode.DATA:  # which says so already
            _print_error(f"standard output can't be written: {error.strerror}", "free some space")
        code = ExitCode.DATA
    with suppress(OSError):
        sys.stderr.flush()
    _on_signals(signal.SIG_IGN)
    atexit._run_exitfuncs()  # noqa: SLF001 -- ours, and what others have registered, as a debugger or a coverage tool does
    os._exit(code)


_received: list[float] = []
"""When signals to end came: DuckDB and others turn the exception of one into an error of their own."""


def _on_signals(handler: Callable[[int, Any], object] | signal.Handlers) -> None:
    """Set what is done at Ctrl-C, and where a CI runner cancels a job: that must leave no files behind either."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _interrupt(_number: int, _frame: object) -> None:
    """Raise what closes all it passes; a second signal must not cut that short, unless the first has led nowhere."""
    now = time.monotonic()
    if not _received or now - _received[-1] > GRACE_SECONDS:
        _received.append(now)
        raise KeyboardInterrupt


def _end_interrupted(*_: object) -> NoReturn:
    """End at once: where all is closed, or from another thread than the one that does not answer."""
    leave_nothing()
    with suppress(OSError):
        os.write(2, b"error: interrupted\n")  # the other may be holding the lock of sys.stderr
    os._exit(ExitCode.INTERRUPTED)


def _end_failed(error: LossctlError) -> NoReturn:
    """End at once for an error: the thread that would raise it does not answer."""
    with suppress(OSError):  # as above
        os.write(2, _told(error.problem, error.cure).encode(errors="backslashreplace"))
    os._exit(error.exit_code)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """Print nothing of an interrupt that came where none can be raised, as while an object is taken down."""
    if not isinstance(found.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(found)


def main(arguments: list[str]) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        What follows ``lossctl``.

    Returns
    -------
    int
        The exit code: one of `lossctl.core.errors.ExitCode`.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name no terminal can show is no reason to fail
    try:
        return _run_unless_interrupted(arguments)
    except LossctlError as error:
        _print_error(error.problem, error.cure, error.notes)
        return error.exit_code
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:  # as Typer does where it has installed a completion
            return ExitCode.OK
        _discard_output()  # Typer exits with 1 where nobody reads its help any more
        return ExitCode.CLOSED_PIPE
    except (KeyboardInterrupt, typer.Abort):
        _print_error("interrupted", None)
        return ExitCode.INTERRUPTED
    except BaseException as error:  # noqa: BLE001 -- the one place where a fault, a panic too, becomes an exit code
        return _report_fault(error)


def _run_unless_interrupted(arguments: list[str]) -> int:
    try:
        return _run(arguments)
    except BaseException as error:
        if _received:
            raise KeyboardInterrupt from error
        raise


def _run(arguments: list[str]) -> int:
    instruction = take_instruction(arguments)
    if instruction is not None:
        return complete(instruction)
    if not arguments:
        return _say_first_words()
    if any(each.startswith(("--install-completion", "--show-completion")) for each in arguments[:1]):
        use_own_scripts()
    arguments = with_command(arguments)
    command = typer.main.get_command(application(arguments))
    with (
        noting_columns() as bound,
        one_run(),
    ):  # the configuration is read before the run of the api, and is a part of this one
        try:
            outcome = command.main(arguments, prog_name="lossctl", standalone_mode=False)
        except typer.TyperException as error:  # what the user typed does not parse
            from lossctl.cli.usage import explained

            raise explained(error, arguments) from None
    if _received:  # where it could not be raised, or was lost
        raise KeyboardInterrupt
    return _delivered(outcome, bound)


def _say_first_words() -> int:
    """Say on standard error what to type first: where a variable of a CI job is empty, nothing was checked."""
    from lossctl.cli.help import first_words

    say(first_words())
    return ExitCode.USAGE


def _delivered(outcome: object, bound: BoundColumns) -> int:
    """Print what a command gave, and return the exit code."""
    if isinstance(outcome, int):  # --help and --version; 130 is how Typer reports an interrupt
        if outcome == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return outcome
    if not isinstance(outcome, Outcome):
        return ExitCode.OK
    if len(outcome.warnings) > 1:
        from lossctl.cli.merging import merged

        outcome = replace(outcome, warnings=tuple(merged(outcome.warnings, bound.names)))
    if not outcome.quiet:
        _say_columns(bound, outcome.notes)
        for warning in outcome.warnings:
            say(labelled("warning", warning))
    deliver(outcome)
    return outcome.exit_code


def _say_columns(bound: BoundColumns, notes: Sequence[str]) -> None:
    """Print the notes of what columns hold; at a terminal also which were taken for what, as far as no note says it."""
    line, room = "", error_width()
    if bound.roles and room is not None:
        from lossctl.cli.columns_line import columns_line

        arrow = "←" if "utf" in (sys.stderr.encoding or "").lower() else "="
        besides = ("target", "prediction") if notes else ()
        line = columns_line(bound, room - len("columns: "), arrow=arrow, besides=besides)
    if line and len(notes) == 1:
        notes, line = [f"{notes[0]}; {line}"], ""
    say("".join(labelled("note", note) for note in notes))
    if line:
        say(labelled("columns", line))


def _print_error(problem: str, cure: str | None, notes: Sequence[str] = ()) -> None:
    say(_told(problem, cure, notes))


def _told(problem: str, cure: str | None, notes: Sequence[str] = ()) -> str:
    lines = [("error", problem), *(("", note) for note in notes), *([("hint", cure)] if cure else [])]
    return "".join(labelled(kind, text) for kind, text in lines)


def _report_fault(error: BaseException) -> int:
    if isinstance(error, OSError):  # a disk, a network drive, a limit of the system
        unnamed = "standard output" if error.errno in {errno.ENOSPC, errno.EBADF} else "the input"
        _print_error(f"{error.filename or unnamed} can't be used: {error.strerror}", "check the path and its disk")
        return ExitCode.DATA
    if type(error).__name__ == _NOT_READ:
        _print_error(f"a file can't be read, or written: {reason_of(error)}", "check the path and its disk")
        return ExitCode.DATA
    if isinstance(error, MemoryError) or type(error).__name__ == _OUT_OF_MEMORY:
        why = plain_line(error)
        _print_error(f"memory ran out: {why}" if why else "memory ran out", MORE_MEMORY)
        return ExitCode.DATA
    if os.environ.get("LOSSCTL_TRACEBACK"):
        import traceback

        say("".join(traceback.format_exception(error)))
    _print_error(
        f"a fault of lossctl's own: {type(error).__name__}: {error}",
        "please report it with the command and, if you can, the data; LOSSCTL_TRACEBACK=1 shows where it happened",
    )
    return ExitCode.INTERNAL


def _discard_output() -> None:
    """Point standard output at nothing: Python flushes it again on exit, and must not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
