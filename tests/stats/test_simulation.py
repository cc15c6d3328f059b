"""The tables of docs/statistics.md are what the simulation gives."""

from __future__ import annotations

import pytest

from benchmarks.page import between
from benchmarks.simulate_compare import CLUSTERED, PLAIN, WORLDS, simulate
from lossctl.core.method import Method
from tests.transcript import ROOT

DOCUMENT = between((ROOT / "docs" / "statistics.md").read_text(encoding="utf-8"), "simulated")
CELLS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in DOCUMENT.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(
    ("world", "n", "methods", "place", "given"),
    [
        ("log-normal", 10, PLAIN, 0, "shuffled"),
        ("0/1 losses", 10, PLAIN, 0, "sorted"),
        ("clusters of 10", 100, CLUSTERED, 1, "sorted"),
    ],
)
def test_the_tables_hold_what_the_simulation_gives(
    world: str, n: int, methods: tuple[Method, ...], place: int, given: str
) -> None:
    (row,) = [cells for cells in CELLS if cells[:2] == [world, str(n)] and cells[3] == given]
    assert row[4 + place] == str(simulate(world, n, methods[place], ordered=given == "sorted"))


def test_the_tables_hold_every_cell() -> None:
    for world, of in WORLDS.items():
        for n, samples in of.samples.items():
            for given in (
                ("shuffled", "sorted") if world not in list(WORLDS)[4:] else ("shuffled",)
            ):  # no series is sorted
                assert [world, str(n), str(samples), given] in [cells[:4] for cells in CELLS]
