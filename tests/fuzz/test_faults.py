"""Fault injection at a small size; ``make fuzz`` tries every step."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import Done
from tests.fuzz.faults import COUNTED, DATA, LIMITED, UNEXPLAINED, Survey

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is loaded once is forked on Linux alone")

ROOT = Path(__file__).parents[2]
NEW = b"new"


def test_a_step_that_fails_is_the_result_or_an_error() -> None:
    words = [sys.executable, "-m", "tests.fuzz.faults", "2"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, timeout=115)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert {kind for kind, codes in found["codes"].items() if "3" in codes} >= {*COUNTED, *LIMITED} - {"thread"}


@pytest.mark.parametrize(
    ("done", "output", "faults"),
    [
        (Done(3, "", "error: a\nhint:  b\n", ""), b"old", ""),
        (Done(1, "", "", ""), NEW, ""),
        (Done(0, "", "", ""), NEW, "code"),
        (Done(2, "", "error: a\nhint:  b\n", ""), b"old", "code, message"),
        (Done(1, "", "", ""), b"old", "output"),
        (Done(1, "", "", ""), b"ne", "output, half an output"),
        (Done(1, "", "", ""), NEW + UNEXPLAINED, ""),
        (Done(3, "", "error: a\nhint:  b\n", ""), NEW + UNEXPLAINED, "output, half an output"),
        (Done(3, "", "error: a\nhint:  b\n", ""), NEW, "output"),
        (Done(3, "", "", ""), b"old", "message, cure"),
        (Done(3, "", "error: a\nhint:  b\nTraceback\n", ""), b"old", "trace"),
        (Done(3, "", "error: IO Error: a\nhint:  b\n", ""), b"old", "words of others"),
        (Done(127, "", "ABORT", ""), b"old", "code"),
    ],
)
def test_what_is_judged_wrong(done: Done, output: bytes, faults: str, tmp_path: Path) -> None:
    for name in DATA:
        (tmp_path / name).mkdir()
    (tmp_path / "out").write_bytes(output)
    survey = Survey(tmp_path, None)
    survey.judge("a run", "open", done, tmp_path / "out", (1, NEW))
    assert [each.split(": ")[1] for each in survey.wrong] == ([faults] if faults else [])
    assert (tmp_path / "out").read_bytes() == b"old"


def test_what_is_left_behind_is_wrong_and_taken_away(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "spilled").mkdir()
    (tmp_path / ".out.1").touch()
    (tmp_path / "out").write_bytes(NEW)
    survey = Survey(tmp_path, None)
    survey.judge("a run", "open", Done(0, "", "", ""), tmp_path / "out", (0, NEW))
    assert [each.split(": ")[1] for each in survey.wrong] == ["left behind"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "tmp"]
    survey.judge("a run", "memory", Done(127, "", "ABORT", ""), tmp_path / "out", (0, NEW))
    assert len(survey.wrong) == 1
