"""How a process that has been told to end does so when it can't be reached: after a moment, leaving nothing behind.

A signal is acted on between two steps of Python. A thread that waits inside DuckDB takes none, and may wait for ever:
for a reader that has stopped, as `less` has at Ctrl-C, or for a task it cancelled. Imports the standard
library only.
"""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossctl.core.errors import LossctlError

__all__ = [
    "GRACE_SECONDS",
    "end_after",
    "end_with",
    "forget",
    "leave_nothing",
    "private_folder",
    "remember",
    "remove",
    "watch",
]

GRACE_SECONDS = 2.0
"""For the usual way: an exception that closes all it passes."""

_left: set[Path] = set()
_end: list[Callable[[], None]] = []
_fail: list[Callable[[LossctlError], None]] = []
_watching: list[threading.Thread] = []
_making = threading.Lock()
_ended: list[bool] = []


os.register_at_fork(after_in_child=_left.clear)  # what the parent has made is the parent's to remove


def remember(path: str | Path) -> None:
    """Name a file or folder that must not outlive this process; it need not exist yet."""
    _left.add(Path(path))


def forget(path: str | Path) -> None:
    """Say that a file or folder is gone, or is meant to stay."""
    _left.discard(Path(path))


def remove(path: str | Path) -> None:
    """Remove a file or folder that was remembered; what can't be removed now is tried again at the end."""
    for how in (os.unlink, os.rmdir):  # which need no file to be opened, where no more may be
        with suppress(OSError):
            how(path)
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        forget(path)


def private_folder() -> Path:
    """Make a folder for temporary files that nobody else can enter, and remember it.

    Raises
    ------
    OSError
        Where it can't be made.
    """
    import tempfile

    folder = Path(tempfile.gettempdir()).absolute() / f"lossctl-{os.getpid()}-{os.urandom(8).hex()}"
    with _making:  # or it could be made when all that is to be removed has been
        if _ended:
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED), str(folder))
        folder.mkdir(mode=0o700)
        remember(folder)
    return folder


@atexit.register
def leave_nothing() -> None:
    """Remove what must not outlive this process; at its very end."""
    got = _making.acquire(timeout=GRACE_SECONDS)
    _ended.append(True)
    for path in list(_left):
        remove(path)
    if got:
        _making.release()


def end_after(end: Callable[[], None], fail: Callable[[LossctlError], None]) -> None:
    """Let `end` end this process where a signal has not ended it within `GRACE_SECONDS`; for a program of its own.

    `fail` ends it for what `end_with` is given.
    """
    _end[:], _fail[:] = [end], [fail]


def end_with(error: LossctlError) -> None:
    """End this process at once for an error, from another thread than the one that can't raise it.

    Nothing happens unless `end_after` has been called: a program that merely uses lossctl is not lossctl's to end.
    """
    for fail in _fail:
        leave_nothing()
        fail(error)


def watch() -> None:
    """Watch for signals from here on; called where a thread is about to enter what may keep it.

    Not before: a process of more than one thread can't be forked. Nothing happens unless `end_after` has been called.
    """
    if not _end or _watching or threading.current_thread() is not threading.main_thread():
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    _watching.append(threading.Thread(target=_wait, args=(heard,), name="lossctl-ending", daemon=True))
    with suppress(RuntimeError):  # no thread may be had: then a signal is acted on in the usual way alone
        _watching[0].start()


def _wait(heard: int) -> None:
    while os.read(heard, 1)[0] not in {signal.SIGINT, signal.SIGTERM}:
        continue
    time.sleep(GRACE_SECONDS)
    leave_nothing()
    _end[0]()
