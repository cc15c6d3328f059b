"""The table of docs/statistics.md is what the simulation gives."""

from __future__ import annotations

from benchmarks.simulate_compare import SIZES, WORLDS, simulate
from tests.transcript import ROOT

DOCUMENT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")


def test_the_table_holds_what_the_simulation_gives() -> None:
    cell = simulate("log-normal", 10, ordered=True)
    assert f"| log-normal | 10 | {SIZES[10]} | shuffled = sorted | {cell} |" in DOCUMENT


def test_the_table_holds_every_cell() -> None:
    for world in WORLDS:
        for n, samples in SIZES.items():
            assert f"| {world} | {n} | {samples} | shuffled = sorted |" in DOCUMENT
