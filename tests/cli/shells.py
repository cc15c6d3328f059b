"""Real shells at a terminal, typed into: what a line becomes when Tab is pressed.

A shell that is missing fails a test in CI, where `.ci/run` installs it, and skips it elsewhere, by name.
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

SHELLS = ("bash", "zsh", "fish")
_START = {"bash": ["--norc", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
_START_OWN = {"bash": ["-i"], "zsh": ["-i"], "fish": ["-i"]}
_SETS_UP = {
    "bash": 'eval "$(_LOSSCTL_COMPLETE=source_bash lossctl)"; show() { printf "%s\\n" "$@" END >> "$SHOWN"; }',
    "zsh": 'eval "$(_LOSSCTL_COMPLETE=source_zsh lossctl)"; show() { printf "%s\\n" "$@" END >> "$SHOWN"; }',
    "fish": '_LOSSCTL_COMPLETE=source_fish lossctl | source; function show; printf "%s\\n" $argv END >> $SHOWN; end',
}
_SHOWS = {shell: line.partition("; ")[2] for shell, line in _SETS_UP.items()}
_BEGIN_OF_LINE, _CLEAR = "\x01", "\x03"
_SECONDS = 30.0
_KEEP_OPEN = {"zsh": ("'huber(de", "'delta(hub"), "fish": ("'huber(de",)}
"""Ends of lines after whose words, which go on, a shell leaves the quote open; others close it."""


def require(shell: str) -> None:
    if shutil.which(shell) is None:
        problem = f"there is no {shell}: apt-get install {shell}"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)


class Shell:
    """A shell at a terminal of its own, in a folder."""

    def __init__(self, shell: str, folder: Path, *, own: bool = False) -> None:
        require(shell)
        self._shell, self._shown = shell, folder / "shown"
        home = folder / "home"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "HOME": str(home),
            "SHOWN": str(self._shown),
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(shell, [shell, *(_START_OWN if own else _START)[shell]], environment)  # noqa: S606 -- the shell under test
        self.type(f"{(_SHOWS if own else _SETS_UP)[shell]}\r")
        self.words("show ready")

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def words(self, line: str) -> list[str]:
        """Run a line, and give the words it shows."""
        self.type(f"{line}\r")
        return self._next()

    def completed(self, line: str) -> list[str]:
        """Type a line and Tab; give the words of what it has become, without the first."""
        close = "'" if line.endswith(_KEEP_OPEN.get(self._shell, ())) else ""
        self.type(f"{line}\t{close}{_BEGIN_OF_LINE}show \r")
        return self._next()[1:]

    def _next(self) -> list[str]:
        ends = time.monotonic() + _SECONDS
        seen = ""
        while time.monotonic() < ends:
            if select.select([self._terminal], [], [], 0.02)[0]:
                try:
                    seen += os.read(self._terminal, 1 << 16).decode(errors="replace")  # or the shell waits for a reader
                except OSError:
                    break
            if self._shown.exists():
                text = self._shown.read_text(encoding="utf-8")
                if text.endswith("END\n"):
                    self._shown.unlink()
                    return text.splitlines()[:-1]
        self.type(_CLEAR)
        raise AssertionError(f"the shell does not answer: {seen}")

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)


def typed(shell: str, folder: Path, lines: Sequence[str], *, own: bool = False) -> list[list[str]]:
    """Type lines into a shell, each with Tab at its end."""
    opened = Shell(shell, folder, own=own)
    try:
        return [opened.completed(line) for line in lines]
    finally:
        opened.close()
