"""The table of docs/statistics.md is what the simulation gives."""

from __future__ import annotations

import pytest

from benchmarks.simulate_compare import SIZES, WORLDS, simulate
from tests.transcript import ROOT

DOCUMENT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("world", "ordered"), [("normal", False), ("log-normal", True), ("0/1 losses", False)])
def test_the_table_holds_what_the_simulation_gives(world: str, *, ordered: bool) -> None:
    cell = simulate(world, 10, ordered=ordered)
    assert f"| {world} | 10 | {SIZES[10]} | shuffled = sorted | {cell} |" in DOCUMENT


def test_the_table_holds_every_cell() -> None:
    for world in WORLDS:
        for n, samples in SIZES.items():
            assert f"| {world} | {n} | {samples} | shuffled = sorted |" in DOCUMENT
