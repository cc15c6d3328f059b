"""The tables of docs/statistics.md are what the simulation gives."""

from __future__ import annotations

import pytest

from benchmarks.page import between
from benchmarks.simulate_compare import (
    AHEAD,
    CLUSTERED,
    PLAIN,
    RELATED,
    SINGLE,
    TABLES,
    VALUES,
    WORLDS,
    simulate,
    simulate_value,
    singles,
)
from lossctl.core.method import Method
from tests.transcript import ROOT

DOCUMENT = between((ROOT / "docs" / "statistics.md").read_text(encoding="utf-8"), "simulated")
CELLS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in DOCUMENT.splitlines() if line.startswith("|")]
UNEQUAL = CLUSTERED[1:]


@pytest.mark.parametrize(
    ("world", "n", "methods", "place", "given"),
    [
        ("log-normal", 10, PLAIN, 0, "shuffled"),
        ("0/1 losses", 10, PLAIN, 0, "sorted"),
        ("clusters of 10", 100, CLUSTERED, 1, "sorted"),
        ("one of 30 has half", 300, UNEQUAL, 0, "shuffled"),
        ("weights, shape 1.5", 30, PLAIN, 0, "shuffled"),
        ("0.5 of the last", 24, RELATED, 0, "shuffled"),
        ("shocks of 12 rows", 50, AHEAD, 0, "shuffled"),
    ],
)
def test_the_tables_hold_what_the_simulation_gives(
    world: str, n: int, methods: tuple[Method, ...], place: int, given: str
) -> None:
    (row,) = [cells for cells in CELLS if cells[:2] == [world, str(n)] and cells[3] == given]
    assert row[4 + place] == str(simulate(world, n, methods[place], ordered=given == "sorted"))


@pytest.mark.parametrize("place", [0, 1])
def test_the_tables_hold_what_the_simulation_of_values_gives(place: int) -> None:
    (row,) = [cells for cells in CELLS if cells[:2] == ["mse, log-normal errors", "100"]]
    if place:
        assert float(row[4]) > float(row[3]) + 0.05
    else:
        assert row[3] == f"{simulate_value('mse, log-normal errors', 100, PLAIN[0]):.3f}"


def test_the_tables_hold_every_cell() -> None:
    for worlds, methods in TABLES:
        inputs = ("shuffled", "sorted") if methods in {PLAIN, CLUSTERED} else ("shuffled",)
        for world in worlds:
            for n, samples in WORLDS[world].samples.items():
                for given in inputs:
                    assert [world, str(n), str(samples), given] in [cells[:4] for cells in CELLS]
    assert {world for worlds, _ in TABLES for world in worlds} == {*WORLDS}
    assert {cells[0] for cells in CELLS if cells[0].startswith("mse, ")} == {*VALUES}


OF_SINGLES = [cells for cells in CELLS if cells[0] in SINGLE and len(cells) == 6]  # other tables have more columns
SINGLES = {(cells[0], int(cells[1])): [*map(float, cells[2:])] for cells in OF_SINGLES}


def test_gates_at_their_bound_are_seldom_wrong() -> None:
    """Within what two thousand samples let a share be off: of skewed differences, and of 0/1 losses of few rows."""
    assert [*SINGLES] == [(world, n) for world, of in SINGLE.items() for n in of.rows]
    bounds = {10: 0.14, 30: 0.10, 100: 0.07, 500: 0.065}
    for (world, n), (passed, failed, passed_by_t, _) in SINGLES.items():
        assert passed <= (0.05 if world.startswith("0/1") else bounds[n])
        assert world.startswith("0/1") or failed <= bounds[n]
        assert n > 10 or not world.startswith("0/1") or passed < passed_by_t
    assert SINGLES["0/1, 5 % differ, +0.05", 2] == [round(each, 3) for each in singles("0/1, 5 % differ, +0.05", 2)]


@pytest.mark.parametrize(
    ("label", "worlds", "rows", "least", "most"),
    [
        ("cluster-t", ("one of 30 has half", "12 of any size"), 300, 0.925, 0.065),
        ("t", ("weights, shape 1", "weights, shape 1.5", "weights, shape 2"), 10, 0.92, 0.07),
        ("diebold-mariano-ewc", ("0.5 of the last",), 24, 0.92, 0.06),
        ("diebold-mariano-ewc", ("shocks of 12 rows",), 50, 0.93, 0.07),
    ],
)
def test_intervals_hold_what_is_true_as_often_as_they_say(
    label: str, worlds: tuple[str, ...], rows: int, least: float, most: float
) -> None:
    """Within what a thousand samples let a share of 0.95, or 0.05, be off."""
    for worlds_of, methods in TABLES:
        for cells in (each for each in CELLS if each[0] in worlds and each[0] in worlds_of and int(each[1]) >= rows):
            delta, relative, alarms = map(float, cells[4 + [each.label for each in methods].index(label)].split())
            assert min(delta, relative) >= least, cells
            assert alarms <= most, cells
