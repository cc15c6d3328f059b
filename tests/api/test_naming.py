"""Names that tell models apart."""

from __future__ import annotations

import pytest

import lossctl
from lossctl.api.setup.naming import Origin, names_of

FRAME = {"target": [1.0, 2.0], "p": [1.0, 3.0], "q": [2.0, 2.0]}


@pytest.mark.parametrize(
    ("origins", "names"),
    [
        ([(0, "a.csv", None, "p")], ["p"]),
        ([(0, "a.csv", None, "p"), (0, "a.csv", None, "q")], ["p", "q"]),
        ([(0, "a.csv", "one", "p")], ["one"]),
        ([(0, "a.csv", "one", "p"), (0, "a.csv", "one", "q")], ["one:p", "one:q"]),
        ([(0, "a.csv", None, "p"), (1, "b.csv", None, "p")], ["a.csv", "b.csv"]),
        ([(0, "a.csv", None, "p"), (1, "b.csv", None, "q")], ["a.csv", "b.csv"]),
        (
            [(0, "a.csv", None, "p"), (0, "a.csv", None, "q"), (1, "b.csv", "new", "p"), (1, "b.csv", "new", "q")],
            ["a.csv:p", "a.csv:q", "new:p", "new:q"],
        ),
        ([(0, "a.csv", None, "p"), (1, "b.csv", None, "p"), (1, "b.csv", None, "q")], ["a.csv", "b.csv:p", "b.csv:q"]),
        ([(0, "a.csv", "one", "p"), (1, "a.csv", "other", "p")], ["one", "other"]),
        ([(0, "<frame>", None, "p"), (1, "<frame>", "new", "p"), (2, "<frame>", None, "p")], ["1", "new", "2"]),
        ([(0, "a.csv", None, "r"), (1, "a.csv", None, "p"), (1, "a.csv", None, "q")], ["r", "p", "q"]),
        ([(0, "a.csv", None, "r"), (1, "a.csv", None, "p"), (2, "b.csv", None, "p")], ["a.csv:r", "a.csv:p", "b.csv"]),
        (
            [(0, "d.csv", None, "p"), (1, "d.csv", None, "p"), (1, "d.csv", None, "q")],
            ["d.csv 1", "d.csv 2:p", "d.csv 2:q"],
        ),
        ([(0, "<frame>", None, "r"), (1, "<frame>", None, "p")], ["1", "2"]),
        ([(0, "<frame>", None, "p"), (1, "<frame>", None, "p"), (1, "<frame>", None, "q")], ["1", "2:p", "2:q"]),
    ],
)
def test_models_are_called_by_what_tells_them_apart(
    origins: list[tuple[int, str, str | None, str]], names: list[str]
) -> None:
    expected = [f"<frame> {name}" if name[0] in "12" else name for name in names]
    assert names_of([Origin(*each) for each in origins]) == expected


def test_a_model_of_many_losses_has_one_name() -> None:
    origins = [Origin(0, "a.csv", None, "p")] * 3 + [Origin(0, "a.csv", None, "q")] * 3
    assert names_of(origins) == ["p", "p", "p", "q", "q", "q"]


def test_models_of_two_frames_can_be_told_apart() -> None:
    results = lossctl.evaluate([FRAME, FRAME], "mae,mse", prediction=["p", "q"])
    assert [each.model for each in results[::2]] == ["<frame> 1:p", "<frame> 1:q", "<frame> 2:p", "<frame> 2:q"]
