"""The worker processes: the same bits as threads, failures that surface, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

COMMAND = [sys.executable, "-m", "tests.engine.crew_scenarios"]
ROOT = Path(__file__).parents[2]


def scenario(name: str) -> str:
    done = subprocess.run([*COMMAND, name], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


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
    with subprocess.Popen(
        [*COMMAND, "workers_end_with_the_reader"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as reader:
        assert reader.stdout is not None
        pids = [int(text) for text in reader.stdout.readline().split()]
        assert len(pids) == 2
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        reader.kill()
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "workers outlive the process that reads"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Say whether a process runs: one that has ended may wait to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
