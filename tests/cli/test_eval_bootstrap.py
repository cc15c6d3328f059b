"""`lossctl eval --bootstrap` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lossctl
from tests.cli.cases import Run

ROWS = "target,prediction\n" + "".join(f"{n},{n + (n % 7) ** 2 / 4}\n" for n in range(120))


def test_the_flags_are_those_of_python(run: Run) -> None:
    Path("p.csv").write_text(ROWS)
    ran = run("eval", "p.csv", "-l", "mae", "--bootstrap", "--resamples", "499", "--seed", "3", "-f", "json")
    (written,) = json.loads(ran.stdout)["results"]
    (found,) = lossctl.evaluate("p.csv", "mae", bootstrap=True, resamples=499, seed=3)
    assert found.ci is not None
    assert written["ci"] == {"level": 0.95, "low": found.ci.low, "high": found.ci.high, "method": "bootstrap"}
    assert written["signature"].endswith("|method=bootstrap|seed=3|resamples=499")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--bootstrap", "--top", "3"), "--top takes no --bootstrap"),
        (("--bootstrap", "--per-row"), "--per-row takes no --bootstrap"),
        (("--seed", "0", "--per-row"), "--per-row takes no --seed"),
        (("--seed", "0"), "seed is of no use: nothing is drawn at random"),
        (("--bootstrap", "--resamples", "9"), "resamples: 9 is not a whole number from 99 to 1000000"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, flags: tuple[str, ...], said: str) -> None:
    Path("p.csv").write_text(ROWS)
    ran = run("eval", "p.csv", "-l", "mae", *flags)
    assert ran.code == 2
    assert said in ran.stderr
