"""The simulation of gates decides as `lossctl.check` does: two ways to one exit code, from formulas of their own."""

from __future__ import annotations

import numpy as np
import pytest

import lossctl
from benchmarks.simulate_gates import KINDS, ROWS, distances, losses, verdicts

GATES = 4


@pytest.mark.parametrize("run", range(16))
def test_a_check_gives_the_exit_code_of_the_simulation(run: int) -> None:
    test, bound = KINDS[run % len(KINDS)]
    holm = bool(run // len(KINDS) % 2)
    random = np.random.default_rng([7, run])
    old, new = losses(random, 1, GATES, (0.0, 0.06, 0.12)[run % 3])
    expected = int(verdicts(*distances(old, new, bound), test, holm=holm)[0])
    frame = {
        "target": np.zeros(GATES * ROWS),
        "old": np.sqrt(old.ravel()),
        "new": np.sqrt(new.ravel()),
        "slice": np.repeat([f"s{each}" for each in range(GATES)], ROWS),
    }
    checked = lossctl.check(
        frame,
        f"delta(mse)[slice=*] <= {100 * bound:g}%",
        prediction="new",
        baseline_prediction="old",
        test=test,  # type: ignore[arg-type]  # one of the words
        correction="holm" if holm else "none",
    )
    assert int(checked.exit_code) == expected
