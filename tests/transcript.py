"""Runs commands as a person would type them, in a scratch folder that holds the examples, and compares texts.

Shared by the golden files, the documentation and `tests.refresh`.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from lossctl.cli.main import main

ROOT = Path(__file__).parent.parent
REFRESH = "python -m tests.refresh"

_COLOURS = ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITLAB_CI", "TERM")
_ENVIRONMENT = (*_COLOURS, "COLUMNS", "LINES", "LOSSCTL_TRACEBACK", "MAKEFLAGS")
_SHELL = re.compile(r"[|<>&;$`*?~(]")
_FULL_PRECISION = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_DIGITS = 14
"""From so many significant digits on a number is one for machines."""
_TOLERANCE = 1e-12
"""exp and log differ in the last bit between families of CPU; so then does what is computed from them."""


@dataclass(frozen=True)
class Ran:
    """What a command did; `shown` is what a terminal would show: both streams as they were written."""

    code: int
    stdout: str
    stderr: str
    shown: str


class _Stream(io.StringIO):
    """A stream that also writes to what both streams share."""

    def __init__(self, shown: io.StringIO) -> None:
        super().__init__(newline="")
        self._shown = shown

    def write(self, text: str) -> int:
        self._shown.write(text)
        return super().write(text)


@contextmanager
def scratch() -> Iterator[Path]:
    """Stand in a folder with the examples, ``preds.csv`` and the files of recipes, and no terminal of the caller's."""
    with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ):
        folder = Path(name)
        (folder / "examples").mkdir()
        (folder / "examples" / "data").symlink_to(ROOT / "examples" / "data", target_is_directory=True)
        for file in (ROOT / "examples" / "data" / "preds.csv", *(ROOT / "examples" / "recipes").iterdir()):
            if file.suffix != ".py" and file.is_file():
                shutil.copy(file, folder)
        for variable in _ENVIRONMENT:
            os.environ.pop(variable, None)
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        with chdir(folder):
            yield folder


def run(command: str) -> Ran:
    """Run a command: in this process where it is lossctl alone, by a shell where it needs one."""
    unquoted = re.sub(r"'[^']*'|\"[^\"$`]*\"", "", command)
    if command.split()[:1] == ["lossctl"] and not _SHELL.search(unquoted):
        return run_arguments(shlex.split(command)[1:])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=dict(os.environ),  # readline, where pytest loads it, sets COLUMNS behind the back of os.environ
    )
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    return Ran(done.returncode, stdout, stderr, stderr + stdout)


def run_arguments(arguments: list[str]) -> Ran:
    """Run lossctl in this process."""
    shown = io.StringIO(newline="")
    with redirect_stdout(_Stream(shown)) as stdout, redirect_stderr(_Stream(shown)) as stderr:
        code = main(arguments)
    return Ran(int(code), stdout.getvalue(), stderr.getvalue(), shown.getvalue())


def alike(expected: str, actual: str) -> bool:
    """Return whether two texts are the same, byte for byte but for the last digits of numbers in full precision."""
    if expected == actual:
        return True
    if _FULL_PRECISION.sub("#", expected) != _FULL_PRECISION.sub("#", actual):
        return False
    pairs = zip(_FULL_PRECISION.findall(expected), _FULL_PRECISION.findall(actual), strict=True)
    return all(_same_number(one, other) for one, other in pairs)


def _same_number(expected: str, actual: str) -> bool:
    if expected == actual:
        return True
    if max(_digits(expected), _digits(actual)) < _DIGITS:
        return False
    return abs(float(expected) - float(actual)) <= _TOLERANCE * abs(float(expected))


def _digits(number: str) -> int:
    return len(re.sub(r"[eE].*|[-+.]", "", number).lstrip("0"))


def difference(expected: str, actual: str, name: str) -> str:
    """Show how two texts differ, and how to accept the new one."""
    lines = difflib.unified_diff(
        expected.splitlines(), actual.splitlines(), f"{name} (expected)", f"{name} (now)", lineterm="", n=2
    )
    return "\n".join(["", *lines, f"If the new text is right: {REFRESH}, and read the diff before you commit it."])
