"""Runs command lines in a process of its own, so that a crash and a hang are findings and not the end of the search.

`Worker` starts ``python -m tests.fuzz.worker`` and gives it one command line after another; a process that died, or did
not answer in time, is replaced by a new one.
"""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.cli.cases import Ran

DIED, HUNG = -1, -2
"""Exit codes of a process that died, and of one that did not answer."""
SECONDS = 30.0


class Worker:
    """A process that runs command lines in a folder.

    Parameters
    ----------
    folder
        Where it runs them.
    seconds
        How long it may take for one.
    """

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        self.folder, self.seconds = folder, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process.wait()
            self._process = None

    def run(self, *arguments: str) -> Ran:
        """Run a command line; the exit code is `DIED` or `HUNG` where there was none."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).parents[2],
            )
        asked, told = self._process.stdin, self._process.stdout
        if asked is None or told is None:
            raise RuntimeError("the process has no pipes")
        asked.write(json.dumps(arguments).encode() + b"\n")
        asked.flush()
        answered = bool(select.select([told], [], [], self.seconds)[0])
        answer = told.readline() if answered else b""
        if not answer:
            self.stop()
            return Ran(DIED if answered else HUNG, "", "")
        code, stdout, stderr = json.loads(answer)
        return Ran(code, stdout, stderr)


def serve(folder: str, asked: IO[bytes], told: IO[bytes]) -> None:
    """Run each command line that is asked for, and answer with its exit code and what it wrote."""
    from lossctl.cli.main import main

    os.chdir(folder)
    for line in asked:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
        sys.stdout, sys.stderr = streams
        code = main(json.loads(line))
        written = [stream.buffer.getvalue().decode(errors="replace") for stream in streams]  # type: ignore[attr-defined]
        told.write(json.dumps([int(code), *written]).encode() + b"\n")
        told.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    serve(sys.argv[1], sys.stdin.buffer, answers)
