"""The page of measured errors: it covers every loss, and nothing on it goes unexplained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.page import between
from lossctl.losses import LOSSES
from tests.each import for_each
from tests.oracles.accuracy import LIMIT, measure, relative

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"


def rows() -> list[list[str]]:
    text = between(PAGE.read_text(encoding="utf-8"), "measured")
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    return [[row[0].strip("`"), *row[1:]] for row in cells]


def test_every_loss_is_on_the_page() -> None:
    assert [row[0] for row in rows()] == list(LOSSES)


@for_each("row", rows(), lambda row: row[0])
def test_errors_are_small_or_explained(row: list[str]) -> None:
    _, usual, *others, note = row
    errors = [float(text) for text in (usual, *others) if text]
    assert float(usual) <= LIMIT
    assert note or max(errors) <= LIMIT


def test_an_error_is_found() -> None:
    truth = np.array([1.0, 2.0, 0.0])
    assert relative(truth * (1 + 1e-9), truth) == pytest.approx(1e-9)
    assert relative(truth, np.array([1.0, np.inf, 0.0])) == np.inf
    assert relative(truth + 1e-9, truth, moved=np.array([0.0, 0.0, 1.0])) == pytest.approx(1e-9)


@pytest.mark.parametrize("name", ["mae", "rmse"])
def test_the_command_measures_as_the_page_says(name: str) -> None:
    (row,) = [row for row in rows() if row[0] == name]
    assert f"{measure(LOSSES[name]).usual:.1e}".replace("0.0e+00", "0") == row[1]
