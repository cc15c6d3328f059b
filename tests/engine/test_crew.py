"""The worker processes: the same bits as threads, failures that surface, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

COMMAND = [sys.executable, "-m", "tests.engine.crew_scenarios"]
ROOT = Path(__file__).parents[2]


LONGEST_SECONDS = 40
"""Far more than a scenario takes on a busy machine."""


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a process group of its own, and end all of that, whatever happens."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, start_new_session=True) as process:
        try:
            yield process
        finally:  # its workers hold its pipes open: waiting for these would last as long as they live
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def finished(command: list[str], seconds: float) -> tuple[int, str, str]:
    """Run a command to its end; give its exit code and what it wrote."""
    with started(command) as process:
        stdout, stderr = process.communicate(timeout=seconds)
        return process.returncode, stdout, stderr


def scenario(name: str) -> str:
    code, stdout, stderr = finished([*COMMAND, name], LONGEST_SECONDS)
    assert code == 0, stderr
    assert stderr == ""
    return stdout


@pytest.mark.parametrize(
    "name",
    [
        "the_bits_of_one_thread",
        "groups_and_series",
        "an_exception_in_a_worker_is_raised_here",
        "a_killed_worker_is_noticed",
        "a_row_larger_than_a_slot",
        "groups_stay_whole",
        "leaving_ends_the_workers",
        "threads_forbid_forking",
        "a_system_that_gives_no_process",
        "one_loss_is_computed_by_threads",
    ],
)
def test_a_crew(name: str) -> None:
    scenario(name)


def test_a_large_file_gives_the_same_results() -> None:
    assert scenario("as_a_large_file") == scenario("a_large_file_is_computed_by_processes") != ""


def test_workers_end_when_the_reading_process_is_killed() -> None:
    with started([*COMMAND, "workers_end_with_the_reader"]) as reader:
        assert reader.stdout is not None
        pids = [int(text) for text in reader.stdout.readline().split()]
        assert len(pids) == 2
        assert all(_runs(pid) for pid in pids)
        reader.kill()
        require_ended(pids, "workers outlive the process that reads")


def test_what_hangs_is_ended_with_all_it_started() -> None:
    """As a crew whose workers never answer would."""
    forks = "import os, time; pid = os.fork(); pid and print(pid, flush=True); time.sleep(600)"
    with started([sys.executable, "-c", forks]) as process:
        assert process.stdout is not None
        pids = [process.pid, int(process.stdout.readline())]
    require_ended(pids, "a process was left behind")
    before = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        finished([sys.executable, "-c", forks], 0.5)
    assert time.monotonic() - before < 20


def require_ended(pids: list[int], problem: str) -> None:
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, problem
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Return whether a process runs: one that has ended may wait to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
