"""A signal at each line of the entry point, and of what writes: 130 or the result, and never a traceback."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is loaded once is forked on Linux alone")

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.cli.test_signals_everywhere"]
DATA = "id,target,prediction\n" + "".join(f"{n},{n},{n}.5\n" for n in range(200))
RUN = ["eval", "p.csv", "-l", "mae,rmse", "-f", "json", "-o", "out.json"]
PRINTED = ["check", "p.csv", "-g", "mae <= 0.1"]
_FIRST = 4
"""The line at which both signals are heard."""
TRACED = ("lossctl/__main__.py", "lossctl/cli/main.py", "lossctl/cli/output.py", "lossctl/core/system/atomic_file.py")


class _Sender:
    """Sends signals to this process when it comes to the N-th line of the modules traced."""

    def __init__(self, line: int | None, numbers: tuple[signal.Signals, ...]) -> None:
        self.left, self.numbers, self.seen = line, numbers, 0

    def trace(self, frame: FrameType, _event: str, _argument: object) -> Any:
        return self.each_line if frame.f_code.co_filename.endswith(TRACED) else None

    def each_line(self, _frame: FrameType, event: str, _argument: object) -> Any:
        if event != "line":
            return self.each_line
        self.seen += 1
        if self.seen == self.left:
            for number in self.numbers:
                os.kill(os.getpid(), number)
        os.pwrite(3, str(self.seen).encode(), 0)
        return self.each_line


def send_at(line: int | None, *numbers: signal.Signals) -> Callable[[], None]:
    return lambda: sys.settrace(_Sender(line, numbers).trace)


def at_each_line(folder: Path, words: list[str], every: int) -> dict[str, Any]:
    """Run the program with a signal at some of its lines; give what is wrong, and how often each code came."""
    from tests.forked import forked

    os.chdir(folder)
    os.environ["TMPDIR"] = str(folder / "tmp")
    whole = forked(words, send_at(None))
    wrong, codes = [], dict[int, int]()
    for line in range(_FIRST, int(whole.note) + 1, every):
        (folder / "out.json").write_text("old")
        number = (signal.SIGINT, signal.SIGTERM)[line % 2]
        twice = (number,) if line % 3 else (number, signal.SIGINT)
        done = forked(words, send_at(line, *twice))
        codes[done.code] = codes.get(done.code, 0) + 1
        left = [each.name for each in (*folder.iterdir(), *(folder / "tmp").iterdir())]
        text = (folder / "out.json").read_text()
        quiet = [each for each in done.err.splitlines() if not each.startswith(("warning: ", "error: interrupted"))]
        fine = done.code in {130, whole.code} and text in {"old", whole.out} | ({text} if _is_whole(text) else set())
        if not fine or quiet or sorted(left) != ["out.json", "p.csv", "tmp"]:
            wrong.append([line, number.name, done.code, done.err, text[:100], left])
    return {"wrong": wrong, "codes": codes, "lines": int(whole.note)}


def _is_whole(text: str) -> bool:
    try:
        return bool(json.loads(text)["results"])
    except ValueError:
        return False


def measured(folder: Path, words: list[str], every: int) -> dict[str, Any]:
    """Call `at_each_line`, or without steps `scenarios`, in a process of its own, which has no threads."""
    (folder / "tmp").mkdir()
    (folder / "p.csv").write_text(DATA)
    asked = json.dumps([str(folder), words, every])
    done = subprocess.run([*COMMAND, asked], capture_output=True, text=True, check=False, cwd=ROOT, timeout=110)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_that(act: Callable[[], object]) -> Callable[[], None]:
    """Make a check do something first; what it notes shows how far it came."""

    def patched() -> None:
        from lossctl import api

        real = api.check

        def acting(*arguments: Any, **options: Any) -> Any:
            act()
            return real(*arguments, **options)

        api.check = acting  # a module has no slots

    return patched


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)  # it is acted on here at the latest


def loses_an_interrupt() -> None:
    with suppress(KeyboardInterrupt):
        interrupt()


class _Taken:
    def __del__(self) -> None:
        interrupt()


def interrupted_where_nothing_can_be_raised() -> None:
    _Taken()


def interrupted_twice() -> None:
    try:
        interrupt()
    finally:
        interrupt()
        os.write(3, b"closed")


def interrupted_again_after_the_first_was_lost() -> None:
    loses_an_interrupt()
    time.sleep(2.1)
    interrupt()
    os.write(3, b"went on")


def interrupted_at_the_very_end() -> None:
    def late() -> None:
        interrupt()
        os.write(3, b"done")

    atexit.register(late)


SCENARIOS = {
    each.__name__: each
    for each in (
        loses_an_interrupt,
        interrupted_where_nothing_can_be_raised,
        interrupted_twice,
        interrupted_again_after_the_first_was_lost,
        interrupted_at_the_very_end,
    )
}


def scenarios(folder: Path) -> dict[str, list[object]]:
    from tests.forked import forked

    os.chdir(folder)
    ran = {name: forked(PRINTED, check_that(act)) for name, act in SCENARIOS.items()}
    return {name: [done.code, done.err, done.note] for name, done in ran.items()}


def test_interrupts_that_are_lost_or_come_twice(tmp_path: Path) -> None:
    said = "error: interrupted\n"
    assert measured(tmp_path, PRINTED, every=0) == {
        "loses_an_interrupt": [130, said, ""],
        "interrupted_where_nothing_can_be_raised": [130, said, ""],
        "interrupted_twice": [130, said, "closed"],
        "interrupted_again_after_the_first_was_lost": [130, said, ""],
        "interrupted_at_the_very_end": [1, "", "done"],
    }


@pytest.mark.parametrize(("words", "code"), [(RUN, "0"), (PRINTED, "1")], ids=["eval", "check"])
def test_at_the_lines_of_the_program(words: list[str], code: str, tmp_path: Path) -> None:
    found = measured(tmp_path, words, every=6)
    assert found["wrong"] == []
    assert found["lines"] > 60
    assert set(found["codes"]) <= {"130", code}
    assert found["codes"]["130"] > 10


IMPORTING = """
import builtins, os, signal, sys
real, left = builtins.__import__, int(sys.argv.pop(1))
def importing(name, *rest):
    global left
    left -= signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    if left == 0:
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest)
builtins.__import__ = importing
signal.signal(signal.SIGINT, signal.default_int_handler)
from lossctl.__main__ import run
run()
"""


def test_while_modules_are_loaded(tmp_path: Path) -> None:
    """From where lossctl hears of signals; before that Python itself tells of them."""
    (tmp_path / "p.csv").write_text(DATA)
    for place in (1, 30, 300, 1000):
        words = [sys.executable, "-c", IMPORTING, str(place), *PRINTED]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n"), place


if __name__ == "__main__":
    from tests.forked import load_what_runs_need

    _folder, _words, _every = json.loads(sys.argv[1])
    os.chdir(_folder)
    load_what_runs_need([_words])
    _found = at_each_line(Path(_folder), _words, _every) if _every else scenarios(Path(_folder))
    sys.stdout.write(json.dumps(_found))
