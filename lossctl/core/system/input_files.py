"""The files that a run reads. Each must be the same file at the end as when it was opened. Imports core.

A run reads a file more than once: its header, one or more passes, and again to say where a row stands. If somebody
replaces the file or writes to it in between, the result is of two files. So what the system says of a file is noted
before its first byte is read, and compared before a result leaves, and where something failed: then the change is the
cause, not what it led to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Self

from lossctl.core.errors import DataError

__all__ = ["Inputs", "note_input", "note_listing", "note_written", "one_run"]

_State = tuple[int, int, int, int]
"""Device, inode, size, and time of the last change in nanoseconds."""
_CURE = "wait until nothing writes to it any more, or read a copy"


class Inputs:
    """The files and globs of one run. As a context manager it compares them when it is left, unless by an interrupt."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, _State | None]] = {}
        self._listings: dict[str, tuple[frozenset[str], Callable[[], Sequence[str]]]] = {}
        self._written: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or not issubclass(kind, (KeyboardInterrupt, GeneratorExit, SystemExit)):
            self.require_unchanged(error)

    def note(self, path: str | Path, name: str) -> None:
        """Note what a file is, before it is read. A pipe or a device is not noted: it is read once.

        Raises
        ------
        DataError
            Where it has been noted before, and is another file now.
        """
        key = os.path.abspath(path)  # noqa: PTH100 -- a link must stay one: it may be pointed elsewhere
        if key in self._files:
            self._require(key)
        elif (found := _stat(key)) is None or stat.S_ISREG(found.st_mode):
            self._files[key] = (name, _state_of(found))

    def note_listing(self, name: str, paths: Sequence[str], find: Callable[[], Sequence[str]]) -> None:
        """Note which files a glob names; `find` lists them again."""
        self._listings.setdefault(name, (frozenset(paths), find))

    def note_written(self, path: str | Path) -> None:
        """Note that this run wrote a file, which may be new in a folder that it reads."""
        self._written.add(os.path.abspath(path))  # noqa: PTH100 -- as `note` does

    def require_unchanged(self, error: BaseException | None = None) -> None:
        """Compare every file with what was noted.

        Raises
        ------
        DataError
            Naming the first that differs; from `error`, which it may have caused.
        """
        for key in self._files:
            self._require(key, error)
        for name, (paths, find) in self._listings.items():
            for path in sorted(paths.symmetric_difference(find())):
                if os.path.abspath(path) not in self._written:  # noqa: PTH100 -- as `note` does
                    how = f"{path} is gone" if path in paths else f"{path} is new"
                    raise DataError(f"{name} changed while it was read: {how}", _CURE) from error

    def settle(self) -> None:
        """Compare every file, and be done with them: all has been read, and what follows can change nothing of it.

        Raises
        ------
        DataError
            As `require_unchanged` does.
        """
        self.require_unchanged()
        self._files.clear()
        self._listings.clear()

    def _require(self, key: str, error: BaseException | None = None) -> None:
        name, before = self._files[key]
        now = _state_of(_stat(key))
        if now != before and key not in self._written:
            raise DataError(f"{name} changed while it was read: {_difference(before, now)}", _CURE) from error


_run: ContextVar[Inputs | None] = ContextVar("inputs of the run", default=None)


@contextmanager
def one_run() -> Iterator[Inputs]:
    """Note the files that are opened inside, and compare them at the end; a run inside another is part of that one."""
    outer = _run.get()
    inputs = Inputs() if outer is None else outer
    token = _run.set(inputs)
    try:
        with inputs:
            yield inputs
    finally:
        _run.reset(token)


def note_input(path: str | Path, name: str) -> None:
    """Note a file, as `Inputs.note` does, where there is a run."""
    if (inputs := _run.get()) is not None:
        inputs.note(path, name)


def note_listing(name: str, paths: Sequence[str], find: Callable[[], Sequence[str]]) -> None:
    """Note a glob, as `Inputs.note_listing` does, where there is a run."""
    if (inputs := _run.get()) is not None:
        inputs.note_listing(name, paths, find)


def note_written(path: str | Path) -> None:
    """Note an output, as `Inputs.note_written` does, where there is a run."""
    if (inputs := _run.get()) is not None:
        inputs.note_written(path)


def _stat(path: str) -> os.stat_result | None:
    """Return what the system says of a file; ``None``: there is none, or none that can be reached."""
    try:
        return os.stat(path)  # noqa: PTH116 -- a path as text
    except (OSError, ValueError):
        return None


def _state_of(found: os.stat_result | None) -> _State | None:
    return None if found is None else (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _difference(before: _State | None, now: _State | None) -> str:
    """Return in which way a file is another, for a person who looks for the cause."""
    if now is None:
        return "it is gone"
    if before is None:
        return "it was not there at first"
    if now[:2] != before[:2]:
        return "another file has its name now"
    if now[2] != before[2]:
        return f"it had {before[2]:,} bytes, and has {now[2]:,}"
    return "it was written to"
